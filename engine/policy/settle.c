/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/policy/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/core/due.h"

/*
 * One live row a device, "guard" "touch\x1fDEVICE", due when the longest settle
 * time is over that a rule may say.
 */
#define SETTLE_ROW   "guard"
#define SETTLE_TOUCH "touch\x1f"

struct settle {
	struct noc_due due; /* first: on_settle_due casts back */
	struct noc_id run;
	char *name; /* of the row */
};

static struct noc_table *
settle_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_SETTLE);
}

static void
settle_free(struct settle *s)
{
	free(s->name);
	free(s);
}

static void
settle_end(struct noc_core *core, struct settle *s)
{
	noc_due_disarm(core, &s->due);
	noc_txn_live_del(noc_core_txn(core), SETTLE_ROW, s->name);
	noc_table_del(settle_part(core), s->name);
	settle_free(s);
}

static void
on_settle_due(struct noc_due *due, struct noc_core *core)
{
	settle_end(core, (struct settle *)due);
}

/* name is owned. */
static struct settle *
settle_get(struct noc_table *part, char *name)
{
	struct settle *s = noc_table_get(part, name);

	if (s) {
		free(name);
		return s;
	}
	s = noc_calloc(1, sizeof(*s));
	s->name = name;
	s->due.on_due = on_settle_due;
	noc_table_put(part, name, s);
	return s;
}

static void
settle_store(struct noc_core *core, const struct settle *s)
{
	struct noc_value *row = noc_value_map();
	char id[NOC_ID_TEXT];

	noc_value_set(row, "run", noc_value_str(noc_id_format(id, &s->run)));
	noc_txn_live_put(noc_core_txn(core), SETTLE_ROW, s->name,
			 noc_steady_of_boot(core, s->due.due_boot_ns), row);
	noc_value_free(row);
}

void
noc_settle_touch(struct noc_core *core, const char *device,
		 const struct noc_id *run)
{
	struct settle *s = settle_get(settle_part(core),
				      noc_asprintf(SETTLE_TOUCH "%s", device));

	s->run = *run;
	noc_due_arm(core, &s->due,
		    noc_core_time(core).boot_ns +
			NOC_GUARD_SETTLE_MAX_MS * NOC_NS_PER_MS);
	settle_store(core, s);
}

/* Verified: what happens to it from now on is news again. */
void
noc_settle_end(struct noc_core *core, const struct noc_id *run)
{
	struct noc_table *part = settle_part(core);
	void *value;

	for (size_t it = 0; noc_table_next(part, &it, NULL, &value);) {
		struct settle *s = value;

		if (!memcmp(s->run.b, run->b, sizeof(run->b)))
			settle_end(core, s);
	}
}

bool
noc_settle_until(struct noc_core *core, struct noc_slice device,
		 int64_t settle_ms, int64_t *due_boot_ns, struct noc_id *run)
{
	char *name = noc_asprintf(SETTLE_TOUCH "%.*s", (int)device.len,
				  device.p ? device.p : "");
	const struct settle *s = noc_table_get(settle_part(core), name);
	int64_t due;

	free(name);
	if (!s)
		return false;
	/* Touched at its due less the longest time that a rule may say. */
	due = noc_ns_after(s->due.due_boot_ns,
			   settle_ms - NOC_GUARD_SETTLE_MAX_MS);
	if (due <= noc_core_time(core).boot_ns)
		return false;
	*due_boot_ns = due;
	*run = s->run;
	return true;
}

/* ---- part ---- */

static void *
settle_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct noc_table));
}

static void
settle_close(void *part)
{
	struct noc_table *t = part;
	void *value;

	for (size_t it = 0; noc_table_next(t, &it, NULL, &value);)
		settle_free(value);
	noc_table_release(t);
	free(t);
}

static bool
settle_load(struct noc_core *core, void *part, const char *kind,
	    const char *key, int64_t due_ns, const struct noc_value *data)
{
	struct settle *s;

	if (strcmp(kind, SETTLE_ROW) ||
	    strncmp(key, SETTLE_TOUCH, strlen(SETTLE_TOUCH)))
		return false;
	s = settle_get(part, noc_strdup(key));
	noc_id_parse(noc_value_get_str(data, "run", ""), &s->run);
	noc_due_arm_steady(core, &s->due, due_ns);
	return true;
}

static void
settle_store_all(struct noc_core *core, void *part)
{
	void *value;

	for (size_t it = 0; noc_table_next(part, &it, NULL, &value);)
		settle_store(core, value);
}

const struct noc_part_ops noc_part_settle = {
	.open = settle_open,
	.close = settle_close,
	.load = settle_load,
	.store = settle_store_all,
};
