/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_TASK_H
#define NOC_ENGINE_TASK_TASK_H

#include "engine/core/core.h"

/*
 * What runs by itself: schedules (here, by the core's timers), polls and
 * child sensors (sensors/poll.c, sensors/child.c), which keep what they must
 * not forget over a restart in a task's memory: one live row each.
 */

/* Borrowed; NULL when nothing is remembered.  `what`: "poll/optics". */
const struct noc_value *noc_task_memory(struct noc_core *core,
					const char *what);
/* data is owned; NULL forgets.  Inside an input. */
void noc_task_remember(struct noc_core *core, const char *what,
		       struct noc_value *data);

/*
 * Something about a task that must not be silent: an event of this kind, and
 * plan (on_missed, on_error...) carried out with it; NULL: notify noc.  data
 * is owned and gives the event's fields; device may be "".
 */
void noc_task_tell(struct noc_core *core, const struct noc_task *task,
		   struct noc_plan *plan, const char *kind, const char *device,
		   struct noc_value *data, const char *fmt, ...)
    __attribute__((format(printf, 7, 8)));

#endif
