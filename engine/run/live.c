/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/slot.h"
#include "engine/run/attempt.h"
#include "engine/run/escalate.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"

const char *const noc_wait_names[] = {
	[NOC_WAIT_NONE] = "",	      [NOC_WAIT_CALL] = "call",
	[NOC_WAIT_RETRY] = "retry",   [NOC_WAIT_READ] = "read",
	[NOC_WAIT_PAUSE] = "pause",   [NOC_WAIT_SLEEP] = "sleep",
	[NOC_WAIT_VERIFY] = "verify", [NOC_WAIT_ESCALATE] = "escalate",
	[NOC_WAIT_ASK] = "ask",	      [NOC_WAIT_BLOCKED] = "blocked",
	[NOC_WAIT_QUEUE] = "queue",
};

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
	case NOC_WAIT_ASK:
	case NOC_WAIT_BLOCKED:
		noc_step_decided(l, "fail", "nobody in time");
		break;
	case NOC_WAIT_NONE:
	case NOC_WAIT_QUEUE:
		break;
	}
	noc_run_advance(r);
}

struct noc_live *
noc_live_new(struct noc_run *r, size_t node)
{
	struct noc_live *l = noc_calloc(1, sizeof(*l)), **at = &r->lives;

	l->run = r;
	l->node = node;
	l->state = "Pending";
	l->dirty = true;
	l->due.on_due = on_live_due;
	while (*at && (*at)->node < node)
		at = &(*at)->next;
	l->next = *at;
	*at = l;
	return l;
}

struct noc_live *
noc_live_find(const struct noc_run *r, size_t node)
{
	struct noc_live *l = r->lives;

	while (l && l->node != node)
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
	struct noc_live **at = &l->run->lives;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	live_unqueue(l);
	noc_due_disarm(l->run->core, &l->due);
	noc_value_free(l->row);
	free(l);
}

const struct noc_step_def *
noc_live_step(const struct noc_live *l)
{
	const struct noc_plan *plan = l->run->plan;

	return l->node < plan->nsteps ? &plan->steps[l->node] : NULL;
}

void
noc_live_wait(struct noc_live *l, enum noc_wait wait, const char *phase,
	      int64_t due_ns)
{
	struct noc_run *r = l->run;

	if (wait != NOC_WAIT_QUEUE)
		live_unqueue(l);
	l->wait = wait;
	l->due_ns = due_ns;
	l->dirty = true;
	r->dirty |= strcmp(r->phase, phase) != 0;
	r->phase = phase;
	if (due_ns)
		noc_due_arm_steady(r->core, &l->due, due_ns);
	else
		noc_due_disarm(r->core, &l->due);
}

void
noc_live_end(struct noc_live *l, enum noc_end end)
{
	struct noc_run *r = l->run;

	r->ends[l->node] = (uint8_t)end;
	noc_live_free(l);
}
