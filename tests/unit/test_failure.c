/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/edge/action.h"

/* What a step says of its failures: who has failed, and what then. */

#define FLOW(more)                                                         \
	"flow \"f\" { step \"s\" { http.get { url = \"http://cmdb/\" },"   \
	" timeout = \"5s\", retry = { attempts = 2, initial = \"1s\","     \
	" jitter = false } " more " }, log \"on {steps.s.degraded}\" }\n"  \
	"rule \"heard\" { on = \"dependency.unavailable\", run = log \"it" \
	" is {block}: {message} of {step}\" }\n"

static void
refuse(struct fix *f, const char *class)
{
	const struct noc_call_error e = { .class = class,
					  .block = "http",
					  .code = "503",
					  .message = "not well" };

	fix_refuse_as(f, "http.get", &e);
}

/* ---- who ---- */

/* Whoever was called: the definition knows whose service it is. */
static void
test_block_is_named_by_the_definition(void **state)
{
	static const char *const flows[] = {
		FLOW(", block = \"source of truth\""),
		"flow \"f\" { verify \"s\" { http.get { url ="
		" \"http://cmdb/\" }, expect = { status = 200 },"
		" block = \"source of truth\" } }\n",
		"flow \"f\" { fail \"no\" { block = \"source of truth\" } }\n",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(flows); i++) {
		struct fix f = { 0 };

		fix_open(&f, flows[i]);
		fix_start_flow(&f, "f");
		if (i < 2)
			refuse(&f, "permanent");
		if (fix_count(&f, "RUN_END Failed {\"error\":{\"block\":"
				  "\"source of truth\"") != 1) {
			fail_msg("flow %zu", i);
		}
		fix_close(&f);
	}
}

/* Also of a try that is not the last, and of what is in doubt. */
static void
test_block_of_each_try(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, FLOW(", block = \"cmdb\", on_crash = \"ask\""));
	fix_start_flow(&f, "f");
	refuse(&f, "transient");
	assert_int_equal(fix_count(&f, "retry in 1000 ms: transient {"
				       "\"attempt\":1,\"error\":{\"block\":"
				       "\"cmdb\""),
			 1);
	fix_advance(&f, 1000);
	refuse(&f, "in_doubt");
	assert_int_equal(fix_count(&f, "in_doubt {\"attempt\":2,\"error\":{"
				       "\"block\":\"cmdb\""),
			 1);
	fix_close(&f);
}

/* ---- what it needs ---- */

/* It ends, nothing comes after it, and one event says what was away. */
static void
test_unavailable(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, FLOW(", block = \"cmdb\""));
	fix_start_flow(&f, "f");
	refuse(&f, "dependency_unavailable");
	assert_int_equal(f.started, 1);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(fix_said(&f, "log f: on"), 0);
	assert_int_equal(fix_said(&f, "log heard: it is cmdb: not well of s"),
			 1);
	fix_close(&f);
}

/* Any other failure is not that, and nobody hears of a shadow's. */
static void
test_unavailable_only(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, FLOW(""));
	fix_start_flow(&f, "f");
	refuse(&f, "downstream_failed");
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(fix_command(&f,
				     "{\"verb\":\"run.start\",\"flow\":\"f\","
				     "\"mode\":\"shadow\"}",
				     NULL),
			 0);
	refuse(&f, "dependency_unavailable");
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 2);
	assert_int_equal(fix_said(&f, "log heard"), 0);
	fix_close(&f);
}

static void
test_degraded(void **state)
{
	static const struct {
		const char *rules, *class;
		bool goes_on;
	} cases[] = {
		{ FLOW(", degraded = \"go_on\", block = \"cmdb\""),
		  "dependency_degraded", true },
		{ FLOW(", degraded = \"fail\""), "dependency_degraded", false },
		{ FLOW(""), "dependency_degraded", false },
		{ FLOW(", degraded = \"go_on\""), "downstream_failed", false },
		{ FLOW(", degraded = \"go_on\""), "permanent", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, cases[i].rules);
		fix_start_flow(&f, "f");
		refuse(&f, cases[i].class);
		assert_int_equal(f.started, 1);
		assert_int_equal(fix_count(&f, "RUN_END Succeeded"),
				 cases[i].goes_on);
		assert_int_equal(fix_said(&f, "log f: on not well"),
				 cases[i].goes_on);
		/* It is in the record how it went on. */
		assert_int_equal(
		    fix_count(&f, "ok: degraded: not well {\"attempt\":1,"
				  "\"error\":{\"block\":\"cmdb\",\"class\":"
				  "\"dependency_degraded\""),
		    cases[i].goes_on);
		fix_close(&f);
	}
}

/* ---- who is told ---- */

/* What was to change something and did not is told to noc, unless its flow
 * says who is; once for what a rule cannot do in one way. */
static void
test_noc_hears_of_what_failed(void **state)
{
#define ACTS_TOO "step \"too\" { exec { \"/bin/q\" }, timeout = \"5s\" }"
#define ACTS	 "step \"push\" { exec { \"/bin/p\" }, timeout = \"5s\" }"
	static const struct {
		const char *flow, *mode;
		unsigned told;
	} cases[] = {
		{ ACTS, "active", 1 },
		{ ACTS ", on_fail = { log \"x\" }", "active", 0 },
		{ ACTS ", on_fail = { step \"x\" { log \"x\" } }", "active",
		  0 },
		{ ACTS ", on_fail = escalate { { \"1m\", notify \"noc\" } }",
		  "active", 0 },
		{ "step \"push\" { exec { \"/bin/p\", mutates = false } }",
		  "active", 0 },
		{ "step \"push\" { exec { \"/bin/p\", mutates = false } }," ACTS_TOO,
		  "observe", 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		char *flow = noc_asprintf("flow \"f\" { %s }\n", cases[i].flow);

		fix_open(&f, flow);
		for (int n = 0; n < 3; n++) {
			char json[128];

			snprintf(json, sizeof(json),
				 "{\"verb\":\"run.start\",\"actor\":\"ann\","
				 "\"flow\":\"f\",\"mode\":\"%s\"}",
				 cases[i].mode);
			fix_command_later(&f, json);
			fix_pump(&f);
			fix_refuse(&f, "exec", "permanent", 0);
		}
		assert_int_equal(fix_count(&f, "push  exec failed: permanent"),
				 3);
		if (fix_said(&f, "notify noc: f: push (") != cases[i].told)
			fail_msg("case %zu", i);
		fix_advance(&f, 5 * 60 * 1000);
		assert_int_equal(fix_said(&f, "notify noc: 2 more in 5 min: "
					      "f: push ("),
				 cases[i].told);
		free(flow);
		fix_close(&f);
	}
}

/* ---- its time is up ---- */

static void
test_on_timeout(void **state)
{
	static const struct {
		const char *rules;
		unsigned tries;
		bool goes_on, told;
	} cases[] = {
		{ FLOW(""), 2, false, false },
		{ FLOW(", on_timeout = \"skip\""), 2, true, false },
		{ FLOW(", on_timeout = \"abort\""), 1, false, false },
		{ FLOW(", on_timeout = \"escalate\""), 2, false, true },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, cases[i].rules);
		fix_start_flow(&f, "f");
		fix_advance(&f, 5000);
		fix_advance(&f, 6000);
		assert_int_equal(f.started, cases[i].tries);
		assert_int_equal(fix_count(&f, "RUN_END Succeeded"),
				 cases[i].goes_on);
		assert_int_equal(fix_count(&f, "RUN_END Failed"),
				 !cases[i].goes_on);
		assert_int_equal(fix_count(&f,
					   "s sw1 http.get skipped: its time "
					   "is up: no answer within 5000 "
					   "ms {\"attempt\":2,"),
				 cases[i].goes_on);
		assert_int_equal(fix_said(&f, "notify noc: f sw1: the time of "
					      "step s (device) is up"),
				 cases[i].told);
		assert_int_equal(fix_said(&f, "log f: on"), cases[i].goes_on);
		fix_close(&f);
	}
}

/* What may have happened is not skipped, and what fails is no timeout. */
static void
test_on_timeout_only(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "flow \"f\" { step \"s\" { http.post { url ="
		     " \"http://cmdb/\" }, timeout = \"5s\", on_timeout ="
		     " \"skip\" }, log \"on\" }\n");
	fix_start_flow(&f, "f");
	fix_advance(&f, 5000);
	assert_int_equal(fix_count(&f, "in_doubt"), 1);
	fix_start_flow(&f, "f");
	fix_refuse(&f, "http.post", "permanent", 0); /* it is late */
	fix_refuse(&f, "http.post", "permanent", 0);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(fix_said(&f, "log f: on"), 0);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block_is_named_by_the_definition),
		cmocka_unit_test(test_block_of_each_try),
		cmocka_unit_test(test_unavailable),
		cmocka_unit_test(test_unavailable_only),
		cmocka_unit_test(test_degraded),
		cmocka_unit_test(test_noc_hears_of_what_failed),
		cmocka_unit_test(test_on_timeout),
		cmocka_unit_test(test_on_timeout_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
