/* SPDX-License-Identifier: ISC */
/* A file of an older version, and one of a newer one. */
#include "config.h"

#include "store/writer.h"

#include "store/db.h"
#include "store/reader.h"
#include "tests/unit/store_state.h"
#include "tests/unit/unit.h"

static char *dir;
static const struct noc_schema *ours;
static const char *steps[3];
static struct noc_schema later = { 3, steps };

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	ours = noc_schema;
	assert_int_equal(ours->version, 1);
	steps[0] = ours->steps[0];
	steps[1] = "ALTER TABLE live ADD COLUMN more TEXT";
	steps[2] = "CREATE TABLE extra(n INTEGER PRIMARY KEY);"
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

/* All steps, and one record that says from where to where. */
static void
assert_migrated(uint64_t records)
{
	static const char want[] = "{\"kind\":\"admin\"}";
	struct noc_value *list = NULL, *params = NULL;
	const struct noc_value *detail;
	struct noc_err err;

	assert_int_equal(state_int(dir, "SELECT user_version FROM"
					" pragma_user_version"),
			 3);
	assert_int_equal(state_int(dir, "SELECT n FROM extra"), 7);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live WHERE"
					" more IS NULL"),
			 5);
	state_assert_whole(dir, records);
	assert_int_equal(noc_json_parse(want, strlen(want), &params, NULL), 0);
	if (noc_reader_query(dir, "audit", params, &list, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(noc_value_len(list), 1);
	detail = noc_value_get(noc_value_at(list, 0), "detail");
	assert_string_equal(noc_value_get_str(detail, "verb", ""),
			    "schema.migrated");
	assert_int_equal(noc_value_get_int(detail, "from", 0), 1);
	assert_int_equal(noc_value_get_int(detail, "to", 0), 3);
	assert_string_equal(
	    noc_value_get_str(noc_value_at(list, 0), "actor", ""), "system");
	noc_value_free(params);
	noc_value_free(list);
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
	state_fill(dir, 0, 5);
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
	state_fill(dir, 0, 5);
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
	state_fill(dir, 0, 5);
	steps[2] = "CREATE TABLE extra(n); CREATE TABLE live(n)";
	noc_schema = &later;
	err = refused(NOC_ESTORE);
	if (!strstr(err.msg, "from schema 1 to 3") ||
	    !strstr(err.msg, "already exists"))
		fail_msg("%s", err.msg);
	noc_schema = ours;
	assert_older(6);
	child_open();
	assert_older(6);
}

/* A log that cannot be gone on with is not migrated, but put aside. */
static void
test_an_altered_one_is_put_aside(void **state)
{
	char *said;

	(void)state;
	state_fill(dir, 0, 5);
	state_flip(dir, "audit", "rec", 3, -1, 0);
	noc_schema = &later;
	noc_writer_close(state_open(dir, &said), 1000);
	assert_non_null(strstr(said, "record 3"));
	free(said);
	assert_int_equal(state_int(dir, "SELECT user_version FROM"
					" pragma_user_version"),
			 3);
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
	if (!strstr(err.msg, "has schema 3 and this program knows up to 1") ||
	    !strstr(err.msg, "newer version"))
		fail_msg("%s", err.msg);
	assert_int_equal(state_int(dir, "SELECT user_version FROM"
					" pragma_user_version"),
			 3);
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
		TEST(test_an_altered_one_is_put_aside),
		TEST(test_a_newer_one_is_refused),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
