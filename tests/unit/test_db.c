/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/db.h"

#include "tests/unit/store_state.h"

static char *dir, *path;

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	path = noc_asprintf("%s/nocturne.db", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	free(path);
	state_remove(dir);
	return 0;
}

static void
refused(const char *what, enum noc_db_mode mode, enum noc_kind kind, int sqlite,
	const char *words)
{
	sqlite3 *db = NULL;
	struct noc_err err;
	int rc = -1;

	assert_int_equal(noc_db_open(what, mode, &db, &rc, &err), kind);
	assert_null(db);
	assert_int_equal(rc & 0xff, sqlite);
	if (!strstr(err.msg, words))
		fail_msg("%s", err.msg);
	assert_non_null(strstr(err.msg, what));
}

static void
test_what_is_no_database_of_ours(void **state)
{
	(void)state;
	refused(path, NOC_DB_READ, NOC_ENOTFOUND, SQLITE_CANTOPEN,
		"There is no database at");
	refused(dir, NOC_DB_READ, NOC_ESTORE, SQLITE_IOERR, "disk I/O error");
	refused(dir, NOC_DB_WRITE, NOC_ESTORE, SQLITE_CANTOPEN,
		"Cannot open or create");
	state_run("printf 'something that is no database' > %s", path);
	refused(path, NOC_DB_READ, NOC_ESTORE, SQLITE_NOTADB, "not a database");
	refused(path, NOC_DB_WRITE, NOC_ESTORE, SQLITE_NOTADB,
		"not a database");
	unlink(path);
	state_sql(dir, "CREATE TABLE theirs(a)");
	refused(path, NOC_DB_WRITE, NOC_ECONFIG, SQLITE_OK,
		"a database of something else");
	assert_int_equal(state_int(dir, "SELECT count(*) FROM theirs"), 0);
	state_sql(dir, "PRAGMA user_version=99");
	refused(path, NOC_DB_WRITE, NOC_ECONFIG, SQLITE_OK, "newer version");
	refused(path, NOC_DB_READ, NOC_ECONFIG, SQLITE_OK, "newer version");
}

/* Made for us alone, and not through a link that somebody put there. */
static void
test_new_file_is_ours_alone(void **state)
{
	char *away = noc_asprintf("%s/away", dir);
	struct stat st;
	sqlite3 *db;

	(void)state;
	umask(0);
	assert_int_equal(symlink(away, path), 0);
	refused(path, NOC_DB_WRITE, NOC_ESTORE, SQLITE_CANTOPEN,
		"Cannot open or create");
	assert_int_not_equal(access(away, F_OK), 0);
	unlink(path);
	assert_int_equal(noc_db_open(path, NOC_DB_WRITE, &db, NULL, NULL), 0);
	sqlite3_close(db);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(away);
}

static void
test_readers_do_not_write(void **state)
{
	struct noc_err err;
	sqlite3 *db;

	(void)state;
	state_fill(dir, 0, 1);
	assert_int_equal(noc_db_open(path, NOC_DB_READ, &db, NULL, &err), 0);
	assert_int_equal(noc_db_version(db), noc_schema->version);
	assert_int_not_equal(
	    sqlite3_exec(db, "DELETE FROM live", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live"), 1);
}

/* Where nothing can be made beside it, the file of a closed journal is read by
 * itself, whatever its name; one with a log beside it would be read short, and
 * is not. */
static void
test_closed_journal_is_read_by_itself(void **state)
{
	char *odd = noc_asprintf("%s/a?b#c%%41 d.db", dir);
	sqlite3_int64 n = 0;
	struct noc_err err;
	sqlite3 *db;

	(void)state;
	state_fill(dir, 0, 3);
	state_run("mv %s '%s'; cd %s; for i in wal shm; do"
		  " ln -s /nonexistent/x '%s'-$i; done",
		  path, odd, dir, odd);
	if (noc_db_open(odd, NOC_DB_READ, &db, NULL, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(noc_db_int(db, "SELECT count(*) FROM events", &n), 0);
	assert_int_equal(n, 3);
	sqlite3_close(db);
	state_run("rm '%s-wal'; printf x > '%s-wal'", odd, odd);
	refused(odd, NOC_DB_READ, NOC_ESTORE, SQLITE_CANTOPEN,
		"unable to open database file");
	free(odd);
}

static void
test_what_a_failure_calls_for(void **state)
{
	static const struct {
		int rc;
		enum noc_db_fault fault;
	} cases[] = {
		{ SQLITE_OK, NOC_DB_FINE },
		{ SQLITE_ROW, NOC_DB_FINE },
		{ SQLITE_DONE, NOC_DB_FINE },
		{ SQLITE_FULL, NOC_DB_RETRY },
		{ SQLITE_BUSY_SNAPSHOT, NOC_DB_RETRY },
		{ SQLITE_LOCKED, NOC_DB_RETRY },
		{ SQLITE_NOMEM, NOC_DB_RETRY },
		{ SQLITE_INTERRUPT, NOC_DB_RETRY },
		{ SQLITE_IOERR, NOC_DB_REOPEN },
		{ SQLITE_IOERR_FSYNC, NOC_DB_REOPEN },
		{ SQLITE_IOERR_SHORT_READ, NOC_DB_REOPEN },
		{ SQLITE_CANTOPEN, NOC_DB_REOPEN },
		{ SQLITE_READONLY_DBMOVED, NOC_DB_REOPEN },
		{ SQLITE_PERM, NOC_DB_REOPEN },
		{ SQLITE_CORRUPT, NOC_DB_MALFORMED },
		{ SQLITE_CORRUPT_VTAB, NOC_DB_MALFORMED },
		{ SQLITE_NOTADB, NOC_DB_MALFORMED },
		{ SQLITE_IOERR_DATA, NOC_DB_MALFORMED },
		{ SQLITE_IOERR_CORRUPTFS, NOC_DB_MALFORMED },
		{ SQLITE_CONSTRAINT_UNIQUE, NOC_DB_BUG },
		{ SQLITE_ERROR, NOC_DB_BUG },
		{ SQLITE_MISUSE, NOC_DB_BUG },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++)
		if (noc_db_fault(cases[i].rc) != cases[i].fault)
			fail_msg("%s", sqlite3_errstr(cases[i].rc));
}

static void
test_one_integer(void **state)
{
	sqlite3_int64 n = 7;
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(noc_db_int(db, "SELECT 1 WHERE 0", &n),
			 SQLITE_NOTFOUND);
	assert_int_equal(n, 7);
	assert_int_equal(noc_db_int(db, "SELECT NULL", &n), SQLITE_NOTFOUND);
	assert_int_equal(noc_db_int(db, "SELECT -5", &n), SQLITE_OK);
	assert_int_equal(n, -5);
	assert_int_equal(noc_db_int(db, "SELECT nothing", &n), SQLITE_ERROR);
	assert_int_equal(noc_db_version(db), 0);
	assert_null(sqlite3_next_stmt(db, NULL));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/*
 * A second connection of ours takes no lock of the first away: a stranger who
 * looks at the file meanwhile and closes it leaves the log beside it alone.
 */
static void
test_strangers_leave_the_log(void **state)
{
	char *wal = noc_asprintf("%s-wal", path);
	sqlite3 *first = NULL, *second = NULL;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_db_open(path, NOC_DB_WRITE, &first, NULL, &err),
			 0);
	assert_int_equal(noc_db_migrate(first, 0), SQLITE_OK);
	assert_int_equal(noc_db_open(path, NOC_DB_WRITE, &second, NULL, &err),
			 0);
	assert_int_equal(
	    state_run("python3 -c 'import sqlite3,sys;"
		      "d=sqlite3.connect(sys.argv[1]);"
		      "d.execute(\"SELECT count(*) FROM runs\").fetchall();"
		      "d.close()' %s",
		      path),
	    0);
	assert_int_equal(access(wal, F_OK), 0);
	sqlite3_close(second);
	sqlite3_close(first);
	free(wal);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_what_is_no_database_of_ours),
		TEST(test_new_file_is_ours_alone),
		TEST(test_readers_do_not_write),
		TEST(test_closed_journal_is_read_by_itself),
		TEST(test_what_a_failure_calls_for),
		TEST(test_one_integer),
		TEST(test_strangers_leave_the_log),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
