/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_CALENDAR_H
#define NOC_ENGINE_RULE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/value.h"

/*
 * When something that runs by itself is due: `cron` with `tz` and `dst`,
 * `every`, or once, `at`.  For schedules, polls, `check` and `schedule next`.
 * Pure.
 */
struct noc_calendar;

/* opts of the schedule or poll; ECONFIG. */
int noc_calendar_new(const struct noc_value *opts, struct noc_calendar **out,
		     struct noc_err *err);
void noc_calendar_free(struct noc_calendar *c);
/* Its times are so far apart, whatever the wall clock says: they are steady
 * (engine/core/steady.h), on the multiples since 1970. */
bool noc_calendar_is_interval(const struct noc_calendar *c);
/* Its rhythm goes on whatever the clock is set to: an interval, or a calendar
 * that names no times of day. */
bool noc_calendar_follows(const struct noc_calendar *c);
/* "cron 15 4 * * * Europe/Warsaw"; returned. */
char *noc_calendar_say(const struct noc_value *opts);
/* What people write: ISO 8601, or, without an offset, a time of its zone (a
 * date is its midnight); EINPUT. */
int noc_calendar_read(const struct noc_calendar *c, const char *text,
		      int64_t *ns, struct noc_err *err);
/* "2026-03-29T03:00:00+02:00", with its zone's offset then; returned. */
char *noc_calendar_text(const struct noc_calendar *c, int64_t ns);
/* The next nominal time after `after_ns`; 0: none. */
int64_t noc_calendar_next(const struct noc_calendar *c, int64_t after_ns);
/* The last one after `after_ns`, up to `upto_ns`; 0: none. */
int64_t noc_calendar_last(const struct noc_calendar *c, int64_t after_ns,
			  int64_t upto_ns);
/* How many there are; of a calendar 10,000 at most, then *more. */
int64_t noc_calendar_count(const struct noc_calendar *c, int64_t after_ns,
			   int64_t upto_ns, bool *more);

#endif
