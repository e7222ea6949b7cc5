/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_DEDUP_H
#define NOC_ENGINE_MEMORY_DEDUP_H

#include "engine/core/core.h"

/* Durable "was this key here within ms".  True: yes. */
bool noc_dedup_seen(struct noc_core *core, const char *space,
		    struct noc_slice key, int64_t within_ms);

#endif
