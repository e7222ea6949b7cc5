/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_UNKNOWN_H
#define NOC_ENGINE_INTAKE_UNKNOWN_H

#include "engine/core/core.h"

/*
 * Senders that are not in the inventory: counted by origin, told once each.
 * Loop thread.
 */
void noc_unknown_add(struct noc_core *core, const struct noc_event *ev);
/* [{origin, count, kind, first, last}]; returned. */
struct noc_value *noc_unknown_list(struct noc_core *core);

#endif
