/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_CANCEL_H
#define NOC_ENGINE_RUN_CANCEL_H

#include "engine/run/live.h"
#include "engine/run/rows.h"

/* How people end a run, and what then stays as it made it.  Loop thread,
 * inside an input. */

struct noc_cancel {
	const char *actor, *why;
	bool undo;  /* what it has done, whatever its flow says */
	bool force; /* also while it undoes, and without a while to end */
};
/* Nothing new begins; what changes something has 10 s to end. */
int noc_run_cancel(struct noc_core *core, const struct noc_id *id,
		   const struct noc_cancel *how, struct noc_err *err);

#define NOC_STAYS_MAX  1000 /* paths; of the others their number */
#define NOC_CANCEL_MAY " (it may have happened)" /* behind such a path */

/* A step of it has ended in this state: what it changed stays, or not. */
void noc_cancel_note(struct noc_run *r, size_t node, const char *path,
		     const char *state);
/* It is given up while nobody knows. */
void noc_cancel_may_stay(const struct noc_live *l);
/* The paths of what it changed and neither undid nor is about to; returned. */
/* All of it, for a start that finds no rows of the steps. */
void noc_cancel_store(const struct noc_run *r, struct noc_value *kept);
void noc_cancel_restore(struct noc_run *r, const struct noc_value *kept);
struct noc_value *noc_cancel_stays(const struct noc_run *r);
/* The paths of what it takes back before it ends; returned. */
struct noc_value *noc_cancel_back(const struct noc_run *r);
/* The paths of calls that have a while to end; returned. */
struct noc_value *noc_cancel_waits(const struct noc_run *r);
/* Is its run being cancelled, and it is none of what undoes it? */
bool noc_cancel_is(const struct noc_live *l);
/* Then nobody is asked whether it happened: it is said. */
void noc_cancel_doubt(struct noc_live *l, struct noc_step_done *d);
/* Was it cancelled in its last steps, on_fail or finally?  With them it ends.
 */
bool noc_cancel_closes(const struct noc_run *r);
/* After a restart: it was being cancelled, and is not waited for. */
void noc_cancel_resume(struct noc_run *r);

#endif
