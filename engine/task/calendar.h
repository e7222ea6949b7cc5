/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_CALENDAR_H
#define NOC_ENGINE_TASK_CALENDAR_H

#include "base/err.h"
#include "base/value.h"

/*
 * When something that runs by itself is due: `cron` with `tz`, or `every`.
 * For schedules, polls and `schedule next`.  Pure.
 */
struct noc_calendar;

/* opts of the schedule or poll; ECONFIG. */
int noc_calendar_new(const struct noc_value *opts, struct noc_calendar **out,
		     struct noc_err *err);
void noc_calendar_free(struct noc_calendar *c);
/* The next nominal time after `after_ns` (wall clock); 0: none. */
int64_t noc_calendar_next(const struct noc_calendar *c, int64_t after_ns);

#endif
