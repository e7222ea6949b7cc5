/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EVENT_FIELD_H
#define NOC_ENGINE_EVENT_FIELD_H

#include "engine/event/event.h"

/*
 * What reading fields needs from elsewhere in the engine, and what it lends.
 * For the rule language's own event.h interface see there.
 */

/* noc_field.which of NOC_FIELD_ENVELOPE and of NOC_FIELD_SYSLOG. */
enum noc_envelope {
	NOC_ENV_ID,
	NOC_ENV_KIND,
	NOC_ENV_BASE,
	NOC_ENV_SOURCE,
	NOC_ENV_ORIGIN,
	NOC_ENV_DEVICE,
	NOC_ENV_ADDRESS,
	NOC_ENV_TIME,
	NOC_ENV_RECEIVED,
	NOC_ENV_SEVERITY,
	NOC_ENV_SUMMARY,
	NOC_ENV_TRUST,
	NOC_ENV_MALFORMED,
	NOC_ENV_WITNESSES,
	NOC_ENV_CAUSE,
	NOC_ENV_DEPTH,
	NOC_ENV_LINK,
	NOC_ENV_RAW,
	NOC_ENV_COUNT
};

enum noc_syslog_field {
	NOC_SYS_FACILITY,
	NOC_SYS_SEVERITY,
	NOC_SYS_HOST,
	NOC_SYS_APP,
	NOC_SYS_PROCID,
	NOC_SYS_MSGID,
	NOC_SYS_TAG,
	NOC_SYS_MESSAGE,
	NOC_SYS_SD,
	NOC_SYS_COUNT
};

const char *noc_trust_name(enum noc_trust trust);

/* A member by its whole name, else by the dotted path.  Borrowed or NULL. */
const struct noc_value *noc_value_find(const struct noc_value *v,
				       const char *name);
/* "ifIndex" (or an OID) among snmp.varbinds, with or without instance. */
const struct noc_value *noc_varbind_find(const struct noc_value *snmp,
					 const char *name);

/*
 * The same as a datum, and of "ifOperStatus.index" the instance it came with
 * ("7"), of "….index.1" that instance's first number.  False: not there.
 */
bool noc_varbind_get(const struct noc_value *snmp, const char *name,
		     struct noc_datum *out);

/* The built-in table of OIDs, made once, for names in rule files. */
struct noc_mib;
const struct noc_mib *noc_rule_mib(void);

/* noc_scope_get for a name that is resolved already and not a run's own. */
struct noc_scope;
void noc_scope_read(const struct noc_scope *scope, const struct noc_field *f,
		    struct noc_datum *out);
/* The first words of the names that only a run knows: "steps", "input", ... */
bool noc_scope_is_own(const char *path, size_t len);

#endif
