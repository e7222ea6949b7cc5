/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/signature.h"

#include <stdbool.h>
#include <strings.h>

#include "base/hex.h"
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"

/* Headers of a request, by name. */
struct request {
	const char *names[4];
	struct noc_slice values[4];
};

static struct noc_slice
request_header(const char *name, void *arg)
{
	const struct request *rq = arg;

	for (size_t i = 0; i < NOC_COUNT(rq->names); i++)
		if (rq->names[i] && !strcasecmp(rq->names[i], name))
			return rq->values[i];
	return noc_slice(NULL, 0);
}

static int
check(const struct noc_signature *sig, struct request *rq,
      struct noc_slice body, int64_t now_s)
{
	struct noc_err err = { .kind = NOC_OK };
	int rc = noc_signature_check(sig, body, request_header, rq,
				     now_s * NOC_NS_PER_S, &err);

	/* Denied with a sentence, or accepted; nothing else. */
	if (rc) {
		assert_int_equal(rc, NOC_EDENIED);
		assert_int_equal(err.kind, NOC_EDENIED);
		assert_true(strlen(err.msg) > 10);
	} else {
		assert_int_equal(err.kind, NOC_OK);
	}
	return rc;
}

/* --- published vectors --- */

static enum noc_signature_scheme
vector_scheme(const char *name)
{
	enum noc_signature_scheme scheme;
	char word[16];

	sscanf(name, "%15[a-z]", word);
	assert_int_equal(noc_signature_scheme_parse(word, &scheme), 0);
	return scheme;
}

/* Every bit of what is signed, and of the signature, matters. */
static void
flip_all(const struct noc_signature *sig, struct request *rq,
	 struct noc_slice body, int64_t now_s)
{
	char *b = noc_memdup(body.p, body.len);

	for (size_t bit = 0; bit < body.len * 8; bit++) {
		b[bit / 8] = (char)(b[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(check(sig, rq, noc_slice(b, body.len), now_s),
				 NOC_EDENIED);
		b[bit / 8] = (char)(b[bit / 8] ^ 1 << bit % 8);
	}
	free(b);
	for (size_t h = 0; h < NOC_COUNT(rq->names); h++) {
		struct noc_slice was = rq->values[h];
		char *v;

		if (!was.p)
			continue;
		v = noc_memdup(was.p, was.len);
		rq->values[h].p = v;
		for (size_t bit = 0; bit < was.len * 8; bit++) {
			v[bit / 8] = (char)(v[bit / 8] ^ 1 << bit % 8);
			if (check(sig, rq, body, now_s) != NOC_EDENIED)
				fail_msg("%s: bit %zu does not matter",
					 rq->names[h], bit);
			v[bit / 8] = (char)(v[bit / 8] ^ 1 << bit % 8);
		}
		free(v);
		rq->values[h] = was;
	}
	assert_int_equal(check(sig, rq, body, now_s), 0);
}

static void
test_vectors(void **state)
{
	size_t len;
	char *text =
	    unit_read(unit_data("webhooks/signature_vectors.json"), &len);
	struct noc_value *all;
	int valid = 0;

	(void)state;
	assert_int_equal(noc_json_parse(text, len, &all, NULL), 0);
	free(text);
	assert_int_equal(noc_value_len(all), 17);
	for (size_t i = 0; i < noc_value_len(all); i++) {
		const struct noc_value *row = noc_value_at(all, i);
		const struct noc_value *hs = noc_value_get(row, "headers");
		const char *secret = noc_value_get_str(row, "secret", "");
		const char *expect = noc_value_get_str(row, "expect", "");
		struct noc_slice body =
		    noc_slice_str(noc_value_get_str(row, "body", ""));
		int64_t now = noc_value_get_int(row, "verify_at_epoch", 0);
		struct noc_signature sig = {
			.scheme =
			    vector_scheme(noc_value_get_str(row, "scheme", "")),
			.secrets = &secret,
			.nsecrets = 1,
			.tolerance_s = 300
		};
		struct request rq = { { NULL }, { { NULL, 0 } } };
		bool ok = !strcmp(expect, "valid");

		for (size_t k = 0; k < noc_value_len(hs); k++) {
			rq.names[k] = hs->u.map.at[k].key;
			rq.values[k] = noc_slice_str(
			    noc_value_get_str(hs, rq.names[k], NULL));
		}
		if ((check(&sig, &rq, body, now) == 0) != ok)
			fail_msg("%s is not %s",
				 noc_value_get_str(row, "id", "?"), expect);
		if (!ok)
			continue;
		valid++;
		/* Nothing but this secret, and only at its time. */
		secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
		assert_int_equal(check(&sig, &rq, body, now), NOC_EDENIED);
		secret = noc_value_get_str(row, "secret", "");
		if (now) {
			assert_int_equal(check(&sig, &rq, body, now + 601),
					 NOC_EDENIED);
			assert_int_equal(check(&sig, &rq, body, now - 601),
					 NOC_EDENIED);
		}
		/* One of several signatures is enough: its bits do matter. */
		if (!memchr(rq.values[2].p ? rq.values[2].p : "", ' ',
			    rq.values[2].len))
			flip_all(&sig, &rq, body, now);
	}
	noc_value_free(all);
	assert_int_equal(valid, 5);
}

/* The documented example of GitHub. */
static void
test_github(void **state)
{
	const char *secrets[] = { "the old one", "It's a Secret to Everybody" };
	struct noc_signature sig = { .scheme = NOC_SIG_GITHUB,
				     .secrets = secrets,
				     .nsecrets = 2 };
	struct request rq = {
		{ "x-hub-signature-256", "x-github-delivery" },
		{ noc_slice_str("sha256=757107ea0eb2509fc211221cce984b8a37570b6"
				"d7586c22c46f4379c8b043e17"),
		  noc_slice_str("72d3162e-cc78") }
	};
	struct noc_slice body = noc_slice_str("Hello, World!");

	(void)state;
	assert_int_equal(check(&sig, &rq, body, 0), 0);
	assert_true(
	    noc_slice_is(noc_signature_delivery(&sig, request_header, &rq),
			 "72d3162e-cc78"));
	/* While the old secret alone is known, it is not enough. */
	sig.nsecrets = 1;
	assert_int_equal(check(&sig, &rq, body, 0), NOC_EDENIED);
	sig.nsecrets = 2;
	rq.names[1] = NULL; /* the delivery id is not signed */
	flip_all(&sig, &(struct request){ { rq.names[0] }, { rq.values[0] } },
		 body, 0);
	rq.names[0] = NULL;
	assert_int_equal(check(&sig, &rq, body, 0), NOC_EDENIED);
}

/* Real payloads, signed here as GitHub signs. */
static void
test_payloads(void **state)
{
	static const char *const files[] = {
		"webhooks/github/push.json", "webhooks/github/star.json",
		"webhooks/github/github_app_authorization.json"
	};
	const char *secret = "s3cret";
	struct noc_signature sig = { .scheme = NOC_SIG_GITHUB,
				     .secrets = &secret,
				     .nsecrets = 1 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(files); i++) {
		size_t len;
		char *p = unit_read(unit_data(files[i]), &len);
		char value[7 + 64 + 1] = "sha256=";
		struct request rq = { { "X-Hub-Signature-256" },
				      { noc_slice(value, 71) } };
		uint8_t mac[64];

		assert_int_equal(noc_hmac("sha256", secret, 6, p, len, mac),
				 32);
		noc_hex(value + 7, mac, 32);
		assert_int_equal(check(&sig, &rq, noc_slice(p, len), 0), 0);
		assert_int_equal(check(&sig, &rq, noc_slice(p, len - 1), 0),
				 NOC_EDENIED);
		free(p);
	}
}

/* NetBox: X-Hook-Signature, the bare hex of a SHA-512 MAC. */
static void
test_hmac(void **state)
{
	const char *secret = "nb";
	struct noc_signature sig = { .scheme = NOC_SIG_HMAC,
				     .md = "sha512",
				     .header = "X-Hook-Signature",
				     .secrets = &secret,
				     .nsecrets = 1 };
	char value[7 + 128 + 1];
	struct request rq = { { "x-hook-signature" }, { { NULL, 0 } } };
	struct noc_slice body = noc_slice_str("{\"event\":\"updated\"}");
	uint8_t mac[64];

	(void)state;
	noc_hmac("sha512", secret, 2, body.p, body.len, mac);
	noc_hex(value, mac, 64);
	rq.values[0] = noc_slice(value, 128);
	flip_all(&sig, &rq, body, 0);
	/* All capitals are a spelling, a mixture is not. */
	for (size_t i = 0; i < 128; i++)
		if (value[i] >= 'a')
			value[i] = (char)(value[i] & ~0x20);
	assert_int_equal(check(&sig, &rq, body, 0), 0);
	memcpy(value, "sha512=", 7);
	noc_hex(value + 7, mac, 64);
	rq.values[0] = noc_slice(value, 135);
	assert_int_equal(check(&sig, &rq, body, 0), 0);
	memcpy(value, "sha256=", 7);
	assert_int_equal(check(&sig, &rq, body, 0), NOC_EDENIED);
	/* The empty body has a MAC, too. */
	noc_hmac("sha512", secret, 2, "", 0, mac);
	noc_hex(value, mac, 64);
	rq.values[0] = noc_slice(value, 128);
	assert_int_equal(check(&sig, &rq, noc_slice(NULL, 0), 0), 0);
	sig.md = "md5";
	assert_int_equal(check(&sig, &rq, noc_slice(NULL, 0), 0), NOC_EDENIED);
}

static void
authorization(const struct noc_signature *sig, const char *value, int want)
{
	struct request rq = { { "Authorization" }, { noc_slice_str(value) } };

	if (check(sig, &rq, noc_slice_str("body"), 0) != want)
		fail_msg("%s", value ? value : "no header");
}

static void
test_bearer_and_basic(void **state)
{
	const char *secrets[] = { "Aladdin:open sesame", "", "t0ken" };
	struct noc_signature sig = { .scheme = NOC_SIG_BASIC,
				     .secrets = secrets,
				     .nsecrets = 3 };

	(void)state;
	authorization(&sig, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", 0);
	authorization(&sig, "basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ== ", 0);
	authorization(&sig, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==", NOC_EDENIED);
	authorization(&sig, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", NOC_EDENIED);
	authorization(&sig, "Basic ", NOC_EDENIED);
	authorization(&sig, "Basic", NOC_EDENIED);
	authorization(&sig, "Bearer t0ken", NOC_EDENIED);
	authorization(&sig, NULL, NOC_EDENIED);
	sig.scheme = NOC_SIG_BEARER;
	authorization(&sig, "Bearer t0ken", 0);
	authorization(&sig, "Bearer t0ken1", NOC_EDENIED);
	authorization(&sig, "Bearer t0ke", NOC_EDENIED);
	authorization(&sig, "Bearer T0ken", NOC_EDENIED);
	authorization(&sig, "Bearer  ", NOC_EDENIED); /* the empty secret */
	authorization(&sig, "Bearert0ken", NOC_EDENIED);
	/* No secret at all is not "anything goes". */
	sig.nsecrets = 0;
	authorization(&sig, "Bearer t0ken", NOC_EDENIED);
	authorization(&sig, "Bearer ", NOC_EDENIED);
}

static void
test_no_secret(void **state)
{
	const char *secrets[] = { NULL, "" };
	struct noc_signature sig = { .scheme = NOC_SIG_GITHUB,
				     .secrets = secrets,
				     .nsecrets = 2 };
	char value[72] = "sha256=";
	struct request rq = { { "X-Hub-Signature-256" },
			      { noc_slice(value, 71) } };
	uint8_t mac[64];

	(void)state;
	noc_hmac("sha256", "", 0, "x", 1, mac);
	noc_hex(value + 7, mac, 32);
	assert_int_equal(check(&sig, &rq, noc_slice_str("x"), 0), NOC_EDENIED);
	sig.nsecrets = 0;
	assert_int_equal(check(&sig, &rq, noc_slice_str("x"), 0), NOC_EDENIED);
	/* A Standard Webhooks secret that is no base64 verifies nothing. */
	secrets[0] = "whsec_!!!";
	sig = (struct noc_signature){ .scheme = NOC_SIG_STANDARD,
				      .secrets = secrets,
				      .nsecrets = 1 };
	rq = (struct request){ { "webhook-id", "webhook-timestamp",
				 "webhook-signature" },
			       { noc_slice_str("m"), noc_slice_str("1000"),
				 noc_slice_str("v1,AAAA") } };
	assert_int_equal(check(&sig, &rq, noc_slice_str("x"), 1000),
			 NOC_EDENIED);
	assert_true(noc_slice_is(
	    noc_signature_delivery(&sig, request_header, &rq), "m"));
}

/* What was signed is one, by whichever secret, in whichever spelling; nothing
 * else is said of it. */
static void
test_what_was_signed(void **state)
{
	static const char body[] = "{\"n\":1}";
	const char *const secrets[] = { "one", "two" };
	uint8_t said[2 * 3][32], want[32], mac[64];
	char hex[129], text[160];
	struct noc_signature sig = { .scheme = NOC_SIG_HMAC,
				     .md = "sha512",
				     .header = "X",
				     .secrets = secrets,
				     .nsecrets = 2 };
	struct request rq = { .names = { "X" } };

	(void)state;
	noc_sha256_once(body, strlen(body), want);
	for (size_t i = 0; i < NOC_COUNT(said); i++) {
		const char *secret = secrets[i % 2];
		size_t n = noc_hmac("sha512", secret, strlen(secret), body,
				    strlen(body), mac);

		noc_hex(hex, mac, n);
		for (char *p = hex; i / 2 == 1 && *p; p++)
			if (*p >= 'a')
				*p = (char)(*p - 32);
		snprintf(text, sizeof(text), "%s%s",
			 i / 2 == 2 ? "sha512=" : "", hex);
		rq.values[0] = noc_slice_str(text);
		sig.said = said[i];
		assert_int_equal(check(&sig, &rq, noc_slice_str(body), 0), 0);
		assert_memory_equal(said[i], want, 32);
	}
	/* Nothing of what is not right. */
	memset(said[0], 0x55, 32);
	memset(want, 0x55, 32);
	sig.said = said[0];
	assert_int_equal(check(&sig, &rq, noc_slice_str("x"), 0), NOC_EDENIED);
	assert_memory_equal(said[0], want, 32);
	/* Nor of a token. */
	sig.scheme = NOC_SIG_BEARER;
	rq.names[0] = "Authorization";
	rq.values[0] = noc_slice_str("Bearer two");
	assert_int_equal(check(&sig, &rq, noc_slice_str(body), 0), 0);
	assert_memory_equal(said[0], want, 32);
}

/* How long what somebody has recorded can be right again. */
static void
test_how_long_a_signature_lasts(void **state)
{
	static const struct {
		enum noc_signature_scheme scheme;
		bool covers_id;
		int64_t ms;
	} want[] = {
		{ NOC_SIG_HMAC, false, -1 },
		{ NOC_SIG_GITHUB, false, -1 },
		{ NOC_SIG_STANDARD, true, 121000 },
		{ NOC_SIG_SLACK, false, 121000 },
		{ NOC_SIG_STRIPE, false, 121000 },
		{ NOC_SIG_BEARER, false, 0 },
		{ NOC_SIG_BASIC, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(want); i++) {
		struct noc_signature sig = { .scheme = want[i].scheme,
					     .tolerance_s = 60 };

		assert_int_equal(noc_signature_lasts_ms(&sig), want[i].ms);
		assert_int_equal(noc_signature_covers_id(sig.scheme),
				 want[i].covers_id);
	}
	assert_int_equal(noc_signature_lasts_ms(&(struct noc_signature){
			     .scheme = NOC_SIG_SLACK }),
			 601000);
}

static void
test_scheme_names(void **state)
{
	enum noc_signature_scheme s;

	(void)state;
	assert_int_equal(noc_signature_scheme_parse("standard", &s), 0);
	assert_int_equal(s, NOC_SIG_STANDARD);
	assert_int_equal(noc_signature_scheme_parse("none", &s), NOC_EINPUT);
	assert_int_equal(noc_signature_scheme_parse("", &s), NOC_EINPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_github),
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_bearer_and_basic),
		cmocka_unit_test(test_no_secret),
		cmocka_unit_test(test_what_was_signed),
		cmocka_unit_test(test_how_long_a_signature_lasts),
		cmocka_unit_test(test_scheme_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
