/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "engine/edge/env.h"
#include "engine/memory/dedup.h"
#include "engine/memory/recall.h"
#include "engine/notify/limit.h"

#define REPLAY_MAX   100000 /* a hook: hooks.replay_max */
#define REPLAY_HOOKS 4	    /* so many of them may be full */
#define REPLAY_ID_MS (24LL * 3600 * 1000)
#define REPLAY_FLOOR "replay.floor" /* the kind of a floor's row */

struct replay {
	struct noc_recall_conf conf;
	struct noc_recall keys;
	struct noc_table floors; /* source -> struct floor */
};

/* Signed up to here is what was forgotten of a hook: should the wall clock be
 * set back, it would look fresh again. */
struct floor {
	int64_t s;
};

/* What this delivery is known by: false, nothing. */
static bool
delivery_key(const struct noc_delivery *d, char hex[65], struct noc_slice *key)
{
	if (d->said && d->within_ms > 0 && !(d->id_signed && d->id.len))
		*key = noc_slice_str(noc_hex(hex, d->said, 32));
	else
		*key = d->id;
	return key->len > 0;
}

static struct floor *
floor_of(struct replay *r, const char *source)
{
	struct floor *f = noc_table_get(&r->floors, source);

	if (!f) {
		f = noc_calloc(1, sizeof(*f));
		noc_table_put(&r->floors, source, f);
	}
	return f;
}

static void
floor_store(struct noc_core *core, const char *source, const struct floor *f)
{
	struct noc_value *data = noc_value_map();

	noc_value_set(data, "at", noc_value_int(f->s));
	noc_txn_live_put(noc_core_txn(core), REPLAY_FLOOR, source, 0, data);
	noc_value_free(data);
}

static void
on_delivery_gone(struct noc_core *core, void *arg, const char *text,
		 int64_t mark, bool early)
{
	char *source = noc_strndup(text, strcspn(text, "\x1f"));
	struct floor *f = floor_of(arg, source);

	(void)early;
	if (mark > f->s) {
		f->s = mark;
		floor_store(core, source, f);
	}
	free(source);
}

static bool
delivery_is_past(struct replay *r, const struct noc_delivery *d)
{
	const struct floor *f = noc_table_get(&r->floors, d->source);

	return d->when_s && f && d->when_s <= f->s;
}

static bool
delivery_was_here(struct noc_core *core, struct replay *r,
		  const struct noc_delivery *d, struct noc_slice key)
{
	return noc_recall_repeats(&r->keys, d->source, key) ||
	       /* Before it was the signature it was the id alone. */
	       (d->id.len && noc_dedup_was(core, d->source, d->id));
}

int
noc_replay_take(struct noc_core *core, const struct noc_delivery *d,
		struct noc_err *err)
{
	struct replay *r = noc_core_part(core, NOC_PART_REPLAY);
	struct noc_recall_key k = { .owner = d->source };
	char hex[65];

	if (!delivery_key(d, hex, &k.key))
		return 0;
	if (delivery_was_here(core, r, d, k.key))
		return noc_err_set(err, NOC_ECONFLICT,
				   "This delivery was here before.");
	if (delivery_is_past(r, d))
		return noc_err_set(
		    err, NOC_EDENIED,
		    "It was signed at or before the time of "
		    "deliveries that are forgotten: the clock of "
		    "this machine was set back, or it is a "
		    "replay.");
	k.mark = d->when_s;
	k.within_ms = d->within_ms ? d->within_ms : REPLAY_ID_MS;
	if (noc_recall_add(core, &r->keys, &k) != NOC_RECALL_FULL)
		return 0;
	noc_limit_reached(core, "replay", d->source,
			  "its deliveries are refused (503) until one of %zu "
			  "that were taken is old enough not to come again; "
			  "hooks.replay_max says how many a hook may have",
			  r->conf.each);
	return noc_err_set(err, NOC_ERESOURCE,
			   "This hook has taken %zu deliveries that could "
			   "still be sent again; one more could not be told "
			   "from a replay.",
			   r->conf.each);
}

/* ---- part ---- */

static void *
replay_open(struct noc_core *core)
{
	struct replay *r = noc_calloc(1, sizeof(*r));
	int64_t each = noc_value_get_int(noc_core_env(core)->config,
					 "hooks.replay_max", REPLAY_MAX);

	r->conf.kind = "replay";
	r->conf.each = each > INT64_MAX / REPLAY_HOOKS
			   ? INT64_MAX / REPLAY_HOOKS
			   : (size_t)each;
	r->conf.all = REPLAY_HOOKS * r->conf.each;
	r->conf.keeps = true;
	r->conf.gone = on_delivery_gone;
	noc_recall_init(&r->keys, &r->conf, r);
	return r;
}

static void
replay_close(void *part)
{
	struct replay *r = part;
	void *floor;

	noc_recall_release(&r->keys);
	for (size_t it = 0; noc_table_next(&r->floors, &it, NULL, &floor);)
		free(floor);
	noc_table_release(&r->floors);
	free(r);
}

static bool
replay_load(struct noc_core *core, void *part, const char *kind,
	    const char *key, int64_t due_ns, const struct noc_value *data)
{
	struct replay *r = part;

	if (!strcmp(kind, REPLAY_FLOOR)) {
		floor_of(r, key)->s = noc_value_get_int(data, "at", 0);
		return true;
	}
	if (strcmp(kind, "replay"))
		return false;
	noc_recall_load(core, &r->keys, key, due_ns, data);
	return true;
}

static void
replay_store(struct noc_core *core, void *part)
{
	struct replay *r = part;
	const char *source;
	void *floor;

	noc_recall_store(core, &r->keys);
	for (size_t it = 0; noc_table_next(&r->floors, &it, &source, &floor);)
		floor_store(core, source, floor);
}

static void
replay_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct replay *r = part;

	(void)core;
	noc_value_set(map, "replay_keys",
		      noc_value_int((int64_t)noc_table_len(&r->keys.keys)));
	noc_value_set(map, "replay_hits", noc_value_int((int64_t)r->keys.hits));
	noc_value_set(map, "replay_full", noc_value_int((int64_t)r->keys.full));
}

const struct noc_part_ops noc_part_replay = {
	.open = replay_open,
	.close = replay_close,
	.load = replay_load,
	.store = replay_store,
	.stats = replay_stats,
};
