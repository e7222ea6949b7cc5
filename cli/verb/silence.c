/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/silence.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* nocturne silence: notices muted for a while. */

const struct noc_verb_option noc_mute_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_FOR,
	NOC_CLIENT_WHY,
	{ 0 },
};

static const struct noc_column mute_columns[] = {
	{ "id", "ID", 'l', 0 },	      { "match", "MATCH", 'm', 60 },
	{ "until", "UNTIL", 't', 0 }, { "actor", "BY", 'l', 24 },
	{ "why", "WHY", 'l', 60 },
};

int
noc_mute_list(struct noc_client *c, const char *target, const char *key)
{
	return noc_client_list(c, target, key, mute_columns,
			       NOC_COUNT(mute_columns), "There are none.");
}

int
noc_mute_add(struct noc_client *c, const char *target)
{
	struct noc_value *body, *match, *answer;
	struct noc_strbuf until = NOC_STRBUF_INIT;
	int status = 0;

	match = noc_client_pairs(c, 0, false, &status);
	if (!match)
		return status;
	body = noc_client_body(c);
	noc_value_set(body, "match", match);
	answer = noc_client_call(c, "POST", target, body, &status);
	if (!answer)
		return status;
	if (c->output == NOC_OUTPUT_TABLE) {
		noc_rows_text(noc_value_get(answer, "until"), 't', 0, &until);
		printf("%s until %s\n", noc_value_get_str(answer, "id", "?"),
		       until.p);
		noc_strbuf_release(&until);
		if (noc_value_get_int(answer, "devices", 1) == 0)
			fprintf(stderr, "No device of the inventory matches: "
					"it is in force for those to come.\n");
	} else {
		noc_rows_json(answer, c->output == NOC_OUTPUT_JSON);
	}
	noc_value_free(answer);
	return status;
}

int
noc_mute_del(struct noc_client *c, const char *before)
{
	char *target = noc_client_path(before, noc_client_arg(c, 0), "");
	int status = noc_client_act(c, "DELETE", target, NULL, "deleted");

	free(target);
	return status;
}

static int
silence_list(struct noc_client *c)
{
	return noc_mute_list(c, "/api/v1/silences", "silences");
}

static int
silence_add(struct noc_client *c)
{
	return noc_mute_add(c, "/api/v1/silences");
}

static int
silence_del(struct noc_client *c)
{
	return noc_mute_del(c, "/api/v1/silences/");
}

static int
silence_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, silence_list },
		{ "add", 1, 64, silence_add },
		{ "del", 1, 1, silence_del },
		{ 0 },
	};

	return noc_client_main(&noc_verb_silence, subs, argc, argv);
}

const struct noc_verb noc_verb_silence = {
	.name = "silence",
	.summary = "mutes notices for a while",
	.usage = "[list]\nadd key=value... --for DURATION -m WHY\ndel ID",
	.options = noc_mute_options,
	.details = "key=value is matched against the event: device=sw1 "
		   "kind='link.*'.  Actions go on,\nnotices do not; explain "
		   "shows it.",
	.run = silence_run,
};
