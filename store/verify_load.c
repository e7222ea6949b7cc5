/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/anchor.h"
#include "store/verify_private.h"

/* ---- the anchor file ---- */

static int
on_anchor(const char *p, size_t len, int torn, void *arg)
{
	struct verify *v = arg;
	struct noc_note note;
	struct noc_head head;
	struct verify_anchor *a;

	if (torn)
		return 0;
	if (noc_note_parse(p, len, &note, NULL) ||
	    noc_head_parse(&note, &head, NULL))
		return noc_verify_say(
		    v, NOC_VERDICT_TAMPERED, 0,
		    "The anchor file holds something that is no "
		    "head.");
	v->anchor_elsewhere = strcmp(head.origin, v->out->origin) != 0;
	if (v->anchor_elsewhere)
		return 0;
	a = v->nanchors ? &v->anchors[v->nanchors - 1] : NULL;
	if (a &&
	    (head.size < a->size ||
	     (head.size == a->size && memcmp(head.root, a->root, NOC_HASH))))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, head.size,
				      "The anchor file has size %" PRIu64
				      " after size %" PRIu64 ".",
				      head.size, a->size);
	NOC_GROW(v->anchors, v->anchors_cap, v->nanchors + 1);
	a = &v->anchors[v->nanchors++];
	a->size = head.size;
	memcpy(a->root, head.root, NOC_HASH);
	free(v->last_anchor);
	v->last_anchor = noc_strndup(p, len);
	v->anchored = head;
	return 0;
}

static int
verify_load_anchors(struct verify *v, struct noc_err *err)
{
	int rc;

	if (!v->opt->anchor)
		return 0;
	rc = noc_anchor_each(v->opt->anchor, on_anchor, v, err);
	if (rc)
		return rc;
	if (v->anchor_elsewhere)
		return noc_verify_say(
		    v, NOC_VERDICT_CUT, 0,
		    "The last anchored head is of another log "
		    "than this one, which was put in its place.");
	if (v->opt->anchored && !v->nanchors)
		return noc_verify_say(v, NOC_VERDICT_CUT, 0,
				      "The anchor file has no head of this "
				      "log: it was emptied, or is of none.");
	if (v->nanchors && v->anchored.size > v->headed)
		return noc_verify_say(
		    v, NOC_VERDICT_CUT, v->headed,
		    "The log ends with a head of %" PRIu64
		    " records, but one of %" PRIu64
		    " was anchored: it was cut or rolled back.",
		    v->headed, v->anchored.size);
	return 0;
}

/* ---- heads ---- */

static int
verify_load_heads(struct verify *v, struct noc_err *err)
{
	sqlite3_stmt *st = NULL;
	int rc;

	rc = sqlite3_prepare_v2(v->db,
				"SELECT size, note FROM audit_head"
				" ORDER BY size",
				-1, &st, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct verify_head *h;

		NOC_GROW(v->heads, v->heads_cap, v->nheads + 1);
		h = &v->heads[v->nheads++];
		h->size = (uint64_t)sqlite3_column_int64(st, 0);
		h->len = (size_t)sqlite3_column_bytes(st, 1);
		h->note = noc_strndup(sqlite3_column_blob(st, 1), h->len);
		rc = SQLITE_OK;
	}
	if (rc != SQLITE_DONE)
		rc = noc_verify_sqlite(v, rc, err);
	else
		rc = 0;
	sqlite3_finalize(st);
	return rc;
}

/* The name of the log, from its last head; whether that head is right is
 * found out on the way. */
static int
verify_name(struct verify *v)
{
	const struct verify_head *last;
	struct noc_note note;
	struct noc_head head;
	struct noc_err e;

	if (!v->nheads)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "The log has no signed head.");
	last = &v->heads[v->nheads - 1];
	v->headed = last->size;
	if (noc_note_parse(last->note, last->len, &note, &e) ||
	    noc_head_parse(&note, &head, &e))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED,
				      v->nheads > 1 ? last[-1].size : v->floor,
				      "The last head cannot be read: %s",
				      e.msg);
	memcpy(v->out->origin, head.origin, sizeof(v->out->origin));
	v->out->size = last->size;
	return 0;
}

/* ---- what lies below the floor ---- */

static int
verify_rotation(struct verify *v, sqlite3_stmt *st, bool *known)
{
	const uint8_t *rec = sqlite3_column_blob(st, 1);
	size_t len = (size_t)sqlite3_column_bytes(st, 1);
	uint64_t size = (uint64_t)sqlite3_column_int64(st, 0);
	struct noc_frontier f;
	struct noc_record_view r;
	struct noc_note note;
	struct noc_head head;
	struct noc_vkey next;
	uint8_t leaf[NOC_HASH], root[NOC_HASH];

	if (!size || size > v->floor || noc_record_read(rec, len, &r, NULL) ||
	    r.kind != NOC_REC_KEY_ROTATE || r.seq != size - 1 ||
	    noc_frontier_read(&f, size - 1, sqlite3_column_blob(st, 2),
			      (size_t)sqlite3_column_bytes(st, 2)) ||
	    noc_note_parse((const char *)sqlite3_column_text(st, 3),
			   (size_t)sqlite3_column_bytes(st, 3), &note, NULL) ||
	    noc_head_parse(&note, &head, NULL) || head.size != size)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "The rotation kept for size %" PRIu64
				      " is malformed.",
				      size);
	v->proved = size - 1;
	noc_chain_leaf(v->h, rec, len, leaf);
	noc_frontier_add(&f, v->h, leaf);
	noc_frontier_root(&f, v->h, root);
	if (memcmp(root, head.root, NOC_HASH))
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, size - 1,
				      "The rotation kept for size %" PRIu64
				      " does not belong to its head.",
				      size);
	if (noc_verify_take_vkey(v, &r, &next) ||
	    (*known && noc_verify_signed(v, &note, &v->key, size, "")) ||
	    noc_verify_signed(v, &note, &next, size, "new "))
		return 1;
	v->key = next;
	*known = true;
	return 0;
}

/* The key of the first record that is still here. */
static int
verify_epoch(struct verify *v, struct noc_err *err)
{
	bool known = v->out->vkey_pinned;
	sqlite3_stmt *st;
	int rc, found = 0;

	if (!v->floor)
		return 0;
	v->key = v->pinned;
	rc = sqlite3_prepare_v2(v->db,
				"SELECT size, rec, frontier, note"
				" FROM audit_keys ORDER BY size",
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return noc_verify_sqlite(v, rc, err);
	while (!found && (rc = sqlite3_step(st)) == SQLITE_ROW)
		found = verify_rotation(v, st, &known);
	if (!found && rc != SQLITE_DONE)
		found = noc_verify_sqlite(v, rc, err);
	sqlite3_finalize(st);
	if (!found && !known)
		return noc_err_set(err, NOC_ECONFIG,
				   "The first %" PRIu64
				   " records were pruned, and with them the "
				   "log's key: give the verifier key that was "
				   "printed when the log was made.",
				   v->floor);
	return found;
}

static int
verify_bounds(struct verify *v, struct noc_err *err)
{
	sqlite3_stmt *st;
	sqlite3_int64 last;
	int rc, bad = 1;

	rc = sqlite3_prepare_v2(v->db,
				"SELECT size, leaf, frontier FROM audit_floor",
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return noc_verify_sqlite(v, rc, err);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		v->floor = (uint64_t)sqlite3_column_int64(st, 0);
		bad = noc_frontier_read(&v->f, v->floor,
					sqlite3_column_blob(st, 2),
					(size_t)sqlite3_column_bytes(st, 2)) ||
		      (v->floor && sqlite3_column_bytes(st, 1) != NOC_HASH);
		if (!bad && v->floor)
			memcpy(v->prev, sqlite3_column_blob(st, 1), NOC_HASH);
		rc = SQLITE_DONE;
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return noc_verify_sqlite(v, rc, err);
	if (bad)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "The floor of the log is missing or "
				      "malformed.");
	rc = noc_db_int(v->db, "SELECT max(seq) FROM audit", &last);
	if (rc == SQLITE_NOTFOUND)
		v->end = v->floor;
	else if (rc != SQLITE_OK)
		return noc_verify_sqlite(v, rc, err);
	else
		v->end = (uint64_t)last + 1;
	return 0;
}

int
noc_verify_load(struct verify *v, struct noc_err *err)
{
	int rc = sqlite3_exec(v->db, "BEGIN", NULL, NULL, NULL);

	/* One view of bounds and heads; a live log may grow past it. */
	rc = rc == SQLITE_OK ? verify_bounds(v, err)
			     : noc_verify_sqlite(v, rc, err);
	if (!rc)
		rc = verify_load_heads(v, err);
	if (!rc)
		rc = verify_name(v);
	if (!rc)
		rc = verify_epoch(v, err);
	sqlite3_exec(v->db, "COMMIT", NULL, NULL, NULL);
	return rc ? rc : verify_load_anchors(v, err);
}
