/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/advance.h"
#include "engine/run/blast.h"
#include "engine/run/cancel.h"
#include "engine/run/each.h"
#include "engine/run/live.h"
#include "engine/run/mail.h"
#include "engine/run/queue.h"
#include "engine/run/runner.h"
#include "engine/run/undo.h"

/*
 * A file was made anew while the process lives: each row that a start would
 * look for is written once more.  What came over from the old file says more of
 * a step that has ended, and stays.
 */

static void
row_keep(const struct noc_lane *lane, size_t node, const char *path,
	 const char *state, struct noc_value *json)
{
	const struct noc_step_row row = {
		.run = lane->run->id,
		.path = path,
		.node = (int64_t)node,
		.item = lane->item,
		.attempt = 1,
		.state = state,
		.json = json,
	};

	noc_txn_step_keep(noc_core_txn(lane->run->core), &row);
}

/* ---- one step ---- */

/* The state in its row; NULL: it has none, or has it while it lives. */
static const char *
step_state(const struct noc_lane *lane, size_t node,
	   const struct noc_value *output)
{
	const struct noc_step_def *def = &lane->run->plan->steps[node];
	size_t up = def->up;

	if (def->kind == NOC_STEP_PARALLEL || def->kind == NOC_STEP_BRANCH)
		return NULL;
	/* Of a branch that was not chosen. */
	if (up != lane->node && noc_lane_end_of(lane, up) == NOC_END_SKIPPED)
		return NULL;
	/* It has ended when the choice is made. */
	if (def->kind == NOC_STEP_CHOOSE && output)
		return "Succeeded";
	switch (noc_lane_end_of(lane, node)) {
	case NOC_END_OK:
		return "Succeeded";
	case NOC_END_FAILED:
		return "Failed";
	case NOC_END_SKIPPED:
		return "Skipped";
	case NOC_END_CANCELLED:
		return "Cancelled";
	case NOC_END_NONE:
	case NOC_END_OPEN:
	case NOC_END_FAILING:
	case NOC_END_UNREACHED:
		break;
	}
	return NULL;
}

/* Of an each what comes after it goes by the table. */
static void
step_keep_output(const struct noc_step_def *def, const struct noc_value *output,
		 struct noc_value *json, struct noc_value *live)
{
	static const char *const tables[] = { "items", "ok_items",
					      "failed_items" };
	struct noc_value *said = noc_value_copy(output);

	if (def->kind == NOC_STEP_EACH) {
		for (size_t i = 0; i < NOC_COUNT(tables); i++)
			noc_value_unset(said, tables[i]);
		noc_value_set(live, "table", noc_value_copy(output));
	}
	noc_value_set(json, "output", said);
}

/* What was given to it, for what may be undone. */
static void
step_keep_given(const struct noc_lane *lane, size_t node, const char *path,
		struct noc_value *live)
{
	const struct noc_step_def *def = &lane->run->plan->steps[node];
	struct noc_value *given = noc_undo_given(lane, node);

	if (given && def->kind == NOC_STEP_CALL)
		noc_value_set(live, "input", noc_value_copy(given));
	else if (noc_value_len(given))
		noc_each_freeze(lane->run, path, given, live);
	noc_value_free(given);
}

static bool
step_failed_last(const struct noc_lane *lane, const char *path)
{
	return lane->more->error &&
	       noc_value_is_str(noc_value_get(lane->more->error, "step"), path);
}

static struct noc_value *
step_json(const struct noc_lane *lane, size_t node, const char *path,
	  const struct noc_value *output)
{
	const struct noc_step_def *def = &lane->run->plan->steps[node];
	enum noc_end end = noc_lane_end_of(lane, node);
	enum noc_undone undone;
	struct noc_undo_whom whom;
	int64_t order = noc_undo_order(lane, node, &undone, &whom);
	struct noc_value *json, *live;

	if (lane->more->broken && lane->more->broken->node == node &&
	    lane->more->broken->row)
		return noc_value_copy(lane->more->broken->row);
	json = noc_value_map();
	noc_value_set(json, "index", noc_value_int((int64_t)node));
	if (order)
		noc_value_set(json, "order", noc_value_int(order));
	if (whom.targets)
		noc_value_set(json, "targets", noc_value_copy(whom.targets));
	if (whom.left_out)
		noc_value_set(json, "left_out", noc_value_copy(whom.left_out));
	if (undone == NOC_UNDONE_OK && def->undo)
		noc_value_set(json, "undone", noc_value_bool(true));
	live = noc_value_map();
	if (output)
		step_keep_output(def, output, json, live);
	step_keep_given(lane, node, path, live);
	if (noc_value_len(live))
		noc_value_set(json, "live", live);
	else
		noc_value_free(live);
	if (end == NOC_END_FAILED && step_failed_last(lane, path))
		noc_value_set(json, "error", noc_value_copy(lane->more->error));
	/* Which of them it was makes no difference. */
	if (end == NOC_END_SKIPPED && lane->more->stopped)
		noc_value_set(json, "stopped",
			      noc_value_str(lane->more->stopped));
	if (end == NOC_END_SKIPPED && lane->would &&
	    noc_step_withheld(def, lane->run->mode))
		noc_value_set(json, "outcome", noc_value_str("would have"));
	return json;
}

/* What took it back has a row of its own. */
static void
step_keep_undo(const struct noc_lane *lane, size_t node, const char *path)
{
	struct noc_undo_whom whom;
	struct noc_value *json;
	enum noc_undone how;
	char *undo;

	if (!lane->run->plan->steps[node].undo ||
	    !noc_undo_order(lane, node, &how, &whom) || how == NOC_UNDONE_NO)
		return;
	json = noc_value_map();
	noc_value_set(json, "index", noc_value_int((int64_t)node));
	if (whom.by)
		noc_value_set(json, "by", noc_value_str(whom.by));
	undo = noc_asprintf("%s!undo", path);
	row_keep(lane, node, undo,
		 how == NOC_UNDONE_OK ? "Succeeded" : "Failed", json);
	free(undo);
	noc_value_free(json);
}

static void
step_keep(const struct noc_lane *lane, size_t node)
{
	const struct noc_value *output =
	    noc_value_get(lane->steps, lane->run->plan->steps[node].name);
	const char *state = step_state(lane, node, output);
	struct noc_value *json;
	char *path;

	if (!state)
		return;
	path = noc_lane_path(lane, node);
	json = step_json(lane, node, path, output);
	row_keep(lane, node, path, state, json);
	step_keep_undo(lane, node, path);
	noc_value_free(json);
	free(path);
}

/* ---- all ---- */

static void
lane_keep(struct noc_lane *lane, void *arg)
{
	(void)arg;
	for (size_t i = lane->from; i < lane->to; i = noc_lane_after(lane, i))
		step_keep(lane, i);
	noc_undo_lanes(lane, lane_keep, NULL);
}

static void
run_keep_steps(struct noc_run *r)
{
	lane_keep(r->root, NULL);
	if (r->closing)
		lane_keep(r->closing, NULL);
	for (struct noc_live *l = r->lives; l; l = l->next) {
		if (l->more->each)
			noc_each_store_anew(l->more->each);
		noc_live_store(l);
		if (l->more->inner)
			lane_keep(l->more->inner, NULL);
		if (!l->more->each)
			continue;
		noc_each_keep_items(l->more->each);
		noc_each_lanes(l->more->each, lane_keep, NULL);
		noc_each_ended_lanes(l->more->each, lane_keep, NULL);
	}
}

/* What a start would work out from rows of steps of which nothing else is
 * left. */
static void
run_keep_sums(struct noc_run *r)
{
	struct noc_value *kept = noc_value_map();

	noc_value_set(kept, "retries", noc_value_int(r->retries));
	noc_value_set(kept, "restarts", noc_value_int(r->restarts));
	noc_blast_store(r, kept);
	noc_cancel_store(r, kept);
	noc_value_set(r->json, "kept", kept);
}

/* In the order in which they came: a start goes through them in it. */
void
noc_run_store_all(struct noc_core *core, void *part)
{
	struct noc_runs *runs = part;
	size_t n;
	struct noc_run **all = noc_run_all(runs, &n);

	noc_table_release(&runs->plans);
	for (size_t i = 0; i < n; i++) {
		run_keep_sums(all[i]);
		noc_run_write_definition(all[i]);
		noc_run_write_row(all[i]);
		run_keep_steps(all[i]);
	}
	free(all);
	noc_queue_store(core);
	noc_mail_store(runs);
	for (size_t i = 0; i < runs->ncode; i++)
		noc_core_write_tree(core, runs->code[i]);
}
