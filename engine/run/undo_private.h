/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_UNDO_PRIVATE_H
#define NOC_ENGINE_RUN_UNDO_PRIVATE_H

#include "base/table.h"
#include "engine/run/undo.h"

/* Between the files undo*.c only. */

struct undo_mark {
	size_t node;
	int64_t order;
	struct noc_value *targets;  /* of a call that changes many; NULL */
	struct noc_value *left_out; /* target -> its freeze; NULL */
	enum noc_undone done;
	char *by;    /* undo step that took it back, by its path; NULL */
	bool copied; /* another run did it: only an undo step takes it back */
};

/* What is undone together, for whom. */
struct undo_job {
	struct noc_run *run;
	struct noc_live *by;	     /* an undo step; NULL */
	struct noc_each *each;	     /* or an each; NULL: the run */
	size_t only;		     /* this step; NOC_NODE_TOP: all */
	const struct noc_lane *home; /* it touches no lane but those in it */
	struct noc_value *extra;     /* what is around, and `undo`; NULL */
	struct noc_lane **lanes;
	size_t n, next, open;
	bool busy, begun;
	bool over;	/* its time is: what is left fails */
	int64_t end_ns; /* until then; 0: as long as the run has for it */
	struct noc_due due;
	struct undo_job *next_job; /* of the run */
};

struct noc_undo {
	struct undo_mark *marks; /* in the order in which they were done */
	size_t n, cap;
	struct noc_lane *kept;	 /* of containers that are over */
	struct noc_table index;	 /* path -> one that was loaded */
	struct noc_value *given; /* to those, by name, as their rows say */
	/* While it is undone. */
	struct undo_job *job;
	struct noc_lane *parent; /* whose mark it is part of; NULL */
	size_t at;		 /* marks left */
	struct noc_lane *next;	 /* of the kept ones, to begin */
	size_t open;
	bool inside; /* lanes of the mark at hand are begun */
	bool busy;
};

/* ---- undo.c ---- */

/* What stands in job, of the run; its extra and its lanes are owned. */
void undo_job_new(struct noc_run *r, const struct undo_job *job);

/* ---- undo_mark.c ---- */

struct noc_undo *undo_of(struct noc_lane *lane); /* made if need be */
/* The last of this node; NULL. */
const struct undo_mark *undo_mark_of(const struct noc_undo *u, size_t node);
/* What takes this step back has ended like this; by may be NULL. */
void undo_done(struct noc_undo *u, size_t node, enum noc_undone how,
	       const char *by);

#endif
