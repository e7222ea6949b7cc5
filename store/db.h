/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_DB_H
#define NOC_STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/err.h"

/*
 * How every connection to nocturne.db is opened, and what SQLite's codes mean
 * to us.  Private to store/.
 */

/* Step i takes a file from user_version i to i + 1. */
struct noc_schema {
	int version; /* after the last one */
	const char *const *steps;
};
extern const struct noc_schema *noc_schema; /* tests have later ones */

enum noc_db_mode {
	NOC_DB_WRITE,	/* the one writer: WAL, FULL, checkpoints by hand */
	NOC_DB_READ,	/* query_only, never checkpoints */
	NOC_DB_SALVAGE, /* the same of a file that may end too soon */
	NOC_DB_VERIFY	/* READ of any version: the format has its own */
};

/* ENOTFOUND when a reader finds no file; ECONFIG when the file is newer than
 * this program or not ours; ESTORE else, with *rc (may be NULL) from SQLite. */
int noc_db_open(const char *path, enum noc_db_mode mode, sqlite3 **out, int *rc,
		struct noc_err *err);
/* user_version of the file, or -1. */
int noc_db_version(sqlite3 *db);
/* Bring the schema from `version` to ours, inside the caller's transaction;
 * returns SQLite's code. */
int noc_db_migrate(sqlite3 *db, int version);

/* What a failure calls for. */
enum noc_db_fault {
	NOC_DB_FINE,
	NOC_DB_RETRY,	  /* FULL, BUSY: the same again, later */
	NOC_DB_REOPEN,	  /* IOERR: nobody knows; look at the file again */
	NOC_DB_MALFORMED, /* CORRUPT, NOTADB */
	NOC_DB_BUG	  /* CONSTRAINT and whatever else is our mistake */
};
enum noc_db_fault noc_db_fault(int rc);

/* ESTORE with SQLite's own words. */
int noc_db_err(sqlite3 *db, struct noc_err *err, const char *what);

/* What an event says, as JSON text: where a statement has a table events.
 * Readers know the function in it. */
#define NOC_DB_EVENT_BODY                                              \
	"coalesce(events.json, (SELECT noc_event_body(rec) FROM audit" \
	" WHERE audit.seq = events.seq))"
int noc_db_event_body(sqlite3 *db);

/* One integer from one row; 0 and *out, or SQLite's code (NOTFOUND: no row). */
int noc_db_int(sqlite3 *db, const char *sql, sqlite3_int64 *out);

/*
 * How long may be read: longer than any file of its size needs.  One whose
 * pages name one another has no end; what reads on then ends with
 * SQLITE_INTERRUPT, and left is negative.  b is borrowed until db is closed.
 */
struct noc_db_budget {
	int64_t left; /* steps of SQLite's machine */
};

void noc_db_budget(sqlite3 *db, const char *path, struct noc_db_budget *b);

#endif
