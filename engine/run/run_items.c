/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/flow/plan.h"
#include "engine/run/lane.h"
#include "engine/run/run_private.h"

/*
 * {run.items}: a row for each device, for the ticket.  Several eaches go over
 * the same ones, one after the other: the last that says something of an item
 * is right.
 */

/* In an each or a called flow? */
static bool
items_inside(const struct noc_plan *p, size_t node)
{
	for (node = p->steps[node].up; node != NOC_NODE_TOP;
	     node = p->steps[node].up)
		if (p->steps[node].kind == NOC_STEP_EACH ||
		    p->steps[node].kind == NOC_STEP_CALL)
			return true;
	return false;
}

/* What was said of it before stays, but why it failed. */
static void
items_row(struct noc_value *row, const struct noc_value *says)
{
	static const char *const why[] = { "class", "block", "message", "step",
					   "severity" };

	for (size_t i = 0; i < NOC_COUNT(why); i++)
		noc_value_unset(row, why[i]);
	for (size_t i = 0; i < says->u.map.len; i++)
		noc_value_set(row, says->u.map.at[i].key,
			      noc_value_copy(says->u.map.at[i].value));
}

static void
items_merge(struct noc_value *list, struct noc_table *rows,
	    const struct noc_value *table)
{
	for (size_t i = 0; i < noc_value_len(table); i++) {
		const struct noc_value *says = noc_value_at(table, i);
		const char *key = noc_value_get_str(says, "key", NULL);
		struct noc_value *row = key ? noc_table_get(rows, key) : NULL;

		if (!key || says->type != NOC_MAP)
			continue;
		if (!row) {
			row = noc_value_map();
			noc_table_put(rows, key, row);
			noc_value_push(list, row);
		}
		items_row(row, says);
	}
}

const struct noc_value *
noc_run_items(void *run)
{
	struct noc_run *r = run;
	const struct noc_plan *p = r->plan;
	struct noc_table rows = { 0 };
	struct noc_value *list;

	noc_run_info(r);
	if (noc_value_get(r->info, "items"))
		return r->info;
	list = noc_value_list();
	for (size_t i = 0; i < p->nsteps; i++)
		if (p->steps[i].kind == NOC_STEP_EACH && !items_inside(p, i))
			items_merge(
			    list, &rows,
			    noc_value_get(
				noc_value_get(r->root->steps, p->steps[i].name),
				"items"));
	noc_table_release(&rows);
	noc_value_set(r->info, "items", list);
	return r->info;
}
