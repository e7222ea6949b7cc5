/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_ENRICH_H
#define NOC_ENGINE_INTAKE_ENRICH_H

#include "engine/core/core.h"

/*
 * Names that an event lacks: the ifName of its ifIndex, from a table that is
 * walked and cached by device; its cable and its far end from the inventory.
 * Loop thread, inside an input.
 */

/* True: the event lacks its ifName, was promoted, and waits: it comes back by
 * noc_intake_decide, after 800 ms at the latest. */
bool noc_enrich_park(struct noc_core *core, struct noc_source *source,
		     struct noc_event *ev, struct noc_receipt *receipt);
/* What is known without asking: iftype, parent, far, link. */
void noc_enrich_fill(struct noc_core *core, struct noc_event *ev);
/* The cached ifIndex of a name on a device, 0 when unknown. */
int64_t noc_enrich_ifindex(struct noc_core *core, const char *device,
			   struct noc_slice ifname);

/*
 * A trusted canonical event goes on though its port is known by number only,
 * or by a name that the table does not have: what it closes is looked at
 * again when the device has answered.
 */
void noc_enrich_late(struct noc_core *core, struct noc_event *ev);

#endif
