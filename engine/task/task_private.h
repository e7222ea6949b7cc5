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
/* run may be NULL. */
void noc_task_carry_out(struct noc_core *core, const struct noc_task *task,
			struct noc_plan *plan, struct noc_event *ev, bool late,
			struct noc_id *run);

#endif
