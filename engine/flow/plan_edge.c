/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/lang/ast.h"
#include "engine/flow/plan_private.h"

/* What a step waits for: see noc_edge in plan.h. */

struct line {
	struct planning *b;
	const size_t *nodes;
	size_t n;
};

static void
edge_add(struct planning *b, size_t to, size_t from, enum noc_on on)
{
	struct noc_step_def *s = &b->p->steps[to];

	if (on == NOC_ON_FAILED)
		b->p->steps[from].handles = true;
	for (size_t i = 0; i < s->nin; i++)
		if (s->in[i].from == from) {
			s->in[i].on |= (uint8_t)on;
			return;
		}
	s->in = noc_realloc(s->in, (s->nin + 1) * sizeof(*s->in));
	s->in[s->nin++] = (struct noc_edge){ (uint16_t)from, (uint8_t)on };
}

/* ---- after ---- */

/* Those of an action are its own, and those of a bare call its input. */
static const struct noc_value *
after_of(const struct noc_value *ast)
{
	if (noc_node_is_action(ast) || noc_ast_is(ast, "call"))
		return NULL;
	return noc_ast_opt(ast, "after");
}

static void
after_unknown(const struct line *l, size_t to, const char *name)
{
	const struct noc_step_def *s = &l->b->p->steps[to];
	const char *known[256], *meant;
	bool elsewhere = false;
	struct noc_err why;
	size_t n = 0;

	l->b->marks[to].adrift = true;
	if (l->b->holes)
		return;
	for (size_t i = 0; i < l->n && n < NOC_COUNT(known); i++)
		if (l->nodes[i] != to && l->b->p->steps[l->nodes[i]].name)
			known[n++] = l->b->p->steps[l->nodes[i]].name;
	for (size_t i = 0; i < l->b->p->nsteps; i++)
		elsewhere =
		    elsewhere || (l->b->p->steps[i].name &&
				  !strcmp(l->b->p->steps[i].name, name));
	meant = elsewhere ? NULL : noc_suggest(name, known, n);
	noc_err_set(&why, NOC_ECONFIG, "%s: %s '%s': after '%s': %s%s%s%s",
		    s->at, noc_step_kind_name(s->kind), s->name ? s->name : "?",
		    name,
		    elsewhere ? "it stands in another list; wait for what "
				"holds it, or for what holds both"
			      : "no step of this list has this name",
		    meant ? "; did you mean '" : "", meant ? meant : "",
		    meant ? "'?" : ".");
	plan_problem(l->b, &why);
}

static void
after_one(const struct line *l, size_t to, const char *name, const char *on)
{
	const struct noc_step_def *steps = l->b->p->steps;
	enum noc_on bits = !strcmp(on, "failed")   ? NOC_ON_FAILED
			   : !strcmp(on, "always") ? NOC_ON_ALWAYS
						   : NOC_ON_OK;
	struct noc_err why;

	if (bits == NOC_ON_OK && strcmp(on, "ok")) {
		l->b->marks[to].adrift = true;
		noc_err_set(&why, NOC_ECONFIG,
			    "%s: %s '%s': after = { %s = \"%.40s\" }: it is "
			    "\"ok\", \"failed\" or \"always\".",
			    steps[to].at, noc_step_kind_name(steps[to].kind),
			    steps[to].name ? steps[to].name : "?", name, on);
		plan_problem(l->b, &why);
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		const char *known = steps[l->nodes[i]].name;

		if (known && !strcmp(known, name)) {
			edge_add(l->b, to, l->nodes[i], bits);
			return;
		}
	}
	after_unknown(l, to, name);
}

static void
after_wrong(const struct line *l, size_t to)
{
	const struct noc_step_def *s = &l->b->p->steps[to];
	struct noc_err why;

	l->b->marks[to].adrift = true;
	if (l->b->marks[to].wrong)
		return;
	noc_err_set(&why, NOC_ECONFIG,
		    "%s: %s '%s': 'after' is the name of a step, a list of "
		    "names, or { name = \"ok\" | \"failed\" | \"always\" }.",
		    s->at, noc_step_kind_name(s->kind),
		    s->name ? s->name : "?");
	plan_problem(l->b, &why);
}

static void
after_all(const struct line *l, size_t to, const struct noc_value *v)
{
	const struct noc_value *items = noc_ast_items(v);
	const struct noc_value *opts = noc_ast_opts(v);
	bool wrong =
	    v->type != NOC_STR && !noc_value_len(items) && !noc_value_len(opts);

	if (v->type == NOC_STR)
		after_one(l, to, v->u.s.p, "ok");
	for (size_t i = 0; i < noc_value_len(items); i++) {
		const struct noc_value *name = noc_value_at(items, i);

		if (name->type == NOC_STR)
			after_one(l, to, name->u.s.p, "ok");
		else
			wrong = true;
	}
	for (size_t i = 0; i < noc_value_len(opts); i++) {
		const struct noc_value *on = opts->u.map.at[i].value;

		if (on->type == NOC_STR)
			after_one(l, to, opts->u.map.at[i].key, on->u.s.p);
		else
			wrong = true;
	}
	if (wrong)
		after_wrong(l, to);
}

/* ---- cycles ---- */

enum { NEW, OPEN, DONE };

struct round {
	struct planning *b;
	uint8_t *state; /* by node */
	size_t *path, len;
};

static void
round_found(struct round *r, size_t node)
{
	const struct noc_step_def *steps = r->b->p->steps;
	struct noc_strbuf names = NOC_STRBUF_INIT;
	struct noc_err why;
	size_t from = 0;

	while (r->path[from] != node)
		from++;
	for (size_t i = from; i < r->len; i++)
		noc_strbuf_addf(&names, "'%s' waits for ",
				steps[r->path[i]].name);
	noc_err_set(&why, NOC_ECONFIG, "%s: %s'%s': none of them can begin.",
		    steps[node].at, names.p, steps[node].name);
	noc_strbuf_release(&names);
	plan_problem(r->b, &why);
}

static void
round_walk(struct round *r, size_t node)
{
	const struct noc_step_def *s = &r->b->p->steps[node];

	r->state[node] = OPEN;
	r->path[r->len++] = node;
	for (size_t i = 0; i < s->nin; i++) {
		if (r->state[s->in[i].from] == OPEN)
			round_found(r, s->in[i].from);
		else if (r->state[s->in[i].from] == NEW)
			round_walk(r, s->in[i].from);
	}
	r->len--;
	r->state[node] = DONE;
}

void
plan_edges(struct planning *b, const size_t *nodes, size_t n, bool in_line)
{
	struct line l = { b, nodes, n };
	struct round r = { .b = b };
	size_t before = NOC_NODE_TOP;
	bool said = false;

	for (size_t i = 0; i < n; i++) {
		const struct noc_value *after =
		    after_of(b->marks[nodes[i]].ast);

		if (after) {
			after_all(&l, nodes[i], after);
			said = true;
		} else if (in_line) {
			if (before != NOC_NODE_TOP)
				edge_add(b, nodes[i], before, NOC_ON_OK);
			before = nodes[i];
		}
	}
	if (!said)
		return;
	r.state = noc_calloc(b->p->nsteps, sizeof(*r.state));
	r.path = noc_calloc(n + 1, sizeof(*r.path));
	for (size_t i = 0; i < n; i++)
		if (r.state[nodes[i]] == NEW)
			round_walk(&r, nodes[i]);
	free(r.state);
	free(r.path);
}

/* ---- what nothing leads to ---- */

/* It ends its scope for certain, once it is begun. */
static bool
reach_ends(const struct noc_plan *p, size_t node)
{
	const struct noc_step_def *s = &p->steps[node];
	bool all = s->kind == NOC_STEP_CHOOSE, otherwise = false;

	if (s->kind == NOC_STEP_STOP || s->kind == NOC_STEP_FAIL)
		return !s->when && !s->when_fn;
	if (s->kind != NOC_STEP_PARALLEL && s->kind != NOC_STEP_BRANCH && !all)
		return false;
	if (all && (s->when || s->when_fn))
		return false;
	for (size_t i = node + 1; i < s->end; i = p->steps[i].end) {
		bool ends = reach_ends(p, i);

		for (size_t k = 0; k < p->steps[i].nin; k++)
			ends = ends && p->steps[i].in[k].on != NOC_ON_FAILED;
		otherwise = !p->steps[i].when && !p->steps[i].when_fn;
		if (!all && ends)
			return true;
		if (all && !ends)
			return false;
	}
	return all && otherwise;
}

void
plan_reach(struct planning *b)
{
	const struct noc_plan *p = b->p;
	struct noc_err why;

	for (size_t i = 0; i < p->nsteps; i++) {
		b->scope = b->marks[i].scope;
		for (size_t k = 0; k < p->steps[i].nin; k++) {
			const struct noc_step_def *s = &p->steps[i];
			const struct noc_step_def *f = &p->steps[s->in[k].from];

			if (s->in[k].on & NOC_ON_ALWAYS ||
			    (s->in[k].on & NOC_ON_FAILED &&
			     f->kind != NOC_STEP_STOP) ||
			    !reach_ends(p, s->in[k].from))
				continue;
			noc_err_set(&why, NOC_ECONFIG,
				    "%s: %s '%s' is never reached: %s '%s' "
				    "(%s) always ends it before.",
				    s->at, noc_step_kind_name(s->kind), s->name,
				    noc_step_kind_name(f->kind), f->name,
				    f->at);
			plan_problem(b, &why);
			break;
		}
	}
	b->scope = NOC_NODE_TOP;
}
