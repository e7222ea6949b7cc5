/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_SETTLING_H
#define NOC_ENGINE_CORRELATE_SETTLING_H

#include "engine/correlate/correlate.h"

/*
 * An event that our own run may have caused waits until the device has
 * settled.  Loop thread, inside an input.
 */

/* The device settles after a run, which is the event's cause then. */
bool noc_correlate_settles(struct noc_core *core, struct noc_candidate *c,
			   int64_t *due_boot_ns);

#endif
