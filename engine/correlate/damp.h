/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_DAMP_H
#define NOC_ENGINE_CORRELATE_DAMP_H

#include "engine/correlate/correlate.h"

void noc_damp_closing(struct noc_core *core, const struct noc_rule *rule,
		      struct noc_event *ev, const char *key);

#endif
