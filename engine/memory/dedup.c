/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/dedup.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/core/due.h"
#include "engine/memory/fold_private.h"

/*
 * "Was this key here within so long?"  Delivery ids of webhooks, (source, id)
 * of CloudEvents, dedup templates.  Each key is a live row until it expires,
 * so a replay after a restart is still a duplicate.
 */
#define DEDUP_MAX 100000

struct dedup_key {
	struct noc_due due; /* first: on_due casts back */
	struct dedup *owner;
	char *text; /* "space\x1fkey" */
	uint64_t count;
};

struct dedup {
	struct noc_table keys;
	struct noc_fold_part *fold;
	uint64_t hits, full;
};

static void
dedup_drop(struct noc_core *core, struct dedup_key *k)
{
	noc_due_disarm(core, &k->due);
	noc_table_del(&k->owner->keys, k->text);
	free(k->text);
	free(k);
}

static void
on_dedup_due(struct noc_due *due, struct noc_core *core)
{
	struct dedup_key *k = (struct dedup_key *)due;

	noc_txn_live_del(noc_core_txn(core), "dedup", k->text);
	dedup_drop(core, k);
}

static struct dedup_key *
dedup_add(struct noc_core *core, struct dedup *d, char *text,
	  int64_t due_boot_ns)
{
	struct dedup_key *k = noc_calloc(1, sizeof(*k));

	k->owner = d;
	k->text = text;
	k->count = 1;
	k->due.on_due = on_dedup_due;
	noc_table_put(&d->keys, text, k);
	noc_due_arm(core, &k->due, due_boot_ns);
	return k;
}

static void
dedup_store(struct noc_core *core, const struct dedup_key *k)
{
	noc_txn_live_put(noc_core_txn(core), "dedup", k->text,
			 noc_steady_of_boot(core, k->due.due_boot_ns), NULL);
}

bool
noc_dedup_repeats(struct noc_core *core, const char *space,
		  struct noc_slice key, int64_t within_ms)
{
	struct dedup *d = noc_core_part(core, NOC_PART_DEDUP);
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct dedup_key *k;
	int64_t due;
	char *text;

	noc_strbuf_addf(&sb, "%s\x1f", space);
	noc_strbuf_add(&sb, key.p, key.len);
	/* A NUL would end it here, and make it equal to others. */
	for (char *p = sb.p;
	     (p = memchr(p, '\0', sb.len - (size_t)(p - sb.p)));)
		*p = '\x1f';
	text = noc_strbuf_detach(&sb, NULL);
	k = noc_table_get(&d->keys, text);

	if (k) {
		k->count++;
		d->hits++;
		free(text);
		return true;
	}
	if (noc_table_len(&d->keys) >= DEDUP_MAX) {
		d->full++; /* said in the metrics; the event goes on */
		free(text);
		return false;
	}
	due = noc_core_time(core).boot_ns + within_ms * NOC_NS_PER_MS;
	dedup_store(core, dedup_add(core, d, text, due));
	return false;
}

/* ---- the part, shared with fold.c ---- */

static void *
dedup_open(struct noc_core *core)
{
	struct dedup *d = noc_calloc(1, sizeof(*d));

	d->fold = noc_fold_part_new(core);
	return d;
}

static void
dedup_close(void *part)
{
	struct dedup *d = part;
	void *value;

	for (size_t it = 0; noc_table_next(&d->keys, &it, NULL, &value);) {
		struct dedup_key *k = value;

		free(k->text);
		free(k);
	}
	noc_table_release(&d->keys);
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
	if (!noc_table_get(&d->keys, key))
		dedup_add(core, d, noc_strdup(key),
			  noc_steady_boot(core, due_ns));
	return true;
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
		      noc_value_int((int64_t)noc_table_len(&d->keys)));
	noc_value_set(map, "dedup_hits", noc_value_int((int64_t)d->hits));
	noc_value_set(map, "dedup_full", noc_value_int((int64_t)d->full));
	noc_value_set(map, "folds_open",
		      noc_value_int((int64_t)noc_fold_open_count(d->fold)));
}

static void
dedup_store_all(struct noc_core *core, void *part)
{
	const struct dedup *d = part;
	void *value;

	for (size_t it = 0; noc_table_next(&d->keys, &it, NULL, &value);)
		dedup_store(core, value);
	noc_fold_store(core, d->fold);
}

const struct noc_part_ops noc_part_dedup = {
	.open = dedup_open,
	.close = dedup_close,
	.load = dedup_load,
	.store = dedup_store_all,
	.stats = dedup_stats,
};
