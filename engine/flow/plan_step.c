/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/expr/where_test.h"
#include "engine/flow/await.h"
#include "engine/flow/gate.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan_private.h"
#include "engine/flow/probe.h"

void
plan_step_wrong(struct planning *b, const struct noc_step_def *s,
		struct noc_err *why)
{
	if (s->takes_back)
		noc_err_prefix(why, "'undo'");
	noc_err_prefix(why, "%s: step '%s'", s->at, s->name ? s->name : "?");
	plan_problem(b, why);
}

/* "snmp.get", third step -> "snmp_get_3": a name that paths can say. */
char *
plan_own_name(const char *node, size_t position)
{
	char *name = noc_asprintf("%s_%zu", node, position);

	for (char *p = name; *p; p++)
		if (*p == '.')
			*p = '_';
	return name;
}

int
plan_where(const struct noc_value *opts, const char *key, const char *at,
	   struct noc_where **where, const char **fn, struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(opts, key);
	int rc;

	if (!v)
		return 0;
	*fn = noc_ast_function_path(v);
	if (*fn)
		return 0;
	rc = noc_where_compile(v, NULL, at, where, err);
	if (rc)
		noc_err_prefix(err, "'%s'", key);
	return rc;
}

/* ---- the kinds of step ---- */

/* `step` and `verify` hold exactly one action, at position 1. */
static int
step_held(const struct noc_value *node, const struct noc_step_def *s,
	  struct noc_err *err)
{
	const struct noc_value *items = noc_ast_items(node);
	const char *first = noc_ast_node(noc_value_at(items, 0));

	if (!s->name)
		return noc_err_set(err, NOC_ECONFIG, "a step needs a name.");
	if (noc_value_len(items) != 1)
		return noc_err_set(err, NOC_ECONFIG,
				   "holds %zu actions; it must hold exactly "
				   "one.",
				   noc_value_len(items));
	if (!noc_node_is_action(noc_value_at(items, 0)))
		return noc_err_set(err, NOC_ECONFIG, "'%s' is no action.",
				   first ? first : "a value");
	return 0;
}

static void
step_single(struct planning *b, const struct noc_value *node,
	    struct noc_step_def *s)
{
	struct noc_err why;

	if (step_held(node, s, &why))
		plan_step_wrong(b, s, &why);
	else
		plan_action(b, node, noc_value_at(noc_ast_items(node), 0), s);
}

static int
step_reads(const struct noc_value *opts, struct noc_step_def *s,
	   struct noc_err *err)
{
	(void)opts;
	return s->mutates ? noc_err_set(err, NOC_ECONFIG,
					"a verify must only read, and '%s' "
					"changes something.",
					s->action)
			  : 0;
}

static int
step_expect(const struct noc_value *opts, struct noc_step_def *s,
	    struct noc_err *err)
{
	int rc =
	    plan_where(opts, "expect", s->at, &s->expect, &s->expect_fn, err);

	if (!rc && !s->expect && !s->expect_fn)
		rc = noc_err_set(err, NOC_ECONFIG,
				 "needs expect = { name = value }.");
	return rc;
}

static int
step_rounds(const struct noc_value *opts, struct noc_step_def *s,
	    struct noc_err *err)
{
	int rc = noc_ast_duration(opts, "every", 3000, &s->every_ms, err);

	if (!rc)
		rc =
		    noc_ast_duration(opts, "within", 60000, &s->within_ms, err);
	if (!rc)
		rc = noc_ast_duration(opts, "stable", 0, &s->stable_ms, err);
	if (!rc && (s->every_ms < 100 || s->stable_ms >= s->within_ms))
		rc = noc_err_set(err, NOC_ECONFIG,
				 "'every' must be 100ms or more and 'stable' "
				 "shorter than 'within'.");
	return rc;
}

static void
step_verify(struct planning *b, const struct noc_value *node,
	    struct noc_step_def *s)
{
	static int (*const parts[])(
	    const struct noc_value *opts, struct noc_step_def *s,
	    struct noc_err *err) = { step_reads, step_expect, step_rounds };
	struct noc_err why;

	step_single(b, node, s);
	for (size_t i = 0; i < NOC_COUNT(parts); i++)
		if (parts[i](noc_ast_opts(node), s, &why))
			plan_step_wrong(b, s, &why);
}

static void
step_sleep(struct planning *b, const struct noc_value *node,
	   struct noc_step_def *s)
{
	struct noc_err why;

	s->reason = noc_ast_name(node);
	if (!s->reason || noc_duration_parse(s->reason, &s->timeout_ms)) {
		noc_err_set(&why, NOC_ECONFIG,
			    "sleep needs a duration such as \"30s\".");
		plan_step_wrong(b, s, &why);
	}
	s->within_ms = s->timeout_ms;
}

/* stop "reason", fail "reason": the name is a template text. */
static void
step_end(struct planning *b, const struct noc_value *node,
	 struct noc_step_def *s)
{
	struct noc_template *t = NULL;
	struct noc_err why;

	s->reason = noc_ast_name(node);
	s->class = noc_value_get_str(noc_ast_opts(node), "class", NULL);
	s->critical = noc_value_get(noc_ast_opts(node), "severity") != NULL;
	if (!s->reason)
		noc_err_set(&why, NOC_ECONFIG, "needs a reason.");
	if (!s->reason ||
	    noc_template_parse(s->reason, strlen(s->reason), &t, &why))
		plan_step_wrong(b, s, &why);
	noc_template_free(t);
}

static void
step_escalate(struct planning *b, const struct noc_value *node,
	      struct noc_step_def *s)
{
	struct noc_err why;

	if (noc_escalation_build(node, &s->escalation, &why))
		plan_step_wrong(b, s, &why);
}

static void
step_gate(struct planning *b, const struct noc_value *node,
	  struct noc_step_def *s)
{
	struct noc_err why;

	if (noc_gate_build(node, s, &why))
		plan_step_wrong(b, s, &why);
}

#define WAIT_EVERY_MS 10000

/* wait_for "job" { ACTION, expect = ... }: a verify that may be given up. */
static void
step_wait_answer(struct planning *b, const struct noc_value *node,
		 struct noc_step_def *s)
{
	const struct noc_value *opts = noc_ast_opts(node);
	static int (*const parts[])(
	    const struct noc_value *opts, struct noc_step_def *s,
	    struct noc_err *err) = { step_reads, step_expect };
	struct noc_err why;
	int rc;

	s->kind = NOC_STEP_VERIFY;
	step_single(b, node, s);
	for (size_t i = 0; i < NOC_COUNT(parts); i++)
		if (parts[i](opts, s, &why))
			plan_step_wrong(b, s, &why);
	s->within_ms = s->timeout_ms;
	if (s->timeout_ms > PLAN_READ_MS)
		s->timeout_ms = PLAN_READ_MS;
	rc = noc_ast_duration(opts, "every", WAIT_EVERY_MS, &s->every_ms, &why);
	if (!rc)
		rc = noc_ast_duration(opts, "stable", 0, &s->stable_ms, &why);
	if (!rc && (s->every_ms < 100 || s->stable_ms >= s->within_ms))
		rc = noc_err_set(&why, NOC_ECONFIG,
				 "'every' must be 100ms or more and 'stable' "
				 "shorter than 'timeout'.");
	if (rc)
		plan_step_wrong(b, s, &why);
}

static void
step_wait_for(struct planning *b, const struct noc_value *node,
	      struct noc_step_def *s)
{
	struct noc_err why;
	int rc;

	if (noc_value_len(noc_ast_items(node))) {
		step_wait_answer(b, node, s);
		return;
	}
	rc = noc_await_build(node, s, &why);
	if (!rc)
		rc = noc_ast_duration(noc_ast_opts(node), "timeout", 0,
				      &s->timeout_ms, &why);
	if (!rc && s->timeout_ms < 1)
		rc = noc_err_set(&why, NOC_ECONFIG,
				 "waits for something outside, so its timeout "
				 "must be said: timeout = \"30m\".");
	if (rc)
		plan_step_wrong(b, s, &why);
}

static const struct {
	const char *node;
	enum noc_step_kind kind;
	void (*build)(struct planning *, const struct noc_value *,
		      struct noc_step_def *);
} step_kinds[] = {
	{ "step", NOC_STEP_ACTION, step_single },
	{ "verify", NOC_STEP_VERIFY, step_verify },
	{ "stop", NOC_STEP_STOP, step_end },
	{ "fail", NOC_STEP_FAIL, step_end },
	{ "sleep", NOC_STEP_SLEEP, step_sleep },
	{ "escalate", NOC_STEP_ESCALATE, step_escalate },
	{ "approve", NOC_STEP_APPROVE, step_gate },
	{ "confirm", NOC_STEP_CONFIRM, step_gate },
	{ "wait_for", NOC_STEP_WAIT_FOR, step_wait_for },
};

bool
plan_step_named(const char *node)
{
	static const char *const named[] = { "step", "verify", "approve",
					     "confirm", "wait_for" };

	for (size_t i = 0; node && i < NOC_COUNT(named); i++)
		if (!strcmp(node, named[i]))
			return true;
	return false;
}

static void
step_options(struct planning *b, const struct noc_value *opts,
	     struct noc_step_def *s)
{
	struct noc_err why;

	s->block = noc_value_get_str(opts, "block", NULL);
	s->on_timeout = noc_value_get_str(opts, "on_timeout", NULL);
	s->degraded_goes_on =
	    noc_value_is_str(noc_value_get(opts, "degraded"), "go_on");
	if (plan_where(opts, "when", s->at, &s->when, &s->when_fn, &why))
		plan_step_wrong(b, s, &why);
}

void
plan_step(struct planning *b, const struct noc_value *node, size_t position,
	  struct noc_step_def *s)
{
	const char *kind = noc_ast_node(node);
	struct noc_err why;
	size_t i = 0;

	if (!kind) {
		noc_err_set(&why, NOC_ECONFIG,
			    "position %zu of the flow is no step; a lost comma "
			    "is the usual cause.",
			    position);
		plan_problem(b, &why);
		return;
	}
	while (i < NOC_COUNT(step_kinds) && strcmp(step_kinds[i].node, kind))
		i++;
	s->group_read = noc_value_get_bool(node, "kept", false);
	if (plan_step_named(kind) && noc_ast_name(node))
		s->name = noc_strdup(noc_ast_name(node));
	else if (!plan_step_named(kind))
		s->name = plan_own_name(kind, position);
	if (i < NOC_COUNT(step_kinds))
		s->kind = step_kinds[i].kind;
	/* Told where it was read; more of it cannot be said. */
	if (noc_ast_wrong_below(node))
		return;
	if (i < NOC_COUNT(step_kinds)) {
		step_kinds[i].build(b, node, s);
		step_options(b, noc_ast_opts(node), s);
	} else if (noc_node_is_action(node)) {
		plan_action(b, node, node, s);
	} else {
		noc_err_set(&why, NOC_ECONFIG, "'%s' is no kind of step.",
			    kind);
		plan_step_wrong(b, s, &why);
	}
}

void
noc_step_release(struct noc_step_def *s)
{
	char *name;

	memcpy(&name, &s->name, sizeof(name));
	free(name);
	free(s->in);
	noc_where_free(s->when);
	noc_where_free(s->expect);
	noc_where_free(s->fail_if);
	noc_probe_def_free(s->probe);
	noc_template_free(s->target);
	noc_escalation_free(s->escalation);
	noc_gate_def_free(s->gate);
	noc_await_def_free(s->await);
	plan_each_free(s->each);
	noc_limits_free(s->limits);
	if (s->undo)
		noc_step_release(s->undo);
	free(s->undo);
}
