/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "store/crash.h"
#include "engine/core/due.h"
#include "engine/run/each.h"
#include "engine/run/live.h"
#include "engine/run/queue.h"
#include "engine/run/run_private.h"
#include "engine/run/lane.h"
#include "engine/run/runner.h"
#include "engine/run/targets.h"
#include "engine/run/advance.h"
#include "engine/run/cancel.h"
#include "engine/run/stage.h"
#include "engine/run/token.h"
#include "engine/run/undo.h"

/*
 * What a run leaves in the journal and in its rows.  Its own row (rows_run.c)
 * is all that resume needs but for the outputs of finished steps, which are in
 * theirs.
 */

/* ---- the run ---- */

const char *
noc_run_phase(const char *text)
{
	return noc_phase_names[noc_phase_find(text)];
}

static void
run_set_phase(struct noc_run *r)
{
	const char *least = r->stage == NOC_STAGE_UNDO ? "compensating"
			    : r->paused		       ? "paused"
						       : "";
	size_t best = 0, most = noc_phase_find(least);

	while (best < most && !r->phases[best])
		best++;
	if (!strcmp(r->phase, noc_phase_names[best]))
		return;
	r->phase = noc_phase_names[best];
	r->dirty = true;
}

/* Write what has changed once an input, and give an ended run to be buried. */
void
noc_run_store(struct noc_run *r)
{
	struct noc_runs *runs = noc_runs_of(r->core);

	r->slice = 0;
	noc_live_store_touched(r);
	noc_value_free(r->info);
	noc_value_free(r->extra);
	r->info = r->extra = NULL;
	if (!r->ended)
		run_set_phase(r);
	if (!r->dirty && noc_run_next(r) == r->at)
		return;
	r->dirty = false;
	r->at = noc_run_next(r);
	noc_run_write_row(r);
	if (!r->ended)
		return;
	/* Not before: whoever is next has its row behind this one. */
	noc_queue_leave(r);
	noc_table_deln(&runs->by_id, r->id.b, sizeof(r->id.b));
	r->next_dead = runs->dead;
	runs->dead = r;
}

void
noc_run_write_definition(struct noc_run *r)
{
	struct noc_runs *runs = noc_runs_of(r->core);

	if (noc_table_putn(&runs->plans, r->plan->hash, 32, runs))
		return;
	noc_txn_definition(noc_core_txn(r->core), r->plan->hash, "plan",
			   r->plan->name, r->plan->json);
}

/* Sorted as in the commitment, so that the row's text is what was committed
 * to; null, so that nothing can be put in later. */
static const struct noc_value *
run_given(struct noc_run *r, const char *name)
{
	const struct noc_value *v = noc_value_get(r->json, name);
	struct noc_value *sorted = NULL;
	char *text = v ? noc_json_string(v, NOC_JSON_CANONICAL) : NULL;

	if (!v)
		noc_value_set(r->json, name, noc_value_nil());
	else if (!NOC_FAILS(
		     !noc_json_parse_own(text, strlen(text), &sorted, NULL)))
		noc_value_set(r->json, name, sorted);
	free(text);
	return noc_value_get(r->json, name);
}

/* [input, extra], and the salt for the row. */
static void
run_commit_given(struct noc_run *r, struct noc_record *rec)
{
	struct noc_value *given = noc_value_list();
	char salt[33];

	noc_value_push(given, noc_value_copy(run_given(r, "input")));
	noc_value_push(given, noc_value_copy(run_given(r, "extra")));
	noc_txn_add_commitment(noc_core_txn(r->core), rec, given, salt);
	noc_value_set(r->json, "salt", noc_value_str(salt));
	noc_value_free(given);
}

void
noc_run_write_start(struct noc_run *r, const uint8_t *rule_definition)
{
	static const char *const said[] = { "dedup", "tree", "forked_from",
					    "started_by" };
	struct noc_txn *txn = noc_core_txn(r->core);
	struct noc_value *detail = noc_value_map();
	char hex[65], plan[65], cause[NOC_ID_TEXT];
	struct noc_record *rec;

	noc_run_write_definition(r);
	noc_hex(plan, r->plan->hash, 32);
	noc_hex(hex, rule_definition ? rule_definition : r->plan->hash, 32);
	noc_value_set(detail, "mode", noc_value_str(noc_mode_name(r->mode)));
	noc_value_set(detail, "key", noc_value_str(r->key));
	noc_value_set(detail, "device", noc_value_str(r->device));
	if (r->late)
		noc_value_set(detail, "late", noc_value_bool(true));
	if (r->pending)
		noc_value_set(detail, "queued", noc_value_str(r->outcome));
	for (size_t i = 0; i < NOC_COUNT(said); i++)
		if (noc_value_get(r->json, said[i]))
			noc_value_set(
			    detail, said[i],
			    noc_value_copy(noc_value_get(r->json, said[i])));
	rec = noc_txn_record(txn, NOC_REC_RUN_START);
	if (r->ev)
		noc_record_add_id(rec, NOC_TAG_EVENT, &r->ev->id);
	noc_record_adds(rec, NOC_TAG_RUN, r->text);
	noc_record_addf(rec, NOC_TAG_RULE, "%s@%.12s", r->rule, hex);
	noc_record_adds(rec, NOC_TAG_ACTOR, r->actor);
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	run_commit_given(r, rec);
	noc_record_adds(rec, NOC_TAG_DEFINITION, plan);
	noc_record_adds(rec, NOC_TAG_CAUSE,
			r->ev ? noc_id_format(cause, &r->ev->id) : r->actor);
	noc_value_free(detail);
	noc_crash_point("run.after_start");
}

void
noc_run_write_end(struct noc_run *r)
{
	struct noc_value *detail = noc_value_map();
	struct noc_record *rec;

	noc_value_set(detail, "reason", noc_value_str(r->outcome));
	noc_value_set(detail, "ms", noc_value_int(r->took_ns / NOC_NS_PER_MS));
	if (r->error)
		noc_value_set(detail, "error", noc_value_copy(r->error));
	if (!strcmp(r->state, "Cancelled"))
		noc_value_set(detail, "stays_changed", noc_cancel_stays(r));
	rec = noc_txn_record(noc_core_txn(r->core), NOC_REC_RUN_END);
	noc_record_adds(rec, NOC_TAG_RUN, r->text);
	noc_record_adds(rec, NOC_TAG_RULE, r->rule);
	noc_record_adds(rec, NOC_TAG_OUTCOME, r->state);
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_value_free(detail);
}

void
noc_run_write_signal(struct noc_run *r, const char *signal, const char *actor,
		     const char *why)
{
	struct noc_value *detail = noc_value_map();
	struct noc_record *rec;

	noc_value_set(detail, "why", noc_value_str(why));
	noc_value_set(detail, "phase", noc_value_str(r->phase));
	rec = noc_txn_record(noc_core_txn(r->core), NOC_REC_SIGNAL);
	noc_record_adds(rec, NOC_TAG_RUN, r->text);
	noc_record_adds(rec, NOC_TAG_ACTOR, actor);
	noc_record_adds(rec, NOC_TAG_OUTCOME, signal);
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_value_free(detail);
}

/* ---- steps ---- */

struct noc_value *
noc_failure_value(const struct noc_failure *f)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "class", noc_value_str(f->class));
	noc_value_set(v, "block", noc_value_str(f->block));
	noc_value_set(v, "code", noc_value_str(f->code));
	noc_value_set(v, "message", noc_value_str(f->message));
	if (f->critical)
		noc_value_set(v, "severity", noc_value_str("critical"));
	return v;
}

static const char *
step_action(const struct noc_step_def *def)
{
	if (def->kind != NOC_STEP_ACTION && def->kind != NOC_STEP_VERIFY)
		return noc_step_kind_name(def->kind);
	return def->action;
}

/* Many begin in one millisecond: people want them in the order of the flow. And
 * a fork asks who took back what. */
static void
step_place(const struct noc_live *l, struct noc_value *json)
{
	const char *by = noc_undo_by(l);

	noc_value_set(json, "index", noc_value_int((int64_t)l->node));
	if (by)
		noc_value_set(json, "by", noc_value_str(by));
}

/* For people: nothing goes on from it. */
static int64_t
row_due(const struct noc_run *r, int64_t due_ns)
{
	return due_ns ? noc_steady_wall(r->core, due_ns) : 0;
}

/* json is owned; it is written when the input is through with the run. */
static void
step_row_is(struct noc_live *l, const char *state, struct noc_value *json)
{
	noc_live_say(l, json);
	l->state = state;
	noc_live_touch(l);
}

/* What its record says of a start. */
static struct noc_value *
step_intent(const struct noc_live *l)
{
	struct noc_value *json = noc_value_map();
	char token[NOC_TOKEN_TEXT], iso[32];

	noc_value_set(json, "attempt", noc_value_int(l->attempt));
	if (l->more->order) {
		noc_value_set(json, "order", noc_value_int(l->more->order));
		noc_value_set(json, "undo", noc_value_bool(true));
	}
	noc_value_set(json, "token", noc_value_str(noc_token(l, token)));
	if (l->due_ns)
		noc_value_set(json, "deadline",
			      noc_value_str(noc_time_iso(
				  iso, row_due(l->run, l->due_ns))));
	return json;
}

/* And its row beside that; said is owned. */
static void
step_say_start(const struct noc_live *l, struct noc_value *json,
	       const char *target, struct noc_value *said)
{
	step_place(l, json);
	noc_value_set(json, "action",
		      noc_value_str(step_action(noc_live_step(l))));
	noc_value_set(json, "target", noc_value_str(target));
	noc_value_set(json, "params", said);
	noc_targets_say(l, json);
}

struct noc_value *
noc_step_row_json(const struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_value *json;

	if (def->kind == NOC_STEP_SLEEP && !strcmp(l->state, "Running")) {
		json = step_intent(l);
		step_say_start(l, json, "", noc_value_map());
		return json;
	}
	json = noc_value_map();
	step_place(l, json);
	noc_value_set(json, "action", noc_value_str(step_action(def)));
	return json;
}

void
noc_step_write_start(struct noc_live *l, const struct noc_step_def *def,
		     const char *target, const struct noc_value *params)
{
	const struct noc_run *r = l->run;
	struct noc_txn *txn = noc_core_txn(r->core);
	struct noc_value *json, *said;
	struct noc_record *rec;
	char plan[65];

	noc_undo_mark(l);
	json = step_intent(l);
	noc_hex(plan, r->plan->hash, 32);
	rec = noc_txn_record(txn, NOC_REC_STEP_START);
	noc_record_adds(rec, NOC_TAG_RUN, r->text);
	noc_record_addf(rec, NOC_TAG_RULE, "%s@%.12s", r->rule, plan);
	noc_record_adds(rec, NOC_TAG_ACTION, step_action(def));
	noc_record_adds(rec, NOC_TAG_TARGET, target);
	noc_record_add_json(rec, NOC_TAG_DETAIL, json);
	/* One is shown to hold by the other. */
	said = noc_redact_value(params);
	noc_txn_add_commitment(txn, rec, said, NULL);
	noc_record_adds(rec, NOC_TAG_STEP, l->path);

	step_say_start(l, json, target, said);
	step_row_is(l, "Running", json);
}

static void
step_write_record(const struct noc_live *l, const struct noc_step_done *d,
		  struct noc_value *json)
{
	const struct noc_run *r = l->run;
	struct noc_txn *txn = noc_core_txn(r->core);
	struct noc_value *nothing = noc_value_nil();
	struct noc_record *rec = noc_txn_record(txn, NOC_REC_STEP_DONE);

	noc_record_adds(rec, NOC_TAG_RUN, r->text);
	noc_record_adds(rec, NOC_TAG_ACTION, step_action(d->def));
	noc_record_adds(rec, NOC_TAG_TARGET, d->target ? d->target : "");
	noc_record_adds(rec, NOC_TAG_OUTCOME, d->outcome);
	noc_record_add_json(rec, NOC_TAG_DETAIL, json);
	noc_txn_add_commitment(txn, rec,
			       d->whole	   ? d->whole
			       : d->output ? d->output
					   : nothing,
			       NULL);
	noc_record_adds(rec, NOC_TAG_STEP, l->path);
	noc_value_free(nothing);
}

/* What a start needs of an each that has ended. */
static struct noc_value *
step_table(const struct noc_live *l, const struct noc_value *whole)
{
	struct noc_value *live = noc_value_map();

	noc_value_set(live, "table", noc_value_copy(whole));
	if (l->more->each)
		noc_each_store(l->more->each, live);
	return live;
}

/* And of a called flow of which something may be undone. */
static struct noc_value *
step_input(const struct noc_value *input)
{
	struct noc_value *live = noc_value_map();

	noc_value_set(live, "input", noc_value_copy(input));
	return live;
}

void
noc_step_write_done(struct noc_live *l, const struct noc_step_done *d)
{
	const struct noc_run *r = l->run;
	struct noc_value *json = noc_value_map();
	bool over = strcmp(d->state, "Pending") != 0;
	struct noc_step_row row = {
		.run = r->id,
		.path = l->path,
		.node = (int64_t)l->node,
		.item = l->lane->item,
		.attempt = l->attempt,
		.state = d->state,
		.started_ns = noc_steady_wall(r->core, l->step_ns),
		.ended_ns = over ? noc_core_time(r->core).wall_ns : 0,
		.due_ns = row_due(r, d->due_ns),
		.json = json,
	};

	if (l->attempt)
		noc_value_set(json, "attempt", noc_value_int(l->attempt));
	if (l->more->restarts)
		noc_value_set(json, "restarts",
			      noc_value_int(l->more->restarts));
	if (d->took_ms)
		noc_value_set(json, "ms", noc_value_int(d->took_ms));
	if (l->reads)
		noc_value_set(json, "reads", noc_value_int(l->reads));
	if (d->failure)
		noc_value_set(json, "error", noc_failure_value(d->failure));
	if (d->changed)
		noc_value_set(json, "changed", noc_value_copy(d->changed));
	for (size_t i = 0; i < noc_value_len(d->counts); i++)
		noc_value_set(json, d->counts->u.map.at[i].key,
			      noc_value_copy(d->counts->u.map.at[i].value));
	step_write_record(l, d, json);

	step_place(l, json);
	if (l->more->order)
		noc_value_set(json, "order", noc_value_int(l->more->order));
	if (d->whole)
		noc_value_set(json, "live", step_table(l, d->whole));
	if (d->input)
		noc_value_set(json, "live", step_input(d->input));
	noc_value_set(json, "outcome", noc_value_str(d->outcome));
	noc_value_set(json, "action", noc_value_str(step_action(d->def)));
	noc_value_set(json, "target",
		      noc_value_str(d->target ? d->target : ""));
	if (d->params)
		noc_value_set(json, "params", noc_redact_value(d->params));
	if (d->output)
		noc_value_set(json, "output", noc_value_copy(d->output));
	noc_targets_say(l, json);
	step_row_is(l, d->state, json);
	noc_cancel_note(l->run, l->node, l->path, d->state);
	NOC_LIVE_SET(l, ended_ns, row.ended_ns);
	if (over) {
		noc_txn_step(noc_core_txn(r->core), &row);
		l->dirty = false;
	}
	noc_crash_point("run.after_done");
}

void
noc_step_write_stopped(struct noc_live *l, const char *why)
{
	const struct noc_run *r = l->run;
	struct noc_value *json = noc_step_row_json(l);
	const struct noc_step_row row = {
		.run = r->id,
		.path = l->path,
		.node = (int64_t)l->node,
		.item = l->lane->item,
		.attempt = l->attempt,
		.state = "Skipped",
		.started_ns = noc_steady_wall(r->core, l->step_ns),
		.ended_ns = noc_core_time(r->core).wall_ns,
		.json = json,
	};

	noc_value_set(json, "outcome", noc_value_str(why));
	noc_value_set(json, "stopped", noc_value_str(why));
	noc_txn_step(noc_core_txn(r->core), &row);
	noc_value_free(json);
	l->dirty = false;
}
