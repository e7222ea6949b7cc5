/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_PAIR_H
#define NOC_ENGINE_CORRELATE_PAIR_H

#include "engine/core/core.h"

/*
 * `pair`: what opens must close within its time; both ends are told.  A pair
 * is no rule: it stands beside them.  Loop thread, inside an input.
 */
void noc_correlate_pair(struct noc_core *core, const struct noc_pair *pair,
			struct noc_event *ev);

#endif
