/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/run/await.h"
#include "engine/run/container.h"
#include "engine/run/escalate.h"
#include "engine/run/gate.h"
#include "engine/run/rows.h"
#include "engine/run/runner.h"
#include "engine/run/stops.h"
#include "engine/run/targets.h"

/*
 * A live in the row of its step: what people see of the step, and under "live"
 * what a restart needs to go on.  When the step ends the row says no more
 * "live".
 */

static void
live_set(struct noc_value *v, const char *key, int64_t n)
{
	if (n)
		noc_value_set(v, key, noc_value_int(n));
}

static struct noc_value *
live_esc(const struct noc_live *l)
{
	struct noc_value *esc = noc_value_map();

	noc_value_set(esc, "on_fail", noc_value_bool(l->more->esc->on_fail));
	live_set(esc, "level", (int64_t)l->more->esc->level);
	live_set(esc, "since", l->more->esc->since_ns);
	return esc;
}

static struct noc_value *
live_value(const struct noc_live *l)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "wait", noc_value_str(noc_wait_names[l->wait]));
	live_set(v, "due", l->due_ns);
	live_set(v, "step", l->step_ns);
	live_set(v, "tries", l->tries);
	live_set(v, "ok_since", l->more->ok_since_ns);
	live_set(v, "reads", l->reads);
	live_set(v, "doubt", l->doubt);
	live_set(v, "probing", l->probing);
	live_set(v, "turn", l->confirm_turn);
	if (l->run->lacks_code) {
		noc_value_set(v, "held",
			      noc_value_str(noc_wait_names[l->held]));
		live_set(v, "held_due", l->more->held_due_ns);
	}
	if (l->more->esc)
		noc_value_set(v, "esc", live_esc(l));
	if (l->more->gate)
		noc_value_set(v, "gate", noc_gate_store(l->more->gate));
	if (l->more->await)
		noc_value_set(v, "await", noc_await_store(l->more->await));
	live_set(v, "restarts", l->more->restarts);
	live_set(v, "undone", l->more->undone);
	live_set(v, "stays", l->more->stays);
	noc_container_store(l, v);
	return v;
}

/* ---- what it says, while it waits ---- */

void
noc_live_say(struct noc_live *l, struct noc_value *json)
{
	noc_value_free(l->row);
	free(l->row_text);
	l->row_text = NULL;
	l->row = json;
	l->has_row = true;
}

static void
row_wake(struct noc_live *l)
{
	struct noc_value *json = NULL;

	if (l->row)
		return;
	if (l->row_text && NOC_FAILS(!noc_json_parse_own(
			       l->row_text, strlen(l->row_text), &json, NULL)))
		json = NULL;
	noc_live_say(l, json ? json : noc_step_row_json(l));
}

/* Ten thousand may wait, and few are written again: what a sleep says is made
 * of it, of others it is kept as text. */
static void
row_rest(struct noc_live *l)
{
	if (l->wait == NOC_WAIT_NONE || l->wait == NOC_WAIT_CALL ||
	    l->wait == NOC_WAIT_INNER || !l->row)
		return;
	if (l->wait != NOC_WAIT_SLEEP || strcmp(l->state, "Running") != 0) {
		noc_value_unset(l->row, "live");
		l->row_text = noc_json_string(l->row, NOC_JSON_COMPACT);
	}
	noc_value_free(l->row);
	l->row = NULL;
}

void
noc_live_load_row(struct noc_live *l, const struct noc_value *json)
{
	noc_live_say(l, noc_value_copy(json));
	row_rest(l);
}

void
noc_live_store(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	const struct noc_run *r = l->run;
	struct noc_step_row row = {
		.run = r->id,
		.path = l->path,
		.node = (int64_t)l->node,
		.item = l->lane->item,
		.attempt = l->attempt,
		.state = l->state,
		.started_ns = noc_steady_wall(r->core, l->step_ns),
		.ended_ns = l->more->ended_ns,
		.due_ns = l->due_ns ? noc_steady_wall(r->core, l->due_ns) : 0,
	};

	l->dirty = false;
	if (!def) /* of a run that cannot be read */
		return;
	row_wake(l);
	row.json = l->row;
	/* The first version did not say it. */
	noc_value_set(l->row, "index", noc_value_int((int64_t)l->node));
	noc_value_set(l->row, "live", live_value(l));
	noc_targets_say(l, l->row);
	noc_txn_step(noc_core_txn(r->core), &row);
	row_rest(l);
}

/* ---- back from it ---- */

static enum noc_wait
wait_find(const char *name)
{
	for (int w = NOC_WAIT_NONE; w <= NOC_WAIT_INNER; w++)
		if (!strcmp(noc_wait_names[w], name))
			return (enum noc_wait)w;
	return NOC_WAIT_NONE;
}

static int64_t
live_ns(const struct noc_value *v, const char *key)
{
	return noc_ns_sane(noc_value_get_int(v, key, 0));
}

/* How often, as far as anybody can have written. */
static int
live_times(const struct noc_value *v, const char *key)
{
	int64_t n = noc_value_get_int(v, key, 0);

	return n < 0 ? 0 : n > NOC_TIMES_MAX ? NOC_TIMES_MAX : (int)n;
}

static void
live_load_esc(struct noc_live *l, const struct noc_value *esc)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_escalating was = {
		.on_fail = noc_value_get_bool(esc, "on_fail", true),
		.level = (size_t)live_times(esc, "level"),
		.since_ns = live_ns(esc, "since"),
	};

	was.def = was.on_fail ? l->run->plan->on_fail
		  : def	      ? def->escalation
			      : NULL;
	if (!esc || !was.def)
		return;
	noc_live_more(l)->esc = noc_memdup(&was, sizeof(was));
	noc_stops_add(l);
}

/* Blocked, with something in it: that goes on when people say so. */
static bool
live_holds(const struct noc_live *l, const struct noc_value *v)
{
	return l->wait == NOC_WAIT_BLOCKED &&
	       (noc_value_get(v, "items") || noc_value_get(v, "items_hash") ||
		noc_value_get(v, "input"));
}

/* Can a step of this kind wait for that? */
static bool
wait_fits(const struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	enum noc_step_kind kind = def ? def->kind : NOC_STEP_STOP;

	switch (l->wait) {
	case NOC_WAIT_CALL:
		return kind == NOC_STEP_ACTION || kind == NOC_STEP_VERIFY ||
		       kind == NOC_STEP_EMIT;
	case NOC_WAIT_RETRY:
	case NOC_WAIT_READ:
	case NOC_WAIT_QUEUE:
	case NOC_WAIT_PAUSE:
		return kind == NOC_STEP_ACTION || kind == NOC_STEP_VERIFY;
	case NOC_WAIT_VERIFY:
		return kind == NOC_STEP_VERIFY;
	case NOC_WAIT_SLEEP:
		return kind == NOC_STEP_SLEEP;
	case NOC_WAIT_GATE:
		return def && def->gate;
	case NOC_WAIT_EVENT:
		return def && def->await;
	case NOC_WAIT_INNER:
		return kind == NOC_STEP_CALL ||
		       (!l->undoes &&
			(kind == NOC_STEP_EACH || kind == NOC_STEP_UNDO));
	case NOC_WAIT_NONE:
	case NOC_WAIT_ESCALATE:
	case NOC_WAIT_ASK:
	case NOC_WAIT_BLOCKED:
		break;
	}
	return true;
}

/* What it asks people, or waits to hear of; also while it is held. */
static void
live_load_asked(struct noc_live *l, const struct noc_value *v)
{
	const struct noc_step_def *def = noc_live_step(l);
	enum noc_wait wait =
	    l->wait == NOC_WAIT_BLOCKED && l->held ? l->held : l->wait;

	if (def && def->gate && wait == NOC_WAIT_GATE)
		noc_gate_load(l, noc_value_get(v, "gate"));
	if (def && (def->gate || def->await) &&
	    (wait == NOC_WAIT_GATE || wait == NOC_WAIT_EVENT))
		noc_await_load(l, noc_value_get(v, "await"));
}

static struct noc_live *
live_load(struct noc_live *l, const struct noc_value *v)
{
	l->went = true; /* it may have been */
	NOC_LIVE_SET(l, restarts, live_times(v, "restarts"));
	NOC_LIVE_SET(l, undone, live_times(v, "undone"));
	NOC_LIVE_SET(l, stays, live_times(v, "stays"));
	l->wait = wait_find(noc_value_get_str(v, "wait", ""));
	l->held = wait_find(noc_value_get_str(v, "held", ""));
	NOC_LIVE_SET(l, held_due_ns, live_ns(v, "held_due"));
	l->due_ns = live_ns(v, "due");
	l->tries = live_times(v, "tries");
	l->attempt = live_times(v, "attempt");
	l->step_ns = live_ns(v, "step");
	NOC_LIVE_SET(l, ok_since_ns, live_ns(v, "ok_since"));
	l->reads = live_times(v, "reads");
	l->probing = noc_value_get_int(v, "probing", 0) != 0;
	l->doubt = l->probing || l->wait == NOC_WAIT_ASK ||
		   noc_value_get_int(v, "doubt", 0) != 0;
	l->confirm_turn = noc_value_get_int(v, "turn", 0) != 0;
	live_load_esc(l, noc_value_get(v, "esc"));
	if (!wait_fits(l)) {
		l->wait = NOC_WAIT_NONE;
		l->run->unread = true;
	}
	live_load_asked(l, v);
	if (l->wait == NOC_WAIT_INNER || live_holds(l, v))
		noc_container_load(l, v);
	return l;
}

struct noc_live *
noc_live_load(struct noc_lane *lane, size_t node, const struct noc_value *v)
{
	return live_load(noc_live_new(lane, node), v);
}

struct noc_live *
noc_live_load_undo(struct noc_lane *lane, size_t node,
		   const struct noc_value *v)
{
	return live_load(noc_live_new_undo(lane, node), v);
}
