/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_DEDUP_H
#define NOC_ENGINE_MEMORY_DEDUP_H

#include "engine/core/core.h"

/*
 * Keys that were here: `dedup` of hooks, ids of CloudEvents.  Durable, of each
 * hook the latest 100,000.  Loop thread, inside an input.
 */

/* Was this key of this space here within ms?  Remembers it when not. */
bool noc_dedup_repeats(struct noc_core *core, const char *space,
		       struct noc_slice key, int64_t within_ms);
/* Only asked.  Of versions before replay.h and inform.h there are rows of
 * delivery ids and INFORMs here. */
bool noc_dedup_was(struct noc_core *core, const char *space,
		   struct noc_slice key);

#endif
