/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_SIGNATURE_H
#define NOC_PROTO_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Who signed this webhook?  Verified on raw bytes, in constant time, with
 * several secrets for rotation.  Fail closed: a missing header, wrong
 * algorithm or stale timestamp is EDENIED with the reason.  Pure.
 */
enum noc_signature_scheme {
	NOC_SIG_HMAC,	  /* hmac { "sha256", "Header", secret }: hex MAC of
			     the body, optional "sha256=" prefix */
	NOC_SIG_GITHUB,	  /* X-Hub-Signature-256: sha256=HEX */
	NOC_SIG_STANDARD, /* Standard Webhooks: webhook-id/-timestamp/
			     -signature, secret "whsec_" base64 */
	NOC_SIG_SLACK,	  /* X-Slack-Signature v0= */
	NOC_SIG_STRIPE,	  /* Stripe-Signature t=,v1= */
	NOC_SIG_BEARER,	  /* Authorization: Bearer TOKEN */
	NOC_SIG_BASIC	  /* Authorization: Basic user:password */
};

struct noc_signature {
	enum noc_signature_scheme scheme;
	const char *md;		    /* NOC_SIG_HMAC: sha1 sha256 sha512 */
	const char *header;	    /* NOC_SIG_HMAC: header name */
	const char *const *secrets; /* nsecrets NUL-terminated */
	size_t nsecrets;
	int32_t tolerance_s; /* timestamped schemes; 300 */
	int64_t *when_s;     /* filled when a timestamp was signed; NULL: not
				wanted */
	uint8_t *said; /* filled when it is right and something was signed:
			  SHA-256 of that, the same by whichever secret
			  and in whichever spelling; NULL: not wanted */
};

/* Case-insensitive header lookup given by the caller; absent: p == NULL. */
typedef struct noc_slice (*noc_header_fn)(const char *name, void *arg);

/* 0, or EDENIED with the reason. */
int noc_signature_check(const struct noc_signature *sig, struct noc_slice body,
			noc_header_fn header, void *arg, int64_t now_wall_ns,
			struct noc_err *err);
/*
 * The delivery id the scheme carries (webhook-id, X-GitHub-Delivery, Slack
 * none, ...): absent slice when there is none.
 */
struct noc_slice noc_signature_delivery(const struct noc_signature *sig,
					noc_header_fn header, void *arg);
/* Does the signature cover the delivery id? */
bool noc_signature_covers_id(enum noc_signature_scheme scheme);
/* How long a recorded request can be right again: twice the tolerance where a
 * timestamp is signed, -1: for ever, 0: nothing is signed (bearer, basic). */
int64_t noc_signature_lasts_ms(const struct noc_signature *sig);
int noc_signature_scheme_parse(const char *name,
			       enum noc_signature_scheme *scheme);

#endif
