/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/rule/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/civil.h"
#include "proto/cron.h"
#include "proto/tzif.h"

#define CALENDAR_COUNT_MAX 10000

/* When?  cron in a zone, an interval, or once. */
struct noc_calendar {
	struct noc_cron cron;
	struct noc_tz *tz;
	int64_t every_ms, at_ns;
	bool is_cron;
};

static void
calendar_dst(struct noc_calendar *c, const struct noc_value *dst)
{
	if (noc_value_get(dst, "opts"))
		dst = noc_value_get(dst, "opts");
	noc_cron_dst(
	    &c->cron,
	    !strcmp(noc_value_get_str(dst, "missing", "after"), "skip"),
	    !strcmp(noc_value_get_str(dst, "repeated", "once"), "twice"));
}

int
noc_calendar_new(const struct noc_value *opts, struct noc_calendar **out,
		 struct noc_err *err)
{
	const char *cron = noc_value_get_str(opts, "cron", NULL);
	const char *every = noc_value_get_str(opts, "every", NULL);
	const char *at = noc_value_get_str(opts, "at", NULL);
	struct noc_calendar *c = noc_calloc(1, sizeof(*c));
	int r;

	r = noc_tz_open(noc_value_get_str(opts, "tz", "UTC"), &c->tz, err);
	if (r == 0 && cron) {
		c->is_cron = true;
		r = noc_cron_parse(cron, &c->cron, err);
		calendar_dst(c, noc_value_get(opts, "dst"));
	} else if (r == 0 && every) {
		if (noc_duration_parse(every, &c->every_ms) < 0 ||
		    c->every_ms < 1000)
			r = noc_err_set(
			    err, NOC_ECONFIG,
			    "'%s' is no interval of a second or more.", every);
	} else if (r == 0 && at) {
		r = noc_calendar_read(c, at, &c->at_ns, err);
	}
	if (r < 0)
		noc_calendar_free(c);
	else
		*out = c;
	return r;
}

void
noc_calendar_free(struct noc_calendar *c)
{
	if (!c)
		return;
	noc_tz_free(c->tz);
	free(c);
}

/* ns; 0: it goes by the wall clock. */
static int64_t
calendar_step(const struct noc_calendar *c)
{
	return (c->is_cron ? c->cron.every_ms : c->every_ms) * NOC_NS_PER_MS;
}

bool
noc_calendar_is_interval(const struct noc_calendar *c)
{
	return calendar_step(c) > 0;
}

bool
noc_calendar_follows(const struct noc_calendar *c)
{
	return calendar_step(c) > 0 ||
	       (c->is_cron && noc_cron_follows(&c->cron));
}

char *
noc_calendar_say(const struct noc_value *opts)
{
	static const char *const when[] = { "cron", "every", "at" };
	const char *tz = noc_value_get_str(opts, "tz", NULL);

	for (size_t i = 0; i < NOC_COUNT(when); i++) {
		const char *text = noc_value_get_str(opts, when[i], NULL);

		if (text)
			return noc_asprintf("%s %s%s%s", when[i], text,
					    tz ? " " : "", tz ? tz : "");
	}
	return noc_strdup("never");
}

int
noc_calendar_read(const struct noc_calendar *c, const char *text, int64_t *ns,
		  struct noc_err *err)
{
	struct noc_civil at = { 0 };
	int64_t first, second;
	int used = 0, date = 0;

	if (!noc_time_parse(text, strlen(text), ns))
		return 0;
	if (sscanf(text, "%4d-%2d-%2d%n%*1[T ]%2d:%2d%n:%2d%n", &at.year,
		   &at.month, &at.day, &date, &at.hour, &at.minute, &used,
		   &at.second, &used) < 3 ||
	    (size_t)(used ? used : date) != strlen(text) || at.month < 1 ||
	    at.month > 12 || at.day < 1 ||
	    at.day > noc_civil_month_days(at.year, at.month) || at.hour < 0 ||
	    at.hour > 23 || at.minute < 0 || at.minute > 59 || at.second < 0 ||
	    at.second > 59)
		return noc_err_set(err, NOC_EINPUT,
				   "'%.40s' is not an ISO 8601 time such as "
				   "2026-03-28T00:00:00+01:00.",
				   text);
	noc_tz_instant(c->tz, &at, &first, &second);
	if (__builtin_mul_overflow(first, NOC_NS_PER_S, ns))
		return noc_err_set(err, NOC_EINPUT,
				   "'%.40s' is not of the years 1678 to 2261.",
				   text);
	return 0;
}

char *
noc_calendar_text(const struct noc_calendar *c, int64_t ns)
{
	int64_t s = ns / NOC_NS_PER_S, part = ns % NOC_NS_PER_S;
	int32_t offset = noc_tz_offset(c->tz, s);
	int32_t minutes = (offset < 0 ? -offset : offset) / 60;
	char fraction[16] = "";
	struct noc_civil at;

	noc_tz_civil(c->tz, s, &at);
	if (part)
		snprintf(fraction, sizeof(fraction), ".%03d",
			 (int)(part / NOC_NS_PER_MS));
	return noc_asprintf("%04d-%02d-%02dT%02d:%02d:%02d%s%c%02d:%02d",
			    at.year, at.month, at.day, at.hour, at.minute,
			    at.second, fraction, offset < 0 ? '-' : '+',
			    minutes / 60, minutes % 60);
}

int64_t
noc_calendar_next(const struct noc_calendar *c, int64_t after_ns)
{
	int64_t next, step = calendar_step(c);

	if (step) /* on the multiples since 1970: the same on every start */
		return noc_ns_after(after_ns / step * step,
				    step / NOC_NS_PER_MS);
	if (c->is_cron)
		return noc_cron_next(&c->cron, c->tz, after_ns, &next, NULL) ==
			       0
			   ? next
			   : 0;
	return c->at_ns > after_ns ? c->at_ns : 0;
}

int64_t
noc_calendar_last(const struct noc_calendar *c, int64_t after_ns,
		  int64_t upto_ns)
{
	int64_t step = calendar_step(c), next = noc_calendar_next(c, after_ns);

	if (!next || next > upto_ns)
		return 0;
	if (step)
		return upto_ns / step * step;
	/* The times before the last one are those whose next is not past it. */
	while (after_ns < upto_ns) {
		int64_t half = after_ns + (upto_ns - after_ns + 1) / 2, t;

		t = noc_calendar_next(c, half);
		if (t && t <= upto_ns) {
			next = t;
			after_ns = half;
		} else {
			upto_ns = half - 1;
		}
	}
	return next;
}

int64_t
noc_calendar_count(const struct noc_calendar *c, int64_t after_ns,
		   int64_t upto_ns, bool *more)
{
	int64_t step = calendar_step(c), n = 0, t = after_ns;

	*more = false;
	if (upto_ns <= after_ns)
		return 0;
	if (step)
		return upto_ns / step - after_ns / step;
	while ((t = noc_calendar_next(c, t)) && t <= upto_ns) {
		if (n == CALENDAR_COUNT_MAX) {
			*more = true;
			break;
		}
		n++;
	}
	return n;
}
