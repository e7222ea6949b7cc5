/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/http_parse.h"

#include <string.h>

#include "base/hex.h"
#include "base/mem.h"

#define CHUNK_LINE   256
#define TRAILERS_MAX 4096

enum {
	CHUNK_SIZE,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	EXT_NAME,  /* of an extension: its first byte */
	EXT_NAMES, /* further ones */
	EXT_VALUE,
	EXT_VALUES,
	EXT_QUOTED,
	EXT_ESCAPED,
	EXT_END,
	TRAILER_START,
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	CHUNKS_END_LF
};

/* Goes on to that state. */
static bool
next(struct noc_http_chunks *c, int state)
{
	c->state = state;
	return true;
}

static bool
is_text(char ch)
{
	return ch == '\t' || ((unsigned char)ch >= 0x20 && ch != 0x7f);
}

/* After a size or an extension: another one, or the end of the line. */
static bool
chunk_line_goes_on(struct noc_http_chunks *c, char ch)
{
	if (ch == ';')
		return next(c, EXT_NAME);
	return ch == '\r' && next(c, CHUNK_SIZE_LF);
}

/*
 * RFC 9112 §7.1.1 without the blanks that it calls bad: extensions are read to
 * be ignored.
 */
static bool
extension_byte(struct noc_http_chunks *c, char ch)
{
	bool token = noc_http_is_token((unsigned char)ch);

	switch (c->state) {
	case EXT_NAME:
		return token && next(c, EXT_NAMES);
	case EXT_NAMES:
		if (ch == '=')
			return next(c, EXT_VALUE);
		return token || chunk_line_goes_on(c, ch);
	case EXT_VALUE:
		if (ch == '"')
			return next(c, EXT_QUOTED);
		return token && next(c, EXT_VALUES);
	case EXT_VALUES:
		return token || chunk_line_goes_on(c, ch);
	case EXT_QUOTED:
		if (ch == '"')
			return next(c, EXT_END);
		if (ch == '\\')
			return next(c, EXT_ESCAPED);
		return is_text(ch);
	case EXT_ESCAPED:
		return is_text(ch) && next(c, EXT_QUOTED);
	default:
		return chunk_line_goes_on(c, ch);
	}
}

static bool
size_byte(struct noc_http_chunks *c, char ch)
{
	int value = noc_hex_digit(ch);

	if (value < 0)
		return c->digits > 0 && chunk_line_goes_on(c, ch);
	c->left = c->left * 16 + (size_t)value;
	return ++c->digits <= 8;
}

static bool
size_end(struct noc_http_chunks *c, char ch)
{
	c->digits = 0;
	c->line = 0;
	return ch == '\n' && next(c, c->left > 0 ? CHUNK_DATA : TRAILER_START);
}

/* What is said where it is too late to frame or route by it. */
static bool
trailer_is_late(const struct noc_http_chunks *c)
{
	static const char *const names[] = { "content-length",
					     "transfer-encoding", "host" };

	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		if (c->nname == strlen(names[i]) &&
		    memcmp(c->name, names[i], c->nname) == 0)
			return true;
	}
	return false;
}

/* Trailers are read as headers are, to be ignored. */
static bool
trailer_byte(struct noc_http_chunks *c, char ch)
{
	if (++c->line > TRAILERS_MAX)
		return false;
	switch (c->state) {
	case TRAILER_START:
		c->nname = 0;
		if (ch == '\r')
			return next(c, CHUNKS_END_LF);
		if (++c->trailers > NOC_HTTP_HEADERS_MAX || ch == ':')
			return false;
		c->state = TRAILER_NAME;
		/* fallthrough */
	case TRAILER_NAME:
		if (ch == ':')
			return !trailer_is_late(c) && next(c, TRAILER_VALUE);
		if (c->nname < sizeof(c->name))
			c->name[c->nname] =
			    ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch;
		c->nname++;
		return noc_http_is_token((unsigned char)ch);
	case TRAILER_VALUE:
		return ch == '\r' ? next(c, TRAILER_LF) : is_text(ch);
	default:
		return ch == '\n' && next(c, TRAILER_START);
	}
}

/* Everything but data, byte by byte. */
static bool
chunk_byte(struct noc_http_chunks *c, char ch)
{
	switch (c->state) {
	case CHUNK_SIZE:
		return size_byte(c, ch);
	case CHUNK_SIZE_LF:
		return size_end(c, ch);
	case CHUNK_DATA_CR:
		return ch == '\r' && next(c, CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		return ch == '\n' && next(c, CHUNK_SIZE);
	case TRAILER_START:
	case TRAILER_NAME:
	case TRAILER_VALUE:
	case TRAILER_LF:
		return trailer_byte(c, ch);
	case CHUNKS_END_LF:
		c->done = true;
		return ch == '\n';
	default:
		return ++c->line <= CHUNK_LINE && extension_byte(c, ch);
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
