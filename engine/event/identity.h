/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EVENT_IDENTITY_H
#define NOC_ENGINE_EVENT_IDENTITY_H

#include "engine/inventory/inventory.h"
#include "engine/event/event.h"

/*
 * Who says it: device, address, inventory and trust, from where an event came
 * and never from what it says of itself.  inv may be NULL.  Loop thread.
 */

void noc_identify(const struct noc_inventory *inv, struct noc_event *ev);
/* A promoted event that came back from its row gets its device again. */
void noc_identify_again(const struct noc_inventory *inv, struct noc_event *ev);
/*
 * Is this address one that we were told of: of the inventory, or this host's
 * own, 127.0.0.1 or ::1?  Where room is scarce all others are strangers.
 */
bool noc_identity_is_known(const struct noc_inventory *inv,
			   struct noc_slice origin);
/*
 * Who is answerable for it, when tables are shared: the device of the
 * inventory that it is of, else where it came from.  Borrowed.
 */
struct noc_slice noc_event_sender(const struct noc_event *ev);

/* ", not authenticated" of one that anybody could have sent, else "": for
 * people who read what it did. */
const char *noc_event_unsigned(const struct noc_event *ev);

#endif
