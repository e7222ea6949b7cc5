/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "base/utf8.h"

#include <locale.h>
#include <pthread.h>
#include <wchar.h>

#include "base/mem.h"

size_t
noc_utf8_decode(const char *s, size_t len, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;
	uint32_t c;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		n = 2;
		c = p[0] & 0x1fu;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		c = p[0] & 0x0fu;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		n = 4;
		c = p[0] & 0x07u;
	} else {
		return 0;
	}
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

bool
noc_utf8_valid(const char *p, size_t len)
{
	uint32_t cp;

	for (size_t i = 0, n; i < len; i += n) {
		n = noc_utf8_decode(p + i, len - i, &cp);
		if (!n)
			return false;
	}
	return true;
}

/* ---- cells ---- */

/* Whatever the locale of the process: wcwidth() asks that of the thread. */
static locale_t utf8_locale;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void
utf8_init(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

int
noc_utf8_width(uint32_t cp)
{
	locale_t before;
	int n;

	if (cp < 0x300)
		return 1;
	pthread_once(&utf8_once, utf8_init);
	if (!utf8_locale)
		return 1;
	before = uselocale(utf8_locale);
	n = wcwidth((wchar_t)cp);
	uselocale(before);
	return n < 0 ? 1 : n;
}

size_t
noc_utf8_fit(const char *p, size_t len, int n)
{
	size_t at = 0, k;
	uint32_t cp;
	int w;

	for (; at < len; at += k) {
		k = noc_utf8_decode(p + at, len - at, &cp);
		w = k ? noc_utf8_width(cp) : 1;
		if (w > n)
			break;
		n -= w;
		k = k ? k : 1;
	}
	return at;
}

int
noc_utf8_cells(const char *p, size_t len)
{
	uint32_t cp;
	int n = 0;

	for (size_t at = 0, k; at < len; at += k) {
		k = noc_utf8_decode(p + at, len - at, &cp);
		n += k ? noc_utf8_width(cp) : 1;
		k = k ? k : 1;
	}
	return n;
}

bool
noc_utf8_steers(uint32_t cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
		return true;
	return cp == 0x061c || cp == 0x200e || cp == 0x200f ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

bool
noc_utf8_hides(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0xad, 0xad },	      { 0x34f, 0x34f },
		{ 0x600, 0x605 },     { 0x61c, 0x61c },
		{ 0x6dd, 0x6dd },     { 0x70f, 0x70f },
		{ 0x890, 0x891 },     { 0x8e2, 0x8e2 },
		{ 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f },   { 0x200b, 0x200f },
		{ 0x202a, 0x202e },   { 0x2060, 0x206f },
		{ 0x3164, 0x3164 },   { 0xfe00, 0xfe0d },
		{ 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb },   { 0x110bd, 0x110bd },
		{ 0x110cd, 0x110cd }, { 0x13430, 0x1343f },
		{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < NOC_COUNT(hidden) && cp >= hidden[i].first; i++)
		if (cp <= hidden[i].last)
			return true;
	return false;
}
