/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_BREAKER_FIXTURE_H
#define NOC_TESTS_UNIT_BREAKER_FIXTURE_H

#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "engine/run/breaker.h"

/* Calls of snmp, asked for and told by the test itself. */

static inline bool
brk_asks_why(struct fix *f, const char *target, uint64_t *generation,
	     char why[128])
{
	bool yes;

	noc_core_now(f->core, f->now);
	noc_core_begin(f->core, f->now);
	yes = noc_breaker_allows(f->core, "snmp.get", target, 5000, generation,
				 why);
	noc_core_end(f->core);
	fix_pump(f);
	return yes;
}

static inline bool
brk_asks(struct fix *f, const char *target, uint64_t *generation)
{
	char why[128];

	return brk_asks_why(f, target, generation, why);
}

static inline void
brk_tells_of(struct fix *f, const char *target, uint64_t generation,
	     struct noc_breaker_result result)
{
	noc_core_begin(f->core, f->now);
	noc_breaker_result(f->core, "snmp.set", target, generation, &result);
	noc_core_end(f->core);
	fix_pump(f);
}

static inline void
brk_tells(struct fix *f, const char *target, uint64_t generation, bool ok)
{
	brk_tells_of(f, target, generation,
		     (struct noc_breaker_result){ .ok = ok, .vouched = true });
}

/* A call goes out and is answered, or is not. */
static inline void
brk_result(struct fix *f, const char *target, bool ok)
{
	uint64_t g;

	assert_true(brk_asks(f, target, &g));
	brk_tells(f, target, g, ok);
}

/* "breaker.trip", or another verb, for so long; 0: as long as it says. */
static inline int
brk_say(struct fix *f, const char *verb, const char *target, int64_t for_ms)
{
	char more[64] = "";
	char *json;
	int kind;

	if (for_ms)
		snprintf(more, sizeof(more), ",\"for_ms\":%lld",
			 (long long)for_ms);
	json = noc_asprintf("{\"verb\":\"%s\",\"action\":\"snmp\","
			    "\"target\":\"%s\",\"why\":\"works\",\"actor\":"
			    "\"joe\"%s}",
			    verb, target, more);
	kind = fix_command(f, json, NULL);
	free(json);
	return kind;
}

static inline int64_t
brk_stat(struct fix *f, const char *name)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n =
	    noc_value_get_int(noc_value_get(stats, "breakers"), name, -1);

	noc_value_free(stats);
	return n;
}

#endif
