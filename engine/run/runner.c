/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/due.h"
#include "engine/run/advance.h"
#include "engine/run/attempt.h"
#include "engine/run/cause.h"
#include "engine/run/code.h"
#include "engine/run/command.h"
#include "engine/run/container.h"
#include "engine/run/escalate.h"
#include "engine/run/fork.h"
#include "engine/run/lane.h"
#include "engine/run/live.h"
#include "engine/run/mail.h"
#include "engine/run/queue.h"
#include "engine/run/resume.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/stage.h"
#include "engine/run/step.h"

/* The one way forward of a run, and the part that holds all of them. */

#define READ_TURNS_MAX 20000

struct noc_runs *
noc_runs_of(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_RUNS);
}

/* Whose failure that its time is over is: a step rather than what holds others;
 * what undoes a step goes on to its end. */
static struct noc_live *
run_expires_in(const struct noc_run *r)
{
	struct noc_live *holds = NULL;

	for (struct noc_live *l = r->lives; l; l = l->next) {
		if (l->lane != r->root)
			continue;
		if (l->more->inner || l->more->each)
			holds = holds ? holds : l;
		else if (l->wait != NOC_WAIT_INNER)
			return l;
	}
	return holds;
}

/*
 * Its time is over: it ends, unless it waits for people, or for the word
 * whether a step happened; then that is where it ends.
 */
static bool
run_expire(struct noc_run *r)
{
	static const char why[] = "the flow has run longer than its timeout";
	struct noc_step_done d = { 0 };
	struct noc_live *l;
	struct noc_failure f;

	if (r->ended || r->stage != NOC_STAGE_BODY)
		return false;
	for (l = r->lives; l; l = l->next)
		if (l->probing || l->wait == NOC_WAIT_ASK ||
		    l->wait == NOC_WAIT_BLOCKED ||
		    (l->more->esc && l->more->esc->on_fail))
			return false;
	l = run_expires_in(r);
	if (!l && r->lives)
		return false;
	if (!l)
		l = noc_live_new(r->root, noc_run_next(r));
	r->paused = false;
	noc_failure_set(&f, "timeout", "flow", "timeout", "%s", why);
	d.def = noc_live_step(l);
	d.failure = &f;
	noc_lane_cancel_but(r->root, l, why);
	if (l->more->inner || l->more->each) {
		noc_container_expire(l, &f);
	} else if (l->out) {
		noc_attempt_cancel(l, why);
		noc_lane_break(l, &f);
	} else {
		noc_escalate_clear(l, why);
		noc_step_fail(l, &d);
	}
	return true;
}

bool
noc_run_overdue(struct noc_run *r)
{
	return r->plan->timeout_ms > 0 &&
	       noc_steady_now(r->core) >=
		   noc_ns_after(r->began_ns,
				r->plan->timeout_ms + r->extend_ms) &&
	       run_expire(r);
}

/* So it is over, whatever is asked. */
static void
on_run_limit(struct noc_due *due, struct noc_core *core)
{
	struct noc_run *r =
	    (struct noc_run *)((char *)due - offsetof(struct noc_run, limit));

	(void)core;
	if (!noc_stage_expire(r))
		run_expire(r);
	noc_run_advance(r);
}

void
noc_run_limit(struct noc_run *r)
{
	int64_t due = noc_stage_due(r);

	r->limit.on_due = on_run_limit;
	if (due && !r->ended)
		noc_due_arm_steady(r->core, &r->limit, due);
	else
		noc_due_disarm(r->core, &r->limit);
}

void
noc_run_advance(struct noc_run *r)
{
	struct noc_lane *lane;

	while (!r->ended && !r->pending && !r->paused &&
	       (lane = noc_lane_next(r)))
		noc_lane_advance(lane);
	noc_run_store(r);
}

/*
 * Unauthenticated causes make us read a target at most once in 10 s, but for
 * a burst of four (two ports of one switch fail together; a flood of forged
 * traps is not four).  Returns how long this one must wait for its turn,
 * which it then has.
 */
#define READ_TURN_NS	(10 * NOC_NS_PER_S)
#define READ_TURN_BURST 4
int64_t
noc_run_read_turn(struct noc_core *core, const char *target)
{
	struct noc_runs *runs = noc_runs_of(core);
	int64_t now = noc_core_time(core).boot_ns, wait = 0;
	int64_t *next = noc_table_get(&runs->reads, target);

	if (!next) {
		if (noc_table_len(&runs->reads) >= READ_TURNS_MAX) {
			const char *key;
			void *value;

			for (size_t it = 0;
			     noc_table_next(&runs->reads, &it, &key, &value);) {
				if (*(int64_t *)value > now)
					continue;
				noc_table_del(&runs->reads, key);
				free(value);
			}
		}
		next = noc_calloc(1, sizeof(*next));
		noc_table_put(&runs->reads, target, next);
	}
	if (*next < now)
		*next = now;
	wait = *next - now - (READ_TURN_BURST - 1) * READ_TURN_NS;
	*next += READ_TURN_NS;
	return wait > 0 ? wait : 0;
}

/* ---- the part ---- */

static void *
runs_open(struct noc_core *core)
{
	struct noc_runs *runs = noc_calloc(1, sizeof(*runs));

	runs->core = core;
	runs->gates_end = &runs->gates;
	runs->queue = noc_queue_open();
	return runs;
}

static void
runs_close(void *part)
{
	struct noc_runs *runs = part;
	const char *key;
	void *value;

	noc_attempt_close(runs);
	noc_fork_close(runs);
	for (size_t it = 0; noc_table_next(&runs->by_id, &it, &key, &value);)
		noc_run_free(value);
	for (size_t it = 0; noc_table_next(&runs->reads, &it, &key, &value);)
		free(value);
	noc_run_bury(runs);
	noc_fair_release(&runs->looks);
	noc_queue_close(runs->core, runs->queue);
	noc_code_close(runs);
	noc_mail_release(runs);
	noc_awaits_release(&runs->awaits);
	noc_table_release(&runs->by_id);
	noc_table_release(&runs->plans);
	noc_table_release(&runs->reads);
	noc_ended_release(&runs->ended);
	noc_stops_release(&runs->stops);
	noc_table_release(&runs->about);
	noc_cause_close(&runs->causes);
	free(runs);
}

static bool
runs_load(struct noc_core *core, void *part, const char *kind, const char *key,
	  int64_t due_ns, const struct noc_value *data)
{
	return noc_mail_load(part, core, kind, key, data) ||
	       noc_queue_load(core, part, kind, key, due_ns, data);
}

static void
runs_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct noc_runs *runs = part;
	struct noc_value *v = noc_value_map();
	int64_t blocked = 0, waiting = 0, calling = 0, queued = 0;
	const char *key;
	void *value;

	(void)core;
	for (size_t it = 0; noc_table_next(&runs->by_id, &it, &key, &value);) {
		const struct noc_run *r = value;

		for (struct noc_live *l = r->lives; l; l = l->next) {
			blocked += l->wait == NOC_WAIT_BLOCKED ||
				   l->wait == NOC_WAIT_ASK;
			waiting += l->wait == NOC_WAIT_ESCALATE;
			calling += l->wait == NOC_WAIT_CALL;
			queued += l->wait == NOC_WAIT_QUEUE;
		}
	}
	noc_value_set(v, "running",
		      noc_value_int((int64_t)noc_table_len(&runs->by_id)));
	noc_value_set(v, "blocked", noc_value_int(blocked));
	noc_value_set(v, "calling", noc_value_int(calling));
	noc_value_set(v, "queued", noc_value_int(queued));
	noc_value_set(v, "escalating", noc_value_int(waiting));
	noc_value_set(v, "started", noc_value_int((int64_t)runs->started));
	noc_value_set(v, "forked", noc_value_int((int64_t)runs->forked));
	noc_value_set(v, "succeeded", noc_value_int((int64_t)runs->succeeded));
	noc_value_set(v, "failed", noc_value_int((int64_t)runs->failed));
	noc_value_set(v, "cancelled", noc_value_int((int64_t)runs->cancelled));
	noc_value_set(v, "retried", noc_value_int((int64_t)runs->retried));
	noc_value_set(v, "late", noc_value_int((int64_t)runs->late));
	noc_value_set(v, "unshown", noc_value_int((int64_t)runs->unshown));
	noc_queue_stats(runs->queue, v);
	noc_value_set(map, "runs", v);
	v = noc_value_map();
	noc_value_set(v, "open", noc_value_int((int64_t)runs->ngates));
	noc_value_set(v, "decided", noc_value_int((int64_t)runs->decided));
	noc_value_set(map, "gates", v);
	v = noc_value_map();
	noc_value_set(v, "signals", noc_value_int((int64_t)runs->signalled));
	noc_value_set(v, "looked", noc_value_int((int64_t)runs->awaits.looked));
	noc_value_set(map, "awaits", v);
}

const struct noc_part_ops noc_part_runs = {
	.open = runs_open,
	.close = runs_close,
	.load = runs_load,
	.load_run = noc_run_load,
	.load_ended = noc_ended_load,
	.load_step = noc_run_load_step,
	.ready = noc_run_ready,
	.reload = noc_run_reload,
	.store = noc_run_store_all,
	.answers = noc_run_answers,
	.stats = runs_stats,
};
