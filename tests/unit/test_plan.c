/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "engine/expr/scope.h"
#include "engine/flow/plan.h"
#include "tests/unit/rules_fixture.h"

static int
setup(void **state)
{
	(void)state;
	rules_register();
	return 0;
}

/* The plan of a `run` in the rule language. */
static struct noc_plan *
plan(const char *run, struct noc_ruleset **rs)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "rule \"r\" { on = \"link.down\",\n run = %s }", run);
	*rs = rules_load(text);
	return (*rs)->rules[0].run;
}

static const char *const heal =
    "flow {\n"
    " step \"look\" { snmp.get { admin = \"ifAdminStatus.{ifindex}\" }, "
    "timeout = \"5s\" },\n"
    " stop \"up again\" { when = { [\"steps.look.admin\"] = \"up\" } },\n"
    " step \"raise\" { when = { [\"steps.look.admin\"] = \"down\" }, "
    "snmp.set { [\"ifAdminStatus.{ifindex}\"] = \"up\" }, timeout = \"5s\" },\n"
    " verify \"is_up\" { snmp.get { oper = \"ifOperStatus.{ifindex}\" }, "
    "expect = { oper = \"up\" }, within = \"90s\", stable = \"10s\" },\n"
    " log \"done\",\n"
    " sleep \"2s\",\n"
    " on_fail = escalate { { \"0m\", notify \"noc\" { \"{device} down: "
    "{steps.is_up.oper}\" } }, { \"10m\", notify \"oncall\" }, "
    "again = \"15m\", stop_on = { \"ack\", \"link.up\" }, max = \"8h\" },\n"
    "}";

static void
test_defaults_are_filled_in(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan(heal, &rs);
	const struct noc_step_def *s = p->steps;

	(void)state;
	assert_int_equal(p->nsteps, 6);
	assert_true(p->acting);
	assert_string_equal(p->name, "r");
	assert_int_equal(p->timeout_ms, 24 * 3600 * 1000LL);

	assert_string_equal(s[0].name, "look");
	assert_string_equal(s[0].at, "t.lua:3");
	assert_int_equal(s[0].kind, NOC_STEP_ACTION);
	assert_int_equal(s[0].timeout_ms, 5000);
	assert_false(s[0].mutates);
	assert_string_equal(s[0].on_crash, "retry");
	assert_int_equal(s[0].retry.attempts, 3);
	assert_int_equal(s[0].retry.initial_ms, 1000);
	assert_int_equal(s[0].retry.max_ms, 60000);
	assert_true(s[0].retry.jitter);

	assert_int_equal(s[1].kind, NOC_STEP_STOP);
	assert_string_equal(s[1].reason, "up again");
	assert_non_null(s[1].when);
	assert_true(s[2].mutates);
	assert_true(s[2].idempotent);
	assert_int_equal(s[3].kind, NOC_STEP_VERIFY);
	assert_int_equal(s[3].every_ms, 3000);
	assert_int_equal(s[3].within_ms, 90000);
	assert_int_equal(s[3].stable_ms, 10000);
	assert_int_equal(s[3].timeout_ms, 10000);
	assert_string_equal(s[4].name, "log_5");
	assert_int_equal(s[4].timeout_ms, 30000);
	assert_int_equal(s[5].kind, NOC_STEP_SLEEP);
	assert_int_equal(s[5].timeout_ms, 2000);

	assert_int_equal(p->on_fail->nlevels, 2);
	assert_int_equal(p->on_fail->levels[1].after_ms, 600000);
	assert_int_equal(p->on_fail->again_ms, 900000);
	assert_int_equal(p->on_fail->max_ms, 8 * 3600 * 1000LL);
	assert_int_equal(p->on_fail->nstop_on, 2);
	assert_string_equal(p->on_fail->stop_on[1], "link.up");
	noc_ruleset_unref(rs);
}

static void
test_json_gives_the_same_plan(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan(heal, &rs), *q;
	struct noc_err err;

	(void)state;
	if (noc_plan_from_json(p->json, &q, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(p->json, q->json);
	assert_memory_equal(p->hash, q->hash, 32);
	assert_int_equal(p->nsteps, q->nsteps);
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct noc_step_def *a = &p->steps[i], *b = &q->steps[i];

		assert_int_equal(a->kind, b->kind);
		assert_string_equal(a->name, b->name);
		assert_string_equal(b->at, "?"); /* it is of no file */
		assert_int_equal(a->timeout_ms, b->timeout_ms);
		assert_int_equal(a->mutates, b->mutates);
	}
	assert_int_equal(p->on_fail->nlevels, q->on_fail->nlevels);
	noc_plan_unref(q);
	noc_ruleset_unref(rs);
}

/* Where it was written is not a part of it; what a rule calls so is. */
static void
test_places_are_not_hashed(void **state)
{
	static const char flow[] =
	    "flow \"f\" { step \"s\" { http.post { url = \"http://a/\", json = {"
	    " node = \"x\", at = \"%s\", fn = 1, tree = \"t\" } },"
	    " timeout = \"1s\", when = function(run) return true end } }\n";
	static const struct {
		const char *path, *before, *at;
		bool same;
	} cases[] = {
		{ "rules/a.lua", "", "noon", true },
		{ "rules/a.lua", "\n-- a comment\n", "noon", true },
		{ "other/b.lua", "", "noon", true },
		{ "rules/a.lua",
		  "rule \"r\" { on = \"a.b\", when = function(ev) return true"
		  " end, run = log \"x\" }\n",
		  "noon", true },
		{ "rules/a.lua", "", "midnight", false },
	};
	uint8_t first[32];

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text, *all, *errors = NULL;
		struct noc_ruleset *rs;
		struct noc_plan *p;
		struct noc_err err;

		text = noc_asprintf(flow, cases[i].at);
		all = noc_asprintf("%s%s", cases[i].before, text);
		if (noc_ruleset_load_text(cases[i].path, all, &rs, &errors,
					  &err))
			fail_msg("%s", errors);
		p = noc_table_get(&rs->flows, "f");
		assert_true(p->calls);
		assert_non_null(strstr(p->json, cases[i].at));
		assert_non_null(strstr(p->json, "\"tree\":\"t\""));
		assert_null(strstr(p->json, ".lua"));
		if (i == 0)
			memcpy(first, p->hash, sizeof(first));
		assert_int_equal(!memcmp(first, p->hash, sizeof(first)),
				 cases[i].same);
		noc_ruleset_unref(rs);
		free(all);
		free(text);
	}
}

/* A plan of the first version said lines, and numbers of functions. */
static void
test_plan_of_the_first_version(void **state)
{
	static const char v1[] =
	    "{\"name\":\"f\",\"steps\":[{\"at\":\"rules/a.lua:2\",\"items\":[{"
	    "\"at\":\"rules/a.lua:2\",\"name\":\"x\",\"node\":\"log\"}],"
	    "\"name\":\"s\",\"node\":\"step\",\"opts\":{\"when\":{\"fn\":7,"
	    "\"node\":\"function\",\"path\":\"f/1/when\",\"tree\":\"ab01\"}}}],"
	    "\"version\":1}";
	static const char v2[] =
	    "{\"name\":\"f\",\"steps\":[{\"items\":[{\"name\":\"x\",\"node\":"
	    "\"log\"}],\"name\":\"s\",\"node\":\"step\",\"opts\":{\"when\":{"
	    "\"node\":\"function\",\"path\":\"#7\"}}}],\"version\":2}";
	struct noc_plan *p;
	struct noc_err err;

	(void)state;
	if (noc_plan_from_json(v1, &p, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(p->json, v2);
	assert_string_equal(p->steps[0].when_fn, "#7");
	assert_string_equal(p->tree_said, "ab01");
	assert_true(p->calls);
	noc_plan_unref(p);
	if (noc_plan_from_json(v2, &p, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(p->json, v2);
	assert_string_equal(p->tree_said, "");
	noc_plan_unref(p);
}

static void
test_bad_json_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"name\":\"x\",\"version\":2,\"steps\":[]}",
		"{\"name\":\"x\",\"version\":3,\"steps\":[{\"node\":\"log\","
		"\"name\":\"x\"}]}",
		"{\"name\":\"x\",\"version\":1,\"steps\":[]}",
		"{\"name\":\"x\",\"version\":1,\"steps\":[5]}",
		"{\"name\":\"x\",\"version\":1,\"steps\":[{\"node\":\"step\"}]}",
		"{\"name\":\"x\",\"version\":1,\"steps\":[{\"node\":\"rm\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(bad); i++) {
		struct noc_plan *p;
		struct noc_err err;

		if (!noc_plan_from_json(bad[i], &p, &err))
			fail_msg("%s was taken", bad[i]);
	}
}

static void
test_single_action_is_a_plan(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan("notify \"noc\" { \"{device}\" }", &rs);

	(void)state;
	assert_int_equal(p->nsteps, 1);
	assert_string_equal(p->steps[0].action, "notify");
	assert_string_equal(p->steps[0].name, "notify_1");
	assert_int_equal(p->steps[0].timeout_ms, 30000);
	assert_false(p->acting);
	noc_ruleset_unref(rs);
}

static void
test_what_a_rule_says_of_one_call(void **state)
{
	struct noc_ruleset *rs;
	struct noc_plan *p = plan(
	    "flow { step \"a\" { exec { \"look\", mutates = false } },\n"
	    " verify \"b\" { exec { \"look\" }, expect = { exit = 0 } },\n"
	    " step \"c\" { exec { \"do\" }, timeout = \"9s\" },\n"
	    " step \"d\" { exec { \"do\" }, timeout = \"9s\", probe = exec { "
	    "\"look\" } },\n"
	    " step \"e\" { http.post { url = \"http://x\", idempotent = true }, "
	    "timeout = \"9s\", target = \"{far.device}\" } }",
	    &rs);

	(void)state;
	assert_false(p->steps[0].mutates);
	assert_false(p->steps[1].mutates);
	assert_true(p->steps[2].mutates);
	assert_string_equal(p->steps[2].on_crash, "ask");
	assert_string_equal(p->steps[3].on_crash, "verify");
	assert_true(p->steps[4].idempotent);
	assert_string_equal(p->steps[4].on_crash, "retry");
	assert_non_null(p->steps[4].target);
	noc_ruleset_unref(rs);
}

#define BEGIN	 "rule \"r\" { on = \"link.down\",\nrun = "
#define RUN(run) BEGIN run " }"

static void
test_mistakes_name_the_line(void **state)
{
	(void)state;
	assert_refused(RUN("flow { step \"a\" { snmp.set { x = 1 } } }"),
		       "t.lua:2: ", "step 'a'", "timeout must be said");
	assert_refused(RUN("flow { step \"a\" { snmp.get { x = \"y\" } },\n"
			   "step \"a\" { snmp.get { x = \"y\" } } }"),
		       "t.lua:3: ", "already a step 'a'", "t.lua:2");
	assert_refused(
	    RUN("flow { step \"look\" { snmp.get { x = \"y\" } },\n"
		"stop \"ok\" { when = { [\"steps.lok.x\"] = 1 } } }"),
	    "t.lua:3: ", "did you mean 'steps.look'");
	assert_refused(RUN("flow { verify \"v\" { exec { \"x\", mutates = true "
			   "}, timeout = \"1s\", expect = { exit = 0 } } }"),
		       "must only read");
	assert_refused(RUN("flow { log \"x\", on_fail = escalate { { \"9m\", "
			   "notify \"noc\" }, { \"1m\", notify \"noc\" } } }"),
		       "in order");
	assert_refused(RUN("flow { step \"a\" { snmp.get { x = \"y\" }, "
			   "on_crash = \"verify\" } }"),
		       "probe");
	assert_refused(
	    RUN("flow { step \"a\" { snmp.get { x = \"y\" }, timeout "
		"= \"9s\", deadline = \"1s\" } }"),
	    "deadline");
	assert_refused(RUN("flow { }"), "empty");
}

/* A flow of so many logs, or one whose on_fail has so many levels. */
static char *
many(const char *begin, const char *one, int n, const char *end)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_strbuf_adds(&sb, begin);
	for (int i = 0; i < n; i++)
		noc_strbuf_adds(&sb, one);
	noc_strbuf_adds(&sb, end);
	return noc_strbuf_detach(&sb, NULL);
}

static void
test_steps_and_levels_have_a_limit(void **state)
{
	static const struct {
		const char *begin, *one, *end, *why;
		int max;
	} cases[] = {
		{ BEGIN "flow { ", "log \"x\", ", "} }",
		  "has more than 1024 steps", 1024 },
		{ BEGIN "flow { log \"x\", on_fail = escalate { ",
		  "{ \"1m\", notify \"noc\" }, ", "} } }",
		  "more than 32 levels", 32 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = many(cases[i].begin, cases[i].one, cases[i].max,
				  cases[i].end);
		char *errors;

		noc_ruleset_unref(rules_load(text));
		free(text);
		text = many(cases[i].begin, cases[i].one, cases[i].max + 1,
			    cases[i].end);
		errors = rules_refused(text);
		if (!strstr(errors, cases[i].why))
			fail_msg("no '%s' in %s", cases[i].why, errors);
		free(errors);
		free(text);
	}
}

static void
test_steps_are_described(void **state)
{
	static const char text[] = "{\"ifindex\":7}";
	struct noc_event ev = { .kind = "link.down", .base = "link.down" };
	struct noc_scope scope = { .ev = &ev };
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_ruleset *rs;
	struct noc_plan *p = plan(heal, &rs);

	(void)state;
	ev.data = unit_json(text);
	noc_plan_describe_step(&p->steps[2], &scope, &sb);
	assert_string_equal(sb.p, "snmp.set ifAdminStatus.7=up");
	noc_strbuf_clear(&sb);
	noc_plan_describe_step(&p->steps[3], NULL, &sb);
	assert_string_equal(sb.p,
			    "verify snmp.get oper=ifOperStatus.{ifindex}");
	noc_strbuf_clear(&sb);
	noc_plan_describe_step(&p->steps[1], &scope, &sb);
	assert_string_equal(sb.p, "stop \"up again\"");
	noc_strbuf_release(&sb);
	noc_event_clear(&ev);
	noc_ruleset_unref(rs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_filled_in),
		cmocka_unit_test(test_json_gives_the_same_plan),
		cmocka_unit_test(test_places_are_not_hashed),
		cmocka_unit_test(test_plan_of_the_first_version),
		cmocka_unit_test(test_bad_json_is_refused),
		cmocka_unit_test(test_single_action_is_a_plan),
		cmocka_unit_test(test_what_a_rule_says_of_one_call),
		cmocka_unit_test(test_mistakes_name_the_line),
		cmocka_unit_test(test_steps_and_levels_have_a_limit),
		cmocka_unit_test(test_steps_are_described),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
