/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/verify.h"

#include "base/hex.h"
#include "store/note.h"
#include "engine/run/verify.h"
#include "tests/unit/verify_fixture.h"

#define RECORDS 1200 /* a head at 1,000 is not certain; anchors are */

static char *whole; /* a good log, copied for each test */
static char *dir;

static int
setup_whole(void **state)
{
	(void)state;
	whole = state_make();
	state_fill(whole, 0, 400);
	state_fill(whole, 400, 400);
	state_fill(whole, 800, RECORDS - 801);
	return 0;
}

static int
teardown_whole(void **state)
{
	(void)state;
	state_remove(whole);
	return 0;
}

static int
setup(void **state)
{
	(void)state;
	dir = state_make();
	return state_run("cp %s/* %s/ && rm -f %s/nocturne.db-*", whole, dir,
			 dir);
}

static int
teardown(void **state)
{
	(void)state;
	state_remove(dir);
	return 0;
}

static void
on_progress(uint64_t done, uint64_t total, void *arg)
{
	uint64_t *seen = arg;

	assert_int_equal(total, RECORDS);
	assert_true(done > *seen);
	*seen = done;
}

static void
test_progress(void **state)
{
	char *db = noc_asprintf("%s/nocturne.db", dir);
	uint64_t seen = 0;
	struct noc_verify_options opt = { .db = db,
					  .progress = on_progress,
					  .arg = &seen };
	struct noc_verify_result r;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_verify(&opt, &r, &err), 0);
	assert_int_equal(seen, RECORDS);
	free(db);
}

static void
test_whole_log(void **state)
{
	struct noc_verify_result r;

	(void)state;
	state_assert_whole(dir, RECORDS);
	state_verify(dir, &r);
	assert_int_equal(r.size, RECORDS);
	assert_int_equal(strlen(r.root), 64);
	assert_false(r.vkey_pinned);
	assert_non_null(strstr(r.origin, "noc.example/audit/"));
}

/* Each part of a record: magic, hash, flags, kind, log id, seq, clocks, boot
 * id, prev, count, a tag, a length, a value; and the leaf. */
static void
test_flipped_bits(void **state)
{
	static const int offsets[] = { 0,  3,  4,  5,  6,   7,	 8,   23,  24,
				       31, 32, 39, 40, 47,  48,	 63,  64,  95,
				       96, 97, 98, 99, 100, 103, 104, 120, -1 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(offsets); i++) {
		int bit = (int)i % 8;

		state_flip(dir, "audit", "rec", 700, offsets[i], bit);
		verify_found(dir, NOC_VERDICT_TAMPERED, 700, 700);
		state_flip(dir, "audit", "rec", 700, offsets[i], bit);
	}
	for (int i = 0; i < 32; i += 5) {
		state_flip(dir, "audit", "leaf", 0, i, i % 8);
		verify_found(dir, NOC_VERDICT_TAMPERED, 0, 0);
		state_flip(dir, "audit", "leaf", 0, i, i % 8);
	}
	state_assert_whole(dir, RECORDS);
}

/* A record changed with its leaf made right again: the next link shows it;
 * the last record: only the head does. */
static void
rewrite_leaf(int64_t seq)
{
	char *path = noc_asprintf("%s/nocturne.db", dir), hex[65];
	struct noc_sha256 *h = noc_sha256_new();
	uint8_t leaf[32];
	sqlite3_stmt *st;
	sqlite3 *db;
	char *sql;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sql = noc_asprintf("SELECT rec FROM audit WHERE seq = %lld",
			   (long long)seq);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	noc_chain_leaf(h, sqlite3_column_blob(st, 0),
		       (size_t)sqlite3_column_bytes(st, 0), leaf);
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(sql);
	noc_sha256_free(h);
	sql = noc_asprintf("DROP TRIGGER IF EXISTS audit_no_update; UPDATE "
			   "audit SET leaf = x'%s' WHERE seq = %lld",
			   noc_hex(hex, leaf, 32), (long long)seq);
	state_sql(dir, sql);
	free(sql);
	free(path);
}

static void
test_rewritten_leaf(void **state)
{
	(void)state;
	state_flip(dir, "audit", "rec", 500, -1, 0);
	rewrite_leaf(500);
	verify_found(dir, NOC_VERDICT_TAMPERED, 501, 501);
	state_flip(dir, "audit", "rec", 500, -1, 0);
	rewrite_leaf(500);
	state_flip(dir, "audit", "rec", RECORDS - 1, -1, 0);
	rewrite_leaf(RECORDS - 1);
	/* Somewhere after the last head before it. */
	verify_found(dir, NOC_VERDICT_TAMPERED, 801, RECORDS - 1);
}

#define UNGUARD                                                       \
	"DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_update;" \
	"DROP TRIGGER audit_head_no_delete; DROP TRIGGER audit_head_no_update;"

static void
test_deleted_record(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "DELETE FROM audit WHERE seq = 600");
	verify_found(dir, NOC_VERDICT_TAMPERED, 600, 600);
}

static void
test_deleted_first_record(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "DELETE FROM audit WHERE seq = 0");
	verify_found(dir, NOC_VERDICT_TAMPERED, 0, 0);
}

static void
test_swapped_records(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "UPDATE audit SET seq = -1 WHERE seq = 600;"
			       "UPDATE audit SET seq = 600 WHERE seq = 601;"
			       "UPDATE audit SET seq = 601 WHERE seq = -1");
	verify_found(dir, NOC_VERDICT_TAMPERED, 600, 600);
}

static void
test_records_past_last_head(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "DELETE FROM audit_head WHERE size ="
			       " (SELECT max(size) FROM audit_head);");
	state_run("rm %s/anchor.log", dir);
	verify_found(dir, NOC_VERDICT_TAMPERED, 801, RECORDS - 1);
}

static void
test_no_heads(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "DELETE FROM audit_head");
	verify_found(dir, NOC_VERDICT_TAMPERED, 0, 0);
}

/* Cut back to an earlier head: whole in itself, and only the anchor knows. */
static void
test_cut_log(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "DELETE FROM audit WHERE seq >= 801;"
			       "DELETE FROM audit_head WHERE size > 801");
	verify_found(dir, NOC_VERDICT_CUT, 801, 801);
	state_run("rm %s/anchor.log", dir);
	state_assert_whole(dir, 801);
}

/* The tail is gone, its head is not. */
static void
test_missing_tail(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "DELETE FROM audit WHERE seq >= 1100");
	verify_found(dir, NOC_VERDICT_TAMPERED, 1100, 1100);
}

static void
test_another_log_in_its_place(void **state)
{
	char *other = state_make();

	(void)state;
	state_fill(other, 0, RECORDS + 100);
	state_run("cp %s/nocturne.db %s/", other, dir);
	verify_found(dir, NOC_VERDICT_CUT, 0, 0);
	state_remove(other);
}

static void
test_wrong_signature(void **state)
{
	(void)state;
	/* In the base64 of the signature of the head of 801. */
	state_flip(dir, "audit_head", "note", 801, -20, 0);
	verify_found(dir, NOC_VERDICT_TAMPERED, 401, 800);
}

static void
test_altered_anchor(void **state)
{
	(void)state;
	state_run("python3 - %s/anchor.log <<'E'\n"
		  "import sys\n"
		  "p = sys.argv[1]\n"
		  "b = bytearray(open(p, 'rb').read())\n"
		  "b[-30] ^= 1\n"
		  "open(p, 'wb').write(b)\n"
		  "E",
		  dir);
	if (state_verify_python(dir, NULL) == -1)
		skip();
	verify_found(dir, NOC_VERDICT_TAMPERED, 0, RECORDS);
}

/* A crash in the middle of an append is no alarm; the next one mends it. */
static void
test_torn_anchor(void **state)
{
	(void)state;
	state_run("head -c 40 %s/anchor.log >> %s/anchor.log", dir, dir);
	state_assert_whole(dir, RECORDS);
	state_fill(dir, RECORDS, 1);
	state_assert_whole(dir, RECORDS + 1);
	assert_int_equal(state_run("grep -q torn %s/anchor.log", dir), 0);
}

static void
test_damaged_file(void **state)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	int64_t root = state_int(dir, "SELECT rootpage FROM sqlite_master"
				      " WHERE name = 'audit'");
	FILE *f = fopen(path, "r+b");

	(void)state;
	assert_non_null(f);
	fseek(f, 4096L * (root - 1), SEEK_SET);
	for (int i = 0; i < 4096; i++)
		fputc(0xff, f);
	fclose(f);
	free(path);
	verify_found(dir, NOC_VERDICT_DAMAGED, 0, 0);
}

static void
test_missing_table(void **state)
{
	(void)state;
	state_sql(dir, "DROP TABLE audit_head");
	verify_found(dir, NOC_VERDICT_TAMPERED, 0, 0);
}

/* Any byte of the file: found, or nothing that counts was in it.  Either way
 * the next start comes up with a whole log. */
/* Where the nth record of the file begins, wherever SQLite put it. */
static long
record_at(FILE *f, unsigned n)
{
	static const char magic[] = "NOC1\x01";
	size_t hit = 0;
	int c;

	rewind(f);
	while ((c = getc(f)) != EOF) {
		hit = c == magic[hit] ? hit + 1 : c == magic[0] ? 1 : 0;
		if (hit < 5)
			continue;
		hit = 0;
		if (n-- == 0)
			return ftell(f) - 5;
	}
	return -1;
}

/* Bytes anywhere: found or harmless.  Bytes of a record's head: found. */
static void
test_random_bytes(void **state)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	uint32_t rnd = 12345;
	struct stat st;

	(void)state;
	for (int i = 0; i < 30; i++) {
		struct noc_verify_result r;
		struct noc_writer *w;
		char *said;
		bool found;
		long at;
		FILE *f;
		int byte;

		state_run("rm -f %s/*; cp %s/* %s/; rm -f %s/nocturne.db-*",
			  dir, whole, dir, dir);
		assert_int_equal(stat(path, &st), 0);
		rnd = rnd * 1664525 + 1013904223;
		at = (long)(rnd % (uint32_t)st.st_size);
		f = fopen(path, "r+b");
		assert_non_null(f);
		if (i % 2) { /* seq, times, boot id, prev */
			at = record_at(f, rnd >> 16 & 31);
			assert_true(at >= 0);
			at += 24 + (long)(rnd % 72);
		}
		fseek(f, at, SEEK_SET);
		byte = getc(f);
		fseek(f, at, SEEK_SET);
		fputc(byte ^ (int)(rnd >> 24 | 1), f);
		fclose(f);
		found = state_verify(dir, &r) != NOC_VERDICT_OK;
		assert_true(found || i % 2 == 0);
		w = state_open(dir, &said);
		assert_true(state_wait(
		    w, noc_writer_submit(w, state_txn(90000)), PATIENCE_MS));
		noc_writer_close(w, 1000);
		/* A file that was kept may still be altered further back. */
		if (said)
			assert_int_equal(state_verify(dir, &r), NOC_VERDICT_OK);
		free(said);
	}
	free(path);
}

static int
pinned(const char *vkey, struct noc_verify_result *r)
{
	char *db = noc_asprintf("%s/nocturne.db", dir);
	struct noc_verify_options opt = { .db = db, .vkey = vkey };
	struct noc_err err;
	int rc = noc_verify(&opt, r, &err);

	free(db);
	return rc;
}

static void
test_pinned_key(void **state)
{
	char text[512] = "", *path = noc_asprintf("%s/audit.vkey", dir);
	struct noc_verify_result r;
	struct noc_vkey k, forged;
	FILE *f = fopen(path, "r");

	(void)state;
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	free(path);
	text[strcspn(text, "\n")] = '\0';
	assert_int_equal(pinned(text, &r), 0);
	assert_int_equal(r.verdict, NOC_VERDICT_OK);
	assert_true(r.vkey_pinned);
	assert_int_equal(noc_vkey_parse(&k, text, strlen(text), NULL), 0);
	memset(k.pub, 7, sizeof(k.pub));
	assert_int_equal(noc_vkey_init(&forged, k.name, 1, k.pub, NULL), 0);
	noc_vkey_format(&forged, text);
	assert_int_equal(pinned(text, &r), 0);
	assert_int_equal(r.verdict, NOC_VERDICT_TAMPERED);
	assert_int_equal(pinned("nonsense", &r), NOC_EINPUT);
	assert_int_equal(
	    noc_vkey_init(&forged, k.name, NOC_SIG_COSIGNED, k.pub, NULL), 0);
	noc_vkey_format(&forged, text);
	assert_int_equal(pinned(text, &r), NOC_EINPUT);
}

static void
test_no_file(void **state)
{
	struct noc_verify_options opt = { .db = "/nonexistent/db" };
	struct noc_verify_result r;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_verify(&opt, &r, &err), NOC_ENOTFOUND);
}

/* ---- the published vectors as a file: with a rotation and a witness ---- */

static void
test_vectors_verify(void **state)
{
	(void)state;
	verify_vectors(dir, "111");
	state_assert_whole(dir, 5);
	verify_vectors(dir, "011");
	state_assert_whole(dir, 5);
}

static void
test_rotation_needs_a_head(void **state)
{
	(void)state;
	verify_vectors(dir, "101");
	verify_found(dir, NOC_VERDICT_TAMPERED, 3, 3);
}

/* After a rotation the old key alone no longer counts. */
static void
test_old_key_after_rotation(void **state)
{
	struct noc_value *v = data_load("audit/vectors.json");
	struct noc_strbuf note = NOC_STRBUF_INIT, sql = NOC_STRBUF_INIT;
	const char *vkey = noc_value_get_str(v, "vkey_K0", "");
	struct noc_ed25519 *key;
	struct noc_signer by;
	struct noc_vkey k0;
	struct noc_head head = { .size = 5 };
	uint8_t seed[32];

	(void)state;
	verify_vectors(dir, "110");
	data_hash(v, "seed_K0", seed);
	key = noc_ed25519_new(seed);
	assert_int_equal(noc_vkey_parse(&k0, vkey, strlen(vkey), NULL), 0);
	by = (struct noc_signer){ key, &k0 };
	strcpy(head.origin, noc_value_get_str(v, "origin", ""));
	data_hash(noc_value_get(v, "roots"), "5", head.root);
	noc_head_sign(&head, &by, 1, &note);
	noc_strbuf_addf(&sql, "INSERT INTO audit_head VALUES(5, '%s')", note.p);
	state_sql(dir, sql.p);
	verify_found(dir, NOC_VERDICT_TAMPERED, 4, 4);
	noc_strbuf_release(&note);
	noc_strbuf_release(&sql);
	noc_ed25519_free(key);
	noc_value_free(v);
}

/* Pruned below 3: the floor stands for what is gone; below 5, the rotation
 * is kept in audit_keys. */
static void
test_pruned_log(void **state)
{
	struct noc_value *v = data_load("audit/vectors.json");
	const struct noc_value *recs = noc_value_get(v, "records");
	const struct noc_value *f3 = noc_value_get(v, "frontier_3");
	struct noc_strbuf sql = NOC_STRBUF_INIT;
	struct noc_verify_result r;

	(void)state;
	verify_vectors(dir, "111");
	noc_strbuf_addf(
	    &sql,
	    "UPDATE audit_floor SET size = 3, leaf = x'%s', frontier ="
	    " x'%s%s'; DELETE FROM audit WHERE seq < 3;",
	    noc_value_get_str(noc_value_at(recs, 2), "leaf", ""),
	    noc_value_at(f3, 0)->u.s.p, noc_value_at(f3, 1)->u.s.p);
	state_sql(dir, sql.p);
	assert_int_equal(pinned(NULL, &r), NOC_ECONFIG);
	assert_int_equal(pinned(noc_value_get_str(v, "vkey_K0", ""), &r), 0);
	assert_string_equal(r.message, "2 records, 3 heads and 0 anchors "
				       "agree.");
	assert_int_equal(r.verdict, NOC_VERDICT_OK);
	assert_int_equal(pinned(noc_value_get_str(v, "vkey_K1", ""), &r), 0);
	assert_int_equal(r.verdict, NOC_VERDICT_TAMPERED);
	/* Now below 4: the rotation's own record and the frontier before it. */
	noc_strbuf_clear(&sql);
	noc_strbuf_addf(
	    &sql,
	    "INSERT INTO audit_keys SELECT 4, rec, (SELECT frontier FROM"
	    " audit_floor), (SELECT note FROM audit_head WHERE size = 4) FROM"
	    " audit WHERE seq = 3; UPDATE audit_floor SET size = 4, leaf ="
	    " (SELECT leaf FROM audit WHERE seq = 3), frontier = x'%s';"
	    " DELETE FROM audit WHERE seq < 4;",
	    noc_value_get_str(noc_value_get(v, "roots"), "4", ""));
	state_sql(dir, sql.p);
	assert_int_equal(pinned(noc_value_get_str(v, "vkey_K0", ""), &r), 0);
	assert_int_equal(r.verdict, NOC_VERDICT_OK);
	assert_int_equal(r.records, 1);
	state_assert_whole(dir, 1);
	/* Of heads below the floor the records are gone, the key is not. */
	state_flip(dir, "audit_head", "note", 3, -10, 0);
	state_assert_whole(dir, 1);
	assert_int_equal(pinned(noc_value_get_str(v, "vkey_K0", ""), &r), 0);
	assert_int_equal(r.verdict, NOC_VERDICT_TAMPERED);
	assert_int_equal(r.at_seq, 0);
	state_flip(dir, "audit_head", "note", 3, -10, 0);
	/* The kept rotation is checked like any other. */
	state_flip(dir, "audit_keys", "rec", 4, 60, 0);
	verify_found(dir, NOC_VERDICT_TAMPERED, 3, 3);
	state_flip(dir, "audit_keys", "rec", 4, 60, 0);
	state_flip(dir, "audit_keys", "note", 4, -100, 0);
	verify_found(dir, NOC_VERDICT_TAMPERED, 3, 3);
	noc_strbuf_release(&sql);
	noc_value_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_whole_log),
		TEST(test_progress),
		TEST(test_flipped_bits),
		TEST(test_rewritten_leaf),
		TEST(test_deleted_record),
		TEST(test_deleted_first_record),
		TEST(test_swapped_records),
		TEST(test_records_past_last_head),
		TEST(test_no_heads),
		TEST(test_cut_log),
		TEST(test_missing_tail),
		TEST(test_another_log_in_its_place),
		TEST(test_wrong_signature),
		TEST(test_altered_anchor),
		TEST(test_torn_anchor),
		TEST(test_damaged_file),
		TEST(test_missing_table),
		TEST(test_random_bytes),
		TEST(test_pinned_key),
		TEST(test_no_file),
		TEST(test_vectors_verify),
		TEST(test_rotation_needs_a_head),
		TEST(test_old_key_after_rotation),
		TEST(test_pruned_log),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, setup_whole, teardown_whole);
}
