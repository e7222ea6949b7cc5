/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>

#include "base/mem.h"
#include "cli/client.h"

/* nocturne status: is it well, what does it do, where does it listen. */

static const struct noc_verb_option status_options[] = {
	NOC_CLIENT_OPTIONS,
	{ "sources", 0, NULL, "the ledger of each way in", false },
	{ 0 },
};

static const struct noc_column source_columns[] = {
	{ "source", "SOURCE", 'l', 32 },
	{ "received", "RECEIVED", 'r', 0 },
	{ "matched", "MATCHED", 'r', 0 },
	{ "unmatched", "UNMATCHED", 'r', 0 },
	{ "folded", "FOLDED", 'r', 0 },
	{ "duplicate", "DUPLICATE", 'r', 0 },
	{ "refused", "REFUSED", 'r', 0 },
	{ "shed", "SHED", 'r', 0 },
	{ "in_progress", "WAITING", 'r', 0 },
	{ "malformed", "MALFORMED", 'r', 0 },
	{ "unwanted", "UNWANTED", 'r', 0 },
	{ "kernel_dropped", "KERNEL", 'r', 0 },
};

static int
status_print(struct noc_client *c)
{
	if (noc_client_has(c, "sources"))
		return noc_client_list(
		    c, "/api/v1/sources", "sources", source_columns,
		    NOC_COUNT(source_columns), "There is no way in.");
	return noc_client_act(c, "GET", "/api/v1/status", NULL, NULL);
}

static int
status_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "show", 0, 0, status_print },
		{ 0 },
	};

	return noc_client_main(&noc_verb_status, subs, argc, argv);
}

const struct noc_verb noc_verb_status = {
	.name = "status",
	.summary = "shows how the daemon is",
	.usage = "[--sources]",
	.options = status_options,
	.run = status_run,
};
