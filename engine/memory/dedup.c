/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/dedup.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/memory/fold_private.h"
#include "engine/memory/recall.h"
#include "engine/notify/limit.h"

/*
 * What makes two posts the same (dedup of a hook) and (source, id) of
 * CloudEvents.  Who sends more keys than its share has its oldest forgotten:
 * the repetition of that one would be taken as new, and is nobody else's
 * loss.  What was signed has a memory that forgets nothing: replay.c.
 */
#define DEDUP_MAX     100000
#define DEDUP_MAX_ALL 400000

struct dedup {
	struct noc_recall keys;
	struct noc_fold_part *fold;
};

bool
noc_dedup_repeats(struct noc_core *core, const char *space,
		  struct noc_slice key, int64_t within_ms)
{
	struct dedup *d = noc_core_part(core, NOC_PART_DEDUP);
	const struct noc_recall_key k = { .owner = space,
					  .key = key,
					  .within_ms = within_ms };

	if (noc_recall_repeats(&d->keys, space, key))
		return true;
	if (noc_recall_add(core, &d->keys, &k) != NOC_RECALL_NEW)
		noc_limit_reached(core, "dedup", space,
				  "of more than %d keys the oldest is "
				  "forgotten, and would be taken as new if it "
				  "came again",
				  DEDUP_MAX);
	return false;
}

bool
noc_dedup_was(struct noc_core *core, const char *space, struct noc_slice key)
{
	struct dedup *d = noc_core_part(core, NOC_PART_DEDUP);

	return noc_recall_repeats(&d->keys, space, key);
}

/* ---- the part, shared with fold.c ---- */

static void *
dedup_open(struct noc_core *core)
{
	static const struct noc_recall_conf conf = {
		.kind = "dedup",
		.each = DEDUP_MAX,
		.all = DEDUP_MAX_ALL,
	};
	struct dedup *d = noc_calloc(1, sizeof(*d));

	noc_recall_init(&d->keys, &conf, d);
	d->fold = noc_fold_part_new(core);
	return d;
}

static void
dedup_close(void *part)
{
	struct dedup *d = part;

	noc_recall_release(&d->keys);
	noc_fold_part_free(d->fold);
	free(d);
}

static bool
dedup_load(struct noc_core *core, void *part, const char *kind, const char *key,
	   int64_t due_ns, const struct noc_value *data)
{
	struct dedup *d = part;

	if (!strcmp(kind, "fold"))
		return noc_fold_load(core, d->fold, key, due_ns, data);
	if (strcmp(kind, "dedup"))
		return false;
	noc_recall_load(core, &d->keys, key, due_ns, data);
	return true;
}

static void
dedup_ready(struct noc_core *core, void *part)
{
	(void)core;
	noc_recall_ready(&((struct dedup *)part)->keys);
}

struct noc_fold_part *
noc_fold_part(const struct noc_core *core)
{
	return ((struct dedup *)noc_core_part(core, NOC_PART_DEDUP))->fold;
}

static void
dedup_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	struct dedup *d = part;

	(void)core;
	noc_value_set(map, "dedup_keys",
		      noc_value_int((int64_t)noc_table_len(&d->keys.keys)));
	noc_value_set(map, "dedup_hits", noc_value_int((int64_t)d->keys.hits));
	noc_value_set(map, "dedup_full", noc_value_int((int64_t)d->keys.full));
	noc_value_set(map, "folds_open",
		      noc_value_int((int64_t)noc_fold_open_count(d->fold)));
}

static void
dedup_store_all(struct noc_core *core, void *part)
{
	const struct dedup *d = part;

	noc_recall_store(core, &d->keys);
	noc_fold_store(core, d->fold);
}

const struct noc_part_ops noc_part_dedup = {
	.open = dedup_open,
	.close = dedup_close,
	.load = dedup_load,
	.ready = dedup_ready,
	.store = dedup_store_all,
	.stats = dedup_stats,
};
