/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_POLICY_LEDGER_H
#define NOC_ENGINE_POLICY_LEDGER_H

#include "engine/core/core.h"

/*
 * Accounting that always balances.  Per source: received = shed + refused +
 * duplicate + folded + matched + unmatched + in_progress.  Per rule: matched =
 * fired + held_now + cancelled + damped + guarded + silenced + observed +
 * counted + errored.  Loop thread.
 */
struct noc_rule_count {
	uint64_t matched, fired, held_now, cancelled, damped, guarded;
	uint64_t silenced, observed, counted, errored;
};

/* One event matched the rule; its outcome follows, now or later. */
void noc_ledger_matched(struct noc_core *core, const char *rule);
/*
 * Where it went: "fired" "held" "cancelled" "damped" "guarded" "silenced"
 * "observed" "counted" "errored".  "held" only raises held_now; any other
 * outcome with was_held lowers it again.
 */
void noc_ledger_outcome(struct noc_core *core, const char *rule,
			const char *outcome, bool was_held);
const struct noc_rule_count *noc_ledger_rule(const struct noc_core *core,
					     const char *rule);
/* Name -> {why, actor}; survives restart and reload. */
struct noc_table *noc_ledger_paused(const struct noc_core *core);
/* "" when everything balances, else the first line that does not. */
void noc_ledger_check(struct noc_core *core, char *buf, size_t size);

#endif
