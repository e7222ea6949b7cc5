/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/crash.h"
#include "engine/expr/template.h"
#include "engine/core/steady.h"
#include "engine/notify/notify.h"
#include "engine/run/advance.h"
#include "engine/run/attempt.h"
#include "engine/run/container.h"
#include "engine/run/each.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"
#include "engine/run/stage.h"
#include "engine/run/step.h"
#include "engine/run/undo_private.h"

#define UNDO_LIMIT 20 /* items side by side */

static void job_fill(struct undo_job *job);
static void on_job_due(struct noc_due *due, struct noc_core *core);
static void lane_unwind_next(struct noc_lane *lane);

const struct noc_value *
noc_undo_extra(const struct noc_lane *lane)
{
	const struct undo_job *job =
	    lane->more->undo ? lane->more->undo->job : NULL;

	return job && job->lanes[0] == lane ? job->extra : NULL;
}

struct noc_value *
noc_undo_around(const struct noc_scope *scope, const struct noc_value *items)
{
	struct noc_value *v =
	    scope->extra ? noc_value_copy(scope->extra) : noc_value_map();
	struct noc_value *undo = noc_value_map();

	noc_value_set(undo, "items", noc_value_copy(items));
	noc_value_set(v, "undo", undo);
	return v;
}

const char *
noc_undo_by(const struct noc_live *l)
{
	const struct undo_job *job =
	    l->lane->more->undo ? l->lane->more->undo->job : NULL;

	return l->undoes && job && job->by ? job->by->path : NULL;
}

const struct noc_value *
noc_undo_targets(const struct noc_live *l)
{
	const struct undo_mark *m = undo_mark_of(l->lane->more->undo, l->node);

	return m ? m->targets : NULL;
}

/* ---- jobs ---- */

static void
job_free(struct undo_job *job)
{
	noc_due_disarm(job->run->core, &job->due);
	noc_value_free(job->extra);
	free(job->lanes);
	free(job);
}

static bool
lane_is_in(const struct noc_lane *lane, const struct noc_lane *around)
{
	while (lane && lane != around)
		lane = lane->up;
	return lane != NULL;
}

/* One after the other, where they may meet. */
static bool
job_waits(const struct undo_job *job)
{
	const struct undo_job *at = job->run->jobs;

	while (at && !(at->begun && (lane_is_in(at->home, job->home) ||
				     lane_is_in(job->home, at->home))))
		at = at->next_job;
	return at != NULL;
}

static void
jobs_begin(struct noc_run *r)
{
	struct undo_job *job = r->jobs;

	while (job) {
		bool begins = !job->begun && !job_waits(job);

		if (begins) {
			job->begun = true;
			job_fill(job);
		}
		job = begins ? r->jobs : job->next_job;
	}
}

static void
job_over(struct undo_job *job)
{
	struct noc_live *by = job->by;
	struct noc_step_done d = { .def = by ? noc_live_step(by) : NULL };
	struct noc_each *each = job->each;
	struct noc_run *r = job->run;
	struct noc_value *output;
	struct noc_failure f;
	int64_t failed = by ? by->more->stays : 0,
		done = by ? by->more->undone : 0;
	struct undo_job **at = &r->jobs;

	while (*at != job)
		at = &(*at)->next_job;
	*at = job->next_job;
	job_free(job);
	jobs_begin(r);
	if (each) {
		noc_each_undone(each);
		return;
	}
	if (!by) {
		noc_stage_over(r);
		return;
	}
	if (failed) {
		noc_failure_set(&f, "downstream_failed", "flow", "undo",
				"%lld of %lld could not be undone",
				(long long)failed, (long long)(failed + done));
		d.failure = &f;
		noc_step_fail(by, &d);
		return;
	}
	output = noc_value_map();
	noc_value_set(output, "undone", noc_value_int(done));
	noc_step_succeed(by, output, &d);
}

static void
lane_unwind(struct noc_lane *lane, struct undo_job *job,
	    struct noc_lane *parent)
{
	struct noc_undo *u = undo_of(lane);

	u->job = job;
	u->parent = parent;
	u->at = u->n;
	lane_unwind_next(lane);
}

/* As many of its lanes as may be. */
static void
job_fill(struct undo_job *job)
{
	if (job->busy)
		return;
	job->busy = true;
	while (job->next < job->n && job->open < UNDO_LIMIT) {
		job->open++;
		lane_unwind(job->lanes[job->next++], job, NULL);
	}
	job->busy = false;
	if (!job->open && job->next == job->n)
		job_over(job);
}

void
undo_job_new(struct noc_run *r, const struct undo_job *job)
{
	struct undo_job *own = noc_memdup(job, sizeof(*job)), **at = &r->jobs;

	own->run = r;
	while (*at)
		at = &(*at)->next_job;
	*at = own;
	own->due.on_due = on_job_due;
	own->over = own->end_ns && noc_steady_now(r->core) >= own->end_ns;
	if (own->end_ns)
		noc_due_arm_steady(r->core, &own->due, own->end_ns);
	jobs_begin(r);
}

void
noc_undo_close(struct noc_run *r)
{
	while (r->jobs) {
		struct undo_job *job = r->jobs;

		r->jobs = job->next_job;
		job_free(job);
	}
}

/* ---- one lane ---- */

static bool
mark_is_wanted(const struct noc_lane *lane, const struct undo_mark *m)
{
	const struct noc_plan *p = lane->run->plan;
	const struct undo_job *job = lane->more->undo->job;
	size_t only = job->only;

	return !m->done && (job->by || !m->copied) &&
	       (only == NOC_NODE_TOP ||
		(m->node >= only && m->node < p->steps[only].end));
}

/* True: the live is gone.  The flow that it calls comes to its end first. */
static bool
undo_expires(struct noc_live *l)
{
	struct noc_step_done d = { .def = noc_live_step(l) };
	struct noc_failure f;

	noc_failure_set(&f, "timeout", "flow", "timeout",
			"the time to take back what was done is over");
	d.failure = &f;
	if (l->more->inner) {
		noc_container_expire(l, &f);
		return false;
	}
	if (l->out) {
		noc_attempt_cancel(l, f.message);
		noc_lane_break(l, &f);
	} else {
		noc_step_fail(l, &d);
	}
	return true;
}

void
noc_undo_expire(struct noc_run *r)
{
	struct noc_live *l = r->lives;

	r->undo_over = true;
	while (l && !r->ended && r->stage == NOC_STAGE_UNDO) {
		bool gone = l->undoes && undo_expires(l);

		l = gone ? r->lives : l->next; /* others went with it */
	}
}

/* Is it there, and out of time?  Another one may be in its place. */
static bool
job_is_over(const struct noc_run *r, const struct undo_job *job)
{
	const struct undo_job *at = r->jobs;

	while (at && at != job)
		at = at->next_job;
	return at && at->over;
}

/* What is left of it stays. */
static void
on_job_due(struct noc_due *due, struct noc_core *core)
{
	struct undo_job *job =
	    (struct undo_job *)((char *)due - offsetof(struct undo_job, due));
	struct noc_run *r = job->run;
	struct noc_live *l = r->lives;

	(void)core;
	job->over = true;
	while (l && !r->ended && job_is_over(r, job)) {
		bool of_it = l->undoes && l->lane->more->undo &&
			     l->lane->more->undo->job == job;
		bool gone = of_it && undo_expires(l);

		l = gone ? r->lives : l->next; /* others went with it */
	}
	noc_run_advance(r);
}

/* The action that takes this step back. */
static void
lane_undo_step(struct noc_lane *lane, size_t node)
{
	struct noc_live *l = lane->lives;

	while (l && (l->node != node || !l->undoes))
		l = l->beside;
	if (l) /* under way since before a restart */
		return;
	l = noc_live_new_undo(lane, node);
	l->step_ns = noc_steady_now(lane->run->core);
	if (lane->run->undo_over || lane->more->undo->job->over)
		(void)undo_expires(l);
	else
		noc_step_do(l);
}

/* Lanes of a container, so many at once. */
static void
lane_unwind_inner(struct noc_lane *lane, size_t node)
{
	struct noc_undo *u = lane->more->undo;

	while (u->next && u->open < UNDO_LIMIT) {
		struct noc_lane *inner = u->next;

		u->next = inner->more->next;
		if (inner->node != node)
			continue;
		u->open++;
		lane_unwind(inner, u->job, lane);
	}
}

static void
lane_unwound(struct noc_lane *lane)
{
	struct noc_undo *u = lane->more->undo, *up;
	struct undo_job *job = u->job;
	struct noc_lane *parent = u->parent;

	u->job = NULL;
	if (!parent) {
		job->open--;
		job_fill(job);
		return;
	}
	up = parent->more->undo;
	up->open--;
	lane_unwind_next(parent);
}

/* The mark at hand; true: it is through with it. */
static bool
lane_unwind_mark(struct noc_lane *lane, struct undo_mark *m)
{
	struct noc_undo *u = lane->more->undo;
	size_t at = u->at;

	if (!mark_is_wanted(lane, m)) {
		u->at--;
		return true;
	}
	if (lane->run->plan->steps[m->node].undo) {
		lane_undo_step(lane, m->node);
		return u->at != at;
	}
	if (!u->inside)
		u->next = u->kept;
	u->inside = true;
	lane_unwind_inner(lane, m->node);
	if (u->open)
		return false;
	u->inside = false;
	if (u->job->only == NOC_NODE_TOP)
		m->done = NOC_UNDONE_OK;
	u->at--;
	return true;
}

static void
lane_unwind_next(struct noc_lane *lane)
{
	struct noc_undo *u = lane->more->undo;
	bool through = true;

	if (u->busy)
		return;
	u->busy = true;
	while (through && u->at > 0)
		through = lane_unwind_mark(lane, &u->marks[u->at - 1]);
	u->busy = false;
	if (through)
		lane_unwound(lane);
}

/* In the row of the step, and of its item. */
static void
undo_tell(const struct noc_live *l)
{
	struct noc_txn *txn = noc_core_txn(l->run->core);
	size_t len = strlen(l->lane->path);
	char *path = noc_lane_path(l->lane, l->node);

	noc_txn_step_undone(txn, &l->run->id, path);
	if (len && l->lane->path[len - 1] == ']')
		noc_txn_step_undone(txn, &l->run->id, l->lane->path);
	free(path);
}

/* Told once a run: of many items the rest is in their rows. */
static void
undo_failed(const struct noc_live *l, const struct noc_failure *why)
{
	struct noc_run *r = l->run;
	char *path, title[300], text[900];

	r->dirty = true;
	if (r->undo_failed)
		return;
	r->undo_failed = true;
	path = noc_lane_path(l->lane, l->node);
	snprintf(
	    text, sizeof(text),
	    "%s: run %s could not undo %s%s%s%s: it stays changed, as does "
	    "what else `nocturne run show %s` says could not be undone",
	    noc_run_title(r, title, sizeof(title)), r->text, path,
	    why ? " (" : "", why ? why->block : "", why ? ")" : "", r->text);
	free(path);
	noc_notify_text(r->core, "noc", text, r->ev, r->mode, &r->id);
}

void
noc_undo_over(struct noc_live *l, bool ok, const struct noc_failure *why)
{
	struct noc_lane *lane = l->lane;
	struct noc_undo *u = lane->more->undo;
	struct undo_job *job = u ? u->job : NULL;
	bool at_hand;

	if (!ok)
		undo_failed(l, why);
	undo_done(u, l->node, ok ? NOC_UNDONE_OK : NOC_UNDONE_FAILED,
		  noc_undo_by(l));
	if (ok)
		undo_tell(l);
	at_hand = u && u->at > 0 && u->marks[u->at - 1].node == l->node;
	noc_live_free(l);
	noc_crash_point("undo.after_done");
	if (!job)
		return;
	if (job->by) {
		*(ok ? &noc_live_more(job->by)->undone
		     : &noc_live_more(job->by)->stays) += 1;
		noc_live_touch(job->by);
	}
	if (!at_hand) /* of another mark, by its row */
		return;
	u->at--;
	lane_unwind_next(lane);
}

/* ---- who asks ---- */

bool
noc_undo_run(struct noc_run *r)
{
	bool failed = !strcmp(r->verdict, "Failed");
	bool cancelled = !strcmp(r->verdict, "Cancelled");
	struct undo_job job = { .home = r->root, .only = NOC_NODE_TOP, .n = 1 };

	if (!(failed && r->plan->undo == NOC_UNDO_RUN) &&
	    !(cancelled && (r->plan->undo_cancelled || r->undo_asked)))
		return false;
	if (!noc_undo_has(r->root))
		return false;
	r->dirty = true;
	job.lanes = noc_memdup(&r->root, sizeof(struct noc_lane *));
	undo_job_new(r, &job);
	return true;
}

bool
noc_undo_items(struct noc_each *e, struct noc_lane *const *lanes, size_t n,
	       int64_t end_ns)
{
	struct undo_job job = {
		.each = e,
		.only = NOC_NODE_TOP,
		.n = n,
		.end_ns = end_ns,
	};

	if (!n)
		return false;
	job.home = lanes[0]->up;
	job.lanes = noc_memdup(lanes, n * sizeof(struct noc_lane *));
	undo_job_new(lanes[0]->run, &job);
	return true;
}
