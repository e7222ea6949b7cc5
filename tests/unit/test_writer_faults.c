/* SPDX-License-Identifier: ISC */
/* A disk that fails: the writer keeps the batch, waits, and goes on alone. */
#include "config.h"

#include "store/writer.h"

#include <limits.h>
#include <sys/mount.h>

#include "tests/unit/store_faults.h"
#include "tests/unit/store_state.h"

static char *dir;

/* ---- the tests ---- */

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	atomic_store(&fault, FAULT_NONE);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	state_remove(dir);
	return 0;
}

/* The next commit fails, unless we are slow and it is the writer's upkeep that
 * does, which nobody is told: then another. */
static unsigned
fail_commits(struct noc_writer *w, enum fault what, int times, unsigned each)
{
	struct noc_writer_stats s;
	unsigned i = 1;

	atomic_store(&fault, (int)what);
	do {
		uint64_t t = 0;

		atomic_store(&faults_left, times);
		for (unsigned end = i + each; i < end; i++)
			t = noc_writer_submit(w, state_txn(i));
		assert_true(state_wait(w, t, PATIENCE_MS));
		noc_writer_stats(w, &s);
	} while (!s.failures && !s.recoveries && i < 20 * each);
	return i;
}

static void
survive(enum fault what, int times)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_writer_stats s;
	unsigned n;

	assert_true(
	    state_wait(w, noc_writer_submit(w, state_txn(0)), PATIENCE_MS));
	n = fail_commits(w, what, times, 300);
	noc_writer_stats(w, &s);
	assert_true(s.failures >= 1);
	assert_false(s.failing);
	assert_string_equal(s.error, "");
	atomic_store(&fault, FAULT_NONE);
	noc_writer_close(w, 1000);
	/* Each once, none lost, none twice. */
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events"), n);
	state_assert_whole(dir, n + 1);
}

static void
test_failed_writes(void **state)
{
	(void)state;
	survive(FAULT_WRITE, 3);
}

static void
test_failed_syncs(void **state)
{
	(void)state;
	survive(FAULT_SYNC, 3);
}

/* The commit that was said to have failed did happen: it is not repeated. */
static void
test_commit_in_doubt(void **state)
{
	(void)state;
	survive(FAULT_SYNC_LATE, 1);
}

/* The file turns out malformed while running: it is put aside, the batch goes
 * into a new log unchanged, and what was live is there. */
static void
test_malformed_while_running(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_writer_stats s;
	char *vkey = noc_strdup(noc_writer_vkey(w));
	unsigned n;

	(void)state;
	assert_true(
	    state_wait(w, noc_writer_submit(w, state_txn(0)), PATIENCE_MS));
	n = fail_commits(w, FAULT_CORRUPT, 1, 1);
	noc_writer_stats(w, &s);
	assert_int_equal(s.recoveries, 1);
	assert_false(s.failing);
	assert_string_not_equal(noc_writer_vkey(w), vkey);
	free(vkey);
	assert_true(
	    state_wait(w, noc_writer_submit(w, state_txn(n)), PATIENCE_MS));
	noc_writer_close(w, 1000);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live"), n + 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events"), n + 1);
	state_assert_whole(dir, 4);
	assert_int_equal(state_run("test -e %s/recovering", dir), 1);
}

/* It fails for good: close gives up after its time, and what was durable is
 * whole. */
static void
test_close_while_failing(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_writer_stats s;

	(void)state;
	assert_true(
	    state_wait(w, noc_writer_submit(w, state_txn(0)), PATIENCE_MS));
	atomic_store(&faults_left, INT_MAX);
	atomic_store(&fault, FAULT_WRITE);
	for (unsigned i = 1; i <= 5; i++)
		noc_writer_submit(w, state_txn(i));
	for (int i = 0; i < PATIENCE_MS / 20; i++) {
		noc_writer_stats(w, &s);
		if (s.failing)
			break;
		usleep(20000);
	}
	assert_true(s.failing);
	assert_true(strlen(s.error) > 10);
	assert_int_equal(s.queue_txns, 5);
	assert_true(s.lag_ns > 0);
	noc_writer_close(w, 300); /* or it would never end */
	atomic_store(&fault, FAULT_NONE);
	state_assert_whole(dir, 2);
}

/* One txn with nothing but a record, and a raw message of so many bytes. */
static struct noc_txn *
txn_of(const char *raw, size_t len)
{
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_record *r = noc_txn_record(txn, NOC_REC_GAP);

	if (len)
		noc_txn_add_raw(txn, r, raw, len);
	return txn;
}

/* Full at 16 MiB, be it of many or of few. */
static void
check_queue(const char *raw, size_t len, size_t most)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_writer_stats s;
	size_t n = 0, least = 0;

	atomic_store(&faults_left, INT_MAX);
	atomic_store(&fault, FAULT_WRITE);
	noc_writer_stats(w, &s);
	assert_true(s.fill == 0);
	do {
		assert_in_range(s.queue_bytes, least, (16 << 20) - 1);
		noc_writer_submit(w, txn_of(raw, len));
		noc_writer_stats(w, &s);
		least += len;
		assert_int_equal(s.queue_txns, ++n);
		assert_true(s.queue_bytes >= 8 << 20 ? s.fill >= 0.5
						     : s.fill < 0.5);
	} while (s.fill < 1 && n < most);
	assert_true(s.fill == 1);
	assert_true(s.queue_bytes >= 16 << 20);
	noc_writer_close(w, 1); /* nothing will be written */
	atomic_store(&fault, FAULT_NONE);
}

static void
test_the_queue_is_full_at_16_mib(void **state)
{
	char *raw = noc_calloc(1, 65536);

	(void)state;
	check_queue(NULL, 0, 10000);
	check_queue(raw, 65536, 256);
	free(raw);
}

/* A real full disk, when the tests may mount one. */
static void
test_full_disk(void **state)
{
	struct noc_writer *w;
	struct noc_writer_stats s = { .failing = false };
	uint64_t t = 0;
	unsigned i = 0;
	char *filler = noc_asprintf("%s/filler", dir);

	(void)state;
	if (geteuid() || mount("tmpfs", dir, "tmpfs", 0, "size=4m")) {
		print_message("# not root: the full disk was skipped\n");
		free(filler);
		skip();
	}
	w = state_open(dir, NULL);
	assert_int_equal(state_run("head -c 2500000 /dev/zero > %s", filler),
			 0);
	while (!s.failing && i < 20000) {
		t = noc_writer_submit(w, state_txn(i++));
		if (i % 100)
			continue;
		while (!s.failing && !state_wait(w, t, 10))
			noc_writer_stats(w, &s);
	}
	assert_true(s.failing);
	assert_non_null(strstr(s.error, "full"));
	assert_false(state_wait(w, t, 300));
	/* Nobody but the operator does anything: space comes back. */
	unlink(filler);
	assert_true(state_wait(w, t, PATIENCE_MS));
	noc_writer_close(w, 1000);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events"), i);
	state_assert_whole(dir, i + 1);
	free(filler);
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_failed_writes),
		TEST(test_failed_syncs),
		TEST(test_commit_in_doubt),
		TEST(test_malformed_while_running),
		TEST(test_close_while_failing),
		TEST(test_the_queue_is_full_at_16_mib),
		TEST(test_full_disk),
	};

	noc_log_sink_set(state_quiet, NULL);
	if (shim_setup())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
