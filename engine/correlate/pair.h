/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_PAIR_H
#define NOC_ENGINE_CORRELATE_PAIR_H

#include "engine/core/core.h"

void noc_correlate_pair(struct noc_core *core, const struct noc_pair *pair,
			struct noc_event *ev);

#endif
