/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "store/verify_private.h"

#define PAGE 20000 /* records read before the read transaction is let go */

int
noc_verify_say(struct verify *v, enum noc_verdict verdict, uint64_t seq,
	       const char *fmt, ...)
{
	va_list ap;

	v->out->verdict = verdict;
	v->out->at_seq = seq;
	va_start(ap, fmt);
	vsnprintf(v->out->message, sizeof(v->out->message), fmt, ap);
	va_end(ap);
	return 1;
}

int
noc_verify_sqlite(struct verify *v, int rc, struct noc_err *err)
{
	if (noc_db_fault(rc) == NOC_DB_MALFORMED)
		return noc_verify_say(v, NOC_VERDICT_DAMAGED, v->f.size,
				      "SQLite says: %s.",
				      sqlite3_errmsg(v->db));
	if (noc_db_fault(rc) == NOC_DB_BUG)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->f.size,
				      "The journal's tables are not as they "
				      "should be: %s.",
				      sqlite3_errmsg(v->db));
	return noc_db_err(v->db, err, v->opt->db);
}

/* ---- heads ---- */

int
noc_verify_signed(struct verify *v, const struct noc_note *note,
		  const struct noc_vkey *key, uint64_t size, const char *which)
{
	switch (noc_note_check(note, key, NULL)) {
	case 0:
		return 0;
	case NOC_ENOTFOUND:
		return noc_verify_say(
		    v, NOC_VERDICT_TAMPERED, v->proved,
		    "The head of %" PRIu64
		    " records is not signed by the log's %skey.",
		    size, which);
	}
	return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
			      "The signature of the log's %skey on the head of "
			      "%" PRIu64 " records is wrong.",
			      which, size);
}

/* The head stored for the size that has been reached. */
static int
verify_check_head(struct verify *v, const struct verify_head *h)
{
	struct noc_note note;
	struct noc_head head;
	struct noc_err e;
	uint8_t root[NOC_HASH];
	int rc;

	if (noc_note_parse(h->note, h->len, &note, &e) ||
	    noc_head_parse(&note, &head, &e))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
				      "The head of %" PRIu64
				      " records cannot be read: %s",
				      h->size, e.msg);
	if (head.size != h->size || strcmp(head.origin, v->key.name))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
				      "The head stored for %" PRIu64
				      " records is of another size or log.",
				      h->size);
	rc = noc_verify_signed(v, &note, &v->key, h->size, "");
	if (!rc && v->rotating)
		rc = noc_verify_signed(v, &note, &v->next, h->size, "new ");
	if (rc)
		return rc;
	noc_frontier_root(&v->f, v->h, root);
	if (memcmp(root, head.root, NOC_HASH))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
				      "The records do not add up to the signed "
				      "head of %" PRIu64 ".",
				      h->size);
	v->proved = h->size;
	noc_hex(v->out->root, root, NOC_HASH);
	return 0;
}

/* Everything that is to hold at v->f.size. */
static int
verify_at_size(struct verify *v)
{
	uint64_t size = v->f.size;
	bool headed = false;
	uint8_t root[NOC_HASH];

	if (v->at_head < v->nheads && v->heads[v->at_head].size == size) {
		if (verify_check_head(v, &v->heads[v->at_head]))
			return 1;
		v->at_head++;
		headed = true;
	}
	if (v->rotating) {
		if (!headed)
			return noc_verify_say(
			    v, NOC_VERDICT_TAMPERED, size - 1,
			    "The key was rotated at record "
			    "%" PRIu64 " and no head signed by both keys "
			    "is there.",
			    size - 1);
		v->key = v->next;
		v->rotating = false;
	}
	for (; v->at_anchor < v->nanchors &&
	       v->anchors[v->at_anchor].size == size;
	     v->at_anchor++) {
		noc_frontier_root(&v->f, v->h, root);
		if (memcmp(root, v->anchors[v->at_anchor].root, NOC_HASH))
			return noc_verify_say(
			    v, NOC_VERDICT_TAMPERED,
			    v->at_anchor ? v->anchors[v->at_anchor - 1].size
					 : v->floor,
			    "The first %" PRIu64
			    " records are not those that were "
			    "anchored.",
			    size);
	}
	return 0;
}

/* ---- records ---- */

int
noc_verify_take_vkey(struct verify *v, const struct noc_record_view *r,
		     struct noc_vkey *out)
{
	const uint8_t *p;
	struct noc_err e;
	size_t len;

	if (!noc_record_field(r, NOC_TAG_VKEY, &p, &len) ||
	    noc_vkey_parse(out, (const char *)p, len, &e) ||
	    out->type != NOC_SIG_ED25519)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, r->seq,
				      "Record %" PRIu64
				      " must name an Ed25519 verifier key.",
				      r->seq);
	return 0;
}

static int
verify_genesis(struct verify *v, const struct noc_record_view *r)
{
	char hex[33];
	size_t n;

	if (r->kind != NOC_REC_LOG_OPEN)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "Record 0 does not open the log.");
	noc_chain_genesis(r->log_id, v->prev);
	if (noc_verify_take_vkey(v, r, &v->key))
		return 1;
	n = strlen(v->key.name);
	noc_hex(hex, r->log_id, sizeof(r->log_id));
	if (n < 39 || memcmp(v->key.name + n - 39, "/audit/", 7) ||
	    strcmp(v->key.name + n - 32, hex))
		return noc_verify_say(
		    v, NOC_VERDICT_TAMPERED, 0,
		    "The log's key does not carry its log id.");
	if (v->out->vkey_pinned &&
	    (memcmp(v->key.pub, v->pinned.pub, sizeof(v->pinned.pub)) ||
	     strcmp(v->key.name, v->pinned.name)))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "The log was not opened with the pinned "
				      "key, but with that of %s.",
				      v->key.name);
	return 0;
}

static int
verify_record(struct verify *v, uint64_t seq, const uint8_t *rec, size_t len,
	      const uint8_t *leaf, size_t leaf_len)
{
	struct noc_record_view r;
	struct noc_err e;
	uint8_t hash[NOC_HASH];

	if (seq != v->f.size)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->f.size,
				      "Record %" PRIu64 " is missing.",
				      v->f.size);
	if (noc_record_read(rec, len, &r, &e))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, seq,
				      "Record %" PRIu64 " is malformed: %s",
				      seq, e.msg);
	noc_chain_leaf(v->h, rec, len, hash);
	if (leaf_len != NOC_HASH || memcmp(leaf, hash, NOC_HASH))
		return noc_verify_say(
		    v, NOC_VERDICT_TAMPERED, seq,
		    "Record %" PRIu64 " does not match its stored hash.", seq);
	if (!v->log_known) {
		if (!v->floor && verify_genesis(v, &r))
			return 1;
		memcpy(v->log_id, r.log_id, sizeof(v->log_id));
		v->log_known = true;
	}
	if (r.seq != seq || memcmp(r.log_id, v->log_id, sizeof(v->log_id)) ||
	    memcmp(r.prev, v->prev, NOC_HASH))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, seq,
				      "Record %" PRIu64
				      " does not follow the one before it.",
				      seq);
	if (r.kind == NOC_REC_LOG_OPEN && seq)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, seq,
				      "Record %" PRIu64 " opens the log again.",
				      seq);
	if (r.kind == NOC_REC_KEY_ROTATE) {
		if (noc_verify_take_vkey(v, &r, &v->next))
			return 1;
		v->rotating = true;
	}
	memcpy(v->prev, hash, NOC_HASH);
	noc_frontier_add(&v->f, v->h, hash);
	if (v->nanchors && v->f.size == v->anchored.size)
		v->anchor_key = v->key;
	return 0;
}

/* One page of records, in a read transaction of its own. */
static int
verify_page(struct verify *v, sqlite3_stmt *st, struct noc_err *err)
{
	uint64_t stop = v->f.size + PAGE < v->end ? v->f.size + PAGE : v->end;
	int rc, found = 0;

	sqlite3_bind_int64(st, 1, (sqlite3_int64)v->f.size);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)stop);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		found = verify_record(v, (uint64_t)sqlite3_column_int64(st, 0),
				      sqlite3_column_blob(st, 1),
				      (size_t)sqlite3_column_bytes(st, 1),
				      sqlite3_column_blob(st, 2),
				      (size_t)sqlite3_column_bytes(st, 2));
		if (!found && (v->rotating ||
			       (v->at_head < v->nheads &&
				v->heads[v->at_head].size == v->f.size) ||
			       (v->at_anchor < v->nanchors &&
				v->anchors[v->at_anchor].size == v->f.size)))
			found = verify_at_size(v);
		if (found)
			break;
	}
	if (!found && rc != SQLITE_DONE)
		found = noc_verify_sqlite(v, rc, err);
	sqlite3_reset(st);
	if (!found && v->f.size != stop)
		found =
		    noc_verify_say(v, NOC_VERDICT_TAMPERED, v->f.size,
				   "Record %" PRIu64 " is missing.", v->f.size);
	return found;
}

static int
verify_records(struct verify *v, struct noc_err *err)
{
	sqlite3_stmt *st;
	int rc;

	rc = sqlite3_prepare_v2(v->db,
				"SELECT seq, rec, leaf FROM audit"
				" WHERE seq >= ?1 AND seq < ?2 ORDER BY seq",
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return noc_verify_sqlite(v, rc, err);
	rc = 0;
	while (!rc && v->f.size < v->end) {
		rc = verify_page(v, st, err);
		if (v->opt->progress)
			v->opt->progress(v->f.size - v->floor,
					 v->end - v->floor, v->opt->arg);
	}
	sqlite3_finalize(st);
	return rc;
}

/* ---- what records name by hash ---- */

/* One that is not what its name says; in which record that name stands. */
static int
verify_altered(struct verify *v, const uint8_t name[NOC_HASH], const char *what,
	       struct noc_err *err)
{
	sqlite3_stmt *st = NULL;
	int rc, found = 0;

	rc = sqlite3_prepare_v2(v->db,
				"SELECT min(seq) FROM audit"
				" WHERE instr(rec, ?1)",
				-1, &st, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_blob(st, 1, name, NOC_HASH, SQLITE_STATIC);
		rc = sqlite3_step(st);
	}
	if (rc != SQLITE_ROW) {
		found = noc_verify_sqlite(v, rc, err);
	} else if (sqlite3_column_type(st, 0) != SQLITE_NULL) {
		uint64_t seq = (uint64_t)sqlite3_column_int64(st, 0);

		found = noc_verify_say(v, NOC_VERDICT_TAMPERED, seq,
				       "The %s that record %" PRIu64
				       " names by its hash was altered.",
				       what, seq);
	}
	sqlite3_finalize(st);
	return found;
}

/* They may be erased, row by row, and must not be altered. */
static int
verify_named(struct verify *v, const char *sql, const char *what,
	     struct noc_err *err)
{
	uint8_t name[NOC_HASH], hash[NOC_HASH];
	sqlite3_stmt *st;
	int64_t after = 0;
	int rc = sqlite3_prepare_v2(v->db, sql, -1, &st, NULL), found = 0, n;

	if (noc_db_fault(rc) == NOC_DB_BUG)
		return 0; /* no such table: all of them were erased */
	if (rc != SQLITE_OK)
		return noc_verify_sqlite(v, rc, err);
	do {
		sqlite3_bind_int64(st, 1, after);
		sqlite3_bind_int64(st, 2, PAGE);
		for (n = 0; !found && (rc = sqlite3_step(st)) == SQLITE_ROW;
		     n++) {
			after = sqlite3_column_int64(st, 0);
			noc_sha256_begin(v->h);
			for (int i = 2; i < 4; i++) {
				const void *p = sqlite3_column_blob(st, i);

				noc_sha256_add(
				    v->h, p ? p : "",
				    (size_t)sqlite3_column_bytes(st, i));
			}
			noc_sha256_end(v->h, hash);
			if (sqlite3_column_bytes(st, 1) != NOC_HASH)
				continue; /* no record can name it */
			memcpy(name, sqlite3_column_blob(st, 1), NOC_HASH);
			if (memcmp(name, hash, NOC_HASH))
				found = verify_altered(v, name, what, err);
		}
		if (!found && rc != SQLITE_DONE)
			found = noc_verify_sqlite(v, rc, err);
		sqlite3_reset(st);
	} while (!found && n == PAGE);
	sqlite3_finalize(st);
	return found;
}

/* ---- the end ---- */

/* The whole log has been read; what must be true of its end. */
static int
verify_end(struct verify *v)
{
	struct noc_note note;

	if (v->headed > v->end)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->end,
				      "Record %" PRIu64
				      " is missing: the last head is of "
				      "%" PRIu64 " records.",
				      v->end, v->headed);
	if (v->proved < v->end || v->at_head < v->nheads)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
				      "The records from %" PRIu64
				      " on are covered by no signed head.",
				      v->proved);
	if (v->last_anchor && v->anchored.size >= v->floor) {
		if (noc_note_parse(v->last_anchor, strlen(v->last_anchor),
				   &note, NULL) ||
		    noc_note_check(&note, &v->anchor_key, NULL))
			return noc_verify_say(
			    v, NOC_VERDICT_TAMPERED, v->anchored.size,
			    "The last head in the anchor file "
			    "is not signed by the log's key.");
	}
	return 0;
}

/* Heads and anchors below the floor are about records that are gone. */
static int
verify_walk(struct verify *v, struct noc_err *err)
{
	int rc;

	while (v->at_head < v->nheads && v->heads[v->at_head].size < v->floor)
		v->at_head++;
	while (v->at_anchor < v->nanchors &&
	       v->anchors[v->at_anchor].size < v->floor)
		v->at_anchor++;
	v->proved = v->floor;
	v->anchor_key = v->key;
	rc = v->floor ? verify_at_size(v) : 0;
	if (!rc)
		rc = verify_records(v, err);
	if (!rc)
		rc = verify_end(v);
	if (!rc)
		rc = verify_named(v,
				  "SELECT rowid, hash, x'', data FROM blobs"
				  " WHERE rowid > ?1 ORDER BY rowid LIMIT ?2",
				  "blob", err);
	if (!rc)
		rc = verify_named(v,
				  "SELECT rowid, commitment, salt, value"
				  " FROM audit_secret WHERE rowid > ?1 AND"
				  " value IS NOT NULL ORDER BY rowid LIMIT ?2",
				  "value", err);
	if (!rc)
		rc = noc_verify_runs(v, err);
	return rc;
}

int
noc_verify(const struct noc_verify_options *opt, struct noc_verify_result *out,
	   struct noc_err *err)
{
	struct verify v = { .opt = opt, .out = out };
	int rc, sql_rc;

	memset(out, 0, sizeof(*out));
	if (opt->vkey) {
		rc = noc_vkey_parse(&v.pinned, opt->vkey, strlen(opt->vkey),
				    err);
		if (rc < 0)
			return rc;
		out->vkey_pinned = 1;
	}
	v.h = noc_sha256_new();
	rc = noc_db_open(opt->db, NOC_DB_READ, &v.db, &sql_rc, err);
	if (rc < 0 && noc_db_fault(sql_rc) == NOC_DB_MALFORMED)
		rc = noc_verify_say(&v, NOC_VERDICT_DAMAGED, 0,
				    "SQLite says: %s.", sqlite3_errstr(sql_rc));
	else if (!rc)
		rc = noc_verify_load(&v, err);
	if (!rc)
		rc = verify_walk(&v, err);
	out->records = v.f.size > v.floor ? v.f.size - v.floor : 0;
	if (!rc)
		snprintf(out->message, sizeof(out->message),
			 "%" PRIu64 " records, %zu heads and %zu anchors "
			 "agree%s.",
			 out->records, v.nheads, v.nanchors,
			 out->vkey_pinned ? ""
					  : " (the key was taken from the log "
					    "itself)");
	sqlite3_close(v.db);
	noc_sha256_free(v.h);
	for (size_t i = 0; i < v.nheads; i++)
		free(v.heads[i].note);
	free(v.heads);
	free(v.anchors);
	free(v.last_anchor);
	return rc < 0 ? rc : 0;
}
