/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "store/crash.h"
#include "engine/run/container.h"
#include "engine/run/each.h"
#include "engine/run/fork_private.h"
#include "engine/run/live.h"
#include "engine/run/queue.h"
#include "engine/run/resume.h"
#include "engine/run/runner.h"

/* What of the original stands in the rows of its fork. */

/* As a start loads them. */
static int
row_by_place(const void *a, const void *b)
{
	const struct fork_row *x = a, *y = b;
	bool xi = x->kind == FORK_ITEM, yi = y->kind == FORK_ITEM;

	if (x->node != y->node)
		return x->node < y->node ? -1 : 1;
	if (xi != yi)
		return xi ? 1 : -1;
	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* The list that it names is kept for as long as the row is. */
static void
row_keep_list(struct noc_run *r, const struct fork_row *row)
{
	const struct noc_value *live = noc_value_get(row->json, "live");
	const char *hex = noc_value_get_str(live, "items_hash", "");
	uint8_t hash[32];
	size_t n = sizeof(hash);
	struct noc_value *items;
	char *text;

	if (!*hex || noc_unhex(hex, strlen(hex), hash, &n) || n != sizeof(hash))
		return;
	items = noc_each_frozen(r, live);
	text = items ? noc_json_string(items, NOC_JSON_CANONICAL) : NULL;
	if (text)
		noc_txn_definition(noc_core_txn(r->core), hash, "items",
				   row->path, text);
	free(text);
	noc_value_free(items);
}

/* It names the run that did it, also in the fork of a fork. */
static void
row_copy(struct noc_run *r, struct noc_fork *f, struct fork_row *row)
{
	char text[NOC_ID_TEXT];
	const struct noc_step_row copy = {
		.run = r->id,
		.path = row->path,
		.node = (int64_t)row->node,
		.item = row->item,
		.attempt = row->attempt,
		.state = row->state,
		.started_ns = row->started_ns,
		.ended_ns = row->ended_ns,
		.json = row->json,
	};

	noc_value_set(row->json, "index", noc_value_int((int64_t)row->node));
	if (!noc_value_get(row->json, "copied"))
		noc_value_set(row->json, "copied",
			      noc_value_str(noc_id_format(text, &f->id)));
	row_keep_list(r, row);
	noc_txn_step(noc_core_txn(r->core), &copy);
	noc_run_load_step(r->core, noc_runs_of(r->core), &copy);
	f->copied++;
}

static void
live_copy(struct noc_value *to, const struct noc_value *from, const char *key)
{
	if (noc_value_get(from, key))
		noc_value_set(to, key,
			      noc_value_copy(noc_value_get(from, key)));
}

/* What goes on has begun now; its row is written when it has. */
static void
row_open(struct noc_run *r, const struct fork_row *row)
{
	const struct noc_step_def *def = &r->plan->steps[row->node];
	const struct noc_value *was = noc_value_get(row->json, "live");
	struct noc_value *json = noc_value_map(), *live = noc_value_map();
	const struct noc_step_row open = {
		.run = r->id,
		.path = row->path,
		.node = (int64_t)row->node,
		.item = row->item,
		.attempt = 1,
		.state = "Running",
		.json = json,
	};

	noc_value_set(live, "wait",
		      noc_value_str(noc_wait_names[NOC_WAIT_INNER]));
	noc_value_set(live, "step", noc_value_int(noc_steady_now(r->core)));
	if (def->kind == NOC_STEP_EACH) {
		noc_each_numbers(def->each, was, live);
		live_copy(live, was, "items");
		live_copy(live, was, "items_hash");
	}
	noc_value_set(json, "index", noc_value_int((int64_t)row->node));
	noc_value_set(json, "live", live);
	noc_run_load_step(r->core, noc_runs_of(r->core), &open);
	noc_value_free(json);
}

void
noc_fork_hold(struct noc_run *r, struct noc_fork *f)
{
	char text[NOC_ID_TEXT];

	for (size_t i = 0; i < f->nrows; i++)
		f->ncopy += f->rows[i].fate == FORK_KEPT ||
			    f->rows[i].fate == FORK_OPEN;
	if (f->ncopy > FORK_SLICE)
		noc_queue_hold(r, noc_asprintf("copies %zu rows of run %s",
					       f->ncopy,
					       noc_id_format(text, &f->id)));
}

/* All is there: what it goes on with has begun. */
static void
copy_begun(struct noc_run *r)
{
	struct noc_live *l;

	noc_crash_point("fork.after_rows");
	for (l = r->lives; l; l = l->next)
		l->loaded = true;
	/* One may end others. */
	while ((l = r->lives) && l->loaded) {
		l->loaded = false;
		noc_live_behind(l);
		noc_container_fork(l);
	}
}

bool
fork_copy(struct noc_run *r, struct noc_fork *f)
{
	int n = 0;

	for (; f->at < f->nrows; f->at++) {
		struct fork_row *row = &f->rows[f->at];

		if (row->fate != FORK_KEPT && row->fate != FORK_OPEN)
			continue;
		if (n++ == FORK_SLICE) {
			noc_crash_point("fork.after_slice");
			return true;
		}
		if (row->fate == FORK_KEPT)
			row_copy(r, f, row);
		else
			row_open(r, row);
		noc_value_free(row->json);
		row->json = NULL;
	}
	copy_begun(r);
	return false;
}

void
noc_fork_rows(struct noc_run *r, struct noc_fork *f)
{
	f->made = true;
	f->made_id = r->id;
	free(f->by_path);
	f->by_path = NULL;
	if (f->nrows)
		qsort(f->rows, f->nrows, sizeof(f->rows[0]), row_by_place);
	(void)fork_copy(r, f);
}
