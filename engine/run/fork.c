/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/fork.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "store/reader.h"
#include "engine/edge/env.h"
#include "engine/event/value.h"
#include "engine/flow/input.h"
#include "engine/run/fork_private.h"
#include "engine/run/resume.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"

#define GONE_MAX 100 /* told of those that the plan has no more */

/* ---- the original ---- */

static const char *
row_state(const char *state)
{
	static const char *const states[] = {
		"Pending", "Running", "Succeeded",
		"Failed",  "Skipped", "Cancelled"
	};

	for (size_t i = 0; i < NOC_COUNT(states); i++)
		if (!strcmp(states[i], state))
			return states[i];
	return "";
}

static void
on_fork_run(const struct noc_run_row *row, void *arg)
{
	struct noc_fork *f = arg;
	const char *tree;
	size_t n = sizeof(f->tree);

	f->found = true;
	f->id = row->id;
	f->rule = noc_strdup(row->rule);
	f->key = noc_strdup(row->key);
	f->mode = noc_strdup(row->mode);
	f->state = noc_strdup(row->ended_ns ? row->state : "");
	f->json = row->json ? noc_value_copy(row->json) : noc_value_map();
	f->was = noc_run_row_plan(f->core, row);
	if (!f->was)
		return;
	tree = noc_value_get_str(f->json, "tree", f->was->tree_said);
	f->calls_old =
	    !noc_unhex(tree, strlen(tree), f->tree, &n) && n == sizeof(f->tree);
}

static void
on_fork_step(const struct noc_step_row *row, void *arg)
{
	struct noc_fork *f = arg;
	struct fork_row *own;

	if (!row->json)
		return;
	NOC_GROW(f->rows, f->cap, f->nrows + 1);
	own = &f->rows[f->nrows++];
	*own = (struct fork_row){
		.path = noc_strdup(row->path),
		.item = row->item,
		.started_ns = row->started_ns,
		.ended_ns = row->ended_ns,
		.attempt = row->attempt,
		.state = row_state(row->state),
		.json = noc_value_copy(row->json),
	};
}

static void
on_fork_event(const struct noc_event_row *row, void *arg)
{
	struct noc_fork *f = arg;

	f->ev = row->json ? noc_event_from_value(row->json) : NULL;
	if (f->ev)
		f->ev->journaled = true;
}

static void
fork_release(struct noc_fork *f)
{
	for (size_t i = 0; i < f->nrows; i++) {
		free(f->rows[i].path);
		noc_value_free(f->rows[i].json);
	}
	free(f->rows);
	free(f->by_path);
	free(f->rule);
	free(f->key);
	free(f->mode);
	free(f->state);
	free(f->passed);
	noc_value_free(f->json);
	noc_event_unref(f->ev);
	noc_plan_unref(f->was);
	noc_plan_unref(f->plan);
}

static int
fork_load(struct noc_fork *f, const char *state_dir, struct noc_err *err)
{
	const struct noc_load load = {
		.run = on_fork_run,
		.step = on_fork_step,
		.event = on_fork_event,
		.arg = f,
	};
	char text[NOC_ID_TEXT];
	int rc = noc_load_run(state_dir, f->how->id, &load, err);

	if (rc)
		return rc;
	noc_id_format(text, &f->id);
	if (noc_run_find(f->core, &f->id))
		return noc_err_set(err, NOC_ECONFLICT,
				   "Run %s has not ended: `nocturne run cancel "
				   "%.8s` ends it, then it can be forked.",
				   text, text);
	if (!f->state[0])
		return noc_err_set(err, NOC_EAGAIN,
				   "Run %s ends just now: ask once more.",
				   text);
	if (!f->was)
		return noc_err_set(err, NOC_ECONFLICT,
				   "The definition of run %s is lost.", text);
	return 0;
}

/* ---- its plan ---- */

static struct noc_plan *
plan_current(const struct noc_fork *f)
{
	struct noc_ruleset *rs = noc_core_rules(f->core);
	struct noc_plan *p = rs ? noc_table_get(&rs->flows, f->rule) : NULL;
	const struct noc_rule *rule = rs ? noc_ruleset_rule(rs, f->rule) : NULL;

	if (!p && rule)
		p = rule->run;
	for (size_t i = 0; rs && !p && i < rs->ntasks; i++)
		if (!strcmp(rs->tasks[i].name, f->rule))
			p = rs->tasks[i].run;
	return p;
}

static int
fork_plan(struct noc_fork *f, struct noc_err *err)
{
	const char *said = f->how->plan;
	struct noc_plan *p = f->was;

	if (said && strcmp(said, "current") != 0)
		return noc_err_set(err, NOC_EINPUT,
				   "plan is \"current\" or is not said, not "
				   "'%.40s'.",
				   said);
	if (said) {
		p = plan_current(f);
		f->calls_old = false;
	}
	if (!p)
		return noc_err_set(err, NOC_ENOTFOUND,
				   "The rules have nothing called '%s' any "
				   "more.",
				   f->rule);
	f->plan = noc_plan_ref(p);
	return 0;
}

static size_t
node_branches(const struct noc_plan *p, size_t node)
{
	size_t n = 0;

	for (size_t i = node + 1; i < p->steps[node].end; i = p->steps[i].end)
		n++;
	return n;
}

/* Would the step of the plan now have done the same kind of thing? */
static bool
node_fits(const struct noc_fork *f, const struct fork_row *row)
{
	size_t n = (size_t)noc_value_get_int(row->json, "index", -1);
	const struct noc_step_def *was, *is;

	if (f->plan == f->was || n >= f->was->nsteps)
		return f->plan == f->was;
	was = &f->was->steps[n];
	is = &f->plan->steps[row->node];
	return was->kind == is->kind &&
	       !strcmp(was->action ? was->action : "",
		       is->action ? is->action : "") &&
	       !strcmp(was->call ? was->call : "", is->call ? is->call : "") &&
	       (was->kind != NOC_STEP_CHOOSE ||
		node_branches(f->was, n) == node_branches(f->plan, row->node));
}

static void
fork_place(struct noc_fork *f)
{
	for (size_t i = 0; i < f->nrows; i++) {
		struct fork_row *row = &f->rows[i];

		row->node = fork_node(f->plan, row->path, &row->kind);
		if (row->node < f->plan->nsteps && !node_fits(f, row))
			row->node = f->plan->nsteps;
	}
	fork_sort(f);
}

/* ---- may it be? ---- */

static int
how_check(const struct noc_fork_how *how, struct noc_err *err)
{
	if ((how->from != NULL) + how->failed + how->failed_items != 1)
		return noc_err_set(err, NOC_EINPUT,
				   "A fork goes on from a step (from), or at "
				   "what failed (failed), or with the items "
				   "that did (failed_items): say one of them.");
	return 0;
}

/* An each goes on with the list that it had. */
static int
fork_check_lists(const struct noc_fork *f, struct noc_err *err)
{
	for (size_t i = 0; i < f->nrows; i++) {
		const struct fork_row *row = &f->rows[i];
		const struct noc_value *live = noc_value_get(row->json, "live");

		if (row->fate == FORK_OPEN && row->kind == FORK_STEP &&
		    f->plan->steps[row->node].kind == NOC_STEP_EACH &&
		    !noc_value_get(live, "items") &&
		    !noc_value_get(live, "items_hash"))
			return noc_err_set(err, NOC_ECONFLICT,
					   "The list that '%s' went through is "
					   "not kept: --from %s does all of it "
					   "again.",
					   row->path, row->path);
	}
	return 0;
}

static int
fork_check(struct noc_fork *f, struct noc_err *err)
{
	const struct noc_fork_how *how = f->how;
	int rc = how->from ? fork_from(f, how->from, err) : 0;

	if (rc)
		return rc;
	fork_decide(f);
	if (f->passed)
		return noc_err_set(err, NOC_ECONFLICT,
				   "The run did not come to '%.100s': --from "
				   "%.100s decides that anew.",
				   how->from, f->passed);
	if (!f->again && !strcmp(f->state, "Succeeded"))
		return noc_err_set(err, NOC_ECONFLICT,
				   "Nothing of the run %s: --from STEP does "
				   "again what went well.",
				   how->failed ? "failed"
					       : "has items that did not "
						 "succeed");
	return fork_check_lists(f, err);
}

/* ---- the start ---- */

/* Where its last record is. */
static int64_t
fork_seq(const struct noc_fork *f, const char *state_dir)
{
	struct noc_value *params = noc_value_map(), *list = NULL;
	char text[NOC_ID_TEXT];
	struct noc_err err;
	int64_t seq = -1;

	noc_value_set(params, "run",
		      noc_value_str(noc_id_format(text, &f->id)));
	noc_value_set(params, "limit", noc_value_int(1));
	if (!noc_reader_query(state_dir, "audit", params, &list, &err))
		seq = noc_value_get_int(noc_value_at(list, 0), "seq", -1);
	noc_value_free(list);
	noc_value_free(params);
	return seq;
}

static struct noc_value *
fork_said(const struct noc_fork *f, const char *state_dir)
{
	struct noc_value *v = noc_value_map();
	const struct noc_fork_how *how = f->how;
	char text[NOC_ID_TEXT];

	noc_value_set(v, "run", noc_value_str(noc_id_format(text, &f->id)));
	noc_value_set(v, "seq", noc_value_int(fork_seq(f, state_dir)));
	if (how->from)
		noc_value_set(v, "from", noc_value_str(how->from));
	else
		noc_value_set(v, how->failed ? "failed" : "failed_items",
			      noc_value_bool(true));
	if (how->plan)
		noc_value_set(v, "plan", noc_value_str(how->plan));
	if (how->why && how->why[0])
		noc_value_set(v, "why", noc_value_str(how->why));
	return v;
}

/* `gone` leaves out what on_fail and finally did: that is always new. */
static bool
row_is_gone(const struct noc_fork *f, const struct fork_row *row)
{
	return row->node == f->plan->nsteps && !strpbrk(row->path, "/[!") &&
	       noc_value_get_int(row->json, "index", -1) <
		   (int64_t)f->was->nbody;
}

/* What it was given, and over that what it is given now. */
static struct noc_value *
fork_input(const struct noc_fork *f)
{
	const struct noc_value *was = noc_value_get(f->json, "input");
	const struct noc_value *more = f->how->input;
	struct noc_value *input =
	    was && was->type == NOC_MAP ? noc_value_copy(was) : NULL;

	if (more && !input)
		input = noc_value_map();
	for (size_t i = 0; i < noc_value_len(more); i++)
		noc_value_set(input, more->u.map.at[i].key,
			      noc_value_copy(more->u.map.at[i].value));
	return input;
}

static struct noc_value *
fork_gone(const struct noc_fork *f)
{
	struct noc_value *list = noc_value_list();

	for (size_t i = 0; i < f->nrows && noc_value_len(list) < GONE_MAX; i++)
		if (row_is_gone(f, &f->rows[i]))
			noc_value_push(list, noc_value_str(f->rows[i].path));
	return list;
}

static int
fork_start(struct noc_fork *f, const char *state_dir, struct noc_value **answer,
	   struct noc_err *err)
{
	const struct noc_value *extra = noc_value_get(f->json, "extra");
	bool by_rule = !strcmp(noc_value_get_str(f->json, "actor", ""), "rule");
	struct noc_value *input = fork_input(f);
	struct noc_value *said = fork_said(f, state_dir);
	struct noc_run_cause cause = {
		.plan = f->plan,
		.rule_name = f->rule,
		.ev = f->ev,
		.key = f->key,
		.extra = extra && extra->type == NOC_MAP ? extra : NULL,
		.actor = f->how->actor,
		.under = noc_value_get_str(f->json, "under",
					   by_rule ? f->rule : NULL),
		.fork = f,
		.forked_from = said,
	};
	char text[NOC_ID_TEXT];
	struct noc_id id;
	int rc;

	if (!noc_mode_parse(f->mode, &cause.mode))
		cause.mode = NOC_OBSERVE;
	rc = noc_input_check(f->rule, f->plan->input, &input, err);
	cause.input = input;
	if (!rc)
		rc = noc_run_start(f->core, &cause, &id, err);
	if (!rc) {
		*answer = noc_value_map();
		noc_value_set(*answer, "id",
			      noc_value_str(noc_id_format(text, &id)));
	}
	if (!rc && f->made) {
		noc_runs_of(f->core)->forked++;
		noc_value_set(*answer, "forked_from", noc_value_copy(said));
		noc_value_set(*answer, "copied", noc_value_int(f->copied));
		noc_value_set(*answer, "gone", fork_gone(f));
	}
	noc_value_free(input);
	noc_value_free(said);
	return rc;
}

int
noc_run_fork(struct noc_core *core, const struct noc_fork_how *how,
	     struct noc_value **answer, struct noc_err *err)
{
	const struct noc_env *env = noc_core_env(core);
	struct noc_fork f = { .core = core, .how = how };
	int rc = how_check(how, err);

	if (!rc && (!env || !env->state_dir))
		rc = noc_err_set(err, NOC_ENOTFOUND,
				 "There is no database to fork from.");
	if (!rc)
		rc = fork_load(&f, env->state_dir, err);
	if (!rc)
		rc = fork_plan(&f, err);
	if (!rc) {
		fork_place(&f);
		rc = fork_check(&f, err);
	}
	if (!rc)
		rc = fork_start(&f, env->state_dir, answer, err);
	fork_release(&f);
	return rc;
}

const uint8_t *
noc_fork_tree(const struct noc_fork *f)
{
	return f && f->calls_old ? f->tree : NULL;
}
