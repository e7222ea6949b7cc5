/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/intake.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/event/identity.h"
#include "engine/expr/key.h"
#include "engine/expr/template.h"
#include "engine/rule/match.h"
#include "engine/rule/normalize.h"
#include "engine/core/record.h"
#include "engine/policy/ledger.h"
#include "engine/memory/dedup.h"
#include "engine/memory/fold.h"
#include "engine/memory/seen.h"
#include "engine/run/await.h"
#include "engine/run/escalate.h"
#include "engine/correlate/correlate.h"
#include "engine/correlate/pair.h"
#include "engine/intake/admit.h"
#include "engine/intake/enrich.h"
#include "engine/intake/skew.h"
#include "engine/intake/unknown.h"
#include "engine/intake/unlike.h"
#include "engine/intake/unmatched.h"

/* More rules than this hardly ever want one event. */
#define INTAKE_RULES_FEW 64

struct intake_receipt {
	struct noc_receipt *receipt;
	enum noc_fate fate;
	struct noc_id event;
};

static void
on_receipt(void *arg)
{
	struct intake_receipt *r = arg;
	static const struct noc_id none;

	r->receipt->done(r->receipt, r->fate, &r->event, &none);
	free(r);
}

static void
intake_receipt(struct noc_core *core, struct noc_receipt *receipt,
	       enum noc_fate fate, const struct noc_event *ev)
{
	struct intake_receipt *r;

	if (!receipt)
		return;
	r = noc_calloc(1, sizeof(*r));
	r->receipt = receipt;
	r->fate = fate;
	r->event = ev->id;
	noc_core_effect(core, on_receipt, free, r);
}

/* ---- from the door ---- */

/* What is nested deeper could not be read back where it is held. */
static bool
intake_refuses(struct noc_core *core, struct noc_source *source,
	       struct noc_event *ev, struct noc_receipt *receipt)
{
	const struct noc_value *parts[] = { ev->data, ev->snmp, ev->http };

	for (size_t i = 0; i < NOC_COUNT(parts); i++) {
		if (!noc_value_deeper(parts[i], NOC_JSON_DEPTH_HELD_MAX))
			continue;
		source->refused++;
		noc_warn("intake",
			 "source=%s event=%s refused: nested deeper than %d "
			 "levels",
			 source->name, ev->kind, NOC_JSON_DEPTH_HELD_MAX);
		intake_receipt(core, receipt, NOC_FATE_REFUSED, ev);
		noc_event_clear(ev);
		return true;
	}
	return false;
}

void
noc_sensor_emit(struct noc_core *core, struct noc_source *source,
		struct noc_event *ev, struct noc_receipt *receipt)
{
	struct noc_now now = noc_core_turn(core);
	bool says_when;

	noc_core_begin(core, now);
	source->received++;
	if (ev->malformed)
		source->malformed++;
	ev->source = source->name;
	if (!ev->base)
		ev->base = source->base;
	if (!ev->kind)
		ev->kind = ev->base;
	if (!ev->received_ns) {
		ev->received_ns = now.wall_ns;
		ev->received_boot_ns = now.boot_ns;
	}
	says_when = ev->time_ns != 0;
	if (!says_when)
		ev->time_ns = ev->received_ns;
	ev->acked_source = receipt != NULL;
	noc_identify(noc_core_inv(core), ev);
	if (says_when)
		noc_skew_measure(core, ev);
	if (noc_core_rules(core) && ev->kind == ev->base)
		noc_normalize(noc_core_rules(core), ev);
	if (!intake_refuses(core, source, ev, receipt) &&
	    !noc_enrich_park(core, source, ev, receipt))
		noc_intake_decide(core, source, ev, receipt);
	noc_core_end(core);
}

void
noc_sensor_emit_hook(struct noc_core *core, struct noc_source *source,
		     const struct noc_hook *hook, struct noc_event *ev,
		     const struct noc_value *body, struct noc_receipt *receipt)
{
	struct noc_strbuf key = NOC_STRBUF_INIT;
	struct noc_scope scope = { .ev = ev },
			 post = { .ev = ev, .item = body, .extra = body };
	bool wanted;
	struct noc_err err;

	noc_core_begin(core, noc_core_turn(core));
	ev->base = source->base;
	ev->source = source->name;
	ev->received_ns = noc_core_time(core).wall_ns;
	ev->received_boot_ns = noc_core_time(core).boot_ns;
	wanted =
	    !noc_normalize_hook(noc_core_rules(core), hook, ev, body, &err);
	noc_unlike_post(core, hook, &post, wanted ? NULL : err.msg);
	if (!wanted) {
		/* Not what the hook is for: recorded as a bare webhook. */
		source->unwanted++;
		ev->kind = source->base;
	} else if (hook->dedup &&
		   /* Posts that lack what tells them apart are all new. */
		   noc_template_text(hook->dedup, &scope, NOC_MISSING_FAIL,
				     &key, &err) == 0 &&
		   noc_dedup_repeats(core, hook->emit.name,
				     noc_slice(key.p, key.len),
				     hook->dedup_ms)) {
		source->received++;
		source->duplicate++;
		intake_receipt(core, receipt, NOC_FATE_DUPLICATE, ev);
		noc_event_clear(ev);
		goto out;
	}
	noc_sensor_emit(core, source, ev, receipt);
out:
	noc_strbuf_release(&key);
	noc_core_end(core);
}

/* ---- to the rules ---- */

static void
intake_candidate(struct noc_core *core, struct noc_rule *rule,
		 struct noc_event *ev)
{
	struct noc_candidate c = { .rule = rule, .ev = ev, .count = 1 };
	struct noc_strbuf key = NOC_STRBUF_INIT;

	noc_ledger_matched(core, rule->name);
	noc_key_make(rule->key, ev, NOC_MISSING_MARK, &key);
	c.key = key.p ? key.p : "";
	if (ev->trust == NOC_TRUST_LOW && rule->acting) {
		noc_core_decide(
		    core, ev, rule->name, rule->definition, "guarded", NULL,
		    "low trust: %.*s is not in the inventory, so nothing acts on its word",
		    (int)ev->origin.len, ev->origin.p);
		noc_ledger_outcome(core, rule->name, "guarded", false);
		noc_core_story(core, "%s left alone: low trust", rule->name);
	} else {
		noc_correlate(core, &c, NULL);
	}
	noc_strbuf_release(&key);
}

/* All rules that want it: in `few`, or in memory to be freed. */
static struct noc_rule **
intake_rules(const struct noc_ruleset *rs, const struct noc_event *ev,
	     struct noc_rule *few[INTAKE_RULES_FEW], size_t *n)
{
	struct noc_rule **all;

	*n = noc_match_event(rs, ev, few, INTAKE_RULES_FEW);
	if (!noc_match_more(rs))
		return few;
	all = noc_calloc(rs->nrules, sizeof(*all));
	*n = noc_match_event(rs, ev, all, rs->nrules);
	return all;
}

/* Rules that lacked something until this witness joined the first. */
static void
intake_again(struct noc_core *core, struct noc_event *first)
{
	struct noc_rule *few[INTAKE_RULES_FEW], **rules;
	size_t n, had = 0;

	/* Neither a fault that is over nor the cause of a symptom is news. */
	if (!noc_core_rules(core) || !noc_fold_is_open(core, first))
		return;
	rules = intake_rules(noc_core_rules(core), first, few, &n);
	for (size_t i = 0; i < n; i++)
		if (noc_fold_rule_once(core, first, rules[i]->name))
			intake_candidate(core, rules[i], first);
		else
			had++;
	if (had < n && first->journaled)
		noc_fold_persist(core, first);
	if (rules != few)
		free(rules);
}

static bool
intake_fold(struct noc_core *core, struct noc_source *source,
	    struct noc_event *ev, struct noc_receipt *receipt)
{
	const char *why = "";
	struct noc_event *first = noc_fold(core, ev, &why);
	char id[NOC_ID_TEXT];

	if (!first)
		return false;
	noc_event_ref(first); /* what it leads to may let it go */
	source->folded++;
	ev->cause = first->id;
	if (receipt)
		noc_core_write_event(core, ev, "folded");
	noc_correlate_closing(core, ev);
	noc_core_story(core, "folded into %.18s: %s%s%.*s",
		       noc_id_format(id, &first->id), why,
		       first->witnesses.len ? ", seen by: " : "",
		       (int)first->witnesses.len, first->witnesses.p);
	intake_again(core, first);
	noc_ring_add(&noc_admit_part(core)->recent, NOC_RING_KEPT, ev);
	intake_receipt(core, receipt, NOC_FATE_FOLDED, ev);
	noc_admit_line(core, ev, NOC_FATE_FOLDED);
	noc_event_unref(first);
	return true;
}

/* What a trusted canonical event closes, stops and is remembered for. */
static void
intake_canonical(struct noc_core *core, struct noc_event *ev)
{
	if (noc_seen_watched(core, ev->kind))
		noc_core_write_event(core, ev, "matched");
	noc_seen_add(core, ev);
	noc_correlate_closing(core, ev);
	noc_escalate_event(core, ev);
	noc_await_event(core, ev);
}

/* Rules that only count floods want every message, and explain none. */
static bool
intake_only_floods(struct noc_rule *const *rules, size_t n)
{
	size_t floods = 0;

	for (size_t i = 0; i < n; i++)
		floods += rules[i]->storm != NULL;
	return floods == n;
}

static enum noc_fate
intake_match(struct noc_core *core, struct noc_source *source,
	     struct noc_event **evp, bool *unknown)
{
	struct noc_ruleset *rs = noc_core_rules(core);
	struct noc_rule *few[INTAKE_RULES_FEW], **rules;
	const struct noc_pair *pairs[INTAKE_RULES_FEW];
	struct noc_event *ev = *evp;
	enum noc_fate fate = NOC_FATE_MATCHED;
	size_t n, npairs;

	if (!rs)
		return NOC_FATE_UNMATCHED;
	rules = intake_rules(rs, ev, few, &n);
	npairs =
	    rs->npairs ? noc_match_pairs(rs, ev, pairs, INTAKE_RULES_FEW) : 0;
	if (n + npairs == 0)
		return NOC_FATE_UNMATCHED;
	if (noc_admit_sheds(core, source, ev)) {
		fate = NOC_FATE_SHED;
		goto out;
	}
	*unknown = npairs == 0 && intake_only_floods(rules, n);
	if (ev->refs == 0)
		ev = *evp = noc_event_promote(ev);
	for (size_t i = 0; i < n; i++)
		if (noc_fold_rule_once(core, ev, rules[i]->name))
			intake_candidate(core, rules[i], ev);
	for (size_t i = 0; i < npairs && ev->trust != NOC_TRUST_LOW; i++)
		noc_correlate_pair(core, pairs[i], ev);
out:
	if (rules != few)
		free(rules);
	return fate;
}

void
noc_intake_decide(struct noc_core *core, struct noc_source *source,
		  struct noc_event *ev, struct noc_receipt *receipt)
{
	bool canonical = ev->kind != ev->base, parked = ev->refs > 0;
	bool trusted = ev->trust != NOC_TRUST_LOW;
	struct noc_event *kept = NULL;
	bool unknown = false;
	enum noc_fate fate;

	if (canonical)
		noc_enrich_fill(core, ev);
	if ((canonical || receipt) && ev->refs == 0)
		ev = kept = noc_event_promote(ev);
	if (!ev->inventory && ev->trust != NOC_TRUST_HIGH)
		noc_unknown_add(core, ev);
	if (canonical && trusted) {
		noc_enrich_late(core, ev);
		if (intake_fold(core, source, ev, receipt))
			goto out;
		intake_canonical(core, ev);
	}
	{
		struct noc_event *before = ev;

		fate = intake_match(core, source, &ev, &unknown);
		if (ev != before)
			kept = ev;
	}
	/* Who waits has its event kept, matched or not. */
	if (receipt && fate == NOC_FATE_UNMATCHED &&
	    noc_admit_sheds(core, source, ev))
		fate = NOC_FATE_SHED;
	switch (fate) {
	case NOC_FATE_MATCHED:
		source->matched++;
		break;
	case NOC_FATE_UNMATCHED:
		source->unmatched++;
		break;
	case NOC_FATE_SHED: /* counted where it was decided */
	case NOC_FATE_REFUSED:
	case NOC_FATE_DUPLICATE:
	case NOC_FATE_FOLDED:
	case NOC_FATE_IN_PROGRESS:
		break;
	}
	if (receipt && fate != NOC_FATE_SHED)
		noc_core_write_event(core, ev, noc_fate_name(fate));
	if (ev->journaled && canonical)
		noc_fold_persist(core, ev);
	unknown = fate == NOC_FATE_UNMATCHED ||
		  (unknown && !canonical && !ev->journaled);
	if (unknown)
		noc_unmatched_add(core, ev);
	else if (ev->refs > 0)
		noc_ring_add(&noc_admit_part(core)->recent, NOC_RING_KEPT, ev);
	intake_receipt(core, receipt, fate, ev);
	noc_admit_line(core, ev, unknown ? NOC_FATE_UNMATCHED : fate);
out:
	if (kept)
		noc_event_unref(kept);
	else if (!parked && ev->refs == 0)
		noc_event_clear(ev);
}
