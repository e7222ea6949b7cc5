/* SPDX-License-Identifier: ISC */
/* What comes over from a file that is put aside. */
#include "config.h"

#include "store/recover_private.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "store/db.h"
#include "store/reader.h"
#include "tests/unit/store_state.h"
#include "tests/unit/unit.h"

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

/* ---- putting aside ---- */

/* The name says when, in UTC, and is one that nothing has. */
static void
test_name_says_when(void **state)
{
	time_t before = time(NULL), at;
	char *first = noc_quarantine_name(path), *more;
	size_t n = strlen(path);
	struct tm tm = { .tm_year = 0 };

	(void)state;
	assert_memory_equal(first, path, n);
	assert_memory_equal(first + n, ".quarantine-", 12);
	assert_string_equal(strptime(first + n + 12, "%Y%m%dT%H%M%SZ", &tm),
			    "");
	at = timegm(&tm);
	assert_true(at >= before && at <= time(NULL));
	for (int i = 0; i < 3; i++) {
		state_run("touch %s", first);
		more = noc_quarantine_name(path);
		assert_string_not_equal(more, first);
		assert_int_not_equal(access(more, F_OK), 0);
		free(first);
		first = more;
	}
	free(first);
}

static void
test_all_files_go_and_the_log_last(void **state)
{
	char *to = noc_asprintf("%s/aside", dir);
	struct noc_err err;

	(void)state;
	state_run("cd %s && touch nocturne.db nocturne.db-wal nocturne.db-shm",
		  dir);
	/* One cannot go: the log itself stays, for the next start to see. */
	state_run("mkdir -p %s-shm/full", to);
	assert_int_equal(noc_quarantine(dir, path, to, &err), NOC_ESTORE);
	assert_non_null(strstr(err.msg, "Cannot put"));
	assert_int_equal(access(path, F_OK), 0);
	state_run("rm -r %s-shm", to);
	/* Again: what went before is not missed. */
	assert_int_equal(noc_quarantine(dir, path, to, &err), 0);
	assert_int_equal(state_run("cd %s && ls | tr '\\n' ' ' | grep -qx "
				   "'aside aside-shm aside-wal '",
				   dir),
			 0);
	free(to);
}

/* ---- rows ---- */

static void
commit(struct noc_writer *w, struct noc_txn *txn)
{
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
}

static void
put_run_of(struct noc_txn *txn, const struct noc_id *id, const char *word)
{
	struct noc_run_row run = { .rule = "if_down",
				   .key = "r1",
				   .device = "r1",
				   .mode = "active",
				   .state = word,
				   .phase = "sleeping",
				   .outcome = "",
				   .started_ns = 5 };
	struct noc_step_row step = {
		.path = "raise", .item = -1, .attempt = 1, .state = word
	};

	step.run = run.id = *id;
	noc_txn_run(txn, &run);
	noc_txn_step(txn, &step);
	step.path = "lower";
	noc_txn_step(txn, &step);
}

static void
put_run(struct noc_txn *txn, uint8_t id, const char *word)
{
	struct noc_id all;

	memset(all.b, id, sizeof(all.b));
	put_run_of(txn, &all, word);
}

/* The detail of the RECOVERY record, which is the second of the new log. */
static struct noc_value *
recovery(void)
{
	struct noc_value *list = NULL, *params = NULL, *detail;
	struct noc_err err;

	assert_int_equal(
	    noc_json_parse("{\"kind\":\"recovery\"}", 19, &params, NULL), 0);
	if (noc_reader_query(dir, "audit", params, &list, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(noc_value_len(list), 1);
	assert_int_equal(noc_value_get_int(noc_value_at(list, 0), "seq", 0), 1);
	detail = noc_value_copy(noc_value_get(noc_value_at(list, 0), "detail"));
	noc_value_free(params);
	noc_value_free(list);
	return detail;
}

static void
recovered_rows(int64_t live, int64_t runs, int64_t steps, int64_t definitions)
{
	struct noc_value *v = recovery();

	assert_int_equal(noc_value_get_int(v, "live", -1), live);
	assert_int_equal(noc_value_get_int(v, "runs", -1), runs);
	assert_int_equal(noc_value_get_int(v, "steps", -1), steps);
	assert_int_equal(noc_value_get_int(v, "definitions", -1), definitions);
	noc_value_free(v);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live"), live);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs"), runs);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM steps"), steps);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM definitions"),
			 definitions);
}

/* What is live and unfinished comes over, and the record says how much of it,
 * why, from where, and what the old log's head was. */
static void
test_what_comes_over_is_said(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	static const char *const words[] = { "Pending", "Running", "Succeeded",
					     "Failed", "Cancelled" };
	struct noc_value *v;
	const char *head;
	char *said;

	(void)state;
	noc_txn_live_put(txn, "silence", "r1", 77, NULL);
	noc_txn_live_put(txn, "silence", "r2", 78, NULL);
	noc_txn_live_put(txn, "hold", "r1", 79, NULL);
	for (uint8_t i = 0; i < NOC_COUNT(words); i++)
		put_run(txn, (uint8_t)(i + 1), words[i]);
	noc_txn_definition(txn, (const uint8_t[32]){ 1 }, "plan", "a", "text");
	commit(w, txn);
	commit(w, state_txn(0));
	noc_writer_close(w, 1000);
	state_flip(dir, "audit", "rec", 1, -1, 0);
	w = state_open(dir, &said);
	noc_writer_close(w, 1000);
	assert_non_null(strstr(said, "4 live rows and 2 unfinished runs"));
	free(said);
	recovered_rows(4, 2, 4, 1);
	assert_int_equal(state_int(dir, "SELECT sum(due) FROM live"),
			 77 + 78 + 79);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs WHERE phase"
					" = 'blocked' AND state IN ('Pending',"
					" 'Running')"),
			 2);
	v = recovery();
	assert_non_null(strstr(noc_value_get_str(v, "reason", ""), "record 1"));
	assert_non_null(
	    strstr(noc_value_get_str(v, "file", ""), ".quarantine-2"));
	head = noc_value_get_str(v, "old_head", "");
	assert_non_null(strstr(head, "noc.example/audit/"));
	assert_non_null(strstr(head, "\n2\n"));
	noc_value_free(v);
}

/* Where a step stood, what a run came of and until when: of a file of any
 * version, the first lacked the columns. */
static void
test_every_version_comes_over(void **state)
{
	static const char *const rows[] = {
		"INSERT INTO runs VALUES(1, zeroblob(16), NULL, 'r', '', '',"
		" 'active', 'Running', '', '', 5, 0, zeroblob(32), '{}');"
		"INSERT INTO steps SELECT id, 'all[a]', 1, 'Running', 5, 0, 0,"
		" '{}' FROM runs",
		"INSERT INTO runs VALUES(1, zeroblob(16), NULL, 'r', '', '',"
		" 'active', 'Running', '', '', 5, 0, zeroblob(32), '{}',"
		" zeroblob(16), 'vlan 7', 99);"
		"INSERT INTO steps SELECT id, 'all[a]', 1, 'Running', 5, 0, 0,"
		" '{}', 3, 4 FROM runs",
	};
	static const char *const now[] = {
		"SELECT (SELECT node = 0 AND item = -1 FROM steps) AND parent"
		" IS NULL AND dedup IS NULL AND deadline = 0 FROM runs",
		"SELECT (SELECT node = 3 AND item = 4 FROM steps) AND parent"
		" = zeroblob(16) AND dedup = 'vlan 7' AND deadline = 99"
		" FROM runs",
	};
	const struct noc_schema *ours = noc_schema;
	char *said;

	(void)state;
	assert_int_equal(ours->version, NOC_COUNT(rows));
	for (int i = 0; i < ours->version; i++) {
		struct noc_schema one = { i + 1, ours->steps };

		noc_schema = &one;
		state_fill(dir, 0, 1);
		noc_schema = ours;
		state_sql(dir, rows[i]);
		state_flip(dir, "audit", "rec", 1, -1, 0);
		noc_writer_close(state_open(dir, &said), 1000);
		assert_non_null(strstr(said, "1 unfinished runs"));
		assert_null(strstr(said, "Not all could be read"));
		free(said);
		recovered_rows(1, 1, 1, 0);
		assert_int_equal(state_int(dir, now[i]), 1);
		assert_int_equal(state_run("rm -f '%s'/*", dir), 0);
	}
}

static const char named_list[] =
    "INSERT INTO definitions SELECT randomblob(32), 'items', 'all',"
    " 'old', 5;"
    "INSERT INTO definitions SELECT CAST(zeroblob(31) || x'07' AS"
    " BLOB), 'items',"
    " 'all', '[\"sw1\"]', 5;"
    "INSERT INTO runs VALUES(1, zeroblob(16), NULL, 'r', '', '',"
    " 'active', 'Running', '', '', 5, 0, zeroblob(32), '{}', NULL,"
    " NULL, 0);"
    "INSERT INTO steps SELECT id, 'all', 1, 'Running', 5, 0, 0,"
    " printf('{\"live\":{\"items_hash\":\"%064d\"}}', 7), 3, -1"
    " FROM runs";

/* The list of an each that is on its way comes with the row that names it, and
 * no other list; one that is not to be had is said. */
static void
test_lists_that_steps_name(void **state)
{
	char *said;

	(void)state;
	state_fill(dir, 0, 1);
	state_sql(dir, named_list);
	state_flip(dir, "audit", "rec", 1, -1, 0);
	noc_writer_close(state_open(dir, &said), 1000);
	assert_null(strstr(said, "Not all could be read"));
	free(said);
	recovered_rows(1, 1, 1, 1);
	assert_int_equal(state_int(dir,
				   "SELECT hash = CAST(zeroblob(31) || x'07'"
				   " AS BLOB)"
				   " AND kind = 'items' AND text ="
				   " '[\"sw1\"]' FROM definitions"),
			 1);
	state_sql(dir, "DELETE FROM definitions");
	state_flip(dir, "audit", "rec", 1, -1, 0);
	noc_writer_close(state_open(dir, &said), 1000);
	assert_non_null(strstr(said, "Not all could be read of: items."));
	free(said);
}

static void
spoil_page(int64_t page)
{
	FILE *f = fopen(path, "r+b");

	assert_non_null(f);
	assert_int_equal(fseek(f, (page - 1) * 4096, SEEK_SET), 0);
	for (int i = 0; i < 8; i++)
		fputc(0xff, f);
	fclose(f);
}

/* The leaf of this kind of page that holds these bytes. */
static int64_t
leaf_of(char kind, const void *key, size_t key_len)
{
	size_t len;
	char *file = unit_read(path, &len), *at = file;
	int64_t page;

	do {
		at =
		    memmem(at + 1, len - (size_t)(at + 1 - file), key, key_len);
		assert_non_null(at);
	} while (file[(at - file) / 4096 * 4096] != kind);
	page = (at - file) / 4096 + 1;
	free(file);
	return page;
}

static void
spoil_leaf_of(char kind, const void *key, size_t key_len)
{
	spoil_page(leaf_of(kind, key, key_len));
}

#define TABLE_LEAF 0x0d
#define KEYED_LEAF 0x0a

/* The list that a step at hand goes through is looked at before a start. */
static void
test_a_list_that_cannot_be_read(void **state)
{
	char *said;

	(void)state;
	state_fill(dir, 0, 1);
	state_sql(dir, named_list);
	noc_writer_close(state_open(dir, NULL), 1000);
	spoil_leaf_of(TABLE_LEAF, "[\"sw1\"]", 7);
	noc_writer_close(state_open(dir, &said), 1000);
	assert_non_null(said);
	assert_non_null(strstr(said, "its state is not whole"));
	assert_non_null(strstr(said, "Not all could be read of: definitions, "
				     "items."));
	free(said);
}

static bool
recovery_lists(const struct noc_value *v, const char *list, const char *what)
{
	const struct noc_value *l = noc_value_get(v, list);

	for (size_t i = 0; i < noc_value_len(l); i++)
		if (!strcmp(noc_value_at(l, i)->u.s.p, what))
			return true;
	return false;
}

/* Only where what people had forbidden may be lost. */
static void
assert_killed(const struct noc_value *v, bool killed)
{
	assert_int_equal(noc_value_get_bool(v, "killed", false), killed);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live WHERE"
					" kind = 'kill' AND key = 'switch'"),
			 killed);
}

/* Pages are lost: what lies before, between and behind them comes over, the
 * record says that there are gaps, and nothing is changed until a person
 * looked. */
static void
rows_around(const unsigned *gaps, unsigned n)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_value *v;
	int64_t live;
	char *said, key[32], *sql;

	for (unsigned i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "row-%04u", i);
		noc_txn_live_put(txn, "counter", key, i, NULL);
	}
	commit(w, txn);
	noc_writer_close(w, 1000);
	for (unsigned i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "row-%04u", gaps[i]);
		spoil_leaf_of(KEYED_LEAF, key, strlen(key));
	}
	w = state_open(dir, &said);
	noc_writer_close(w, 1000);
	assert_non_null(said);
	assert_non_null(strstr(said, "Not all could be read of: live."));
	assert_non_null(strstr(said, "The kill switch is on"));
	free(said);
	/* A page holds fewer than 300 of them. */
	live = state_int(dir, "SELECT count(*) FROM live WHERE kind ="
			      " 'counter'");
	assert_in_range(live, 2000 - 300 * n, 2000 - n);
	for (unsigned i = 0; i < n; i++) {
		sql = noc_asprintf("SELECT count(*) FROM live WHERE due = %u"
				   " AND kind = 'counter'",
				   gaps[i]);
		assert_int_equal(state_int(dir, sql), 0);
		free(sql);
	}
	v = recovery();
	assert_int_equal(noc_value_get_int(v, "live", -1), live);
	assert_true(recovery_lists(v, "lost", "live"));
	assert_false(recovery_lists(v, "lost", "runs"));
	assert_killed(v, true);
	noc_value_free(v);
	state_assert_whole(dir, 2);
}

static void
test_rows_on_both_sides_of_the_damage(void **state)
{
	static const unsigned middle[] = { 1000 };

	(void)state;
	rows_around(middle, 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live WHERE due"
					" IN (0, 1999) AND kind = 'counter'"),
			 2);
}

static void
test_rows_between_damaged_pages(void **state)
{
	static const unsigned three[] = { 400, 1000, 1600 };

	(void)state;
	rows_around(three, 3);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live WHERE due"
					" IN (0, 700, 1300, 1999)"
					" AND kind = 'counter'"),
			 4);
}

/* Runs that are on a lost page are named; what was read is blocked; nobody's
 * orders were lost, so none are added. */
static void
test_lost_runs_are_named(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	static const uint8_t gaps[] = { 60, 140 };
	struct noc_value *v;
	uint8_t id[16];
	char *said;

	(void)state;
	for (uint8_t i = 1; i <= 200; i++)
		put_run(txn, i, i % 20 ? "Running" : "Succeeded");
	commit(w, txn);
	noc_writer_close(w, 1000);
	for (unsigned i = 0; i < NOC_COUNT(gaps); i++) {
		memset(id, gaps[i] + 1, sizeof(id));
		spoil_leaf_of(TABLE_LEAF, id, sizeof(id));
	}
	w = state_open(dir, &said);
	noc_writer_close(w, 1000);
	assert_non_null(strstr(said, "Not all could be read of: runs."));
	free(said);
	assert_in_range(state_int(dir, "SELECT count(*) FROM runs"), 100, 188);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs WHERE id IN"
					" (x'3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d',"
					"x'8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d8d')"),
			 0);
	/* Each with its steps; between the gaps too. */
	assert_int_equal(state_int(dir, "SELECT count(*) = 2 * (SELECT count(*)"
					" FROM runs) FROM steps"),
			 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM runs WHERE id IN"
					" (x'01010101010101010101010101010101',"
					"x'65656565656565656565656565656565',"
					"x'c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7')"
					" AND phase = 'blocked'"),
			 3);
	v = recovery();
	assert_true(recovery_lists(v, "lost_runs",
				   "3d3d3d3d-3d3d-3d3d-3d3d-3d3d3d3d3d3d"));
	assert_true(recovery_lists(v, "lost_runs",
				   "8d8d8d8d-8d8d-8d8d-8d8d-8d8d8d8d8d8d"));
	assert_int_equal(noc_value_len(noc_value_get(v, "lost_runs")) +
			     (size_t)state_int(dir, "SELECT count(*) FROM"
						    " runs"),
			 190);
	assert_killed(v, false);
	noc_value_free(v);
	state_assert_whole(dir, 2);
}

/* Each page of the table of runs is lost. */
static void
test_256_lost_runs_are_named(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_value *v;
	char *said;

	(void)state;
	for (unsigned i = 1; i <= 300; i++) {
		struct noc_id id = { { (uint8_t)(i >> 8), (uint8_t)i, 7 } };

		put_run_of(txn, &id, "Running");
	}
	commit(w, txn);
	noc_writer_close(w, 1000);
	spoil_page(state_int(dir, "SELECT rootpage FROM sqlite_master WHERE"
				  " name = 'runs'"));
	w = state_open(dir, &said);
	noc_writer_close(w, 1000);
	assert_non_null(said);
	free(said);
	v = recovery();
	assert_int_equal(noc_value_len(noc_value_get(v, "lost_runs")), 256);
	noc_value_free(v);
}

/* ---- pages that name one another ---- */

static void
put_number(uint8_t *p, size_t n, uint64_t v)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* An inner page of a table, whose children are one page. */
static void
put_inner(uint8_t *page, size_t size, uint32_t child)
{
	size_t at = size, fan = 100;

	memset(page, 0, size);
	for (size_t i = 0; i < fan; i++) {
		at -= 5;
		put_number(page + at, 4, child);
		page[at + 4] = (uint8_t)(i + 1);
		put_number(page + 12 + 2 * i, 2, at);
	}
	page[0] = 5;
	put_number(page + 3, 2, fan);
	put_number(page + 5, 2, at);
	put_number(page + 8, 4, child);
}

/* Six pages above the one that the table had: 10^12 times its rows. */
static void
make_endless(const char *table)
{
	char *sql = noc_asprintf("SELECT rootpage FROM sqlite_master WHERE"
				 " name = '%s'",
				 table);
	size_t size = (size_t)state_int(dir, "PRAGMA page_size");
	off_t root = state_int(dir, sql), n;
	uint8_t *page = noc_malloc(size), count[4];
	int fd;

	state_sql(dir, "PRAGMA wal_checkpoint(TRUNCATE)");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	n = lseek(fd, 0, SEEK_END) / (off_t)size;
	assert_int_equal(pread(fd, page, size, (root - 1) * (off_t)size), size);
	assert_int_equal(page[0], 13);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(pwrite(fd, page, size, n * (off_t)size), size);
		put_inner(page, size, (uint32_t)++n);
	}
	assert_int_equal(pwrite(fd, page, size, (root - 1) * (off_t)size),
			 size);
	put_number(count, sizeof(count), (uint64_t)n);
	assert_int_equal(pwrite(fd, count, sizeof(count), 28), sizeof(count));
	close(fd);
	free(page);
	free(sql);
}

/* ---- events ---- */

static void
put_event(struct noc_txn *txn, unsigned n, int64_t received_ns)
{
	struct noc_event_row row = { .received_ns = received_ns,
				     .kind = "config.change",
				     .source = "api",
				     .origin = noc_slice_str("local"),
				     .device = noc_slice_str("r1"),
				     .fate = "matched",
				     .json = noc_value_map() };

	memcpy(row.id.b, &n, sizeof(n));
	noc_txn_event(txn, &row);
	noc_value_free(row.json);
}

/* Nothing of the log itself: its end is not what was anchored. */
static void
put_aside(struct noc_writer *w)
{
	char *said;

	commit(w, state_txn(0));
	noc_writer_close(w, 1000);
	state_flip(dir, "audit", "rec", 0, -1, 0);
	w = state_open(dir, &said);
	noc_writer_close(w, 1000);
	assert_non_null(said);
	free(said);
}

/* What `unless seen` may ask for. */
static void
test_events_of_an_hour(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_now now = noc_clock_read();
	struct noc_txn *txn = noc_txn_new(now);

	(void)state;
	put_event(txn, 1, now.wall_ns - 3601 * NOC_NS_PER_S);
	put_event(txn, 2, now.wall_ns - 3500 * NOC_NS_PER_S);
	commit(w, txn);
	put_aside(w);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events WHERE"
					" kind = 'config.change'"),
			 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events WHERE"
					" substr(id, 1, 1) = x'02'"
					" AND json = '{}'"),
			 1);
}

/* A small file that takes for ever to read is a damaged one. */
static void
test_a_table_without_end(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = state_txn(0);
	char *said;

	(void)state;
	for (unsigned i = 1; i <= 3; i++)
		put_event(txn, i, noc_clock_read().wall_ns);
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	noc_writer_close(w, 5000);
	make_endless("events");
	alarm(300);
	w = state_open(dir, &said);
	alarm(0);
	assert_non_null(said);
	assert_non_null(strstr(said, "its pages name one another"));
	noc_writer_close(w, 5000);
	free(said);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events WHERE"
					" kind = 'config.change'"),
			 3);
	state_assert_whole(dir, 0);
}

static void
test_the_last_20000_events(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_now now = noc_clock_read();
	struct noc_txn *txn = noc_txn_new(now);

	(void)state;
	for (unsigned i = 0; i < 20010; i++)
		put_event(txn, i, now.wall_ns);
	commit(w, txn);
	put_aside(w);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM events"), 20000);
	assert_int_equal(state_int(dir, "SELECT min(n) FROM events"), 12);
}

/* A page of another table lies in the place of runs, its rows in the right
 * order: that some are missing is known all the same. */
static void
test_a_page_of_another_table(void **state)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_now now = noc_clock_read();
	struct noc_txn *txn = noc_txn_new(now);
	struct noc_value *v;
	char *said;
	uint8_t id[16];

	(void)state;
	for (uint8_t i = 1; i <= 200; i++)
		put_run(txn, i, i == 61 ? "Running" : "Succeeded");
	for (unsigned i = 0; i < 200; i++)
		put_event(txn, 0x51525300u + i, now.wall_ns);
	commit(w, txn);
	noc_writer_close(w, 1000);
	memset(id, 61, sizeof(id));
	state_run("dd if=%s of=%s bs=4096 count=1 conv=notrunc status=none"
		  " skip=%d seek=%d",
		  path, path,
		  (int)leaf_of(TABLE_LEAF, "\x3c\x53\x52\x51", 4) - 1,
		  (int)leaf_of(TABLE_LEAF, id, sizeof(id)) - 1);
	w = state_open(dir, &said);
	noc_writer_close(w, 1000);
	assert_non_null(said);
	free(said);
	v = recovery();
	assert_int_equal(noc_value_get_int(v, "runs", -1), 0);
	assert_true(recovery_lists(v, "lost", "runs"));
	noc_value_free(v);
}

/* A start that comes upon an interrupted recovery, with this as the old file.
 */
static void
recover_from(const char *old_sql)
{
	struct noc_writer *w;
	char *said;

	if (old_sql) {
		state_sql(dir, old_sql);
		state_run("mv %s %s/old", path, dir);
	}
	state_run("printf %s/old > %s/recovering", dir, dir);
	w = state_open(dir, &said);
	assert_non_null(said);
	free(said);
	noc_writer_close(w, 1000);
	assert_int_equal(state_run("test -e %s/recovering", dir), 1);
	state_assert_whole(dir, 2);
}

/* Rows that have no place in the new table are lost, and no others; a table
 * that is not there costs nothing else.  That a key is there twice tells of a
 * page in the wrong place, and so of rows that are not there. */
static void
test_odd_rows_and_missing_tables(void **state)
{
	struct noc_value *v;

	(void)state;
	recover_from("CREATE TABLE live(kind, key, due, data);"
		     "INSERT INTO live VALUES('hold','a',1,NULL),"
		     "('hold',NULL,2,NULL),('hold','c',4,NULL),"
		     "('hold','c',8,NULL),(NULL,'d',16,NULL);"
		     "CREATE TABLE definitions(hash, kind, name, text, added);"
		     "INSERT INTO definitions VALUES(zeroblob(32),'plan',"
		     "'n','t',1)");
	v = recovery();
	assert_int_equal(noc_value_get_int(v, "live", -1), 2);
	assert_int_equal(noc_value_get_int(v, "definitions", -1), 1);
	assert_true(recovery_lists(v, "lost", "live"));
	assert_true(recovery_lists(v, "lost", "runs"));
	assert_false(recovery_lists(v, "lost", "definitions"));
	assert_killed(v, true);
	noc_value_free(v);
	assert_int_equal(state_int(dir, "SELECT sum(due) & 1 FROM live"), 1);
	assert_int_equal(state_int(dir, "SELECT count(*) FROM live WHERE"
					" kind = 'hold'"),
			 2);
}

/* What cannot be opened gives nothing; the new log begins all the same, and
 * nothing is changed until a person looked. */
static void
test_nothing_to_give(void **state)
{
	struct noc_value *v;

	(void)state;
	recover_from(NULL);
	v = recovery();
	assert_int_equal(noc_value_get_int(v, "live", -1), 0);
	assert_null(noc_value_get_str(v, "old_head", NULL));
	assert_true(recovery_lists(v, "lost", "live"));
	assert_true(recovery_lists(v, "lost", "runs"));
	assert_true(recovery_lists(v, "lost", "steps"));
	assert_true(recovery_lists(v, "lost", "definitions"));
	assert_killed(v, true);
	noc_value_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_name_says_when),
		TEST(test_all_files_go_and_the_log_last),
		TEST(test_what_comes_over_is_said),
		TEST(test_every_version_comes_over),
		TEST(test_lists_that_steps_name),
		TEST(test_a_list_that_cannot_be_read),
		TEST(test_rows_on_both_sides_of_the_damage),
		TEST(test_rows_between_damaged_pages),
		TEST(test_lost_runs_are_named),
		TEST(test_256_lost_runs_are_named),
		TEST(test_events_of_an_hour),
		TEST(test_a_table_without_end),
		TEST(test_the_last_20000_events),
		TEST(test_a_page_of_another_table),
		TEST(test_odd_rows_and_missing_tables),
		TEST(test_nothing_to_give),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
