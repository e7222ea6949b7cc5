/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/event/event.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/inventory/inventory.h"

/* Every slice of an event but those of its syslog message. */
#define EVENT_SLICES  7
#define SYSLOG_SLICES 7

static void
event_slices(struct noc_event *ev, struct noc_slice *at[EVENT_SLICES])
{
	at[0] = &ev->raw; /* first: the others may lie inside it */
	at[1] = &ev->origin;
	at[2] = &ev->device;
	at[3] = &ev->address;
	at[4] = &ev->summary;
	at[5] = &ev->link;
	at[6] = &ev->witnesses;
}

static void
syslog_slices(struct noc_syslog *m, struct noc_slice *at[SYSLOG_SLICES])
{
	at[0] = &m->host;
	at[1] = &m->app;
	at[2] = &m->procid;
	at[3] = &m->msgid;
	at[4] = &m->sd;
	at[5] = &m->tag;
	at[6] = &m->message;
}

static bool
slice_within(struct noc_slice inner, struct noc_slice outer)
{
	return inner.p && outer.p && inner.p >= outer.p &&
	       inner.p + inner.len <= outer.p + outer.len;
}

static size_t
slice_need(struct noc_slice s, struct noc_slice raw)
{
	return !s.p || slice_within(s, raw) ? 0 : s.len + 1;
}

/* Each copy ends in a NUL, so that an empty one has an address too. */
static char *
slice_move(struct noc_slice *s, struct noc_slice old_raw, const char *new_raw,
	   char *to)
{
	if (!s->p)
		return to;
	if (slice_within(*s, old_raw)) {
		s->p = new_raw + (s->p - old_raw.p);
		return to;
	}
	if (s->len)
		memcpy(to, s->p, s->len);
	to[s->len] = '\0';
	s->p = to;
	return to + s->len + 1;
}

static size_t
event_need(struct noc_event *ev)
{
	struct noc_slice *own[EVENT_SLICES], *sys[SYSLOG_SLICES];
	size_t need = ev->raw.p ? ev->raw.len + 1 : 0;

	event_slices(ev, own);
	for (size_t i = 1; i < EVENT_SLICES; i++)
		need += slice_need(*own[i], ev->raw);
	if (ev->syslog) {
		struct noc_syslog m = *ev->syslog;

		syslog_slices(&m, sys);
		for (size_t i = 0; i < SYSLOG_SLICES; i++)
			need += slice_need(*sys[i], ev->raw);
	}
	return need;
}

struct noc_event *
noc_event_promote(struct noc_event *ev)
{
	struct noc_slice *own[EVENT_SLICES], *sys[SYSLOG_SLICES];
	struct noc_slice old_raw = ev->raw;
	struct noc_syslog *m;
	struct noc_event *copy;
	size_t size = sizeof(*copy) + (ev->syslog ? sizeof(*m) : 0);
	char *to;

	if (ev->refs > 0)
		return noc_event_ref(ev);
	copy = noc_malloc(size + event_need(ev));
	*copy = *ev;
	copy->refs = 1;
	if (copy->inventory && copy->inventory->owner)
		noc_inventory_ref(copy->inventory->owner);
	to = (char *)copy + size;
	if (old_raw.p) {
		memcpy(to, old_raw.p, old_raw.len);
		to[old_raw.len] = '\0';
		copy->raw.p = to;
		to += old_raw.len + 1;
	}
	event_slices(copy, own);
	for (size_t i = 1; i < EVENT_SLICES; i++)
		to = slice_move(own[i], old_raw, copy->raw.p, to);
	if (ev->syslog) {
		m = (struct noc_syslog *)(copy + 1);
		*m = *ev->syslog;
		copy->syslog = m;
		syslog_slices(m, sys);
		for (size_t i = 0; i < SYSLOG_SLICES; i++)
			to = slice_move(sys[i], old_raw, copy->raw.p, to);
	}
	if (noc_id_is_zero(&copy->id))
		copy->id = noc_id_new(copy->received_ns);
	ev->data = ev->snmp = ev->http = ev->far = NULL;
	ev->link_owned = ev->text = NULL; /* moved with the copy */
	return copy;
}

struct noc_event *
noc_event_ref(struct noc_event *ev)
{
	if (!ev)
		return NULL;
	NOC_REQUIRE(ev->refs > 0);
	ev->refs++;
	return ev;
}

void
noc_event_clear(struct noc_event *ev)
{
	/* Of most that nothing matched there is nothing to free. */
	if (!ev->snmp && !ev->http && !ev->data && !ev->far && !ev->text &&
	    !ev->link_owned)
		return;
	noc_value_free(ev->snmp);
	noc_value_free(ev->http);
	noc_value_free(ev->data);
	noc_value_free(ev->far);
	free(ev->link_owned);
	free(ev->text);
	ev->link_owned = ev->text = NULL;
	ev->snmp = ev->http = ev->data = ev->far = NULL;
}

void
noc_event_unref(struct noc_event *ev)
{
	if (!ev)
		return;
	NOC_REQUIRE(ev->refs > 0);
	if (--ev->refs)
		return;
	if (ev->inventory)
		noc_inventory_unref(ev->inventory->owner);
	noc_event_clear(ev);
	free(ev);
}
