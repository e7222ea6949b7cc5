/* SPDX-License-Identifier: ISC */
/* A new log: the first one, or one after a file that could not be kept. */
#include "config.h"

#include "store/recover_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "store/anchor.h"
#include "store/crash.h"
#include "store/db.h"

static struct noc_value *
create_text(const char *s)
{
	return s ? noc_value_str(s) : noc_value_nil();
}

static void
create_lost(struct noc_value *v, const struct noc_salvage *s)
{
	if (noc_value_len(s->lost))
		noc_value_set(v, "lost", noc_value_copy(s->lost));
	if (noc_value_len(s->lost_runs))
		noc_value_set(v, "lost_runs", noc_value_copy(s->lost_runs));
	if (s->killed)
		noc_value_set(v, "killed", noc_value_bool(true));
}

static void
create_recovery(struct noc_txn *txn, const struct noc_before *b)
{
	struct noc_record *r = noc_txn_record(txn, NOC_REC_RECOVERY);
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "reason", create_text(b->why));
	noc_value_set(v, "file", create_text(b->file));
	noc_value_set(v, "old_head", create_text(b->s.head));
	noc_value_set(v, "live", noc_value_int((int64_t)b->s.live));
	noc_value_set(v, "runs", noc_value_int((int64_t)b->s.runs));
	noc_value_set(v, "steps", noc_value_int((int64_t)b->s.steps));
	noc_value_set(v, "events", noc_value_int((int64_t)b->s.events));
	noc_value_set(v, "definitions",
		      noc_value_int((int64_t)b->s.definitions));
	create_lost(v, &b->s);
	noc_record_adds(r, NOC_TAG_ACTOR, "system");
	noc_record_add_json(r, NOC_TAG_DETAIL, v);
	noc_value_free(v);
}

static int
create_name(struct noc_journal *j, struct noc_err *err)
{
	uint8_t pub[32];
	char hex[33], *origin;
	int rc;

	noc_random(j->log_id, sizeof(j->log_id));
	noc_hex(hex, j->log_id, sizeof(j->log_id));
	origin = noc_asprintf("%s/audit/%s", j->site, hex);
	noc_ed25519_pub(j->key, pub);
	rc = noc_vkey_init(&j->vkey, origin, NOC_SIG_ED25519, pub, NULL);
	if (rc < 0)
		rc = noc_err_set(err, NOC_ECONFIG,
				 "The site name \"%s\" cannot name a key: no "
				 "spaces, controls or plus signs, at most 200 "
				 "bytes.",
				 j->site);
	else
		noc_vkey_format(&j->vkey, j->vkey_text);
	free(origin);
	return rc;
}

/* The old log's head when its file has none to give: the anchored one.  Rows
 * of a file that ends before it are of an earlier time. */
static void
create_old_head(struct noc_journal *j, struct noc_salvage *s)
{
	char *path = noc_asprintf("%s/anchor.log", j->dir);
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_head last, head;
	struct noc_note note;

	if (!noc_anchor_last(path, &last, &text)) {
		if (!s->head)
			s->head = noc_strbuf_detach(&text, NULL);
		else if (!noc_note_parse(s->head, strlen(s->head), &note,
					 NULL) &&
			 !noc_head_parse(&note, &head, NULL) &&
			 !strcmp(head.origin, last.origin))
			s->old |= head.size < last.size;
	}
	noc_strbuf_release(&text);
	free(path);
}

/* Inside the transaction; SQLite's code. */
static int
create_rows(struct noc_journal *j, struct noc_before *b)
{
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_record *r = noc_txn_record(txn, NOC_REC_LOG_OPEN);
	int rc = noc_db_migrate(j->db, 0);

	noc_record_adds(r, NOC_TAG_ACTOR, "system");
	noc_record_adds(r, NOC_TAG_VKEY, j->vkey_text);
	if (rc == SQLITE_OK && b->file)
		rc = noc_salvage_rows(b->file, j, &b->s);
	create_old_head(j, &b->s);
	if (rc == SQLITE_OK && b->file)
		rc = noc_salvage_doubt(j, &b->s);
	if (b->why || b->s.head)
		create_recovery(txn, b);
	noc_journal_drop(j);
	if (rc == SQLITE_OK)
		rc = noc_journal_txn(j, &j->tail, txn);
	if (rc == SQLITE_OK)
		rc = noc_journal_flush(j);
	noc_txn_free(txn);
	return rc;
}

/*
 * Schema, LOG_OPEN (and RECOVERY, with what was saved) and the first head, in
 * one transaction, copied into the file itself: it is renamed next.
 */
static int
create_log(struct noc_journal *j, struct noc_before *b, const char *path,
	   struct noc_err *err)
{
	int rc;

	memset(&j->tail, 0, sizeof(j->tail));
	noc_chain_genesis(j->log_id, j->tail.prev);
	rc = noc_journal_connect(j, path, err);
	if (rc < 0)
		return rc;
	rc = noc_journal_run(j, NOC_STMT_BEGIN);
	if (rc == SQLITE_OK)
		rc = create_rows(j, b);
	if (rc == SQLITE_OK)
		rc = noc_journal_seal(j, &j->tail, &j->note);
	noc_crash_point("create.before_commit");
	if (rc == SQLITE_OK)
		rc = noc_journal_run(j, NOC_STMT_COMMIT);
	noc_crash_point("create.after_commit");
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(
		    j->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK) {
		rc = noc_db_err(j->db, err, path);
		noc_journal_rollback(j);
	}
	noc_journal_disconnect(j);
	return rc;
}

/* What an interrupted one left beside it has nothing that is wanted. */
static void
create_clear(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < NOC_COUNT(ends); i++) {
		char *name = noc_asprintf("%s%s", path, ends[i]);

		unlink(name);
		free(name);
	}
}

/*
 * The new log is made beside the place where it belongs and renamed when it
 * is whole: what lies in that place is always a log, and all of one.
 */
int
noc_journal_create(struct noc_journal *j, struct noc_before *b,
		   struct noc_err *err)
{
	char *fresh = noc_asprintf("%s.new", j->path);
	int rc = noc_journal_key(j, true, err);

	if (!rc)
		rc = create_name(j, err);
	if (!rc) {
		create_clear(fresh);
		rc = create_log(j, b, fresh, err);
	}
	noc_crash_point("create.before_rename");
	if (!rc) {
		/* Of an empty file that it replaces, if any. */
		create_clear(j->path);
		rc = noc_keys_rename(j->dir, fresh, j->path, err);
	}
	noc_crash_point("create.after_rename");
	if (!rc)
		rc = noc_journal_reopen(j, err);
	if (!rc)
		rc = noc_keys_publish(j->dir, j->vkey_text, err);
	free(fresh);
	return rc;
}
