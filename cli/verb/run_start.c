/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/run_start.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/verb/run_watch.h"

static const struct noc_column plan_columns[] = {
	{ "step", "STEP", 'l', 28 },	  { "does", "DOES", 'l', 80 },
	{ "mutates", "CHANGES", 'l', 0 }, { "attempts", "TRIES", 'r', 0 },
	{ "timeout", "TIMEOUT", 'r', 0 }, { "at", "AT", 'l', 0 },
};

static int
run_started(struct noc_client *c, const struct noc_value *answer)
{
	const char *id = noc_value_get_str(answer, "run_id", NULL);

	if (!id) {
		noc_rows_output(c->output, answer, "steps", plan_columns,
				NOC_COUNT(plan_columns), "It has no steps.");
		return NOC_EXIT_OK;
	}
	if (c->output == NOC_OUTPUT_TABLE)
		printf("%s\n", id);
	else if (!noc_client_has(c, "watch"))
		noc_rows_json(answer, c->output == NOC_OUTPUT_JSON);
	return noc_client_has(c, "watch") ? noc_run_watch_one(c, id, true)
					  : NOC_EXIT_OK;
}

int
noc_run_from_flow(struct noc_client *c)
{
	struct noc_value *body = noc_value_map(), *input, *answer;
	char *target;
	int status = 0;

	if (noc_client_has(c, "dry-run"))
		noc_value_set(body, "mode", noc_value_str("dry_run"));
	else if (noc_client_has(c, "observe"))
		noc_value_set(body, "mode", noc_value_str("observe"));
	else if (noc_client_has(c, "shadow"))
		noc_value_set(body, "mode", noc_value_str("shadow"));
	input = noc_client_pairs(c, 1, true, &status);
	if (!input) {
		noc_value_free(body);
		return status;
	}
	noc_value_set(body, "input", input);
	target =
	    noc_client_path("/api/v1/flows/", noc_client_arg(c, 0), "/runs");
	answer = noc_client_call(c, "POST", target, body, &status);
	free(target);
	if (answer)
		status = run_started(c, answer);
	noc_value_free(answer);
	return status;
}
