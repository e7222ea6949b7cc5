/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_KEY_H
#define NOC_ENGINE_EXPR_KEY_H

#include "base/strbuf.h"
#include "engine/expr/template.h"

/*
 * Keys: the text that tells one object from another, made of an event by a
 * rule's `key`.  What a sender puts into it is escaped, so that a key is a C
 * string, one line and UTF-8 whatever came; a port has one name in it, whether
 * it was told as Gi1/0/1 or as GigabitEthernet1/0/1.  Pure.
 */

/*
 * Appends it; t NULL: the event's device.  False: something that it names is
 * missing (with NOC_MISSING_FAIL), and out has nothing of use.
 */
bool noc_key_make(const struct noc_template *t, const struct noc_event *ev,
		  enum noc_missing missing, struct noc_strbuf *out);
/* Of one port, whether or not its name is known; else of all the device. */
bool noc_key_names_port(const struct noc_event *ev);

#endif
