/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_RECORD_H
#define NOC_ENGINE_CORE_RECORD_H

#include "engine/core/core.h"

/*
 * What one input writes down and says aloud.  Inside an input; loop thread.
 */

/*
 * The line of the event being handled: fragments of what rules made of it
 * ("heal-link-down holds 15s"); intake prints "kind device ... -> fragments".
 * noc_core_story_take: returned, NULL when nothing was said.
 */
void noc_core_story(struct noc_core *core, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
char *noc_core_story_take(struct noc_core *core);
/* A line of its own to host->line, with the time in front. */
void noc_core_say(struct noc_core *core, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Write the EVENT record and row once (the first time something refers to
 * it).  ev must be promoted; returns it.
 */
struct noc_event *noc_core_write_event(struct noc_core *core,
				       struct noc_event *ev, const char *fate);
/* Its row says itself what it says: its record does not, or not any more. */
void noc_core_write_row(struct noc_core *core, const struct noc_event *ev);
/* DECISION record, row and per-rule counter.  outcome as in store/txn.h. */
void noc_core_decide(struct noc_core *core, struct noc_event *ev,
		     const char *rule, const uint8_t definition[32],
		     const char *outcome, const struct noc_id *run,
		     const char *fmt, ...)
    __attribute__((format(printf, 7, 8)));
/* The ADMIN record of a command that was carried out. */
void noc_core_admin(struct noc_core *core, const struct noc_value *command);

#endif
