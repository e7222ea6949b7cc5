/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_CIVIL_H
#define NOC_PROTO_CIVIL_H

#include <stdint.h>

/*
 * The proleptic Gregorian calendar without a zone.  Seconds and days count
 * from 1970-01-01.  Years 1 to 9999; what is outside is clamped.  Pure.
 */
#define NOC_UTC_MIN (-62135596800LL)
#define NOC_UTC_MAX 253402300799LL
#define NOC_DAY_S   86400

struct noc_civil {
	int year, month, day; /* month 1..12 */
	int hour, minute, second;
	int weekday; /* 0 = Sunday */
};

int64_t noc_civil_days(int year, int month, int day);
int noc_civil_month_days(int year, int month);
int64_t noc_civil_seconds(const struct noc_civil *civil);
void noc_civil_set(int64_t seconds, struct noc_civil *out);

static inline int64_t
noc_utc_clamp(int64_t s)
{
	return s < NOC_UTC_MIN	 ? NOC_UTC_MIN
	       : s > NOC_UTC_MAX ? NOC_UTC_MAX
				 : s;
}

#endif
