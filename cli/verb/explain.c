/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/client.h"

/* nocturne explain: for every candidate rule, why or why not. */

static const struct noc_verb_option explain_options[] = {
	NOC_CLIENT_OPTIONS,
	{ 0 },
};

static void
add_escaped(struct noc_strbuf *sb, const char *text)
{
	noc_strbuf_add_escaped(sb, text, strlen(text));
}

/* "fired: reason → run 0193…" for each decision, in order. */
static void
explain_decisions(struct noc_strbuf *sb, const struct noc_value *list)
{
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *d = noc_value_at(list, i);
		const char *reason = noc_value_get_str(d, "reason", "");
		const char *run = noc_value_get_str(d, "run", NULL);

		if (i)
			noc_strbuf_adds(sb, ", then ");
		add_escaped(sb, noc_value_get_str(d, "outcome", "?"));
		if (*reason) {
			noc_strbuf_adds(sb, ": ");
			add_escaped(sb, reason);
		}
		if (run) {
			noc_strbuf_adds(sb, " → run ");
			noc_strbuf_add_escaped(
			    sb, run, strlen(run) < 18 ? strlen(run) : 18);
		}
	}
}

static void
explain_rule(const struct noc_value *row)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	const struct noc_value *decisions = noc_value_get(row, "decisions");
	const char *why = noc_value_get_str(row, "why", "");
	const char *fix = noc_value_get_str(row, "fix", NULL);
	const char *counts = noc_value_get_str(row, "counts", NULL);
	bool matched = noc_value_get_bool(row, "matched", false);

	add_escaped(&sb, noc_value_get_str(row, "rule", "?"));
	noc_strbuf_adds(&sb, matched ? "  YES  " : "  NO  ");
	if (!matched) {
		if (strncmp(why, "when:", 5) && strncmp(why, "group ", 6))
			noc_strbuf_adds(&sb, "where.");
		add_escaped(&sb, why);
		if (noc_value_len(decisions)) {
			noc_strbuf_adds(&sb, " (then it was ");
			explain_decisions(&sb, decisions);
			noc_strbuf_adds(&sb, ")");
		}
	} else if (noc_value_len(decisions)) {
		explain_decisions(&sb, decisions);
	} else if (counts) {
		noc_strbuf_adds(&sb, "counted by its ");
		add_escaped(&sb, counts);
		noc_strbuf_adds(&sb, ", by the rules of now");
	} else {
		noc_strbuf_adds(&sb, "it matches by the rules of now; nothing "
				     "was decided when it came");
	}
	if (noc_value_get_bool(row, "paused", false))
		noc_strbuf_adds(&sb, " (the rule is paused)");
	noc_strbuf_adds(&sb, "   ");
	add_escaped(&sb, noc_value_get_str(row, "at", ""));
	if (fix) {
		noc_strbuf_adds(&sb, "  fix: ");
		add_escaped(&sb, fix);
	}
	puts(sb.p);
	noc_strbuf_release(&sb);
}

static void
explain_event(const struct noc_value *ev)
{
	static const struct {
		const char *path;
		char how;
	} words[] = { { "received", 't' },
		      { "kind", 'l' },
		      { "device", 'l' },
		      { "data.ifname", 'l' },
		      { "data.peer", 'l' } };
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	const char *base = noc_value_get_str(ev, "base", "");
	const char *witnesses = noc_value_get_str(ev, "witnesses", NULL);

	noc_strbuf_adds(&sb, "event ");
	add_escaped(&sb, noc_value_get_str(ev, "id", ""));
	for (size_t i = 0; i < NOC_COUNT(words); i++) {
		const struct noc_value *v = noc_value_path(ev, words[i].path);

		if (!v)
			continue;
		noc_strbuf_addc(&sb, ' ');
		noc_rows_text(v, words[i].how, 60, &sb);
	}
	noc_strbuf_adds(&sb, " [");
	add_escaped(&sb, !strcmp(base, "snmp.trap") ? "trap" : base);
	noc_strbuf_adds(&sb, "] trust ");
	add_escaped(&sb, noc_value_get_str(ev, "trust", "?"));
	if (noc_value_get_bool(ev, "malformed", false))
		noc_strbuf_adds(&sb, ", malformed");
	if (witnesses) {
		noc_strbuf_adds(&sb, ", seen by: ");
		add_escaped(&sb, witnesses);
	}
	puts(sb.p);
	noc_strbuf_release(&sb);
	sb = (struct noc_strbuf)NOC_STRBUF_INIT;
	noc_rows_text(noc_value_get(ev, "summary"), 'l', 200, &sb);
	if (strcmp(sb.p, "-"))
		printf("      %s\n", sb.p);
	noc_strbuf_release(&sb);
}

static void
explain_rest(const struct noc_value *body)
{
	const struct noc_value *others = noc_value_get(body, "decisions");
	const char *silence = noc_value_get_str(body, "silence", NULL);
	const char *freeze = noc_value_get_str(body, "freeze", NULL);

	for (size_t i = 0; i < noc_value_len(others); i++) {
		const struct noc_value *d = noc_value_at(others, i);
		struct noc_strbuf sb = NOC_STRBUF_INIT;
		struct noc_value *one = noc_value_list();

		noc_value_push(one, noc_value_copy(d));
		add_escaped(&sb, noc_value_get_str(d, "rule", "?"));
		noc_strbuf_adds(&sb, "  YES  ");
		explain_decisions(&sb, one);
		puts(sb.p);
		noc_value_free(one);
		noc_strbuf_release(&sb);
	}
	if (silence)
		printf("silence %s mutes its notices (nocturne silence)\n",
		       silence);
	if (freeze)
		printf("freeze %s holds back its changes (nocturne freeze)\n",
		       freeze);
	if (noc_value_get_bool(body, "killed", false))
		puts("the kill switch holds back every change (nocturne "
		     "kill)");
}

static int
explain_one(struct noc_client *c)
{
	char *target = noc_client_path("/api/v1/events/", noc_client_arg(c, 0),
				       "/explain");
	const struct noc_value *rules, *ev;
	struct noc_value *body;
	int status;

	body = noc_client_call(c, "GET", target, NULL, &status);
	free(target);
	if (!body)
		return status;
	rules = noc_value_get(body, "rules");
	ev = noc_value_get(body, "event");
	if (c->output == NOC_OUTPUT_JSON) {
		noc_rows_json(body, true);
	} else if (c->output == NOC_OUTPUT_JSONL) {
		for (size_t i = 0; i < noc_value_len(rules); i++)
			noc_rows_json(noc_value_at(rules, i), false);
	} else {
		explain_event(ev);
		for (size_t i = 0; i < noc_value_len(rules); i++)
			explain_rule(noc_value_at(rules, i));
		explain_rest(body);
		if (!noc_value_len(rules) &&
		    !noc_value_len(noc_value_get(body, "decisions")))
			printf("no rule is on %s; 'nocturne rules new "
			       "--from-event %.18s' writes one\n",
			       noc_value_get_str(ev, "kind", "this kind"),
			       noc_value_get_str(ev, "id", "ID"));
	}
	noc_value_free(body);
	return status;
}

static int
explain_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "", 1, 1, explain_one },
		{ 0 },
	};

	return noc_client_main(&noc_verb_explain, subs, argc, argv);
}

const struct noc_verb noc_verb_explain = {
	.name = "explain",
	.summary = "says why each rule did or did not want an event",
	.usage = "EVENT|last",
	.options = explain_options,
	.details =
	    "EVENT is an id as 'nocturne events' shows it, or the "
	    "beginning of one.  For every\nrule that waits for its kind: "
	    "the first condition that did not hold with what\nwas wanted "
	    "and what came, or what became of it; then where the rule "
	    "stands and,\nwhere there is one, the remedy.",
	.run = explain_run,
};
