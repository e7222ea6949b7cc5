/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* mode = "shadow": a rule beside a live one that nobody notices. */

#define STEPS                                                                \
	" run = flow {"                                                      \
	" step \"look\" { snmp.get { a = \"ifAdminStatus.{ifindex}\" } },"   \
	" step \"raise\" { snmp.set { [\"ifAdminStatus.{ifindex}\"] = "      \
	"\"up\" }, timeout = \"5s\" },"                                      \
	" step \"say\" { notify \"noc\" { \"{device} raised\" } },"          \
	" step \"post\" { mail { to = \"a@b.example\", subject = \"x\" } }," \
	" emit \"port.raised\","                                             \
	" escalate { { \"0s\", notify \"noc\" { \"raised\" } }, max = \"1h\" } }"

static const char both[] =
    "rule \"heal\" { mode = \"active\", on = \"link.down\", key = \"{link}\","
    " group = \"g\", first = true," STEPS " }\n"
    "rule \"next\" { mode = \"shadow\", on = \"link.down\", key = \"{link}\","
    " group = \"g\", first = true," STEPS " }\n"
    "rule \"raised\" { on = \"port.raised\", run = log \"raised\" }\n";

static const char only[] =
    "rule \"next\" { mode = \"shadow\", on = \"link.down\", key = \"{link}\","
    " guard = { per_key = \"1/1h\" }," STEPS " }\n"
    "rule \"raised\" { on = \"port.raised\", run = log \"raised\" }\n";

static void
test_shadow_tells_nobody(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, only);
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(fix_said(&f, "next would have: snmp.set"), 1);
	assert_int_equal(fix_said(&f, "(shadow)"), 1);
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}"); /* it does read */
	assert_int_equal(f.started, 1);
	assert_int_equal(f.sets, 0);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	assert_int_equal(cor_count(&f, "raised")->fired, 0);
	fix_order(&f, "STEP_DONE look sw1 snmp.get ok",
		  "STEP_DONE raise sw1 snmp.set would have: ",
		  "STEP_DONE say  notify would have: ",
		  "STEP_DONE post sw1 mail would have: ", "would have: emit",
		  "would have: escalate", "RUN_END", NULL);
	assert_int_equal(cor_count(&f, "next")->observed, 1);
	/* What a guard holds back is written down, and nobody is told. */
	fix_advance(&f, 120 * 1000);
	cor_port(&f, "link.up", "sw1", "eth7");
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "next")->guarded, 1);
	assert_int_equal(
	    fix_count(&f, "STEP_DONE notify:noc noc notify would have"), 1);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	cor_close(&f);
}

static void
test_shadow_beside_live(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, both);
	cor_port(&f, "link.down", "sw1", "eth7");
	/* Both read, one acts; the group is the live rule's. */
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	fix_answer(&f, "snmp.set", "{}");
	fix_answer(&f, "mail", "{}");
	assert_int_equal(f.sets, 1);
	assert_int_equal(f.started, 4);
	assert_int_equal(cor_count(&f, "heal")->fired, 1);
	assert_int_equal(cor_count(&f, "next")->observed, 1);
	assert_int_equal(cor_count(&f, "raised")->fired, 1);
	cor_close(&f);
}

/* A key falls on one side, and stays there. */
static void
test_a_share_of_the_keys_acts(void **state)
{
	static const char rules[] =
	    "rule \"some\" { mode = \"canary\", canary = \"25%\", on ="
	    " \"link.down\", key = \"{ifname}\", guard = { settle = \"0s\" }," STEPS
	    " }\n";
	struct fix f = { 0 };
	size_t act = 0;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 40; i++) {
		char port[16];
		uint64_t fired[2];

		snprintf(port, sizeof(port), "eth%d", i);
		for (int again = 0; again < 2; again++) {
			uint64_t before = cor_count(&f, "some")->fired;

			cor_port(&f, "link.down", "sw1", port);
			fix_refuse(&f, "snmp.get", "permanent", 0);
			fired[again] = cor_count(&f, "some")->fired - before;
			fix_advance(&f, 60000);
			cor_port(&f, "link.up", "sw1", port);
			fix_advance(&f, 60000);
		}
		assert_int_equal(fired[0], fired[1]);
		act += fired[0];
	}
	assert_int_equal(
	    cor_count(&f, "some")->fired + cor_count(&f, "some")->observed, 80);
	assert_in_range(act, 5, 15);
	cor_close(&f);
}

/* What it does not tell changes nothing that a verify would look for. */
static void
test_shadow_verifies(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(
	    &f,
	    "rule \"r\" { mode = \"shadow\", on = \"link.down\", run = flow {"
	    " notify \"noc\" { \"down\" },"
	    " verify \"v\" { snmp.get { oper = \"ifOperStatus.{ifindex}\""
	    " }, expect = { oper = \"up\" }, within = \"1m\" } } }\n");
	cor_port(&f, "link.down", "sw1", "eth7");
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	cor_close(&f);
}

/* A rule that only tells is silenced by it too; a failure wakes nobody. */
static void
test_shadow_of_notices(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(
	    &f,
	    "rule \"tell\" { mode = \"shadow\", on = \"link.down\","
	    " run = notify \"noc\" { \"down\" } }\n"
	    "rule \"fail\" { mode = \"shadow\", on = \"link.up\", run = flow {"
	    " fail \"no\", on_fail = escalate { { \"0s\", notify \"noc\" { \"no\" } },"
	    " max = \"1h\" } } }\n"
	    "flow \"f\" { step \"s\" { notify \"noc\" { \"flow\" } } }\n");
	cor_port(&f, "link.down", "sw1", "eth7");
	cor_port(&f, "link.up", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "tell")->observed, 1);
	assert_int_equal(cor_count(&f, "fail")->observed, 1);
	assert_int_equal(fix_count(&f, "RUN_END"), 2);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"run.start\",\"flow\":\"f\",\"mode\":"
			"\"shadow\",\"actor\":\"joe\"}",
			NULL),
	    0);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"run.start\",\"flow\":\"f\",\"mode\":"
			"\"canary\",\"actor\":\"joe\"}",
			NULL),
	    NOC_EINPUT);
	fix_start(&f, "tell", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(fix_said(&f, "notify noc:"), 1);
	cor_close(&f);
}

/*
 * A rule, a pair or a schedule acts when a flow that it starts does: by
 * default it only observes, and it is held to the guards of one that acts.
 */
static void
test_acts_through_a_flow(void **state)
{
	static const char *const runs[] = {
		"run = start \"heal\"",
		"run = start \"further\"",
		"run = flow { log \"x\", on_fail = start \"further\" }",
	};
	static const char flows[] =
	    "flow \"heal\" { step \"set\" { snmp.set { a = \"up\" },"
	    " timeout = \"5s\" } }\n"
	    "flow \"further\" { start \"heal\", start \"again\" }\n"
	    "flow \"again\" { start \"further\" }\n";

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(runs); i++) {
		char *text = noc_asprintf("%srule \"r\" { on = \"link.down\", "
					  "%s }\n",
					  flows, runs[i]);
		struct fix f = { 0 };

		fix_open(&f, text);
		assert_true(
		    noc_ruleset_rule(noc_core_rules(f.core), "r")->acting);
		cor_port(&f, "link.down", "sw1", "eth7");
		assert_int_equal(f.sets, 0);
		assert_int_equal(cor_count(&f, "r")->fired, 0);
		assert_int_equal(cor_count(&f, "r")->observed, 1);
		cor_close(&f);
		free(text);
	}
}

/* Flows that start each other without end are stopped, not the daemon. */
static void
test_flows_in_a_circle(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "flow \"a\" { start \"b\" }\nflow \"b\" { start \"a\" }\n"
		     "rule \"r\" { on = \"link.down\", run = start \"a\" }\n");
	cor_port(&f, "link.down", "sw1", "eth7");
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	assert_int_equal(fix_count(&f, "RUN_START"), 9);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(fix_said(&f, "start each other: 'a' was not"), 1);
	cor_close(&f);
}

/* As after loading: the schedules wait for their times. */
static void
timed(struct fix *f)
{
	noc_core_begin(f->core, f->now);
	noc_part_tasks.ready(f->core, noc_core_part(f->core, NOC_PART_TASKS));
	noc_core_end(f->core);
	fix_pump(f);
}

static void
test_schedules(void **state)
{
	static const struct {
		const char *options;
		bool sets;
	} ways[] = { { "mode = \"observe\", run = start \"heal\"", false },
		     { "mode = \"shadow\", run = start \"heal\"", false },
		     { "run = start \"heal\"", true } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		char *text = noc_asprintf(
		    "flow \"heal\" { step \"set\" { snmp.set { a = \"up\" },"
		    " timeout = \"5s\", target = \"sw1\" } }\n"
		    "schedule \"s\" { every = \"1m\", %s }\n",
		    ways[i].options);
		struct fix f = { 0 };

		fix_open(&f, text);
		timed(&f);
		fix_advance(&f, 61 * 1000);
		assert_int_equal(fix_count(&f, "RUN_START"), 2);
		assert_int_equal(f.sets > 0, ways[i].sets);
		fix_close(&f);
		free(text);
	}
}

/* misfire = { run = "skip" }: what was slept through is not made up for. */
static void
test_misfire(void **state)
{
	static const struct {
		const char *run;
		unsigned ran;
	} ways[] = { { "skip", 0 }, { "once", 1 }, { "all", 5 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(ways); i++) {
		char *text = noc_asprintf(
		    "schedule \"s\" { every = \"1m\", run = log \"x\","
		    " misfire = { within = \"1h\", run = \"%s\" } }\n",
		    ways[i].run);
		struct fix f = { 0 };

		fix_open(&f, text);
		timed(&f);
		f.now.boot_ns += 300 * NOC_NS_PER_S;
		f.now.wall_ns += 300 * NOC_NS_PER_S;
		noc_core_now(f.core, f.now);
		timed(&f); /* it was down for five minutes */
		assert_int_equal(fix_said(&f, "log s: x"), ways[i].ran);
		fix_close(&f);
		free(text);
	}
}

/* Nobody is told that a shadow missed its time. */
static void
test_shadow_missed(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "schedule \"s\" { every = \"1m\", mode = \"shadow\","
		     " run = log \"x\", misfire = { within = \"1s\" } }\n"
		     "schedule \"t\" { every = \"1m\","
		     " run = log \"x\", misfire = { within = \"1s\" } }\n");
	timed(&f);
	f.now.boot_ns += 600 * NOC_NS_PER_S;
	f.now.wall_ns += 600 * NOC_NS_PER_S;
	fix_advance(&f, 1);
	assert_true(fix_said(&f, "notify noc: schedule t missed") > 0);
	assert_int_equal(fix_said(&f, "notify noc: schedule t missed"),
			 fix_said(&f, "notify noc: "));
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shadow_tells_nobody),
		cmocka_unit_test(test_shadow_beside_live),
		cmocka_unit_test(test_a_share_of_the_keys_acts),
		cmocka_unit_test(test_shadow_of_notices),
		cmocka_unit_test(test_shadow_verifies),
		cmocka_unit_test(test_acts_through_a_flow),
		cmocka_unit_test(test_flows_in_a_circle),
		cmocka_unit_test(test_schedules),
		cmocka_unit_test(test_misfire),
		cmocka_unit_test(test_shadow_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
