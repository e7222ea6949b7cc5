/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_NORMALIZE_H
#define NOC_ENGINE_RULE_NORMALIZE_H

#include "engine/event/event.h"
#include "engine/rule/ruleset.h"

/*
 * Vendors' words into canonical events: by the `normalize` and `hook` forms of
 * the rule set.  Reads the rule set only; loop thread.
 */

/*
 * In place: the first that fits, in file order (lib first), sets ev->kind,
 * data, severity, summary.  Returns it, or NULL (kind unchanged).
 */
const struct noc_normalizer *noc_normalize(const struct noc_ruleset *rs,
					   struct noc_event *ev);
/* The same for one hook and one (split) body. */
int noc_normalize_hook(const struct noc_ruleset *rs,
		       const struct noc_hook *hook, struct noc_event *ev,
		       const struct noc_value *body, struct noc_err *err);

#endif
