/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/verb/rules_new.h"

/* nocturne rules: what is loaded and what it did; pause and resume. */

static const struct noc_verb_option rules_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_WHY,
	{ "from-event", 0, "ID", "new: from this event", false },
	{ "from-file", 0, "FILE", "new: from what 'decode' printed", false },
	{ "name", 0, "NAME", "new: name of the rule and its files", false },
	{ "dir", 0, "DIR", "new: where to write them", false },
	{ "print", 0, NULL, "new: print them instead", false },
	{ 0 },
};

static const struct noc_column rule_columns[] = {
	{ "rule", "RULE", 'l', 36 },
	{ "shown", "MODE", 'l', 0 },
	{ "matched", "MATCHED", 'r', 0 },
	{ "fired", "FIRED", 'r', 0 },
	{ "would", "WOULD", 'r', 0 },
	{ "held", "HELD", 'r', 0 },
	{ "cancelled", "LEFT", 'r', 0 },
	{ "guarded", "GUARDED", 'r', 0 },
	{ "silenced", "SILENCED", 'r', 0 },
	{ "errored", "ERRORS", 'r', 0 },
	{ "at", "AT", 'l', 0 },
};

static int
rules_list(struct noc_client *c)
{
	const struct noc_value *list;
	struct noc_value *answer;
	int status;

	answer = noc_client_call(c, "GET", "/api/v1/rules", NULL, &status);
	if (!answer)
		return status;
	list = noc_value_get(answer, "rules");
	for (size_t i = 0;
	     c->output == NOC_OUTPUT_TABLE && i < noc_value_len(list); i++) {
		struct noc_value *row = noc_value_at(list, i);

		if (row->type != NOC_MAP)
			continue;
		noc_value_set(
		    row, "shown",
		    noc_value_str(noc_value_get_bool(row, "paused", false)
				      ? "PAUSED"
				      : noc_value_get_str(row, "mode", "?")));
	}
	noc_rows_output(c->output, answer, "rules", rule_columns,
			NOC_COUNT(rule_columns), "No rules are loaded.");
	noc_value_free(answer);
	return status;
}

static int
rules_move(struct noc_client *c, const char *how, const char *done)
{
	char *target =
	    noc_client_path("/api/v1/rules/", noc_client_arg(c, 0), how);
	int status =
	    noc_client_act(c, "POST", target, noc_client_body(c), done);

	free(target);
	return status;
}

static int
rules_pause(struct noc_client *c)
{
	return rules_move(c, "/pause", "paused");
}

static int
rules_resume(struct noc_client *c)
{
	return rules_move(c, "/resume", "resumed");
}

static int
rules_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, rules_list },
		{ "pause", 1, 1, rules_pause },
		{ "resume", 1, 1, rules_resume },
		{ "new", 0, 0, noc_rules_new },
		{ 0 },
	};

	return noc_client_main(&noc_verb_rules, subs, argc, argv);
}

const struct noc_verb noc_verb_rules = {
	.name = "rules",
	.summary = "lists, pauses and resumes rules; writes new ones",
	.usage = "[list]\npause RULE -m WHY\nresume RULE [-m WHY]\n"
		 "new --from-event ID [--name NAME] [--dir DIR]",
	.options = rules_options,
	.details = "A paused rule starts nothing until it is resumed, also "
		   "after a restart.",
	.run = rules_run,
};
