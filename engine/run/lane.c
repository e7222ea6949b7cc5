/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/lane.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/expr/scope.h"
#include "engine/run/attempt.h"
#include "engine/run/each.h"
#include "engine/run/live.h"
#include "engine/run/runner.h"
#include "engine/run/undo.h"

static const struct noc_lane_more lane_nothing;

struct noc_lane_more *
noc_lane_more(struct noc_lane *lane)
{
	struct noc_lane_more *more;

	if (lane->more == &lane_nothing) {
		more = noc_calloc(1, sizeof(*more));
		lane->more = more;
	}
	return (struct noc_lane_more *)(uintptr_t)lane->more;
}

struct noc_lane *
noc_lane_new(struct noc_run *r, struct noc_lane *up, size_t container,
	     const char *path)
{
	const struct noc_plan *plan = r->plan;
	bool top = container == NOC_NODE_TOP;
	size_t from = top ? 0 : container + 1;
	size_t to = top ? plan->nbody : plan->steps[container].end;
	size_t size = strlen(path) + 1;
	struct noc_lane *lane =
	    noc_calloc(1, offsetof(struct noc_lane, ends) + to - from + size);

	lane->run = r;
	lane->more = &lane_nothing;
	lane->up = up;
	lane->item = up ? up->item : -1;
	lane->node = container;
	lane->from = (uint16_t)from;
	lane->to = (uint16_t)to;
	lane->lives_end = &lane->lives;
	lane->path = (char *)lane->ends + (to - from);
	memcpy(lane->path, path, size);
	return lane;
}

static void
lane_leave_queue(struct noc_lane *lane)
{
	if (lane->todo)
		lane->run->todo[lane->todo - 1] = NULL;
	lane->todo = 0;
}

static void
lane_more_free(struct noc_lane_more *more)
{
	noc_value_free(more->input);
	noc_value_free(more->error);
	noc_value_free(more->expired);
	free(more->stopped);
	noc_undo_free(more->undo);
	free(more);
}

void
noc_lane_free(struct noc_lane *lane)
{
	if (!lane)
		return;
	lane_leave_queue(lane);
	while (lane->lives) {
		struct noc_live *l = lane->lives;

		noc_attempt_cancel(l, "what it is part of has ended");
		noc_live_free(l);
	}
	if (lane->more->broken)
		noc_live_free(lane->more->broken);
	noc_value_free(lane->steps);
	noc_value_free(lane->extra);
	if (lane->more != &lane_nothing)
		lane_more_free(noc_lane_more(lane));
	free(lane);
}

void
noc_lane_wake(struct noc_lane *lane)
{
	struct noc_run *r = lane->run;

	if (lane->todo)
		return;
	NOC_GROW(r->todo, r->todo_cap, r->todo_n + 1);
	r->todo[r->todo_n++] = lane;
	lane->todo = (uint32_t)r->todo_n;
}

/* Ten thousand runs may wait: an empty queue has no room. */
struct noc_lane *
noc_lane_next(struct noc_run *r)
{
	struct noc_lane *lane = NULL;

	while (!lane && r->todo_at < r->todo_n)
		lane = r->todo[r->todo_at++];
	if (lane) {
		lane->todo = 0;
		return lane;
	}
	free(r->todo);
	r->todo = NULL;
	r->todo_at = r->todo_n = r->todo_cap = 0;
	return NULL;
}

/* Its own flow, that was called to take a step back. */
static bool
lane_is_undo(const struct noc_lane *lane)
{
	return lane->node != NOC_NODE_TOP &&
	       lane->run->plan->steps[lane->node].takes_back;
}

/* Those of on_fail and finally are in the run's own, which may be; so is what
 * a step was done in that is taken back. */
bool
noc_lane_is_off(const struct noc_lane *lane)
{
	const struct noc_lane *closing = lane->run->closing;

	while (lane && !lane->cancelled)
		lane = lane == closing || lane_is_undo(lane) ? NULL : lane->up;
	return lane != NULL;
}

bool
noc_lane_takes_back(const struct noc_lane *lane)
{
	return lane->node != NOC_NODE_TOP &&
	       lane->node >= lane->run->plan->undo_from;
}

bool
noc_lane_is_of_item(const struct noc_lane *lane)
{
	while (lane && !lane->is_item)
		lane = lane->up;
	return lane != NULL;
}

bool
noc_lane_has_changed(const struct noc_lane *lane)
{
	for (size_t i = lane->from; i < lane->to; i++)
		if (noc_lane_end_of(lane, i) == NOC_END_OK &&
		    lane->run->plan->steps[i].mutates)
			return true;
	return false;
}

bool
noc_lane_would(const struct noc_lane *lane)
{
	while (lane && !lane->would && !lane->is_item)
		lane = lane->up;
	return lane && lane->would;
}

void
noc_lane_give(struct noc_lane *lane, const char *name, struct noc_value *output)
{
	if (!lane->steps)
		lane->steps = noc_value_map();
	noc_value_set(lane->steps, name, output);
	if (!lane->up && lane->run->info)
		noc_value_unset(lane->run->info, "items");
}

/* Its item by its name, and what is around it; NULL: only that. */
static const struct noc_value *
lane_extra(const struct noc_lane *lane)
{
	return lane->is_item && lane->each
		   ? noc_each_item(lane->each, (size_t)lane->item)
		   : lane->extra;
}

void
noc_lane_rest(struct noc_lane *lane)
{
	for (; lane; lane = lane->up) {
		if (!lane->is_item || !lane->each)
			continue;
		noc_value_free(lane->extra);
		lane->extra = NULL;
	}
}

/*
 * The nearest that has it: an item sees its own steps, then those around it; a
 * called flow sees nothing but its own and its input.
 */
void
noc_lane_scope(const struct noc_lane *lane, struct noc_scope *scope)
{
	static const struct noc_value nothing = { .type = NOC_MAP };
	struct noc_run *r = lane->run;
	const struct noc_value *input = NULL, *own = NULL;
	const struct noc_step_def *def;
	size_t n = 0;

	noc_run_scope(r, scope);
	scope->steps = lane->steps ? lane->steps : &nothing;
	if (lane->more->error)
		scope->error = lane->more->error;
	for (const struct noc_lane *at = lane; at; at = at->up) {
		if (at != lane && n < NOC_SCOPE_OUTER)
			scope->outer[n++] = at->steps;
		if (!own)
			own = noc_undo_extra(at) ? noc_undo_extra(at)
						 : lane_extra(at);
		if (at->node == NOC_NODE_TOP)
			continue;
		def = &r->plan->steps[at->node];
		if (!scope->item && def->kind == NOC_STEP_EACH)
			scope->item =
			    noc_value_get(lane_extra(at), def->each->as);
		if (def->kind == NOC_STEP_CALL) {
			input = at->more->input;
			break;
		}
	}
	if (own)
		scope->extra = own;
	if (input)
		scope->input = input;
}

enum noc_end
noc_lane_end_of(const struct noc_lane *lane, size_t node)
{
	return (enum noc_end)lane->ends[node - lane->from];
}

void
noc_lane_set_end(struct noc_lane *lane, size_t node, enum noc_end end)
{
	lane->ends[node - lane->from] = (uint8_t)end;
}

char *
noc_lane_path(const struct noc_lane *lane, size_t node)
{
	const char *name = lane->run->plan->steps[node].name;

	return lane->path[0] ? noc_asprintf("%s/%s", lane->path, name)
			     : noc_strdup(name);
}
