/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/fair.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/event/identity.h"
#include "engine/event/value.h"
#include "engine/notify/limit.h"
#include "engine/core/record.h"

/*
 * What `seen{…}` asks: canonical events of the last hour by (kind, device),
 * newest last.  Those that a rule's `unless` waits for are journaled, so the
 * answer is the same after a kill.
 *
 * Nothing is forgotten that a rule may ask for, unless that is known
 * (noc_seen_forgot): when it is full, kinds that no rule asks for give way, of
 * whoever has the most; then who is new is not remembered.
 */
#define SEEN_PER_KEY 64
#define SEEN_KEYS    65536
#define SEEN_SENDER  8192 /* of one sender, kinds that rules ask for */

enum seen_rank { SEEN_UNASKED, SEEN_ASKED };

struct seen_list {
	struct noc_fair_seat seat;  /* by rank and sender */
	struct noc_fair_seat order; /* by the newest event */
	struct noc_event **at;	    /* newest last */
	size_t len, cap;
	int64_t pushed_ns; /* steady, of the newest that had to go; 0: none */
	enum seen_rank rank;
	char *sender;
	size_t keylen;
	char key[]; /* "kind\x1fdevice" */
};

struct seen {
	struct noc_table lists; /* key -> struct seen_list */
	struct noc_fair fair, order;
	struct noc_table watched;
	const struct noc_ruleset *watched_of;
	int64_t full_ns; /* steady: when one was turned away last; 0: never */
};

static void *
seen_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct seen));
}

static void
seen_list_free(struct seen_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		noc_event_unref(list->at[i]);
	free(list->at);
	free(list->sender);
	free(list);
}

static void
seen_close(void *part)
{
	struct seen *s = part;
	void *list;

	for (size_t it = 0; noc_table_next(&s->lists, &it, NULL, &list);)
		seen_list_free(list);
	noc_table_release(&s->lists);
	noc_table_release(&s->watched);
	noc_fair_release(&s->fair);
	noc_fair_release(&s->order);
	free(s);
}

static size_t
seen_key(char buf[512], const char *kind, struct noc_slice device)
{
	size_t n = strlen(kind);

	if (n > 200)
		n = 200;
	if (device.len > 300)
		device.len = 300;
	memcpy(buf, kind, n);
	buf[n++] = '\x1f';
	if (device.len)
		memcpy(buf + n, device.p, device.len);
	return n + device.len;
}

/* ---- room ---- */

static void
seen_seat(struct seen *s, struct seen_list *list)
{
	noc_fair_del(&s->fair, &list->seat);
	noc_fair_del(&s->order, &list->order);
	noc_fair_add(&s->fair, &list->seat, list->rank,
		     noc_slice_str(list->sender), false);
	noc_fair_add(&s->order, &list->order, 0, noc_slice("", 0), false);
}

static void
seen_drop(struct seen *s, struct seen_list *list)
{
	noc_fair_del(&s->fair, &list->seat);
	noc_fair_del(&s->order, &list->order);
	noc_table_deln(&s->lists, list->key, list->keylen);
	seen_list_free(list);
}

/* Those whose newest event is of an hour ago: nobody can ask for them. */
static void
seen_expire(struct noc_core *core, struct seen *s)
{
	int64_t since =
	    noc_steady_now(core) - NOC_UNLESS_BACK_MAX_MS * NOC_NS_PER_MS;
	struct noc_fair_seat *seat;

	while ((seat = noc_fair_oldest(&s->order, 0, noc_slice("", 0)))) {
		struct seen_list *list =
		    (struct seen_list *)((char *)seat -
					 offsetof(struct seen_list, order));

		if (noc_steady_of_event(core, list->at[list->len - 1]) > since)
			return;
		seen_drop(s, list);
	}
}

static bool
seen_room(struct noc_core *core, struct seen *s, const struct noc_event *ev,
	  enum seen_rank rank)
{
	struct noc_slice sender = noc_event_sender(ev);
	struct noc_fair_seat *seat;
	char *whose;

	if (rank == SEEN_ASKED && !ev->inventory &&
	    noc_fair_len_owner(&s->fair, rank, sender) >= SEEN_SENDER) {
		seat = NULL; /* its devices are nobody's */
	} else {
		if (noc_table_len(&s->lists) < SEEN_KEYS)
			return true;
		seat = noc_fair_yields(&s->fair, SEEN_UNASKED, sender);
		if (!seat && rank == SEEN_ASKED)
			s->full_ns = noc_steady_now(core);
	}
	if (seat)
		seen_drop(s, (struct seen_list *)seat);
	if (!seat && rank == SEEN_UNASKED)
		return false; /* no rule would ask */
	whose = noc_strndup(sender.p ? sender.p : "", sender.len);
	noc_limit_reached(core, "seen", whose, "%s",
			  seat ? "kinds that no rule asks for are forgotten"
			       : "what is new is not remembered, so `unless` "
				 "holds where that cannot be told");
	free(whose);
	return seat != NULL;
}

static struct seen_list *
seen_list_new(struct seen *s, const struct noc_event *ev, enum seen_rank rank,
	      const char *key, size_t len)
{
	struct seen_list *list = noc_calloc(1, sizeof(*list) + len);
	struct noc_slice sender = noc_event_sender(ev);

	list->rank = rank;
	list->sender = noc_strndup(sender.p ? sender.p : "", sender.len);
	list->keylen = len;
	memcpy(list->key, key, len);
	noc_table_putn(&s->lists, key, len, list);
	return list;
}

static bool
seen_is_asked(struct noc_core *core, const char *kind)
{
	return !strcmp(kind, "device.restart") || noc_seen_watched(core, kind);
}

static void
seen_put(struct noc_core *core, struct seen *s, struct noc_event *ev)
{
	enum seen_rank rank =
	    seen_is_asked(core, ev->kind) ? SEEN_ASKED : SEEN_UNASKED;
	char key[512];
	size_t n = seen_key(key, ev->kind, ev->device);
	struct seen_list *list;

	seen_expire(core, s);
	list = noc_table_getn(&s->lists, key, n);
	if (!list) {
		if (!seen_room(core, s, ev, rank))
			return;
		list = seen_list_new(s, ev, rank, key, n);
	}
	if (list->len == SEEN_PER_KEY) {
		list->pushed_ns = noc_steady_of_event(core, list->at[0]);
		noc_event_unref(list->at[0]);
		memmove(list->at, list->at + 1,
			--list->len * sizeof(struct noc_event *));
	}
	NOC_GROW(list->at, list->cap, list->len + 1);
	list->at[list->len++] = noc_event_ref(ev);
	list->rank = rank;
	seen_seat(s, list);
}

void
noc_seen_add(struct noc_core *core, struct noc_event *ev)
{
	seen_put(core, noc_core_part(core, NOC_PART_SEEN), ev);
}

struct noc_event *
noc_seen_last(struct noc_core *core, const char *kind, struct noc_slice device,
	      int64_t since_ns,
	      bool (*accept)(const struct noc_event *, void *), void *arg)
{
	struct seen *s = noc_core_part(core, NOC_PART_SEEN);
	char key[512];
	size_t n = seen_key(key, kind, device);
	const struct seen_list *list = noc_table_getn(&s->lists, key, n);

	for (size_t i = list ? list->len : 0; i > 0; i--) {
		struct noc_event *ev = list->at[i - 1];

		if (noc_steady_of_event(core, ev) < since_ns)
			break;
		if (!accept || accept(ev, arg))
			return ev;
	}
	return NULL;
}

bool
noc_seen_forgot(struct noc_core *core, const char *kind,
		struct noc_slice device, int64_t since_ns)
{
	const struct seen *s = noc_core_part(core, NOC_PART_SEEN);
	char key[512];
	size_t n = seen_key(key, kind, device);
	const struct seen_list *list = noc_table_getn(&s->lists, key, n);

	if (list)
		return list->pushed_ns && list->pushed_ns >= since_ns;
	return s->full_ns && s->full_ns >= since_ns;
}

/* Other rules ask for other kinds. */
static void
seen_reload(struct noc_core *core, void *part)
{
	struct seen *s = part;
	void *value;

	for (size_t it = 0; noc_table_next(&s->lists, &it, NULL, &value);) {
		struct seen_list *list = value;

		list->rank = seen_is_asked(core, list->at[list->len - 1]->kind)
				 ? SEEN_ASKED
				 : SEEN_UNASKED;
		seen_seat(s, list);
	}
}

static void
seen_watch(struct seen *s, const struct noc_ruleset *rs)
{
	noc_table_release(&s->watched);
	s->watched_of = rs;
	for (size_t i = 0; i < rs->nrules; i++) {
		const struct noc_rule *rule = &rs->rules[i];

		for (size_t j = 0; j < rule->nunless; j++)
			for (size_t k = 0; k < rule->unless[j].kinds.len; k++)
				noc_table_put(&s->watched,
					      rule->unless[j].kinds.at[k], s);
		for (size_t k = 0;
		     rule->event_time && k < rule->hold_cancel.len; k++)
			noc_table_put(&s->watched, rule->hold_cancel.at[k], s);
	}
}

bool
noc_seen_watched(const struct noc_core *core, const char *kind)
{
	struct seen *s = noc_core_part(core, NOC_PART_SEEN);
	const struct noc_ruleset *rs = noc_core_rules(core);

	if (rs && s->watched_of != rs)
		seen_watch(s, rs);
	return noc_table_get(&s->watched, kind) != NULL;
}

static void
seen_load_event(struct noc_core *core, void *part,
		const struct noc_event_row *row)
{
	struct noc_event *ev;

	ev = row->json ? noc_event_from_value(row->json) : NULL;
	if (!ev)
		return;
	ev->journaled = true;
	if (ev->kind != ev->base && ev->trust != NOC_TRUST_LOW)
		seen_put(core, part, ev);
	noc_event_unref(ev);
}

/* What `unless` will ask for. */
static void
seen_store(struct noc_core *core, void *part)
{
	const struct seen *s = part;
	void *value;

	for (size_t it = 0; noc_table_next(&s->lists, &it, NULL, &value);) {
		const struct seen_list *list = value;

		for (size_t i = 0; i < list->len; i++)
			if (list->at[i]->journaled &&
			    noc_seen_watched(core, list->at[i]->kind))
				noc_core_write_row(core, list->at[i]);
	}
}

static void
seen_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	struct seen *s = part;

	(void)core;
	noc_value_set(map, "seen_keys",
		      noc_value_int((int64_t)noc_table_len(&s->lists)));
}

const struct noc_part_ops noc_part_seen = {
	.open = seen_open,
	.close = seen_close,
	.events_back_ms = NOC_UNLESS_BACK_MAX_MS,
	.load_event = seen_load_event,
	.ready = seen_reload,
	.reload = seen_reload,
	.store = seen_store,
	.stats = seen_stats,
};
