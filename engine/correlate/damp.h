/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_DAMP_H
#define NOC_ENGINE_CORRELATE_DAMP_H

#include "engine/correlate/correlate.h"

/* `damp`: a thing that flaps is told once and left alone.  Loop thread. */

/* The thing is up again: what is damped ends by its penalty alone. */
void noc_damp_closing(struct noc_core *core, const struct noc_rule *rule,
		      struct noc_event *ev, const char *key);

#endif
