/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/advance.h"
#include "engine/run/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/crash.h"
#include "engine/event/value.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/core/call.h"
#include "engine/core/due.h"
#include "engine/core/slot.h"
#include "engine/policy/override.h"
#include "engine/policy/settle.h"
#include "engine/flow/probe.h"
#include "engine/run/breaker.h"
#include "engine/run/change.h"
#include "engine/run/clearance.h"
#include "engine/run/names.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"
#include "engine/run/targets.h"
#include "engine/run/token.h"
#include "engine/run/undo.h"
#include "engine/run/verify.h"

/*
 * One attempt of a step: a slot for its call -> intent written -> durable ->
 * cleared -> call out -> result (attempt_end.c), which gives the slot back.  It
 * outlives the run when its call cannot be stopped; what then comes is
 * journaled `late` and changes nothing.
 */
#define PAUSE_NS	(5 * NOC_NS_PER_S)
#define STALE_NS	(60 * NOC_NS_PER_S)
#define VERIFY_LEAST_MS 1000
#define PRESSURE_STOPS	0.75 /* of the journal's queue */

void
noc_attempt_free(struct noc_attempt *a)
{
	*a->prev = a->next;
	if (a->next)
		a->next->prev = a->prev;
	noc_call_free(a->call);
	free(a->step);
	free(a->target);
	free(a->breaker_target);
	free(a);
}

void
noc_attempt_close(struct noc_runs *runs)
{
	const struct noc_host *host = noc_core_host(runs->core);
	struct noc_attempt *a;

	while ((a = runs->attempts)) {
		if (a->out && !a->call->ended && a->call->ops->cancel)
			host->cancel(a->call, host->arg);
		if (a->live)
			a->live->out = NULL;
		noc_attempt_free(a);
	}
}

/* ---- the call ---- */

static void
failure_of_call(struct noc_failure *f, const struct noc_call_error *e,
		bool mutates)
{
	const char *class = noc_class_find(e->class);

	noc_failure_set(f,
			class	  ? class
			: mutates ? "permanent"
				  : "transient",
			e->block, e->code, "%s", e->message);
	f->retry_after_ms = e->retry_after_ms;
}

static void
on_call_done(struct noc_call *call, struct noc_value *result,
	     const struct noc_call_error *err, void *arg)
{
	struct noc_attempt *a = arg;
	struct noc_core *core = a->core;
	struct noc_run *r = a->live ? a->live->run : NULL;
	struct noc_failure f;

	(void)call;
	noc_core_begin(core, noc_core_turn(core));
	if (!r) {
		noc_attempt_late(a, err ? "late: failed" : "late: ok");
		noc_value_free(result);
		noc_attempt_free(a);
	} else {
		if (err)
			failure_of_call(&f, err, a->mutates);
		noc_attempt_end(a, result, err ? &f : NULL);
		noc_run_advance(r);
	}
	noc_core_end(core);
}

static void
attempt_call(struct noc_attempt *a)
{
	const struct noc_host *host = noc_core_host(a->core);
	struct noc_core *core = a->core;
	struct noc_run *r = a->live->run;
	struct noc_err err = { 0 };
	struct noc_failure f;
	int rc;

	a->out = true;
	a->live->went = true;
	rc = host->call(a->call, &err, host->arg);
	noc_crash_point("run.after_call");
	if (rc >= 0)
		return;
	noc_core_begin(core, noc_core_turn(core));
	a->out = false;
	noc_failure_set(&f, noc_class_of_kind(err.kind), "nocturne",
			noc_kind_name(err.kind), "%s", err.msg);
	noc_attempt_end(a, NULL, &f);
	noc_run_advance(r);
	noc_core_end(core);
}

/* ---- from durable intent to the call ---- */

/* Not done after all: journaled, and the attempt is gone. */
static void
attempt_not_started(struct noc_attempt *a, const char *why)
{
	noc_attempt_late(a, why);
	a->live->out = NULL;
	noc_attempt_free(a);
}

static void
attempt_refused(struct noc_attempt *a, const struct noc_failure *failure)
{
	struct noc_live *l = a->live;
	char *target = noc_strdup(a->target);
	struct noc_step_done d = { .def = a->def,
				   .target = target,
				   .failure = failure };
	bool verify = a->def->kind == NOC_STEP_VERIFY, probing = a->probing;

	if (!l->went)
		noc_undo_unmark(l);
	attempt_not_started(a, "not_started");
	if (verify)
		noc_verify_result(l, NULL, &d);
	else if (probing)
		noc_attempt_probed(l, NULL, &d);
	else
		noc_step_fail(l, &d);
	free(target);
}

/* Of a fan-out: what its executor does not take now it may take later, and
 * hundreds of items need not fail for that.  It waits until the breaker may let
 * one through, or its own time is up. */
static void
attempt_holds_on(struct noc_attempt *a)
{
	struct noc_live *l = a->live;
	int64_t until =
	    noc_breaker_until(a->core, a->call->ops->name, a->breaker_target);

	if (!l->went)
		noc_undo_unmark(l);
	attempt_not_started(a, "not_started: breaker");
	l->tries--;
	noc_live_wait(l, NOC_WAIT_RETRY, "retrying", until);
}

static bool
attempt_breaker(struct noc_attempt *a)
{
	struct noc_failure f;
	char why[128];

	if (noc_breaker_allows(a->core, a->call->ops->name, a->breaker_target,
			       a->call->timeout_ms, &a->generation, why))
		return true;
	if (noc_lane_is_of_item(a->live->lane) && !a->probing &&
	    !noc_live_takes_back(a->live) && a->def->kind != NOC_STEP_VERIFY) {
		attempt_holds_on(a);
		return false;
	}
	noc_failure_set(&f, "dependency_unavailable", "breaker", "open", "%s",
			why);
	attempt_refused(a, &f);
	return false;
}

/* The disk kept it waiting too long: what was known then may be wrong now. */
static bool
attempt_is_stale(const struct noc_attempt *a)
{
	int64_t waited = noc_core_time(a->core).boot_ns - a->intent_boot_ns;

	return waited > a->call->timeout_ms * NOC_NS_PER_MS + STALE_NS;
}

/* The kill switch loses nothing: look again later, writing it down once. */
static void
attempt_pause(struct noc_live *l)
{
	struct noc_run *r = l->run;
	bool already = noc_live_says(l, "paused") && !l->dirty;

	noc_live_wait(l, NOC_WAIT_PAUSE, "paused",
		      noc_steady_now(r->core) + PAUSE_NS);
	l->dirty = !already;
}

/*
 * What takes a step back is no flow that could end well without it.  A device
 * that is frozen is left out of a fan-out, but not half way.
 */
static enum noc_clearance
attempt_clearance(const struct noc_live *l, enum noc_clearance c,
		  struct noc_failure *f)
{
	char message[sizeof(f->message)];

	if (c == NOC_CLEAR_STOP && noc_live_takes_back(l))
		return NOC_CLEAR_FAIL;
	if (c != NOC_CLEAR_FAIL || strcmp(f->code, "frozen") != 0 ||
	    noc_live_takes_back(l) || !l->lane->is_item ||
	    noc_lane_has_changed(l->lane))
		return c;
	snprintf(message, sizeof(message), "skipped: %.200s", f->message);
	snprintf(f->message, sizeof(f->message), "%s", message);
	return NOC_CLEAR_STOP;
}

/* Its fan-out is decided, and has not come to this item yet: true: the live is
 * gone. */
static bool
attempt_is_off(struct noc_live *l)
{
	if (l->undoes || l->probing || !noc_lane_is_off(l->lane))
		return false;
	noc_live_cancel(l, "it was called off");
	return true;
}

static bool
attempt_cleared(struct noc_attempt *a)
{
	struct noc_live *l = a->live;
	struct noc_failure f;
	enum noc_clearance c;

	if (attempt_is_off(l))
		return false;
	if (attempt_is_stale(a)) {
		struct noc_step_done d = { .def = a->def, .failure = &f };

		noc_failure_set(&f, "transient", "nocturne", "stale",
				"the journal kept it waiting; not started");
		attempt_not_started(a, "not_started: stale");
		l->tries--;
		noc_step_retry(l, &d, 1000);
		return false;
	}
	c = a->probing ? NOC_CLEAR
	    : l->run->paused && a->mutates
		? NOC_CLEAR_PAUSE
		: noc_step_clearance(l->lane, a->def, a->target,
				     a->call->params, &f);
	if (c == NOC_CLEAR && !a->probing)
		c = noc_targets_clearance(l, &f);
	c = attempt_clearance(l, c, &f);
	switch (c) {
	case NOC_CLEAR:
		return attempt_breaker(a);
	case NOC_CLEAR_PAUSE:
		attempt_not_started(a, noc_override_killed(a->core)
					   ? "not_started: kill switch"
					   : "not_started: freeze");
		l->tries--;
		attempt_pause(l);
		break;
	case NOC_CLEAR_STOP:
		attempt_not_started(a, f.message);
		noc_step_stopped(l, f.message);
		break;
	case NOC_CLEAR_FAIL:
		attempt_refused(a, &f);
		break;
	}
	return false;
}

static void
on_intent_durable(void *arg)
{
	struct noc_attempt *a = arg;
	struct noc_core *core = a->core;
	struct noc_live *l = a->live;
	struct noc_run *r;
	int64_t now;
	bool go;

	a->queued = false;
	noc_crash_point("run.before_call");
	if (!l) { /* cancelled meanwhile */
		noc_attempt_free(a);
		return;
	}
	r = l->run;
	noc_core_begin(core, noc_core_turn(core));
	now = noc_core_time(core).boot_ns;
	go = attempt_cleared(a);
	if (go) {
		a->start_boot_ns = now;
		noc_due_arm(core, &l->due,
			    now + a->call->timeout_ms * NOC_NS_PER_MS);
		if (a->mutates)
			noc_targets_touch(l);
		if (a->mutates)
			noc_settle_touch(core, a->target, &r->id);
	} else {
		noc_run_advance(r);
	}
	noc_core_end(core);
	if (go)
		attempt_call(a);
}

/* ---- the intent ---- */

static struct noc_attempt *
attempt_new(struct noc_live *l, const struct noc_action_ops *ops,
	    struct noc_value *params, const char *target)
{
	struct noc_run *r = l->run;
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_runs *runs = noc_runs_of(r->core);
	struct noc_inventory *inv = noc_core_inv(r->core);
	struct noc_attempt *a = noc_calloc(1, sizeof(*a));
	struct noc_value *context = noc_value_map();

	if (r->ev)
		noc_value_set(context, "event", noc_event_value(r->ev));
	noc_value_set(context, "run", noc_value_copy(noc_run_info(r)));
	noc_value_set(context, "step", noc_value_str(l->path));
	a->core = r->core;
	a->live = l;
	a->def = def;
	a->run_id = r->id;
	a->step = noc_strdup(l->path);
	a->target = noc_strdup(target);
	a->breaker_target = noc_breaker_target(params, target);
	a->number = ++l->attempt;
	noc_value_set(context, "attempt", noc_value_int(a->number));
	a->probing = l->probing;
	a->mutates = def->mutates && !l->probing;
	a->reads = (ops->flags & NOC_ACTION_READS) || !def->mutates;
	/* Neither asking a web service nor telling people says anything about
	 * the device. */
	a->confirms = a->reads && !(ops->flags & NOC_ACTION_NOTIFIES) &&
		      !noc_ast_opt(params, "url");
	a->intent_boot_ns = noc_core_time(r->core).boot_ns;
	a->call = noc_call_new(ops, params, context, target);
	a->call->timeout_ms = def->timeout_ms;
	a->call->on_done = on_call_done;
	a->call->arg = a;
	noc_call_aim(a->call, inv);
	noc_token(l, a->call->token);
	a->next = runs->attempts;
	a->prev = &runs->attempts;
	if (a->next)
		a->next->prev = &a->next;
	runs->attempts = a;
	return a;
}

/*
 * What the mode withholds: everything but the call; true when the step is
 * over.
 */
static bool
attempt_withheld(struct noc_live *l, const struct noc_step_def *def,
		 const char *target, const struct noc_value *params)
{
	struct noc_run *r = l->run;
	struct noc_failure f;
	struct noc_step_done d = { .def = def,
				   .state = "Skipped",
				   .target = target,
				   .params = params };
	enum noc_clearance c;

	if (!noc_step_withheld(def, r->mode))
		return false;
	c = noc_step_clearance(l->lane, def, target, params, &f);
	if (c == NOC_CLEAR)
		c = noc_targets_clearance(l, &f);
	c = attempt_clearance(l, c, &f);
	if (c == NOC_CLEAR_STOP) {
		noc_step_stopped(l, f.message);
		return true;
	}
	if (c == NOC_CLEAR_FAIL) {
		d.failure = &f;
		noc_step_fail(l, &d);
		return true;
	}
	noc_step_withhold(l, &d);
	return true;
}

/* Waits for its turn to read the target when anybody may have caused us. */
static bool
attempt_waits_turn(struct noc_live *l, const struct noc_step_def *def,
		   const char *target)
{
	struct noc_run *r = l->run;
	int64_t ns;

	if (def->mutates || l->confirm_turn || !noc_run_untrusted(r) ||
	    noc_value_get(r->confirmed, target) || !r->plan->acting)
		return false;
	l->confirm_turn = true;
	ns = noc_run_read_turn(r->core, target);
	if (ns <= 0)
		return false;
	noc_live_wait(l, NOC_WAIT_READ, "waiting_read",
		      noc_steady_now(r->core) + ns);
	return true;
}

/* One device has one name, however a rule or a person wrote it: what is
 * forbidden, counted and waited for goes by the name. */
void
noc_attempt_name(const struct noc_core *core, char **target)
{
	const struct noc_inventory *inv = noc_core_inv(core);
	const struct noc_slice said = noc_slice_str(*target);
	const struct noc_device *d =
	    inv ? noc_inventory_by_name(inv, said) : NULL;

	if (inv && !d)
		d = noc_inventory_by_address(inv, said);
	if (!d || !strcmp(d->name, *target))
		return;
	free(*target);
	*target = noc_strdup(d->name);
}

int
noc_attempt_target(const struct noc_lane *lane, const struct noc_step_def *def,
		   char **target, struct noc_err *err)
{
	const struct noc_run *r = lane->run;
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_scope scope;
	int rc;

	noc_lane_scope(lane, &scope);
	if (def->target) {
		rc = noc_template_text(def->target, &scope, NOC_MISSING_FAIL,
				       &sb, err);
		/* What is asked of guards by its name must have one. */
		if (!rc && !sb.len)
			rc = noc_err_set(err, NOC_EINPUT,
					 "'target' is an empty text");
		if (rc) {
			noc_strbuf_release(&sb);
			return rc;
		}
	} else if (!def->targets) {
		noc_strbuf_adds(&sb, r->device);
	} else {
		noc_strbuf_add(&sb, "", 0); /* those, and no other */
	}
	*target = noc_strbuf_detach(&sb, NULL);
	noc_attempt_name(r->core, target);
	return 0;
}

/* {call.token}: what all tries of the step have in common, for who can be asked
 * about it afterwards. */
static void
attempt_says(const struct noc_live *l, struct noc_scope *scope,
	     struct noc_value **extra)
{
	struct noc_value *call = noc_value_map();
	char token[NOC_TOKEN_TEXT];

	if (!*extra)
		*extra = scope->extra ? noc_value_copy(scope->extra)
				      : noc_value_map();
	noc_step_token(l, token);
	noc_value_set(call, "token", noc_value_str(token));
	noc_value_set(*extra, "call", call);
	scope->extra = *extra;
}

static int
attempt_prepare(struct noc_live *l, const struct noc_step_def *def,
		char **target, struct noc_value **params, struct noc_err *err)
{
	struct noc_value *extra = NULL;
	struct noc_scope scope;
	int rc = noc_attempt_target(l->lane, def, target, err);

	if (rc)
		return rc;
	noc_lane_scope(l->lane, &scope);
	rc = noc_targets_find(l, &scope, &extra, err);
	attempt_says(l, &scope, &extra);
	if (!rc)
		rc = noc_template_tree(l->probing ? def->probe->action
						  : def->params,
				       &scope, NOC_MISSING_FAIL, params, err);
	noc_value_free(extra);
	return rc;
}

/* Nothing can be started: no action, a name without a value. */
static void
attempt_impossible(struct noc_live *l, const char *code, const char *message)
{
	struct noc_step_done d = { .def = noc_live_step(l) };
	struct noc_failure f;

	if (noc_lane_would(l->lane)) {
		noc_step_skip(l, "skipped: %s: %s", noc_mode_name(l->run->mode),
			      message);
		return;
	}
	noc_failure_set(&f, "permanent", l->probing ? "nocturne" : "rule", code,
			"%s", message);
	d.failure = &f;
	if (l->probing)
		noc_attempt_probed(l, NULL, &d);
	else
		noc_step_fail(l, &d);
}

/* While it stood in the queue the step's own clock stood still. */
static void
on_attempt_turn(void *arg)
{
	struct noc_live *l = arg;
	struct noc_run *r = l->run;

	l->step_ns += noc_slot_waited_ns(l->slot);
	l->wait = NOC_WAIT_NONE;
	noc_attempt_begin(l);
	noc_run_advance(r);
}

static bool
attempt_waits_slot(struct noc_live *l, const struct noc_action_ops *ops,
		   const struct noc_value *params, const char *target)
{
	struct noc_slot_want want = { .ops = ops,
				      .params = params,
				      .target = target,
				      .run = l->run->id,
				      .on_turn = on_attempt_turn,
				      .arg = l };
	struct noc_names names = { .len = 0 };
	struct noc_err err = { 0 };
	bool waits = true;

	if (noc_names_of_step(l->lane, l->node, &names, &err)) {
		attempt_impossible(l, "missing", err.msg);
	} else {
		want.names = names.at;
		want.nnames = names.len;
		waits = !noc_slot_take(l->run->core, &want, &l->slot);
		if (waits)
			noc_live_wait(l, NOC_WAIT_QUEUE, "queued", 0);
	}
	noc_names_release(&names);
	return waits;
}

static void
attempt_go(struct noc_live *l, struct noc_attempt *a)
{
	const struct noc_step_def *def = a->def;
	int64_t now = noc_steady_now(a->core), left;

	if (def->kind == NOC_STEP_VERIFY) {
		left = (l->step_ns - now) / NOC_NS_PER_MS + def->within_ms;
		if (left < VERIFY_LEAST_MS)
			left = VERIFY_LEAST_MS;
		if (a->call->timeout_ms > left)
			a->call->timeout_ms = left;
	}
	a->call->slot = l->slot;
	l->slot = NULL;
	l->out = a;
	l->tries++;
	noc_live_wait(l, NOC_WAIT_CALL,
		      def->kind == NOC_STEP_VERIFY ? "verifying" : "",
		      now + a->call->timeout_ms * NOC_NS_PER_MS);
	/* The reads of a verify are one intent: none of them changes a thing.
	 */
	if (def->kind != NOC_STEP_VERIFY || l->attempt == 1)
		noc_step_write_start(l, def, a->target, a->call->params);
	a->queued = true;
	noc_core_effect(a->core, on_intent_durable, NULL, a);
}

/* The kill switch, or a journal so far behind that no new step may start. */
static bool
attempt_must_wait(const struct noc_live *l, const struct noc_step_def *def)
{
	const struct noc_run *r = l->run;

	if (noc_core_fill(r->core) >= PRESSURE_STOPS)
		return true;
	return def->mutates && !l->probing && r->mode == NOC_ACTIVE &&
	       (r->paused || noc_override_killed(r->core));
}

void
noc_attempt_begin(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	const char *name =
	    l->probing ? noc_ast_node(def->probe->action) : def->action;
	const struct noc_action_ops *ops = name ? noc_action_find(name) : NULL;
	struct noc_value *params = NULL;
	struct noc_step_done d = { .def = def };
	struct noc_err err = { 0 };
	struct noc_failure f;
	char *target = NULL;

	if (attempt_is_off(l))
		return;
	if (!ops || (ops->flags & NOC_ACTION_CORE)) {
		attempt_impossible(l, "no_action", "this action is not known");
	} else if (attempt_prepare(l, def, &target, &params, &err)) {
		attempt_impossible(l, "missing", err.msg);
	} else if (!l->probing && noc_targets_none(l, &f)) {
		d.failure = &f;
		noc_step_fail(l, &d);
	} else if (attempt_must_wait(l, def)) {
		attempt_pause(l);
	} else if (!attempt_withheld(l, def, target, params) &&
		   !attempt_waits_turn(l, def, target) &&
		   !attempt_waits_slot(l, ops, params, target)) {
		if (!l->probing)
			noc_change_ask(l, target, params);
		attempt_go(l, attempt_new(l, ops, params, target));
		params = NULL;
	}
	noc_value_free(params);
	free(target);
}
