/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_SALVAGE_PRIVATE_H
#define NOC_STORE_SALVAGE_PRIVATE_H

#include "store/db.h"
#include "store/recover_private.h"

/*
 * A table is read upwards by its key; what comes after the n columns to copy
 * is the key, a number or two texts.  Where it cannot be read, the first
 * readable row behind the gap is searched for, and what lies between is read
 * downwards from there.
 */
struct salvage_table {
	const char *name, *select, *where;
	const char *before; /* select, of a file that lacks columns; NULL */
	const char *sane; /* of each row, unless another page lies here; NULL */
	int n;
	const char *by, *down; /* key; the same, descending */
	bool text;
	const char *insert;
	size_t count; /* offset in struct noc_salvage */
};

/* A place in a table. */
struct salvage_key {
	int64_t n;
	struct noc_strbuf kind, key;
};

struct salvage {
	const struct salvage_table *t;
	const char *old_path;
	sqlite3 *old, *new;
	struct noc_db_budget budget; /* of each table */
	sqlite3_stmt *up, *between, *to;
	struct salvage_key low, high;
	int64_t since_ns;
	uint64_t *count;
	unsigned probes;
	bool gap; /* rows are missing, or lie where others should */
	int rc;	  /* of the new file */
};

/* With t, count and low set: all of it that can be read.  The new file's code.
 */
int noc_salvage_table(struct salvage *s, struct noc_salvage *out);
/* Into the new file; false: it failed. */
bool noc_salvage_row(struct salvage *s, sqlite3_stmt *from);
void noc_salvage_lost(struct noc_salvage *out, const char *name);
void noc_salvage_done(struct salvage *s); /* its statements */

#endif
