/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/flow/probe.h"
#include "engine/flow/retry.h"
#include "engine/core/due.h"
#include "engine/policy/settle.h"
#include "engine/notify/notify.h"
#include "engine/run/advance.h"
#include "engine/run/breaker.h"
#include "engine/run/cancel.h"
#include "engine/run/cause.h"
#include "engine/run/change.h"
#include "engine/run/clearance.h"
#include "engine/run/code.h"
#include "engine/run/container.h"
#include "engine/run/judge.h"
#include "engine/run/output.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"
#include "engine/run/targets.h"
#include "engine/run/undo.h"
#include "engine/run/verify.h"

/* What a result means: success, another attempt, doubt, or failure. */

#define RETRIES_MAX_RUN	 50 /* budget of one run, */
#define RETRIES_MAX_ITEM 3  /* or of an item of its fan-outs */
#define ASK_NS		 (24 * 3600 * NOC_NS_PER_S)

/* ---- nobody waits for it ---- */

void
noc_attempt_late(struct noc_attempt *a, const char *outcome)
{
	struct noc_txn *txn = noc_core_txn(a->core);
	struct noc_value *nothing = noc_value_nil();
	struct noc_value *detail = noc_value_map();
	struct noc_record *rec = noc_txn_record(txn, NOC_REC_STEP_DONE);

	noc_value_set(detail, "attempt", noc_value_int(a->number));
	noc_record_add_id(rec, NOC_TAG_RUN, &a->run_id);
	noc_record_adds(rec, NOC_TAG_ACTION, a->call->ops->name);
	noc_record_adds(rec, NOC_TAG_TARGET, a->target);
	noc_record_adds(rec, NOC_TAG_OUTCOME, outcome);
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_txn_add_commitment(txn, rec, nothing, NULL);
	noc_record_adds(rec, NOC_TAG_STEP, a->step);
	noc_value_free(detail);
	noc_value_free(nothing);
	if (a->out)
		noc_runs_of(a->core)->late++;
}

/* Stop the call if it can be stopped; else its result will be late. */
static void
attempt_abandon(struct noc_attempt *a)
{
	const struct noc_host *host = noc_core_host(a->core);

	if (a->live)
		a->live->out = NULL;
	a->live = NULL;
	a->def = NULL;
	if (a->queued)
		return; /* its effect frees it */
	if (a->call->queued ||
	    (a->out && !a->call->ended && !a->call->ops->cancel))
		return; /* its result frees it */
	if (a->out && !a->call->ended)
		host->cancel(a->call, host->arg);
	noc_attempt_free(a);
}

void
noc_attempt_cancel(struct noc_live *l, const char *why)
{
	struct noc_attempt *a = l->out;
	bool doubt = l->doubt && !l->undoes;
	struct noc_step_done d = { .def = noc_live_step(l),
				   .state = "Failed",
				   .outcome = doubt	    ? "in_doubt"
					      : a && a->out ? "cancelled"
							    : "not_started" };
	struct noc_failure f;

	if (!a)
		return;
	doubt = doubt || (a->out && a->mutates);
	noc_failure_set(&f, "cancelled", "nocturne", "cancelled", "%s%s", why,
			doubt ? "; it may have happened" : "");
	if (!l->went)
		noc_undo_unmark(l);
	d.target = a->target;
	d.failure = &f;
	noc_step_write_done(l, &d);
	attempt_abandon(a);
}

/* ---- another try ---- */

void
noc_step_retry(struct noc_live *l, struct noc_step_done *d, int64_t delay_ms)
{
	const struct noc_failure *given = d->failure;
	struct noc_run *r = l->run;
	struct noc_failure f;
	char outcome[96];

	if (given) {
		f = *given;
		noc_failure_blame(&f, d->def);
		d->failure = &f;
	}
	snprintf(outcome, sizeof(outcome), "retry in %lld ms: %s",
		 (long long)delay_ms, d->failure ? d->failure->class : "");
	d->state = "Pending";
	d->outcome = outcome;
	r->retries++; /* a start counts them in the rows */
	noc_runs_of(r->core)->retried++;
	noc_live_wait(l, NOC_WAIT_RETRY, "retrying",
		      noc_steady_now(r->core) + delay_ms * NOC_NS_PER_MS);
	d->due_ns = l->due_ns;
	noc_step_write_done(l, d);
	d->failure = given;
}

/*
 * Its turn to be tried again comes after its deadline: the daemon was down, or
 * it was in doubt.  It has failed.
 */
bool
noc_step_overdue(struct noc_live *l)
{
	struct noc_step_done d = { .def = noc_live_step(l) };
	struct noc_failure f;

	if (l->probing || !d.def || !d.def->deadline_ms ||
	    noc_steady_now(l->run->core) <
		noc_ns_after(l->step_ns, d.def->deadline_ms))
		return false;
	noc_failure_set(&f, "timeout", "nocturne", "deadline",
			"its deadline is over, it is not tried again");
	d.failure = &f;
	noc_step_fail(l, &d);
	return true;
}

static bool
run_may_retry(const struct noc_run *r)
{
	size_t most = r->items * RETRIES_MAX_ITEM;

	return (size_t)r->retries <
	       (most > RETRIES_MAX_RUN ? most : RETRIES_MAX_RUN) +
		   (size_t)r->restarts;
}

static bool
step_may_retry(const struct noc_live *l, const struct noc_step_done *d,
	       int64_t *delay_ms)
{
	const struct noc_run *r = l->run;
	const struct noc_step_def *def = d->def;
	const struct noc_retry_policy *p = &def->retry;
	int64_t now = noc_steady_now(r->core);

	if (noc_cancel_is(l))
		return false;
	if (!strcmp(d->failure->class, "timeout") && def->on_timeout &&
	    !strcmp(def->on_timeout, "abort"))
		return false;
	if (!noc_retry_class(d->failure->class) || l->tries >= p->attempts ||
	    !run_may_retry(r))
		return false;
	*delay_ms = noc_retry_delay_ms(p, &r->id, l->path, l->tries,
				       d->failure->retry_after_ms);
	return !def->deadline_ms ||
	       now + *delay_ms * NOC_NS_PER_MS <
		   noc_ns_after(l->step_ns, def->deadline_ms);
}

/* ---- in doubt ---- */

static void
step_ask(struct noc_live *l, struct noc_step_done *d)
{
	struct noc_failure f = *d->failure;
	struct noc_run *r = l->run;
	char text[900], title[300];

	noc_failure_blame(&f, d->def);
	d->failure = &f;

	d->state = "Pending";
	d->outcome = "in_doubt";
	noc_live_wait(l, NOC_WAIT_ASK, "blocked",
		      noc_steady_now(r->core) + ASK_NS);
	d->due_ns = l->due_ns;
	noc_step_write_done(l, d);
	noc_value_free(r->error);
	r->error = noc_failure_value(d->failure);
	r->dirty = true;
	if (l->lane->item >= 0) { /* many may ask the same */
		noc_cause_tell(
		    r->core, r->ev, r->mode, &r->id,
		    "%s: step %s of items of run %s may or may not have "
		    "happened. `nocturne run show` it and look, then `nocturne "
		    "run signal %s PATH done|retry|fail [--items KEY,...]`",
		    r->rule, d->def->name, r->text, r->text);
		return;
	}
	snprintf(text, sizeof(text),
		 "%s: step %s (%s) may or may not have happened (%s). Look, "
		 "then `nocturne run signal %s done|retry|fail`",
		 noc_run_title(r, title, sizeof(title)), l->path,
		 d->failure->block, d->failure->message, r->text);
	noc_notify_text(r->core, "noc", text, r->ev, r->mode, &r->id);
}

void
noc_attempt_in_doubt(struct noc_live *l, struct noc_step_done *d)
{
	const struct noc_run *r = l->run;
	const char *way = d->def->on_crash;

	l->doubt = true;
	if (noc_cancel_is(l)) {
		noc_cancel_doubt(l, d);
	} else if (!strcmp(way, "fail")) {
		noc_step_fail(l, d);
	} else if (!strcmp(way, "retry") && run_may_retry(r) &&
		   l->tries < d->def->retry.attempts) {
		noc_step_retry(l, d,
			       noc_retry_delay_ms(&d->def->retry, &r->id,
						  l->path, l->attempt, 0));
	} else if (!strcmp(way, "retry")) {
		noc_step_fail(l, d);
	} else if (!strcmp(way, "verify")) {
		l->probing = true;
		l->tries = 0;
		noc_step_retry(l, d, 0);
	} else {
		step_ask(l, d);
	}
}

bool
noc_step_decides(const struct noc_run *r, const char *signal)
{
	if (!strcmp(signal, "fail"))
		return true;
	if (r->unread)
		return false;
	if (!strcmp(signal, "retry"))
		return noc_code_is_at_hand(r);
	return !strcmp(signal, "done");
}

void
noc_step_decided(struct noc_live *l, const char *signal, const char *actor)
{
	struct noc_step_done d = { .def = noc_live_step(l) };
	struct noc_run *r = l->run;
	struct noc_failure f;
	char outcome[160];

	r->recoveries = 0;
	r->lacks_code = false;
	l->doubt = l->probing = false;
	l->tries = 0;
	if (!d.def || r->frozen) {
		noc_run_end(r, "Failed", "blocked, and given up");
	} else if (!strcmp(signal, "done")) {
		snprintf(outcome, sizeof(outcome), "done, says %s", actor);
		d.outcome = outcome;
		noc_step_succeed(l, NULL, &d);
	} else if (!strcmp(signal, "retry")) {
		/* Numbers of attempts go on; other steps begin again, but not
		 * what they hold. */
		noc_live_wait(l, NOC_WAIT_NONE, "", 0);
		if (l->more->each || l->more->inner)
			noc_container_go_on(l);
		else if (noc_step_calls(d.def))
			noc_attempt_begin(l);
		else
			noc_live_end(l, NOC_END_NONE);
	} else {
		noc_failure_set(&f, "in_doubt", "nocturne", "undecided",
				"%s: %s", signal, actor);
		d.failure = &f;
		noc_step_fail(l, &d);
	}
}

#define PROBE_SAID_NO "no" /* code of an answer that fail_if names */

/* Was it the other side that said no?  Who was not asked, who could not be
 * heard and who would not tell leave it in doubt. */
static bool
probe_refuses(const struct noc_failure *f)
{
	static const char *const unsaid[] = {
		"transport", "denied",	 "401",	     "403",
		"407",	     "exit 126", "exit 127",
	};

	for (size_t i = 0; i < NOC_COUNT(unsaid); i++)
		if (!strcmp(f->code, unsaid[i]))
			return false;
	return !strcmp(f->class, "permanent") && strcmp(f->block, "nocturne");
}

/* It did not happen, and nothing new begins where it stands. */
static void
step_not_again(struct noc_live *l, struct noc_step_done *d)
{
	l->doubt = false;
	d->state = "Cancelled";
	d->outcome = "cancelled: it had not happened";
	noc_step_write_done(l, d);
	noc_live_end(l, NOC_END_CANCELLED);
}

/* It has an answer: true: it happened, false with *f: it did not, or nobody
 * knows. */
static bool
probe_happened(struct noc_live *l, const struct noc_value *result,
	       struct noc_failure *f)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_strbuf why = NOC_STRBUF_INIT;
	struct noc_err err = { 0 };
	bool says;

	if (def->probe->fail_if &&
	    noc_step_holds(l, def->probe->fail_if, NULL, result, NULL, &err)) {
		noc_failure_set(f, "permanent", "rule", PROBE_SAID_NO,
				"it did not happen");
		return false;
	}
	says = !def->probe->expect ||
	       noc_step_holds(l, def->probe->expect, NULL, result, &why, &err);
	if (!says)
		noc_failure_set(f, "transient", "rule", "probe",
				"what was asked does not tell: %s",
				why.p ? why.p : "not as expected");
	noc_strbuf_release(&why);
	return says;
}

/* The names that the probe gives, when it gives any, and no other. */
static struct noc_value *
probe_output(const struct noc_live *l, struct noc_value *result)
{
	const struct noc_value *names = noc_live_step(l)->probe->output;
	struct noc_value *out;

	if (!names || !result)
		return result;
	out = noc_value_map();
	noc_output_name(names, result, out);
	noc_value_free(result);
	return out;
}

/* Who is always in doubt and never happens must not be asked without end: the
 * first time at once, then as any other try; what deaths cost is not counted.
 */
static int64_t
redo_delay_ms(const struct noc_live *l)
{
	int rounds = (l->attempt - (int)l->more->restarts) / 2;

	return rounds < 2
		   ? 0
		   : noc_retry_delay_ms(&noc_live_step(l)->retry, &l->run->id,
					l->path, rounds - 1, 0);
}

/* A probe answered: it happened.  It refuses: it did not; do it again. */
void
noc_attempt_probed(struct noc_live *l, struct noc_value *result,
		   struct noc_step_done *d)
{
	struct noc_failure f;
	int64_t delay_ms;

	if (!d->failure && !probe_happened(l, result, &f)) {
		noc_value_free(result);
		result = NULL;
		d->failure = &f;
	}
	if (!d->failure) {
		result = probe_output(l, result);
		l->probing = false;
		d->outcome = "ok: it had happened";
		noc_step_succeed(l, result, d);
		return;
	}
	if (step_may_retry(l, d, &delay_ms)) {
		noc_step_retry(l, d, delay_ms);
		return;
	}
	l->probing = false;
	if (probe_refuses(d->failure) && !l->undoes &&
	    (noc_cancel_is(l) || noc_lane_is_failing(l->lane, l->node))) {
		step_not_again(l, d);
		return;
	}
	if (!probe_refuses(d->failure)) {
		if (noc_cancel_is(l))
			noc_cancel_doubt(l, d);
		else
			step_ask(l, d);
		return;
	}
	l->doubt = false;
	l->tries = 0;
	if (run_may_retry(l->run))
		noc_step_retry(l, d, redo_delay_ms(l));
	else
		noc_step_fail(l, d);
}

/* ---- judging ---- */

/* The answer is one that fail_if names. */
static bool
failure_counts(const struct noc_failure *f)
{
	return strcmp(f->class, "permanent") && strcmp(f->class, "cancelled") &&
	       strcmp(f->class, "dependency_degraded") &&
	       strcmp(f->class, "downstream_failed");
}

/* What it needs works badly, and it may do without: written down, and what
 * comes after it can ask for it. */
static void
attempt_degraded(struct noc_live *l, struct noc_step_done *d)
{
	struct noc_value *output = noc_value_map();
	struct noc_failure f = *d->failure;
	char outcome[320];

	noc_failure_blame(&f, d->def);
	d->failure = &f;
	snprintf(outcome, sizeof(outcome), "ok: degraded: %s", f.message);
	d->outcome = outcome;
	noc_value_set(output, "degraded", noc_value_str(f.message));
	noc_step_succeed(l, output, d);
}

static void
attempt_judge(struct noc_live *l, bool touched, struct noc_value *result,
	      struct noc_step_done *d)
{
	struct noc_failure f;
	int64_t delay_ms;

	if (!d->failure)
		noc_judge_answer(l, d, result, &f);
	if (!d->failure) {
		noc_step_succeed(l, result, d);
		return;
	}
	noc_value_free(result);
	/* It went out and nobody knows how it ended. */
	if (touched && d->def->mutates && !d->def->idempotent &&
	    !strcmp(d->failure->class, "timeout")) {
		f = *d->failure;
		f.class = "in_doubt";
		d->failure = &f;
	}
	if (!strcmp(d->failure->class, "in_doubt"))
		noc_attempt_in_doubt(l, d);
	else if (d->def->degraded_goes_on &&
		 !strcmp(d->failure->class, "dependency_degraded"))
		attempt_degraded(l, d);
	else if (step_may_retry(l, d, &delay_ms))
		noc_step_retry(l, d, delay_ms);
	else
		noc_step_fail(l, d);
}

/* An answer without a value ("no such row") tells nothing of the target. */
static bool
answer_says(const struct noc_value *result)
{
	bool says = result && result->type != NOC_MAP;

	for (size_t i = 0; !says && i < noc_value_len(result); i++) {
		const struct noc_value *v = result->u.map.at[i].value;

		says = v->type == NOC_MAP ? noc_value_len(v) > 0
					  : v->type != NOC_NIL;
	}
	return says;
}

/* What we asked besides was answered, what the rule asked was not. */
static struct noc_failure *
attempt_says_nothing(struct noc_failure *f, const char *target)
{
	noc_failure_set(f, noc_class_of_kind(NOC_ENOTFOUND), "device",
			"noSuchObject", "%s has none of these objects", target);
	return f;
}

/* Who is believed without it needs none of this. */
static void
attempt_confirm(struct noc_run *r, const char *target)
{
	if (!noc_run_untrusted(r) || !r->plan->acting ||
	    noc_value_get(r->confirmed, target))
		return;
	if (!r->confirmed)
		r->confirmed = noc_value_map();
	noc_value_set(r->confirmed, target, noc_value_bool(true));
	r->dirty = true;
}

static void
attempt_breaker(const struct noc_attempt *a, const struct noc_failure *failure,
		int64_t took_ms)
{
	/* While we stood still nobody looked how long it took. */
	bool watched = noc_core_time(a->core).stood_ns <= a->start_boot_ns;
	const struct noc_breaker_result result = {
		.ok = !failure || !failure_counts(failure),
		.slow = watched && took_ms > a->call->timeout_ms / 5 * 4,
		.vouched = !noc_run_untrusted(a->live->run),
	};

	noc_breaker_result(a->core, a->call->ops->name, a->breaker_target,
			   a->generation, &result);
}

void
noc_attempt_end(struct noc_attempt *a, struct noc_value *result,
		struct noc_failure *failure)
{
	struct noc_live *l = a->live;
	struct noc_run *r = l->run;
	struct noc_core *core = a->core;
	bool touched = a->out, probing = a->probing;
	char *target = noc_strdup(a->target);
	struct noc_step_done d = { .def = a->def,
				   .target = target,
				   .params = a->call->params,
				   .failure = failure };
	struct noc_value *params = noc_value_copy(a->call->params);
	struct noc_failure nothing;

	d.params = params;
	if (a->start_boot_ns)
		d.took_ms = (noc_core_time(core).boot_ns - a->start_boot_ns) /
			    NOC_NS_PER_MS;
	if (a->generation)
		attempt_breaker(a, failure, d.took_ms);
	d.changed = noc_change_answer(r, target, params, result);
	r->dirty |= d.changed != NULL;
	if (d.changed && result->type == NOC_MAP && !noc_value_len(result))
		d.failure = attempt_says_nothing(&nothing, target);
	if (!failure && a->confirms && answer_says(result))
		attempt_confirm(r, target);
	if (touched && a->mutates)
		noc_targets_touch(l);
	if (touched && a->mutates)
		noc_settle_touch(core, target, &r->id);
	attempt_abandon(a);
	l->wait = NOC_WAIT_NONE;
	noc_due_disarm(core, &l->due);
	if (d.def->kind == NOC_STEP_VERIFY)
		noc_verify_result(l, result, &d);
	else if (probing)
		noc_attempt_probed(l, result, &d);
	else
		attempt_judge(l, touched, result, &d);
	noc_value_free(params);
	free(target);
}

void
noc_attempt_due(struct noc_live *l)
{
	struct noc_attempt *a = l->out;
	struct noc_failure f;

	/* The journal is slow, and its time begins when it goes out; or its
	 * result is on its way, in this turn. */
	if (!a->out || a->call->queued)
		return;
	noc_failure_set(&f, "timeout", a->reads ? "device" : "executor",
			"timeout", "no answer within %lld ms",
			(long long)a->call->timeout_ms);
	noc_attempt_end(a, NULL, &f);
}
