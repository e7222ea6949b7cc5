/* SPDX-License-Identifier: ISC */
/* A disk that fails, one try at a time: what is done before the next one. */
#include "config.h"

#include "store/commit.h"

#include "tests/unit/store_faults.h"
#include "tests/unit/store_state.h"

static char *dir;
static struct noc_commit c;

static int
setup(void **state)
{
	struct noc_writer_options opt = { .anchor = true };
	struct noc_err err;
	char *said;

	(void)state;
	dir = state_make();
	opt.state_dir = dir;
	atomic_store(&fault, FAULT_NONE);
	if (noc_commit_open(&c, &opt, &said, &err))
		fail_msg("open: %s", err.msg);
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
fail_next(enum fault what, int times)
{
	atomic_store(&faults_left, times);
	atomic_store(&fault, (int)what);
}

/* A full disk: what the log held is put where it belongs, which makes room,
 * and nothing is in doubt or put aside. */
static void
test_full_disk_gets_room(void **state)
{
	char *wal = noc_asprintf("%s/nocturne.db-wal", dir);
	struct noc_txn *txn = state_txn(0);
	struct noc_writer_stats s;
	struct stat st;

	(void)state;
	assert_true(noc_commit_try(&c, txn));
	noc_txn_free(txn);
	assert_int_equal(stat(wal, &st), 0);
	assert_true(st.st_size > 0);
	txn = state_txn(1);
	fail_next(FAULT_FULL, 1);
	assert_false(noc_commit_try(&c, txn));
	noc_commit_stats(&c, &s);
	assert_true(s.failing);
	assert_non_null(strstr(s.error, "full"));
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_true(noc_commit_try(&c, txn));
	noc_txn_free(txn);
	noc_commit_stats(&c, &s);
	assert_false(s.failing);
	assert_int_equal(s.failures, 1);
	assert_int_equal(s.recoveries, 0);
	assert_int_equal(s.records, 3);
	state_assert_whole(dir, 3);
	free(wal);
}

/* A sync fails, and then the nth read of what looks at the file again, for each
 * n that there is: a disk that cannot be read for a moment costs no log, and no
 * batch. */
static void
test_unreadable_for_a_moment(void **state)
{
	static const int64_t keep[NOC_RETAINS];
	struct noc_writer_stats s;
	unsigned n = 0, tries;
	struct noc_txn *txn;

	(void)state;
	do {
		/* The log begins anew, so that each time as much is read. */
		noc_commit_idle(&c, 5 * NOC_NS_PER_S, keep);
		txn = state_txn(2 * n);
		assert_true(noc_commit_try(&c, txn));
		noc_txn_free(txn);
		txn = state_txn(2 * n + 1);
		atomic_store(&reads_before, (int)n);
		fail_next(FAULT_READ_AFTER, 1);
		for (tries = 1; !noc_commit_try(&c, txn); tries++)
			assert_true(tries < 5);
		noc_txn_free(txn);
		fail_next(FAULT_NONE, 0);
		noc_commit_stats(&c, &s);
		assert_int_equal(s.recoveries, 0);
		assert_int_equal(s.records, 2 * ++n + 1);
		assert_true(n < 1000);
	} while (atomic_load(&reads_before) < 0);
	state_assert_whole(dir, 2 * n + 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events"), 2 * n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_full_disk_gets_room),
		TEST(test_unreadable_for_a_moment),
	};

	noc_log_sink_set(state_quiet, NULL);
	if (shim_setup())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
