/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/dry.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/expr/template.h"
#include "engine/flow/hold.h"
#include "engine/flow/input.h"
#include "engine/flow/label.h"
#include "engine/lang/ast.h"
#include "engine/run/each.h"

struct dry {
	const struct noc_core *core;
	const struct noc_plan *p;
	struct noc_scope scope;
	struct noc_value **items;  /* by node: those of an each; NULL */
	struct noc_table targets;  /* that it would change, as far as known */
	struct noc_value *refused; /* sentences */
};

/* ---- an each ---- */

/* Does it stand in what only knows when it runs what it is about? */
static bool
dry_inside(const struct dry *d, size_t i)
{
	for (i = d->p->steps[i].up; i != NOC_NODE_TOP; i = d->p->steps[i].up)
		if (d->p->steps[i].each || d->p->steps[i].kind == NOC_STEP_CALL)
			return true;
	return false;
}

static void
dry_waves(const struct noc_each_def *def, size_t n, struct noc_value *row,
	  struct noc_strbuf *does)
{
	struct noc_value *waves;
	size_t from = 0, end;

	if (!def->nwaves)
		return;
	waves = noc_value_list();
	for (size_t i = 0; i < def->nwaves && from < n; i++, from = end) {
		end = noc_each_wave_end(def, n, i);
		noc_strbuf_addf(does, "%s%zu", i ? ", " : " in waves of ",
				end - from);
		noc_value_push(waves, noc_value_int((int64_t)(end - from)));
	}
	noc_value_set(row, "waves", waves);
}

static void
dry_each(struct dry *d, size_t i, struct noc_value *row,
	 struct noc_strbuf *does)
{
	const struct noc_step_def *s = &d->p->steps[i];
	struct noc_value *items = NULL;
	struct noc_err err;
	size_t n;

	noc_strbuf_adds(does, "each over ");
	noc_label_over(s->each, does);
	if (dry_inside(d, i) ||
	    noc_each_over(d->core, s->each->over, &d->scope, &items, &err)) {
		noc_strbuf_adds(does, ": known at run time");
		return;
	}
	n = noc_value_len(items);
	d->items[i] = items;
	noc_strbuf_addf(does, ": %zu item%s", n, n == 1 ? "" : "s");
	noc_value_set(row, "items", noc_value_int((int64_t)n));
	dry_waves(s->each, n, row, does);
	if (items->type != NOC_LIST && n)
		noc_value_push(
		    d->refused,
		    noc_value_strf("each '%s': 'over' is no list", s->name));
	else if (!n && !s->each->empty_ok)
		noc_value_push(
		    d->refused,
		    noc_value_strf("each '%s': 'over' has no items; say empty "
				   "= \"ok\" when that may be",
				   s->name));
}

/* ---- how much it would change ---- */

static void
dry_target(struct dry *d, const struct noc_step_def *s,
	   const struct noc_scope *scope)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (s->target &&
	    !noc_template_text(s->target, scope, NOC_MISSING_FAIL, &sb, NULL) &&
	    sb.len)
		noc_table_put(&d->targets, sb.p, d);
	noc_strbuf_release(&sb);
}

/* Of each item of the each that holds it; NOC_NODE_TOP: of the run. */
static void
dry_change(struct dry *d, const struct noc_step_def *s, size_t each)
{
	const struct noc_value *items =
	    each == NOC_NODE_TOP ? NULL : d->items[each];
	struct noc_value *extra;
	struct noc_scope scope = d->scope;

	if (each == NOC_NODE_TOP)
		dry_target(d, s, &scope);
	for (size_t i = 0; i < noc_value_len(items); i++) {
		extra = noc_value_copy(d->scope.extra);
		noc_value_set(extra, d->p->steps[each].each->as,
			      noc_value_copy(noc_value_at(items, i)));
		scope.extra = extra;
		dry_target(d, s, &scope);
		noc_value_free(extra);
	}
}

static void
dry_targets(struct dry *d, const struct noc_step_def *s)
{
	struct noc_value *list = NULL;

	if (!noc_template_tree(s->targets, &d->scope, NOC_MISSING_FAIL, &list,
			       NULL))
		for (size_t i = 0; i < noc_value_len(list); i++)
			if (noc_value_at(list, i)->type == NOC_STR)
				noc_table_put(&d->targets,
					      noc_value_at(list, i)->u.s.p, d);
	noc_value_free(list);
}

static void
dry_count(struct dry *d, struct noc_value *out)
{
	const struct noc_plan *p = d->p;
	int64_t n;

	for (size_t i = 0; i < p->undo_from; i++) {
		const struct noc_step_def *s = &p->steps[i];
		size_t up = s->up;

		while (up != NOC_NODE_TOP && !p->steps[up].each)
			up = p->steps[up].up;
		if (s->mutates && s->targets && up == NOC_NODE_TOP)
			dry_targets(d, s);
		else if (s->mutates && !s->targets)
			dry_change(d, s, up);
	}
	n = (int64_t)noc_table_len(&d->targets);
	noc_value_set(out, "targets", noc_value_int(n));
	if (n > p->hold->targets)
		noc_value_push(
		    d->refused,
		    noc_value_strf("it would change %lld targets, and guard = "
				   "{ targets = %lld } allows no more than "
				   "that",
				   (long long)n, (long long)p->hold->targets));
}

/* ---- a row a node ---- */

static const char *
dry_part(const struct noc_plan *p, size_t i)
{
	if (p->finally_node && i >= p->finally_node)
		return "finally";
	return i >= p->nbody ? "on_fail" : "body";
}

static int64_t
dry_depth(const struct noc_plan *p, size_t i)
{
	int64_t depth = 0;

	for (i = p->steps[i].up; i != NOC_NODE_TOP; i = p->steps[i].up)
		depth++;
	return depth;
}

static void
dry_undo(const struct noc_step_def *s, const struct noc_scope *scope,
	 struct noc_value *row)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;

	if (!s->undo)
		return;
	noc_plan_describe_step(s->undo, scope, &text);
	noc_value_set(row, "undo", noc_value_str(text.p ? text.p : ""));
	noc_strbuf_release(&text);
}

static struct noc_value *
dry_row(struct dry *d, size_t i)
{
	const struct noc_step_def *s = &d->p->steps[i];
	struct noc_strbuf does = NOC_STRBUF_INIT;
	struct noc_value *row = noc_value_map();
	/* What a called flow is given it is given when it runs. */
	const struct noc_scope *scope = dry_inside(d, i) ? NULL : &d->scope;
	char dur[32];

	noc_value_set(row, "step", noc_value_str(s->name ? s->name : ""));
	noc_value_set(row, "kind", noc_value_str(noc_step_kind_name(s->kind)));
	noc_value_set(row, "index", noc_value_int((int64_t)i));
	noc_value_set(row, "depth", noc_value_int(dry_depth(d->p, i)));
	noc_value_set(row, "part", noc_value_str(dry_part(d->p, i)));
	if (s->each)
		dry_each(d, i, row, &does);
	else if (s->kind == NOC_STEP_ON_FAIL)
		noc_label_on_fail(d->p, &does);
	if (!does.len)
		noc_plan_describe_step(s, scope, &does);
	noc_value_set(row, "does", noc_value_str(does.p ? does.p : ""));
	noc_value_set(row, "mutates", noc_value_bool(s->mutates));
	noc_value_set(row, "conditional",
		      noc_value_bool(s->when || s->when_fn));
	dry_undo(s, scope, row);
	if (s->at && strcmp(s->at, "?"))
		noc_value_set(row, "at", noc_value_str(s->at));
	if (s->kind == NOC_STEP_ACTION && s->retry.attempts > 1)
		noc_value_set(row, "attempts",
			      noc_value_int(s->retry.attempts));
	if (s->timeout_ms)
		noc_value_set(
		    row, "timeout",
		    noc_value_str(noc_duration_format(dur, s->timeout_ms)));
	noc_strbuf_release(&does);
	return row;
}

/* What is done when it fails that is no step. */
static void
dry_told(const struct dry *d, struct noc_value *steps)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_value *row;

	noc_label_on_fail(d->p, &text);
	if (text.len) {
		row = noc_value_map();
		noc_value_set(row, "step", noc_value_str("on_fail"));
		noc_value_set(row, "kind", noc_value_str("on_fail"));
		noc_value_set(row, "depth", noc_value_int(0));
		noc_value_set(row, "part", noc_value_str("on_fail"));
		noc_value_set(row, "does", noc_value_str(text.p));
		noc_value_set(row, "mutates", noc_value_bool(false));
		noc_value_push(steps, row);
	}
	noc_strbuf_release(&text);
}

int
noc_run_dry(const struct noc_core *core, const struct noc_plan *p,
	    const char *name, const struct noc_value *input,
	    struct noc_value **out, struct noc_err *err)
{
	struct noc_value *given = input ? noc_value_copy(input) : NULL;
	struct noc_value *body, *steps, *extra;
	struct dry d = { .core = core, .p = p };
	const char *device;
	int rc = noc_input_check(name, p->input, &given, err);

	if (rc) {
		noc_value_free(given);
		return rc;
	}
	if (!given)
		given = noc_value_map();
	device = noc_value_get_str(given, "device", "");
	extra = noc_value_map();
	if (*device)
		noc_value_set(extra, "device", noc_value_str(device));
	noc_value_set(extra, "rule", noc_value_str(name));
	d.scope.input = given;
	d.scope.extra = extra;
	d.items = noc_calloc(p->nsteps + 1, sizeof(*d.items));
	d.refused = noc_value_list();
	steps = noc_value_list();
	for (size_t i = 0; i < p->undo_from; i++) {
		if (i == p->nbody && !p->on_fail_node)
			dry_told(&d, steps);
		noc_value_push(steps, dry_row(&d, i));
	}
	if (p->undo_from == p->nbody)
		dry_told(&d, steps);
	body = noc_value_map();
	noc_value_set(body, "flow", noc_value_str(name));
	noc_value_set(body, "mode", noc_value_str("dry_run"));
	noc_value_set(body, "acting", noc_value_bool(p->acting));
	noc_value_set(body, "input", given);
	noc_value_set(body, "steps", steps);
	dry_count(&d, body);
	noc_value_set(body, "refused", d.refused);
	for (size_t i = 0; i < p->nsteps; i++)
		noc_value_free(d.items[i]);
	free(d.items);
	noc_table_release(&d.targets);
	noc_value_free(extra);
	*out = body;
	return 0;
}
