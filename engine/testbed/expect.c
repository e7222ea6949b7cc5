/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/rule/match.h"
#include "engine/policy/ledger.h"
#include "engine/correlate/keyed.h"
#include "engine/testbed/private.h"

/*
 * expect.WHAT "name" { "text in it", 2, device = "sw1" }: texts must all be
 * in what is found, a number is how often exactly (without one: at least
 * once).  What is not so is told together with what happened instead.
 */

bool
noc_tb_has_texts(const struct noc_tb_look *l, const char *text)
{
	for (size_t i = 0; i < l->ntexts; i++)
		if (!text || !strstr(text, l->texts[i]))
			return false;
	return true;
}

static void
look_init(struct noc_tb_look *l, struct noc_testbed *tb,
	  const struct noc_value *node)
{
	const struct noc_value *items = noc_ast_items(node);

	memset(l, 0, sizeof(*l));
	l->tb = tb;
	l->node = node;
	l->name = noc_ast_name(node) ? noc_ast_name(node) : "";
	l->count = -1;
	l->device = noc_value_get_str(noc_ast_opts(node), "device", NULL);
	for (size_t i = 0; i < noc_value_len(items); i++) {
		const struct noc_value *v = noc_value_at(items, i);

		if (v->type == NOC_INT)
			l->count = v->u.i;
		else if (v->type == NOC_STR && l->ntexts < NOC_COUNT(l->texts))
			l->texts[l->ntexts++] = v->u.s.p;
	}
}

/* ---- decisions ---- */

static bool
decision_of(const struct noc_tb_note *n, const char *rule)
{
	return n->kind == NOC_REC_DECISION && n->rule && !strcmp(n->rule, rule);
}

static bool
outcome_in(const char *outcome, const char *const *outcomes)
{
	for (; outcome && *outcomes; outcomes++)
		if (!strcmp(outcome, *outcomes))
			return true;
	return false;
}

static int64_t
count_decisions(const struct noc_tb_look *l, const char *const *outcomes)
{
	int64_t found = 0;

	for (size_t i = 0; i < l->tb->nnotes; i++) {
		const struct noc_tb_note *n = &l->tb->notes[i];
		const char *device = noc_tb_device(l->tb, n->event);

		found += decision_of(n, l->name) &&
			 outcome_in(n->outcome, outcomes) &&
			 (!l->device || !strcmp(l->device, device)) &&
			 noc_tb_has_texts(
			     l, noc_value_get_str(n->detail, "reason", ""));
	}
	return found;
}

/* Why the last event was no candidate of the rule, by the matcher. */
struct instead {
	const char *rule;
	struct noc_strbuf *out;
	bool told;
};

static void
on_instead(const struct noc_rule *rule, bool matched, const char *why,
	   void *arg)
{
	struct instead *x = arg;

	if (strcmp(rule->name, x->rule) != 0)
		return;
	x->told = true;
	noc_strbuf_addf(x->out, "%s  %s  %s   %s:%d", rule->name,
			matched ? "matches" : "NO", why, rule->file,
			rule->line);
}

static void
instead_explain(struct noc_testbed *tb, const char *rule,
		struct noc_strbuf *out)
{
	struct instead x = { rule, out, false };

	if (!noc_ruleset_rule(tb->rs, rule)) {
		bool pair = false;

		for (size_t i = 0; i < tb->rs->npairs; i++)
			pair |= !strcmp(tb->rs->pairs[i].name, rule);
		noc_strbuf_addf(out,
				pair ? "pair '%s' never began"
				     : "there is no rule '%s'",
				rule);
		return;
	}
	if (!tb->last) {
		noc_strbuf_adds(out, "it was never a candidate");
		return;
	}
	noc_match_explain(tb->rs, tb->last, on_instead, &x);
	if (!x.told)
		noc_strbuf_addf(out,
				"it was never a candidate: the last event is "
				"%s of %.*s",
				tb->last->kind, (int)tb->last->device.len,
				tb->last->device.p);
}

void
noc_tb_instead(struct noc_testbed *tb, const char *rule, struct noc_strbuf *out)
{
	const struct noc_tb_note *last[4];
	size_t n = 0;
	char when[32];

	for (size_t i = tb->nnotes; i > 0 && n < NOC_COUNT(last); i--)
		if (decision_of(&tb->notes[i - 1], rule))
			last[n++] = &tb->notes[i - 1];
	if (!n)
		instead_explain(tb, rule, out);
	while (n) {
		const struct noc_tb_note *d = last[--n];
		const char *why = noc_value_get_str(d->detail, "reason", "");

		noc_strbuf_addf(out, "%s at %s%s%s%s", d->outcome,
				noc_duration_format(when, d->at_ms),
				*why ? " (" : "", why, *why ? ")" : "");
		if (n)
			noc_strbuf_adds(out, ", ");
	}
	for (size_t i = 0; i < noc_value_len(tb->unstubbed) && i < 3; i++)
		noc_strbuf_addf(out, "; no stub for %s",
				noc_value_at(tb->unstubbed, i)->u.s.p);
}

static void
expect_decisions(const struct noc_tb_look *l, const char *const *outcomes,
		 const char *words)
{
	int64_t found = count_decisions(l, outcomes);
	struct noc_strbuf out = NOC_STRBUF_INIT;

	if (l->count < 0 ? found > 0 : found == l->count)
		return;
	noc_tb_instead(l->tb, l->name, &out);
	if (l->count < 0)
		noc_tb_fail(l->tb, "%s should have %s%s%s%s; instead: %s",
			    l->name, words, l->ntexts ? " with \"" : "",
			    l->ntexts ? l->texts[0] : "", l->ntexts ? "\"" : "",
			    out.p);
	else
		noc_tb_fail(l->tb,
			    "%s should have %s %lld times, it did %lld "
			    "times: %s",
			    l->name, words, (long long)l->count,
			    (long long)found, out.p);
	noc_strbuf_release(&out);
}

/* ---- held, no_run ---- */

static void
expect_held(const struct noc_tb_look *l)
{
	const struct noc_rule_count *c = noc_ledger_rule(l->tb->core, l->name);
	int64_t held = c ? (int64_t)c->held_now : 0;
	struct noc_strbuf out = NOC_STRBUF_INIT;

	for (size_t i = 0; i < l->tb->rs->npairs; i++)
		if (!strcmp(l->tb->rs->pairs[i].name, l->name))
			held = (int64_t)noc_keyed_count(
			    l->tb->core, &noc_form_pair, l->name);
	if (l->count < 0 ? held > 0 : held == l->count)
		return;
	noc_tb_instead(l->tb, l->name, &out);
	noc_tb_fail(l->tb, "%s should be holding now (it holds %lld); %s",
		    l->name, (long long)held, out.p);
	noc_strbuf_release(&out);
}

static void
expect_no_run(const struct noc_tb_look *l)
{
	static const char *const ran[] = { "fired", "observed", NULL };
	const struct noc_rule_count *c = noc_ledger_rule(l->tb->core, l->name);
	struct noc_strbuf out = NOC_STRBUF_INIT;

	noc_tb_instead(l->tb, l->name, &out);
	if (count_decisions(l, ran))
		noc_tb_fail(l->tb, "%s should not have run; it did: %s",
			    l->name, out.p);
	else if (!c || !c->matched)
		noc_tb_fail(l->tb,
			    "%s did not run, but nothing stopped it: it was "
			    "never a candidate, so this shows nothing: %s",
			    l->name, out.p);
	else if (c->held_now)
		noc_tb_fail(l->tb, "%s has not run yet, but still holds: %s",
			    l->name, out.p);
	noc_strbuf_release(&out);
}

static void
on_storm(struct noc_core *core, struct noc_keyed *k, void *arg)
{
	(void)core;
	*(int64_t *)arg += noc_value_get_bool(k->data, "open", false);
}

static void
expect_storm(const struct noc_tb_look *l)
{
	int64_t open = 0;

	noc_keyed_each(l->tb->core, &noc_form_storm, l->name, on_storm, &open);
	if (l->count < 0 ? open > 0 : open == l->count)
		return;
	noc_tb_fail(l->tb, "%s should have %s storming now; %lld are", l->name,
		    l->count < 0 ? "a key" : "so many keys", (long long)open);
}

static void
expect_fate(const struct noc_tb_look *l, const char *fate)
{
	if (strcmp(l->tb->last_fate, fate) != 0)
		noc_tb_fail(l->tb, "the last event should be %s; it was %s",
			    fate,
			    *l->tb->last_fate ? l->tb->last_fate : "none");
}

static void
expect_kind(const struct noc_tb_look *l)
{
	const char *got = l->tb->last ? l->tb->last->kind : "none";

	if (strcmp(got, l->name) != 0)
		noc_tb_fail(l->tb, "the last event should be %s; it is %s",
			    l->name, got);
}

/* "matched after 3s" or, without an action, "closed in time". */
static void
expect_pair(struct noc_tb_look *l, bool missing)
{
	static const char *const ran[] = { "fired", NULL };
	static const char *const closed[] = { "cancelled", NULL };
	static const char *const open[] = { "counted", NULL };
	struct noc_tb_look with = *l;
	struct noc_strbuf out = NOC_STRBUF_INIT;
	int64_t found;

	if (with.ntexts < NOC_COUNT(with.texts))
		with.texts[with.ntexts++] = missing ? "missing" : "matched";
	found = count_decisions(&with, ran) +
		count_decisions(l, missing ? open : closed);
	if (l->count < 0 ? found > 0 : found == l->count)
		return;
	noc_tb_instead(l->tb, l->name, &out);
	noc_tb_fail(l->tb, "%s should have been %s; instead: %s", l->name,
		    missing ? "left without its close" : "closed in time",
		    out.p);
	noc_strbuf_release(&out);
}

/* ---- which one ---- */

static const struct {
	const char *what, *words, *outcomes[3];
} expect_outcomes[] = {
	{ "fired", "fired", { "fired", "observed", NULL } },
	{ "damped", "been damped", { "damped", NULL } },
	{ "guarded", "been guarded", { "guarded", NULL } },
	{ "cancelled", "been called off", { "cancelled", NULL } },
	{ "silenced", "been silenced", { "silenced", NULL } },
};

static const struct {
	const char *what;
	void (*look)(const struct noc_tb_look *l);
} expect_looks[] = {
	{ "held", expect_held },
	{ "no_run", expect_no_run },
	{ "storm", expect_storm },
	{ "kind", expect_kind },
	{ "run", noc_tb_look_run },
	{ "would", noc_tb_look_would },
	{ "notified", noc_tb_look_notices },
	{ "action", noc_tb_look_calls },
	{ "count", noc_tb_look_calls },
	{ "field", noc_tb_look_fields },
	{ "items", noc_tb_look_items },
	{ "undone", noc_tb_look_undone },
	{ "waiting", noc_tb_look_waiting },
	{ "gate", noc_tb_look_gate },
};

void
noc_tb_expect(struct noc_testbed *tb, const struct noc_value *node)
{
	const char *what = noc_ast_node(node) + strlen("expect.");
	struct noc_tb_look l;

	look_init(&l, tb, node);
	for (size_t i = 0; i < NOC_COUNT(expect_outcomes); i++)
		if (!strcmp(what, expect_outcomes[i].what)) {
			expect_decisions(&l, expect_outcomes[i].outcomes,
					 expect_outcomes[i].words);
			return;
		}
	for (size_t i = 0; i < NOC_COUNT(expect_looks); i++)
		if (!strcmp(what, expect_looks[i].what)) {
			expect_looks[i].look(&l);
			return;
		}
	if (!strcmp(what, "matched") || !strcmp(what, "missing"))
		expect_pair(&l, !strcmp(what, "missing"));
	else
		expect_fate(&l, what); /* folded duplicate unmatched */
}
