/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/mem.h"
#include "api/private.h"

/* Decisions that people are asked for.  Nothing is decided by a GET: a link
 * in a mail shows, and no more. */

static void
on_gates(struct noc_http_req *req, void *arg)
{
	static const char *const filters[] = { "after", NULL };
	struct noc_api *api = arg;
	struct noc_value *command = noc_api_page(req, filters);

	if (!command)
		return;
	noc_value_unset(command, "before");
	noc_value_set(command, "verb", noc_value_str("gate.list"));
	noc_api_command(api->env, req, command, 200, NULL);
}

static void
on_gate(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_value *command = noc_api_verb("gate.show");
	const char *path = noc_http_query(req, "path");

	noc_value_set(command, "id", noc_value_str(noc_http_param(req, "id")));
	if (path && *path)
		noc_value_set(command, "path", noc_value_str(path));
	noc_api_command(api->env, req, command, 200, NULL);
}

static struct noc_api_route gate_routes[] = {
	{ "POST", "/api/v1/gates/{id}", "gate.decide", .status = 200 },
};

void
noc_api_gates(struct noc_api *api)
{
	noc_api_route(api, "GET", "/api/v1/gates", "gate.list", on_gates);
	noc_api_route(api, "GET", "/api/v1/gates/{id}", "gate.show", on_gate);
	noc_api_routes(api, gate_routes, NOC_COUNT(gate_routes));
}
