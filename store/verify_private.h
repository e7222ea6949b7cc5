/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_VERIFY_PRIVATE_H
#define NOC_STORE_VERIFY_PRIVATE_H

#include <stdbool.h>

#include "store/db.h"
#include "store/journal_private.h"
#include "store/verify.h"

/*
 * The state of one verification, shared by verify.c (the walk over records),
 * verify_load.c and verify_anchor.c (what is read before it), verify_named.c
 * (what records name by hash) and verify_run.c (what runs were given).
 * Private to those.
 */
/* A head that must hold once `size` records have been read. */
struct verify_head {
	uint64_t size;
	char *note; /* NULL: it is no text */
	size_t len;
};

struct verify_anchor {
	uint64_t size;
	uint8_t root[NOC_HASH];
	char *note;
	size_t len;
};

struct verify {
	const struct noc_verify_options *opt;
	struct noc_verify_result *out;
	sqlite3 *db;
	struct noc_sha256 *h;
	struct verify_head *heads; /* ascending */
	size_t nheads, heads_cap, at_head;
	struct verify_anchor *anchors; /* once loaded: ascending, of this log */
	size_t nanchors, anchors_cap, at_anchor;
	bool anchor_elsewhere;	   /* heads of another log come after ours */
	uint64_t floor, end;	   /* records [floor, end) are here */
	uint64_t headed;	   /* size of the last head */
	uint64_t proved;	   /* size of the last head that held */
	struct noc_vkey key, next; /* of this epoch; of the one rotated to */
	struct noc_vkey pinned;
	bool rotating;
	bool log_known;
	uint8_t log_id[16], prev[NOC_HASH];
	struct noc_frontier f;
};

/* Each finding returns 1, which ends the walk; 0 goes on; < 0: no verdict. */
int noc_verify_say(struct verify *v, enum noc_verdict verdict, uint64_t seq,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int noc_verify_sqlite(struct verify *v, int rc, struct noc_err *err);

/*
 * Rows of `sql` in the order of its first column, an integer, from ?1 on, ?2 at
 * once, each such page in a read transaction of its own.  A callback that
 * returns non-zero ends the walk and is returned.
 */
typedef int noc_verify_row(struct verify *v, sqlite3_stmt *st, void *arg);
int noc_verify_each(struct verify *v, const char *sql, int64_t from,
		    noc_verify_row *on_row, void *arg, struct noc_err *err);
/* 0 and what a head says, or -1. */
int noc_verify_note(const struct verify_head *h, struct noc_note *note,
		    struct noc_head *out, struct noc_err *err);
/* A value of that type, and of that length unless it is 0. */
bool noc_verify_is(sqlite3_stmt *st, int column, int type, int len);

/* verify_load.c: tables, bounds, heads, and the rotations below the floor. */
int noc_verify_load(struct verify *v, struct noc_err *err);
/* verify_anchor.c: the file, before the journal, which goes on growing; its
 * heads of this log, once its name is known; whether the log ends before one
 * of them, once all else holds. */
int noc_verify_anchor_read(struct verify *v, struct noc_err *err);
int noc_verify_anchor_load(struct verify *v);
int noc_verify_anchor_end(struct verify *v);
/* verify_named.c */
int noc_verify_named(struct verify *v, struct noc_err *err);
/* verify_run.c */
int noc_verify_runs(struct verify *v, struct noc_err *err);
/* verify.c: the signatures on a head of that size, of `where`; a KEY_ROTATE's
 * new key. */
int noc_verify_signed(struct verify *v, const struct noc_note *note,
		      const struct noc_vkey *key, uint64_t size,
		      const char *which, const char *where);
/* What is said of records below the floor, up to `end`: by whom, if the key of
 * that epoch is known; the records are gone. */
int noc_verify_below(struct verify *v, uint64_t end, bool known);
int noc_verify_take_vkey(struct verify *v, const struct noc_record_view *r,
			 struct noc_vkey *out);

#endif
