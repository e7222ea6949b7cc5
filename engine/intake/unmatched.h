/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_UNMATCHED_H
#define NOC_ENGINE_INTAKE_UNMATCHED_H

#include "engine/core/core.h"

/*
 * Events that nothing matched, and those of late that the journal does not
 * have: two rings in memory, to be asked about.  Loop thread.
 */
void noc_unmatched_add(struct noc_core *core, struct noc_event *ev);
/* By the beginning of its id; *several when it fits more.  Borrowed. */
struct noc_event *noc_unmatched_find(struct noc_core *core,
				     const char *id_prefix, bool *several);
/* "Interface * changed state to *" with counts, the most first; returned. */
struct noc_value *noc_unmatched_shapes(struct noc_core *core, size_t limit);
/* Events in memory that the journal does not have, newest first, with their
 * fate: {limit, before_ns?, before_id?, kind?, device?, fate?, origin?, q?}:
 * those of before_ns that came after before_id, and older ones. */
struct noc_value *noc_unmatched_recent(struct noc_core *core,
				       const struct noc_value *params);

#endif
