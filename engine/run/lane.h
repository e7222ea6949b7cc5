/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_LANE_H
#define NOC_ENGINE_RUN_LANE_H

#include "engine/run/run_private.h"

/*
 * One instance of a list of steps: the run's own, a called flow, one item of a
 * fan-out, the check after a wave.  It knows how its steps ended and what they
 * gave; what comes next is worked out from that and the plan alone
 * (noc_lane_advance), so a restart needs nothing but the rows of the steps.
 * Loop thread, inside an input.
 */

/* How a step of the plan ended; of what holds others, how those did. */
enum noc_end {
	NOC_END_NONE,
	NOC_END_OPEN,	 /* begun */
	NOC_END_FAILING, /* begun, something in it failed: nothing new begins */
	NOC_END_OK,
	NOC_END_FAILED,
	NOC_END_SKIPPED, /* by its `when`, its mode, a choice */
	NOC_END_CANCELLED,
	NOC_END_UNREACHED /* an edge to it can never come about */
};

struct noc_each;
struct noc_live;

/* What few have, of the many items that may be open at once. */
struct noc_lane_more {
	struct noc_value *input;   /* of a called flow; NULL: as around it */
	struct noc_value *error;   /* what failed in it last; NULL */
	struct noc_live *broken;   /* whose failure nothing in it handles */
	char *stopped;		   /* why it ended early, well; NULL */
	struct noc_value *expired; /* of a called flow: out of time; NULL */
	struct noc_undo *undo; /* engine/run/undo.h; NULL: nothing to undo */
	struct noc_lane *next; /* of its container */
};

/* Ten thousand may wait: what is new here goes into noc_lane_more if it can. */
struct noc_lane {
	struct noc_run *run;
	struct noc_lane *up; /* where its container is; NULL: the run's own */
	const struct noc_lane_more *more; /* never NULL; noc_lane_more(lane) is
					     written to */
	struct noc_value *steps; /* name -> what it gave; NULL: nothing yet */
	struct noc_value *extra; /* its item, by its name, while it is asked
				    for */
	struct noc_each *each;	 /* whose item or check it is; NULL */
	struct noc_live *lives, **lives_end; /* begun and not ended, of it
						alone */
	char *path;	  /* "precheck[sw1]", "fix", ""; behind ends */
	int64_t began_ns; /* steady; of an item */
	size_t node;	  /* its container; NOC_NODE_TOP */
	uint32_t todo;	  /* its place in the run's queue + 1; 0: not in it */
	int32_t item; /* its place in the list, or that of what it is in; -1 */
	uint16_t from, to;   /* its nodes: from ... to - 1 */
	bool left_alone : 1; /* it was stopped because it may not be done */
	bool is_item : 1;    /* of an each, also one that has ended */
	bool would : 1;	     /* its mode left something in it undone */
	bool failed : 1;     /* nothing new begins in it */
	bool cancelled : 1;  /* from outside */
	bool over : 1;	     /* told to its container */
	bool waiting : 1;    /* it is in the run's queue */
	uint8_t ends[];	     /* enum noc_end, by node - from */
};

/* To write to it; from then on it is its own. */
struct noc_lane_more *noc_lane_more(struct noc_lane *lane);
/* The nodes that container holds (NOC_NODE_TOP: the flow's own), in up. */
struct noc_lane *noc_lane_new(struct noc_run *r, struct noc_lane *up,
			      size_t container, const char *path);
/* With all that is in it. */
void noc_lane_free(struct noc_lane *lane);
/* Something in it has ended: noc_run_advance goes through it. */
void noc_lane_wake(struct noc_lane *lane);
/* The next of these, in the order in which they were woken; NULL: none. */
struct noc_lane *noc_lane_next(struct noc_run *r);
/* It is cancelled, or what it is in: what has not begun in it does not. */
bool noc_lane_is_off(const struct noc_lane *lane);
/* Is it of a flow that takes a step back, or in one? */
bool noc_lane_takes_back(const struct noc_lane *lane);
/* Is it of an item, or in one? */
bool noc_lane_is_of_item(const struct noc_lane *lane);
/* Has a step of it that changes something gone well? */
bool noc_lane_has_changed(const struct noc_lane *lane);
/* Did the mode leave something undone that what comes now builds on?  Items do
 * not build on one another. */
bool noc_lane_would(const struct noc_lane *lane);
/* It waits: what can be made again is given back, also of those around it. */
void noc_lane_rest(struct noc_lane *lane);
/* What this step of it gave; owned. */
void noc_lane_give(struct noc_lane *lane, const char *name,
		   struct noc_value *output);
void noc_lane_scope(const struct noc_lane *lane, struct noc_scope *scope);
enum noc_end noc_lane_end_of(const struct noc_lane *lane, size_t node);
void noc_lane_set_end(struct noc_lane *lane, size_t node, enum noc_end end);
/* "fix/raise"; returned. */
char *noc_lane_path(const struct noc_lane *lane, size_t node);

#endif
