/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/task/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
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
	} else if (r == 0 && every) {
		if (noc_duration_parse(every, &c->every_ms) < 0 ||
		    c->every_ms < 1000)
			r = noc_err_set(
			    err, NOC_ECONFIG,
			    "'%s' is no interval of a second or more.", every);
	} else if (r == 0 && at && noc_time_parse(at, strlen(at), &c->at_ns)) {
		r = noc_err_set(err, NOC_ECONFIG, "'%s' is no time.", at);
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
