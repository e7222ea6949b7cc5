/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run/each.h"
#include "engine/run/undo_private.h"

/* What can be taken back in a lane, and what the rows say of that. */

struct noc_undo *
undo_of(struct noc_lane *lane)
{
	if (!lane->more->undo)
		noc_lane_more(lane)->undo =
		    noc_calloc(1, sizeof(*lane->more->undo));
	return lane->more->undo;
}

/* ---- marks ---- */

bool
noc_undo_may(const struct noc_plan *plan, size_t node)
{
	for (size_t i = node; i < plan->steps[node].end; i++)
		if (plan->steps[i].undo)
			return true;
	return false;
}

bool
noc_undo_has(const struct noc_lane *lane)
{
	return lane->more->undo && lane->more->undo->n > 0;
}

static void
mark_clear(struct undo_mark *m)
{
	noc_value_free(m->targets);
	noc_value_free(m->left_out);
	free(m->by);
	m->by = NULL;
	m->targets = m->left_out = NULL;
}

static void
mark_whom(struct undo_mark *m, const struct noc_undo_whom *whom)
{
	mark_clear(m);
	if (whom->targets)
		m->targets = noc_value_copy(whom->targets);
	if (noc_value_len(whom->left_out))
		m->left_out = noc_value_copy(whom->left_out);
}

const struct undo_mark *
undo_mark_of(const struct noc_undo *u, size_t node)
{
	for (size_t i = u ? u->n : 0; i > 0; i--)
		if (u->marks[i - 1].node == node)
			return &u->marks[i - 1];
	return NULL;
}

void
noc_undo_load_mark(struct noc_lane *lane, size_t node, int64_t order,
		   const struct noc_undo_whom *whom)
{
	struct noc_undo *u = undo_of(lane);
	size_t i = u->n;

	if (order > NOC_ORDER_MAX) { /* nobody gave that */
		lane->run->unread = true;
		return;
	}
	NOC_GROW(u->marks, u->cap, u->n + 1);
	while (i > 0 && u->marks[i - 1].order > order)
		i--;
	memmove(u->marks + i + 1, u->marks + i, (u->n - i) * sizeof(*u->marks));
	u->marks[i] = (struct undo_mark){
		.node = node,
		.order = order,
	};
	mark_whom(&u->marks[i], whom);
	u->n++;
	if (order > lane->run->order)
		lane->run->order = order;
}

void
noc_undo_load_copied(struct noc_lane *lane, size_t node,
		     const struct noc_value *row)
{
	struct noc_undo *u = lane->more->undo;

	for (size_t i = 0; u && i < u->n; i++)
		if (u->marks[i].node == node)
			u->marks[i].copied =
			    noc_value_get(row, "copied") != NULL;
}

static void
mark_self(struct noc_live *l)
{
	const struct noc_undo_whom whom = {
		.targets = l->more->targets,
		.left_out = l->more->left_out,
	};
	struct noc_undo *u = l->lane->more->undo;

	if (l->undoes || !noc_undo_may(l->run->plan, l->node))
		return;
	if (!l->more->order) {
		NOC_LIVE_SET(l, order, ++l->run->order);
		noc_undo_load_mark(l->lane, l->node, l->more->order, &whom);
		return;
	}
	/* Tried again: another one may be frozen now. */
	for (size_t i = 0; l->more->targets && u && i < u->n; i++)
		if (u->marks[i].order == l->more->order)
			mark_whom(&u->marks[i], &whom);
}

/* Names of b that a lacks, behind it; a is owned. */
static struct noc_value *
targets_join(struct noc_value *a, const struct noc_value *b)
{
	struct noc_table have = { 0 };

	for (size_t i = 0; i < noc_value_len(a); i++)
		if (noc_value_at(a, i)->type == NOC_STR)
			noc_table_put(&have, noc_value_at(a, i)->u.s.p, a);
	for (size_t i = 0; i < noc_value_len(b); i++) {
		const struct noc_value *v = noc_value_at(b, i);

		if (v->type == NOC_STR && !noc_table_put(&have, v->u.s.p, a))
			noc_value_push(a, noc_value_copy(v));
	}
	noc_table_release(&have);
	return a;
}

/* What takes a called flow back is told of whom its jobs were about. */
static void
mark_around(const struct noc_live *l)
{
	const struct noc_lane *lane = l->lane;
	struct noc_live *c =
	    lane->up ? noc_live_find(lane->up, lane->node) : NULL;
	const struct undo_mark *m;

	if (!l->more->targets || !c ||
	    l->run->plan->steps[lane->node].kind != NOC_STEP_CALL)
		return;
	m = undo_mark_of(c->lane->more->undo, c->node);
	noc_value_free(c->more->targets);
	noc_live_more(c)->targets = targets_join(
	    m && m->targets ? noc_value_copy(m->targets) : noc_value_list(),
	    l->more->targets);
	noc_live_touch(c);
	noc_undo_mark(c);
}

void
noc_undo_mark(struct noc_live *l)
{
	if (!l->undoes)
		mark_around(l);
	mark_self(l);
}

void
noc_undo_unmark(struct noc_live *l)
{
	struct noc_undo *u = l->lane->more->undo;

	for (size_t i = 0; u && l->more->order && i < u->n; i++) {
		if (u->marks[i].order != l->more->order)
			continue;
		u->n--;
		mark_clear(&u->marks[i]);
		memmove(u->marks + i, u->marks + i + 1,
			(u->n - i) * sizeof(*u->marks));
		NOC_LIVE_SET(l, order, 0);
	}
}

void
noc_undo_free(struct noc_undo *u)
{
	if (!u)
		return;
	while (u->kept) {
		struct noc_lane *next = u->kept->more->next;

		noc_lane_free(u->kept);
		u->kept = next;
	}
	for (size_t i = 0; i < u->n; i++)
		mark_clear(&u->marks[i]);
	noc_table_release(&u->index);
	noc_value_free(u->given);
	free(u->marks);
	free(u);
}

void
noc_undo_keep(struct noc_lane *lane, struct noc_lane *inner)
{
	struct noc_undo *u = undo_of(lane);

	inner->each = NULL;
	noc_lane_more(inner)->next = u->kept;
	u->kept = inner;
}

void
noc_undo_keep_given(struct noc_lane *lane, const char *name,
		    const struct noc_value *given)
{
	struct noc_undo *u = undo_of(lane);

	if (!u->given)
		u->given = noc_value_map();
	noc_value_set(u->given, name, noc_value_copy(given));
}

static void
list_put(struct noc_value *list, int64_t at, const struct noc_value *item)
{
	if (!item || at < 0 || at >= NOC_EACH_ITEMS_MAX)
		return;
	while (noc_value_len(list) <= (size_t)at)
		noc_value_push(list, noc_value_nil());
	noc_value_free(list->u.list.at[at]);
	list->u.list.at[at] = noc_value_copy(item);
}

struct noc_value *
noc_undo_given(const struct noc_lane *lane, size_t node)
{
	const struct noc_step_def *def = &lane->run->plan->steps[node];
	struct noc_lane *at = lane->more->undo ? lane->more->undo->kept : NULL;
	const struct noc_value *given =
	    lane->more->undo ? noc_value_get(lane->more->undo->given, def->name)
			     : NULL;
	struct noc_value *list = NULL;

	if (given)
		return noc_value_copy(given);
	for (; at; at = at->more->next) {
		if (at->node != node)
			continue;
		if (def->kind == NOC_STEP_CALL)
			return at->more->input ? noc_value_copy(at->more->input)
					       : NULL;
		if (!list)
			list = noc_value_list();
		list_put(list, at->item,
			 noc_value_get(at->extra, def->each->as));
	}
	return list;
}

void
noc_undo_lanes(const struct noc_lane *lane,
	       void (*fn)(struct noc_lane *, void *), void *arg)
{
	struct noc_lane *at = lane->more->undo ? lane->more->undo->kept : NULL;

	for (; at; at = at->more->next)
		fn(at, arg);
}

void
noc_undo_open(const struct noc_lane *lane,
	      void (*fn)(const char *path, void *arg), void *arg)
{
	const struct noc_undo *u = lane->more->undo;

	for (size_t i = 0; u && i < u->n; i++) {
		const struct undo_mark *m = &u->marks[i];
		char *path;

		if (m->done || m->copied ||
		    !lane->run->plan->steps[m->node].undo)
			continue;
		path = noc_lane_path(lane, m->node);
		fn(path, arg);
		free(path);
	}
}

int64_t
noc_undo_order(const struct noc_lane *lane, size_t node, enum noc_undone *how,
	       struct noc_undo_whom *whom)
{
	const struct undo_mark *m = undo_mark_of(lane->more->undo, node);

	*how = m ? m->done : NOC_UNDONE_NO;
	whom->targets = m ? m->targets : NULL;
	whom->left_out = m ? m->left_out : NULL;
	whom->by = m ? m->by : NULL;
	return m ? m->order : 0;
}

void
undo_done(struct noc_undo *u, size_t node, enum noc_undone how, const char *by)
{
	for (size_t i = 0; u && i < u->n; i++) {
		if (u->marks[i].node != node)
			continue;
		u->marks[i].done = how;
		free(u->marks[i].by);
		u->marks[i].by = by ? noc_strdup(by) : NULL;
	}
}

/* ---- rows ---- */

void
noc_undo_load(struct noc_lane *lane, size_t node,
	      const struct noc_step_row *row)
{
	struct noc_undo *u = undo_of(lane);
	bool over = strcmp(row->state, "Pending") != 0 &&
		    strcmp(row->state, "Running") != 0;
	const struct noc_value *live = noc_value_get(row->json, "live");
	struct noc_live *l;

	if (!strcmp(row->state, "Failed"))
		lane->run->undo_failed = true;
	if (over)
		undo_done(u, node,
			  strcmp(row->state, "Failed") ? NOC_UNDONE_OK
						       : NOC_UNDONE_FAILED,
			  noc_value_get_str(row->json, "by", NULL));
	if (over || !live)
		return;
	if (!lane->run->plan->steps[node].undo) {
		lane->run->unread = true;
		return;
	}
	l = noc_live_load_undo(lane, node, live);
	l->attempt = row->attempt;
	l->state = !strcmp(row->state, "Running") ? "Running" : "Pending";
	noc_live_load_row(l, row->json);
	l->dirty = false;
}

struct noc_lane *
noc_undo_lane(struct noc_lane *lane, size_t container, const char *path,
	      int64_t item)
{
	const struct noc_step_def *def = &lane->run->plan->steps[container];
	const struct noc_value *given, *value;
	struct noc_lane *inner;

	if (!noc_undo_may(lane->run->plan, container))
		return NULL;
	inner = lane->more->undo ? noc_table_get(&lane->more->undo->index, path)
				 : NULL;
	if (inner)
		return inner;
	inner = noc_lane_new(lane->run, lane, container, path);
	inner->over = true;
	inner->is_item = item >= 0;
	if (item >= 0)
		inner->item = (int32_t)item;
	given = lane->more->undo
		    ? noc_value_get(lane->more->undo->given, def->name)
		    : NULL;
	value = item >= 0 ? noc_value_at(given, (size_t)item) : NULL;
	if (def->kind == NOC_STEP_CALL) /* never what the run was given */
		noc_lane_more(inner)->input =
		    given ? noc_value_copy(given) : noc_value_map();
	else if (value)
		inner->extra = noc_each_extra(lane, def->each->as, value);
	noc_undo_keep(lane, inner);
	noc_table_put(&lane->more->undo->index, path, inner);
	return inner;
}
