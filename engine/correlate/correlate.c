/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/correlate/correlate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/event/kinds.h"
#include "engine/expr/key.h"
#include "engine/expr/template.h"
#include "engine/rule/ruleset.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/policy/ledger.h"
#include "engine/policy/override.h"
#include "engine/memory/rule_clock.h"
#include "engine/memory/seen.h"
#include "engine/run/run.h"
#include "engine/correlate/damp.h"
#include "engine/correlate/guard.h"
#include "engine/correlate/hold.h"
#include "engine/correlate/keyed.h"

/* The order of the forms is the language (doc/rules.md). */
static const struct noc_correlator_ops *const correlate_order[] = {
	&noc_correlate_damp_count, &noc_correlate_unless,
	&noc_correlate_settle,	   &noc_correlate_threshold,
	&noc_correlate_throttle,   &noc_correlate_storm,
	&noc_correlate_hold,	   &noc_correlate_damp_gate,
	&noc_correlate_guards,
};

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

/* Start the rule's run now (the last form has passed). */
static void
correlate_fire(struct noc_core *core, struct noc_candidate *c)
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

	c->ev = noc_core_write_event(core, c->ev, "matched");
	cause.ev = c->ev;
	if (noc_run_start(core, &cause, &run, &err) < 0) {
		noc_outcome(core, c, noc_run_refusal(&err), "%s", err.msg);
		return;
	}
	noc_guard_fired(core, c);
	noc_core_decide(core, c->ev, c->rule->name, c->rule->definition,
			outcome, &run, "%s%s", c->again ? "after its hold" : "",
			c->late ? " (late)" : "");
	noc_ledger_outcome(core, c->rule->name, outcome, c->again);
	noc_id_format(id, &run);
	if (c->again)
		noc_core_say(core, "%s%s %s → run %.18s%s", noc_mode_mark(mode),
			     c->rule->name, c->key, id,
			     c->late ? " (late)" : "");
	else if (noc_correlate_would(c, &would))
		noc_core_story(core, "%s %s", c->rule->name, would.p);
	else
		noc_core_story(core, "%s run %.18s", c->rule->name, id);
	noc_strbuf_release(&would);
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
	if (c->rule->acting && noc_keyed_is_lost(core, c->rule, c->ev)) {
		noc_outcome(core, c, "guarded",
			    "what held it back here is lost: too many states "
			    "were opened, or a row could not be read");
		return;
	}
	for (size_t i = 0; i < NOC_COUNT(correlate_order); i++) {
		if (on && correlate_order[i]->event(core, c) == NOC_TAKEN)
			return;
		on |= correlate_order[i] == from;
	}
	correlate_fire(core, c);
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

/* ---- closing events ---- */

/* Up again: what waited for a run to settle, and what was meant, is over. */
static void
correlate_recovered(struct noc_core *core, const struct noc_rule *rule,
		    struct noc_event *ev, const char *key)
{
	struct noc_keyed *meant =
	    noc_keyed_get(core, &noc_form_meant, rule->name, key);

	if (meant && !noc_rule_clock_before(rule, ev, meant->ev))
		noc_keyed_drop(core, meant);
	noc_hold_recovered(core, rule, ev, key);
	if (rule->damp)
		noc_damp_closing(core, rule, ev, key);
}
void
noc_correlate_closing(struct noc_core *core, struct noc_event *ev)
{
	struct noc_ruleset *rs = noc_core_rules(core);
	const char *opposite = noc_kind_opposite(ev->kind);

	for (size_t i = 0; rs && i < rs->nrules; i++) {
		const struct noc_rule *rule = &rs->rules[i];
		struct noc_strbuf key = NOC_STRBUF_INIT;
		bool cancels = noc_strings_have(&rule->hold_cancel, ev->kind);
		bool recovers =
		    opposite && noc_strings_have(&rule->on, opposite);
		bool whole;

		if (!cancels && !recovers)
			continue;
		/* "{ifname}" of a config.change names no port: all its ports;
		 * of a port that has no name yet: none. */
		whole = noc_key_make(rule->key, ev, NOC_MISSING_FAIL, &key);
		if (recovers && whole)
			correlate_recovered(core, rule, ev, key.p ? key.p : "");
		if (cancels && (whole || !noc_key_names_port(ev)))
			noc_hold_closing(core, rule, ev,
					 whole ? (key.p ? key.p : "") : NULL);
		noc_strbuf_release(&key);
	}
}
