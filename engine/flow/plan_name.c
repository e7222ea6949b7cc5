/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/table.h"
#include "engine/lang/ast.h"
#include "engine/flow/gives.h"
#include "engine/flow/plan_private.h"

/* What a step can read: what has ended, and is of its scope. */

/* ---- what comes before what ---- */

static uint64_t *
set_of(const struct plan_check *c, size_t node)
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
set_add(const struct plan_check *c, uint64_t *set, size_t node)
{
	const struct plan_mark *marks = c->b->marks;

	for (size_t i = node; i < c->b->p->steps[node].end; i++)
		if (marks[i].scope == marks[node].scope)
			set[i / 64] |= (uint64_t)1 << (i % 64);
}

static void
set_join(const struct plan_check *c, uint64_t *set, const uint64_t *other)
{
	for (size_t i = 0; i < c->words; i++)
		set[i] |= other[i];
}

static void
before_make(const struct plan_check *c, size_t node)
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
	if (s->kind == NOC_STEP_ON_FAIL || s->kind == NOC_STEP_FINALLY ||
	    c->b->marks[node].adrift)
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
scope_sees(const struct plan_check *c, size_t from, size_t scope)
{
	const struct noc_plan *p = c->b->p;

	while (from != scope && from != NOC_NODE_TOP &&
	       p->steps[from].kind != NOC_STEP_CALL)
		from = c->b->marks[from].scope;
	return from == scope;
}

/* The scope whose names are seen first. */
static size_t
check_scope(const struct plan_check *c)
{
	if (c->node == NOC_NODE_TOP || c->ended)
		return c->node;
	return c->b->marks[c->node].scope;
}

static bool
check_done(const struct plan_check *c, size_t node)
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
check_find(const struct plan_check *c, const char *name, size_t n, bool *hidden)
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

const char *
plan_name_meant(const struct plan_check *c, const char *name)
{
	const struct noc_plan *p = c->b->p;
	const char **known = noc_calloc(p->nsteps + 1, sizeof(*known)), *meant;
	size_t n = 0;

	for (size_t i = 0; i < p->nsteps; i++)
		if (p->steps[i].name && !p->steps[i].takes_back &&
		    scope_sees(c, check_scope(c), c->b->marks[i].scope) &&
		    check_done(c, i))
			known[n++] = p->steps[i].name;
	meant = noc_suggest(name, known, n);
	free(known);
	return meant;
}

/* "t.lua:3: step 'look'" or "r: on_fail" before it. */
void
plan_name_problem(const struct plan_check *c, struct noc_err *why)
{
	const struct noc_plan *p = c->b->p;
	const struct noc_step_def *s =
	    c->node == NOC_NODE_TOP ? NULL : &p->steps[c->node];

	if (s)
		noc_err_prefix(why, "%s: %s '%s'", s->at,
			       noc_step_kind_name(s->kind),
			       s->name ? s->name : "?");
	else
		noc_err_prefix(why, "%s", c->end);
	plan_problem(c->b, why);
}

/* steps.X.FIELD, of which X has ended. */
static void
check_field(const struct plan_check *c, size_t node, const char *name,
	    size_t len)
{
	const struct noc_step_def *s = &c->b->p->steps[node];
	const char *meant = NULL, *what;
	struct noc_err why;
	char text[128];
	size_t n = 0;

	while (n < len && name[n] != '.' && name[n] != '[')
		n++;
	snprintf(text, sizeof(text), "%.*s", (int)n, name);
	what = noc_step_gives(s, text, &meant);
	if (!what || c->b->marks[node].wrong)
		return;
	noc_err_set(&why, NOC_ECONFIG, "reads steps.%s.%s, which is %s%s%s%s",
		    s->name, text, what, meant ? "; did you mean '" : "",
		    meant ? meant : "", meant ? "'?" : ".");
	plan_name_problem(c, &why);
}

static void
check_steps(const struct plan_check *c, const char *name, size_t len)
{
	const char *meant, *end;
	struct noc_err why;
	bool hidden;
	size_t node;
	char text[128];
	size_t n = 0;

	while (n < len && name[n] != '.' && name[n] != '[')
		n++;
	node = check_find(c, name, n, &hidden);
	if (node != NOC_NODE_TOP && check_done(c, node)) {
		if (n + 1 < len && name[n] == '.')
			check_field(c, node, name + n + 1, len - n - 1);
		return;
	}
	if (node == NOC_NODE_TOP && c->b->holes)
		return;
	snprintf(text, sizeof(text), "%.*s", (int)n, name);
	meant =
	    node == NOC_NODE_TOP && !hidden ? plan_name_meant(c, text) : NULL;
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
	plan_name_problem(c, &why);
}

/* ---- input.NAME ---- */

static void
check_input(const struct plan_check *c, const char *name, size_t len)
{
	const struct noc_plan *p = c->b->p;
	const struct noc_value *takes = noc_ast_opts(p->input);
	const char *flow = p->name, *known[256], *meant;
	size_t scope = check_scope(c), n = 0, k = 0;
	struct noc_err why;
	char text[128];

	while (scope != NOC_NODE_TOP && p->steps[scope].kind != NOC_STEP_CALL)
		scope = c->b->marks[scope].scope;
	if (scope != NOC_NODE_TOP) {
		takes = p->steps[scope].call_takes;
		flow = p->steps[scope].call;
	}
	while (n < len && name[n] != '.' && name[n] != '[')
		n++;
	if (!takes || !n || noc_value_getn(takes, name, n))
		return;
	for (; k < noc_value_len(takes) && k < NOC_COUNT(known); k++)
		known[k] = takes->u.map.at[k].key;
	snprintf(text, sizeof(text), "%.*s", (int)n, name);
	meant = noc_suggest(text, known, k);
	noc_err_set(&why, NOC_ECONFIG,
		    "reads input.%s, and flow '%s' has no such input%s%s%s",
		    text, flow, meant ? "; did you mean 'input." : "",
		    meant ? meant : "", meant ? "'?" : ".");
	plan_name_problem(c, &why);
}

/* ---- run.NAME, error.NAME ---- */

static void
check_known(const struct plan_check *c, const char *head, const char *name,
	    size_t len, const char *const *known, size_t nknown)
{
	const char *meant;
	struct noc_err why;
	char text[128];
	size_t n = 0;

	while (n < len && name[n] != '.' && name[n] != '[')
		n++;
	snprintf(text, sizeof(text), "%.*s", (int)n, name);
	for (size_t i = 0; i < nknown; i++)
		if (!strcmp(known[i], text))
			return;
	meant = noc_suggest(text, known, nknown);
	noc_err_set(&why, NOC_ECONFIG,
		    "reads %s.%s, which is never there%s%s%s%s%s", head, text,
		    meant ? "; did you mean '" : "", meant ? head : "",
		    meant ? "." : "", meant ? meant : "", meant ? "'?" : ".");
	plan_name_problem(c, &why);
}

static void
check_run(const struct plan_check *c, const char *name, size_t len)
{
	static const char *const known[] = { "id",    "rule",	"mode",
					     "key",   "device", "plan",
					     "items", "url",	"outcome" };

	check_known(c, "run", name, len, known, NOC_COUNT(known));
}

static void
check_error(const struct plan_check *c, const char *name, size_t len)
{
	static const char *const known[] = { "class", "block", "code",
					     "message", "step" };

	check_known(c, "error", name, len, known, NOC_COUNT(known));
}

/* ---- an item by its name ---- */

static void
check_item(const struct plan_check *c, const char *name, size_t n)
{
	const struct noc_plan *p = c->b->p;
	const struct noc_step_def *other = NULL;
	size_t scope = c->item ? c->node : check_scope(c);
	struct noc_err why;

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct noc_each_def *e = p->steps[i].each;

		if (!e || strlen(e->as) != n || memcmp(e->as, name, n))
			continue;
		other = &p->steps[i];
		if (scope_sees(c, scope, i))
			return;
	}
	if (!other)
		return;
	noc_err_set(&why, NOC_ECONFIG,
		    "{%s} is the item of each '%s' (%s), and known in it only.",
		    other->each->as, other->name, other->at);
	plan_name_problem(c, &why);
}

void
plan_name_path(const char *path, size_t len, void *arg)
{
	const struct plan_check *c = arg;
	struct noc_err why;
	size_t n = 0;

	while (n < len && path[n] != '.' && path[n] != '[')
		n++;
	if (len > 6 && !memcmp(path, "steps.", 6)) {
		check_steps(c, path + 6, len - 6);
	} else if (len > 6 && !memcmp(path, "input.", 6)) {
		check_input(c, path + 6, len - 6);
	} else if (len > 4 && !memcmp(path, "run.", 4)) {
		check_run(c, path + 4, len - 4);
	} else if (len > 6 && !memcmp(path, "error.", 6)) {
		check_error(c, path + 6, len - 6);
	} else if (n == 4 && !memcmp(path, "undo", 4)) {
		if (c->undoing)
			return;
		noc_err_set(&why, NOC_ECONFIG,
			    "{%.*s} is known in the `undo` of a step only.",
			    (int)len, path);
		plan_name_problem(c, &why);
	} else {
		check_item(c, path, n);
	}
}

size_t
plan_name_step(const struct plan_check *c, const char *name)
{
	bool hidden;
	size_t node = check_find(c, name, strlen(name), &hidden);

	return node != NOC_NODE_TOP && check_done(c, node) ? node
							   : NOC_NODE_TOP;
}

/* ---- one name, one step ---- */

static void
check_twice(const struct plan_check *c, size_t first, size_t second)
{
	const struct noc_step_def *steps = c->b->p->steps;
	const struct plan_mark *marks = c->b->marks;
	const struct noc_step_def *a = &steps[first], *s = &steps[second];
	struct noc_err why;

	c->b->scope = marks[second].scope;
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

void
plan_name_unique(const struct plan_check *c)
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
				c->b->scope = NOC_NODE_TOP;
				break;
			}
	}
	noc_table_release(&first);
}

void
plan_name_begin(struct plan_check *c, struct planning *b)
{
	memset(c, 0, sizeof(*c));
	c->b = b;
	c->words = b->p->nsteps / 64 + 1;
	c->before = noc_calloc(b->p->nsteps * c->words + 1, sizeof(*c->before));
	c->known = noc_calloc(b->p->nsteps + 1, sizeof(*c->known));
	for (size_t i = 0; i < b->p->nsteps; i++)
		before_make(c, i);
}

void
plan_name_end(struct plan_check *c)
{
	free(c->before);
	free(c->known);
}
