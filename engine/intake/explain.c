/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/intake/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/event/value.h"
#include "engine/rule/match.h"
#include "engine/policy/override.h"

/* Why a rule did or did not want an event: re-run with tracing, never on the
 * hot path. */

struct explain {
	struct noc_core *core;
	const struct noc_event *ev;
	struct noc_value *list;
};

/* The remedy that is nearly always right, from what the predicate missed. */
static char *
explain_fix(const struct explain *x, const char *why)
{
	static const char *const from_inventory[] = {
		"role", "site", "vendor", "tags", "far.device", "far.ifname",
	};
	const struct noc_inventory *inv = noc_core_inv(x->core);
	size_t n = strcspn(why, ":");

	for (size_t i = 0; i < sizeof(from_inventory) / sizeof(char *); i++) {
		if (strlen(from_inventory[i]) != n ||
		    strncmp(why, from_inventory[i], n))
			continue;
		if (!x->ev->inventory)
			return noc_asprintf(
			    "add %.*s to %s", (int)x->ev->device.len,
			    x->ev->device.p,
			    inv && inv->origin ? inv->origin : "inventory.csv");
		return noc_asprintf(
		    "give %.*s the right %.*s in %s", (int)x->ev->device.len,
		    x->ev->device.p, (int)n, why,
		    inv && inv->origin ? inv->origin : "inventory.csv");
	}
	return NULL;
}

/* What may count an event without a decision of its own. */
static const char *
explain_counts(const struct noc_rule *rule)
{
	if (rule->threshold)
		return rule->storm ? "threshold or storm" : "threshold";
	if (rule->throttle != NOC_THROTTLE_NONE)
		return rule->storm ? "throttle or storm" : "throttle";
	return rule->storm ? "storm" : NULL;
}

static void
on_explain(const struct noc_rule *rule, bool matched, const char *why,
	   void *arg)
{
	struct explain *x = arg;
	struct noc_value *row = noc_value_map();
	char *fix = matched ? NULL : explain_fix(x, why);

	noc_value_set(row, "rule", noc_value_str(rule->name));
	noc_value_set(row, "matched", noc_value_bool(matched));
	noc_value_set(row, "why", noc_value_str(why));
	noc_value_set(row, "at",
		      noc_value_strf("%s:%d", rule->file, rule->line));
	noc_value_set(row, "mode", noc_value_str(noc_mode_name(rule->mode)));
	if (rule->paused)
		noc_value_set(row, "paused", noc_value_bool(true));
	if (matched && explain_counts(rule))
		noc_value_set(row, "counts",
			      noc_value_str(explain_counts(rule)));
	if (fix)
		noc_value_set(row, "fix", noc_value_str(fix));
	free(fix);
	noc_value_push(x->list, row);
}

/* What people switched off that applies to it now. */
static void
explain_mutes(struct noc_core *core, const struct noc_event *ev,
	      struct noc_value *answer)
{
	const char *silence = noc_override_silenced(core, ev);
	const char *freeze = noc_override_frozen(core, ev, NULL);

	if (silence)
		noc_value_set(answer, "silence", noc_value_str(silence));
	if (freeze)
		noc_value_set(answer, "freeze", noc_value_str(freeze));
	if (noc_override_killed(core))
		noc_value_set(answer, "killed", noc_value_bool(true));
}

struct noc_value *
noc_explain(struct noc_core *core, const struct noc_event *ev)
{
	struct noc_value *answer = noc_value_map();
	struct explain x = { core, ev, noc_value_list() };

	if (noc_core_rules(core))
		noc_match_explain(noc_core_rules(core), ev, on_explain, &x);
	noc_value_set(answer, "event", noc_event_value(ev));
	noc_value_set(answer, "rules", x.list);
	explain_mutes(core, ev, answer);
	return answer;
}
