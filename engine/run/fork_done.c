/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/each.h"
#include "engine/run/fork_private.h"

/*
 * What of the original is done, for its fork.  A step is when its row says so,
 * nothing took it back, it is not the one to go on from, and all that it waits
 * for is done as well.  Worked out as in engine/run/advance.c, from the rows
 * and the plan.
 */

enum done {
	DONE_UNKNOWN,
	DONE_OK,
	DONE_SKIPPED,
	DONE_UNREACHED,
	DONE_OPEN, /* something in it is not */
	DONE_NOT
};

struct done_lane {
	struct noc_fork *f;
	const char *prefix; /* of its paths: "", "fix/", "all[sw1]/" */
	size_t up, from, to;
	uint8_t *done; /* enum done, by node - from */
	size_t start;  /* the node to go on from; NOC_NODE_TOP: none */
	size_t above;  /* it, or what it is in */
	bool asked;    /* it, or what it is in, is in this lane */
	bool stopped;  /* by a step, well */
};

static struct fork_row *
lane_row(const struct done_lane *lane, size_t node)
{
	const struct noc_plan *p = lane->f->plan;
	char *path = noc_asprintf("%s%s", lane->prefix, p->steps[node].name);
	struct fork_row *row = fork_find(lane->f, path);

	free(path);
	return row && row->node == node ? row : NULL;
}

/* ---- a node ---- */

static bool
done_is_over(enum done done)
{
	return done == DONE_OK || done == DONE_SKIPPED ||
	       done == DONE_UNREACHED;
}

static enum done
lane_done(const struct done_lane *lane, size_t node)
{
	return (enum done)lane->done[node - lane->from];
}

/* By what it waits for; UNKNOWN: that is not known yet, OK: it begins. */
static enum done
node_edges(const struct done_lane *lane, const struct noc_step_def *def)
{
	enum done state = DONE_OK;

	for (size_t i = 0; i < def->nin; i++) {
		enum done from = lane_done(lane, def->in[i].from);
		unsigned on = def->in[i].on;

		if (from == DONE_OPEN || from == DONE_NOT)
			return DONE_NOT;
		if (from == DONE_UNKNOWN)
			state = DONE_UNKNOWN;
		else if (state != DONE_UNKNOWN && !(on & NOC_ON_ALWAYS) &&
			 (from == DONE_UNREACHED || !(on & NOC_ON_OK)))
			state = DONE_UNREACHED;
	}
	return state;
}

/* By what it is in; OK: it may begin. */
static enum done
node_up(const struct done_lane *lane, size_t node)
{
	const struct noc_step_def *steps = lane->f->plan->steps;
	size_t up = steps[node].up;
	const struct fork_row *row;
	enum done done;
	int64_t n = 0;

	if (up == lane->up)
		return DONE_OK;
	done = lane_done(lane, up);
	if (done != DONE_OK && done != DONE_OPEN)
		return done;
	if (steps[up].kind != NOC_STEP_CHOOSE)
		return DONE_OK;
	for (size_t i = up + 1; i <= node; i = steps[i].end)
		n++;
	row = lane_row(lane, up);
	return row && noc_value_get_int(noc_value_get(row->json, "output"),
					"chosen", 0) == n
		   ? DONE_OK
		   : DONE_SKIPPED;
}

/* What holds others in the same lane: by how they are. */
static enum done
place_done(const struct done_lane *lane, size_t node)
{
	const struct noc_step_def *steps = lane->f->plan->steps;

	for (size_t i = node + 1; i < steps[node].end; i = steps[i].end)
		if (!done_is_over(lane_done(lane, i)))
			return DONE_OPEN;
	return DONE_OK;
}

static enum done
node_by_row(const struct done_lane *lane, size_t node)
{
	const struct noc_step_def *def = &lane->f->plan->steps[node];
	const struct noc_fork *f = lane->f;
	const struct fork_row *row = lane_row(lane, node);
	bool holds = def->kind == NOC_STEP_CALL || def->kind == NOC_STEP_EACH;

	if (!row)
		return lane->stopped ? DONE_UNREACHED : DONE_NOT;
	if (fork_row_is(row, "Skipped"))
		return DONE_SKIPPED;
	if (fork_row_is(row, "Succeeded") && def->kind == NOC_STEP_CHOOSE)
		return place_done(lane, node);
	if (fork_row_is(row, "Succeeded") &&
	    !(holds && (fork_is_above(f, row->path) || row->unwell)))
		return DONE_OK;
	return holds && fork_holds(f, row) ? DONE_OPEN : DONE_NOT;
}

static enum done
node_done(const struct done_lane *lane, size_t node)
{
	const struct noc_step_def *def = &lane->f->plan->steps[node];
	enum done up = node_up(lane, node), edges;

	if (up != DONE_OK)
		return up;
	edges = node_edges(lane, def);
	if ((node == lane->start && edges != DONE_UNREACHED) ||
	    (lane->asked && def->kind == NOC_STEP_STOP))
		return DONE_NOT;
	if (edges != DONE_OK)
		return edges;
	if (def->kind == NOC_STEP_PARALLEL || def->kind == NOC_STEP_BRANCH)
		return place_done(lane, node);
	return node_by_row(lane, node);
}

/* ---- a lane ---- */

/* Until nothing changes: a step may wait for one that stands behind it. */
static void
lane_work_out(struct done_lane *lane)
{
	const struct noc_plan *p = lane->f->plan;
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = lane->from; i < lane->to; i = fork_next(p, i)) {
			enum done done = node_done(lane, i);

			changed = changed || done != lane_done(lane, i);
			lane->done[i - lane->from] = (uint8_t)done;
		}
	}
}

/* Where to go on from, when that is in this lane. */
static void
lane_start(struct done_lane *lane)
{
	const struct noc_plan *p = lane->f->plan;
	const char *from = lane->f->how->from;
	size_t len;

	lane->start = lane->above = NOC_NODE_TOP;
	lane->asked = from && fork_begins(from, lane->prefix);
	if (!lane->asked)
		return;
	from += strlen(lane->prefix);
	len = strcspn(from, "/[");
	for (size_t i = lane->from; i < lane->to; i = fork_next(p, i))
		if (p->steps[i].kind != NOC_STEP_PARALLEL &&
		    p->steps[i].kind != NOC_STEP_BRANCH &&
		    strlen(p->steps[i].name) == len &&
		    fork_begins(from, p->steps[i].name))
			lane->above = i;
	if (!from[len])
		lane->start = lane->above;
}

/* What it waits for and went another way; NOC_NODE_TOP: nothing. */
static size_t
node_unmet(const struct done_lane *lane, size_t node)
{
	const struct noc_step_def *def = &lane->f->plan->steps[node];

	for (size_t i = 0; i < def->nin; i++)
		if (!(def->in[i].on & NOC_ON_ALWAYS) &&
		    (!(def->in[i].on & NOC_ON_OK) ||
		     lane_done(lane, def->in[i].from) == DONE_UNREACHED))
			return def->in[i].from;
	return NOC_NODE_TOP;
}

/* What decided that this did not begin; lane->up: nothing in this lane. */
static size_t
node_decider(const struct done_lane *lane, size_t node)
{
	size_t up = lane->f->plan->steps[node].up;

	if (lane_done(lane, node) != DONE_UNREACHED ||
	    (up != lane->up && lane_done(lane, up) == DONE_UNREACHED))
		return up;
	return node_unmet(lane, node);
}

/* Is it where the run did not come to, and its fork does not either? */
static void
lane_pass(const struct done_lane *lane)
{
	const struct noc_step_def *steps = lane->f->plan->steps;
	size_t node = lane->above, by;

	if (node == NOC_NODE_TOP || !done_is_over(lane_done(lane, node)))
		return;
	while (!lane_row(lane, node)) {
		by = node_decider(lane, node);
		if (by == lane->up || by == NOC_NODE_TOP)
			break;
		node = by;
	}
	free(lane->f->passed);
	lane->f->passed = noc_asprintf("%s%s", lane->prefix, steps[node].name);
}

static void
lane_stop(struct done_lane *lane)
{
	const struct noc_plan *p = lane->f->plan;

	for (size_t i = lane->from; i < lane->to && !lane->stopped;
	     i = fork_next(p, i)) {
		const struct fork_row *row = p->steps[i].kind == NOC_STEP_STOP
						 ? lane_row(lane, i)
						 : NULL;

		lane->stopped =
		    row && fork_row_is(row, "Succeeded") && !lane->asked;
	}
}

/* ---- all ---- */

static void
lane_keep(struct done_lane *lane, size_t node)
{
	const struct noc_step_def *def = &lane->f->plan->steps[node];
	struct fork_row *row = lane_row(lane, node);
	enum done done = lane_done(lane, node);
	char *prefix;

	lane->f->again |= !done_is_over(done);
	if (!row)
		return;
	if (def->kind == NOC_STEP_CHOOSE && done == DONE_OPEN)
		done = DONE_OK; /* chosen is chosen */
	row->fate = done == DONE_OPEN	 ? FORK_OPEN
		    : done_is_over(done) ? FORK_KEPT
					 : FORK_LEFT;
	if (row->fate != FORK_OPEN)
		return;
	if (def->kind == NOC_STEP_EACH) {
		fork_each_decide(lane->f, row);
		return;
	}
	prefix = noc_asprintf("%s/", row->path);
	fork_lane_decide(lane->f, prefix, node, node + 1, def->end);
	free(prefix);
}

void
fork_lane_decide(struct noc_fork *f, const char *prefix, size_t up, size_t from,
		 size_t to)
{
	struct done_lane lane = {
		.f = f,
		.prefix = prefix,
		.up = up,
		.from = from,
		.to = to,
		.done = noc_calloc(to - from + 1, 1),
	};

	lane_start(&lane);
	lane_stop(&lane);
	lane_work_out(&lane);
	lane_pass(&lane);
	for (size_t i = from; i < to; i = fork_next(f->plan, i))
		lane_keep(&lane, i);
	free(lane.done);
}

/* What takes a step back that stays as it is, stays too. */
static enum fork_fate
undo_fate(const struct noc_fork *f, const struct fork_row *row)
{
	size_t len = strlen(row->path), undo = strlen("!undo");
	char *path = noc_strndup(row->path, len > undo ? len - undo : 0);
	const struct fork_row *of = fork_find(f, path);

	free(path);
	return of && of->fate == FORK_KEPT && of->undone &&
		       !strcmp(row->state, "Succeeded")
		   ? FORK_KEPT
		   : FORK_LEFT;
}

static void
fork_decide_once(struct noc_fork *f)
{
	f->again = false;
	free(f->passed);
	f->passed = NULL;
	fork_mark(f);
	fork_lane_decide(f, "", NOC_NODE_TOP, 0, f->plan->nbody);
	for (size_t i = 0; i < f->nrows; i++) {
		struct fork_row *row = &f->rows[i];

		if (row->node == f->plan->nsteps)
			row->fate = FORK_LEFT;
		else if (row->fate == FORK_UNDECIDED && row->kind != FORK_UNDO)
			row->fate = fork_row_fate(f, row);
	}
	for (size_t i = 0; i < f->nrows; i++)
		if (f->rows[i].fate == FORK_UNDECIDED)
			f->rows[i].fate = undo_fate(f, &f->rows[i]);
}

/* An undo step is done when all before it is, and what it took back is so when
 * it is: that is supposed of all of them, and of fewer each time. */
void
fork_decide(struct noc_fork *f)
{
	bool changed = true;

	fork_undone(f);
	while (changed) {
		changed = false;
		fork_decide_once(f);
		for (size_t i = 0; i < f->nrows; i++) {
			struct fork_row *by = f->rows[i].by;

			if (!by || by->lost || by->fate == FORK_KEPT)
				continue;
			by->lost = true;
			changed = true;
		}
	}
}
