/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/enrich.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "proto/ifname.h"
#include "engine/expr/key.h"
#include "engine/expr/where.h"
#include "engine/rule/match.h"
#include "engine/core/call.h"
#include "engine/core/due.h"
#include "engine/notify/limit.h"
#include "engine/memory/fold.h"
#include "engine/run/await.h"
#include "engine/run/escalate.h"
#include "engine/correlate/correlate.h"
#include "engine/correlate/keyed.h"
#include "engine/correlate/pair.h"
#include "engine/intake/iftable.h"
#include "engine/intake/intake.h"
#include "engine/intake/parked.h"

/*
 * ifIndex <-> ifName, iftype and LAG by a cached walk of each device.  An
 * event that lacks one waits in its device's queue, later events of that
 * device behind it: at most 256 of them, at most 800 ms; then it goes on
 * without (marked "enriched": false).  What was decided without is put right
 * when the device answers after all: it is asked again for an hour, less and
 * less often.
 */
#define ENRICH_QUEUE_MAX 256
#define ENRICH_WAIT_MS	 800
#define ENRICH_WALK_MS	 10000
#define ENRICH_FRESH_MS	 (3600 * 1000)
#define ENRICH_AGAIN_MS	 (30 * 1000) /* after a failure or a miss */
#define ENRICH_DEVICES	 20000
#define ENRICH_LATE	 16 /* a device */
#define ENRICH_LATE_ALL	 4096
#define ENRICH_TRIES	 7 /* 30 s, 1 min, 2, 4, ...: an hour */

struct enrich_wait {
	struct noc_event *ev;
	struct noc_source *source;
	struct noc_receipt *receipt;
};

struct enrich_device {
	struct noc_due due; /* first; the queue's patience */
	struct noc_core *core;
	char *name;
	struct noc_iftable ifs;
	int64_t walked_ms, tried_ms; /* boottime; 0: never */
	struct noc_call *walk;
	struct enrich_wait *queue;
	size_t nqueue, queue_cap;
	struct noc_event *late[ENRICH_LATE]; /* the oldest first */
	size_t nlate;
	int tries;    /* walks in vain for them */
	bool unnamed; /* something may be keyed by what it lacked */
};

struct enrich {
	struct noc_table devices;
	size_t late; /* of all devices */
	uint64_t walks, failed, timeouts, parked;
};

static struct enrich *
enrich_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_ENRICH);
}

static int64_t
enrich_now_ms(const struct noc_core *core)
{
	return noc_core_time(core).boot_ns / NOC_NS_PER_MS;
}

/* ---- devices ---- */

static struct enrich_device *
enrich_get(struct noc_core *core, struct noc_slice name, bool make)
{
	struct enrich *e = enrich_part(core);
	struct enrich_device *d = noc_table_getn(&e->devices, name.p, name.len);

	if (d || !make || noc_table_len(&e->devices) >= ENRICH_DEVICES)
		return d;
	d = noc_calloc(1, sizeof(*d));
	d->core = core;
	d->unnamed = true; /* by rows of an earlier life */
	d->name = noc_strndup(name.p, name.len);
	noc_table_putn(&e->devices, name.p, name.len, d);
	return d;
}

static void
enrich_link(struct noc_event *ev)
{
	const struct noc_value *name = noc_value_get(ev->data, "ifname");
	const struct noc_value *index = noc_value_get(ev->data, "ifindex");
	const struct noc_cable *cable = NULL;
	char buf[128];

	if (name && name->type == NOC_STR && ev->inventory)
		cable = noc_device_cable(ev->inventory,
					 noc_slice(name->u.s.p, name->u.s.len));
	free(ev->link_owned);
	if (cable) {
		ev->link_owned = noc_strdup(cable->id);
		if (!ev->far) {
			ev->far = noc_value_map();
			noc_value_set(ev->far, "device",
				      noc_value_str(cable->far_device));
			noc_value_set(ev->far, "ifname",
				      noc_value_str(cable->far_ifname));
		}
	} else if (name && name->type == NOC_STR) {
		struct noc_slice s = noc_ifname_canonical(
		    noc_slice(name->u.s.p, name->u.s.len), buf, sizeof(buf));

		ev->link_owned = noc_asprintf("%.*s/%.*s", (int)ev->device.len,
					      ev->device.p, (int)s.len, s.p);
	} else if (index && index->type == NOC_INT) {
		ev->link_owned =
		    noc_asprintf("%.*s/#%lld", (int)ev->device.len,
				 ev->device.p, (long long)index->u.i);
	} else {
		ev->link_owned = NULL;
	}
	ev->link = noc_slice_str(ev->link_owned);
}

void
noc_enrich_fill(struct noc_core *core, struct noc_event *ev)
{
	const struct enrich_device *d = enrich_get(core, ev->device, false);

	if (d && d->walked_ms)
		noc_iftable_fill(&d->ifs, ev);
	if (!ev->link.len)
		enrich_link(ev);
}

int64_t
noc_enrich_ifindex(struct noc_core *core, const char *device,
		   struct noc_slice ifname)
{
	const struct enrich_device *d =
	    enrich_get(core, noc_slice_str(device), false);
	const struct noc_if *f = d ? noc_iftable_name(&d->ifs, ifname) : NULL;

	return f ? f->index : 0;
}

/* ---- what went on without a name ---- */

static void on_enrich_due(struct noc_due *due, struct noc_core *core);

static bool
enrich_known(const struct enrich_device *d, const struct noc_event *ev)
{
	const struct noc_value *name = noc_value_get(ev->data, "ifname");
	const struct noc_value *index = noc_value_get(ev->data, "ifindex");

	if (!name == !index) /* both, or neither: nothing to look up */
		return true;
	if (index)
		return index->type != NOC_INT ||
		       noc_iftable_index(&d->ifs, index->u.i);
	return name->type != NOC_STR ||
	       noc_iftable_name(&d->ifs, noc_slice(name->u.s.p, name->u.s.len));
}

static void
enrich_late_drop(struct enrich_device *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		noc_event_unref(d->late[i]);
	d->nlate -= n;
	enrich_part(d->core)->late -= n;
	memmove(d->late, d->late + n, d->nlate * sizeof(*d->late));
}

/* Ask again in a while; give up after the last. */
static void
enrich_retry(struct enrich_device *d)
{
	int64_t ms = (int64_t)ENRICH_AGAIN_MS << d->tries;

	if (!d->nlate || d->nqueue || d->walk)
		return;
	if (d->tries >= ENRICH_TRIES) {
		enrich_late_drop(d, d->nlate);
		d->tries = 0;
		return;
	}
	d->due.on_due = on_enrich_due;
	noc_due_arm(d->core, &d->due,
		    noc_core_time(d->core).boot_ns + ms * NOC_NS_PER_MS);
}

void
noc_enrich_late(struct noc_core *core, struct noc_event *ev)
{
	struct enrich_device *d = enrich_get(core, ev->device, false);

	if (!d || enrich_known(d, ev) || !noc_key_names_port(ev))
		return;
	d->unnamed = true;
	if (d->nlate == ENRICH_LATE)
		enrich_late_drop(d, 1);
	if (enrich_part(core)->late >= ENRICH_LATE_ALL) {
		noc_limit_reached(core, "late", d->name,
				  "what it says without the name of its port "
				  "is not looked at again");
		return;
	}
	d->late[d->nlate++] = noc_event_ref(ev);
	enrich_part(core)->late++;
	if (!d->due.due_boot_ns)
		enrich_retry(d);
}

static void
on_enrich_fill(struct noc_event *ev, void *arg)
{
	struct enrich_device *d = arg;

	if (noc_iftable_fill(&d->ifs, ev))
		enrich_link(ev);
}

/* As intake does it for one that is named in time. */
static void
enrich_tell(struct noc_core *core, struct noc_event *ev)
{
	const struct noc_pair *pairs[16];
	size_t n = noc_core_rules(core)
		       ? noc_match_pairs(noc_core_rules(core), ev, pairs,
					 NOC_COUNT(pairs))
		       : 0;

	noc_fold_closing(core, ev);
	noc_correlate_closing(core, ev);
	noc_escalate_event(core, ev);
	noc_await_event(core, ev);
	for (size_t i = 0; i < n && i < NOC_COUNT(pairs); i++)
		if (noc_strings_have(&pairs[i]->close, ev->kind))
			noc_correlate_pair(core, pairs[i], ev);
}

/* The device has answered. */
static void
enrich_named(struct noc_core *core, struct enrich_device *d)
{
	struct noc_event *late[ENRICH_LATE];
	size_t n = d->nlate;

	d->tries = 0;
	if (!d->unnamed)
		return;
	d->unnamed = false;
	noc_fold_named(core, d->name, on_enrich_fill, d);
	noc_keyed_named(core, d->name, on_enrich_fill, d);
	noc_escalate_named(core, d->name, on_enrich_fill, d);
	memcpy(late, d->late, sizeof(late));
	d->nlate = 0;
	enrich_part(core)->late -= n;
	for (size_t i = 0; i < n; i++) {
		on_enrich_fill(late[i], d);
		enrich_tell(core, late[i]);
		noc_event_unref(late[i]);
	}
}

/* ---- the queue ---- */

/* How it was enriched; the sender's own word stays. */
static void
enrich_note(struct noc_event *ev, const char *key, struct noc_value *v)
{
	if (!ev->data)
		ev->data = noc_value_map();
	if (noc_value_get(ev->data, key))
		noc_value_free(v);
	else
		noc_value_set(ev->data, key, v);
}

/* Everything that waited goes on, in order. */
static void
enrich_release(struct enrich_device *d, bool answered)
{
	struct noc_core *core = d->core;
	struct enrich_wait *queue = d->queue;
	size_t n = d->nqueue;

	d->queue = NULL;
	d->nqueue = d->queue_cap = 0;
	noc_due_disarm(core, &d->due);
	for (size_t i = 0; i < n; i++) {
		struct noc_event *ev = queue[i].ev;

		if (!answered)
			enrich_note(ev, "enriched", noc_value_bool(false));
		else if (noc_core_time(core).boot_ns > ev->received_boot_ns)
			enrich_note(ev, "asked_ms",
				    noc_value_int((noc_core_time(core).boot_ns -
						   ev->received_boot_ns) /
						  NOC_NS_PER_MS));
		queue[i].source->in_progress--;
		if (queue[i].receipt)
			noc_parked_del(core, ev);
		noc_intake_decide(core, queue[i].source, ev, queue[i].receipt);
		noc_event_unref(ev);
	}
	free(queue);
}

static void
on_enrich_walk(struct noc_call *call, struct noc_value *result,
	       const struct noc_call_error *err, void *arg)
{
	struct enrich_device *d = arg;
	struct noc_core *core = d->core;

	(void)call;
	noc_core_begin(core, noc_core_turn(core));
	d->walk = NULL;
	if (err) {
		enrich_part(core)->failed++;
		noc_info("enrich", "device=%s no interface names: %s", d->name,
			 err->message);
	} else {
		noc_iftable_learn(&d->ifs, result);
		d->walked_ms = enrich_now_ms(core);
		enrich_named(core, d);
	}
	noc_value_free(result);
	enrich_release(d, !err);
	enrich_retry(d);
	noc_core_end(core);
}

static bool
enrich_walk(struct noc_core *core, struct enrich_device *d)
{
	static const char *const columns[][2] = {
		{ "name", "ifName" },
		{ "descr", "ifDescr" },
		{ "type", "ifType" },
		{ "stack", "ifStackStatus" },
		{ "lag", "dot3adAggPortAttachedAggID" },
	};
	struct noc_value *opts = noc_value_map(), *node = noc_value_map();
	struct noc_err err;

	for (size_t i = 0; i < NOC_COUNT(columns); i++)
		noc_value_set(opts, columns[i][0],
			      noc_value_str(columns[i][1]));
	noc_value_set(node, "node", noc_value_str("snmp.walk"));
	noc_value_set(node, "opts", opts);
	d->tried_ms = enrich_now_ms(core);
	d->walk = noc_call_start(noc_core_env(core), "snmp.walk", node, d->name,
				 ENRICH_WALK_MS, on_enrich_walk, d, &err);
	if (!d->walk)
		return false;
	enrich_part(core)->walks++;
	return true;
}

static void
on_enrich_due(struct noc_due *due, struct noc_core *core)
{
	struct enrich_device *d = (struct enrich_device *)due;

	if (d->nqueue) {
		enrich_part(core)->timeouts++;
		enrich_release(d, false);
	} else if (!d->walk) {
		d->tries++;
		if (!enrich_walk(core, d))
			enrich_retry(d);
	}
}

/* Does the cache lack what this event needs, and is it time to ask? */
static bool
enrich_asks(struct noc_core *core, struct enrich_device *d,
	    const struct noc_event *ev)
{
	const struct noc_value *name = noc_value_get(ev->data, "ifname");
	const struct noc_value *index = noc_value_get(ev->data, "ifindex");
	int64_t now = enrich_now_ms(core);
	bool known = enrich_known(d, ev);

	if (!name == !index) /* both, or neither: nothing to look up */
		return false;
	if (d->walk) /* not behind one that is slow already */
		return !known && now - d->tried_ms < ENRICH_WAIT_MS;
	if (known && d->walked_ms && now - d->walked_ms < ENRICH_FRESH_MS)
		return false;
	if (d->tried_ms && now - d->tried_ms < ENRICH_AGAIN_MS)
		return false;
	return enrich_walk(core, d) && !known;
}

static void
enrich_wait(struct noc_core *core, struct enrich_device *d,
	    const struct enrich_wait *w, int64_t ms)
{
	NOC_GROW(d->queue, d->queue_cap, d->nqueue + 1);
	d->queue[d->nqueue++] = *w;
	if (d->nqueue == 1) {
		d->due.on_due = on_enrich_due;
		noc_due_arm(core, &d->due,
			    noc_core_time(core).boot_ns + ms * NOC_NS_PER_MS);
	}
	w->source->in_progress++;
	enrich_part(core)->parked++;
}

bool
noc_enrich_park(struct noc_core *core, struct noc_source *source,
		struct noc_event *ev, struct noc_receipt *receipt)
{
	struct enrich_wait w = { .source = source, .receipt = receipt };
	struct noc_env *env = noc_core_env(core);
	struct enrich_device *d;

	/* What is told here first would be lost by a kill. */
	if (ev->depth > 0 || ev->kind == ev->base || !env || !env->loop ||
	    !ev->inventory || !ev->address.len)
		return false;
	d = enrich_get(core, ev->device, true);
	if (!d || d->nqueue >= ENRICH_QUEUE_MAX)
		return false;
	if (d->nqueue == 0 && !enrich_asks(core, d, ev))
		return false;
	w.ev = noc_event_promote(ev);
	if (receipt)
		noc_parked_put(core, source, w.ev);
	enrich_wait(core, d, &w, ENRICH_WAIT_MS);
	return true;
}

/* ---- part ---- */

static void *
enrich_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct enrich));
}

static void
enrich_close(void *part)
{
	struct enrich *e = part;
	void *value;

	for (size_t it = 0; noc_table_next(&e->devices, &it, NULL, &value);) {
		struct enrich_device *d = value;

		if (d->walk)
			noc_call_cancel(noc_core_env(d->core), d->walk);
		enrich_late_drop(d, d->nlate);
		for (size_t i = 0; i < d->nqueue; i++)
			noc_event_unref(d->queue[i].ev);
		free(d->queue);
		noc_iftable_release(&d->ifs);
		free(d->name);
		free(d);
	}
	noc_table_release(&e->devices);
	free(e);
}

/* Its sender hears of it when it asks again. */
static void
on_enrich_nobody(struct noc_receipt *r, enum noc_fate fate,
		 const struct noc_id *event, const struct noc_id *run)
{
	(void)r;
	(void)fate;
	(void)event;
	(void)run;
}

static struct noc_receipt enrich_nobody = { .done = on_enrich_nobody };

/* It goes on without the name as soon as all is loaded. */
static bool
enrich_load(struct noc_core *core, void *part, const char *kind,
	    const char *key, int64_t due_ns, const struct noc_value *data)
{
	struct enrich_wait w = { .receipt = &enrich_nobody };
	struct enrich_device *d;

	(void)part;
	(void)due_ns;
	if (strcmp(kind, NOC_PARKED))
		return false;
	w.ev = noc_parked_load(core, key, data, &w.source);
	d = w.ev ? enrich_get(core, w.ev->device, true) : NULL;
	if (!d) {
		noc_event_unref(w.ev);
		noc_core_unreadable(core, kind, key);
		return true;
	}
	w.source->received++;
	enrich_wait(core, d, &w, 0);
	return true;
}

static void
enrich_store(struct noc_core *core, void *part)
{
	const struct enrich *e = part;
	void *value;

	for (size_t it = 0; noc_table_next(&e->devices, &it, NULL, &value);) {
		const struct enrich_device *d = value;

		for (size_t i = 0; i < d->nqueue; i++)
			if (d->queue[i].receipt)
				noc_parked_put(core, d->queue[i].source,
					       d->queue[i].ev);
	}
}

static void
enrich_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	struct enrich *e = part;

	(void)core;
	noc_value_set(map, "enrich_walks", noc_value_int((int64_t)e->walks));
	noc_value_set(map, "enrich_failed", noc_value_int((int64_t)e->failed));
	noc_value_set(map, "enrich_timeouts",
		      noc_value_int((int64_t)e->timeouts));
	noc_value_set(map, "enrich_parked", noc_value_int((int64_t)e->parked));
	noc_value_set(map, "enrich_late", noc_value_int((int64_t)e->late));
}

const struct noc_part_ops noc_part_enrich = {
	.open = enrich_open,
	.close = enrich_close,
	.load = enrich_load,
	.store = enrich_store,
	.stats = enrich_stats,
};
