/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/lang/ast.h"

#include <string.h>

#include "base/clock.h"

#define AST_DEPTH_MAX 8

const char *
noc_ast_node(const struct noc_value *v)
{
	return v && v->type == NOC_MAP ? noc_value_get_str(v, "node", NULL)
				       : NULL;
}

bool
noc_ast_is(const struct noc_value *v, const char *node)
{
	const char *kind = noc_ast_node(v);

	return kind && !strcmp(kind, node);
}

const char *
noc_ast_name(const struct noc_value *v)
{
	return noc_value_get_str(v, "name", NULL);
}

const char *
noc_ast_at(const struct noc_value *v)
{
	return noc_value_get_str(v, "at", "?");
}

bool
noc_ast_wrong(const struct noc_value *v)
{
	return noc_ast_node(v) &&
	       (noc_value_get(v, "wrong") || noc_ast_is(v, "error"));
}

bool
noc_ast_wrong_below(const struct noc_value *v)
{
	bool wrong = noc_ast_wrong(v);

	for (size_t i = 0;
	     !wrong && v && v->type == NOC_LIST && i < v->u.list.len; i++)
		wrong = noc_ast_wrong_below(v->u.list.at[i]);
	for (size_t i = 0;
	     !wrong && v && v->type == NOC_MAP && i < v->u.map.len; i++)
		wrong = noc_ast_wrong_below(v->u.map.at[i].value);
	return wrong;
}

/* Plans come back from the database: a wrong type is as good as nothing. */
static const struct noc_value *
ast_typed(const struct noc_value *v, enum noc_type type)
{
	return v && v->type == type ? v : NULL;
}

const struct noc_value *
noc_ast_opts(const struct noc_value *v)
{
	if (noc_ast_node(v))
		return ast_typed(noc_value_get(v, "opts"), NOC_MAP);
	return ast_typed(v, NOC_MAP);
}

const struct noc_value *
noc_ast_items(const struct noc_value *v)
{
	if (noc_ast_node(v))
		return ast_typed(noc_value_get(v, "items"), NOC_LIST);
	return ast_typed(v, NOC_LIST);
}

const struct noc_value *
noc_ast_opt(const struct noc_value *v, const char *key)
{
	return noc_value_get(noc_ast_opts(v), key);
}

static size_t
ast_gather(const struct noc_value *v, const char **out, size_t max, size_t n,
	   int depth)
{
	const struct noc_value *items;

	if (!v || depth > AST_DEPTH_MAX)
		return n;
	if (v->type == NOC_STR) {
		if (n < max)
			out[n] = v->u.s.p;
		return n + 1;
	}
	items = noc_ast_items(v);
	for (size_t i = 0; i < noc_value_len(items); i++)
		n = ast_gather(noc_value_at(items, i), out, max, n, depth + 1);
	return n;
}

size_t
noc_ast_strings(const struct noc_value *v, const char **out, size_t max)
{
	return ast_gather(v, out, max, 0, 0);
}

int
noc_ast_function(const struct noc_value *v)
{
	if (!noc_ast_is(v, "function"))
		return 0;
	return (int)noc_value_get_int(v, "fn", -1) + 1;
}

const char *
noc_ast_function_path(const struct noc_value *v)
{
	return noc_ast_is(v, "function") ? noc_value_get_str(v, "path", "")
					 : NULL;
}

int
noc_ast_duration(const struct noc_value *opts, const char *key,
		 int64_t fallback_ms, int64_t *ms, struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(opts, key);

	if (!v) {
		*ms = fallback_ms;
		return 0;
	}
	if (v->type == NOC_STR && !noc_duration_parse(v->u.s.p, ms))
		return 0;
	return noc_err_set(err, NOC_ECONFIG,
			   "'%s' must be a duration such as \"15s\", not "
			   "'%.40s'.",
			   key, v->type == NOC_STR ? v->u.s.p : "a number");
}

double
noc_ast_number(const struct noc_value *opts, const char *key, double fallback)
{
	const struct noc_value *v = noc_value_get(opts, key);

	if (v && v->type == NOC_INT)
		return (double)v->u.i;
	return v && v->type == NOC_REAL ? v->u.d : fallback;
}
