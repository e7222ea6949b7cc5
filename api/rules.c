/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api/private.h"

/* Rules, schedules and channels: what is loaded, and what people do to it. */

static const char *const why_keys[] = { "why", NULL };

static void
named_command(struct noc_api *api, struct noc_http_req *req, const char *verb,
	      const char *key)
{
	struct noc_value *body = noc_api_body(req, why_keys), *command;

	if (!body)
		return;
	command = noc_api_verb(verb);
	noc_value_set(command, key, noc_value_str(noc_http_param(req, "name")));
	if (noc_value_get(body, "why"))
		noc_value_set(
		    command, "why",
		    noc_value_str(noc_value_get_str(body, "why", "")));
	noc_value_free(body);
	noc_api_command(api->env, req, command, 200, NULL);
}

static void
on_rules(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;

	noc_api_command(api->env, req, noc_api_verb("rules.list"), 200,
			"rules");
}

static void
on_rule_pause(struct noc_http_req *req, void *arg)
{
	named_command(arg, req, "rules.pause", "rule");
}

static void
on_rule_resume(struct noc_http_req *req, void *arg)
{
	named_command(arg, req, "rules.resume", "rule");
}

static void
on_schedules(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;

	noc_api_command(api->env, req, noc_api_verb("schedule.list"), 200,
			"schedules");
}

static void
on_schedule_trigger(struct noc_http_req *req, void *arg)
{
	named_command(arg, req, "schedule.trigger", "schedule");
}

static void
on_channel_test(struct noc_http_req *req, void *arg)
{
	named_command(arg, req, "notify.test", "channel");
}

void
noc_api_rules(struct noc_api *api)
{
	struct noc_http *http = api->env->http;

	noc_http_route(http, "GET", "/api/v1/rules", NOC_ROLE_VIEWER, on_rules,
		       api);
	noc_http_route(http, "POST", "/api/v1/rules/{name}/pause",
		       NOC_ROLE_OPERATOR, on_rule_pause, api);
	noc_http_route(http, "POST", "/api/v1/rules/{name}/resume",
		       NOC_ROLE_OPERATOR, on_rule_resume, api);
	noc_http_route(http, "GET", "/api/v1/schedules", NOC_ROLE_VIEWER,
		       on_schedules, api);
	noc_http_route(http, "POST", "/api/v1/schedules/{name}/trigger",
		       NOC_ROLE_OPERATOR, on_schedule_trigger, api);
	noc_http_route(http, "POST", "/api/v1/channels/{name}/test",
		       NOC_ROLE_OPERATOR, on_channel_test, api);
}
