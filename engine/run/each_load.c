/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/edge/env.h"
#include "engine/run/advance.h"
#include "engine/run/each_private.h"
#include "engine/run/undo.h"

/* An each over a restart: what its row says of it, and back from that and the
 * rows of its items. */

#define FROZEN_MAX (32 * 1024) /* bytes of a list in the row; else a blob */

/* Too long for a row: it is in the file by its hash, then. */
static bool
list_is_blob(const struct noc_run *r, const char *path, const char *text,
	     char hex[65])
{
	uint8_t hash[32];

	if (strlen(text) <= FROZEN_MAX)
		return false;
	noc_sha256_once(text, strlen(text), hash);
	noc_hex(hex, hash, sizeof(hash));
	noc_txn_definition(noc_core_txn(r->core), hash, "items", path, text);
	return true;
}

/* How many have begun.  While the run is paused the last ones wait for their
 * first step, and nothing is written of them. */
static void
each_count_begun(struct noc_each *e)
{
	size_t n = e->next;

	while (n > e->begun && e->fate[n - 1] == NOC_ITEM_OPEN &&
	       e->lanes[n - 1]->todo)
		n--;
	if (n > e->begun)
		e->begun = n;
}

void
noc_each_store(struct noc_each *e, struct noc_value *live)
{
	char hex[65];

	each_count_begun(e);
	noc_value_set(live, "begun", noc_value_int((int64_t)e->begun));
	noc_value_set(live, "limit", noc_value_int(e->limit));
	noc_value_set(live, "need", noc_value_int(e->need));
	if (e->set) {
		noc_value_set(live, "set", noc_value_bool(true));
		noc_value_set(live, "percent", noc_value_bool(e->percent));
	}
	if (e->rate_since_ns)
		noc_value_set(live, "rate_since",
			      noc_value_int(e->rate_since_ns));
	if (e->undo_ns)
		noc_value_set(live, "undo_began", noc_value_int(e->undo_ns));
	if (e->list && !e->stored &&
	    list_is_blob(e->live->run, e->live->path, e->list, hex))
		snprintf(e->hash, sizeof(e->hash), "%s", hex);
	e->stored = true;
	if (e->hash[0])
		noc_value_set(live, "items_hash", noc_value_str(e->hash));
	else if (e->list)
		noc_value_set(live, "items", each_values(e));
}

void
noc_each_store_anew(struct noc_each *e)
{
	e->stored = false;
}

void
noc_each_freeze(const struct noc_run *r, const char *path,
		const struct noc_value *items, struct noc_value *live)
{
	char hex[65], *text = noc_json_string(items, NOC_JSON_CANONICAL);

	if (list_is_blob(r, path, text, hex))
		noc_value_set(live, "items_hash", noc_value_str(hex));
	else
		noc_value_set(live, "items", noc_value_copy(items));
	free(text);
}

struct noc_value *
noc_each_frozen(const struct noc_run *r, const struct noc_value *live)
{
	const struct noc_env *env = noc_core_env(r->core);
	const struct noc_value *items = noc_value_get(live, "items");
	const char *hex = noc_value_get_str(live, "items_hash", "");
	struct noc_value *v = NULL;
	size_t n = 32;
	uint8_t hash[32], is[32];
	char *text;

	if (items)
		return noc_value_copy(items);
	if (noc_unhex(hex, strlen(hex), hash, &n) || n != 32 || !env ||
	    !env->state_dir)
		return NULL;
	text = noc_load_definition(env->state_dir, hash);
	if (text)
		noc_sha256_once(text, strlen(text), is);
	if (text && (memcmp(is, hash, sizeof(is)) != 0 ||
		     noc_json_parse_own(text, strlen(text), &v, NULL)))
		v = NULL;
	free(text);
	return v;
}

void
noc_each_numbers(const struct noc_each_def *def, const struct noc_value *was,
		 struct noc_value *live)
{
	int64_t need = def->need == NOC_NEED_ALL ? -1 : def->need_n;
	int64_t limit = def->limit;

	if (def->limit_text)
		limit = noc_value_get_int(was, "limit", limit);
	if (def->need_text)
		need = noc_value_get_int(was, "need", need);
	noc_value_set(live, "limit", noc_value_int(limit));
	noc_value_set(live, "need", noc_value_int(need));
}

/* Could its plan, or somebody, have said them? */
static bool
each_numbers_are(const struct noc_each *e)
{
	const struct noc_each_def *def = e->def;
	int64_t need = def->need == NOC_NEED_ALL ? -1 : def->need_n;

	if (e->set)
		return e->limit >= 1 && e->limit <= NOC_EACH_ITEMS_MAX &&
		       e->need >= -1 && e->need <= NOC_EACH_ITEMS_MAX;
	return (def->limit_text
		    ? e->limit >= 1 && e->limit <= NOC_EACH_ITEMS_MAX
		    : e->limit == def->limit) &&
	       (def->need_text ? e->need >= 0 && e->need <= NOC_EACH_ITEMS_MAX
			       : e->need == need);
}

void
noc_each_load(struct noc_live *l, const struct noc_value *live)
{
	struct noc_each *e = each_new(l);
	struct noc_value *items = noc_each_frozen(l->run, live);
	struct noc_err err = { 0 };
	int64_t begun;

	e->limit = noc_value_get_int(live, "limit", e->def->limit);
	e->need = noc_value_get_int(live, "need", -1);
	e->set = noc_value_get_bool(live, "set", false);
	e->percent = noc_value_get_bool(live, "percent",
					e->def->need == NOC_NEED_PERCENT);
	/* How many of its window have begun is not known: all of them. */
	e->rate_since_ns =
	    noc_ns_sane(noc_value_get_int(live, "rate_since", 0));
	e->rate_n = e->def->rate_n;
	e->undo_ns = noc_ns_sane(noc_value_get_int(live, "undo_began", 0));
	snprintf(e->hash, sizeof(e->hash), "%s",
		 noc_value_get_str(live, "items_hash", ""));
	if (!items || each_list_is(e, items, &err))
		l->run->unread = true;
	if (!each_numbers_are(e)) {
		l->run->unread = true;
		e->limit = 1;
		e->need = -1;
	}
	noc_value_free(items);
	begun = noc_value_get_int(live, "begun", 0);
	if (begun < 0 || (size_t)begun > e->n)
		l->run->unread = true;
	else
		e->begun = (size_t)begun;
	l->run->items += e->n;
}

/* Of an item that has begun; one that has ended is there to be undone. */
static struct noc_lane *
each_lane_of(struct noc_each *e, size_t item)
{
	struct noc_lane *lane = e->lanes[item];

	if (lane || !noc_undo_may(e->live->run->plan, e->live->node))
		return lane;
	lane = each_lane_new(e, item);
	lane->over = true;
	e->lanes[item] = lane;
	return lane;
}

/* Of the last wave that has one: those before it are behind us. */
static struct noc_lane *
each_check_of(struct noc_each *e, size_t wave)
{
	if (!e->def->check || !wave || (e->check && wave - 1 < e->wave))
		return NULL;
	if (e->check && wave - 1 > e->wave) {
		noc_lane_free(e->check);
		e->check = NULL;
	}
	e->wave = wave - 1;
	if (!e->check)
		each_check(e);
	return e->check;
}

struct noc_lane *
noc_each_lane(struct noc_each *e, const char *key, size_t len)
{
	char *text = noc_strndup(key, len);
	size_t i = each_find(e, text);
	struct noc_lane *lane = NULL;

	if (*text == '!') {
		lane = each_check_of(e, strtoul(text + 1, NULL, 10));
	} else if (i && e->fate[i - 1] == NOC_ITEM_WAITS) {
		lane = each_open_item(e, i - 1);
	} else if (i) {
		lane = each_lane_of(e, i - 1);
	}
	free(text);
	return lane;
}

/* They begin in the order of the list: one before another that has begun did,
 * too, as did so many as the row of the each says.  If nothing else says so its
 * rows are lost: what it changed must not be done again.  (Items of a fork that
 * were not copied wait for good reason.) */
static void
each_lost(struct noc_each *e, size_t begun)
{
	const struct noc_live *l = e->live;
	const struct noc_step_def *steps = l->run->plan->steps;
	bool mutates = false;

	for (size_t i = l->node + 1; i < steps[l->node].end; i++)
		mutates = mutates || steps[i].mutates;
	if (!mutates || noc_value_get(l->run->json, "forked_from"))
		return;
	for (size_t i = 0; i < begun; i++)
		if (e->fate[i] == NOC_ITEM_WAITS)
			each_lose_item(e, i);
}

/* How far it is, of what has begun: all before are over, but for what is of the
 * same wave or batch.  In a fork some that are over lie behind those to do. */
static size_t
each_reached(const struct noc_each *e, size_t begun)
{
	size_t over = 0;

	while (over < begun && e->fate[over] > NOC_ITEM_OPEN)
		over++;
	return over < begun ? over + 1 : begun;
}

void
noc_each_restore(struct noc_live *l)
{
	struct noc_each *e = l->more->each;
	size_t begun = e->begun, wave = 0;

	for (size_t i = begun; i < e->n; i++)
		if (e->fate[i] != NOC_ITEM_WAITS)
			begun = i + 1;
	each_lost(e, begun);
	begun = each_reached(e, begun);
	while (each_wave_end(e, wave) < begun)
		wave++;
	/* The check of a wave that is behind it. */
	if (e->check && e->wave < wave) {
		noc_lane_free(e->check);
		e->check = NULL;
	}
	e->wave = wave;
	e->wave_end = each_wave_end(e, wave);
	e->batch_end = e->def->batch
			   ? (begun + (size_t)e->def->batch - 1) /
				 (size_t)e->def->batch * (size_t)e->def->batch
			   : e->n;
	for (size_t i = 0; i < e->n; i++)
		if (e->fate[i] == NOC_ITEM_OPEN)
			noc_lane_restore(e->lanes[i]);
	if (e->check)
		noc_lane_restore(e->check);
}

void
noc_each_lanes(struct noc_each *e, void (*fn)(struct noc_lane *, void *),
	       void *arg)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->fate[i] == NOC_ITEM_OPEN)
			fn(e->lanes[i], arg);
	if (e->check)
		fn(e->check, arg);
}

void
noc_each_ended_lanes(struct noc_each *e, void (*fn)(struct noc_lane *, void *),
		     void *arg)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->fate[i] != NOC_ITEM_OPEN && e->lanes && e->lanes[i])
			fn(e->lanes[i], arg);
	if (e->checked)
		fn(e->checked, arg);
}

/* All its items are loaded: on from there. */
void
noc_each_go_on(struct noc_live *l)
{
	struct noc_each *e = l->more->each;
	bool wave_over = !e->count[NOC_ITEM_OPEN] && !e->check;

	if (e->closing)
		each_hush(e);
	for (size_t i = 0; wave_over && i < e->wave_end; i++)
		wave_over = e->fate[i] != NOC_ITEM_WAITS;
	if (wave_over && e->def->check && e->wave_end && !each_is_lost(e))
		each_check(e);
	else
		each_advance(e);
}
