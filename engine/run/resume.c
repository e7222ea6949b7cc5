/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/life.h"
#include "engine/run/resume.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/notify/notify.h"
#include "engine/run/advance.h"
#include "engine/run/attempt.h"
#include "engine/run/await.h"
#include "engine/run/cancel.h"
#include "engine/run/code.h"
#include "engine/run/each.h"
#include "engine/run/escalate.h"
#include "engine/run/gate.h"
#include "engine/run/live.h"
#include "engine/run/mail.h"
#include "engine/run/queue.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/stage.h"
#include "engine/run/step.h"
#include "engine/run/step_core.h"
#include "engine/run/undo.h"

/*
 * Runs after a restart: loaded from their rows (resume_load.c), put back to
 * where they waited, and sent on by the same noc_run_advance.  Only an intent
 * without a result needs a decision (workflows: crash promise).
 */
#define BLOCKED_NS (24 * 3600 * NOC_NS_PER_S)
/* It is asked whether it happened, and tried again. */
#define RECOVERY_TRIES 2

static bool
run_is_blocked(const struct noc_run *r)
{
	const struct noc_live *l = r->lives;

	while (l && !(l->wait == NOC_WAIT_BLOCKED && l->due_ns))
		l = l->next;
	return l != NULL;
}

static void
run_block(struct noc_live *l, const char *why)
{
	struct noc_run *r = l->run;
	bool told = run_is_blocked(r);
	char text[600], title[300];

	noc_live_wait(l, NOC_WAIT_BLOCKED, "blocked",
		      noc_steady_now(r->core) + BLOCKED_NS);
	snprintf(text, sizeof(text),
		 "%s: run %s is blocked: %s. `nocturne run signal` it %s",
		 noc_run_title(r, title, sizeof(title)), r->text, why,
		 r->unread	 ? "fail"
		 : r->lacks_code ? "done or fail, or load them"
				 : "retry, done or fail");
	if (!told) /* many of its items may be */
		noc_notify_text(r->core, "noc", text, r->ev, r->mode, &r->id);
}

/* An intent without a result. */
static void
run_recover(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_run *r = l->run;
	struct noc_step_done d = { .def = def };
	struct noc_failure f;

	/* A start counts once, however many calls were out. */
	if (!r->recovered)
		r->recoveries++;
	r->recovered = true;
	r->dirty = true;
	if (r->recoveries > NOC_RECOVERIES_MAX) {
		run_block(l, "the daemon died more than 5 times in it");
		return;
	}
	if (l->tries > 0)
		l->tries--;
	/* Hundreds may be out: their budget is for what fails, not for this. */
	r->restarts += RECOVERY_TRIES;
	NOC_LIVE_SET(l, restarts, l->more->restarts + RECOVERY_TRIES);
	l->wait = NOC_WAIT_NONE;
	if (def->kind == NOC_STEP_EMIT) {
		if (noc_step_emitted(l))
			noc_step_succeed(l, NULL, &d);
		else
			noc_step_emit(l, def);
		return;
	}
	if (def->kind == NOC_STEP_VERIFY) {
		noc_attempt_begin(l);
		return;
	}
	noc_failure_set(&f, "in_doubt", "nocturne", "restart",
			"the daemon stopped before the result came");
	d.failure = &f;
	if (!def->mutates || l->probing)
		noc_step_retry(l, &d, 0);
	else
		noc_attempt_in_doubt(l, &d);
}

/* The functions that it lacked are back: it waits for what it did. */
static bool
run_is_back(struct noc_live *l)
{
	struct noc_run *r = l->run;

	if (!r->lacks_code || !noc_code_is_at_hand(r))
		return false;
	r->lacks_code = false;
	l->wait = l->held;
	l->due_ns = l->more->held_due_ns;
	return true;
}

/* Until when it was written down to wait: nothing new for its row. */
static void
run_wait_on(struct noc_live *l, const char *phase)
{
	struct noc_run *r = l->run;
	bool dirty = r->dirty, live = l->dirty;

	noc_live_wait(l, l->wait, phase, l->due_ns);
	r->dirty = dirty;
	l->dirty = live;
}

static void
live_go_on(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_run *r = l->run;
	bool back = run_is_back(l);

	if (!r->unread && !noc_code_is_at_hand(r) &&
	    l->wait != NOC_WAIT_ESCALATE && l->wait != NOC_WAIT_BLOCKED) {
		r->lacks_code = true;
		l->held = l->wait;
		NOC_LIVE_SET(l, held_due_ns, l->due_ns);
		run_block(l, "its functions are not in the rules any more");
		return;
	}
	switch (l->wait) {
	case NOC_WAIT_NONE: /* begun anew */
		noc_live_end(l, NOC_END_NONE);
		break;
	case NOC_WAIT_INNER:
		run_wait_on(l, "");
		if (l->more->each)
			noc_each_go_on(l);
		else if (def && def->kind == NOC_STEP_UNDO)
			noc_undo_go_on(l);
		break;
	case NOC_WAIT_CALL:
		if (def)
			run_recover(l, def);
		break;
	case NOC_WAIT_QUEUE: /* it was not begun: again into the queue */
		l->wait = NOC_WAIT_NONE;
		if (l->attempt == 0)
			l->step_ns = noc_steady_now(r->core);
		if (def)
			noc_attempt_begin(l);
		break;
	case NOC_WAIT_RETRY:
		run_wait_on(l, "retrying");
		break;
	case NOC_WAIT_READ:
		run_wait_on(l, "waiting_read");
		break;
	case NOC_WAIT_PAUSE:
		run_wait_on(l, "paused");
		break;
	case NOC_WAIT_SLEEP:
		run_wait_on(l, "sleeping");
		break;
	case NOC_WAIT_VERIFY:
		run_wait_on(l, "verifying");
		break;
	case NOC_WAIT_ESCALATE:
		if (l->more->esc)
			run_wait_on(l, noc_escalate_phase(l));
		else
			noc_run_end(r, "Failed", r->outcome);
		break;
	case NOC_WAIT_GATE:
		run_wait_on(l, "waiting_approval");
		noc_gate_go_on(l);
		break;
	case NOC_WAIT_EVENT:
		run_wait_on(l, "waiting_event");
		noc_await_go_on(l);
		break;
	case NOC_WAIT_ASK:
	case NOC_WAIT_BLOCKED:
		if (l->due_ns)
			run_wait_on(l, "blocked");
		else
			run_block(l, r->unread ? "its rows cannot be read"
					       : "its rows come from a damaged "
						 "database");
		break;
	}
	r->dirty |= back;
}

/* An event read back knows its device by name only. */
static void
run_aim(struct noc_run *r)
{
	struct noc_inventory *inv = noc_core_inv(r->core);

	if (!r->ev || r->ev->inventory || !inv)
		return;
	r->ev->inventory = noc_inventory_by_name(inv, r->ev->device);
	if (r->ev->inventory)
		noc_inventory_ref(r->ev->inventory->owner);
}

/* Whether it happened is settled first, however late that is. */
static bool
live_in_doubt(const struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);

	return l->wait == NOC_WAIT_CALL && def && def->mutates &&
	       def->kind == NOC_STEP_ACTION && !l->probing;
}

/* Is the row of a step missing that another one waited for?  It is not done
 * again. */
static void
lane_lacks_rows(struct noc_lane *lane, void *lacks)
{
	const struct noc_plan *p = lane->run->plan;

	for (size_t n = lane->to; n-- > lane->from;) {
		enum noc_end end = noc_lane_end_of(lane, n);

		if (end == NOC_END_NONE || end == NOC_END_UNREACHED)
			continue;
		for (size_t i = 0; i < p->steps[n].nin; i++) {
			size_t from = p->steps[n].in[i].from;

			if (p->steps[n].in[i].on != NOC_ON_OK ||
			    noc_lane_end_of(lane, from) != NOC_END_NONE)
				continue;
			noc_lane_set_end(lane, from, NOC_END_OK);
			*(bool *)lacks = true;
		}
	}
}

static bool
run_lacks_rows(struct noc_run *r)
{
	bool lacks = false;

	lane_lacks_rows(r->root, &lacks);
	for (struct noc_live *l = r->lives; l; l = l->next) {
		if (l->more->inner)
			lane_lacks_rows(l->more->inner, &lacks);
		if (l->more->each)
			noc_each_lanes(l->more->each, lane_lacks_rows, &lacks);
	}
	return lacks;
}

/* Is something at hand of what this node waits for, be it over others? */
static bool
live_before(const struct noc_lane *lane, size_t node, uint8_t *seen)
{
	const struct noc_plan *p = lane->run->plan;
	const struct noc_step_def *def = &p->steps[node];

	for (size_t i = 0; i < def->nin; i++) {
		size_t from = def->in[i].from;

		if (def->in[i].on != NOC_ON_OK || seen[from])
			continue;
		seen[from] = 1;
		for (const struct noc_live *l = lane->lives; l; l = l->beside)
			if (!l->undoes && l->node >= from &&
			    l->node < p->steps[from].end)
				return true;
		if (live_before(lane, from, seen))
			return true;
	}
	return false;
}

/* Has it begun although what it waits for has not ended? */
static bool
live_is_early(const struct noc_live *l)
{
	size_t n = l->run->plan->nsteps;
	uint8_t *seen = noc_calloc(n + 1, 1);
	bool early =
	    l->node < n && !l->undoes && live_before(l->lane, l->node, seen);

	free(seen);
	return early;
}

static bool
run_is_sure(const struct noc_run *r, bool lacks)
{
	bool asked = false;

	for (const struct noc_live *l = r->lives; l && !asked; l = l->next)
		asked = l->wait == NOC_WAIT_ASK || l->wait == NOC_WAIT_BLOCKED;
	return !r->unread && !lacks && (!r->unsure || asked) &&
	       (r->first || r->lives || r->paused ||
		r->stage != NOC_STAGE_BODY);
}

/* Several are at hand, or what is in one: none of them begins anything until
 * people say so. */
static void
run_hold(struct noc_run *r)
{
	static const char why[] = "its rows come from a damaged database";
	struct noc_err err;
	char text[600], title[300];

	if (noc_run_pause(r->core, &r->id, true, "nocturne", why, 0, &err))
		return;
	snprintf(text, sizeof(text),
		 "%s: run %s is paused: %s. What has no row any more would "
		 "be done again: `nocturne run show` it, then `run resume` or "
		 "`run cancel` it",
		 noc_run_title(r, title, sizeof(title)), r->text, why);
	noc_notify_text(r->core, "noc", text, r->ev, r->mode, &r->id);
}

/* What cannot be read, was saved from a damaged database, or does not say what
 * it waits for: people decide. */
static void
run_unsure(struct noc_run *r)
{
	bool lacks = run_lacks_rows(r);
	struct noc_live *l;

	/* Only one of the two is at hand: nobody knows which. */
	for (struct noc_live *next, *at = r->lives; at; at = next) {
		next = at->next;
		if (!live_is_early(at))
			continue;
		r->unread = true;
		noc_live_end(at, NOC_END_UNREACHED);
	}
	if (run_is_sure(r, lacks))
		return;
	l = r->lives;
	if (l && !r->unread && (l->next || l->more->inner || l->more->each)) {
		run_hold(r);
		return;
	}
	if (!l)
		l = noc_live_new(r->root, noc_run_next(r));
	l->wait = NOC_WAIT_BLOCKED;
	l->due_ns = 0;
	r->frozen =
	    r->unread && (r->lives->next || l->more->inner || l->more->each ||
			  (!l->lane->up && l->node == r->plan->nbody));
}

/* Nobody knows what it would go on from. */
static bool
live_stays(const struct noc_live *l)
{
	return l->run->frozen && l->wait != NOC_WAIT_BLOCKED &&
	       l->wait != NOC_WAIT_ASK;
}

/* One may end others, so each that is through stands behind the rest: the first
 * is always one to do. */
static void
run_go_on_all(struct noc_run *r)
{
	struct noc_live *l;

	for (l = r->lives; l; l = l->next)
		l->loaded = true;
	while (!r->ended && (l = r->lives) && l->loaded) {
		l->loaded = false;
		noc_live_behind(l);
		if (!live_stays(l))
			live_go_on(l);
	}
}

static void
run_go_on(struct noc_run *r)
{
	struct noc_live *l = r->lives;
	bool doubt = false;

	for (; l && !doubt; l = l->next)
		doubt = live_in_doubt(l);
	if (!doubt && noc_run_overdue(r) && (r->ended || !r->lives))
		return;
	if (!r->lives && !noc_code_is_at_hand(r) && r->stage == NOC_STAGE_BODY)
		noc_live_new(r->root, noc_run_next(r));
	r->recovered = false;
	run_go_on_all(r);
}

void
noc_run_begin(struct noc_run *r)
{
	noc_life_started(r);
	noc_stage_restore(r);
	run_go_on_all(r);
	noc_run_limit(r);
	noc_run_advance(r);
}

void
noc_run_ready(struct noc_core *core, void *part)
{
	size_t n;
	struct noc_run **all = noc_run_all(part, &n);

	noc_escalate_named(core, NULL, NULL, NULL);
	noc_mail_ready(part);
	noc_queue_restore(core, all, n);
	for (size_t i = 0; i < n; i++) {
		struct noc_run *r = all[i];

		if (r->pending) {
			run_aim(r);
			continue;
		}
		noc_info(
		    "resume", "run=%s rule=%s step=%zu wait=%s", r->text,
		    r->rule, r->lives ? r->lives->node : noc_run_next(r),
		    noc_wait_names[r->lives ? r->lives->wait : NOC_WAIT_NONE]);
		run_aim(r);
		noc_stage_restore(r);
		run_unsure(r);
		noc_run_hush(r);
		noc_cancel_resume(r);
		run_go_on(r);
		noc_run_limit(r);
		noc_run_advance(r);
	}
	noc_queue_go_on(core, all, n);
	free(all);
	noc_runs_resumed(part);
	noc_code_trim(part);
}

/* New rules: some may hold the functions that a blocked run lacks.  It goes on
 * as after a restart: what a person was asked, a person answers. */
void
noc_run_reload(struct noc_core *core, void *part)
{
	size_t n;
	struct noc_run **all = noc_run_all(part, &n);

	(void)core;
	noc_code_retry(part);
	noc_stops_reload(part);
	for (size_t i = 0; i < n; i++) {
		struct noc_run *r = all[i];

		if (!r->lacks_code || !noc_code_is_at_hand(r))
			continue;
		run_go_on(r);
		noc_run_limit(r); /* it may have been over meanwhile */
		noc_run_advance(r);
	}
	free(all);
	noc_runs_resumed(part);
	noc_code_trim(part);
}
