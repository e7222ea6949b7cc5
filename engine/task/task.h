/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_TASK_H
#define NOC_ENGINE_TASK_TASK_H

#include "engine/core/core.h"

/*
 * What runs by itself: schedules (here, by the core's timers), polls and
 * child sensors (sensors/poll.c, sensors/child.c), which keep what they must
 * not forget over a restart in a task's memory: one live row each.
 */

/* The next nominal time after `after_ns` (wall clock) by cron or every; 0:
 * none.  Also for `schedule next` and the poll sensor. */
struct noc_calendar;
int noc_calendar_new(const struct noc_value *opts, struct noc_calendar **out,
		     struct noc_err *err);
void noc_calendar_free(struct noc_calendar *c);
int64_t noc_calendar_next(const struct noc_calendar *c, int64_t after_ns);

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
