/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/breaker_fixture.h"

#include "tests/unit/life_fixture.h"

/* Breakers over a restart, and how many are kept. */

static const char rules[] = "flow \"f\" { log \"x\" }\n";

/* Dead now, and up again so much later. */
static void
again(struct fix *f, char *dir, int64_t ms)
{
	struct noc_now now = f->now;

	f->dead = true;
	life_close(f);
	now.wall_ns += ms * NOC_NS_PER_MS;
	now.boot_ns = 7 * NOC_NS_PER_S; /* another boot */
	life_open(f, dir, now, rules);
}

/* A call of another family goes out and is answered, or is not. */
static void
brk_result_of(struct fix *f, const char *action, const char *target, bool ok)
{
	char why[128];
	uint64_t g;

	noc_core_begin(f->core, f->now);
	assert_true(noc_breaker_allows(f->core, action, target, 5000, &g, why));
	noc_breaker_result(
	    f->core, action, target, g,
	    &(struct noc_breaker_result){ .ok = ok, .vouched = true });
	noc_core_end(f->core);
	fix_pump(f);
}

static void
opened(struct fix *f)
{
	for (int i = 0; i < 3; i++)
		brk_result(f, "sw1", false);
}

/* Open as long as it was to be, and then for twice as long. */
static void
test_open(void **state)
{
	char *dir = state_make();
	struct fix f;
	uint64_t g;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	opened(&f);
	again(&f, dir, 53000);
	assert_int_equal(brk_stat(&f, "open"), 1);
	assert_false(brk_asks(&f, "sw1", &g));
	again(&f, dir, 13001);
	assert_true(brk_asks(&f, "sw1", &g));
	brk_tells(&f, "sw1", g, false);
	assert_int_equal(fix_said(&f, "breaker OPEN"), 0); /* told before */
	again(&f, dir, 107 * 1000);
	assert_false(brk_asks(&f, "sw1", &g));
	again(&f, dir, 26 * 1000);
	assert_true(brk_asks(&f, "sw1", &g));
	brk_tells(&f, "sw1", g, true);
	assert_int_equal(fix_count(&f, "BREAKER sw1 snmp CLOSED"), 1);
	again(&f, dir, 1000);
	assert_int_equal(brk_stat(&f, "known"), 0);
	life_done(&f, dir);
}

/* A probe that was out at a death is lost: the next call is one. */
static void
test_half_open(void **state)
{
	char *dir = state_make();
	struct fix f;
	uint64_t g;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	opened(&f);
	fix_advance(&f, 66 * 1000);
	assert_true(brk_asks(&f, "sw1", &g));
	again(&f, dir, 1);
	assert_int_equal(brk_stat(&f, "open"), 1);
	assert_true(brk_asks(&f, "sw1", &g));
	assert_false(brk_asks(&f, "sw1", &g));
	life_done(&f, dir);
}

/* What a person said holds until the time that was said, with who and why. */
static void
test_said(void **state)
{
	static const char *const verbs[] = { "breaker.trip",
					     "breaker.disable" };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(verbs); i++) {
		char *dir = state_make(), why[128];
		struct noc_value *all;
		const struct noc_value *row;
		struct fix f;
		uint64_t g;

		life_open(&f, dir, noc_clock_read(), rules);
		assert_int_equal(brk_say(&f, verbs[i], "sw1", 60000), 0);
		again(&f, dir, 59999);
		assert_int_equal(brk_asks_why(&f, "sw1", &g, why), i == 1);
		if (i == 0)
			assert_string_equal(
			    why, "breaker FORCED_OPEN snmp@sw1: works");
		assert_int_equal(
		    fix_command(&f, "{\"verb\":\"breaker.list\"}", &all), 0);
		row = noc_value_at(all, 0);
		if (!noc_value_is_str(noc_value_get(row, "target"), "sw1"))
			row = noc_value_at(all, 1);
		assert_string_equal(noc_value_get_str(row, "actor", ""), "joe");
		noc_value_free(all);
		again(&f, dir, 1);
		assert_true(brk_asks(&f, "sw1", &g));
		assert_int_equal(fix_count(&f, "BREAKER sw1 snmp CLOSED"), 1);
		life_done(&f, dir);
	}
}

/* A person may have opened it: what cannot be read of it lets nothing through,
 * and says so, until somebody resets it. */
static void
test_unreadable(void **state)
{
	static const char *const data[] = {
		"{\"action\":",
		"[]",
		"{}",
		"{\"state\":\"OPEN\"}",
		"{\"action\":\"snmp\",\"target\":\"sw1\",\"state\":\"?\"}",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(data); i++) {
		struct noc_now now = noc_clock_read();
		char *dir = state_make(), why[128], *sql;
		struct fix f;
		uint64_t g;

		life_open(&f, dir, now, rules);
		assert_int_equal(brk_say(&f, "breaker.trip", "sw1", 60000), 0);
		f.dead = true;
		life_close(&f);
		sql = noc_asprintf("UPDATE live SET data = '%s' WHERE kind ="
				   " 'breaker'",
				   data[i]);
		state_sql(dir, sql);
		free(sql);
		life_open(&f, dir, now, rules);
		assert_int_equal(fix_said(&f, "breaker snmp@sw1"), 1);
		again(&f, dir, 1000 * 60000);
		assert_false(brk_asks_why(&f, "sw1", &g, why));
		assert_string_equal(why, "breaker FORCED_OPEN snmp@sw1: its "
					 "row cannot be read");
		assert_true(brk_asks(&f, "sw2", &g));
		assert_int_equal(brk_say(&f, "breaker.reset", "sw1", 0), 0);
		again(&f, dir, 1000);
		assert_true(brk_asks(&f, "sw1", &g));
		life_done(&f, dir);
	}
}

/* Two failures and a death and one more are three in a row, within 300 s. */
static void
test_failures_in_a_row(void **state)
{
	static const struct {
		bool answered; /* after the two */
		int64_t ms;
		bool opens;
	} cases[] = {
		{ false, 1000, true },
		{ false, 300000, true },
		{ false, 300001, false },
		{ true, 1000, false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		brk_result(&f, "sw1", false);
		brk_result(&f, "sw1", false);
		if (cases[i].answered)
			brk_result(&f, "sw1", true);
		again(&f, dir, cases[i].ms);
		assert_int_equal(brk_stat(&f, "open"), 0);
		brk_result(&f, "sw1", false);
		assert_int_equal(fix_count(&f, "BREAKER sw1 snmp OPEN"),
				 cases[i].opens);
		life_done(&f, dir);
	}
}

/* Of a host two failures in a row are two of the five, for 300 s. */
static void
test_failures_of_a_host(void **state)
{
	static const struct {
		int64_t ms, later_ms;
		bool opens;
	} cases[] = {
		{ 1000, 0, true },	 { 280000, 0, true },
		{ 200000, 70000, true }, { 200000, 120000, false },
		{ 300001, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		brk_result_of(&f, "http.get", "web", false);
		brk_result_of(&f, "http.get", "web", false);
		again(&f, dir, cases[i].ms);
		fix_advance(&f, cases[i].later_ms);
		brk_result_of(&f, "http.get", "web", false);
		brk_result_of(&f, "http.get", "web", false);
		assert_int_equal(brk_stat(&f, "open"), 0);
		brk_result_of(&f, "http.get", "web", false);
		assert_int_equal(fix_count(&f, "BREAKER web http OPEN"),
				 cases[i].opens);
		life_done(&f, dir);
	}
}

/* Few have any, so few are written; and only when they change. */
static void
test_rows_are_few(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	for (int i = 0; i < 5; i++)
		brk_result(&f, "sw1", true);
	assert_int_equal(f.puts, 0);
	brk_result(&f, "sw1", false);
	assert_int_equal(f.puts, 1); /* none of the family's */
	brk_result(&f, "sw1", true);
	brk_result(&f, "sw1", true);
	assert_int_equal(f.puts, 1);
	f.dead = true;
	life_close(&f);
	assert_int_equal(
	    state_int(dir, "SELECT count(*) FROM live WHERE kind = 'breaker'"),
	    0);
	state_remove(dir);
}

/* ---- how many ---- */

/* Beyond 10,000 the idle ones are forgotten, no others. */
static void
test_idle_ones_are_forgotten(void **state)
{
	char *dir = state_make(), name[16];
	struct fix f;
	uint64_t g;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	assert_int_equal(brk_say(&f, "breaker.trip", "forced", 0), 0);
	brk_result(&f, "failed", false);
	for (int i = 0; i < 9996; i++) { /* 9,999 with the family's own */
		snprintf(name, sizeof(name), "sw%d", i);
		assert_true(brk_asks(&f, name, &g));
	}
	fix_advance(&f, 301 * 1000);
	brk_result(&f, "busy", false); /* the 10,000th */
	assert_int_equal(brk_stat(&f, "known"), 10000);
	assert_int_equal(f.puts, 3);
	assert_true(brk_asks(&f, "one more", &g));
	/* The family's, the forced one, the busy one, and the new one. */
	assert_int_equal(brk_stat(&f, "known"), 4);
	assert_false(brk_asks(&f, "forced", &g));
	brk_result(&f, "busy", false);
	brk_result(&f, "busy", false);
	assert_int_equal(fix_count(&f, "BREAKER busy snmp OPEN"), 1);
	f.dead = true;
	life_close(&f);
	assert_int_equal(
	    state_int(dir, "SELECT count(*) FROM live WHERE kind = 'breaker'"
			   " AND key = 'snmp@failed'"),
	    0);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_said),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_failures_in_a_row),
		cmocka_unit_test(test_failures_of_a_host),
		cmocka_unit_test(test_rows_are_few),
		cmocka_unit_test(test_idle_ones_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
