/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/lang/schema.h"
#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/expr/where_test.h"
#include "engine/edge/action.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan_private.h"

#define STEP_TIMEOUT_READ_MS   10000
#define STEP_TIMEOUT_NOTIFY_MS 30000

/* One mistake of the step, or of what takes it back. */
static void
step_wrong(struct planning *b, const struct noc_step_def *s,
	   struct noc_err *why)
{
	if (s->takes_back)
		noc_err_prefix(why, "'undo'");
	noc_err_prefix(why, "%s: step '%s'", s->at, s->name ? s->name : "?");
	plan_problem(b, why);
}

bool
noc_node_is_action(const struct noc_value *v)
{
	const char *node = noc_ast_node(v);
	const struct noc_node_schema *schema =
	    node ? noc_schema_find(node) : NULL;

	if (!node)
		return false;
	return schema ? !strcmp(schema->family, "action")
		      : noc_action_find(node) != NULL;
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

/* ---- the parts of a step ---- */

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

static int
step_retry(const struct noc_value *opts, struct noc_step_def *s,
	   struct noc_err *err)
{
	const struct noc_value *v = noc_ast_opts(noc_value_get(opts, "retry"));
	struct noc_retry_policy *r = &s->retry;
	int rc;

	r->attempts = (int)noc_value_get_int(v, "attempts", 3);
	r->factor = noc_ast_number(v, "factor", 2);
	r->jitter = noc_value_get_bool(v, "jitter", true);
	if (r->attempts < 1 || r->attempts > 100 || r->factor < 1 ||
	    r->factor > 100)
		return noc_err_set(err, NOC_ECONFIG,
				   "'retry' needs 1 to 100 attempts and a "
				   "factor of 1 to 100.");
	rc = noc_ast_duration(v, "initial", 1000, &r->initial_ms, err);
	if (rc)
		return rc;
	return noc_ast_duration(v, "max", 60000, &r->max_ms, err);
}

static int
step_target(const struct noc_value *opts, struct noc_step_def *s,
	    struct noc_err *err)
{
	const char *text = noc_value_get_str(opts, "target", NULL);

	if (!text)
		return 0;
	return noc_template_parse(text, strlen(text), &s->target, err);
}

/* One call about many: "{steps.x.devices}", or a list. */
static int
step_targets(const struct noc_value *opts, struct noc_step_def *s,
	     struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(opts, "targets");
	const char *text = noc_value_get_str(opts, "targets", NULL);

	if (!v)
		return 0;
	if (v->type != NOC_LIST && !(text && *text == '{'))
		return noc_err_set(err, NOC_ECONFIG,
				   "'targets' is a list of devices: targets = "
				   "\"{steps.x.devices}\".");
	if (!s->mutates)
		return noc_err_set(err, NOC_ECONFIG,
				   "'targets' is of a step that changes "
				   "something, and '%s' only reads.",
				   s->action);
	s->targets = v;
	return 0;
}

static int
step_limits(const struct noc_value *opts, struct noc_step_def *s,
	    struct noc_err *err)
{
	return noc_limits_build(noc_value_get(opts, "limits"), &s->limits, err);
}

static int
step_fail_if(const struct noc_value *opts, struct noc_step_def *s,
	     struct noc_err *err)
{
	s->class = noc_value_get_str(opts, "fail_class", NULL);
	if (s->class && !noc_value_get(opts, "fail_if"))
		return noc_err_set(err, NOC_ECONFIG,
				   "'fail_class' is of what 'fail_if' names, "
				   "and there is none.");
	return plan_where(opts, "fail_if", s->at, &s->fail_if, &s->fail_if_fn,
			  err);
}

/* The flags of the action, and what the rule says about this one call. */
static int
step_action(const struct noc_value *action, struct noc_step_def *s,
	    struct noc_err *err)
{
	const struct noc_value *opts = noc_ast_opts(action);
	const struct noc_action_ops *ops;

	s->action = noc_ast_node(action);
	s->params = action;
	ops = noc_action_find(s->action);
	if (!ops)
		return noc_err_set(err, NOC_ECONFIG, "no action '%s'.",
				   s->action);
	s->mutates = ops->flags & NOC_ACTION_MUTATES;
	s->idempotent = ops->flags & NOC_ACTION_IDEMPOTENT;
	if (!strcmp(s->action, "exec"))
		s->mutates = noc_value_get_bool(opts, "mutates",
						s->kind != NOC_STEP_VERIFY);
	if (noc_value_get(opts, "idempotent"))
		s->idempotent = noc_value_get_bool(opts, "idempotent", false);
	if (!strcmp(s->action, "emit"))
		s->kind = NOC_STEP_EMIT;
	return ops->check ? ops->check(action, err) : 0;
}

static int
step_times(const struct noc_value *opts, struct noc_step_def *s,
	   struct noc_err *err)
{
	unsigned flags = noc_action_find(s->action)->flags;
	int64_t fallback = flags & NOC_ACTION_READS ? STEP_TIMEOUT_READ_MS
						    : STEP_TIMEOUT_NOTIFY_MS;
	int rc;

	if (s->timeout_ms) /* an undo has the step's */
		fallback = s->timeout_ms;
	else if (s->mutates && !noc_value_get(opts, "timeout"))
		return noc_err_set(err, NOC_ECONFIG,
				   "'%s' changes something, so its timeout "
				   "must be said: step \"%s\" { %s { ... }, "
				   "timeout = \"10s\" }.",
				   s->action, s->name, s->action);
	rc = noc_ast_duration(opts, "timeout", fallback, &s->timeout_ms, err);
	if (!rc)
		rc =
		    noc_ast_duration(opts, "deadline", 0, &s->deadline_ms, err);
	if (!rc && s->timeout_ms < 1)
		rc = noc_err_set(err, NOC_ECONFIG,
				 "'timeout' must be more than nothing.");
	if (!rc && s->deadline_ms && s->deadline_ms < s->timeout_ms)
		rc = noc_err_set(err, NOC_ECONFIG,
				 "'deadline' covers all attempts and must not "
				 "be shorter than 'timeout'.");
	return rc;
}

static int
step_recovery(const struct noc_value *opts, struct noc_step_def *s,
	      struct noc_err *err)
{
	const struct noc_value *probe = noc_value_get(opts, "probe");
	const char *fallback = !s->mutates || s->idempotent ? "retry"
			       : probe			    ? "verify"
							    : "ask";

	s->output = noc_ast_opts(noc_value_get(opts, "output"));
	s->on_error = noc_ast_opts(noc_value_get(opts, "on_error"));
	s->probe = probe;
	s->on_crash = noc_value_get_str(opts, "on_crash", fallback);
	if (s->probe && !noc_node_is_action(s->probe))
		return noc_err_set(err, NOC_ECONFIG,
				   "'probe' must be an action that reads.");
	if (!strcmp(s->on_crash, "verify") && !s->probe)
		return noc_err_set(err, NOC_ECONFIG,
				   "on_crash = \"verify\" needs a probe that "
				   "tells whether it happened.");
	return 0;
}

static void step_of_action(struct planning *b, const struct noc_value *node,
			   const struct noc_value *action,
			   struct noc_step_def *s);

/* undo = ACTION | { ACTION, timeout = ... }: a step without a place. */
void
plan_step_undo(struct planning *b, const struct noc_value *opts,
	       struct noc_step_def *s)
{
	const struct noc_value *v = noc_value_get(opts, "undo");
	const struct noc_value *target = noc_value_get(opts, "target");
	const struct noc_value *action =
	    noc_node_is_action(v) ? v : noc_value_at(noc_ast_items(v), 0);
	struct noc_step_def *u;
	struct noc_err why;

	if (!v || noc_ast_wrong_below(v))
		return;
	s->undo = u = noc_calloc(1, sizeof(*u));
	u->name = noc_strdup(s->name ? s->name : "?");
	u->at = noc_value_get(action, "at") ? noc_ast_at(action) : s->at;
	u->up = NOC_NODE_TOP;
	u->takes_back = true;
	if (noc_value_get(opts, "timeout"))
		u->timeout_ms = s->timeout_ms;
	else if (s->mutates) /* told of the step */
		u->timeout_ms = STEP_TIMEOUT_NOTIFY_MS;
	if (!noc_node_is_action(action)) {
		noc_err_set(&why, NOC_ECONFIG,
			    "must be an action, or { ACTION, timeout = "
			    "\"10s\" }.");
		step_wrong(b, u, &why);
		return;
	}
	step_of_action(b, v, action, u);
	/* What takes back may be done twice, and must not wait for people. */
	if (!noc_value_get(noc_ast_opts(v), "on_crash"))
		u->on_crash = u->probe ? "verify" : "retry";
	if (!noc_value_get(noc_ast_opts(action), "idempotent"))
		u->idempotent = true;
	if (target && !u->target && step_target(opts, u, &why))
		step_wrong(b, u, &why);
}

/* ---- the kinds of step ---- */

/* `step` and `verify` hold exactly one action, at position 1. */
static void
step_of_action(struct planning *b, const struct noc_value *node,
	       const struct noc_value *action, struct noc_step_def *s)
{
	static int (*const parts[])(const struct noc_value *opts,
				    struct noc_step_def *s,
				    struct noc_err *err) = {
		step_times,    step_target, step_retry,	  step_fail_if,
		step_recovery, step_limits, step_targets,
	};
	const struct noc_value *opts =
	    node == action ? NULL : noc_ast_opts(node);
	struct noc_err why;

	if (step_action(action, s, &why))
		step_wrong(b, s, &why);
	for (size_t i = 0; noc_action_find(s->action) && i < NOC_COUNT(parts);
	     i++)
		if (parts[i](opts, s, &why))
			step_wrong(b, s, &why);
	if (noc_action_find(s->action))
		plan_step_undo(b, opts, s);
}

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
		step_wrong(b, s, &why);
	else
		step_of_action(b, node, noc_value_at(noc_ast_items(node), 0),
			       s);
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
			step_wrong(b, s, &why);
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
		step_wrong(b, s, &why);
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
	if (!s->reason)
		noc_err_set(&why, NOC_ECONFIG, "needs a reason.");
	if (!s->reason ||
	    noc_template_parse(s->reason, strlen(s->reason), &t, &why))
		step_wrong(b, s, &why);
	noc_template_free(t);
}

static void
step_escalate(struct planning *b, const struct noc_value *node,
	      struct noc_step_def *s)
{
	struct noc_err why;

	if (noc_escalation_build(node, &s->escalation, &why))
		step_wrong(b, s, &why);
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
};

static bool
step_named(const char *node)
{
	return !strcmp(node, "step") || !strcmp(node, "verify");
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
		step_wrong(b, s, &why);
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
	if (step_named(kind) && noc_ast_name(node))
		s->name = noc_strdup(noc_ast_name(node));
	else if (!step_named(kind))
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
		step_of_action(b, node, node, s);
	} else {
		noc_err_set(&why, NOC_ECONFIG, "'%s' is no kind of step.",
			    kind);
		step_wrong(b, s, &why);
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
	noc_template_free(s->target);
	noc_escalation_free(s->escalation);
	plan_each_free(s->each);
	noc_limits_free(s->limits);
	if (s->undo)
		noc_step_release(s->undo);
	free(s->undo);
}
