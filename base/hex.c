/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/hex.h"

#include "base/err.h"

char *
noc_hex(char *dst, const void *p, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++) {
		dst[2 * i] = hex[b[i] >> 4];
		dst[2 * i + 1] = hex[b[i] & 15];
	}
	dst[2 * len] = '\0';
	return dst;
}

int
noc_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
noc_unhex(const char *text, size_t text_len, uint8_t *out, size_t *len)
{
	if (text_len % 2 || text_len / 2 > *len)
		return NOC_EINPUT;
	for (size_t i = 0; i < text_len / 2; i++) {
		int hi = noc_hex_digit(text[2 * i]);
		int lo = noc_hex_digit(text[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return NOC_EINPUT;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	*len = text_len / 2;
	return 0;
}

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
noc_base64(char *dst, const void *p, size_t len)
{
	const uint8_t *b = p;
	char *d = dst;

	for (; len; b += 3) {
		uint32_t v = (uint32_t)b[0] << 16;

		if (len > 1)
			v |= (uint32_t)b[1] << 8;
		if (len > 2)
			v |= b[2];
		*d++ = base64_alphabet[v >> 18];
		*d++ = base64_alphabet[v >> 12 & 63];
		*d++ = len > 1 ? base64_alphabet[v >> 6 & 63] : '=';
		*d++ = len > 2 ? base64_alphabet[v & 63] : '=';
		len -= len > 3 ? 3 : len;
	}
	*d = '\0';
	return dst;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

int
noc_unbase64(const char *text, size_t text_len, uint8_t *out, size_t *len)
{
	size_t n = 0;

	if (text_len % 4)
		return NOC_EINPUT;
	for (size_t i = 0; i < text_len; i += 4) {
		uint32_t v = 0;
		int pad = 0;

		if (i + 4 == text_len)
			pad = (text[i + 3] == '=') +
			      (text[i + 3] == '=' && text[i + 2] == '=');
		for (int k = 0; k < 4; k++) {
			int d = k < 4 - pad ? base64_value(text[i + k]) : 0;

			if (d < 0)
				return NOC_EINPUT;
			v = v << 6 | (uint32_t)d;
		}
		/* Bits that the padding throws away must be zero, or two texts
		 * would mean the same bytes (RFC 4648 §3.5). */
		if ((pad == 1 && (v & 0xff)) || (pad == 2 && (v & 0xffff)))
			return NOC_EINPUT;
		out[n++] = (uint8_t)(v >> 16);
		if (pad < 2)
			out[n++] = (uint8_t)(v >> 8);
		if (pad < 1)
			out[n++] = (uint8_t)v;
	}
	*len = n;
	return 0;
}
