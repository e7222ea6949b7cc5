/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/edge/env.h"
#include "engine/core/slot_private.h"

/*
 * What is given back goes to the next one by a timer that is due at once: each
 * turn is an input of its own and nobody is called from inside what gave back.
 * Who needs several keys stands in the queue of one that is missing; when its
 * turn comes there and another one is missing it goes to the head of that
 * one's, so that nobody holds what he does not use.
 */
#define SLOTS_OTHER 16 /* of a family that limits.* does not name */

static struct noc_slots *
slots_of(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_SLOTS);
}

/* ---- keys ---- */

int64_t
slot_family_limit(const struct noc_core *core, const struct slot_family *f)
{
	const struct noc_env *env = noc_core_env(core);

	return env ? noc_value_get_int(env->config, f->option, f->standard)
		   : f->standard;
}

int64_t
slot_key_limit(const struct slot_key *k)
{
	return k->family->option ? slot_family_limit(k->core, k->family)
				 : k->limit;
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

/* NULL when its calls are not counted. */
static char *
slot_text(struct noc_core *core, const struct noc_slot_want *want)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t len, head;

	if (!want->ops || !want->ops->peer)
		return NULL;
	len = strcspn(want->ops->name, ".");
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
slot_key(struct noc_core *core, struct slot_family *family, char *text)
{
	struct noc_slots *slots = slots_of(core);
	struct slot_key *k = noc_table_get(&slots->keys, text);

	if (k) {
		free(text);
		return k;
	}
	k = noc_calloc(1, sizeof(*k));
	k->core = core;
	k->family = family;
	k->text = text;
	TAILQ_INIT(&k->ring);
	TAILQ_INIT(&k->held);
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

static void slot_settle(struct slot_key *k);

/* ---- what one needs ---- */

/* limit: of a name. */
static void
slot_use(struct noc_slot *slot, struct slot_key *k, int64_t limit)
{
	for (size_t i = 0; i < slot->nuses; i++)
		if (slot->uses[i].key == k)
			return;
	slot->uses[slot->nuses++] =
	    (struct slot_use){ .key = k, .slot = slot, .limit = limit };
	k->refs++;
}

/* Whoever asks now says how many: others may have been told less. */
static void
slot_says(struct noc_slot *slot)
{
	for (size_t i = 0; i < slot->nuses; i++) {
		struct slot_key *k = slot->uses[i].key;

		if (k->limit == slot->uses[i].limit)
			continue;
		k->limit = slot->uses[i].limit;
		slot_settle(k);
	}
}

static struct noc_slot *
slot_new(struct noc_core *core, const struct noc_slot_want *want)
{
	struct noc_slots *slots = slots_of(core);
	struct noc_slot *slot = noc_calloc(
	    1, sizeof(*slot) + (want->nnames + 1) * sizeof(slot->uses[0]));
	char *text = slot_text(core, want);

	slot->core = core;
	slot->run = want->run;
	slot->since_ns = noc_core_turn(core).boot_ns;
	slot->on_turn = want->on_turn;
	slot->arg = want->arg;
	if (text)
		slot_use(
		    slot,
		    slot_key(core,
			     slot_family(slots, want->ops->name, SLOTS_OTHER),
			     text),
		    0);
	for (size_t i = 0; i < want->nnames; i++) {
		const struct noc_slot_name *n = &want->names[i];
		struct slot_family *kind = slots->kinds[n->kind];
		struct slot_key *k = slot_key(
		    core, kind, noc_asprintf("%s/%s", kind->name, n->name));

		slot_use(slot, k, n->limit);
	}
	return slot;
}

static bool
slot_same(const struct noc_slot *a, const struct noc_slot *b)
{
	if (a->nuses != b->nuses)
		return false;
	for (size_t i = 0; i < a->nuses; i++)
		if (a->uses[i].key != b->uses[i].key)
			return false;
	return true;
}

/* ---- whose turn it is ---- */

static void
slot_hold(struct noc_slot *slot)
{
	slot->held = true;
	for (size_t i = 0; i < slot->nuses; i++) {
		struct slot_key *k = slot->uses[i].key;

		TAILQ_INSERT_TAIL(&k->held, &slot->uses[i], link);
		k->out++;
		k->family->out++;
	}
}

/* The first key that is missing.  turn: what others wait for is not theirs
 * before it is their turn. */
static struct slot_key *
slot_lacks(const struct noc_slot *slot, bool turn)
{
	for (size_t i = 0; i < slot->nuses; i++) {
		struct slot_key *k = slot->uses[i].key;

		if (k->out >= slot_key_limit(k) || (!turn && k->queued > 0))
			return k;
	}
	return NULL;
}

struct group_name {
	const struct slot_key *key;
	struct noc_id run;
};

static struct group_name
group_name(const struct slot_key *k, const struct noc_id *run)
{
	struct group_name name;

	memset(&name, 0, sizeof(name));
	name.key = k;
	name.run = *run;
	return name;
}

/* first: before all others, for it has waited elsewhere. */
static void
slot_queue(struct noc_slot *slot, struct slot_key *k, bool first)
{
	struct noc_slots *slots = slots_of(slot->core);
	struct group_name name = group_name(k, &slot->run);
	struct slot_group *g =
	    noc_table_getn(&slots->groups, &name, sizeof(name));

	if (!g) {
		g = noc_calloc(1, sizeof(*g));
		g->run = slot->run;
		TAILQ_INIT(&g->slots);
		noc_table_putn(&slots->groups, &name, sizeof(name), g);
		TAILQ_INSERT_TAIL(&k->ring, g, link);
	}
	slot->at = k;
	slot->group = g;
	if (first) {
		TAILQ_INSERT_HEAD(&g->slots, slot, link);
		TAILQ_REMOVE(&k->ring, g, link);
		TAILQ_INSERT_HEAD(&k->ring, g, link);
	} else {
		TAILQ_INSERT_TAIL(&g->slots, slot, link);
	}
	k->queued++;
	k->family->queued++;
}

static void
slot_leave(struct noc_slot *slot)
{
	struct slot_key *k = slot->at;
	struct slot_group *g = slot->group;
	struct group_name name = group_name(k, &g->run);

	TAILQ_REMOVE(&g->slots, slot, link);
	slot->at = NULL;
	slot->group = NULL;
	k->queued--;
	k->family->queued--;
	if (!TAILQ_EMPTY(&g->slots))
		return;
	noc_table_deln(&slots_of(k->core)->groups, &name, sizeof(name));
	TAILQ_REMOVE(&k->ring, g, link);
	free(g);
}

static void on_slot_due(struct noc_due *due, struct noc_core *core);

/* The next one's turn, if it has come; a key that nobody needs goes. */
static void
slot_settle(struct slot_key *k)
{
	k->due.on_due = on_slot_due;
	if (k->queued > 0 && k->out < slot_key_limit(k)) {
		noc_due_arm(k->core, &k->due, noc_core_turn(k->core).boot_ns);
	} else if (k->refs == 0) {
		noc_table_del(&slots_of(k->core)->keys, k->text);
		slot_key_free(k);
	}
}

/* The first of the run whose turn it is; the next turn is another run's. */
static struct noc_slot *
slot_next(struct slot_key *k)
{
	struct slot_group *g = TAILQ_FIRST(&k->ring);
	struct noc_slot *slot = g ? TAILQ_FIRST(&g->slots) : NULL;

	if (!slot)
		return NULL;
	TAILQ_REMOVE(&k->ring, g, link);
	TAILQ_INSERT_TAIL(&k->ring, g, link);
	slot_leave(slot);
	return slot;
}

static void
on_slot_due(struct noc_due *due, struct noc_core *core)
{
	struct slot_key *k =
	    (struct slot_key *)((char *)due - offsetof(struct slot_key, due));
	struct slot_key *lacks;
	struct noc_slot *slot;

	/* The limit may be lower, or the daemon stop, since. */
	if (k->out >= slot_key_limit(k) || slots_of(core)->stopped)
		return;
	slot = slot_next(k);
	if (!slot)
		return;
	lacks = slot_lacks(slot, true);
	if (lacks) {
		slot_queue(slot, lacks, true);
		slot_settle(k);
		return;
	}
	slot->waited_ns = noc_core_time(core).boot_ns - slot->since_ns;
	k->family->waited_s += (double)slot->waited_ns / 1e9;
	slot_hold(slot);
	slot_settle(k);
	slot->on_turn(slot->arg);
}

bool
noc_slot_take(struct noc_core *core, const struct noc_slot_want *want,
	      struct noc_slot **slot)
{
	struct noc_slot *new = slot_new(core, want);
	struct slot_key *lacks;

	if (*slot && (*slot)->held && slot_same(*slot, new)) {
		noc_slot_free(new);
		return true;
	}
	noc_slot_free(*slot);
	*slot = new;
	slot_says(new);
	if (!new->nuses) {
		noc_slot_free(new);
		*slot = NULL;
		return true;
	}
	lacks = slot_lacks(new, false);
	if (!lacks) {
		slot_hold(new);
		return true;
	}
	slot_queue(new, lacks, false);
	lacks->family->waited++;
	return false;
}

struct noc_slot *
noc_slot_keep(struct noc_core *core, const struct noc_slot_want *want)
{
	struct noc_slot *slot = slot_new(core, want);

	slot_says(slot);
	slot_hold(slot);
	return slot;
}

int64_t
noc_slot_waited_ns(const struct noc_slot *slot)
{
	return slot ? slot->waited_ns : 0;
}

const char *
noc_slot_missing(const struct noc_slot *slot, struct noc_id *holder)
{
	const struct slot_use *first;

	memset(holder, 0, sizeof(*holder));
	if (!slot || !slot->at)
		return NULL;
	first = TAILQ_FIRST(&slot->at->held);
	if (first)
		*holder = first->slot->run;
	return slot->at->text;
}

int64_t
noc_slot_waiters(const struct noc_slot *slot)
{
	int64_t n = 0;

	for (size_t i = 0; slot && slot->held && i < slot->nuses; i++)
		n += slot->uses[i].key->queued;
	return n;
}

void
noc_slot_free(struct noc_slot *slot)
{
	if (!slot)
		return;
	if (slot->at)
		slot_leave(slot);
	for (size_t i = 0; i < slot->nuses; i++) {
		struct slot_key *k = slot->uses[i].key;

		if (slot->held) {
			TAILQ_REMOVE(&k->held, &slot->uses[i], link);
			k->out--;
			k->family->out--;
		}
		k->refs--;
		slot_settle(k);
	}
	free(slot);
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

	static const char *const kinds[NOC_SLOT_KINDS] = {
		[NOC_SLOT_LIMIT] = "limit",
		[NOC_SLOT_RUN] = "run",
		[NOC_SLOT_LOCK] = "lock",
		[NOC_SLOT_DEDUP] = "dedup",
	};

	(void)core;
	for (size_t i = 0; i < NOC_SLOT_KINDS; i++) {
		slots->kinds[i] = noc_calloc(1, sizeof(*slots->kinds[i]));
		slots->kinds[i]->name = noc_strdup(kinds[i]);
	}
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
	for (size_t i = 0; i < NOC_SLOT_KINDS; i++) {
		free(slots->kinds[i]->name);
		free(slots->kinds[i]);
	}
	noc_table_release(&slots->groups);
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

const struct noc_part_ops noc_part_slots = {
	.open = slots_open,
	.close = slots_close,
	.reload = slots_reload,
	.stats = slots_stats,
};
