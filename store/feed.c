/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define SCRATCH_CHUNK 65536
#define SCRATCH_KEEP  8 /* chunks kept between batches */

struct noc_scratch_chunk {
	struct noc_scratch_chunk *next;
	size_t used;
	_Alignas(16) unsigned char data[SCRATCH_CHUNK];
};

void *
noc_scratch_take(struct noc_scratch *s, size_t size)
{
	struct noc_scratch_chunk *c = s->at;
	void *p;

	size = (size + 15) & ~(size_t)15;
	NOC_REQUIRE(size <= 4096);
	if (!c || SCRATCH_CHUNK - c->used < size) {
		if (c && c->next) {
			c = c->next;
		} else {
			struct noc_scratch_chunk *n = noc_malloc(sizeof(*n));

			n->next = NULL;
			if (c)
				c->next = n;
			else
				s->first = n;
			c = n;
		}
		c->used = 0;
		s->at = c;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

static void
scratch_free_after(struct noc_scratch_chunk *c)
{
	struct noc_scratch_chunk *next, *at = c->next;

	for (c->next = NULL; at; at = next) {
		next = at->next;
		free(at);
	}
}

void
noc_scratch_clear(struct noc_scratch *s)
{
	struct noc_scratch_chunk *c = s->first;

	for (int i = 1; c && i < SCRATCH_KEEP; i++)
		c = c->next;
	if (c)
		scratch_free_after(c);
	s->at = s->first;
	if (s->at)
		s->at->used = 0;
}

void
noc_scratch_release(struct noc_scratch *s)
{
	if (s->first) {
		scratch_free_after(s->first);
		free(s->first);
	}
	s->first = s->at = NULL;
}

void
noc_feed_add(struct noc_feed *f, const struct noc_cell *cells)
{
	NOC_GROW(f->rows, f->cap, f->n + 1);
	f->rows[f->n++] = cells;
}

void
noc_feed_release(struct noc_feed *f)
{
	free(f->rows);
	memset(f, 0, sizeof(*f));
}

/* ---- the virtual table: eponymous, read from front to back ---- */

struct feed_table {
	sqlite3_vtab base;
	struct noc_feed_source *source;
};

struct feed_cursor {
	sqlite3_vtab_cursor base;
	const struct noc_feed *feed;
	size_t at;
};

static int
feed_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
	     sqlite3_vtab **out, char **err)
{
	struct feed_table *t;
	int rc;

	(void)argc;
	(void)argv;
	(void)err;
	rc = sqlite3_declare_vtab(db, "CREATE TABLE x(c1,c2,c3,c4,c5,c6,c7,c8,"
				      "c9,c10,c11,c12,c13,c14,c15,c16)");
	if (rc != SQLITE_OK)
		return rc;
	t = noc_calloc(1, sizeof(*t));
	t->source = aux;
	*out = &t->base;
	return SQLITE_OK;
}

static int
feed_disconnect(sqlite3_vtab *t)
{
	free(t);
	return SQLITE_OK;
}

static int
feed_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	(void)t;
	info->estimatedCost = 100;
	info->estimatedRows = 100;
	return SQLITE_OK;
}

static int
feed_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct feed_cursor *c = noc_calloc(1, sizeof(*c));

	(void)t;
	*out = &c->base;
	return SQLITE_OK;
}

static int
feed_close(sqlite3_vtab_cursor *c)
{
	free(c);
	return SQLITE_OK;
}

static int
feed_filter(sqlite3_vtab_cursor *base, int n, const char *s, int argc,
	    sqlite3_value **argv)
{
	struct feed_cursor *c = (struct feed_cursor *)base;

	(void)n;
	(void)s;
	(void)argc;
	(void)argv;
	c->feed = ((struct feed_table *)base->pVtab)->source->feed;
	c->at = 0;
	return SQLITE_OK;
}

static int
feed_next(sqlite3_vtab_cursor *c)
{
	((struct feed_cursor *)c)->at++;
	return SQLITE_OK;
}

static int
feed_eof(sqlite3_vtab_cursor *base)
{
	const struct feed_cursor *c = (const struct feed_cursor *)base;

	return c->at >= c->feed->n;
}

static int
feed_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i)
{
	const struct feed_cursor *c = (const struct feed_cursor *)base;
	const struct noc_cell *cell = &c->feed->rows[c->at][i];

	switch (cell->type) {
	case NOC_CELL_NULL:
		sqlite3_result_null(ctx);
		break;
	case NOC_CELL_INT:
		sqlite3_result_int64(ctx, cell->u.i);
		break;
	case NOC_CELL_SEQ:
		sqlite3_result_int64(ctx, (sqlite3_int64)cell->u.r->seq);
		break;
	case NOC_CELL_TEXT:
		sqlite3_result_text(ctx, cell->u.p, (int)cell->len,
				    SQLITE_STATIC);
		break;
	case NOC_CELL_BLOB:
		sqlite3_result_blob(ctx, cell->u.p, (int)cell->len,
				    SQLITE_STATIC);
		break;
	}
	return SQLITE_OK;
}

static int
feed_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)((struct feed_cursor *)c)->at;
	return SQLITE_OK;
}

static const sqlite3_module feed_module = {
	.xConnect = feed_connect,
	.xBestIndex = feed_best_index,
	.xDisconnect = feed_disconnect,
	.xOpen = feed_open,
	.xClose = feed_close,
	.xFilter = feed_filter,
	.xNext = feed_next,
	.xEof = feed_eof,
	.xColumn = feed_column,
	.xRowid = feed_rowid,
};

int
noc_feed_register(sqlite3 *db, struct noc_feed_source *source)
{
	return sqlite3_create_module(db, "noc_feed", &feed_module, source);
}
