/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/signature.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/strbuf.h"

/*
 * The MAC is never decoded: what the sender should have written is written
 * here and the texts are compared.  So there is one spelling of a MAC only,
 * and a flipped bit cannot hide in a letter's case or in base64 padding.
 */
#define MAC_TEXT_MAX	    160 /* 64 bytes as hex, and a prefix */
#define TOLERANCE_DEFAULT_S 300
#define CANDIDATES_MAX	    32 /* signatures looked at in one header */

struct signature_request {
	const struct noc_signature *sig;
	struct noc_slice body;
	noc_header_fn header;
	void *arg;
	int64_t now_s;
};

/* --- parts --- */

static int
signature_header(const struct signature_request *rq, const char *name,
		 struct noc_slice *value, struct noc_err *err)
{
	*value = rq->header(name, rq->arg);
	while (value->len && (*value->p == ' ' || *value->p == '\t')) {
		value->p++;
		value->len--;
	}
	while (value->len && (value->p[value->len - 1] == ' ' ||
			      value->p[value->len - 1] == '\t'))
		value->len--;
	if (!value->p || !value->len)
		return noc_err_set(err, NOC_EDENIED,
				   "The request has no %s header.", name);
	return 0;
}

/* Decimal seconds within the tolerance of now. */
static int
signature_fresh(const struct signature_request *rq, struct noc_slice text,
		struct noc_err *err)
{
	int64_t t = 0, off;
	int64_t tolerance = rq->sig->tolerance_s > 0 ? rq->sig->tolerance_s
						     : TOLERANCE_DEFAULT_S;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || i >= 15)
			return noc_err_set(err, NOC_EDENIED,
					   "The timestamp of the signature is "
					   "no number of seconds.");
		t = t * 10 + (text.p[i] - '0');
	}
	off = rq->now_s - t;
	if (!text.len || off > tolerance || off < -tolerance)
		return noc_err_set(err, NOC_EDENIED,
				   "The timestamp of the signature is %lld s "
				   "off; at most %lld s are allowed.  Check "
				   "both clocks, or it is a replay.",
				   (long long)off, (long long)tolerance);
	if (rq->sig->when_s)
		*rq->sig->when_s = t;
	return 0;
}

/* Equal texts, without telling where they differ or how long ours is. */
static bool
signature_same(struct noc_slice got, const char *want, size_t want_len)
{
	uint8_t a[32], b[32];

	noc_sha256_once(got.p, got.len, a);
	noc_sha256_once(want, want_len, b);
	return noc_equal_ct(a, b, sizeof(a));
}

/* The message is signed with several secrets during a rotation. */
struct signature_mac {
	const char *md;
	struct noc_slice message;
	bool base64;
};

/*
 * Does any of the candidates carry the MAC by any of the secrets?  Every pair
 * is computed, so that the time says nothing about which one fits.
 */
static int
signature_any(const struct noc_signature *sig, const struct signature_mac *mac,
	      const struct noc_slice *candidates, size_t ncandidates,
	      struct noc_err *err)
{
	char text[MAC_TEXT_MAX];
	uint8_t raw[64], *key = NULL;
	size_t fits = 0, usable = 0;

	for (size_t i = 0; i < sig->nsecrets; i++) {
		const char *secret = sig->secrets[i];
		size_t key_len, raw_len;

		if (!secret || !*secret)
			continue;
		key_len = strlen(secret);
		key = noc_malloc(key_len + 4);
		memcpy(key, secret, key_len);
		if (sig->scheme == NOC_SIG_STANDARD) {
			bool named = !strncmp(secret, "whsec_", 6);

			if (noc_unbase64(secret + (named ? 6 : 0),
					 key_len - (named ? 6 : 0), key,
					 &key_len))
				key_len = 0;
		}
		raw_len = key_len
			      ? noc_hmac(mac->md, key, key_len, mac->message.p,
					 mac->message.len, raw)
			      : 0;
		noc_wipe(key, strlen(secret));
		free(key);
		if (!raw_len)
			continue;
		usable++;
		if (mac->base64)
			noc_base64(text, raw, raw_len);
		else
			noc_hex(text, raw, raw_len);
		for (size_t k = 0; k < ncandidates; k++)
			fits +=
			    signature_same(candidates[k], text, strlen(text));
	}
	noc_wipe(raw, sizeof(raw));
	noc_wipe(text, sizeof(text));
	if (fits && sig->said)
		noc_sha256_once(mac->message.len ? mac->message.p : "",
				mac->message.len, sig->said);
	if (fits)
		return 0;
	return noc_err_set(err, NOC_EDENIED, "%s",
			   usable ? "The signature is not by any of the "
				    "configured secrets."
				  : "No secret that could verify this "
				    "signature is configured.");
}

/* Cuts the next part off *rest at `sep`; false at the end. */
static bool
signature_part(struct noc_slice *rest, char sep, struct noc_slice *part)
{
	const char *e;

	if (!rest->p)
		return false;
	e = rest->len ? memchr(rest->p, sep, rest->len) : NULL;
	*part = noc_slice(rest->p, e ? (size_t)(e - rest->p) : rest->len);
	if (e)
		*rest = noc_slice(e + 1, rest->len - part->len - 1);
	else
		*rest = noc_slice(NULL, 0);
	return true;
}

static bool
signature_strip(struct noc_slice *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->len < n || memcmp(s->p, prefix, n))
		return false;
	*s = noc_slice(s->p + n, s->len - n);
	return true;
}

/* --- schemes --- */

/* hmac { "sha512", "X-Hook-Signature" }: hex, all lower or all upper. */
static int
check_hmac(const struct signature_request *rq, struct noc_err *err)
{
	const struct noc_signature *sig = rq->sig;
	struct signature_mac mac = { sig->md, rq->body, false };
	struct noc_slice value;
	bool upper = false, lower = false;
	char prefix[16], hex[2 * 64];
	int rc;

	if (!sig->md || !sig->header || strlen(sig->md) > 8)
		return noc_err_set(err, NOC_EDENIED,
				   "The hook names no digest or no header.");
	rc = signature_header(rq, sig->header, &value, err);
	if (rc)
		return rc;
	memcpy(prefix, sig->md, strlen(sig->md));
	memcpy(prefix + strlen(sig->md), "=", 2);
	signature_strip(&value, prefix);
	for (size_t i = 0; i < value.len; i++) {
		upper |= value.p[i] >= 'A' && value.p[i] <= 'F';
		lower |= value.p[i] >= 'a' && value.p[i] <= 'f';
	}
	if (upper && !lower && value.len <= sizeof(hex)) {
		for (size_t i = 0; i < value.len; i++)
			hex[i] = (char)(value.p[i] >= 'A' && value.p[i] <= 'F'
					    ? value.p[i] | 0x20
					    : value.p[i]);
		value.p = hex;
	}
	return signature_any(sig, &mac, &value, 1, err);
}

static int
check_github(const struct signature_request *rq, struct noc_err *err)
{
	struct signature_mac mac = { "sha256", rq->body, false };
	struct noc_slice value;
	int rc = signature_header(rq, "X-Hub-Signature-256", &value, err);

	if (rc)
		return rc;
	if (!signature_strip(&value, "sha256="))
		return noc_err_set(err, NOC_EDENIED,
				   "X-Hub-Signature-256 does not start with "
				   "\"sha256=\".");
	return signature_any(rq->sig, &mac, &value, 1, err);
}

/* The signed text of the timestamped schemes: parts joined, then the body. */
static int
check_joined(const struct signature_request *rq, const struct noc_slice *parts,
	     char sep, const struct noc_slice *candidates, size_t ncandidates,
	     struct noc_err *err)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct signature_mac mac = { "sha256",
				     { NULL, 0 },
				     rq->sig->scheme == NOC_SIG_STANDARD };
	int rc;

	for (; parts->p; parts++) {
		noc_strbuf_add(&text, parts->p, parts->len);
		noc_strbuf_addc(&text, sep);
	}
	noc_strbuf_add(&text, rq->body.len ? rq->body.p : "", rq->body.len);
	mac.message = noc_slice(text.p, text.len);
	rc = signature_any(rq->sig, &mac, candidates, ncandidates, err);
	noc_strbuf_release(&text);
	return rc;
}

/* standardwebhooks.com: "v1,<base64> v1,<base64>" over id.timestamp.body. */
static int
check_standard(const struct signature_request *rq, struct noc_err *err)
{
	struct noc_slice parts[3] = { { NULL, 0 } }, value, one;
	struct noc_slice candidates[CANDIDATES_MAX];
	size_t n = 0;
	int rc;

	if ((rc = signature_header(rq, "webhook-id", &parts[0], err)) ||
	    (rc = signature_header(rq, "webhook-timestamp", &parts[1], err)) ||
	    (rc = signature_header(rq, "webhook-signature", &value, err)) ||
	    (rc = signature_fresh(rq, parts[1], err)))
		return rc;
	while (n < CANDIDATES_MAX && signature_part(&value, ' ', &one))
		if (signature_strip(&one, "v1,"))
			candidates[n++] = one;
	if (!n)
		return noc_err_set(err, NOC_EDENIED,
				   "webhook-signature has no v1 signature.");
	return check_joined(rq, parts, '.', candidates, n, err);
}

static int
check_slack(const struct signature_request *rq, struct noc_err *err)
{
	struct noc_slice parts[3] = { { "v0", 2 }, { NULL, 0 } }, value;
	int rc;

	if ((rc = signature_header(rq, "X-Slack-Request-Timestamp", &parts[1],
				   err)) ||
	    (rc = signature_header(rq, "X-Slack-Signature", &value, err)) ||
	    (rc = signature_fresh(rq, parts[1], err)))
		return rc;
	if (!signature_strip(&value, "v0="))
		return noc_err_set(err, NOC_EDENIED,
				   "X-Slack-Signature is of no known version.");
	return check_joined(rq, parts, ':', &value, 1, err);
}

/* "t=1700000000,v1=HEX,v1=HEX" over t.body. */
static int
check_stripe(const struct signature_request *rq, struct noc_err *err)
{
	struct noc_slice parts[2] = { { NULL, 0 } }, value, one;
	struct noc_slice candidates[CANDIDATES_MAX];
	size_t n = 0;
	int rc = signature_header(rq, "Stripe-Signature", &value, err);

	if (rc)
		return rc;
	while (n < CANDIDATES_MAX && signature_part(&value, ',', &one)) {
		if (signature_strip(&one, "v1="))
			candidates[n++] = one;
		else if (!parts[0].p && signature_strip(&one, "t="))
			parts[0] = one;
	}
	if (!parts[0].p || !n)
		return noc_err_set(err, NOC_EDENIED,
				   "Stripe-Signature has no %s.",
				   n ? "timestamp" : "v1 signature");
	rc = signature_fresh(rq, parts[0], err);
	if (rc)
		return rc;
	return check_joined(rq, parts, '.', candidates, n, err);
}

/* "Bearer TOKEN" and "Basic base64(user:password)" (RFC 6750, RFC 7617). */
static int
check_authorization(const struct signature_request *rq, struct noc_err *err)
{
	const struct noc_signature *sig = rq->sig;
	bool basic = sig->scheme == NOC_SIG_BASIC;
	const char *word = basic ? "Basic" : "Bearer";
	size_t word_len = strlen(word), fits = 0;
	struct noc_slice value;
	int rc = signature_header(rq, "Authorization", &value, err);

	if (rc)
		return rc;
	if (value.len <= word_len || strncasecmp(value.p, word, word_len) ||
	    value.p[word_len] != ' ')
		return noc_err_set(err, NOC_EDENIED,
				   "The Authorization header is not \"%s\".",
				   word);
	value = noc_slice(value.p + word_len, value.len - word_len);
	while (value.len && *value.p == ' ')
		value = noc_slice(value.p + 1, value.len - 1);
	for (size_t i = 0; i < sig->nsecrets; i++) {
		const char *secret = sig->secrets[i];
		size_t len = secret ? strlen(secret) : 0;
		char *text;

		if (!len)
			continue;
		if (!basic) {
			fits += signature_same(value, secret, len);
			continue;
		}
		text = noc_malloc(4 * ((len + 2) / 3) + 1);
		noc_base64(text, secret, len);
		fits += signature_same(value, text, strlen(text));
		noc_wipe(text, strlen(text));
		free(text);
	}
	if (fits)
		return 0;
	return noc_err_set(err, NOC_EDENIED, "The %s is wrong.",
			   basic ? "user or password" : "token");
}

int
noc_signature_check(const struct noc_signature *sig, struct noc_slice body,
		    noc_header_fn header, void *arg, int64_t now_wall_ns,
		    struct noc_err *err)
{
	struct signature_request rq = { sig, body, header, arg,
					now_wall_ns / NOC_NS_PER_S };

	switch (sig->scheme) {
	case NOC_SIG_HMAC:
		return check_hmac(&rq, err);
	case NOC_SIG_GITHUB:
		return check_github(&rq, err);
	case NOC_SIG_STANDARD:
		return check_standard(&rq, err);
	case NOC_SIG_SLACK:
		return check_slack(&rq, err);
	case NOC_SIG_STRIPE:
		return check_stripe(&rq, err);
	case NOC_SIG_BEARER:
	case NOC_SIG_BASIC:
		return check_authorization(&rq, err);
	}
	return noc_err_set(err, NOC_EDENIED, "The scheme is unknown.");
}

struct noc_slice
noc_signature_delivery(const struct noc_signature *sig, noc_header_fn header,
		       void *arg)
{
	struct signature_request rq = { .header = header, .arg = arg };
	struct noc_slice none = { NULL, 0 }, id;
	struct noc_err err;

	switch (sig->scheme) {
	case NOC_SIG_STANDARD:
		return signature_header(&rq, "webhook-id", &id, &err) ? none
								      : id;
	case NOC_SIG_GITHUB:
		return signature_header(&rq, "X-GitHub-Delivery", &id, &err)
			   ? none
			   : id;
	case NOC_SIG_HMAC:
	case NOC_SIG_SLACK:
	case NOC_SIG_STRIPE:
	case NOC_SIG_BEARER:
	case NOC_SIG_BASIC:
		break;
	}
	return none;
}

bool
noc_signature_covers_id(enum noc_signature_scheme scheme)
{
	return scheme == NOC_SIG_STANDARD;
}

int64_t
noc_signature_lasts_ms(const struct noc_signature *sig)
{
	int64_t tolerance_s =
	    sig->tolerance_s > 0 ? sig->tolerance_s : TOLERANCE_DEFAULT_S;

	switch (sig->scheme) {
	case NOC_SIG_HMAC:
	case NOC_SIG_GITHUB:
		return -1;
	case NOC_SIG_STANDARD:
	case NOC_SIG_SLACK:
	case NOC_SIG_STRIPE:
		break;
	case NOC_SIG_BEARER:
	case NOC_SIG_BASIC:
		return 0;
	}
	/* It may be dated ahead by as much as it may be late. */
	return (2 * tolerance_s + 1) * 1000;
}

int
noc_signature_scheme_parse(const char *name, enum noc_signature_scheme *scheme)
{
	static const struct {
		const char *name;
		enum noc_signature_scheme scheme;
	} names[] = {
		{ "hmac", NOC_SIG_HMAC },	  { "github", NOC_SIG_GITHUB },
		{ "standard", NOC_SIG_STANDARD }, { "slack", NOC_SIG_SLACK },
		{ "stripe", NOC_SIG_STRIPE },	  { "bearer", NOC_SIG_BEARER },
		{ "basic", NOC_SIG_BASIC },
	};

	for (size_t i = 0; i < NOC_COUNT(names); i++)
		if (!strcmp(names[i].name, name)) {
			*scheme = names[i].scheme;
			return 0;
		}
	return NOC_EINPUT;
}
