/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"

/* nocturne gate: what people are asked to decide, and what they say. */

static const struct noc_verb_option gate_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_WHY,
	{ "limit", 'n', "N", "list: so many at most (100)", false },
	{ "after", 0, "NEXT", "list: those after this page", false },
	{ "hash", 0, "SHA256",
	  "confirm: of the text that was read; 8 or more of it", false },
	{ "force", 0, NULL, "decide alone, as the role admin; it is recorded",
	  false },
	{ 0 },
};

static const struct noc_column gate_columns[] = {
	{ "opened", "ASKED", 't', 0 },	  { "due", "UNTIL", 't', 0 },
	{ "run", "RUN", 'i', 0 },	  { "path", "STEP", 'l', 28 },
	{ "kind", "KIND", 'l', 0 },	  { "rule", "RULE", 'l', 24 },
	{ "device", "DEVICE", 'l', 24 },  { "who", "BY", 'l', 32 },
	{ "missing", "MISSING", 'r', 0 },
};

static int
gate_list(struct noc_client *c)
{
	struct noc_strbuf url = NOC_STRBUF_INIT;
	struct noc_value *page;
	const char *next;
	int status = 0;

	noc_strbuf_adds(&url, "/api/v1/gates");
	noc_client_query(&url, "limit", noc_client_opt(c, "limit"));
	noc_client_query(&url, "after", noc_client_opt(c, "after"));
	page = noc_client_call(c, "GET", url.p, NULL, &status);
	next = noc_value_get_str(page, "next", NULL);
	if (page)
		noc_rows_output(c->output, page, "gates", gate_columns,
				NOC_COUNT(gate_columns),
				"Nobody is asked for anything.");
	if (next && c->output == NOC_OUTPUT_TABLE)
		fprintf(stderr, "There are more: --after '%s'\n", next);
	noc_value_free(page);
	noc_strbuf_release(&url);
	return status;
}

/* A text as it is, so that it can be read and hashed; else a table. */
static void
print_shown(const struct noc_value *gate)
{
	const struct noc_value *shown = noc_value_get(gate, "shown");
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (const char *p = shown && shown->type == NOC_STR ? shown->u.s.p
							     : NULL;
	     p && *p;) {
		size_t len = strcspn(p, "\n");
		struct noc_value *line = noc_value_strn(p, len);

		noc_rows_text(line, 'l', 0, &sb);
		noc_strbuf_addc(&sb, '\n');
		noc_value_free(line);
		p += len + (p[len] == '\n');
	}
	if (sb.len)
		fputs(sb.p, stdout);
	else if (shown)
		noc_rows_fields(NOC_OUTPUT_TABLE, shown);
	noc_strbuf_release(&sb);
}

static int
gate_show(struct noc_client *c)
{
	struct noc_strbuf url = NOC_STRBUF_INIT;
	char *target =
	    noc_client_path("/api/v1/gates/", noc_client_arg(c, 0), "");
	struct noc_value *gate, *head;
	int status = 0;

	noc_strbuf_adds(&url, target);
	noc_client_query(&url, "path", noc_client_arg(c, 1));
	gate = noc_client_call(c, "GET", url.p, NULL, &status);
	if (gate && c->output == NOC_OUTPUT_TABLE) {
		head = noc_value_copy(gate);
		noc_value_unset(head, "shown");
		noc_rows_fields(c->output, head);
		noc_value_free(head);
		putchar('\n');
		print_shown(gate);
	} else if (gate) {
		noc_rows_fields(c->output, gate);
	}
	noc_value_free(gate);
	noc_strbuf_release(&url);
	free(target);
	return status;
}

static int
gate_decide(struct noc_client *c, const char *decision, const char *done)
{
	static const char *const said[][2] = { { "message", "comment" },
					       { "hash", "sha256" } };
	char *target =
	    noc_client_path("/api/v1/gates/", noc_client_arg(c, 0), "");
	struct noc_value *body = noc_value_map(), *answer;
	int status = 0;

	noc_value_set(body, "decision", noc_value_str(decision));
	if (noc_client_arg(c, 1))
		noc_value_set(body, "path",
			      noc_value_str(noc_client_arg(c, 1)));
	for (size_t i = 0; i < NOC_COUNT(said); i++)
		if (noc_client_opt(c, said[i][0]))
			noc_value_set(
			    body, said[i][1],
			    noc_value_str(noc_client_opt(c, said[i][0])));
	if (noc_client_has(c, "force"))
		noc_value_set(body, "force", noc_value_bool(true));
	answer = noc_client_call(c, "POST", target, body, &status);
	free(target);
	if (answer && c->output != NOC_OUTPUT_TABLE)
		noc_rows_fields(c->output, answer);
	else if (answer && noc_value_get_bool(answer, "decided", false))
		puts(done);
	else if (answer)
		printf("noted; %lld more must say yes\n",
		       (long long)noc_value_get_int(answer, "missing", 0));
	noc_value_free(answer);
	return status;
}

static int
gate_approve(struct noc_client *c)
{
	return gate_decide(c, "approve", "approved");
}

static int
gate_confirm(struct noc_client *c)
{
	return gate_decide(c, "confirm", "confirmed");
}

static int
gate_reject(struct noc_client *c)
{
	return gate_decide(c, "reject", "rejected");
}

static int
gate_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, gate_list },
		{ "show", 1, 2, gate_show },
		{ "approve", 1, 2, gate_approve },
		{ "confirm", 1, 2, gate_confirm },
		{ "reject", 1, 2, gate_reject },
		{ 0 },
	};

	return noc_client_main(&noc_verb_gate, subs, argc, argv);
}

const struct noc_verb noc_verb_gate = {
	.name = "gate",
	.summary = "shows what people are asked to decide, and decides it",
	.usage =
	    "[list] [-n N] [--after NEXT]\nshow RUN [STEP]\napprove RUN [STEP] [-m WHY]\n"
	    "confirm RUN [STEP] --hash SHA256 [-m WHY]\n"
	    "reject RUN [STEP] [-m WHY]",
	.options = gate_options,
	.details = "STEP is needed when a run asks for several things.  You "
		   "decide as the user of the\nsocket, with the groups of your "
		   "process, or as the token in NOCTURNE_TOKEN, with its\n"
		   "groups.  Who asked for something does not approve it.",
	.run = gate_run,
};
