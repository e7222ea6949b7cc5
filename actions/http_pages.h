/* SPDX-License-Identifier: ISC */
#ifndef NOC_ACTIONS_HTTP_PAGES_H
#define NOC_ACTIONS_HTTP_PAGES_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/value.h"

/*
 * pages = { "body.results", next = "body.next" }: an answer that is one page of
 * several.  The pages become one answer, the first with the lists of all.
 */
#define NOC_PAGES_MAX	    100
#define NOC_PAGES_ITEMS_MAX 10000 /* as many as an each takes */

/* Adds what `page` lists to `whole` (the same at the first).  0, or EREMOTE:
 * there is no such list, or it is longer than that. */
int noc_pages_add(const struct noc_value *pages, struct noc_value *whole,
		  const struct noc_value *page, struct noc_err *err);
/*
 * Is there a next one?  Its URL into *out: the path and query that the answer
 * says, at the scheme, host and port of `url` whatever the answer says of
 * those, so that a credential goes nowhere else.
 */
bool noc_pages_next(const struct noc_value *pages, const struct noc_value *page,
		    const char *url, struct noc_strbuf *out);

#endif
