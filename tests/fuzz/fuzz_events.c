/* SPDX-License-Identifier: ISC */
/*
 * What a network says to the shipped rules in a whole core; or, when the first
 * line is "@", to those of tests/data/spine, which have every form:
 *
 *	+MS			time goes on
 *	=JSON			what actions answer from now on
 *	<13>...			a message of syslog
 *	{JSON}			an event: kind, base, origin, device, low, data,
 *				snmp, http
 *
 * Nothing that they say ends it, and every event has exactly one end.
 *
 * Of: engine/intake/ engine/event/ engine/correlate/ engine/rule/match.c
 * engine/rule/normalize.c engine/memory/ engine/run/ sensors/syslog_common.c
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/inventory/load.h"
#include "engine/policy/ledger.h"
#include "sensors/syslog_common.h"
#include "tests/fuzz/life.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 64
#define MS_MAX	  (24 * 3600 * 1000)

static struct noc_ruleset *rules[2];

struct world {
	struct life life;
	struct noc_value *answer, *config;
	struct noc_syslog_in syslog;
};

static void
inventory(struct life *l)
{
	static const char csv[] = "name,address,role,site,cables\n"
				  "sw1,192.0.2.1,access,a,Gi0/1=sw2/Gi0/2\n"
				  "sw2,192.0.2.2,distribution,a,\n";
	struct noc_inventory *inv = NULL;
	struct noc_err err;

	if (noc_inventory_parse("fuzz.csv", csv, sizeof(csv) - 1, &inv, &err))
		abort();
	noc_core_inventory(l->core, inv, l->now);
}

static struct noc_value *
member(const struct noc_value *v, const char *key)
{
	const struct noc_value *m = noc_value_get(v, key);

	return m ? noc_value_copy(m) : NULL;
}

/* As sensors make them: the parts that they fill are maps. */
static struct noc_value *
map_member(const struct noc_value *v, const char *key)
{
	struct noc_value *m = member(v, key);

	if (m && m->type != NOC_MAP) {
		noc_value_free(m);
		return NULL;
	}
	return m;
}

static void
tell(struct world *w, const struct noc_value *v)
{
	static const char *const bases[] = { "event", "snmp.trap", "webhook" };
	const char *base = noc_value_get_str(v, "base", "event");
	struct noc_source *source;
	struct noc_event ev = {
		.origin =
		    noc_slice_str(noc_value_get_str(v, "origin", "192.0.2.1")),
		.device = noc_slice_str(noc_value_get_str(v, "device", "")),
		.summary = noc_slice_str(noc_value_get_str(v, "summary", "")),
		.severity = 3,
		.trust = noc_value_get_bool(v, "low", false) ? NOC_TRUST_LOW
							     : NOC_TRUST_HIGH,
		.data = map_member(v, "data"),
		.snmp = map_member(v, "snmp"),
		.http = map_member(v, "http"),
	};
	size_t i = 0;

	while (i + 1 < NOC_COUNT(bases) && strcmp(bases[i], base))
		i++;
	base = bases[i];
	ev.kind = noc_interns(noc_value_get_str(v, "kind", base));
	source = noc_source_new(w->life.core, base, base, true);
	noc_sensor_emit(w->life.core, source, &ev, NULL);
	noc_event_clear(&ev);
}

static void
line(struct world *w, const char *p, size_t len)
{
	struct noc_value *v = NULL;
	char number[16];

	if (len == 0 || *p == '@')
		return;
	if (*p == '+') {
		snprintf(number, sizeof(number), "%.*s",
			 (int)(len < 12 ? len - 1 : 11), p + 1);
		life_go_on(&w->life,
			   (int64_t)strtoul(number, NULL, 10) % MS_MAX);
	} else if (*p == '=') {
		if (!noc_json_parse(p + 1, len - 1, &v, NULL)) {
			noc_value_free(w->answer);
			w->life.answer = w->answer = v;
		}
	} else if (*p == '{') {
		if (!noc_json_parse(p, len, &v, NULL))
			tell(w, v);
		noc_value_free(v);
	} else {
		noc_syslog_in_message(&w->syslog, noc_slice(p, len),
				      noc_slice_str("192.0.2.2"),
				      NOC_TRUST_NORMAL, false);
	}
	life_pump(&w->life);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const folders[] = { "rules",
					       "tests/data/spine/rules" };
	bool forms = size > 1 && data[0] == '@';
	struct world w = { .life.now = { LIFE_WALL, LIFE_BOOT } };
	const char *p = (const char *)data, *end = p + size;
	struct noc_err err;
	char text[256];

	if (!rules[forms])
		rules[forms] = life_rules(folders + forms, 1);
	noc_id_seed(1);
	w.config = noc_value_map();
	noc_value_set(w.config, "syslog.tz", noc_value_str("UTC"));
	w.life.env.config = w.config;
	w.life.answer = w.answer = noc_value_map();
	life_open(&w.life, rules[forms]);
	inventory(&w.life);
	if (noc_syslog_in_open(&w.syslog, &w.life.env, "syslog.udp", &err))
		abort();
	for (int i = 0; i < LINES_MAX && p < end; i++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		nl = nl ? nl : end;
		line(&w, p, (size_t)(nl - p));
		p = nl + 1;
	}
	life_go_on(&w.life, MS_MAX);
	noc_ledger_check(w.life.core, text, sizeof(text));
	NOC_REQUIRE(text[0] == '\0');
	noc_value_free(noc_core_stats(w.life.core));
	noc_core_free(w.life.core);
	noc_syslog_in_close(&w.syslog);
	noc_value_free(w.answer);
	noc_value_free(w.config);
	return 0;
}
