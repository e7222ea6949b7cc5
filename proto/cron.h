/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_CRON_H
#define NOC_PROTO_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/tzif.h"

/*
 * Cron expressions: 5 fields, or 6 with seconds first; names, ranges (which
 * may wrap: "fri-mon", "22-5"), steps, lists, '?', @daily and friends,
 * "@every 5m".  Day of month also: L (last day), L-3, 15W (the weekday, Monday
 * to Friday, of the month that is nearest to its 15th), LW (its last).  Day of
 * week also: 5L or friL (last Friday), fri#2, mon-fri#1; not mixed with plain
 * weekdays.
 *
 * Day of month and day of week: when both are restricted either may match
 * (vixie's rule; a field is unrestricted when it is '*', '?' or "*" "/1").
 * L and '#' weekdays refine: with these both must match.
 *
 * DST (cronie's rule): a time that does not exist runs right after the gap; a
 * repeated one runs once; noc_cron_dst says otherwise.  An expression whose
 * second, minute or hour field begins with '*' follows the clock instead and
 * keeps its rhythm.
 * "@every 5m" counts from 1970 so that a restart does not shift it.  Pure.
 */
struct noc_cron {
	uint64_t second, minute;
	uint32_t hour, month;
	uint32_t dom;	    /* bits 1..31 */
	uint32_t dom_last;  /* bits 0..30: L-n */
	uint32_t dom_near;  /* bits 1..31: nW; bit 0: LW */
	uint8_t dow;	    /* bits 0..6, 0 = Sunday */
	uint8_t dow_last;   /* bits: last such weekday of the month */
	uint8_t dow_nth[7]; /* bits 1..5 per weekday: '#' */
	uint8_t flags;	    /* private */
	int64_t every_ms;   /* @every; then nothing else counts */
};

/* EINPUT with the field and what was wrong in it. */
int noc_cron_parse(const char *expr, struct noc_cron *out, struct noc_err *err);
/* On the nights on which clocks change: a time that does not exist is left
 * out; one that comes twice runs twice. */
void noc_cron_dst(struct noc_cron *cron, bool leave_out, bool twice);
/* It keeps its rhythm through them: it names no times of day. */
bool noc_cron_follows(const struct noc_cron *cron);

/*
 * The first time strictly after `after_ns` in zone tz.  ENOTFOUND when there
 * is none within 8 years (30 February).  *late (may be NULL): the nominal
 * time did not exist and this is right after the gap.
 */
int noc_cron_next(const struct noc_cron *cron, const struct noc_tz *tz,
		  int64_t after_ns, int64_t *next_ns, int *late);

#endif
