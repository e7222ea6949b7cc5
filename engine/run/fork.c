/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/fork.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/reader.h"
#include "engine/core/command.h"
#include "engine/core/due.h"
#include "engine/core/steady.h"
#include "engine/edge/env.h"
#include "engine/flow/input.h"
#include "engine/run/fork_private.h"
#include "engine/run/queue.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"

#define GONE_MAX 100 /* told of those that the plan has no more */

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
	struct noc_value *said = f->said = fork_said(f, state_dir);
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
	if (!rc)
		f->gone = fork_gone(f);
	noc_value_free(input);
	return rc;
}

/* ---- a slice in an input ---- */

/* > 0: it goes on in another input. */
static int
fork_turn(struct noc_fork *f, struct noc_err *err)
{
	const char *state_dir = noc_core_env(f->core)->state_dir;
	struct noc_run *r;
	char text[NOC_ID_TEXT];
	int rc = 0;

	switch (f->phase) {
	case FORK_READS:
		rc = fork_read(f, state_dir, err);
		if (!rc)
			f->phase = FORK_DECIDES;
		return rc ? rc : f->nrows > FORK_SLICE;
	case FORK_DECIDES:
		rc = fork_plan(f, err);
		if (!rc) {
			fork_place(f);
			rc = fork_check(f, err);
		}
		f->phase = FORK_STARTS;
		return rc ? rc : f->nrows > FORK_SLICE;
	case FORK_STARTS:
		rc = fork_start(f, state_dir, &f->answer, err);
		f->phase = FORK_COPIES;
		return rc ? rc : f->made && f->ncopy > FORK_SLICE;
	case FORK_COPIES:
		r = noc_run_find(f->core, &f->made_id);
		if (!r)
			return noc_err_set(err, NOC_ECONFLICT,
					   "Run %s was cancelled before it was "
					   "whole.",
					   noc_id_format(text, &f->made_id));
		rc = fork_copy(r, f);
		if (!rc)
			noc_queue_let_go(r);
		return rc;
	}
	return rc;
}

/* As far as it goes in this input. */
static int
fork_go(struct noc_fork *f, struct noc_err *err)
{
	bool last;
	int rc;

	do {
		last = f->phase >= FORK_STARTS;
		rc = fork_turn(f, err);
	} while (!rc && !last);
	return rc;
}

static void
fork_tell(struct noc_fork *f)
{
	if (!f->answer || !f->made)
		return;
	noc_runs_of(f->core)->forked++;
	noc_value_set(f->answer, "forked_from", noc_value_copy(f->said));
	noc_value_set(f->answer, "copied", noc_value_int(f->copied));
	noc_value_set(f->answer, "gone", f->gone);
	f->gone = NULL;
}

static void
fork_free(struct noc_fork *f)
{
	struct noc_fork **at = &noc_runs_of(f->core)->forks;

	while (*at && *at != f)
		at = &(*at)->next;
	if (*at)
		*at = f->next;
	fork_release(f);
	free(f);
}

static void
on_fork_due(struct noc_due *due, struct noc_core *core)
{
	struct noc_fork *f =
	    (struct noc_fork *)((char *)due - offsetof(struct noc_fork, due));
	struct noc_value *answer;
	struct noc_err err = { 0 };
	int rc;

	rc = fork_go(f, &err);
	if (rc > 0) {
		noc_due_arm_steady(core, &f->due, noc_steady_now(core) + 1);
		return;
	}
	if (!rc)
		fork_tell(f);
	answer = rc ? NULL : f->answer;
	f->answer = rc ? f->answer : NULL;
	noc_command_answer(core, f->later, rc, answer, &err);
	f->later = NULL;
	fork_free(f);
}

static char *
text_own(const char *text)
{
	return text ? noc_strdup(text) : NULL;
}

/* The command is gone by then. */
static void
fork_later(struct noc_fork *f)
{
	struct noc_runs *runs = noc_runs_of(f->core);
	const struct noc_fork_how *how = f->how;

	f->own = *how;
	f->own.id = text_own(how->id);
	f->own.from = text_own(how->from);
	f->own.plan = text_own(how->plan);
	f->own.actor = text_own(how->actor);
	f->own.why = text_own(how->why);
	f->own.input = how->input ? noc_value_copy(how->input) : NULL;
	f->how = &f->own;
	f->next = runs->forks;
	runs->forks = f;
	f->due.on_due = on_fork_due;
	noc_due_arm_steady(f->core, &f->due, noc_steady_now(f->core) + 1);
}

void
noc_fork_close(struct noc_runs *runs)
{
	while (runs->forks)
		fork_free(runs->forks);
}

int
noc_run_fork(struct noc_core *core, const struct noc_fork_how *how,
	     struct noc_value **answer, struct noc_err *err)
{
	const struct noc_env *env = noc_core_env(core);
	struct noc_fork *f;
	int rc = how_check(how, err);

	if (!rc && (!env || !env->state_dir))
		rc = noc_err_set(err, NOC_ENOTFOUND,
				 "There is no database to fork from.");
	if (rc)
		return rc;
	f = noc_calloc(1, sizeof(*f));
	f->core = core;
	f->how = how;
	rc = fork_load(f, env->state_dir, err);
	if (!rc)
		rc = fork_go(f, err);
	if (rc > 0 && (f->later = noc_command_later(core))) {
		fork_later(f);
		return 0;
	}
	while (rc > 0) /* nobody can be told later */
		rc = fork_go(f, err);
	if (!rc) {
		fork_tell(f);
		*answer = f->answer;
		f->answer = NULL;
	}
	fork_free(f);
	return rc;
}

const uint8_t *
noc_fork_tree(const struct noc_fork *f)
{
	return f && f->calls_old ? f->tree : NULL;
}
