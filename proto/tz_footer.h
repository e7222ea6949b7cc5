/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_TZ_FOOTER_H
#define NOC_PROTO_TZ_FOOTER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The POSIX TZ string at the end of a TZif file (RFC 8536 §3.3): what holds
 * after the last change the file lists.  For proto/tzif.c only.  Pure.
 */
#define NOC_TZ_OFFSET_MAX     (26 * 3600) /* RFC 8536 §3.2: -25 h .. 26 h */
#define NOC_TZ_FOOTER_CHANGES 6		  /* three years of two */

/* One end of daylight saving: ",M3.2.0/2". */
struct noc_tz_rule {
	char form; /* 'M' month.week.day, 'J' day 1..365, 'N' day 0..365 */
	int month, week, day;
	int32_t time_s; /* local time of day; -167 h .. 167 h */
};

struct noc_tz_footer {
	bool set; /* false: nothing holds but the last listed change */
	bool dst;
	int32_t std_s, dst_s;
	struct noc_tz_rule start, end;
};

struct noc_tz_change_at {
	int64_t at;
	int32_t offset; /* from `at` on */
};

/* False: the text is not a POSIX TZ string.  "" is one that sets nothing. */
bool noc_tz_footer_parse(const char *text, struct noc_tz_footer *out);
int32_t noc_tz_footer_offset(const struct noc_tz_footer *f, int64_t utc_s);
/* The changes of the years around utc_s, in order; returns how many. */
int noc_tz_footer_changes(const struct noc_tz_footer *f, int64_t utc_s,
			  struct noc_tz_change_at out[NOC_TZ_FOOTER_CHANGES]);

#endif
