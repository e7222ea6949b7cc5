/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/flow/await.h"
#include "engine/flow/gate.h"
#include "engine/flow/input.h"
#include "engine/flow/pick.h"
#include "engine/flow/plan.h"
#include "engine/flow/plan_private.h"
#include "engine/flow/probe.h"

#define CHECK_DEPTH_MAX 32

struct walk {
	void (*fn)(const char *path, size_t len, void *arg);
	void *arg;
	struct noc_err *err; /* of the first that is no template */
	int rc;
	int depth;
	const char **at; /* of the nearest node */
};

static void
walk_text(struct walk *w, const char *text, size_t len)
{
	struct noc_template *t;
	int rc;

	if (w->rc || (!memchr(text, '{', len) && !memchr(text, '}', len)))
		return;
	rc = noc_template_parse(text, len, &t, w->err);
	if (rc) {
		w->rc = rc;
		return;
	}
	if (w->fn)
		noc_template_paths(t, w->fn, w->arg);
	noc_template_free(t);
}

/* These hold no templates: see engine/expr/template_tree.c. */
static bool
walk_skips(const struct noc_value *v)
{
	return noc_ast_is(v, "secret") || noc_ast_is(v, "function") ||
	       noc_ast_is(v, "re") || noc_ast_is(v, "cron");
}

static void
walk_value(struct walk *w, const struct noc_value *v)
{
	bool node = noc_ast_node(v) != NULL;
	const char *at = w->at ? *w->at : NULL;

	if (!v || w->depth >= CHECK_DEPTH_MAX || walk_skips(v))
		return;
	w->depth++;
	if (w->at && node && noc_value_get(v, "at"))
		*w->at = noc_ast_at(v);
	if (v->type == NOC_STR)
		walk_text(w, v->u.s.p, v->u.s.len);
	if (noc_ast_is(v, "log") && noc_ast_name(v))
		walk_text(w, noc_ast_name(v), strlen(noc_ast_name(v)));
	for (size_t i = 0; v->type == NOC_LIST && i < v->u.list.len; i++)
		walk_value(w, v->u.list.at[i]);
	for (size_t i = 0; v->type == NOC_MAP && i < v->u.map.len; i++) {
		const struct noc_member *m = &v->u.map.at[i];

		if (node && strcmp(m->key, "items") && strcmp(m->key, "opts"))
			continue;
		if (!node)
			walk_text(w, m->key, strlen(m->key));
		walk_value(w, m->value);
	}
	w->depth--;
	if (w->at)
		*w->at = at;
}

void
noc_ast_each_path(const struct noc_value *v, const char **at,
		  void (*fn)(const char *path, size_t len, void *arg),
		  void *arg)
{
	struct walk w = { .fn = fn, .arg = arg, .at = at };

	walk_value(&w, v);
}

static void
on_where(const char *path, void *arg)
{
	plan_name_path(path, strlen(path), arg);
}

/* What would fail each time it is expanded, and the steps that it reads. */
static void
check_value(struct plan_check *c, const struct noc_value *v)
{
	struct noc_err why;
	struct walk w = { .err = &why };

	if (!v)
		return;
	noc_ast_each_path(v, NULL, plan_name_path, c);
	walk_value(&w, v);
	if (w.rc)
		plan_name_problem(c, &why);
}

static void
check_text(struct plan_check *c, const char *text)
{
	struct noc_template *t;
	struct noc_err why;

	if (!text || noc_template_parse(text, strlen(text), &t, &why))
		return;
	noc_template_paths(t, plan_name_path, c);
	noc_template_free(t);
}

static void
check_template(struct plan_check *c, const struct noc_template *t)
{
	if (t)
		noc_template_paths(t, plan_name_path, c);
}

static void
check_escalation(struct plan_check *c, const struct noc_escalation *e)
{
	for (size_t i = 0; e && i < e->nlevels; i++)
		check_value(c, e->levels[i].action);
}

static void
check_collect(struct plan_check *c, const struct noc_value *collect)
{
	for (size_t i = 0; i < noc_value_len(collect); i++) {
		const struct noc_value *v = collect->u.map.at[i].value;

		if (v->type == NOC_STR)
			plan_name_path(v->u.s.p, v->u.s.len, c);
	}
}

static void
check_each(struct plan_check *c, const struct noc_each_def *e)
{
	if (!e)
		return;
	check_value(c, e->over);
	c->item = true;
	check_template(c, e->key);
	c->item = false;
	check_template(c, e->limit_text);
	check_template(c, e->need_text);
	c->ended = true;
	check_collect(c, e->collect);
	c->ended = false;
}

static void
check_call(struct plan_check *c, const struct noc_step_def *s)
{
	struct noc_err why;

	if (c->b->marks[c->node].wrong ||
	    !noc_input_check_call(s->call, s->call_takes, s->call_input, &why))
		return;
	if (s->takes_back)
		noc_err_prefix(&why, "'undo'");
	plan_name_problem(c, &why);
}

/* It is told of a flow that there is. */
static void
check_undo_call(struct plan_check *c, const struct noc_step_def *u)
{
	check_value(c, u->call_input);
	if (noc_value_get(u->params, "flow"))
		check_call(c, u);
}

static void
check_node(struct plan_check *c, const struct noc_step_def *s)
{
	if (c->b->marks[c->node].wrong)
		return;
	noc_where_paths(s->when, on_where, c);
	check_template(c, s->target);
	check_value(c, s->params);
	check_value(c, s->probe ? s->probe->action : NULL);
	check_escalation(c, s->escalation);
	check_each(c, s->each);
	check_value(c, s->call_input);
	check_value(c, s->undo_items);
	if (s->gate) {
		check_value(c, s->gate->show);
		check_template(c, s->gate->requester);
		if (s->gate->withdraw)
			check_value(c, s->gate->withdraw->where);
	}
	if (s->await)
		check_value(c, s->await->where);
	if (s->kind == NOC_STEP_STOP || s->kind == NOC_STEP_FAIL)
		check_text(c, s->reason);
	c->own = true;
	noc_where_paths(s->expect, on_where, c);
	noc_where_paths(s->fail_if, on_where, c);
	c->undoing = true;
	if (s->undo) {
		if (s->undo->kind == NOC_STEP_CALL)
			check_undo_call(c, s->undo);
		else
			check_value(c, s->undo->params);
		check_template(c, s->undo->target);
	}
	c->undoing = false;
	c->own = false;
	if (s->kind != NOC_STEP_CALL)
		return;
	c->ended = true;
	check_value(c, s->call_output);
	c->ended = false;
}

/* ---- undo ---- */

/* What is wrong may have one. */
static bool
undo_below(const struct planning *b, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++)
		if (b->p->steps[i].undo || b->marks[i].wrong)
			return true;
	return b->holes;
}

/* undo "back" { step = "deploy" }, in the list that holds it, or after it. */
static void
check_undo(struct plan_check *c, const char *name)
{
	const struct noc_plan *p = c->b->p;
	size_t node = name ? plan_name_step(c, name) : 0;
	const char *meant;
	struct noc_err why;

	if (!name || (node == NOC_NODE_TOP && c->b->holes))
		return;
	meant = node == NOC_NODE_TOP ? plan_name_meant(c, name) : NULL;
	if (node == NOC_NODE_TOP)
		noc_err_set(&why, NOC_ECONFIG,
			    "there is no earlier step '%s'%s%s%s", name,
			    meant ? "; did you mean '" : "", meant ? meant : "",
			    meant ? "'?" : ".");
	else if (c->b->marks[node].scope != c->b->marks[c->node].scope)
		noc_err_set(&why, NOC_ECONFIG,
			    "step '%s' stands outside of '%s', and each item "
			    "would take it back; do it after all of them.",
			    name, p->steps[c->b->marks[c->node].scope].name);
	else if (!undo_below(c->b, node, p->steps[node].end))
		noc_err_set(&why, NOC_ECONFIG,
			    "step '%s' has no `undo`, so nothing would be "
			    "taken back.",
			    name);
	else
		return;
	plan_name_problem(c, &why);
}

/* Items that are written out, of a list that is. */
static void
check_undo_items(struct plan_check *c, const struct noc_step_def *s)
{
	size_t node = s->undo_of ? plan_name_step(c, s->undo_of) : NOC_NODE_TOP;
	struct noc_strbuf none = NOC_STRBUF_INIT;
	const struct noc_step_def *of;
	const struct noc_value *all;
	struct noc_err why;

	if (node == NOC_NODE_TOP)
		return;
	of = &c->b->p->steps[node];
	all = of->each ? of->each->over : of->targets;
	if (noc_pick_literal(all, s->undo_items, &none)) {
		noc_err_set(&why, NOC_ECONFIG, "'items': '%s' has no %s.",
			    of->name, none.p);
		plan_name_problem(c, &why);
	}
	noc_strbuf_release(&none);
}

/* What asks for an undo has something to undo. */
static void
check_undo_asked(struct plan_check *c)
{
	const struct noc_plan *p = c->b->p;
	bool run = p->undo != NOC_UNDO_NONE || p->undo_cancelled;
	struct noc_err why;

	for (size_t i = 0; i < p->undo_from; i++) {
		const struct noc_step_def *s = &p->steps[i];

		if (!s->each || s->each->undo == NOC_UNDO_NONE ||
		    undo_below(c->b, i, s->end))
			continue;
		noc_err_set(&why, NOC_ECONFIG,
			    "no step in it has an `undo`, so nothing would be "
			    "taken back.");
		c->node = i;
		c->b->scope = c->b->marks[i].scope;
		plan_name_problem(c, &why);
	}
	c->b->scope = NOC_NODE_TOP;
	if (!run || undo_below(c->b, 0, p->nbody))
		return;
	noc_err_set(&why, NOC_ECONFIG,
		    "no step of the flow has an `undo`, so nothing would be "
		    "taken back.");
	c->node = NOC_NODE_TOP;
	c->end = p->undo_cancelled ? "on_cancel" : "on_fail";
	plan_name_problem(c, &why);
}

/* ---- input ---- */

static void
on_input_wrong(const struct noc_err *mistake, void *arg)
{
	struct noc_err why = *mistake;

	plan_name_problem(arg, &why);
}

void
plan_check_names(struct planning *b)
{
	struct noc_plan *p = b->p;
	struct plan_check c;

	plan_name_begin(&c, b);
	plan_name_unique(&c);
	for (size_t i = 0; i < p->nsteps; i++) {
		c.node = i;
		b->scope = b->marks[i].scope;
		check_node(&c, &p->steps[i]);
		if (p->steps[i].kind == NOC_STEP_UNDO)
			check_undo(&c, p->steps[i].undo_of);
		if (p->steps[i].undo_items)
			check_undo_items(&c, &p->steps[i]);
		if (p->steps[i].kind == NOC_STEP_CALL &&
		    !p->steps[i].takes_back)
			check_call(&c, &p->steps[i]);
	}
	b->scope = c.node = NOC_NODE_TOP;
	c.end = "on_fail";
	check_escalation(&c, p->on_fail);
	check_value(&c, p->on_fail_actions);
	c.end = "output";
	check_value(&c, p->output);
	c.end = "input";
	noc_input_declared(p->input, on_input_wrong, &c);
	check_undo_asked(&c);
	plan_reach(b);
	plan_name_end(&c);
}
