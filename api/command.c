/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "engine/core/command.h"
#include "api/private.h"

/*
 * Routes that are a command, by its row of engine/core/command.def: the role
 * is the row's, what the path names is taken from it, and the body may have
 * the other parameters.
 */

/* Of a verb that is not there: the server does not start with it. */
static enum noc_role
command_role(const char *verb)
{
	const struct noc_command *row = noc_command_find(verb);

	return row ? row->role : NOC_ROLE_UNSET;
}

void
noc_api_route(struct noc_api *api, const char *method, const char *path,
	      const char *verb, void (*fn)(struct noc_http_req *req, void *arg))
{
	noc_http_route(api->env->http, method, path, command_role(verb), fn,
		       api);
}

/* The parameters that a body may have; "for" is for_ms in words. */
static void
command_keys(const struct noc_command *row, struct noc_http_req *req,
	     const char *keys[NOC_COMMAND_PARAMS + 2])
{
	size_t n = 0;

	for (const struct noc_command_param *p = row->params; p->name; p++) {
		if (noc_http_param(req, p->name))
			continue;
		keys[n++] = p->name;
		if (!strcmp(p->name, "for_ms"))
			keys[n++] = "for";
	}
	keys[n] = NULL;
}

static void
on_command(struct noc_http_req *req, void *arg)
{
	const struct noc_api_route *r = arg;
	const struct noc_command *row = noc_command_find(r->verb);
	const char *keys[NOC_COMMAND_PARAMS + 2];
	struct noc_value *command = noc_api_verb(r->verb), *body = NULL;
	struct noc_err err;

	command_keys(row, req, keys);
	if (!strcmp(r->method, "POST")) {
		body = noc_api_body(req, keys);
		if (!body)
			goto out;
		if (noc_api_fill(command, body, &err)) {
			noc_http_reply_err(req, &err);
			goto out;
		}
	}
	for (const struct noc_command_param *p = row->params; p->name; p++)
		if (noc_http_param(req, p->name))
			noc_value_set(
			    command, p->name,
			    noc_value_str(noc_http_param(req, p->name)));
	if (r->starts) {
		struct noc_job *job = noc_api_starting(r->api->env, req);

		if (!job)
			goto out;
		noc_job_do(job, command);
	} else {
		noc_api_command(r->api->env, req, command, r->status, r->key);
	}
	command = NULL;
out:
	noc_value_free(body);
	noc_value_free(command);
}

void
noc_api_routes(struct noc_api *api, struct noc_api_route *routes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct noc_api_route *r = &routes[i];

		r->api = api;
		noc_http_route(api->env->http, r->method, r->path,
			       command_role(r->verb), on_command, r);
	}
}
