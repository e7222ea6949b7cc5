/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/breaker_fixture.h"

/* Breakers: when they open and close, and the one probe. */

static const char rules[] =
    "flow \"read\" { step \"look\" { snmp.get { a = \"sysName.0\" }, "
    "timeout = \"5s\" } }\n";

static void
test_three_in_a_row(void **state)
{
	struct fix f = { 0 };
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	brk_result(&f, "sw1", false);
	brk_result(&f, "sw1", false);
	brk_result(&f, "sw1", true); /* not in a row */
	brk_result(&f, "sw1", false);
	assert_int_equal(fix_count(&f, "BREAKER"), 0);
	fix_advance(&f, 400 * 1000);
	for (int i = 0; i < 3; i++)
		brk_result(&f, "sw1", false);
	assert_false(brk_asks(&f, "sw1", &g));
	assert_true(brk_asks(&f, "sw2", &g));
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"), 1);
	assert_int_equal(fix_said(&f, "notify noc: breaker OPEN snmp sw1: 3 "
				      "failures in a row"),
			 1);
	fix_close(&f);
}

/* A program or a host serves many: three that failed may be three devices. */
static void
test_a_host_by_its_half_only(void **state)
{
	static const char *const actions[] = { "exec", "http.get", "mail" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(actions); i++) {
		struct fix f = { 0 };
		char why[128] = "";
		uint64_t g;

		fix_open(&f, rules);
		for (int n = 0; n < 5; n++) {
			noc_core_begin(f.core, f.now);
			assert_true(noc_breaker_allows(f.core, actions[i],
						       "one", 5000, &g, why));
			noc_breaker_result(
			    f.core, actions[i], "one", g,
			    &(struct noc_breaker_result){ .vouched = true });
			noc_core_end(f.core);
			fix_pump(&f);
		}
		noc_core_begin(f.core, f.now);
		assert_false(noc_breaker_allows(f.core, actions[i], "one", 5000,
						&g, why));
		noc_core_end(f.core);
		assert_non_null(strstr(why, "5 of 5 calls failed"));
		fix_close(&f);
	}
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
		brk_result(&f, "sw1", results[i]);
	assert_int_equal(fix_count(&f, "OPEN"), 0); /* too few to tell */
	brk_result(&f, "sw1", results[4]);
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"), 1);
	assert_false(brk_asks(&f, "sw1", &g));
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
		assert_true(brk_asks(&f, "sw1", &g));
		brk_tells_of(&f, "sw1", g,
			     (struct noc_breaker_result){ .ok = true,
							  .slow = i % 2 == 0,
							  .vouched = true });
	}
	assert_false(brk_asks(&f, "sw1", &g));
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

/* We stood still while it was out: how long it took says nothing of it, but of
 * the next one it does. */
static void
test_nobody_was_slow_while_we_stood_still(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (int n = 0; n < 10; n++) {
		fix_start_flow(&f, "read");
		if (n < 5)
			f.now.stood_ns = f.now.boot_ns + 1;
		fix_advance(&f, 4500);
		fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
		assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"),
				 n == 9);
	}
	fix_close(&f);
}

/* Exactly half is enough, of five at least; never so few. */
static void
test_half_is_enough(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(fix_count(&f, "OPEN"), 0);
		brk_result(&f, "sw1", i % 2 == 0);
	}
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"), 1);
	assert_int_equal(fix_said(&f, "3 of 6 calls failed or were slow in "
				      "300 s"),
			 1);
	fix_close(&f);
}

/* What was 300 s ago does not count, neither in a row nor of five. */
static void
test_window_slides(void **state)
{
	static const struct {
		int64_t ms;
		bool opens;
	} cases[] = { { 299999, true }, { 300000, false } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, rules);
		brk_result(&f, "sw1", false);
		brk_result(&f, "sw1", false);
		fix_advance(&f, cases[i].ms);
		brk_result(&f, "sw1", false);
		assert_int_equal(fix_count(&f, "BREAKER"), cases[i].opens);
		fix_close(&f);

		memset(&f, 0, sizeof(f));
		fix_open(&f, rules);
		brk_result(&f, "sw1", false);
		brk_result(&f, "sw1", false);
		brk_result(&f, "sw1", true);
		fix_advance(&f, cases[i].ms);
		brk_result(&f, "sw1", true);
		brk_result(&f, "sw1", false);
		assert_int_equal(fix_count(&f, "BREAKER"), cases[i].opens);
		fix_close(&f);
	}
}

/* It slides by ten seconds: the oldest go first, the others stay. */
static void
test_window_slides_bit_by_bit(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 3; i++) {
		brk_result(&f, "sw1", true);
		fix_advance(&f, 10 * 1000);
	}
	fix_advance(&f, 270 * 1000); /* two of them count still */
	brk_result(&f, "sw1", false);
	brk_result(&f, "sw1", false);
	brk_result(&f, "sw1", true);
	assert_int_equal(fix_count(&f, "OPEN"), 0);
	brk_result(&f, "sw1", false);
	assert_int_equal(fix_said(&f, "3 of 6 calls failed"), 1);
	fix_close(&f);
}

/* Ten targets fail, if only one of each, and nobody answers: it is our side. */
static void
test_family(void **state)
{
	struct fix f = { 0 };
	char name[16], why[128];
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(fix_count(&f, "BREAKER"), 0);
		snprintf(name, sizeof(name), "sw%d", i);
		brk_result(&f, name, false);
	}
	assert_int_equal(fix_count(&f, "BREAKER * snmp OPEN"), 1);
	assert_false(brk_asks_why(&f, "another", &g, why));
	assert_string_equal(why, "breaker OPEN snmp@*: 10 targets failed in "
				 "300 s and none answered");
	assert_int_equal(brk_stat(&f, "refused"), 1);
	fix_close(&f);
}

/* One that answers shows that our side is well: the others are away. */
static void
test_one_answers(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		brk_result(&f, name, i % 10 == 9);
	}
	assert_int_equal(fix_count(&f, "BREAKER *"), 0);
	/* Nor are ten failures of three targets ten of ten. */
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "r%d", i % 3);
		brk_result(&f, name, false);
	}
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		brk_result(&f, name, false);
	}
	assert_int_equal(fix_count(&f, "BREAKER *"), 0);
	brk_result(&f, "s6", false);
	assert_int_equal(fix_count(&f, "BREAKER * snmp OPEN"), 1);
	fix_close(&f);
}

/* Of 300 s ago is not of now. */
static void
test_family_window(void **state)
{
	static const struct {
		int64_t ms;
		bool opens;
	} cases[] = { { 299999, true }, { 300000, false } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		char name[16];

		fix_open(&f, rules);
		brk_result(&f, "first", false);
		fix_advance(&f, cases[i].ms);
		for (int n = 0; n < 9; n++) {
			snprintf(name, sizeof(name), "sw%d", n);
			brk_result(&f, name, false);
		}
		assert_int_equal(fix_count(&f, "BREAKER * snmp OPEN"),
				 cases[i].opens);
		fix_close(&f);
	}
}

/* Whoever forges chooses who is asked: that ten are away says nothing, and it
 * takes no probe from who has a word to say. */
static void
test_forgers_open_no_family(void **state)
{
	struct fix f = { 0 };
	char name[16];
	uint64_t g, probe;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		assert_true(brk_asks(&f, name, &g));
		brk_tells_of(&f, name, g, (struct noc_breaker_result){ 0 });
	}
	assert_int_equal(fix_count(&f, "BREAKER"), 0);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		brk_result(&f, name, false);
	}
	assert_int_equal(fix_count(&f, "BREAKER * snmp OPEN"), 1);
	fix_advance(&f, 66 * 1000);
	assert_true(brk_asks(&f, "y1", &probe));
	assert_false(brk_asks(&f, "sw1", &g)); /* one is out */
	brk_tells_of(&f, "y1", probe, (struct noc_breaker_result){ 0 });
	assert_int_equal(fix_count(&f, "BREAKER * snmp OPEN"), 1);
	assert_true(brk_asks(&f, "sw1", &probe));
	brk_tells(&f, "sw1", probe, true);
	assert_int_equal(fix_count(&f, "BREAKER * snmp CLOSED"), 1);
	fix_close(&f);
}

/* ---- the time it is open ---- */

/* Open for 60 s, each time twice as long, at most 15 min; 10 % more or less,
 * the same for the same target. */
static void
test_how_long_it_is_open(void **state)
{
	static const int64_t s[] = { 60, 120, 240, 480, 900, 900 };
	struct fix f = { 0 };
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 3; i++)
		brk_result(&f, "sw1", false);
	for (size_t i = 0; i < NOC_COUNT(s); i++) {
		fix_advance(&f, s[i] * 900 - 1);
		assert_false(brk_asks(&f, "sw1", &g));
		fix_advance(&f, s[i] * 200 + 1);
		assert_true(brk_asks(&f, "sw1", &g));
		brk_tells(&f, "sw1", g, false);
	}
	assert_int_equal(brk_stat(&f, "trips"), 1 + NOC_COUNT(s));
	/* Closed, the next time is as short as the first. */
	fix_advance(&f, 990 * 1000);
	brk_result(&f, "sw1", true);
	for (int i = 0; i < 3; i++)
		brk_result(&f, "sw1", false);
	fix_advance(&f, 66 * 1000);
	assert_true(brk_asks(&f, "sw1", &g));
	fix_close(&f);
}

/* Not all at once: targets that fell together come back one by one. */
static void
test_targets_come_back_apart(void **state)
{
	struct fix f = { 0 };
	char name[16];
	int early = 0;
	uint64_t g;

	(void)state;
	fix_open(&f, rules);
	assert_int_equal(brk_say(&f, "breaker.disable", "*", 0), 0);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		for (int n = 0; n < 3; n++)
			brk_result(&f, name, false);
	}
	fix_advance(&f, 60 * 1000);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		early += brk_asks(&f, name, &g);
	}
	assert_in_range(early, 4, 16);
	fix_close(&f);
}

/* ---- the family and the target, both asked ---- */

static void
test_both_are_asked(void **state)
{
	static const struct {
		const char *wide, *target; /* what people said of them */
		bool allowed;
		const char *why;
	} cases[] = {
		{ NULL, NULL, true, NULL },
		{ "breaker.trip", NULL, false, "FORCED_OPEN snmp@*: works" },
		{ NULL, "breaker.trip", false, "FORCED_OPEN snmp@sw1: works" },
		{ "breaker.trip", "breaker.trip", false,
		  "FORCED_OPEN snmp@sw1: works" },
		{ "breaker.trip", "breaker.disable", false,
		  "FORCED_OPEN snmp@*: works" },
		{ "breaker.disable", "breaker.trip", false,
		  "FORCED_OPEN snmp@sw1: works" },
		{ "breaker.disable", NULL, true, NULL },
		{ "breaker.disable", "breaker.disable", true, NULL },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char why[128] = "";
		struct fix f = { 0 };
		uint64_t g;

		fix_open(&f, rules);
		if (cases[i].wide)
			assert_int_equal(brk_say(&f, cases[i].wide, "*", 0), 0);
		if (cases[i].target)
			assert_int_equal(brk_say(&f, cases[i].target, "sw1", 0),
					 0);
		assert_int_equal(brk_asks_why(&f, "sw1", &g, why),
				 cases[i].allowed);
		if (cases[i].why)
			assert_non_null(strstr(why, cases[i].why));
		assert_int_equal(brk_stat(&f, "refused"), !cases[i].allowed);
		fix_close(&f);
	}
}

/* The family is open, and so is the target: no probe of the family goes out
 * to where none may go. */
static void
test_no_probe_to_an_open_target(void **state)
{
	struct fix f = { 0 };
	char name[16];
	uint64_t g, probe;

	(void)state;
	fix_open(&f, rules);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		brk_result(&f, name, false);
	}
	assert_int_equal(fix_count(&f, "BREAKER * snmp OPEN"), 1);
	assert_int_equal(brk_say(&f, "breaker.trip", "sw1", 0), 0);
	fix_advance(&f, 66 * 1000);
	assert_false(brk_asks(&f, "sw1", &g));
	assert_int_equal(fix_count(&f, "HALF_OPEN"), 0);
	assert_true(brk_asks(&f, "sw2", &probe));
	assert_int_equal(fix_count(&f, "BREAKER * snmp HALF_OPEN"), 1);
	assert_false(brk_asks(&f, "sw3", &g)); /* one is out */
	brk_tells(&f, "sw2", probe, true);
	assert_int_equal(fix_count(&f, "BREAKER * snmp CLOSED"), 1);
	assert_true(brk_asks(&f, "sw3", &g));
	fix_close(&f);
}

/* What came of a call of before a change says nothing of what is now. */
static void
test_results_of_before(void **state)
{
	static const struct {
		const char *verb;
		bool opens; /* by three failures after it */
	} cases[] = {
		{ "breaker.reset", true },
		{ "breaker.disable", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		uint64_t old[3], g;

		fix_open(&f, rules);
		for (int n = 0; n < 3; n++)
			assert_true(brk_asks(&f, "sw1", &old[n]));
		assert_int_equal(brk_say(&f, cases[i].verb, "sw1", 0), 0);
		for (int n = 0; n < 3; n++)
			brk_tells(&f, "sw1", old[n], false);
		assert_true(brk_asks(&f, "sw1", &g));
		for (int n = 0; n < 3; n++)
			brk_tells(&f, "sw1", g, false);
		assert_int_equal(brk_asks(&f, "sw1", &g), !cases[i].opens);
		fix_close(&f);
	}
}

/* ---- the one probe ---- */

static void
test_half_open(void **state)
{
	struct fix f = { 0 };
	uint64_t old, probe, g;

	(void)state;
	fix_open(&f, rules);
	assert_true(brk_asks(&f, "sw1", &old));
	for (int i = 0; i < 3; i++)
		brk_result(&f, "sw1", false);
	fix_advance(&f, 53 * 1000); /* 60 s -10 % at the least */
	assert_false(brk_asks(&f, "sw1", &g));
	fix_advance(&f, 14 * 1000);
	assert_true(brk_asks(&f, "sw1", &probe));
	assert_false(brk_asks(&f, "sw1", &g)); /* one probe only */
	brk_tells(&f, "sw1", old, true); /* a result of before it opened */
	assert_int_equal(fix_count(&f, "snmp CLOSED"), 0);
	brk_tells(&f, "sw1", probe, false);
	/* Open again, for twice as long. */
	fix_advance(&f, 107 * 1000);
	assert_false(brk_asks(&f, "sw1", &g));
	fix_advance(&f, 26 * 1000);
	assert_true(brk_asks(&f, "sw1", &probe));
	brk_tells(&f, "sw1", probe, true);
	assert_true(brk_asks(&f, "sw1", &g));
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
		brk_result(&f, "sw1", false);
	fix_advance(&f, 67 * 1000);
	assert_true(brk_asks(&f, "sw1", &g));
	fix_advance(&f, 4 * 1000);
	assert_false(brk_asks(&f, "sw1", &g));
	fix_advance(&f, 2 * 1000);
	assert_true(brk_asks(&f, "sw1", &g));
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
	assert_int_equal(
	    fix_said(&f, "notify noc: read sw1: look (breaker): breaker"), 1);
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
		cmocka_unit_test(test_a_host_by_its_half_only),
		cmocka_unit_test(test_half_of_five),
		cmocka_unit_test(test_slow_calls),
		cmocka_unit_test(test_slow_is_four_fifths_of_the_timeout),
		cmocka_unit_test(test_nobody_was_slow_while_we_stood_still),
		cmocka_unit_test(test_half_is_enough),
		cmocka_unit_test(test_window_slides),
		cmocka_unit_test(test_window_slides_bit_by_bit),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_one_answers),
		cmocka_unit_test(test_family_window),
		cmocka_unit_test(test_forgers_open_no_family),
		cmocka_unit_test(test_how_long_it_is_open),
		cmocka_unit_test(test_targets_come_back_apart),
		cmocka_unit_test(test_both_are_asked),
		cmocka_unit_test(test_no_probe_to_an_open_target),
		cmocka_unit_test(test_results_of_before),
		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_lease_ends),
		cmocka_unit_test(test_run_stops_at_it),
		cmocka_unit_test(test_refusals_do_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
