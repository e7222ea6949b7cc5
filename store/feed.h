/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_FEED_H
#define NOC_STORE_FEED_H

#include <stddef.h>

#include <sqlite3.h>

#include "store/rows.h"

/*
 * Many rows into a table with one statement: rows of cells are queued, and
 * "INSERT ... SELECT c1, c2 ... FROM noc_feed" reads them through a virtual
 * table.  One statement a table and batch costs about half of one a row: it
 * keeps its cursors, and nothing is bound or reset in between.  Private to the
 * writer's thread; cells must stay until the statement has run.
 */
#define NOC_FEED_COLUMNS 16

struct noc_feed {
	const struct noc_cell **rows;
	size_t n, cap;
};

/* What the virtual table of a connection reads from now. */
struct noc_feed_source {
	const struct noc_feed *feed;
};

int noc_feed_register(sqlite3 *db, struct noc_feed_source *source);
void noc_feed_add(struct noc_feed *f, const struct noc_cell *cells);
void noc_feed_release(struct noc_feed *f);

/* Memory of one batch: stable addresses, all given back at once. */
struct noc_scratch_chunk;
struct noc_scratch {
	struct noc_scratch_chunk *first, *at;
};
void *noc_scratch_take(struct noc_scratch *s, size_t size); /* <= 4,096 */
void noc_scratch_clear(struct noc_scratch *s);
void noc_scratch_release(struct noc_scratch *s);

#endif
