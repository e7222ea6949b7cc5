/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/lang/schema.h"
#include "engine/event/field.h"
#include "engine/flow/keep_one_up.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan_private.h"

/* The tree of the AST into nodes, in pre-order: see plan.h. */

#define RUN_TIMEOUT_MS	 (24 * 3600 * 1000LL)
#define AFTER_TIMEOUT_MS (3600 * 1000LL) /* on_fail and finally */

void
plan_problem(struct planning *b, const struct noc_err *why)
{
	if (b->from && b->from->tell)
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
	b->marks[i] = (struct plan_mark){ ast, b->scope, false };
	p->nsteps++;
	return i;
}

static void
node_failed(struct planning *b, size_t i, struct noc_err *why)
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

/* A container's steps; it ends where they do. */
static void
list_into(struct planning *b, size_t i, const struct noc_value *v, bool in_line)
{
	const struct noc_value *const *at;
	size_t n = list_of(&v, &at);
	struct noc_err why;

	list_build(b, at, n, i, in_line);
	b->p->steps[i].end = b->p->nsteps;
	if (!n) {
		noc_err_set(&why, NOC_ECONFIG, "needs at least one step.");
		node_failed(b, i, &why);
	}
}

static size_t
node_container(struct planning *b, const struct noc_value *ast, size_t up,
	       enum noc_step_kind kind, const char *name)
{
	size_t i = node_add(b, ast, up);

	if (i == NOC_NODE_TOP)
		return i;
	b->p->steps[i].kind = kind;
	b->p->steps[i].end = i + 1;
	node_name(b, i, name, noc_step_kind_name(kind));
	if (noc_value_get(ast, "at") == NULL && up != NOC_NODE_TOP)
		b->p->steps[i].at = b->p->steps[up].at;
	return i;
}

static void
node_when(struct planning *b, size_t i, const struct noc_value *opts)
{
	struct noc_step_def *s = &b->p->steps[i];
	struct noc_err why;

	if (plan_where(opts, "when", s->at, &s->when, &s->when_fn, &why))
		node_failed(b, i, &why);
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
	    node_container(b, v, up, NOC_STEP_BRANCH, name ? name : made);

	free(made);
	if (i == NOC_NODE_TOP)
		return;
	b->marks[i].own_name = !name;
	node_when(b, i, opts);
	list_into(b, i, v, true);
}

static void
node_parallel(struct planning *b, const struct noc_value *ast, size_t up)
{
	const struct noc_value *items = noc_ast_items(ast);
	size_t n = noc_value_len(items), made = 0;
	size_t *nodes = noc_calloc(n + 1, sizeof(*nodes));
	size_t i =
	    node_container(b, ast, up, NOC_STEP_PARALLEL, noc_ast_name(ast));
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
	    node_container(b, ast, up, NOC_STEP_CHOOSE, noc_ast_name(ast));
	struct noc_err why;
	char word[24];

	if (i == NOC_NODE_TOP)
		return;
	for (size_t k = 0; k < noc_value_len(items); k++) {
		size_t branch = b->p->nsteps;

		snprintf(word, sizeof(word), "%zu", k + 1);
		node_branch(b, noc_value_at(items, k), i, word);
		if (b->full || b->p->steps[branch].when ||
		    b->p->steps[branch].when_fn ||
		    noc_value_get(noc_ast_opts(noc_value_at(items, k)), "when"))
			continue;
		noc_err_set(&why, NOC_ECONFIG,
			    "has no `when`; what is done when no branch holds "
			    "is `otherwise = { ... }`.");
		node_failed(b, branch, &why);
	}
	if (other)
		node_branch(b, other, i, "otherwise");
	b->p->steps[i].end = b->p->nsteps;
}

/* ---- scopes ---- */

/* Those of a step that a call can follow, too. */
static int
call_options(const struct noc_value *opts, struct noc_err *err)
{
	static const char *const both[] = { "when", "after", "timeout",
					    "undo", "block", "on_timeout" };

	for (size_t i = 0; i < noc_value_len(opts); i++) {
		const char *key = opts->u.map.at[i].key;
		size_t n = 0;

		while (n < NOC_COUNT(both) && strcmp(both[n], key) != 0)
			n++;
		if (n == NOC_COUNT(both))
			return noc_err_set(err, NOC_ECONFIG,
					   "'%s' is of an action; a call has "
					   "when, after, timeout, undo, block "
					   "and on_timeout.",
					   key);
	}
	return 0;
}

static void
call_describe(struct planning *b, size_t i, const struct noc_value *call,
	      const struct noc_value *opts)
{
	struct noc_step_def *s = &b->p->steps[i];
	const struct noc_value *flow = noc_value_get(call, "flow");
	struct noc_err why;
	int64_t own = 0;
	int rc = call_options(opts, &why);

	s->call = noc_ast_name(call);
	s->call_input = noc_ast_opts(call);
	s->call_takes = noc_ast_opts(noc_value_get(flow, "input"));
	s->call_output = noc_ast_opts(noc_value_get(flow, "output"));
	s->block = noc_value_get_str(opts, "block", NULL);
	s->on_timeout = noc_value_get_str(opts, "on_timeout", NULL);
	if (!rc)
		rc = noc_ast_duration(flow, "timeout", 0, &s->timeout_ms, &why);
	if (!rc)
		rc = noc_ast_duration(opts, "timeout", 0, &own, &why);
	if (!rc && own && (!s->timeout_ms || own < s->timeout_ms))
		s->timeout_ms = own;
	if (!rc)
		rc = noc_step_undo(opts, s, &why);
	if (rc)
		node_failed(b, i, &why);
}

/* step "fix" { call "flow" { ... }, ... }, or the call alone. */
static void
node_call(struct planning *b, const struct noc_value *ast, size_t up)
{
	bool bare = noc_ast_is(ast, "call");
	const struct noc_value *call =
	    bare ? ast : noc_value_at(noc_ast_items(ast), 0);
	const struct noc_value *flow = noc_value_get(call, "flow");
	const struct noc_value *opts = bare ? NULL : noc_ast_opts(ast);
	size_t i = node_container(b, ast, up, NOC_STEP_CALL, noc_ast_name(ast));
	size_t scope = b->scope;
	int eaches = b->eaches;

	if (i == NOC_NODE_TOP)
		return;
	call_describe(b, i, call, opts);
	node_when(b, i, opts);
	/* Told where it was looked up. */
	if (!flow && b->rc)
		return;
	b->scope = i;
	list_into(b, i, noc_value_get(flow, "steps"), true);
	b->scope = scope;
	b->eaches = eaches;
}

static void
node_check(struct planning *b, const struct noc_value *v, size_t each)
{
	char *name = noc_asprintf("%s.check", b->p->steps[each].name);
	size_t i;

	/* What an item knows is not known of all. */
	b->scope = b->marks[each].scope;
	i = node_container(b, v, each, NOC_STEP_CHECK, name);
	free(name);
	if (i == NOC_NODE_TOP)
		return;
	b->marks[i].own_name = true;
	b->scope = i;
	list_into(b, i, v, true);
	b->p->steps[each].each->check = i;
	b->p->steps[each].end = b->p->nsteps;
}

/* The item's name hides nothing. */
static void
each_item(struct planning *b, size_t i)
{
	const struct noc_step_def *s = &b->p->steps[i], *other;
	size_t scope = b->marks[i].scope;
	struct noc_field field;
	struct noc_err why;

	for (; scope != NOC_NODE_TOP; scope = b->marks[scope].scope) {
		other = &b->p->steps[scope];
		if (other->kind == NOC_STEP_CALL)
			break;
		if (!other->each || strcmp(other->each->as, s->each->as))
			continue;
		noc_err_set(&why, NOC_ECONFIG,
			    "stands in each '%s' (%s), whose item is '%s' as "
			    "well; say as = \"...\".",
			    other->name, other->at, s->each->as);
		node_failed(b, i, &why);
	}
	if (noc_field_resolve(s->each->as, strlen(s->each->as), NULL, &field,
			      NULL) ||
	    field.from == NOC_FIELD_DATA || !strcmp(s->each->as, "item"))
		return;
	noc_err_set(&why, NOC_ECONFIG,
		    "as = \"%s\" would hide what an event calls so.",
		    s->each->as);
	node_failed(b, i, &why);
}

static void
node_each(struct planning *b, const struct noc_value *ast, size_t up)
{
	const struct noc_value *items = noc_ast_items(ast);
	const struct noc_value *check = noc_ast_opt(ast, "check");
	size_t i = node_container(b, ast, up, NOC_STEP_EACH, noc_ast_name(ast));
	size_t scope = b->scope;
	struct noc_err why;

	if (i == NOC_NODE_TOP)
		return;
	if (plan_each(ast, &b->p->steps[i], &why))
		node_failed(b, i, &why);
	node_when(b, i, noc_ast_opts(ast));
	each_item(b, i);
	if (b->eaches >= NOC_EACH_DEPTH_MAX) {
		noc_err_set(&why, NOC_ECONFIG,
			    "stands in %d others; deeper than %d they do not "
			    "go.",
			    b->eaches, NOC_EACH_DEPTH_MAX);
		node_failed(b, i, &why);
	}
	b->scope = i;
	b->eaches++;
	if (items)
		list_into(b, i, items, true);
	if (check)
		node_check(b, check, i);
	b->scope = scope;
	b->eaches--;
}

/* ---- the rest ---- */

static void
node_undo(struct planning *b, const struct noc_value *ast, size_t up)
{
	const struct noc_value *opts = noc_ast_opts(ast);
	size_t i = node_container(b, ast, up, NOC_STEP_UNDO, noc_ast_name(ast));
	struct noc_step_def *s;
	struct noc_err why;

	if (i == NOC_NODE_TOP)
		return;
	s = &b->p->steps[i];
	s->undo_of = noc_value_get_str(opts, "step", NULL);
	s->undo_items = noc_value_get(opts, "items");
	node_when(b, i, opts);
	if (s->undo_of)
		return;
	noc_err_set(&why, NOC_ECONFIG, "says no `step` to take back.");
	node_failed(b, i, &why);
}

static void
node_step(struct planning *b, const struct noc_value *ast, size_t up)
{
	size_t i = node_add(b, ast, up);
	struct noc_step_def *s;
	struct noc_err why;

	if (i == NOC_NODE_TOP)
		return;
	s = &b->p->steps[i];
	b->marks[i].own_name =
	    !noc_ast_is(ast, "step") && !noc_ast_is(ast, "verify");
	if (noc_step_build(ast, node_position(b, i), s, &why))
		plan_problem(b, &why);
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
		{ "each", node_each },	       { "call", node_call },
		{ "undo", node_undo },
	};

	for (size_t i = 0; i < NOC_COUNT(kinds); i++)
		if (noc_ast_is(ast, kinds[i].node)) {
			kinds[i].build(b, ast, up);
			return;
		}
	if (noc_ast_is(ast, "step") && noc_value_len(noc_ast_items(ast)) == 1 &&
	    noc_ast_is(noc_value_at(noc_ast_items(ast), 0), "call"))
		node_call(b, ast, up);
	else
		node_step(b, ast, up);
}

/* ---- on_fail and finally ---- */

static void
body_end(struct planning *b, const struct noc_value *v, enum noc_step_kind kind,
	 size_t *node)
{
	size_t i =
	    node_container(b, v, NOC_NODE_TOP, kind, noc_step_kind_name(kind));
	struct noc_err why;

	if (i == NOC_NODE_TOP)
		return;
	*node = i;
	b->marks[i].own_name = true;
	if (noc_ast_duration(v->type == NOC_LIST ? NULL : noc_ast_opts(v),
			     "timeout", AFTER_TIMEOUT_MS,
			     &b->p->steps[i].timeout_ms, &why))
		node_failed(b, i, &why);
	list_into(b, i, v, true);
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
	bool steps;
	size_t n;

	if (!v)
		return;
	n = list_of(&v, &at);
	opts = at == &v || v->type == NOC_LIST ? NULL : noc_ast_opts(v);
	if (n == 0) /* { undo = "run" } alone */
		opts = noc_ast_opts(v);
	steps = noc_value_get(opts, "timeout") != NULL;
	for (size_t i = 0; i < n; i++)
		steps = steps || (noc_schema_is(noc_ast_node(at[i]), "step") &&
				  !noc_ast_is(at[i], "escalate"));
	if (noc_value_is_str(noc_value_get(opts, "undo"), "run"))
		p->undo = NOC_UNDO_RUN;
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
	if (noc_ast_duration(p->tree, "timeout", RUN_TIMEOUT_MS, &p->timeout_ms,
			     &why))
		plan_problem(b, &why);
	if (noc_hold_build(p->tree, &p->hold, &why))
		plan_problem(b, &why);
	build_sum(b);
	/* What was stored was good when it was made. */
	if (b->from)
		plan_check_names(b);
}
