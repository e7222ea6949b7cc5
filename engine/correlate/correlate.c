/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/correlate/correlate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/expr/template.h"
#include "engine/policy/ledger.h"
#include "engine/policy/override.h"
#include "engine/memory/seen.h"
#include "engine/run/run.h"
#include "engine/correlate/damp.h"
#include "engine/correlate/guard.h"
#include "engine/correlate/hold.h"
#include "engine/correlate/keyed.h"

#define EVENT_TIME_NS (86400LL * NOC_NS_PER_S) /* older: a wrong clock */

/* The order of the forms is the language (doc/rules.md). */
static const struct noc_correlator_ops *const correlate_order[] = {
	&noc_correlate_damp_count, &noc_correlate_unless,
	&noc_correlate_settle,	   &noc_correlate_threshold,
	&noc_correlate_throttle,   &noc_correlate_storm,
	&noc_correlate_hold,	   &noc_correlate_damp_gate,
	&noc_correlate_guards,
};

bool
noc_strings_have(const struct noc_strings *list, const char *word)
{
	for (size_t i = 0; i < list->len; i++)
		if (!strcmp(list->at[i], word))
			return true;
	return false;
}

const char *
noc_kind_opposite(const char *kind)
{
	static const char *const ends[][2] = {
		{ ".down", ".up" },
		{ ".fail", ".ok" },
		{ ".firing", ".resolved" },
	};
	const char *dot = strrchr(kind, '.');
	char text[128];

	for (size_t i = 0; dot && i < NOC_COUNT(ends); i++) {
		const char *to = !strcmp(dot, ends[i][0])   ? ends[i][1]
				 : !strcmp(dot, ends[i][1]) ? ends[i][0]
							    : NULL;

		if (!to)
			continue;
		snprintf(text, sizeof(text), "%.*s%s", (int)(dot - kind), kind,
			 to);
		return noc_interns(text);
	}
	return NULL;
}

enum noc_mode
noc_correlate_mode(const struct noc_rule *rule, const char *key)
{
	uint64_t h;

	if (rule->mode == NOC_SHADOW)
		return NOC_SHADOW;
	if (!rule->acting)
		return NOC_ACTIVE;
	if (rule->mode != NOC_CANARY)
		return rule->mode;
	h = noc_hash_stable(key, strlen(key));
	return (double)(h % 10000) < rule->canary * 10000 ? NOC_ACTIVE
							  : NOC_OBSERVE;
}

void
noc_correlate(struct noc_core *core, struct noc_candidate *c,
	      const struct noc_correlator_ops *from)
{
	bool on = from == NULL;

	if (c->rule->paused) { /* what held when it was, too */
		noc_outcome(core, c, "silenced", "the rule is paused");
		return;
	}
	if (on && !c->rule->acting && noc_override_silenced(core, c->ev)) {
		noc_outcome(core, c, "silenced", "silence %s",
			    noc_override_silenced(core, c->ev));
		return;
	}
	for (size_t i = 0; i < NOC_COUNT(correlate_order); i++) {
		if (on && correlate_order[i]->event(core, c) == NOC_TAKEN)
			return;
		on |= correlate_order[i] == from;
	}
	noc_correlate_fire(core, c);
}

int64_t
noc_correlate_at(const struct noc_core *core, const struct noc_rule *rule,
		 const struct noc_event *ev)
{
	if (!rule->event_time)
		return noc_core_time(core).wall_ns;
	if (ev->time_ns > ev->received_ns ||
	    ev->time_ns < ev->received_ns - EVENT_TIME_NS)
		return ev->received_ns;
	return ev->time_ns;
}

/*
 * BSD syslog says whole seconds: within one, and when both say the same, the
 * order of arrival stands.
 */
bool
noc_correlate_before(const struct noc_core *core, const struct noc_rule *rule,
		     const struct noc_event *ev, const struct noc_event *than)
{
	int64_t a, b;

	if (!rule->event_time || !than)
		return false;
	a = noc_correlate_at(core, rule, ev);
	b = noc_correlate_at(core, rule, than);
	if (a % NOC_NS_PER_S == 0 || b % NOC_NS_PER_S == 0)
		return a / NOC_NS_PER_S < b / NOC_NS_PER_S;
	return a < b;
}

bool
noc_correlate_would(const struct noc_candidate *c, struct noc_strbuf *out)
{
	enum noc_mode mode = noc_correlate_mode(c->rule, c->key);
	struct noc_scope scope = { .ev = c->ev };

	if (mode == NOC_ACTIVE)
		return false;
	noc_strbuf_adds(out, "would have: ");
	for (size_t i = 0; i < c->rule->run->nsteps; i++) {
		const struct noc_step_def *s = &c->rule->run->steps[i];

		if (!noc_step_withheld(s, mode))
			continue;
		noc_plan_describe_step(s, &scope, out);
		noc_strbuf_addf(out, " (%s)", noc_mode_name(mode));
		return true;
	}
	noc_strbuf_addf(out, "acted (%s)", noc_mode_name(mode));
	return true;
}

void
noc_correlate_fire(struct noc_core *core, struct noc_candidate *c)
{
	enum noc_mode mode = noc_correlate_mode(c->rule, c->key);
	bool observed = mode != NOC_ACTIVE;
	const char *outcome = observed ? "observed" : "fired";
	struct noc_strbuf would = NOC_STRBUF_INIT;
	struct noc_run_cause cause = {
		.plan = c->rule->run,
		.rule = c->rule,
		.rule_name = c->rule->name,
		.definition = c->rule->definition,
		.key = c->key,
		.mode = mode,
		.extra = c->extra,
		.actor = "rule",
		.late = c->late,
	};
	struct noc_err err = { 0 };
	char id[NOC_ID_TEXT];
	struct noc_id run;

	c->ev = noc_core_keep(core, c->ev, "matched");
	cause.ev = c->ev;
	if (noc_run_start(core, &cause, &run, &err) < 0) {
		noc_outcome(core, c, "errored", "%s", err.msg);
		return;
	}
	noc_guard_fired(core, c);
	noc_core_decide(core, c->ev, c->rule->name, c->rule->definition,
			outcome, &run, "%s%s", c->again ? "after its hold" : "",
			c->late ? " (late)" : "");
	noc_ledger_outcome(core, c->rule->name, outcome, c->again);
	noc_id_format(id, &run);
	if (c->again)
		noc_core_say(core, "%s%s %s → run %.8s%s", noc_mode_mark(mode),
			     c->rule->name, c->key, id,
			     c->late ? " (late)" : "");
	else if (noc_correlate_would(c, &would))
		noc_core_story(core, "%s %s", c->rule->name, would.p);
	else
		noc_core_story(core, "%s run %.8s", c->rule->name, id);
	noc_strbuf_release(&would);
}

/* ---- closing events ---- */

void
noc_correlate_closing(struct noc_core *core, struct noc_event *ev)
{
	struct noc_ruleset *rs = noc_core_rules(core);
	struct noc_scope scope = { .ev = ev };
	const char *opposite = noc_kind_opposite(ev->kind);
	struct noc_err err;

	for (size_t i = 0; rs && i < rs->nrules; i++) {
		const struct noc_rule *rule = &rs->rules[i];
		struct noc_strbuf key = NOC_STRBUF_INIT;
		bool cancels = noc_strings_have(&rule->hold_cancel, ev->kind);
		bool recovers =
		    opposite && noc_strings_have(&rule->on, opposite);
		bool whole = true;

		if (!cancels && !recovers)
			continue;
		/* "{link}" of a config.change names no port: all its ports. */
		if (rule->key)
			whole = noc_template_text(rule->key, &scope,
						  NOC_MISSING_FAIL, &key,
						  &err) == 0;
		else
			noc_strbuf_add(&key, ev->device.p, ev->device.len);
		if (recovers && whole)
			noc_correlate_recovered(core, rule, ev,
						key.p ? key.p : "");
		if (cancels)
			noc_hold_closing(core, rule, ev,
					 whole ? (key.p ? key.p : "") : NULL);
		noc_strbuf_release(&key);
	}
}

/* Up again: what waited for a run to settle, and what was meant, is over. */
void
noc_correlate_recovered(struct noc_core *core, const struct noc_rule *rule,
			struct noc_event *ev, const char *key)
{
	struct noc_keyed *meant =
	    noc_keyed_get(core, &noc_form_meant, rule->name, key);

	if (meant && !noc_correlate_before(core, rule, ev, meant->ev))
		noc_keyed_drop(core, meant);
	noc_hold_settled(core, rule, ev, key);
	if (rule->damp)
		noc_damp_closing(core, rule, ev, key);
}

/* ---- unless seen{…} ---- */

struct unless_want {
	const struct noc_core *core;
	const struct noc_rule *rule;
	const struct noc_unless *unless;
	int64_t since_ns; /* by the clock of the rule */
};

static bool
on_unless_seen(const struct noc_event *ev, void *arg)
{
	const struct unless_want *want = arg;

	if (want->rule->event_time &&
	    noc_correlate_at(want->core, want->rule, ev) < want->since_ns)
		return false;
	return !want->unless->where ||
	       noc_where_match_event(want->unless->where, ev);
}

static int64_t
unless_now(const struct noc_core *core, const struct noc_rule *rule,
	   const struct noc_scope *scope)
{
	return scope->ev ? noc_correlate_at(core, rule, scope->ev)
			 : noc_core_time(core).wall_ns;
}

static const struct noc_event *
unless_seen(struct noc_core *core, const struct noc_rule *rule,
	    const struct noc_unless *u, const struct noc_scope *scope,
	    struct noc_slice device)
{
	int64_t since =
	    unless_now(core, rule, scope) - u->back_ms * NOC_NS_PER_MS;
	struct unless_want want = { core, rule, u, since };

	for (size_t i = 0; i < u->kinds.len; i++) {
		const struct noc_event *ev =
		    noc_seen_last(core, u->kinds.at[i], device,
				  rule->event_time ? INT64_MIN : since,
				  on_unless_seen, &want);

		if (ev &&
		    (!scope->ev || memcmp(ev->id.b, scope->ev->id.b, 16) != 0))
			return ev;
	}
	return NULL;
}

static const struct noc_event *
unless_any(struct noc_core *core, const struct noc_rule *rule,
	   const struct noc_unless *u, const struct noc_scope *scope)
{
	const struct noc_event *ev = NULL;
	struct noc_err err;

	if (u->ndevices == 0)
		return unless_seen(core, rule, u, scope,
				   scope->ev ? scope->ev->device
					     : noc_slice("", 0));
	for (size_t i = 0; i < u->ndevices && !ev; i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		if (noc_template_text(u->devices[i], scope, NOC_MISSING_FAIL,
				      &sb, &err) == 0)
			ev = unless_seen(core, rule, u, scope,
					 noc_slice(sb.p, sb.len));
		noc_strbuf_release(&sb);
	}
	return ev;
}

const char *
noc_unless_holds(struct noc_core *core, const struct noc_rule *rule,
		 const struct noc_scope *scope)
{
	struct noc_correlation *p = noc_core_part(core, NOC_PART_CORRELATE);

	for (size_t i = 0; i < rule->nunless; i++) {
		const struct noc_event *ev =
		    unless_any(core, rule, &rule->unless[i], scope);
		char ago[32];
		int64_t ms;
		bool after;

		if (!ev)
			continue;
		ms = (unless_now(core, rule, scope) -
		      (rule->event_time ? noc_correlate_at(core, rule, ev)
					: ev->received_ns)) /
		     NOC_NS_PER_MS;
		after = ms < 0;
		ms = llabs(ms);
		noc_strbuf_clear(&p->text);
		noc_strbuf_addf(&p->text, "seen(%s %s %s)", ev->kind,
				noc_duration_format(
				    ago, ms >= 1000 ? ms / 1000 * 1000 : ms),
				after ? "later" : "ago");
		return p->text.p;
	}
	return NULL;
}

/*
 * A port an operator shut counts as meant to be down until it is up.  The
 * year only bounds what is remembered of ports that are gone.
 */
#define MEANT_NS (366 * 86400LL * NOC_NS_PER_S)

void
noc_correlate_meant(struct noc_core *core, const struct noc_rule *rule,
		    const char *key, struct noc_event *ev)
{
	struct noc_keyed *meant;

	if (!noc_kind_opposite(ev->kind) ||
	    noc_keyed_get(core, &noc_form_meant, rule->name, key))
		return;
	meant = noc_keyed_add(core, &noc_form_meant, rule, key, ev);
	if (!meant)
		return;
	noc_due_arm(core, &meant->due, noc_core_time(core).boot_ns + MEANT_NS);
	noc_keyed_store(core, meant);
}

static enum noc_step_on
unless_event(struct noc_core *core, struct noc_candidate *c)
{
	struct noc_scope scope = { .ev = c->ev };
	const char *seen = noc_unless_holds(core, c->rule, &scope);
	struct noc_keyed *meant =
	    noc_keyed_get(core, &noc_form_meant, c->rule->name, c->key);

	if (!seen && !meant)
		return NOC_PASS;
	if (seen && !meant) {
		c->ev = noc_core_keep(core, c->ev, "matched");
		noc_correlate_meant(core, c->rule, c->key, c->ev);
	}
	if (seen)
		noc_outcome(core, c, "cancelled", "left alone: unless %s",
			    seen);
	else
		noc_outcome(core, c, "cancelled",
			    "left alone: meant to be %s until the next %s",
			    strrchr(c->ev->kind, '.') + 1,
			    noc_kind_opposite(c->ev->kind));
	return NOC_TAKEN;
}

const struct noc_correlator_ops noc_correlate_unless = {
	.name = "unless",
	.event = unless_event,
};

static void
on_meant_due(struct noc_core *core, struct noc_keyed *k)
{
	noc_keyed_drop(core, k);
}

const struct noc_form noc_form_meant = {
	.name = "meant",
	.on_due = on_meant_due,
};

/* ---- settle: an event our own run may have caused waits for it ---- */

static enum noc_step_on
settle_event(struct noc_core *core, struct noc_candidate *c)
{
	struct noc_keyed *k;
	struct noc_id run;
	int64_t due;
	char id[NOC_ID_TEXT];

	if (c->again || !c->rule->acting ||
	    !noc_settle_until(core, c, &due, &run))
		return NOC_PASS;
	k = noc_keyed_get(core, &noc_form_settle, c->rule->name, c->key);
	if (k) {
		k->count++;
		noc_outcome_counted(core, c);
		return NOC_TAKEN;
	}
	c->ev = noc_core_keep(core, c->ev, "matched");
	k = noc_keyed_add(core, &noc_form_settle, c->rule, c->key, c->ev);
	if (!k) {
		noc_outcome(core, c, "errored", "too many open states");
		return NOC_TAKEN;
	}
	noc_due_arm(core, &k->due, due);
	noc_keyed_store(core, k);
	noc_outcome(core, c, "held", "run %.8s touched it: settling",
		    noc_id_format(id, &run));
	return NOC_TAKEN;
}

static void
on_settle_due(struct noc_core *core, struct noc_keyed *k)
{
	noc_keyed_resume(core, k, &noc_correlate_settle, NULL);
}

const struct noc_correlator_ops noc_correlate_settle = {
	.name = "settle",
	.event = settle_event,
};

const struct noc_form noc_form_settle = {
	.name = "settle",
	.on_due = on_settle_due,
	.held = true,
};
