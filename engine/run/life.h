/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_LIFE_H
#define NOC_ENGINE_RUN_LIFE_H

#include "engine/run/run_private.h"

/*
 * What runs tell of their own life, as events that rules may match and flows
 * may wait for: run.started, run.ended, gate.opened, gate.decided
 * (engine/event/kinds.c).  There is none when nobody has a rule for it or
 * waits for it; the causal depth ends what leads back to itself
 * (engine/correlate/guard.c).  Loop thread, inside an input.
 */
void noc_life_started(struct noc_run *r);
void noc_life_ended(struct noc_run *r);
/* decision NULL: it is open; else what it has come to, and by whom. */
void noc_life_gate(struct noc_run *r, const char *path, const char *decision,
		   const char *by);

#endif
