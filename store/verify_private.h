/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_VERIFY_PRIVATE_H
#define NOC_STORE_VERIFY_PRIVATE_H

#include <stdbool.h>

#include "store/db.h"
#include "store/journal_private.h"
#include "store/verify.h"

/*
 * The state of one verification, shared by verify.c (the walk over records),
 * verify_load.c (what is read before it) and verify_run.c (what runs were
 * given).  Private to those.
 */
/* A head that must hold once `size` records have been read. */
struct verify_head {
	uint64_t size;
	char *note;
	size_t len;
};

struct verify_anchor {
	uint64_t size;
	uint8_t root[NOC_HASH];
};

struct verify {
	const struct noc_verify_options *opt;
	struct noc_verify_result *out;
	sqlite3 *db;
	struct noc_sha256 *h;
	struct verify_head *heads; /* ascending */
	size_t nheads, heads_cap, at_head;
	struct verify_anchor *anchors; /* ascending, of this log */
	size_t nanchors, anchors_cap, at_anchor;
	char *last_anchor; /* the note of the largest */
	struct noc_head anchored;
	bool anchor_elsewhere;	   /* its last head is of another log */
	uint64_t floor, end;	   /* records [floor, end) are here */
	uint64_t headed;	   /* size of the last head */
	uint64_t proved;	   /* size of the last head that held */
	struct noc_vkey key, next; /* of this epoch; of the one rotated to */
	struct noc_vkey pinned;
	bool rotating;
	struct noc_vkey anchor_key; /* of the epoch of the last anchor */
	bool log_known;
	uint8_t log_id[16], prev[NOC_HASH];
	struct noc_frontier f;
};

/* Each finding returns 1, which ends the walk; 0 goes on; < 0: no verdict. */
int noc_verify_say(struct verify *v, enum noc_verdict verdict, uint64_t seq,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int noc_verify_sqlite(struct verify *v, int rc, struct noc_err *err);

/* verify_load.c: bounds, heads, anchors, and the rotations below the floor. */
int noc_verify_load(struct verify *v, struct noc_err *err);
/* verify_run.c */
int noc_verify_runs(struct verify *v, struct noc_err *err);
/* verify.c: a signature that must be there; a KEY_ROTATE's new key. */
int noc_verify_signed(struct verify *v, const struct noc_note *note,
		      const struct noc_vkey *key, uint64_t size,
		      const char *which);
int noc_verify_take_vkey(struct verify *v, const struct noc_record_view *r,
			 struct noc_vkey *out);

#endif
