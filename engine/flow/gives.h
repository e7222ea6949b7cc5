/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_GIVES_H
#define NOC_ENGINE_FLOW_GIVES_H

#include "engine/flow/plan.h"

/*
 * What a step gives, by name: steps.NAME.FIELD.  Pure.
 *
 * NULL: it gives such a field, or what it gives cannot be known.  Else what it
 * is instead ("nothing that an each gives"), static; *meant: what was meant,
 * borrowed, or NULL.
 */
const char *noc_step_gives(const struct noc_step_def *s, const char *field,
			   const char **meant);

#endif
