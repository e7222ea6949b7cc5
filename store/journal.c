/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/journal_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/txn_private.h"
#include "store/wire.h"

#define TAIL_EVERY 500 /* records */

static const char *const journal_sql[NOC_STMT_ROW] = {
	[NOC_STMT_BEGIN] = "BEGIN IMMEDIATE",
	[NOC_STMT_COMMIT] = "COMMIT",
	[NOC_STMT_AUDIT] = "INSERT INTO audit(seq,rec,leaf)"
			   " SELECT c1,c2,c3 FROM noc_feed",
	[NOC_STMT_REF] = "INSERT INTO audit_ref(id,lo,hi)"
			 " SELECT c1,c2,c3 FROM noc_feed",
	[NOC_STMT_HEAD] = "INSERT INTO audit_head(size,note) VALUES(?1,?2)",
	[NOC_STMT_HEAD_DEL] = "DELETE FROM audit_head WHERE size=?1",
	[NOC_STMT_ANCHORED] =
	    "INSERT OR IGNORE INTO audit_anchored(size) VALUES(?1)",
	[NOC_STMT_TAIL] =
	    "INSERT INTO audit_tail(one,size,frontier) VALUES(1,?1,?2)"
	    " ON CONFLICT(one) DO UPDATE SET size=?1, frontier=?2",
};

void
noc_tail_copy(struct noc_tail *to, const struct noc_tail *from)
{
	memcpy(to->prev, from->prev, sizeof(to->prev));
	to->head = from->head;
	to->anchored = from->anchored;
	to->saved = from->saved;
	to->last_kind = from->last_kind;
	to->head_is_rotation = from->head_is_rotation;
	noc_frontier_copy(&to->f, &from->f);
}

/* ---- statements: prepared once a connection ---- */

static sqlite3_stmt *
journal_stmt(struct noc_journal *j, int which)
{
	const char *sql;

	if (j->st[which])
		return j->st[which];
	sql = which < NOC_STMT_ROW
		  ? journal_sql[which]
		  : noc_rows_sql((enum noc_row_kind)(which - NOC_STMT_ROW));
	j->bad_rc = sqlite3_prepare_v3(
	    j->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &j->st[which], NULL);
	return j->st[which];
}

int
noc_journal_run(struct noc_journal *j, int which)
{
	sqlite3_stmt *st = journal_stmt(j, which);
	int rc;

	if (!st)
		return j->bad_rc;
	rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

void
noc_journal_rollback(struct noc_journal *j)
{
	if (j->db && !sqlite3_get_autocommit(j->db))
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- records ---- */

/*
 * audit_ref finds the records of a run or an event without reading the log:
 * one row for each id of a txn, with the range of the txn's records.  An id is
 * 16 bytes when it is a UUID, else the text itself.
 */
#define REFS_MAX 32

struct refs {
	unsigned n;
	struct {
		const uint8_t *p;
		size_t len;
	} at[REFS_MAX];
};

static void
journal_ref(struct noc_journal *j, const uint8_t *p, size_t len, uint64_t lo,
	    uint64_t hi)
{
	struct noc_cell *c = noc_scratch_take(&j->scratch, 3 * sizeof(*c));
	char text[NOC_ID_TEXT];
	struct noc_id *id;

	if (len == NOC_ID_TEXT - 1) {
		id = noc_scratch_take(&j->scratch, sizeof(*id));
		memcpy(text, p, len);
		text[len] = '\0';
		if (!noc_id_parse(text, id)) {
			p = id->b;
			len = sizeof(id->b);
		}
	}
	c[0] = (struct noc_cell){ .type = NOC_CELL_BLOB,
				  .len = (uint32_t)len,
				  .u.p = p };
	c[1] = (struct noc_cell){ .type = NOC_CELL_INT, .u.i = (int64_t)lo };
	c[2] = (struct noc_cell){ .type = NOC_CELL_INT, .u.i = (int64_t)hi };
	noc_feed_add(&j->feeds[NOC_STMT_REF], c);
}

/* The id that a record is about: its run, else its event. */
static void
journal_collect_ref(struct noc_journal *j, struct refs *refs,
		    const struct noc_record *r, uint64_t seq)
{
	const uint8_t *p = r->p + NOC_RECORD_HEAD;
	const uint8_t *id = NULL;
	size_t len = 0;

	for (unsigned i = 0; i < r->nfields && i < 2; i++) {
		unsigned tag = noc_get16(p);

		if (tag > NOC_TAG_RUN)
			break;
		id = p + 6;
		len = noc_get32(p + 2);
		p += 6 + len;
	}
	if (!id || !len || len > 64)
		return;
	for (unsigned i = 0; i < refs->n; i++)
		if (refs->at[i].len == len && !memcmp(refs->at[i].p, id, len))
			return;
	if (refs->n == REFS_MAX) {
		journal_ref(j, id, len, seq, seq);
		return;
	}
	refs->at[refs->n].p = id;
	refs->at[refs->n++].len = len;
}

/* A record that lacks a required tag is our bug, but better than no record:
 * said once a kind. */
static void
journal_check(const struct noc_record *r)
{
	static bool said[64];
	struct noc_err err;

	if (said[(unsigned)r->kind & 63] ||
	    !noc_record_complete((unsigned)r->kind, r->tags, &err))
		return;
	said[(unsigned)r->kind & 63] = true;
	noc_error("journal", "kind=%s incomplete: %s",
		  noc_record_kind_name((int)r->kind), err.msg);
}

static void
journal_record(struct noc_journal *j, struct noc_tail *t, struct noc_record *r)
{
	struct noc_cell *c = noc_scratch_take(&j->scratch, 3 * sizeof(*c));
	uint8_t *leaf = noc_scratch_take(&j->scratch, NOC_HASH);

	NOC_REQUIRE(r->len <= NOC_RECORD_MAX);
	noc_record_finish(r, j->log_id, j->boot_id, t->f.size, t->prev);
	journal_check(r);
	noc_chain_leaf(j->h, r->p, r->len, leaf);
	c[0] = (struct noc_cell){ .type = NOC_CELL_INT,
				  .u.i = (int64_t)t->f.size };
	c[1] = (struct noc_cell){ .type = NOC_CELL_BLOB,
				  .len = (uint32_t)r->len,
				  .u.p = r->p };
	c[2] = (struct noc_cell){ .type = NOC_CELL_BLOB,
				  .len = NOC_HASH,
				  .u.p = leaf };
	noc_feed_add(&j->feeds[NOC_STMT_AUDIT], c);
	memcpy(t->prev, leaf, NOC_HASH);
	noc_frontier_add(&t->f, j->h, leaf);
	t->last_kind = (uint16_t)r->kind;
}

int
noc_journal_txn(struct noc_journal *j, struct noc_tail *t, struct noc_txn *txn)
{
	uint64_t lo = t->f.size;
	struct refs refs = { .n = 0 };

	for (struct noc_txn_record *r = txn->first_record; r; r = r->next) {
		journal_record(j, t, &r->rec);
		journal_collect_ref(j, &refs, &r->rec, t->f.size - 1);
	}
	for (unsigned i = 0; i < refs.n; i++)
		journal_ref(j, refs.at[i].p, refs.at[i].len, lo, t->f.size - 1);
	return noc_rows_queue(j, txn);
}

int
noc_journal_flush_one(struct noc_journal *j, int which)
{
	int rc;

	if (!j->feeds[which].n)
		return SQLITE_OK;
	j->source.feed = &j->feeds[which];
	rc = noc_journal_run(j, which);
	j->feeds[which].n = 0;
	return rc;
}

int
noc_journal_flush(struct noc_journal *j)
{
	int rc = SQLITE_OK;

	for (int i = 0; rc == SQLITE_OK && i < NOC_STMTS; i++)
		rc = noc_journal_flush_one(j, i);
	return rc;
}

void
noc_journal_drop(struct noc_journal *j)
{
	for (int i = 0; i < NOC_STMTS; i++)
		j->feeds[i].n = 0;
	noc_scratch_clear(&j->scratch);
}

/* ---- heads ---- */

static int
journal_run_int(struct noc_journal *j, int which, uint64_t v)
{
	sqlite3_stmt *st = journal_stmt(j, which);
	int rc;

	if (!st)
		return j->bad_rc;
	rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)v);
	return rc == SQLITE_OK ? noc_journal_run(j, which) : rc;
}

/* The head that a new one supersedes goes, unless somebody holds it. */
static int
journal_supersede(struct noc_journal *j, uint64_t old, uint64_t anchored,
		  bool rotation)
{
	if (!old)
		return SQLITE_OK;
	if (old == anchored)
		return journal_run_int(j, NOC_STMT_ANCHORED, old);
	if (old % 1000 == 0 || rotation)
		return SQLITE_OK;
	return journal_run_int(j, NOC_STMT_HEAD_DEL, old);
}

/* Now and then: the next start reads the leaves that came after it. */
static int
journal_save_tail(struct noc_journal *j, struct noc_tail *t)
{
	sqlite3_stmt *st = journal_stmt(j, NOC_STMT_TAIL);
	int rc;

	if (t->saved && t->f.size - t->saved < TAIL_EVERY)
		return SQLITE_OK;
	t->saved = t->f.size;
	if (!st)
		return j->bad_rc;
	rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)t->f.size);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(
		    st, 2, t->f.node,
		    (int)(noc_frontier_count(&t->f) * (size_t)NOC_HASH),
		    SQLITE_STATIC);
	return rc == SQLITE_OK ? noc_journal_run(j, NOC_STMT_TAIL) : rc;
}

int
noc_journal_seal(struct noc_journal *j, struct noc_tail *t,
		 struct noc_strbuf *note)
{
	struct noc_signer by = { j->key, &j->vkey };
	sqlite3_stmt *st = journal_stmt(j, NOC_STMT_HEAD);
	struct noc_head head;
	uint64_t old = t->head;
	int rc;

	if (t->f.size == t->head)
		return SQLITE_OK;
	if (!st)
		return j->bad_rc;
	strcpy(head.origin, j->vkey.name);
	head.size = t->f.size;
	noc_frontier_root(&t->f, j->h, head.root);
	noc_strbuf_clear(note);
	noc_head_sign(&head, &by, 1, note);
	rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)head.size);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 2, note->p, (int)note->len,
				       SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = noc_journal_run(j, NOC_STMT_HEAD);
	if (rc == SQLITE_OK)
		rc =
		    journal_supersede(j, old, t->anchored, t->head_is_rotation);
	if (rc == SQLITE_OK)
		rc = journal_save_tail(j, t);
	t->head = head.size;
	t->head_is_rotation = t->last_kind == NOC_REC_KEY_ROTATE;
	return rc;
}

/* ---- the connection ---- */

static int
on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct noc_journal *j = arg;

	(void)db;
	(void)name;
	j->wal_pages = pages;
	return SQLITE_OK;
}

void
noc_journal_disconnect(struct noc_journal *j)
{
	for (int i = 0; i < NOC_STMTS; i++) {
		sqlite3_finalize(j->st[i]);
		j->st[i] = NULL;
	}
	sqlite3_close(j->db);
	j->db = NULL;
}

int
noc_journal_connect(struct noc_journal *j, const char *path,
		    struct noc_err *err)
{
	int rc;

	noc_journal_disconnect(j);
	rc = noc_db_open(path, NOC_DB_WRITE, &j->db, &j->bad_rc, err);
	if (rc < 0)
		return rc;
	j->wal_pages = 0;
	sqlite3_wal_hook(j->db, on_wal, j);
	if (noc_feed_register(j->db, &j->source) != SQLITE_OK)
		return noc_db_err(j->db, err, path);
	return 0;
}

int
noc_journal_reopen(struct noc_journal *j, struct noc_err *err)
{
	return noc_journal_connect(j, j->path, err);
}

int
noc_journal_is_at(struct noc_journal *j, const struct noc_tail *t)
{
	sqlite3_stmt *st;
	int rc, same = 0;

	rc = sqlite3_prepare_v2(j->db,
				"SELECT seq, leaf FROM audit"
				" ORDER BY seq DESC LIMIT 1",
				-1, &st, NULL);
	if (rc != SQLITE_OK)
		return -rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		same = (uint64_t)sqlite3_column_int64(st, 0) + 1 == t->f.size &&
		       sqlite3_column_bytes(st, 1) == NOC_HASH &&
		       !memcmp(sqlite3_column_blob(st, 1), t->prev, NOC_HASH);
		rc = SQLITE_DONE;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? same : -rc;
}

void
noc_journal_close(struct noc_journal *j)
{
	noc_journal_disconnect(j);
	noc_sha256_free(j->h);
	noc_ed25519_free(j->key);
	noc_strbuf_release(&j->note);
	for (int i = 0; i < NOC_STMTS; i++)
		noc_feed_release(&j->feeds[i]);
	noc_scratch_release(&j->scratch);
	free(j->dir);
	free(j->path);
	free(j->site);
	memset(j, 0, sizeof(*j));
}
