/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/redact.h"
#include "base/strbuf.h"
#include "engine/lang/ast.h"
#include "engine/expr/scope.h"
#include "engine/expr/template.h"
#include "engine/edge/action.h"
#include "engine/flow/await.h"
#include "engine/flow/gate.h"
#include "engine/flow/plan.h"

/* What a rule wrote, shortened; secrets by their name only. */
static void
describe_value(const struct noc_value *v, struct noc_strbuf *out)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;

	if (noc_ast_is(v, "secret")) {
		noc_strbuf_addf(out, "secret %s",
				noc_ast_name(v) ? noc_ast_name(v) : "?");
		return;
	}
	noc_strbuf_add(&text, "", 0);
	if (noc_ast_node(v))
		noc_strbuf_addf(&text, "%s{...}", noc_ast_node(v));
	else
		noc_value_text(v, &text);
	noc_strbuf_add_escaped(out, text.p, text.len < 160 ? text.len : 160);
	noc_strbuf_release(&text);
}

static void
describe_action(const struct noc_value *action, const struct noc_scope *scope,
		struct noc_strbuf *out)
{
	const struct noc_value *items, *opts;
	struct noc_value *known = NULL, *said;

	noc_strbuf_adds(out, noc_ast_node(action));
	if (noc_ast_name(action))
		noc_strbuf_addf(out, " %s", noc_ast_name(action));
	if (scope &&
	    !noc_template_tree(action, scope, NOC_MISSING_MARK, &known, NULL))
		action = known;
	said = noc_redact_value(action);
	items = noc_ast_items(said);
	opts = noc_ast_opts(said);
	for (size_t i = 0; i < noc_value_len(items); i++) {
		noc_strbuf_addc(out, ' ');
		describe_value(noc_value_at(items, i), out);
	}
	for (size_t i = 0; opts && i < opts->u.map.len; i++) {
		noc_strbuf_addf(out, " %s=", opts->u.map.at[i].key);
		describe_value(opts->u.map.at[i].value, out);
	}
	noc_value_free(said);
	noc_value_free(known);
}

const char *
noc_step_kind_name(enum noc_step_kind kind)
{
	static const char *const names[] = {
		[NOC_STEP_ACTION] = "step",
		[NOC_STEP_VERIFY] = "verify",
		[NOC_STEP_STOP] = "stop",
		[NOC_STEP_FAIL] = "fail",
		[NOC_STEP_ESCALATE] = "escalate",
		[NOC_STEP_EMIT] = "emit",
		[NOC_STEP_SLEEP] = "sleep",
		[NOC_STEP_APPROVE] = "approve",
		[NOC_STEP_CONFIRM] = "confirm",
		[NOC_STEP_WAIT_FOR] = "wait_for",
		[NOC_STEP_PARALLEL] = "parallel",
		[NOC_STEP_CHOOSE] = "choose",
		[NOC_STEP_BRANCH] = "branch",
		[NOC_STEP_CALL] = "call",
		[NOC_STEP_EACH] = "each",
		[NOC_STEP_CHECK] = "check",
		[NOC_STEP_ON_FAIL] = "on_fail",
		[NOC_STEP_FINALLY] = "finally",
		[NOC_STEP_UNDO] = "undo",
	};

	return names[kind];
}

bool
noc_step_withheld(const struct noc_step_def *s, enum noc_mode mode)
{
	const struct noc_action_ops *ops =
	    s->action ? noc_action_find(s->action) : NULL;

	if (mode == NOC_ACTIVE)
		return false;
	if (s->mutates || s->gate)
		return true;
	return mode == NOC_SHADOW &&
	       (s->kind == NOC_STEP_ESCALATE || s->kind == NOC_STEP_EMIT ||
		(ops && ops->flags & NOC_ACTION_NOTIFIES));
}

void
noc_plan_describe_step(const struct noc_step_def *s,
		       const struct noc_scope *scope, struct noc_strbuf *out)
{
	switch (s->kind) {
	case NOC_STEP_ACTION:
	case NOC_STEP_EMIT:
		describe_action(s->params, scope, out);
		break;
	case NOC_STEP_VERIFY:
		noc_strbuf_adds(out, "verify ");
		describe_action(s->params, scope, out);
		break;
	case NOC_STEP_STOP:
		noc_strbuf_addf(out, "stop \"%s\"", s->reason);
		return;
	case NOC_STEP_FAIL:
		noc_strbuf_addf(out, "fail \"%s\"", s->reason);
		return;
	case NOC_STEP_SLEEP:
		noc_strbuf_addf(out, "sleep %s", s->reason);
		return;
	case NOC_STEP_APPROVE:
	case NOC_STEP_CONFIRM:
		noc_strbuf_adds(out, "ask ");
		noc_gate_who(s->gate, out);
		noc_strbuf_addf(out, " to %s", noc_step_kind_name(s->kind));
		return;
	case NOC_STEP_WAIT_FOR:
		noc_await_describe(s->await, out);
		return;
	case NOC_STEP_ESCALATE:
		noc_strbuf_addf(out, "escalate in %zu levels",
				s->escalation->nlevels);
		return;
	case NOC_STEP_CALL:
		noc_strbuf_addf(out, "call %s", s->call);
		break;
	case NOC_STEP_UNDO:
		noc_strbuf_addf(out, "undo %s", s->undo_of);
		return;
	case NOC_STEP_PARALLEL:
	case NOC_STEP_CHOOSE:
	case NOC_STEP_BRANCH:
	case NOC_STEP_EACH:
	case NOC_STEP_CHECK:
	case NOC_STEP_ON_FAIL:
	case NOC_STEP_FINALLY:
		noc_strbuf_adds(out, noc_step_kind_name(s->kind));
		return;
	}
	if (s->target) {
		noc_strbuf_adds(out, " on ");
		if (scope)
			noc_template_text(s->target, scope, NOC_MISSING_MARK,
					  out, NULL);
		else
			noc_strbuf_adds(out, noc_template_source(s->target));
	}
}
