/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_MEANT_H
#define NOC_ENGINE_CORRELATE_MEANT_H

#include "engine/correlate/correlate.h"

/*
 * Left alone: `unless` holds, or the thing is meant to be down until the next
 * time it is up.  Loop thread, inside an input.
 */

/* The port of this event was shut by somebody: left alone until it is up. */
void noc_correlate_meant(struct noc_core *core, const struct noc_rule *rule,
			 const char *key, struct noc_event *ev);

#endif
