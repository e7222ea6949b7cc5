/* SPDX-License-Identifier: ISC */
/* A file of an older version, and one of a newer one. */
#include "config.h"

#include "store/writer.h"

#include "store/db.h"
#include "store/load.h"
#include "store/reader.h"
#include "tests/unit/store_state.h"
#include "tests/unit/unit.h"

static char *dir;
static const struct noc_schema *ours;
static const char *steps[4];
static const struct noc_schema first = { 1, steps }, later = { 4, steps };

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	ours = noc_schema;
	assert_int_equal(ours->version, 2);
	steps[0] = ours->steps[0];
	steps[1] = ours->steps[1];
	steps[2] = "ALTER TABLE live ADD COLUMN more TEXT";
	steps[3] = "CREATE TABLE extra(n INTEGER PRIMARY KEY);"
		   "INSERT INTO extra SELECT 7";
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_schema = ours;
	state_remove(dir);
	return 0;
}

/* As the first version left it. */
static void
fill_first(void)
{
	noc_schema = &first;
	state_fill(dir, 0, 5);
	noc_schema = ours;
}

static void
assert_older(uint64_t records)
{
	assert_int_equal(state_int(dir, "SELECT user_version FROM"
					" pragma_user_version"),
			 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM sqlite_master"
					" WHERE name = 'extra'"),
			 0);
	state_assert_whole(dir, records);
}

/* One record says from where to where. */
static void
assert_at(int version, uint64_t records)
{
	static const char want[] = "{\"kind\":\"admin\"}";
	struct noc_value *list = NULL, *params = NULL;
	const struct noc_value *detail;
	struct noc_err err;

	assert_int_equal(state_int(dir, "SELECT user_version FROM"
					" pragma_user_version"),
			 version);
	state_assert_whole(dir, records);
	assert_int_equal(noc_json_parse(want, strlen(want), &params, NULL), 0);
	if (noc_reader_query(dir, "audit", params, &list, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(noc_value_len(list), 1);
	detail = noc_value_get(noc_value_at(list, 0), "detail");
	assert_string_equal(noc_value_get_str(detail, "verb", ""),
			    "schema.migrated");
	assert_int_equal(noc_value_get_int(detail, "from", 0), 1);
	assert_int_equal(noc_value_get_int(detail, "to", 0), version);
	assert_string_equal(
	    noc_value_get_str(noc_value_at(list, 0), "actor", ""), "system");
	noc_value_free(params);
	noc_value_free(list);
}

static void
assert_migrated(uint64_t records)
{
	assert_at(4, records);
	assert_int_equal(state_int(dir, "SELECT n FROM extra"), 7);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live WHERE"
					" more IS NULL"),
			 5);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM"
					" pragma_table_info('steps')"
					" WHERE name IN ('node','item')"),
			 2);
}

/* ---- killed: first, before this process has passed any of the points ---- */

static int
in_a_child(void (*fn)(void), const char *crash)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (crash)
			setenv("NOCTURNE_CRASH", crash, 1);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
child_fill(void)
{
	fill_first();
}

static void
child_open(void)
{
	noc_writer_close(state_open(dir, NULL), 1000);
}

static void
killed_at(const char *point, bool after)
{
	assert_int_equal(in_a_child(child_fill, NULL), 0);
	noc_schema = &later;
	assert_int_equal(in_a_child(child_open, point), -SIGKILL);
	if (after)
		assert_migrated(7);
	else
		assert_older(6);
	assert_int_equal(in_a_child(child_open, NULL), 0);
	assert_migrated(7);
}

static void
test_killed_before_the_commit(void **state)
{
	(void)state;
	killed_at("migrate.before_commit", false);
}

static void
test_killed_after_the_commit(void **state)
{
	(void)state;
	killed_at("migrate.after_commit", true);
}

/* ---- an older file ---- */

static void
test_all_steps_once(void **state)
{
	(void)state;
	fill_first();
	assert_older(6);
	noc_schema = &later;
	child_open();
	assert_migrated(7);
	child_open();
	assert_migrated(7);
}

static struct noc_err
refused(int kind)
{
	struct noc_writer_options opt = { .state_dir = dir, .anchor = true };
	struct noc_writer *w;
	struct noc_err err;

	assert_int_equal(noc_writer_open(&opt, &w, NULL, &err), kind);
	return err;
}

/* The last step does not go: then none has. */
static void
test_all_or_none(void **state)
{
	struct noc_err err;

	(void)state;
	fill_first();
	steps[3] = "CREATE TABLE extra(n); CREATE TABLE live(n)";
	noc_schema = &later;
	err = refused(NOC_ESTORE);
	if (!strstr(err.msg, "from schema 1 to 4") ||
	    !strstr(err.msg, "already exists"))
		fail_msg("%s", err.msg);
	noc_schema = ours;
	assert_older(6);
	child_open();
	assert_at(2, 7);
}

/* ---- what the rows of an older file are now ---- */

static void
on_run(const struct noc_run_row *row, void *arg)
{
	struct noc_strbuf *said = arg;

	noc_strbuf_addf(said, "%s parent=%d dedup=%s deadline=%lld\n",
			row->state, row->parent.b[0],
			row->dedup ? row->dedup : "none",
			(long long)row->deadline_ns);
}

static void
on_step(const struct noc_step_row *row, void *arg)
{
	struct noc_strbuf *said = arg;

	noc_strbuf_addf(said, "%s node=%lld item=%lld %s\n", row->path,
			(long long)row->node, (long long)row->item,
			noc_value_get_str(row->json, "action", ""));
}

/* A run that the first version began is loaded with its steps; no row of it is
 * taken for an item. */
static void
test_rows_of_the_first(void **state)
{
	struct noc_strbuf said = NOC_STRBUF_INIT;
	const struct noc_load l = { .run = on_run,
				    .step = on_step,
				    .arg = &said };
	struct noc_err err;

	(void)state;
	fill_first();
	state_sql(dir,
		  "INSERT INTO runs VALUES(1, randomblob(16), NULL, 'r', '',"
		  " '', 'active', 'Running', '', '', 5, 0, zeroblob(32), '{}');"
		  "INSERT INTO steps SELECT id, 'raise', 1, 'Running', 5, 0, 0,"
		  " '{\"action\":\"snmp.set\"}' FROM runs");
	child_open();
	assert_at(2, 7);
	assert_int_equal(noc_load_state(dir, &l, &err), 0);
	assert_string_equal(said.p, "Running parent=0 dedup=none deadline=0\n"
				    "raise node=0 item=-1 snmp.set\n");
	noc_strbuf_release(&said);
}

/* A log that cannot be gone on with is not migrated, but put aside. */
static void
test_an_altered_one_is_put_aside(void **state)
{
	char *said;

	(void)state;
	fill_first();
	state_flip(dir, "audit", "rec", 3, -1, 0);
	noc_schema = &later;
	noc_writer_close(state_open(dir, &said), 1000);
	assert_non_null(strstr(said, "record 3"));
	free(said);
	assert_int_equal(state_int(dir, "SELECT user_version FROM"
					" pragma_user_version"),
			 4);
	state_assert_whole(dir, 2);
}

/* ---- a newer one ---- */

static void
test_a_newer_one_is_refused(void **state)
{
	struct noc_err err;

	(void)state;
	noc_schema = &later;
	state_fill(dir, 0, 5);
	noc_schema = ours;
	err = refused(NOC_ECONFIG);
	if (!strstr(err.msg, "has schema 4 and this program knows up to 2") ||
	    !strstr(err.msg, "newer version"))
		fail_msg("%s", err.msg);
	assert_int_equal(state_int(dir, "SELECT user_version FROM"
					" pragma_user_version"),
			 4);
	noc_schema = &later;
	state_assert_whole(dir, 6);
	assert_int_equal(state_run("ls %s | grep -q quarantine", dir), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_killed_before_the_commit),
		TEST(test_killed_after_the_commit),
		TEST(test_all_steps_once),
		TEST(test_all_or_none),
		TEST(test_rows_of_the_first),
		TEST(test_an_altered_one_is_put_aside),
		TEST(test_a_newer_one_is_refused),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
