/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cli/client.h"

/* nocturne breaker: circuit breakers listed, tripped, reset. */

static const struct noc_verb_option breaker_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_WHY,
	NOC_CLIENT_FOR,
	{ 0 },
};

static const struct noc_column breaker_columns[] = {
	{ "action", "ACTION", 'l', 20 }, { "target", "TARGET", 'l', 36 },
	{ "state", "STATE", 'l', 0 },	 { "ok", "OK", 'r', 0 },
	{ "failed", "FAILED", 'r', 0 },	 { "until", "UNTIL", 't', 0 },
	{ "actor", "BY", 'l', 20 },	 { "why", "WHY", 'l', 60 },
};

static int
breaker_list(struct noc_client *c)
{
	return noc_client_list(c, "/api/v1/breakers", "breakers",
			       breaker_columns, NOC_COUNT(breaker_columns),
			       "No breaker has counted anything yet.");
}

static int
breaker_move(struct noc_client *c, const char *target, const char *done)
{
	struct noc_value *body = noc_client_body(c);

	noc_value_set(body, "action", noc_value_str(noc_client_arg(c, 0)));
	noc_value_set(body, "target", noc_value_str(noc_client_arg(c, 1)));
	return noc_client_act(c, "POST", target, body, done);
}

static int
breaker_trip(struct noc_client *c)
{
	return breaker_move(c, "/api/v1/breakers/trip", "open");
}

static int
breaker_reset(struct noc_client *c)
{
	return breaker_move(c, "/api/v1/breakers/reset", "closed");
}

static int
breaker_disable(struct noc_client *c)
{
	return breaker_move(c, "/api/v1/breakers/disable", "disabled");
}

static int
breaker_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, breaker_list },
		{ "trip", 2, 2, breaker_trip },
		{ "reset", 2, 2, breaker_reset },
		{ "disable", 2, 2, breaker_disable },
		{ 0 },
	};

	return noc_client_main(&noc_verb_breaker, subs, argc, argv);
}

const struct noc_verb noc_verb_breaker = {
	.name = "breaker",
	.summary = "lists, trips and resets circuit breakers",
	.usage = "[list]\ntrip ACTION TARGET -m WHY [--for DURATION]\n"
		 "reset ACTION TARGET -m WHY\n"
		 "disable ACTION TARGET -m WHY [--for DURATION]",
	.options = breaker_options,
	.details = "ACTION is a family such as snmp, TARGET a device, a host, "
		   "or '*' for all of them.\nWithout --for it holds one hour.",
	.run = breaker_run,
};
