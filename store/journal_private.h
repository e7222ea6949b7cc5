/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_JOURNAL_PRIVATE_H
#define NOC_STORE_JOURNAL_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/crypto.h"
#include "base/err.h"
#include "store/chain.h"
#include "store/feed.h"
#include "store/note.h"
#include "store/rows.h"

/*
 * The open log: connection, key, and the end of the chain.  It is the
 * writer's alone (one thread); nothing here retries.  Private to store/.
 *
 * A transaction works on a copy of the tail that is adopted after COMMIT, so
 * that a failed one can be run again unchanged.
 */
struct noc_tail {
	uint8_t prev[NOC_HASH];
	uint64_t head;	    /* size of the last head in the table */
	uint64_t anchored;  /* size of the last head that was anchored */
	uint64_t saved;	    /* size of the tail in the table; 0: none */
	uint16_t last_kind; /* of the last record */
	bool head_is_rotation;
	struct noc_frontier f;
};

enum noc_stmt {
	NOC_STMT_BEGIN,
	NOC_STMT_COMMIT,
	NOC_STMT_AUDIT,
	NOC_STMT_REF,
	NOC_STMT_HEAD,
	NOC_STMT_HEAD_DEL,
	NOC_STMT_ANCHORED,
	NOC_STMT_TAIL,
	NOC_STMT_ROW, /* + enum noc_row_kind */
	NOC_STMTS = NOC_STMT_ROW + NOC_ROW_KINDS
};

struct noc_journal {
	char *dir, *path, *site;
	sqlite3 *db; /* NULL between a failed reopen and the next */
	sqlite3_stmt *st[NOC_STMTS];
	struct noc_sha256 *h;
	struct noc_ed25519 *key;
	struct noc_vkey vkey;
	char vkey_text[NOC_VKEY_TEXT + NOC_VKEY_NAME];
	uint8_t log_id[16], boot_id[16];
	struct noc_tail tail;
	struct noc_strbuf note;		  /* the last head */
	struct noc_feed feeds[NOC_STMTS]; /* queued, by statement */
	struct noc_feed_source source;
	struct noc_scratch scratch;
	int wal_pages;
	int bad_rc; /* why the last step failed */
};

/* See noc_writer_open.  *recovered: returned, or NULL. */
int noc_journal_open(struct noc_journal *j, const char *dir, const char *site,
		     char **recovered, struct noc_err *err);
void noc_journal_close(struct noc_journal *j);
void noc_journal_disconnect(struct noc_journal *j);

/* A new connection to the same file; ESTORE when it cannot be had yet. */
int noc_journal_reopen(struct noc_journal *j, struct noc_err *err);
/* The schema of an older version: ESTORE, with bad_rc from SQLite. */
int noc_journal_migrate(struct noc_journal *j, struct noc_err *err);
/* Is the log on disk at this tail?  1, 0, or SQLite's code negated. */
int noc_journal_is_at(struct noc_journal *j, const struct noc_tail *t);
/* The same to another file. */
int noc_journal_connect(struct noc_journal *j, const char *path,
			struct noc_err *err);

/* Loads the key once, or makes it. */
int noc_journal_key(struct noc_journal *j, bool create, struct noc_err *err);

/* ---- inside a transaction; each returns SQLite's code ---- */
int noc_journal_run(struct noc_journal *j, int which);
/* Records (chained onto t) and rows, queued: they go in with flush. */
int noc_journal_txn(struct noc_journal *j, struct noc_tail *t,
		    struct noc_txn *txn);
int noc_journal_flush(struct noc_journal *j);
int noc_journal_flush_one(struct noc_journal *j, int which);
/* Forget what is queued: at the beginning, and before trying again. */
void noc_journal_drop(struct noc_journal *j);
/* The new head, when t has grown past the last one; into note. */
int noc_journal_seal(struct noc_journal *j, struct noc_tail *t,
		     struct noc_strbuf *note);
void noc_journal_rollback(struct noc_journal *j);
void noc_tail_copy(struct noc_tail *to, const struct noc_tail *from);

/* rows.c */
int noc_rows_queue(struct noc_journal *j, const struct noc_txn *txn);
const char *noc_rows_sql(enum noc_row_kind kind);

/* keys.c: STATE/audit.key (hex seed, 0600) and STATE/audit.vkey. */
int noc_keys_load(const char *dir, bool create, uint8_t seed[32],
		  struct noc_err *err);
int noc_keys_publish(const char *dir, const char *vkey, struct noc_err *err);
/* A small file of the state directory, whole or not at all. */
int noc_keys_write_file(const char *dir, const char *name, const char *text,
			unsigned mode, struct noc_err *err);
int noc_keys_read_file(const char *dir, const char *name,
		       struct noc_strbuf *out);
/* Durable: dir is synced. */
int noc_keys_rename(const char *dir, const char *from, const char *to,
		    struct noc_err *err);
int noc_keys_sync(const char *dir, struct noc_err *err);

/*
 * retain.c: delete at most 500 rows older than the cutoff, in a transaction of
 * its own; *deleted counts them.  With runs go their steps and then the lists
 * that no open run can name.  SQLite's code.
 */
enum noc_retain { NOC_RETAIN_EVENTS, NOC_RETAIN_DECISIONS, NOC_RETAIN_RUNS };
#define NOC_RETAINS 3
int noc_retain_step(struct noc_journal *j, enum noc_retain table,
		    int64_t older_than_ns, int *deleted);

#endif
