/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_SLOT_FIXTURE_H
#define NOC_TESTS_UNIT_SLOT_FIXTURE_H

#include "tests/unit/life_fixture.h"

/* Runs whose calls wait for others. */

#define FLOW(name, text)   "flow \"" name "\" { " text " }\n"
#define STEP(action, opts) "step \"s\" { " action ", " opts " }"
#define GET(host)                               \
	STEP("http.get { url = \"" host "\" }", \
	     "timeout = \"5s\", retry = { attempts = 1 }")

static inline struct noc_value *
slot_calls(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core), *v;

	noc_core_now(f->core, f->now);
	v = noc_value_copy(noc_value_get(stats, "calls"));
	noc_value_free(stats);
	return v;
}

static inline int64_t
slot_queued(struct fix *f)
{
	struct noc_value *v = slot_calls(f);
	int64_t n = noc_value_get_int(v, "queued", -1);

	noc_value_free(v);
	return n;
}

static inline void
slot_start(struct fix *f, const char *flow, int n)
{
	for (int i = 0; i < n; i++)
		fix_start_flow(f, flow);
}

/* The run of the newest call that is out. */
static inline void
slot_newest_is(struct fix *f, const struct noc_id *id)
{
	char text[NOC_ID_TEXT];
	const char *token = f->calls[f->ncalls - 1]->token;

	noc_id_format(text, id);
	if (strncmp(token, text, strlen(text)))
		fail_msg("%s is out, not %s", token, text);
}

#endif
