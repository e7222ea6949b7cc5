/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/table.h"
#include "engine/lang/ast.h"
#include "engine/flow/plan_private.h"

/* The tree that is the plan: what its canonical JSON says and no more. */
static struct noc_value *
tree_plain(const char *name, const struct noc_value *flow)
{
	struct noc_value *tree = noc_value_map(), *steps;
	const struct noc_value *v;

	noc_value_set(tree, "name", noc_value_str(name));
	noc_value_set(tree, "version", noc_value_int(PLAN_VERSION));
	if (!noc_ast_is(flow, "flow")) {
		steps = noc_value_list();
		noc_value_push(steps, noc_value_copy(flow));
		noc_value_set(tree, "steps", steps);
		return tree;
	}
	v = noc_ast_items(flow);
	noc_value_set(tree, "steps", v ? noc_value_copy(v) : noc_value_list());
	v = noc_ast_opts(flow);
	for (size_t i = 0; v && i < v->u.map.len; i++)
		noc_value_set(tree, v->u.map.at[i].key,
			      noc_value_copy(v->u.map.at[i].value));
	return tree;
}

/* ---- call: the other flow becomes a part of it ---- */

#define CALL_DEPTH_MAX 8

struct inlining {
	const struct noc_plan_source *from;
	const struct noc_table *flows;
	const char *names[CALL_DEPTH_MAX + 2]; /* who calls whom */
	int depth;
	size_t steps; /* that came in so far */
	struct noc_err *err;
	int rc;
};

static int
inline_failed(struct inlining *in, const struct noc_value *call,
	      struct noc_err *why)
{
	noc_err_prefix(why, "%s: call '%s'", noc_ast_at(call),
		       noc_ast_name(call) ? noc_ast_name(call) : "?");
	if (in->from->tell)
		in->from->tell(why, in->from->arg);
	if (!in->rc)
		*in->err = *why;
	in->rc = why->kind;
	return in->rc;
}

/* What ends a run is the caller's to say. */
static int
inline_allowed(const struct noc_value *flow, struct noc_err *why)
{
	static const char *const known[] = { "input", "output", "timeout" };
	const struct noc_value *opts = noc_ast_opts(flow);

	for (size_t i = 0; opts && i < opts->u.map.len; i++) {
		const char *key = opts->u.map.at[i].key;
		size_t k = 0;

		while (k < NOC_COUNT(known) && strcmp(known[k], key))
			k++;
		if (k == NOC_COUNT(known))
			return noc_err_set(
			    why, NOC_ECONFIG,
			    "the flow has '%s' (%s), which is of a run and "
			    "not of a call: say it in the flow that calls, or "
			    "`start` this one.",
			    key, noc_ast_at(flow));
	}
	return 0;
}

static int
inline_find(struct inlining *in, const char *name,
	    const struct noc_value **flow, struct noc_err *why)
{
	const char *known[256], *key, *meant;
	size_t n = 0;
	void *v;

	*flow = in->flows && name ? noc_table_get(in->flows, name) : NULL;
	for (size_t it = 0; in->flows && n < NOC_COUNT(known) &&
			    noc_table_next(in->flows, &it, &key, &v);)
		known[n++] = key;
	meant = *flow || !name ? NULL : noc_suggest(name, known, n);
	if (!*flow)
		return noc_err_set(why, NOC_ECONFIG,
				   "there is no such flow%s%s%s",
				   meant ? "; did you mean '" : "",
				   meant ? meant : "", meant ? "'?" : ".");
	for (int i = 0; i <= in->depth; i++)
		if (!strcmp(in->names[i], name))
			return noc_err_set(
			    why, NOC_ECONFIG, "'%s' would call itself%s%s%s.",
			    name, i < in->depth ? ", by way of '" : "",
			    i < in->depth ? in->names[in->depth] : "",
			    i < in->depth ? "'" : "");
	if (in->depth >= CALL_DEPTH_MAX)
		return noc_err_set(why, NOC_ECONFIG,
				   "flows call each other more than %d deep.",
				   CALL_DEPTH_MAX);
	in->steps += 1 + noc_value_len(noc_ast_items(*flow));
	if (in->steps > PLAN_STEPS_MAX)
		return noc_err_set(why, NOC_ECONFIG,
				   "with what it calls it has more than %d "
				   "steps.",
				   PLAN_STEPS_MAX);
	return noc_ast_wrong(*flow) ? 0 : inline_allowed(*flow, why);
}

static void inline_below(struct inlining *in, struct noc_value *v);

static void
inline_call(struct inlining *in, struct noc_value *call)
{
	const char *name = noc_ast_name(call);
	const struct noc_value *flow;
	struct noc_value *tree;
	struct noc_err why;

	/* Told where it was read, or it is not known what there is. */
	if (noc_ast_wrong_below(call) ||
	    (name && in->from->lost && !noc_table_get(in->flows, name) &&
	     in->from->lost(name, in->from->arg))) {
		in->rc = in->rc ? in->rc : NOC_ECONFIG;
		return;
	}
	if (inline_find(in, name, &flow, &why)) {
		inline_failed(in, call, &why);
		return;
	}
	tree = tree_plain(name, flow);
	noc_value_unset(tree, "version");
	in->names[++in->depth] = name;
	inline_below(in, tree);
	in->depth--;
	noc_value_set(call, "flow", tree);
}

static void
inline_below(struct inlining *in, struct noc_value *v)
{
	/* Told already; hundreds more would say the same. */
	if (in->steps > PLAN_STEPS_MAX)
		return;
	if (noc_ast_is(v, "call"))
		inline_call(in, v);
	else if (v->type == NOC_LIST)
		for (size_t i = 0; i < v->u.list.len; i++)
			inline_below(in, v->u.list.at[i]);
	else if (v->type == NOC_MAP)
		for (size_t i = 0; i < v->u.map.len; i++)
			inline_below(in, v->u.map.at[i].value);
}

int
plan_tree(const struct noc_plan_source *from, struct noc_value **out,
	  struct noc_err *err)
{
	struct inlining in = { .from = from, .flows = from->flows, .err = err };

	*out = tree_plain(from->name, from->flow);
	in.names[0] = noc_ast_is(from->flow, "flow") && noc_ast_name(from->flow)
			  ? noc_ast_name(from->flow)
			  : "";
	inline_below(&in, *out);
	return in.rc;
}

/* ---- its canonical form ---- */

/*
 * {"node":"function", "path": P}.  The first version wrote the tree and the
 * number that the function has there; the path is its number then.
 */
static struct noc_value *
bare_function(const struct noc_value *v)
{
	struct noc_value *to = noc_value_map();
	const char *path = noc_ast_function_path(v);
	int64_t fn = noc_value_get_int(v, "fn", -1);

	noc_value_set(to, "node", noc_value_str("function"));
	noc_value_set(to, "path",
		      noc_value_get(v, "tree")
			  ? noc_value_strf("#%lld", (long long)fn)
			  : noc_value_str(path ? path : "?"));
	return to;
}

static struct noc_value *
bare_map(const struct noc_value *v, bool node)
{
	struct noc_value *to = noc_value_map();

	for (size_t i = 0; i < v->u.map.len; i++) {
		const struct noc_member *m = &v->u.map.at[i];
		bool keys = node && !strcmp(m->key, "opts") &&
			    m->value->type == NOC_MAP;

		/* `opts` holds whatever keys were written, "node" too. */
		if (!node || strcmp(m->key, "at") != 0)
			noc_value_set(to, m->key,
				      keys ? bare_map(m->value, false)
					   : plan_bare(m->value));
	}
	return to;
}

/* A copy that does not say where it was written. */
struct noc_value *
plan_bare(const struct noc_value *v)
{
	struct noc_value *to;

	if (noc_ast_is(v, "function"))
		return bare_function(v);
	if (v->type == NOC_MAP)
		return bare_map(v, noc_ast_node(v) != NULL);
	if (v->type != NOC_LIST)
		return noc_value_copy(v);
	to = noc_value_list();
	for (size_t i = 0; i < v->u.list.len; i++)
		noc_value_push(to, plan_bare(v->u.list.at[i]));
	return to;
}

/* The tree of a function below v, as the first version wrote it; or NULL. */
const char *
plan_tree_said(const struct noc_value *v)
{
	const char *tree = noc_ast_is(v, "function")
			       ? noc_value_get_str(v, "tree", NULL)
			       : NULL;

	for (size_t i = 0; !tree && v->type == NOC_LIST && i < v->u.list.len;
	     i++)
		tree = plan_tree_said(v->u.list.at[i]);
	for (size_t i = 0; !tree && v->type == NOC_MAP && i < v->u.map.len; i++)
		tree = plan_tree_said(v->u.map.at[i].value);
	return tree;
}
