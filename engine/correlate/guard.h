/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_GUARD_H
#define NOC_ENGINE_CORRELATE_GUARD_H

#include "engine/correlate/correlate.h"

/* Guards, in order: depth, per_key, mass, targets.  NULL: go on; else why. */
const char *noc_guard_check(struct noc_core *core, struct noc_candidate *c);

/* engine/correlate/guard.c */
bool noc_guard_mass(struct noc_core *core, struct noc_candidate *c,
		    const char **why);
void noc_guard_fired(struct noc_core *core, struct noc_candidate *c);

#endif
