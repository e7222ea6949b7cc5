/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_FOLD_H
#define NOC_ENGINE_MEMORY_FOLD_H

#include "engine/core/core.h"

/*
 * Two witnesses of one fault (a trap and a syslog line) are one event.  The
 * first goes on at once; later ones within 30 s join it.  Loop thread, inside
 * an input.
 */

/*
 * Does this event tell what an earlier one told?  Returns the first witness (it
 * now says "seen by: ..." and has the data of both), or NULL and remembers this
 * one as the first.
 */
struct noc_event *noc_fold(struct noc_core *core, struct noc_event *ev,
			   const char **why);
/* This rule has had the first witness; true the first time only. */
bool noc_fold_rule_once(struct noc_core *core, const struct noc_event *first,
			const char *rule);
/* A run has verified that it is over, whether or not anybody said so. */
void noc_fold_recovered(struct noc_core *core, const struct noc_event *first);
/* A run had no cause for it, and nobody had signed it: whoever tells of it from
 * now on is the first. */
void noc_fold_refuted(struct noc_core *core, const struct noc_event *first);
/* A fault that may still get witnesses and has not recovered. */
bool noc_fold_is_open(struct noc_core *core, const struct noc_event *first);
/* The first witness is journaled: so must its entry be (one live row). */
void noc_fold_persist(struct noc_core *core, const struct noc_event *first);
/*
 * Ports of this device have names now: fill says it to an event, and the fault
 * is known by it.
 */
void noc_fold_named(struct noc_core *core, const char *device,
		    void (*fill)(struct noc_event *ev, void *arg), void *arg);
/* A recovery that had not named its port when it came. */
void noc_fold_closing(struct noc_core *core, const struct noc_event *ev);

#endif
