/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_FUZZ_USM_H
#define NOC_TESTS_FUZZ_USM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SNMPv3 messages made with the right keys (RFC 3412 §6, RFC 3414 §6): what a
 * fuzzer says is encrypted and signed after it was said, so that it gets past
 * authentication.  Of users that libnetsnmp knows at the engine.
 */
#define USM_MAX 8192

struct usm_message {
	int32_t id;
	uint8_t flags; /* 1 auth, 2 priv, 4 reportable */
	const char *user;
	const uint8_t *engine;
	size_t engine_len;
	uint32_t boots, time;
	const uint8_t *scoped; /* the scoped PDU, or what is there instead */
	size_t scoped_len;
	bool spoiled; /* one bit of the signature is another */
};

/* Its length in out; 0: there are no such keys, or it is too long. */
size_t usm_build(const struct usm_message *m, uint8_t out[USM_MAX]);

/* tag, length and these bytes at out; returns their number. */
size_t usm_tlv(uint8_t *out, uint8_t tag, const uint8_t *p, size_t len);

#endif
