/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "engine/expr/template.h"
#include "engine/flow/plan.h"
#include "engine/flow/await.h"
#include "engine/lang/ast.h"

static int
gate_groups(const struct noc_value *opts, struct noc_gate_def *g,
	    struct noc_err *err)
{
	g->ngroups = noc_ast_strings(noc_value_get(opts, "groups"), g->groups,
				     NOC_COUNT(g->groups));
	if (g->ngroups > NOC_COUNT(g->groups))
		return noc_err_set(err, NOC_ECONFIG,
				   "'groups' names more than %d groups.",
				   NOC_GATE_GROUPS_MAX);
	for (size_t i = 0; i < g->ngroups; i++)
		if (!*g->groups[i] || strchr(g->groups[i], '{'))
			return noc_err_set(err, NOC_ECONFIG,
					   "'groups' names groups as they are, "
					   "not '%.40s'.",
					   g->groups[i]);
	return 0;
}

static int
gate_people(const struct noc_value *opts, struct noc_gate_def *g,
	    struct noc_err *err)
{
	int64_t need = noc_value_get_int(opts, "need", 1);
	const char *who = noc_value_get_str(opts, "requester", NULL);

	if (need < 1 || need > NOC_GATE_NEED_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "'need' is how many people: 1 to %d.",
				   NOC_GATE_NEED_MAX);
	g->need = (int)need;
	g->self = noc_value_get_bool(opts, "self", false);
	return who ? noc_template_parse(who, strlen(who), &g->requester, err)
		   : 0;
}

static int
gate_time(const struct noc_value *opts, struct noc_step_def *s,
	  struct noc_err *err)
{
	const char *then = noc_value_get_str(opts, "on_timeout", "reject");
	int rc = noc_ast_duration(opts, "timeout", 0, &s->timeout_ms, err);

	if (rc)
		return rc;
	if (s->timeout_ms < 1)
		return noc_err_set(err, NOC_ECONFIG,
				   "waits for people, so its timeout must be "
				   "said: timeout = \"30m\".");
	s->gate->lets_through = !strcmp(then, "approve");
	return 0;
}

int
noc_gate_build(const struct noc_value *node, struct noc_step_def *s,
	       struct noc_err *err)
{
	const struct noc_value *opts = noc_ast_opts(node);
	struct noc_gate_def *g = noc_calloc(1, sizeof(*g));
	int rc;

	s->gate = g;
	g->confirm = noc_ast_is(node, "confirm");
	g->show = noc_value_get(opts, "show");
	g->notify = noc_value_get_str(opts, "notify", "noc");
	rc = noc_withdraw_build(noc_value_get(opts, "withdraw"), s->at,
				&g->withdraw, err);
	if (!rc)
		rc = gate_groups(opts, g, err);
	if (!rc)
		rc = gate_people(opts, g, err);
	return rc ? rc : gate_time(opts, s, err);
}

void
noc_gate_who(const struct noc_gate_def *def, struct noc_strbuf *out)
{
	for (size_t i = 0; i < def->ngroups; i++)
		noc_strbuf_addf(out, "%s%s", i ? " or " : "", def->groups[i]);
	if (!def->ngroups)
		noc_strbuf_adds(out, "people");
	if (def->need > 1)
		noc_strbuf_addf(out, " (%d of them)", def->need);
}

void
noc_gate_def_free(struct noc_gate_def *g)
{
	if (!g)
		return;
	noc_template_free(g->requester);
	noc_await_def_free(g->withdraw);
	free(g);
}
