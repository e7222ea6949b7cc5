/* SPDX-License-Identifier: ISC */
/* What a verifier must find beside the records: in heads, keys, anchors, the
 * floor, and in what records name by hash. */
#include "config.h"

#include "store/verify.h"

#include "store/anchor.h"
#include "store/journal_private.h"
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

#define UNGUARD                              \
	"DROP TRIGGER audit_no_delete;"      \
	"DROP TRIGGER audit_head_no_delete;" \
	"DROP TRIGGER audit_head_no_update;" \
	"DROP TRIGGER audit_floor_no_delete;"

/* TAMPERED at that record, in both verifiers' eyes, and in these words. */
static void
tampered(uint64_t seq, const char *words)
{
	verify_tampered(dir, seq, words);
}

/* ---- heads ---- */

static void
test_last_head_cannot_be_read(void **state)
{
	struct noc_verify_result r;

	(void)state;
	state_sql(dir, UNGUARD "UPDATE audit_head SET note = 'nothing'"
			       " WHERE size = 7");
	tampered(4, "The last head cannot be read");
	state_verify(dir, &r);
	assert_string_equal(r.origin, "");
	assert_int_equal(r.size, 0);
}

static void
test_a_head_cannot_be_read(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "UPDATE audit_head SET note = 'nothing'"
			       " WHERE size = 4");
	tampered(1, "The head of 4 records cannot be read");
}

static void
test_a_head_in_anothers_place(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "UPDATE audit_head SET note = (SELECT note FROM"
			       " audit_head WHERE size = 1) WHERE size = 4");
	tampered(1, "The head stored for 4 records is of another size");
}

/* ---- anchors ---- */

/* A head signed by the log's own key, of any root. */
static void
sign_head_of(const char *origin, uint64_t size, uint8_t root,
	     struct noc_strbuf *note)
{
	struct noc_verify_result r;
	struct noc_head head = { .size = size };
	struct noc_ed25519 *key;
	struct noc_vkey vkey;
	struct noc_err err;
	uint8_t seed[32], pub[32];
	struct noc_signer by;

	assert_int_equal(state_verify(dir, &r), NOC_VERDICT_OK);
	assert_int_equal(noc_keys_load(dir, false, seed, &err), 0);
	key = noc_ed25519_new(seed);
	noc_ed25519_pub(key, pub);
	assert_int_equal(
	    noc_vkey_init(&vkey, r.origin, NOC_SIG_ED25519, pub, NULL), 0);
	strcpy(head.origin, origin ? origin : r.origin);
	memset(head.root, root, sizeof(head.root));
	by = (struct noc_signer){ key, &vkey };
	noc_strbuf_clear(note);
	noc_head_sign(&head, &by, 1, note);
	noc_ed25519_free(key);
}

static void
sign_head(uint64_t size, uint8_t root, struct noc_strbuf *note)
{
	sign_head_of(NULL, size, root, note);
}

static void
anchor(const char *p, size_t len)
{
	char *path = noc_asprintf("%s/anchor.log", dir);

	assert_int_equal(noc_anchor_append(path, p, len, NULL), 0);
	free(path);
}

static void
anchor_head(uint64_t size, uint8_t root)
{
	struct noc_strbuf note = NOC_STRBUF_INIT;

	sign_head(size, root, &note);
	anchor(note.p, note.len);
	noc_strbuf_release(&note);
}

/* Well signed, and of other records: the log was forked. */
static void
test_anchored_of_other_records(void **state)
{
	struct noc_strbuf note = NOC_STRBUF_INIT;

	(void)state;
	sign_head(6, 1, &note);
	state_run("rm %s/anchor.log", dir);
	anchor(note.p, note.len);
	tampered(0, "The first 6 records are not those that were anchored");
	noc_strbuf_release(&note);
}

static void
test_anchors_that_contradict(void **state)
{
	(void)state;
	anchor_head(7, 1);
	tampered(7, "has size 7 after size 7");
}

static void
test_anchors_that_go_back(void **state)
{
	(void)state;
	anchor_head(5, 1);
	tampered(5, "has size 5 after size 7");
}

static void
test_anchored_more_than_there_is(void **state)
{
	(void)state;
	anchor_head(8, 1);
	verify_found(dir, NOC_VERDICT_CUT, 7, 7);
}

static void
test_anchor_that_is_no_head(void **state)
{
	(void)state;
	anchor("nothing\n", 8);
	tampered(0, "The anchor file holds something that is no head");
}

/* Who says that the log is anchored does not take an empty file for it. */
static void
test_anchor_file_emptied(void **state)
{
	(void)state;
	state_assert_whole(dir, 7);
	state_run(": > %s/anchor.log", dir);
	verify_found(dir, NOC_VERDICT_CUT, 0, 0);
}

/* A log before this one left its heads; one after it must not have any. */
static void
test_anchored_by_another_log(void **state)
{
	struct noc_strbuf note = NOC_STRBUF_INIT;

	(void)state;
	sign_head_of("north/audit/x", 900, 1, &note);
	state_run("mv %s/anchor.log %s/kept", dir, dir);
	anchor(note.p, note.len);
	verify_found(dir, NOC_VERDICT_CUT, 0, 0);
	state_run("cat %s/kept >> %s/anchor.log", dir, dir);
	state_assert_whole(dir, 7);
	anchor(note.p, note.len);
	verify_found(dir, NOC_VERDICT_CUT, 0, 0);
	noc_strbuf_release(&note);
}

static void
test_anchored_of_no_records(void **state)
{
	(void)state;
	state_run("rm %s/anchor.log", dir);
	anchor_head(0, 1);
	tampered(0, "The anchor file holds something that is no head");
}

/* Not the last one, and of the right root. */
static void
test_anchor_wrongly_signed(void **state)
{
	char *path = noc_asprintf("%s/anchor.log", dir), *file, *at;
	size_t len;
	FILE *f;

	(void)state;
	file = unit_read(path, &len);
	at = memchr(file, 0x1e, len);
	assert_non_null(at);
	at[-20] = at[-20] == 'A' ? 'B' : 'A'; /* base64 still */
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(file, 1, len, f), len);
	fclose(f);
	tampered(1, "of 1 records in the anchor file");
	free(file);
	free(path);
}

/* What is neither a note nor closed as torn was altered. */
static void
test_anchor_cut_in_the_middle(void **state)
{
	(void)state;
	state_run("(head -c 40 %s/anchor.log; printf '\\036\\n';"
		  " cat %s/anchor.log) > %s/x; mv %s/x %s/anchor.log",
		  dir, dir, dir, dir, dir);
	tampered(0, "The anchor file holds something that is no head");
}

/* ---- keys ---- */

/* Each of the two signatures is a line of 146 characters. */
#define OLD_KEYS_LINE "substr(note, instr(note, char(0x2014)), 146)"

static void
test_rotation_without_the_new_key(void **state)
{
	(void)state;
	verify_vectors(dir, "111");
	state_assert_whole(dir, 5);
	state_sql(dir, "UPDATE audit_head SET note = substr(note, 1,"
		       " length(note) - 146) WHERE size = 4");
	tampered(3, "is not signed by the log's new key");
}

static void
test_rotation_without_the_old_key(void **state)
{
	(void)state;
	verify_vectors(dir, "111");
	state_sql(dir, "UPDATE audit_head SET note ="
		       " replace(note, " OLD_KEYS_LINE ", '')"
		       " WHERE size = 4");
	tampered(3, "is not signed by the log's key");
}

static void
test_rotation_wrongly_signed_by_the_new_key(void **state)
{
	(void)state;
	verify_vectors(dir, "111");
	state_flip(dir, "audit_head", "note", 4, -10, 0);
	tampered(3, "The signature of the log's new key on the head of 4");
}

/* ---- the floor, the file ---- */

static void
test_floor_gone_or_malformed(void **state)
{
	(void)state;
	state_sql(dir, UNGUARD "UPDATE audit_floor SET frontier = x'00'");
	tampered(0, "The floor of the log is missing or malformed");
	state_sql(dir, "DELETE FROM audit_floor");
	tampered(0, "The floor of the log is missing or malformed");
}

/* A page of records in the middle of many is unreadable: that is damage, not
 * somebody's doing. */
static void
test_damaged_page_of_records(void **state)
{
	char *path = noc_asprintf("%s/nocturne.db", dir), *file, *at;
	struct noc_verify_result r;
	size_t len;
	FILE *f;
	int python;

	(void)state;
	state_fill(dir, 6, 500);
	file = unit_read(path, &len);
	at = memmem(file, len, "{\"i\":250}", 9);
	while (at && file[(at - file) / 4096 * 4096] != 0x0d)
		at = memmem(at + 1, len - (size_t)(at + 1 - file),
			    "{\"i\":250}", 9);
	assert_non_null(at);
	f = fopen(path, "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, (at - file) / 4096 * 4096, SEEK_SET), 0);
	for (int i = 0; i < 8; i++)
		fputc(0xff, f);
	fclose(f);
	assert_int_equal(state_verify(dir, &r), NOC_VERDICT_DAMAGED);
	assert_in_range(r.at_seq, 100, 251);
	assert_non_null(strstr(r.message, "SQLite says"));
	python = state_verify_python(dir, NULL);
	assert_true(python == NOC_VERDICT_DAMAGED || python == -1);
	free(file);
	free(path);
}

/* ---- what records name by hash ---- */

/* One record with a raw message in blobs, one with a secret, one with a text
 * that is named in digits. */
static void
fill_named(void)
{
	struct noc_writer *w = state_open(dir, NULL);
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	char *raw = noc_calloc(1, 65536);
	struct noc_value *v = noc_value_map();

	noc_txn_add_raw(txn, noc_txn_record(txn, NOC_REC_GAP), raw, 65536);
	noc_value_set(v, "password", noc_value_str("hunter2"));
	noc_txn_add_commitment(txn, noc_txn_record(txn, NOC_REC_GAP), v, NULL);
	memset(raw, ' ', 65536);
	memcpy(raw, "{}", 2);
	noc_record_add(noc_txn_record(txn, NOC_REC_GAP), NOC_TAG_DETAIL, raw,
		       40000);
	noc_record_add(noc_txn_record(txn, NOC_REC_GAP), NOC_TAG_TARGET, raw,
		       2000);
	assert_true(state_wait(w, noc_writer_submit(w, txn), PATIENCE_MS));
	noc_writer_close(w, 1000);
	noc_value_free(v);
	free(raw);
	state_assert_whole(dir, 11);
}

static void
test_altered_blob(void **state)
{
	(void)state;
	fill_named();
	state_flip(dir, "blobs", "data", 1, 40000, 3);
	tampered(7, "The blob that record 7 names by its hash was altered");
	state_flip(dir, "blobs", "data", 1, 40000, 3);
	state_flip(dir, "blobs", "data", 2, 9, 3);
	tampered(9, "The blob that record 9 names by its hash was altered");
	state_flip(dir, "blobs", "data", 2, 9, 3);
	state_flip(dir, "blobs", "data", 3, 9, 3);
	tampered(10, "The blob that record 10 names by its hash was altered");
	state_flip(dir, "blobs", "data", 1, 40000, 3);
	tampered(7, "The blob that record 7 names by its hash was altered");
}

/* Wherever SQLite keeps the row, and in whatever type. */
static void
test_altered_out_of_the_way(void **state)
{
	(void)state;
	fill_named();
	state_sql(dir, "DROP TRIGGER blobs_no_update;"
		       "UPDATE blobs SET data = CAST(data AS TEXT)"
		       " WHERE rowid = 2");
	tampered(9, "The blob that record 9 names by its hash was altered");
	state_sql(dir, "UPDATE blobs SET rowid = -9223372036854775807 - 1"
		       " WHERE rowid = 2");
	tampered(9, "The blob that record 9 names by its hash was altered");
	state_sql(dir, "UPDATE blobs SET rowid = 9223372036854775807"
		       " WHERE rowid < 0");
	tampered(9, "The blob that record 9 names by its hash was altered");
	state_sql(dir, "DELETE FROM blobs WHERE rowid > 3;"
		       "UPDATE audit_secret SET salt = NULL");
	tampered(8, "The value that record 8 names by its hash was altered");
	state_sql(dir, "UPDATE audit_secret SET commitment = hex(commitment)");
	state_assert_whole(dir, 11);
}

static void
test_altered_value(void **state)
{
	(void)state;
	fill_named();
	state_flip(dir, "audit_secret", "value", 1, 3, 0);
	tampered(8, "The value that record 8 names by its hash was altered");
	state_flip(dir, "audit_secret", "value", 1, 3, 0);
	state_flip(dir, "audit_secret", "salt", 1, 3, 0);
	tampered(8, "The value that record 8 names by its hash was altered");
}

/* Erasing is allowed, row by row or all of it; so is what nothing names. */
static void
test_erased(void **state)
{
	(void)state;
	fill_named();
	state_sql(dir, "UPDATE audit_secret SET value = NULL, salt = NULL");
	state_assert_whole(dir, 11);
	state_sql(dir, "DELETE FROM audit_secret; DELETE FROM blobs");
	state_assert_whole(dir, 11);
	state_sql(dir, "INSERT INTO blobs VALUES(zeroblob(32), x'01');"
		       "INSERT INTO blobs SELECT leaf, x'01' FROM audit;");
	state_assert_whole(dir, 11);
	state_sql(dir, "DROP TABLE audit_secret; DROP TABLE blobs");
	state_assert_whole(dir, 11);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
		TEST(test_last_head_cannot_be_read),
		TEST(test_a_head_cannot_be_read),
		TEST(test_a_head_in_anothers_place),
		TEST(test_anchored_of_other_records),
		TEST(test_anchors_that_contradict),
		TEST(test_anchors_that_go_back),
		TEST(test_anchored_more_than_there_is),
		TEST(test_anchor_that_is_no_head),
		TEST(test_anchor_file_emptied),
		TEST(test_anchored_by_another_log),
		TEST(test_anchored_of_no_records),
		TEST(test_anchor_wrongly_signed),
		TEST(test_anchor_cut_in_the_middle),
		TEST(test_rotation_without_the_new_key),
		TEST(test_rotation_without_the_old_key),
		TEST(test_rotation_wrongly_signed_by_the_new_key),
		TEST(test_floor_gone_or_malformed),
		TEST(test_damaged_page_of_records),
		TEST(test_altered_blob),
		TEST(test_altered_out_of_the_way),
		TEST(test_altered_value),
		TEST(test_erased),
	};

	noc_log_sink_set(state_quiet, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
