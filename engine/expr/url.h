/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_URL_H
#define NOC_ENGINE_EXPR_URL_H

#include "engine/expr/template.h"

/*
 * A template that is a URL (RFC 3986).  What a value says is one word of its
 * path or query: everything but unreserved characters is percent-encoded, and
 * it is never a segment of dots.  Scheme, host and port are the template's own,
 * or {path:raw}: then *chosen, and whoever asks holds the address to those
 * that the configuration names.  EINPUT, ENOTFOUND.
 */
/* Beside an option `url`: it was chosen. */
#define NOC_URL_CHOSEN "url:raw"
int noc_url_expand(const struct noc_template *t, const struct noc_scope *scope,
		   enum noc_missing missing, struct noc_strbuf *out,
		   bool *chosen, struct noc_err *err);

#endif
