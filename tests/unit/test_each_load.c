/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/due.h"
#include "tests/unit/life_fixture.h"

/* What many items cost, and what a death of the daemon means to them. */

/* flow "f" { each "e" { over = { "d0", ... }, as = "d", MORE } }; returned */
static char *
fan(unsigned n, const char *more)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_strbuf_adds(&sb, "flow \"f\" { each \"e\" { over = {");
	for (unsigned i = 0; i < n; i++)
		noc_strbuf_addf(&sb, " \"d%u\",", i);
	noc_strbuf_addf(&sb, " }, as = \"d\", %s } }\n", more);
	return noc_strbuf_detach(&sb, NULL);
}

#define READ                                                                \
	"step \"look\" { snmp.get { a = \"sysName.0\" }, target = \"{d}\"," \
	" retry = { initial = \"1s\", jitter = false } }"

static void
answer_all(struct fix *f)
{
	while (f->ncalls)
		fix_answer(f, "snmp.get", "{\"a\":\"x\"}");
}

/* At its start, at a change of its phase, at its end; not with each item. */
static void
test_the_row_of_the_run_is_not_written_with_each_item(void **state)
{
	char *rules = fan(60, "limit = 5, " READ);
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	fix_start_flow(&f, "f");
	answer_all(&f);
	assert_int_equal(fix_runs(&f), 0);
	assert_int_equal(fix_count(&f, "STEP_DONE e[d59]/look"), 1);
	assert_in_range(f.runs, 1, 3);
	fix_close(&f);
	free(rules);
}

/* Nor does one that is tried again change it. */
static void
test_a_retry_is_in_the_row_of_its_step(void **state)
{
	char *rules = fan(40, "limit = 40, " READ);
	struct fix f = { 0 };
	unsigned before;

	(void)state;
	fix_open(&f, rules);
	fix_start_flow(&f, "f");
	fix_refuse(&f, "snmp.get", "transient", 0);
	before = f.runs;
	for (int i = 1; i < 40; i++)
		fix_refuse(&f, "snmp.get", "transient", 0);
	assert_int_equal(fix_count(&f, "retry in"), 40);
	assert_in_range(f.runs - before, 0, 1);
	fix_close(&f);
	free(rules);
}

static void
no_breaker(struct fix *f)
{
	assert_int_equal(fix_command(f,
				     "{\"verb\":\"breaker.disable\","
				     "\"action\":\"snmp\",\"target\":\"*\","
				     "\"why\":\"w\"}",
				     NULL),
			 0);
}

/* Sixty items may each be tried again, and again. */
static void
test_retries_are_by_the_items(void **state)
{
	char *rules = fan(60, "limit = 60, " READ);
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	no_breaker(&f);
	fix_start_flow(&f, "f");
	for (int i = 0; i < 60; i++)
		fix_refuse(&f, "snmp.get", "transient", 0);
	assert_int_equal(fix_count(&f, "retry in"), 60);
	fix_advance(&f, 1000);
	answer_all(&f);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	fix_close(&f);
	free(rules);
}

/* Others have their turn of the loop before the rest. */
static void
test_items_that_wait_for_nothing_are_not_one_turn(void **state)
{
	char *rules = fan(600, "limit = 5, step \"a\" { log \"{d}\" }");
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	fix_start_flow(&f, "f");
	noc_due_tick(f.core, f.now);
	fix_pump(&f);
	assert_in_range(fix_count(&f, "]/a "), 1, 256);
	fix_advance(&f, 1);
	assert_int_equal(fix_count(&f, "]/a "), 600);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	fix_close(&f);
	free(rules);
}

/* However many were out. */
static void
test_a_death_counts_once(void **state)
{
	char *rules = fan(20, "limit = 10, " READ);
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	fix_start_flow(&f, "f");
	for (int death = 0; death < 4; death++) {
		fix_advance(&f, 1);
		assert_non_null(fix_call(&f, "snmp.get"));
		life_dies(&f, dir, rules);
	}
	fix_advance(&f, 1);
	assert_int_equal(fix_said(&f, "blocked"), 0);
	answer_all(&f);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	life_done(&f, dir);
	free(rules);
}

/* It waits on, and when it is decided the next one begins. */
static void
test_an_item_in_doubt_does_not_block_the_others(void **state)
{
	char *rules = fan(2, "limit = 1, need = 1, on_satisfied = "
			     "\"let_finish\", step \"set\" { exec { \"x\" },"
			     " timeout = \"5s\", on_crash = \"ask\" }");
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	id = fix_start_flow(&f, "f");
	assert_non_null(fix_call(&f, "exec"));
	life_dies(&f, dir, rules); /* it is asked */
	assert_int_equal(fix_said(&f, "may or may not have happened"), 1);
	life_dies(&f, dir, rules); /* and still is */
	assert_int_equal(fix_signal(&f, &id, "done"), 0);
	assert_int_equal(fix_count(&f, "STEP_DONE e[d0]/set"), 1);
	assert_int_equal(fix_count(&f, "STEP_START e[d1]/set"), 1);
	fix_answer(&f, "exec", "{}");
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	life_done(&f, dir);
	free(rules);
}

/* The check after the second wave is not that after the first. */
static void
test_a_check_goes_on_as_what_it_is(void **state)
{
	char *rules = fan(3, "waves = { \"1\", \"1\", \"rest\" }, limit = 1,"
			     " step \"a\" { log \"{d}\" }, check = {"
			     " step \"sane\" { snmp.get { a = \"sysName.0\" },"
			     " timeout = \"5s\" } }");
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	fix_start_flow(&f, "f");
	fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
	assert_int_equal(fix_count(&f, "STEP_START e[!2]/sane"), 1);
	life_dies(&f, dir, rules);
	fix_advance(&f, 1);
	answer_all(&f);
	assert_int_equal(fix_count(&f, "e[!1]/sane"), 0);
	assert_int_equal(fix_count(&f, "STEP_DONE e[!2]/sane"), 2);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	life_done(&f, dir);
	free(rules);
}

/* A restart does not begin its window anew. */
static void
test_a_rate_goes_on(void **state)
{
	char *rules = fan(5, "limit = 5, rate = \"2/1h\", sleep \"9h\"");
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	fix_start_flow(&f, "f");
	fix_advance(&f, 1800 * 1000);
	assert_int_equal(fix_count(&f, "STEP_START e[d"), 2);
	life_dies(&f, dir, rules);
	fix_advance(&f, 1790 * 1000);
	assert_int_equal(fix_count(&f, "STEP_START e[d"), 0);
	fix_advance(&f, 20 * 1000);
	assert_int_equal(fix_count(&f, "STEP_START e[d"), 2);
	life_dies(&f, dir, rules);
	fix_advance(&f, 3580 * 1000);
	assert_int_equal(fix_count(&f, "STEP_START e[d"), 0);
	fix_advance(&f, 30 * 1000);
	assert_int_equal(fix_count(&f, "STEP_START e[d4]"), 1);
	life_done(&f, dir);
	free(rules);
}

#define CHANGE                                                         \
	"step \"set\" { exec { \"set\", \"{d}\" }, timeout = \"60s\"," \
	" on_crash = \"fail\" }"

/* The rows of items that had begun are lost, of some, the first, the last or
 * all of them: what they changed is not done again, and is said. */
static void
test_lost_items_are_in_doubt(void **state)
{
	static const struct {
		const char *lost;
		int n;
	} cases[] = {
		{ "('e[d1]/set')", 1 },
		{ "('e[d0]/set')", 1 },
		{ "('e[d2]/set')", 1 },
		{ "('e[d1]/set', 'e[d2]/set')", 2 },
		{ "('e[d0]/set', 'e[d1]/set', 'e[d2]/set')", 3 },
	};
	char *rules = fan(4, "limit = 3, need = \"any\", " CHANGE);

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *dir = state_make();
		char *sql = noc_asprintf("DELETE FROM steps WHERE path IN %s",
					 cases[i].lost);
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		fix_start_flow(&f, "f");
		fix_advance(&f, 1);
		assert_int_equal(f.started, 3);
		f.dead = true;
		life_close(&f);
		state_sql(dir, sql);
		life_open(&f, dir, f.now, rules);
		fix_advance(&f, 1);
		/* Only the one that had not begun. */
		assert_int_equal(f.started, 1);
		assert_int_equal(fix_count(&f, "STEP_START e[d3]/set"), 1);
		fix_answer(&f, "exec", "{\"exit\":0}");
		assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
		life_written(&f);
		assert_int_equal(
		    state_int(dir, "SELECT count(*) FROM steps WHERE path LIKE "
				   "'e[d_]' AND state = 'Failed' AND "
				   "json_extract(json, '$.error.class') = "
				   "'in_doubt' AND json_extract(json, "
				   "'$.error.code') = 'lost'"),
		    cases[i].n);
		life_done(&f, dir);
		free(sql);
	}
	free(rules);
}

/* A row of an item that nobody can have written: nothing goes on by it. */
static void
test_unread_items(void **state)
{
	static const char *const damage[] = {
		"UPDATE steps SET state = 'Running' WHERE path = 'e[d0]'",
		"UPDATE steps SET state = 'x' WHERE path = 'e[d0]'",
		"UPDATE steps SET item = 9 WHERE path = 'e[d0]'",
		"UPDATE steps SET item = -1 WHERE path = 'e[d0]'",
		"UPDATE steps SET json = json_set(json, '$.live.begun', 5)"
		" WHERE path = 'e'",
	};
	char *rules = fan(4, "limit = 1, " CHANGE);

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(damage); i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		id = fix_start_flow(&f, "f");
		fix_answer(&f, "exec", "{\"exit\":0}");
		f.dead = true;
		life_close(&f);
		state_sql(dir, damage[i]);
		life_open(&f, dir, f.now, rules);
		fix_advance(&f, 60000);
		if (f.started)
			fail_msg("%s", damage[i]);
		assert_int_equal(fix_signal(&f, &id, "fail"), 0);
		assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
		life_done(&f, dir);
	}
	free(rules);
}

/* Those that stand ready while their run is paused have not begun. */
static void
test_paused_items_are_not_lost(void **state)
{
	char *rules = fan(4, "limit = 4, rate = \"2/1m\", " CHANGE);
	char *dir = state_make();
	char text[NOC_ID_TEXT], *verb;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	id = fix_start_flow(&f, "f");
	fix_advance(&f, 1);
	while (f.ncalls)
		fix_answer(&f, "exec", "{\"exit\":0}");
	verb = noc_asprintf("{\"verb\":\"run.pause\",\"id\":\"%s\"}",
			    noc_id_format(text, &id));
	assert_int_equal(fix_command(&f, verb, NULL), 0);
	free(verb);
	fix_advance(&f, 90000);
	assert_int_equal(f.started, 2);
	life_dies(&f, dir, rules);
	fix_advance(&f, 1000);
	assert_int_equal(f.started, 0);
	verb = noc_asprintf("{\"verb\":\"run.resume\",\"id\":\"%s\"}", text);
	assert_int_equal(fix_command(&f, verb, NULL), 0);
	free(verb);
	fix_advance(&f, 60000);
	assert_int_equal(f.started, 2);
	while (f.ncalls)
		fix_answer(&f, "exec", "{\"exit\":0}");
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	life_done(&f, dir);
	free(rules);
}

static char *
rows_of_steps(const char *dir)
{
	char *path = noc_asprintf("%s/nocturne.db", dir), *text;
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db,
			       "SELECT group_concat(path || state || json)"
			       " FROM (SELECT * FROM steps WHERE state IN"
			       " ('Running', 'Pending') ORDER BY path)",
			       -1, &st, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	text = noc_strdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	return text;
}

/* Little is kept of what waits, and a new file is told all of it again; so it
 * is after a start. */
static void
test_what_waits_says_it_again(void **state)
{
	char *rules =
	    fan(3, "limit = 3, choose \"c\" { { when = { d = \"d1\" },"
		   " " READ " }, otherwise = { sleep \"1h\" } }");
	char *dir = state_make(), *before, *after;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	fix_start_flow(&f, "f");
	fix_refuse(&f, "snmp.get", "transient", 0);
	for (int i = 0; i < 2; i++) {
		life_written(&f);
		before = rows_of_steps(dir);
		assert_non_null(strstr(before, "retry in"));
		assert_non_null(strstr(before, "\"action\":\"sleep\""));
		state_sql(dir, "DELETE FROM steps");
		noc_core_store(f.core, f.now);
		life_written(&f);
		after = rows_of_steps(dir);
		assert_string_equal(after, before);
		free(before);
		free(after);
		f.dead = true;
		life_again(&f, dir, rules);
	}
	life_done(&f, dir);
	free(rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_the_row_of_the_run_is_not_written_with_each_item),
		cmocka_unit_test(test_a_retry_is_in_the_row_of_its_step),
		cmocka_unit_test(test_retries_are_by_the_items),
		cmocka_unit_test(
		    test_items_that_wait_for_nothing_are_not_one_turn),
		cmocka_unit_test(test_a_death_counts_once),
		cmocka_unit_test(test_what_waits_says_it_again),
		cmocka_unit_test(test_a_rate_goes_on),
		cmocka_unit_test(test_lost_items_are_in_doubt),
		cmocka_unit_test(test_unread_items),
		cmocka_unit_test(test_paused_items_are_not_lost),
		cmocka_unit_test(test_a_check_goes_on_as_what_it_is),
		cmocka_unit_test(
		    test_an_item_in_doubt_does_not_block_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
