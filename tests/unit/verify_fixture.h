/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_VERIFY_FIXTURE_H
#define NOC_TESTS_UNIT_VERIFY_FIXTURE_H

#include "store/verify.h"
#include "tests/unit/store_state.h"

/* Both verifiers say so, and agree where. */
static inline void
verify_found(const char *dir, enum noc_verdict want, uint64_t lo, uint64_t hi)
{
	struct noc_verify_result r;
	enum noc_verdict c = state_verify(dir, &r);
	uint64_t seq = 0;
	int python = state_verify_python(dir, &seq);

	if (c != want || r.at_seq < lo || r.at_seq > hi)
		fail_msg("verdict %d at %llu: %s", (int)c,
			 (unsigned long long)r.at_seq, r.message);
	assert_true(strlen(r.message) > 10);
	if (python == -1) {
		print_message(
		    "# no python3: the second verifier was skipped\n");
		return;
	}
	assert_int_equal(python, want);
	assert_int_equal(seq, r.at_seq);
}

/* TAMPERED at that record, in both verifiers' eyes, and in these words. */
static inline void
verify_tampered(const char *dir, uint64_t seq, const char *words)
{
	struct noc_verify_result r;

	verify_found(dir, NOC_VERDICT_TAMPERED, seq, seq);
	state_verify(dir, &r);
	if (!strstr(r.message, words))
		fail_msg("%s", r.message);
}

/* Heads and anchors of 1, 4 and 7 records; returned. */
static inline char *
verify_seven(void)
{
	char *dir = state_make();

	state_fill(dir, 0, 3);
	state_sql(dir, "DELETE FROM audit_head WHERE size = 2 OR size = 3");
	state_fill(dir, 3, 3);
	state_sql(dir, "DELETE FROM audit_head WHERE size = 5 OR size = 6");
	return dir;
}

/* The published vectors as the journal of a directory: with a rotation and a
 * witness, and those of its three heads that are said to be there. */
static inline void
verify_vectors(const char *dir, const char *heads)
{
	struct noc_value *v = data_load("audit/vectors.json");
	const struct noc_value *recs = noc_value_get(v, "records");
	struct noc_strbuf sql = NOC_STRBUF_INIT;
	static const char *const notes[] = { "note_3", "note_4_rotation",
					     "note_5_cosigned" };

	state_run("rm -f %s/*", dir);
	noc_strbuf_adds(
	    &sql,
	    "CREATE TABLE audit(seq INTEGER PRIMARY KEY, rec BLOB NOT NULL,"
	    " leaf BLOB NOT NULL); CREATE TABLE audit_head(size INTEGER PRIMARY"
	    " KEY, note TEXT NOT NULL); CREATE TABLE audit_floor(one INTEGER"
	    " PRIMARY KEY CHECK(one=1), size INTEGER NOT NULL, leaf BLOB,"
	    " frontier BLOB NOT NULL); CREATE TABLE audit_keys(size INTEGER"
	    " PRIMARY KEY, rec BLOB NOT NULL, frontier BLOB NOT NULL, note TEXT"
	    " NOT NULL); INSERT INTO audit_floor VALUES(1, 0, NULL, x'');");
	for (size_t i = 0; i < noc_value_len(recs); i++)
		noc_strbuf_addf(
		    &sql, "INSERT INTO audit VALUES(%zu, x'%s', x'%s');", i,
		    noc_value_get_str(noc_value_at(recs, i), "hex", ""),
		    noc_value_get_str(noc_value_at(recs, i), "leaf", ""));
	for (size_t i = 0; i < 3; i++)
		if (heads[i] == '1')
			noc_strbuf_addf(
			    &sql, "INSERT INTO audit_head VALUES(%zu, '%s');",
			    i + 3, noc_value_get_str(v, notes[i], ""));
	state_sql(dir, sql.p);
	noc_strbuf_release(&sql);
	noc_value_free(v);
}

#endif
