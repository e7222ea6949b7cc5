/* SPDX-License-Identifier: ISC */
/* Tables that are not as the format declares them, rows where none may be, and
 * values of another type. */
#include "config.h"

#include "store/verify.h"

#include "tests/unit/unit.h"
#include "tests/unit/verify_fixture.h"

static char *dir;

static int
setup(void **state)
{
	(void)state;
	dir = verify_seven();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	state_remove(dir);
	return 0;
}

/* The file as it was, after each of them. */
struct touch {
	const char *sql;
	uint64_t seq;
	const char *words;
};

static void
touched(const struct touch *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		state_run("cp %s/nocturne.db %s/kept", dir, dir);
		state_sql(dir, t[i].sql);
		verify_tampered(dir, t[i].seq, t[i].words);
		state_run("rm -f %s/nocturne.db-*; mv %s/kept %s/nocturne.db",
			  dir, dir, dir);
	}
	state_assert_whole(dir, 7);
}

static void
test_tables_as_declared(void **state)
{
	static const struct touch each[] = {
		{ "DROP TABLE audit_keys", 0, "audit_keys is missing" },
		{ "DROP TABLE audit_floor", 0, "audit_floor is missing" },
		{ "ALTER TABLE audit RENAME COLUMN leaf TO hash", 0,
		  "The table audit is not as the format has it" },
		{ "ALTER TABLE audit_head ADD COLUMN x", 0,
		  "audit_head is not as the format has it" },
		{ "ALTER TABLE blobs RENAME TO x;"
		  "CREATE VIEW blobs AS SELECT * FROM x",
		  0, "blobs is not as the format has it" },
		{ "DROP TABLE audit_secret; CREATE TABLE audit_secret("
		  "commitment BLOB PRIMARY KEY, salt BLOB, value TEXT)"
		  " WITHOUT ROWID",
		  0, "audit_secret is not as the format has it" },
		{ "DROP TABLE blobs; CREATE TABLE BLOBS(x)", 0,
		  "blobs is not as the format has it" },
	};

	(void)state;
	touched(each, NOC_COUNT(each));
}

/* The daemon's other tables, and what stands beside the format's. */
static void
test_what_is_beside(void **state)
{
	(void)state;
	state_sql(dir, "PRAGMA user_version = 99; DROP TABLE steps;"
		       "CREATE TABLE x(y); CREATE INDEX z ON audit(leaf);"
		       "CREATE TRIGGER audit AFTER INSERT ON audit BEGIN"
		       " SELECT 1; END;");
	state_assert_whole(dir, 7);
}

static void
test_rows_of_records(void **state)
{
	static const struct touch each[] = {
		{ "INSERT INTO audit SELECT -1, rec, leaf FROM audit"
		  " WHERE seq = 3",
		  0, "A row of audit has seq -1 and the log begins at 0" },
		{ "INSERT INTO audit SELECT 9223372036854775807, rec, leaf"
		  " FROM audit WHERE seq = 3",
		  7, "Record 7 is missing" },
		{ "DROP TRIGGER audit_no_update;"
		  "UPDATE audit SET rec = CAST(rec AS TEXT) WHERE seq = 3",
		  3, "Record 3 is malformed: It is no bytes" },
		{ "DROP TRIGGER audit_no_update;"
		  "UPDATE audit SET leaf = CAST(leaf AS TEXT) WHERE seq = 3",
		  3, "Record 3 does not match its stored hash" },
		{ "DROP TRIGGER audit_no_update;"
		  "UPDATE audit SET leaf = x'' WHERE seq = 3",
		  3, "Record 3 does not match its stored hash" },
	};

	(void)state;
	touched(each, NOC_COUNT(each));
}

static void
test_rows_of_heads(void **state)
{
	static const struct touch each[] = {
		{ "INSERT INTO audit_head SELECT 0, note FROM audit_head"
		  " WHERE size = 4",
		  0, "There is no head of 0 records" },
		{ "INSERT INTO audit_head SELECT -4, note FROM audit_head"
		  " WHERE size = 4",
		  0, "There is no head of -4 records" },
		{ "INSERT INTO audit_head SELECT 8, note FROM audit_head"
		  " WHERE size = 7",
		  7, "Record 7 is missing: the last head is of 8 records" },
		{ "DROP TRIGGER audit_head_no_update; UPDATE audit_head"
		  " SET note = CAST(note AS BLOB) WHERE size = 7",
		  4, "The last head cannot be read: It is no text" },
		{ "DROP TRIGGER audit_head_no_update; UPDATE audit_head"
		  " SET note = CAST(note AS BLOB) WHERE size = 4",
		  1, "The head of 4 records cannot be read: It is no text" },
		{ "DROP TRIGGER audit_head_no_delete;"
		  "DELETE FROM audit_head WHERE size = 7",
		  4, "The records from 4 on are covered by no signed head" },
		{ "INSERT INTO audit_keys VALUES(0, x'00', x'', 'x')", 0,
		  "The rotation kept for size 0 is malformed" },
		{ "INSERT INTO audit_keys VALUES(1, x'00', x'', 'x')", 0,
		  "The rotation kept for size 1 is malformed" },
	};

	(void)state;
	touched(each, NOC_COUNT(each));
}

static void
test_rows_of_the_floor(void **state)
{
#define FLOOR "The floor of the log is missing or malformed"
	static const struct touch each[] = {
		{ "UPDATE audit_floor SET size = 0.5", 0, FLOOR },
		{ "UPDATE audit_floor SET size = 1", 0, FLOOR },
		{ "UPDATE audit_floor SET leaf = zeroblob(32)", 0, FLOOR },
		{ "UPDATE audit_floor SET frontier = ''", 0, FLOOR },
		{ "UPDATE audit_floor SET frontier = x'00'", 0, FLOOR },
		{ "DROP TRIGGER audit_floor_no_update;"
		  "UPDATE audit_floor SET size = -1,"
		  " frontier = zeroblob(64 * 32), leaf = zeroblob(32)",
		  0, FLOOR },
		{ "UPDATE audit_floor SET size = 1, frontier = zeroblob(32)", 0,
		  FLOOR },
		{ "PRAGMA ignore_check_constraints = ON;"
		  "UPDATE audit_floor SET one = 2",
		  0, FLOOR },
		{ "PRAGMA ignore_check_constraints = ON; INSERT INTO"
		  " audit_floor VALUES(2, 0, NULL, x'')",
		  0, FLOOR },
	};

	(void)state;
	touched(each, NOC_COUNT(each));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_tables_as_declared), TEST(test_what_is_beside),
		TEST(test_rows_of_records),    TEST(test_rows_of_heads),
		TEST(test_rows_of_the_floor),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
