/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/event/value.h"
#include "engine/edge/env.h"
#include "engine/notify/notify.h"
#include "engine/run/attempt.h"
#include "engine/run/code.h"
#include "engine/run/escalate.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"
#include "engine/run/step_core.h"

/*
 * Runs after a restart: loaded from their rows, put back to where they
 * waited, and sent on by the same noc_run_advance.  Only an intent without a
 * result needs a decision (workflows: crash promise).
 */
#define RECOVERIES_MAX 5
#define BLOCKED_NS     (24 * 3600 * NOC_NS_PER_S)

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
plan_stored(const struct noc_run *r, const uint8_t hash[32])
{
	const struct noc_env *env = noc_core_env(r->core);
	struct noc_plan *p = NULL;
	struct noc_err err = { 0 };
	uint8_t is[32];
	char *json = env && env->state_dir
			 ? noc_load_definition(env->state_dir, hash)
			 : NULL;

	if (!json)
		return NULL;
	noc_sha256_once(json, strlen(json), is);
	if (memcmp(is, hash, sizeof(is)))
		noc_warn("resume", "run=%s its plan was altered", r->text);
	else if (noc_plan_from_json(json, &p, &err) < 0)
		noc_warn("resume", "run=%s %s", r->text, err.msg);
	free(json);
	return p;
}

static bool
run_find_plan(struct noc_run *r, const struct noc_run_row *row)
{
	struct noc_ruleset *rs = noc_core_rules(r->core);
	struct noc_plan *p = rs ? plan_in_rules(rs, row->definition) : NULL;
	const char *tree;
	size_t n = sizeof(r->tree);

	r->plan = p ? noc_plan_ref(p) : plan_stored(r, row->definition);
	if (!r->plan)
		return false;
	tree = noc_value_get_str(row->json, "tree", r->plan->tree_said);
	if (noc_unhex(tree, strlen(tree), r->tree, &n) || n != sizeof(r->tree))
		memset(r->tree, 0, sizeof(r->tree)); /* that of no rules */
	return true;
}

/* Without its definition nothing can be said of it but that it is over. */
static void
run_lost(struct noc_core *core, const struct noc_run_row *row)
{
	struct noc_run_row over = *row;
	struct noc_record *rec;

	over.state = "Failed";
	over.phase = "";
	over.outcome = "its definition is lost";
	over.ended_ns = noc_core_time(core).wall_ns;
	noc_txn_run(noc_core_txn(core), &over);
	rec = noc_txn_record(noc_core_txn(core), NOC_REC_RUN_END);
	noc_record_add_id(rec, NOC_TAG_RUN, &row->id);
	noc_record_adds(rec, NOC_TAG_OUTCOME, "Failed");
	noc_record_adds(rec, NOC_TAG_DETAIL,
			"{\"reason\":\"its definition is lost\"}");
}

/* ---- rows ---- */

static struct noc_value *
copy_map(const struct noc_value *json, const char *key)
{
	const struct noc_value *v = noc_value_get(json, key);

	return v && v->type == NOC_MAP ? noc_value_copy(v) : NULL;
}

static enum noc_wait
wait_find(const char *name)
{
	for (int w = NOC_WAIT_NONE; w <= NOC_WAIT_BLOCKED; w++)
		if (!strcmp(noc_wait_names[w], name))
			return (enum noc_wait)w;
	return NOC_WAIT_NONE;
}

static void
run_load_json(struct noc_run *r, const struct noc_value *json)
{
	const char *wait = noc_value_get_str(json, "wait", "");
	const struct noc_value *extra = noc_value_get(json, "extra");
	struct noc_value *confirmed = copy_map(json, "confirmed");
	struct noc_value *changed = copy_map(json, "changed");

	noc_value_free(r->json);
	r->json = json ? noc_value_copy(json) : noc_value_map();
	r->error = copy_map(json, "error");
	if (confirmed) {
		noc_value_free(r->confirmed);
		r->confirmed = confirmed;
	}
	if (changed) {
		noc_value_free(r->changed);
		r->changed = changed;
	}
	r->unread = json == NULL;
	r->wait = wait_find(wait);
	r->held = wait_find(noc_value_get_str(json, "held", ""));
	r->held_due_ns = noc_ns_sane(noc_value_get_int(json, "held_due", 0));
	r->at = (size_t)noc_value_get_int(json, "at", 0);
	r->due_ns = noc_ns_sane(noc_value_get_int(json, "due", 0));
	r->attempt = (int)noc_value_get_int(json, "attempt", 0);
	r->tries = (int)noc_value_get_int(json, "tries", 0);
	r->step_ns = noc_ns_sane(noc_value_get_int(json, "step", 0));
	r->retries = (int)noc_value_get_int(json, "retries", 0);
	r->recoveries = (int)noc_value_get_int(json, "recoveries", 0);
	r->ok_since_ns = noc_ns_sane(noc_value_get_int(json, "ok_since", 0));
	r->reads = (int)noc_value_get_int(json, "reads", 0);
	/* The first version did not say what it waited for when it lost its
	 * functions: its step does, noc_run_load_step. */
	if (!noc_value_get(json, "held") && r->plan->tree_said[0] &&
	    r->wait == NOC_WAIT_BLOCKED && r->recoveries <= RECOVERIES_MAX) {
		r->lacks_code = true;
		r->held_due_ns = 0;
	} else {
		r->lacks_code = noc_value_get(json, "held") != NULL;
	}
	r->probing = noc_value_get_int(json, "probing", 0) != 0;
	r->confirm_turn = noc_value_get_int(json, "turn", 0) != 0;
	r->counted = noc_value_get_int(json, "counted", 0) != 0;
	r->would = noc_value_get_int(json, "would", 0) != 0;
	r->late = noc_value_get_int(json, "late", 0) != 0;
	if (noc_value_get(json, "event"))
		r->ev = noc_event_from_value(noc_value_get(json, "event"));
	if (r->ev)
		r->ev->journaled = true;
	if (r->at >= r->plan->nsteps || (extra && extra->type != NOC_MAP))
		r->unread = true;
}

static void
run_load_esc(struct noc_run *r)
{
	const struct noc_value *esc = noc_value_get(r->json, "esc");
	const struct noc_step_def *def = noc_run_step(r);

	if (!esc)
		return;
	r->esc.on_fail = noc_value_get_bool(esc, "on_fail", true);
	r->esc.level = (size_t)noc_value_get_int(esc, "level", 0);
	r->esc.since_ns = noc_ns_sane(noc_value_get_int(esc, "since", 0));
	r->esc.def = r->esc.on_fail ? r->plan->on_fail
		     : def	    ? def->escalation
				    : NULL;
	if (r->esc.def)
		noc_escalate_watch(r, true);
}

void
noc_run_load(struct noc_core *core, void *part, const struct noc_run_row *row)
{
	struct noc_runs *runs = part;
	struct noc_run *r;

	if (row->ended_ns || noc_run_find(core, &row->id))
		return;
	r = noc_run_new(core, &row->id);
	if (!run_find_plan(r, row)) {
		noc_table_deln(&runs->by_id, r->id.b, sizeof(r->id.b));
		noc_run_free(r);
		run_lost(core, row);
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
	/* Saved from a damaged database, or not readable: people decide. */
	if (r->unread ||
	    (!strcmp(row->phase, "blocked") && r->wait != NOC_WAIT_ASK &&
	     r->wait != NOC_WAIT_BLOCKED)) {
		r->wait = NOC_WAIT_BLOCKED;
		r->due_ns = 0;
	}
	noc_run_set_info(r);
	noc_run_look(r);
	run_load_esc(r);
}

/* What it waited for, of a row that does not say it: as much as is known of
 * its step.  What may be out has to be settled. */
static void
run_load_held(struct noc_run *r, const struct noc_step_row *row)
{
	const struct noc_step_def *def = noc_run_step(r);
	const char *outcome = noc_value_get_str(row->json, "outcome", "");

	if (!r->lacks_code || noc_value_get(r->json, "held") || !def ||
	    strcmp(def->name, row->path) != 0)
		return;
	if (!strcmp(row->state, "Running"))
		r->held = def->kind == NOC_STEP_SLEEP ? NOC_WAIT_SLEEP
						      : NOC_WAIT_CALL;
	else if (!strcmp(row->state, "Pending"))
		r->held = !strcmp(outcome, "in_doubt") ? NOC_WAIT_ASK
						       : NOC_WAIT_RETRY;
	r->held_due_ns = row->due_ns;
}

void
noc_run_load_step(struct noc_core *core, void *part,
		  const struct noc_step_row *row)
{
	struct noc_run *r = noc_run_find(core, &row->run);
	const struct noc_value *output = noc_value_get(row->json, "output");

	(void)part;
	if (r)
		run_load_held(r, row);
	/* What it gave is not known: what comes after it would go wrong. */
	if (r && !row->json) {
		r->unread = true;
		r->wait = NOC_WAIT_BLOCKED;
		r->due_ns = 0;
	}
	if (r && output && !strcmp(row->state, "Succeeded"))
		noc_value_set(r->steps, row->path, noc_value_copy(output));
}

/* ---- where it goes on ---- */

static void
run_block(struct noc_run *r, const char *why)
{
	char text[400];

	noc_run_wait(r, NOC_WAIT_BLOCKED, "blocked",
		     noc_steady_now(r->core) + BLOCKED_NS);
	snprintf(text, sizeof(text),
		 "%s %s: run %s is blocked: %s. `nocturne run signal` it %s",
		 r->rule, r->device, r->text, why,
		 r->unread	 ? "fail"
		 : r->lacks_code ? "done or fail, or load them"
				 : "retry, done or fail");
	noc_notify_text(r->core, "noc", text, r->ev, r->mode, &r->id);
}

/* An intent without a result. */
static void
run_recover(struct noc_run *r, const struct noc_step_def *def)
{
	struct noc_step_done d = { .def = def };
	struct noc_failure f;

	if (++r->recoveries > RECOVERIES_MAX) {
		run_block(r, "the daemon died more than 5 times in it");
		return;
	}
	if (r->tries > 0)
		r->tries--;
	r->wait = NOC_WAIT_NONE;
	r->dirty = true;
	if (def->kind == NOC_STEP_EMIT) {
		if (noc_step_emitted(r, def))
			noc_step_succeed(r, NULL, &d);
		else
			noc_step_emit(r, def);
		return;
	}
	if (def->kind == NOC_STEP_VERIFY) {
		noc_attempt_begin(r);
		return;
	}
	noc_failure_set(&f, "in_doubt", "nocturne", "restart",
			"the daemon stopped before the result came");
	d.failure = &f;
	if (!def->mutates || r->probing)
		noc_step_retry(r, &d, 0);
	else
		noc_attempt_in_doubt(r, &d);
}

/* The functions that it lacked are back: it waits for what it did. */
static bool
run_is_back(struct noc_run *r)
{
	if (!r->lacks_code || !noc_code_is_at_hand(r))
		return false;
	r->lacks_code = false;
	r->wait = r->held;
	r->due_ns = r->held_due_ns;
	return true;
}

/* Until when it was written down to wait: nothing new for its row. */
static void
run_wait_on(struct noc_run *r, const char *phase)
{
	bool dirty = r->dirty;

	noc_run_wait(r, r->wait, phase, r->due_ns);
	r->dirty = dirty;
}

static void
run_go_on(struct noc_run *r)
{
	const struct noc_step_def *def = noc_run_step(r);
	bool back = run_is_back(r);

	if (!r->unread && !noc_code_is_at_hand(r) &&
	    r->wait != NOC_WAIT_ESCALATE && r->wait != NOC_WAIT_BLOCKED) {
		r->lacks_code = true;
		r->held = r->wait;
		r->held_due_ns = r->due_ns;
		run_block(r, "its functions are not in the rules any more");
		return;
	}
	switch (r->wait) {
	case NOC_WAIT_NONE:
		break;
	case NOC_WAIT_CALL:
		if (def)
			run_recover(r, def);
		break;
	case NOC_WAIT_QUEUE: /* it was not begun: again into the queue */
		r->wait = NOC_WAIT_NONE;
		if (r->attempt == 0)
			r->step_ns = noc_steady_now(r->core);
		if (def)
			noc_attempt_begin(r);
		break;
	case NOC_WAIT_RETRY:
		run_wait_on(r, "retrying");
		break;
	case NOC_WAIT_READ:
		run_wait_on(r, "waiting_read");
		break;
	case NOC_WAIT_PAUSE:
		run_wait_on(r, "paused");
		break;
	case NOC_WAIT_SLEEP:
		run_wait_on(r, "sleeping");
		break;
	case NOC_WAIT_VERIFY:
		run_wait_on(r, "verifying");
		break;
	case NOC_WAIT_ESCALATE:
		if (r->esc.def)
			run_wait_on(r, noc_escalate_phase(r));
		else
			noc_run_end(r, "Failed", r->outcome);
		break;
	case NOC_WAIT_ASK:
	case NOC_WAIT_BLOCKED:
		if (r->due_ns)
			run_wait_on(r, "blocked");
		else
			run_block(r, r->unread ? "its rows cannot be read"
					       : "its rows come from a damaged "
						 "database");
		break;
	}
	r->dirty |= back;
}

/* An event read back knows its device by name only. */
static void
run_aim(struct noc_run *r)
{
	struct noc_inventory *inv = noc_core_inv(r->core);

	if (!r->ev || r->ev->inventory || !inv)
		return;
	r->ev->inventory = noc_inventory_by_name(inv, r->ev->device);
	if (r->ev->inventory)
		noc_inventory_ref(r->ev->inventory->owner);
}

/* Whether it happened is settled first, however late that is. */
static bool
run_in_doubt(const struct noc_run *r)
{
	const struct noc_step_def *def = noc_run_step(r);

	return r->wait == NOC_WAIT_CALL && def && def->mutates &&
	       def->kind == NOC_STEP_ACTION && !r->probing;
}

void
noc_run_ready(struct noc_core *core, void *part)
{
	size_t n;
	struct noc_run **all = noc_run_all(part, &n);

	noc_escalate_named(core, NULL, NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		struct noc_run *r = all[i];

		noc_info("resume", "run=%s rule=%s step=%zu wait=%s", r->text,
			 r->rule, r->at, noc_wait_names[r->wait]);
		run_aim(r);
		if (run_in_doubt(r) || !noc_run_overdue(r))
			run_go_on(r);
		noc_run_limit(r);
		noc_run_advance(r);
	}
	free(all);
	noc_code_trim(part);
}

/* New rules: some may hold the functions that a blocked run lacks.  It goes on
 * as after a restart: what a person was asked, a person answers. */
void
noc_run_reload(struct noc_core *core, void *part)
{
	size_t n;
	struct noc_run **all = noc_run_all(part, &n);

	(void)core;
	noc_code_retry(part);
	for (size_t i = 0; i < n; i++) {
		struct noc_run *r = all[i];

		if (!r->lacks_code || !noc_code_is_at_hand(r))
			continue;
		run_go_on(r);
		noc_run_limit(r); /* it may have been over meanwhile */
		noc_run_advance(r);
	}
	free(all);
	noc_code_trim(part);
}
