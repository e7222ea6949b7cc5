/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"

/* Room for `more` bytes and the NUL. */
static void
strbuf_reserve(struct noc_strbuf *sb, size_t more)
{
	size_t need;

	NOC_REQUIRE(more < SIZE_MAX / 4 && sb->len < SIZE_MAX / 4);
	need = sb->len + more + 1;
	if (need <= sb->cap)
		return;
	sb->cap = need < 64 ? 64 : need + need / 2;
	sb->p = noc_realloc(sb->p, sb->cap);
}

void
noc_strbuf_release(struct noc_strbuf *sb)
{
	free(sb->p);
	*sb = (struct noc_strbuf)NOC_STRBUF_INIT;
}

void
noc_strbuf_clear(struct noc_strbuf *sb)
{
	strbuf_reserve(sb, 0);
	sb->len = 0;
	sb->p[0] = '\0';
}

char *
noc_strbuf_room(struct noc_strbuf *sb, size_t n)
{
	strbuf_reserve(sb, n);
	return sb->p + sb->len;
}

void
noc_strbuf_grew(struct noc_strbuf *sb, size_t n)
{
	NOC_REQUIRE(sb->len + n < sb->cap);
	sb->len += n;
	sb->p[sb->len] = '\0';
}

void
noc_strbuf_add(struct noc_strbuf *sb, const void *p, size_t len)
{
	strbuf_reserve(sb, len);
	if (len)
		memcpy(sb->p + sb->len, p, len);
	sb->len += len;
	sb->p[sb->len] = '\0';
}

void
noc_strbuf_add_hex(struct noc_strbuf *sb, const void *p, size_t len)
{
	noc_hex(noc_strbuf_room(sb, 2 * len), p, len);
	noc_strbuf_grew(sb, 2 * len);
}

void
noc_strbuf_adds(struct noc_strbuf *sb, const char *s)
{
	noc_strbuf_add(sb, s, strlen(s));
}

void
noc_strbuf_addc(struct noc_strbuf *sb, char c)
{
	strbuf_reserve(sb, 1);
	sb->p[sb->len++] = c;
	sb->p[sb->len] = '\0';
}

void
noc_strbuf_addi(struct noc_strbuf *sb, int64_t n)
{
	char text[20], *p = text + sizeof(text);
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (n < 0)
		*--p = '-';
	noc_strbuf_add(sb, p, (size_t)(text + sizeof(text) - p));
}

void
noc_strbuf_addf(struct noc_strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	int n;

	strbuf_reserve(sb, 64);
	va_start(ap, fmt);
	n = vsnprintf(sb->p + sb->len, sb->cap - sb->len, fmt, ap);
	va_end(ap);
	NOC_REQUIRE(n >= 0);
	if ((size_t)n >= sb->cap - sb->len) {
		strbuf_reserve(sb, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(sb->p + sb->len, sb->cap - sb->len, fmt, ap);
		va_end(ap);
	}
	sb->len += (size_t)n;
}

void
noc_strbuf_add_escaped(struct noc_strbuf *sb, const char *p, size_t len)
{
	/* The longest escape, \u202e for three bytes or \x1b for one, is four
	 * times its source. */
	NOC_REQUIRE(len < SIZE_MAX / 16);
	strbuf_reserve(sb, 4 * len);
	sb->len += noc_escape(sb->p + sb->len, sb->cap - sb->len, p, len);
}

char *
noc_strbuf_detach(struct noc_strbuf *sb, size_t *len)
{
	char *p;

	strbuf_reserve(sb, 0);
	sb->p[sb->len] = '\0';
	if (len)
		*len = sb->len;
	p = sb->p;
	*sb = (struct noc_strbuf)NOC_STRBUF_INIT;
	return p;
}
