/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/schedule_next.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proto/civil.h"
#include "proto/cron.h"
#include "proto/tzif.h"

#define NEXT_MAX 100000

/* "2026-03-29T03:00:00+02:00": the civil time and its offset then. */
static char *
next_text(const struct noc_tz *tz, int64_t ns)
{
	int64_t s = ns / NOC_NS_PER_S, part = ns % NOC_NS_PER_S;
	int32_t offset = noc_tz_offset(tz, s);
	int32_t minutes = (offset < 0 ? -offset : offset) / 60;
	char fraction[16] = "";
	struct noc_civil c;

	noc_tz_civil(tz, s, &c);
	if (part)
		snprintf(fraction, sizeof(fraction), ".%03d",
			 (int)(part / NOC_NS_PER_MS));
	return noc_asprintf("%04d-%02d-%02dT%02d:%02d:%02d%s%c%02d:%02d",
			    c.year, c.month, c.day, c.hour, c.minute, c.second,
			    fraction, offset < 0 ? '-' : '+', minutes / 60,
			    minutes % 60);
}

/* One time a line; as JSON {"next": all of them}, or {"next": one} a line. */
static void
next_print(const struct noc_client *c, const char *text, struct noc_value *all)
{
	struct noc_value *one;

	if (c->output == NOC_OUTPUT_TABLE) {
		puts(text);
	} else if (c->output == NOC_OUTPUT_JSON) {
		noc_value_push(all, noc_value_str(text));
	} else {
		one = noc_value_map();
		noc_value_set(one, "next", noc_value_str(text));
		noc_rows_json(one, false);
		noc_value_free(one);
	}
}

/* With an offset or Z; without one it is the zone's own time. */
static int
next_from(const struct noc_tz *tz, const char *text, int64_t *ns,
	  struct noc_err *err)
{
	struct noc_civil c = { 0 };
	int64_t first, second;
	int used = 0, date = 0;

	if (!noc_time_parse(text, strlen(text), ns))
		return 0;
	if (sscanf(text, "%4d-%2d-%2d%n%*1[T ]%2d:%2d%n:%2d%n", &c.year,
		   &c.month, &c.day, &date, &c.hour, &c.minute, &used,
		   &c.second, &used) < 3 ||
	    (size_t)(used ? used : date) != strlen(text) || c.month < 1 ||
	    c.month > 12 || c.day < 1 ||
	    c.day > noc_civil_month_days(c.year, c.month) || c.hour < 0 ||
	    c.hour > 23 || c.minute < 0 || c.minute > 59 || c.second < 0 ||
	    c.second > 59)
		return noc_err_set(err, NOC_EINPUT,
				   "'%s' is not an ISO 8601 time such as "
				   "2026-03-28T00:00:00+01:00.",
				   text);
	noc_tz_instant(tz, &c, &first, &second);
	*ns = first * NOC_NS_PER_S;
	return 0;
}

static int
next_all(const struct noc_client *c, const struct noc_cron *cron,
	 const struct noc_tz *tz, int64_t from_ns, long n)
{
	struct noc_value *all = noc_value_list(), *answer;
	int status = NOC_EXIT_OK;
	struct noc_err err;

	for (long i = 0; i < n && status == NOC_EXIT_OK; i++) {
		char *text;

		if (noc_cron_next(cron, tz, from_ns, &from_ns, NULL)) {
			noc_err_set(&err, NOC_ENOTFOUND,
				    "There is no such time within 8 years.");
			status = noc_verb_fail(&err);
			break;
		}
		text = next_text(tz, from_ns);
		next_print(c, text, all);
		free(text);
	}
	answer = noc_value_map();
	noc_value_set(answer, "next", all);
	if (c->output == NOC_OUTPUT_JSON && status == NOC_EXIT_OK)
		noc_rows_json(answer, true);
	noc_value_free(answer);
	return status;
}

int
noc_schedule_next(struct noc_client *c)
{
	const char *from = noc_client_opt(c, "from");
	const char *count = noc_client_opt(c, "count");
	const char *zone = noc_client_opt(c, "tz");
	int64_t from_ns = noc_clock_read().wall_ns;
	struct noc_tz *tz = NULL;
	struct noc_cron cron;
	struct noc_err err;
	char *end = NULL;
	long n = count ? strtol(count, &end, 10) : 5;
	int status;

	if (n < 1 || n > NEXT_MAX || (end && *end))
		return noc_verb_misuse(c->verb, "-n is 1 to %d.", NEXT_MAX);
	if (noc_cron_parse(noc_client_arg(c, 0), &cron, &err) ||
	    noc_tz_open(zone ? zone : "UTC", &tz, &err))
		return noc_verb_fail(&err);
	if (from && next_from(tz, from, &from_ns, &err))
		status = noc_verb_fail(&err);
	else
		status = next_all(c, &cron, tz, from_ns, n);
	noc_tz_free(tz);
	return status;
}
