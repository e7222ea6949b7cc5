/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/recall.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/hex.h"
#include "base/mem.h"
#include "engine/core/due.h"

/* A longer key is its hash: senders choose how long theirs are. */
#define KEY_MAX 1024

struct owner {
	struct noc_recall_list keys; /* oldest first */
	size_t count;
	char *name;
};

struct noc_recalled {
	struct noc_due due; /* first: on_key_due casts back */
	struct noc_recall *of;
	struct owner *owner;
	TAILQ_ENTRY(noc_recalled) mine, all;
	bool low;
	int64_t mark;
	char *text; /* "owner\x1fkey" */
	struct noc_value *data;
};

void
noc_recall_init(struct noc_recall *t, const struct noc_recall_conf *conf,
		void *arg)
{
	memset(t, 0, sizeof(*t));
	t->conf = conf;
	t->arg = arg;
	TAILQ_INIT(&t->queue[0]);
	TAILQ_INIT(&t->queue[1]);
}

static char *
key_text(const char *owner, struct noc_slice key)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	uint8_t hash[32];
	char hex[65];

	noc_strbuf_addf(&sb, "%s\x1f", owner);
	if (key.len > KEY_MAX) {
		noc_sha256_once(key.p, key.len, hash);
		noc_strbuf_addf(&sb, "sha256:%s", noc_hex(hex, hash, 32));
	} else {
		noc_strbuf_add(&sb, key.p, key.len);
	}
	/* A NUL would end it here, and make it equal to others. */
	for (char *p = sb.p;
	     (p = memchr(p, '\0', sb.len - (size_t)(p - sb.p)));)
		*p = '\x1f';
	return noc_strbuf_detach(&sb, NULL);
}

/* ---- one key ---- */

static struct owner *
owner_get(struct noc_recall *t, const char *name)
{
	struct owner *o = noc_table_get(&t->owners, name);

	if (o)
		return o;
	o = noc_calloc(1, sizeof(*o));
	TAILQ_INIT(&o->keys);
	o->name = noc_strdup(name);
	noc_table_put(&t->owners, name, o);
	return o;
}

static void
key_free(struct noc_recalled *k)
{
	struct noc_recall *t = k->of;
	struct owner *o = k->owner;

	noc_table_del(&t->keys, k->text);
	TAILQ_REMOVE(&t->queue[!k->low], k, all);
	TAILQ_REMOVE(&o->keys, k, mine);
	if (--o->count == 0) {
		noc_table_del(&t->owners, o->name);
		free(o->name);
		free(o);
	}
	noc_value_free(k->data);
	free(k->text);
	free(k);
}

static void
key_drop(struct noc_core *core, struct noc_recalled *k)
{
	noc_txn_live_del(noc_core_txn(core), k->of->conf->kind, k->text);
	noc_due_disarm(core, &k->due);
	key_free(k);
}

static void
key_gone(struct noc_core *core, struct noc_recalled *k, bool early)
{
	struct noc_recall *t = k->of;

	if (t->conf->gone)
		t->conf->gone(core, t->arg, k->text, k->mark, early);
	key_drop(core, k);
}

static void
on_key_due(struct noc_due *due, struct noc_core *core)
{
	key_gone(core, (struct noc_recalled *)due, false);
}

static void
key_put(struct noc_core *core, struct noc_recall *t, struct owner *o,
	struct noc_recalled *k, int64_t due_boot_ns)
{
	k->of = t;
	k->owner = o;
	k->due.on_due = on_key_due;
	o->count++;
	TAILQ_INSERT_TAIL(&o->keys, k, mine);
	TAILQ_INSERT_TAIL(&t->queue[!k->low], k, all);
	noc_table_put(&t->keys, k->text, k);
	noc_due_arm(core, &k->due, due_boot_ns);
}

static void
key_store(struct noc_core *core, const struct noc_recalled *k)
{
	struct noc_value *data =
	    k->low || k->mark || k->data ? noc_value_map() : NULL;

	if (k->low)
		noc_value_set(data, "low", noc_value_bool(true));
	if (k->mark)
		noc_value_set(data, "mark", noc_value_int(k->mark));
	if (k->data)
		noc_value_set(data, "data", noc_value_copy(k->data));
	noc_txn_live_put(noc_core_txn(core), k->of->conf->kind, k->text,
			 noc_steady_of_boot(core, k->due.due_boot_ns), data);
	noc_value_free(data);
}

/* ---- all of them ---- */

bool
noc_recall_repeats(struct noc_recall *t, const char *owner,
		   struct noc_slice key)
{
	char *text = key_text(owner, key);
	bool known = noc_table_get(&t->keys, text) != NULL;

	free(text);
	t->hits += known;
	return known;
}

const struct noc_value *
noc_recall_data(const struct noc_recall *t, const char *owner,
		struct noc_slice key)
{
	char *text = key_text(owner, key);
	const struct noc_recalled *k = noc_table_get(&t->keys, text);

	free(text);
	return k ? k->data : NULL;
}

size_t
noc_recall_count(const struct noc_recall *t, const char *owner)
{
	const struct owner *o;

	if (!owner)
		return noc_table_len(&t->keys);
	o = noc_table_get(&t->owners, owner);
	return o ? o->count : 0;
}

/* Its owner's oldest when that has its share, else the oldest of all, but
 * never one of more trust than the new one. */
static struct noc_recalled *
keys_oldest(struct noc_recall *t, struct owner *o, bool low)
{
	if (o && o->count >= t->conf->each)
		return TAILQ_FIRST(&o->keys);
	if (low || !TAILQ_EMPTY(&t->queue[0]))
		return TAILQ_FIRST(&t->queue[0]);
	return TAILQ_FIRST(&t->queue[1]);
}

enum noc_recall_got
noc_recall_add(struct noc_core *core, struct noc_recall *t,
	       const struct noc_recall_key *key)
{
	int64_t due =
	    noc_core_time(core).boot_ns + key->within_ms * NOC_NS_PER_MS;
	struct owner *o = noc_table_get(&t->owners, key->owner);
	enum noc_recall_got got = NOC_RECALL_NEW;
	struct noc_recalled *k;

	if (noc_table_len(&t->keys) >= t->conf->all ||
	    (o && o->count >= t->conf->each)) {
		k = t->conf->keeps ? NULL : keys_oldest(t, o, key->low);
		t->full++;
		if (!k)
			return NOC_RECALL_FULL;
		key_gone(core, k, true);
		got = NOC_RECALL_GAVE_UP;
	}
	k = noc_calloc(1, sizeof(*k));
	k->text = key_text(key->owner, key->key);
	k->low = key->low;
	k->mark = key->mark;
	k->data = key->data ? noc_value_copy(key->data) : NULL;
	key_put(core, t, owner_get(t, key->owner), k, due);
	key_store(core, k);
	return got;
}

void
noc_recall_forget(struct noc_core *core, struct noc_recall *t,
		  const char *owner, struct noc_slice key)
{
	char *text = key_text(owner, key);
	struct noc_recalled *k = noc_table_get(&t->keys, text);

	if (k)
		key_drop(core, k);
	free(text);
}

void
noc_recall_load(struct noc_core *core, struct noc_recall *t, const char *text,
		int64_t due_ns, const struct noc_value *data)
{
	const char *end = strchr(text, '\x1f');
	const struct noc_value *kept = noc_value_get(data, "data");
	struct noc_recalled *k;
	char *owner;

	if (noc_table_get(&t->keys, text))
		return;
	k = noc_calloc(1, sizeof(*k));
	k->text = noc_strdup(text);
	k->low = noc_value_get_bool(data, "low", false);
	k->mark = noc_value_get_int(data, "mark", 0);
	k->data = kept ? noc_value_copy(kept) : NULL;
	owner = noc_strndup(text, end ? (size_t)(end - text) : strlen(text));
	key_put(core, t, owner_get(t, owner), k, noc_steady_boot(core, due_ns));
	free(owner);
}

static int
on_key_order(const void *a, const void *b)
{
	const struct noc_recalled *x = *(struct noc_recalled *const *)a;
	const struct noc_recalled *y = *(struct noc_recalled *const *)b;

	return (x->due.due_boot_ns > y->due.due_boot_ns) -
	       (x->due.due_boot_ns < y->due.due_boot_ns);
}

void
noc_recall_ready(struct noc_recall *t)
{
	size_t n = 0, len = noc_table_len(&t->keys);
	struct noc_recalled **all = noc_calloc(len + 1, sizeof(*all));
	void *value;

	for (size_t it = 0; noc_table_next(&t->keys, &it, NULL, &value);)
		all[n++] = value;
	qsort(all, n, sizeof(struct noc_recalled *), on_key_order);
	for (size_t i = 0; i < n; i++) {
		struct noc_recall_list *queue = &t->queue[!all[i]->low];

		TAILQ_REMOVE(queue, all[i], all);
		TAILQ_INSERT_TAIL(queue, all[i], all);
		TAILQ_REMOVE(&all[i]->owner->keys, all[i], mine);
		TAILQ_INSERT_TAIL(&all[i]->owner->keys, all[i], mine);
	}
	free(all);
}

void
noc_recall_store(struct noc_core *core, const struct noc_recall *t)
{
	void *value;

	for (size_t it = 0; noc_table_next(&t->keys, &it, NULL, &value);)
		key_store(core, value);
}

void
noc_recall_release(struct noc_recall *t)
{
	void *value;

	for (size_t it = 0; noc_table_next(&t->keys, &it, NULL, &value);)
		key_free(value);
	noc_table_release(&t->keys);
	noc_table_release(&t->owners);
}
