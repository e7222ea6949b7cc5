/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>

#include "cli/client.h"

/* nocturne notify test: does a channel reach anybody? */

static const struct noc_verb_option notify_options[] = {
	NOC_CLIENT_OPTIONS,
	{ 0 },
};

static int
notify_test(struct noc_client *c)
{
	char *target =
	    noc_client_path("/api/v1/channels/", noc_client_arg(c, 0), "/test");
	int status = noc_client_act(c, "POST", target, noc_value_map(), NULL);

	free(target);
	return status;
}

static int
notify_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "test", 1, 1, notify_test },
		{ 0 },
	};

	return noc_client_main(&noc_verb_notify, subs, argc, argv);
}

const struct noc_verb noc_verb_notify = {
	.name = "notify",
	.summary = "sends a test notice to a channel",
	.usage = "test CHANNEL",
	.options = notify_options,
	.run = notify_run,
};
