/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/lang/schema.h"
#include "engine/expr/template.h"
#include "engine/edge/action.h"
#include "engine/flow/hold.h"
#include "engine/flow/plan_private.h"
#include "engine/flow/probe.h"

/* The action that a step calls, and the one that takes it back. */

#define ACTION_TIMEOUT_NOTIFY_MS 30000

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

/* ---- what is said of it ---- */

static int
action_retry(const struct noc_value *opts, struct noc_step_def *s,
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
action_target(const struct noc_value *opts, struct noc_step_def *s,
	      struct noc_err *err)
{
	const char *text = noc_value_get_str(opts, "target", NULL);

	if (!text)
		return 0;
	return noc_template_parse(text, strlen(text), &s->target, err);
}

/* One call about many: "{steps.x.devices}", or a list. */
static int
action_targets(const struct noc_value *opts, struct noc_step_def *s,
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
action_limits(const struct noc_value *opts, struct noc_step_def *s,
	      struct noc_err *err)
{
	return noc_limits_build(noc_value_get(opts, "limits"), &s->limits, err);
}

static int
action_fail_if(const struct noc_value *opts, struct noc_step_def *s,
	       struct noc_err *err)
{
	int rc = 0;

	s->class = noc_value_get_str(opts, "fail_class", NULL);
	if (s->class && !noc_value_get(opts, "fail_if"))
		return noc_err_set(err, NOC_ECONFIG,
				   "'fail_class' is of what 'fail_if' names, "
				   "and there is none.");
	if (s->kind == NOC_STEP_ACTION)
		rc = plan_where(opts, "expect", s->at, &s->expect,
				&s->expect_fn, err);
	if (rc)
		return rc;
	return plan_where(opts, "fail_if", s->at, &s->fail_if, &s->fail_if_fn,
			  err);
}

/* The flags of the action, and what the rule says about this one call. */
static int
action_flags(const struct noc_value *action, struct noc_step_def *s,
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
action_times(const struct noc_value *opts, struct noc_step_def *s,
	     struct noc_err *err)
{
	unsigned flags = noc_action_find(s->action)->flags;
	int64_t fallback =
	    flags & NOC_ACTION_READS ? PLAN_READ_MS : ACTION_TIMEOUT_NOTIFY_MS;
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
action_recovery(const struct noc_value *opts, struct noc_step_def *s,
		struct noc_err *err)
{
	const struct noc_value *probe = noc_value_get(opts, "probe");
	const char *fallback = !s->mutates || s->idempotent ? "retry"
			       : probe			    ? "verify"
							    : "ask";

	s->output = noc_ast_opts(noc_value_get(opts, "output"));
	s->on_error = noc_ast_opts(noc_value_get(opts, "on_error"));
	s->on_crash = noc_value_get_str(opts, "on_crash", fallback);
	if (noc_probe_build(probe, s->at, &s->probe, err))
		return NOC_ECONFIG;
	if (!strcmp(s->on_crash, "verify") && !s->probe)
		return noc_err_set(err, NOC_ECONFIG,
				   "on_crash = \"verify\" needs a probe that "
				   "tells whether it happened.");
	return 0;
}

/* A step that is an undo has no place. */
static int
undo_step(const struct noc_value *v, struct noc_err *err)
{
	static const char *const placed[] = { "when", "after", "undo",
					      "targets" };
	/* A call has those of what it takes back. */
	bool calls = noc_ast_is(noc_value_at(noc_ast_items(v), 0), "call");
	size_t n = NOC_COUNT(placed) - (calls ? 1 : 0);

	for (size_t i = 0; noc_ast_is(v, "step") && i < n; i++)
		if (noc_ast_opt(v, placed[i]))
			return noc_err_set(err, NOC_ECONFIG,
					   "the step in it has '%s', which is "
					   "of a step in its place.",
					   placed[i]);
	return 0;
}

/* undo = ACTION | call | step | { ACTION, timeout = ... }; its name is that of
 * what it takes back. */
void
plan_step_undo(struct planning *b, const struct noc_value *opts,
	       struct noc_step_def *s)
{
	const struct noc_value *v = noc_value_get(opts, "undo");
	const struct noc_value *target = noc_value_get(opts, "target");
	const struct noc_value *action =
	    noc_node_is_action(v) || noc_ast_is(v, "call")
		? v
		: noc_value_at(noc_ast_items(v), 0);
	struct noc_step_def *u;
	struct noc_err why;

	if (!v || noc_ast_wrong_below(v))
		return;
	s->undo = u = noc_calloc(1, sizeof(*u));
	u->name = noc_strdup(s->name ? s->name : "?");
	u->at = noc_value_get(action, "at") ? noc_ast_at(action) : s->at;
	u->up = NOC_NODE_TOP;
	u->takes_back = true;
	u->pair = NOC_NODE_TOP;
	if (undo_step(v, &why)) {
		plan_step_wrong(b, u, &why);
		return;
	}
	if (noc_ast_is(action, "call")) {
		plan_undo_call(b, v == action ? NULL : noc_ast_opts(v), action,
			       u);
		return;
	}
	if (noc_value_get(opts, "timeout"))
		u->timeout_ms = s->timeout_ms;
	else if (s->mutates) /* told of the step */
		u->timeout_ms = ACTION_TIMEOUT_NOTIFY_MS;
	if (!noc_node_is_action(action)) {
		noc_err_set(&why, NOC_ECONFIG,
			    "must be an action, a call or a step, or { "
			    "ACTION, timeout = \"10s\" }.");
		plan_step_wrong(b, u, &why);
		return;
	}
	u->block = noc_value_get_str(noc_ast_opts(v), "block", NULL);
	plan_action(b, v, action, u);
	/* What takes back may be done twice, and must not wait for people. */
	if (!noc_value_get(noc_ast_opts(v), "on_crash"))
		u->on_crash = u->probe ? "verify" : "retry";
	if (!noc_value_get(noc_ast_opts(action), "idempotent"))
		u->idempotent = true;
	if (target && !u->target && action_target(opts, u, &why))
		plan_step_wrong(b, u, &why);
}

void
plan_action(struct planning *b, const struct noc_value *node,
	    const struct noc_value *action, struct noc_step_def *s)
{
	static int (*const parts[])(const struct noc_value *opts,
				    struct noc_step_def *s,
				    struct noc_err *err) = {
		action_times,	 action_target, action_retry,	action_fail_if,
		action_recovery, action_limits, action_targets,
	};
	const struct noc_value *opts =
	    node == action ? NULL : noc_ast_opts(node);
	struct noc_err why;

	if (action_flags(action, s, &why))
		plan_step_wrong(b, s, &why);
	for (size_t i = 0; noc_action_find(s->action) && i < NOC_COUNT(parts);
	     i++)
		if (parts[i](opts, s, &why))
			plan_step_wrong(b, s, &why);
	if (noc_action_find(s->action))
		plan_step_undo(b, opts, s);
}
