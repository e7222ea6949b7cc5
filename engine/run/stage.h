/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_STAGE_H
#define NOC_ENGINE_RUN_STAGE_H

#include "engine/run/run_private.h"

/*
 * How a run comes to its end: its steps, then what undoes them, then the steps
 * of on_fail, then those of finally; each is passed over when there is nothing
 * to do.  Loop thread, inside an input.
 */

/* Until when it may be at this stage, steady; 0: as long as it takes. */
int64_t noc_stage_due(const struct noc_run *r);
/* The steps of on_fail or finally have taken too long; false: it is at neither.
 */
bool noc_stage_expire(struct noc_run *r);
/* What the run is at is over: on to the next. */
void noc_stage_over(struct noc_run *r);
/* In the row of the run, and back before its steps are loaded. */
void noc_stage_store(struct noc_run *r);
void noc_stage_load(struct noc_run *r, const struct noc_value *json);
/* All rows are loaded: lanes are as they were at this stage. */
void noc_stage_restore(struct noc_run *r);
/* People end it: nothing of it begins any more. */
void noc_stage_cancel(struct noc_run *r, const char *why);

#endif
