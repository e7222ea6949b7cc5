/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_INTAKE_H
#define NOC_ENGINE_INTAKE_INTAKE_H

#include "engine/core/core.h"

/*
 * One event from the door to the rules: identity, normalise, enrich, dedup,
 * fold, match, correlate, fate.  noc_sensor_emit (engine/edge/sensor.h) is its
 * first half.  Loop thread.
 */

/* The second half, within an input: also for what waited for enrichment. */
void noc_intake_decide(struct noc_core *core, struct noc_source *source,
		       struct noc_event *ev, struct noc_receipt *receipt);

#endif
