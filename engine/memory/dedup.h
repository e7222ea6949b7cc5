/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_DEDUP_H
#define NOC_ENGINE_MEMORY_DEDUP_H

#include "engine/core/core.h"

/*
 * Keys that were here: delivery ids of hooks, `dedup` of rules.  Durable, the
 * latest 100,000.  Loop thread, inside an input.
 */

/* Was this key of this space here within ms?  Remembers it when not. */
bool noc_dedup_repeats(struct noc_core *core, const char *space,
		       struct noc_slice key, int64_t within_ms);

#endif
