/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/edge/action.h"
#include "engine/flow/plan_private.h"

/* escalate { { "0m", notify "noc" }, ..., again = "15m" } */

#define ESCALATE_MAX_MS	    (24 * 3600 * 1000LL)
#define ESCALATE_LEVELS_MAX 32
#define STOP_ON_MAX	    16

static int
escalation_level(const struct noc_value *item, struct noc_escalation *e,
		 struct noc_err *err)
{
	const struct noc_value *parts = noc_ast_items(item);
	const struct noc_value *after = noc_value_at(parts, 0);
	int64_t after_ms = 0;
	size_t n = noc_value_len(parts);

	if (n < 2 || after->type != NOC_STR ||
	    noc_duration_parse(after->u.s.p, &after_ms))
		return noc_err_set(err, NOC_ECONFIG,
				   "a level of escalate is a duration and an "
				   "action: { \"10m\", notify \"oncall\" }.");
	if (e->nlevels && after_ms < e->levels[e->nlevels - 1].after_ms)
		return noc_err_set(err, NOC_ECONFIG,
				   "the levels of escalate must come in order "
				   "of time, and '%s' is too early.",
				   after->u.s.p);
	for (size_t i = 1; i < n; i++) {
		struct noc_value *action = noc_value_at(parts, i);

		if (!noc_node_is_action(action) ||
		    !noc_action_find(noc_ast_node(action)))
			return noc_err_set(err, NOC_ECONFIG,
					   "'%s' in a level of escalate is no "
					   "action.",
					   noc_ast_node(action)
					       ? noc_ast_node(action)
					       : "a value");
		if (e->nlevels >= ESCALATE_LEVELS_MAX)
			return noc_err_set(err, NOC_ECONFIG,
					   "escalate has more than %d levels.",
					   ESCALATE_LEVELS_MAX);
		e->levels[e->nlevels++] =
		    (struct noc_escalation_level){ after_ms, action };
	}
	return 0;
}

int
noc_escalation_build(const struct noc_value *node, struct noc_escalation **out,
		     struct noc_err *err)
{
	const struct noc_value *items = noc_ast_items(node);
	const struct noc_value *opts = noc_ast_opts(node);
	struct noc_escalation *e = noc_calloc(1, sizeof(*e));
	const char *words[STOP_ON_MAX];
	int rc = 0;

	*out = e; /* released with its step, also after an error */
	e->levels = noc_calloc(ESCALATE_LEVELS_MAX, sizeof(*e->levels));
	for (size_t i = 0; !rc && i < noc_value_len(items); i++)
		rc = escalation_level(noc_value_at(items, i), e, err);
	if (!rc && !e->nlevels)
		rc = noc_err_set(err, NOC_ECONFIG,
				 "escalate needs at least one level.");
	if (!rc)
		rc = noc_ast_duration(opts, "again", 0, &e->again_ms, err);
	if (!rc)
		rc = noc_ast_duration(opts, "max", ESCALATE_MAX_MS, &e->max_ms,
				      err);
	if (rc)
		return rc;
	e->nstop_on =
	    noc_ast_strings(noc_value_get(opts, "stop_on"), words, STOP_ON_MAX);
	if (!e->nstop_on)
		words[e->nstop_on++] = "ack";
	if (e->nstop_on > STOP_ON_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "'stop_on' lists more than %d kinds.",
				   STOP_ON_MAX);
	e->stop_on = noc_memdup(words, e->nstop_on * sizeof(*words));
	return 0;
}

void
noc_escalation_free(struct noc_escalation *e)
{
	if (!e)
		return;
	free(e->levels);
	free(e->stop_on);
	free(e);
}
