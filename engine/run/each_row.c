/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/crash.h"
#include "engine/core/steady.h"
#include "engine/expr/template.h"
#include "engine/run/each_private.h"
#include "engine/run/rows.h"
#include "engine/run/step.h"

#define COUNTS_KEYS 100 /* in a record; the table is committed to */

/* What an each says of its items: a row each, and the table of all. */

static const char *const fate_states[] = {
	[NOC_ITEM_WAITS] = "Pending",	    [NOC_ITEM_OPEN] = "Running",
	[NOC_ITEM_OK] = "Succeeded",	    [NOC_ITEM_WOULD] = "Succeeded",
	[NOC_ITEM_FAILED] = "Failed",	    [NOC_ITEM_SKIPPED] = "Skipped",
	[NOC_ITEM_CANCELLED] = "Cancelled",
};

/* ---- what is kept of one ---- */

/* collect = { up = "steps.alive.up" }; what is too long is left in the row of
 * its step, and said. */
static void
item_collect(const struct noc_each *e, const struct noc_lane *lane,
	     struct noc_value *said)
{
	const struct noc_value *names = e->def->collect;
	struct noc_value *kept = noc_value_map(), *cut = noc_value_list();
	struct noc_scope scope;
	size_t room = NOC_EACH_KEPT_MAX;

	noc_lane_scope(lane, &scope);
	for (size_t i = 0; i < noc_value_len(names); i++) {
		const struct noc_member *m = &names->u.map.at[i];
		struct noc_value *v;
		struct noc_datum d;
		char *text;
		size_t len;

		if (m->value->type != NOC_STR)
			continue;
		noc_scope_get(&scope, m->value->u.s.p, m->value->u.s.len, &d);
		v = noc_datum_value(&d);
		text = noc_json_string(v, NOC_JSON_CANONICAL);
		len = strlen(text) + strlen(m->key);
		free(text);
		if (len > room) {
			noc_value_push(cut, noc_value_str(m->key));
			noc_value_free(v);
			continue;
		}
		room -= len;
		noc_value_set(kept, m->key, v);
	}
	if (noc_value_len(kept))
		noc_value_set(said, "collected", kept);
	else
		noc_value_free(kept);
	if (noc_value_len(cut))
		noc_value_set(said, "cut", cut);
	else
		noc_value_free(cut);
}

/* The row of one: what is kept of it, and what can be said of any. */
static struct noc_value *
item_json(const struct noc_each *e, size_t i, enum noc_item_fate fate,
	  const struct noc_value *said)
{
	struct noc_value *json = noc_value_map();

	noc_value_set(json, "index", noc_value_int((int64_t)e->live->node));
	noc_value_set(json, "item", noc_value_int((int64_t)i));
	noc_value_set(json, "key", noc_value_str(each_key(e, i)));
	if (fate == NOC_ITEM_WOULD)
		noc_value_set(json, "would", noc_value_bool(true));
	for (size_t k = 0; k < noc_value_len(said); k++)
		noc_value_set(json, said->u.map.at[k].key,
			      noc_value_copy(said->u.map.at[k].value));
	return json;
}

static bool
said_is_critical(const struct noc_value *said)
{
	return noc_value_get(noc_value_get(said, "error"), "severity") != NULL;
}

/* Most have nothing to say. */
static void
item_keep(struct noc_each *e, size_t i, struct noc_value *said)
{
	e->critical += said_is_critical(said);
	e->critical -= said_is_critical(e->said[i]);
	if (!noc_value_len(said)) {
		noc_value_free(said);
		said = NULL;
	}
	noc_value_free(e->said[i]);
	e->said[i] = said;
}

void
each_write_item(struct noc_each *e, struct noc_lane *lane,
		enum noc_item_fate fate)
{
	const struct noc_run *r = e->live->run;
	struct noc_value *said = noc_value_map();
	struct noc_step_row row = {
		.run = r->id,
		.path = lane->path,
		.node = (int64_t)e->live->node,
		.item = lane->item,
		.attempt = 1,
		.state = fate_states[fate],
		.started_ns = noc_steady_wall(r->core, lane->began_ns),
		.ended_ns = noc_core_time(r->core).wall_ns,
	};
	struct noc_value *json;

	if (lane->more->stopped)
		noc_value_set(said, "outcome",
			      noc_value_str(lane->more->stopped));
	if (fate == NOC_ITEM_FAILED && lane->more->error)
		noc_value_set(said, "error", noc_value_copy(lane->more->error));
	item_collect(e, lane, said);
	json = item_json(e, (size_t)lane->item, fate, said);
	row.json = json;
	noc_txn_step(noc_core_txn(r->core), &row);
	noc_value_free(json);
	item_keep(e, (size_t)lane->item, said);
	noc_crash_point("each.after_item");
}

void
each_lose_item(struct noc_each *e, size_t i)
{
	const struct noc_run *r = e->live->run;
	char *path = noc_asprintf("%s[%s]", e->live->path, each_key(e, i));
	struct noc_value *said = noc_value_map(), *error, *json;
	struct noc_step_row row = {
		.run = r->id,
		.path = path,
		.node = (int64_t)e->live->node,
		.item = (int64_t)i,
		.attempt = 1,
		.state = fate_states[NOC_ITEM_FAILED],
		.ended_ns = noc_core_time(r->core).wall_ns,
	};
	struct noc_failure f;

	noc_failure_set(&f, "in_doubt", "nocturne", "lost",
			"its rows are lost; it may have happened");
	error = noc_failure_value(&f);
	noc_value_set(error, "step", noc_value_str(path));
	noc_value_set(said, "error", error);
	json = item_json(e, i, NOC_ITEM_FAILED, said);
	row.json = json;
	noc_txn_step(noc_core_txn(r->core), &row);
	noc_value_free(json);
	item_keep(e, i, said);
	e->count[e->fate[i]]--;
	e->fate[i] = NOC_ITEM_FAILED;
	e->count[NOC_ITEM_FAILED]++;
	free(path);
}

void
noc_each_keep_items(const struct noc_each *e)
{
	const struct noc_run *r = e->live->run;

	for (size_t i = 0; i < e->n; i++) {
		enum noc_item_fate fate = (enum noc_item_fate)e->fate[i];
		struct noc_step_row row = {
			.run = r->id,
			.node = (int64_t)e->live->node,
			.item = (int64_t)i,
			.attempt = 1,
			.state = fate_states[fate],
		};
		struct noc_value *json;
		char *path;

		if (fate <= NOC_ITEM_OPEN)
			continue;
		json = item_json(e, i, fate, e->said[i]);
		path = noc_asprintf("%s[%s]", e->live->path, each_key(e, i));
		row.path = path;
		row.json = json;
		noc_txn_step_keep(noc_core_txn(r->core), &row);
		noc_value_free(json);
		free(path);
	}
}

void
noc_each_load_item(struct noc_lane *lane, size_t node,
		   const struct noc_step_row *row)
{
	struct noc_live *l = noc_live_find(lane, node);
	struct noc_each *e = l ? l->more->each : NULL;
	static const char *const any[] = { "index", "item", "key", "would" };
	size_t i = (size_t)row->item;
	int fate = NOC_ITEM_CANCELLED;
	struct noc_value *said;

	if (!e)
		return;
	while (fate > NOC_ITEM_OPEN && strcmp(fate_states[fate], row->state))
		fate--;
	/* It is written when it has ended, and once. */
	if (row->item < 0 || i >= e->n || e->fate[i] != NOC_ITEM_WAITS ||
	    fate <= NOC_ITEM_OPEN) {
		l->run->unread = true;
		return;
	}
	if (fate == NOC_ITEM_WOULD || fate == NOC_ITEM_OK)
		fate = noc_value_get_bool(row->json, "would", false)
			   ? NOC_ITEM_WOULD
			   : NOC_ITEM_OK;
	e->count[e->fate[i]]--;
	e->fate[i] = (uint8_t)fate;
	e->count[fate]++;
	said = noc_value_copy(row->json);
	for (size_t k = 0; k < NOC_COUNT(any); k++)
		noc_value_unset(said, any[k]);
	item_keep(e, i, said);
}

/* ---- the table ---- */

static struct noc_value *
table_row(const struct noc_each *e, size_t i)
{
	static const char *const words[] = { "class", "block", "message",
					     "step", "severity" };
	const struct noc_value *said = e->said[i];
	const struct noc_value *error = noc_value_get(said, "error");
	const struct noc_value *kept = noc_value_get(said, "collected");
	struct noc_value *row = noc_value_map();

	noc_value_set(row, "key", noc_value_str(each_key(e, i)));
	noc_value_set(row, "state",
		      noc_value_str(e->fate[i] == NOC_ITEM_WAITS
					? "Skipped"
					: fate_states[e->fate[i]]));
	for (size_t k = 0; error && k < NOC_COUNT(words); k++)
		if (noc_value_get(error, words[k]))
			noc_value_set(
			    row, words[k],
			    noc_value_copy(noc_value_get(error, words[k])));
	for (size_t k = 0; k < noc_value_len(kept); k++)
		noc_value_set(row, kept->u.map.at[k].key,
			      noc_value_copy(kept->u.map.at[k].value));
	return row;
}

static bool
fate_is_well(uint8_t fate)
{
	return fate == NOC_ITEM_OK || fate == NOC_ITEM_WOULD;
}

static void
output_lists(const struct noc_each *e, struct noc_value *out)
{
	struct noc_value *table = noc_value_list(), *ok = noc_value_list(),
			 *failed = noc_value_list(), *all = each_values(e);

	for (size_t i = 0; i < e->n; i++) {
		struct noc_value *to = fate_is_well(e->fate[i])	       ? ok
				       : e->fate[i] == NOC_ITEM_FAILED ? failed
								       : NULL;

		noc_value_push(table, table_row(e, i));
		if (!to)
			continue;
		noc_value_push(to, all->u.list.at[i]);
		all->u.list.at[i] = NULL; /* it has moved */
	}
	noc_value_free(all);
	noc_value_set(out, "items", table);
	noc_value_set(out, "ok_items", ok);
	noc_value_set(out, "failed_items", failed);
}

struct noc_value *
each_output(const struct noc_each *e, bool whole)
{
	struct noc_value *out = noc_value_map();
	size_t ok = e->count[NOC_ITEM_OK] + e->count[NOC_ITEM_WOULD];
	size_t skipped = e->count[NOC_ITEM_SKIPPED] + e->count[NOC_ITEM_WAITS];

	noc_value_set(out, "total", noc_value_int((int64_t)e->n));
	noc_value_set(out, "ok", noc_value_int((int64_t)ok));
	noc_value_set(out, "failed",
		      noc_value_int((int64_t)e->count[NOC_ITEM_FAILED]));
	noc_value_set(out, "critical", noc_value_int((int64_t)e->critical));
	noc_value_set(out, "skipped", noc_value_int((int64_t)skipped));
	noc_value_set(out, "cancelled",
		      noc_value_int((int64_t)e->count[NOC_ITEM_CANCELLED]));
	noc_value_set(out, "would",
		      noc_value_int((int64_t)e->count[NOC_ITEM_WOULD]));
	noc_value_set(out, "ok_percent",
		      noc_value_int(e->n ? (int64_t)(ok * 100 / e->n) : 100));
	if (whole)
		output_lists(e, out);
	return out;
}

struct noc_value *
each_counts(const struct noc_each *e)
{
	struct noc_value *counts = each_output(e, false);
	struct noc_value *failed = noc_value_list();

	for (size_t i = 0; i < e->n && noc_value_len(failed) < COUNTS_KEYS; i++)
		if (e->fate[i] == NOC_ITEM_FAILED)
			noc_value_push(failed, noc_value_str(each_key(e, i)));
	if (noc_value_len(failed))
		noc_value_set(counts, "failed_keys", failed);
	else
		noc_value_free(failed);
	return counts;
}

/* ---- why it failed ---- */

#define CAUSES_MAX 4 /* told; the rest is a number */

struct cause {
	const char *class, *block;
	size_t n;
};

static size_t
each_causes(const struct noc_each *e, struct cause *causes, size_t max)
{
	size_t n = 0, k;

	for (size_t i = 0; i < e->n; i++) {
		const struct noc_value *error =
		    noc_value_get(e->said[i], "error");
		const char *class = noc_value_get_str(error, "class", "?");
		const char *block = noc_value_get_str(error, "block", "?");

		if (e->fate[i] != NOC_ITEM_FAILED)
			continue;
		for (k = 0; k < n && (strcmp(causes[k].class, class) ||
				      strcmp(causes[k].block, block));)
			k++;
		if (k == max)
			continue;
		if (k == n)
			causes[n++] = (struct cause){ class, block, 0 };
		causes[k].n++;
	}
	return n;
}

static int
cause_by_n(const void *a, const void *b)
{
	const struct cause *ca = a, *cb = b;

	return (ca->n < cb->n) - (ca->n > cb->n);
}

/* Of them all when they agree, else only that what is below failed. */
static const char *
each_class(const struct cause *causes, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (strcmp(causes[i].class, causes[0].class) != 0)
			return "downstream_failed";
	return n ? noc_class_find(causes[0].class) : "downstream_failed";
}

void
each_failure(const struct noc_each *e, struct noc_failure *f)
{
	struct cause causes[32];
	size_t n = each_causes(e, causes, NOC_COUNT(causes));
	struct noc_strbuf why = NOC_STRBUF_INIT;
	const char *class;

	qsort(causes, n, sizeof(causes[0]), cause_by_n);
	class = each_class(causes, n);
	if (!n && e->count[NOC_ITEM_SKIPPED] == e->n)
		noc_strbuf_addf(&why, "all %zu were skipped", e->n);
	else
		noc_strbuf_addf(&why, "%zu of %zu failed",
				e->count[NOC_ITEM_FAILED], e->n);
	if (e->need < 0)
		noc_strbuf_adds(&why, " (need all)");
	else
		noc_strbuf_addf(&why, " (need %lld%s)", (long long)e->need,
				e->percent ? "%" : "");
	for (size_t i = 0; i < n && i < CAUSES_MAX; i++)
		noc_strbuf_addf(&why, "%s %zu %s %s", i ? "," : ":",
				causes[i].n, causes[i].class, causes[i].block);
	if (n > CAUSES_MAX)
		noc_strbuf_adds(&why, ", ...");
	noc_failure_set(f, class ? class : "downstream_failed",
			n ? causes[0].block : "flow", "items", "%s", why.p);
	noc_strbuf_release(&why);
}
