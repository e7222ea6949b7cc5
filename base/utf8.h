/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_UTF8_H
#define NOC_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decode one character of p[0..len), len > 0.  Returns its length in bytes,
 * or 0 when the bytes are no UTF-8 (RFC 3629: overlong forms, surrogates and
 * values past U+10FFFF are refused).  Any thread.
 */
size_t noc_utf8_decode(const char *p, size_t len, uint32_t *cp);
bool noc_utf8_valid(const char *p, size_t len);

/* Cells of a terminal that it takes: 2 when it is wide (East Asian, emoji), 0
 * when it stands on the one before it. */
int noc_utf8_width(uint32_t cp);
/* Cells of p[0..len); a byte that is no UTF-8 takes one. */
int noc_utf8_cells(const char *p, size_t len);
/* Bytes of p[0..len) that take n cells at most, whole characters. */
size_t noc_utf8_fit(const char *p, size_t len, int n);

/*
 * Characters that steer a terminal or reorder a line: C0, DEL, C1, the
 * bidirectional controls (UAX #9) and the line and paragraph separators.
 */
bool noc_utf8_steers(uint32_t cp);
/*
 * Characters that show nothing, so that two texts look alike or one carries
 * another: those of format (Unicode 15.1, general category Cf), tags, fillers
 * and whatever else is to be ignored by default; of the variation selectors
 * all but those that make an emoji of a sign (U+FE0E, U+FE0F).
 */
bool noc_utf8_hides(uint32_t cp);

#endif
