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

#define PAGE 20000 /* rows read before the read transaction is let go */

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
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "The journal's tables are not as they "
				      "should be: %s.",
				      sqlite3_errmsg(v->db));
	return noc_db_err(v->db, err, v->opt->db);
}

bool
noc_verify_is(sqlite3_stmt *st, int column, int type, int len)
{
	return sqlite3_column_type(st, column) == type &&
	       (!len || sqlite3_column_bytes(st, column) == len);
}

int
noc_verify_each(struct verify *v, const char *sql, int64_t from,
		noc_verify_row *on_row, void *arg, struct noc_err *err)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(v->db, sql, -1, &st, NULL), found = 0, n;
	int64_t key = from;

	if (rc != SQLITE_OK)
		return noc_verify_sqlite(v, rc, err);
	do {
		sqlite3_bind_int64(st, 1, from);
		sqlite3_bind_int64(st, 2, PAGE);
		for (n = 0; !found && (rc = sqlite3_step(st)) == SQLITE_ROW;
		     n++) {
			key = sqlite3_column_int64(st, 0);
			found = on_row(v, st, arg);
		}
		if (!found && rc != SQLITE_DONE)
			found = noc_verify_sqlite(v, rc, err);
		sqlite3_reset(st);
		from = key + (key < INT64_MAX);
	} while (!found && n == PAGE && key < INT64_MAX);
	sqlite3_finalize(st);
	return found;
}

/* ---- heads ---- */

int
noc_verify_note(const struct verify_head *h, struct noc_note *note,
		struct noc_head *out, struct noc_err *err)
{
	if (!h->note)
		return noc_err_set(err, NOC_EINPUT, "It is no text.");
	if (noc_note_parse(h->note, h->len, note, err))
		return -1;
	return noc_head_parse(note, out, err);
}

int
noc_verify_signed(struct verify *v, const struct noc_note *note,
		  const struct noc_vkey *key, uint64_t size, const char *which,
		  const char *where)
{
	switch (noc_note_check(note, key, NULL)) {
	case 0:
		return 0;
	case NOC_ENOTFOUND:
		return noc_verify_say(
		    v, NOC_VERDICT_TAMPERED, v->proved,
		    "The head of %" PRIu64
		    " records%s is not signed by the log's %skey.",
		    size, where, which);
	}
	return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
			      "The signature of the log's %skey on the head of "
			      "%" PRIu64 " records%s is wrong.",
			      which, size, where);
}

/* By the key of this epoch; a rotation by the next one too. */
static int
verify_signatures(struct verify *v, const struct noc_note *note, uint64_t size,
		  const char *where)
{
	int rc = noc_verify_signed(v, note, &v->key, size, "", where);

	if (!rc && v->rotating)
		rc = noc_verify_signed(v, note, &v->next, size, "new ", where);
	return rc;
}

/* What a stored head says for itself: its size, whose it is. */
static int
verify_head_says(struct verify *v, const struct verify_head *h,
		 struct noc_head *head)
{
	struct noc_note note;
	struct noc_err e;

	if (noc_verify_note(h, &note, head, &e))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
				      "The head of %" PRIu64
				      " records cannot be read: %s",
				      h->size, e.msg);
	if (head->size != h->size || strcmp(head->origin, v->key.name))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
				      "The head stored for %" PRIu64
				      " records is of another size or log.",
				      h->size);
	return verify_signatures(v, &note, h->size, "");
}

/* The head stored for the size that has been reached. */
static int
verify_check_head(struct verify *v, const struct verify_head *h)
{
	struct noc_head head;
	uint8_t root[NOC_HASH];

	if (verify_head_says(v, h, &head))
		return 1;
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

static int
verify_anchor_signed(struct verify *v, const struct verify_anchor *a)
{
	struct noc_note note;

	NOC_REQUIRE(!noc_note_parse(a->note, a->len, &note, NULL));
	return verify_signatures(v, &note, a->size, " in the anchor file");
}

int
noc_verify_below(struct verify *v, uint64_t end, bool known)
{
	struct noc_head head;
	int rc = 0;

	for (; !rc && v->at_head < v->nheads && v->heads[v->at_head].size < end;
	     v->at_head++)
		if (known)
			rc = verify_head_says(v, &v->heads[v->at_head], &head);
	for (; !rc && v->at_anchor < v->nanchors &&
	       v->anchors[v->at_anchor].size < end;
	     v->at_anchor++)
		if (known)
			rc = verify_anchor_signed(v, &v->anchors[v->at_anchor]);
	return rc;
}

/* One that was anchored at that size; `same`: the head that held there, or
 * NULL, whose signatures need not be looked at again. */
static int
verify_check_anchor(struct verify *v, const struct verify_anchor *a,
		    const struct verify_head *same)
{
	const struct verify_anchor *before = a > v->anchors ? a - 1 : NULL;
	uint8_t root[NOC_HASH];

	noc_frontier_root(&v->f, v->h, root);
	if (memcmp(root, a->root, NOC_HASH))
		return noc_verify_say(
		    v, NOC_VERDICT_TAMPERED,
		    before && before->size > v->floor ? before->size : v->floor,
		    "The first %" PRIu64 " records are not those that were "
		    "anchored.",
		    a->size);
	if (same && same->len == a->len && !memcmp(same->note, a->note, a->len))
		return 0;
	return verify_anchor_signed(v, a);
}

/* Everything that is to hold at v->f.size. */
static int
verify_at_size(struct verify *v)
{
	const struct verify_head *head = NULL;
	uint64_t size = v->f.size;

	if (v->at_head < v->nheads && v->heads[v->at_head].size == size) {
		head = &v->heads[v->at_head++];
		if (verify_check_head(v, head))
			return 1;
	}
	if (v->rotating && !head)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, size - 1,
				      "The key was rotated at record "
				      "%" PRIu64 " and no head signed by both "
				      "keys is there.",
				      size - 1);
	for (; v->at_anchor < v->nanchors &&
	       v->anchors[v->at_anchor].size == size;
	     v->at_anchor++)
		if (verify_check_anchor(v, &v->anchors[v->at_anchor], head))
			return 1;
	if (v->rotating)
		v->key = v->next;
	v->rotating = false;
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
verify_record(struct verify *v, uint64_t seq, sqlite3_stmt *st)
{
	struct noc_record_view r;
	struct noc_err e = { .msg = "It is no bytes." };
	const uint8_t *rec = sqlite3_column_blob(st, 1);
	size_t len = (size_t)sqlite3_column_bytes(st, 1);
	uint8_t hash[NOC_HASH];

	if (!noc_verify_is(st, 1, SQLITE_BLOB, 0) ||
	    noc_record_read(rec, len, &r, &e))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, seq,
				      "Record %" PRIu64 " is malformed: %s",
				      seq, e.msg);
	noc_chain_leaf(v->h, rec, len, hash);
	if (!noc_verify_is(st, 2, SQLITE_BLOB, NOC_HASH) ||
	    memcmp(sqlite3_column_blob(st, 2), hash, NOC_HASH))
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
	return 0;
}

#define ENOUGH 2 /* a live log grew past what was looked at first */

static int
on_record(struct verify *v, sqlite3_stmt *st, void *arg)
{
	uint64_t seq = (uint64_t)sqlite3_column_int64(st, 0);

	(void)arg;
	if (v->f.size == v->end)
		return ENOUGH;
	if (seq != v->f.size)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->f.size,
				      "Record %" PRIu64 " is missing.",
				      v->f.size);
	if (verify_record(v, seq, st))
		return 1;
	if (v->opt->progress &&
	    (v->f.size == v->end || !((v->f.size - v->floor) % PAGE)))
		v->opt->progress(v->f.size - v->floor, v->end - v->floor,
				 v->opt->arg);
	if (v->rotating ||
	    (v->at_head < v->nheads &&
	     v->heads[v->at_head].size == v->f.size) ||
	    (v->at_anchor < v->nanchors &&
	     v->anchors[v->at_anchor].size == v->f.size))
		return verify_at_size(v);
	return 0;
}

static int
verify_records(struct verify *v, struct noc_err *err)
{
	int rc = noc_verify_each(v,
				 "SELECT seq, rec, leaf FROM audit"
				 " WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
				 (int64_t)v->floor, on_record, NULL, err);

	if (rc == ENOUGH)
		rc = 0;
	if (!rc && v->f.size != v->end)
		rc =
		    noc_verify_say(v, NOC_VERDICT_TAMPERED, v->f.size,
				   "Record %" PRIu64 " is missing.", v->f.size);
	return rc;
}

/* ---- the end ---- */

/* The whole log has been read; what must be true of its end. */
static int
verify_end(struct verify *v)
{
	if (v->headed > v->end)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->end,
				      "Record %" PRIu64
				      " is missing: the last head is of "
				      "%" PRIu64 " records.",
				      v->end, v->headed);
	if (v->headed < v->end)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, v->proved,
				      "The records from %" PRIu64
				      " on are covered by no signed head.",
				      v->proved);
	return 0;
}

static int
verify_walk(struct verify *v, struct noc_err *err)
{
	int rc;

	v->proved = v->floor;
	rc = v->floor ? verify_at_size(v) : 0;
	if (!rc)
		rc = verify_records(v, err);
	if (!rc)
		rc = verify_end(v);
	if (!rc)
		rc = noc_verify_anchor_end(v);
	if (!rc)
		rc = noc_verify_named(v, err);
	if (!rc)
		rc = noc_verify_runs(v, err);
	return rc;
}

static int
verify_pin(struct verify *v, struct noc_err *err)
{
	const char *vkey = v->opt->vkey;
	int rc;

	if (!vkey)
		return 0;
	rc = noc_vkey_parse(&v->pinned, vkey, strlen(vkey), err);
	if (rc < 0)
		return rc;
	if (v->pinned.type != NOC_SIG_ED25519)
		return noc_err_set(err, NOC_EINPUT,
				   "This is the verifier key of a witness, "
				   "not of a log.");
	v->out->vkey_pinned = 1;
	return 0;
}

static int
verify_open(struct verify *v, struct noc_err *err)
{
	int sql_rc, rc;

	rc = noc_db_open(v->opt->db, NOC_DB_VERIFY, &v->db, &sql_rc, err);
	if (rc < 0 && (noc_db_fault(sql_rc) == NOC_DB_MALFORMED ||
		       noc_db_fault(sql_rc) == NOC_DB_BUG))
		return noc_verify_say(v, NOC_VERDICT_DAMAGED, 0,
				      "SQLite says: %s.",
				      sqlite3_errstr(sql_rc));
	return rc;
}

int
noc_verify(const struct noc_verify_options *opt, struct noc_verify_result *out,
	   struct noc_err *err)
{
	struct verify v = { .opt = opt, .out = out };
	int rc;

	memset(out, 0, sizeof(*out));
	rc = verify_pin(&v, err);
	if (rc < 0)
		return rc;
	v.h = noc_sha256_new();
	rc = noc_verify_anchor_read(&v, err);
	if (!rc)
		rc = verify_open(&v, err);
	if (!rc)
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
	for (size_t i = 0; i < v.nanchors; i++)
		free(v.anchors[i].note);
	free(v.heads);
	free(v.anchors);
	return rc < 0 ? rc : 0;
}
