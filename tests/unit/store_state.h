/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_STORE_STATE_H
#define NOC_TESTS_UNIT_STORE_STATE_H

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/verify.h"
#include "store/writer.h"
#include "engine/run/verify.h"
#include "tests/unit/store_data.h"

/* A state directory on disk, a writer in it, and both verifiers. */

static inline void
state_quiet(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)level;
	(void)room;
	(void)line;
	(void)arg;
}

/* Returned: freed by state_remove. */
static inline char *
state_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = noc_asprintf("%s/noc-store-XXXXXX", tmp ? tmp : "/tmp");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static inline int state_run(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static inline int
state_run(const char *fmt, ...)
{
	va_list ap;
	char *cmd;
	int rc;

	va_start(ap, fmt);
	assert_true(vasprintf(&cmd, fmt, ap) >= 0);
	va_end(ap);
	rc = system(cmd);
	free(cmd);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static inline void
state_remove(char *dir)
{
	state_run("rm -rf '%s'", dir);
	free(dir);
}

static inline struct noc_writer *
state_open(const char *dir, char **recovered)
{
	struct noc_writer_options opt = { .state_dir = dir,
					  .site = "noc.example",
					  .anchor = true };
	struct noc_writer *w;
	struct noc_err err;
	char *said = NULL;

	if (noc_writer_open(&opt, &w, &said, &err))
		fail_msg("open: %s", err.msg);
	if (recovered)
		*recovered = said;
	else if (said)
		fail_msg("recovered: %s", said);
	return w;
}

/* One event: a record, a row of events and one of live. */
static inline struct noc_txn *
state_txn(unsigned i)
{
	struct noc_now now = noc_clock_read();
	struct noc_txn *txn = noc_txn_new(now);
	struct noc_record *r = noc_txn_record(txn, NOC_REC_EVENT);
	struct noc_value *v = noc_value_map();
	struct noc_event_row row = { .received_ns = now.wall_ns,
				     .kind = "interface.down",
				     .source = "syslog_udp",
				     .origin = noc_slice_str("192.0.2.1"),
				     .device =
					 noc_slice_str(i & 1 ? "r1" : "r2"),
				     .severity = 3,
				     .fate = "fired",
				     .json = v };
	char key[32];

	noc_value_set(v, "i", noc_value_int(i));
	noc_value_set(v, "text", noc_value_str("%LINK-3-UPDOWN: Gi0/1 down"));
	/* Ids that tests can say again. */
	memset(&row.id, 0x70, sizeof(row.id));
	row.id.b[0] = (uint8_t)(i >> 24);
	row.id.b[1] = (uint8_t)(i >> 16);
	row.id.b[2] = (uint8_t)(i >> 8);
	row.id.b[3] = (uint8_t)i;
	noc_record_add_id(r, NOC_TAG_EVENT, &row.id);
	noc_record_add(r, NOC_TAG_TARGET, row.device.p, row.device.len);
	noc_record_addf(r, NOC_TAG_DETAIL, "{\"i\":%u}", i);
	noc_txn_event(txn, &row);
	snprintf(key, sizeof(key), "k%u", i);
	noc_txn_live_put(txn, "counter", key, 0, v);
	noc_value_free(v);
	return txn;
}

#define PATIENCE_MS 60000 /* ends a hang; nothing waits for it to pass */

/* Until that ticket is durable, or false after ms. */
static inline bool
state_wait(struct noc_writer *w, uint64_t ticket, int ms)
{
	int64_t until = noc_clock_read().boot_ns + ms * NOC_NS_PER_MS;
	struct pollfd p = { .fd = noc_writer_fd(w), .events = POLLIN };
	uint64_t n;

	while (noc_writer_completed(w) < ticket) {
		if (noc_clock_read().boot_ns > until)
			return false;
		if (poll(&p, 1, 100) > 0 && read(p.fd, &n, sizeof(n)) < 0)
			return false;
	}
	return true;
}

static inline void
state_fill(const char *dir, unsigned from, unsigned n)
{
	struct noc_writer *w = state_open(dir, NULL);
	uint64_t t = 0;

	for (unsigned i = 0; i < n; i++)
		t = noc_writer_submit(w, state_txn(from + i));
	assert_true(state_wait(w, t, PATIENCE_MS));
	noc_writer_close(w, 5000);
}

static inline enum noc_verdict
state_verify(const char *dir, struct noc_verify_result *out)
{
	char *db = noc_asprintf("%s/nocturne.db", dir);
	char *anchor = noc_asprintf("%s/anchor.log", dir);
	struct noc_verify_options opt = { .db = db, .anchor = anchor };
	struct noc_err err;

	if (access(anchor, F_OK))
		opt.anchor = NULL;
	if (noc_verify(&opt, out, &err))
		fail_msg("verify: %s", err.msg);
	free(db);
	free(anchor);
	return out->verdict;
}

/* The verifier that shares no code: its verdict and sequence number.  -1 when
 * there is no python3. */
static inline int
state_verify_python(const char *dir, uint64_t *seq)
{
	static const char *const words[] = { "OK", "TAMPERED", "CUT",
					     "DAMAGED" };
	const char *src = getenv("NOC_SRCDIR");
	char *cmd, line[1024] = "";
	unsigned long long n = 0;
	char word[32] = "";
	FILE *f;

	cmd = noc_asprintf("a=''; test -e '%s/anchor.log' && "
			   "a='--anchor %s/anchor.log'; python3 "
			   "'%s/script/audit-verify' --quiet '%s/nocturne.db' "
			   "$a 2>&1",
			   dir, dir, src ? src : ".", dir);
	f = popen(cmd, "r");
	free(cmd);
	assert_non_null(f);
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	pclose(f);
	if (strstr(line, "python3: not found"))
		return -1;
	if (seq)
		*seq = 0;
	if (sscanf(line, "%llu records %31s", &n, word) == 2)
		return strcmp(word, "OK") ? -2 : NOC_VERDICT_OK;
	if (sscanf(line, "%31[A-Z] at seq %llu", word, &n) != 2 &&
	    strncmp(line, "DAMAGED: ", 9))
		fail_msg("audit-verify: %s", line);
	if (seq)
		*seq = n;
	for (int i = 1; i < 4; i++)
		if (!strcmp(word, words[i]))
			return i;
	fail_msg("audit-verify: %s", line);
	return -2;
}

static inline void
state_assert_whole(const char *dir, uint64_t records)
{
	struct noc_verify_result r;
	int python;

	if (state_verify(dir, &r) != NOC_VERDICT_OK)
		fail_msg("seq %llu: %s", (unsigned long long)r.at_seq,
			 r.message);
	if (records)
		assert_int_equal(r.records, records);
	python = state_verify_python(dir, NULL);
	if (python == -1)
		print_message(
		    "# no python3: the second verifier was skipped\n");
	else
		assert_int_equal(python, NOC_VERDICT_OK);
}

/* SQL on the file behind everybody's back; triggers are dropped first when
 * the tests need what they forbid. */
static inline void
state_sql(const char *dir, const char *sql)
{
	char *path = noc_asprintf("%s/nocturne.db", dir), *msg = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, PATIENCE_MS);
	if (sqlite3_exec(db, sql, NULL, NULL, &msg) != SQLITE_OK)
		fail_msg("%s: %s", sql, msg);
	sqlite3_close(db);
	free(path);
}

static inline int64_t
state_int(const char *dir, const char *sql)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, PATIENCE_MS);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	return n;
}

/* One bit of a stored value, beneath triggers. */
static inline void
state_flip(const char *dir, const char *table, const char *column, int64_t row,
	   int offset, int bit)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	sqlite3_blob *b;
	sqlite3 *db;
	unsigned char c;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_blob_open(db, "main", table, column, row, 1, &b),
	    SQLITE_OK);
	if (offset < 0)
		offset += sqlite3_blob_bytes(b);
	assert_int_equal(sqlite3_blob_read(b, &c, 1, offset), SQLITE_OK);
	c = (unsigned char)(c ^ 1 << bit);
	assert_int_equal(sqlite3_blob_write(b, &c, 1, offset), SQLITE_OK);
	assert_int_equal(sqlite3_blob_close(b), SQLITE_OK);
	sqlite3_close(db);
	free(path);
}

#endif
