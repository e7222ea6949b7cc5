/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_SLICE_H
#define NOC_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Bytes that belong to somebody else.  p may be NULL only when len is 0: that
 * is "absent" as opposed to "empty" (p != NULL, len 0).  Not terminated.
 */
struct noc_slice {
	const char *p;
	size_t len;
};

static inline struct noc_slice
noc_slice(const char *p, size_t len)
{
	return (struct noc_slice){ p, len };
}

static inline struct noc_slice
noc_slice_str(const char *s)
{
	return (struct noc_slice){ s, s ? strlen(s) : 0 };
}

static inline bool
noc_slice_eq(struct noc_slice a, struct noc_slice b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.p, b.p, a.len));
}

static inline bool
noc_slice_is(struct noc_slice a, const char *s)
{
	return noc_slice_eq(a, noc_slice_str(s));
}

/* Fewer than eight bytes as one number, for hashes: texts of the same length
 * that differ give different ones. */
static inline uint64_t
noc_slice_word(const char *p, size_t len)
{
	uint64_t word = 0;
	uint32_t four;
	uint16_t two;

	if (len & 1)
		word = (unsigned char)p[len - 1];
	if (len & 2) {
		memcpy(&two, p + (len & 4), sizeof(two));
		word = word << 16 | two;
	}
	if (len & 4) {
		memcpy(&four, p, sizeof(four));
		word = word << 32 | four;
	}
	return word;
}

#endif
