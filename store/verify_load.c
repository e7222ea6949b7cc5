/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/verify_private.h"

/* ---- the tables ---- */

/* As doc/audit.md declares them, to the letter: what a statement reads is a
 * table's own, a seq is one integer, and nothing is beside it. */
static const struct {
	const char *name, *sql;
	bool erasable; /* with all that is in it */
} load_tables[] = {
	{ "audit",
	  "CREATE TABLE audit(seq INTEGER PRIMARY KEY, rec BLOB NOT NULL,"
	  " leaf BLOB NOT NULL)",
	  false },
	{ "audit_head",
	  "CREATE TABLE audit_head(size INTEGER PRIMARY KEY,"
	  " note TEXT NOT NULL)",
	  false },
	{ "audit_floor",
	  "CREATE TABLE audit_floor(one INTEGER PRIMARY KEY CHECK(one=1),"
	  " size INTEGER NOT NULL, leaf BLOB, frontier BLOB NOT NULL)",
	  false },
	{ "audit_keys",
	  "CREATE TABLE audit_keys(size INTEGER PRIMARY KEY,"
	  " rec BLOB NOT NULL, frontier BLOB NOT NULL, note TEXT NOT NULL)",
	  false },
	{ "audit_secret",
	  "CREATE TABLE audit_secret(commitment BLOB NOT NULL, salt BLOB,"
	  " value TEXT)",
	  true },
	{ "blobs",
	  "CREATE TABLE blobs(hash BLOB PRIMARY KEY, data BLOB NOT NULL)",
	  true },
};

static int
load_table(struct verify *v, sqlite3_stmt *st, size_t i, struct noc_err *err)
{
	const char *sql = NULL;
	bool right;
	int rc, len = 0;

	sqlite3_reset(st);
	sqlite3_bind_text(st, 1, load_tables[i].name, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		sql = (const char *)sqlite3_column_text(st, 0);
		len = sqlite3_column_bytes(st, 0);
	} else if (rc != SQLITE_DONE) {
		return noc_verify_sqlite(v, rc, err);
	}
	right = rc == SQLITE_DONE ? load_tables[i].erasable
				  : sql && !strcmp(sql, load_tables[i].sql) &&
					len == (int)strlen(sql);
	if (right)
		return 0;
	return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0, "The table %s is %s.",
			      load_tables[i].name,
			      rc == SQLITE_DONE ? "missing"
						: "not as the format has it");
}

static int
verify_tables(struct verify *v, struct noc_err *err)
{
	sqlite3_stmt *st;
	int rc;

	rc = sqlite3_prepare_v2(v->db,
				"SELECT sql FROM sqlite_master WHERE"
				" name = ?1 COLLATE NOCASE"
				" AND type IN ('table', 'view')",
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return noc_verify_sqlite(v, rc, err);
	rc = 0;
	for (size_t i = 0; !rc && i < NOC_COUNT(load_tables); i++)
		rc = load_table(v, st, i, err);
	sqlite3_finalize(st);
	return rc;
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
		*h = (struct verify_head){
			.size = (uint64_t)sqlite3_column_int64(st, 0),
		};
		if (noc_verify_is(st, 1, SQLITE_TEXT, 0)) {
			const unsigned char *note = sqlite3_column_text(st, 1);

			h->len = (size_t)sqlite3_column_bytes(st, 1);
			h->note = noc_malloc(h->len + 1);
			memcpy(h->note, note, h->len);
		}
		/* SQLite goes by the order on the page, and nothing else looks
		 * at a head whose turn never comes. */
		if (v->nheads > 1 && (int64_t)h->size <= (int64_t)h[-1].size) {
			rc = noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
					    "The head of %" PRId64
					    " records is stored behind that of "
					    "%" PRId64 ".",
					    (int64_t)h->size,
					    (int64_t)h[-1].size);
			sqlite3_finalize(st);
			return rc;
		}
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
	if (v->heads[0].size < 1 || v->heads[0].size > INT64_MAX)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "There is no head of %" PRId64
				      " records.",
				      (int64_t)v->heads[0].size);
	last = &v->heads[v->nheads - 1];
	v->headed = last->size;
	if (noc_verify_note(last, &note, &head, &e))
		return noc_verify_say(
		    v, NOC_VERDICT_TAMPERED,
		    v->nheads > 1 && last[-1].size > v->floor ? last[-1].size
							      : v->floor,
		    "The last head cannot be read: %s", e.msg);
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

	if (!size || size > v->floor || !noc_verify_is(st, 1, SQLITE_BLOB, 0) ||
	    !noc_verify_is(st, 2, SQLITE_BLOB, 0) ||
	    !noc_verify_is(st, 3, SQLITE_TEXT, 0) ||
	    noc_record_read(rec, len, &r, NULL) ||
	    r.kind != NOC_REC_KEY_ROTATE || r.seq != size - 1 ||
	    noc_frontier_read(&f, size - 1, sqlite3_column_blob(st, 2),
			      (size_t)sqlite3_column_bytes(st, 2)) ||
	    noc_note_parse((const char *)sqlite3_column_text(st, 3),
			   (size_t)sqlite3_column_bytes(st, 3), &note, NULL) ||
	    noc_head_parse(&note, &head, NULL) || head.size != size)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED,
				      size && size <= v->floor ? size - 1 : 0,
				      "The rotation kept for size %" PRId64
				      " is malformed.",
				      (int64_t)size);
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
	    (*known && noc_verify_signed(v, &note, &v->key, size, "", "")) ||
	    noc_verify_signed(v, &note, &next, size, "new ", ""))
		return 1;
	v->proved = 0;
	if (noc_verify_below(v, size, *known))
		return 1;
	v->next = next;
	v->rotating = true;
	if (noc_verify_below(v, size < v->floor ? size + 1 : size, *known))
		return 1;
	v->rotating = false;
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
	if (!found && !known && v->floor)
		return noc_err_set(err, NOC_ECONFIG,
				   "The first %" PRIu64
				   " records were pruned, and with them the "
				   "log's key: give the verifier key that was "
				   "printed when the log was made.",
				   v->floor);
	return found ? found : noc_verify_below(v, v->floor, known);
}

/* Whether it is malformed. */
static bool
verify_floor(struct verify *v, sqlite3_stmt *st)
{
	sqlite3_int64 size = sqlite3_column_int64(st, 1);

	if (sqlite3_column_int64(st, 0) != 1 ||
	    !noc_verify_is(st, 1, SQLITE_INTEGER, 0) || size < 0 ||
	    !noc_verify_is(st, 3, SQLITE_BLOB, 0) ||
	    !(size ? noc_verify_is(st, 2, SQLITE_BLOB, NOC_HASH)
		   : noc_verify_is(st, 2, SQLITE_NULL, 0)) ||
	    noc_frontier_read(&v->f, (uint64_t)size, sqlite3_column_blob(st, 3),
			      (size_t)sqlite3_column_bytes(st, 3)))
		return true;
	v->floor = (uint64_t)size;
	if (size)
		memcpy(v->prev, sqlite3_column_blob(st, 2), NOC_HASH);
	return false;
}

static int
verify_bounds(struct verify *v, struct noc_err *err)
{
	sqlite3_stmt *st;
	sqlite3_int64 last;
	bool bad = true;
	int rc;

	rc = sqlite3_prepare_v2(v->db,
				"SELECT one, size, leaf, frontier"
				" FROM audit_floor",
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return noc_verify_sqlite(v, rc, err);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		bad = verify_floor(v, st);
		rc = sqlite3_step(st);
		bad |= rc == SQLITE_ROW;
		rc = rc == SQLITE_ROW ? SQLITE_DONE : rc;
	}
	sqlite3_finalize(st);
	if (rc != SQLITE_DONE)
		return noc_verify_sqlite(v, rc, err);
	if (bad)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "The floor of the log is missing or "
				      "malformed.");
	rc = noc_db_int(v->db, "SELECT min(seq) FROM audit", &last);
	if (rc == SQLITE_OK && last < (sqlite3_int64)v->floor)
		return noc_verify_say(v, NOC_VERDICT_TAMPERED, 0,
				      "A row of audit has seq %lld and the log "
				      "begins at %" PRIu64 ".",
				      (long long)last, v->floor);
	if (rc == SQLITE_OK)
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
	rc = rc == SQLITE_OK ? verify_tables(v, err)
			     : noc_verify_sqlite(v, rc, err);
	if (!rc)
		rc = verify_bounds(v, err);
	if (!rc)
		rc = verify_load_heads(v, err);
	if (!rc)
		rc = verify_name(v);
	if (!rc)
		rc = noc_verify_anchor_load(v);
	if (!rc)
		rc = verify_epoch(v, err);
	sqlite3_exec(v->db, "COMMIT", NULL, NULL, NULL);
	return rc;
}
