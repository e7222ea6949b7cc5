/* SPDX-License-Identifier: ISC */
/* What a run was given: committed to when it starts, and found when its row
 * says something else. */
#include "config.h"

#include "tests/unit/life_fixture.h"
#include "tests/unit/verify_fixture.h"

static const char rules[] =
    "rule \"many\" { on = \"login.failed\", key = \"{device}\", threshold ="
    " \"2/60s\", run = flow { log \"{count}\", sleep \"10s\" } }\n"
    "rule \"starts\" { on = \"link.down\", run = flow { start \"f\" { z = 1,"
    " a = { \"{device}\", b = \"x\" } }, sleep \"10s\" } }\n"
    "schedule \"s\" { every = \"1h\", run = start \"f\" { role = \"core\" } }\n"
    "flow \"f\" { sleep \"10s\", log \"{input}\" }\n";

/* What is written in more than one way, and in any order. */
static const char input[] =
    "{\"zz\":{\"b\":1,\"a\":[1,2.0,0.1,1e300,-3,12345678901234567890]},"
    "\"text\":\"caf\\u00e9 \\\\ \\\" \\/ \\u0007\\n\\u202e \\u0000 \\ud83d\\ude00\","
    "\"a b\":null,\"\":true,\"empty\":{},\"list\":[],\"e\\u0301\":\"x\"}";

static int64_t
start_seq(const char *dir)
{
	return state_int(dir, "SELECT min(seq) FROM audit"
			      " WHERE substr(rec, 7, 2) = x'0003'");
}

static void
start_with(struct fix *f, const char *with)
{
	char *json = noc_asprintf("{\"verb\":\"run.start\",\"flow\":\"f\","
				  "\"input\":%s,\"actor\":\"test\"}",
				  with);

	assert_int_equal(fix_command(f, json, NULL), 0);
	free(json);
}

/* However it was started, and when its row is written again after a restart. */
static void
test_every_start_commits(void **state)
{
	const int64_t hour = 3600 * NOC_NS_PER_S;
	struct noc_now now = noc_clock_read();
	char *dir = state_make();
	struct fix f;

	(void)state;
	/* `every` counts from the hour: one of them within the hour to come. */
	now.wall_ns += hour / 2 - now.wall_ns % hour;
	life_open(&f, dir, now, rules);
	start_with(&f, input);
	start_with(&f, "{}");
	fix_start(&f, "starts", NOC_ACTIVE, NOC_TRUST_HIGH);
	for (int i = 0; i < 2; i++)
		cor_tell(&f, &(struct tell){ .kind = "login.failed",
					     .device = "sw1" });
	fix_advance(&f, 3600 * 1000 - 5000);
	for (int i = 0; i < 3; i++) {
		fix_advance(&f, 7000);
		f.dead = true;
		life_again(&f, dir, rules);
	}
	f.dead = true;
	life_close(&f);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs"), 7);
	assert_int_equal(state_int(dir,
				   "SELECT count(*) FROM runs WHERE"
				   " json_extract(json, '$.salt') IS NOT NULL"),
			 7);
	assert_int_equal(
	    state_int(dir, "SELECT count(*) FROM audit JOIN audit_secret ON"
			   " instr(rec, commitment) WHERE"
			   " substr(rec, 7, 2) = x'0003'"),
	    7);
	state_assert_whole(dir, 0);
	state_remove(dir);
}

static void
test_altered_input(void **state)
{
	static const char *const set[] = {
		"json = json_set(json, '$.input.zz.b', 2)",
		"json = json_set(json, '$.input', NULL)",
		"json = json_remove(json, '$.input')",
		"json = json_set(json, '$.extra.rule', 'other')",
		"json = json_set(json, '$.salt', '"
		"00112233445566778899aabbccddeeff')",
		"json = json_set(json, '$.salt', 'x')",
		"json = json_set(json, '$.salt', 7)",
		"json = json_remove(json, '$.salt')",
		"json = json_remove(json, '$.salt', '$.extra')",
	};
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	start_with(&f, input);
	f.dead = true;
	life_close(&f);
	state_assert_whole(dir, 0);
	state_sql(dir, "CREATE TABLE kept AS SELECT json FROM runs");
	for (size_t i = 0; i < NOC_COUNT(set); i++) {
		struct noc_verify_result r;
		char *sql = noc_asprintf("UPDATE runs SET %s", set[i]), *words;
		uint64_t seq = (uint64_t)start_seq(dir);

		state_sql(dir, sql);
		free(sql);
		verify_found(dir, NOC_VERDICT_TAMPERED, seq, seq);
		state_verify(dir, &r);
		words = strstr(r.message, "The input of run ");
		if (!words || !strstr(words, " was altered"))
			fail_msg("%s: %s", set[i], r.message);
		state_sql(dir,
			  "UPDATE runs SET json = (SELECT json FROM kept)");
		state_assert_whole(dir, 0);
	}
	state_remove(dir);
}

/* Rows that a search for the run passes by, or whose readers take another
 * member than the verifier: what one says, both verifiers say. */
static void
test_hidden_input(void **state)
{
	static const char *const sql[] = {
		"DROP TRIGGER audit_no_update; UPDATE audit SET rec ="
		" CAST(rec AS TEXT) WHERE substr(rec, 7, 2) = x'0003'",
		"UPDATE runs SET id = CAST(id AS TEXT), json ="
		" json_set(json, '$.input', json('{\"z\":\"evil\"}'))",
		"UPDATE runs SET json = replace(json, '\"input\":null',"
		" '\"\\u0069nput\":{\"z\":\"evil\"}')",
		"UPDATE runs SET json = replace(json, '\"input\":null',"
		" '\"input\":null,\"\\u0069nput\":{\"z\":\"evil\"}')",
		"UPDATE runs SET json = replace(json, '\"input\":null',"
		" '\"input\":null,\"input\":{\"z\":\"evil\"}')",
		"INSERT INTO runs SELECT n + 1, CAST(id AS TEXT), event, rule,"
		" key, device, mode, state, phase, outcome, started, ended,"
		" definition, json_set(json, '$.input', 7), parent, dedup,"
		" deadline FROM runs",
	};
	char *dir;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(sql); i++) {
		uint64_t seq;
		struct fix f;

		dir = state_make();
		life_open(&f, dir, noc_clock_read(),
			  "rule \"r\" { on = \"link.down\", run = flow {"
			  " sleep \"10s\", log \"{input}\" } }\n");
		fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
		f.dead = true;
		life_close(&f);
		state_assert_whole(dir, 0);
		seq = (uint64_t)start_seq(dir);
		print_message("# %s\n", sql[i]);
		state_sql(dir, sql[i]);
		verify_found(dir, NOC_VERDICT_TAMPERED, seq, seq);
		state_remove(dir);
	}
}

/* What else its row says is nobody's word.  What cannot be read never acts; a
 * row may go, and all of them. */
static void
test_erased_rows(void **state)
{
	static const char *const sql[] = {
		"UPDATE runs SET phase = 'x',"
		" json = json_set(json, '$.wait', 'x')",
		"UPDATE runs SET json = json_remove(json, '$.salt', '$.input',"
		" '$.extra')",
		"UPDATE runs SET json = substr(json, 2)",
		"UPDATE runs SET json = NULL",
		"DELETE FROM runs",
		"DROP TABLE runs",
	};
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	start_with(&f, input);
	f.dead = true;
	life_close(&f);
	for (size_t i = 0; i < NOC_COUNT(sql); i++) {
		state_sql(dir, sql[i]);
		state_assert_whole(dir, 0);
	}
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_start_commits),
		cmocka_unit_test(test_altered_input),
		cmocka_unit_test(test_hidden_input),
		cmocka_unit_test(test_erased_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
