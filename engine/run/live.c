/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/slot.h"
#include "engine/run/attempt.h"
#include "engine/run/await.h"
#include "engine/run/cancel.h"
#include "engine/run/container.h"
#include "engine/run/escalate.h"
#include "engine/run/gate.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"
#include "engine/run/step_core.h"
#include "engine/run/stops.h"
#include "engine/run/undo.h"

const char *const noc_wait_names[] = {
	[NOC_WAIT_NONE] = "",	      [NOC_WAIT_CALL] = "call",
	[NOC_WAIT_RETRY] = "retry",   [NOC_WAIT_READ] = "read",
	[NOC_WAIT_PAUSE] = "pause",   [NOC_WAIT_SLEEP] = "sleep",
	[NOC_WAIT_VERIFY] = "verify", [NOC_WAIT_ESCALATE] = "escalate",
	[NOC_WAIT_ASK] = "ask",	      [NOC_WAIT_BLOCKED] = "blocked",
	[NOC_WAIT_QUEUE] = "queue",   [NOC_WAIT_INNER] = "inner",
	[NOC_WAIT_GATE] = "gate",     [NOC_WAIT_EVENT] = "event",
};

const char *const noc_phase_names[NOC_PHASES] = {
	"blocked",	 "compensating", "waiting_approval", "escalating",
	"waiting_event", "paused",	 "retrying",	     "queued",
	"waiting_read",	 "sleeping",	 "verifying",	     "",
};

size_t
noc_phase_find(const char *name)
{
	size_t i = 0;

	while (i < NOC_PHASES - 1 && strcmp(noc_phase_names[i], name) != 0)
		i++;
	return i;
}

bool
noc_live_says(const struct noc_live *l, const char *phase)
{
	return l->phase == noc_phase_find(phase);
}

/* What it waits for has happened. */
static void
on_live_due(struct noc_due *due, struct noc_core *core)
{
	struct noc_live *l =
	    (struct noc_live *)((char *)due - offsetof(struct noc_live, due));
	struct noc_run *r = l->run;

	(void)core;
	switch (l->wait) {
	case NOC_WAIT_CALL:
		noc_attempt_due(l);
		break;
	case NOC_WAIT_RETRY:
		if (noc_step_overdue(l) || noc_run_overdue(r))
			break;
		l->wait = NOC_WAIT_NONE;
		noc_attempt_begin(l);
		break;
	case NOC_WAIT_PAUSE:
		/* Its first attempt is not lost, another may be too late. */
		if (l->tries > 0 && noc_step_overdue(l))
			break;
		l->wait = NOC_WAIT_NONE;
		noc_attempt_begin(l);
		break;
	case NOC_WAIT_READ:
	case NOC_WAIT_VERIFY:
		l->wait = NOC_WAIT_NONE;
		noc_attempt_begin(l);
		break;
	case NOC_WAIT_SLEEP:
		noc_step_wake(l);
		break;
	case NOC_WAIT_ESCALATE:
		noc_escalate_due(l);
		break;
	case NOC_WAIT_GATE:
		noc_gate_due(l);
		break;
	case NOC_WAIT_EVENT:
		noc_await_due(l);
		break;
	case NOC_WAIT_ASK:
	case NOC_WAIT_BLOCKED:
		noc_step_decided(l, "fail", "nobody in time");
		break;
	case NOC_WAIT_INNER:
		noc_container_due(l);
		break;
	case NOC_WAIT_NONE:
	case NOC_WAIT_QUEUE:
		break;
	}
	noc_run_advance(r);
}

static void
live_link(struct noc_live *l)
{
	struct noc_run *r = l->run;

	l->prev = r->lives_end;
	l->next = NULL;
	*r->lives_end = l;
	r->lives_end = &l->next;
	r->phases[l->phase]++;
	l->beside_prev = l->lane->lives_end;
	l->beside = NULL;
	*l->lane->lives_end = l;
	l->lane->lives_end = &l->beside;
}

static void
live_unlink(struct noc_live *l)
{
	if (!l->prev)
		return;
	l->run->phases[l->phase]--;
	*l->prev = l->next;
	if (l->next)
		l->next->prev = l->prev;
	else
		l->run->lives_end = l->prev;
	l->prev = NULL;
	*l->beside_prev = l->beside;
	if (l->beside)
		l->beside->beside_prev = l->beside_prev;
	else
		l->lane->lives_end = l->beside_prev;
}

void
noc_live_touch(struct noc_live *l)
{
	l->dirty = true;
	if (l->touched)
		return;
	l->touched = true;
	l->next_touched = l->run->touched;
	l->run->touched = l;
}

/* What ends in the input that began it is the first here. */
static void
live_untouch(struct noc_live *l)
{
	struct noc_live **at = &l->run->touched;

	if (!l->touched)
		return;
	while (*at != l)
		at = &(*at)->next_touched;
	*at = l->next_touched;
	l->touched = false;
}

void
noc_live_store_touched(struct noc_run *r)
{
	struct noc_live *l, *first = NULL;

	while ((l = r->touched)) {
		r->touched = l->next_touched;
		l->next_touched = first;
		first = l;
	}
	for (l = first; l; l = l->next_touched) {
		l->touched = false;
		if (l->dirty && l->prev)
			noc_live_store(l);
		noc_lane_rest(l->lane);
	}
}

static const struct noc_live_more live_nothing;

struct noc_live_more *
noc_live_more(struct noc_live *l)
{
	struct noc_live_more *more;

	if (l->more == &live_nothing) {
		more = noc_calloc(1, sizeof(*more));
		l->more = more;
	}
	return (struct noc_live_more *)(uintptr_t)l->more;
}

static void
live_more_free(struct noc_live *l)
{
	struct noc_live_more *more;

	if (l->more == &live_nothing)
		return;
	more = noc_live_more(l);
	noc_value_free(more->targets);
	noc_value_free(more->left_out);
	free(more->esc);
	free(more);
}

static struct noc_live *
live_new(struct noc_lane *lane, size_t node, bool undoes)
{
	char *path = node < lane->run->plan->nsteps ? noc_lane_path(lane, node)
						    : noc_strdup("");
	const char *behind = undoes ? "!undo" : "";
	size_t size = strlen(path) + strlen(behind) + 1;
	struct noc_live *l =
	    noc_calloc(1, offsetof(struct noc_live, path) + size);

	l->more = &live_nothing;
	l->run = lane->run;
	l->lane = lane;
	l->node = (uint32_t)node;
	l->undoes = undoes;
	snprintf(l->path, size, "%s%s", path, behind);
	free(path);
	l->state = "Pending";
	l->phase = (uint8_t)noc_phase_find("");
	l->due.on_due = on_live_due;
	live_link(l);
	noc_live_touch(l);
	return l;
}

struct noc_live *
noc_live_new(struct noc_lane *lane, size_t node)
{
	struct noc_live *l = live_new(lane, node, false);

	if (noc_lane_end_of(lane, node) == NOC_END_NONE)
		noc_lane_set_end(lane, node, NOC_END_OPEN);
	return l;
}

struct noc_live *
noc_live_new_undo(struct noc_lane *lane, size_t node)
{
	return live_new(lane, node, true);
}

struct noc_live *
noc_live_find(const struct noc_lane *lane, size_t node)
{
	struct noc_live *l = lane->lives;

	while (l && noc_live_inner(l) != node)
		l = l->beside;
	return l;
}

bool
noc_live_takes_back(const struct noc_live *l)
{
	return l->undoes || noc_lane_takes_back(l->lane);
}

size_t
noc_live_inner(const struct noc_live *l)
{
	const struct noc_step_def *def = l->undoes ? noc_live_step(l) : NULL;

	return def ? def->pair : l->undoes ? NOC_NODE_TOP : l->node;
}

struct noc_live *
noc_live_at(const struct noc_run *r, const char *path)
{
	struct noc_live *l = r->lives;

	while (l && strcmp(l->path, path) != 0)
		l = l->next;
	return l;
}

/* It waits for something else now, or for nothing. */
static void
live_unqueue(struct noc_live *l)
{
	noc_slot_free(l->slot);
	l->slot = NULL;
}

void
noc_live_free(struct noc_live *l)
{
	live_unlink(l);
	live_untouch(l);
	if (l->lane->more->broken == l)
		noc_lane_more(l->lane)->broken = NULL;
	noc_container_close(l);
	live_unqueue(l);
	noc_stops_del(l);
	noc_step_unemit(l);
	noc_gate_free(l);
	noc_await_free(l);
	noc_due_disarm(l->run->core, &l->due);
	noc_value_free(l->row);
	free(l->row_text);
	live_more_free(l);
	free(l);
}

void
noc_live_keep(struct noc_live *l)
{
	live_unlink(l);
	live_unqueue(l);
	noc_gate_free(l);
	noc_await_free(l);
	noc_due_disarm(l->run->core, &l->due);
}

void
noc_live_behind(struct noc_live *l)
{
	live_unlink(l);
	live_link(l);
}

void
noc_live_resume(struct noc_live *l)
{
	live_link(l);
	if (l->dirty)
		noc_live_touch(l);
}

void
noc_live_cancel(struct noc_live *l, const char *why)
{
	struct noc_step_done d = { .def = noc_live_step(l),
				   .state = "Cancelled",
				   .outcome = "cancelled" };

	if (l->more->esc)
		noc_escalate_clear(l, why);
	if (l->doubt && !l->undoes) {
		noc_cancel_may_stay(l);
		d.outcome = "in_doubt";
	}
	if (l->out)
		noc_attempt_cancel(l, why);
	else if (l->has_row)
		noc_step_write_done(l, &d);
	noc_live_end(l, NOC_END_CANCELLED);
}

const struct noc_step_def *
noc_live_step(const struct noc_live *l)
{
	const struct noc_plan *plan = l->run->plan;

	if (l->node >= plan->nsteps)
		return NULL;
	return l->undoes ? plan->steps[l->node].undo : &plan->steps[l->node];
}

void
noc_live_wait(struct noc_live *l, enum noc_wait wait, const char *phase,
	      int64_t due_ns)
{
	struct noc_core *core = l->run->core;

	if (wait != NOC_WAIT_QUEUE)
		live_unqueue(l);
	l->wait = wait;
	l->due_ns = due_ns;
	l->run->phases[l->phase] -= l->prev != NULL;
	l->phase = (uint8_t)noc_phase_find(phase);
	l->run->phases[l->phase] += l->prev != NULL;
	noc_live_touch(l);
	if (due_ns)
		noc_due_arm_steady(core, &l->due, due_ns);
	else
		noc_due_disarm(core, &l->due);
}

void
noc_live_end(struct noc_live *l, enum noc_end end)
{
	struct noc_lane *lane = l->lane;

	if (l->undoes) {
		noc_undo_over(l, end == NOC_END_OK || end == NOC_END_SKIPPED,
			      NULL);
		return;
	}
	noc_lane_set_end(lane, l->node, end);
	noc_live_free(l);
	noc_lane_wake(lane);
}
