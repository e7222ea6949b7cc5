/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/advance.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/attempt.h"
#include "engine/run/container.h"
#include "engine/run/escalate.h"
#include "engine/run/live.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"
#include "engine/run/undo.h"

/*
 * What begins next, from the plan and from how the steps of a lane ended.  The
 * nodes are gone through in the order of the plan until nothing changes: what
 * holds others (parallel, choose, branch) is open while something in it has
 * not ended, and its own end is worked out from theirs.
 */

static const struct noc_step_def *
lane_def(const struct noc_lane *lane, size_t node)
{
	return &lane->run->plan->steps[node];
}

static bool
end_is_over(enum noc_end end)
{
	return end > NOC_END_FAILING;
}

/* Its children are of the same lane, and it has no row but a choice's. */
static bool
node_is_place(const struct noc_step_def *def)
{
	return def->kind == NOC_STEP_PARALLEL || def->kind == NOC_STEP_CHOOSE ||
	       def->kind == NOC_STEP_BRANCH;
}

size_t
noc_lane_after(const struct noc_lane *lane, size_t node)
{
	const struct noc_step_def *def = lane_def(lane, node);

	return node_is_place(def) ? node + 1 : def->end;
}

/* ---- edges ---- */

/* The bit of an edge that this end satisfies, beside ALWAYS. */
static unsigned
end_satisfies(enum noc_end end)
{
	switch (end) {
	case NOC_END_OK:
	case NOC_END_SKIPPED:
		return NOC_ON_OK;
	case NOC_END_FAILED:
		return NOC_ON_FAILED;
	case NOC_END_NONE:
	case NOC_END_OPEN:
	case NOC_END_FAILING:
	case NOC_END_CANCELLED:
	case NOC_END_UNREACHED:
		break;
	}
	return 0;
}

enum edges { EDGES_WAIT, EDGES_READY, EDGES_NEVER };

/* rescues: one of them asks for a failure, or for whatever came. */
static enum edges
lane_edges(const struct noc_lane *lane, const struct noc_step_def *def,
	   bool *rescues)
{
	enum edges state = EDGES_READY;

	*rescues = false;
	for (size_t i = 0; i < def->nin; i++) {
		enum noc_end end = noc_lane_end_of(lane, def->in[i].from);

		if (!end_is_over(end)) {
			state = state == EDGES_NEVER ? state : EDGES_WAIT;
			continue;
		}
		if (def->in[i].on & (NOC_ON_ALWAYS | NOC_ON_FAILED))
			*rescues = true;
		if (!(def->in[i].on & (end_satisfies(end) | NOC_ON_ALWAYS)))
			state = EDGES_NEVER;
	}
	return state;
}

bool
noc_lane_is_failing(const struct noc_lane *lane, size_t node)
{
	const struct noc_step_def *def = lane_def(lane, node);

	if (lane->failed || noc_lane_is_off(lane))
		return true;
	for (size_t up = def->up; up != lane->node; up = lane_def(lane, up)->up)
		if (noc_lane_end_of(lane, up) == NOC_END_FAILING)
			return true;
	return false;
}

/* ---- ends of what holds others ---- */

/* Did a step begin, or might it have, because this one failed? */
static bool
failure_is_taken(const struct noc_lane *lane, size_t node)
{
	const struct noc_step_def *def = lane_def(lane, node), *by;
	bool top = def->up == lane->node;
	size_t i = top ? lane->from : def->up + 1;
	size_t end = top ? lane->to : lane_def(lane, def->up)->end;

	for (; def->handles && i < end; i = by->end) {
		by = lane_def(lane, i);
		for (size_t k = 0; k < by->nin; k++)
			if (by->in[k].from == node &&
			    by->in[k].on & NOC_ON_FAILED &&
			    noc_lane_end_of(lane, i) != NOC_END_UNREACHED)
				return true;
	}
	return false;
}

static void
lane_mark(struct noc_lane *lane, size_t node, enum noc_end end)
{
	for (size_t i = node; i < lane_def(lane, node)->end; i++)
		if (!end_is_over(noc_lane_end_of(lane, i)))
			noc_lane_set_end(lane, i, end);
}

/* True: all in it have ended; *end: how it has by that. */
static bool
place_end(const struct noc_lane *lane, size_t node, enum noc_end *end)
{
	const struct noc_step_def *place = lane_def(lane, node), *def;
	bool failing = noc_lane_end_of(lane, node) == NOC_END_FAILING;
	bool failed = false, cancelled = false;

	for (size_t i = node + 1; i < place->end; i = def->end) {
		enum noc_end e = noc_lane_end_of(lane, i);

		def = lane_def(lane, i);
		if (!end_is_over(e))
			return false;
		failed = failed ||
			 (e == NOC_END_FAILED && !failure_is_taken(lane, i));
		cancelled = cancelled || e == NOC_END_CANCELLED;
	}
	*end = failed || failing ? NOC_END_FAILED
	       : cancelled	 ? NOC_END_CANCELLED
				 : NOC_END_OK;
	return true;
}

/* ---- one pass ---- */

static void
lane_begin(struct noc_lane *lane, size_t node)
{
	const struct noc_step_def *def = lane_def(lane, node);

	if (def->kind == NOC_STEP_CHOOSE)
		noc_choose_begin(lane, node);
	else if (node_is_place(def))
		noc_lane_set_end(lane, node, NOC_END_OPEN);
	else
		noc_step_begin(lane, node);
}

/* Has its container begun, and not ended? */
static bool
lane_is_open(const struct noc_lane *lane, size_t node)
{
	size_t up = lane_def(lane, node)->up;

	return up == lane->node || noc_lane_end_of(lane, up) == NOC_END_OPEN ||
	       noc_lane_end_of(lane, up) == NOC_END_FAILING;
}

/* It has ended, as the row of the run says: not again. */
static void
lane_suppose(struct noc_lane *lane, size_t node)
{
	const struct noc_step_def *def = lane_def(lane, node);

	if (node_is_place(def) && def->kind != NOC_STEP_CHOOSE)
		noc_lane_set_end(lane, node, NOC_END_OPEN);
	else
		lane_mark(lane, node, NOC_END_OK);
}

/* True: something has changed.  *lane is gone if the run has ended.  What is
 * before `done` is known to have ended, and does not begin. */
static bool
lane_look(struct noc_lane *lane, size_t node, size_t done)
{
	const struct noc_step_def *def = lane_def(lane, node);
	enum noc_end end = noc_lane_end_of(lane, node);
	bool rescues;

	if (end_is_over(end) || !lane_is_open(lane, node))
		return false;
	if (end != NOC_END_NONE) {
		if (!node_is_place(def) || !place_end(lane, node, &end))
			return false;
		noc_lane_set_end(lane, node, end);
		return true;
	}
	switch (lane_edges(lane, def, &rescues)) {
	case EDGES_WAIT:
		return false;
	case EDGES_NEVER:
		lane_mark(lane, node, NOC_END_UNREACHED);
		return true;
	case EDGES_READY:
		break;
	}
	if (noc_lane_is_failing(lane, node) &&
	    (!rescues || noc_lane_is_off(lane)))
		lane_mark(lane, node, NOC_END_UNREACHED);
	else if (node < done)
		lane_suppose(lane, node);
	else if (lane->run->frozen)
		return false;
	else
		lane_begin(lane, node);
	return true;
}

static bool
lane_pass(struct noc_lane *lane)
{
	bool changed = false;

	for (size_t i = lane->from;
	     i < lane->to && !lane->run->ended && !lane->run->paused;) {
		/* Children before what holds them would be too early, and its
		 * end too late by a pass: so often are there passes. */
		changed = lane_look(lane, i, 0) || changed;
		i = noc_lane_after(lane, i);
	}
	return changed && !lane->run->ended;
}

void
noc_run_assume(struct noc_run *r)
{
	bool changed = !r->first && !r->unread;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < r->at; i = noc_lane_after(r->root, i))
			changed = lane_look(r->root, i, r->at) || changed;
	}
}

static bool
lane_is_over(const struct noc_lane *lane)
{
	const struct noc_step_def *def;

	for (size_t i = lane->from; i < lane->to; i = def->end) {
		def = lane_def(lane, i);
		if (!end_is_over(noc_lane_end_of(lane, i)))
			return false;
	}
	return true;
}

/* A failure that no step took in the end is that of the lane. */
static void
lane_adopt(struct noc_lane *lane)
{
	const struct noc_step_def *def;
	struct noc_live *l;

	for (size_t i = lane->from; i < lane->to && !lane->more->broken;
	     i = def->end) {
		size_t leaf = i;

		def = lane_def(lane, i);
		if (noc_lane_end_of(lane, i) != NOC_END_FAILED ||
		    failure_is_taken(lane, i))
			continue;
		while (node_is_place(lane_def(lane, leaf)) &&
		       leaf + 1 < def->end)
			do
				leaf++;
			while (leaf + 1 < def->end &&
			       noc_lane_end_of(lane, leaf) != NOC_END_FAILED);
		l = noc_live_new(lane, leaf);
		l->state = "Failed";
		l->dirty = false;
		noc_live_keep(l);
		noc_lane_more(lane)->broken = l;
		lane->failed = true;
	}
}

void
noc_lane_advance(struct noc_lane *lane)
{
	struct noc_run *r = lane->run;

	if (lane->over)
		return;
	while (lane_pass(lane))
		;
	if (r->ended || r->frozen || !lane_is_over(lane))
		return;
	lane_adopt(lane);
	lane->over = true;
	noc_lane_over(lane);
}

size_t
noc_run_next(const struct noc_run *r)
{
	size_t node = 0;

	while (node < r->plan->nbody &&
	       end_is_over(noc_lane_end_of(r->root, node)))
		node = noc_lane_after(r->root, node);
	return node;
}

/* ---- failing ---- */

/* What this failure ends: the nearest around it that handles it, or the lane.
 * All up to there are failing. */
static size_t
lane_spread(struct noc_lane *lane, size_t node)
{
	size_t at = node;

	while (!lane_def(lane, at)->handles) {
		at = lane_def(lane, at)->up;
		if (at == lane->node) {
			lane->failed = true;
			return at;
		}
		if (!end_is_over(noc_lane_end_of(lane, at)))
			noc_lane_set_end(lane, at, NOC_END_FAILING);
	}
	return at;
}

static bool
node_is_in(const struct noc_lane *lane, size_t node, size_t scope)
{
	return scope == lane->node ||
	       (node >= scope && node < lane_def(lane, scope)->end);
}

/* What changes something and is out, or was before a restart, may go on to its
 * end. */
static bool
live_may_finish(const struct noc_live *l)
{
	if (noc_live_step(l)->kind == NOC_STEP_UNDO)
		return true; /* half undone would be worse */
	if (l->probing)
		return true; /* nobody would know what stays */
	return (l->out ? l->out->out : l->wait == NOC_WAIT_CALL) &&
	       noc_live_step(l)->mutates;
}

static void
lane_hush(struct noc_lane *lane, size_t scope, const struct noc_live *but,
	  const char *why)
{
	struct noc_live **all = NULL, *l;
	size_t n = 0, cap = 0;

	/* What is cancelled takes along what is in it, and no other of these.
	 */
	for (l = lane->lives; l; l = l->beside) {
		if (l == but || l->undoes || !node_is_in(lane, l->node, scope))
			continue;
		NOC_GROW(all, cap, n + 1);
		all[n++] = l;
	}
	for (size_t i = 0; i < n; i++) {
		l = all[i];
		if (l->more->inner || l->more->each)
			noc_container_cancel(l, why);
		else if (!live_may_finish(l))
			noc_live_cancel(l, why);
	}
	free(all);
}

void
noc_lane_break(struct noc_live *l, const struct noc_failure *why)
{
	struct noc_lane *lane = l->lane;
	char *path;
	size_t scope;

	if (l->undoes) {
		noc_undo_over(l, false, why);
		return;
	}
	path = noc_lane_path(lane, l->node);
	noc_value_free(lane->more->error);
	noc_lane_more(lane)->error = noc_failure_value(why);
	noc_value_set(lane->more->error, "step", noc_value_str(path));
	free(path);
	noc_lane_set_end(lane, l->node, NOC_END_FAILED);
	scope = lane_spread(lane, l->node);
	if (scope == lane->node && !lane->more->broken) {
		noc_live_keep(l);
		noc_lane_more(lane)->broken = l;
		lane->run->dirty |= lane->up == NULL;
	}
	lane_hush(lane, scope, l, "another step failed");
	if (lane->more->broken != l)
		noc_live_free(l);
	noc_lane_wake(lane);
}

void
noc_lane_call_off(struct noc_lane *lane)
{
	lane->failed = true;
	lane->cancelled = true;
}

void
noc_lane_cancel(struct noc_lane *lane, const char *why)
{
	noc_lane_call_off(lane);
	lane_hush(lane, lane->node, NULL, why);
	noc_lane_wake(lane);
}

void
noc_lane_cancel_but(struct noc_lane *lane, const struct noc_live *but,
		    const char *why)
{
	noc_lane_call_off(lane);
	lane_hush(lane, lane->node, but, why);
}

void
noc_lane_stop(struct noc_lane *lane, const char *why)
{
	free(lane->more->stopped);
	noc_lane_more(lane)->stopped = noc_strdup(why);
	noc_lane_cancel(lane, why);
}

void
noc_lane_stopped(struct noc_lane *lane, char *why)
{
	free(lane->more->stopped);
	noc_lane_more(lane)->stopped = why;
	lane->failed = lane->cancelled = true;
}

/* Is it a container of what fails, and began before that? */
static bool
live_is_hushed(const struct noc_live *l)
{
	const struct noc_lane *lane = l->lane;
	bool rescues;

	if ((!l->more->inner && !l->more->each) || l->undoes ||
	    !noc_lane_is_failing(lane, l->node) ||
	    noc_container_is_cancelled(l))
		return false;
	lane_edges(lane, lane_def(lane, l->node), &rescues);
	return !rescues || lane->cancelled;
}

void
noc_run_hush(struct noc_run *r)
{
	struct noc_live *l = r->lives;

	while (l) {
		bool hushed = live_is_hushed(l);

		if (hushed)
			noc_container_cancel(l, "another step failed");
		l = hushed ? r->lives : l->next;
	}
}

/* Containers of its lane in which something has begun have begun too. */
static void
lane_open_around(struct noc_lane *lane, size_t node)
{
	for (size_t up = lane_def(lane, node)->up; up != lane->node;
	     up = lane_def(lane, up)->up)
		if (noc_lane_end_of(lane, up) == NOC_END_NONE)
			noc_lane_set_end(lane, up, NOC_END_OPEN);
}

void
noc_lane_restore(struct noc_lane *lane)
{
	for (size_t i = lane->from; i < lane->to;) {
		if (noc_lane_end_of(lane, i) != NOC_END_NONE)
			lane_open_around(lane, i);
		i = noc_lane_after(lane, i);
	}
	for (size_t i = lane->from; i < lane->to;) {
		if (noc_lane_end_of(lane, i) == NOC_END_FAILED)
			(void)lane_spread(lane, i);
		i = noc_lane_after(lane, i);
	}
}
