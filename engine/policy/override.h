/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_POLICY_OVERRIDE_H
#define NOC_ENGINE_POLICY_OVERRIDE_H

#include "engine/core/core.h"

/*
 * What people said no to, whatever the rules say: silences mute notices,
 * freezes stop mutating steps, the kill switch stops every step that changes
 * something.  Loop thread, inside an input.
 */

/* The id of the silence or freeze that applies, or NULL.  ev may be NULL when
 * a target is named. */
const char *noc_override_silenced(struct noc_core *core,
				  const struct noc_event *ev);
const char *noc_override_frozen(struct noc_core *core,
				const struct noc_event *ev, const char *target);
/* The actor of the file STATE/kill: it puts the switch on, and lifts what it
 * has put on itself. */
#define NOC_KILL_FILE "kill file"
bool noc_override_killed(const struct noc_core *core);

#endif
