/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/policy/pause.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/record.h"
#include "engine/policy/ledger.h"

/*
 * Verbs about rules: rules.list, rules.pause, rules.resume.  A paused rule
 * still matches; what it matched is silenced, so that its ledger tells what
 * it would have had to do.  Live rows of kind "pause".
 */

void
noc_rule_pause_apply(struct noc_core *core, void *part)
{
	struct noc_ruleset *rs = noc_core_rules(core);

	(void)part;
	for (size_t i = 0; rs && i < rs->nrules; i++)
		rs->rules[i].paused = noc_table_get(noc_ledger_paused(core),
						    rs->rules[i].name) != NULL;
}

/* Paused it was, whoever said so and why. */
void
noc_rule_pause_unreadable(struct noc_core *core, void *part, const char *kind,
			  const char *key)
{
	noc_rule_pause_load(core, part, kind, key, 0, NULL);
}

bool
noc_rule_pause_load(struct noc_core *core, void *part, const char *kind,
		    const char *key, int64_t due_ns,
		    const struct noc_value *data)
{
	(void)part;
	(void)due_ns;
	if (strcmp(kind, "pause"))
		return false;
	noc_value_free(
	    noc_table_put(noc_ledger_paused(core), key,
			  data ? noc_value_copy(data) : noc_value_map()));
	return true;
}

void
noc_rule_pause_store(struct noc_core *core, void *part)
{
	const char *name;
	void *row;

	(void)part;
	for (size_t it = 0;
	     noc_table_next(noc_ledger_paused(core), &it, &name, &row);)
		noc_txn_live_put(noc_core_txn(core), "pause", name, 0, row);
}

static struct noc_value *
rule_row(struct noc_core *core, const struct noc_rule *r)
{
	const struct noc_rule_count *c = noc_ledger_rule(core, r->name);
	const struct noc_value *pause =
	    noc_table_get(noc_ledger_paused(core), r->name);
	struct noc_value *row = noc_value_map(), *on = noc_value_list();
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {
		{ "matched", c->matched },     { "fired", c->fired },
		{ "would", c->observed },      { "held", c->held_now },
		{ "cancelled", c->cancelled }, { "damped", c->damped },
		{ "guarded", c->guarded },     { "silenced", c->silenced },
		{ "counted", c->counted },     { "errored", c->errored },
	};

	noc_value_set(row, "rule", noc_value_str(r->name));
	noc_value_set(row, "mode",
		      noc_value_str(r->acting || r->mode == NOC_SHADOW
					? noc_mode_name(r->mode)
					: "notify"));
	noc_value_set(row, "paused", noc_value_bool(r->paused));
	if (pause) {
		noc_value_set(
		    row, "paused_by",
		    noc_value_str(noc_value_get_str(pause, "actor", "")));
		noc_value_set(
		    row, "why",
		    noc_value_str(noc_value_get_str(pause, "why", "")));
	}
	for (size_t i = 0; i < NOC_COUNT(counts); i++)
		noc_value_set(row, counts[i].name,
			      noc_value_int((int64_t)counts[i].n));
	for (size_t i = 0; i < r->on.len; i++)
		noc_value_push(on, noc_value_str(r->on.at[i]));
	noc_value_set(row, "on", on);
	noc_value_set(row, "at", noc_value_strf("%s:%d", r->file, r->line));
	return row;
}

static int
rules_pause(struct noc_core *core, const struct noc_value *command, bool on,
	    struct noc_value **answer, struct noc_err *err)
{
	const char *name = noc_value_get_str(command, "rule", "");
	const char *why = noc_value_get_str(command, "why", "");
	struct noc_table *paused = noc_ledger_paused(core);
	struct noc_ruleset *rs = noc_core_rules(core);
	struct noc_rule *r = rs ? noc_ruleset_rule(rs, name) : NULL;
	struct noc_value *row;

	if (!r && (on || !noc_table_get(paused, name)))
		return noc_err_set(err, NOC_ENOTFOUND,
				   "There is no rule '%.100s'; see `nocturne "
				   "rules`.",
				   name);
	if (on) {
		row = noc_value_map();
		noc_value_set(row, "why", noc_value_str(why));
		noc_value_set(row, "actor",
			      noc_value_str(noc_value_get_str(command, "actor",
							      "unknown")));
		noc_txn_live_put(noc_core_txn(core), "pause", name, 0, row);
		noc_value_free(noc_table_put(paused, name, row));
	} else {
		noc_txn_live_del(noc_core_txn(core), "pause", name);
		noc_value_free(noc_table_del(paused, name));
	}
	if (r)
		r->paused = on;
	noc_core_say(core, "rule %s %s%s%s", name, on ? "paused" : "resumed",
		     *why ? ": " : "", why);
	*answer = r ? rule_row(core, r) : noc_value_map();
	return 0;
}

static int
on_rules_list(struct noc_core *core, void *part,
	      const struct noc_value *command, struct noc_value **answer,
	      struct noc_err *err)
{
	const struct noc_ruleset *rs = noc_core_rules(core);

	(void)part;
	(void)command;
	(void)err;
	*answer = noc_value_list();
	for (size_t i = 0; rs && i < rs->nrules; i++)
		noc_value_push(*answer, rule_row(core, &rs->rules[i]));
	return 0;
}

static int
on_rules_pause(struct noc_core *core, void *part,
	       const struct noc_value *command, struct noc_value **answer,
	       struct noc_err *err)
{
	(void)part;
	return rules_pause(core, command, true, answer, err);
}

static int
on_rules_resume(struct noc_core *core, void *part,
		const struct noc_value *command, struct noc_value **answer,
		struct noc_err *err)
{
	(void)part;
	return rules_pause(core, command, false, answer, err);
}

const struct noc_part_answer noc_rule_pause_answers[] = {
	{ "rules.list", on_rules_list },
	{ "rules.pause", on_rules_pause },
	{ "rules.resume", on_rules_resume },
	{ 0 },
};
