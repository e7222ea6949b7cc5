/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/resume.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/event/value.h"
#include "engine/edge/env.h"
#include "engine/run/blast.h"
#include "engine/run/cancel.h"
#include "engine/run/container.h"
#include "engine/run/each.h"
#include "engine/run/escalate.h"
#include "engine/run/fork.h"
#include "engine/run/live.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"
#include "engine/run/stage.h"
#include "engine/run/step.h"
#include "engine/run/advance.h"
#include "engine/run/undo.h"

/* Runs and their steps as their rows have them. */

/* ---- the plan ---- */

static bool
plan_is(struct noc_plan *p, const uint8_t hash[32], struct noc_plan **out)
{
	if (!p || memcmp(p->hash, hash, 32))
		return false;
	*out = p;
	return true;
}

/* The same plan in the rules of now. */
static struct noc_plan *
plan_in_rules(const struct noc_ruleset *rs, const uint8_t hash[32])
{
	struct noc_plan *p = NULL;
	const char *key;
	void *value;

	for (size_t i = 0; i < rs->nrules; i++)
		if (plan_is(rs->rules[i].run, hash, &p))
			return p;
	for (size_t i = 0; i < rs->npairs; i++)
		if (plan_is(rs->pairs[i].missing_plan, hash, &p) ||
		    plan_is(rs->pairs[i].matched_plan, hash, &p))
			return p;
	for (size_t i = 0; i < rs->ntasks; i++)
		if (plan_is(rs->tasks[i].run, hash, &p))
			return p;
	for (size_t it = 0; noc_table_next(&rs->flows, &it, &key, &value);)
		if (plan_is(value, hash, &p))
			return p;
	return NULL;
}

/* As it was stored; NULL when it is lost, or not what was stored. */
static struct noc_plan *
plan_stored(struct noc_core *core, const struct noc_run_row *row)
{
	const struct noc_env *env = noc_core_env(core);
	struct noc_plan *p = NULL;
	struct noc_err err = { 0 };
	char text[NOC_ID_TEXT];
	uint8_t is[32];
	char *json = env && env->state_dir
			 ? noc_load_definition(env->state_dir, row->definition)
			 : NULL;

	if (!json)
		return NULL;
	noc_sha256_once(json, strlen(json), is);
	noc_id_format(text, &row->id);
	if (memcmp(is, row->definition, sizeof(is)))
		noc_warn("resume", "run=%s its plan was altered", text);
	else if (noc_plan_from_json(json, &p, &err) < 0)
		noc_warn("resume", "run=%s %s", text, err.msg);
	free(json);
	return p;
}

struct noc_plan *
noc_run_row_plan(struct noc_core *core, const struct noc_run_row *row)
{
	struct noc_ruleset *rs = noc_core_rules(core);
	struct noc_plan *p = rs ? plan_in_rules(rs, row->definition) : NULL;

	return p ? noc_plan_ref(p) : plan_stored(core, row);
}

static bool
run_find_plan(struct noc_run *r, const struct noc_run_row *row)
{
	struct noc_plan *p = noc_run_row_plan(r->core, row);
	const char *tree;
	size_t n = sizeof(r->tree);

	if (!p)
		return false;
	noc_run_set_plan(r, p);
	tree = noc_value_get_str(row->json, "tree", r->plan->tree_said);
	if (noc_unhex(tree, strlen(tree), r->tree, &n) || n != sizeof(r->tree))
		memset(r->tree, 0, sizeof(r->tree)); /* that of no rules */
	return true;
}

/* Nothing can be said of it but that it is over. */
static void
run_lost(struct noc_core *core, const struct noc_run_row *row, const char *why)
{
	struct noc_value *detail = noc_value_map();
	struct noc_run_row over = *row;
	struct noc_record *rec;

	over.state = "Failed";
	over.phase = "";
	over.outcome = why;
	over.ended_ns = noc_core_time(core).wall_ns;
	noc_txn_run(noc_core_txn(core), &over);
	rec = noc_txn_record(noc_core_txn(core), NOC_REC_RUN_END);
	noc_record_add_id(rec, NOC_TAG_RUN, &row->id);
	noc_record_adds(rec, NOC_TAG_OUTCOME, "Failed");
	noc_value_set(detail, "reason", noc_value_str(why));
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_value_free(detail);
}

/* ---- rows ---- */

/* A number in a row; what nobody can have written is the nearest that somebody
 * can. */
static int
row_times(const struct noc_value *json, const char *key)
{
	int64_t n = noc_value_get_int(json, key, 0);

	return n < 0 ? 0 : n > NOC_TIMES_MAX ? NOC_TIMES_MAX : (int)n;
}

static struct noc_value *
copy_map(const struct noc_value *json, const char *key)
{
	const struct noc_value *v = noc_value_get(json, key);

	return v && v->type == NOC_MAP ? noc_value_copy(v) : NULL;
}

static void
run_load_json(struct noc_run *r, const struct noc_value *json)
{
	const struct noc_value *extra = noc_value_get(json, "extra");
	const struct noc_value *kept = noc_value_get(json, "kept");
	size_t node = (size_t)noc_value_get_int(json, "at", 0);

	noc_value_free(r->json);
	r->json = json ? noc_value_copy(json) : noc_value_map();
	r->error = copy_map(json, "error");
	r->confirmed = copy_map(json, "confirmed");
	r->changed = copy_map(json, "changed");
	/* The first version said there what its step at hand waits for; what
	 * waits for nothing is begun anew. */
	r->first = noc_value_get(json, "wait") != NULL;
	r->unread = json == NULL || node > r->plan->nbody ||
		    (r->first && node == r->plan->nbody) ||
		    (extra && extra->type != NOC_MAP);
	r->counted = noc_value_get_int(json, "counted", 0) != 0;
	r->paused = noc_value_get_int(json, "paused", 0) != 0;
	r->extend_ms = noc_value_get_int(json, "extend", 0);
	if (r->extend_ms < 0 || r->extend_ms > NOC_RUN_EXTEND_MAX_MS)
		r->extend_ms = 0;
	r->recoveries = row_times(json, "recoveries");
	if (node > r->plan->nbody)
		node = 0; /* nobody knows */
	r->at = node;
	for (size_t i = 0; r->first && i < node; i++)
		noc_lane_set_end(r->root, i, NOC_END_OK);
	if (*noc_value_get_str(json, "wait", ""))
		noc_live_load(r->root, node, json);
	r->retries = row_times(kept, "retries");
	r->restarts = row_times(kept, "restarts");
	noc_blast_restore(r, kept);
	noc_cancel_restore(r, kept);
	noc_stage_load(r, json);
	/* It did not say what it waited for when it lost its
	 * functions: its step does, noc_run_load_step. */
	if (!noc_value_get(json, "held") && r->plan->tree_said[0] && r->lives &&
	    r->lives->wait == NOC_WAIT_BLOCKED &&
	    r->recoveries <= NOC_RECOVERIES_MAX) {
		r->lacks_code = true;
		NOC_LIVE_SET(r->lives, held_due_ns, 0);
	} else {
		r->lacks_code = noc_value_get(json, "held") != NULL;
	}
	r->dirty = r->first;
	r->would = noc_value_get_int(json, "would", 0) != 0;
	r->root->would = r->would;
	r->late = noc_value_get_int(json, "late", 0) != 0;
	if (noc_value_get(json, "event"))
		r->ev = noc_event_from_value(noc_value_get(json, "event"));
	if (r->ev)
		r->ev->journaled = true;
}

void
noc_run_load(struct noc_core *core, void *part, const struct noc_run_row *row)
{
	struct noc_runs *runs = part;
	struct noc_run *r;

	if (row->ended_ns || noc_run_find(core, &row->id))
		return;
	/* What it has not copied it would do again; nobody was told of it. */
	if (noc_value_get(row->json, "copying")) {
		run_lost(core, row, NOC_FORK_HALF);
		return;
	}
	r = noc_run_new(core, &row->id);
	if (!run_find_plan(r, row)) {
		noc_table_deln(&runs->by_id, r->id.b, sizeof(r->id.b));
		noc_run_free(r);
		run_lost(core, row, "its definition is lost");
		return;
	}
	noc_table_putn(&runs->plans, r->plan->hash, 32, runs);
	r->rule = noc_strdup(row->rule);
	r->key = noc_strdup(row->key);
	r->device = noc_strdup(row->device);
	/* What cannot be read must not act. */
	if (!noc_mode_parse(row->mode, &r->mode))
		r->mode = NOC_OBSERVE;
	r->started_ns = row->started_ns;
	r->began_ns =
	    noc_ns_sane(noc_value_get_int(row->json, "began", row->started_ns));
	if (row->outcome[0])
		r->outcome = noc_strdup(row->outcome);
	run_load_json(r, row->json);
	r->actor = noc_strdup(noc_value_get_str(r->json, "actor", "rule"));
	noc_run_json_lean(r);
	/* What cannot be read is for people to end, not for its turn. */
	r->pending = !strcmp(row->state, "Pending") && !r->unread;
	if (r->pending) {
		r->state = "Pending";
		r->phase = "queued";
	}
	r->unsure = !strcmp(row->phase, "blocked");
	r->phase = noc_run_phase(row->phase);
	noc_run_look(r);
}

/* What it waited for, of a row that does not say it: as much as is known of
 * its step.  What may be out has to be settled. */
static void
run_load_held(struct noc_run *r, const struct noc_step_row *row)
{
	struct noc_live *l = r->lives;
	const struct noc_step_def *def = l ? noc_live_step(l) : NULL;
	const char *outcome = noc_value_get_str(row->json, "outcome", "");

	if (!r->lacks_code || noc_value_get(r->json, "held") || !def ||
	    strcmp(def->name, row->path) != 0)
		return;
	if (!strcmp(row->state, "Running"))
		l->held = def->kind == NOC_STEP_SLEEP ? NOC_WAIT_SLEEP
						      : NOC_WAIT_CALL;
	else if (!strcmp(row->state, "Pending"))
		l->held = !strcmp(outcome, "in_doubt") ? NOC_WAIT_ASK
						       : NOC_WAIT_RETRY;
	NOC_LIVE_SET(l, held_due_ns, row->due_ns);
}

/* The row of a step, of an item of an each, or of what undoes a step. */
enum row_kind { ROW_STEP, ROW_ITEM, ROW_UNDO };

static size_t
step_node(const struct noc_run *r, const struct noc_step_row *row,
	  enum row_kind *kind)
{
	size_t n = (size_t)noc_value_get_int(row->json, "index", -1), len;
	const struct noc_plan *p = r->plan;
	const char *last = strrchr(row->path, '/');

	*kind = ROW_STEP;
	if (n >= p->nsteps) { /* the first version did not say it */
		for (n = 0;
		     n < p->nsteps && strcmp(p->steps[n].name, row->path) != 0;)
			n++;
		return n;
	}
	if (!strcmp(p->steps[n].name, row->path))
		return n;
	last = last ? last + 1 : row->path;
	len = strlen(p->steps[n].name);
	if (strncmp(last, p->steps[n].name, len) != 0)
		return p->nsteps;
	if (last[len] == '[')
		*kind = ROW_ITEM;
	else if (!strcmp(last + len, "!undo"))
		*kind = ROW_UNDO;
	else if (last[len])
		return p->nsteps;
	return n;
}

static const struct {
	const char *state;
	enum noc_end end;
} step_states[] = {
	{ "Pending", NOC_END_NONE },	{ "Running", NOC_END_NONE },
	{ "Succeeded", NOC_END_OK },	{ "Failed", NOC_END_FAILED },
	{ "Skipped", NOC_END_SKIPPED }, { "Cancelled", NOC_END_CANCELLED },
};

/* The row of a step that has not ended, or of the one whose failure people are
 * told of. */
static void
step_load_live(struct noc_lane *lane, size_t node,
	       const struct noc_step_row *row, const char *state)
{
	const struct noc_value *v = noc_value_get(row->json, "live");
	struct noc_live *l = noc_live_find(lane, node);
	struct noc_run *r = lane->run;

	if (noc_value_get(v, "wait") && !l && !r->first) {
		l = noc_live_load(lane, node, v);
		l->attempt = row->attempt;
		l->dirty = false;
		r->unread |= l->wait == NOC_WAIT_NONE;
		r->lacks_code |= noc_value_get(v, "held") != NULL;
	}
	if (!l) {
		r->unread |=
		    !r->first && noc_lane_end_of(lane, node) == NOC_END_NONE;
		return;
	}
	l->state = state;
	NOC_LIVE_SET(l, ended_ns, row->ended_ns);
	NOC_LIVE_SET(l, order, noc_value_get_int(row->json, "order", 0));
	noc_live_load_row(l, row->json);
}

/* Is there a step for its failure, or for that of what it is in? */
static bool
failure_is_handled(const struct noc_lane *lane, size_t node)
{
	const struct noc_step_def *steps = lane->run->plan->steps;

	for (; node != lane->node; node = steps[node].up)
		if (steps[node].handles)
			return true;
	return false;
}

/* Its failure may be what its lane ends with: noc_lane_restore says. */
static void
step_load_failure(struct noc_lane *lane, size_t node,
		  const struct noc_step_row *row)
{
	const struct noc_value *error = noc_value_get(row->json, "error");
	struct noc_live *l;

	if (!error || lane->more->broken || noc_live_find(lane, node))
		return;
	noc_value_free(lane->more->error);
	noc_lane_more(lane)->error = noc_value_copy(error);
	noc_value_set(lane->more->error, "step", noc_value_str(row->path));
	if (failure_is_handled(lane, node))
		return;
	l = noc_live_new(lane, node);
	l->state = "Failed";
	l->attempt = row->attempt;
	NOC_LIVE_SET(l, ended_ns, row->ended_ns);
	noc_live_load_row(l, row->json);
	l->dirty = false;
	noc_live_keep(l);
	noc_lane_more(lane)->broken = l;
}

/* Of what has ended and may be undone: the list that an each went through, or
 * what was given to a called flow. */
static void
step_load_given(struct noc_lane *lane, const struct noc_step_def *def,
		const struct noc_value *live)
{
	const struct noc_value *input = noc_value_get(live, "input");
	struct noc_value *items;

	if (def->kind == NOC_STEP_CALL && input && input->type == NOC_MAP)
		noc_undo_keep_given(lane, def->name, input);
	if (def->kind != NOC_STEP_EACH)
		return;
	items = noc_each_frozen(lane->run, live);
	if (items)
		noc_undo_keep_given(lane, def->name, items);
	noc_value_free(items);
}

static void
step_load(struct noc_lane *lane, size_t node, const struct noc_step_row *row,
	  size_t state)
{
	const struct noc_value *output = noc_value_get(row->json, "output");
	const struct noc_value *live = noc_value_get(row->json, "live");
	const struct noc_value *whole = noc_value_get(live, "table");
	const struct noc_step_def *def = &lane->run->plan->steps[node];
	enum noc_end end = step_states[state].end;
	int64_t order = noc_value_get_int(row->json, "order", 0);
	const char *stopped = noc_value_get_str(row->json, "stopped", NULL);
	const struct noc_undo_whom whom = {
		.targets = noc_value_get(row->json, "targets"),
		.left_out = noc_value_get(row->json, "left_out"),
	};

	if (order > 0) {
		noc_undo_load_mark(lane, node, order, &whom);
		noc_undo_load_copied(lane, node, row->json);
	}
	if (live && end != NOC_END_NONE)
		step_load_given(lane, def, live);
	if (whole)
		noc_lane_give(lane, def->name, noc_value_copy(whole));
	else if (output && end == NOC_END_OK)
		noc_lane_give(lane, def->name, noc_value_copy(output));
	if (lane->run->first)
		end = noc_lane_end_of(lane, node);
	if (def->kind == NOC_STEP_CHOOSE && end == NOC_END_OK) {
		noc_choose_load(lane, node, output);
		return;
	}
	if (end == NOC_END_SKIPPED &&
	    !strncmp(noc_value_get_str(row->json, "outcome", ""), "would have",
		     10))
		for (struct noc_lane *at = lane; at; at = at->up)
			at->would = true;
	if (def->kind == NOC_STEP_STOP && end == NOC_END_OK)
		noc_lane_stopped(lane, noc_step_reason(lane, def));
	lane->left_alone |= stopped != NULL;
	if (stopped)
		noc_lane_stopped(lane, noc_strdup(stopped));
	noc_lane_set_end(lane, node, end);
	step_load_live(lane, node, row, step_states[state].state);
	if (end == NOC_END_NONE && noc_live_find(lane, node))
		noc_lane_set_end(lane, node, NOC_END_OPEN);
	if (end == NOC_END_FAILED)
		step_load_failure(lane, node, row);
}

/* How often it was tried again, or is about to be. */
static int
row_retries(const struct noc_step_row *row)
{
	const struct noc_value *live = noc_value_get(row->json, "live");
	int n = row->attempt > 1 && row->attempt <= NOC_TIMES_MAX
		    ? row->attempt - 1
		    : 0;

	return n + noc_value_is_str(noc_value_get(live, "wait"), "retry");
}

/* Of these, because the daemon died. */
static int
row_restarts(const struct noc_step_row *row)
{
	const struct noc_value *live = noc_value_get(row->json, "live");

	return noc_value_get(live, "restarts")
		   ? row_times(live, "restarts")
		   : row_times(row->json, "restarts");
}

void
noc_run_load_step(struct noc_core *core, void *part,
		  const struct noc_step_row *row)
{
	struct noc_run *r = noc_run_find(core, &row->run);
	struct noc_lane *lane;
	size_t node, i = 0;
	enum row_kind kind;

	(void)part;
	if (!r)
		return;
	/* What it gave is not known: what comes after it would go wrong. */
	if (!row->json || row->attempt < 0 || row->attempt > NOC_TIMES_MAX) {
		r->unread = true;
		return;
	}
	noc_blast_load(r, row);
	run_load_held(r, row);
	node = step_node(r, row, &kind);
	while (i < NOC_COUNT(step_states) &&
	       strcmp(step_states[i].state, row->state) != 0)
		i++;
	r->unread |= i == NOC_COUNT(step_states);
	if (node == r->plan->nsteps || i == NOC_COUNT(step_states))
		return;
	noc_cancel_note(r, kind == ROW_ITEM ? r->plan->nsteps : node, row->path,
			row->state);
	/* What a fork has copied was tried by another run. */
	if (r->plan->steps[node].kind != NOC_STEP_VERIFY &&
	    !noc_value_get(row->json, "copied")) {
		r->retries += row_retries(row);
		r->restarts += row_restarts(row);
	}
	lane = noc_container_lane(r, node, row->path, row->item);
	/* It is further than the run says. */
	r->unread |= noc_container_of(r->plan, node) >= r->plan->nbody &&
		     r->stage == NOC_STAGE_BODY;
	if (!lane)
		return;
	if (kind == ROW_STEP)
		step_load(lane, node, row, i);
	else if (kind == ROW_ITEM)
		noc_each_load_item(lane, node, row);
	else
		noc_undo_load(lane, node, row);
}
