/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/testbed/testbed.h"

#include "tests/unit/unit.h"

#include "base/log.h"
#include "actions/actions.h"

/* What `nocturne test` stands on: its verdicts, and that they never vary. */

static const char *const rules =
    "rule \"r\" { on = \"link.down\", where = { role = \"access\" },\n"
    "  key = \"{device}/{ifname}\", hold = { \"10s\", cancel = \"link.up\" },\n"
    "  run = flow {\n"
    "    step \"look\" { snmp.get { oper = \"ifOperStatus.1\" },\n"
    "                  timeout = \"5s\" },\n"
    "    stop \"well again\" { when = { [\"steps.look.oper\"] = \"up\" } },\n"
    "    notify \"noc\" { \"{device} {ifname} is down\" },\n"
    "  } }\n"
    "local inv = inventory { sw1 = { address = \"192.0.2.1\",\n"
    "  role = \"access\" }, db1 = { address = \"192.0.2.2\",\n"
    "  role = \"server\" } }\n"
    "local down = { \"link.down\", device = \"sw1\", ifname = \"e1\" }\n";

static void
on_log(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)level;
	(void)room;
	(void)line;
	(void)arg;
}

static struct noc_ruleset *
load(const char *test)
{
	struct noc_ruleset *rs = NULL;
	struct noc_err err;
	char *errors = NULL;
	char text[8192];

	snprintf(text, sizeof(text), "%stest \"t\" { inv, %s }\n", rules, test);
	if (noc_ruleset_load_text("t.lua", text, &rs, &errors, &err))
		fail_msg("%s: %s", err.msg, errors ? errors : "");
	return rs;
}

/* "" when it passed, else its failures, newline separated; returned. */
static char *
verdict(const char *test)
{
	struct noc_ruleset *rs = load(test);
	struct noc_testbed_result r;
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_testbed_run(rs, noc_value_at(rs->tests, 0), &r);
	assert_int_equal(r.ok, noc_value_len(r.failures) == 0);
	noc_strbuf_adds(&sb, "");
	for (size_t i = 0; i < noc_value_len(r.failures); i++)
		noc_strbuf_addf(&sb, "%s\n",
				noc_value_at(r.failures, i)->u.s.p);
	noc_testbed_result_clear(&r);
	noc_ruleset_unref(rs);
	return noc_strbuf_detach(&sb, NULL);
}

static void
passes(const char *test)
{
	char *why = verdict(test);

	if (*why)
		fail_msg("%s\n%s", test, why);
	free(why);
}

static void
fails(const char *test, const char *part)
{
	char *why = verdict(test);

	if (!strstr(why, part))
		fail_msg("%s\nwant '%s' in '%s'", test, part, why);
	free(why);
}

#define DOWN_ \
	"stub { [\"snmp.get\"] = { oper = \"down\" } }, at \"0s\" (down), "

static void
test_expectations_hold(void **state)
{
	(void)state;
	passes(DOWN_ "at \"5s\" { expect.held \"r\" }, at \"11s\" { "
		     "expect.fired \"r\" { 1 }, expect.notified \"noc\" { "
		     "\"e1 is down\", 1 }, expect.run \"r\" { state = "
		     "\"Succeeded\", steps = { look = \"ok\" } }, "
		     "expect.action \"snmp.get\" { target = \"sw1\", 1 } }");
	passes("at \"0s\" (down), at \"5s\" { \"link.up\", device = \"sw1\", "
	       "ifname = \"e1\" }, at \"20s\" { expect.cancelled \"r\", "
	       "expect.no_run \"r\" }");
	passes(
	    "at \"0s\" { \"link.down\", device = \"db1\", ifname = \"e1\" }, "
	    "at \"1s\" { expect.unmatched {}, expect.kind \"link.down\", "
	    "expect.field { ifname = \"e1\", role = \"server\" } }");
}

/* Each of these is wrong, and the message says what happened instead. */
static void
test_expectations_fail(void **state)
{
	(void)state;
	fails(DOWN_ "at \"5s\" { expect.fired \"r\" }",
	      "r should have fired; instead: held at 0 (holds 10s)");
	fails(DOWN_ "at \"11s\" { expect.fired \"r\" { 2 } }",
	      "it did 1 times");
	fails(DOWN_ "at \"11s\" { expect.held \"r\" }", "it holds 0");
	fails(DOWN_ "at \"11s\" { expect.no_run \"r\" }",
	      "should not have run");
	fails(DOWN_ "at \"11s\" { expect.notified \"noc\" { \"other\" } }",
	      "\"sw1 e1 is down\" at 10s");
	fails(DOWN_ "at \"11s\" { expect.notified \"oncall\" }",
	      "it was told nothing");
	fails(DOWN_ "at \"11s\" { expect.run \"r\" { state = \"Failed\" } }",
	      "want Failed, got Succeeded");
	fails(DOWN_ "at \"11s\" { expect.action \"snmp.set\" }",
	      "should have been carried out");
	fails(DOWN_ "at \"11s\" { expect.kind \"link.up\" }",
	      "it is link.down");
	fails(DOWN_ "at \"11s\" { expect.folded {} }", "it was matched");
	fails(DOWN_ "at \"11s\" { expect.damped \"nobody\" }",
	      "there is no rule 'nobody'");
}

/* A rule that was never a candidate shows nothing by not running. */
static void
test_no_run_needs_a_candidate(void **state)
{
	(void)state;
	fails("at \"0s\" { \"link.down\", device = \"db1\", ifname = \"e1\" }, "
	      "at \"1m\" { expect.no_run \"r\" }",
	      "r  NO  role: want access, got server   t.lua:1");
	fails("at \"0s\" (down), at \"5s\" { expect.no_run \"r\" }",
	      "still holds");
	fails("at \"1m\" { expect.no_run \"r\" }", "never a candidate");
}

static void
test_stubs(void **state)
{
	(void)state;
	/* One after the other, the last goes on; an error has its class. */
	passes("stub { [\"snmp.get\"] = { { error = \"transient\" }, { oper = "
	       "\"up\" } } }, at \"0s\" (down), at \"1m\" { expect.count "
	       "\"snmp.get\" { 2 }, expect.run \"r\" { \"well again\" } }");
	/* Silence lasts until the deadline of the step. */
	passes("stub { [\"snmp.get\"] = { error = \"timeout\" } }, at \"0s\" "
	       "(down), at \"14s\" { expect.count \"snmp.get\" { 1 } }, at "
	       "\"2m\" { expect.count \"snmp.get\" { 3 }, expect.run \"r\" { "
	       "state = \"Failed\" } }");
	/* A late answer. */
	passes("stub { [\"snmp.get\"] = { oper = \"up\", after = \"3s\" } }, "
	       "at \"0s\" (down), at \"12s\" { expect.run \"r\" { state = "
	       "\"Running\" } }, at \"14s\" { expect.run \"r\" { state = "
	       "\"Succeeded\" } }");
	/* One for a target, a function, another one later. */
	passes("stub { [\"snmp.get sw1\"] = function(call) return { oper = "
	       "call.target == \"sw1\" and \"up\" or \"down\" } end }, at "
	       "\"0s\" (down), at \"12s\" { expect.run \"r\" { \"well again\" "
	       "} }");
	/* One for a step, which a function is told, too. */
	passes("stub { [\"snmp.get look\"] = function(call) return { oper = "
	       "call.step == \"look\" and \"up\" or \"down\" } end, "
	       "[\"snmp.get\"] = { oper = \"down\" } }, at \"0s\" (down), at "
	       "\"12s\" { expect.run \"r\" { \"well again\" } }");
	/* When its ports changed: a length, or that it does not say it. */
	passes("stub { [\"snmp.get\"] = { oper = \"up\", changed = \"30d\" "
	       "} }, at \"0s\" (down), at \"12s\" { expect.run \"r\" { "
	       "\"well again\" } }");
	fails("stub { [\"snmp.get\"] = { oper = \"up\", changed = \"long\" "
	      "} }, at \"0s\" (down), at \"12s\" { expect.fired \"r\" }",
	      "'changed' is how long ago");
	fails("stub { [\"snmp.get\"] = { oper = \"up\", changed = 30 } }, at "
	      "\"0s\" (down), at \"12s\" { expect.fired \"r\" }",
	      "'changed' is how long ago");
	/* What reads without a stub fails, and that is said. */
	fails("at \"0s\" (down), at \"2m\" { expect.run \"r\" { state = "
	      "\"Succeeded\" } }",
	      "the test has no stub for snmp.get of sw1");
}

static void
test_order_of_time(void **state)
{
	(void)state;
	/* Written in any order; what is later comes later. */
	passes("stub { [\"snmp.get\"] = { oper = \"down\" } }, at \"11s\" { "
	       "expect.fired \"r\" }, at \"5s\" { expect.held \"r\" }, at "
	       "\"0s\" (down)");
	passes("stub { [\"snmp.get\"] = { oper = \"down\" } }, at \"0s\" { "
	       "\"link.down\", device = \"sw1\", ifname = \"e{n}\", times = "
	       "3, every = \"10s\" }, at \"31s\" { expect.fired \"r\" { 3 }, "
	       "expect.notified \"noc\" { \"e3 is down\" } }");
}

/* Byte for byte, though ids, timers and texts are in it. */
static void
test_deterministic(void **state)
{
	struct noc_ruleset *rs = load(
	    "stub { [\"snmp.get\"] = { { error = \"transient\" }, { oper = "
	    "\"down\" } } }, at \"0s\" { \"link.down\", device = \"sw1\", "
	    "ifname = \"e{n}\", times = 20, every = \"700ms\" }, at \"10m\" { "
	    "expect.fired \"r\" }");
	struct noc_testbed_result a, b;

	(void)state;
	noc_testbed_run(rs, noc_value_at(rs->tests, 0), &a);
	noc_testbed_run(rs, noc_value_at(rs->tests, 0), &b);
	assert_true(a.ok);
	assert_non_null(strstr(a.transcript, "RUN_END"));
	assert_string_equal(a.transcript, b.transcript);
	assert_true(noc_value_eq(a.decisions, b.decisions));
	assert_int_equal(a.virtual_ms, 600000);
	noc_testbed_result_clear(&a);
	noc_testbed_result_clear(&b);
	noc_ruleset_unref(rs);
}

static int
setup(void **state)
{
	(void)state;
	noc_log_sink_set(on_log, NULL);
	noc_actions_register();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expectations_hold),
		cmocka_unit_test(test_expectations_fail),
		cmocka_unit_test(test_no_run_needs_a_candidate),
		cmocka_unit_test(test_stubs),
		cmocka_unit_test(test_order_of_time),
		cmocka_unit_test(test_deterministic),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
