/* SPDX-License-Identifier: ISC */
#ifndef NOC_PROTO_HTTP_PARSE_H
#define NOC_PROTO_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "base/strbuf.h"

/*
 * HTTP/1.x framing (RFC 9112), strict: CRLF only, no folding, one
 * Content-Length, never both lengths, one Host; extensions of chunks and
 * trailers as the grammar has them, without blanks that it calls bad.  Pure;
 * for net/ and the fuzzer.
 */
#define NOC_HTTP_HEADERS_MAX 100

struct noc_http_field {
	char *name; /* lower case */
	char *value;
};

struct noc_http_head {
	char *block; /* owned: every text below lies in it */
	const char *method;
	const char *target; /* as sent, origin form */
	const char *path;   /* target without the query, still encoded */
	const char *query;  /* still encoded; NULL: none */
	int minor;	    /* HTTP/1.minor */
	struct noc_http_field fields[NOC_HTTP_HEADERS_MAX];
	size_t nfields;
	int64_t length; /* Content-Length; -1: none */
	bool chunked, expect_continue, keep_alive;
};

/*
 * Looks for the end of the head in bytes that grow; *scan (0 at first) is
 * where to go on.  Returns the length of the head with its empty line, 0 when
 * it is not complete, or -status (400 bare CR, LF or control; 431 too long).
 */
ssize_t noc_http_head_end(struct noc_slice in, size_t max, size_t *scan);
/* A complete head.  0, or -status with *why a phrase.  Release both ways. */
int noc_http_head_parse(struct noc_slice in, struct noc_http_head *out,
			const char **why);
void noc_http_head_release(struct noc_http_head *head);
const char *noc_http_head_get(const struct noc_http_head *head,
			      const char *name);

/* Chunked transfer coding, fed in pieces.  Zero it to begin. */
struct noc_http_chunks {
	int state;
	int digits;
	size_t left, line;
	char name[20]; /* of a trailer, in lower case */
	size_t nname, trailers;
	bool done;
};
/*
 * Appends what it decodes to out, of at most max bytes.  Returns how many
 * bytes of p it used, or -status (400, 413).
 */
ssize_t noc_http_chunks_feed(struct noc_http_chunks *c, const char *p,
			     size_t len, struct noc_strbuf *out, size_t max);

/*
 * Percent-decoding in place; plus: '+' is a blank.  False: bad escape or a
 * control character comes out.
 */
bool noc_http_decode(char *text, bool plus);

/* RFC 9110 §5.6.2. */
bool noc_http_is_token(unsigned char c);

const char *noc_http_reason(int status);

#endif
