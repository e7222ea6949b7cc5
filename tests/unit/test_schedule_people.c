/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/schedule_fixture.h"

#include "store/reader.h"
#include "engine/run/run.h"

/*
 * A nominal time has one run, whatever dies, is set back, or is asked for
 * again; what people ask of a schedule holds over a restart; a time that has
 * no run is an event that says why.
 */

/* What the database says, of the daemon that is closed. */
static int64_t
sql_int(const char *dir, const char *sql)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	return n;
}

static int64_t
records(const char *dir, const char *kind, const struct noc_id *run)
{
	struct noc_value *params = noc_value_map(), *list = NULL;
	char text[NOC_ID_TEXT];
	struct noc_err err;
	int64_t n;

	noc_value_set(params, "run", noc_value_str(noc_id_format(text, run)));
	noc_value_set(params, "kind", noc_value_str(kind));
	if (noc_reader_query(dir, "audit", params, &list, &err))
		fail_msg("%s", err.msg);
	n = (int64_t)noc_value_len(list);
	noc_value_free(list);
	noc_value_free(params);
	return n;
}

/* Each of n times, so far apart, has one run of "s"; and there are no others
 * of it. */
static void
one_run_each(const char *dir, int64_t first_ns, int64_t step_ns, int n)
{
	for (int i = 0; i < n; i++) {
		struct noc_id id = noc_run_of_time("s", first_ns + i * step_ns);

		if (records(dir, "RUN_START", &id) != 1)
			fail_msg("time %d of %d began %lld times", i, n,
				 (long long)records(dir, "RUN_START", &id));
	}
	assert_int_equal(
	    sql_int(dir, "SELECT count(*) FROM runs WHERE rule = 's'"), n);
}

static int
asks(struct fix *f, const char *verb, const char *more,
     struct noc_value **answer)
{
	char *json = noc_asprintf("{\"verb\":\"schedule.%s\",\"actor\":\"joe\","
				  "\"schedule\":\"s\"%s}",
				  verb, more);
	int rc = fix_command(f, json, answer);

	free(json);
	return rc;
}

static struct fix_heard
hears(struct fix *f, const char *verb, const char *more)
{
	return fix_say(f,
		       "{\"verb\":\"schedule.%s\",\"actor\":\"joe\","
		       "\"schedule\":\"s\"%s}",
		       verb, more);
}

static struct noc_value *
row_of(struct fix *f)
{
	struct noc_value *list = NULL, *row;

	assert_int_equal(
	    fix_command(f, "{\"verb\":\"schedule.list\",\"actor\":\"joe\"}",
			&list),
	    0);
	assert_int_equal(noc_value_len(list), 1);
	row = noc_value_copy(noc_value_at(list, 0));
	noc_value_free(list);
	return row;
}

/* ---- once ---- */

/* Killed at each commit, before it or after, every time has its one run, that
 * is known by its id; as well the last of 10 s that was down. */
static void
test_a_time_has_one_run_over_deaths(void **state)
{
	static const char *const rules[] = {
		"schedule \"s\" { every = \"10s\", run = log \"{nominal}\" }",
		"flow \"slow\" { sleep \"4s\" }\n"
		"schedule \"s\" { cron = \"*/10 * * * * *\","
		" run = start \"slow\" {} }",
	};

	(void)state;
	for (size_t r = 0; r < NOC_COUNT(rules); r++)
		for (uint64_t die = 1; die < 200; die++) {
			struct noc_now now = noon();
			char *dir = state_make();
			struct fix f;
			bool died;

			open_at(&f, dir, now, 1, rules[r]);
			f.die_at = f.ticket + (die + 1) / 2;
			f.die_before = die % 2;
			fix_advance(&f, 61000);
			died = f.dead;
			if (died)
				now = f.now;
			life_close(&f);
			if (died) {
				open_at(&f, dir, now, 1, rules[r]);
				fix_advance(
				    &f, (noon().boot_ns + S(61) - now.boot_ns) /
					    NOC_NS_PER_MS);
				life_close(&f);
			}
			one_run_each(dir, noon().wall_ns + S(10), S(10), 6);
			state_remove(dir);
			if (!died)
				break;
			assert_true(die < 199);
		}
}

/* Its time of day came; the clock is set back before it, by whatever. */
static void
test_a_time_of_day_does_not_come_again(void **state)
{
	static const int64_t back[] = { 600, 4 * HOURS, 24 * HOURS };
	char *at =
	    noc_asprintf("at = \"%s\"", noc_time_iso((char[32]){ 0 },
						     noon().wall_ns + S(300)));
	const char *const when[] = { "cron = \"5 12 * * *\"", at };

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(back); i++)
		for (int how = STALL; how <= DOWN; how++) {
			char *rules = noc_asprintf(
			    "schedule \"s\" { %s, run = log \"x\" }",
			    when[i % 2]);
			char *dir = state_make();
			struct fix f;

			open_at(&f, dir, noon(), 1, rules);
			fix_advance(&f, 400000);
			assert_int_equal(fix_said(&f, "log s: x"), 1);
			gap(&f, dir, how == STALL ? STEP : DOWN, -back[i / 2],
			    rules);
			fix_advance(&f, (back[i / 2] + 400) * 1000);
			if (fix_said(&f, "log s: x") !=
			    (how == STALL ? 1 : 0)) {
				fix_dump(&f);
				fail_msg("%s, %s %lld s back", rules, gaps[how],
					 (long long)back[i / 2]);
			}
			assert_int_equal(fix_said(&f, "missed"), 0);
			if (i % 2 == 0) { /* and the next day it does */
				fix_advance(&f, 24 * HOURS * 1000);
				assert_int_equal(fix_said(&f, "log s: x"),
						 how == STALL ? 2 : 1);
			}
			life_close(&f);
			state_remove(dir);
			free(rules);
		}
	free(at);
}

/* Nor when so many runs have ended since that none of its is in memory. */
static void
test_a_time_of_long_ago_does_not_come_again(void **state)
{
	static const char rules[] =
	    "schedule \"s\" { cron = \"5,15 12 * * *\", run = log \"x\" }\n"
	    "schedule \"noise\" { every = \"1s\", run = log \"y\" }";
	char *dir = state_make();
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, rules);
	f.quiet = true;
	fix_advance(&f, 5100 * 1000);
	gap(&f, dir, STEP, -5400, rules); /* five to twelve */
	fix_advance(&f, 660 * 1000);
	assert_int_equal(fix_said(&f, "log s: x"), 2);
	gap(&f, dir, DOWN, 1, rules);
	f.quiet = true;
	fix_advance(&f, 900 * 1000);
	assert_int_equal(fix_said(&f, "log s: x"), 0);
	life_close(&f);
	one_run_each(dir, noon().wall_ns + S(300), S(600), 2);
	state_remove(dir);
}

/* ---- skipped ---- */

/* Who waits keeps his own time; past a thousand nobody more waits. */
static void
test_who_waits_keeps_his_time(void **state)
{
	static const char rules[] =
	    "flow \"slow\" { sleep \"25s\" }\n"
	    "schedule \"s\" { every = \"10s\", overlap = \"buffer_all\","
	    " run = start \"slow\" {} }";
	char *dir = state_make();
	struct noc_now now;
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, rules);
	fix_advance(&f, 45000);
	now = f.now;
	life_close(&f);
	assert_int_equal(sql_int(dir, "SELECT json_array_length(data,"
				      " '$.pending') FROM live WHERE key ="
				      " 'schedule/s'"),
			 2);
	open_at(&f, dir, now, 1, rules);
	fix_advance(&f, 3000); /* 40 s comes after 20 and 30 */
	assert_int_equal(fix_runs(&f), 1);
	asks(&f, "pause", ",\"why\":\"enough\"", NULL);
	fix_advance(&f, 100000);
	assert_int_equal(fix_runs(&f), 0); /* nor who waits */
	assert_int_equal(fix_figure(&f, "schedules_waiting"), 2);
	asks(&f, "resume", "", NULL);
	/* 30 s and 40 s; those of after it wait behind. */
	fix_advance(&f, 45000);
	life_close(&f);
	one_run_each(dir, noon().wall_ns + S(10), S(10), 4);
	state_remove(dir);
}

static void
test_a_thousand_wait(void **state)
{
	static const char rules[] =
	    "flow \"slow\" { timeout = \"30h\", sleep \"20h\" }\n"
	    "schedule \"s\" { every = \"1s\", overlap = \"buffer_all\","
	    " run = start \"slow\" {} }";
	char *dir = state_make();
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, rules);
	f.quiet = true;
	fix_advance(&f, 1003500);
	assert_int_equal(fix_figure(&f, "schedules_waiting"), 1000);
	assert_int_equal(fix_figure(&f, "schedules_skipped"), 2);
	assert_int_equal(fix_said(&f, "notify noc: schedule s skipped: 1000 "
				      "times wait for the run before already"),
			 2);
	assert_string_equal(
	    hears(&f, "backfill",
		  ",\"from\":\"2001-01-01T00:00:01\","
		  "\"to\":\"2001-01-01T00:00:02\"")
		.message,
	    "1000 times of schedule 's' wait already, and there are 2 more: "
	    "at most 1000 wait.");
	life_close(&f);
	state_remove(dir);
}

/* Its flow does not let it: an event says so, and why. */
static void
test_a_run_that_is_refused(void **state)
{
	static const char rules[] =
	    "schedule \"s\" { every = \"10s\", overlap = \"allow\","
	    " run = flow { dedup = \"one\", on_running = \"reject\","
	    " sleep \"25s\" },"
	    " on_missed = log \"{task} {reason} {count} {nominal}: {why}\" }";
	char *dir = state_make();
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, rules);
	fix_advance(&f, 21000);
	assert_int_equal(fix_said(&f, "log s: s refused 1 "), 1);
	assert_int_equal(fix_said(&f, ": 's' was not started: run "), 2);
	assert_int_equal(counted(&f, "schedules_started"), 1);
	assert_int_equal(counted(&f, "schedules_skipped"), 1);
	assert_true(hears(&f, "trigger", "").kind != 0);
	life_close(&f);
	assert_int_equal(sql_int(dir, "SELECT count(*) FROM events WHERE kind ="
				      " 'schedule.skipped'"),
			 1);
	state_remove(dir);
}

/* Rows of before say how many wait, and not for which times. */
static void
test_rows_of_before(void **state)
{
	static const char rules[] =
	    "flow \"slow\" { sleep \"5s\" }\n"
	    "schedule \"s\" { cron = \"0 3 * * *\", overlap = \"buffer_all\","
	    " run = start \"slow\" {} }";
	char *dir = state_make();
	struct noc_now now = noon();
	struct fix f;

	(void)state;
	open_at(&f, dir, now, 1, rules);
	life_close(&f);
	state_sql(dir, "UPDATE live SET data = json_set(data, '$.pending', 2)"
		       " WHERE key = 'schedule/s'");
	open_at(&f, dir, now, 1, rules);
	fix_advance(&f, 20000);
	assert_int_equal(counted(&f, "schedules_started"), 2);
	assert_int_equal(counted(&f, "schedules_skipped"), 0);
	life_close(&f);
	state_remove(dir);
}

/* ---- paused ---- */

#define TENS "schedule \"s\" { every = \"10s\", run = log \"x\" }"

static void
test_paused(void **state)
{
	char *dir = state_make();
	struct fix_heard said;
	struct noc_value *row, *answer = NULL;
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, TENS);
	fix_advance(&f, 15000);
	said = hears(&f, "pause", "");
	assert_int_equal(said.kind, NOC_EINPUT); /* why? */
	assert_string_equal(hears(&f, "resume", "").message,
			    "Schedule 's' is not paused.");
	assert_int_equal(asks(&f, "pause", ",\"why\":\"works\"", NULL), 0);
	assert_string_equal(hears(&f, "pause", ",\"why\":\"x\"").message,
			    "Schedule 's' is paused already, by joe: works.");
	fix_advance(&f, 30000);
	gap(&f, dir, DOWN, 30, TENS);
	fix_advance(&f, 30000);
	assert_int_equal(fix_said(&f, "log s: x"), 0);
	assert_int_equal(fix_figure(&f, "schedules_paused"), 1);
	row = row_of(&f);
	assert_true(noc_value_get_bool(row, "paused", false));
	assert_true(noc_value_is_str(noc_value_get(row, "why"), "works"));
	assert_true(noc_value_is_str(noc_value_get(row, "by"), "joe"));
	assert_null(noc_value_get(row, "next"));
	noc_value_free(row);
	/* A person still may. */
	assert_int_equal(asks(&f, "trigger", "", NULL), 0);
	assert_int_equal(fix_said(&f, "log s: x"), 1);

	assert_int_equal(asks(&f, "resume", "", &answer), 0);
	assert_int_equal(noc_value_get_int(answer, "skipped", -1), 9);
	assert_non_null(noc_value_get(answer, "next"));
	noc_value_free(answer);
	fix_advance(&f, 20000);
	assert_int_equal(fix_said(&f, "log s: x"), 3);
	assert_int_equal(fix_said(&f, "notify"), 0); /* whoever did it knows */
	assert_int_equal(counted(&f, "schedules_skipped"), 9);
	assert_int_equal(counted(&f, "schedules_missed"), 0);
	life_close(&f);
	assert_int_equal(sql_int(dir, "SELECT count(*) FROM events WHERE kind ="
				      " 'schedule.skipped'"),
			 1);
	state_remove(dir);
}

/* The rules say it, and then do not any more. */
static void
test_paused_in_the_rules(void **state)
{
	static const char paused[] =
	    "schedule \"s\" { every = \"10s\", paused = true, run = log \"x\" }";
	char *dir = state_make();
	struct noc_value *row;
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, TENS);
	fix_advance(&f, 15000);
	fix_rules(&f, paused);
	fix_advance(&f, 30000);
	gap(&f, dir, DOWN, 30, paused);
	row = row_of(&f);
	assert_true(noc_value_is_str(noc_value_get(row, "by"), "rules"));
	noc_value_free(row);
	assert_non_null(strstr(hears(&f, "resume", "").message,
			       "is paused in the rules ("));
	assert_int_equal(fix_said(&f, "log s: x"), 0);
	fix_rules(&f, TENS);
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "log s: x"), 1);
	assert_int_equal(counted(&f, "schedules_skipped"), 6);
	assert_int_equal(fix_said(&f, "notify"), 0);

	/* What a person paused the rules do not let go. */
	assert_int_equal(asks(&f, "pause", ",\"why\":\"works\"", NULL), 0);
	fix_rules(&f, paused);
	fix_rules(&f, TENS);
	fix_advance(&f, 10000);
	assert_int_equal(fix_said(&f, "log s: x"), 1);
	life_close(&f);
	state_remove(dir);
}

/* ---- backfill ---- */

#define HOURLY(overlap)                                                     \
	"flow \"slow\" { sleep \"5s\" }\n"                                  \
	"schedule \"s\" { cron = \"0 * * * *\", overlap = \"" overlap "\"," \
	" run = start \"slow\" {} }"

/* from and to of the times in the hours before noon. */
static char *
span(int64_t from_h, int64_t to_h, const char *more)
{
	char from[32], to[32];

	noc_time_iso(from, noon().wall_ns + S(from_h * HOURS));
	noc_time_iso(to, noon().wall_ns + S(to_h * HOURS));
	return noc_asprintf(",\"from\":\"%s\",\"to\":\"%s\"%s", from, to, more);
}

/* How many rows of the answer say so. */
static int
fills(struct fix *f, const char *more, const char *says)
{
	struct noc_value *answer = NULL;
	const struct noc_value *times;
	int n = 0;

	assert_int_equal(asks(f, "backfill", more, &answer), 0);
	times = noc_value_get(answer, "times");
	for (size_t i = 0; i < noc_value_len(times); i++)
		n += noc_value_is_str(
		    noc_value_get(noc_value_at(times, i), "state"), says);
	noc_value_free(answer);
	return n;
}

/* Killed at each commit: each time of the span has one run. */
static void
test_backfill_over_deaths(void **state)
{
	char *five = span(-6, -2, ""), *dry = span(-6, -2, ",\"dry_run\":true");

	(void)state;
	for (uint64_t die = 0; die < 100; die++) {
		char *dir = state_make(), *command;
		struct fix f;
		bool died;

		open_at(&f, dir, noon(), 1, HOURLY("skip"));
		fix_advance(&f, 1000);
		assert_int_equal(fills(&f, dry, "run"), 5);
		assert_int_equal(fix_runs(&f), 0);
		f.die_at = die ? f.ticket + (die + 1) / 2 : 0;
		f.die_before = die % 2;
		if (die == 1) { /* it was never said */
			life_close(&f);
			state_remove(dir);
			continue;
		}
		command = noc_asprintf("{\"verb\":\"schedule.backfill\","
				       "\"actor\":\"joe\","
				       "\"schedule\":\"s\"%s}",
				       five);
		fix_command_later(&f, command);
		free(command);
		fix_pump(&f);
		if (!f.dead)
			assert_int_equal(fix_runs(&f), 1); /* after another */
		fix_advance(&f, 60000);
		died = f.dead;
		f.die_at = 0;
		if (died) {
			struct noc_now now = f.now;

			life_close(&f);
			open_at(&f, dir, now, 1, HOURLY("skip"));
			fix_advance(&f, 60000);
		}
		/* Nobody doubles them, also not of another life. */
		assert_int_equal(fills(&f, five, "Succeeded"), 5);
		gap(&f, dir, DOWN, 1, HOURLY("skip"));
		assert_int_equal(fills(&f, five, "Succeeded"), 5);
		assert_int_equal(fills(&f, five, "run"), 0);
		life_close(&f);
		one_run_each(dir, noon().wall_ns - S(6 * HOURS), S(HOURS), 5);
		state_remove(dir);
		if (die && !died)
			break;
		assert_true(die < 99);
	}
	free(dry);
	free(five);
}

/* Side by side where the schedule may; what it did itself is left. */
static void
test_backfill_beside_its_own(void **state)
{
	char *dir = state_make(), *more;
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, HOURLY("allow"));
	fix_advance(&f, (HOURS + 60) * 1000);
	assert_int_equal(counted(&f, "schedules_started"), 1);
	more = span(-2, 1, "");
	assert_int_equal(fills(&f, more, "run"), 3);
	assert_int_equal(fix_runs(&f), 3);
	assert_int_equal(counted(&f, "schedules_filled"), 3);
	assert_int_equal(fills(&f, more, "Running"), 0);
	free(more);
	fix_advance(&f, 60000);
	life_close(&f);
	one_run_each(dir, noon().wall_ns - S(2 * HOURS), S(HOURS), 4);
	state_remove(dir);
}

/* What has come and is spread has its run to come. */
static void
test_backfill_leaves_what_is_to_come(void **state)
{
	static const char rules[] =
	    "schedule \"s\" { every = \"1h\", jitter = \"30m\","
	    " run = log \"x\" }";
	char *dir = state_make(), *more = span(-1, 1, "");
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, rules);
	fix_advance(&f, HOURS * 1000 + 10);
	assert_int_equal(fix_said(&f, "log s: x"), 0);
	assert_int_equal(fills(&f, more, "run"), 2);
	fix_advance(&f, HOURS / 2 * 1000);
	assert_int_equal(fix_said(&f, "log s: x"), 3);
	life_close(&f);
	one_run_each(dir, noon().wall_ns - S(HOURS), S(HOURS), 3);
	state_remove(dir);
	free(more);
}

static void
test_backfill_refused(void **state)
{
	static const struct {
		const char *more, *says;
	} rows[] = {
		{ "", "schedule.backfill needs the first time: --from "
		      "2026-11-01." },
		{ ",\"from\":\"yesterday\"",
		  "'yesterday' is not an ISO 8601 time such as "
		  "2026-03-28T00:00:00+01:00." },
		{ ",\"from\":\"2001-02-29\"",
		  "'2001-02-29' is not an ISO 8601 time such as "
		  "2026-03-28T00:00:00+01:00." },
		{ ",\"from\":\"2001-01-02\",\"to\":\"2001-01-01\"",
		  "'from' (2001-01-02) is after 'to' (2001-01-01); were they "
		  "meant the other way round?" },
		{ ",\"from\":\"2001-01-01\",\"to\":\"2201-01-01\"",
		  "'to' is yet to come (2201-01-01): the times from now on run "
		  "by themselves." },
		{ ",\"from\":\"9001-01-01\"",
		  "'9001-01-01' is not of the years 1678 to 2261." },
		{ ",\"from\":\"2001-01-01\",\"to\":\"2002-01-01\"",
		  "Those are more than 1000 times of schedule 's': take a "
		  "shorter span." },
	};
	char *dir = state_make();
	struct fix f;

	(void)state;
	open_at(&f, dir, noon(), 1, HOURLY("skip"));
	for (size_t i = 0; i < NOC_COUNT(rows); i++)
		assert_string_equal(hears(&f, "backfill", rows[i].more).message,
				    rows[i].says);
	assert_string_equal(
	    fix_say(&f, "{\"verb\":\"schedule.pause\",\"actor\":\"joe\","
			"\"why\":\"w\",\"schedule\":\"S\"}")
		.message,
	    "There is no schedule 'S'; did you mean 's'?");
	/* Of a day and an hour of its zone; none in a minute. */
	assert_int_equal(fills(&f,
			       ",\"from\":\"2001-01-01\","
			       "\"to\":\"2001-01-01 02:30\"",
			       "run"),
			 3);
	assert_int_equal(fills(&f,
			       ",\"from\":\"2001-01-01T00:01:00\","
			       "\"to\":\"2001-01-01T00:02:00Z\"",
			       "run"),
			 0);
	asks(&f, "pause", ",\"why\":\"works\"", NULL);
	assert_string_equal(
	    hears(&f, "backfill", ",\"from\":\"2001-01-02\"").message,
	    "Those are more than 1000 times of schedule 's': take a shorter "
	    "span.");
	assert_string_equal(hears(&f, "backfill",
				  ",\"from\":\"2001-01-02\","
				  "\"to\":\"2001-01-02\"")
				.message,
			    "Schedule 's' is paused (works): nothing of it "
			    "would run; resume it first.");
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_time_has_one_run_over_deaths),
		cmocka_unit_test(test_a_time_of_day_does_not_come_again),
		cmocka_unit_test(test_a_time_of_long_ago_does_not_come_again),
		cmocka_unit_test(test_who_waits_keeps_his_time),
		cmocka_unit_test(test_a_thousand_wait),
		cmocka_unit_test(test_a_run_that_is_refused),
		cmocka_unit_test(test_rows_of_before),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_paused_in_the_rules),
		cmocka_unit_test(test_backfill_over_deaths),
		cmocka_unit_test(test_backfill_beside_its_own),
		cmocka_unit_test(test_backfill_leaves_what_is_to_come),
		cmocka_unit_test(test_backfill_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
