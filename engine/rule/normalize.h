/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_NORMALIZE_H
#define NOC_ENGINE_RULE_NORMALIZE_H

#include "engine/event/event.h"
#include "engine/rule/ruleset.h"

/*
 * Normalise in place: the first matching emit in file order (lib first) sets
 * ev->kind, data, severity, summary.  Returns it, or NULL (kind unchanged).
 */
const struct noc_emit *noc_match_normalize(const struct noc_ruleset *rs,
					   struct noc_event *ev);
/* The same for one hook and one (split) body. */
int noc_match_hook(const struct noc_ruleset *rs, const struct noc_hook *hook,
		   struct noc_event *ev, const struct noc_value *body,
		   struct noc_err *err);

#endif
