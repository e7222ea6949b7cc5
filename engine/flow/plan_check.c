/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/table.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/flow/plan.h"
#include "engine/flow/plan_private.h"

#define CHECK_DEPTH_MAX 32

struct walk {
	void (*fn)(const char *path, size_t len, void *arg);
	void *arg;
	struct noc_err *err; /* of the first that is no template */
	int rc;
	int depth;
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

	if (!v || w->depth >= CHECK_DEPTH_MAX || walk_skips(v))
		return;
	w->depth++;
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
}

void
noc_ast_each_path(const struct noc_value *v,
		  void (*fn)(const char *path, size_t len, void *arg),
		  void *arg)
{
	struct walk w = { .fn = fn, .arg = arg };

	walk_value(&w, v);
}

/* ---- what comes before what ---- */

struct check {
	struct planning *b;
	size_t words;	  /* of a set of nodes */
	uint64_t *before; /* a set a node: what has ended when it begins */
	uint8_t *known;	  /* its set is made */
	size_t node;	  /* at hand; NOC_NODE_TOP: after all of them */
	bool ended;	  /* and what is in it has ended as well */
	bool own;	  /* it may see itself */
	const char *end;  /* what of the flow is after all of them */
};

static uint64_t *
set_of(const struct check *c, size_t node)
{
	return c->before + node * c->words;
}

static bool
set_has(const uint64_t *set, size_t node)
{
	return set[node / 64] >> (node % 64) & 1;
}

/* A node, and what it holds as a place. */
static void
set_add(const struct check *c, uint64_t *set, size_t node)
{
	const struct plan_mark *marks = c->b->marks;

	for (size_t i = node; i < c->b->p->steps[node].end; i++)
		if (marks[i].scope == marks[node].scope)
			set[i / 64] |= (uint64_t)1 << (i % 64);
}

static void
set_join(const struct check *c, uint64_t *set, const uint64_t *other)
{
	for (size_t i = 0; i < c->words; i++)
		set[i] |= other[i];
}

static void
before_make(const struct check *c, size_t node)
{
	const struct noc_plan *p = c->b->p;
	const struct noc_step_def *s = &p->steps[node];
	uint64_t *set = set_of(c, node);

	if (c->known[node])
		return;
	c->known[node] = 1; /* a cycle was told where it was found */
	if (s->up != NOC_NODE_TOP) {
		before_make(c, s->up);
		if (p->steps[s->up].kind != NOC_STEP_CALL)
			set_join(c, set, set_of(c, s->up));
	}
	if (s->kind == NOC_STEP_ON_FAIL || s->kind == NOC_STEP_FINALLY)
		for (size_t i = 0; i < node; i = p->steps[i].end)
			set_add(c, set, i);
	for (size_t i = 0; i < s->nin; i++) {
		before_make(c, s->in[i].from);
		set_join(c, set, set_of(c, s->in[i].from));
		set_add(c, set, s->in[i].from);
	}
}

/* ---- steps.NAME ---- */

/* Are names of this scope seen from that one? */
static bool
scope_sees(const struct check *c, size_t from, size_t scope)
{
	const struct noc_plan *p = c->b->p;

	while (from != scope && from != NOC_NODE_TOP &&
	       p->steps[from].kind != NOC_STEP_CALL)
		from = c->b->marks[from].scope;
	return from == scope;
}

/* The scope whose names are seen first. */
static size_t
check_scope(const struct check *c)
{
	if (c->node == NOC_NODE_TOP || c->ended)
		return c->node;
	return c->b->marks[c->node].scope;
}

static bool
check_done(const struct check *c, size_t node)
{
	if (c->own && node == c->node)
		return true;
	if (check_scope(c) == c->b->marks[node].scope &&
	    (c->node == NOC_NODE_TOP || c->ended))
		return true;
	return c->node != NOC_NODE_TOP && set_has(set_of(c, c->node), node);
}

/* Of this name, the one that is meant here; NOC_NODE_TOP: none. */
static size_t
check_find(const struct check *c, const char *name, size_t n, bool *hidden)
{
	const struct noc_plan *p = c->b->p;
	size_t found = NOC_NODE_TOP;

	*hidden = false;
	for (size_t i = 0; i < p->nsteps; i++) {
		if (!p->steps[i].name || strlen(p->steps[i].name) != n ||
		    memcmp(p->steps[i].name, name, n))
			continue;
		if (!scope_sees(c, check_scope(c), c->b->marks[i].scope))
			*hidden = true;
		else if (found == NOC_NODE_TOP || check_done(c, i))
			found = i;
	}
	return found;
}

static const char *
check_meant(const struct check *c, const char *name)
{
	const struct noc_plan *p = c->b->p;
	const char **known = noc_calloc(p->nsteps + 1, sizeof(*known)), *meant;
	size_t n = 0;

	for (size_t i = 0; i < p->nsteps; i++)
		if (p->steps[i].name &&
		    scope_sees(c, check_scope(c), c->b->marks[i].scope) &&
		    check_done(c, i))
			known[n++] = p->steps[i].name;
	meant = noc_suggest(name, known, n);
	free(known);
	return meant;
}

/* "t.lua:3: step 'look'" or "r: on_fail" before it. */
static void
check_problem(const struct check *c, struct noc_err *why)
{
	const struct noc_plan *p = c->b->p;
	const struct noc_step_def *s =
	    c->node == NOC_NODE_TOP ? NULL : &p->steps[c->node];

	if (s)
		noc_err_prefix(why, "%s: %s '%s'", s->at,
			       noc_step_kind_name(s->kind),
			       s->name ? s->name : "?");
	else
		noc_err_prefix(why, "%s: %s", p->name, c->end);
	plan_problem(c->b, why);
}

static void
on_path(const char *path, size_t len, void *arg)
{
	struct check *c = arg;
	const char *name = path + 6, *meant, *end;
	struct noc_err why;
	bool hidden;
	size_t node;
	char text[128];
	size_t n = 0;

	if (len < 7 || memcmp(path, "steps.", 6))
		return;
	while (6 + n < len && name[n] != '.' && name[n] != '[')
		n++;
	node = check_find(c, name, n, &hidden);
	if (node != NOC_NODE_TOP && check_done(c, node))
		return;
	snprintf(text, sizeof(text), "%.*s", (int)n, name);
	meant = node == NOC_NODE_TOP && !hidden ? check_meant(c, text) : NULL;
	if (node != NOC_NODE_TOP)
		end = ", which may not have ended by then; wait for it by "
		      "`after`, or read it later.";
	else if (hidden)
		end = ", which is not seen from here: what stands in an each "
		      "or a called flow is its own; `collect` and `output` "
		      "give more.";
	else
		end = meant ? ", but no earlier step has this name; did you "
			      "mean 'steps."
			    : ", but no earlier step has this name.";
	noc_err_set(&why, NOC_ECONFIG, "reads steps.%s%s%s%s", text, end,
		    meant ? meant : "", meant ? "'?" : "");
	check_problem(c, &why);
}

static void
on_where(const char *path, void *arg)
{
	on_path(path, strlen(path), arg);
}

/* What would fail each time it is expanded, and the steps that it reads. */
static void
check_value(struct check *c, const struct noc_value *v)
{
	struct noc_err why;
	struct walk w = { .err = &why };

	if (!v)
		return;
	noc_ast_each_path(v, on_path, c);
	walk_value(&w, v);
	if (w.rc)
		check_problem(c, &why);
}

static void
check_text(struct check *c, const char *text)
{
	struct noc_template *t;
	struct noc_err why;

	if (!text || noc_template_parse(text, strlen(text), &t, &why))
		return;
	noc_template_paths(t, on_path, c);
	noc_template_free(t);
}

static void
check_template(struct check *c, const struct noc_template *t)
{
	if (t)
		noc_template_paths(t, on_path, c);
}

static void
check_escalation(struct check *c, const struct noc_escalation *e)
{
	for (size_t i = 0; e && i < e->nlevels; i++)
		check_value(c, e->levels[i].action);
}

static void
check_collect(struct check *c, const struct noc_value *collect)
{
	for (size_t i = 0; i < noc_value_len(collect); i++) {
		const struct noc_value *v = collect->u.map.at[i].value;

		if (v->type == NOC_STR)
			on_path(v->u.s.p, v->u.s.len, c);
	}
}

static void
check_each(struct check *c, const struct noc_each_def *e)
{
	if (!e)
		return;
	check_value(c, e->over);
	check_template(c, e->key);
	check_template(c, e->limit_text);
	check_template(c, e->need_text);
	c->ended = true;
	check_collect(c, e->collect);
	c->ended = false;
}

static void
check_node(struct check *c, const struct noc_step_def *s)
{
	noc_where_paths(s->when, on_where, c);
	check_template(c, s->target);
	check_value(c, s->params);
	check_escalation(c, s->escalation);
	check_each(c, s->each);
	check_value(c, s->call_input);
	check_value(c, s->undo_items);
	if (s->kind == NOC_STEP_STOP || s->kind == NOC_STEP_FAIL)
		check_text(c, s->reason);
	c->own = true;
	noc_where_paths(s->expect, on_where, c);
	noc_where_paths(s->fail_if, on_where, c);
	if (s->undo) {
		check_value(c, s->undo->params);
		check_template(c, s->undo->target);
	}
	c->own = false;
	if (s->kind != NOC_STEP_CALL)
		return;
	c->ended = true;
	check_value(c, s->call_output);
	c->ended = false;
}

/* ---- undo "back" { step = "deploy" } ---- */

static bool
undo_below(const struct noc_plan *p, size_t node)
{
	for (size_t i = node; i < p->steps[node].end; i++)
		if (p->steps[i].undo)
			return true;
	return false;
}

static void
check_undo(struct check *c, const char *name)
{
	const struct noc_plan *p = c->b->p;
	struct noc_err why;
	const char *meant;
	bool hidden;
	size_t node;

	if (!name)
		return;
	node = check_find(c, name, strlen(name), &hidden);
	if (node != NOC_NODE_TOP && check_done(c, node) && undo_below(p, node))
		return;
	meant = check_meant(c, name);
	if (node != NOC_NODE_TOP && check_done(c, node))
		noc_err_set(&why, NOC_ECONFIG,
			    "step '%s' has no `undo`, so nothing would be "
			    "taken back.",
			    name);
	else
		noc_err_set(&why, NOC_ECONFIG,
			    "there is no earlier step '%s'%s%s%s", name,
			    meant ? "; did you mean '" : "", meant ? meant : "",
			    meant ? "'?" : ".");
	check_problem(c, &why);
}

/* ---- one name, one step ---- */

static void
check_twice(struct check *c, size_t first, size_t second)
{
	const struct noc_step_def *steps = c->b->p->steps;
	const struct plan_mark *marks = c->b->marks;
	const struct noc_step_def *a = &steps[first], *s = &steps[second];
	struct noc_err why;

	if (marks[first].scope == marks[second].scope)
		noc_err_set(&why, NOC_ECONFIG,
			    "%s: there is already a step '%s' in this flow "
			    "(%s).",
			    s->at, s->name, a->at);
	else if (marks[first].own_name || marks[second].own_name)
		return;
	else
		noc_err_set(&why, NOC_ECONFIG,
			    "%s: there is a step '%s' in the each and one "
			    "outside of it (%s); steps.%s could be either.",
			    s->at, s->name, a->at, s->name);
	plan_problem(c->b, &why);
}

static void
check_unique(struct check *c)
{
	const struct noc_plan *p = c->b->p;
	const struct plan_mark *marks = c->b->marks;
	struct noc_table first = { 0 };

	for (size_t i = 0; i < p->nsteps; i++) {
		const char *name = p->steps[i].name;
		size_t k =
		    name ? (size_t)noc_table_put(&first, name, (void *)(i + 1))
			 : 0;

		/* Most names are there once. */
		for (k = k ? 0 : i; k < i; k++)
			if (p->steps[k].name &&
			    !strcmp(p->steps[k].name, name) &&
			    (scope_sees(c, marks[i].scope, marks[k].scope) ||
			     scope_sees(c, marks[k].scope, marks[i].scope))) {
				check_twice(c, k, i);
				break;
			}
	}
	noc_table_release(&first);
}

void
plan_check_names(struct planning *b)
{
	struct noc_plan *p = b->p;
	struct check c = { .b = b, .words = p->nsteps / 64 + 1 };

	c.before = noc_calloc(p->nsteps * c.words + 1, sizeof(*c.before));
	c.known = noc_calloc(p->nsteps + 1, sizeof(*c.known));
	for (size_t i = 0; i < p->nsteps; i++)
		before_make(&c, i);
	check_unique(&c);
	for (size_t i = 0; i < p->nsteps; i++) {
		c.node = i;
		check_node(&c, &p->steps[i]);
		if (p->steps[i].kind == NOC_STEP_UNDO)
			check_undo(&c, p->steps[i].undo_of);
	}
	c.node = NOC_NODE_TOP;
	c.end = "on_fail";
	check_escalation(&c, p->on_fail);
	check_value(&c, p->on_fail_actions);
	c.end = "output";
	check_value(&c, p->output);
	free(c.before);
	free(c.known);
}
