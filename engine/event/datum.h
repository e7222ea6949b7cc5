/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EVENT_DATUM_H
#define NOC_ENGINE_EVENT_DATUM_H

#include "base/strbuf.h"
#include "engine/event/event.h"
#include "engine/event/field.h"

/* One value of an event, read by a resolved name.  Loop thread. */

/* A borrowed view of one value. */
struct noc_datum {
	enum noc_type type; /* NOC_NIL: absent (unknown) */
	bool b;
	int64_t i;
	double d;
	struct noc_slice s;
	const struct noc_value *v; /* LIST, MAP */
};

const char *noc_trust_name(enum noc_trust trust);
/* A member by its whole name, else by the dotted path.  Borrowed or NULL. */
const struct noc_value *noc_value_find(const struct noc_value *v,
				       const char *name);
/*
 * The same as a datum, and of "ifOperStatus.index" the instance it came with
 * ("7"), of "….index.1" that instance's first number.  False: not there.
 */
bool noc_varbind_get(const struct noc_value *snmp, const char *name,
		     struct noc_datum *out);

void noc_event_get(const struct noc_event *ev, const struct noc_field *f,
		   struct noc_datum *out);
void noc_datum_of(const struct noc_value *v, struct noc_datum *out);
struct noc_value *noc_datum_value(const struct noc_datum *d); /* returned */
void noc_datum_text(const struct noc_datum *d, struct noc_strbuf *out);

#endif
