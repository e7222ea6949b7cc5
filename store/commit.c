/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/commit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/anchor.h"
#include "store/checkpoint.h"
#include "store/crash.h"
#include "store/db.h"
#include "store/recover_private.h"
#include "store/txn_private.h"

#define CHECKPOINT_PAGES 500
#define REST_PAGES	 64
#define WAL_LONG_PAGES	 6000 /* then the writer helps, and it begins anew */
#define WAL_ALARM_PAGES	 (64 * 256) /* 64 MiB of 4 KiB pages */
#define ANCHOR_RECORDS	 1000
#define ANCHOR_NS	 (60 * NOC_NS_PER_S)
/* Under load 1,000 records pass in milliseconds: a sync for each would halve
 * the rate, and an anchor that is a quarter of a second old is as good. */
#define ANCHOR_MIN_NS (250 * NOC_NS_PER_MS)
#define IDLE_NS	      NOC_NS_PER_S
#define UPKEEP_NS     (60 * NOC_NS_PER_S)

static void
commit_anchor(struct noc_commit *c, int64_t now)
{
	struct noc_tail *t = &c->j.tail;
	struct noc_err err;

	noc_crash_point("writer.before_anchor");
	c->anchored_ns = now;
	if (noc_anchor_append(c->anchor, c->j.note.p, c->j.note.len, &err)) {
		if (!c->anchor_failing)
			noc_error("writer", "%s", err.msg);
		c->anchor_failing = true;
		return;
	}
	c->anchor_failing = false;
	t->anchored = t->head;
	noc_crash_point("writer.after_anchor");
}

int
noc_commit_open(struct noc_commit *c, const struct noc_writer_options *opt,
		char **recovered, struct noc_err *err)
{
	struct timespec ts;
	int rc;

	memset(c, 0, sizeof(*c));
	rc = noc_journal_open(&c->j, opt->state_dir,
			      opt->site && *opt->site ? opt->site : "nocturne",
			      recovered, err);
	if (rc < 0)
		return rc;
	if (opt->anchor)
		c->anchor = noc_asprintf("%s/anchor.log", opt->state_dir);
	clock_gettime(CLOCK_MONOTONIC, &ts);
	c->anchored_ns = ts.tv_sec * NOC_NS_PER_S + ts.tv_nsec;
	/* A new log is anchored before anything depends on it. */
	if (c->anchor && !c->j.tail.anchored)
		commit_anchor(c, c->anchored_ns);
	c->cp = noc_checkpoint_new(c->j.path);
	return 0;
}

/* ---- one try ---- */

static int
commit_batch(struct noc_commit *c, struct noc_txn *list, struct noc_tail *t,
	     bool *committing)
{
	struct noc_journal *j = &c->j;
	int rc;

	noc_journal_drop(j);
	noc_crash_point("writer.before_begin");
	rc = noc_journal_run(j, NOC_STMT_BEGIN);
	for (struct noc_txn *txn = list; rc == SQLITE_OK && txn;
	     txn = txn->next)
		rc = noc_journal_txn(j, t, txn);
	if (rc == SQLITE_OK)
		rc = noc_journal_flush(j);
	if (rc != SQLITE_OK)
		return rc;
	noc_crash_point("writer.after_insert");
	rc = noc_journal_seal(j, t, &c->note);
	if (rc != SQLITE_OK)
		return rc;
	noc_crash_point("writer.before_commit");
	*committing = true;
	rc = noc_journal_run(j, NOC_STMT_COMMIT);
	if (rc == SQLITE_OK)
		noc_crash_point("writer.after_commit");
	return rc;
}

/* COMMIT is behind us: the copy is the truth now. */
static void
commit_adopt(struct noc_commit *c, const struct noc_tail *t)
{
	struct noc_strbuf old = c->j.note;

	if (t->head != c->j.tail.head) {
		c->j.note = c->note;
		c->note = old;
	}
	noc_tail_copy(&c->j.tail, t);
	c->commits++;
	c->in_doubt = false;
	if (c->failing)
		noc_info("writer", "committing again after: %s", c->error);
	c->failing = false;
	c->error[0] = '\0';
}

static void
commit_failed(struct noc_commit *c, const char *what)
{
	c->failures++;
	if (!c->failing || strncmp(c->error, what, sizeof(c->error) - 1))
		noc_error("writer", "commit failed, will retry: %s", what);
	c->failing = true;
	snprintf(c->error, sizeof(c->error), "%s", what);
}

/* A new log is anchored before anything depends on it. */
static void
commit_new_log(struct noc_commit *c, char *said)
{
	noc_error("writer", "%s What is in memory is written next and decides.",
		  said);
	free(said);
	c->in_doubt = false;
	c->recoveries++;
	c->checked_pages = 0;
	if (c->anchor)
		commit_anchor(c, c->anchored_ns);
}

/* A file that no longer makes sense: put aside, and the batch goes to the new
 * one unchanged. */
static void
commit_recover(struct noc_commit *c, const char *why)
{
	struct noc_err err;
	char *said = NULL;

	noc_checkpoint_leave(c->cp);
	if (noc_journal_recover(&c->j, why, &said, &err))
		commit_failed(c, err.msg);
	else
		commit_new_log(c, said);
}

/* Nobody knows what the disk holds: open it again and look.  True when the
 * commit in doubt turns out to have happened. */
static bool
commit_reopen(struct noc_commit *c)
{
	struct noc_err err;
	int rc;

	/* The disk failed before the new log was there. */
	if (noc_journal_recovering(&c->j)) {
		commit_recover(c, NULL);
		return false;
	}
	if (noc_journal_reopen(&c->j, &err)) {
		if (noc_db_fault(c->j.bad_rc) == NOC_DB_MALFORMED)
			commit_recover(c, err.msg);
		else
			commit_failed(c, err.msg);
		return false;
	}
	c->checked_pages = 0;
	rc = c->in_doubt ? noc_journal_is_at(&c->j, &c->doubt) : 0;
	if (rc == 1) {
		commit_adopt(c, &c->doubt);
		return true;
	}
	if (!rc)
		rc = noc_journal_is_at(&c->j, &c->j.tail);
	if (rc == 1) {
		c->in_doubt = false;
		return false;
	}
	if (rc < 0 && noc_db_fault(-rc) != NOC_DB_MALFORMED) {
		commit_failed(c, sqlite3_errmsg(c->j.db));
		noc_journal_disconnect(&c->j);
		return false;
	}
	commit_recover(c, "after an I/O error it did not end where it had "
			  "been left");
	return false;
}

bool
noc_commit_try(struct noc_commit *c, struct noc_txn *list)
{
	struct noc_tail t;
	bool committing = false;
	char what[256];
	int rc;

	if (!c->j.db && commit_reopen(c))
		return true;
	if (!c->j.db)
		return false;
	noc_tail_copy(&t, &c->j.tail);
	rc = commit_batch(c, list, &t, &committing);
	if (rc == SQLITE_OK) {
		commit_adopt(c, &t);
		return true;
	}
	snprintf(what, sizeof(what), "%s (SQLite code %d)",
		 sqlite3_errmsg(c->j.db), rc);
	noc_journal_rollback(&c->j);
	switch (noc_db_fault(rc)) {
	case NOC_DB_FINE:
	case NOC_DB_BUG:
		/* Our statement, our rows: to go on would drop them. */
		noc_error("writer",
			  "the database refused a row, which is a "
			  "bug: %s; aborting so that a restart can "
			  "resume from what is durable",
			  what);
		abort();
	case NOC_DB_MALFORMED:
		commit_recover(c, what);
		return false;
	case NOC_DB_RETRY:
		commit_failed(c, what);
		/* What the log holds twice may be what fills the disk. */
		if ((rc & 0xff) == SQLITE_FULL) {
			noc_checkpoint_wait(c->cp);
			sqlite3_wal_checkpoint_v2(c->j.db, NULL,
						  SQLITE_CHECKPOINT_TRUNCATE,
						  NULL, NULL);
		}
		return false;
	case NOC_DB_REOPEN:
		break;
	}
	commit_failed(c, what);
	c->in_doubt = committing;
	if (committing)
		noc_tail_copy(&c->doubt, &t);
	noc_checkpoint_leave(c->cp);
	noc_journal_disconnect(&c->j);
	return commit_reopen(c);
}

void
noc_commit_suspect(struct noc_commit *c, uint64_t inode)
{
	struct stat st;

	if (c->j.db && !stat(c->j.path, &st) && st.st_ino == inode)
		commit_recover(c, "a reader came upon a damaged page");
}

/* ---- afterwards ---- */

/* Work that nobody waits for went wrong. */
static void
commit_upkeep_failed(struct noc_commit *c, const char *what, int rc)
{
	char text[200];

	snprintf(text, sizeof(text), "%s: %s", what, sqlite3_errmsg(c->j.db));
	if (noc_db_fault(rc) == NOC_DB_MALFORMED)
		commit_recover(c, text);
	else
		noc_warn("writer", "%s", text);
}

/* Is it for the writer to copy?  Else the thread is told when it is time. */
static bool
commit_copies(struct noc_commit *c)
{
	int since;

	/* The WAL began again at its start: the mark is of another age. */
	if (c->j.wal_pages < c->checked_pages) {
		c->checked_pages = 0;
		c->copying = false;
	}
	since = c->j.wal_pages - c->checked_pages;
	if (c->copying && since <= REST_PAGES && !noc_checkpoint_busy(c->cp))
		return true;
	if (since < CHECKPOINT_PAGES)
		return false;
	if (!c->cp || c->j.wal_pages >= WAL_LONG_PAGES)
		return true;
	noc_checkpoint_go(c->cp);
	c->copying = true;
	c->checked_pages = c->j.wal_pages;
	return false;
}

static void
commit_checkpoint(struct noc_commit *c)
{
	int rc = SQLITE_OK;

	if (commit_copies(c)) {
		noc_checkpoint_wait(c->cp);
		rc = noc_checkpoint_run(c->j.db, SQLITE_CHECKPOINT_PASSIVE);
		c->checked_pages = c->j.wal_pages;
		c->copying = false;
	}
	if (rc != SQLITE_OK && noc_db_fault(rc) != NOC_DB_RETRY)
		commit_upkeep_failed(c, "checkpoint", rc);
	if (c->j.wal_pages > WAL_ALARM_PAGES && !c->wal_alarm)
		noc_error("writer",
			  "the write-ahead log has %d pages and does "
			  "not shrink: a reader holds it open",
			  c->j.wal_pages);
	c->wal_alarm = c->j.wal_pages > WAL_ALARM_PAGES;
}

/* When the next anchor is due; INT64_MAX: nothing new to anchor. */
static int64_t
commit_anchor_due(const struct noc_commit *c)
{
	const struct noc_tail *t = &c->j.tail;

	if (!c->anchor || t->head <= t->anchored)
		return INT64_MAX;
	if (t->head - t->anchored >= ANCHOR_RECORDS && !c->anchor_failing)
		return c->anchored_ns + ANCHOR_MIN_NS;
	return c->anchored_ns + ANCHOR_NS;
}

void
noc_commit_after(struct noc_commit *c, int64_t now)
{
	c->committed_ns = now;
	if (c->j.db)
		commit_checkpoint(c);
	if (now >= commit_anchor_due(c))
		commit_anchor(c, now);
}

/* RESTART while we live: what overwrites the log's file is durable in two
 * thirds of the time of what makes it longer.  TRUNCATE at the end. */
static void
commit_empty(struct noc_commit *c, int mode)
{
	int rc;

	noc_checkpoint_wait(c->cp);
	rc = sqlite3_wal_checkpoint_v2(c->j.db, NULL, mode, NULL, NULL);
	/* Busy: a reader is in the way; after the next commit, again. */
	if (rc == SQLITE_OK || noc_db_fault(rc) == NOC_DB_RETRY)
		c->j.wal_pages = c->checked_pages = 0;
	else
		commit_upkeep_failed(c, "checkpoint", rc);
}

/* One chunk; true when there may be more at once. */
static bool
commit_retain(struct noc_commit *c, const int64_t keep_ns[NOC_RETAINS])
{
	int64_t wall = noc_clock_read().wall_ns;

	for (int i = 0; i < NOC_RETAINS; i++) {
		int deleted = 0, rc;

		if (keep_ns[i] <= 0)
			continue;
		rc = noc_retain_step(&c->j, (enum noc_retain)i,
				     wall - keep_ns[i], &deleted);
		if (rc != SQLITE_OK) {
			commit_upkeep_failed(c, "retention", rc);
			return false;
		}
		if (deleted)
			return true;
	}
	return false;
}

int64_t
noc_commit_idle(struct noc_commit *c, int64_t now,
		const int64_t keep_ns[NOC_RETAINS])
{
	int64_t next;

	if (now >= commit_anchor_due(c))
		commit_anchor(c, now);
	if (c->j.db && c->j.wal_pages && now >= c->committed_ns + IDLE_NS) {
		commit_empty(c, SQLITE_CHECKPOINT_RESTART);
		noc_txn_pool_trim();
	}
	if (c->j.db && now >= c->upkeep_ns && now >= c->committed_ns + IDLE_NS)
		c->upkeep_ns =
		    commit_retain(c, keep_ns) ? now : now + UPKEEP_NS;
	next = c->upkeep_ns > c->committed_ns + IDLE_NS
		   ? c->upkeep_ns
		   : c->committed_ns + IDLE_NS;
	if (c->j.wal_pages && next > c->committed_ns + IDLE_NS)
		next = c->committed_ns + IDLE_NS;
	if (next > commit_anchor_due(c))
		next = commit_anchor_due(c);
	return next > now ? next : now;
}

void
noc_commit_stop(struct noc_commit *c)
{
	if (c->anchor && c->j.tail.head > c->j.tail.anchored && !c->in_doubt)
		commit_anchor(c, 0);
	noc_checkpoint_free(c->cp);
	c->cp = NULL;
	if (c->j.db)
		commit_empty(c, SQLITE_CHECKPOINT_TRUNCATE);
	noc_journal_close(&c->j);
	noc_strbuf_release(&c->note);
	free(c->anchor);
}

void
noc_commit_stats(const struct noc_commit *c, struct noc_writer_stats *out)
{
	out->commits = c->commits;
	out->failures = c->failures;
	out->records = out->size = c->j.tail.head;
	out->wal_pages = (size_t)c->j.wal_pages;
	out->failing = c->failing;
	out->recoveries = c->recoveries;
	memcpy(out->error, c->error, sizeof(out->error));
}
