/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_TASK_PRIVATE_H
#define NOC_ENGINE_TASK_TASK_PRIVATE_H

#include "engine/task/task.h"

/* What schedule.c shares with the other tasks. */

/* Emitted and kept; returned with a reference.  data is owned. */
struct noc_event *noc_task_event(struct noc_core *core,
				 const struct noc_task *task, const char *kind,
				 const char *device, struct noc_value *data,
				 const char *summary);
struct noc_task_start {
	struct noc_plan *plan;
	struct noc_event *ev;
	int64_t nominal_ns; /* its run is of this time, and it has one; or 0 */
	bool late;
};
/* As noc_run_start; run may be NULL. */
int noc_task_carry_out(struct noc_core *core, const struct noc_task *task,
		       const struct noc_task_start *start, struct noc_id *run,
		       struct noc_err *err);

#endif
