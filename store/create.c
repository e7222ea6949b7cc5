/* SPDX-License-Identifier: ISC */
/* A new log: the first one, or one after a file that could not be kept. */
#include "config.h"

#include "store/journal_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "store/anchor.h"
#include "store/db.h"

/* Why there is a log before this one; all NULL for the first. */
struct create_after {
	char *why;
	char *moved; /* the file put aside, or NULL when there is none */
	struct noc_salvage s;
};

static struct noc_value *
create_text(const char *s)
{
	return s ? noc_value_str(s) : noc_value_nil();
}

static void
create_recovery(struct noc_txn *txn, const struct create_after *a)
{
	struct noc_record *r = noc_txn_record(txn, NOC_REC_RECOVERY);
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "reason", create_text(a->why));
	noc_value_set(v, "file", create_text(a->moved));
	noc_value_set(v, "old_head", create_text(a->s.head));
	noc_value_set(v, "live", noc_value_int((int64_t)a->s.live));
	noc_value_set(v, "runs", noc_value_int((int64_t)a->s.runs));
	noc_value_set(v, "steps", noc_value_int((int64_t)a->s.steps));
	noc_value_set(v, "definitions",
		      noc_value_int((int64_t)a->s.definitions));
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

/* The old log's head when its file has none to give: the anchored one. */
static void
create_old_head(struct noc_journal *j, struct noc_salvage *s)
{
	char *path = noc_asprintf("%s/anchor.log", j->dir);
	struct noc_strbuf note = NOC_STRBUF_INIT;
	struct noc_head head;

	if (!s->head && !noc_anchor_last(path, &head, &note))
		s->head = noc_strbuf_detach(&note, NULL);
	noc_strbuf_release(&note);
	free(path);
}

/* Inside the transaction; SQLite's code. */
static int
create_rows(struct noc_journal *j, struct create_after *a)
{
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	struct noc_record *r = noc_txn_record(txn, NOC_REC_LOG_OPEN);
	int rc = noc_db_migrate(j->db, 0);

	noc_record_adds(r, NOC_TAG_ACTOR, "system");
	noc_record_adds(r, NOC_TAG_VKEY, j->vkey_text);
	if (rc == SQLITE_OK && a->moved)
		rc = noc_salvage_rows(a->moved, j, &a->s);
	create_old_head(j, &a->s);
	if (a->why || a->s.head)
		create_recovery(txn, a);
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
 * one transaction: there is no moment without a signed head.
 */
static int
create_log(struct noc_journal *j, struct create_after *a, struct noc_err *err)
{
	int rc;

	memset(&j->tail, 0, sizeof(j->tail));
	rc = noc_journal_key(j, true, err);
	if (!rc)
		rc = create_name(j, err);
	if (rc < 0)
		return rc;
	noc_chain_genesis(j->log_id, j->tail.prev);
	rc = noc_journal_run(j, NOC_STMT_BEGIN);
	if (rc == SQLITE_OK)
		rc = create_rows(j, a);
	if (rc == SQLITE_OK)
		rc = noc_journal_seal(j, &j->tail, &j->note);
	if (rc == SQLITE_OK)
		rc = noc_journal_run(j, NOC_STMT_COMMIT);
	if (rc != SQLITE_OK) {
		rc = noc_db_err(j->db, err, j->path);
		noc_journal_rollback(j);
		return rc;
	}
	return noc_keys_publish(j->dir, j->vkey_text, err);
}

/* ---- recovery that a crash may interrupt ---- */

/*
 * STATE/recovering holds the name of the file put aside, from before it is
 * renamed until the new log is committed: whoever starts in between knows
 * where the rows are.
 */
static char *
recover_marker(struct noc_journal *j)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (noc_keys_read_file(j->dir, "recovering", &sb) < 0 || !sb.len) {
		noc_strbuf_release(&sb);
		return NULL;
	}
	return noc_strbuf_detach(&sb, NULL);
}

static void
recover_done(struct noc_journal *j)
{
	char *path = noc_asprintf("%s/recovering", j->dir);

	unlink(path);
	free(path);
}

static void
recover_say(const struct create_after *a, char **said)
{
	*said = noc_asprintf(
	    "The journal was put aside as %s because %s; a "
	    "new one has begun, with %" PRIu64 " live rows and %" PRIu64
	    " unfinished runs (blocked).",
	    a->moved ? a->moved : "nothing", a->why, a->s.live, a->s.runs);
}

/* The file is new and empty: is it the first, or the next? */
int
noc_journal_begin(struct noc_journal *j, char **said, struct noc_err *err)
{
	struct create_after a = { .moved = recover_marker(j) };
	int rc;

	if (a.moved)
		a.why = noc_strdup("the recovery before was interrupted");
	rc = create_log(j, &a, err);
	if (!rc && a.moved) {
		recover_say(&a, said);
	} else if (!rc && a.s.head) {
		*said = noc_strdup("The journal's file was missing or empty: a "
				   "new log has begun, and names the last "
				   "anchored head of the old one.");
	}
	if (!rc)
		recover_done(j);
	free(a.s.head);
	free(a.moved);
	free(a.why);
	return rc;
}

int
noc_journal_recover(struct noc_journal *j, const char *why, char **said,
		    struct noc_err *err)
{
	struct create_after a = { .why = noc_strdup(why) };
	int rc;

	noc_journal_disconnect(j);
	a.moved = noc_quarantine_name(j->path);
	rc = noc_keys_write_file(j->dir, "recovering", a.moved, 0600, err);
	if (!rc)
		rc = noc_quarantine(j->path, a.moved, err);
	if (!rc)
		rc = noc_journal_reopen(j, err);
	if (!rc)
		rc = create_log(j, &a, err);
	if (!rc) {
		recover_say(&a, said);
		recover_done(j);
	} else {
		noc_journal_disconnect(j);
	}
	free(a.s.head);
	free(a.moved);
	free(a.why);
	return rc;
}
