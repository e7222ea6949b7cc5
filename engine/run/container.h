/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_CONTAINER_H
#define NOC_ENGINE_RUN_CONTAINER_H

#include "engine/run/live.h"

/*
 * Steps that hold steps: a choice between branches, and those whose inside is
 * a scope of its own, in lanes: a called flow and an each (each.h).  Loop
 * thread, inside an input.
 */

/* The first branch whose `when` holds is open, the others are skipped. */
void noc_choose_begin(struct noc_lane *lane, size_t node);
/* As the row of the choice has it. */
void noc_choose_load(struct noc_lane *lane, size_t node,
		     const struct noc_value *output);
void noc_call_begin(struct noc_live *l);
/* It goes on from what a run did that this one is a fork of. */
void noc_container_fork(struct noc_live *l);
/* Its time begins now. */
void noc_container_time(struct noc_live *l);
/* A lane is over: whom it belongs to goes on, or ends. */
void noc_lane_over(struct noc_lane *lane);
/* Nothing new begins in it, what only reads is cancelled; it ends when what is
 * left has. */
void noc_container_cancel(struct noc_live *l, const char *why);
bool noc_container_is_cancelled(const struct noc_live *l);
/* It fails for this when what is under way in it has ended. */
struct noc_failure;
void noc_container_expire(struct noc_live *l, const struct noc_failure *f);
void noc_container_go_on(struct noc_live *l); /* people were asked about it */
void noc_container_due(struct noc_live *l);   /* its timeout is over */
void noc_container_close(struct noc_live *l); /* frees its lanes */
/* What a restart needs of its inside beside the rows of the steps in it. */
void noc_container_store(const struct noc_live *l, struct noc_value *live);
void noc_container_load(struct noc_live *l, const struct noc_value *live);
#define NOC_AROUND_MAX 12 /* scopes in one another */
/* As the failure of what it held, its path in front. */
void noc_failure_inner(struct noc_failure *f, const struct noc_value *error);
struct noc_plan;
/* The step that this node is, or is there to take back. */
size_t noc_container_of(const struct noc_plan *p, size_t node);
/* The lane of this node that the path names, made if need be; NULL: none. */
struct noc_lane *noc_container_lane(struct noc_run *r, size_t node,
				    const char *path, int64_t item);

#endif
