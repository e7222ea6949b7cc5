/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_CALENDAR_H
#define NOC_ENGINE_TASK_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

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
/* Its times are so far apart, whatever the wall clock says: they are steady
 * (engine/core/steady.h), on the multiples since 1970. */
bool noc_calendar_is_interval(const struct noc_calendar *c);
/* The next nominal time after `after_ns`; 0: none. */
int64_t noc_calendar_next(const struct noc_calendar *c, int64_t after_ns);
/* The last one after `after_ns`, up to `upto_ns`; 0: none. */
int64_t noc_calendar_last(const struct noc_calendar *c, int64_t after_ns,
			  int64_t upto_ns);
/* How many there are; of a calendar 10,000 at most, then *more. */
int64_t noc_calendar_count(const struct noc_calendar *c, int64_t after_ns,
			   int64_t upto_ns, bool *more);

#endif
