/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "engine/core/steady.h"
#include "engine/run/each_private.h"
#include "engine/run/runner.h"

/* An each that is under way, as people see it: an item has its row when it has
 * ended, so those that have not are told from here. */

static const struct noc_run *
look_run(const struct noc_core *core, const char *text)
{
	const struct noc_runs *runs = noc_runs_of(core);
	const struct noc_run *found = NULL;
	struct noc_id id;
	const char *key;
	void *r;

	if (!noc_id_parse(text, &id))
		return noc_run_find(core, &id);
	for (size_t it = 0; noc_table_next(&runs->by_id, &it, &key, &r);) {
		if (strncmp(((struct noc_run *)r)->text, text, strlen(text)))
			continue;
		if (found)
			return NULL;
		found = r;
	}
	return found;
}

static struct noc_value *
look_item(const struct noc_each *e, size_t i)
{
	const struct noc_lane *lane = e->lanes[i];
	struct noc_core *core = e->live->run->core;
	struct noc_value *row = noc_value_map();

	noc_value_set(row, "item", noc_value_int((int64_t)i));
	noc_value_set(row, "key", noc_value_str(each_key(e, i)));
	noc_value_set(row, "path", noc_value_str(lane->path));
	noc_value_set(row, "state", noc_value_str("Running"));
	if (lane->began_ns)
		noc_value_set(
		    row, "started_ns",
		    noc_value_int(noc_steady_wall(core, lane->began_ns)));
	return row;
}

struct noc_value *
noc_each_look(const struct noc_core *core, const char *run, const char *path)
{
	const struct noc_run *r = look_run(core, run);
	const struct noc_live *l = r ? noc_live_at(r, path) : NULL;
	const struct noc_each *e = l ? l->more->each : NULL;
	struct noc_value *v, *items;

	if (!e)
		return NULL;
	v = noc_value_map();
	items = noc_value_list();
	for (size_t i = 0; i < e->n; i++)
		if (e->fate[i] == NOC_ITEM_OPEN && e->lanes[i])
			noc_value_push(items, look_item(e, i));
	noc_value_set(v, "running",
		      noc_value_int((int64_t)noc_value_len(items)));
	noc_value_set(v, "waiting",
		      noc_value_int((int64_t)e->count[NOC_ITEM_WAITS]));
	noc_value_set(v, "items", items);
	return v;
}
