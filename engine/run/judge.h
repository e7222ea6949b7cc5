/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_JUDGE_H
#define NOC_ENGINE_RUN_JUDGE_H

#include "engine/run/live.h"
#include "engine/run/rows.h"

/*
 * An answer came; is it what the step asked for?  Pure but for functions of
 * rules.  Loop thread.
 */

/* `fail_if` and `expect`: into *f, and d->failure points there. */
void noc_judge_answer(struct noc_live *l, struct noc_step_done *d,
		      const struct noc_value *result, struct noc_failure *f);
/* The failure of an answer that `fail_if` names. */
void noc_judge_named(const struct noc_step_def *def,
		     const struct noc_value *result, struct noc_failure *f);

#endif
