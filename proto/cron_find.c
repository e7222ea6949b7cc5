/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/cron_find.h"

#include <stdbool.h>

#include "base/clock.h"
#include "proto/civil.h"
#include "proto/cron.h"

#define YEARS_AHEAD 8
#define NONE	    INT64_MIN

/*
 * Local times are "seconds": what noc_civil_seconds says of the civil time,
 * as if the zone were UTC.  The searches go field by field: a month that
 * cannot match costs one test, a day two shifts.
 */

static int
bit_at_or_after(uint64_t bits, int from)
{
	bits = from > 63 ? 0 : bits >> from << from;
	return bits != 0 ? __builtin_ctzll(bits) : -1;
}

/* The weekday of this month that is nearest: 15W. */
static int
near_day(int day, int days, int first_weekday)
{
	int weekday = (first_weekday + day - 1) % 7;

	if (weekday == 6) /* Saturday: the day before, but in this month */
		return day > 1 ? day - 1 : day + 2;
	if (weekday == 0)
		return day < days ? day + 1 : day - 2;
	return day;
}

static uint32_t
dom_days(const struct noc_cron *c, int days, int first_weekday)
{
	uint32_t set = c->dom, near = c->dom_near;

	if (near & 1) /* LW */
		near |= UINT32_C(1) << days;
	for (int day = 1; day <= days; day++)
		if (near >> day & 1)
			set |= UINT32_C(1)
			       << near_day(day, days, first_weekday);

	for (int back = 0; back < days; back++) {
		if (c->dom_last >> back & 1)
			set |= UINT32_C(1) << (days - back);
	}
	return set;
}

static uint32_t
dow_days(const struct noc_cron *c, int days, int first_weekday)
{
	uint32_t set = 0;

	for (int day = 1; day <= days; day++) {
		int weekday = (first_weekday + day - 1) % 7;
		int nth = (day - 1) / 7 + 1;

		if (c->dow >> weekday & 1 || c->dow_nth[weekday] >> nth & 1 ||
		    (day + 7 > days && c->dow_last >> weekday & 1))
			set |= UINT32_C(1) << day;
	}
	return set;
}

/* The matching days of a month, bits 1..31. */
static uint32_t
month_days(const struct noc_cron *c, int year, int month)
{
	int days = noc_civil_month_days(year, month);
	int64_t first = noc_civil_days(year, month, 1);
	int first_weekday = (int)(((first + 4) % 7 + 7) % 7);
	uint32_t all = (uint32_t)((UINT64_C(2) << days) - 2), dom, dow;

	if (!(c->month >> month & 1))
		return 0;
	if (c->flags & NOC_CRON_DOM_ANY && c->flags & NOC_CRON_DOW_ANY)
		return all;
	dom = dom_days(c, days, first_weekday) & all;
	dow = dow_days(c, days, first_weekday) & all;
	if (c->flags & NOC_CRON_DOM_ANY)
		return dow;
	if (c->flags & NOC_CRON_DOW_ANY)
		return dom;
	return c->flags & NOC_CRON_DOW_REFINES ? dom & dow : dom | dow;
}

/* Seconds into the day, at or after `from`; -1: not on this day any more. */
static int
tod_next(const struct noc_cron *c, int from)
{
	int h = from / 3600, m = from / 60 % 60, s;
	int hour = bit_at_or_after(c->hour, h), minute;

	if (hour < 0)
		return -1;
	if (hour == h) {
		minute = bit_at_or_after(c->minute, m);
		if (minute == m) {
			s = bit_at_or_after(c->second, from % 60);
			if (s >= 0)
				return h * 3600 + m * 60 + s;
			minute = bit_at_or_after(c->minute, m + 1);
		}
		s = bit_at_or_after(c->second, 0);
		if (minute >= 0)
			return h * 3600 + minute * 60 + s;
		hour = bit_at_or_after(c->hour, h + 1);
		if (hour < 0)
			return -1;
	}
	return hour * 3600 + bit_at_or_after(c->minute, 0) * 60 +
	       bit_at_or_after(c->second, 0);
}

/* The first matching local time at or after `from`, or NONE. */
static int64_t
local_next(const struct noc_cron *c, int64_t from)
{
	struct noc_civil at;
	int tod, first_day, last_year;

	noc_civil_set(from, &at);
	tod = tod_next(c, at.hour * 3600 + at.minute * 60 + at.second);
	first_day = tod >= 0 ? at.day : at.day + 1;
	last_year = at.year + YEARS_AHEAD;
	for (int year = at.year, month = at.month; year <= last_year;) {
		int day =
		    bit_at_or_after(month_days(c, year, month), first_day);

		if (day > 0) {
			if (tod < 0 || year != at.year || month != at.month ||
			    day != at.day)
				tod = tod_next(c, 0);
			return noc_civil_days(year, month, day) * NOC_DAY_S +
			       tod;
		}
		first_day = 1;
		if (++month > 12) {
			month = 1;
			year++;
		}
	}
	return NONE;
}

/*
 * An expression that follows the clock: search each stretch of constant
 * offset as if it were all there is.
 */
static int64_t
wild_next(const struct noc_cron *c, const struct noc_tz *tz, int64_t from)
{
	int64_t horizon = from + (YEARS_AHEAD + 1) * 366LL * NOC_DAY_S;

	while (from < horizon) {
		int32_t offset = noc_tz_offset(tz, from);
		int64_t local = local_next(c, from + offset), change;
		bool more = noc_tz_change(tz, from, &change);

		if (local != NONE && (!more || local - offset < change))
			return local - offset;
		if (!more)
			return NONE;
		from = change;
	}
	return NONE;
}

/* When a nominal local time runs: first of two, or right after the gap. */
static int64_t
nominal_instant(const struct noc_tz *tz, int64_t local, bool *late)
{
	struct noc_civil civil;
	int64_t first, second;

	noc_civil_set(local, &civil);
	*late = noc_tz_instant(tz, &civil, &first, &second) == 0;
	return first;
}

/*
 * An expression that names times of day: its nominal times in order, each at
 * the one instant it runs at (which never decreases).
 */
static int64_t
nominal_next(const struct noc_cron *c, const struct noc_tz *tz, int64_t from,
	     bool *late)
{
	/* One second back: from may be the end of a gap. */
	int64_t local = from - 1 + noc_tz_offset(tz, from - 1);

	while ((local = local_next(c, local + 1)) != NONE) {
		int64_t at = nominal_instant(tz, local, late);

		if (at >= from && !(*late && c->flags & NOC_CRON_LEAVE_OUT))
			return at;
	}
	return NONE;
}

/* Where what is repeated runs twice, the second ones are times as well. */
static int64_t
named_next(const struct noc_cron *c, const struct noc_tz *tz, int64_t from,
	   bool *late)
{
	int64_t at = nominal_next(c, tz, from, late), all;

	if (!(c->flags & NOC_CRON_TWICE))
		return at;
	all = wild_next(c, tz, from);
	if (all != NONE && (at == NONE || all < at)) {
		*late = false;
		at = all;
	}
	return at;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int
found(int64_t at_s, int64_t *ns)
{
	if (at_s == NONE || at_s > INT64_MAX / NOC_NS_PER_S ||
	    at_s < INT64_MIN / NOC_NS_PER_S)
		return NOC_ENOTFOUND;
	*ns = at_s * NOC_NS_PER_S;
	return 0;
}

int
noc_cron_next(const struct noc_cron *c, const struct noc_tz *tz,
	      int64_t after_ns, int64_t *next_ns, int *late)
{
	int64_t from = floor_div(after_ns, NOC_NS_PER_S) + 1, at;
	bool was_late = false;

	if (c->every_ms > 0) {
		int64_t n =
		    floor_div(floor_div(after_ns, NOC_NS_PER_MS), c->every_ms);

		if (__builtin_mul_overflow(n + 1, c->every_ms, &at) ||
		    __builtin_mul_overflow(at, NOC_NS_PER_MS, next_ns))
			return NOC_ENOTFOUND;
		if (late != NULL)
			*late = 0;
		return 0;
	}
	if (c->flags & NOC_CRON_WILD)
		at = wild_next(c, tz, from);
	else
		at = named_next(c, tz, from, &was_late);
	if (late != NULL)
		*late = was_late;
	return found(at, next_ns);
}
