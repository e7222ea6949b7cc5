/* SPDX-License-Identifier: ISC */
/* What the writer's thread does, step by step and at times of our own. */
#include "config.h"

#include "store/commit.h"

#include "store/anchor.h"
#include "store/checkpoint.h"
#include "tests/unit/store_state.h"

static char *dir;
static struct noc_commit c;
static int64_t t0; /* of the first anchor */

static void
open_log(void)
{
	struct noc_writer_options opt = { .state_dir = dir,
					  .site = "noc.example",
					  .anchor = true };
	struct noc_err err;
	char *said;

	if (noc_commit_open(&c, &opt, &said, &err))
		fail_msg("open: %s", err.msg);
	assert_null(said);
	t0 = c.anchored_ns;
}

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	open_log();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	noc_commit_stop(&c);
	state_remove(dir);
	return 0;
}

static void
commit_txn(struct noc_txn *txn)
{
	assert_true(noc_commit_try(&c, txn));
	noc_txn_free(txn);
}

static void
commit_event(unsigned i)
{
	commit_txn(state_txn(i));
}

static int64_t
count(const char *what)
{
	char *sql = noc_asprintf("SELECT count(*) FROM %s", what);
	int64_t n = state_int(dir, sql);

	free(sql);
	return n;
}

/* The size of the last anchored head. */
static uint64_t
anchored(void)
{
	char *path = noc_asprintf("%s/anchor.log", dir);
	struct noc_strbuf note = NOC_STRBUF_INIT;
	struct noc_head head = { .size = 0 };

	assert_int_equal(noc_anchor_last(path, &head, &note), 0);
	noc_strbuf_release(&note);
	free(path);
	return head.size;
}

static const int64_t keep_all[NOC_RETAINS];

/* ---- heads ---- */

/* Of all heads those stay that were anchored, that are of full thousands or
 * of a rotation, and the last. */
static void
test_which_heads_stay(void **state)
{
	struct noc_txn *txn;
	struct noc_record *r;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		commit_event(i);
	assert_int_equal(state_int(dir, "SELECT sum(size) FROM audit_head"),
			 1 + 6);
	noc_commit_after(&c, t0 + 60 * NOC_NS_PER_S);
	assert_int_equal(anchored(), 6);
	commit_event(5);
	commit_event(6);
	assert_int_equal(state_int(dir, "SELECT sum(size) FROM audit_head"),
			 1 + 6 + 8);
	assert_int_equal(state_int(dir, "SELECT sum(size) FROM audit_anchored"),
			 1 + 6);
	txn = noc_txn_new(noc_clock_read());
	r = noc_txn_record(txn, NOC_REC_KEY_ROTATE);
	noc_record_adds(r, NOC_TAG_DETAIL, "{}");
	commit_txn(txn);
	commit_event(7);
	commit_event(8);
	assert_int_equal(state_int(dir, "SELECT sum(size) FROM audit_head"),
			 1 + 6 + 9 + 11);
	txn = noc_txn_new(noc_clock_read());
	for (unsigned i = 0; i < 989; i++)
		noc_txn_record(txn, NOC_REC_GAP);
	commit_txn(txn);
	commit_event(9);
	assert_int_equal(state_int(dir, "SELECT sum(size) FROM audit_head"),
			 1 + 6 + 9 + 1000 + 1001);
}

/* ---- anchors ---- */

static void
test_when_a_head_is_anchored(void **state)
{
	struct noc_txn *txn;
	int64_t t = t0 + 60 * NOC_NS_PER_S;

	(void)state;
	assert_int_equal(anchored(), 1); /* a new log at once */
	commit_event(0);
	noc_commit_after(&c, t - 1);
	assert_int_equal(anchored(), 1);
	noc_commit_after(&c, t);
	assert_int_equal(anchored(), 2);
	/* While idle as well; and only what is new. */
	commit_event(1);
	noc_commit_idle(&c, t + 60 * NOC_NS_PER_S - 1, keep_all);
	assert_int_equal(anchored(), 2);
	t += 60 * NOC_NS_PER_S;
	noc_commit_idle(&c, t, keep_all);
	assert_int_equal(anchored(), 3);
	noc_commit_idle(&c, t + 600 * NOC_NS_PER_S, keep_all);
	assert_int_equal(c.anchored_ns, t);
	/* 1,000 records: a quarter of a second later. */
	txn = noc_txn_new(noc_clock_read());
	for (unsigned i = 0; i < 999; i++)
		noc_txn_record(txn, NOC_REC_GAP);
	commit_txn(txn);
	noc_commit_after(&c, t + 250 * NOC_NS_PER_MS);
	assert_int_equal(anchored(), 3);
	commit_event(2);
	noc_commit_after(&c, t + 250 * NOC_NS_PER_MS - 1);
	assert_int_equal(anchored(), 3);
	noc_commit_after(&c, t + 250 * NOC_NS_PER_MS);
	assert_int_equal(anchored(), 1003);
}

static unsigned complaints;

static void
on_line(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)room;
	(void)arg;
	complaints += level == NOC_LOG_ERROR && strstr(line, "anchor") != NULL;
}

/* A file that cannot be written is said once and tried every minute, however
 * many records come; nothing else waits for it. */
static void
test_anchor_file_that_cannot_be_written(void **state)
{
	int64_t minute = 60 * NOC_NS_PER_S, t = t0 + minute;
	struct noc_txn *txn = noc_txn_new(noc_clock_read());

	(void)state;
	state_run("mv %s/anchor.log %s/away; mkdir %s/anchor.log", dir, dir,
		  dir);
	complaints = 0;
	noc_log_sink_set(on_line, NULL);
	commit_event(0);
	noc_commit_after(&c, t);
	assert_int_equal(complaints, 1);
	for (unsigned i = 0; i < 1500; i++)
		noc_txn_record(txn, NOC_REC_GAP);
	commit_txn(txn);
	noc_commit_after(&c, t + minute);
	assert_int_equal(complaints, 1);
	noc_log_sink_set(state_quiet, NULL);
	state_run("rmdir %s/anchor.log; mv %s/away %s/anchor.log", dir, dir,
		  dir);
	noc_commit_after(&c, t + 2 * minute - 1);
	assert_int_equal(anchored(), 1);
	noc_commit_after(&c, t + 2 * minute);
	assert_int_equal(anchored(), 1502);
}

static void
test_the_last_head_is_anchored_at_the_end(void **state)
{
	(void)state;
	commit_event(0);
	commit_event(1);
	noc_commit_stop(&c);
	assert_int_equal(anchored(), 3);
	assert_int_equal(state_run("test -s %s/nocturne.db-wal", dir), 1);
	state_assert_whole(dir, 3);
	open_log();
}

/* ---- the write-ahead log ---- */

/* The database file by itself, as after the loss of all beside it. */
static int64_t
events_without_wal(void)
{
	char *alone = state_make();
	int64_t n;

	state_run("cp %s/nocturne.db %s/", dir, alone);
	n = state_int(alone, "SELECT count(*) FROM events");
	state_remove(alone);
	return n;
}

static size_t
wal_pages(void)
{
	struct noc_writer_stats s = { .wal_pages = 0 };

	noc_commit_stats(&c, &s);
	return s.wal_pages;
}

/* After a second without work all is in the file, and the log begins anew. */
static void
test_idle_empties_the_log(void **state)
{
	int64_t t = t0 + 5 * NOC_NS_PER_S;
	size_t one;

	(void)state;
	noc_commit_idle(&c, t, keep_all);
	commit_event(0);
	one = wal_pages();
	assert_true(one > 0);
	for (unsigned i = 1; i < 10; i++)
		commit_event(i);
	noc_commit_after(&c, t);
	assert_int_equal(noc_commit_idle(&c, t + NOC_NS_PER_S - 1, keep_all),
			 t + NOC_NS_PER_S);
	assert_true(wal_pages() > one);
	assert_int_equal(events_without_wal(), 0);
	noc_commit_idle(&c, t + NOC_NS_PER_S, keep_all);
	assert_int_equal(wal_pages(), 0);
	assert_int_equal(events_without_wal(), 10);
	commit_event(10);
	assert_true(wal_pages() <= one + 1);
}

static struct noc_txn *
big_txn(unsigned i, unsigned blobs)
{
	struct noc_txn *txn = state_txn(i);
	char *raw = noc_calloc(1, 65536);

	for (unsigned k = 0; k < blobs; k++) {
		snprintf(raw, 65536, "%u.%u", i, k);
		noc_txn_add_raw(txn, noc_txn_record(txn, NOC_REC_GAP), raw,
				65536);
	}
	free(raw);
	return txn;
}

/* 500 pages are for the thread to copy; 6,000 for the writer itself, so that
 * the next commit begins at the start. */
static void
test_long_log_is_copied(void **state)
{
	int64_t until = noc_clock_read().boot_ns + PATIENCE_MS * NOC_NS_PER_MS;

	(void)state;
	commit_txn(big_txn(0, 40));
	assert_in_range(wal_pages(), 500, 5999);
	noc_commit_after(&c, t0);
	while (noc_checkpoint_busy(c.cp))
		assert_true(noc_clock_read().boot_ns < until);
	assert_int_equal(events_without_wal(), 1);
	commit_txn(big_txn(1, 400));
	assert_in_range(wal_pages(), 6000, 16000);
	noc_commit_after(&c, t0);
	assert_int_equal(events_without_wal(), 2);
	commit_event(2);
	assert_in_range(wal_pages(), 1, 100);
}

/* ---- retention ---- */

static void
commit_decisions(unsigned n, int64_t at_ns)
{
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	static unsigned id;

	for (; n; n--) {
		struct noc_decision_row row = { .rule = "r",
						.outcome = "fired",
						.reason = "",
						.at_ns = at_ns };

		row.event.b[15] = (uint8_t)++id;
		row.event.b[14] = (uint8_t)(id >> 8);
		noc_txn_decision(txn, &row);
	}
	commit_txn(txn);
}

/* Chunks one after another while nothing else is to do, then once a minute;
 * what is younger stays, and 0 keeps all. */
static void
test_old_rows_go_in_chunks(void **state)
{
	int64_t keep[NOC_RETAINS] = { [NOC_RETAIN_DECISIONS] =
					  1000 * NOC_NS_PER_S };
	int64_t t = t0 + 5 * NOC_NS_PER_S, wall = noc_clock_read().wall_ns;

	(void)state;
	commit_event(0);
	commit_decisions(700, wall - 2000 * NOC_NS_PER_S);
	commit_decisions(3, wall);
	noc_commit_after(&c, t);
	assert_int_equal(noc_commit_idle(&c, t + 1, keep), t + NOC_NS_PER_S);
	assert_int_equal(count("decisions"), 703);
	t += NOC_NS_PER_S;
	assert_int_equal(noc_commit_idle(&c, t, keep), t);
	assert_int_equal(count("decisions"), 203);
	assert_int_equal(noc_commit_idle(&c, t, keep), t);
	assert_int_equal(count("decisions"), 3);
	/* Its own pages are put away at once; then it is the anchor's turn. */
	noc_commit_idle(&c, t, keep);
	assert_int_equal(noc_commit_idle(&c, t, keep), t0 + 60 * NOC_NS_PER_S);
	assert_int_equal(wal_pages(), 0);
	assert_int_equal(noc_commit_idle(&c, t0 + 60 * NOC_NS_PER_S, keep),
			 t + 60 * NOC_NS_PER_S);
	keep[NOC_RETAIN_DECISIONS] = 1;
	noc_commit_idle(&c, t + 60 * NOC_NS_PER_S - 1, keep);
	assert_int_equal(count("decisions"), 3);
	noc_commit_idle(&c, t + 60 * NOC_NS_PER_S, keep);
	assert_int_equal(count("decisions"), 0);
	assert_int_equal(count("events"), 1);
	state_assert_whole(dir, 2);
}

static void
commit_fan_out(uint8_t id, const char *state, int64_t ended_ns, unsigned steps)
{
	struct noc_run_row run = { .id = { .b = { id } },
				   .rule = "r",
				   .mode = "active",
				   .state = state,
				   .started_ns = 5,
				   .ended_ns = ended_ns };
	struct noc_step_row row = { .run = run.id, .state = "Succeeded" };
	struct noc_txn *txn = noc_txn_new(noc_clock_read());

	noc_txn_run(txn, &run);
	for (; steps; steps--) {
		char path[16];

		snprintf(path, sizeof(path), "all[%u]", steps);
		row.path = path;
		noc_txn_step(txn, &row);
	}
	commit_txn(txn);
}

/* A transaction takes no more steps than of other rows, whatever a run has;
 * the run goes when they have gone. */
static void
test_steps_go_in_chunks(void **state)
{
	const int64_t keep[NOC_RETAINS] = { [NOC_RETAIN_RUNS] = 1 };
	static const int64_t left[][2] = {
		{ 4, 709 }, { 4, 209 }, { 2, 9 }, { 2, 9 }
	};
	int64_t t = t0 + 5 * NOC_NS_PER_S;

	(void)state;
	commit_fan_out(1, "Succeeded", 7, 600);
	commit_fan_out(2, "Running", 0, 4);
	commit_fan_out(3, "Failed", 7, 600);
	commit_fan_out(4, "Succeeded", INT64_MAX, 5);
	noc_commit_after(&c, t);
	t += NOC_NS_PER_S;
	for (size_t i = 0; i < NOC_COUNT(left); i++) {
		noc_commit_idle(&c, t, keep);
		assert_int_equal(count("runs"), left[i][0]);
		assert_int_equal(count("steps"), left[i][1]);
	}
	assert_int_equal(count("steps WHERE hex(run) LIKE '02%' OR hex(run)"
			       " LIKE '04%'"),
			 9);
}

static void
commit_list(uint8_t hash, const char *kind)
{
	struct noc_txn *txn = noc_txn_new(noc_clock_read());

	noc_txn_definition(txn, (uint8_t[32]){ hash }, kind, "all", "[1]");
	commit_txn(txn);
}

/* Lists go when neither a run that is open nor one that is kept can name
 * them: one that was named again is young again.  Plans stay. */
static void
test_lists_go_with_their_runs(void **state)
{
	const int64_t keep[NOC_RETAINS] = { [NOC_RETAIN_RUNS] =
						1000 * NOC_NS_PER_S };
	int64_t t = t0 + 5 * NOC_NS_PER_S;

	(void)state;
	commit_list(1, "items");
	commit_list(2, "items");
	commit_list(3, "plan");
	state_sql(dir, "UPDATE definitions SET added = 5");
	commit_list(2, "items");
	commit_list(3, "plan");
	assert_int_equal(count("definitions WHERE added > 5"), 1);
	/* It began after them, but not by more than a day. */
	commit_fan_out(1, "Running", 0, 1);
	state_sql(dir, "UPDATE runs SET started = 86400000000000");
	noc_commit_after(&c, t);
	for (int i = 0; i < 3; i++)
		noc_commit_idle(&c, t + NOC_NS_PER_S, keep);
	assert_int_equal(count("definitions"), 3);
	state_sql(dir, "UPDATE runs SET started = 86400000000006");
	noc_commit_idle(&c, t + 61 * NOC_NS_PER_S, keep);
	assert_int_equal(count("definitions"), 2);
	assert_int_equal(count("definitions WHERE added = 5 AND kind ="
			       " 'plan'"),
			 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_which_heads_stay),
		TEST(test_when_a_head_is_anchored),
		TEST(test_anchor_file_that_cannot_be_written),
		TEST(test_the_last_head_is_anchored_at_the_end),
		TEST(test_idle_empties_the_log),
		TEST(test_long_log_is_copied),
		TEST(test_old_rows_go_in_chunks),
		TEST(test_steps_go_in_chunks),
		TEST(test_lists_go_with_their_runs),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
