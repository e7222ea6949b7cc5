/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/expr/template.h"
#include "engine/run/cancel.h"
#include "engine/run/lane.h"
#include "engine/core/steady.h"
#include "engine/run/live.h"
#include "engine/run/rows.h"
#include "engine/run/step.h"
#include "engine/run/runner.h"
#include "engine/run/advance.h"
#include "engine/run/each.h"
#include "engine/run/undo.h"

/* What was let come to its end failed: that is told with who cancelled it. */
static void
stage_say_failure(struct noc_run *r)
{
	char *said =
	    noc_asprintf("%s; %s: %s", r->outcome ? r->outcome : "cancelled",
			 noc_value_get_str(r->error, "step", "a step"),
			 noc_value_get_str(r->error, "message", "failed"));

	free(r->outcome);
	r->outcome = said;
}

static void
stage_verdict(struct noc_run *r)
{
	const struct noc_lane *root = r->root;

	r->verdict = noc_value_get(r->json, "cancel") ? "Cancelled"
		     : root->more->broken || (root->failed && !root->cancelled)
			 ? "Failed"
		     : root->cancelled && !root->more->stopped ? "Cancelled"
							       : "Succeeded";
	if (root->more->broken && root->more->error) {
		noc_value_free(r->error);
		r->error = noc_value_copy(root->more->error);
	}
	if (root->more->broken && !strcmp(r->verdict, "Cancelled"))
		stage_say_failure(r);
	r->dirty = true;
}

int64_t
noc_stage_due(const struct noc_run *r)
{
	const struct noc_plan *p = r->plan;

	if (r->stage == NOC_STAGE_BODY && p->timeout_ms > 0)
		return noc_ns_after(r->began_ns, p->timeout_ms + r->extend_ms);
	if (r->stage == NOC_STAGE_UNDO)
		return noc_ns_after(r->stage_ns, p->undo_ms > 0
						     ? p->undo_ms
						     : NOC_AFTER_TIMEOUT_MS);
	if (r->closing && p->steps[r->closing->node].timeout_ms > 0)
		return noc_ns_after(r->stage_ns,
				    p->steps[r->closing->node].timeout_ms);
	return 0;
}

bool
noc_stage_expire(struct noc_run *r)
{
	static const char why[] = "its steps have run longer than its timeout";
	struct noc_lane *lane = r->closing;
	struct noc_failure f;

	if (r->stage == NOC_STAGE_UNDO) {
		noc_undo_expire(r);
		return true;
	}
	if (!lane)
		return false;
	noc_failure_set(&f, "timeout", "flow", "timeout", "%s", why);
	noc_value_free(lane->more->error);
	noc_lane_more(lane)->error = noc_failure_value(&f);
	noc_value_set(lane->more->error, "step",
		      noc_value_str(r->plan->steps[lane->node].name));
	noc_lane_cancel(lane, why);
	return true;
}

/* The steps of on_fail and finally are of the run's own names. */
static bool
stage_lane(struct noc_run *r, size_t node)
{
	if (!node)
		return false;
	r->closing = noc_lane_new(r, r->root, node, "");
	noc_lane_wake(r->closing);
	return true;
}

/* They have a time of their own. */
static bool
stage_open(struct noc_run *r, size_t node)
{
	if (!stage_lane(r, node))
		return false;
	r->stage_ns = noc_steady_now(r->core);
	noc_run_limit(r);
	return true;
}

/* What went wrong in closing is said, and changes how it ends. */
static void
stage_close(struct noc_run *r)
{
	struct noc_lane *lane = r->closing;

	if (!lane)
		return;
	if (lane->failed && strcmp(r->verdict, "Failed") != 0) {
		r->verdict = "Failed";
		noc_value_free(r->error);
		r->error = lane->more->error ? noc_value_copy(lane->more->error)
					     : NULL;
	}
	r->closing = NULL;
	noc_lane_free(lane);
}

/* What the flow declares that it gives; false: it cannot. */
static bool
stage_output(struct noc_run *r)
{
	struct noc_value *output = NULL;
	struct noc_scope scope;
	struct noc_err err = { 0 };

	if (!r->plan->output)
		return true;
	noc_lane_scope(r->root, &scope);
	if (noc_template_tree(r->plan->output, &scope, NOC_MISSING_FAIL,
			      &output, &err)) {
		/* It was stopped before it came to all of that. */
		if (r->root->more->stopped)
			return true;
		char text[sizeof(err.msg) + 16];

		snprintf(text, sizeof(text), "output: %s", err.msg);
		noc_run_end(r, "Failed", text);
		return false;
	}
	noc_value_set(r->json, "output", output);
	return true;
}

static void
stage_end(struct noc_run *r)
{
	struct noc_lane *root = r->root;

	if (!strcmp(r->verdict, "Failed"))
		noc_run_fail(r);
	else if (strcmp(r->verdict, "Succeeded") || r->would || stage_output(r))
		noc_run_end(r, r->verdict,
			    root->more->stopped ? root->more->stopped
			    : root->cancelled	? r->outcome
						: NULL);
}

/* It has a time of its own, too. */
static bool
stage_undo(struct noc_run *r)
{
	bool begun;

	r->stage_ns = noc_steady_now(r->core);
	begun = noc_undo_run(r);
	noc_run_limit(r);
	return begun;
}

static bool
stage_begin(struct noc_run *r)
{
	const struct noc_plan *p = r->plan;
	bool failed = !strcmp(r->verdict, "Failed");

	switch (r->stage) {
	case NOC_STAGE_UNDO:
		return stage_undo(r);
	case NOC_STAGE_ON_FAIL:
		return failed && stage_open(r, p->on_fail_node);
	case NOC_STAGE_FINALLY:
		return stage_open(r, p->finally_node);
	case NOC_STAGE_BODY:
	case NOC_STAGE_END:
		break;
	}
	return false;
}

void
noc_stage_over(struct noc_run *r)
{
	if (noc_cancel_closes(r)) {
		noc_run_end(r, "Cancelled", r->outcome);
		return;
	}
	if (r->stage == NOC_STAGE_BODY)
		stage_verdict(r);
	else
		stage_close(r);
	while (!r->ended && r->stage < NOC_STAGE_END) {
		r->stage++;
		r->dirty = true;
		if (stage_begin(r))
			return;
	}
	if (!r->ended)
		stage_end(r);
}

/* ---- over a restart ---- */

static const char *const verdicts[] = { "Succeeded", "Failed", "Cancelled" };

void
noc_stage_store(struct noc_run *r)
{
	if (r->stage == NOC_STAGE_BODY) {
		noc_value_unset(r->json, "stage");
		return;
	}
	noc_value_set(r->json, "stage", noc_value_int(r->stage));
	noc_value_set(r->json, "verdict", noc_value_str(r->verdict));
	noc_value_set(r->json, "stage_began", noc_value_int(r->stage_ns));
}

void
noc_stage_load(struct noc_run *r, const struct noc_value *json)
{
	int64_t stage = noc_value_get_int(json, "stage", NOC_STAGE_BODY);
	const char *verdict = noc_value_get_str(json, "verdict", "");

	r->unread |= stage < NOC_STAGE_BODY || stage > NOC_STAGE_END;
	if (r->unread || stage == NOC_STAGE_BODY)
		return;
	r->stage = (enum noc_stage)stage;
	r->stage_ns =
	    noc_ns_sane(noc_value_get_int(json, "stage_began", r->began_ns));
	for (size_t i = 0; i < NOC_COUNT(verdicts); i++)
		if (!strcmp(verdicts[i], verdict))
			r->verdict = verdicts[i];
	if (!r->verdict) {
		r->verdict = "Failed";
		r->unread = true;
	}
	r->root->over = true;
	if (r->stage == NOC_STAGE_ON_FAIL)
		stage_lane(r, r->plan->on_fail_node);
	else if (r->stage == NOC_STAGE_FINALLY)
		stage_lane(r, r->plan->finally_node);
}

void
noc_stage_restore(struct noc_run *r)
{
	struct noc_live *l;

	noc_lane_restore(r->root);
	if (r->stage == NOC_STAGE_BODY)
		noc_run_assume(r);
	if (r->closing)
		noc_lane_restore(r->closing);
	for (l = r->lives; l; l = l->next) {
		if (l->more->inner)
			noc_lane_restore(l->more->inner);
		if (l->more->each)
			noc_each_restore(l);
	}
	/* The first version did not say that it tells of a failure. */
	for (l = r->lives; l && !(l->more->esc && l->more->esc->on_fail);)
		l = l->next;
	if (l && r->stage == NOC_STAGE_BODY) {
		r->stage = NOC_STAGE_END;
		r->verdict = "Failed";
		r->root->over = true;
	}
	/* Of a version that gave it no time: from now on. */
	if (r->stage == NOC_STAGE_UNDO && !r->stage_ns)
		r->stage_ns = noc_steady_now(r->core);
	if (r->stage == NOC_STAGE_UNDO && !noc_undo_run(r))
		noc_stage_over(r);
}
