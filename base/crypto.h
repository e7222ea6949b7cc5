/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_CRYPTO_H
#define NOC_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Hashes, MACs and signatures; the only file that sees libcrypto.  The EVP_MD
 * is fetched once a process.  Any thread. */

struct noc_sha256; /* incremental */
struct noc_sha256 *noc_sha256_new(void);
void noc_sha256_free(struct noc_sha256 *h);
void noc_sha256_begin(struct noc_sha256 *h);
void noc_sha256_add(struct noc_sha256 *h, const void *p, size_t len);
void noc_sha256_end(struct noc_sha256 *h, uint8_t out[32]);
void noc_sha256_once(const void *p, size_t len, uint8_t out[32]);

/* md: "sha1", "sha256", "sha512".  out >= 64; returns its length or 0. */
size_t noc_hmac(const char *md, const void *key, size_t key_len, const void *p,
		size_t len, uint8_t out[64]);
bool noc_equal_ct(const void *a, const void *b, size_t len); /* constant time */
void noc_random(void *p, size_t len); /* kernel; aborts */
void noc_wipe(void *p, size_t len);

/* Ed25519 (RFC 8032): seed 32, pub 32, sig 64 bytes. */
struct noc_ed25519;					     /* a private key */
struct noc_ed25519 *noc_ed25519_new(const uint8_t seed[32]); /* NULL: bad */
void noc_ed25519_free(struct noc_ed25519 *k);
void noc_ed25519_pub(const struct noc_ed25519 *k, uint8_t pub[32]);
/* One thread at a time a key. */
void noc_ed25519_sign(const struct noc_ed25519 *k, const void *p, size_t len,
		      uint8_t sig[64]);
bool noc_ed25519_verify(const uint8_t pub[32], const void *p, size_t len,
			const uint8_t sig[64]);

#endif
