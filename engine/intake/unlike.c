/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/unlike.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/notify/notify.h"
#include "engine/rule/normalizer.h"

/*
 * A post that lacks what `where` or `emit` asks for is of another shape, and
 * the first one is told.  One that says something else is mostly for somebody
 * else; only a long row of them looks like a word that was renamed.  Where such
 * posts are usual, twice as many in a row as ever before are not.
 */
#define UNLIKE_ROW 100

struct unlike { /* of a hook that had a post which was for it */
	int64_t row, longest;
	bool told;
};

struct unlikes {		/* the part */
	struct noc_table hooks; /* name -> struct unlike */
};

static void
unlike_store(struct noc_core *core, const char *name, const struct unlike *u)
{
	struct noc_value *row = noc_value_map();

	noc_value_set(row, "longest", noc_value_int(u->longest));
	noc_value_set(row, "told", noc_value_bool(u->told));
	noc_txn_live_put(noc_core_txn(core), "unlike", name, 0, row);
	noc_value_free(row);
}

static struct unlike *
unlike_add(struct unlikes *p, const char *name)
{
	struct unlike *u = noc_calloc(1, sizeof(*u));

	noc_table_put(&p->hooks, name, u);
	return u;
}

static void
unlike_tell(struct noc_core *core, const char *why, int64_t row)
{
	char *text = noc_asprintf("%s (%lld in a row). It had posts that were "
				  "for it: has the sender changed what it "
				  "sends? `nocturne events --unmatched` has "
				  "them.",
				  why, (long long)row);

	noc_warn("hook", "%s", text);
	noc_notify_text(core, "noc", text, NULL, NOC_ACTIVE, NULL);
	free(text);
}

/* It lacks what is asked for, or no kind comes of it. */
static bool
unlike_shape(const struct noc_hook *hook, const struct noc_scope *scope)
{
	switch (noc_where_truth(hook->emit.where, scope)) {
	case NOC_UNKNOWN:
		return true;
	case NOC_TRUE:
		return !hook->emit.when_fn;
	case NOC_FALSE:
		break;
	}
	return false;
}

/* As it should be. */
static void
unlike_end(struct noc_core *core, const char *name, struct unlike *u)
{
	bool changed = u->told || u->row > u->longest;

	if (u->row > u->longest)
		u->longest = u->row;
	u->row = 0;
	u->told = false;
	if (changed)
		unlike_store(core, name, u);
}

void
noc_unlike_post(struct noc_core *core, const struct noc_hook *hook,
		const struct noc_scope *scope, const char *why)
{
	struct unlikes *p = noc_core_part(core, NOC_PART_UNLIKE);
	struct unlike *u = noc_table_get(&p->hooks, hook->emit.name);
	int64_t most;

	if (!u && !why) {
		u = unlike_add(p, hook->emit.name);
		unlike_store(core, hook->emit.name, u);
	} else if (!why) {
		unlike_end(core, hook->emit.name, u);
	}
	if (!u || !why)
		return;
	u->row++;
	most = 2 * u->longest;
	if (most < UNLIKE_ROW - 1 && !unlike_shape(hook, scope))
		most = UNLIKE_ROW - 1;
	if (u->told || u->row <= most)
		return;
	u->told = true;
	unlike_store(core, hook->emit.name, u);
	unlike_tell(core, why, u->row);
}

/* ---- part ---- */

static void *
unlike_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct unlikes));
}

static void
unlike_close(void *part)
{
	struct unlikes *p = part;
	void *value;

	for (size_t it = 0; noc_table_next(&p->hooks, &it, NULL, &value);)
		free(value);
	noc_table_release(&p->hooks);
	free(p);
}

static bool
unlike_load(struct noc_core *core, void *part, const char *kind,
	    const char *key, int64_t due_ns, const struct noc_value *data)
{
	struct unlikes *p = part;
	struct unlike *u;

	(void)core;
	(void)due_ns;
	if (strcmp(kind, "unlike"))
		return false;
	u = noc_table_get(&p->hooks, key);
	if (!u)
		u = unlike_add(p, key);
	u->longest = noc_value_get_int(data, "longest", 0);
	u->told = noc_value_get_bool(data, "told", false);
	return true;
}

static void
unlike_store_all(struct noc_core *core, void *part)
{
	const struct unlikes *p = part;
	const char *name;
	void *value;

	for (size_t it = 0; noc_table_next(&p->hooks, &it, &name, &value);)
		unlike_store(core, name, value);
}

const struct noc_part_ops noc_part_unlike = {
	.open = unlike_open,
	.close = unlike_close,
	.load = unlike_load,
	.store = unlike_store_all,
};
