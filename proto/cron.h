/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_CRON_H
#define NOC_PROTO_CRON_H

#include <stdint.h>

#include "base/err.h"
#include "proto/tzif.h"

/*
 * Cron expressions: 5 fields, or 6 with seconds first; names, ranges, steps,
 * lists, '?', L, W, '#', @daily and friends, "@every 5m".  Day of month and
 * day of week: when both are restricted either may match (vixie's rule).
 * DST (cronie's rule): a time that does not exist runs right after the gap; a
 * repeated one runs once; '*'-granular schedules keep their rhythm.  Pure.
 */
struct noc_cron {
	uint64_t second, minute;
	uint32_t hour, month;
	uint32_t dom;		 /* bits 1..31 */
	uint8_t dow;		 /* bits 0..6, 0 = Sunday */
	uint8_t dom_last_offset; /* L-n; 0xff: no L */
	uint8_t dom_weekday;	 /* nW: n; LW: 32; 0: none */
	uint8_t dow_last;	 /* bits: last such weekday of the month */
	uint8_t dow_nth[7];	 /* bits 1..5 per weekday: '#' */
	uint8_t flags;		 /* private */
	int64_t every_ms;	 /* @every; then nothing else counts */
};

int noc_cron_parse(const char *expr, struct noc_cron *out, struct noc_err *err);

/*
 * The first time strictly after `after_ns` in zone tz.  ENOTFOUND when there
 * is none within 8 years (30 February).  *late (may be NULL): the nominal
 * time did not exist and this is right after the gap.
 */
int noc_cron_next(const struct noc_cron *cron, const struct noc_tz *tz,
		  int64_t after_ns, int64_t *next_ns, int *late);
int noc_cron_prev(const struct noc_cron *cron, const struct noc_tz *tz,
		  int64_t before_ns, int64_t *prev_ns);

#endif
