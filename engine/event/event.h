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
	bool journaled;	  /* its EVENT record is written */
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

#endif
