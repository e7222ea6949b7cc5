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

static int
step_failed(const struct noc_value *node, const struct noc_step_def *s, int rc,
	    struct noc_err *err)
{
	noc_err_prefix(err, "%s: step '%s'", noc_ast_at(node),
		       s->name ? s->name : "?");
	return rc;
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
step_retry(const struct noc_value *opts, struct noc_retry_policy *r,
	   struct noc_err *err)
{
	const struct noc_value *v = noc_ast_opts(noc_value_get(opts, "retry"));
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

/* The flags of the action, and what the rule says about this one call. */
static int
step_action(const struct noc_value *action, struct noc_step_def *s,
	    unsigned *flags, struct noc_err *err)
{
	const struct noc_value *opts = noc_ast_opts(action);
	const struct noc_action_ops *ops;

	s->action = noc_ast_node(action);
	s->params = action;
	ops = noc_action_find(s->action);
	if (!ops)
		return noc_err_set(err, NOC_ECONFIG, "no action '%s'.",
				   s->action);
	*flags = ops->flags;
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
step_times(const struct noc_value *opts, unsigned flags, struct noc_step_def *s,
	   struct noc_err *err)
{
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

static int step_of_action(const struct noc_value *node,
			  const struct noc_value *action,
			  struct noc_step_def *s, struct noc_err *err);

/* undo = ACTION | { ACTION, timeout = ... }: a step without a place. */
int
noc_step_undo(const struct noc_value *opts, struct noc_step_def *s,
	      struct noc_err *err)
{
	const struct noc_value *v = noc_value_get(opts, "undo");
	const struct noc_value *target = noc_value_get(opts, "target");
	const struct noc_value *action =
	    noc_node_is_action(v) ? v : noc_value_at(noc_ast_items(v), 0);
	int rc;

	if (!v)
		return 0;
	s->undo = noc_calloc(1, sizeof(*s->undo));
	s->undo->name = noc_strdup(s->name);
	s->undo->at = noc_value_get(action, "at") ? noc_ast_at(action) : s->at;
	s->undo->up = NOC_NODE_TOP;
	if (noc_value_get(opts, "timeout"))
		s->undo->timeout_ms = s->timeout_ms;
	if (!noc_node_is_action(action))
		return noc_err_set(err, NOC_ECONFIG,
				   "'undo' must be an action, or { ACTION, "
				   "timeout = \"10s\" }.");
	rc = step_of_action(v, action, s->undo, err);
	/* What takes back may be done twice, and must not wait for people. */
	s->undo->takes_back = true;
	if (!noc_value_get(noc_ast_opts(v), "on_crash"))
		s->undo->on_crash = s->undo->probe ? "verify" : "retry";
	if (!noc_value_get(noc_ast_opts(action), "idempotent"))
		s->undo->idempotent = true;
	if (!rc && target && !s->undo->target)
		rc = step_target(opts, s->undo, err);
	if (rc)
		noc_err_prefix(err, "'undo'");
	return rc;
}

/* ---- the kinds of step ---- */

/* `step` and `verify` hold exactly one action, at position 1. */
static int
step_of_action(const struct noc_value *node, const struct noc_value *action,
	       struct noc_step_def *s, struct noc_err *err)
{
	const struct noc_value *opts =
	    node == action ? NULL : noc_ast_opts(node);
	unsigned flags = 0;
	int rc = step_action(action, s, &flags, err);

	if (!rc)
		rc = step_times(opts, flags, s, err);
	if (!rc)
		rc = step_target(opts, s, err);
	if (!rc)
		rc = step_retry(opts, &s->retry, err);
	if (!rc)
		rc = plan_where(opts, "fail_if", s->at, &s->fail_if,
				&s->fail_if_fn, err);
	if (!rc)
		rc = step_recovery(opts, s, err);
	if (!rc)
		rc = noc_step_undo(opts, s, err);
	if (!rc)
		rc = noc_limits_build(noc_value_get(opts, "limits"), &s->limits,
				      err);
	return rc ? rc : step_targets(opts, s, err);
}

static int
step_single(const struct noc_value *node, struct noc_step_def *s,
	    struct noc_err *err)
{
	const struct noc_value *items = noc_ast_items(node);
	const struct noc_value *action = noc_value_at(items, 0);

	if (!s->name)
		return noc_err_set(err, NOC_ECONFIG, "a step needs a name.");
	if (noc_value_len(items) != 1)
		return noc_err_set(err, NOC_ECONFIG,
				   "holds %zu actions; it must hold exactly "
				   "one.",
				   noc_value_len(items));
	if (!noc_node_is_action(action))
		return noc_err_set(err, NOC_ECONFIG, "'%s' is no action.",
				   noc_ast_node(action) ? noc_ast_node(action)
							: "a value");
	return step_of_action(node, action, s, err);
}

static int
step_verify(const struct noc_value *node, struct noc_step_def *s,
	    struct noc_err *err)
{
	const struct noc_value *opts = noc_ast_opts(node);
	int rc = step_single(node, s, err);

	if (!rc && s->mutates)
		rc = noc_err_set(err, NOC_ECONFIG,
				 "a verify must only read, and '%s' changes "
				 "something.",
				 s->action);
	if (!rc)
		rc = plan_where(opts, "expect", s->at, &s->expect,
				&s->expect_fn, err);
	if (!rc && !s->expect && !s->expect_fn)
		rc = noc_err_set(err, NOC_ECONFIG,
				 "needs expect = { name = value }.");
	if (!rc)
		rc = noc_ast_duration(opts, "every", 3000, &s->every_ms, err);
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

static int
step_sleep(const struct noc_value *node, struct noc_step_def *s,
	   struct noc_err *err)
{
	const char *text = noc_ast_name(node);

	s->reason = text;
	if (!text || noc_duration_parse(text, &s->timeout_ms))
		return noc_err_set(err, NOC_ECONFIG,
				   "sleep needs a duration such as \"30s\".");
	s->within_ms = s->timeout_ms;
	return 0;
}

/* stop "reason", fail "reason": the name is a template text. */
static int
step_end(const struct noc_value *node, struct noc_step_def *s,
	 struct noc_err *err)
{
	struct noc_template *t;
	int rc;

	s->reason = noc_ast_name(node);
	s->class = noc_value_get_str(noc_ast_opts(node), "class", NULL);
	if (!s->reason)
		return noc_err_set(err, NOC_ECONFIG, "needs a reason.");
	rc = noc_template_parse(s->reason, strlen(s->reason), &t, err);
	if (!rc)
		noc_template_free(t);
	return rc;
}

static const struct {
	const char *node;
	enum noc_step_kind kind;
	int (*build)(const struct noc_value *, struct noc_step_def *,
		     struct noc_err *);
} step_kinds[] = {
	{ "step", NOC_STEP_ACTION, step_single },
	{ "verify", NOC_STEP_VERIFY, step_verify },
	{ "stop", NOC_STEP_STOP, step_end },
	{ "fail", NOC_STEP_FAIL, step_end },
	{ "sleep", NOC_STEP_SLEEP, step_sleep },
	{ "escalate", NOC_STEP_ESCALATE, NULL },
};

static bool
step_named(const char *node)
{
	return !strcmp(node, "step") || !strcmp(node, "verify");
}

int
noc_step_build(const struct noc_value *node, size_t position,
	       struct noc_step_def *s, struct noc_err *err)
{
	const char *kind = noc_ast_node(node);
	const struct noc_value *opts = noc_ast_opts(node);
	size_t i = 0;
	int rc;

	if (!kind)
		return noc_err_set(err, NOC_ECONFIG,
				   "position %zu of the flow is no step; a "
				   "lost comma is the usual cause.",
				   position);
	while (i < NOC_COUNT(step_kinds) && strcmp(step_kinds[i].node, kind))
		i++;
	s->at = noc_ast_at(node);
	s->group_read = noc_value_get_bool(node, "kept", false);
	if (step_named(kind) && noc_ast_name(node))
		s->name = noc_strdup(noc_ast_name(node));
	else if (!step_named(kind))
		s->name = plan_own_name(kind, position);
	if (i == NOC_COUNT(step_kinds) && !noc_node_is_action(node))
		rc = noc_err_set(err, NOC_ECONFIG, "'%s' is no kind of step.",
				 kind);
	else if (i == NOC_COUNT(step_kinds))
		rc = step_of_action(node, node, s, err);
	else if (!step_kinds[i].build)
		rc = noc_escalation_build(node, &s->escalation, err);
	else
		rc = 0;
	if (i < NOC_COUNT(step_kinds)) {
		s->kind = step_kinds[i].kind;
		if (!rc && step_kinds[i].build)
			rc = step_kinds[i].build(node, s, err);
		s->block = noc_value_get_str(opts, "block", NULL);
		s->on_timeout = noc_value_get_str(opts, "on_timeout", NULL);
		s->degraded_goes_on =
		    noc_value_is_str(noc_value_get(opts, "degraded"), "go_on");
		if (!rc)
			rc = plan_where(opts, "when", s->at, &s->when,
					&s->when_fn, err);
	}
	return rc ? step_failed(node, s, rc, err) : 0;
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
