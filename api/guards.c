/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/mem.h"
#include "api/private.h"

/* What holds actions back: breakers, silences, freezes, the kill switch. */

static struct noc_api_route guard_routes[] = {
	{ "GET", "/api/v1/breakers", "breaker.list", .status = 200,
	  .key = "breakers" },
	{ "POST", "/api/v1/breakers/trip", "breaker.trip", .status = 200 },
	{ "POST", "/api/v1/breakers/reset", "breaker.reset", .status = 200 },
	{ "POST", "/api/v1/breakers/disable", "breaker.disable",
	  .status = 200 },
	{ "GET", "/api/v1/silences", "silence.list", .status = 200,
	  .key = "silences" },
	{ "POST", "/api/v1/silences", "silence.add", .status = 201 },
	{ "DELETE", "/api/v1/silences/{id}", "silence.del", .status = 200 },
	{ "GET", "/api/v1/freezes", "freeze.list", .status = 200,
	  .key = "freezes" },
	{ "POST", "/api/v1/freezes", "freeze.add", .status = 201 },
	{ "DELETE", "/api/v1/freezes/{id}", "freeze.del", .status = 200 },
	{ "GET", "/api/v1/kill", "kill.status", .status = 200 },
	{ "POST", "/api/v1/kill/on", "kill.on", .status = 200 },
	{ "POST", "/api/v1/kill/off", "kill.off", .status = 200 },
};

void
noc_api_guards(struct noc_api *api)
{
	noc_api_routes(api, guard_routes, NOC_COUNT(guard_routes));
}
