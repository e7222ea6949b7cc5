/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/event/kinds.h"
#include "engine/rule/ruleset.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/policy/ledger.h"
#include "engine/notify/notify.h"
#include "engine/memory/rule_clock.h"
#include "engine/correlate/correlate.h"
#include "engine/correlate/damp.h"
#include "engine/correlate/keyed.h"
#include "engine/correlate/settling.h"

/*
 * Route-flap dampening (RFC 2439) for links: each down adds a penalty that
 * decays by half each half_life.  Over `suppress` the rule's actions are
 * muted, not the truth: one notice, an escalation when it stays down, one
 * all-clear at `reuse`, where the last state is looked at again.
 *
 * data: {penalty, at (ms), suppressed, down, told, stay (ms)}
 */
#define DAMP_FORGET  25.0 /* of 1,000 a down: below it, it never happened */
#define DAMP_STAY_MS (120 * 1000) /* still down after hold + 2 m */

static int64_t
damp_now_ms(const struct noc_core *core)
{
	return noc_steady_now(core) / NOC_NS_PER_MS;
}

static double
damp_number(const struct noc_keyed *k, const char *name)
{
	const struct noc_value *v = noc_value_get(k->data, name);

	if (!v)
		return 0;
	return v->type == NOC_REAL  ? v->u.d
	       : v->type == NOC_INT ? (double)v->u.i
				    : 0;
}

static double
damp_decayed(const struct noc_keyed *k, const struct noc_damp *d,
	     int64_t now_ms)
{
	double dt = (double)now_ms - damp_number(k, "at");

	return damp_number(k, "penalty") *
	       exp2(-(dt > 0 ? dt : 0) / (double)d->half_life_ms);
}

/* When will the penalty have fallen to this? */
static int64_t
damp_falls_in_ms(double penalty, double to, const struct noc_damp *d)
{
	if (penalty <= to)
		return 1;
	return (int64_t)(log2(penalty / to) * (double)d->half_life_ms) + 1;
}

static void
damp_notice(struct noc_core *core, const struct noc_keyed *k,
	    const struct noc_rule *rule, const char *text)
{
	/* The key is of the sender: no template. */
	char *said = noc_asprintf("%s: %s %s", rule->name, k->key, text);

	noc_notify_text(core, "noc", said, k->ev,
			noc_correlate_mode(rule, k->key), NULL);
	free(said);
}

static void
damp_arm(struct noc_core *core, struct noc_keyed *k,
	 const struct noc_rule *rule)
{
	int64_t now = damp_now_ms(core);
	bool muted = noc_value_get_bool(k->data, "suppressed", false);
	int64_t in = damp_falls_in_ms(damp_decayed(k, rule->damp, now),
				      muted ? rule->damp->reuse : DAMP_FORGET,
				      rule->damp);
	int64_t stay = noc_value_get_int(k->data, "stay", 0);

	if (stay && stay - now < in)
		in = stay > now ? stay - now : 1;
	noc_due_arm(core, &k->due,
		    noc_core_time(core).boot_ns + in * NOC_NS_PER_MS);
	noc_keyed_store(core, k);
}

static enum noc_form_result
damp_count(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_damp *d = c->rule->damp;
	int64_t now;
	double penalty, ceiling;
	struct noc_keyed *k;
	int64_t due;

	if (!d || c->again)
		return NOC_PASS;
	if (c->rule->acting)
		noc_correlate_settles(core, c, &due); /* names the cause */
	k = noc_keyed_get(core, &noc_form_damp, c->rule->name, c->key);
	if (!k) {
		k = noc_keyed_add(core, &noc_form_damp, c->rule, c->key, c->ev,
				  false);
		if (!k && !c->rule->acting)
			return NOC_PASS; /* nobody is left in the dark */
		if (!k) {
			noc_outcome(core, c, "errored",
				    "too many open states: it cannot be "
				    "damped, so nothing acts");
			return NOC_TAKEN;
		}
		k->data = noc_value_map();
	} else {
		noc_keyed_heard(core, k, c->ev);
	}
	now = noc_rule_clock(core, c->rule, c->ev) / NOC_NS_PER_MS;
	if ((double)now < damp_number(k, "at"))
		now = (int64_t)damp_number(k, "at"); /* told out of order */
	penalty = damp_decayed(k, d, now);
	if (noc_id_is_zero(&c->ev->cause)) /* our own SETs do not count */
		penalty += d->penalty;
	ceiling = d->reuse *
		  exp2((double)d->max_suppress_ms / (double)d->half_life_ms);
	noc_value_set(k->data, "penalty",
		      noc_value_real(penalty < ceiling ? penalty : ceiling));
	noc_value_set(k->data, "at", noc_value_int(now));
	noc_value_set(k->data, "down", noc_value_bool(true));
	c->ev = noc_core_write_event(core, c->ev, "matched");
	noc_event_unref(k->ev);
	k->ev = noc_event_ref(c->ev);
	if (penalty >= d->suppress &&
	    !noc_value_get_bool(k->data, "suppressed", false)) {
		noc_value_set(k->data, "suppressed", noc_value_bool(true));
		damp_notice(core, k, c->rule,
			    "flaps: no more actions until it is quiet");
	}
	if (noc_value_get_bool(k->data, "suppressed", false))
		noc_value_set(k->data, "stay",
			      noc_value_int(damp_now_ms(core) +
					    c->rule->hold_ms + DAMP_STAY_MS));
	damp_arm(core, k, c->rule);
	return NOC_PASS;
}

static enum noc_form_result
damp_gate(struct noc_core *core, struct noc_candidate *c)
{
	const struct noc_damp *d = c->rule->damp;
	const struct noc_keyed *k;

	if (!d)
		return NOC_PASS;
	k = noc_keyed_get(core, &noc_form_damp, c->rule->name, c->key);
	if (!k || !noc_value_get_bool(k->data, "suppressed", false))
		return NOC_PASS;
	noc_outcome(core, c, "damped", "penalty %.0f, acts again below %.0f",
		    damp_decayed(k, d, damp_now_ms(core)), d->reuse);
	return NOC_TAKEN;
}

void
noc_damp_closing(struct noc_core *core, const struct noc_rule *rule,
		 struct noc_event *ev, const char *key)
{
	struct noc_keyed *k =
	    noc_keyed_get(core, &noc_form_damp, rule->name, key);
	const char *opposite = noc_kind_opposite(ev->kind);

	if (!k || !opposite || !noc_strings_have(&rule->on, opposite) ||
	    noc_rule_clock_before(rule, ev, k->ev))
		return;
	noc_value_set(k->data, "down", noc_value_bool(false));
	noc_value_unset(k->data, "stay");
	damp_arm(core, k, rule);
}

/* Quiet enough: say so; act now if the last word was "down". */
static void
damp_reuse(struct noc_core *core, struct noc_keyed *k, struct noc_rule *rule)
{
	struct noc_candidate c = {
		.rule = rule, .count = 1, .late = true, .again = true
	};
	char *key = noc_strdup(k->key);
	bool down = noc_value_get_bool(k->data, "down", false);

	damp_notice(core, k, rule,
		    down ? "quiet again, but down: acting now"
			 : "all clear: quiet again and up");
	c.ev = noc_event_ref(k->ev);
	c.key = key;
	noc_keyed_drop(core, k);
	if (down && c.ev) {
		noc_ledger_matched(core, rule->name);
		noc_ledger_outcome(core, rule->name, "held", false);
		if (noc_correlate_unless.event(core, &c) == NOC_PASS)
			noc_correlate(core, &c, &noc_correlate_damp_gate);
	}
	noc_event_unref(c.ev);
	free(key);
}

static void
on_damp_due(struct noc_core *core, struct noc_keyed *k)
{
	struct noc_rule *rule = noc_ruleset_rule(noc_core_rules(core), k->rule);
	int64_t now = damp_now_ms(core);
	int64_t stay = noc_value_get_int(k->data, "stay", 0);
	bool muted;

	if (!rule || !rule->damp) {
		noc_keyed_drop(core, k);
		return;
	}
	if (stay && stay <= now) {
		noc_value_unset(k->data, "stay");
		if (noc_value_get_bool(k->data, "down", false))
			damp_notice(core, k, rule,
				    "is damped and stays down: needs a person");
	}
	muted = noc_value_get_bool(k->data, "suppressed", false);
	if (damp_decayed(k, rule->damp, now) >
	    (muted ? rule->damp->reuse : DAMP_FORGET) + 0.5) {
		damp_arm(core, k, rule);
		return;
	}
	if (muted)
		damp_reuse(core, k, rule);
	else
		noc_keyed_drop(core, k);
}

const struct noc_correlator_ops noc_correlate_damp_count = {
	.name = "damp",
	.event = damp_count,
};

const struct noc_correlator_ops noc_correlate_damp_gate = {
	.name = "damp",
	.event = damp_gate,
};

/* What it has counted, and that it is muted. */
static bool
damp_brakes(const struct noc_rule *rule, const struct noc_keyed *k)
{
	(void)k;
	return rule->acting;
}

const struct noc_form noc_form_damp = {
	.name = "damp",
	.lasting = true,
	.brakes = damp_brakes,
	.on_due = on_damp_due,
};
