/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/lang/ast.h"
#include "engine/expr/where.h"
#include "engine/expr/where_test.h"
#include "engine/testbed/private.h"

/* Expectations about runs, what they did or would have done, and notices. */

static const char *
plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- a table of fields, as in `where` ---- */

/* "raise = \"ok\"" means that it begins so: "failed: timeout", "would ...". */
static struct noc_value *
fields_prefix(const struct noc_value *v)
{
	struct noc_value *node, *items;

	if (v->type != NOC_STR)
		return noc_value_copy(v);
	node = noc_value_map();
	items = noc_value_list();
	noc_value_push(items, noc_value_copy(v));
	noc_value_set(node, "node", noc_value_str("prefix"));
	noc_value_set(node, "items", items);
	return node;
}

/* The table of the expectation, steps = { raise = "ok" } made plain. */
static struct noc_value *
fields_tree(const struct noc_value *opts)
{
	struct noc_value *tree = noc_value_map();

	for (size_t i = 0; opts && i < opts->u.map.len; i++) {
		const struct noc_member *m = &opts->u.map.at[i];

		if (strcmp(m->key, "steps") || m->value->type != NOC_MAP) {
			noc_value_set(tree, m->key, noc_value_copy(m->value));
			continue;
		}
		for (size_t k = 0; k < m->value->u.map.len; k++) {
			const struct noc_member *s = &m->value->u.map.at[k];
			char *path = noc_asprintf("steps.%s.outcome", s->key);

			noc_value_set(tree, path, fields_prefix(s->value));
			free(path);
		}
	}
	return tree;
}

static bool
fields_hold(struct noc_testbed *tb, const struct noc_value *opts,
	    const struct noc_scope *scope, struct noc_strbuf *why)
{
	struct noc_value *tree = fields_tree(opts);
	struct noc_where *w = NULL;
	struct noc_err err;
	bool ok = true;

	if (noc_value_len(tree)) {
		if (noc_where_compile(tree, NULL, noc_ast_at(tb->node), &w,
				      &err)) {
			noc_strbuf_adds(why, err.msg);
			ok = false;
		} else {
			ok = noc_where_explain(w, scope, why);
		}
	}
	noc_where_free(w);
	noc_value_free(tree);
	return ok;
}

/* ---- runs ---- */

static void
run_describe(const struct noc_tb_run *r, struct noc_strbuf *out)
{
	noc_strbuf_addf(out, "%s: %s", noc_value_get_str(r->view, "state", ""),
			noc_value_get_str(r->view, "outcome", ""));
	for (size_t i = 0; i < noc_value_len(r->steps); i++)
		noc_strbuf_addf(out, "%s%s %s", i ? ", " : " [",
				r->steps->u.map.at[i].key,
				noc_value_get_str(r->steps->u.map.at[i].value,
						  "outcome", ""));
	if (noc_value_len(r->steps))
		noc_strbuf_addc(out, ']');
}

static bool
run_has_no(const struct noc_tb_look *l, const char *what, const char *name,
	   const char *const *known, size_t n)
{
	const char *meant = noc_suggest(name, known, n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(known[i], name))
			return false;
	noc_tb_fail(l->tb, "a run of %s has no %s '%s'%s%s%s", l->name, what,
		    name, meant ? "; did you mean '" : "", meant ? meant : "",
		    meant ? "'?" : "");
	return true;
}

/* A step by its name, wherever it stands; what has a path is looked for. */
static bool
run_steps_wrong(const struct noc_tb_look *l, const struct noc_value *steps)
{
	const struct noc_plan *p = noc_ruleset_plan(l->tb->rs, l->name);
	const char **known = noc_calloc(p ? p->nsteps + 1 : 1, sizeof(*known));
	bool wrong = false;
	size_t n = 0;

	for (size_t i = 0; p && i < p->nsteps; i++)
		if (p->steps[i].name)
			known[n++] = p->steps[i].name;
	for (size_t i = 0; p && i < noc_value_len(steps); i++) {
		const char *name = steps->u.map.at[i].key;

		if (!strpbrk(name, "/[!"))
			wrong |= run_has_no(l, "step", name, known, n);
	}
	free(known);
	return wrong;
}

/* What no run could have is a slip of the test. */
static bool
run_wrong(const struct noc_tb_look *l, const struct noc_tb_run *r)
{
	const struct noc_value *opts = noc_ast_opts(l->node);
	const struct noc_value *steps = noc_value_get(opts, "steps");
	const char *known[64] = { "steps" };
	bool wrong = false;
	size_t n = 1;

	for (size_t i = 0; i < noc_value_len(r->view) && n < NOC_COUNT(known);
	     i++)
		known[n++] = r->view->u.map.at[i].key;
	for (size_t i = 0; i < noc_value_len(opts); i++) {
		const char *key = opts->u.map.at[i].key;
		char *head = noc_strndup(key, strcspn(key, ".["));

		wrong |= run_has_no(l, "field", head, known, n);
		free(head);
	}
	if (steps && steps->type == NOC_MAP)
		wrong |= run_steps_wrong(l, steps);
	return wrong;
}

/* expect.run "rule" { state = "Succeeded", steps = { raise = "ok" } }. */
void
noc_tb_look_run(const struct noc_tb_look *l)
{
	struct noc_testbed *tb = l->tb;
	struct noc_strbuf why = NOC_STRBUF_INIT, last = NOC_STRBUF_INIT;
	int64_t found = 0, runs = 0;

	for (size_t i = 0; i < tb->nruns; i++) {
		const struct noc_tb_run *r = &tb->runs[i];
		struct noc_scope scope = { .ev = NULL,
					   .extra = r->view,
					   .steps = r->steps };

		if (strcmp(r->rule, l->name) != 0)
			continue;
		if (!runs++ && run_wrong(l, r))
			goto out;
		noc_strbuf_clear(&why);
		found += fields_hold(tb, noc_ast_opts(l->node), &scope, &why) &&
			 noc_tb_has_texts(
			     l, noc_value_get_str(r->view, "outcome", ""));
		noc_strbuf_clear(&last);
		run_describe(r, &last);
	}
	if (l->count < 0 ? found > 0 : found == l->count)
		goto out;
	if (!runs) {
		noc_tb_instead(tb, l->name, &last);
		noc_tb_fail(tb, "%s has not run: %s", l->name, last.p);
	} else if (l->count >= 0) {
		noc_tb_fail(tb,
			    "%s should have %lld such run%s, it has %lld of "
			    "%lld; the last %s",
			    l->name, (long long)l->count, plural(l->count),
			    (long long)found, (long long)runs, last.p);
	} else {
		noc_tb_fail(tb, "no run of %s is so: %s; the last %s", l->name,
			    why.p ? why.p : "", last.p);
	}
out:
	noc_strbuf_release(&why);
	noc_strbuf_release(&last);
}

void
noc_tb_look_would(const struct noc_tb_look *l)
{
	struct noc_testbed *tb = l->tb;
	struct noc_strbuf out = NOC_STRBUF_INIT;
	int64_t found = 0;

	for (size_t i = 0; i < tb->nnotes; i++) {
		const struct noc_tb_note *n = &tb->notes[i];
		const struct noc_tb_run *r;

		if (n->kind != NOC_REC_STEP_DONE || !n->outcome ||
		    strncmp(n->outcome, "would have", 10))
			continue;
		r = noc_tb_run_find(tb, n->run);
		if (!r || strcmp(r->rule, l->name) != 0)
			continue;
		found += noc_tb_has_texts(l, n->outcome);
		noc_strbuf_addf(&out, "%s%s", out.len ? "; " : "", n->outcome);
	}
	if (l->count < 0 ? found > 0 : found == l->count)
		goto out;
	if (!out.len)
		noc_tb_instead(tb, l->name, &out);
	noc_tb_fail(tb, "%s would not have done%s%s; instead: %s", l->name,
		    l->ntexts ? " " : " anything", l->ntexts ? l->texts[0] : "",
		    out.p);
out:
	noc_strbuf_release(&out);
}

/* ---- notices ---- */

static bool
is_notice(const struct noc_tb_note *n, const char *channel)
{
	return n->kind == NOC_REC_STEP_DONE && n->step &&
	       !strncmp(n->step, "notify:", 7) &&
	       (!*channel || !strcmp(n->step + 7, channel));
}

void
noc_tb_look_notices(const struct noc_tb_look *l)
{
	struct noc_testbed *tb = l->tb;
	struct noc_strbuf out = NOC_STRBUF_INIT;
	int64_t found = 0;
	char when[32];

	for (size_t i = 0; i < tb->nnotes; i++) {
		const struct noc_tb_note *n = &tb->notes[i];
		const char *text = noc_value_get_str(n->detail, "text", "");

		if (!is_notice(n, l->name))
			continue;
		found += noc_tb_has_texts(l, text);
		if (out.len < 800)
			noc_strbuf_addf(&out, "%s\"%.160s\" at %s",
					out.len ? ", " : "", text,
					noc_duration_format(when, n->at_ms));
	}
	if (l->count < 0 ? found > 0 : found == l->count)
		goto out;
	if (!out.len)
		noc_strbuf_adds(&out, "it was told nothing");
	if (l->count < 0)
		noc_tb_fail(tb, "%s should have been told%s%s%s; %s", l->name,
			    l->ntexts ? " \"" : " something",
			    l->ntexts ? l->texts[0] : "", l->ntexts ? "\"" : "",
			    out.p);
	else
		noc_tb_fail(tb,
			    "%s should have been told so %lld time%s, it was "
			    "%lld; %s",
			    l->name, (long long)l->count, plural(l->count),
			    (long long)found, out.p);
out:
	noc_strbuf_release(&out);
}

/* ---- calls ---- */

static int64_t
count_calls(const struct noc_tb_look *l, const char *target,
	    struct noc_strbuf *out)
{
	int64_t found = 0;
	char when[32];

	for (size_t i = 0; i < l->tb->ncalls; i++) {
		const struct noc_tb_call *c = &l->tb->calls[i];

		if (out->len < 800)
			noc_strbuf_addf(out, "%s%s to %s at %s",
					out->len ? ", " : "", c->text,
					c->target,
					noc_duration_format(when, c->at_ms));
		found += !strcmp(c->action, l->name) &&
			 (!target || !strcmp(target, c->target)) &&
			 noc_tb_has_texts(l, c->text);
	}
	return found;
}

/* Also expect.count "runs" { 1 }, "notices", "events" or an action. */
void
noc_tb_look_calls(const struct noc_tb_look *l)
{
	const char *target =
	    noc_value_get_str(noc_ast_opts(l->node), "target", l->device);
	struct noc_testbed *tb = l->tb;
	struct noc_strbuf out = NOC_STRBUF_INIT;
	int64_t found = 0;

	if (!strcmp(l->name, "runs")) {
		found = (int64_t)tb->nruns;
	} else if (!strcmp(l->name, "notices")) {
		for (size_t i = 0; i < tb->nnotes; i++)
			found += is_notice(&tb->notes[i], "");
	} else if (!strcmp(l->name, "events")) {
		for (size_t i = 0; i < tb->nnotes; i++)
			found += tb->notes[i].kind == NOC_REC_EVENT;
	} else {
		found = count_calls(l, target, &out);
	}
	if (l->count < 0 ? found > 0 : found == l->count)
		goto out;
	if (l->count < 0)
		noc_tb_fail(tb, "%s%s%s should have been carried out; %s",
			    l->name, l->ntexts ? " with " : "",
			    l->ntexts ? l->texts[0] : "",
			    out.len ? out.p : "nothing was");
	else
		noc_tb_fail(tb, "%s: %lld expected, %lld found%s%s", l->name,
			    (long long)l->count, (long long)found,
			    out.len ? "; " : "", out.len ? out.p : "");
out:
	noc_strbuf_release(&out);
}

/* expect.field { ifname = "Gi1/0/1" } of the last event. */
void
noc_tb_look_fields(const struct noc_tb_look *l)
{
	struct noc_testbed *tb = l->tb;
	struct noc_scope scope = { .ev = tb->last };
	struct noc_strbuf why = NOC_STRBUF_INIT;

	if (!tb->last)
		noc_tb_fail(tb, "there is no last event to look at");
	else if (!fields_hold(tb, noc_ast_opts(l->node), &scope, &why))
		noc_tb_fail(tb, "the last event is not so: %s",
			    why.p ? why.p : "");
	noc_strbuf_release(&why);
}
