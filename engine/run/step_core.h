/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_STEP_CORE_H
#define NOC_ENGINE_RUN_STEP_CORE_H

#include "engine/run/live.h"

/* Steps that the core carries out itself: emit, log, notify, start.
 * Loop thread, inside an input. */

/* Carry out one AST action node aside, for what became of a step (NULL: of
 * none): notify, log, start, emit, others as a notice would.  EINPUT,
 * ENOTFOUND. */
int noc_run_tell(const struct noc_lane *lane, const struct noc_step_def *def,
		 const struct noc_value *node, struct noc_err *err);

/* An event that the run causes, but in shadow; data is owned. */
void noc_run_emit(struct noc_run *r, const char *kind, struct noc_value *data);

void noc_step_core(struct noc_live *l, const struct noc_step_def *def);
bool noc_step_is_core(const struct noc_step_def *def);
void noc_step_emit(struct noc_live *l, const struct noc_step_def *def);
/* Is a run of its event under way?  The first version wrote the event and the
 * end of the step down one after the other. */
bool noc_step_emitted(const struct noc_live *l);
/* It is not asked any more. */
void noc_runs_resumed(struct noc_runs *runs);
/* Its event is not waited for any more. */
void noc_step_unemit(struct noc_live *l);

#endif
