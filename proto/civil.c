/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/civil.h"

#include <stdbool.h>

int64_t
noc_civil_days(int year, int month, int day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool
leap_year(int y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

int
noc_civil_month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && leap_year(year));
}

int64_t
noc_civil_seconds(const struct noc_civil *c)
{
	return noc_civil_days(c->year, c->month, c->day) * NOC_DAY_S +
	       c->hour * 3600LL + c->minute * 60LL + c->second;
}

void
noc_civil_set(int64_t seconds, struct noc_civil *out)
{
	int64_t s = noc_utc_clamp(seconds);
	int64_t days =
	    s >= 0 ? s / NOC_DAY_S : (s - (NOC_DAY_S - 1)) / NOC_DAY_S;
	int64_t z = days + 719468;
	int64_t era = z / 146097; /* not negative: clamped to year 1 */
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int64_t tod = s - days * NOC_DAY_S;

	out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	out->year = (int)(yoe + era * 400 + (out->month <= 2));
	out->hour = (int)(tod / 3600);
	out->minute = (int)(tod / 60 % 60);
	out->second = (int)(tod % 60);
	out->weekday = (int)(((days + 4) % 7 + 7) % 7);
}
