/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_JSON_H
#define NOC_BASE_JSON_H

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/value.h"

/*
 * JSON text <-> noc_value (RFC 8259).  The only file that sees jansson.
 * Reading: duplicate keys and depth > 32 are refused (EINPUT with the byte,
 * counted from 1); a NUL within a key becomes U+FFFD, as keys are C strings;
 * integers past 64 bits become reals.  Any thread.
 */
#define NOC_JSON_DEPTH_MAX 32

int noc_json_parse(const char *p, size_t len, struct noc_value **out,
		   struct noc_err *err);

/*
 * Writing: invalid UTF-8 bytes become U+FFFD; C0, DEL, C1 and bidi characters
 * are written as \uXXXX so a terminal cannot be steered.  Canonical sorts map
 * keys bytewise and uses no spaces: equal trees give equal bytes.
 */
enum noc_json_style { NOC_JSON_COMPACT, NOC_JSON_CANONICAL, NOC_JSON_PRETTY };
void noc_json_write(const struct noc_value *v, enum noc_json_style style,
		    struct noc_strbuf *out);
/* Returned: freed with free(). */
char *noc_json_string(const struct noc_value *v, enum noc_json_style style);
/* One string with its quotes. */
void noc_json_write_str(const char *p, size_t len, struct noc_strbuf *out);

#endif
