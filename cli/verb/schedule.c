/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/verb/schedule_next.h"

/* nocturne schedule: when they run next; run one now; what a cron expression
 * means, which needs no daemon. */

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
	{ "schedule", "SCHEDULE", 'l', 40 },
	{ "next", "NEXT", 't', 0 },
	{ "running", "RUNNING", 'l', 0 },
};

static int
schedule_list(struct noc_client *c)
{
	return noc_client_list(c, "/api/v1/schedules", "schedules",
			       schedule_columns, NOC_COUNT(schedule_columns),
			       "The rules have no schedules.");
}

static int
schedule_trigger(struct noc_client *c)
{
	char *target = noc_client_path("/api/v1/schedules/",
				       noc_client_arg(c, 0), "/trigger");
	int status =
	    noc_client_act(c, "POST", target, noc_client_body(c), NULL);

	free(target);
	return status;
}

static int
schedule_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, schedule_list },
		{ "trigger", 1, 1, schedule_trigger },
		{ "next", 1, 1, noc_schedule_next },
		{ 0 },
	};

	return noc_client_main(&noc_verb_schedule, subs, argc, argv);
}

const struct noc_verb noc_verb_schedule = {
	.name = "schedule",
	.summary = "lists schedules, starts one now, reads cron expressions",
	.usage = "[list]\ntrigger SCHEDULE [-m WHY]\nnext 'EXPR' [--tz ZONE] "
		 "[--from TIME] [-n N]",
	.options = schedule_options,
	.run = schedule_run,
};
