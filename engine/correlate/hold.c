/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/event/datum.h"
#include "engine/event/identity.h"
#include "engine/event/kinds.h"
#include "engine/expr/key.h"
#include "engine/expr/template.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/policy/ledger.h"
#include "engine/memory/rule_clock.h"
#include "engine/memory/seen.h"
#include "engine/run/cause.h"
#include "engine/correlate/correlate.h"
#include "engine/correlate/guard.h"
#include "engine/correlate/hold.h"
#include "engine/correlate/keyed.h"
#include "engine/correlate/meant.h"

/*
 * hold: the condition must last ("15s", Alertmanager's `for`).  Anything in
 * `cancel` ends it; a repeat joins it; the mass guard sees it while it holds.
 */

#define HOLD_REST_NS (2 * NOC_NS_PER_S) /* the rest of a backlog */

/*
 * How long it holds from now on.  By its sender's clock the time may be over
 * already; still what follows in the same backlog may cancel it.
 */
static int64_t
hold_left(const struct noc_core *core, const struct noc_candidate *c,
	  bool *late)
{
	int64_t hold = c->rule->hold_ms * NOC_NS_PER_MS;
	int64_t left = hold - (noc_steady_now(core) -
			       noc_rule_clock(core, c->rule, c->ev));

	*late = left < -NOC_NS_PER_S;
	return left < HOLD_REST_NS && left < hold
		   ? (hold < HOLD_REST_NS ? hold : HOLD_REST_NS)
		   : left;
}

/*
 * What an operator is said to have done.  That a port is up again comes all
 * day from who signs nothing: of that the DECISION says it.
 */
static void
hold_told(struct noc_core *core, const struct noc_rule *rule, const char *key,
	  const struct noc_event *by)
{
	if (rule->acting && !noc_kind_opposite(by->kind))
		noc_cause_unsigned(core, rule->name, by,
				   noc_correlate_mode(rule, key), NULL);
}

struct hold_undo {
	const struct noc_candidate *c;
};

static bool
on_hold_undo(const struct noc_event *ev, void *arg)
{
	const struct noc_candidate *c = ((struct hold_undo *)arg)->c;
	const struct noc_rule *rule = c->rule;
	struct noc_strbuf key = NOC_STRBUF_INIT;
	bool about;

	/* What names no port is about all of the device, as when it closes. */
	if (!rule->key)
		about = true;
	else if (!noc_key_make(rule->key, ev, NOC_MISSING_FAIL, &key))
		about = !noc_key_names_port(ev);
	else
		about = !strcmp(key.p ? key.p : "", c->key);
	noc_strbuf_release(&key);
	return about && noc_rule_clock_before(rule, c->ev, ev);
}

/* By its sender's clock: what cancels it may have come before it. */
static const struct noc_event *
hold_undone(struct noc_core *core, const struct noc_candidate *c)
{
	struct hold_undo undo = { c };
	const struct noc_event *ev = NULL;

	for (size_t i = 0;
	     c->rule->event_time && !ev && i < c->rule->hold_cancel.len; i++)
		ev = noc_seen_last(core, c->rule->hold_cancel.at[i],
				   c->ev->device, INT64_MIN, on_hold_undo,
				   &undo);
	return ev;
}

/* "would have: ..." is said when the event comes, not when the hold ends. */
static void
hold_story(struct noc_core *core, const struct noc_candidate *c)
{
	char text[32];
	struct noc_strbuf would = NOC_STRBUF_INIT;

	noc_duration_format(text, c->rule->hold_ms);
	if (noc_correlate_would(c, &would))
		noc_core_story(core, "%s %s, holds %s", c->rule->name, would.p,
			       text);
	else
		noc_core_story(core, "%s holds %s", c->rule->name, text);
	noc_strbuf_release(&would);
}

static enum noc_form_result
hold_event(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_event *undone;
	struct noc_keyed *k;
	const char *why;
	char text[32];
	int64_t left;

	if (c->rule->hold_ms <= 0)
		return NOC_PASS;
	undone = hold_undone(core, c);
	if (undone) {
		if (!noc_kind_opposite(undone->kind)) { /* an operator's word */
			c->ev = noc_core_write_event(core, c->ev, "matched");
			noc_correlate_meant(core, c->rule, c->key, c->ev);
		}
		hold_told(core, c->rule, c->key, undone);
		noc_outcome(core, c, "cancelled", "%s came before it%s",
			    undone->kind, noc_event_unsigned(undone));
		return NOC_TAKEN;
	}
	k = noc_keyed_get(core, &noc_form_hold, c->rule->name, c->key);
	if (k) {
		k->count += c->count;
		noc_keyed_heard(core, k, c->ev);
		noc_keyed_store_count(core, k);
		noc_outcome_counted(core, c);
		noc_core_story(core, "%s already holds", c->rule->name);
		return NOC_TAKEN;
	}
	if (noc_guard_mass(core, c, &why)) {
		noc_outcome(core, c, "guarded", "%s", why);
		return NOC_TAKEN;
	}
	c->ev = noc_core_write_event(core, c->ev, "matched");
	k = noc_keyed_add(core, &noc_form_hold, c->rule, c->key, c->ev, true);
	if (!k) {
		noc_outcome(core, c, "errored", "too many open states");
		return NOC_TAKEN;
	}
	k->count = c->count;
	left = hold_left(core, c, &k->late);
	noc_due_arm(core, &k->due, noc_core_time(core).boot_ns + left);
	noc_keyed_store(core, k);
	noc_core_decide(core, c->ev, c->rule->name, c->rule->definition, "held",
			NULL, "holds %s",
			noc_duration_format(text, c->rule->hold_ms));
	noc_ledger_outcome(core, c->rule->name, "held", c->again);
	hold_story(core, c);
	return NOC_TAKEN;
}

static void
on_hold_due(struct noc_core *core, struct noc_keyed *k)
{
	noc_keyed_resume(core, k, &noc_correlate_hold, NULL);
}

/* ---- ends before its time ---- */

struct hold_end {
	const struct noc_rule *rule;
	bool meant; /* somebody did it on purpose */
	const char *outcome;
	const char *why;
	const struct noc_event *closing;
	const char *key; /* NULL: every state of the device */
	const char *by, *value;
};

static void
hold_end(struct noc_core *core, struct noc_keyed *k, const struct hold_end *end)
{
	struct noc_rule *rule = noc_ruleset_rule(noc_core_rules(core), k->rule);
	char *key = noc_strdup(k->key);
	struct noc_candidate c = {
		.rule = rule,
		.ev = noc_event_ref(k->ev),
		.key = key,
		.again = true,
		.count = k->count,
	};

	noc_keyed_drop(core, k);
	if (rule && end->closing)
		hold_told(core, rule, key, end->closing);
	if (rule && c.ev && end->meant)
		noc_correlate_meant(core, rule, key, c.ev);
	if (rule && c.ev)
		noc_outcome(core, &c, end->outcome, "%s", end->why);
	noc_event_unref(c.ev);
	free(key);
}

static bool
hold_about(const struct noc_keyed *k, const struct noc_event *ev)
{
	const struct noc_value *far;

	if (!k->ev)
		return false;
	if (noc_slice_eq(k->ev->device, ev->device))
		return true;
	far = noc_value_get(k->ev->far, "device");
	return far && far->type == NOC_STR &&
	       noc_slice_eq(noc_slice(far->u.s.p, far->u.s.len), ev->device);
}

static void
on_hold_close(struct noc_core *core, struct noc_keyed *k, void *arg)
{
	const struct hold_end *end = arg;

	if (noc_rule_clock_before(end->rule, end->closing, k->ev))
		return;
	if (end->key ? !strcmp(k->key, end->key) : hold_about(k, end->closing))
		hold_end(core, k, end);
}

void
noc_hold_closing(struct noc_core *core, const struct noc_rule *rule,
		 struct noc_event *ev, const char *key)
{
	static const struct noc_form *const forms[] = { &noc_form_hold,
							&noc_form_settle };
	struct hold_end end = {
		.rule = rule, .outcome = "cancelled", .closing = ev, .key = key
	};
	struct noc_strbuf why = NOC_STRBUF_INIT;

	/* An operator's word; a recovery needs no excuse. */
	end.meant = noc_kind_opposite(ev->kind) == NULL;
	noc_strbuf_addf(&why, "%s from %.*s%s", ev->kind, (int)ev->device.len,
			ev->device.p, noc_event_unsigned(ev));
	if (end.meant)
		noc_strbuf_adds(&why, ": left alone");
	end.why = why.p;
	for (size_t i = 0; i < NOC_COUNT(forms); i++) {
		struct noc_keyed *k =
		    key ? noc_keyed_get(core, forms[i], rule->name, key) : NULL;

		if (k)
			on_hold_close(core, k, &end);
		else if (!key)
			noc_keyed_each(core, forms[i], rule->name,
				       on_hold_close, &end);
	}
	noc_strbuf_release(&why);
}

void
noc_hold_recovered(struct noc_core *core, const struct noc_rule *rule,
		   struct noc_event *ev, const char *key)
{
	struct noc_keyed *k =
	    noc_keyed_get(core, &noc_form_settle, rule->name, key);
	struct noc_strbuf why = NOC_STRBUF_INIT;
	struct hold_end end = { .outcome = "cancelled" };

	if (!k || noc_rule_clock_before(rule, ev, k->ev))
		return;
	noc_strbuf_addf(&why, "%s from %.*s%s", ev->kind, (int)ev->device.len,
			ev->device.p, noc_event_unsigned(ev));
	end.why = why.p;
	hold_end(core, k, &end);
	noc_strbuf_release(&why);
}

static void
on_hold_guard(struct noc_core *core, struct noc_keyed *k, void *arg)
{
	const struct hold_end *end = arg;
	struct noc_scope scope = { .ev = k->ev };
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_datum d = { 0 };

	if (end->by && k->ev) {
		noc_scope_get(&scope, end->by, strlen(end->by), &d);
		noc_datum_text(&d, &text);
	}
	if (!strcmp(text.p ? text.p : "", end->value))
		hold_end(core, k, end);
	noc_strbuf_release(&text);
}

void
noc_hold_guard(struct noc_core *core, const struct noc_rule *rule,
	       const char *by, const char *value, const char *why)
{
	struct hold_end end = {
		.outcome = "guarded", .why = why, .by = by, .value = value
	};

	noc_keyed_each(core, &noc_form_hold, rule->name, on_hold_guard, &end);
}

const struct noc_correlator_ops noc_correlate_hold = {
	.name = "hold",
	.event = hold_event,
};

const struct noc_form noc_form_hold = {
	.name = "hold",
	.on_due = on_hold_due,
	.held = true,
};
