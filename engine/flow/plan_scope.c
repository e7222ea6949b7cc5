/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/event/field.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan_private.h"

/* What holds steps with names of their own: a call, an each, its check. */

/* Those of a step that a call can follow, too. */
static int
call_options(const struct noc_value *opts, bool undo, struct noc_err *err)
{
	static const char *const both[] = { "timeout",	 "block", "targets",
					    "when",	 "after", "undo",
					    "on_timeout" };
	size_t n = undo ? 3 : NOC_COUNT(both);

	for (size_t i = 0; i < noc_value_len(opts); i++) {
		const char *key = opts->u.map.at[i].key;
		size_t k = 0;

		while (k < n && strcmp(both[k], key) != 0)
			k++;
		if (k < n)
			continue;
		return noc_err_set(err, NOC_ECONFIG,
				   undo ? "'%s' is of an action; a call to "
					  "undo has timeout and block."
					: "'%s' is of an action; a call has "
					  "when, after, timeout, undo, block, "
					  "targets and on_timeout.",
				   key);
	}
	return 0;
}

/* What it calls, and for how long: as its flow says, or shorter. */
static int
call_of(struct noc_step_def *s, const struct noc_value *call,
	const struct noc_value *opts, struct noc_err *err)
{
	const struct noc_value *flow = noc_value_get(call, "flow");
	int64_t own = 0;
	int rc;

	s->call = noc_ast_name(call);
	s->call_takes = noc_ast_opts(noc_value_get(flow, "input"));
	s->call_output = noc_ast_opts(noc_value_get(flow, "output"));
	rc = noc_ast_duration(flow, "timeout", 0, &s->timeout_ms, err);
	if (!rc)
		rc = noc_ast_duration(opts, "timeout", 0, &own, err);
	if (!rc && own && (!s->timeout_ms || own < s->timeout_ms))
		s->timeout_ms = own;
	return rc;
}

static void
call_describe(struct planning *b, size_t i, const struct noc_value *call,
	      const struct noc_value *opts)
{
	struct noc_step_def *s = &b->p->steps[i];
	struct noc_err why;
	int rc = call_of(s, call, opts, &why);

	s->call_input = noc_ast_opts(call);
	s->block = noc_value_get_str(opts, "block", NULL);
	s->on_timeout = noc_value_get_str(opts, "on_timeout", NULL);
	b->marks[i].wrong = b->marks[i].wrong || !noc_value_get(call, "flow");
	if (noc_ast_wrong(b->marks[i].ast))
		return;
	if (rc)
		plan_node_wrong(b, i, &why);
	if (call_options(opts, false, &why))
		plan_node_wrong(b, i, &why);
	s->targets = noc_value_get(opts, "targets");
	plan_step_undo(b, opts, s);
}

/* step "fix" { call "flow" { ... }, ... }, or the call alone. */
void
plan_call(struct planning *b, const struct noc_value *ast, size_t up)
{
	bool bare = noc_ast_is(ast, "call");
	const struct noc_value *call =
	    bare ? ast : noc_value_at(noc_ast_items(ast), 0);
	const struct noc_value *flow = noc_value_get(call, "flow");
	const struct noc_value *opts = bare ? NULL : noc_ast_opts(ast);
	size_t i = plan_container(b, ast, up, NOC_STEP_CALL, noc_ast_name(ast));
	size_t scope = b->scope;
	int eaches = b->eaches;

	if (i == NOC_NODE_TOP)
		return;
	call_describe(b, i, call, opts);
	plan_when(b, i, opts);
	/* Told where it was looked up. */
	if (!flow && b->rc)
		return;
	b->scope = i;
	plan_list(b, i, noc_value_get(flow, "steps"), true);
	b->scope = scope;
	b->eaches = eaches;
}

/* ---- the flow that undoes a step ---- */

void
plan_undo_call(struct planning *b, const struct noc_value *opts,
	       const struct noc_value *call, struct noc_step_def *u)
{
	struct noc_err why;

	u->kind = NOC_STEP_CALL;
	u->params = call;
	if (call_of(u, call, opts, &why) || call_options(opts, true, &why))
		plan_step_wrong(b, u, &why);
	u->call_input = noc_ast_opts(call);
	u->block = noc_value_get_str(opts, "block", NULL);
}

/* Its steps are seen as if they stood beside the step. */
static void
undo_flow(struct planning *b, size_t of)
{
	struct noc_step_def *u = b->p->steps[of].undo, *s;
	const struct noc_value *flow = noc_value_get(u->params, "flow");
	char *name = noc_asprintf("%s!undo", u->name);
	size_t i;

	b->scope = b->marks[of].scope;
	i = plan_container(b, u->params, b->p->steps[of].up, NOC_STEP_CALL,
			   name);
	free(name);
	if (i == NOC_NODE_TOP)
		return;
	s = &b->p->steps[i];
	s->takes_back = true;
	s->pair = of;
	u->pair = i;
	s->call = u->call;
	s->call_takes = u->call_takes;
	s->call_output = u->call_output;
	b->marks[i].wrong = b->marks[i].wrong || !flow;
	if (!flow && b->rc) /* told where it was looked up */
		return;
	b->eaches = 0;
	for (size_t up = of; up != NOC_NODE_TOP; up = b->p->steps[up].up)
		b->eaches += b->p->steps[up].kind == NOC_STEP_EACH;
	b->scope = i;
	plan_list(b, i, noc_value_get(flow, "steps"), true);
}

void
plan_undo_flows(struct planning *b)
{
	struct noc_plan *p = b->p;

	p->undo_from = p->nsteps;
	for (size_t i = 0; i < p->undo_from; i++)
		if (p->steps[i].undo && p->steps[i].undo->kind == NOC_STEP_CALL)
			undo_flow(b, i);
	b->scope = NOC_NODE_TOP;
	b->eaches = 0;
	/* What takes back is not taken back itself. */
	for (size_t i = p->undo_from; i < p->nsteps; i++) {
		if (p->steps[i].undo)
			noc_step_release(p->steps[i].undo);
		free(p->steps[i].undo);
		p->steps[i].undo = NULL;
	}
}

static void
node_check(struct planning *b, const struct noc_value *v, size_t each)
{
	char *name = noc_asprintf("%s.check", b->p->steps[each].name);
	size_t i;

	/* What an item knows is not known of all. */
	b->scope = b->marks[each].scope;
	i = plan_container(b, v, each, NOC_STEP_CHECK, name);
	free(name);
	if (i == NOC_NODE_TOP)
		return;
	b->marks[i].own_name = true;
	b->scope = i;
	plan_list(b, i, v, true);
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
		plan_node_wrong(b, i, &why);
	}
	if (noc_field_resolve(s->each->as, strlen(s->each->as), NULL, &field,
			      NULL) ||
	    field.from == NOC_FIELD_DATA || !strcmp(s->each->as, "item"))
		return;
	noc_err_set(&why, NOC_ECONFIG,
		    "as = \"%s\" would hide what an event calls so.",
		    s->each->as);
	plan_node_wrong(b, i, &why);
}

void
plan_each_node(struct planning *b, const struct noc_value *ast, size_t up)
{
	const struct noc_value *items = noc_ast_items(ast);
	const struct noc_value *check = noc_ast_opt(ast, "check");
	size_t i = plan_container(b, ast, up, NOC_STEP_EACH, noc_ast_name(ast));
	size_t scope = b->scope;
	struct noc_err why;

	if (i == NOC_NODE_TOP)
		return;
	plan_each(b, i);
	plan_when(b, i, noc_ast_opts(ast));
	each_item(b, i);
	if (b->eaches >= NOC_EACH_DEPTH_MAX) {
		noc_err_set(&why, NOC_ECONFIG,
			    "stands in %d others; deeper than %d they do not "
			    "go.",
			    b->eaches, NOC_EACH_DEPTH_MAX);
		b->scope = NOC_NODE_TOP; /* by itself it may be well */
		plan_node_wrong(b, i, &why);
	}
	b->scope = i;
	b->eaches++;
	if (items)
		plan_list(b, i, items, true);
	if (check)
		node_check(b, check, i);
	b->scope = scope;
	b->eaches--;
}
