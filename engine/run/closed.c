/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/closed.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/due.h"
#include "engine/flow/hold.h"
#include "engine/run/queue.h"
#include "engine/run/resume.h"
#include "engine/run/run_private.h"

#define CLOSED "closed_run" /* kind of the live row */

static void
closed_free(struct noc_core *core, struct noc_closed *c)
{
	noc_due_disarm(core, &c->due);
	free(c->key);
	free(c);
}

static void
closed_forget(struct noc_core *core, struct noc_closed *c)
{
	noc_table_del(&c->of->table, c->key);
	noc_txn_live_del(noc_core_txn(core), CLOSED, c->key);
	closed_free(core, c);
}

static void
on_closed_due(struct noc_due *due, struct noc_core *core)
{
	closed_forget(core, (struct noc_closed *)due);
}

static struct noc_closed *
closed_get(struct noc_core *core, struct noc_closed_keys *keys, const char *key)
{
	struct noc_closed *c = noc_table_get(&keys->table, key);
	void *oldest;

	if (c)
		return c;
	if (noc_table_len(&keys->table) >= NOC_CLOSED_MAX)
		for (size_t it = 0;
		     noc_table_next(&keys->table, &it, NULL, &oldest);) {
			closed_forget(core, oldest);
			break;
		}
	c = noc_calloc(1, sizeof(*c));
	c->key = noc_strdup(key);
	c->of = keys;
	c->due.on_due = on_closed_due;
	noc_table_put(&keys->table, key, c);
	return c;
}

static void
closed_write(struct noc_core *core, const struct noc_closed *c)
{
	struct noc_value *v = noc_value_map();
	char text[NOC_ID_TEXT];

	noc_value_set(v, "run", noc_value_str(noc_id_format(text, &c->run)));
	noc_value_set(v, "succeeded", noc_value_bool(c->succeeded));
	noc_txn_live_put(noc_core_txn(core), CLOSED, c->key,
			 noc_steady_of_boot(core, c->due.due_boot_ns), v);
	noc_value_free(v);
}

const struct noc_closed *
noc_closed_find(const struct noc_closed_keys *keys, const char *key)
{
	return noc_table_get(&keys->table, key);
}

void
noc_closed_add(struct noc_closed_keys *keys, const struct noc_run *r,
	       const char *key)
{
	struct noc_closed *c;

	if (r->plan->hold->on_closed == NOC_CLOSED_ALLOW)
		return;
	c = closed_get(r->core, keys, key);
	c->run = r->id;
	c->succeeded = !strcmp(r->state, "Succeeded");
	noc_due_arm_steady(
	    r->core, &c->due,
	    noc_ns_after(noc_steady_now(r->core), r->plan->hold->window_ms));
	closed_write(r->core, c);
}

bool
noc_closed_load(struct noc_core *core, struct noc_closed_keys *keys,
		const char *kind, const char *key, int64_t due_ns,
		const struct noc_value *data)
{
	const char *run = noc_value_get_str(data, "run", "");
	struct noc_closed *c;
	struct noc_id id;

	if (strcmp(kind, CLOSED) != 0)
		return false;
	if (noc_id_parse(run, &id)) {
		noc_core_unreadable(core, kind, key);
		return true;
	}
	c = closed_get(core, keys, key);
	c->run = id;
	c->succeeded = noc_value_get_bool(data, "succeeded", true);
	noc_due_arm_steady(core, &c->due, noc_ns_sane(due_ns));
	return true;
}

void
noc_closed_store(struct noc_core *core, const struct noc_closed_keys *keys)
{
	void *value;

	for (size_t it = 0; noc_table_next(&keys->table, &it, NULL, &value);)
		closed_write(core, value);
}

void
noc_closed_release(struct noc_core *core, struct noc_closed_keys *keys)
{
	void *value;

	for (size_t it = 0; noc_table_next(&keys->table, &it, NULL, &value);)
		closed_free(core, value);
	noc_table_release(&keys->table);
}
