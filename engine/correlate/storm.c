/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/event/datum.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/policy/ledger.h"
#include "engine/correlate/keyed.h"

/*
 * storm: over/clear rates per key.  The rule's run goes out once when the
 * storm opens and once, with totals, when it closes: by falling below
 * `clear`, by silence (digest.idle), by age (digest.max) or by number
 * (digest.count).  What matches `keep` still goes out one by one while it
 * lasts.  Below `over` events are only counted.  Rates are counted in ten slots
 * a window: no list of times.
 *
 * data: {open, said, since (ms), last (ms), total, shapes: {text: count}}
 */
#define STORM_SLOTS  10
#define STORM_SHAPES 64
#define STORM_SHAPE  80 /* bytes of a message that make its shape */
#define STORM_MANY   5	/* devices storming at once give one site notice */

struct storm_rate {
	int64_t slot_ms;
	int64_t at[STORM_SLOTS]; /* number of the slot */
	int64_t n[STORM_SLOTS];
};

struct storm { /* k->impl */
	struct storm_rate over, clear;
	int64_t counted_ms; /* since when the rates are whole */
};

static int64_t
storm_now_ms(const struct noc_core *core)
{
	return noc_steady_now(core) / NOC_NS_PER_MS;
}

static int64_t
storm_count(struct storm_rate *r, int64_t per_ms, int64_t now, int64_t add)
{
	int64_t slot, sum = 0;

	r->slot_ms = per_ms >= STORM_SLOTS ? per_ms / STORM_SLOTS : 1;
	slot = now / r->slot_ms;
	if (r->at[slot % STORM_SLOTS] != slot) {
		r->at[slot % STORM_SLOTS] = slot;
		r->n[slot % STORM_SLOTS] = 0;
	}
	r->n[slot % STORM_SLOTS] += add;
	for (int i = 0; i < STORM_SLOTS; i++)
		if (r->at[i] > slot - STORM_SLOTS)
			sum += r->n[i];
	return sum;
}

/* A member that is a number, to be changed in place. */
static int64_t *
storm_int(struct noc_value *map, const char *key)
{
	struct noc_value *v = noc_value_get(map, key);

	if (!v || v->type != NOC_INT) {
		v = noc_value_int(0);
		noc_value_set(map, key, v);
	}
	return &v->u.i;
}

/* "Interface * changed state to *": words with digits are variables. */
static void
storm_shape(struct noc_keyed *k, const struct noc_event *ev)
{
	struct noc_value *shapes = noc_value_get(k->data, "shapes");
	struct noc_slice s = ev->summary.len ? ev->summary : ev->raw;
	char text[STORM_SHAPE + 1];
	size_t len = s.len < STORM_SHAPE ? s.len : STORM_SHAPE, at = 0;
	bool word = false, digit = false;
	size_t start = 0;

	if (!shapes) {
		shapes = noc_value_map();
		noc_value_set(k->data, "shapes", shapes);
	}
	for (size_t i = 0; i <= len; i++) {
		bool blank = i == len || s.p[i] == ' ' || s.p[i] == '\t';

		if (!blank && !word) {
			start = i;
			word = true;
			digit = false;
		}
		if (!blank && s.p[i] >= '0' && s.p[i] <= '9')
			digit = true;
		if (blank && word) {
			if (at)
				text[at++] = ' ';
			if (digit) {
				text[at++] = '*';
			} else {
				memcpy(text + at, s.p + start, i - start);
				at += i - start;
			}
			word = false;
		}
	}
	text[at] = '\0';
	if (text[0] && (noc_value_get(shapes, text) ||
			noc_value_len(shapes) < STORM_SHAPES))
		++*storm_int(shapes, text);
}

/* The `top` most frequent shapes: ["12 × text", ...]. */
static struct noc_value *
storm_top(const struct noc_keyed *k, int top)
{
	const struct noc_value *shapes = noc_value_get(k->data, "shapes");
	struct noc_value *list = noc_value_list();
	int64_t below = INT64_MAX;
	size_t at = 0;

	for (int i = 0; i < top && shapes; i++) {
		const struct noc_member *best = NULL;
		size_t best_at = 0;

		for (size_t j = 0; j < shapes->u.map.len; j++) {
			const struct noc_member *m = &shapes->u.map.at[j];
			int64_t n = m->value->u.i;

			if (n > below || (n == below && j <= at && i > 0))
				continue;
			if (!best || n > best->value->u.i) {
				best = m;
				best_at = j;
			}
		}
		if (!best)
			break;
		below = best->value->u.i;
		at = best_at;
		noc_value_push(
		    list,
		    noc_value_strf("%lld × %s", (long long)below, best->key));
	}
	return list;
}

static struct noc_value *
storm_extra(struct noc_core *core, const struct noc_keyed *k,
	    const struct noc_rule *rule, const char *phase)
{
	struct noc_value *extra = noc_value_map();
	int64_t since = noc_value_get_int(k->data, "since", 0);
	char text[32];

	noc_value_set(extra, "storm", noc_value_str(phase));
	noc_value_set(extra, "count",
		      noc_value_int(noc_value_get_int(k->data, "total", 0)));
	noc_value_set(extra, "top", storm_top(k, rule->storm->top));
	noc_value_set(extra, "elapsed",
		      noc_value_str(noc_duration_format(
			  text, (storm_now_ms(core) - since) / 1000 * 1000)));
	return extra;
}

struct storm_site {
	struct noc_core *core;
	const struct noc_rule *rule;
	const char *value;
	size_t open;
};

static void
storm_by(const struct noc_rule *rule, const struct noc_event *ev,
	 struct noc_strbuf *out)
{
	struct noc_scope scope = { .ev = ev };
	struct noc_datum d = { 0 };

	if (!rule->storm->rollup || !ev)
		return;
	noc_scope_get(&scope, rule->storm->rollup, strlen(rule->storm->rollup),
		      &d);
	noc_datum_text(&d, out);
}

static void
on_storm_site(struct noc_core *core, struct noc_keyed *k, void *arg)
{
	struct storm_site *site = arg;
	struct noc_strbuf text = NOC_STRBUF_INIT;

	(void)core;
	if (noc_value_get_bool(k->data, "open", false)) {
		storm_by(site->rule, k->ev, &text);
		if (text.p && !strcmp(text.p, site->value))
			site->open++;
	}
	noc_strbuf_release(&text);
}

/* How many keys storm at this event's site, this one included. */
static size_t
storm_site_open(struct noc_core *core, const struct noc_rule *rule,
		const struct noc_event *ev)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct storm_site site = { core, rule, "", 0 };

	storm_by(rule, ev, &text);
	if (text.len) {
		site.value = text.p;
		noc_keyed_each(core, &noc_form_storm, rule->name, on_storm_site,
			       &site);
	}
	noc_strbuf_release(&text);
	return site.open;
}

/* Before what follows, which may make it give way. */
static void
storm_said(struct noc_core *core, struct noc_keyed *k, bool start)
{
	if (start)
		noc_keyed_store(core, k);
	else
		noc_keyed_drop(core, k);
}

/*
 * The first devices of a site are told one by one, the next is told as the
 * site, those after it not at all; who was told to begin is told to end.
 */
static void
storm_say(struct noc_core *core, struct noc_keyed *k, struct noc_candidate *c,
	  const char *phase)
{
	bool start = !strcmp(phase, "start");
	size_t open = start ? storm_site_open(core, c->rule, c->ev) : 0;
	struct noc_value *extra;

	if (start && open > STORM_MANY)
		phase = "site";
	if (start && open <= STORM_MANY + 1) {
		noc_value_set(k->data, "said", noc_value_bool(true));
	} else if (!noc_value_get_bool(k->data, "said", false)) {
		noc_outcome_counted(core, c);
		storm_said(core, k, start);
		return;
	}
	extra = storm_extra(core, k, c->rule, phase);
	c->extra = extra;
	c->count = noc_value_get_int(extra, "count", 1);
	storm_said(core, k, start);
	noc_correlate(core, c, &noc_correlate_storm);
	noc_value_free(extra);
}

static void
storm_arm(struct noc_core *core, struct noc_keyed *k,
	  const struct noc_storm *st)
{
	int64_t now = storm_now_ms(core);
	int64_t in =
	    noc_value_get_int(k->data, "last", now) + st->idle_ms - now;
	int64_t max =
	    noc_value_get_int(k->data, "since", now) + st->max_ms - now;

	if (max < in)
		in = max;
	if (in < 1)
		in = 1;
	if (st->clear.count && st->clear.per_ms / STORM_SLOTS < in)
		in = st->clear.per_ms / STORM_SLOTS + 1;
	noc_due_arm(core, &k->due,
		    noc_core_time(core).boot_ns + in * NOC_NS_PER_MS);
}

static struct noc_keyed *
storm_new(struct noc_core *core, const struct noc_candidate *c, int64_t now)
{
	const struct noc_storm *st = c->rule->storm;
	struct noc_keyed *k =
	    noc_keyed_add(core, &noc_form_storm, c->rule, c->key, c->ev, false);
	struct storm *s;

	if (!k)
		return NULL;
	k->data = noc_value_map();
	k->impl = s = noc_calloc(1, sizeof(struct storm));
	s->counted_ms = now;
	noc_value_set(k->data, "since", noc_value_int(now));
	noc_due_arm(
	    core, &k->due,
	    noc_core_time(core).boot_ns + st->over.per_ms * 2 * NOC_NS_PER_MS);
	return k;
}

/* It opens with what is in the window; older messages are no storm. */
static void
storm_open(struct noc_core *core, struct noc_keyed *k, struct noc_candidate *c,
	   int64_t count)
{
	int64_t now = storm_now_ms(core);

	c->ev = noc_core_write_event(core, c->ev, "matched");
	noc_event_unref(k->ev);
	k->ev = noc_event_ref(c->ev);
	noc_value_set(k->data, "open", noc_value_bool(true));
	noc_value_set(k->data, "since", noc_value_int(now));
	noc_value_set(k->data, "total", noc_value_int(count));
	storm_arm(core, k, c->rule->storm);
	storm_say(core, k, c, "start");
}

static enum noc_form_result
storm_event(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_storm *st = c->rule->storm;
	int64_t now = storm_now_ms(core), over;
	struct noc_keyed *k;
	struct storm *s;

	if (!st)
		return NOC_PASS;
	k = noc_keyed_get(core, &noc_form_storm, c->rule->name, c->key);
	if (k)
		noc_keyed_heard(core, k, c->ev);
	else
		k = storm_new(core, c, now);
	if (!k) {
		noc_outcome_counted(core, c);
		return NOC_TAKEN;
	}
	s = k->impl;
	*storm_int(k->data, "last") = now;
	++*storm_int(k->data, "total");
	storm_shape(k, c->ev);
	storm_count(&s->clear, st->clear.per_ms ? st->clear.per_ms : 60000, now,
		    1);
	over = storm_count(&s->over, st->over.per_ms, now, 1);
	if (!noc_value_get_bool(k->data, "open", false)) {
		if (over > st->over.count)
			storm_open(core, k, c, over);
		else
			noc_outcome_counted(core, c);
		return NOC_TAKEN;
	}
	if (noc_value_get_int(k->data, "total", 0) == st->max_count) {
		noc_due_arm(core, &k->due, noc_core_time(core).boot_ns);
		noc_keyed_store(core, k);
	} else {
		noc_keyed_store_count(core, k);
	}
	if (st->keep && noc_where_match_event(st->keep, c->ev))
		return NOC_PASS;
	noc_outcome_counted(core, c);
	return NOC_TAKEN;
}

static void
storm_close(struct noc_core *core, struct noc_keyed *k, struct noc_rule *rule)
{
	char *key = noc_strdup(k->key);
	struct noc_candidate c = {
		.rule = rule,
		.ev = k->ev ? noc_event_ref(k->ev) : NULL,
		.key = key,
		.again = true,
		.late = k->late,
		.count = 1,
	};

	if (c.ev) {
		noc_ledger_matched(core, rule->name);
		noc_ledger_outcome(core, rule->name, "held", false);
		storm_say(core, k, &c, "end");
	} else {
		noc_keyed_drop(core, k);
	}
	noc_event_unref(c.ev);
	free(key);
}

/* Below `clear`, once a whole window of it has been counted. */
static bool
storm_is_clear(struct noc_keyed *k, const struct noc_storm *st, int64_t now)
{
	struct storm *s = k->impl;
	int64_t since = noc_value_get_int(k->data, "since", 0);

	if (s->counted_ms > since)
		since = s->counted_ms;
	return st->clear.count && now - since >= st->clear.per_ms &&
	       storm_count(&s->clear, st->clear.per_ms, now, 0) <
		   st->clear.count;
}

static void
on_storm_due(struct noc_core *core, struct noc_keyed *k)
{
	struct noc_rule *rule = noc_ruleset_rule(noc_core_rules(core), k->rule);
	const struct noc_storm *st = rule ? rule->storm : NULL;
	int64_t now = storm_now_ms(core);
	int64_t quiet = now - noc_value_get_int(k->data, "last", 0);

	if (!st) {
		noc_keyed_drop(core, k);
		return;
	}
	if (!noc_value_get_bool(k->data, "open", false)) {
		if (quiet >= st->over.per_ms) {
			noc_keyed_drop(core, k);
			return;
		}
		noc_value_unset(k->data, "shapes"); /* of long ago */
		noc_due_arm(core, &k->due,
			    noc_core_time(core).boot_ns +
				st->over.per_ms * 2 * NOC_NS_PER_MS);
		return;
	}
	if (quiet >= st->idle_ms ||
	    (st->max_count &&
	     noc_value_get_int(k->data, "total", 0) >= st->max_count) ||
	    now - noc_value_get_int(k->data, "since", 0) >= st->max_ms ||
	    storm_is_clear(k, st, now)) {
		storm_close(core, k, rule);
		return;
	}
	storm_arm(core, k, st);
}

static bool
storm_sound(const struct noc_value *data)
{
	const struct noc_value *shapes = noc_value_get(data, "shapes");

	return !shapes ||
	       (shapes->type == NOC_MAP && noc_keyed_all(shapes, NOC_INT));
}

static void
storm_loaded(struct noc_core *core, struct noc_keyed *k)
{
	struct storm *s = noc_calloc(1, sizeof(*s));

	s->counted_ms = storm_now_ms(core);
	k->impl = s;
	if (!k->data)
		k->data = noc_value_map();
}

static void
storm_freed(struct noc_core *core, struct noc_keyed *k)
{
	(void)core;
	free(k->impl);
}

const struct noc_correlator_ops noc_correlate_storm = {
	.name = "storm",
	.event = storm_event,
};

/* It has begun, and that was told. */
static bool
storm_brakes(const struct noc_rule *rule, const struct noc_keyed *k)
{
	return rule->acting && noc_value_get_bool(k->data, "open", false);
}

const struct noc_form noc_form_storm = {
	.name = "storm",
	.brakes = storm_brakes,
	.on_due = on_storm_due,
	.loaded = storm_loaded,
	.freed = storm_freed,
	.sound = storm_sound,
};
