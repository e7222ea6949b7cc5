/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_SKEW_H
#define NOC_ENGINE_INTAKE_SKEW_H

#include "engine/core/core.h"

/*
 * Senders whose clock is wrong: what they say is measured against when it
 * came.  clock.skew and clock.ok events come after the event that showed it.
 * Loop thread, inside an input.
 */
void noc_skew_measure(struct noc_core *core, const struct noc_event *ev);

#endif
