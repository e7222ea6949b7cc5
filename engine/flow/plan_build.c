/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/lang/schema.h"
#include "engine/flow/keep_one_up.h"
#include "engine/flow/plan_private.h"

/* The tree of the AST into nodes, in pre-order: see plan.h.  Those with names
 * of their own are in plan_scope.c. */

/* Is what is at hand a part of a flow that it calls? */
static bool
plan_is_called(const struct planning *b)
{
	size_t scope = b->scope;

	while (scope != NOC_NODE_TOP &&
	       b->p->steps[scope].kind != NOC_STEP_CALL)
		scope = b->marks[scope].scope;
	return scope != NOC_NODE_TOP;
}

/* A flow that it calls is made by itself as well, and told of there. */
void
plan_problem(struct planning *b, const struct noc_err *why)
{
	if (b->from && b->from->tell && !plan_is_called(b))
		b->from->tell(why, b->from->arg);
	if (!b->rc && b->err)
		*b->err = *why;
	b->rc = why->kind;
}

/* ---- one node ---- */

/* NOC_NODE_TOP when there are too many. */
static size_t
node_add(struct planning *b, const struct noc_value *ast, size_t up)
{
	struct noc_plan *p = b->p;
	size_t i = p->nsteps, cap = b->cap;
	struct noc_err why;

	if (i >= PLAN_STEPS_MAX) {
		if (b->full)
			return NOC_NODE_TOP;
		b->full = true;
		noc_err_set(&why, NOC_ECONFIG,
			    "%s: flow '%s' has more than %d steps, with what "
			    "they hold and call.",
			    noc_ast_at(ast), p->name, PLAN_STEPS_MAX);
		plan_problem(b, &why);
		return NOC_NODE_TOP;
	}
	NOC_GROW(p->steps, b->cap, i + 1);
	if (b->cap != cap)
		b->marks = noc_realloc(b->marks, b->cap * sizeof(*b->marks));
	memset(&p->steps[i], 0, sizeof(*p->steps));
	p->steps[i].up = up;
	p->steps[i].at = noc_ast_at(ast);
	b->marks[i] = (struct plan_mark){ .ast = ast, .scope = b->scope };
	p->nsteps++;
	return i;
}

void
plan_node_wrong(struct planning *b, size_t i, struct noc_err *why)
{
	const struct noc_step_def *s = &b->p->steps[i];

	noc_err_prefix(why, "%s: %s '%s'", s->at, noc_step_kind_name(s->kind),
		       s->name ? s->name : "?");
	plan_problem(b, why);
}

/* Counted from what begins its names, so that a call renames nothing. */
static size_t
node_position(const struct planning *b, size_t i)
{
	return b->scope == NOC_NODE_TOP ? i + 1 : i - b->scope;
}

static void
node_name(struct planning *b, size_t i, const char *name, const char *node)
{
	struct noc_step_def *s = &b->p->steps[i];

	b->marks[i].own_name = !name;
	s->name =
	    name ? noc_strdup(name) : plan_own_name(node, node_position(b, i));
}

/* ---- lists ---- */

static void node_build(struct planning *b, const struct noc_value *ast,
		       size_t up);

/* One step, or a list or table of some. */
static size_t
list_of(const struct noc_value *const *v, const struct noc_value *const **at)
{
	const struct noc_value *items;

	*at = v;
	if (noc_ast_node(*v) && !noc_ast_is(*v, "table"))
		return 1;
	items = noc_ast_items(*v);
	if (items)
		*at = (const struct noc_value *const *)items->u.list.at;
	return noc_value_len(items);
}

static void
list_build(struct planning *b, const struct noc_value *const *at, size_t n,
	   size_t up, bool in_line)
{
	size_t *nodes = noc_calloc(n + 1, sizeof(*nodes)), made = 0;

	for (size_t i = 0; i < n && !b->full; i++) {
		nodes[made] = b->p->nsteps;
		node_build(b, at[i], up);
		made += b->p->nsteps > nodes[made];
	}
	plan_edges(b, nodes, made, in_line);
	free(nodes);
}

void
plan_list(struct planning *b, size_t i, const struct noc_value *v, bool in_line)
{
	const struct noc_value *const *at;
	size_t n = list_of(&v, &at);
	struct noc_err why;

	list_build(b, at, n, i, in_line);
	b->p->steps[i].end = b->p->nsteps;
	if (!n && !b->marks[i].wrong) {
		noc_err_set(&why, NOC_ECONFIG, "needs at least one step.");
		plan_node_wrong(b, i, &why);
	}
}

size_t
plan_container(struct planning *b, const struct noc_value *ast, size_t up,
	       enum noc_step_kind kind, const char *name)
{
	size_t i = node_add(b, ast, up);

	if (i == NOC_NODE_TOP)
		return i;
	b->p->steps[i].kind = kind;
	b->p->steps[i].end = i + 1;
	b->marks[i].wrong = noc_ast_wrong(ast);
	node_name(b, i, name, noc_step_kind_name(kind));
	if (noc_value_get(ast, "at") == NULL && up != NOC_NODE_TOP)
		b->p->steps[i].at = b->p->steps[up].at;
	return i;
}

void
plan_when(struct planning *b, size_t i, const struct noc_value *opts)
{
	struct noc_step_def *s = &b->p->steps[i];
	struct noc_err why;

	if (noc_ast_wrong_below(noc_value_get(opts, "when")))
		return;
	if (plan_where(opts, "when", s->at, &s->when, &s->when_fn, &why))
		plan_node_wrong(b, i, &why);
}

/* ---- places ---- */

/* A list in a parallel, or of a choose. */
static void
node_branch(struct planning *b, const struct noc_value *v, size_t up,
	    const char *word)
{
	const struct noc_value *opts =
	    v->type == NOC_LIST || (noc_ast_node(v) && !noc_ast_is(v, "table"))
		? NULL
		: noc_ast_opts(v);
	const char *name = noc_value_get_str(opts, "name", NULL);
	char *made =
	    name ? NULL : noc_asprintf("%s.%s", b->p->steps[up].name, word);
	size_t i =
	    plan_container(b, v, up, NOC_STEP_BRANCH, name ? name : made);

	free(made);
	if (i == NOC_NODE_TOP)
		return;
	b->marks[i].own_name = !name;
	plan_when(b, i, opts);
	plan_list(b, i, v, true);
}

static void
node_parallel(struct planning *b, const struct noc_value *ast, size_t up)
{
	const struct noc_value *items = noc_ast_items(ast);
	size_t n = noc_value_len(items), made = 0;
	size_t *nodes = noc_calloc(n + 1, sizeof(*nodes));
	size_t i =
	    plan_container(b, ast, up, NOC_STEP_PARALLEL, noc_ast_name(ast));
	char word[24];

	for (size_t k = 0; i != NOC_NODE_TOP && k < n && !b->full; k++) {
		const struct noc_value *v = noc_value_at(items, k);
		bool list = !noc_ast_node(v) || noc_ast_is(v, "table");

		nodes[made] = b->p->nsteps;
		snprintf(word, sizeof(word), "%zu", k + 1);
		if (list)
			node_branch(b, v, i, word);
		else
			node_build(b, v, i);
		made += b->p->nsteps > nodes[made];
	}
	if (i != NOC_NODE_TOP) {
		b->p->steps[i].end = b->p->nsteps;
		plan_edges(b, nodes, made, false);
	}
	free(nodes);
}

static void
node_choose(struct planning *b, const struct noc_value *ast, size_t up)
{
	const struct noc_value *items = noc_ast_items(ast);
	const struct noc_value *other = noc_ast_opt(ast, "otherwise");
	size_t i =
	    plan_container(b, ast, up, NOC_STEP_CHOOSE, noc_ast_name(ast));
	struct noc_err why;
	char word[24];

	if (i == NOC_NODE_TOP)
		return;
	for (size_t k = 0; k < noc_value_len(items); k++) {
		size_t branch = b->p->nsteps;

		snprintf(word, sizeof(word), "%zu", k + 1);
		node_branch(b, noc_value_at(items, k), i, word);
		if (b->full || b->p->nsteps == branch ||
		    b->marks[branch].wrong || b->p->steps[branch].when ||
		    b->p->steps[branch].when_fn ||
		    noc_value_get(noc_ast_opts(noc_value_at(items, k)), "when"))
			continue;
		noc_err_set(&why, NOC_ECONFIG,
			    "has no `when`; what is done when no branch holds "
			    "is `otherwise = { ... }`.");
		plan_node_wrong(b, branch, &why);
	}
	if (other)
		node_branch(b, other, i, "otherwise");
	b->p->steps[i].end = b->p->nsteps;
}

/* ---- the rest ---- */

static void
node_undo(struct planning *b, const struct noc_value *ast, size_t up)
{
	const struct noc_value *opts = noc_ast_opts(ast);
	size_t i = plan_container(b, ast, up, NOC_STEP_UNDO, noc_ast_name(ast));
	struct noc_step_def *s;
	struct noc_err why;

	if (i == NOC_NODE_TOP)
		return;
	s = &b->p->steps[i];
	s->undo_of = noc_value_get_str(opts, "step", NULL);
	s->undo_items = noc_value_get(opts, "items");
	plan_when(b, i, opts);
	if (noc_ast_duration(opts, "timeout", 0, &s->timeout_ms, &why))
		plan_node_wrong(b, i, &why);
	if (s->undo_of || b->marks[i].wrong)
		return;
	noc_err_set(&why, NOC_ECONFIG, "says no `step` to take back.");
	plan_node_wrong(b, i, &why);
}

static void
node_step(struct planning *b, const struct noc_value *ast, size_t up)
{
	size_t i = node_add(b, ast, up);
	struct noc_step_def *s;

	if (i == NOC_NODE_TOP)
		return;
	s = &b->p->steps[i];
	b->marks[i].own_name = !plan_step_named(noc_ast_node(ast));
	b->marks[i].wrong = noc_ast_wrong_below(ast);
	plan_step(b, ast, node_position(b, i), s);
	s->up = up;
	s->end = i + 1;
	if (s->group_read && s->name)
		noc_keep_mark(b->p->steps, i);
}

static void
node_build(struct planning *b, const struct noc_value *ast, size_t up)
{
	static const struct {
		const char *node;
		void (*build)(struct planning *b, const struct noc_value *ast,
			      size_t up);
	} kinds[] = {
		{ "parallel", node_parallel }, { "choose", node_choose },
		{ "each", plan_each_node },    { "call", plan_call },
		{ "undo", node_undo },
	};

	if (noc_ast_is(ast, "error")) {
		b->holes = true;
		return;
	}
	for (size_t i = 0; i < NOC_COUNT(kinds); i++)
		if (noc_ast_is(ast, kinds[i].node)) {
			kinds[i].build(b, ast, up);
			return;
		}
	if (noc_ast_is(ast, "step") && noc_value_len(noc_ast_items(ast)) == 1 &&
	    noc_ast_is(noc_value_at(noc_ast_items(ast), 0), "call"))
		plan_call(b, ast, up);
	else
		node_step(b, ast, up);
}

/* ---- on_fail and finally ---- */

static void
body_end(struct planning *b, const struct noc_value *v, enum noc_step_kind kind,
	 size_t *node)
{
	size_t i =
	    plan_container(b, v, NOC_NODE_TOP, kind, noc_step_kind_name(kind));
	struct noc_err why;

	if (i == NOC_NODE_TOP)
		return;
	*node = i;
	b->marks[i].own_name = true;
	if (noc_ast_wrong_below(noc_ast_opt(v, "timeout")))
		return;
	if (noc_ast_duration(v->type == NOC_LIST ? NULL : noc_ast_opts(v),
			     "timeout", NOC_AFTER_TIMEOUT_MS,
			     &b->p->steps[i].timeout_ms, &why))
		plan_node_wrong(b, i, &why);
	plan_list(b, i, v, true);
}

/* Only told, as ever: an escalation, actions. */
static void
on_fail_told(struct planning *b, const struct noc_value *const *at, size_t n,
	     const char *place)
{
	struct noc_plan *p = b->p;
	struct noc_value *actions = noc_value_list();
	struct noc_err why;
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++) {
		if (noc_ast_wrong_below(at[i]))
			continue;
		if (!noc_ast_is(at[i], "escalate"))
			noc_value_push(actions, noc_value_copy(at[i]));
		else if (p->on_fail)
			rc = noc_err_set(&why, NOC_ECONFIG,
					 "'on_fail' holds two escalations.");
		else
			rc = noc_escalation_build(at[i], &p->on_fail, &why);
	}
	if (noc_value_len(actions))
		p->on_fail_actions = actions;
	else
		noc_value_free(actions);
	if (rc) {
		noc_err_prefix(&why, "%s: on_fail", place);
		plan_problem(b, &why);
	}
}

static void
body_on_fail(struct planning *b)
{
	struct noc_plan *p = b->p;
	const struct noc_value *v = noc_value_get(p->tree, "on_fail");
	const struct noc_value *opts, *const *at;
	struct noc_err why;
	bool steps;
	size_t n;

	if (!v)
		return;
	n = list_of(&v, &at);
	opts = at == &v || v->type == NOC_LIST ? NULL : noc_ast_opts(v);
	if (n == 0) /* { undo = "run" } alone */
		opts = noc_ast_opts(v);
	steps = n > 0 && noc_value_get(opts, "timeout") != NULL;
	for (size_t i = 0; i < n; i++)
		steps = steps || (noc_schema_is(noc_ast_node(at[i]), "step") &&
				  !noc_ast_is(at[i], "escalate"));
	if (noc_value_is_str(noc_value_get(opts, "undo"), "run"))
		p->undo = NOC_UNDO_RUN;
	if (noc_ast_duration(opts, "timeout", NOC_AFTER_TIMEOUT_MS, &p->undo_ms,
			     &why))
		plan_problem(b, &why);
	if (steps)
		body_end(b, v, NOC_STEP_ON_FAIL, &p->on_fail_node);
	else
		on_fail_told(b, at, n, noc_ast_at(v));
}

/* ---- the whole ---- */

static void
build_sum(struct planning *b)
{
	struct noc_plan *p = b->p;

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct noc_step_def *s = &p->steps[i];

		p->acting =
		    p->acting || s->mutates || (s->undo && s->undo->mutates);
		p->calls =
		    p->calls || s->when_fn || s->expect_fn || s->fail_if_fn;
	}
}

void
plan_build(struct planning *b)
{
	struct noc_plan *p = b->p;
	const struct noc_value *steps = noc_value_get(p->tree, "steps");
	const struct noc_value *last = noc_value_get(p->tree, "finally");
	struct noc_err why;

	p->name = noc_value_get_str(p->tree, "name", "?");
	p->input = noc_value_get(p->tree, "input");
	p->output = noc_ast_opts(noc_value_get(p->tree, "output"));
	p->undo_cancelled =
	    noc_value_is_str(noc_value_get(p->tree, "on_cancel"), "undo");
	b->scope = NOC_NODE_TOP;
	if (steps && steps->type == NOC_LIST)
		list_build(b, (const struct noc_value *const *)steps->u.list.at,
			   noc_value_len(steps), NOC_NODE_TOP, true);
	p->nbody = p->nsteps;
	if (!p->nsteps && (b->holes || noc_ast_wrong(steps)))
		return;
	if (!p->nsteps) {
		noc_err_set(&why, NOC_ECONFIG,
			    "flow '%s' has no steps; it needs at least one.",
			    p->name);
		plan_problem(b, &why);
		return;
	}
	body_on_fail(b);
	if (last)
		body_end(b, last, NOC_STEP_FINALLY, &p->finally_node);
	plan_undo_flows(b);
	plan_flow(b);
	build_sum(b);
	/* What was stored was good when it was made. */
	if (b->from)
		plan_check_names(b);
}
