/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_LISTING_H
#define NOC_ENGINE_EXPR_LISTING_H

#include "base/value.h"

/*
 * Lists in a text: {list:keys} and {list:table} of a template.  Any thread.
 */
#define NOC_LISTING_LINES   1000 /* of a table; of the others their number */
#define NOC_LISTING_COLUMNS 12
#define NOC_LISTING_CELLS   60 /* of one column, of a terminal */

/* Names of its items, comma separated: a text is one, a map its `key`, `name`
 * or `id`.  Of a map its keys. */
void noc_listing_keys(const struct noc_value *v, struct noc_strbuf *out);
/*
 * For a ticket: a line for each item, columns aligned, above them what the
 * members of the items are called.  What is longer than a cell is cut, and has
 * an ellipsis.
 */
void noc_listing_table(const struct noc_value *v, struct noc_strbuf *out);

#endif
