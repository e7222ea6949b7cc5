/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_ADVANCE_H
#define NOC_ENGINE_RUN_ADVANCE_H

#include "engine/run/lane.h"

/* The one way forward of a lane.  Loop thread, inside an input. */

struct noc_failure;

/* All that can begin begins; when nothing of it is left its container is told,
 * and it may be gone. */
void noc_lane_advance(struct noc_lane *lane);
/* A step of it failed: its failure is handled, or ends what it is in.  The
 * live is freed or kept as `broken`. */
void noc_lane_break(struct noc_live *l, const struct noc_failure *why);
/* All but this one, which is about to fail for it. */
void noc_lane_cancel_but(struct noc_lane *lane, const struct noc_live *but,
			 const char *why);
/* It ends here, well: its run, its item, its called flow. */
void noc_lane_stop(struct noc_lane *lane, const char *why);
/* As that left it; why is owned. */
void noc_lane_stopped(struct noc_lane *lane, char *why);
/* Nothing new begins in it; what is under way goes on until it is cancelled. */
void noc_lane_call_off(struct noc_lane *lane);
/* Does something around this node, or its lane, fail, or was it called off? */
bool noc_lane_is_failing(const struct noc_lane *lane, size_t node);
/* Nothing new begins; what only reads is cancelled. */
void noc_lane_cancel(struct noc_lane *lane, const char *why);
/* As noc_lane_break and noc_lane_cancel left it, from the ends alone. */
void noc_lane_restore(struct noc_lane *lane);
/* Before where its row says it was, what has no row was not reached, or the
 * row is lost: that is not done again. */
void noc_run_assume(struct noc_run *r);
/* What was being cancelled when the process ended still is. */
void noc_run_hush(struct noc_run *r);
/* The next node of the same lane. */
size_t noc_lane_after(const struct noc_lane *lane, size_t node);
/* The next node of the run's own that has not ended, else past the last. */
size_t noc_run_next(const struct noc_run *r);

#endif
