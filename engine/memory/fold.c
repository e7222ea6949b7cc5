/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/fold.h"

#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/memory/fold_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/fair.h"
#include "base/intern.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/table.h"
#include "proto/ifname.h"
#include "engine/event/identity.h"
#include "engine/event/value.h"
#include "engine/memory/seen.h"
#include "engine/notify/limit.h"
#include "engine/rule/ruleset.h"

#define FOLD_NS		(30 * NOC_NS_PER_S)
#define FOLD_SYMPTOM_NS (300 * NOC_NS_PER_S)
#define FOLD_MAX	65536
#define FOLD_SENDER	4096 /* of one sender of normal trust */
#define FOLD_WITNESSES	16

struct fold_entry {
	struct noc_due due; /* first: on_due casts back */
	struct noc_fair_seat seat;
	struct noc_fold_part *owner;
	char *key;
	struct noc_event *first;
	bool closed;		       /* the opposite state was seen since */
	bool stored;		       /* has a live row */
	char *witness[FOLD_WITNESSES]; /* "sensor device" */
	size_t nwitness;
	struct noc_table rules; /* names that had it */
};

struct noc_fold_part {
	struct noc_table entries; /* key -> fold_entry */
	struct noc_table by_id;	  /* event id bytes -> fold_entry */
	struct noc_fair fair;
};

/* What makes two events of one family tell the same fault. */
static const struct fold_family {
	const char *kind, *opposite;
	const char *field; /* data name; NULL: the device alone */
} fold_families[] = {
	{ "link.down", "link.up", "link" },
	{ "link.up", "link.down", "link" },
	{ "bgp.down", "bgp.up", "peer" },
	{ "bgp.up", "bgp.down", "peer" },
	{ "power.fail", "power.ok", "unit" },
	{ "power.ok", "power.fail", "unit" },
	{ "fan.fail", "fan.ok", "unit" },
	{ "fan.ok", "fan.fail", "unit" },
	{ "port.errdisable", NULL, "ifname" },
	{ "config.change", NULL, NULL },
	{ "device.restart", NULL, NULL },
};

static const struct fold_family *
fold_family(const char *kind)
{
	for (size_t i = 0; i < NOC_COUNT(fold_families); i++)
		if (!strcmp(fold_families[i].kind, kind))
			return &fold_families[i];
	return NULL;
}

static char *
fold_key(const char *kind, const char *field, const struct noc_event *ev)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_strbuf_addf(&sb, "%s\x1f", kind);
	/* Without a name of its port it tells of its device, no other. */
	if (field && !strcmp(field, "link") && ev->link.len) {
		noc_strbuf_add(&sb, ev->link.p, ev->link.len);
	} else {
		noc_strbuf_add(&sb, ev->device.p, ev->device.len);
		if (field) {
			noc_strbuf_addc(&sb, '/');
			noc_value_text(noc_value_get(ev->data, field), &sb);
		}
	}
	return noc_strbuf_detach(&sb, NULL);
}

static void
fold_free(struct fold_entry *e)
{
	for (size_t i = 0; i < e->nwitness; i++)
		free(e->witness[i]);
	noc_table_release(&e->rules);
	noc_event_unref(e->first);
	free(e->key);
	free(e);
}

static void
fold_drop(struct noc_core *core, struct fold_entry *e)
{
	noc_due_disarm(core, &e->due);
	if (e->stored)
		noc_txn_live_del(noc_core_txn(core), "fold", e->key);
	noc_fair_del(&e->owner->fair, &e->seat);
	noc_table_del(&e->owner->entries, e->key);
	noc_table_deln(&e->owner->by_id, e->first->id.b, 16);
	fold_free(e);
}

static void
on_fold_due(struct noc_due *due, struct noc_core *core)
{
	fold_drop(core, (struct fold_entry *)due);
}

static const char *
fold_sensor(const char *base)
{
	return !strcmp(base, "snmp.trap") ? "trap" : base;
}

static bool
fold_witness(struct fold_entry *e, const struct noc_event *ev, bool add)
{
	char *text = noc_asprintf("%s %.*s", fold_sensor(ev->base),
				  (int)ev->device.len, ev->device.p);
	bool known = false;

	for (size_t i = 0; i < e->nwitness && !known; i++)
		known = !strcmp(e->witness[i], text);
	if (!known && add && e->nwitness < FOLD_WITNESSES)
		e->witness[e->nwitness++] = text;
	else
		free(text);
	return known;
}

static struct fold_entry *
fold_add(struct noc_core *core, struct noc_fold_part *f, char *key,
	 struct noc_event *first, int64_t due_boot_ns)
{
	struct fold_entry *e = noc_calloc(1, sizeof(*e));

	e->owner = f;
	e->key = key;
	e->first = noc_event_ref(first);
	e->due.on_due = on_fold_due;
	fold_witness(e, first, true);
	noc_table_put(&f->entries, key, e);
	noc_table_putn(&f->by_id, first->id.b, 16, e);
	noc_fair_add(&f->fair, &e->seat, first->trust, noc_event_sender(first),
		     false);
	noc_due_arm(core, &e->due, due_boot_ns);
	return e;
}

/* "trap, syslog": each kind of sensor once, in order of arrival. */
static void
fold_describe(struct fold_entry *e)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	for (size_t i = 0; i < e->nwitness; i++) {
		size_t n = strcspn(e->witness[i], " ");
		bool said = false;

		for (size_t j = 0; j < i && !said; j++)
			said = !strncmp(e->witness[i], e->witness[j], n + 1);
		if (said)
			continue;
		if (sb.len)
			noc_strbuf_adds(&sb, ", ");
		noc_strbuf_add(&sb, e->witness[i], n);
	}
	e->first->witnesses = noc_slice_str(noc_intern(sb.p, sb.len));
	noc_strbuf_release(&sb);
}

/* A rule that acts has it. */
static bool
fold_acts(struct noc_core *core, const struct fold_entry *e)
{
	const struct noc_rule *rule;
	const char *name;

	for (size_t it = 0; noc_table_next(&e->rules, &it, &name, NULL);)
		if ((rule = noc_ruleset_rule(noc_core_rules(core), name)) &&
		    rule->acting)
			return true;
	return false;
}

/* The later witness may know what the first did not (ifIndex, state).  What is
 * acted on as signed stays signed. */
static void
fold_merge(struct noc_core *core, struct fold_entry *e,
	   const struct noc_event *ev)
{
	if (!ev->data || ev->data->type != NOC_MAP ||
	    !noc_slice_eq(ev->device, e->first->device))
		return;
	if (ev->trust < e->first->trust && fold_acts(core, e))
		return;
	if (!e->first->data)
		e->first->data = noc_value_map();
	for (size_t i = 0; i < ev->data->u.map.len; i++) {
		const struct noc_member *m = &ev->data->u.map.at[i];

		if (noc_value_get(e->first->data, m->key))
			continue;
		noc_value_set(e->first->data, m->key, noc_value_copy(m->value));
		/* From now on it is no more than both of them are. */
		if (ev->trust < e->first->trust)
			e->first->trust = ev->trust;
	}
}

static void
fold_store_event(struct noc_core *core, struct fold_entry *e)
{
	if (!e->first->journaled)
		return;
	noc_core_write_row(core, e->first);
	noc_fold_persist(core, e->first);
}

/* A LAG, SVI or subinterface whose lower layer just went down. */
static struct fold_entry *
fold_parent(struct noc_core *core, struct noc_fold_part *f,
	    const struct noc_event *ev)
{
	const char *parent = noc_value_get_str(ev->data, "parent", NULL);
	const char *ifname = noc_value_get_str(ev->data, "ifname", "");
	const char *dot = strrchr(ifname, '.');
	const struct noc_cable *cable = NULL;
	struct noc_slice name;
	struct fold_entry *e;
	char *sub = NULL, *key, buf[128];

	(void)core;
	if (!parent)
		parent = noc_value_get_str(ev->data, "lag", NULL);
	if (!parent && dot && dot[1] &&
	    strspn(dot + 1, "0123456789") == strlen(dot + 1))
		parent = sub = noc_strndup(ifname, (size_t)(dot - ifname));
	if (!parent)
		return NULL;
	if (ev->inventory)
		cable = noc_device_cable(ev->inventory, noc_slice_str(parent));
	name = noc_ifname_canonical(noc_slice_str(parent), buf, sizeof(buf));
	if (cable)
		key = noc_asprintf("%s\x1f%s", ev->kind, cable->id);
	else
		key = noc_asprintf("%s\x1f%.*s/%.*s", ev->kind,
				   (int)ev->device.len, ev->device.p,
				   (int)name.len, name.p);
	e = noc_table_get(&f->entries, key);
	free(key);
	free(sub);
	return e && !e->closed ? e : NULL;
}

static bool
fold_is_other_user(const struct fold_entry *e, const struct noc_event *ev)
{
	const char *a = noc_value_get_str(e->first->data, "user", NULL);
	const char *b = noc_value_get_str(ev->data, "user", NULL);

	return a && b && strcmp(a, b) != 0;
}

/* Of a sender that has its share his oldest goes, else of who has the most. */
static bool
fold_room(struct noc_core *core, struct noc_fold_part *f,
	  const struct noc_event *ev)
{
	struct noc_slice sender = noc_event_sender(ev);
	struct noc_fair_seat *seat;
	char *whose;

	if (ev->trust == NOC_TRUST_NORMAL &&
	    noc_fair_len_owner(&f->fair, ev->trust, sender) >= FOLD_SENDER)
		seat = noc_fair_oldest(&f->fair, ev->trust, sender);
	else if (noc_fair_len(&f->fair) < FOLD_MAX)
		return true;
	else
		seat = noc_fair_yields(&f->fair, ev->trust, sender);
	whose = noc_strndup(sender.p ? sender.p : "", sender.len);
	noc_limit_reached(core, "witnesses", whose,
			  "a further witness of some fault will be an event of "
			  "its own");
	free(whose);
	if (seat)
		fold_drop(
		    core,
		    (struct fold_entry *)((char *)seat -
					  offsetof(struct fold_entry, seat)));
	return seat != NULL;
}

struct noc_event *
noc_fold(struct noc_core *core, struct noc_event *ev, const char **why)
{
	struct noc_fold_part *f = noc_fold_part(core);
	const struct fold_family *fam = fold_family(ev->kind);
	int64_t now = noc_core_time(core).boot_ns;
	struct noc_event *restart;
	struct fold_entry *e;
	char *key;

	if (!fam)
		return NULL;
	if (!strcmp(ev->kind, "link.down")) {
		restart = noc_seen_last(
		    core, "device.restart", ev->device,
		    noc_steady_of_event(core, ev) - FOLD_SYMPTOM_NS, NULL,
		    NULL);
		if (restart) {
			*why = "symptom of device.restart";
			return restart;
		}
		e = fold_parent(core, f, ev);
		if (e) {
			*why = "its lower layer is down";
			return e->first;
		}
	}
	noc_fold_closing(core, ev);
	key = fold_key(fam->kind, fam->field, ev);
	e = noc_table_get(&f->entries, key);
	if (e && fold_is_other_user(e, ev)) {
		free(key); /* two people, two changes: both are news */
		return NULL;
	}
	if (e && (!e->closed || !fold_witness(e, ev, false))) {
		free(key);
		fold_witness(e, ev, true);
		fold_describe(e);
		fold_merge(core, e, ev);
		fold_store_event(core, e);
		*why = "the same fault";
		return e->first;
	}
	if (e)
		fold_drop(core, e);
	if (!fold_room(core, f, ev)) {
		free(key);
		return NULL;
	}
	fold_add(core, f, key, ev, now + FOLD_NS);
	return NULL;
}

static struct fold_entry *
fold_of(const struct noc_core *core, const struct noc_event *first)
{
	return noc_table_getn(&noc_fold_part(core)->by_id, first->id.b, 16);
}

void
noc_fold_recovered(struct noc_core *core, const struct noc_event *first)
{
	struct fold_entry *e = fold_of(core, first);

	if (!e || e->closed)
		return;
	e->closed = true;
	if (e->stored)
		noc_fold_persist(core, first);
}

void
noc_fold_refuted(struct noc_core *core, const struct noc_event *first)
{
	struct fold_entry *e = fold_of(core, first);

	if (e)
		fold_drop(core, e);
}

bool
noc_fold_is_open(struct noc_core *core, const struct noc_event *first)
{
	const struct fold_entry *e = fold_of(core, first);

	return e && !e->closed;
}

bool
noc_fold_rule_once(struct noc_core *core, const struct noc_event *first,
		   const char *rule)
{
	struct fold_entry *e = fold_of(core, first);

	return !e || noc_table_put(&e->rules, rule, e) == NULL;
}

void
noc_fold_persist(struct noc_core *core, const struct noc_event *first)
{
	struct fold_entry *e = fold_of(core, first);
	struct noc_value *data, *list;
	const char *name;

	if (!e)
		return;
	data = noc_value_map();
	noc_value_set(data, "event", noc_event_value(first));
	noc_value_set(data, "closed", noc_value_bool(e->closed));
	list = noc_value_list();
	for (size_t i = 0; i < e->nwitness; i++)
		noc_value_push(list, noc_value_str(e->witness[i]));
	noc_value_set(data, "witnesses", list);
	list = noc_value_list();
	for (size_t it = 0; noc_table_next(&e->rules, &it, &name, NULL);)
		noc_value_push(list, noc_value_str(name));
	noc_value_set(data, "rules", list);
	noc_txn_live_put(noc_core_txn(core), "fold", e->key,
			 noc_steady_of_boot(core, e->due.due_boot_ns), data);
	e->stored = true;
	noc_value_free(data);
}

/* ---- ports that have names now ---- */

static void
fold_move(struct noc_core *core, struct fold_entry *e, char *key)
{
	struct noc_fold_part *f = e->owner;

	if (e->stored)
		noc_txn_live_del(noc_core_txn(core), "fold", e->key);
	noc_table_del(&f->entries, e->key);
	free(e->key);
	e->key = key;
	noc_table_put(&f->entries, key, e);
	if (e->stored)
		noc_fold_persist(core, e->first);
}

void
noc_fold_named(struct noc_core *core, const char *device,
	       void (*fill)(struct noc_event *ev, void *arg), void *arg)
{
	struct noc_fold_part *f = noc_fold_part(core);
	struct fold_entry **all =
	    noc_calloc(noc_table_len(&f->entries) + 1, sizeof(*all));
	size_t n = 0;
	void *value;

	for (size_t it = 0; noc_table_next(&f->entries, &it, NULL, &value);) {
		struct fold_entry *e = value;

		if (noc_slice_is(e->first->device, device))
			all[n++] = e;
	}
	for (size_t i = 0; i < n; i++) {
		struct fold_entry *e = all[i];
		const struct fold_family *fam = fold_family(e->first->kind);
		char *key;

		fill(e->first, arg);
		key =
		    fold_key(e->first->kind, fam ? fam->field : NULL, e->first);
		if (strcmp(key, e->key) && !noc_table_get(&f->entries, key))
			fold_move(core, e, key);
		else
			free(key); /* at most told twice, as it was */
	}
	free(all);
}

void
noc_fold_closing(struct noc_core *core, const struct noc_event *ev)
{
	const struct fold_family *fam = fold_family(ev->kind);
	struct fold_entry *e;
	char *key;

	if (!fam || !fam->opposite)
		return;
	key = fold_key(fam->opposite, fam->field, ev);
	e = noc_table_get(&noc_fold_part(core)->entries, key);
	if (e && ev->received_boot_ns >= e->first->received_boot_ns)
		noc_fold_recovered(core, e->first);
	free(key);
}

/* ---- part ---- */

void
noc_fold_store(struct noc_core *core, const struct noc_fold_part *f)
{
	void *value;

	for (size_t it = 0; noc_table_next(&f->entries, &it, NULL, &value);) {
		const struct fold_entry *e = value;

		if (e->stored)
			noc_fold_persist(core, e->first);
	}
}

struct noc_fold_part *
noc_fold_part_new(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct noc_fold_part));
}

void
noc_fold_part_free(struct noc_fold_part *f)
{
	void *value;

	for (size_t it = 0; noc_table_next(&f->entries, &it, NULL, &value);)
		fold_free(value);
	noc_table_release(&f->entries);
	noc_table_release(&f->by_id);
	noc_fair_release(&f->fair);
	free(f);
}

static const char *
fold_text(const struct noc_value *list, size_t i)
{
	const struct noc_value *v = noc_value_at(list, i);

	return v && v->type == NOC_STR ? v->u.s.p : "";
}

bool
noc_fold_load(struct noc_core *core, struct noc_fold_part *f, const char *key,
	      int64_t due_ns, const struct noc_value *data)
{
	const struct noc_value *list = noc_value_get(data, "witnesses");
	struct noc_event *first =
	    noc_event_from_value(noc_value_get(data, "event"));
	struct fold_entry *e;

	if (!first)
		return false;
	first->journaled = true;
	noc_identify_again(noc_core_inv(core), first);
	e = fold_add(core, f, noc_strdup(key), first,
		     noc_steady_boot(core, due_ns));
	noc_event_unref(first);
	e->stored = true;
	e->closed = noc_value_get_bool(data, "closed", false);
	for (size_t i = e->nwitness;
	     i < noc_value_len(list) && i < FOLD_WITNESSES; i++)
		e->witness[e->nwitness++] = noc_strdup(fold_text(list, i));
	list = noc_value_get(data, "rules");
	for (size_t i = 0; i < noc_value_len(list); i++)
		noc_table_put(&e->rules, fold_text(list, i), e);
	return true;
}

size_t
noc_fold_open_count(const struct noc_fold_part *f)
{
	return noc_table_len(&f->entries);
}
