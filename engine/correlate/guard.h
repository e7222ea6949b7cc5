/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_GUARD_H
#define NOC_ENGINE_CORRELATE_GUARD_H

#include "engine/correlate/correlate.h"

/*
 * Guards: how much may one rule do?  Each refusal is a DECISION and one notice
 * a window.  Loop thread, inside an input.
 */

/* Counts a candidate; true, and *why: too many at once, none of them acts. */
bool noc_guard_mass(struct noc_core *core, struct noc_candidate *c,
		    const char **why);
/* It has started: counts against per_key, rate and targets.  What nobody
 * signed counts against the latter two when its run changes something. */
void noc_guard_fired(struct noc_core *core, struct noc_candidate *c);

#endif
