/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_CORRELATE_FIXTURE_H
#define NOC_TESTS_UNIT_CORRELATE_FIXTURE_H

#include "base/intern.h"
#include "engine/inventory/load.h"
#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "engine/edge/sensor.h"
#include "engine/policy/ledger.h"

/* Events through the door of a whole core, and what its ledger says. */
struct tell {
	const char *base; /* sensor; NULL: "syslog" */
	const char *kind, *device, *ifname, *user;
	const char *origin, *parent;
	int ifindex;
	enum noc_trust trust; /* as the sensor says it */
	const char *summary;
	int severity;
	int64_t ago_ms; /* so long before, its sender says; negative: to come */
};

static inline void
cor_tell(struct fix *f, const struct tell *t)
{
	const char *base = t->base ? t->base : "syslog";
	struct noc_source *source = noc_source_new(f->core, base, base, true);
	struct noc_event ev = {
		.kind = noc_interns(t->kind),
		.origin = noc_slice_str(t->origin ? t->origin : "local"),
		.device = noc_slice_str(t->device ? t->device : ""),
		.summary = noc_slice_str(t->summary ? t->summary : "told"),
		.trust = t->origin ? t->trust : NOC_TRUST_HIGH,
		.severity = (int8_t)(t->severity ? t->severity : 3),
		.data = noc_value_map(),
	};

	if (t->ago_ms)
		ev.time_ns = f->now.wall_ns - t->ago_ms * NOC_NS_PER_MS;
	if (t->ifname)
		noc_value_set(ev.data, "ifname", noc_value_str(t->ifname));
	if (t->ifindex)
		noc_value_set(ev.data, "ifindex", noc_value_int(t->ifindex));
	if (t->user)
		noc_value_set(ev.data, "user", noc_value_str(t->user));
	if (t->parent)
		noc_value_set(ev.data, "parent", noc_value_str(t->parent));
	noc_core_now(f->core, f->now);
	noc_sensor_emit(f->core, source, &ev, NULL);
	fix_pump(f);
}

static inline void
cor_port(struct fix *f, const char *kind, const char *device,
	 const char *ifname)
{
	cor_tell(f, &(struct tell){ .kind = kind,
				    .device = device,
				    .ifname = ifname,
				    .ifindex = 7 });
}

static inline void
cor_inventory(struct fix *f, const char *csv)
{
	struct noc_inventory *inv;
	struct noc_err err;

	if (noc_inventory_parse("t.csv", csv, strlen(csv), &inv, &err))
		fail_msg("%s", err.msg);
	noc_core_inventory(f->core, inv, f->now);
	fix_pump(f);
}

static inline const struct noc_rule_count *
cor_count(struct fix *f, const char *rule)
{
	return noc_ledger_rule(f->core, rule);
}

/* Every candidate and every event has exactly one end. */
static inline void
cor_balance(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	const struct noc_value *sources = noc_value_get(stats, "sources");
	char text[256];

	noc_ledger_check(f->core, text, sizeof(text));
	if (*text)
		fail_msg("%s", text);
	for (size_t i = 0; i < noc_value_len(sources); i++) {
		static const char *const fates[] = { "shed",	   "refused",
						     "duplicate",  "folded",
						     "matched",	   "unmatched",
						     "in_progress" };
		const struct noc_value *row = noc_value_at(sources, i);
		int64_t sum = 0;

		for (size_t j = 0; j < NOC_COUNT(fates); j++)
			sum += noc_value_get_int(row, fates[j], 0);
		assert_int_equal(noc_value_get_int(row, "received", -1), sum);
	}
	noc_value_free(stats);
}

static inline void
cor_close(struct fix *f)
{
	cor_balance(f);
	fix_close(f);
}

/* How many states of this form are open. */
static inline int64_t
cor_states(struct fix *f, const char *form)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(noc_value_get(stats, "states"), form, 0);

	noc_value_free(stats);
	return n;
}

#endif
