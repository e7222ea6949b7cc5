/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_HOLD_H
#define NOC_ENGINE_CORRELATE_HOLD_H

#include "engine/correlate/correlate.h"

/* A closing event reaches each form that has something open for it. */
void noc_hold_closing(struct noc_core *core, const struct noc_rule *rule,
		      struct noc_event *ev, const char *key);
void noc_hold_settled(struct noc_core *core, const struct noc_rule *rule,
		      struct noc_event *ev, const char *key);
/* mass guard: everything of this rule held at `by` ends as guarded. */
void noc_hold_guard(struct noc_core *core, const struct noc_rule *rule,
		    const char *by, const char *value, const char *why);

#endif
