/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "engine/run/breaker.h"

/* Breakers: when they open, the one probe, and what people may do. */

static const char rules[] =
    "flow \"read\" { step \"look\" { snmp.get { a = \"sysName.0\" }, "
    "timeout = \"5s\" } }\n";

static bool
asks(struct fix *f, const char *target, uint64_t *generation)
{
	char why[128];
	bool yes;

	noc_core_begin(f->core, f->now);
	yes = noc_breaker_allows(f->core, "snmp.get", target, 5000, generation,
				 why);
	noc_core_end(f->core);
	fix_pump(f);
	return yes;
}

static void
tells(struct fix *f, const char *target, uint64_t generation, bool ok)
{
	noc_core_begin(f->core, f->now);
	noc_breaker_result(f->core, "snmp.set", target, generation, ok, false);
	noc_core_end(f->core);
	fix_pump(f);
}

static void
result(struct fix *f, const char *target, bool ok)
{
	uint64_t g;

	assert_true(asks(f, target, &g));
	tells(f, target, g, ok);
}

static void
test_three_in_a_row(void **state)
{
	struct fix f = { 0 };
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	result(&f, "sw1", false);
	result(&f, "sw1", false);
	result(&f, "sw1", true); /* not in a row */
	result(&f, "sw1", false);
	assert_int_equal(fix_count(&f, "BREAKER"), 0);
	fix_advance(&f, 400 * 1000);
	for (int i = 0; i < 3; i++)
		result(&f, "sw1", false);
	assert_false(asks(&f, "sw1", &g));
	assert_true(asks(&f, "sw2", &g));
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"), 1);
	assert_int_equal(fix_said(&f, "notify noc: breaker OPEN snmp sw1: 3 "
				      "failures in a row"),
			 1);
	fix_close(&f);
}

static void
test_half_of_five(void **state)
{
	static const bool results[] = { true, false, true, false, false };
	struct fix f = { 0 };
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 4; i++)
		result(&f, "sw1", results[i]);
	assert_int_equal(fix_count(&f, "OPEN"), 0); /* too few to tell */
	result(&f, "sw1", results[4]);
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"), 1);
	assert_false(asks(&f, "sw1", &g));
	fix_close(&f);
}

/* Slow ones count with the failed ones, but are answers: none in a row. */
static void
test_slow_calls(void **state)
{
	struct fix f = { 0 };
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 5; i++) {
		assert_true(asks(&f, "sw1", &g));
		noc_core_begin(f.core, f.now);
		noc_breaker_result(f.core, "snmp.set", "sw1", g, true,
				   i % 2 == 0);
		noc_core_end(f.core);
		fix_pump(&f);
	}
	assert_false(asks(&f, "sw1", &g));
	assert_int_equal(fix_said(&f, "3 of 5 calls failed or were slow"), 1);
	fix_close(&f);
}

/* One that took more than four fifths of its timeout was slow. */
static void
test_slow_is_four_fifths_of_the_timeout(void **state)
{
	static const struct {
		int64_t ms;
		bool opens;
	} cases[] = { { 4000, false }, { 4001, true } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, rules);
		for (int n = 0; n < 5; n++) {
			fix_start_flow(&f, "read");
			fix_advance(&f, cases[i].ms);
			fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
		}
		assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"),
				 cases[i].opens);
		assert_int_equal(
		    fix_said(&f, "5 of 5 calls failed or were slow"),
		    cases[i].opens);
		fix_close(&f);
	}
}

/* What was 300 s ago does not count. */
static void
test_window_slides(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	result(&f, "sw1", false);
	result(&f, "sw1", false);
	fix_advance(&f, 310 * 1000);
	result(&f, "sw1", true);
	result(&f, "sw1", false);
	result(&f, "sw1", true);
	result(&f, "sw1", true);
	assert_int_equal(fix_count(&f, "OPEN"), 0);
	fix_close(&f);
}

/* Many targets fail: the whole family stops. */
static void
test_family(void **state)
{
	struct fix f = { 0 };
	char name[16];
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		result(&f, name, i % 2);
	}
	assert_int_equal(fix_count(&f, "BREAKER * snmp OPEN"), 1);
	assert_false(asks(&f, "another", &g));
	fix_close(&f);
}

static void
test_half_open(void **state)
{
	struct fix f = { 0 };
	uint64_t old, probe, g;

	(void)state;
	fix_open(&f, rules);
	assert_true(asks(&f, "sw1", &old));
	for (int i = 0; i < 3; i++)
		result(&f, "sw1", false);
	fix_advance(&f, 53 * 1000); /* 60 s -10 % at the least */
	assert_false(asks(&f, "sw1", &g));
	fix_advance(&f, 14 * 1000);
	assert_true(asks(&f, "sw1", &probe));
	assert_false(asks(&f, "sw1", &g)); /* one probe only */
	tells(&f, "sw1", old, true);	   /* a result of before it opened */
	assert_int_equal(fix_count(&f, "snmp CLOSED"), 0);
	tells(&f, "sw1", probe, false);
	/* Open again, for twice as long. */
	fix_advance(&f, 107 * 1000);
	assert_false(asks(&f, "sw1", &g));
	fix_advance(&f, 26 * 1000);
	assert_true(asks(&f, "sw1", &probe));
	tells(&f, "sw1", probe, true);
	assert_true(asks(&f, "sw1", &g));
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp CLOSED"), 1);
	assert_int_equal(fix_said(&f, "breaker OPEN"), 1); /* told once */
	assert_int_equal(fix_said(&f, "breaker CLOSED"), 1);
	fix_close(&f);
}

/* A probe that never comes back gives its lease to the next. */
static void
test_lease_ends(void **state)
{
	struct fix f = { 0 };
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 3; i++)
		result(&f, "sw1", false);
	fix_advance(&f, 67 * 1000);
	assert_true(asks(&f, "sw1", &g));
	fix_advance(&f, 4 * 1000);
	assert_false(asks(&f, "sw1", &g));
	fix_advance(&f, 2 * 1000);
	assert_true(asks(&f, "sw1", &g));
	fix_close(&f);
}

static void
test_people(void **state)
{
	struct fix f = { 0 };
	struct noc_value *answer;
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"breaker.trip\",\"action\":\"snmp\","
			"\"target\":\"sw1\",\"actor\":\"joe\"}",
			NULL),
	    NOC_EINPUT); /* no reason */
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"breaker.trip\",\"action\":\"snmp.get\","
			"\"target\":\"sw1\",\"for_ms\":60000,"
			"\"why\":\"works\",\"actor\":\"joe\"}",
			NULL),
	    0);
	assert_false(asks(&f, "sw1", &g));
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"breaker.list\"}", &answer), 0);
	assert_true(noc_value_len(answer) >= 1);
	noc_value_free(answer);
	fix_advance(&f, 61 * 1000); /* it expires by itself */
	assert_true(asks(&f, "sw1", &g));
	for (int i = 0; i < 3; i++)
		result(&f, "sw1", false);
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"breaker.reset\",\"action\":\"snmp\","
			"\"target\":\"sw1\",\"why\":\"mended\","
			"\"actor\":\"joe\"}",
			NULL),
	    0);
	assert_true(asks(&f, "sw1", &g));
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"breaker.reset\",\"action\":\"snmp\","
			"\"target\":\"nosuch\",\"why\":\"x\","
			"\"actor\":\"joe\"}",
			NULL),
	    NOC_ENOTFOUND);
	fix_close(&f);
}

/* In a run: three timeouts open it, and the next run fails at once. */
static void
test_run_stops_at_it(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "read");
	fix_advance(&f, 60 * 1000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(f.started, 3);
	assert_int_equal(fix_said(&f, "breaker OPEN snmp sw1"), 1);
	id = fix_start_flow(&f, "read");
	assert_false(fix_running(&f, &id));
	assert_int_equal(f.started, 3);
	assert_int_equal(fix_count(&f, "STEP_DONE look sw1 snmp.get failed: "
				       "dependency_unavailable"),
			 1);
	/* Nobody's on_fail says so: noc hears of it. */
	assert_int_equal(fix_said(&f, "notify noc: read sw1: look: breaker"),
			 1);
	fix_close(&f);
}

/* A refusal is an answer: the agent is there. */
static void
test_refusals_do_not_count(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 6; i++) {
		fix_start_flow(&f, "read");
		fix_refuse(&f, "snmp.get", "permanent", 0);
	}
	assert_int_equal(fix_count(&f, "BREAKER"), 0);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_in_a_row),
		cmocka_unit_test(test_half_of_five),
		cmocka_unit_test(test_slow_calls),
		cmocka_unit_test(test_slow_is_four_fifths_of_the_timeout),
		cmocka_unit_test(test_window_slides),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_lease_ends),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_run_stops_at_it),
		cmocka_unit_test(test_refusals_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
