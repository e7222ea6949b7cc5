/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/syslog_private.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

/*
 * Dates as devices write them.  A date is read into its parts first; one
 * conversion at the end.  Nothing here is locale or libc: strptime would cost
 * ten times the rest of the parser.
 */
struct syslog_civil {
	int year; /* -1: not said */
	int month, day, hour, minute, second;
	int32_t nanosecond;
	int32_t offset_s;
};

static const int8_t month_days[13] = { 0,  31, 29, 31, 30, 31, 30,
				       31, 31, 30, 31, 30, 31 };

/* The zone names that network gear really writes, as IOS spells them. */
#define ZONE(a, b, c, d)                                                  \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | \
	 (uint32_t)(d))
static const struct {
	uint32_t name;
	int16_t minutes;
} zones[] = {
	{ ZONE('A', 'C', 'D', 'T'), 630 },  { ZONE('A', 'C', 'S', 'T'), 570 },
	{ ZONE('A', 'D', 'T', 0), -180 },   { ZONE('A', 'E', 'D', 'T'), 660 },
	{ ZONE('A', 'E', 'S', 'T'), 600 },  { ZONE('A', 'K', 'D', 'T'), -480 },
	{ ZONE('A', 'K', 'S', 'T'), -540 }, { ZONE('A', 'S', 'T', 0), -240 },
	{ ZONE('A', 'W', 'S', 'T'), 480 },  { ZONE('B', 'R', 'T', 0), -180 },
	{ ZONE('B', 'S', 'T', 0), 60 },	    { ZONE('C', 'A', 'T', 0), 120 },
	{ ZONE('C', 'D', 'T', 0), -300 },   { ZONE('C', 'E', 'S', 'T'), 120 },
	{ ZONE('C', 'E', 'T', 0), 60 },	    { ZONE('C', 'S', 'T', 0), -360 },
	{ ZONE('E', 'A', 'T', 0), 180 },    { ZONE('E', 'D', 'T', 0), -240 },
	{ ZONE('E', 'E', 'S', 'T'), 180 },  { ZONE('E', 'E', 'T', 0), 120 },
	{ ZONE('E', 'S', 'T', 0), -300 },   { ZONE('G', 'M', 'T', 0), 0 },
	{ ZONE('H', 'K', 'T', 0), 480 },    { ZONE('H', 'S', 'T', 0), -600 },
	{ ZONE('I', 'D', 'T', 0), 180 },    { ZONE('I', 'S', 'T', 0), 330 },
	{ ZONE('J', 'S', 'T', 0), 540 },    { ZONE('K', 'S', 'T', 0), 540 },
	{ ZONE('M', 'D', 'T', 0), -360 },   { ZONE('M', 'E', 'S', 'T'), 120 },
	{ ZONE('M', 'E', 'S', 'Z'), 120 },  { ZONE('M', 'E', 'T', 0), 60 },
	{ ZONE('M', 'E', 'Z', 0), 60 },	    { ZONE('M', 'S', 'K', 0), 180 },
	{ ZONE('M', 'S', 'T', 0), -420 },   { ZONE('N', 'D', 'T', 0), -150 },
	{ ZONE('N', 'S', 'T', 0), -210 },   { ZONE('N', 'Z', 'D', 'T'), 780 },
	{ ZONE('N', 'Z', 'S', 'T'), 720 },  { ZONE('P', 'D', 'T', 0), -420 },
	{ ZONE('P', 'K', 'T', 0), 300 },    { ZONE('P', 'S', 'T', 0), -480 },
	{ ZONE('S', 'A', 'S', 'T'), 120 },  { ZONE('S', 'G', 'T', 0), 480 },
	{ ZONE('U', 'T', 'C', 0), 0 },	    { ZONE('W', 'A', 'T', 0), 60 },
	{ ZONE('W', 'E', 'S', 'T'), 60 },   { ZONE('W', 'E', 'T', 0), 0 },
	{ ZONE('W', 'I', 'B', 0), 420 },    { ZONE('Z', 0, 0, 0), 0 },
};
#undef ZONE

static bool
date_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool
date_day_valid(int64_t year, int month, int day)
{
	if (month < 1 || month > 12 || day < 1 || day > month_days[month])
		return false;
	return month != 2 || day < 29 || date_leap(year);
}

/*
 * Days since 1970-01-01 of the proleptic Gregorian calendar.  The last answer
 * is kept: a stream of messages asks for the same day again and again.
 */
static int64_t
date_days(int64_t year, int month, int day)
{
	static _Thread_local int64_t cached_key, cached_days;
	int64_t key = year * 512 + month * 32 + day, y, era, yoe, doy;

	if (key == cached_key)
		return cached_days;
	y = year - (month <= 2);
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	cached_key = key;
	cached_days =
	    era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
	return cached_days;
}

/* The year of a day since 1970, remembered for the day it was asked last. */
static int64_t
date_year(int64_t days)
{
	static _Thread_local int64_t cached_days = INT64_MIN, cached_year;
	int64_t z, era, doe, yoe, doy;

	if (days == cached_days)
		return cached_year;
	z = days + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	cached_days = days;
	cached_year = yoe + era * 400 + (doy >= 306);
	return cached_year;
}

/* Two digits, or -1. */
static int
date_two(const char *p)
{
	unsigned a = (unsigned)(uint8_t)p[0] - '0';
	unsigned b = (unsigned)(uint8_t)p[1] - '0';

	return a > 9 || b > 9 ? -1 : (int)(a * 10 + b);
}

static int
date_four(const char *p)
{
	int a = date_two(p), b = date_two(p + 2);

	return a < 0 || b < 0 ? -1 : a * 100 + b;
}

/* One or two digits, "7" or " 7" or "17"; returns the end or NULL. */
static const char *
date_number(const char *p, const char *end, int *n)
{
	if (p < end && *p == ' ')
		p++;
	if (p >= end || !noc_syslog_is(*p, NOC_C_DIGIT))
		return NULL;
	*n = *p++ - '0';
	if (p < end && noc_syslog_is(*p, NOC_C_DIGIT))
		*n = *n * 10 + (*p++ - '0');
	return p;
}

/* 1..12, or 0: the second and third letter tell the months apart. */
static int
date_month(const char *p)
{
#define MONTH(a, b, c, n) [HASH(b, c)] = { { a, b, c }, n }
#define HASH(b, c)	  (((b) + (c)) & 31)
	static const struct {
		char name[3];
		uint8_t month;
	} months[32] = {
		MONTH('j', 'a', 'n', 1),  MONTH('f', 'e', 'b', 2),
		MONTH('m', 'a', 'r', 3),  MONTH('a', 'p', 'r', 4),
		MONTH('m', 'a', 'y', 5),  MONTH('j', 'u', 'n', 6),
		MONTH('j', 'u', 'l', 7),  MONTH('a', 'u', 'g', 8),
		MONTH('s', 'e', 'p', 9),  MONTH('o', 'c', 't', 10),
		MONTH('n', 'o', 'v', 11), MONTH('d', 'e', 'c', 12),
	};
	int a = p[0] | 0x20, b = p[1] | 0x20, c = p[2] | 0x20;
	int i = HASH(b, c);

	if (months[i].name[0] != a || months[i].name[1] != b ||
	    months[i].name[2] != c)
		return 0;
	return months[i].month;
#undef MONTH
#undef HASH
}

/* "02:03:04" and a fraction.  *digits: how long the fraction is. */
static const char *
date_clock(const char *p, const char *end, struct syslog_civil *c, int *digits)
{
	int32_t scale = 100000000;

	*digits = -1;
	if (end - p < 8 || p[2] != ':' || p[5] != ':')
		return NULL;
	c->hour = date_two(p);
	c->minute = date_two(p + 3);
	c->second = date_two(p + 6);
	if (c->hour < 0 || c->hour > 23 || c->minute < 0 || c->minute > 59 ||
	    c->second < 0 || c->second > 60)
		return NULL;
	p += 8;
	if (p >= end || (*p != '.' && *p != ','))
		return p;
	*digits = *p == '.' ? 0 : 9; /* a comma is nobody's standard */
	for (p++; p < end && noc_syslog_is(*p, NOC_C_DIGIT); p++) {
		c->nanosecond += (*p - '0') * scale;
		scale /= 10;
		++*digits;
	}
	/* Huawei writes "01:00:34.270.1". */
	if (end - p > 1 && *p == '.' && noc_syslog_is(p[1], NOC_C_DIGIT))
		for (p++; p < end && noc_syslog_is(*p, NOC_C_DIGIT); p++)
			;
	return p;
}

/* "Z", "+02:00", "+0200".  *known says that one was there and how written. */
static const char *
date_offset(const char *p, const char *end, struct syslog_civil *c,
	    bool *strict)
{
	int h, m, colon;

	if (p < end && (*p == 'Z' || *p == 'z')) {
		c->offset_s = 0;
		if (*p == 'z')
			*strict = false;
		return p + 1;
	}
	if (end - p < 5 || (*p != '+' && *p != '-')) {
		*strict = false;
		return p;
	}
	colon = p[3] == ':';
	if (!colon)
		*strict = false;
	if (colon && end - p < 6)
		return NULL;
	h = date_two(p + 1);
	m = date_two(p + 3 + colon);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return NULL;
	c->offset_s = (h * 60 + m) * (*p == '-' ? -60 : 60);
	return p + 5 + colon;
}

/* " CEST", " UTC", " +02:00" after a time of day; p itself when none. */
static const char *
date_zone(const char *p, const char *end, struct syslog_civil *c)
{
	const char *w = p, *e;
	uint32_t name = 0;
	bool strict;

	if (p < end && (*p == '+' || *p == '-' || *p == 'Z')) {
		e = date_offset(p, end, c, &strict);
		return e ? e : p;
	}
	if (p >= end || *p != ' ')
		return p;
	for (e = ++w; e < end && *e >= 'A' && *e <= 'Z' && e - w < 6; e++)
		name = name << 8 | (uint32_t)*e;
	if (e == w || e - w > 5 || (e < end && *e != ':' && *e != ' '))
		return p;
	if (e - w < 4)
		name <<= 8 * (4 - (e - w));
	for (size_t i = 0; i < NOC_COUNT(zones) && e - w < 5; i++)
		if (zones[i].name == name) {
			c->offset_s = zones[i].minutes * 60;
			return e;
		}
	/* A name of the operator's own, as in "Mar  1 18:46:11 XYZ: %SYS". */
	if (end - e > 2 && e[0] == ':' && e[1] == ' ' && e[2] == '%')
		return e;
	return p;
}

/* "2003-10-11T22:14:15.003Z" and its cousins; p is at the four digits. */
static const char *
date_iso(const char *p, const char *end, struct syslog_civil *c, bool *strict)
{
	const char *s = p + 5;
	int digits;

	c->year = date_four(p);
	*strict = true;
	if (end - s >= 14 && s[2] == '-' && date_two(s) > 0 &&
	    date_two(s + 3) > 0) {
		c->month = date_two(s);
		c->day = date_two(s + 3);
		s += 5;
	} else {
		*strict = false;
		if (end - s > 4 && s[3] == '-' && (c->month = date_month(s)))
			s += 3;
		else if (!(s = date_number(s, end, &c->month)))
			return NULL;
		if (s >= end || *s != p[4])
			return NULL;
		s = date_number(s + 1, end, &c->day);
		if (!s)
			return NULL;
	}
	if (s >= end || (*s != 'T' && *s != ' ' && *s != 't'))
		return NULL;
	*strict &= *s == 'T';
	while (s + 1 < end && s[0] == ' ' && s[1] == ' ')
		s++;
	s = date_clock(s + 1, end, c, &digits);
	if (!s)
		return NULL;
	if (digits == 0 || digits > 6 || c->second > 59)
		*strict = false;
	if (s < end && *s == ' ') {
		*strict = false;
		return date_zone(s, end, c);
	}
	return date_offset(s, end, c, strict);
}

/* "Mar  1 18:46:11", "Mar 1 2008 18:46:11", "Mar  1 18:46:11 2008". */
static const char *
date_bsd(const char *p, const char *end, struct syslog_civil *c)
{
	const char *s;
	int digits, y;

	if (end - p < 14 || !(c->month = date_month(p)) || p[3] != ' ')
		return NULL;
	s = date_number(p + 4, end, &c->day);
	if (!s || end - s < 9 || *s != ' ')
		return NULL;
	while (s + 1 < end && s[1] == ' ')
		s++;
	if (c->year < 0 && end - s >= 14 && s[5] == ' ' &&
	    (y = date_four(s + 1)) >= 1970) {
		c->year = y;
		s += 5;
	}
	s = date_clock(s + 1, end, c, &digits);
	if (!s)
		return NULL;
	if (c->year < 0 && end - s >= 5 && s[0] == ' ' &&
	    (s[1] == '1' || s[1] == '2') &&
	    (end - s == 5 || s[5] == ' ' || s[5] == ':') &&
	    (y = date_four(s + 1)) >= 1970) {
		c->year = y;
		s += 5;
	}
	return date_zone(s, end, c);
}

/* "04/05/2023 06:57:30": month first, as IOS-XE and NetScaler do. */
static const char *
date_slashes(const char *p, const char *end, struct syslog_civil *c)
{
	int digits;

	if (end - p < 19 || p[5] != '/' || (p[10] != ' ' && p[10] != ':'))
		return NULL;
	c->month = date_two(p);
	c->day = date_two(p + 3);
	c->year = date_four(p + 6);
	p = date_clock(p + 11, end, c, &digits);
	return p ? date_zone(p, end, c) : NULL;
}

/* "1563249630.774247467 ", as Meraki sends. */
static const char *
date_epoch(const char *p, const char *end, int64_t *time_ns)
{
	const char *s = p;
	int64_t n = 0, scale = NOC_NS_PER_S / 10;

	for (; s < end && s - p < 10 && noc_syslog_is(*s, NOC_C_DIGIT); s++)
		n = n * 10 + (*s - '0');
	if (s - p != 10 || n < 1000000000 || n > 4102444800)
		return NULL;
	n *= NOC_NS_PER_S;
	if (end - s > 1 && *s == '.')
		for (s++; s < end && noc_syslog_is(*s, NOC_C_DIGIT); s++) {
			n += (*s - '0') * scale;
			scale /= 10;
		}
	if (s < end && *s != ' ')
		return NULL;
	*time_ns = n;
	return s;
}

/* The nearest year to the time of reception, when the sender said none. */
static bool
date_guess_year(const struct noc_syslog_in *in, struct syslog_civil *c)
{
	static const int8_t tries[] = { 0, -1, 1 };
	int64_t now_s = in->received_ns / NOC_NS_PER_S;
	int64_t days = (now_s - (now_s < 0 ? 86399 : 0)) / 86400;
	int64_t year = date_year(days), best = INT64_MAX;

	for (size_t i = 0; i < NOC_COUNT(tries) && best > 180; i++) {
		int64_t y = year + tries[i], off;

		if (!date_day_valid(y, c->month, c->day))
			continue;
		off = date_days(y, c->month, c->day) - days;
		off = off < 0 ? -off : off;
		if (off < best) {
			best = off;
			c->year = (int)y;
		}
	}
	return best != INT64_MAX;
}

static bool
date_time(const struct noc_syslog_in *in, struct syslog_civil *c,
	  int64_t *time_ns)
{
	int64_t s;

	if (c->year < 0) {
		if (!date_guess_year(in, c))
			return false;
	} else if (c->year < 1678 || c->year > 2261 ||
		   !date_day_valid(c->year, c->month, c->day)) {
		return false; /* the range of 64 bits of ns */
	}
	s = date_days(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
	    c->minute * 60 + c->second - c->offset_s;
	*time_ns = s * NOC_NS_PER_S + c->nanosecond;
	return true;
}

/* Not any three bytes: "r1: Mar  1 …" begins with a host. */
static bool
date_weekday(const char *p)
{
	static const char names[] = "SunMonTueWedThuFriSat";

	for (const char *s = names; *s; s += 3)
		if (!memcmp(s, p, 3))
			return true;
	return false;
}

const char *
noc_syslog_date(const struct noc_syslog_in *in, const char *p, int64_t *time_ns,
		bool *strict)
{
	const char *end = in->end, *s = NULL;
	struct syslog_civil c = { .year = -1, .offset_s = in->tz_offset_s };

	*strict = false;
	if (p < end && (*p == '*' || *p == '.'))
		p++; /* IOS: the clock is not set, or lost its source */
	if (end - p < 10)
		return NULL;
	if (!noc_syslog_is(*p, NOC_C_DIGIT)) {
		s = date_bsd(p, end, &c);
		if (!s && end - p > 15 && p[3] == ' ' && date_weekday(p))
			s = date_bsd(p + 4, end, &c); /* "Mon Mar  1 …" */
	} else if (p[4] == '-' || (p[4] == '/' && date_four(p) > 0)) {
		s = date_four(p) < 0 ? NULL : date_iso(p, end, &c, strict);
	} else if (p[2] == '/') {
		s = date_slashes(p, end, &c);
	} else if (p[4] == ' ' && (c.year = date_four(p)) >= 1970) {
		s = date_bsd(p + 5, end, &c);
	} else {
		return date_epoch(p, end, time_ns);
	}
	if (!s || !date_time(in, &c, time_ns)) {
		*strict = false;
		return NULL;
	}
	return s;
}
