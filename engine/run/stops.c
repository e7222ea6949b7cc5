/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/stops.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "engine/expr/key.h"
#include "engine/run/gate.h"
#include "engine/run/live.h"
#include "engine/run/runner.h"

/*
 * Under a kind the escalations stand by the rule whose key says what is the
 * same thing, since that is made of the event once a rule; under the rule by
 * the key.  Those without such a rule stand by their device.  Rules of one
 * name in two trees are two.
 */
struct noc_stop {
	struct noc_live *live;
	struct stop_place *place;
	struct noc_stop *next, **prev; /* at this place */
	struct noc_stop *more;	       /* of the same live */
};

struct stop_place { /* a key of a rule, or a device */
	struct stop_rule *rule;
	struct noc_stop *first;
	char *key;
};

struct stop_rule {
	struct stop_kind *kind;
	struct noc_table places; /* key -> struct stop_place */
	char *name;
	bool keyed;
};

struct stop_kind {
	struct noc_table rules; /* name -> struct stop_rule */
	char *name;
};

/* ---- places ---- */

static struct stop_kind *
stop_kind(struct noc_stops *stops, const char *name)
{
	struct stop_kind *k = noc_table_get(&stops->kinds, name);

	if (k)
		return k;
	k = noc_calloc(1, sizeof(*k));
	k->name = noc_strdup(name);
	noc_table_put(&stops->kinds, k->name, k);
	return k;
}

static struct stop_rule *
stop_rule(struct stop_kind *k, const char *name, bool keyed)
{
	struct stop_rule *r = noc_table_get(&k->rules, name);

	if (r)
		return r;
	r = noc_calloc(1, sizeof(*r));
	r->kind = k;
	r->name = noc_strdup(name);
	r->keyed = keyed;
	noc_table_put(&k->rules, r->name, r);
	return r;
}

static struct stop_place *
stop_place(struct stop_rule *r, const char *key)
{
	struct stop_place *p = noc_table_get(&r->places, key);

	if (p)
		return p;
	p = noc_calloc(1, sizeof(*p));
	p->rule = r;
	p->key = noc_strdup(key);
	noc_table_put(&r->places, p->key, p);
	return p;
}

/* What nothing stands at any more is gone. */
static void
place_tidy(struct noc_stops *stops, struct stop_place *p)
{
	struct stop_rule *r = p->rule;
	struct stop_kind *k = r->kind;

	if (p->first)
		return;
	noc_table_del(&r->places, p->key);
	free(p->key);
	free(p);
	if (noc_table_len(&r->places))
		return;
	noc_table_del(&k->rules, r->name);
	noc_table_release(&r->places);
	free(r->name);
	free(r);
	if (noc_table_len(&k->rules))
		return;
	noc_table_del(&stops->kinds, k->name);
	noc_table_release(&k->rules);
	free(k->name);
	free(k);
}

static void
stop_put(struct noc_live *l, struct stop_place *p)
{
	struct noc_stop *s = noc_calloc(1, sizeof(*s));

	s->live = l;
	s->place = p;
	s->next = p->first;
	s->prev = &p->first;
	if (s->next)
		s->next->prev = &s->next;
	p->first = s;
	s->more = l->more->stops;
	noc_live_more(l)->stops = s;
}

/* ---- a live ---- */

static struct noc_rule *
stop_rule_of(const struct noc_run *r)
{
	struct noc_rule *rule = noc_run_rule(r, r->rule);

	return rule && rule->key ? rule : NULL;
}

/* Its rule; of a tree that is not in force any more, that one's. */
static char *
stop_rule_name(const struct noc_run *r)
{
	const struct noc_ruleset *rs = noc_core_rules(r->core);
	char tree[65] = "";

	if (!rs || !noc_ruleset_rule(rs, r->rule))
		noc_hex(tree, r->tree, sizeof(r->tree));
	return noc_asprintf("%s\n%s", r->rule, tree);
}

static void
stops_add_kind(struct noc_live *l, const char *kind)
{
	const struct noc_run *r = l->run;
	struct noc_stops *stops = &noc_runs_of(r->core)->stops;
	const struct noc_rule *rule = stop_rule_of(r);
	struct noc_strbuf own = NOC_STRBUF_INIT;
	struct stop_rule *of;
	char *name;

	if (!rule) {
		of = stop_rule(stop_kind(stops, kind), "", false);
		stop_put(l, stop_place(of, r->device));
		return;
	}
	if (!r->key[0])
		return; /* nothing is the same */
	name = stop_rule_name(r);
	of = stop_rule(stop_kind(stops, kind), name, true);
	stop_put(l, stop_place(of, r->key));
	if (r->ev && noc_key_make(rule->key, r->ev, NOC_MISSING_FAIL, &own) &&
	    strcmp(own.p ? own.p : "", r->key) != 0)
		stop_put(l, stop_place(of, own.p ? own.p : ""));
	noc_strbuf_release(&own);
	free(name);
}

void
noc_stops_add(struct noc_live *l)
{
	const struct noc_escalation *def =
	    l->more->esc ? l->more->esc->def : NULL;
	const char *withdraw = noc_gate_stops_on(l);

	noc_stops_del(l);
	if (withdraw)
		stops_add_kind(l, withdraw);
	for (size_t i = 0; def && i < def->nstop_on; i++)
		if (strcmp(def->stop_on[i], "ack") != 0)
			stops_add_kind(l, def->stop_on[i]);
}

void
noc_stops_del(struct noc_live *l)
{
	struct noc_stops *stops = &noc_runs_of(l->run->core)->stops;
	struct noc_stop *s;

	while ((s = l->more->stops)) {
		noc_live_more(l)->stops = s->more;
		*s->prev = s->next;
		if (s->next)
			s->next->prev = s->prev;
		place_tidy(stops, s->place);
		free(s);
	}
}

void
noc_stops_reload(struct noc_runs *runs)
{
	size_t n;
	struct noc_run **all = noc_run_all(runs, &n);

	for (size_t i = 0; i < n; i++)
		for (struct noc_live *l = all[i]->lives; l; l = l->next)
			if (l->more->esc || l->more->gate)
				noc_stops_add(l);
	free(all);
}

/* ---- an event ---- */

bool
noc_stops_kind(const struct noc_runs *runs, const char *kind)
{
	return noc_table_get(&runs->stops.kinds, kind) != NULL;
}

struct found {
	struct noc_id *ids;
	size_t n, cap;
};

static void
found_all(struct noc_runs *runs, struct found *f, const struct stop_place *p)
{
	for (const struct noc_stop *s = p ? p->first : NULL; s; s = s->next) {
		if (f->n == f->cap) {
			f->cap = f->cap ? 2 * f->cap : 4;
			f->ids = noc_realloc(f->ids, f->cap * sizeof(*f->ids));
		}
		f->ids[f->n++] = s->live->run->id;
		runs->stops.looked++;
	}
}

/* Any of its lives has the rule by which all that stand here go. */
static const struct noc_rule *
rule_of_places(const struct stop_rule *r)
{
	const char *key;
	void *place;
	size_t it = 0;

	if (!noc_table_next(&r->places, &it, &key, &place))
		return NULL;
	return stop_rule_of(((struct stop_place *)place)->first->live->run);
}

struct noc_id *
noc_stops_find(struct noc_runs *runs, const struct noc_event *ev, size_t *n)
{
	const struct stop_kind *k = noc_table_get(&runs->stops.kinds, ev->kind);
	struct found f = { 0 };
	const char *name;
	void *value;

	for (size_t it = 0;
	     k && noc_table_next(&k->rules, &it, &name, &value);) {
		struct stop_rule *r = value;
		const struct noc_rule *rule;
		struct noc_strbuf key = NOC_STRBUF_INIT;

		if (!r->keyed) {
			found_all(runs, &f,
				  noc_table_getn(&r->places, ev->device.p,
						 ev->device.len));
			continue;
		}
		rule = rule_of_places(r);
		if (rule && noc_key_make(rule->key, ev, NOC_MISSING_FAIL, &key))
			found_all(
			    runs, &f,
			    noc_table_get(&r->places, key.p ? key.p : ""));
		noc_strbuf_release(&key);
	}
	*n = f.n;
	return f.ids;
}

void
noc_stops_release(struct noc_stops *stops)
{
	/* The runs are gone, and with the last of them all that was here. */
	noc_table_release(&stops->kinds);
}
