/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/blast.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/expr/template.h"
#include "engine/flow/hold.h"
#include "engine/notify/notify.h"
#include "engine/run/step.h"

struct noc_blast {
	struct noc_table targets; /* name -> (void *)1 */
};

static bool
blast_has(const struct noc_run *r, const char *target)
{
	return r->blast && noc_table_get(&r->blast->targets, target);
}

static size_t
blast_len(const struct noc_run *r)
{
	return r->blast ? noc_table_len(&r->blast->targets) : 0;
}

static void
blast_add(struct noc_run *r, const char *target)
{
	if (!r->blast)
		r->blast = noc_calloc(1, sizeof(*r->blast));
	noc_table_put(&r->blast->targets, target, r);
}

/* Once a run: the next steps would say the same. */
static void
blast_tell(struct noc_run *r, const char *what)
{
	char text[512], title[300];

	if (noc_value_get(r->json, "blast_told"))
		return;
	noc_value_set(r->json, "blast_told", noc_value_bool(true));
	r->dirty = true;
	snprintf(text, sizeof(text), "%s: run %s was held back: %s",
		 noc_run_title(r, title, sizeof(title)), r->text, what);
	noc_notify_text(r->core, "noc", text, r->ev, r->mode, &r->id);
}

bool
noc_blast_allows(struct noc_run *r, const char *target,
		 struct noc_failure *failure)
{
	int64_t most = r->plan->hold->targets;

	if (!*target || blast_has(r, target))
		return true;
	if ((int64_t)blast_len(r) < most) {
		blast_add(r, target);
		return true;
	}
	noc_failure_set(failure, "permanent", "guard", "targets",
			"it has changed %zu targets, and guard = { targets = "
			"%lld } allows no more: %s is not changed",
			blast_len(r), (long long)most, target);
	blast_tell(r, failure->message);
	return false;
}

bool
noc_blast_allows_all(struct noc_run *r, const struct noc_value *targets,
		     struct noc_failure *failure)
{
	int64_t left = r->plan->hold->targets - (int64_t)blast_len(r);
	int64_t new = 0;

	for (size_t i = 0; i < noc_value_len(targets); i++)
		new += !blast_has(r, noc_value_at(targets, i)->u.s.p);
	if (new > 0 && new > left) {
		noc_failure_set(failure, "permanent", "guard", "targets",
				"it would change %lld targets, and guard = { "
				"targets = %lld } leaves %lld",
				(long long)new,
				(long long)r->plan->hold->targets,
				(long long)(left > 0 ? left : 0));
		blast_tell(r, failure->message);
		return false;
	}
	for (size_t i = 0; i < noc_value_len(targets); i++)
		blast_add(r, noc_value_at(targets, i)->u.s.p);
	return true;
}

/* ---- a whole fan-out ---- */

struct blast_count {
	const struct noc_run *r;
	const struct noc_step_def *def; /* the each */
	struct noc_table targets;	/* that are new */
	size_t unknown; /* items whose target a step of theirs will say */
};

/* The targets of the steps in one item. */
static void
count_item(struct blast_count *c, const struct noc_scope *scope, size_t from,
	   const struct noc_value *item)
{
	const struct noc_step_def *steps = c->r->plan->steps;
	struct noc_value *extra =
	    scope->extra ? noc_value_copy(scope->extra) : noc_value_map();
	struct noc_scope inner = *scope;
	bool unknown = false;

	noc_value_set(extra, c->def->each->as, noc_value_copy(item));
	inner.extra = extra;
	for (size_t i = from; i < c->def->end; i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		if (!steps[i].mutates || steps[i].targets || !steps[i].target)
			continue;
		if (noc_template_text(steps[i].target, &inner, NOC_MISSING_FAIL,
				      &sb, NULL))
			unknown = true;
		else if (sb.len && !blast_has(c->r, sb.p))
			noc_table_put(&c->targets, sb.p, c);
		noc_strbuf_release(&sb);
	}
	c->unknown += unknown;
	noc_value_free(extra);
}

int
noc_blast_each(const struct noc_live *l, const struct noc_value *items,
	       struct noc_err *err)
{
	struct noc_run *r = l->run;
	struct blast_count c = { .r = r, .def = &r->plan->steps[l->node] };
	int64_t most = r->plan->hold->targets, left, wants;
	struct noc_scope scope;
	char text[300];

	left = most - (int64_t)blast_len(r);
	if ((int64_t)noc_value_len(items) <= left)
		return 0; /* but for what it may change twice */
	noc_lane_scope(l->lane, &scope);
	for (size_t i = 0; i < noc_value_len(items); i++)
		count_item(&c, &scope, l->node + 1, noc_value_at(items, i));
	wants = (int64_t)(noc_table_len(&c.targets) > c.unknown
			      ? noc_table_len(&c.targets)
			      : c.unknown);
	noc_table_release(&c.targets);
	if (wants <= left)
		return 0;
	snprintf(text, sizeof(text),
		 "its %zu items would change %lld targets, and guard = { "
		 "targets = %lld } leaves %lld: none of them was begun",
		 noc_value_len(items), (long long)wants, (long long)most,
		 (long long)(left > 0 ? left : 0));
	blast_tell(r, text);
	return noc_err_set(err, NOC_EDENIED, "%s", text);
}

/* ---- over a restart ---- */

static void
blast_add_all(struct noc_run *r, const struct noc_value *list)
{
	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *v = noc_value_at(list, i);

		if (v && v->type == NOC_STR)
			blast_add(r, v->u.s.p);
	}
}

void
noc_blast_load(struct noc_run *r, const struct noc_step_row *row)
{
	size_t n = (size_t)noc_value_get_int(row->json, "index", -1);
	const char *target = noc_value_get_str(row->json, "target", "");
	const struct noc_value *targets = noc_value_get(row->json, "targets");
	const struct noc_step_def *def;

	if (n >= r->plan->nsteps)
		return;
	def = &r->plan->steps[n];
	if (!def->mutates && !(def->undo && def->undo->mutates))
		return;
	if (*target && (!def->targets || def->target))
		blast_add(r, target);
	blast_add_all(r, targets);
}

void
noc_blast_store(const struct noc_run *r, struct noc_value *kept)
{
	struct noc_value *list = noc_value_list();
	const char *name;

	for (size_t it = 0;
	     r->blast && noc_table_next(&r->blast->targets, &it, &name, NULL);)
		noc_value_push(list, noc_value_str(name));
	noc_value_set(kept, "targets", list);
}

void
noc_blast_restore(struct noc_run *r, const struct noc_value *kept)
{
	blast_add_all(r, noc_value_get(kept, "targets"));
}

void
noc_blast_free(struct noc_blast *b)
{
	if (!b)
		return;
	noc_table_release(&b->targets);
	free(b);
}
