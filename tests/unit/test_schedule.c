/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/schedule_fixture.h"

#include "engine/rule/calendar.h"

/*
 * A schedule: what is due is caught up with in one way, while it lives and
 * after a start; what is missed is told once, with its number; a run, its id
 * and who waits for it are one commit.
 */
/* ---- policies ---- */

/*
 * every = "5s" (or cron of as much), 60 s of quiet, then nothing for this
 * long: runs, notices, and how many times they say were missed.
 */
static const struct miss {
	const char *misfire;
	int64_t gap_s, runs, notices, missed;
} misses[] = {
	/* within 10 min, one run: the beginning of it is missed */
	{ "", 12, 1, 0, 0 },
	{ "", 3 * HOURS, 1, 1, 2040 },
	{ "", 48 * HOURS, 1, 1, 34440 },
	{ "misfire = { within = \"30s\" },", 60, 1, 1, 6 },
	{ "misfire = { run = \"skip\" },", 12, 1, 1, 1 },
	{ "misfire = { run = \"skip\" },", 3 * HOURS, 1, 1, 2159 },
	{ "misfire = { run = \"all\" },", 60, 12, 0, 0 },
	{ "misfire = { run = \"all\", within = \"30s\" },", 60, 6, 1, 6 },
	/* 100 at once at most */
	{ "misfire = { run = \"all\" },", 3 * HOURS, 100, 1, 2060 },
};

static void
one_miss(const struct miss *m, const char *when, bool interval, enum gap how)
{
	char *rules = noc_asprintf("schedule \"s\" { %s, %s run = log \"x\" }",
				   when, m->misfire);
	char *dir = state_make(), want[80];
	int64_t runs, before = 0, at_least = 10000;
	int64_t missed = m->missed;
	bool more = !interval && m->missed > at_least;
	struct fix f;

	open_at(&f, dir, noon(), 1, rules);
	fix_advance(&f, 61000);
	assert_int_equal(fix_said(&f, "log s: x"), 12);
	assert_int_equal(fix_said(&f, "notify noc:"), 0);
	if (how == STALL || how == STEP)
		before = 12;
	gap(&f, dir, how, m->gap_s, rules);
	runs = (int64_t)fix_said(&f, "log s: x") - before;
	if (how == STEP && interval) { /* to an interval nothing happened */
		assert_int_equal(runs, 0);
		assert_int_equal(fix_said(&f, "missed"), 0);
		goto out;
	}
	if (more)
		missed = at_least;
	if (runs != m->runs ||
	    (int64_t)fix_said(&f, "notify noc: schedule") != m->notices ||
	    counted(&f, "schedules_missed") != missed) {
		fix_dump(&f);
		fail_msg("%s, %s, %s of %lld s: %lld runs, %zu notices, %lld "
			 "missed; expected %lld, %lld, %lld",
			 when, m->misfire, gaps[how], (long long)m->gap_s,
			 (long long)runs, fix_said(&f, "notify noc: schedule"),
			 (long long)counted(&f, "schedules_missed"),
			 (long long)m->runs, (long long)m->notices,
			 (long long)missed);
	}
	snprintf(want, sizeof(want),
		 "notify noc: schedule s missed %s%lld time",
		 more ? "more than " : "", (long long)missed);
	assert_int_equal(fix_said(&f, want), m->notices);
out:
	/* And in time from then on. */
	before = (int64_t)fix_said(&f, "log s: x");
	fix_advance(&f, 50000);
	assert_int_equal(fix_said(&f, "log s: x"), before + 10);
	assert_int_equal(fix_said(&f, "notify noc: schedule"),
			 how == STEP && interval ? 0 : m->notices);
	life_close(&f);
	state_remove(dir);
	free(rules);
}

static void
test_missed_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(misses); i++)
		for (int how = STALL; how <= STEP; how++) {
			one_miss(&misses[i], "every = \"5s\"", true,
				 (enum gap)how);
			one_miss(&misses[i], "cron = \"*/5 * * * * *\"", false,
				 (enum gap)how);
		}
}

/* The clock is set back: an interval goes on, a calendar's times come again. */
static void
test_the_clock_is_set_back(void **state)
{
	static const char *const when[] = { "every = \"5s\"",
					    "cron = \"*/5 * * * * *\"" };
	static const int64_t back[] = { 85, HOURS, 24 * HOURS };

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(back); i++)
		for (int how = STALL; how <= DOWN; how++) {
			char *rules = noc_asprintf(
			    "schedule \"s\" { %s, run = log \"x\" }",
			    when[i % 2]);
			char *dir = state_make();
			struct fix f;
			size_t before;

			open_at(&f, dir, noon(), 1, rules);
			fix_advance(&f, 61000);
			gap(&f, dir, how == STALL ? STEP : DOWN, -back[i / 2],
			    rules);
			before = fix_said(&f, "log s: x");
			fix_advance(&f, 50000);
			assert_int_equal(fix_said(&f, "log s: x"), before + 10);
			assert_int_equal(fix_said(&f, "missed"), 0);
			life_close(&f);
			state_remove(dir);
			free(rules);
		}
}

/* A clock that is wrong at the start, and then set right, doubles nothing. */
static void
test_behind_and_set_right(void **state)
{
	static const char rules[] =
	    "schedule \"s\" { cron = \"0 4 * * *\", run = log \"x\" }";
	struct noc_now now = noon();
	char *dir = state_make();
	struct fix f;

	(void)state;
	now.wall_ns -= S(8 * HOURS) + S(60);
	open_at(&f, dir, now, 1, rules);
	fix_advance(&f, 120000);
	assert_int_equal(fix_said(&f, "log s: x"), 1);
	gap(&f, dir, REBOOT, -20 * 365 * 24 * HOURS, rules);
	fix_advance(&f, 60000);
	gap(&f, dir, STEP, 20 * 365 * 24 * HOURS, rules);
	fix_advance(&f, 60000);
	assert_int_equal(fix_said(&f, "log s: x"), 0);
	assert_int_equal(fix_said(&f, "missed"), 0);
	fix_advance(&f, 24 * HOURS * 1000);
	assert_int_equal(fix_said(&f, "log s: x"), 1);
	life_close(&f);
	state_remove(dir);
}

/* ---- jitter ---- */

/* Within its jitter a time is due, not missed, whoever looks meanwhile. */
static void
test_a_look_within_the_jitter(void **state)
{
	static const char *const policies[] = { "once", "skip", "all" };

	(void)state;
	for (size_t i = 0; i < 3 * NOC_COUNT(policies); i++) {
		char *rules = noc_asprintf(
		    "schedule \"s\" { every = \"1h\", jitter = \"30m\","
		    " misfire = { run = \"%s\", within = \"1m\" },"
		    " run = log \"x\" }",
		    policies[i / 3]);
		char *dir = state_make();
		struct fix f;

		open_at(&f, dir, noon(), 1, rules);
		fix_advance(&f, HOURS * 1000 + 10);
		assert_int_equal(fix_said(&f, "log s: x"), 0);
		if (i % 3 == 0)
			fix_rules(&f, rules);
		else
			gap(&f, dir, i % 3 == 1 ? DOWN : STALL, 1, rules);
		assert_int_equal(fix_said(&f, "log s: x"), 0);
		fix_advance(&f, HOURS / 2 * 1000);
		assert_int_equal(fix_said(&f, "log s: x"), 1);
		assert_int_equal(fix_said(&f, "missed"), 0);
		life_close(&f);
		state_remove(dir);
		free(rules);
	}
}

/* ---- overlap ---- */

#define SLOW(overlap)                                                        \
	"flow \"slow\" { sleep \"25s\", log \"done\" }\n"                    \
	"schedule \"s\" { every = \"10s\", overlap = \"" overlap "\", run =" \
	" start \"slow\" {} }"

/* Of times at 10 s to 60 s, with a run of 25 s: begun by 61 s, under way. */
static const struct lap {
	const char *overlap, *rules;
	int64_t started, running, skipped;
} laps[] = {
	{ "skip", SLOW("skip"), 2, 1, 4 },
	{ "allow", SLOW("allow"), 6, 3, 0 },
	{ "cancel_other", SLOW("cancel_other"), 6, 1, 0 },
	{ "buffer_one", SLOW("buffer_one"), 3, 1, 2 },
	{ "buffer_all", SLOW("buffer_all"), 3, 1, 0 },
};

/* As well when it dies at each commit, before or after it. */
static void
test_overlap_over_deaths(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(laps); i++)
		for (uint64_t die = 0; die < 60; die++) {
			const struct lap *l = &laps[i];
			char *dir = state_make();
			struct fix f;
			bool died;

			open_at(&f, dir, noon(), 1, l->rules);
			f.die_at = die ? f.ticket + (die + 1) / 2 : 0;
			f.die_before = die % 2;
			fix_advance(&f, 61000);
			died = f.dead;
			if (died) {
				struct noc_now now = f.now;
				int64_t left = noon().boot_ns + S(61);

				life_close(&f);
				open_at(&f, dir, now, 1, l->rules);
				fix_advance(
				    &f, (left - now.boot_ns) / NOC_NS_PER_MS);
			}
			if (!died)
				assert_int_equal(
				    counted(&f, "schedules_skipped"),
				    l->skipped);
			if (!died)
				assert_int_equal(
				    counted(&f, "schedules_started"),
				    l->started);
			if (fix_runs(&f) != l->running) {
				fix_dump(&f);
				fail_msg("%s, dead at %llu: %lld run",
					 l->overlap, (unsigned long long)die,
					 (long long)fix_runs(&f));
			}
			life_close(&f);
			state_remove(dir);
			if (die && !died)
				break;
		}
}

/* Many at once that all overlap: one notice. */
static void
test_skips_are_told_together(void **state)
{
	static const char rules[] =
	    "flow \"slow\" { sleep \"25s\" }\n"
	    "schedule \"s\" { every = \"5s\", misfire = { run = \"all\" },"
	    " run = start \"slow\" {} }";
	char *dir = state_make();
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, rules);
	fix_advance(&f, 1000);
	gap(&f, dir, DOWN, 60, rules);
	assert_int_equal(fix_said(&f, "notify noc:"), 1);
	assert_int_equal(
	    fix_said(&f, "notify noc: schedule s skipped 11 times: "), 1);
	assert_int_equal(counted(&f, "schedules_skipped"), 11);
	life_close(&f);
	state_remove(dir);
}

/* What a person started is the run before, as well after a restart. */
static void
test_a_triggered_run_is_not_forgotten(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, SLOW("skip"));
	fix_advance(&f, 1000);
	assert_int_equal(fix_command(&f,
				     "{\"verb\":\"schedule.trigger\","
				     "\"schedule\":\"s\",\"actor\":\"joe\"}",
				     NULL),
			 0);
	gap(&f, dir, DOWN, 1, SLOW("skip"));
	fix_advance(&f, 9000);
	assert_int_equal(fix_runs(&f), 1);
	assert_int_equal(counted(&f, "schedules_skipped"), 1);
	life_close(&f);
	state_remove(dir);
}

/* ---- a run that failed ---- */

/* It is told once, also when it fails as it is resumed. */
static void
test_a_run_that_fails_is_told(void **state)
{
	static const char rules[] =
	    "flow \"f\" { timeout = \"20s\", sleep \"1h\" }\n"
	    "schedule \"s\" { cron = \"1 12 * * *\", run = start \"f\" {} }";
	static const char told[] = "notify noc: schedule s: its run failed";

	(void)state;
	for (int how = STALL; how <= REBOOT; how++) {
		char *dir = state_make();
		struct fix f;

		open_at(&f, dir, noon(), 1, rules);
		fix_advance(&f, 65000);
		assert_int_equal(fix_runs(&f), 1);
		gap(&f, dir, (enum gap)how, 30, rules);
		fix_advance(&f, 3000);
		assert_int_equal(fix_said(&f, told), 1);
		gap(&f, dir, DOWN, 1, rules);
		fix_advance(&f, 3000);
		assert_int_equal(fix_said(&f, told), 0);
		life_close(&f);
		state_remove(dir);
	}
}

/* Killed when it had failed and nobody had looked yet, or just after. */
static void
test_a_failure_before_a_death_is_told(void **state)
{
	static const char rules[] =
	    "flow \"f\" { timeout = \"20500ms\", sleep \"1h\" }\n"
	    "schedule \"s\" { cron = \"1 12 * * *\", run = start \"f\" {} }";
	static const char told[] = "notify noc: schedule s: its run failed";
	bool before = false;

	(void)state;
	for (int ms = 0; ms <= 1200; ms += 200) {
		char *dir = state_make();
		struct noc_now now;
		struct fix f;
		size_t n;

		open_at(&f, dir, noon(), 1, rules);
		fix_advance(&f, 80000);
		while (fix_runs(&f))
			fix_advance(&f, 1);
		fix_advance(&f, ms);
		n = fix_said(&f, told);
		before |= n == 0;
		f.dead = true;
		now = f.now;
		life_close(&f);
		open_at(&f, dir, now, 1, rules);
		fix_advance(&f, 3000);
		assert_int_equal(n + fix_said(&f, told), 1);
		life_close(&f);
		state_remove(dir);
	}
	assert_true(before);
}

/* ---- rows ---- */

static void
test_damaged_rows(void **state)
{
	static const char rules[] =
	    "schedule \"s\" { every = \"5s\", jitter = \"2s\", run = log \"x\""
	    " }\nschedule \"c\" { cron = \"0 4 * * *\", run = log \"y\" }";
	static const char *const rows[] = {
		"-9223372036854775808",
		"9223372036854775807",
		"-1",
		"'x'",
		"NULL",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		char *dir = state_make(), *sql;
		struct noc_now now;
		struct fix f;
		size_t before;

		open_at(&f, dir, noon(), 1, rules);
		fix_advance(&f, 1000);
		now = f.now;
		life_close(&f);
		sql = noc_asprintf("UPDATE live SET data = json_set(data, "
				   "'$.last', %s) WHERE kind = 'task'",
				   rows[i]);
		state_sql(dir, sql);
		free(sql);
		open_at(&f, dir, now, 1, rules);
		before = fix_said(&f, "log s: x");
		assert_in_range(before, 0, 1);
		fix_advance(&f, 60000);
		assert_in_range(fix_said(&f, "log s: x"), before + 11,
				before + 13);
		life_close(&f);
		state_remove(dir);
	}
}

/* What was pending, paused or again and cannot be read is as if it were not
 * there; whole numbers are times. */
static void
test_damaged_parts_of_rows(void **state)
{
	static const char rules[] =
	    "schedule \"s\" { every = \"5s\", overlap = \"buffer_all\","
	    " run = log \"x\" }";
	static const struct {
		const char *part, *value;
		size_t more;
	} rows[] = {
		{ "pending", "-1", 0 },
		{ "pending", "'x'", 0 },
		{ "pending", "json('[\"x\",null,[1]]')", 0 },
		{ "pending", "json('[9223372036854775807,-7]')", 2 },
		{ "paused", "7", 0 },
		{ "again", "'x'", 0 },
		{ "again", "9223372036854775807", 0 },
		{ "again", "-9223372036854775808", 0 },
		{ "run", "7", 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		char *dir = state_make(), *sql;
		struct noc_now now;
		struct fix f;

		open_at(&f, dir, noon(), 1, rules);
		fix_advance(&f, 1000);
		now = f.now;
		life_close(&f);
		sql = noc_asprintf("UPDATE live SET data = json_set(data, "
				   "'$.%s', %s) WHERE kind = 'task'",
				   rows[i].part, rows[i].value);
		state_sql(dir, sql);
		free(sql);
		open_at(&f, dir, now, 1, rules);
		fix_advance(&f, 60000);
		if (fix_said(&f, "log s: x") != 12 + rows[i].more)
			fail_msg("%s %s: %zu runs", rows[i].part, rows[i].value,
				 fix_said(&f, "log s: x"));
		life_close(&f);
		state_remove(dir);
	}
}

/* ---- calendars ---- */

static void
test_calendars(void **state)
{
	static const struct {
		const char *opts;
		int64_t after_s, upto_s, last_s, count;
		bool more;
	} cases[] = {
		{ "{\"every\":\"5s\"}", 0, 4, 0, 0, false },
		{ "{\"every\":\"5s\"}", 0, 5, 5, 1, false },
		{ "{\"every\":\"5s\"}", 5, 9, 0, 0, false },
		{ "{\"every\":\"5s\"}", 3, 500000007, 500000005, 100000001,
		  false },
		{ "{\"cron\":\"*/5 * * * * *\"}", 0, 4, 0, 0, false },
		{ "{\"cron\":\"*/5 * * * * *\"}", 0, 5, 5, 1, false },
		{ "{\"cron\":\"*/5 * * * * *\"}", 3, 50000, 50000, 10000,
		  false },
		{ "{\"cron\":\"*/5 * * * * *\"}", 3, 50005, 50005, 10000,
		  true },
		{ "{\"cron\":\"@every 5s\"}", 3, 500000007, 500000005,
		  100000001, false },
		{ "{\"cron\":\"0 0 1 1 *\"}", 0, 40000000, 31536000, 1, false },
		{ "{\"at\":\"1970-01-01T00:01:00Z\"}", 0, 59, 0, 0, false },
		{ "{\"at\":\"1970-01-01T00:01:00Z\"}", 0, 70, 60, 1, false },
		{ "{\"at\":\"1970-01-01T00:01:00Z\"}", 60, 70, 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_calendar *c;
		struct noc_value *opts;
		struct noc_err err;
		bool more = false;

		assert_int_equal(noc_json_parse(cases[i].opts,
						strlen(cases[i].opts), &opts,
						&err),
				 0);
		assert_int_equal(noc_calendar_new(opts, &c, &err), 0);
		assert_int_equal(noc_calendar_last(c, S(cases[i].after_s),
						   S(cases[i].upto_s)),
				 S(cases[i].last_s));
		assert_int_equal(noc_calendar_count(c, S(cases[i].after_s),
						    S(cases[i].upto_s), &more),
				 cases[i].count);
		assert_int_equal(more, cases[i].more);
		noc_calendar_free(c);
		noc_value_free(opts);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missed_times),
		cmocka_unit_test(test_the_clock_is_set_back),
		cmocka_unit_test(test_behind_and_set_right),
		cmocka_unit_test(test_a_look_within_the_jitter),
		cmocka_unit_test(test_overlap_over_deaths),
		cmocka_unit_test(test_skips_are_told_together),
		cmocka_unit_test(test_a_triggered_run_is_not_forgotten),
		cmocka_unit_test(test_a_run_that_fails_is_told),
		cmocka_unit_test(test_a_failure_before_a_death_is_told),
		cmocka_unit_test(test_damaged_rows),
		cmocka_unit_test(test_damaged_parts_of_rows),
		cmocka_unit_test(test_calendars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
