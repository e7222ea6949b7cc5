/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_PATTERN_H
#define NOC_ENGINE_EXPR_PATTERN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * Regular expressions (PCRE2, JIT), with match and depth limits so that no
 * pattern and text together take longer than ~1 ms.  The only file that sees
 * pcre2.  Compiled on any thread, matched on the loop thread.
 */
struct noc_pattern;

int noc_pattern_new(const char *text, struct noc_pattern **out,
		    struct noc_err *err);
void noc_pattern_free(struct noc_pattern *p);
/* True on a match.  A limit that was hit is no match. */
bool noc_pattern_match(const struct noc_pattern *p, struct noc_slice text);
/* Named captures of the last match on this thread, by index. */
size_t noc_pattern_ncaptures(const struct noc_pattern *p);
const char *noc_pattern_capture_name(const struct noc_pattern *p, size_t i);
struct noc_slice noc_pattern_capture(const struct noc_pattern *p, size_t i);
/* Longest literal the text must contain (for the prefilter); may be empty. */
struct noc_slice noc_pattern_literal(const struct noc_pattern *p);

#endif
