/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/mem.h"
#include "api/private.h"

/* Rules, schedules and channels: what is loaded, and what people do to it. */

static struct noc_api_route rule_routes[] = {
	{ "GET", "/api/v1/rules", "rules.list", .status = 200, .key = "rules" },
	{ "POST", "/api/v1/rules/{rule}/pause", "rules.pause", .status = 200 },
	{ "POST", "/api/v1/rules/{rule}/resume", "rules.resume",
	  .status = 200 },
	{ "GET", "/api/v1/schedules", "schedule.list", .status = 200,
	  .key = "schedules" },
	{ "POST", "/api/v1/schedules/{schedule}/trigger", "schedule.trigger",
	  .status = 200 },
	{ "POST", "/api/v1/schedules/{schedule}/pause", "schedule.pause",
	  .status = 200 },
	{ "POST", "/api/v1/schedules/{schedule}/resume", "schedule.resume",
	  .status = 200 },
	{ "POST", "/api/v1/schedules/{schedule}/backfill", "schedule.backfill",
	  .status = 200 },
	{ "POST", "/api/v1/channels/{channel}/test", "notify.test",
	  .status = 200 },
};

void
noc_api_rules(struct noc_api *api)
{
	noc_api_routes(api, rule_routes, NOC_COUNT(rule_routes));
}
