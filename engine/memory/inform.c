/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/inform.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/memory/dedup.h"
#include "engine/memory/recall.h"
#include "engine/notify/limit.h"

#define INFORM_KEYS_MAX	    4096
#define INFORM_KEYS_MAX_ALL 65536
#define INFORM_AGAIN_MS	    (5 * 60 * 1000)

bool
noc_inform_repeats(struct noc_core *core, const struct noc_inform *f)
{
	const char *slash = strrchr(f->key, '/');
	/* Earlier versions' rows do not say what it said. */
	struct noc_slice before =
	    noc_slice(f->key, slash ? (size_t)(slash - f->key) : 0);

	return noc_recall_repeats(noc_core_part(core, NOC_PART_INFORM), f->host,
				  noc_slice_str(f->key)) ||
	       noc_dedup_was(core, "inform", before);
}

void
noc_inform_keep(struct noc_core *core, const struct noc_inform *f)
{
	const struct noc_recall_key k = { .owner = f->host,
					  .key = noc_slice_str(f->key),
					  .within_ms = INFORM_AGAIN_MS,
					  .low = f->low };

	if (noc_recall_add(core, noc_core_part(core, NOC_PART_INFORM), &k) !=
	    NOC_RECALL_NEW)
		noc_limit_reached(core, "informs", f->host,
				  "of more than %d INFORMs in 5 min the oldest "
				  "are forgotten, and would be new events if "
				  "they were sent again",
				  INFORM_KEYS_MAX);
}

void
noc_inform_forget(struct noc_core *core, const char *host, const char *key)
{
	noc_recall_forget(core, noc_core_part(core, NOC_PART_INFORM), host,
			  noc_slice_str(key));
}

/* ---- part ---- */

static void *
inform_open(struct noc_core *core)
{
	static const struct noc_recall_conf conf = {
		.kind = "inform",
		.each = INFORM_KEYS_MAX,
		.all = INFORM_KEYS_MAX_ALL,
	};
	struct noc_recall *t = noc_calloc(1, sizeof(*t));

	(void)core;
	noc_recall_init(t, &conf, NULL);
	return t;
}

static void
inform_close(void *part)
{
	noc_recall_release(part);
	free(part);
}

static bool
inform_load(struct noc_core *core, void *part, const char *kind,
	    const char *key, int64_t due_ns, const struct noc_value *data)
{
	if (strcmp(kind, "inform"))
		return false;
	noc_recall_load(core, part, key, due_ns, data);
	return true;
}

static void
inform_ready(struct noc_core *core, void *part)
{
	(void)core;
	noc_recall_ready(part);
}

static void
inform_store(struct noc_core *core, void *part)
{
	noc_recall_store(core, part);
}

static void
inform_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct noc_recall *t = part;

	(void)core;
	noc_value_set(map, "inform_keys",
		      noc_value_int((int64_t)noc_table_len(&t->keys)));
	noc_value_set(map, "inform_hits", noc_value_int((int64_t)t->hits));
	noc_value_set(map, "inform_full", noc_value_int((int64_t)t->full));
}

const struct noc_part_ops noc_part_inform = {
	.open = inform_open,
	.close = inform_close,
	.load = inform_load,
	.ready = inform_ready,
	.store = inform_store,
	.stats = inform_stats,
};
