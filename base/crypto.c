/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/crypto.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/mem.h"

static pthread_once_t crypto_once = PTHREAD_ONCE_INIT;
static EVP_MD *crypto_sha256;
static EVP_MAC *crypto_hmac;

/* Fetching walks the providers and takes locks, hence once a process. */
static void
crypto_init(void)
{
	crypto_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	crypto_hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	NOC_REQUIRE(crypto_sha256 && crypto_hmac);
}

struct noc_sha256 {
	EVP_MD_CTX *ctx;
};

struct noc_sha256 *
noc_sha256_new(void)
{
	struct noc_sha256 *h = noc_malloc(sizeof(*h));

	pthread_once(&crypto_once, crypto_init);
	h->ctx = EVP_MD_CTX_new();
	NOC_REQUIRE(h->ctx);
	return h;
}

void
noc_sha256_free(struct noc_sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void
noc_sha256_begin(struct noc_sha256 *h)
{
	NOC_REQUIRE(EVP_DigestInit_ex2(h->ctx, crypto_sha256, NULL) == 1);
}

void
noc_sha256_add(struct noc_sha256 *h, const void *p, size_t len)
{
	if (len)
		NOC_REQUIRE(EVP_DigestUpdate(h->ctx, p, len) == 1);
}

void
noc_sha256_end(struct noc_sha256 *h, uint8_t out[32])
{
	NOC_REQUIRE(EVP_DigestFinal_ex(h->ctx, out, NULL) == 1);
}

void
noc_sha256_once(const void *p, size_t len, uint8_t out[32])
{
	pthread_once(&crypto_once, crypto_init);
	NOC_REQUIRE(
	    EVP_Digest(len ? p : "", len, out, NULL, crypto_sha256, NULL) == 1);
}

size_t
noc_hmac(const char *md, const void *key, size_t key_len, const void *p,
	 size_t len, uint8_t out[64])
{
	char name[16];
	OSSL_PARAM params[2];
	EVP_MAC_CTX *ctx;
	size_t n = 0;
	bool ok;

	if (strcmp(md, "sha1") && strcmp(md, "sha256") && strcmp(md, "sha512"))
		return 0;
	strcpy(name, md);
	pthread_once(&crypto_once, crypto_init);
	params[0] =
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	params[1] = OSSL_PARAM_construct_end();
	ctx = EVP_MAC_CTX_new(crypto_hmac);
	NOC_REQUIRE(ctx);
	/* With a NULL key OpenSSL would take that of the last call. */
	ok = EVP_MAC_init(ctx, key_len ? key : (const void *)"", key_len,
			  params) == 1 &&
	     (!len || EVP_MAC_update(ctx, p, len) == 1) &&
	     EVP_MAC_final(ctx, out, &n, 64) == 1;
	EVP_MAC_CTX_free(ctx);
	return ok ? n : 0;
}

bool
noc_equal_ct(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
noc_random(void *p, size_t len)
{
	unsigned char *d = p;

	while (len) {
		ssize_t n = getrandom(d, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		NOC_REQUIRE(n > 0);
		d += n;
		len -= (size_t)n;
	}
}

void
noc_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}

struct noc_ed25519 {
	EVP_PKEY *key;
	EVP_MD_CTX *ready; /* to sign with it: a quarter of the work */
	EVP_MD_CTX *ctx;
};

struct noc_ed25519 *
noc_ed25519_new(const uint8_t seed[32])
{
	EVP_PKEY *key =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	struct noc_ed25519 *k;

	if (!key)
		return NULL;
	k = noc_malloc(sizeof(*k));
	k->key = key;
	k->ready = EVP_MD_CTX_new();
	k->ctx = EVP_MD_CTX_new();
	NOC_REQUIRE(k->ready && k->ctx &&
		    EVP_DigestSignInit(k->ready, NULL, NULL, NULL, key) == 1);
	return k;
}

void
noc_ed25519_free(struct noc_ed25519 *k)
{
	if (!k)
		return;
	EVP_MD_CTX_free(k->ready);
	EVP_MD_CTX_free(k->ctx);
	EVP_PKEY_free(k->key);
	free(k);
}

void
noc_ed25519_pub(const struct noc_ed25519 *k, uint8_t pub[32])
{
	size_t len = 32;

	NOC_REQUIRE(EVP_PKEY_get_raw_public_key(k->key, pub, &len) == 1 &&
		    len == 32);
}

void
noc_ed25519_sign(const struct noc_ed25519 *k, const void *p, size_t len,
		 uint8_t sig[64])
{
	size_t sig_len = 64;

	NOC_REQUIRE(EVP_MD_CTX_copy_ex(k->ctx, k->ready) == 1 &&
		    EVP_DigestSign(k->ctx, sig, &sig_len, len ? p : "", len) ==
			1 &&
		    sig_len == 64);
}

bool
noc_ed25519_verify(const uint8_t pub[32], const void *p, size_t len,
		   const uint8_t sig[64])
{
	EVP_PKEY *key =
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	NOC_REQUIRE(ctx);
	ok = key && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	     EVP_DigestVerify(ctx, sig, 64, len ? p : "", len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}
