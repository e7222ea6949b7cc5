/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/lang/ast.h"
#include "engine/lang/schema.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan_private.h"

/* What a flow says of itself, beside its steps: its time, limits, locks, dedup
 * and guard. */

#define RUN_TIMEOUT_MS (24 * 3600 * 1000LL)

/* Is it there, or something that was to be it? */
static bool
flow_says_dedup(const struct noc_value *flow)
{
	static const char *const names[] = { "dedup" };
	const struct noc_value *opts = noc_ast_opts(flow);
	bool says = false;

	for (size_t i = 0; !says && i < noc_value_len(opts); i++)
		says = noc_suggest(opts->u.map.at[i].key, names, 1) != NULL;
	return says;
}

/* All of that but for what the schema has told of, and
 * what would be missed because of that. */
static struct noc_value *
flow_right(const struct noc_value *flow, const struct noc_value *tree)
{
	static const char *const names[] = { "timeout",	  "limits",
					     "lock",	  "guard",
					     "dedup",	  "on_running",
					     "on_closed", "dedup_window" };
	struct noc_value *right = noc_value_map();

	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		const struct noc_value *v = noc_value_get(tree, names[i]);

		if (v && noc_schema_option_is("flow", names[i], v))
			noc_value_set(right, names[i], noc_value_copy(v));
	}
	if (noc_value_get(tree, "on_closed") &&
	    !noc_value_get(right, "on_closed"))
		noc_value_unset(right, "dedup_window");
	if (!noc_value_get(right, "dedup") && flow_says_dedup(flow)) {
		noc_value_unset(right, "on_running");
		noc_value_unset(right, "on_closed");
		noc_value_unset(right, "dedup_window");
	}
	return right;
}

static void
on_hold_wrong(const struct noc_err *why, void *arg)
{
	plan_problem(arg, why);
}

void
plan_flow(struct planning *b)
{
	struct noc_plan *p = b->p;
	bool wrong = b->from && noc_ast_wrong(b->from->flow);
	struct noc_value *right =
	    wrong ? flow_right(b->from->flow, p->tree) : NULL;
	const struct noc_value *opts = right ? right : p->tree;
	struct noc_err why;

	if (noc_ast_duration(opts, "timeout", RUN_TIMEOUT_MS, &p->timeout_ms,
			     &why))
		plan_problem(b, &why);
	noc_hold_build(opts, &p->hold, on_hold_wrong, b);
	noc_value_free(right);
}
