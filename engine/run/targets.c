/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/targets.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/expr/template.h"
#include "engine/policy/override.h"
#include "engine/policy/settle.h"
#include "engine/run/attempt.h"
#include "engine/run/blast.h"
#include "engine/run/step.h"
#include "engine/run/undo.h"

/* By name and once, however it was written; those that are frozen aside, but
 * of an undo, which is whole or refused. */
static int
targets_add(struct noc_live *l, struct noc_table *seen,
	    const struct noc_value *v, struct noc_err *err)
{
	struct noc_core *core = l->run->core;
	const char *freeze;
	char *name;

	if (v->type == NOC_MAP)
		v = noc_value_get(v, "name");
	if (!v || v->type != NOC_STR || !v->u.s.len)
		return noc_err_set(err, NOC_EINPUT,
				   "'targets' must be a list of names of "
				   "devices.");
	name = noc_strdup(v->u.s.p);
	noc_attempt_name(core, &name);
	freeze = noc_live_takes_back(l) ? NULL
					: noc_override_frozen(core, NULL, name);
	if (!noc_table_put(seen, name, l)) {
		if (freeze)
			noc_value_set(l->more->left_out, name,
				      noc_value_str(freeze));
		else
			noc_value_push(l->more->targets, noc_value_str(name));
	}
	free(name);
	return 0;
}

static int
targets_read(struct noc_live *l, const struct noc_value *list,
	     struct noc_err *err)
{
	struct noc_table seen = { 0 };
	int rc = 0;

	noc_value_free(l->more->targets);
	noc_value_free(l->more->left_out);
	noc_live_more(l)->targets = noc_value_list();
	noc_live_more(l)->left_out = noc_value_map();
	for (size_t i = 0; !rc && i < noc_value_len(list); i++)
		rc = targets_add(l, &seen, noc_value_at(list, i), err);
	noc_table_release(&seen);
	return rc;
}

/* Those that the call went to, unless an undo step says which. */
static int
targets_undo(struct noc_live *l, struct noc_scope *scope,
	     struct noc_value **extra, struct noc_err *err)
{
	const struct noc_value *all = noc_undo_targets(l);
	const struct noc_value *said =
	    noc_value_get(noc_value_get(scope->extra, "undo"), "items");

	if (all && !said) {
		*extra = noc_undo_around(scope, all);
		scope->extra = *extra;
	}
	return all ? targets_read(l, said ? said : all, err) : 0;
}

int
noc_targets_find(struct noc_live *l, struct noc_scope *scope,
		 struct noc_value **extra, struct noc_err *err)
{
	const struct noc_value *said = l->run->plan->steps[l->node].targets;
	struct noc_value *list = NULL;
	int rc;

	*extra = NULL;
	if (l->undoes)
		return targets_undo(l, scope, extra, err);
	if (!said)
		return 0;
	rc = noc_template_tree(said, scope, NOC_MISSING_FAIL, &list, err);
	if (!rc && (list->type != NOC_LIST || !noc_value_len(list)))
		rc = noc_err_set(err, NOC_EINPUT,
				 "'targets' is no list, or an empty one.");
	if (!rc)
		rc = targets_read(l, list, err);
	noc_value_free(list);
	if (rc)
		return rc;
	*extra = scope->extra ? noc_value_copy(scope->extra) : noc_value_map();
	noc_value_set(*extra, "targets", noc_value_copy(l->more->targets));
	scope->extra = *extra;
	return 0;
}

bool
noc_targets_none(const struct noc_live *l, struct noc_failure *failure)
{
	if (!l->more->targets || noc_value_len(l->more->targets) ||
	    !noc_value_len(l->more->left_out))
		return false;
	noc_failure_set(failure, "permanent", "freeze", "frozen",
			"all %zu targets are frozen (%s by freeze %s)",
			noc_value_len(l->more->left_out),
			l->more->left_out->u.map.at[0].key,
			l->more->left_out->u.map.at[0].value->u.s.p);
	return true;
}

enum noc_clearance
noc_targets_clearance(const struct noc_live *l, struct noc_failure *failure)
{
	struct noc_run *r = l->run;

	for (size_t i = 0; i < noc_value_len(l->more->targets); i++) {
		const char *name = noc_value_at(l->more->targets, i)->u.s.p;
		const char *freeze = noc_override_frozen(r->core, NULL, name);

		if (!freeze)
			continue;
		if (!noc_live_takes_back(l))
			return NOC_CLEAR_PAUSE;
		noc_failure_set(failure, "permanent", "freeze", "frozen",
				"%s is frozen by freeze %s", name, freeze);
		return NOC_CLEAR_FAIL;
	}
	if (!l->more->targets ||
	    noc_blast_allows_all(r, l->more->targets, failure))
		return NOC_CLEAR;
	return NOC_CLEAR_FAIL;
}

void
noc_targets_touch(const struct noc_live *l)
{
	for (size_t i = 0; i < noc_value_len(l->more->targets); i++)
		noc_settle_touch(l->run->core,
				 noc_value_at(l->more->targets, i)->u.s.p,
				 &l->run->id);
}

void
noc_targets_say(const struct noc_live *l, struct noc_value *json)
{
	if (!l->more->targets)
		return;
	noc_value_set(json, "targets", noc_value_copy(l->more->targets));
	noc_value_set(json, "left_out", noc_value_copy(l->more->left_out));
}
