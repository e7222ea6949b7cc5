/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/each.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/mem.h"
#include "store/crash.h"
#include "engine/core/steady.h"
#include "engine/edge/env.h"
#include "engine/run/advance.h"
#include "engine/run/attempt.h"
#include "engine/run/container.h"
#include "engine/run/each_private.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"
#include "engine/run/undo.h"

/*
 * The machine of a fan-out: as many items as may be are open; when one ends,
 * others begin, or the wave is checked, or it is decided.  What is not begun
 * has no row.
 */

#define SLICE	   256	       /* items begun in one input */
#define FROZEN_MAX (32 * 1024) /* bytes of a list in the row; else a blob */

/* ---- life ---- */

static struct noc_each *
each_new(struct noc_live *l)
{
	struct noc_each *e = noc_calloc(1, sizeof(*e));
	const struct noc_step_def *def = noc_live_step(l);

	e->live = l;
	e->def = def->each;
	l->each = e;
	if (def->timeout_ms)
		e->end_ns = noc_ns_after(l->step_ns, def->timeout_ms);
	return e;
}

static void
lanes_free(struct noc_lane *lane)
{
	while (lane) {
		struct noc_lane *next = lane->next;

		noc_lane_free(lane);
		lane = next;
	}
}

void
noc_each_free(struct noc_each *e)
{
	if (!e)
		return;
	lanes_free(e->lanes);
	lanes_free(e->done);
	noc_lane_free(e->check);
	for (size_t i = 0; i < e->n; i++) {
		if (e->keys)
			free(e->keys[i]);
		if (e->said)
			noc_value_free(e->said[i]);
	}
	free(e->keys);
	free(e->said);
	free(e->fate);
	noc_table_release(&e->index);
	noc_value_free(e->items);
	noc_value_free(e->check_error);
	free(e);
}

/* ---- items ---- */

static void
each_set(struct noc_each *e, size_t i, enum noc_item_fate fate)
{
	e->count[e->fate[i]]--;
	e->fate[i] = (uint8_t)fate;
	e->count[fate]++;
}

static struct noc_lane *
each_lane_new(struct noc_each *e, size_t i)
{
	struct noc_live *l = e->live;
	char *path = noc_asprintf("%s[%s]", l->path, e->keys[i]);
	struct noc_lane *lane = noc_lane_new(l->run, l->lane, l->node, path);

	free(path);
	if (e->def->check)
		lane->to = e->def->check;
	lane->each = e;
	lane->item = (int64_t)i;
	lane->extra =
	    noc_each_extra(l->lane, e->def->as, noc_value_at(e->items, i));
	lane->began_ns = noc_steady_now(l->run->core);
	return lane;
}

static struct noc_lane *
each_open_item(struct noc_each *e, size_t i)
{
	struct noc_lane *lane = each_lane_new(e, i);

	lane->next = e->lanes;
	e->lanes = lane;
	each_set(e, i, NOC_ITEM_OPEN);
	noc_lane_wake(lane);
	return lane;
}

static void
each_unlink(struct noc_each *e, const struct noc_lane *lane)
{
	struct noc_lane **at = &e->lanes;

	while (*at != lane)
		at = &(*at)->next;
	*at = lane->next;
}

/* ---- when is it decided? ---- */

static size_t
each_ok(const struct noc_each *e)
{
	return e->count[NOC_ITEM_OK] + e->count[NOC_ITEM_WOULD];
}

/* How many must go well, of those that are not skipped. */
static size_t
each_needs(const struct noc_each *e)
{
	size_t n = e->n - e->count[NOC_ITEM_SKIPPED];

	if (e->need < 0)
		return n;
	if (e->def->need == NOC_NEED_PERCENT)
		return (n * (size_t)e->need + 99) / 100;
	return (size_t)e->need;
}

/* It cannot be had any more. */
static bool
each_is_lost(const struct noc_each *e)
{
	size_t may =
	    each_ok(e) + e->count[NOC_ITEM_WAITS] + e->count[NOC_ITEM_OPEN];

	return e->check_error || e->cancelled || may < each_needs(e) ||
	       (e->n > 0 && e->count[NOC_ITEM_SKIPPED] == e->n);
}

static bool
each_is_won(const struct noc_each *e)
{
	return !e->def->let_finish && e->need >= 0 &&
	       each_ok(e) >= each_needs(e);
}

static void
each_close(struct noc_each *e, const char *why)
{
	if (e->closing)
		return;
	e->closing = true;
	for (struct noc_lane *at = e->lanes; at; at = at->next)
		noc_lane_cancel(at, why);
	if (e->check)
		noc_lane_cancel(e->check, why);
}

/* ---- its end ---- */

/* What the mode left undone in items is told of all of them together. */
static void
each_tell_would(const struct noc_each *e)
{
	struct noc_live *l = e->live;
	const struct noc_lane *lane = l->lane;

	while (lane && !lane->extra)
		lane = lane->up;
	if (lane || l->run->outcome || !e->count[NOC_ITEM_WOULD])
		return;
	l->run->outcome =
	    noc_asprintf("would have: %s on %zu of %zu", noc_live_step(l)->name,
			 e->count[NOC_ITEM_WOULD], e->n);
	l->run->dirty = true;
}

static void
each_end(struct noc_each *e)
{
	struct noc_live *l = e->live;
	struct noc_step_done d = { .def = noc_live_step(l), .target = "" };
	struct noc_value *whole = each_output(e, true);
	struct noc_value *counts = each_output(e, false);
	struct noc_value *told = each_counts(e);
	struct noc_failure f;
	char outcome[64];

	while (e->done) {
		struct noc_lane *lane = e->done;

		e->done = lane->next;
		noc_undo_keep(l->lane, lane);
	}
	d.whole = whole;
	d.output = counts;
	d.counts = told;
	noc_value_set(l->lane->steps, d.def->name, noc_value_copy(whole));
	if (e->cancelled) {
		d.state = "Cancelled";
		d.outcome = "cancelled";
		noc_step_write_done(l, &d);
		noc_live_end(l, NOC_END_CANCELLED);
	} else if (each_is_lost(e)) {
		if (e->check_error)
			noc_failure_inner(&f, e->check_error);
		else
			each_failure(e, &f);
		d.failure = &f;
		noc_step_fail(l, &d);
	} else {
		snprintf(outcome, sizeof(outcome), "ok: %zu of %zu", each_ok(e),
			 e->n);
		each_tell_would(e);
		d.outcome = outcome;
		noc_step_succeed_whole(l, &d);
	}
	noc_value_free(whole);
	noc_value_free(counts);
	noc_value_free(told);
}

/* ---- on and on ---- */

/* By its rate: true: one more may begin now. */
static bool
each_rate(struct noc_each *e)
{
	int64_t now = noc_steady_now(e->live->run->core);
	int64_t end = noc_ns_after(e->rate_since_ns, e->def->rate_ms);
	struct noc_live *l = e->live;

	if (!e->def->rate_n)
		return true;
	if (!e->rate_since_ns || now >= end) {
		e->rate_since_ns = now;
		e->rate_n = 0;
	}
	if (e->rate_n < e->def->rate_n) {
		e->rate_n++;
		return true;
	}
	end = noc_ns_after(e->rate_since_ns, e->def->rate_ms);
	if (e->end_ns && e->end_ns < end)
		end = e->end_ns;
	noc_due_arm_steady(l->run->core, &l->due, end);
	return false;
}

/* Past those that have begun, as after a restart. */
static void
each_skip(struct noc_each *e)
{
	while (e->next < e->wave_end && e->fate[e->next] != NOC_ITEM_WAITS)
		e->next++;
}

/* Not all in one input: others want their turn, too. */
static bool
each_slice(struct noc_each *e)
{
	struct noc_live *l = e->live;

	if (e->slice < SLICE)
		return true;
	noc_due_arm_steady(l->run->core, &l->due,
			   noc_steady_now(l->run->core) + 1);
	return false;
}

/* True: it waits for its time, and goes on by itself. */
static bool
each_fill(struct noc_each *e)
{
	size_t end = e->wave_end;

	each_skip(e);
	if (e->def->batch && e->batch_end < end)
		end = e->batch_end;
	while (e->next < end && (int64_t)e->count[NOC_ITEM_OPEN] < e->limit) {
		if (e->fate[e->next] == NOC_ITEM_WAITS) {
			if (!each_slice(e) || !each_rate(e))
				return true;
			e->slice++;
			each_open_item(e, e->next);
		}
		e->next++;
	}
	return false;
}

static void
each_check(struct noc_each *e)
{
	struct noc_live *l = e->live;
	char *path = noc_asprintf("%s[!%zu]", l->path, e->wave + 1);

	e->check = noc_lane_new(l->run, l->lane, e->def->check, path);
	free(path);
	e->check->each = e;
	noc_lane_wake(e->check);
	l->dirty = true;
}

/* A wave is a boundary that its row tells of. */
static void
each_next_wave(struct noc_each *e)
{
	e->wave++;
	e->wave_end = each_wave_end(e, e->wave);
	e->live->dirty = true;
	noc_crash_point("each.before_wave");
}

/* Which of those that ended go back, by its scope. */
static bool
undo_is_wanted(const struct noc_each *e, const struct noc_lane *lane)
{
	bool lost = each_is_lost(e);
	uint8_t fate = e->fate[lane->item];

	switch (e->def->undo) {
	case NOC_UNDO_RUN:
		return lost;
	case NOC_UNDO_WAVE:
		return lost &&
		       (e->wave == 0 ||
			(size_t)lane->item >= each_wave_end(e, e->wave - 1));
	case NOC_UNDO_FAILED:
		return fate == NOC_ITEM_FAILED || fate == NOC_ITEM_CANCELLED;
	case NOC_UNDO_SUCCEEDED:
		return lost && fate == NOC_ITEM_OK;
	case NOC_UNDO_NONE:
		break;
	}
	return false;
}

/* True: it goes on in noc_each_undone, and e may be gone. */
static bool
each_undo(struct noc_each *e)
{
	struct noc_lane **lanes = NULL;
	size_t n = 0, cap = 0;
	bool begun;

	if (e->undone || e->cancelled)
		return false;
	e->undone = true;
	for (struct noc_lane *at = e->done; at; at = at->next) {
		if (!undo_is_wanted(e, at))
			continue;
		NOC_GROW(lanes, cap, n + 1);
		lanes[n++] = at;
	}
	e->undoing = n > 0;
	begun = noc_undo_items(e, lanes, n);
	free(lanes);
	return begun;
}

/* Something has ended, or may begin. */
static void
each_advance(struct noc_each *e)
{
	if (!e->closing && each_is_lost(e))
		each_close(e, "enough of the others failed");
	else if (!e->closing && each_is_won(e))
		each_close(e, "enough of the others went well");
	if (e->count[NOC_ITEM_OPEN] || e->check || e->undoing) {
		if (!e->closing && !e->check)
			each_fill(e);
		return;
	}
	while (!e->closing && e->next < e->n) {
		if (e->next == e->wave_end) {
			each_next_wave(e);
		} else if (e->def->batch && e->next >= e->batch_end) {
			e->batch_end = e->next + (size_t)e->def->batch;
		}
		if (each_fill(e) || e->count[NOC_ITEM_OPEN])
			return;
	}
	if (!each_undo(e))
		each_end(e);
}

void
noc_each_undone(struct noc_each *e)
{
	e->undoing = false;
	each_advance(e);
}

/* ---- lanes that end ---- */

static enum noc_item_fate
item_fate(const struct noc_lane *lane)
{
	bool begun = false;

	if (lane->broken)
		return NOC_ITEM_FAILED;
	if (lane->stopped)
		return NOC_ITEM_OK;
	if (lane->cancelled)
		return NOC_ITEM_CANCELLED;
	for (size_t i = lane->from; i < lane->to && !begun; i++)
		begun = noc_lane_end_of(lane, i) == NOC_END_OK;
	if (lane->would)
		return NOC_ITEM_WOULD;
	return begun ? NOC_ITEM_OK : NOC_ITEM_SKIPPED;
}

static void
check_over(struct noc_each *e, struct noc_lane *lane)
{
	e->check = NULL;
	if (lane->broken) {
		noc_value_free(e->check_error);
		e->check_error = noc_value_copy(lane->error);
	}
	noc_lane_free(lane);
}

void
noc_each_lane_over(struct noc_lane *lane)
{
	struct noc_each *e = lane->each;
	enum noc_item_fate fate;

	if (lane == e->check) {
		check_over(e, lane);
		each_advance(e);
		return;
	}
	fate = item_fate(lane);
	each_unlink(e, lane);
	each_write_item(e, lane, fate);
	each_set(e, (size_t)lane->item, fate);
	lane->next = NULL;
	if (noc_undo_has(lane)) {
		lane->next = e->done;
		e->done = lane;
	} else {
		noc_lane_free(lane);
	}
	each_skip(e);
	/* All of the wave are over: is it as it should be? */
	if (!e->count[NOC_ITEM_OPEN] && e->next == e->wave_end &&
	    e->def->check && !e->closing && !each_is_lost(e)) {
		each_check(e);
		return;
	}
	each_advance(e);
}

/* ---- begin, cancel, time ---- */

/* The list as it is hashed; returned. */
static char *
each_text(const struct noc_each *e, char hex[65])
{
	char *text = noc_json_string(e->items, NOC_JSON_CANONICAL);
	uint8_t hash[32];

	noc_sha256_once(text, strlen(text), hash);
	noc_hex(hex, hash, sizeof(hash));
	return text;
}

/* What its record says of it. */
static struct noc_value *
each_params(const struct noc_each *e)
{
	struct noc_value *v = noc_value_map();
	char hex[65];

	free(each_text(e, hex));
	noc_value_set(v, "items", noc_value_int((int64_t)e->n));
	noc_value_set(v, "items_sha256", noc_value_str(hex));
	noc_value_set(v, "limit", noc_value_int(e->limit));
	if (e->need < 0)
		noc_value_set(v, "need", noc_value_str("all"));
	else
		noc_value_set(v, "need",
			      noc_value_strf(
				  "%lld%s", (long long)e->need,
				  e->def->need == NOC_NEED_PERCENT ? "%" : ""));
	if (e->def->nwaves)
		noc_value_set(v, "waves",
			      noc_value_int((int64_t)e->def->nwaves));
	return v;
}

void
noc_each_begin(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_each *e = each_new(l);
	struct noc_step_done d = { .def = def, .target = "" };
	struct noc_value *params;
	struct noc_failure f;
	struct noc_err err = { 0 };

	if (each_list(e, &err)) {
		bool denied = err.kind == NOC_EDENIED;

		noc_failure_set(&f, "permanent", denied ? "guard" : "rule",
				denied ? "targets" : "items", "%s", err.msg);
		d.failure = &f;
		noc_step_fail(l, &d);
		return;
	}
	l->attempt = 1;
	l->run->items += e->n;
	params = each_params(e);
	noc_live_wait(l, NOC_WAIT_INNER, "", e->end_ns);
	noc_step_write_start(l, def, "", params);
	noc_value_free(params);
	e->wave_end = each_wave_end(e, 0);
	e->batch_end = e->def->batch ? (size_t)e->def->batch : e->n;
	each_advance(e);
}

void
noc_each_cancel(struct noc_live *l, const char *why)
{
	struct noc_each *e = l->each;

	e->cancelled = true;
	each_close(e, why);
	if (!e->count[NOC_ITEM_OPEN] && !e->check)
		each_advance(e);
}

void
noc_each_expire(struct noc_live *l, const struct noc_failure *f)
{
	struct noc_each *e = l->each;

	if (e->closing) /* decided: what is out comes to its end */
		return;
	noc_value_free(e->check_error);
	e->check_error = noc_failure_value(f);
	each_advance(e);
}

bool
noc_each_is_cancelled(const struct noc_each *e)
{
	return e->cancelled;
}

bool
noc_each_due(struct noc_live *l)
{
	struct noc_each *e = l->each;

	if (e->end_ns && noc_steady_now(l->run->core) >= e->end_ns)
		return false;
	if (e->end_ns)
		noc_due_arm_steady(l->run->core, &l->due, e->end_ns);
	e->slice = 0;
	each_advance(e);
	return true;
}

/* ---- over a restart ---- */

void
noc_each_store(struct noc_each *e, struct noc_value *live)
{
	char hex[65];
	char *text = e->items ? each_text(e, hex) : NULL;
	uint8_t hash[32];
	size_t n = sizeof(hash);

	noc_value_set(live, "limit", noc_value_int(e->limit));
	noc_value_set(live, "need", noc_value_int(e->need));
	/* Also when it is known to be there: a new file may not have it. */
	if (text && strlen(text) > FROZEN_MAX &&
	    !noc_unhex(hex, 64, hash, &n)) {
		snprintf(e->hash, sizeof(e->hash), "%s", hex);
		noc_txn_definition(noc_core_txn(e->live->run->core), hash,
				   "items", e->live->path, text);
	}
	free(text);
	if (e->hash[0])
		noc_value_set(live, "items_hash", noc_value_str(e->hash));
	else if (e->items)
		noc_value_set(live, "items", noc_value_copy(e->items));
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

/* Could its plan have said them? */
static bool
each_numbers_are(const struct noc_each *e)
{
	const struct noc_each_def *def = e->def;
	int64_t need = def->need == NOC_NEED_ALL ? -1 : def->need_n;

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

	e->limit = noc_value_get_int(live, "limit", e->def->limit);
	e->need = noc_value_get_int(live, "need", -1);
	snprintf(e->hash, sizeof(e->hash), "%s",
		 noc_value_get_str(live, "items_hash", ""));
	if (!items || each_list_is(e, items, &err))
		l->run->unread = true;
	if (!each_numbers_are(e)) {
		l->run->unread = true;
		e->limit = 1;
		e->need = -1;
	}
	l->run->items += e->n;
}

static struct noc_lane *
lanes_find(struct noc_lane *lane, size_t item)
{
	while (lane && lane->item != (int64_t)item)
		lane = lane->next;
	return lane;
}

/* Of an item that has begun; one that has ended is there to be undone. */
static struct noc_lane *
each_lane_of(struct noc_each *e, size_t item)
{
	struct noc_lane *lane;

	if (e->fate[item] == NOC_ITEM_OPEN)
		return lanes_find(e->lanes, item);
	if (!noc_undo_may(e->live->run->plan, e->live->node))
		return NULL;
	lane = lanes_find(e->done, item);
	if (lane)
		return lane;
	lane = each_lane_new(e, item);
	lane->over = true;
	lane->next = e->done;
	e->done = lane;
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
	size_t i = (uintptr_t)noc_table_get(&e->index, text);
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

void
noc_each_restore(struct noc_live *l)
{
	struct noc_each *e = l->each;
	size_t begun = 0, wave = 0;

	for (size_t i = 0; i < e->n; i++)
		if (e->fate[i] != NOC_ITEM_WAITS)
			begun = i + 1;
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
	for (struct noc_lane *at = e->lanes; at; at = at->next)
		noc_lane_restore(at);
	if (e->check)
		noc_lane_restore(e->check);
}

void
noc_each_lanes(struct noc_each *e, void (*fn)(struct noc_lane *, void *),
	       void *arg)
{
	for (struct noc_lane *at = e->lanes; at; at = at->next)
		fn(at, arg);
	if (e->check)
		fn(e->check, arg);
}

/* All its items are loaded: on from there. */
void
noc_each_go_on(struct noc_live *l)
{
	struct noc_each *e = l->each;
	bool wave_over = !e->count[NOC_ITEM_OPEN] && !e->check;

	for (size_t i = 0; wave_over && i < e->wave_end; i++)
		wave_over = e->fate[i] != NOC_ITEM_WAITS;
	if (wave_over && e->def->check && e->wave_end && !each_is_lost(e))
		each_check(e);
	else
		each_advance(e);
}
