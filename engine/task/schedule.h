/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_SCHEDULE_H
#define NOC_ENGINE_TASK_SCHEDULE_H

#include "engine/task/task.h"

/*
 * One schedule of the rules in force: armed, started, missed, skipped, paused.
 * What it must not forget is a task's memory.  Each nominal time has one run:
 * its id is of the two (noc_run_of_time).  Called by task.c, inside an input.
 */
struct noc_schedule;

struct noc_schedule_counts { /* of all of them */
	uint64_t started, missed, skipped, filled;
};

/* task and counts are borrowed.  NULL: its times are not understood. */
struct noc_schedule *noc_schedule_new(const struct noc_task *task,
				      struct noc_schedule_counts *counts);
/* core NULL: it is gone. */
void noc_schedule_free(struct noc_core *core, struct noc_schedule *s);
/* Goes on from its memory. */
void noc_schedule_begin(struct noc_core *core, struct noc_schedule *s);
const char *noc_schedule_name(const struct noc_schedule *s);
struct noc_value *noc_schedule_row(const struct noc_core *core,
				   const struct noc_schedule *s); /* returned */
bool noc_schedule_is_paused(const struct noc_schedule *s);
size_t noc_schedule_waiting(const struct noc_schedule *s);

/* What people ask of it (schedule_people.c); *answer is returned. */
int noc_schedule_trigger(struct noc_core *core, struct noc_schedule *s,
			 const struct noc_value *command,
			 struct noc_value **answer, struct noc_err *err);
int noc_schedule_pause(struct noc_core *core, struct noc_schedule *s,
		       const struct noc_value *command,
		       struct noc_value **answer, struct noc_err *err);
int noc_schedule_resume(struct noc_core *core, struct noc_schedule *s,
			const struct noc_value *command,
			struct noc_value **answer, struct noc_err *err);
/* {from, to, dry_run}: the times that were and have no run get one. */
int noc_schedule_backfill(struct noc_core *core, struct noc_schedule *s,
			  const struct noc_value *command,
			  struct noc_value **answer, struct noc_err *err);

#endif
