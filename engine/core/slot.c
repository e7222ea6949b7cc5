/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "engine/edge/env.h"
#include "engine/core/due.h"

/*
 * A key is there while a slot of it is held or wanted.  What is given back
 * goes to the next one by a timer that is due at once: each turn is an input
 * of its own and nobody is called from inside what gave back.
 */
#define SLOTS_OTHER  16 /* of a family that limits.* does not name */
#define QUEUES_SHOWN 20

struct slot_family {
	char *name, *option;
	int64_t standard;
	int64_t out, queued;
	uint64_t waited;
	double waited_s;
};

struct slot_key {
	struct noc_core *core;
	struct slot_family *family;
	char *text; /* "snmp/sw1", "notices/exec" */
	int64_t out, queued;
	TAILQ_HEAD(, noc_slot) queue;
	struct noc_due due; /* somebody's turn */
};

struct noc_slot {
	TAILQ_ENTRY(noc_slot) link; /* while it is not held */
	struct slot_key *key;
	bool held;
	int64_t since_ns, waited_ns; /* boottime */
	void (*on_turn)(void *arg);
	void *arg;
};

struct noc_slots { /* the part */
	struct noc_table keys, families;
	bool stopped;
};

static struct noc_slots *
slots_of(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_SLOTS);
}

/* ---- keys ---- */

static int64_t
family_limit(const struct noc_core *core, const struct slot_family *f)
{
	const struct noc_env *env = noc_core_env(core);

	return env ? noc_value_get_int(env->config, f->option, f->standard)
		   : f->standard;
}

static int64_t
slot_limit(const struct slot_key *k)
{
	return family_limit(k->core, k->family);
}

/* Of an action's name, up to its first dot. */
static struct slot_family *
slot_family(struct noc_slots *slots, const char *action, int64_t standard)
{
	char *name = noc_strndup(action, strcspn(action, "."));
	struct slot_family *f = noc_table_get(&slots->families, name);

	if (f) {
		free(name);
		return f;
	}
	f = noc_calloc(1, sizeof(*f));
	f->name = name;
	f->standard = standard;
	f->option = noc_asprintf("limits.%s", name);
	noc_table_put(&slots->families, name, f);
	return f;
}

/* "" when its calls are not counted. */
static char *
slot_text(struct noc_core *core, const struct noc_slot_want *want)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t len = strcspn(want->ops->name, "."), head;

	if (!want->ops->peer)
		return noc_strdup("");
	noc_strbuf_addf(&sb, "%s%.*s/", want->notice ? "notices/" : "",
			(int)len, want->ops->name);
	head = sb.len;
	want->ops->peer(noc_core_env(core), want->params, want->target, &sb);
	if (sb.len == head)
		sb.p[--sb.len] = '\0'; /* the family as a whole */
	return noc_strbuf_detach(&sb, NULL);
}

/* text is owned. */
static struct slot_key *
slot_key(struct noc_core *core, const char *action, char *text)
{
	struct noc_slots *slots = slots_of(core);
	struct slot_key *k = noc_table_get(&slots->keys, text);

	if (k) {
		free(text);
		return k;
	}
	k = noc_calloc(1, sizeof(*k));
	k->core = core;
	k->family = slot_family(slots, action, SLOTS_OTHER);
	k->text = text;
	TAILQ_INIT(&k->queue);
	noc_table_put(&slots->keys, text, k);
	return k;
}

static void
slot_key_free(struct slot_key *k)
{
	noc_due_disarm(k->core, &k->due);
	free(k->text);
	free(k);
}

/* ---- whose turn it is ---- */

static void
slot_hold(struct noc_slot *slot)
{
	slot->held = true;
	slot->key->out++;
	slot->key->family->out++;
}

static void
slot_leave(struct noc_slot *slot)
{
	TAILQ_REMOVE(&slot->key->queue, slot, link);
	slot->key->queued--;
	slot->key->family->queued--;
}

static void on_slot_due(struct noc_due *due, struct noc_core *core);

/* The next one's turn, if it has come; a key that nobody needs goes. */
static void
slot_settle(struct slot_key *k)
{
	k->due.on_due = on_slot_due;
	if (k->queued > 0 && k->out < slot_limit(k)) {
		noc_due_arm(k->core, &k->due, noc_core_turn(k->core).boot_ns);
	} else if (k->queued == 0 && k->out == 0) {
		noc_table_del(&slots_of(k->core)->keys, k->text);
		slot_key_free(k);
	}
}

static void
on_slot_due(struct noc_due *due, struct noc_core *core)
{
	struct slot_key *k =
	    (struct slot_key *)((char *)due - offsetof(struct slot_key, due));
	struct noc_slot *slot = TAILQ_FIRST(&k->queue);

	/* The limit may be lower, or the daemon stop, since. */
	if (!slot || k->out >= slot_limit(k) || slots_of(core)->stopped)
		return;
	slot->waited_ns = noc_core_time(core).boot_ns - slot->since_ns;
	k->family->waited_s += (double)slot->waited_ns / 1e9;
	slot_leave(slot);
	slot_hold(slot);
	slot_settle(k);
	slot->on_turn(slot->arg);
}

bool
noc_slot_take(struct noc_core *core, const struct noc_slot_want *want,
	      struct noc_slot **slot)
{
	char *text = slot_text(core, want);
	struct slot_key *k;
	bool now;

	if (*slot && (*slot)->held && !strcmp((*slot)->key->text, text)) {
		free(text);
		return true;
	}
	noc_slot_free(*slot);
	*slot = NULL;
	if (!*text) {
		free(text);
		return true;
	}
	k = slot_key(core, want->ops->name, text);
	now = k->queued == 0 && k->out < slot_limit(k);
	*slot = noc_calloc(1, sizeof(**slot));
	(*slot)->key = k;
	(*slot)->since_ns = noc_core_turn(core).boot_ns;
	(*slot)->on_turn = want->on_turn;
	(*slot)->arg = want->arg;
	if (now) {
		slot_hold(*slot);
		return true;
	}
	TAILQ_INSERT_TAIL(&k->queue, *slot, link);
	k->queued++;
	k->family->queued++;
	k->family->waited++;
	return false;
}

int64_t
noc_slot_waited_ns(const struct noc_slot *slot)
{
	return slot ? slot->waited_ns : 0;
}

void
noc_slot_free(struct noc_slot *slot)
{
	struct slot_key *k;

	if (!slot)
		return;
	k = slot->key;
	if (slot->held) {
		k->out--;
		k->family->out--;
	} else {
		slot_leave(slot);
	}
	free(slot);
	slot_settle(k);
}

void
noc_slots_stop(struct noc_core *core)
{
	slots_of(core)->stopped = true;
}

/* ---- the part ---- */

static void *
slots_open(struct noc_core *core)
{
	static const struct {
		const char *family;
		int64_t standard;
	} rows[] = {
		{ "exec", NOC_SLOTS_EXEC },
		{ "http", NOC_SLOTS_HTTP },
		{ "mail", NOC_SLOTS_MAIL },
		{ "snmp", NOC_SLOTS_SNMP },
	};
	struct noc_slots *slots = noc_calloc(1, sizeof(*slots));

	(void)core;
	for (size_t i = 0; i < NOC_COUNT(rows); i++)
		slot_family(slots, rows[i].family, rows[i].standard);
	return slots;
}

static void
slots_close(void *part)
{
	struct noc_slots *slots = part;
	void *value;

	for (size_t it = 0; noc_table_next(&slots->keys, &it, NULL, &value);)
		slot_key_free(value);
	for (size_t it = 0;
	     noc_table_next(&slots->families, &it, NULL, &value);) {
		struct slot_family *f = value;

		free(f->name);
		free(f->option);
		free(f);
	}
	noc_table_release(&slots->keys);
	noc_table_release(&slots->families);
	free(slots);
}

/* A limit may be higher now. */
static void
slots_reload(struct noc_core *core, void *part)
{
	struct noc_slots *slots = part;
	void *value;

	(void)core;
	for (size_t it = 0; noc_table_next(&slots->keys, &it, NULL, &value);)
		slot_settle(value);
}

static int
queue_longer(const void *a, const void *b)
{
	const struct slot_key *const *x = a, *const *y = b;

	if ((*x)->queued != (*y)->queued)
		return (*x)->queued < (*y)->queued ? 1 : -1;
	return strcmp((*x)->text, (*y)->text);
}

static double
queue_age_s(const struct slot_key *k)
{
	const struct noc_slot *first = TAILQ_FIRST(&k->queue);
	int64_t now = noc_core_turn(k->core).boot_ns;

	return first ? (double)(now - first->since_ns) / 1e9 : 0;
}

/* The longest queues, and of each family how old the oldest of them is. */
static struct noc_value *
slots_queues(const struct noc_slots *slots, struct noc_value *families)
{
	struct noc_value *list = noc_value_list();
	struct slot_key **all = noc_calloc(noc_table_len(&slots->keys) + 1,
					   sizeof(struct slot_key *));
	size_t n = 0;
	void *value;

	for (size_t it = 0; noc_table_next(&slots->keys, &it, NULL, &value);) {
		struct slot_key *k = value;
		struct noc_value *f = noc_value_get(families, k->family->name);
		const struct noc_value *was = noc_value_get(f, "oldest_s");

		if (k->queued == 0)
			continue;
		all[n++] = k;
		if (queue_age_s(k) > was->u.d)
			noc_value_set(f, "oldest_s",
				      noc_value_real(queue_age_s(k)));
	}
	qsort(all, n, sizeof(all[0]), queue_longer);
	for (size_t i = 0; i < n && i < QUEUES_SHOWN; i++) {
		struct noc_value *v = noc_value_map();

		noc_value_set(v, "key", noc_value_str(all[i]->text));
		noc_value_set(v, "out", noc_value_int(all[i]->out));
		noc_value_set(v, "limit", noc_value_int(slot_limit(all[i])));
		noc_value_set(v, "queued", noc_value_int(all[i]->queued));
		noc_value_set(v, "oldest_s",
			      noc_value_real(queue_age_s(all[i])));
		noc_value_push(list, v);
	}
	free(all);
	return list;
}

static void
slots_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct noc_slots *slots = part;
	struct noc_value *v = noc_value_map(), *families = noc_value_map();
	int64_t out = 0, queued = 0;
	void *value;

	for (size_t it = 0;
	     noc_table_next(&slots->families, &it, NULL, &value);) {
		const struct slot_family *f = value;
		struct noc_value *row = noc_value_map();

		noc_value_set(row, "limit",
			      noc_value_int(family_limit(core, f)));
		noc_value_set(row, "out", noc_value_int(f->out));
		noc_value_set(row, "queued", noc_value_int(f->queued));
		noc_value_set(row, "waited", noc_value_int((int64_t)f->waited));
		noc_value_set(row, "waited_s", noc_value_real(f->waited_s));
		noc_value_set(row, "oldest_s", noc_value_real(0));
		noc_value_set(families, f->name, row);
		out += f->out;
		queued += f->queued;
	}
	noc_value_set(v, "out", noc_value_int(out));
	noc_value_set(v, "queued", noc_value_int(queued));
	noc_value_set(v, "queues", slots_queues(slots, families));
	noc_value_set(v, "families", families);
	noc_value_set(map, "calls", v);
}

const struct noc_part_ops noc_part_slots = {
	.open = slots_open,
	.close = slots_close,
	.reload = slots_reload,
	.stats = slots_stats,
};
