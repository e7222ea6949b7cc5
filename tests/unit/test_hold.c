/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "engine/expr/template.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan.h"
#include "tests/unit/rules_fixture.h"

/* What a flow says of others beside it: read, kept in its JSON, or refused. */

static struct noc_plan *
plan(const char *text, struct noc_ruleset **rs)
{
	*rs = rules_load(text);
	return noc_table_get(&(*rs)->flows, "f");
}

static void
holds(const struct noc_plan *p)
{
	const struct noc_hold_def *h = p->hold;

	assert_int_equal(h->limits->len, 2);
	assert_int_equal(h->limits->at[0].n, 4);
	assert_string_equal(noc_template_source(h->limits->at[1].name),
			    "site/{device}");
	assert_int_equal(h->nlocks, 2);
	assert_string_equal(noc_template_source(h->locks[1]), "core");
	assert_string_equal(noc_template_source(h->dedup), "{input.b}");
	assert_int_equal(h->on_running, NOC_RUNNING_SUPERSEDE);
	assert_int_equal(h->on_closed, NOC_CLOSED_FAILED_ONLY);
	assert_int_equal(h->window_ms, 3600 * 1000);
	assert_int_equal(h->targets, 800);
	assert_int_equal(p->steps[0].limits->at[0].n, 3);
	assert_non_null(p->steps[0].targets);
}

static void
test_all_of_it(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p, *q;
	struct noc_err err;

	(void)state;
	p = plan("flow \"f\" { input = { b = \"string\", all = \"list\" },"
		 " limits = { awx = 4, [\"site/{device}\"] = 10 },"
		 " lock = { \"building/{input.b}\", \"core\" },"
		 " dedup = \"{input.b}\", on_running = \"supersede\","
		 " on_closed = \"failed_only\", dedup_window = \"1h\","
		 " guard = { targets = 800 },"
		 " step \"s\" { exec { \"x\", \"{targets}\" }, timeout ="
		 " \"5s\", targets = \"{input.all}\", limits = { awx = 3 } } }",
		 &rs);
	holds(p);
	assert_int_equal(noc_plan_from_json(p->json, &q, &err), 0);
	holds(q);
	assert_memory_equal(p->hash, q->hash, 32);
	noc_plan_unref(q);
	noc_ruleset_unref(rs);
}

static void
test_what_is_not_said(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan("flow \"f\" { log \"x\" }", &rs);

	(void)state;
	assert_null(p->hold->limits);
	assert_null(p->hold->dedup);
	assert_int_equal(p->hold->nlocks, 0);
	assert_int_equal(p->hold->on_running, NOC_RUNNING_REJECT);
	assert_int_equal(p->hold->on_closed, NOC_CLOSED_ALLOW);
	assert_int_equal(p->hold->targets, 100);
	noc_ruleset_unref(rs);
}

#define F(opts) "flow \"f\" { " opts ", log \"x\" }"
#define S(opts)                                                             \
	"flow \"f\" { step \"s\" { exec { \"x\" }, timeout = \"5s\", " opts \
	" } }"
#define LOCK9  "\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\""
#define LIMIT9 "a = 1, b = 1, c = 1, d = 1, e = 1, f = 1, g = 1, h = 1, i = 1"

static void
test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ F("limits = { awx = 0 }"),
		  "t.lua:1: flow 'f': 'limits' says how many at once, 1 to "
		  "10000" },
		{ F("limits = { awx = 10001 }"), "how many at once, 1 to" },
		{ F("limits = { awx = \"4\" }"), "limits = { awx = 4 }" },
		{ F("limits = { }"), "a table of names" },
		{ F("limits = { " LIMIT9 " }"), "'limits' has more than 8" },
		{ F("lock = { " LOCK9 " }"), "one name or up to 8" },
		{ F("lock = \"\""), "'lock' has an empty name" },
		{ F("lock = \"b/{steps.s.x}\""),
		  "'lock' is asked before the first step, and '{steps.s.x}' is "
		  "not known then" },
		{ F("limits = { [\"a/{error.class}\"] = 1 }"),
		  "'limits' is asked before the first step" },
		{ F("dedup = \"{steps.s.x}\""), "'dedup' is asked before" },
		{ F("on_running = \"queue\""), "'on_running' needs 'dedup'" },
		{ F("on_closed = \"reject\""), "'on_closed' needs 'dedup'" },
		{ F("dedup = \"x\", on_running = \"wait\""), "on_running" },
		{ F("dedup = \"x\", dedup_window = \"1h\""),
		  "it needs on_closed" },
		{ F("dedup = \"x\", on_closed = \"reject\", dedup_window = "
		    "\"0s\""),
		  "and some time" },
		{ F("guard = { targets = 0 }"), "1 to 100000 targets" },
		{ F("guard = { targets = 100001 }"), "1 to 100000 targets" },
		{ F("guard = { target = 5 }"), "targets" },
		{ S("limits = { awx = 0 }"),
		  "t.lua:1: flow 'f': step 's': 'limits'" },
		{ S("targets = \"sw1\""), "'targets' is a list of devices" },
		{ "flow \"f\" { step \"s\" { snmp.get { a = \"a.0\" }, targets "
		  "= { \"sw1\" } } }",
		  "'snmp.get' only reads" },
		{ "flow \"f\" { each \"e\" { over = { \"a\" }, limits = { awx = "
		  "-1 }, log \"x\" } }",
		  "how many at once" },
		{ "flow \"g\" { lock = \"x\", log \"x\" }\n"
		  "flow \"f\" { call \"g\" }",
		  "the flow has 'lock'" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *got = rules_refused(cases[i].text);

		if (!strstr(got, cases[i].why))
			fail_msg("want \"%s\" in:\n%s", cases[i].why, got);
		free(got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it),
		cmocka_unit_test(test_what_is_not_said),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
