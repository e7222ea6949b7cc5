/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_HOLD_H
#define NOC_ENGINE_CORRELATE_HOLD_H

#include "engine/correlate/correlate.h"

/* `hold`: wait, and do nothing if it is over by then.  Loop thread. */

/* A closing event.  key NULL: all of the event's device. */
void noc_hold_closing(struct noc_core *core, const struct noc_rule *rule,
		      struct noc_event *ev, const char *key);
/* It is up: what waited for a run to settle is over as well. */
void noc_hold_recovered(struct noc_core *core, const struct noc_rule *rule,
			struct noc_event *ev, const char *key);
/* The mass guard: everything of this rule held at `by` ends as guarded. */
void noc_hold_guard(struct noc_core *core, const struct noc_rule *rule,
		    const char *by, const char *value, const char *why);

#endif
