/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "engine/core/record.h"
#include "api/private.h"

/* Tokens: made, listed, revoked by admins; each in the journal. */

#define TOKEN_FOR_MS (90LL * 24 * 3600 * 1000)

static void
on_tokens_list(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_value *body, *list;
	struct noc_err err;

	if (noc_auth_list(api->env, &list, &err)) {
		noc_http_reply_err(req, &err);
		return;
	}
	body = noc_value_map();
	noc_value_set(body, "tokens", list);
	noc_http_reply_json(req, 200, body);
	noc_value_free(body);
}

static void
on_token_durable(void *arg)
{
	struct noc_job *job = arg;
	struct noc_value *body;

	if (!noc_job_back(job))
		return;
	body = job->data;
	job->data = NULL;
	noc_http_header_set(job->req, "Cache-Control", "no-store");
	noc_job_end_json(job, job->status, body);
}

/* The ADMIN record, then the answer (body is owned). */
static void
token_answer(struct noc_api *api, struct noc_http_req *req, const char *verb,
	     const struct noc_value *row, struct noc_value *body, int status)
{
	struct noc_core *core = api->env->core;
	struct noc_value *record = noc_value_copy(row);
	struct noc_job *job = noc_job_new(api->env, req, 0);

	noc_value_set(record, "verb", noc_value_str(verb));
	noc_value_set(record, "actor", noc_value_str(noc_http_actor(job->req)));
	job->data = body;
	job->status = status;
	noc_job_out(job);
	noc_core_begin(core, noc_core_turn(core));
	noc_core_admin(core, record);
	noc_core_effect(core, on_token_durable, NULL, job);
	noc_core_end(core);
	noc_value_free(record);
}

static void
on_token_create(struct noc_http_req *req, void *arg)
{
	static const char *const keys[] = { "name", "role",   "groups",
					    "for",  "for_ms", NULL };
	struct noc_api *api = arg;
	struct noc_value *body;
	struct noc_value *say, *row = NULL;
	enum noc_role role;
	struct noc_err err;
	char *token = NULL;
	int r;

	if (noc_api_keyed(req, "a token is shown once"))
		return;
	body = noc_api_body(req, keys);
	if (!body)
		return;
	say = noc_value_map();
	r = noc_api_fill(say, body, &err);
	if (!r && noc_role_parse(noc_value_get_str(say, "role", ""), &role))
		r = noc_err_set(&err, NOC_EINPUT,
				"role must be viewer, operator, approver, "
				"author or admin.");
	if (!r)
		r = noc_auth_create(
		    api->env, noc_value_get_str(say, "name", ""), role,
		    noc_value_get_str(say, "groups", ""),
		    noc_value_get_int(say, "for_ms", TOKEN_FOR_MS), &token,
		    &row, &err);
	noc_value_free(say);
	noc_value_free(body);
	if (r) {
		noc_http_reply_err(req, &err);
		return;
	}
	body = noc_value_copy(row);
	noc_value_set(body, "token", noc_value_str(token));
	token_answer(api, req, "token.create", row, body, 201);
	noc_wipe(token, strlen(token));
	free(token);
	noc_value_free(row);
}

static void
on_token_revoke(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_value *row = NULL;
	struct noc_err err;

	if (noc_auth_revoke(api->env, noc_http_param(req, "id"), &row, &err)) {
		noc_http_reply_err(req, &err);
		return;
	}
	token_answer(api, req, "token.revoke", row, noc_value_copy(row), 200);
	noc_value_free(row);
}

void
noc_api_tokens(struct noc_api *api)
{
	struct noc_http *http = api->env->http;

	noc_http_route(http, "GET", "/api/v1/tokens", NOC_ROLE_ADMIN,
		       on_tokens_list, api);
	noc_http_route(http, "POST", "/api/v1/tokens", NOC_ROLE_ADMIN,
		       on_token_create, api);
	noc_http_route(http, "DELETE", "/api/v1/tokens/{id}", NOC_ROLE_ADMIN,
		       on_token_revoke, api);
}
