/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/writer.h"

#include <signal.h>
#include <unistd.h>

#include "tests/unit/store_state.h"

static char *dir;

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	state_remove(dir);
	return 0;
}

/* Many txns become durable, in order, by far fewer commits.  They come while
 * the first of them cannot be written, however fast the disk is. */
static void
test_groups_form_by_themselves(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	char *path = noc_asprintf("%s/nocturne.db", dir);
	struct noc_writer_stats s;
	uint64_t t = 0, seen = 0;
	sqlite3 *db;

	(void)state;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, PATIENCE_MS);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
			 SQLITE_OK);
	for (unsigned i = 0; i < 3000; i++) {
		uint64_t next = noc_writer_submit(w, state_txn(i));

		assert_int_equal(next, t + 1);
		t = next;
		assert_true(noc_writer_completed(w) >= seen);
		seen = noc_writer_completed(w);
	}
	assert_int_equal(seen, 0);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	free(path);
	assert_true(state_wait(w, t, PATIENCE_MS));
	noc_writer_stats(w, &s);
	assert_int_equal(s.submitted, 3000);
	assert_int_equal(s.completed, 3000);
	assert_int_equal(s.records, 3001);
	assert_int_equal(s.queue_txns, 0);
	assert_int_equal(s.queue_bytes, 0);
	assert_in_range(s.commits, 3000 / 512, 3000 / 512 + 2);
	assert_false(s.failing);
	noc_writer_close(w, 1000);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events"), 3000);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live"), 3000);
	state_assert_whole(dir, 3001);
	/* 1,000 records are never without an anchor; superseded heads go. */
	assert_true(state_int(dir, "SELECT count(*) FROM audit_head") < 20);
}

static void
test_log_goes_on_after_restart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		state_fill(dir, i * 10, 10);
	state_assert_whole(dir, 51);
	assert_int_equal(state_run("grep -c '^noc.example/audit/' %s/anchor.log"
				   " | grep -qx 6",
				   dir),
			 0);
}

/* Only rows: durable too, and the head stays. */
static void
test_rows_without_records(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	uint64_t t;

	(void)state;
	noc_txn_live_put(txn, "silence", "r1", 77, NULL);
	t = noc_writer_submit(w, txn);
	assert_true(state_wait(w, t, PATIENCE_MS));
	txn = noc_txn_new(noc_clock_read());
	noc_txn_live_put(txn, "silence", "r1", 78, NULL);
	noc_txn_live_put(txn, "silence", "r2", 79, NULL);
	noc_txn_live_del(txn, "silence", "r2");
	t = noc_writer_submit(w, txn);
	assert_true(state_wait(w, t, PATIENCE_MS));
	noc_writer_close(w, 1000);
	assert_int_equal(state_int(dir, "SELECT due FROM live"), 78);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live"), 1);
	state_assert_whole(dir, 1);
}

/* Rows of a batch go in together and still in their order. */
static void
test_order_within_a_batch(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn;
	uint64_t t = 0;
	char key[16];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		txn = noc_txn_new(noc_clock_read());
		snprintf(key, sizeof(key), "k%u", i % 4);
		if (i / 4 & 1)
			noc_txn_live_del(txn, "hold", key);
		else
			noc_txn_live_put(txn, "hold", key, i, NULL);
		noc_txn_live_put(txn, "last", "one", i, NULL);
		if (i % 3 == 0)
			noc_txn_live_del(txn, "last", "two");
		noc_txn_live_put(txn, "last", "two", i, NULL);
		t = noc_writer_submit(w, txn);
	}
	assert_true(state_wait(w, t, PATIENCE_MS));
	noc_writer_close(w, 1000);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live"
					" WHERE kind = 'hold'"),
			 0);
	assert_int_equal(state_int(dir, "SELECT sum(due) FROM live"), 398);
}

static void
test_one_writer_a_directory(void **state)
{
	struct noc_writer *w = state_open(dir, NULL), *second;
	struct noc_writer_options opt = { .state_dir = dir, .site = "x" };
	struct noc_err err;
	char pid[32];

	(void)state;
	assert_int_equal(noc_writer_open(&opt, &second, NULL, &err),
			 NOC_ECONFLICT);
	snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
	assert_non_null(strstr(err.msg, pid));
	noc_writer_close(w, 100);
	state_fill(dir, 0, 1);
}

static void
site_refused(const char *site, enum noc_kind kind, const char *because)
{
	struct noc_writer_options opt = { .state_dir = dir, .site = site };
	struct noc_writer *w;
	struct noc_err err;
	char *said;

	assert_int_equal(noc_writer_open(&opt, &w, &said, &err), kind);
	if (!strstr(err.msg, because))
		fail_msg("%s", err.msg);
}

static void
refused(enum noc_kind kind, const char *because)
{
	site_refused("x", kind, because);
}

/* A site whose name no key can carry begins no log; the next one does. */
static void
test_sites_that_cannot_be_named(void **state)
{
	char *site = noc_calloc(1, 302);

	(void)state;
	site_refused("two words", NOC_ECONFIG, "cannot name a key");
	site_refused("a+b", NOC_ECONFIG, "cannot name a key");
	memset(site, 'x', 301);
	site_refused(site, NOC_ECONFIG, "cannot name a key");
	free(site);
	state_fill(dir, 0, 1);
	state_assert_whole(dir, 2);
}

static void
test_keys_and_versions_refused(void **state)
{
	struct stat st;
	char *key = noc_asprintf("%s/audit.key", dir);

	(void)state;
	state_fill(dir, 0, 3);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	state_run("mv %s %s.away", key, key);
	refused(NOC_ECONFIG, "audit.key");
	state_run("umask 077; printf '%%064d\\n' 1 > %s", key);
	refused(NOC_ECONFIG, "is not the key that signed");
	state_run("chmod 644 %s", key);
	refused(NOC_ECONFIG, "may be read by others (mode 644)");
	state_run("echo 12 > %s; chmod 600 %s", key, key);
	refused(NOC_ECONFIG, "must hold 64 hex digits");
	state_run("mv %s.away %s", key, key);
	state_sql(dir, "PRAGMA user_version=99");
	refused(NOC_ECONFIG, "newer version");
	state_sql(dir, "PRAGMA user_version=2");
	state_fill(dir, 3, 1);
	state_assert_whole(dir, 5);
	free(key);
}

/* ---- kill -9 ---- */

static const struct {
	const char *name;
	int nth[2]; /* at which passing, once each */
} points[] = {
	{ "writer.before_begin", { 1, 9 } },
	{ "writer.after_insert", { 1, 9 } },
	{ "writer.before_commit", { 1, 9 } },
	{ "writer.after_commit", { 1, 9 } },
	{ "writer.before_ack", { 1, 9 } },
	{ "writer.after_ack", { 1, 9 } },
	{ "writer.before_checkpoint", { 1, 2 } },
	{ "writer.after_checkpoint", { 1, 2 } },
	{ "writer.before_anchor", { 1, 2 } },
	{ "writer.after_anchor", { 1, 2 } },
};

/* The child submits until it is killed, and says what it was told.  It goes
 * on for as long as the point takes to be passed. */
static void
crash_child(int out)
{
	struct noc_writer *w = state_open(dir, NULL);
	uint64_t told = 0;

	alarm(2 * PATIENCE_MS / 1000);
	for (unsigned i = 0;; i++) {
		uint64_t now, t = noc_writer_submit(w, state_txn(i));

		if (i % 50 == 49)
			usleep(300);
		if (i % 4000 == 3999)
			state_wait(w, t, PATIENCE_MS);
		now = noc_writer_completed(w);
		if (now != told && write(out, &now, sizeof(now)) < 0)
			_exit(3);
		told = now;
	}
}

static void
test_nothing_completed_is_lost(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(points); i++) {
		uint64_t told = 0, n;
		int64_t stored;
		int fds[2], status;
		pid_t pid;

		state_run("rm -rf %s", dir);
		assert_int_equal(pipe(fds), 0);
		fflush(NULL);
		pid = fork();
		if (!pid) {
			char env[64], out[16];

			close(fds[0]);
			snprintf(env, sizeof(env), "%s:%d", points[i / 2].name,
				 points[i / 2].nth[i & 1]);
			setenv("NOCTURNE_CRASH", env, 1);
			snprintf(out, sizeof(out), "%d", fds[1]);
			/* A process of its own: the name is read once. */
			execl("/proc/self/exe", "crash", dir, out, NULL);
			_exit(4);
		}
		close(fds[1]);
		while (read(fds[0], &n, sizeof(n)) == sizeof(n))
			told = n;
		close(fds[0]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			fail_msg("%s was not passed", points[i / 2].name);
		/* Open again, go on, and look. */
		state_fill(dir, 100000, 1);
		stored = state_int(dir, "SELECT count(*) FROM events");
		assert_true((uint64_t)stored >= told + 1);
		assert_int_equal(stored,
				 state_int(dir, "SELECT max(n) FROM events"));
		state_assert_whole(dir, (uint64_t)stored + 1);
	}
}

/* ---- damage ---- */

static struct noc_txn *
run_txn(const char *state_word, uint8_t id)
{
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_value *v = noc_value_map();
	struct noc_run_row run = { .rule = "if_down",
				   .key = "r1",
				   .device = "r1",
				   .mode = "active",
				   .state = state_word,
				   .phase = "sleeping",
				   .outcome = "",
				   .started_ns = 5,
				   .json = v };
	struct noc_step_row step = { .path = "raise",
				     .item = -1,
				     .attempt = 1,
				     .state = "Running",
				     .json = v };

	memset(run.id.b, id, 16);
	step.run = run.id;
	noc_txn_run(txn, &run);
	noc_txn_step(txn, &step);
	noc_value_free(v);
	return txn;
}

static void
spoil(long offset, size_t n)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	FILE *f = fopen(path, "r+b");

	assert_non_null(f);
	fseek(f, offset, SEEK_SET);
	while (n--)
		fputc(0xa5, f);
	fclose(f);
	free(path);
}

static void
reopen_recovers(const char *why)
{
	char *said = NULL;
	struct noc_writer *w = state_open(dir, &said);

	assert_non_null(said);
	if (!strstr(said, why))
		fail_msg("%s", said);
	assert_true(
	    state_wait(w, noc_writer_submit(w, state_txn(7)), PATIENCE_MS));
	noc_writer_close(w, 1000);
	free(said);
	state_assert_whole(dir, 3); /* LOG_OPEN, RECOVERY, the event */
	assert_int_equal(state_int(dir, "SELECT count(*) FROM audit WHERE"
					" substr(rec, 7, 2) = x'000a'"),
			 1);
	assert_int_equal(
	    state_run("ls %s/nocturne.db.quarantine-* >/dev/null", dir), 0);
}

/* A page of the audit table is lost: a new log names the old head, and the
 * state that could be read is there, its runs blocked. */
static void
test_damaged_file_is_put_aside(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	uint64_t t;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		noc_writer_submit(w, state_txn(i));
	noc_writer_submit(w, run_txn("Running", 1));
	t = noc_writer_submit(w, run_txn("Succeeded", 2));
	assert_true(state_wait(w, t, PATIENCE_MS));
	noc_writer_close(w, 1000);
	spoil(4096L * (state_int(dir, "SELECT rootpage FROM sqlite_master"
				      " WHERE name='audit'") -
		       1),
	      4096);
	reopen_recovers("SQLite says");
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live"), 501 - 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs"), 1);
	assert_int_equal(state_int(dir, "SELECT phase = 'blocked' FROM runs"),
			 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM steps"), 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM audit WHERE"
					" instr(rec, 'noc.example/audit/')"
					" AND seq = 1"),
			 1);
}

static void
test_not_a_database_is_put_aside(void **state)
{
	(void)state;
	state_fill(dir, 0, 5);
	spoil(0, 100);
	reopen_recovers("SQLite says");
}

static void
test_altered_record_is_put_aside(void **state)
{
	(void)state;
	state_fill(dir, 0, 5);
	state_flip(dir, "audit", "rec", 3, -1, 0);
	reopen_recovers("record 3");
}

static void
test_rolled_back_file_is_put_aside(void **state)
{
	(void)state;
	state_fill(dir, 0, 5);
	state_run("cp %s/nocturne.db %s/old", dir, dir);
	state_fill(dir, 5, 5);
	state_run("cp %s/old %s/nocturne.db; rm -f %s/nocturne.db-*", dir, dir,
		  dir);
	reopen_recovers("cut or rolled back");
}

/* The file is simply gone: what follows says so, and names what was. */
static void
test_missing_file_is_told(void **state)
{
	(void)state;
	state_fill(dir, 0, 5);
	state_run("mkdir %s/away; mv %s/nocturne.db* %s/away", dir, dir, dir);
	state_run("touch %s/nocturne.db.quarantine-0", dir);
	reopen_recovers("names the last anchored head");
}

/* A crash between putting the file aside and the new log: the rows are still
 * found. */
static void
test_interrupted_recovery(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);

	(void)state;
	noc_writer_submit(w, run_txn("Running", 1));
	assert_true(
	    state_wait(w, noc_writer_submit(w, state_txn(0)), PATIENCE_MS));
	noc_writer_close(w, 1000);
	state_run("mv %s/nocturne.db %s/nocturne.db.quarantine-1", dir, dir);
	state_run("printf '%%s' %s/nocturne.db.quarantine-1 > %s/recovering",
		  dir, dir);
	reopen_recovers("interrupted");
	assert_int_equal(state_int(dir, "SELECT phase = 'blocked' FROM runs"),
			 1);
	assert_int_equal(state_run("test -e %s/recovering", dir), 1);
}

/* A pipe in the place of a file that is read first: nobody will ever write to
 * it, and the start does not wait for somebody. */
static void
test_pipe_in_the_place_of_a_file(void **state)
{
	static const char *const names[] = { "recovering", "audit.vkey",
					     "anchor.log" };

	(void)state;
	state_fill(dir, 0, 5);
	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		state_run("rm -f %s/%s && mkfifo %s/%s", dir, names[i], dir,
			  names[i]);
		alarm(60);
		noc_writer_close(state_open(dir, NULL), 1000);
		alarm(0);
		/* An anchor file that is none is not ours to take away. */
		assert_int_equal(state_run("test -p %s/%s", dir, names[i]),
				 i == 2 ? 0 : 1);
	}
}

/* What the tail row says is checked against the signed head. */
static void
test_lost_frontier_is_rebuilt(void **state)
{
	unsigned n = 1250;

	(void)state;
	state_fill(dir, 0, 40);
	state_sql(dir, "UPDATE audit_tail SET frontier = zeroblob(64)");
	state_fill(dir, 40, 5);
	/* Of the right length for its size, and wrong. */
	state_sql(dir, "UPDATE audit_tail SET frontier ="
		       " zeroblob(length(frontier))");
	state_sql(dir, "DELETE FROM audit_tail");
	state_fill(dir, 45, 5);
	state_assert_whole(dir, 51);
	/* Saved now and then, and found again from there. */
	state_fill(dir, 50, 1200);
	/* Perhaps with the last commit; then not with the next. */
	if (state_int(dir, "SELECT size FROM audit_tail") == 1251)
		state_fill(dir, n++, 1);
	assert_in_range(state_int(dir, "SELECT size FROM audit_tail"), 752, n);
	state_fill(dir, n, 5);
	state_assert_whole(dir, n + 6);
}

static void
test_triggers_guard(void **state)
{
	static const char *const bad[] = {
		"UPDATE audit SET leaf = x'00'",
		"DELETE FROM audit WHERE seq = 0",
		"DELETE FROM audit_head",
		"UPDATE audit_head SET note = ''",
		"DELETE FROM audit_floor",
		"UPDATE audit_floor SET size = -1",
	};
	char *path = noc_asprintf("%s/nocturne.db", dir);
	sqlite3 *db;

	(void)state;
	state_fill(dir, 0, 5);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < NOC_COUNT(bad); i++)
		assert_int_equal(sqlite3_exec(db, bad[i], NULL, NULL, NULL),
				 SQLITE_CONSTRAINT);
	sqlite3_close(db);
	free(path);
	state_assert_whole(dir, 6);
}

static void
test_old_rows_go(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_writer_stats s;
	uint64_t t = 0;
	int i = 0;

	(void)state;
	assert_int_equal(noc_writer_retain(w, "audit", 1), NOC_ENOTFOUND);
	for (unsigned k = 0; k < 1200; k++)
		t = noc_writer_submit(w, state_txn(k));
	assert_true(state_wait(w, t, PATIENCE_MS));
	assert_int_equal(noc_writer_retain(w, "events", 1), 0);
	for (; i < 600 && state_int(dir, "SELECT count(*) FROM events") > 0;
	     i++)
		usleep(100000);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events"), 0);
	/* And the log is emptied after that, which is told. */
	for (i = 0; noc_writer_stats(w, &s), s.wal_pages && i < 600; i++)
		usleep(100000);
	assert_int_equal(s.wal_pages, 0);
	noc_writer_close(w, 1000);
	state_assert_whole(dir, 1201);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_groups_form_by_themselves),
		TEST(test_log_goes_on_after_restart),
		TEST(test_rows_without_records),
		TEST(test_order_within_a_batch),
		TEST(test_one_writer_a_directory),
		TEST(test_sites_that_cannot_be_named),
		TEST(test_keys_and_versions_refused),
		TEST(test_nothing_completed_is_lost),
		TEST(test_damaged_file_is_put_aside),
		TEST(test_not_a_database_is_put_aside),
		TEST(test_altered_record_is_put_aside),
		TEST(test_rolled_back_file_is_put_aside),
		TEST(test_missing_file_is_told),
		TEST(test_interrupted_recovery),
		TEST(test_pipe_in_the_place_of_a_file),
		TEST(test_lost_frontier_is_rebuilt),
		TEST(test_triggers_guard),
		TEST(test_old_rows_go),
	};

	noc_log_sink_set(state_quiet, NULL);
	if (argc == 3) {
		dir = argv[1];
		crash_child(atoi(argv[2]));
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
