/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/core/steady.h"
#include "engine/run/each_private.h"
#include "engine/run/rows.h"
#include "engine/run/step.h"
#include "engine/run/container.h"
#include "engine/run/undo.h"

/* What the items of an each come to: won or lost, what is taken back, the end
 * of its step. */

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
	if (e->percent)
		return (n * (size_t)e->need + 99) / 100;
	return (size_t)e->need;
}

/* It cannot be had any more. */
bool
each_is_lost(const struct noc_each *e)
{
	size_t may =
	    each_ok(e) + e->count[NOC_ITEM_WAITS] + e->count[NOC_ITEM_OPEN];

	return e->check_error || e->cancelled || may < each_needs(e) ||
	       (e->n > 0 && e->need && e->count[NOC_ITEM_SKIPPED] == e->n);
}

bool
each_is_won(const struct noc_each *e)
{
	return !e->def->let_finish && e->need >= 0 &&
	       each_ok(e) >= each_needs(e);
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
bool
each_undo(struct noc_each *e)
{
	struct noc_lane **lanes = NULL;
	size_t n = 0, cap = 0;
	bool begun;

	if (e->undone || e->cancelled)
		return false;
	e->undone = true;
	for (size_t i = e->n; i-- > 0;) {
		if (!e->lanes[i] || !undo_is_wanted(e, e->lanes[i]))
			continue;
		NOC_GROW(lanes, cap, n + 1);
		lanes[n++] = e->lanes[i];
	}
	e->undoing = n > 0;
	if (n && !e->undo_ns) {
		e->undo_ns = noc_steady_now(e->live->run->core);
		noc_live_touch(e->live);
	}
	begun = noc_undo_items(e, lanes, n,
			       noc_ns_after(e->undo_ns, e->def->undo_ms));
	free(lanes);
	return begun;
}

/* ---- its end ---- */

/* What the mode left undone in items is told of all of them together. */
static void
each_tell_would(const struct noc_each *e)
{
	struct noc_live *l = e->live;
	const struct noc_lane *lane = l->lane;

	while (lane && !lane->is_item)
		lane = lane->up;
	if (lane || l->run->outcome || !e->count[NOC_ITEM_WOULD])
		return;
	l->run->outcome =
	    noc_asprintf("would have: %s on %zu of %zu", noc_live_step(l)->name,
			 e->count[NOC_ITEM_WOULD], e->n);
	l->run->dirty = true;
}

void
each_end(struct noc_each *e)
{
	struct noc_live *l = e->live;
	struct noc_step_done d = { .def = noc_live_step(l), .target = "" };
	struct noc_value *whole = each_output(e, true);
	struct noc_value *counts = each_output(e, false);
	struct noc_value *told = each_counts(e);
	struct noc_failure f;
	char outcome[64];

	for (size_t i = e->n; i-- > 0;) {
		if (!e->lanes[i])
			continue;
		(void)noc_each_item(e, i); /* the list is gone then */
		noc_undo_keep(l->lane, e->lanes[i]);
		e->lanes[i] = NULL;
	}
	if (noc_undo_picks(l->run->plan, l->node)) {
		struct noc_value *list = each_values(e);

		noc_undo_keep_given(l->lane, d.def->name, list);
		noc_value_free(list);
	}
	d.whole = whole;
	d.output = counts;
	d.counts = told;
	noc_lane_give(l->lane, d.def->name, whole);
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
	noc_value_free(counts);
	noc_value_free(told);
}
