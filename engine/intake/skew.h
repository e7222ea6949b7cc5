/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_SKEW_H
#define NOC_ENGINE_INTAKE_SKEW_H

#include "engine/core/core.h"

/* The sender said when: is its clock right?  Within an
 * input; clock.skew and clock.ok events come after it. */
void noc_skew_measure(struct noc_core *core, const struct noc_event *ev);

#endif
