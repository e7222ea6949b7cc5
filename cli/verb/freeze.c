/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/silence.h"

/* nocturne freeze: no step that changes anything, for a while. */

static int
freeze_list(struct noc_client *c)
{
	return noc_mute_list(c, "/api/v1/freezes", "freezes");
}

static int
freeze_add(struct noc_client *c)
{
	return noc_mute_add(c, "/api/v1/freezes");
}

static int
freeze_del(struct noc_client *c)
{
	return noc_mute_del(c, "/api/v1/freezes/");
}

static int
freeze_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, freeze_list },
		{ "add", 1, 64, freeze_add },
		{ "del", 1, 1, freeze_del },
		{ 0 },
	};

	return noc_client_main(&noc_verb_freeze, subs, argc, argv);
}

const struct noc_verb noc_verb_freeze = {
	.name = "freeze",
	.summary = "holds back every change for a while",
	.usage = "[list]\nadd key=value... --for DURATION -m WHY\ndel ID",
	.options = noc_mute_options,
	.details = "key=value is matched against the event and the target: "
		   "device='core*'.  Runs read and\nnotify, but no step that "
		   "changes anything starts.",
	.run = freeze_run,
};
