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

	s->call = noc_ast_name(call);
	s->call_input = noc_ast_opts(call);
	s->call_takes = noc_ast_opts(noc_value_get(flow, "input"));
	s->call_output = noc_ast_opts(noc_value_get(flow, "output"));
	s->block = noc_value_get_str(opts, "block", NULL);
	s->on_timeout = noc_value_get_str(opts, "on_timeout", NULL);
	b->marks[i].wrong = b->marks[i].wrong || !flow;
	if (noc_ast_wrong(b->marks[i].ast))
		return;
	if (call_options(opts, &why))
		plan_node_wrong(b, i, &why);
	if (noc_ast_duration(flow, "timeout", 0, &s->timeout_ms, &why))
		plan_node_wrong(b, i, &why);
	if (noc_ast_duration(opts, "timeout", 0, &own, &why))
		plan_node_wrong(b, i, &why);
	else if (own && (!s->timeout_ms || own < s->timeout_ms))
		s->timeout_ms = own;
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
