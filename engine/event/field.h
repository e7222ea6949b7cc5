/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EVENT_FIELD_H
#define NOC_ENGINE_EVENT_FIELD_H

#include <stddef.h>

#include "base/err.h"
#include "base/table.h"

/*
 * The names that rules have for what an event says, each resolved once when a
 * file is loaded; engine/event/datum.h reads by them.  Pure.
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

/*
 * A name resolved once at load: envelope, sensor view, data or inventory.
 * "severity", "ifname", "syslog.app", "snmp.trap_oid", "far.device",
 * "role", "header.X-Name" ...
 */
enum noc_field_from {
	NOC_FIELD_ENVELOPE,
	NOC_FIELD_DATA,
	NOC_FIELD_INVENTORY,
	NOC_FIELD_SYSLOG,
	NOC_FIELD_SNMP,
	NOC_FIELD_HTTP,
	NOC_FIELD_FAR,
	NOC_FIELD_TAGS
};
struct noc_field {
	enum noc_field_from from;
	int which;	  /* envelope / syslog field number */
	const char *path; /* interned, the whole name as written */
	const char *rest; /* path inside from */
};
/*
 * Resolve a name against what is known: `defined` is a table of data names
 * that any kind defines (NULL: every unknown name is taken as data).  EINPUT
 * with did-you-mean when nothing defines it, or two do.
 */
int noc_field_resolve(const char *name, size_t len,
		      const struct noc_table *defined, struct noc_field *out,
		      struct noc_err *err);

#endif
