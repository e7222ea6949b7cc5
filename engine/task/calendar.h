/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_CALENDAR_H
#define NOC_ENGINE_TASK_CALENDAR_H

#include "base/err.h"
#include "base/value.h"

/* The next nominal time after `after_ns` (wall clock) by cron or every; 0:
 * none.  Also for `schedule next` and the poll sensor. */
struct noc_calendar;
int noc_calendar_new(const struct noc_value *opts, struct noc_calendar **out,
		     struct noc_err *err);
void noc_calendar_free(struct noc_calendar *c);
int64_t noc_calendar_next(const struct noc_calendar *c, int64_t after_ns);

#endif
