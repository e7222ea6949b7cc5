/* SPDX-License-Identifier: ISC */
/* Opening a journal: the cheap checks, and what is done when they fail. */
#include "config.h"

#include "store/recover_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "store/anchor.h"
#include "store/db.h"
#include "store/load.h"

#define OPEN_LEAVES 1000

/* Why the file cannot be gone on with: found by a check, told in RECOVERY. */
struct open_why {
	bool bad;
	char text[256];
};

static int open_bad(struct open_why *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
open_bad(struct open_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	why->bad = true;
	return 0;
}

/* SQLite's code in the middle of a check: the file is bad, or the disk is. */
static int
open_sqlite(struct noc_journal *j, int rc, struct open_why *why,
	    struct noc_err *err)
{
	switch (noc_db_fault(rc)) {
	case NOC_DB_FINE:
		return 0;
	case NOC_DB_RETRY:
	case NOC_DB_REOPEN:
		return noc_db_err(j->db, err, j->path);
	case NOC_DB_MALFORMED:
	case NOC_DB_BUG: /* a table is missing or has another shape */
		break;
	}
	return open_bad(why, "SQLite says: %s",
			j->db ? sqlite3_errmsg(j->db) : sqlite3_errstr(rc));
}

int
noc_journal_key(struct noc_journal *j, bool create, struct noc_err *err)
{
	uint8_t seed[32];
	int rc;

	if (j->key)
		return 0;
	rc = noc_keys_load(j->dir, create, seed, err);
	if (rc < 0)
		return rc;
	j->key = noc_ed25519_new(seed);
	noc_wipe(seed, sizeof(seed));
	NOC_REQUIRE(j->key);
	return 0;
}

/* ---- the checks of an existing file ---- */

static int
open_last_head(struct noc_journal *j, struct noc_head *head,
	       struct open_why *why, struct noc_err *err)
{
	sqlite3_stmt *st = NULL;
	struct noc_note note;
	struct noc_err why_not;
	int rc;

	noc_strbuf_clear(&j->note);
	rc = sqlite3_prepare_v2(j->db,
				"SELECT note FROM audit_head"
				" ORDER BY size DESC LIMIT 1",
				-1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		noc_strbuf_add(&j->note, sqlite3_column_blob(st, 0),
			       (size_t)sqlite3_column_bytes(st, 0));
	sqlite3_finalize(st);
	if (rc == SQLITE_DONE)
		return open_bad(why, "it has no signed head");
	if (rc != SQLITE_ROW)
		return open_sqlite(j, rc, why, err);
	if (noc_note_parse(j->note.p, j->note.len, &note, &why_not) ||
	    noc_head_parse(&note, head, &why_not))
		return open_bad(why, "its last head cannot be read: %.100s",
				why_not.msg);
	return 0;
}

/* The log's own key: the name in the head, our private key. */
static int
open_check_signature(struct noc_journal *j, const struct noc_head *head,
		     struct open_why *why, struct noc_err *err)
{
	struct noc_note note;
	uint8_t pub[32];
	int rc;

	noc_ed25519_pub(j->key, pub);
	if (noc_vkey_init(&j->vkey, head->origin, NOC_SIG_ED25519, pub, NULL))
		return open_bad(why, "the origin of its last head is no name");
	noc_vkey_format(&j->vkey, j->vkey_text);
	rc = noc_note_parse(j->note.p, j->note.len, &note, err);
	if (rc < 0)
		return rc;
	rc = noc_note_check(&note, &j->vkey, NULL);
	if (rc == NOC_EDENIED)
		return open_bad(why, "the signature of its last head is wrong");
	if (rc == NOC_ENOTFOUND && note.nsigs == 1) {
		/* Is it another key's, or did somebody touch the key id? */
		struct noc_vkey k = j->vkey;

		memcpy(k.id, note.sigs[0].id, sizeof(k.id));
		if (!noc_note_check(&note, &k, NULL))
			return open_bad(why, "the key id of its last head was "
					     "altered");
		return noc_err_set(err, NOC_ECONFIG,
				   "%s/audit.key is not the key that signed "
				   "the last head of %s: restore the right "
				   "key, or move nocturne.db away.",
				   j->dir, j->path);
	}
	if (rc < 0)
		return open_bad(why, "its last head is not signed by our key");
	return 0;
}

static int
open_check_record(struct noc_journal *j, sqlite3_stmt *st, uint64_t seq,
		  const uint8_t *prev, struct open_why *why)
{
	const uint8_t *rec = sqlite3_column_blob(st, 1);
	struct noc_record_view v;
	struct noc_err e;
	uint8_t leaf[NOC_HASH];

	if ((uint64_t)sqlite3_column_int64(st, 0) != seq)
		return open_bad(why, "record %" PRIu64 " is missing", seq);
	if (noc_record_read(rec, (size_t)sqlite3_column_bytes(st, 1), &v, &e))
		return open_bad(why, "record %" PRIu64 " is damaged: %.150s",
				seq, e.msg);
	noc_chain_leaf(j->h, rec, (size_t)sqlite3_column_bytes(st, 1), leaf);
	if (v.seq != seq || sqlite3_column_bytes(st, 2) != NOC_HASH ||
	    memcmp(leaf, sqlite3_column_blob(st, 2), NOC_HASH) ||
	    (prev && memcmp(v.prev, prev, NOC_HASH)))
		return open_bad(why, "record %" PRIu64 " was altered", seq);
	memcpy(j->tail.prev, leaf, NOC_HASH);
	memcpy(j->log_id, v.log_id, sizeof(j->log_id));
	j->tail.last_kind = v.kind;
	return 0;
}

/* The last 1,000 records: complete, linked, hashed; the end of the chain. */
static int
open_check_tail(struct noc_journal *j, uint64_t size, struct open_why *why,
		struct noc_err *err)
{
	uint64_t seq = size > OPEN_LEAVES ? size - OPEN_LEAVES : 0;
	sqlite3_stmt *st = NULL;
	sqlite3_int64 floor;
	bool first = true;
	int rc;

	rc = noc_db_int(j->db, "SELECT size FROM audit_floor", &floor);
	if (rc == SQLITE_NOTFOUND)
		return open_bad(why, "its floor is missing");
	if (rc == SQLITE_OK && seq < (uint64_t)floor)
		seq = (uint64_t)floor;
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(j->db,
					"SELECT seq, rec, leaf FROM audit"
					" WHERE seq >= ?1 ORDER BY seq",
					-1, &st, NULL);
	if (rc == SQLITE_OK)
		sqlite3_bind_int64(st, 1, (sqlite3_int64)seq);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		uint8_t prev[NOC_HASH];

		memcpy(prev, j->tail.prev, NOC_HASH);
		open_check_record(j, st, seq, first ? NULL : prev, why);
		if (why->bad)
			break;
		first = false;
		seq++;
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	if (why->bad)
		return 0;
	if (rc != SQLITE_DONE)
		return open_sqlite(j, rc, why, err);
	if (seq != size)
		return open_bad(why,
				"its last head is of %" PRIu64
				" records and there are %" PRIu64,
				size, seq);
	return 0;
}

/* The frontier that a row has; an empty one when it has none. */
static int
open_read_frontier(struct noc_journal *j, const char *sql,
		   struct noc_frontier *f)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(j->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_ROW ||
	    noc_frontier_read(f, (uint64_t)sqlite3_column_int64(st, 0),
			      sqlite3_column_blob(st, 1),
			      (size_t)sqlite3_column_bytes(st, 1)))
		f->size = 0;
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
open_add_leaves(struct noc_journal *j, struct noc_frontier *f)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(
	    j->db, "SELECT leaf FROM audit WHERE seq >= ?1 ORDER BY seq", -1,
	    &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(st, 1, (sqlite3_int64)f->size);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (sqlite3_column_bytes(st, 0) != NOC_HASH)
			break;
		noc_frontier_add(f, j->h, sqlite3_column_blob(st, 0));
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* From the last saved tail, which is near the end; if that is lost or wrong
 * from the floor, over the whole log.  What counts is the signed root. */
static int
open_check_frontier(struct noc_journal *j, const struct noc_head *head,
		    struct open_why *why, struct noc_err *err)
{
	static const char *const from[] = {
		"SELECT size, frontier FROM audit_tail",
		"SELECT size, frontier FROM audit_floor",
	};
	struct noc_frontier *f = &j->tail.f;
	uint8_t root[NOC_HASH];

	for (size_t i = 0; i < NOC_COUNT(from); i++) {
		int rc = open_read_frontier(j, from[i], f);

		j->tail.saved = i ? 0 : f->size;
		if (rc == SQLITE_OK)
			rc = open_add_leaves(j, f);
		if (rc != SQLITE_OK)
			return open_sqlite(j, rc, why, err);
		noc_frontier_root(f, j->h, root);
		if (f->size == head->size &&
		    !memcmp(root, head->root, NOC_HASH))
			return 0;
	}
	return open_bad(why, "its records do not add up to its last head");
}

/* A file older than what was anchored has been cut or put back; to go on from
 * it would sign a second history. */
static int
open_check_anchor(struct noc_journal *j, const struct noc_head *head,
		  struct open_why *why)
{
	char *path = noc_asprintf("%s/anchor.log", j->dir);
	struct noc_strbuf note = NOC_STRBUF_INIT;
	struct noc_head last;

	if (!noc_anchor_last(path, &last, &note) &&
	    !strcmp(last.origin, head->origin)) {
		if (last.size > head->size)
			open_bad(why,
				 "it ends at %" PRIu64 " records and %" PRIu64
				 " were anchored: it was cut or rolled back",
				 head->size, last.size);
		else if (last.size == head->size &&
			 memcmp(last.root, head->root, NOC_HASH))
			open_bad(why, "its last head is not the anchored one");
		j->tail.anchored = last.size;
	}
	noc_strbuf_release(&note);
	free(path);
	return 0;
}

/* What will be read before anything is decided. */
static int
open_check_state(struct noc_journal *j, struct open_why *why,
		 struct noc_err *err)
{
	char text[256];
	int rc = noc_load_check(j->dir, noc_clock_read(), text, err);

	return rc == 1 ? open_bad(why, "its state is not whole: %.200s", text)
		       : rc;
}

static int
open_check(struct noc_journal *j, struct open_why *why, struct noc_err *err)
{
	struct noc_head head;
	char hex[33];
	int rc;

	rc = open_last_head(j, &head, why, err);
	if (!rc && !why->bad)
		rc = noc_journal_key(j, false, err);
	if (!rc && !why->bad)
		rc = open_check_signature(j, &head, why, err);
	if (!rc && !why->bad)
		rc = open_check_tail(j, head.size, why, err);
	if (!rc && !why->bad)
		rc = open_check_frontier(j, &head, why, err);
	if (!rc && !why->bad)
		rc = open_check_anchor(j, &head, why);
	if (rc || why->bad)
		return rc;
	noc_hex(hex, j->log_id, sizeof(j->log_id));
	if (strlen(head.origin) < 33 ||
	    strcmp(head.origin + strlen(head.origin) - 32, hex))
		return open_bad(why, "its origin does not name its log id");
	j->tail.head = head.size;
	j->tail.head_is_rotation = j->tail.last_kind == NOC_REC_KEY_ROTATE;
	return noc_keys_publish(j->dir, j->vkey_text, err);
}

static int
open_migrate(struct noc_journal *j, struct open_why *why, struct noc_err *err)
{
	int rc = noc_journal_migrate(j, err);

	if (rc && noc_db_fault(j->bad_rc) == NOC_DB_MALFORMED)
		return open_bad(why, "it cannot be brought to our schema: %s",
				sqlite3_errstr(j->bad_rc));
	return rc;
}

/* SQLite would take a file without a byte for a new one, and its log away. */
static void
open_check_emptied(struct noc_journal *j, struct open_why *why)
{
	char *wal = noc_asprintf("%s-wal", j->path);
	char *anchor = noc_asprintf("%s/anchor.log", j->dir);
	struct noc_strbuf note = NOC_STRBUF_INIT;
	bool missing, empty;
	struct noc_head last;
	struct stat st;

	missing = stat(j->path, &st) != 0;
	empty = !missing && !st.st_size;
	if ((missing || empty) && !stat(wal, &st) && st.st_size)
		open_bad(why, "it is %s and its write-ahead log is not",
			 missing ? "missing" : "empty");
	else if (empty && !noc_anchor_last(anchor, &last, &note))
		open_bad(why,
			 "it is empty and %" PRIu64 " records were anchored",
			 last.size);
	noc_strbuf_release(&note);
	free(anchor);
	free(wal);
}

/* The file in its place, or none. */
static int
open_file(struct noc_journal *j, struct open_why *why, char **recovered,
	  struct noc_err *err)
{
	int rc;

	if (access(j->path, F_OK) && errno == ENOENT)
		return noc_journal_recover(j, NULL, recovered, err);
	rc = noc_journal_reopen(j, err);
	if (rc < 0 && noc_db_fault(j->bad_rc) == NOC_DB_MALFORMED)
		return open_bad(why, "SQLite says: %s",
				sqlite3_errstr(j->bad_rc));
	if (rc < 0)
		return rc;
	/* Killed before the first commit of the first log. */
	if (noc_db_version(j->db) == 0)
		return noc_journal_recover(j, NULL, recovered, err);
	rc = noc_journal_recovered(j, err);
	if (!rc)
		rc = open_check(j, why, err);
	if (!rc && !why->bad)
		rc = open_migrate(j, why, err);
	if (!rc && !why->bad)
		rc = open_check_state(j, why, err);
	return rc;
}

int
noc_journal_open(struct noc_journal *j, const char *dir, const char *site,
		 char **recovered, struct noc_err *err)
{
	struct open_why why = { .bad = false };
	int rc = 0;

	memset(j, 0, sizeof(*j));
	*recovered = NULL;
	j->dir = noc_strdup(dir);
	j->site = noc_strdup(site);
	j->path = noc_asprintf("%s/nocturne.db", dir);
	j->h = noc_sha256_new();
	noc_clock_boot_id(j->boot_id);
	if (noc_journal_recovering(j)) {
		rc = noc_journal_recover(j, NULL, recovered, err);
	} else {
		open_check_emptied(j, &why);
		if (!why.bad)
			rc = open_file(j, &why, recovered, err);
	}
	if (!rc && why.bad)
		rc = noc_journal_recover(j, why.text, recovered, err);
	if (rc < 0)
		noc_journal_close(j);
	return rc;
}
