/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "api/private.h"

/* What holds actions back: breakers, silences, freezes, the kill switch. */

static void
guard_list(struct noc_api *api, struct noc_http_req *req, const char *verb,
	   const char *key)
{
	noc_api_command(api->env, req, noc_api_verb(verb), 200, key);
}

static void
guard_post(struct noc_api *api, struct noc_http_req *req, const char *verb,
	   const char *const *keys, int status)
{
	struct noc_value *body = noc_api_body(req, keys);
	struct noc_value *command;
	struct noc_err err;

	if (!body)
		return;
	command = noc_value_map();
	if (noc_api_fill(command, body, &err)) {
		noc_http_reply_err(req, &err);
		noc_value_free(command);
	} else {
		noc_value_set(command, "verb", noc_value_str(verb));
		noc_api_command(api->env, req, command, status, NULL);
	}
	noc_value_free(body);
}

/* ---- breakers ---- */

static void
on_breakers(struct noc_http_req *req, void *arg)
{
	guard_list(arg, req, "breaker.list", "breakers");
}

static void
on_breaker_move(struct noc_http_req *req, void *arg)
{
	static const char *const keys[] = { "action", "target", "for",
					    "for_ms", "why",	NULL };
	const char *to = noc_http_param(req, "move");

	if (!strcmp(to, "trip"))
		guard_post(arg, req, "breaker.trip", keys, 200);
	else if (!strcmp(to, "reset"))
		guard_post(arg, req, "breaker.reset", keys, 200);
	else if (!strcmp(to, "disable"))
		guard_post(arg, req, "breaker.disable", keys, 200);
	else
		noc_http_reply_problem(req, 404, NULL,
				       "A breaker is moved by trip, reset or "
				       "disable.");
}

/* ---- silences and freezes ---- */

static const char *const mute_keys[] = { "match", "for", "for_ms", "why",
					 NULL };

static void
on_silences(struct noc_http_req *req, void *arg)
{
	guard_list(arg, req, "silence.list", "silences");
}

static void
on_silence_add(struct noc_http_req *req, void *arg)
{
	guard_post(arg, req, "silence.add", mute_keys, 201);
}

static void
on_freezes(struct noc_http_req *req, void *arg)
{
	guard_list(arg, req, "freeze.list", "freezes");
}

static void
on_freeze_add(struct noc_http_req *req, void *arg)
{
	guard_post(arg, req, "freeze.add", mute_keys, 201);
}

static void
mute_del(struct noc_api *api, struct noc_http_req *req, const char *verb)
{
	struct noc_value *command = noc_api_verb(verb);

	noc_value_set(command, "id", noc_value_str(noc_http_param(req, "id")));
	noc_api_command(api->env, req, command, 200, NULL);
}

static void
on_silence_del(struct noc_http_req *req, void *arg)
{
	mute_del(arg, req, "silence.del");
}

static void
on_freeze_del(struct noc_http_req *req, void *arg)
{
	mute_del(arg, req, "freeze.del");
}

/* ---- the kill switch: anyone on duty may stop it all, admins go on ---- */

static const char *const kill_keys[] = { "why", NULL };

static void
on_kill_status(struct noc_http_req *req, void *arg)
{
	guard_list(arg, req, "kill.status", NULL);
}

static void
on_kill_on(struct noc_http_req *req, void *arg)
{
	guard_post(arg, req, "kill.on", kill_keys, 200);
}

static void
on_kill_off(struct noc_http_req *req, void *arg)
{
	guard_post(arg, req, "kill.off", kill_keys, 200);
}

void
noc_api_guards(struct noc_api *api)
{
	static const struct {
		const char *method, *path;
		enum noc_role role;
		void (*fn)(struct noc_http_req *req, void *arg);
	} routes[] = {
		{ "GET", "/api/v1/breakers", NOC_ROLE_VIEWER, on_breakers },
		{ "POST", "/api/v1/breakers/{move}", NOC_ROLE_OPERATOR,
		  on_breaker_move },
		{ "GET", "/api/v1/silences", NOC_ROLE_VIEWER, on_silences },
		{ "POST", "/api/v1/silences", NOC_ROLE_OPERATOR,
		  on_silence_add },
		{ "DELETE", "/api/v1/silences/{id}", NOC_ROLE_OPERATOR,
		  on_silence_del },
		{ "GET", "/api/v1/freezes", NOC_ROLE_VIEWER, on_freezes },
		{ "POST", "/api/v1/freezes", NOC_ROLE_OPERATOR, on_freeze_add },
		{ "DELETE", "/api/v1/freezes/{id}", NOC_ROLE_OPERATOR,
		  on_freeze_del },
		{ "GET", "/api/v1/kill", NOC_ROLE_VIEWER, on_kill_status },
		{ "POST", "/api/v1/kill/on", NOC_ROLE_OPERATOR, on_kill_on },
		{ "POST", "/api/v1/kill/off", NOC_ROLE_ADMIN, on_kill_off },
	};

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		noc_http_route(api->env->http, routes[i].method, routes[i].path,
			       routes[i].role, routes[i].fn, api);
}
