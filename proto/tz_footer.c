/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/tz_footer.h"

#include <string.h>

#include "proto/civil.h"

#define RULE_TIME_MAX (167 * 3600)

/* "EST", "<+1030>": its text is of no use to us. */
static bool
footer_name(const char **s)
{
	const char *p = *s;

	if (*p == '<') {
		p += strcspn(p, ">");
		if (*p++ != '>' || p - *s < 5)
			return false;
	} else {
		while ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'))
			p++;
		if (p - *s < 3)
			return false;
	}
	*s = p;
	return true;
}

static bool
footer_number(const char **s, int max, int *out)
{
	int n = 0, digits = 0;

	while (**s >= '0' && **s <= '9' && digits++ < 4)
		n = n * 10 + (*(*s)++ - '0');
	*out = n;
	return digits > 0 && digits <= 4 && n <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool
footer_time(const char **s, int32_t max, int32_t *out)
{
	int sign = 1, h, m = 0, sec = 0;

	if (**s == '+' || **s == '-')
		sign = *(*s)++ == '-' ? -1 : 1;
	if (!footer_number(s, 167, &h))
		return false;
	if (**s == ':') {
		(*s)++;
		if (!footer_number(s, 59, &m))
			return false;
		if (**s == ':') {
			(*s)++;
			if (!footer_number(s, 59, &sec))
				return false;
		}
	}
	*out = sign * (h * 3600 + m * 60 + sec);
	return *out <= max && *out >= -max;
}

static bool
footer_rule(const char **s, struct noc_tz_rule *r)
{
	bool ok;

	if (*(*s)++ != ',')
		return false;
	r->form = 'N';
	r->time_s = 2 * 3600;
	if (**s == 'M') {
		r->form = *(*s)++;
		ok = footer_number(s, 12, &r->month) && r->month >= 1 &&
		     *(*s)++ == '.' && footer_number(s, 5, &r->week) &&
		     r->week >= 1 && *(*s)++ == '.' &&
		     footer_number(s, 6, &r->day);
	} else if (**s == 'J') {
		r->form = *(*s)++;
		ok = footer_number(s, 365, &r->day) && r->day >= 1;
	} else {
		ok = footer_number(s, 365, &r->day);
	}
	if (ok && **s == '/') {
		(*s)++;
		ok = footer_time(s, RULE_TIME_MAX, &r->time_s);
	}
	return ok;
}

/* A POSIX TZ string with the extensions of RFC 8536 §3.3.1. */
bool
noc_tz_footer_parse(const char *s, struct noc_tz_footer *f)
{
	int32_t west;

	if (*s == '\0')
		return true;
	f->set = true;
	if (!footer_name(&s) || !footer_time(&s, NOC_TZ_OFFSET_MAX, &west))
		return false;
	f->std_s = -west;
	if (*s == '\0')
		return true;
	f->dst = true;
	f->dst_s = f->std_s + 3600;
	if (!footer_name(&s))
		return false;
	if (*s != ',' && *s != '\0') {
		if (!footer_time(&s, NOC_TZ_OFFSET_MAX, &west))
			return false;
		f->dst_s = -west;
	}
	return footer_rule(&s, &f->start) && footer_rule(&s, &f->end) &&
	       *s == '\0';
}

static int64_t
rule_at(const struct noc_tz_rule *r, int year, int32_t offset_before)
{
	int64_t day;
	int first, last;

	switch (r->form) {
	case 'J': /* 29 February is never counted */
		day = noc_civil_days(year, 1, 1) + r->day - 1;
		if (r->day >= 60)
			day += noc_civil_month_days(year, 2) - 28;
		break;
	case 'N':
		day = noc_civil_days(year, 1, 1) + r->day;
		break;
	default:
		day = noc_civil_days(year, r->month, 1);
		first = (int)(((day + 4) % 7 + 7) % 7);
		last = noc_civil_month_days(year, r->month);
		first = (r->day - first + 7) % 7;
		while (first + 7 * (r->week - 1) >= last)
			first -= 7;
		day += first + 7 * (r->week - 1);
		break;
	}
	return day * NOC_DAY_S + r->time_s - offset_before;
}

/*
 * The footer's changes of the years around utc_s, in order; an end and a
 * start at the same instant (daylight saving all year) keep that order.
 */
int
noc_tz_footer_changes(const struct noc_tz_footer *f, int64_t utc_s,
		      struct noc_tz_change_at out[NOC_TZ_FOOTER_CHANGES])
{
	struct noc_civil c;
	int n = 0;

	noc_civil_set(utc_s, &c);
	for (int year = c.year - 1; year <= c.year + 1; year++) {
		struct noc_tz_change_at start = {
			rule_at(&f->start, year, f->std_s), f->dst_s
		};
		struct noc_tz_change_at end = {
			rule_at(&f->end, year, f->dst_s), f->std_s
		};

		out[n++] = end.at <= start.at ? end : start;
		out[n++] = end.at <= start.at ? start : end;
	}
	for (int i = 1; i < n; i++) {
		for (int j = i; j > 0 && out[j].at < out[j - 1].at; j--) {
			struct noc_tz_change_at t = out[j];

			out[j] = out[j - 1];
			out[j - 1] = t;
		}
	}
	return n;
}

int32_t
noc_tz_footer_offset(const struct noc_tz_footer *f, int64_t utc_s)
{
	struct noc_tz_change_at changes[NOC_TZ_FOOTER_CHANGES];
	int32_t offset = f->std_s;
	int n;

	if (!f->dst)
		return offset;
	n = noc_tz_footer_changes(f, utc_s, changes);
	for (int i = 0; i < n && changes[i].at <= utc_s; i++)
		offset = changes[i].offset;
	return offset;
}
