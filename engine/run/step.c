/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/step.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/expr/where_test.h"
#include "engine/edge/action.h"
#include "engine/core/due.h"
#include "engine/flow/probe.h"
#include "engine/run/advance.h"
#include "engine/run/attempt.h"
#include "engine/run/await.h"
#include "engine/run/cause.h"
#include "engine/run/code.h"
#include "engine/run/container.h"
#include "engine/run/each.h"
#include "engine/run/escalate.h"
#include "engine/run/gate.h"
#include "engine/run/output.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step_core.h"
#include "engine/run/targets.h"
#include "engine/run/undo.h"

void
noc_failure_set(struct noc_failure *f, const char *class, const char *block,
		const char *code, const char *fmt, ...)
{
	va_list ap;

	memset(f, 0, sizeof(*f));
	f->class = class;
	snprintf(f->block, sizeof(f->block), "%s", block);
	snprintf(f->code, sizeof(f->code), "%s", code);
	va_start(ap, fmt);
	vsnprintf(f->message, sizeof(f->message), fmt, ap);
	va_end(ap);
}

void
noc_failure_blame(struct noc_failure *f, const struct noc_step_def *def)
{
	if (def && def->block)
		snprintf(f->block, sizeof(f->block), "%s", def->block);
}

/* ---- conditions ---- */

/* The members of a result, and what `output` calls places in it, stand before
 * what the event calls the same. */
static struct noc_value *
step_overlay(const struct noc_scope *scope, const struct noc_live *l,
	     const struct noc_value *result)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_value *extra =
	    scope->extra ? noc_value_copy(scope->extra) : noc_value_map();
	const struct noc_value *asked = noc_value_get(def->params, "opts");

	/* What was asked and not answered is unknown: the event's own word of
	 * it is older than the question. */
	if (def->action && !strncmp(def->action, "snmp.", 5))
		for (size_t i = 0; asked && i < asked->u.map.len; i++)
			noc_value_set(extra, asked->u.map.at[i].key,
				      noc_value_nil());

	for (size_t i = 0; result->type == NOC_MAP && i < result->u.map.len;
	     i++)
		noc_value_set(extra, result->u.map.at[i].key,
			      noc_value_copy(result->u.map.at[i].value));
	noc_output_name(l->probing ? def->probe->output : def->output, result,
			extra);
	return extra;
}

bool
noc_step_holds(struct noc_live *l, const struct noc_where *where,
	       const char *fn, const struct noc_value *result,
	       struct noc_strbuf *why, struct noc_err *err)
{
	struct noc_value *overlay = NULL;
	struct noc_scope scope;
	bool holds = true;

	err->kind = NOC_OK;
	noc_lane_scope(l->lane, &scope);
	if (result)
		scope.extra = overlay = step_overlay(&scope, l, result);
	if (where && why)
		holds = noc_where_explain(where, &scope, why);
	else if (where)
		holds = noc_where_match(where, &scope);
	if (holds && fn) {
		holds = noc_code_test(l->run, fn, &scope, err);
		if (!holds && why && err->kind == NOC_OK)
			noc_strbuf_adds(why, "its function says no");
	}
	noc_value_free(overlay);
	return holds && err->kind == NOC_OK;
}

/* ---- how a step ends ---- */

/* It has gone well, or was not to be. */
static void
step_leave(struct noc_live *l, enum noc_end end)
{
	struct noc_run *r = l->run;

	r->dirty |= r->recoveries > 0;
	r->recoveries = 0; /* it gets on: this step kills nobody */
	noc_live_end(l, end);
}

/* output = { id = "body.result.sys_id" }: names for places in the result. */
static struct noc_value *
step_output(const struct noc_step_def *def, struct noc_value *result)
{
	struct noc_value *out = result;

	if (!out)
		out = noc_value_map();
	if (out->type != NOC_MAP) {
		out = noc_value_map();
		noc_value_set(out, "result", result);
	}
	noc_output_name(def->output, out, out);
	noc_output_drop(def->output, out);
	return out;
}

void
noc_step_succeed(struct noc_live *l, struct noc_value *output,
		 struct noc_step_done *d)
{
	struct noc_run *r = l->run;

	output = step_output(d->def, output);
	noc_targets_say(l, output);
	if (d->def->group_first)
		r->kept_boot_ns = noc_core_time(r->core).boot_ns;
	d->state = "Succeeded";
	if (!d->outcome)
		d->outcome = "ok";
	d->output = output;
	noc_step_write_done(l, d);
	if (l->undoes)
		noc_value_free(output);
	else
		noc_lane_give(l->lane, d->def->name, output);
	step_leave(l, NOC_END_OK);
}

void
noc_step_succeed_whole(struct noc_live *l, struct noc_step_done *d)
{
	d->state = "Succeeded";
	noc_step_write_done(l, d);
	step_leave(l, NOC_END_OK);
}

/* Its time is up: true: it is left out, and what comes after it begins. */
static bool
step_times_out(struct noc_live *l, struct noc_step_done *d)
{
	const char *way = d->def->on_timeout;
	const struct noc_run *r = l->run;
	char outcome[320], title[300];

	if (!way || strcmp(d->failure->class, "timeout") != 0)
		return false;
	if (!strcmp(way, "escalate"))
		noc_cause_tell(r->core, r->ev, r->mode, &r->id,
			       "%s: the time of step %s (%s) is up: %s",
			       noc_run_title(r, title, sizeof(title)),
			       d->def->name, d->failure->block,
			       d->failure->message);
	if (strcmp(way, "skip") != 0)
		return false;
	snprintf(outcome, sizeof(outcome), "skipped: its time is up: %s",
		 d->failure->message);
	d->state = "Skipped";
	d->outcome = outcome;
	noc_step_write_done(l, d);
	step_leave(l, NOC_END_SKIPPED);
	return true;
}

static void
step_break(struct noc_live *l, struct noc_step_done *d)
{
	struct noc_lane *lane = l->lane;
	const struct noc_value *handler;
	char outcome[64];

	snprintf(outcome, sizeof(outcome), "failed: %s", d->failure->class);
	d->state = "Failed";
	d->outcome = outcome;
	noc_live_wait(l, NOC_WAIT_NONE, "", 0);
	noc_step_write_done(l, d);
	handler = noc_value_get(d->def->on_error, d->failure->class);
	if (handler) {
		noc_value_free(lane->more->error);
		noc_lane_more(lane)->error = noc_failure_value(d->failure);
		noc_run_tell(lane, d->def, handler, NULL);
	}
	noc_lane_break(l, d->failure);
}

void
noc_step_fail(struct noc_live *l, struct noc_step_done *d)
{
	const struct noc_failure *given = d->failure;
	struct noc_failure f = *given;

	noc_failure_blame(&f, d->def);
	d->failure = &f;
	if (!step_times_out(l, d))
		step_break(l, d);
	d->failure = given;
}

void
noc_step_withhold(struct noc_live *l, struct noc_step_done *d)
{
	struct noc_run *r = l->run;
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_scope scope;

	noc_lane_scope(l->lane, &scope);
	noc_strbuf_adds(&text, "would have: ");
	noc_plan_describe_step(d->def, &scope, &text);
	d->state = "Skipped";
	d->outcome = text.p;
	noc_step_write_done(l, d);
	/* Its each tells of all of them. */
	if (!r->outcome && !noc_lane_is_of_item(l->lane))
		r->outcome = noc_strdup(text.p);
	r->dirty |= !r->would;
	r->would = true;
	for (struct noc_lane *at = l->lane; at; at = at->up)
		at->would = true;
	step_leave(l, NOC_END_SKIPPED);
	noc_strbuf_release(&text);
}

void
noc_step_skip(struct noc_live *l, const char *fmt, ...)
{
	struct noc_step_done d = { .def = noc_live_step(l),
				   .state = "Skipped" };
	char outcome[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(outcome, sizeof(outcome), fmt, ap);
	va_end(ap);
	d.outcome = outcome;
	noc_step_write_done(l, &d);
	step_leave(l, NOC_END_SKIPPED);
}

void
noc_step_stopped(struct noc_live *l, const char *why)
{
	struct noc_lane *lane = l->lane;

	if (!l->went)
		noc_undo_unmark(l);
	noc_step_write_stopped(l, why);
	noc_live_end(l, NOC_END_SKIPPED);
	lane->left_alone = true;
	noc_lane_stop(lane, why);
}

/* ---- the kinds ---- */

char *
noc_step_reason(const struct noc_lane *lane, const struct noc_step_def *def)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_template *t;
	struct noc_scope scope;

	noc_lane_scope(lane, &scope);
	if (def->reason &&
	    !noc_template_parse(def->reason, strlen(def->reason), &t, NULL)) {
		noc_template_text(t, &scope, NOC_MISSING_MARK, &sb, NULL);
		noc_template_free(t);
	}
	if (!sb.len)
		noc_strbuf_adds(&sb, def->name);
	return noc_strbuf_detach(&sb, NULL);
}

static void
step_stop(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_lane *lane = l->lane;
	struct noc_step_done d = { .def = def,
				   .state = "Succeeded",
				   .outcome = "stop" };
	char *reason = noc_step_reason(l->lane, def);

	noc_step_write_done(l, &d);
	noc_live_end(l, NOC_END_OK);
	noc_lane_stop(lane, reason);
	free(reason);
}

static void
step_fail(struct noc_live *l, const struct noc_step_def *def)
{
	const char *class =
	    noc_class_find(def->class ? def->class : "permanent");
	struct noc_step_done d = { .def = def };
	char *reason = noc_step_reason(l->lane, def);
	struct noc_failure f;

	noc_failure_set(&f, class ? class : "permanent",
			def->block ? def->block : "flow", "fail", "%s", reason);
	f.critical = def->critical;
	d.failure = &f;
	noc_step_fail(l, &d);
	free(reason);
}

static void
step_sleep(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_value *nothing = noc_value_map();

	noc_live_wait(l, NOC_WAIT_SLEEP, "sleeping",
		      noc_ns_after(l->step_ns, def->within_ms));
	noc_step_write_start(l, def, "", nothing);
	noc_value_free(nothing);
}

void
noc_step_wake(struct noc_live *l)
{
	struct noc_step_done d = { .def = noc_live_step(l) };

	noc_step_succeed(l, NULL, &d);
}

static void
step_escalate(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_value *nothing = noc_value_map();

	l->attempt = 1;
	noc_step_write_start(l, def, "", nothing);
	noc_value_free(nothing);
	noc_escalate_begin(l, def->escalation, false);
}

/* Was a change left undone?  There is nothing to see of a notice. */
static bool
step_was_to_change(const struct noc_live *l)
{
	for (size_t i = 0; i < l->node; i++)
		if (l->run->plan->steps[i].mutates)
			return true;
	return false;
}

bool
noc_step_calls(const struct noc_step_def *def)
{
	return def->kind == NOC_STEP_VERIFY ||
	       (def->kind == NOC_STEP_ACTION && !noc_step_is_core(def));
}

void
noc_step_do(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	const struct noc_run *r = l->run;
	struct noc_step_done d = { .def = def, .target = "" };

	/* What calls out is asked when it has been prepared. */
	if (!noc_step_calls(def) && noc_step_withheld(def, r->mode)) {
		noc_step_withhold(l, &d);
		return;
	}
	switch (def->kind) {
	case NOC_STEP_STOP:
		step_stop(l, def);
		return;
	case NOC_STEP_FAIL:
		step_fail(l, def);
		return;
	case NOC_STEP_SLEEP:
		step_sleep(l, def);
		return;
	case NOC_STEP_ESCALATE:
		step_escalate(l, def);
		return;
	case NOC_STEP_APPROVE:
	case NOC_STEP_CONFIRM:
		noc_gate_begin(l, def);
		return;
	case NOC_STEP_WAIT_FOR:
		noc_await_begin(l, def);
		return;
	case NOC_STEP_EMIT:
		noc_step_emit(l, def);
		return;
	case NOC_STEP_VERIFY:
		if (noc_lane_would(l->lane) && step_was_to_change(l)) {
			noc_step_skip(l, "skipped: %s", noc_mode_name(r->mode));
			return;
		}
		noc_attempt_begin(l);
		return;
	case NOC_STEP_ACTION:
		if (noc_step_is_core(def))
			noc_step_core(l, def);
		else
			noc_attempt_begin(l);
		return;
	case NOC_STEP_CALL:
		noc_call_begin(l);
		return;
	case NOC_STEP_EACH:
		noc_each_begin(l);
		return;
	case NOC_STEP_UNDO:
		noc_undo_begin(l);
		return;
	case NOC_STEP_PARALLEL: /* none of these has a live */
	case NOC_STEP_CHOOSE:
	case NOC_STEP_BRANCH:
	case NOC_STEP_CHECK:
	case NOC_STEP_ON_FAIL:
	case NOC_STEP_FINALLY:
		noc_live_end(l, NOC_END_OK);
		return;
	}
}

struct noc_live *
noc_step_enter(struct noc_lane *lane, size_t node)
{
	struct noc_run *r = lane->run;
	struct noc_live *l = noc_live_new(lane, node);
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_strbuf why = NOC_STRBUF_INIT;
	struct noc_step_done d = { .def = def };
	struct noc_failure f;
	struct noc_err err = { 0 };
	bool holds = true;

	if (def->group_first)
		r->kept_boot_ns = 0;
	l->step_ns = noc_steady_now(r->core);
	if (def->when || def->when_fn)
		holds = noc_step_holds(l, def->when, def->when_fn, NULL, &why,
				       &err);
	if (err.kind != NOC_OK) {
		noc_failure_set(&f, "permanent", "rule", "when", "%s", err.msg);
		d.failure = &f;
		noc_step_fail(l, &d);
	} else if (!holds) {
		noc_step_skip(l, "skipped: %s", why.p ? why.p : "when");
	}
	noc_strbuf_release(&why);
	return holds && err.kind == NOC_OK ? l : NULL;
}

void
noc_step_begin(struct noc_lane *lane, size_t node)
{
	struct noc_live *l = noc_step_enter(lane, node);

	if (l && !noc_run_overdue(lane->run))
		noc_step_do(l);
}
