/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/core/call.h"
#include "engine/edge/action.h"

/* One step: whether it is done, what its answer means, what it leaves. */

#define FLOW(steps) "flow \"f\" { " steps " }\n"
#define RULE(steps)                                                               \
	"rule \"r\" { mode = \"active\", on = \"link.down\", run = flow { " steps \
	" } }\n"
#define GET(more)                                                            \
	"step \"s\" { snmp.get { a = \"sysName.0\" }, timeout = \"5s\"" more \
	" }"

/* ---- whether ---- */

static void
test_left_out(void **state)
{
	static const struct {
		const char *when, *line;
	} cases[] = {
		{ "{ ifname = \"eth7\" }", "STEP_DONE log_2  log ok" },
		{ "{ ifname = \"eth8\" }",
		  "STEP_DONE s  snmp.get skipped: ifname" },
		/* What nobody knows is no reason. */
		{ "{ user = \"eth8\" }",
		  "STEP_DONE s  snmp.get skipped: user" },
		{ "function(run) return run.key == \"x\" end",
		  "STEP_DONE s  snmp.get skipped: its function says no" },
		{ "function(run) return run.nope.nope end",
		  "STEP_DONE s  snmp.get failed: permanent {\"error\":{\"block\":"
		  "\"rule\",\"class\":\"permanent\",\"code\":\"when\"" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    RULE(GET(", when = %s") ", log \"x\""), cases[i].when);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
		if (i == 0)
			fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
		if (fix_count(&f, cases[i].line) != 1) {
			fix_dump(&f);
			fail_msg("not '%s'", cases[i].line);
		}
		assert_int_equal(f.started, i == 0);
		/* Left out it goes on, wrong it does not. */
		assert_int_equal(fix_said(&f, "log r: x"), i != 4);
		free(text);
		fix_close(&f);
	}
}

/* A name without a value: it is not begun, or not even shown. */
static void
test_nothing_to_begin_with(void **state)
{
	static const struct {
		enum noc_mode mode;
		const char *line;
	} cases[] = {
		{ NOC_ACTIVE, "STEP_DONE s  snmp.get failed: permanent {"
			      "\"error\":{\"block\":\"rule\",\"class\":"
			      "\"permanent\",\"code\":\"missing\"" },
		{ NOC_OBSERVE, "STEP_DONE s  snmp.get skipped: observe: "
			       "'steps.set.id' has no value here" },
	};
	static const char *const gets[] = {
		"step \"s\" { snmp.get { a = \"sysName.{steps.set.id}\" } }",
		"step \"s\" { snmp.get { a = \"sysName.0\" }, target ="
		" \"{steps.set.id}\" }",
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    RULE("step \"set\" { snmp.set { a = \"up\" }, timeout ="
			 " \"5s\" }, %s, log \"on\""),
		    gets[i / 2]);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start(&f, "r", cases[i % 2].mode, NOC_TRUST_HIGH);
		if (i % 2 == 0)
			fix_answer(&f, "snmp.set", "{}");
		if (fix_count(&f, cases[i % 2].line) != 1) {
			fix_dump(&f);
			fail_msg("not '%s'", cases[i % 2].line);
		}
		assert_int_equal(fix_said(&f, "log r: on"), i % 2);
		free(text);
		fix_close(&f);
	}
}

/* ---- what an answer means ---- */

static void
test_fail_if(void **state)
{
	static const struct {
		const char *step, *action, *answer;
		bool fails;
	} cases[] = {
		{ "snmp.get { a = \"sysName.0\" }, fail_if = { a = \"x\" }",
		  "snmp.get", "{\"a\":\"x\"}", true },
		{ "snmp.get { a = \"sysName.0\" }, fail_if = { a = \"x\" }",
		  "snmp.get", "{\"a\":\"y\"}", false },
		/* Asked and not answered is unknown: what the event says of it
		 * is older than the question. */
		{ "snmp.get { ifname = \"ifName.7\" }, fail_if = { ifname ="
		  " \"eth7\" }",
		  "snmp.get", "{}", false },
		{ "snmp.get { a = \"sysName.0\" }, fail_if = { ifname ="
		  " \"eth7\" }",
		  "snmp.get", "{}", true },
		{ "http.get { url = \"http://x.example/\" }, fail_if = { url ="
		  " \"x\", ifname = \"eth7\" }",
		  "http.get", "{\"url\":\"x\"}", true },
		/* An answer stands before the event. */
		{ "http.get { url = \"http://x.example/\" }, fail_if = { ifname"
		  " = \"eth7\" }",
		  "http.get", "{\"ifname\":\"eth8\"}", false },
		{ "snmp.get { a = \"sysName.0\" }, fail_if = function(run)"
		  " return run.a == \"x\" end",
		  "snmp.get", "{\"a\":\"x\"}", true },
		{ "snmp.get { a = \"sysName.0\" }, fail_if = function(run)"
		  " return run.a == \"x\" end",
		  "snmp.get", "{\"a\":\"y\"}", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(RULE("step \"s\" { %s, timeout ="
					       " \"5s\" }"),
					  cases[i].step);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
		fix_answer(&f, cases[i].action, cases[i].answer);
		if (fix_count(&f, "RUN_END Failed") != cases[i].fails) {
			fix_dump(&f);
			fail_msg("%s, %s", cases[i].step, cases[i].answer);
		}
		assert_int_equal(
		    fix_count(&f, "failed: permanent {\"attempt\":1,\"error\":{"
				  "\"block\":\"rule\",\"class\":\"permanent\","
				  "\"code\":\"fail_if\",\"message\":\"the "
				  "answer is one that fail_if names"),
		    cases[i].fails);
		free(text);
		fix_close(&f);
	}
}

/* What fail_if names is of the class that the step says, and its message says
 * what was named; of who has failed by `block`. */
static void
test_fail_class(void **state)
{
	static const struct {
		const char *opts, *line;
	} cases[] = {
		{ "", "http.get failed: permanent {\"attempt\":1,\"error\":{"
		      "\"block\":\"rule\",\"class\":\"permanent\"" },
		{ ", fail_class = \"transient\"",
		  "http.get retry in 1000 ms: transient" },
		{ ", fail_class = \"transient\"",
		  "\"message\":\"the answer is one that fail_if names: "
		  "json.state = busy\"" },
		{ ", fail_class = \"dependency_unavailable\", block = "
		  "\"executor\"",
		  "http.get failed: dependency_unavailable {\"attempt\":1,"
		  "\"error\":{\"block\":\"executor\"" },
		{ ", fail_class = \"dependency_degraded\", degraded = "
		  "\"go_on\"",
		  "http.get ok: degraded: the answer is one that fail_if" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    FLOW("step \"s\" { http.get { url = "
			 "\"http://x.example/\" }, fail_if = { "
			 "[\"json.state\"] = \"busy\" }, timeout = \"5s\", "
			 "retry = { initial = \"1s\", jitter = false }%s }"),
		    cases[i].opts);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start_flow(&f, "f");
		fix_answer(&f, "http.get",
			   "{\"status\":200,\"json\":{\"state\":\"busy\"}}");
		if (fix_count(&f, cases[i].line) != 1) {
			fix_dump(&f);
			fail_msg("not '%s'", cases[i].line);
		}
		free(text);
		fix_close(&f);
	}
}

/* A function that fails is a failure, of a step and of a verify. */
static void
test_function_fails(void **state)
{
	static const char *const steps[] = {
		"step \"s\" { snmp.get { a = \"sysName.0\" }, fail_if ="
		" function(run) return run.nope.nope end }",
		"verify \"s\" { snmp.get { a = \"sysName.0\" }, expect ="
		" function(run) return run.nope.nope end }",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(steps); i++) {
		char *text = noc_asprintf(FLOW("%s"), steps[i]);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start_flow(&f, "f");
		fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
		assert_int_equal(
		    fix_count(&f, "STEP_DONE s sw1 snmp.get failed: permanent"),
		    1);
		assert_int_equal(
		    fix_count(&f, "STEP_DONE s sw1 snmp.get failed: permanent {"
				  "\"attempt\":1,\"error\":{\"block\":\"rule\","
				  "\"class\":\"permanent\",\"code\":"
				  "\"function\""),
		    1);
		assert_int_equal(fix_runs(&f), 0);
		free(text);
		fix_close(&f);
	}
}

/* What no class is, is for ever where something was changed, else it may
 * pass. */
static void
test_classes_that_are_none(void **state)
{
	static const struct {
		const char *step, *action, *line;
	} cases[] = {
		{ "exec { \"x\" }", "exec", "exec failed: permanent" },
		{ "exec { \"x\", mutates = false }", "exec",
		  "exec retry in 1000 ms: transient" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    FLOW("step \"s\" { %s, timeout = \"5s\", retry = { initial"
			 " = \"1s\", jitter = false } }"),
		    cases[i].step);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start_flow(&f, "f");
		fix_refuse(&f, cases[i].action, "nonsense", 0);
		assert_int_equal(fix_count(&f, cases[i].line), 1);
		free(text);
		fix_close(&f);
	}
}

/* No answer: of a device when it was read, else of who was to do it. */
static void
test_no_answer(void **state)
{
	static const struct {
		const char *step, *says;
	} cases[] = {
		{ "snmp.get { a = \"sysName.0\" }",
		  "{\"block\":\"device\",\"class\":\"timeout\",\"code\":"
		  "\"timeout\",\"message\":\"no answer within 5000 ms\"}" },
		{ "exec { \"x\", idempotent = true }",
		  "{\"block\":\"executor\",\"class\":\"timeout\",\"code\":"
		  "\"timeout\",\"message\":\"no answer within 5000 ms\"}" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(FLOW("step \"s\" { %s, timeout ="
					       " \"5s\" }"),
					  cases[i].step);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start_flow(&f, "f");
		fix_advance(&f, 5000);
		assert_int_equal(fix_count(&f, cases[i].says), 1);
		free(text);
		fix_close(&f);
	}
}

/* Its answer is on its way when its time is over: it has answered. */
static void
test_answer_in_the_last_moment(void **state)
{
	struct fix f = { 0 };
	struct noc_call *call;
	struct noc_id id;

	(void)state;
	fix_open(&f, FLOW(GET("")));
	id = fix_start_flow(&f, "f");
	f.hold_durable = true;
	fix_command_later(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}");
	call = fix_call(&f, "snmp.get");
	f.ncalls = 0;
	noc_call_done(&f.env, call, noc_value_map(), NULL);
	fix_advance(&f, 6000);
	assert_true(fix_running(&f, &id));
	f.hold_durable = false;
	fix_pump(&f);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "Succeeded: s"), 1);
	fix_close(&f);
}

/* ---- what it leaves ---- */

static void
test_output(void **state)
{
	static const struct {
		const char *output, *answer, *log, *says;
	} cases[] = {
		{ "{ id = \"body.id\" }", "{\"body\":{\"id\":\"I7\"}}",
		  "{steps.s.id} {steps.s.body.id}", "I7 I7" },
		{ "{ id = \"body.nope\" }", "{\"body\":{\"id\":\"I7\"}}",
		  "{steps.s.body.id}", "I7" },
		/* What is no table is named. */
		{ "{ id = \"result\" }", "\"I7\"", "{steps.s.result}", "I7" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    FLOW("step \"s\" { http.get { url = \"http://x.example/\""
			 " }, output = %s }, log \"%s\""),
		    cases[i].output, cases[i].log);
		char *line = noc_asprintf("log f: %s", cases[i].says);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start_flow(&f, "f");
		fix_answer(&f, "http.get", cases[i].answer);
		if (fix_said(&f, line) != 1) {
			fix_dump(&f);
			fail_msg("not '%s'", line);
		}
		free(line);
		free(text);
		fix_close(&f);
	}
}

/* ---- how a run ends ---- */

static void
test_stop_and_fail(void **state)
{
	static const struct {
		const char *step, *says;
	} cases[] = {
		{ "stop \"{ifname} is enough\" { when = { ifname = \"eth7\" } }",
		  "Succeeded: eth7 is enough" },
		{ "stop \"{nope} is missing\" { when = { ifname = \"eth7\" } }",
		  "Succeeded: ?nope? is missing" },
		{ "fail \"{ifname} is too much\" { when = { ifname = \"eth7\" } }",
		  "Failed: fail_1 (flow): eth7 is too much" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text =
		    noc_asprintf(RULE("%s, log \"on\""), cases[i].step);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
		if (fix_said(&f, cases[i].says) != 1) {
			fix_dump(&f);
			fail_msg("not '%s'", cases[i].says);
		}
		assert_int_equal(fix_said(&f, "log r: on"), 0);
		free(text);
		fix_close(&f);
	}
}

static void
test_class_of_a_fail(void **state)
{
	static const char *const classes[] = { "permanent",
					       "transient",
					       "timeout",
					       "dependency_unavailable",
					       "dependency_degraded",
					       "downstream_failed" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(classes); i++) {
		char *text = noc_asprintf(
		    FLOW("fail \"no\" { class = \"%s\" }"), classes[i]);
		char *line = noc_asprintf("STEP_DONE fail_1  fail failed: %s {"
					  "\"error\":{\"block\":\"flow\","
					  "\"class\":\"%s\",\"code\":\"fail\","
					  "\"message\":\"no\"}}",
					  classes[i], classes[i]);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start_flow(&f, "f");
		assert_int_equal(fix_count(&f, line), 1);
		/* What refuses to try must not do so in silence. */
		assert_int_equal(
		    fix_said(&f, "notify noc: f sw1: fail_1 (flow): no"),
		    !strcmp(classes[i], "dependency_unavailable"));
		free(line);
		free(text);
		fix_close(&f);
	}
}

/* on_error of its class is done before the run fails, then on_fail. */
static void
test_what_is_done_about_it(void **state)
{
	static const char flow[] = FLOW(
	    "step \"s\" { snmp.get { a = \"sysName.0\" }, on_error = {"
	    " permanent = log \"it is {error.class}: {error.message}\" } },"
	    " on_fail = { log \"in {error.step}\", notify \"noc\" {"
	    " \"{error.code}\" }, start \"g\" { who = \"{device}\" },"
	    " start \"g\", emit \"a.b\", log \"last\" }") "flow \"g\" { input = { who = \"string\" }, log \"g {input.who}\" }\n"
							  "rule \"a\" { on = \"a.b\", run = log \"{kind} of {device}\" }\n";

	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *class = i ? "dependency_unavailable" : "permanent";
		struct fix f = { 0 };

		fix_open(&f, flow);
		fix_start_flow(&f, "f");
		fix_refuse(&f, "snmp.get", class, 0);
		assert_int_equal(
		    fix_said(&f, "log f: it is permanent: it said no"), !i);
		assert_int_equal(fix_said(&f, "log f: in s"), 1);
		assert_int_equal(fix_said(&f, "notify noc: test"), 1);
		assert_int_equal(fix_said(&f, "notify noc"), 1);
		/* One of the two cannot be started; the rest is done. */
		assert_int_equal(fix_said(&f, "log g: g sw1"), 1);
		assert_int_equal(fix_said(&f, "log f: last"), 1);
		assert_int_equal(fix_said(&f, "log a: a.b of sw1"), 1);
		assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
		fix_close(&f);
	}
}

/* What was over at once is told by the line of its event. */
static void
test_what_is_said_at_the_end(void **state)
{
	static const struct {
		const char *steps;
		int64_t ms;
		const char *says; /* NULL: nothing */
	} cases[] = {
		{ "log \"x\"", 0, NULL },
		{ "stop \"enough\"", 0, "Succeeded: enough (0.0 s)" },
		{ "fail \"no\"", 0, "Failed: fail_1 (flow): no (0.0 s)" },
		{ "sleep \"1500ms\"", 1500, "Succeeded: sleep_1 (1.5 s)" },
		{ "stop \"x\" { when = { user = 1 } }, sleep \"1s\" { when ="
		  " { user = 1 } }",
		  0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(RULE("%s"), cases[i].steps);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
		fix_advance(&f, cases[i].ms);
		assert_int_equal(fix_runs(&f), 0);
		assert_int_equal(fix_said(&f, "r run "), cases[i].says != NULL);
		if (cases[i].says)
			assert_int_equal(fix_said(&f, cases[i].says), 1);
		fix_close(&f);
		free(text);
	}
}

/* What a freeze, the blast radius and a breaker ask by name has one. */
static void
test_an_empty_target_is_none(void **state)
{
	static const char *const steps[] = {
		"step \"s\" { target = \"{input.x}\", timeout = \"5s\", exec {"
		" \"/bin/x\" } }",
		"step \"s\" { target = \"{input.x}\", snmp.get { up ="
		" \"sysUpTime.0\" } }",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(steps); i++) {
		char *rules = noc_asprintf("flow \"f\" { input = { x = "
					   "\"string\" }, %s }\n",
					   steps[i]);
		struct fix f = { 0 };

		fix_open(&f, rules);
		fix_command_later(&f, "{\"verb\":\"run.start\",\"actor\":"
				      "\"ann\",\"flow\":\"f\",\"mode\":"
				      "\"active\",\"input\":{\"x\":\"\"}}");
		fix_pump(&f);
		assert_int_equal(f.started, 0);
		assert_int_equal(f.sets, 0);
		assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
		assert_true(fix_count(&f, "'target' is an empty text") >= 2);
		fix_close(&f);
		free(rules);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_target_is_none),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_nothing_to_begin_with),
		cmocka_unit_test(test_fail_if),
		cmocka_unit_test(test_fail_class),
		cmocka_unit_test(test_function_fails),
		cmocka_unit_test(test_classes_that_are_none),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_answer_in_the_last_moment),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_stop_and_fail),
		cmocka_unit_test(test_class_of_a_fail),
		cmocka_unit_test(test_what_is_done_about_it),
		cmocka_unit_test(test_what_is_said_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
