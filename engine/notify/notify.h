/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_NOTIFY_NOTIFY_H
#define NOC_ENGINE_NOTIFY_NOTIFY_H

#include "engine/core/core.h"

/*
 * Tell a channel (notify): counted against its limit, digested when over it,
 * retried, fallen back.  action may be a notify node or another action node
 * (mail, http.post) from an escalation.  fields: scope for templates.  Not
 * ACTIVE: marked so; in SHADOW written down, and nobody is told.
 */
void noc_notify_send(struct noc_core *core, const struct noc_value *action,
		     const struct noc_scope *scope, enum noc_mode mode,
		     const struct noc_id *run);
/* The same with a finished text, to a channel by name.  ev may be NULL. */
void noc_notify_text(struct noc_core *core, const char *channel,
		     const char *text, const struct noc_event *ev,
		     enum noc_mode mode, const struct noc_id *run);

#endif
