/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EVENT_EVENT_H
#define NOC_ENGINE_EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/slice.h"
#include "base/value.h"
#include "proto/syslog.h"

/*
 * What happened, in one struct for every source.  A sensor fills it on its
 * stack with slices into its receive buffer; what outlives the turn is
 * promoted: one refcounted copy that owns everything.  Loop thread.
 */
enum noc_trust { NOC_TRUST_LOW, NOC_TRUST_NORMAL, NOC_TRUST_HIGH };

struct noc_device; /* engine/inventory/inventory.h */

struct noc_event {
	struct noc_id id;   /* UUIDv7; zero until promoted */
	const char *kind;   /* canonical, interned: "link.down", "syslog" */
	const char *base;   /* sensor's kind, interned: "syslog",
			       "snmp.trap", "webhook", "schedule", ... */
	const char *source; /* sensor instance, interned: "syslog.udp" */
	struct noc_slice origin;  /* address text it came from; "local" */
	struct noc_slice device;  /* never empty after admission */
	struct noc_slice address; /* management IP, may be absent */
	int64_t time_ns;	  /* the sender's, else received_ns */
	int64_t received_ns;
	int64_t received_boot_ns;
	int8_t severity; /* 0..7 */
	enum noc_trust trust;
	bool malformed;
	struct noc_slice summary;
	struct noc_slice raw;
	const struct noc_syslog *syslog; /* borrowed; NULL if not syslog */
	struct noc_value *snmp;	    /* {version, trap_oid, trap, user, ...} */
	struct noc_value *http;	    /* {header:{}, body} of a webhook */
	struct noc_value *data;	    /* what the kind defines; NULL: none */
	struct noc_value *far;	    /* {device, ifname} by cable; NULL */
	struct noc_slice link;	    /* cable id, else "device/ifname" */
	struct noc_slice witnesses; /* "trap, syslog"; absent: one only */
	struct noc_id cause;	    /* run or event that caused it; zero */
	uint8_t depth;		    /* causal depth, 0 from outside */
	bool acked_source;	    /* its sender waits for our receipt */
	const struct noc_device *inventory; /* NULL: not in inventory */

	/* private */
	int refs;	  /* 0: borrowed, on somebody's stack */
	bool kept;	  /* its EVENT record is written */
	char *text;	  /* of summary, when a normalizer made it; owned */
	char *link_owned; /* text of link, when made by enrichment */
};

/*
 * A refcounted copy that owns all; draws the id if it has none.  The values
 * data, snmp, http, far move to the copy (the original's become NULL).
 */
struct noc_event *noc_event_promote(struct noc_event *ev);
struct noc_event *noc_event_ref(struct noc_event *ev); /* promoted only */
void noc_event_unref(struct noc_event *ev);	       /* NULL ok */
/* Frees the values of a borrowed event that was not promoted. */
void noc_event_clear(struct noc_event *ev);

/* Canonical JSON view (CloudEvents-like names as doc/rules says), and back. */
struct noc_value *noc_event_value(const struct noc_event *ev);
/* The same as text, without the raw bytes and with two words said of it
 * instead (NULL: not said): the detail of its record. */
void noc_event_json(const struct noc_event *ev, const char *fate,
		    const char *raw, struct noc_strbuf *sb);
struct noc_event *noc_event_from_value(const struct noc_value *v);

/* ---- reading fields ---- */

/* A borrowed view of one value. */
struct noc_datum {
	enum noc_type type; /* NOC_NIL: absent (unknown) */
	bool b;
	int64_t i;
	double d;
	struct noc_slice s;
	const struct noc_value *v; /* LIST, MAP */
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
struct noc_table;
struct noc_err;
int noc_field_resolve(const char *name, size_t len,
		      const struct noc_table *defined, struct noc_field *out,
		      struct noc_err *err);
void noc_event_get(const struct noc_event *ev, const struct noc_field *f,
		   struct noc_datum *out);

void noc_datum_of(const struct noc_value *v, struct noc_datum *out);
struct noc_value *noc_datum_value(const struct noc_datum *d); /* returned */
void noc_datum_text(const struct noc_datum *d, struct noc_strbuf *out);

#endif
