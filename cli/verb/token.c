/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"

/* nocturne token: bearer tokens for the API over TCP. */

static const struct noc_verb_option token_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_FOR,
	{ "role", 'r', "ROLE",
	  "viewer, operator, approver, author or admin (viewer)", false },
	{ "groups", 'g', "GROUPS",
	  "create: for what gates its owner may decide, such as netops,noc",
	  false },
	{ 0 },
};

static const struct noc_column token_columns[] = {
	{ "id", "ID", 'l', 0 },		  { "name", "NAME", 'l', 40 },
	{ "role", "ROLE", 'l', 0 },	  { "groups", "GROUPS", 'l', 40 },
	{ "created", "CREATED", 't', 0 }, { "expires", "EXPIRES", 't', 0 },
	{ "expired", "EXPIRED", 'l', 0 },
};

static int
token_list(struct noc_client *c)
{
	return noc_client_list(c, "/api/v1/tokens", "tokens", token_columns,
			       NOC_COUNT(token_columns),
			       "There are no tokens.");
}

static int
token_create(struct noc_client *c)
{
	struct noc_value *body = noc_client_body(c), *answer;
	const char *role = noc_client_opt(c, "role");
	const char *groups = noc_client_opt(c, "groups");
	const char *token;
	int status;

	noc_value_set(body, "name", noc_value_str(noc_client_arg(c, 0)));
	noc_value_set(body, "role", noc_value_str(role ? role : "viewer"));
	if (groups)
		noc_value_set(body, "groups", noc_value_str(groups));
	answer = noc_client_call(c, "POST", "/api/v1/tokens", body, &status);
	if (!answer)
		return status;
	token = noc_value_get_str(answer, "token", "");
	if (c->output == NOC_OUTPUT_TABLE) {
		puts(token);
		fprintf(stderr,
			"This is shown once.  Send it as 'Authorization: "
			"Bearer ...'; it is '%s' in the journal.\n",
			noc_client_arg(c, 0));
	} else {
		noc_rows_json(answer, c->output == NOC_OUTPUT_JSON);
	}
	noc_value_free(answer);
	return status;
}

static int
token_revoke(struct noc_client *c)
{
	char *target =
	    noc_client_path("/api/v1/tokens/", noc_client_arg(c, 0), "");
	int status = noc_client_act(c, "DELETE", target, NULL, "revoked");

	free(target);
	return status;
}

static int
token_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, token_list },
		{ "create", 1, 1, token_create },
		{ "revoke", 1, 1, token_revoke },
		{ 0 },
	};

	return noc_client_main(&noc_verb_token, subs, argc, argv);
}

const struct noc_verb noc_verb_token = {
	.name = "token",
	.summary = "makes, lists and revokes API tokens",
	.usage =
	    "[list]\ncreate NAME [--role ROLE] [--groups GROUPS] [--for DURATION]\n"
	    "revoke ID|NAME",
	.options = token_options,
	.details = "Over the unix socket root and the daemon's own user need "
		   "none.  A token lasts 90\ndays unless --for says how long; "
		   "only its SHA-256 is kept.",
	.run = token_run,
};
