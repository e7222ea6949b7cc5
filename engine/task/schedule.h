/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_SCHEDULE_H
#define NOC_ENGINE_TASK_SCHEDULE_H

#include "engine/task/task.h"

/*
 * One schedule of the rules in force: armed, started, missed, skipped.  What
 * it must not forget is a task's memory.  Called by task.c, inside an input.
 */
struct noc_schedule;

struct noc_schedule_counts { /* of all of them */
	uint64_t started, missed, skipped;
};

/* task and counts are borrowed.  NULL: its times are not understood. */
struct noc_schedule *noc_schedule_new(const struct noc_task *task,
				      struct noc_schedule_counts *counts);
/* core NULL: it is gone. */
void noc_schedule_free(struct noc_core *core, struct noc_schedule *s);
/* Goes on from its memory. */
void noc_schedule_begin(struct noc_core *core, struct noc_schedule *s);
/* A person starts it now; the id of the run. */
struct noc_id noc_schedule_trigger(struct noc_core *core,
				   struct noc_schedule *s,
				   const struct noc_value *command);
const char *noc_schedule_name(const struct noc_schedule *s);
struct noc_value *noc_schedule_row(const struct noc_core *core,
				   const struct noc_schedule *s); /* returned */

#endif
