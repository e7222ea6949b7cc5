/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/event/value.h"
#include "engine/core/record.h"

/*
 * What `seen{…}` asks: canonical events of the last hour by (kind, device),
 * newest last.  Those that a rule's `unless` waits for are journaled, so the
 * answer is the same after a kill.
 */
#define SEEN_PER_KEY 16
#define SEEN_KEYS    65536

struct seen_list {
	struct noc_event *at[SEEN_PER_KEY]; /* ring */
	unsigned next, len;
};

struct seen {
	struct noc_table lists; /* "kind\x1fdevice" -> struct seen_list */
	struct noc_table watched;
	const struct noc_ruleset *watched_of;
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
	for (unsigned i = 0; i < SEEN_PER_KEY; i++)
		noc_event_unref(list->at[i]);
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

/* Drops lists whose newest event is too old; called when the table is full. */
static void
seen_sweep(struct noc_core *core, struct seen *s)
{
	int64_t since =
	    noc_steady_now(core) - NOC_UNLESS_BACK_MAX_MS * NOC_NS_PER_MS;
	const char *key;
	void *value;

	for (size_t it = 0; noc_table_next(&s->lists, &it, &key, &value);) {
		struct seen_list *list = value;
		unsigned last = (list->next + SEEN_PER_KEY - 1) % SEEN_PER_KEY;

		if (noc_steady_of_event(core, list->at[last]) > since)
			continue;
		noc_table_del(&s->lists, key);
		seen_list_free(list);
	}
}

static void
seen_put(struct noc_core *core, struct seen *s, struct noc_event *ev)
{
	char key[512];
	size_t n = seen_key(key, ev->kind, ev->device);
	struct seen_list *list = noc_table_getn(&s->lists, key, n);

	if (!list) {
		if (noc_table_len(&s->lists) >= SEEN_KEYS)
			seen_sweep(core, s);
		if (noc_table_len(&s->lists) >= SEEN_KEYS)
			return;
		list = noc_calloc(1, sizeof(*list));
		noc_table_putn(&s->lists, key, n, list);
	}
	noc_event_unref(list->at[list->next]);
	list->at[list->next] = noc_event_ref(ev);
	list->next = (list->next + 1) % SEEN_PER_KEY;
	if (list->len < SEEN_PER_KEY)
		list->len++;
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

	for (unsigned i = 1; list && i <= list->len; i++) {
		struct noc_event *ev =
		    list->at[(list->next + SEEN_PER_KEY - i) % SEEN_PER_KEY];

		if (noc_steady_of_event(core, ev) < since_ns)
			break;
		if (!accept || accept(ev, arg))
			return ev;
	}
	return NULL;
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

		for (unsigned i = 0; i < list->len; i++)
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
	.store = seen_store,
	.stats = seen_stats,
};
