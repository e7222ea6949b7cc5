/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EVENT_VALUE_H
#define NOC_ENGINE_EVENT_VALUE_H

#include "base/strbuf.h"
#include "engine/event/event.h"

/*
 * An event as data: for the journal, the API and rules, and back.  Loop
 * thread.
 */

/* Canonical JSON view (CloudEvents-like names as doc/rules says), and back. */
struct noc_value *noc_event_value(const struct noc_event *ev);
/* The same as text, without the raw bytes and with two words said of it
 * instead (NULL: not said): the detail of its record. */
void noc_event_json(const struct noc_event *ev, const char *fate,
		    const char *raw, struct noc_strbuf *sb);
struct noc_event *noc_event_from_value(const struct noc_value *v);

#endif
