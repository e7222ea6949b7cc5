/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_UNDO_H
#define NOC_ENGINE_RUN_UNDO_H

#include "engine/run/live.h"
#include "store/load.h"

/*
 * Taking back what was done.  A step with `undo` is marked in its lane before
 * its intent is written; marks are gone through from the last to the first,
 * each by an action of its own with its own row and record (PATH!undo), the
 * items of an each side by side.  An undo that fails is told and stops no
 * other.  What is left to do follows from the rows, so a restart begins the
 * same again and finds what is done.  Loop thread, inside an input.
 */
struct noc_undo;
struct noc_failure;

#define NOC_ORDER_MAX (1LL << 40) /* of a mark in a row */

/* Of a call that changes many: which; both are borrowed, NULL of any other. */
struct noc_undo_whom {
	const struct noc_value *targets;  /* a list of names */
	const struct noc_value *left_out; /* name -> its freeze */
	const char *by; /* undo step that has taken it back, by path */
};

/* Whether a step was taken back. */
enum noc_undone { NOC_UNDONE_NO, NOC_UNDONE_OK, NOC_UNDONE_FAILED };

/* Its step, or what it holds, can be undone: it has its place in the order. */
void noc_undo_mark(struct noc_live *l);
/* It was refused before it went out: there is nothing to undo. */
void noc_undo_unmark(struct noc_live *l);
bool noc_undo_has(const struct noc_lane *lane);
/* A step undo "x" { step = ..., items = ... } may ask for some of its items. */
bool noc_undo_picks(const struct noc_plan *plan, size_t node);
/* Something in this node has an undo. */
bool noc_undo_may(const struct noc_plan *plan, size_t node);
void noc_undo_free(struct noc_undo *u); /* NULL is accepted */
void noc_undo_close(struct noc_run *r); /* what of it is under way */
/* A lane in it is over, and kept for what may be undone; owned then. */
void noc_undo_keep(struct noc_lane *lane, struct noc_lane *inner);
/* The list that an each in it went through, or what was given to a called
 * flow: a row has it. */
void noc_undo_keep_given(struct noc_lane *lane, const char *name,
			 const struct noc_value *given);
/* The same as it was given, or of what is kept of this node, an item that is
 * not is nil; returned, NULL: nothing is. */
struct noc_value *noc_undo_given(const struct noc_lane *lane, size_t node);
/* Its steps that have been done and not been taken back, and would be now; not
 * those in what it holds. */
void noc_undo_open(const struct noc_lane *lane,
		   void (*fn)(const char *path, void *arg), void *arg);
/* Of those that are kept. */
void noc_undo_lanes(const struct noc_lane *lane,
		    void (*fn)(struct noc_lane *, void *), void *arg);
/* Its place in the order, 0: it is not marked; and what became of it. */
int64_t noc_undo_order(const struct noc_lane *lane, size_t node,
		       enum noc_undone *how, struct noc_undo_whom *whom);
/* While it is undone: what is around it, and `undo`; NULL. */
const struct noc_value *noc_undo_extra(const struct noc_lane *lane);
/* What is around, with undo.items; returned. */
struct noc_value *noc_undo_around(const struct noc_scope *scope,
				  const struct noc_value *items);
/* The path of the undo step that this is done for; NULL: none asked. */
const char *noc_undo_by(const struct noc_live *l);
/* An undo of one call that changed many: which, borrowed; NULL. */
const struct noc_value *noc_undo_targets(const struct noc_live *l);

/* All of the run, when it is to be; false: there is nothing to do. */
bool noc_undo_run(struct noc_run *r);
/* Its time is over: what is left stays, loudly. */
void noc_undo_expire(struct noc_run *r);
/* Lanes of an each (owned by it), until end_ns (steady); false: nothing to do,
 * else noc_each_undone is called. */
bool noc_undo_items(struct noc_each *e, struct noc_lane *const *lanes, size_t n,
		    int64_t end_ns);
void noc_undo_begin(struct noc_live *l); /* an undo step */
void noc_undo_go_on(struct noc_live *l); /* after a restart */
/* One of its actions has ended, why: as it failed, or NULL; the live is freed.
 */
void noc_undo_over(struct noc_live *l, bool ok, const struct noc_failure *why);

/* ---- rows ---- */

/* The row of a step that is marked. */
void noc_undo_load_mark(struct noc_lane *lane, size_t node, int64_t order,
			const struct noc_undo_whom *whom);
/* Does that row say that a fork has copied it? */
void noc_undo_load_copied(struct noc_lane *lane, size_t node,
			  const struct noc_value *row);
/* The row of an undo of this node. */
void noc_undo_load(struct noc_lane *lane, size_t node,
		   const struct noc_step_row *row);
/* The kept lane of an ended container, made if need be; NULL: nothing in it
 * can be undone. */
struct noc_lane *noc_undo_lane(struct noc_lane *lane, size_t container,
			       const char *path, int64_t item);

#endif
