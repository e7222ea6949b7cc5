/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/schedule_next.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/rule/calendar.h"

#define NEXT_MAX 100000

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

static int
next_all(const struct noc_client *c, const struct noc_calendar *calendar,
	 int64_t at_ns, long n)
{
	struct noc_value *all = noc_value_list(), *answer;
	int status = NOC_EXIT_OK;
	struct noc_err err;

	for (long i = 0; i < n && status == NOC_EXIT_OK; i++) {
		char *text;

		at_ns = noc_calendar_next(calendar, at_ns);
		if (!at_ns) {
			noc_err_set(&err, NOC_ENOTFOUND,
				    "There is no such time within 8 years.");
			status = noc_verb_fail(&err);
			break;
		}
		text = noc_calendar_text(calendar, at_ns);
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

/* As a rule would say it. */
static struct noc_value *
next_opts(const struct noc_client *c)
{
	static const char *const dst[] = { "missing", "repeated" };
	const char *zone = noc_client_opt(c, "tz");
	struct noc_value *opts = noc_value_map(), *night = noc_value_map();

	noc_value_set(opts, "cron", noc_value_str(noc_client_arg(c, 0)));
	noc_value_set(opts, "tz", noc_value_str(zone ? zone : "UTC"));
	for (size_t i = 0; i < NOC_COUNT(dst); i++)
		if (noc_client_opt(c, dst[i]))
			noc_value_set(night, dst[i],
				      noc_value_str(noc_client_opt(c, dst[i])));
	noc_value_set(opts, "dst", night);
	return opts;
}

static bool
next_is(const struct noc_client *c, const char *name, const char *one,
	const char *other)
{
	const char *said = noc_client_opt(c, name);

	return !said || !strcmp(said, one) || !strcmp(said, other);
}

int
noc_schedule_next(struct noc_client *c)
{
	const char *from = noc_client_opt(c, "from");
	const char *count = noc_client_opt(c, "count");
	int64_t from_ns = noc_clock_read().wall_ns;
	struct noc_calendar *calendar = NULL;
	struct noc_value *opts;
	struct noc_err err;
	char *end = NULL;
	long n = count ? strtol(count, &end, 10) : 5;
	int status;

	if (n < 1 || n > NEXT_MAX || (end && *end))
		return noc_verb_misuse(c->verb, "-n is 1 to %d.", NEXT_MAX);
	if (!next_is(c, "missing", "after", "skip"))
		return noc_verb_misuse(c->verb, "--missing is after or skip.");
	if (!next_is(c, "repeated", "once", "twice"))
		return noc_verb_misuse(c->verb, "--repeated is once or twice.");
	opts = next_opts(c);
	if (noc_calendar_new(opts, &calendar, &err) ||
	    (from && noc_calendar_read(calendar, from, &from_ns, &err)))
		status = noc_verb_fail(&err);
	else
		status = next_all(c, calendar, from_ns, n);
	noc_calendar_free(calendar);
	noc_value_free(opts);
	return status;
}
