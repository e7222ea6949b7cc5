/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_UNLESS_H
#define NOC_ENGINE_MEMORY_UNLESS_H

#include "engine/core/core.h"

/* `unless seen{…}`: what else was said that a rule leaves it alone for. */

/* unless seen{…}: text of the one that holds ("seen(config.change 3s ago)"),
 * returned, and which it was, borrowed; or NULL.  Also asked right before each
 * mutating step. */
char *noc_unless_holds(struct noc_core *core, const struct noc_rule *rule,
		       const struct noc_scope *scope,
		       const struct noc_event **by);

#endif
