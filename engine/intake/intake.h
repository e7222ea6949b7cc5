/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_INTAKE_H
#define NOC_ENGINE_INTAKE_INTAKE_H

#include "engine/core/core.h"

/*
 * One event from the door to the rules: identity, normalise, enrich, dedup,
 * fold, match, correlate, fate.  noc_sensor_emit calls the first half;
 * what waited for enrichment comes back through noc_intake_settle, which is
 * called within an input.
 */
void noc_intake_settle(struct noc_core *core, struct noc_source *source,
		       struct noc_event *ev, struct noc_receipt *receipt);

/* private to the admit part, shared by its files */
struct noc_admit;

#endif
