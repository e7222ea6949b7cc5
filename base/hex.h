/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_HEX_H
#define NOC_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Bytes as text, in hex and base64.  Pure; any thread. */

/* dst must hold 2*len+1; lower case, NUL-terminated.  Returns dst. */
char *noc_hex(char *dst, const void *p, size_t len);
/* 0 to 15 of a digit in either case, -1 of all else. */
int noc_hex_digit(char c);
/* Whole text must be hex of exactly *len or fewer bytes; EINPUT. */
int noc_unhex(const char *text, size_t text_len, uint8_t *out, size_t *len);
/* Standard alphabet with padding.  dst must hold 4*((len+2)/3)+1. */
char *noc_base64(char *dst, const void *p, size_t len);
/* out must hold 3*(text_len/4)+3.  Strict: padding required.  EINPUT. */
int noc_unbase64(const char *text, size_t text_len, uint8_t *out, size_t *len);

#endif
