/* SPDX-License-Identifier: ISC */
#ifndef NOC_BASE_JSON_H
#define NOC_BASE_JSON_H

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/value.h"

/*
 * JSON text <-> noc_value (RFC 8259).  The only file that sees jansson.
 * Reading: duplicate keys and what is nested too deep are refused (EINPUT with
 * the byte, counted from 1); a NUL within a key becomes U+FFFD, as keys are C
 * strings; integers past 64 bits become reals.  Any thread.
 *
 * What comes from outside may nest 32 levels.  What we write ourselves wraps
 * that in some more (an event in a run in an answer): it is read with the
 * larger limit, which the writer keeps to, so that what is written can always
 * be read back.
 */
#define NOC_JSON_DEPTH_MAX	32
#define NOC_JSON_DEPTH_HELD_MAX 40 /* of what the core takes in */
#define NOC_JSON_DEPTH_OWN_MAX	60

int noc_json_parse(const char *p, size_t len, struct noc_value **out,
		   struct noc_err *err);
/* Of text that this program wrote. */
int noc_json_parse_own(const char *p, size_t len, struct noc_value **out,
		       struct noc_err *err);

/*
 * Writing: invalid UTF-8 bytes become U+FFFD; C0, DEL, C1 and bidi characters
 * are written as \uXXXX so a terminal cannot be steered; so are those that show
 * nothing (noc_utf8_hides), but not in Canonical, whose bytes are hashed: it
 * sorts map keys bytewise and uses no spaces: equal trees give equal bytes.
 * Below
 * NOC_JSON_DEPTH_OWN_MAX levels stands null, and it is counted as our fault.
 */
enum noc_json_style { NOC_JSON_COMPACT, NOC_JSON_CANONICAL, NOC_JSON_PRETTY };
void noc_json_write(const struct noc_value *v, enum noc_json_style style,
		    struct noc_strbuf *out);
/* Returned: freed with free(). */
char *noc_json_string(const struct noc_value *v, enum noc_json_style style);
/* One string with its quotes, as in Canonical. */
void noc_json_write_str(const char *p, size_t len, struct noc_strbuf *out);

#endif
