/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/client.h"

/* nocturne kill: the switch that holds back every change at once. */

static const struct noc_verb_option kill_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_WHY,
	{ 0 },
};

static int
kill_status(struct noc_client *c)
{
	return noc_client_act(c, "GET", "/api/v1/kill", NULL, NULL);
}

static int
kill_on(struct noc_client *c)
{
	return noc_client_act(c, "POST", "/api/v1/kill/on", noc_client_body(c),
			      "on: no step that changes anything starts");
}

static int
kill_off(struct noc_client *c)
{
	return noc_client_act(c, "POST", "/api/v1/kill/off", noc_client_body(c),
			      "off");
}

static int
kill_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "status", 0, 0, kill_status },
		{ "on", 0, 0, kill_on },
		{ "off", 0, 0, kill_off },
		{ 0 },
	};

	return noc_client_main(&noc_verb_kill, subs, argc, argv);
}

const struct noc_verb noc_verb_kill = {
	.name = "kill",
	.summary = "holds back every change at once",
	.usage = "[status]\non -m WHY\noff -m WHY",
	.options = kill_options,
	.details = "Events, reads and notices go on; runs wait until it is off "
		   "again.",
	.run = kill_run,
};
