/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/admit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/mem.h"
#include "engine/event/identity.h"
#include "engine/event/value.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/edge/env.h"
#include "engine/intake/explain.h"
#include "engine/intake/unknown.h"
#include "engine/intake/unmatched.h"
#include "engine/notify/limit.h"

#define ADMIT_LINES_PER_S  20
#define ADMIT_LINES_LOW	   10  /* of them, about strangers */
#define ADMIT_RECORD_BYTES 512 /* of an event, beside what it says */
#define LOW_EVENTS_PER_S   50
#define LOW_BYTES_PER_S	   65536
#define LOW_BURST_S	   10

struct noc_admit *
noc_admit_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_ADMIT);
}

void
noc_ring_add(struct noc_ring_events *ring, size_t cap, struct noc_event *ev)
{
	if (!ring->at) {
		ring->at = noc_calloc(cap, sizeof(struct noc_event *));
		ring->cap = cap;
	}
	noc_event_unref(ring->at[ring->next]);
	ring->at[ring->next] = noc_event_ref(ev);
	ring->next = (ring->next + 1) % cap;
	if (ring->len < cap)
		ring->len++;
}

struct noc_event *
noc_ring_at(const struct noc_ring_events *ring, size_t i)
{
	if (i >= ring->len)
		return NULL;
	return ring->at[(ring->next + ring->cap - 1 - i) % ring->cap];
}

static void
admit_ring_free(struct noc_ring_events *ring)
{
	for (size_t i = 0; i < ring->cap; i++)
		noc_event_unref(ring->at[i]);
	free(ring->at);
}

/* ---- sources ---- */

struct noc_source *
noc_source_new(struct noc_core *core, const char *name, const char *base,
	       bool acknowledged)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_source *s;

	for (size_t i = 0; i < a->nsources; i++)
		if (!strcmp(a->sources[i]->name, name))
			return a->sources[i];
	s = noc_calloc(1, sizeof(*s));
	s->name = noc_interns(name);
	s->base = noc_interns(base);
	s->acknowledged = acknowledged;
	NOC_GROW(a->sources, a->sources_cap, a->nsources + 1);
	a->sources[a->nsources++] = s;
	return s;
}

/* ---- shedding ---- */

static void
on_gap_due(struct noc_due *due, struct noc_core *core)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_value *detail;

	if (a->shed_unsaid == 0)
		return;
	if (noc_core_failing(core) || noc_core_fill(core) >= 0.75) {
		noc_due_arm(core, due,
			    noc_core_time(core).boot_ns + NOC_NS_PER_S);
		return;
	}
	detail = noc_value_map();
	noc_value_set(detail, "shed", noc_value_int((int64_t)a->shed_unsaid));
	if (a->low_unsaid)
		noc_value_set(detail, "low_trust",
			      noc_value_int((int64_t)a->low_unsaid));
	noc_record_add_json(noc_txn_record(noc_core_txn(core), NOC_REC_GAP),
			    NOC_TAG_DETAIL, detail);
	noc_value_free(detail);
	a->shed_unsaid = a->low_unsaid = 0;
}

/* As the configuration of now has it. */
static struct noc_bucket *
admit_budget(struct noc_core *core, struct noc_bucket *b, const char *option,
	     int64_t standard)
{
	double rate = (double)noc_value_get_int(noc_core_env(core)->config,
						option, standard);

	if (b->burst != LOW_BURST_S * rate)
		noc_bucket_init(b, rate, LOW_BURST_S * rate);
	return b;
}

/*
 * What strangers say is kept so often and so much a second, whichever way it
 * comes: more would fill the disk, and then nothing acts.
 */
static bool
admit_sheds_low(struct noc_core *core, const struct noc_event *ev)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_bucket *events = admit_budget(
	    core, &a->low_trust, "low_trust.events", LOW_EVENTS_PER_S);
	struct noc_bucket *bytes = admit_budget(
	    core, &a->low_trust_bytes, "low_trust.bytes", LOW_BYTES_PER_S);
	int64_t now = noc_core_time(core).boot_ns;
	char whose[64];

	/* The record has it twice: as it came, and what it says. */
	if (noc_bucket_take(events, now) &&
	    noc_bucket_spend(
		bytes, ADMIT_RECORD_BYTES + 2.0 * (double)ev->raw.len, now))
		return false;
	a->low_shed++;
	a->low_unsaid++;
	snprintf(whose, sizeof(whose), "%.*s",
		 (int)(ev->origin.len < sizeof(whose) ? ev->origin.len
						      : sizeof(whose) - 1),
		 ev->origin.p ? ev->origin.p : "");
	noc_limit_reached(core, "low_trust", whose,
			  "of senders that are not in the inventory %.0f "
			  "events and %.0f bytes a second are kept, the rest "
			  "is shed and not acknowledged",
			  events->rate, bytes->rate);
	return true;
}

bool
noc_admit_sheds(struct noc_core *core, struct noc_source *source,
		const struct noc_event *ev)
{
	struct noc_admit *a = noc_admit_part(core);
	double fill = noc_core_fill(core);

	if (ev->trust == NOC_TRUST_LOW && admit_sheds_low(core, ev))
		goto shed;
	if (source->acknowledged)
		return false; /* who waits is only slowed */
	/* From 75 % on: debug first, emergencies last, nothing at 100 %. */
	if (fill < 0.75 || (fill < 1.0 && ev->severity <= (1.0 - fill) * 28))
		return false;
shed:
	source->shed++;
	if (a->shed_unsaid++ == 0)
		noc_due_arm(core, &a->gap,
			    noc_core_time(core).boot_ns + NOC_NS_PER_S);
	return true;
}

/* ---- the line ---- */

static void
admit_object(const struct noc_event *ev, struct noc_strbuf *out)
{
	static const char *const names[] = { "ifname", "peer", "unit", "user" };

	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		const struct noc_value *v = noc_value_get(ev->data, names[i]);

		if (!v)
			continue;
		noc_strbuf_addc(out, ' ');
		noc_value_text(v, out);
		return;
	}
	if (noc_value_get(ev->data, "ifindex")) {
		noc_strbuf_adds(out, " if=");
		noc_value_text(noc_value_get(ev->data, "ifindex"), out);
	} else if (ev->summary.len) {
		noc_strbuf_addc(out, ' ');
		noc_strbuf_add(out, ev->summary.p,
			       ev->summary.len < 72 ? ev->summary.len : 72);
	}
}

void
noc_admit_line(struct noc_core *core, const struct noc_event *ev,
	       enum noc_fate fate)
{
	struct noc_admit *a = noc_admit_part(core);
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	char *story;

	if (!noc_core_host(core)->line)
		return;
	if ((ev->trust == NOC_TRUST_LOW &&
	     !noc_bucket_take(&a->lines_low, noc_core_time(core).boot_ns)) ||
	    !noc_bucket_take(&a->lines, noc_core_time(core).boot_ns)) {
		a->lines_skipped++;
		free(noc_core_story_take(core));
		return;
	}
	if (a->lines_skipped) {
		noc_core_say(core, "(%llu more events not printed)",
			     (unsigned long long)a->lines_skipped);
		a->lines_skipped = 0;
	}
	story = noc_core_story_take(core);
	noc_strbuf_addf(&sb, "%s %.*s", ev->kind, (int)ev->device.len,
			ev->device.p);
	admit_object(ev, &sb);
	noc_strbuf_addf(&sb, " [%s] → %s",
			!strcmp(ev->base, "snmp.trap") ? "trap" : ev->base,
			story ? story : noc_fate_name(fate));
	/* What came from outside may hold a NUL, which would end it here. */
	for (char *p = sb.p;
	     (p = memchr(p, '\0', sb.len - (size_t)(p - sb.p)));)
		*p = ' ';
	noc_core_say(core, "%s", sb.p);
	free(story);
	noc_strbuf_release(&sb);
}

/* ---- part ---- */

static void *
admit_open(struct noc_core *core)
{
	struct noc_admit *a = noc_calloc(1, sizeof(*a));

	(void)core;
	noc_bucket_init(&a->unmatched_rate, 1000, 1000);
	noc_bucket_init(&a->lines, ADMIT_LINES_PER_S, ADMIT_LINES_PER_S);
	noc_bucket_init(&a->lines_low, ADMIT_LINES_LOW, ADMIT_LINES_LOW);
	a->gap.on_due = on_gap_due;
	return a;
}

static void
admit_close(void *part)
{
	struct noc_admit *a = part;
	void *value;

	for (size_t i = 0; i < a->nsources; i++)
		free(a->sources[i]);
	free(a->sources);
	admit_ring_free(&a->unmatched);
	admit_ring_free(&a->recent);
	for (size_t it = 0; noc_table_next(&a->unknown, &it, NULL, &value);)
		free(value);
	noc_table_release(&a->unknown);
	free(a);
}

static struct noc_value *
admit_sources(const struct noc_admit *a)
{
	struct noc_value *list = noc_value_list();

	for (size_t i = 0; i < a->nsources; i++) {
		const struct noc_source *s = a->sources[i];
		struct noc_value *row = noc_value_map();

		noc_value_set(row, "source", noc_value_str(s->name));
		noc_value_set(row, "kind", noc_value_str(s->base));
#define ADMIT_SET(field) \
	noc_value_set(row, #field, noc_value_int((int64_t)s->field))
		ADMIT_SET(received);
		ADMIT_SET(kernel_dropped);
		ADMIT_SET(shed);
		ADMIT_SET(refused);
		ADMIT_SET(duplicate);
		ADMIT_SET(folded);
		ADMIT_SET(matched);
		ADMIT_SET(unmatched);
		ADMIT_SET(in_progress);
		ADMIT_SET(malformed);
		ADMIT_SET(unwanted);
#undef ADMIT_SET
		noc_value_push(list, row);
	}
	return list;
}

/* An event of the journal knows its device by name only. */
static struct noc_value *
admit_explain(struct noc_core *core, const struct noc_event *ev)
{
	struct noc_event view = *ev;

	view.refs = 0; /* its pointers are the event's */
	if (!view.inventory)
		noc_identify(noc_core_inv(core), &view);
	return noc_explain(core, &view);
}

static struct noc_value *
admit_event(const struct noc_admit *a, const struct noc_event *ev)
{
	struct noc_value *row = noc_event_value(ev);
	bool unmatched = false;

	for (size_t i = 0; i < a->unmatched.len && !unmatched; i++)
		unmatched = noc_ring_at(&a->unmatched, i) == ev;
	noc_value_set(row, "fate",
		      noc_value_str(unmatched			 ? "unmatched"
				    : noc_id_is_zero(&ev->cause) ? "matched"
								 : "folded"));
	return row;
}

static int
on_sources(struct noc_core *core, void *part, const struct noc_value *command,
	   struct noc_value **answer, struct noc_err *err)
{
	(void)core;
	(void)command;
	(void)err;
	*answer = admit_sources(part);
	return 0;
}

static int
on_unmatched(struct noc_core *core, void *part, const struct noc_value *command,
	     struct noc_value **answer, struct noc_err *err)
{
	int64_t limit = noc_value_get_int(command, "limit", 20);

	(void)part;
	(void)err;
	*answer = noc_unmatched_shapes(
	    core, limit > 0 && limit < 1000 ? (size_t)limit : 20);
	return 0;
}

static int
on_unknown(struct noc_core *core, void *part, const struct noc_value *command,
	   struct noc_value **answer, struct noc_err *err)
{
	(void)part;
	(void)command;
	(void)err;
	*answer = noc_unknown_list(core);
	return 0;
}

static int
on_recent(struct noc_core *core, void *part, const struct noc_value *command,
	  struct noc_value **answer, struct noc_err *err)
{
	(void)part;
	(void)err;
	*answer = noc_unmatched_recent(core, command);
	return 0;
}

/* The event that a command tells or names; a reference. */
static int
admit_named(struct noc_core *core, const struct noc_value *command,
	    struct noc_event **ev, struct noc_err *err)
{
	const struct noc_value *json = noc_value_get(command, "event");
	const char *id = noc_value_get_str(command, "id", "");
	bool several = false;

	*ev = json ? noc_event_from_value(json)
		   : noc_event_ref(noc_unmatched_find(core, id, &several));
	if (several)
		return noc_err_set(err, NOC_ECONFLICT,
				   "More than one id begins with %s: "
				   "give more of it.",
				   id);
	if (!*ev)
		return noc_err_set(
		    err, NOC_ENOTFOUND,
		    "No event '%s' is in the journal or among the last %d unmatched ones.",
		    id, NOC_RING_UNMATCHED);
	return 0;
}

static int
on_explain(struct noc_core *core, void *part, const struct noc_value *command,
	   struct noc_value **answer, struct noc_err *err)
{
	struct noc_event *ev;
	int r = admit_named(core, command, &ev, err);

	(void)part;
	if (r)
		return r;
	*answer = admit_explain(core, ev);
	noc_event_unref(ev);
	return 0;
}

static int
on_event(struct noc_core *core, void *part, const struct noc_value *command,
	 struct noc_value **answer, struct noc_err *err)
{
	struct noc_event *ev;
	int r = admit_named(core, command, &ev, err);

	if (r)
		return r;
	*answer = admit_event(part, ev);
	noc_event_unref(ev);
	return 0;
}

static const struct noc_part_answer admit_answers[] = {
	{ "sources", on_sources },
	{ "unmatched", on_unmatched },
	{ "unknown", on_unknown },
	{ "recent", on_recent },
	{ "event", on_event },
	{ "explain", on_explain },
	{ 0 },
};

static void
admit_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	struct noc_admit *a = part;

	(void)core;
	noc_value_set(map, "sources", admit_sources(a));
	noc_value_set(map, "unknown_senders",
		      noc_value_int((int64_t)(noc_table_len(&a->unknown) +
					      a->unknown_more)));
	noc_value_set(map, "low_trust_shed",
		      noc_value_int((int64_t)a->low_shed));
	noc_value_set(map, "unmatched_sampled_out",
		      noc_value_int((int64_t)a->unmatched_skipped));
}

const struct noc_part_ops noc_part_admit = {
	.open = admit_open,
	.close = admit_close,
	.answers = admit_answers,
	.stats = admit_stats,
};
