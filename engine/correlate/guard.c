/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/correlate/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fair.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/event/datum.h"
#include "engine/core/due.h"
#include "engine/event/identity.h"
#include "engine/notify/limit.h"
#include "engine/notify/notify.h"
#include "engine/run/runner.h"
#include "engine/correlate/correlate.h"
#include "engine/correlate/hold.h"
#include "engine/correlate/keyed.h"

/*
 * Guards: how much may one rule do?  Each count is a list of times under one
 * key, stored as a live row; each refusal is a DECISION and one notice a
 * window.  Never silent.
 */

#define GUARD_LOOKS_MAX	  4096 /* runs that look; then senders of few only */
#define GUARD_MASS_SENDER 1024 /* values of `by` that one sender counts */

struct guard_count {
	struct noc_due due;	   /* first; forgets it when all has left */
	char *name;		   /* "per_key\x1frule\x1fkey" */
	struct noc_value *times;   /* list of {"ms", "what"} */
	int64_t told_ms;	   /* last notice */
	struct noc_fair_seat seat; /* of mass: whose event made it */
};

struct guards {
	struct noc_table counts;
	struct noc_fair fair;
	struct noc_strbuf why;
};

static struct guards *
guard_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_GUARD);
}

static int64_t
guard_now_ms(const struct noc_core *core)
{
	return noc_steady_now(core) / NOC_NS_PER_MS;
}

static void
guard_free(struct guard_count *g)
{
	noc_value_free(g->times);
	free(g->name);
	free(g);
}

static void
on_guard_due(struct noc_due *due, struct noc_core *core)
{
	struct guard_count *g = (struct guard_count *)due;

	noc_txn_live_del(noc_core_txn(core), "guard", g->name);
	noc_table_del(&guard_part(core)->counts, g->name);
	noc_fair_del(&guard_part(core)->fair, &g->seat);
	guard_free(g);
}

/* name is owned. */
static struct guard_count *
guard_get(struct guards *p, char *name)
{
	struct guard_count *g = noc_table_get(&p->counts, name);

	if (g) {
		free(name);
		return g;
	}
	g = noc_calloc(1, sizeof(*g));
	g->name = name;
	g->times = noc_value_list();
	g->due.on_due = on_guard_due;
	noc_table_put(&p->counts, name, g);
	return g;
}

static void
guard_write(struct noc_core *core, const struct guard_count *g)
{
	struct noc_value *row = noc_value_map();

	noc_value_set(row, "times", noc_value_copy(g->times));
	noc_value_set(row, "told", noc_value_int(g->told_ms));
	noc_txn_live_put(noc_core_txn(core), "guard", g->name,
			 noc_steady_of_boot(core, g->due.due_boot_ns), row);
	noc_value_free(row);
}

static void
guard_store(struct noc_core *core, struct guard_count *g, int64_t per_ms)
{
	noc_due_arm(core, &g->due,
		    noc_core_time(core).boot_ns + per_ms * NOC_NS_PER_MS);
	guard_write(core, g);
}

static void
guard_slide(struct guard_count *g, int64_t since_ms)
{
	struct noc_value *t = g->times;
	size_t n = 0;

	while (n < t->u.list.len &&
	       (noc_value_get_int(t->u.list.at[n], "ms", 0) <= since_ms ||
		t->u.list.len - n > NOC_GUARD_COUNT_MAX + 1))
		noc_value_free(t->u.list.at[n++]);
	if (n == 0)
		return; /* an empty list has no memory to move within */
	memmove(t->u.list.at, t->u.list.at + n,
		(t->u.list.len - n) * sizeof(t->u.list.at[0]));
	t->u.list.len -= n;
}

static void
guard_add(struct guard_count *g, int64_t now_ms, const char *what)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "ms", noc_value_int(now_ms));
	noc_value_set(v, "what", noc_value_str(what));
	noc_value_push(g->times, v);
}

static bool
guard_has(const struct guard_count *g, const char *what)
{
	for (size_t i = 0; i < g->times->u.list.len; i++)
		if (!strcmp(
			noc_value_get_str(g->times->u.list.at[i], "what", ""),
			what))
			return true;
	return false;
}

static int64_t
guard_distinct(const struct guard_count *g)
{
	struct noc_table seen = { 0 };
	int64_t n;

	for (size_t i = 0; i < g->times->u.list.len; i++)
		noc_table_put(
		    &seen,
		    noc_value_get_str(g->times->u.list.at[i], "what", ""),
		    &seen);
	n = (int64_t)noc_table_len(&seen);
	noc_table_release(&seen);
	return n;
}

/* One notice a window: on_exceed, or a plain one to noc. */
static void
guard_tell(struct noc_core *core, struct noc_candidate *c,
	   struct guard_count *g, int64_t per_ms, int64_t count,
	   const char *why)
{
	struct noc_value *extra, *node, *items;
	enum noc_mode mode = noc_correlate_mode(c->rule, c->key);
	struct noc_scope scope = { .ev = c->ev };
	int64_t now = guard_now_ms(core);

	if (now - g->told_ms < per_ms)
		return;
	g->told_ms = now;
	extra = noc_value_map();
	noc_value_set(extra, "rule", noc_value_str(c->rule->name));
	noc_value_set(extra, "count", noc_value_int(count));
	noc_value_set(extra, "key", noc_value_str(c->key));
	scope.extra = extra;
	if (c->rule->guard.on_exceed) {
		noc_notify_send(core, c->rule->guard.on_exceed, &scope, mode,
				NULL);
	} else {
		node = noc_value_map();
		items = noc_value_list();
		noc_value_set(node, "node", noc_value_str("notify"));
		/* What it was held back for may be of the sender. */
		noc_value_push(items,
			       noc_value_str("{rule} held back: {reason}"));
		noc_value_set(extra, "reason", noc_value_str(why));
		noc_value_set(node, "items", items);
		noc_notify_send(core, node, &scope, mode, NULL);
		noc_value_free(node);
	}
	noc_value_free(extra);
}

static void
guard_by(const struct noc_candidate *c, const char *by, struct noc_strbuf *out)
{
	struct noc_scope scope = { .ev = c->ev };
	struct noc_datum d = { 0 };

	if (!by)
		return;
	noc_scope_get(&scope, by, strlen(by), &d);
	noc_datum_text(&d, out);
}

/* NULL: its sender, who may choose what is counted, has its share. */
static struct guard_count *
guard_mass_get(struct noc_core *core, const struct noc_candidate *c,
	       const char *value)
{
	struct guards *p = guard_part(core);
	struct noc_slice sender = noc_event_sender(c->ev);
	char *name = noc_asprintf("mass\x1f%s\x1f%s", c->rule->name, value);
	struct guard_count *g = noc_table_get(&p->counts, name);
	char *whose;

	if (g || noc_fair_len_owner(&p->fair, c->ev->trust, sender) <
		     GUARD_MASS_SENDER) {
		g = guard_get(p, name);
		if (!g->seat.owner)
			noc_fair_add(&p->fair, &g->seat, c->ev->trust, sender,
				     false);
		return g;
	}
	free(name);
	whose = noc_strndup(sender.p ? sender.p : "", sender.len);
	noc_limit_reached(core, "guards", whose,
			  "rule %s is held back from what is new of it",
			  c->rule->name);
	free(whose);
	return NULL;
}

/*
 * mass counts candidates while they hold: over it, none of them acts and one
 * incident is told.  Later ones of the same window join the refusal.
 */
bool
noc_guard_mass(struct noc_core *core, struct noc_candidate *c, const char **why)
{
	const struct noc_rate *m = &c->rule->guard.mass;
	struct guards *p = guard_part(core);
	struct noc_strbuf value = NOC_STRBUF_INIT;
	int64_t now = guard_now_ms(core), n;
	struct guard_count *g;
	bool over;

	if (m->count <= 0)
		return false;
	guard_by(c, m->by, &value);
	g = guard_mass_get(core, c, value.p ? value.p : "");
	if (!g) {
		*why = "mass: too many things are counted for its sender";
		noc_strbuf_release(&value);
		return true;
	}
	guard_slide(g, now - m->per_ms);
	if (!guard_has(g, c->key))
		guard_add(g, now, c->key);
	n = guard_distinct(g);
	over = n > m->count;
	if (over) {
		noc_strbuf_clear(&p->why);
		noc_strbuf_addf(&p->why, "mass: %lld candidates in %llds",
				(long long)n, (long long)m->per_ms / 1000);
		if (m->by)
			noc_strbuf_addf(&p->why, " at %s %s", m->by,
					value.len ? value.p : "(unknown)");
		noc_hold_guard(core, c->rule, m->by, value.p ? value.p : "",
			       p->why.p);
		guard_tell(core, c, g, m->per_ms, n, p->why.p);
		*why = p->why.p;
	}
	guard_store(core, g, m->per_ms);
	noc_strbuf_release(&value);
	return over;
}

/*
 * How often it has started under this name; owned.  NULL: it may.  What has
 * not started leaves no trace: the sender chooses the keys.
 */
static const char *
guard_starts(struct noc_core *core, struct noc_candidate *c,
	     const struct noc_rate *rate, const char *guard, char *name)
{
	struct guards *p = guard_part(core);
	struct guard_count *g = noc_table_get(&p->counts, name);
	size_t n;

	free(name);
	if (!g)
		return NULL;
	guard_slide(g, guard_now_ms(core) - rate->per_ms);
	n = g->times->u.list.len;
	if ((int64_t)n < rate->count)
		return NULL;
	noc_strbuf_clear(&p->why);
	noc_strbuf_addf(&p->why, "%s: acted %zu times already", guard, n);
	guard_tell(core, c, g, rate->per_ms, (int64_t)n, p->why.p);
	guard_store(core, g, rate->per_ms);
	return p->why.p;
}

/* Nobody signed it: it counts as acting when it does (noc_guard_acts). */
static bool
guard_is_unsigned(const struct noc_candidate *c)
{
	return c->rule->acting && c->ev->trust < NOC_TRUST_HIGH;
}

static char *
guard_looks_name(const struct noc_candidate *c)
{
	struct noc_slice sender = noc_event_sender(c->ev);

	return noc_asprintf("looks\x1f%s\x1f%.*s", c->rule->name,
			    (int)sender.len, sender.p ? sender.p : "");
}

/* Are runs of this sender open, that wait for people or their turn to look, and
 * too many of all? */
static bool
guard_is_crowded(struct noc_core *core, const struct noc_candidate *c)
{
	const struct noc_fair *looks = &noc_runs_of(core)->looks;
	struct noc_slice sender = noc_event_sender(c->ev);
	char *whose;

	if (noc_fair_len(looks) < GUARD_LOOKS_MAX ||
	    (int64_t)noc_fair_len_owner(looks, 0, sender) <
		c->rule->guard.rate.count)
		return false;
	whose = noc_strndup(sender.p ? sender.p : "", sender.len);
	noc_limit_reached(core, "looks", whose,
			  "of what it says no more is looked at until some of "
			  "its runs have ended");
	free(whose);
	return true;
}

/* So often it has looked because of this sender, who may be forged: then it
 * waits, and no other.  One notice for all of them. */
static const char *
guard_looks(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_rate *rate = &c->rule->guard.rate;
	struct guards *p = guard_part(core);
	char *name = guard_looks_name(c);
	struct guard_count *g = noc_table_get(&p->counts, name), *told;
	struct noc_slice sender = noc_event_sender(c->ev);
	size_t n = 0;

	free(name);
	if (guard_is_crowded(core, c))
		return "rate: too many runs are open of what nobody signed";
	if (g) {
		guard_slide(g, guard_now_ms(core) - rate->per_ms);
		n = g->times->u.list.len;
	}
	if (!g || (int64_t)n < rate->count)
		return NULL;
	noc_strbuf_clear(&p->why);
	noc_strbuf_addf(&p->why,
			"rate: looked at what %.*s says %zu times already",
			(int)sender.len, sender.p ? sender.p : "", n);
	told = guard_get(p, noc_asprintf("looks\x1f%s", c->rule->name));
	guard_tell(core, c, told, rate->per_ms, (int64_t)n, p->why.p);
	guard_store(core, told, rate->per_ms);
	return p->why.p;
}

/* Another device than those acted on, and there are enough of them. */
static const char *
guard_targets(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_rate *rate = &c->rule->guard.targets;
	struct guards *p = guard_part(core);
	char *name = noc_asprintf("targets\x1f%s", c->rule->name);
	char *device = noc_strndup(c->ev->device.p ? c->ev->device.p : "",
				   c->ev->device.len);
	struct guard_count *g = noc_table_get(&p->counts, name);
	const char *why = NULL;
	int64_t n;

	if (g) {
		guard_slide(g, guard_now_ms(core) - rate->per_ms);
		n = guard_distinct(g);
		if (n >= rate->count && !guard_has(g, device)) {
			noc_strbuf_clear(&p->why);
			noc_strbuf_addf(
			    &p->why, "targets: acted on %lld devices already",
			    (long long)n);
			why = p->why.p;
			guard_tell(core, c, g, rate->per_ms, n, why);
			guard_store(core, g, rate->per_ms);
		}
	}
	free(name);
	free(device);
	return why;
}

/* In this order.  NULL: go on; else why not. */
static const char *
guard_has_acted(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_guard *guard = &c->rule->guard;
	const char *why = NULL;

	if (guard->per_key.count > 0)
		why = guard_starts(
		    core, c, &guard->per_key, "per_key",
		    noc_asprintf("per_key\x1f%s\x1f%s", c->rule->name, c->key));
	if (!why && guard->rate.count > 0)
		why = guard_starts(core, c, &guard->rate, "rate",
				   noc_asprintf("rate\x1f%s", c->rule->name));
	if (!why && guard->targets.count > 0)
		why = guard_targets(core, c);
	return why;
}

static const char *
guard_check(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_guard *guard = &c->rule->guard;
	const char *why = NULL;

	if (c->ev->depth > guard->depth)
		return "causal depth: its own events lead back to it";
	why = guard_has_acted(core, c);
	if (!why && guard->rate.count > 0 && guard_is_unsigned(c))
		why = guard_looks(core, c);
	return why;
}

static void
guard_acted(struct noc_core *core, const struct noc_candidate *c)
{
	const struct noc_guard *guard = &c->rule->guard;
	struct guards *p = guard_part(core);
	int64_t now = guard_now_ms(core);
	struct guard_count *g;
	char *device;

	if (guard->per_key.count > 0) {
		g = guard_get(p, noc_asprintf("per_key\x1f%s\x1f%s",
					      c->rule->name, c->key));
		guard_add(g, now, c->key);
		guard_store(core, g, guard->per_key.per_ms);
	}
	if (guard->rate.count > 0) {
		g = guard_get(p, noc_asprintf("rate\x1f%s", c->rule->name));
		guard_add(g, now, c->key);
		guard_store(core, g, guard->rate.per_ms);
	}
	if (guard->targets.count > 0) {
		g = guard_get(p, noc_asprintf("targets\x1f%s", c->rule->name));
		device = noc_strndup(c->ev->device.p ? c->ev->device.p : "",
				     c->ev->device.len);
		guard_add(g, now, device);
		guard_store(core, g, guard->targets.per_ms);
		free(device);
	}
}

void
noc_guard_fired(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_rate *rate = &c->rule->guard.rate;
	struct guard_count *g;

	if (!guard_is_unsigned(c)) {
		guard_acted(core, c);
	} else if (rate->count > 0) {
		g = guard_get(guard_part(core), guard_looks_name(c));
		guard_add(g, guard_now_ms(core), c->key);
		guard_store(core, g, rate->per_ms);
	}
}

/* What a run of the rule changes because of what nobody signed counts here,
 * not when it looks: else who forges uses up what all devices share. */
static const char *
guard_acts(struct noc_core *core, struct noc_rule *rule, struct noc_event *ev,
	   const char *key)
{
	struct noc_candidate c = {
		.rule = rule, .ev = ev, .key = key, .count = 1
	};
	const char *why = guard_has_acted(core, &c);

	if (!why)
		guard_acted(core, &c);
	return why;
}

static enum noc_form_result
guard_event(struct noc_core *core, struct noc_candidate *c)
{
	const char *why = NULL;

	if (c->rule->hold_ms <= 0 && noc_guard_mass(core, c, &why))
		; /* with a hold it was counted while it held */
	else
		why = guard_check(core, c);
	if (!why)
		return NOC_PASS;
	noc_outcome(core, c, "guarded", "%s", why);
	return NOC_TAKEN;
}

const struct noc_correlator_ops noc_correlate_guards = {
	.name = "guards",
	.event = guard_event,
};

/* ---- part ---- */

static void *
guard_open(struct noc_core *core)
{
	noc_runs_of(core)->guard = guard_acts;
	return noc_calloc(1, sizeof(struct guards));
}

static void
guard_close(void *part)
{
	struct guards *p = part;
	void *value;

	for (size_t it = 0; noc_table_next(&p->counts, &it, NULL, &value);)
		guard_free(value);
	noc_table_release(&p->counts);
	noc_fair_release(&p->fair);
	noc_strbuf_release(&p->why);
	free(p);
}

static bool
guard_load(struct noc_core *core, void *part, const char *kind, const char *key,
	   int64_t due_ns, const struct noc_value *data)
{
	const struct noc_value *times = noc_value_get(data, "times");
	struct guard_count *g;

	if (strcmp(kind, "guard"))
		return false;
	g = guard_get(part, noc_strdup(key));
	if (times && times->type == NOC_LIST) {
		noc_value_free(g->times);
		g->times = noc_value_copy(times);
	}
	g->told_ms = noc_value_get_int(data, "told", 0);
	noc_due_arm_steady(core, &g->due, due_ns);
	return true;
}

static void
guard_store_all(struct noc_core *core, void *part)
{
	const struct guards *p = part;
	void *value;

	for (size_t it = 0; noc_table_next(&p->counts, &it, NULL, &value);)
		guard_write(core, value);
}

const struct noc_part_ops noc_part_guard = {
	.open = guard_open,
	.close = guard_close,
	.load = guard_load,
	.store = guard_store_all,
};
