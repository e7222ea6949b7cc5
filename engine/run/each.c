/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/each.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store/crash.h"
#include "engine/core/steady.h"
#include "engine/run/advance.h"
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

/* ---- life ---- */

struct noc_each *
each_new(struct noc_live *l)
{
	struct noc_each *e = noc_calloc(1, sizeof(*e));
	const struct noc_step_def *def = noc_live_step(l);

	e->live = l;
	e->def = def->each;
	noc_live_more(l)->each = e;
	noc_each_time(l);
	return e;
}

void
noc_each_time(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);

	if (def->timeout_ms)
		l->more->each->end_ns =
		    noc_ns_after(l->step_ns, def->timeout_ms);
}

void
noc_each_free(struct noc_each *e)
{
	if (!e)
		return;
	noc_lane_free(e->check);
	noc_lane_free(e->checked);
	for (size_t i = 0; i < e->n; i++) {
		if (e->lanes)
			noc_lane_free(e->lanes[i]);
		if (e->said)
			noc_value_free(e->said[i]);
	}
	free(e->keys);
	free(e->key_at);
	free(e->by_key);
	free(e->said);
	free(e->why);
	free(e->lanes);
	free(e->fate);
	free(e->list);
	free(e->list_at);
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

struct noc_lane *
each_lane_new(struct noc_each *e, size_t i)
{
	struct noc_live *l = e->live;
	char *path = noc_asprintf("%s[%s]", l->path, each_key(e, i));
	struct noc_lane *lane = noc_lane_new(l->run, l->lane, l->node, path);

	free(path);
	if (e->def->check)
		lane->to = (uint16_t)e->def->check;
	lane->each = e;
	lane->item = (int32_t)i;
	lane->is_item = true;
	lane->began_ns = noc_steady_now(l->run->core);
	return lane;
}

const struct noc_value *
noc_each_item(const struct noc_each *e, size_t i)
{
	struct noc_lane *lane = e->lanes[i];
	struct noc_value *item;

	if (lane->extra)
		return lane->extra;
	item = each_value(e, i);
	lane->extra = noc_each_extra(e->live->lane, e->def->as, item);
	noc_value_free(item);
	return lane->extra;
}

struct noc_lane *
each_open_item(struct noc_each *e, size_t i)
{
	struct noc_lane *lane = each_lane_new(e, i);

	e->lanes[i] = lane;
	each_set(e, i, NOC_ITEM_OPEN);
	noc_lane_wake(lane);
	return lane;
}

/* Not all in one input: others want their turn, too, and a txn has its size. */
static bool
each_slice(struct noc_each *e)
{
	struct noc_live *l = e->live;

	if (l->run->slice < NOC_SLICE) {
		l->run->slice++;
		return true;
	}
	noc_due_arm_steady(l->run->core, &l->due,
			   noc_steady_now(l->run->core) + 1);
	return false;
}

/* Those that are open end what they are at.  All of them are called off
 * already, so that none goes on until it is its turn; a start finds again that
 * it is decided. */
void
each_hush(struct noc_each *e)
{
	for (; e->hushed < e->n; e->hushed++) {
		if (e->fate[e->hushed] != NOC_ITEM_OPEN)
			continue;
		if (!each_slice(e))
			return;
		noc_lane_cancel(e->lanes[e->hushed], e->why);
	}
}

static void
each_close(struct noc_each *e, const char *why)
{
	if (e->closing)
		return;
	e->closing = true;
	e->why = noc_strdup(why);
	for (size_t i = 0; i < e->n; i++)
		if (e->fate[i] == NOC_ITEM_OPEN)
			noc_lane_call_off(e->lanes[i]);
	each_hush(e);
	if (e->check)
		noc_lane_cancel(e->check, why);
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
		noc_live_touch(l);
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
			each_open_item(e, e->next);
		}
		e->next++;
	}
	return false;
}

void
each_check(struct noc_each *e)
{
	struct noc_live *l = e->live;
	char *path = noc_asprintf("%s[!%zu]", l->path, e->wave + 1);

	e->check = noc_lane_new(l->run, l->lane, e->def->check, path);
	free(path);
	e->check->each = e;
	noc_lane_wake(e->check);
	noc_live_touch(l);
}

/* A wave is a boundary that its row tells of. */
static void
each_next_wave(struct noc_each *e)
{
	e->wave++;
	e->wave_end = each_wave_end(e, e->wave);
	noc_live_touch(e->live);
	noc_crash_point("each.before_wave");
}

/* Something has ended, or may begin. */
void
each_advance(struct noc_each *e)
{
	if (!e->closing && each_is_lost(e))
		each_close(e, e->check_error ? "the check of its wave failed, "
					       "or the time of its each is up"
					     : "enough of the others failed");
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

/* What it had out when it was called off came to its end, and was the last. */
static bool
item_is_whole(const struct noc_lane *lane)
{
	bool whole = true;

	for (size_t i = lane->from; i < lane->to && whole; i++)
		whole = noc_lane_end_of(lane, i) == NOC_END_OK ||
			noc_lane_end_of(lane, i) == NOC_END_SKIPPED;
	return whole;
}

static enum noc_item_fate
item_fate(const struct noc_lane *lane)
{
	bool begun = false;

	if (lane->more->broken)
		return NOC_ITEM_FAILED;
	if (lane->more->stopped && lane->left_alone &&
	    !noc_lane_has_changed(lane))
		return NOC_ITEM_SKIPPED;
	if (lane->more->stopped)
		return NOC_ITEM_OK;
	if (lane->cancelled && !item_is_whole(lane))
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
	if (lane->more->broken) {
		noc_value_free(e->check_error);
		e->check_error = noc_value_copy(lane->more->error);
	}
	noc_lane_free(e->checked);
	e->checked = lane;
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
	each_write_item(e, lane, fate);
	each_set(e, (size_t)lane->item, fate);
	if (!noc_undo_has(lane)) {
		e->lanes[lane->item] = NULL;
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

/* What its record says of it. */
static struct noc_value *
each_params(const struct noc_each *e)
{
	struct noc_value *v = noc_value_map();
	char hex[65];

	each_hash(e, hex);
	noc_value_set(v, "items", noc_value_int((int64_t)e->n));
	noc_value_set(v, "items_sha256", noc_value_str(hex));
	noc_value_set(v, "limit", noc_value_int(e->limit));
	noc_value_set(v, "need", each_need_said(e));
	if (e->def->nwaves)
		noc_value_set(v, "waves",
			      noc_value_int((int64_t)e->def->nwaves));
	return v;
}

static void
each_write_start(struct noc_each *e)
{
	struct noc_value *params = each_params(e);
	struct noc_live *l = e->live;

	l->attempt = 1;
	noc_live_wait(l, NOC_WAIT_INNER, "", e->end_ns);
	noc_step_write_start(l, noc_live_step(l), "", params);
	noc_value_free(params);
}

void
noc_each_fork(struct noc_live *l)
{
	each_write_start(l->more->each);
}

void
noc_each_begin(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_each *e = each_new(l);
	struct noc_step_done d = { .def = def, .target = "" };
	struct noc_failure f;
	struct noc_err err = { 0 };

	if (each_list(e, &err)) {
		bool denied = err.kind == NOC_EDENIED;
		bool said = strcmp(def->at, "?") != 0;

		noc_failure_set(&f, "permanent", denied ? "guard" : "rule",
				denied ? "targets" : "items", "%s%s%s%s",
				err.msg, said ? " (" : "", said ? def->at : "",
				said ? ")" : "");
		d.failure = &f;
		noc_step_fail(l, &d);
		return;
	}
	l->run->items += e->n;
	each_write_start(e);
	e->wave_end = each_wave_end(e, 0);
	e->batch_end = e->def->batch ? (size_t)e->def->batch : e->n;
	each_advance(e);
}

void
noc_each_cancel(struct noc_live *l, const char *why)
{
	struct noc_each *e = l->more->each;

	e->cancelled = true;
	each_close(e, why);
	if (!e->count[NOC_ITEM_OPEN] && !e->check)
		each_advance(e);
}

void
noc_each_expire(struct noc_live *l, const struct noc_failure *f)
{
	struct noc_each *e = l->more->each;

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
	struct noc_each *e = l->more->each;

	if (e->closing) {
		each_hush(e);
		return true;
	}
	if (e->end_ns && noc_steady_now(l->run->core) >= e->end_ns)
		return false;
	if (e->end_ns)
		noc_due_arm_steady(l->run->core, &l->due, e->end_ns);
	each_advance(e);
	return true;
}
