/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "engine/core/command.h"
#include "engine/core/due.h"
#include "engine/edge/env.h"
#include "engine/event/value.h"
#include "engine/run/fork_private.h"
#include "engine/run/resume.h"

/* The original of a fork, as its rows have it. */

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
	free(f->last);
	f->last = noc_strdup(row->path);
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

/* Texts that are owned. */
static void
how_release(const struct noc_fork_how *how)
{
	const char *const texts[] = { how->id, how->from, how->plan, how->actor,
				      how->why };

	for (size_t i = 0; i < NOC_COUNT(texts); i++)
		free((void *)(uintptr_t)texts[i]);
	noc_value_free((struct noc_value *)(uintptr_t)how->input);
}

void
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
	free(f->last);
	noc_value_free(f->answer);
	noc_value_free(f->said);
	noc_value_free(f->gone);
	noc_command_drop(f->later);
	noc_due_disarm(f->core, &f->due);
	if (f->how == &f->own)
		how_release(&f->own);
	noc_value_free(f->json);
	noc_event_unref(f->ev);
	noc_plan_unref(f->was);
	noc_plan_unref(f->plan);
}

int
fork_load(struct noc_fork *f, const char *state_dir, struct noc_err *err)
{
	const struct noc_load load = {
		.run = on_fork_run,
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
	if (noc_value_get(f->json, "copying"))
		return noc_err_set(
		    err, NOC_ECONFLICT,
		    "Run %s is a fork of which not all was "
		    "copied: fork run %s again.",
		    text,
		    noc_value_get_str(noc_value_get(f->json, "forked_from"),
				      "run", "?"));
	return 0;
}

static void
on_fork_there(const struct noc_run_row *row, void *arg)
{
	(void)row;
	(void)arg;
}

/* The file may have been made anew while it was read, or the run deleted. */
static int
fork_is_there(const struct noc_fork *f, const char *state_dir,
	      struct noc_err *err)
{
	const struct noc_load load = { .run = on_fork_there };
	char text[NOC_ID_TEXT];

	return noc_load_run(state_dir, noc_id_format(text, &f->id), &load, err);
}

/* Some more of its rows; > 0: not all of them. */
int
fork_read(struct noc_fork *f, const char *state_dir, struct noc_err *err)
{
	const struct noc_load load = { .step = on_fork_step, .arg = f };
	int n = noc_load_run_steps(state_dir, &f->id, f->last ? f->last : "",
				   FORK_SLICE, &load, err);

	if (n < 0 || n == FORK_SLICE)
		return n < 0 ? n : 1;
	return f->nrows > FORK_SLICE ? fork_is_there(f, state_dir, err) : 0;
}
