/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_ESCALATE_H
#define NOC_ENGINE_RUN_ESCALATE_H

#include "engine/core/core.h"

/* An escalation: level after level, until somebody has it.  Loop thread,
 * inside an input. */

struct noc_escalation;
struct noc_live;
struct noc_run;

void noc_escalate_begin(struct noc_live *l, const struct noc_escalation *def,
			bool on_fail);
void noc_escalate_due(struct noc_live *l);
/* Levels are to come, or all are told. */
const char *noc_escalate_phase(const struct noc_live *l);
bool noc_escalate_stops(const struct noc_live *l, const char *signal);
void noc_escalate_stop(struct noc_live *l, const char *why);
/* One all-clear to everybody told; the escalation is over, not the run. */
void noc_escalate_clear(struct noc_live *l, const char *why);
/* An event that may be in some run's stop_on, matched by key and device. */
void noc_escalate_event(struct noc_core *core, struct noc_event *ev);

/* It has its event; it is about to be freed. */
void noc_escalate_know(struct noc_run *r);
void noc_escalate_forget(struct noc_run *r);

/* Ports of this device (NULL: of all) have names now, as in keyed.h: a run is
 * about the same thing as before, by its name. */
void noc_escalate_named(struct noc_core *core, const char *device,
			void (*fill)(struct noc_event *ev, void *arg),
			void *arg);

#endif
