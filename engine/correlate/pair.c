/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/expr/key.h"
#include "engine/expr/template.h"
#include "engine/rule/ruleset.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/run/run.h"
#include "engine/correlate/keyed.h"
#include "engine/correlate/pair.h"

/*
 * pair: an opening event must be followed by its closing one `within` so
 * long.  In time: `matched`; not: `missing`.  A repeated opening does not
 * extend the wait (SEC's PairWithWindow).
 */

static const struct noc_pair *
pair_find(const struct noc_core *core, const char *name)
{
	const struct noc_ruleset *rs = noc_core_rules(core);

	for (size_t i = 0; rs && i < rs->npairs; i++)
		if (!strcmp(rs->pairs[i].name, name))
			return &rs->pairs[i];
	return NULL;
}

static void
pair_run(struct noc_core *core, const struct noc_pair *pair,
	 struct noc_plan *plan, struct noc_event *ev, const char *key,
	 int64_t elapsed_ms, bool late)
{
	struct noc_value *extra = noc_value_map();
	char text[32];
	struct noc_run_cause cause = {
		.plan = plan,
		.rule_name = pair->name,
		.definition = pair->definition,
		.ev = ev,
		.key = key,
		.mode = pair->acting || pair->mode == NOC_SHADOW ? pair->mode
								 : NOC_ACTIVE,
		.extra = extra,
		.actor = "pair",
		.late = late,
	};
	struct noc_id run;
	struct noc_err err = { 0 };

	noc_value_set(
	    extra, "elapsed",
	    noc_value_str(noc_duration_format(text, elapsed_ms / 1000 * 1000)));
	if (noc_run_start(core, &cause, &run, &err) < 0)
		noc_core_decide(core, ev, pair->name, pair->definition,
				noc_run_refusal(&err), NULL, "%s", err.msg);
	else
		noc_core_decide(core, ev, pair->name, pair->definition, "fired",
				&run, "%s after %s%s",
				plan == pair->missing_plan ? "missing"
							   : "matched",
				text, late ? " (late)" : "");
	noc_value_free(extra);
}

static void
pair_end(struct noc_core *core, struct noc_keyed *k,
	 const struct noc_pair *pair, struct noc_event *closing)
{
	int64_t elapsed = (noc_steady_now(core) - k->since_ns) / NOC_NS_PER_MS;
	struct noc_plan *plan =
	    closing ? pair->matched_plan : pair->missing_plan;
	struct noc_event *ev =
	    closing ? noc_event_ref(closing) : noc_event_ref(k->ev);
	char *key = noc_strdup(k->key);
	bool late = k->late;

	noc_keyed_drop(core, k);
	if (plan && ev)
		pair_run(core, pair, plan, ev, key, elapsed, late);
	else if (ev)
		noc_core_decide(core, ev, pair->name, pair->definition,
				closing ? "cancelled" : "counted", NULL, "%s%s",
				closing ? "closed in time" : "not closed",
				late ? " (late)" : "");
	noc_event_unref(ev);
	free(key);
}

static void
pair_open(struct noc_core *core, const struct noc_pair *pair,
	  struct noc_event *ev, const char *key)
{
	struct noc_rule as_rule = { .name = pair->name };
	struct noc_keyed *k =
	    noc_keyed_get(core, &noc_form_pair, pair->name, key);
	char text[32];

	if (k) {
		k->count++;
		noc_keyed_heard(core, k, ev);
		return;
	}
	ev = noc_core_write_event(core, ev, "matched");
	memcpy(as_rule.keys_hash, pair->keys_hash, 32);
	k = noc_keyed_add(core, &noc_form_pair, &as_rule, key, ev, true);
	if (!k) {
		noc_core_decide(core, ev, pair->name, pair->definition,
				"errored", NULL, "too many open states");
		return;
	}
	noc_due_arm(
	    core, &k->due,
	    noc_core_time(core).boot_ns + pair->within_ms * NOC_NS_PER_MS);
	noc_keyed_store(core, k);
	noc_core_decide(core, ev, pair->name, pair->definition, "held", NULL,
			"waits %s for %s",
			noc_duration_format(text, pair->within_ms),
			pair->close.len ? pair->close.at[0] : "?");
	noc_core_story(core, "%s waits %s for %s", pair->name, text,
		       pair->close.len ? pair->close.at[0] : "?");
}

void
noc_correlate_pair(struct noc_core *core, const struct noc_pair *pair,
		   struct noc_event *ev)
{
	struct noc_strbuf key = NOC_STRBUF_INIT;
	struct noc_keyed *k;

	noc_key_make(pair->key, ev, NOC_MISSING_MARK, &key);
	if (noc_strings_have(&pair->close, ev->kind)) {
		k = noc_keyed_get(core, &noc_form_pair, pair->name,
				  key.p ? key.p : "");
		if (k && !(k->ev &&
			   ev->received_boot_ns < k->ev->received_boot_ns)) {
			ev = noc_core_write_event(core, ev, "matched");
			pair_end(core, k, pair, ev);
		}
	} else {
		pair_open(core, pair, ev, key.p ? key.p : "");
	}
	noc_strbuf_release(&key);
}

static void
on_pair_due(struct noc_core *core, struct noc_keyed *k)
{
	const struct noc_pair *pair = pair_find(core, k->rule);

	if (pair)
		pair_end(core, k, pair, NULL);
	else
		noc_keyed_drop(core, k);
}

const struct noc_form noc_form_pair = {
	.name = "pair",
	.on_due = on_pair_due,
	.pair = true,
};
