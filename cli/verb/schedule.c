/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/verb/schedule_next.h"

/* nocturne schedule: when they run next; run one now, not for a while, or for
 * times that were; what a cron expression means, which needs no daemon. */

static const struct noc_verb_option schedule_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_WHY,
	{ "tz", 0, "ZONE", "next: time zone of the expression (UTC)", false },
	{ "from", 0, "TIME",
	  "next: after this time, ISO 8601 (now); backfill: the first", false },
	{ "to", 0, "TIME", "backfill: the last (now)", false },
	{ "dry-run", 0, NULL, "backfill: only say which times they are",
	  false },
	{ "missing", 0, "HOW",
	  "next: what falls into a gap runs 'after' it (else 'skip')", false },
	{ "repeated", 0, "HOW",
	  "next: what comes twice runs 'once' (else 'twice')", false },
	{ "count", 'n', "N", "next: how many (5)", false },
	{ 0 },
};

static const struct noc_column schedule_columns[] = {
	{ "schedule", "SCHEDULE", 'l', 40 }, { "next", "NEXT", 't', 0 },
	{ "running", "RUNNING", 'l', 0 },    { "waiting", "WAITING", 'r', 0 },
	{ "when", "WHEN", 'l', 60 },	     { "why", "PAUSED", 'l', 60 },
};

static const struct noc_column time_columns[] = {
	{ "nominal", "NOMINAL", 't', 0 },
	{ "state", "STATE", 'l', 0 },
	{ "run", "RUN", 'l', 0 },
};

static int
schedule_list(struct noc_client *c)
{
	return noc_client_list(c, "/api/v1/schedules", "schedules",
			       schedule_columns, NOC_COUNT(schedule_columns),
			       "The rules have no schedules.");
}

static int
schedule_act(struct noc_client *c, const char *how, const char *sentence)
{
	char *target =
	    noc_client_path("/api/v1/schedules/", noc_client_arg(c, 0), how);
	int status =
	    noc_client_act(c, "POST", target, noc_client_body(c), sentence);

	free(target);
	return status;
}

static int
schedule_trigger(struct noc_client *c)
{
	return schedule_act(c, "/trigger", NULL);
}

static int
schedule_pause(struct noc_client *c)
{
	return schedule_act(c, "/pause", "paused");
}

static int
schedule_resume(struct noc_client *c)
{
	return schedule_act(c, "/resume", "resumed");
}

static int
schedule_backfill(struct noc_client *c)
{
	static const char *const said[] = { "from", "to" };
	char *target = noc_client_path("/api/v1/schedules/",
				       noc_client_arg(c, 0), "/backfill");
	struct noc_value *body = noc_client_body(c), *answer;
	int status;

	for (size_t i = 0; i < NOC_COUNT(said); i++)
		if (noc_client_opt(c, said[i]))
			noc_value_set(
			    body, said[i],
			    noc_value_str(noc_client_opt(c, said[i])));
	if (noc_client_has(c, "dry-run"))
		noc_value_set(body, "dry_run", noc_value_bool(true));
	answer = noc_client_call(c, "POST", target, body, &status);
	free(target);
	if (!answer)
		return status;
	noc_rows_output(c->output, answer, "times", time_columns,
			NOC_COUNT(time_columns),
			"It has no time in that span.");
	noc_value_free(answer);
	return status;
}

static int
schedule_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, schedule_list },
		{ "trigger", 1, 1, schedule_trigger },
		{ "pause", 1, 1, schedule_pause },
		{ "resume", 1, 1, schedule_resume },
		{ "backfill", 1, 1, schedule_backfill },
		{ "next", 1, 1, noc_schedule_next },
		{ 0 },
	};

	return noc_client_main(&noc_verb_schedule, subs, argc, argv);
}

const struct noc_verb noc_verb_schedule = {
	.name = "schedule",
	.summary = "lists, pauses and starts schedules, makes up for their "
		   "times, reads cron",
	.usage = "[list]\ntrigger SCHEDULE [-m WHY]\npause SCHEDULE -m WHY\n"
		 "resume SCHEDULE [-m WHY]\n"
		 "backfill SCHEDULE --from TIME [--to TIME] [--dry-run] "
		 "[-m WHY]\n"
		 "next 'EXPR' [--tz ZONE] [--from TIME] [-n N]",
	.options = schedule_options,
	.details =
	    "What passes while a schedule is paused is skipped; a person may "
	    "still trigger it.\nA backfill gives each time from --from to --to, "
	    "both included, that has no run yet\nits run, one after the other "
	    "(with overlap = \"allow\" at once); a TIME without an\noffset is of "
	    "the schedule's zone.  A time has one run, whoever asks.",
	.run = schedule_run,
};
