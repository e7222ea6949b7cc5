/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_RULE_CLOCK_H
#define NOC_ENGINE_MEMORY_RULE_CLOCK_H

#include "engine/core/core.h"

/*
 * When an event happened, as a rule sees it: on arrival, or with time =
 * "event" by its sender's clock.  Loop thread, inside an input.
 */

/*
 * When an event counts for a rule, steady: now, or with time = "event" what its
 * sender says.  A time to come, or of more than a day ago, is taken
 * for a wrong clock: then its arrival.
 */
int64_t noc_rule_clock(const struct noc_core *core, const struct noc_rule *rule,
		       const struct noc_event *ev);
/* By the clock of the rule `ev` was before `than` and only comes late. */
bool noc_rule_clock_before(const struct noc_rule *rule,
			   const struct noc_event *ev,
			   const struct noc_event *than);

#endif
