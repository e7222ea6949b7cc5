/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/expr/template.h"
#include "engine/flow/pick.h"
#include "engine/run/attempt.h"
#include "engine/run/rows.h"
#include "engine/run/step.h"
#include "engine/run/undo_private.h"

/* undo "back" { step = "deploy", items = "{...}" } */

/* Of the names that a lane sees: a called flow and an item have their own. */
static size_t
lane_find(const struct noc_lane *lane, const char *name)
{
	const struct noc_step_def *steps = lane->run->plan->steps;
	size_t i = lane->from;

	while (i < lane->to && strcmp(steps[i].name, name) != 0)
		i = steps[i].kind == NOC_STEP_CALL ||
			    steps[i].kind == NOC_STEP_EACH
			? steps[i].end
			: i + 1;
	return i < lane->to ? i : NOC_NODE_TOP;
}

/* The step to undo, and whose it is: on_fail and finally see those of the
 * flow, too. */
static size_t
undo_find(const struct noc_live *l, struct noc_lane **lane)
{
	const char *name = noc_live_step(l)->undo_of;
	size_t node;

	*lane = l->lane;
	node = lane_find(*lane, name);
	if (node == NOC_NODE_TOP && *lane == l->run->closing) {
		*lane = l->run->root;
		node = lane_find(*lane, name);
	}
	return node;
}

/* ---- some of its items ---- */

bool
noc_undo_picks(const struct noc_plan *plan, size_t node)
{
	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->steps[i].undo_items &&
		    !strcmp(plan->steps[i].undo_of, plan->steps[node].name))
			return true;
	return false;
}

/* Is all of the list known? */
static bool
list_is_whole(const struct noc_value *list)
{
	for (size_t i = 0; i < noc_value_len(list); i++)
		if (noc_value_at(list, i)->type == NOC_NIL)
			return false;
	return list != NULL;
}

/* Those that are none fail all of it, before anything is taken back: who names
 * them means something else. */
static int
items_are_none(const struct noc_live *l, size_t n,
	       const struct noc_strbuf *none, const char *what,
	       struct noc_err *err)
{
	return noc_err_set(err, NOC_EINPUT, "%.170s %s%s of '%.60s'", none->p,
			   n > 1 ? "are no " : "is no ", what,
			   noc_live_step(l)->undo_of);
}

/* Lanes of the each, of these items; NULL: of all. */
static int
collect_items(const struct noc_live *l, const struct noc_lane *lane,
	      const struct noc_value *items, struct undo_job *job,
	      struct noc_err *err)
{
	struct noc_value *list = items ? noc_undo_given(lane, job->only) : NULL;
	struct noc_lane *at = lane->more->undo ? lane->more->undo->kept : NULL;
	struct noc_strbuf none = NOC_STRBUF_INIT;
	size_t cap = 0, len = noc_value_len(list);
	uint8_t *chosen = noc_calloc(len + 1, 1);
	size_t n = list ? noc_pick(list, items, chosen, &none) : 0;
	int rc =
	    n && list_is_whole(list)
		? items_are_none(l, n, &none, n > 1 ? "items" : "item", err)
		: 0;

	for (; at && !rc; at = at->more->next) {
		if (at->node != job->only ||
		    (items && (at->item < 0 || (size_t)at->item >= len ||
			       !chosen[at->item])))
			continue;
		NOC_GROW(job->lanes, cap, job->n + 1);
		job->lanes[job->n++] = at;
	}
	noc_strbuf_release(&none);
	noc_value_free(list);
	free(chosen);
	return rc;
}

/* As the inventory calls them, as in the row of the step. */
static struct noc_value *
names_of(const struct noc_core *core, const struct noc_value *items)
{
	struct noc_value *names = noc_value_list();

	for (size_t i = 0; i < noc_value_len(items); i++) {
		const struct noc_value *v = noc_value_at(items, i);
		const char *said = v->type == NOC_STR
				       ? v->u.s.p
				       : noc_value_get_str(v, "name", NULL);
		char *name = said ? noc_strdup(said) : NULL;

		if (name)
			noc_attempt_name(core, &name);
		noc_value_push(names,
			       name ? noc_value_str(name) : noc_value_copy(v));
		free(name);
	}
	return names;
}

/* Of what one call did to many: to whom else it did nothing. */
static int
collect_targets(const struct noc_live *l, const struct undo_mark *m,
		struct noc_value **items, struct noc_err *err)
{
	struct noc_value *all = noc_value_copy(m->targets);
	struct noc_value *names = names_of(l->run->core, *items), *kept;
	size_t touched = noc_value_len(all), n;
	struct noc_strbuf none = NOC_STRBUF_INIT;
	uint8_t *chosen;
	int rc;

	for (size_t i = 0; i < noc_value_len(m->left_out); i++)
		noc_value_push(all,
			       noc_value_str(m->left_out->u.map.at[i].key));
	chosen = noc_calloc(noc_value_len(all) + 1, 1);
	n = noc_pick(all, names, chosen, &none);
	rc = n ? items_are_none(l, n, &none, n > 1 ? "targets" : "target", err)
	       : 0;
	kept = noc_value_list();
	for (size_t i = 0; i < touched; i++)
		if (chosen[i])
			noc_value_push(kept,
				       noc_value_copy(noc_value_at(all, i)));
	noc_value_free(*items);
	*items = kept;
	noc_strbuf_release(&none);
	noc_value_free(names);
	noc_value_free(all);
	free(chosen);
	return rc;
}

/* ---- what it does ---- */

/* What it asks for; NULL: all. */
static int
step_items(const struct noc_live *l, const struct noc_scope *scope,
	   struct noc_value **items, struct noc_err *err)
{
	const struct noc_step_def *def = noc_live_step(l);
	int rc = def->undo_items
		     ? noc_template_tree(def->undo_items, scope,
					 NOC_MISSING_FAIL, items, err)
		     : 0;

	/* An empty table of Lua's is either. */
	if (!rc && *items && (*items)->type != NOC_LIST &&
	    !((*items)->type == NOC_MAP && !noc_value_len(*items)))
		rc = noc_err_set(err, NOC_EINPUT, "'items' is no list");
	return rc;
}

static int
step_collect(const struct noc_live *l, struct noc_lane *lane,
	     struct undo_job *job, struct noc_err *err)
{
	const struct noc_step_def *of;
	const struct undo_mark *m;
	struct noc_value *items = NULL;
	struct noc_scope scope;
	int rc;

	if (job->only == NOC_NODE_TOP)
		return noc_err_set(err, NOC_EBUG,
				   "There is no step '%s' to undo.",
				   noc_live_step(l)->undo_of);
	of = &l->run->plan->steps[job->only];
	m = undo_mark_of(lane->more->undo, job->only);
	noc_lane_scope(l->lane, &scope);
	rc = step_items(l, &scope, &items, err);
	if (!rc && of->kind == NOC_STEP_EACH) {
		rc = collect_items(l, lane, items, job, err);
	} else if (!rc && noc_undo_has(lane)) {
		if (items && m && m->targets)
			rc = collect_targets(l, m, &items, err);
		job->extra = items ? noc_undo_around(&scope, items) : NULL;
		if (!(items && m && m->targets && !noc_value_len(items))) {
			job->lanes =
			    noc_memdup(&lane, sizeof(struct noc_lane *));
			job->n = 1;
		}
	}
	noc_value_free(items);
	return rc;
}

void
noc_undo_go_on(struct noc_live *l)
{
	struct noc_step_done d = { .def = noc_live_step(l) };
	struct noc_lane *lane;
	struct undo_job job = { .by = l, .only = undo_find(l, &lane) };
	struct noc_failure f;
	struct noc_err err = { 0 };

	job.home = lane;
	job.end_ns =
	    noc_ns_after(l->step_ns, d.def->timeout_ms ? d.def->timeout_ms
						       : NOC_AFTER_TIMEOUT_MS);
	if (!step_collect(l, lane, &job, &err)) {
		undo_job_new(l->run, &job);
		return;
	}
	noc_value_free(job.extra);
	free(job.lanes);
	noc_failure_set(&f, "permanent", "rule", "undo", "%s", err.msg);
	d.failure = &f;
	noc_step_fail(l, &d);
}

void
noc_undo_begin(struct noc_live *l)
{
	const struct noc_step_def *def = noc_live_step(l);
	struct noc_value *params = noc_value_map();

	l->attempt = 1;
	noc_value_set(params, "step", noc_value_str(def->undo_of));
	noc_live_wait(l, NOC_WAIT_INNER, "compensating", 0);
	noc_step_write_start(l, def, "", params);
	noc_value_free(params);
	noc_undo_go_on(l);
}
