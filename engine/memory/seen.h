/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_SEEN_H
#define NOC_ENGINE_MEMORY_SEEN_H

#include "engine/core/core.h"

/*
 * What was seen lately: canonical events of the last hour, by kind and device,
 * for `unless seen{...}`.  Loop thread, inside an input.
 */
void noc_seen_add(struct noc_core *core, struct noc_event *ev);
/* The latest that `accept` takes (NULL: any), that came since then
 * (steady); NULL: none.  Borrowed for this input. */
struct noc_event *
noc_seen_last(struct noc_core *core, const char *kind, struct noc_slice device,
	      int64_t since_ns,
	      bool (*accept)(const struct noc_event *ev, void *arg), void *arg);
/*
 * May there have been more of this kind since then than noc_seen_last knows?
 * Then nobody can tell, and who asks before acting does not act.
 */
bool noc_seen_forgot(struct noc_core *core, const char *kind,
		     struct noc_slice device, int64_t since_ns);
/* Some rule's `unless` asks for this kind: it must be journaled. */
bool noc_seen_watched(const struct noc_core *core, const char *kind);

#endif
