/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_PLAN_PRIVATE_H
#define NOC_ENGINE_FLOW_PLAN_PRIVATE_H

#include "engine/flow/plan.h"

/* Between plan.c, plan_step.c and plan_check.c only. */

/*
 * One step of the AST into *s (zeroed before); position counts from 1.
 * ECONFIG, the message beginning with file:line.  What was made so far is
 * released by noc_step_release, also after an error.
 */
int noc_step_build(const struct noc_value *node, size_t position,
		   struct noc_step_def *s, struct noc_err *err);
void noc_step_release(struct noc_step_def *s);

int noc_escalation_build(const struct noc_value *node,
			 struct noc_escalation **out, struct noc_err *err);
void noc_escalation_free(struct noc_escalation *e);

/* steps.NAME must be an earlier step, wherever it is read. */
int noc_plan_check_names(const struct noc_plan *p, struct noc_err *err);

#endif
