/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_STRBUF_H
#define NOC_BASE_STRBUF_H

#include <stddef.h>
#include <stdint.h>

/*
 * A growing byte buffer, always NUL-terminated after first use.  Embedded:
 * zero it to init; noc_strbuf_release frees.  One thread at a time.
 */
struct noc_strbuf {
	char *p;
	size_t len;
	size_t cap;
};

#define NOC_STRBUF_INIT    \
	{                  \
		NULL, 0, 0 \
	}

void noc_strbuf_release(struct noc_strbuf *sb);
void noc_strbuf_clear(struct noc_strbuf *sb);
void noc_strbuf_add(struct noc_strbuf *sb, const void *p, size_t len);
void noc_strbuf_adds(struct noc_strbuf *sb, const char *s);
void noc_strbuf_addc(struct noc_strbuf *sb, char c);
/* Room for n bytes and the NUL at the end; noc_strbuf_grew says how many were
 * written there. */
char *noc_strbuf_room(struct noc_strbuf *sb, size_t n);
void noc_strbuf_grew(struct noc_strbuf *sb, size_t n);
void noc_strbuf_addi(struct noc_strbuf *sb, int64_t n); /* decimal */
void noc_strbuf_addf(struct noc_strbuf *sb, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void noc_strbuf_add_hex(struct noc_strbuf *sb, const void *p, size_t len);
/* Terminal-safe (noc_escape). */
void noc_strbuf_add_escaped(struct noc_strbuf *sb, const char *p, size_t len);
/* Returned: the caller frees with free(); sb is empty afterwards. */
char *noc_strbuf_detach(struct noc_strbuf *sb, size_t *len);

#endif
