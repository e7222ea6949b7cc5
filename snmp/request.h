/* SPDX-License-Identifier: ISC */
#ifndef NOC_SNMP_REQUEST_H
#define NOC_SNMP_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/value.h"
#include "snmp/snmp.h"

/*
 * Asking an agent: GET, GETNEXT, a walk, SET, over v1, v2c, v3, always
 * asynchronous.  One session per target and credential, closed when idle;
 * v3 engines are discovered without blocking.  A request waits for nothing
 * but its agent: how many there are at once is the caller's business.
 * Loop thread only.
 */
enum noc_snmp_op {
	NOC_SNMP_GET,
	NOC_SNMP_GETNEXT,
	NOC_SNMP_WALK, /* GETBULK; GETNEXT for v1 */
	NOC_SNMP_SET
};

struct noc_snmp_credential {
	int version;	       /* 1, 2 or 3 */
	const char *community; /* v1, v2c */
	const char *user;      /* v3 */
	const char *auth;      /* as in struct noc_snmp_user; NULL: none */
	const char *auth_pass;
	const char *priv;
	const char *priv_pass;
	const char *context; /* NULL: "" */
};

struct noc_snmp_request { /* all borrowed, copied by the call */
	enum noc_snmp_op op;
	const char *address; /* IPv4 or IPv6 literal; names are not resolved */
	uint16_t port;	     /* 0: 161 */
	struct noc_snmp_credential credential;
	const char *const *oids; /* "ifAdminStatus.7", dotted, MODULE::name */
	size_t noids;		 /* 1..128 */
	/* SET: one for each OID.  The type follows the MIB's syntax (labels,
	 * MAC, address, OID text); an OID without one takes INTEGER or OCTET
	 * STRING by the value's type. */
	const struct noc_value *const *values;
	int64_t timeout_ms; /* in all, > 0 */
	int tries;	    /* packets sent at most; 0: 3 */
	size_t max_rows;    /* WALK: 0: 4,096 */
};

struct noc_snmp_call;

/*
 * Starts it.  NULL and err (EINPUT, ECONFIG; ERESOURCE when there are too
 * many agents) when it cannot start; otherwise done is called exactly once,
 * never from inside this function, unless noc_snmp_cancel comes first.
 *
 * done: result is owned by the callee, a list of the same maps as a trap's
 * varbinds: for GET, SET and GETNEXT the i-th answers the i-th OID; `value` is
 * nil where the agent has no such object (type says which).  A walk lists all
 * rows in order; one that was cut at max_rows has a last member of type
 * "truncated".  err is NULL on success, else
 *   ETIMEOUT   no answer in timeout_ms (a SET may have been carried out)
 *   EDENIED    noAccess, notWritable, authorizationError, readOnly, or v3:
 *              unknown user, wrong key, unsupported level: do not retry
 *   EREMOTE    wrongType, wrongValue, inconsistentName ...: do not retry
 *   EAGAIN     resourceUnavailable, genErr, tooBig: may pass
 *   EINDOUBT   commitFailed, undoFailed
 *   ENOTFOUND  no OID of a GET exists (result is given all the same)
 *   EDOWN      nothing could be sent
 */
struct noc_snmp_call *
noc_snmp_request(struct noc_snmp *snmp, const struct noc_snmp_request *req,
		 void (*done)(struct noc_value *result,
			      const struct noc_err *err, void *arg),
		 void *arg, struct noc_err *err);
void noc_snmp_cancel(struct noc_snmp_call *call);

#endif
