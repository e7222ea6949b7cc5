/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/http_parse.h"

#include "base/hex.h"

#define CHUNK_LINE   256
#define TRAILERS_MAX 4096

enum {
	CHUNK_SIZE,
	CHUNK_EXT,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	TRAILER_START,
	TRAILER_LINE,
	TRAILER_LF,
	CHUNKS_END_LF
};

/* The size line: hex digits, an extension to ignore, CRLF. */
static bool
chunk_size_byte(struct noc_http_chunks *c, char ch)
{
	int value = c->state == CHUNK_SIZE ? noc_hex_digit(ch) : -1;

	if (++c->line > CHUNK_LINE)
		return false;
	if (value >= 0) {
		c->left = c->left * 16 + (size_t)value;
		return ++c->digits <= 8;
	}
	if (c->digits == 0)
		return false;
	if (ch == '\r') {
		c->state = CHUNK_SIZE_LF;
		return true;
	}
	if (c->state == CHUNK_SIZE && ch != ';' && ch != ' ' && ch != '\t')
		return false;
	c->state = CHUNK_EXT;
	return ch == '\t' || (unsigned char)ch >= 0x20;
}

static void
chunk_size_end(struct noc_http_chunks *c)
{
	c->state = c->left > 0 ? CHUNK_DATA : TRAILER_START;
	c->digits = 0;
	c->line = 0;
}

/* Everything but data, byte by byte. */
static bool
chunk_byte(struct noc_http_chunks *c, char ch)
{
	switch (c->state) {
	case CHUNK_SIZE:
	case CHUNK_EXT:
		return chunk_size_byte(c, ch);
	case CHUNK_SIZE_LF:
		chunk_size_end(c);
		return ch == '\n';
	case CHUNK_DATA_CR:
		c->state = CHUNK_DATA_LF;
		return ch == '\r';
	case CHUNK_DATA_LF:
		c->state = CHUNK_SIZE;
		return ch == '\n';
	case TRAILER_START:
		c->state = ch == '\r' ? CHUNKS_END_LF : TRAILER_LINE;
		return ++c->line < TRAILERS_MAX && ch != '\n';
	case TRAILER_LINE:
		if (ch == '\r')
			c->state = TRAILER_LF;
		return ++c->line < TRAILERS_MAX && ch != '\n';
	case TRAILER_LF:
		c->state = TRAILER_START;
		return ch == '\n';
	default:
		c->done = true;
		return ch == '\n';
	}
}

ssize_t
noc_http_chunks_feed(struct noc_http_chunks *c, const char *p, size_t len,
		     struct noc_strbuf *out, size_t max)
{
	size_t i = 0;

	while (i < len && !c->done) {
		if (c->state == CHUNK_DATA) {
			size_t n = len - i < c->left ? len - i : c->left;

			noc_strbuf_add(out, p + i, n);
			i += n;
			c->left -= n;
			if (c->left == 0)
				c->state = CHUNK_DATA_CR;
		} else if (!chunk_byte(c, p[i++])) {
			return -400;
		}
		if (c->left > max - out->len)
			return -413;
	}
	return (ssize_t)i;
}
