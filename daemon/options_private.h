/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_OPTIONS_PRIVATE_H
#define NOC_DAEMON_OPTIONS_PRIVATE_H

#include "daemon/options.h"

/* Shared by options.c and options_file.c only. */

/* The row of a dotted name; *member is "NAME" within a family, else NULL. */
const struct noc_option_row *noc_option_find(const char *name,
					     const char **member);
bool noc_option_is_family(const struct noc_option_row *row);
char *noc_option_family(const struct noc_option_row *row); /* returned */
int noc_option_unknown(const char *name, struct noc_err *err);
/* Returned; NULL when the text is not of the row's type. */
struct noc_value *noc_option_text(const struct noc_option_row *row,
				  const char *text);
/* A member of a family of tables has only keys of its kind.  ECONFIG. */
/* One member of a family's table, *as it is kept (returned); ECONFIG: there is
 * none of that name, or it is of another type. */
int noc_option_member(const struct noc_option_row *row, const char *key,
		      const struct noc_value *v, struct noc_value **as,
		      struct noc_err *err);
/* ECONFIG: what the option wants, an example, and what it got. */
int noc_option_wrong(const struct noc_option_row *row, const char *name,
		     const struct noc_value *said, struct noc_err *err);
/* NULL: each is ADDRESS or ADDRESS/BITS; else the first that is not. */
const struct noc_value *noc_option_no_network(const struct noc_value *list);
/* "5514", "10.0.0.1:514", "[::1]:514" -> full text with host (may be NULL).
 * EINPUT. */
int noc_option_listen(const char *text, const char *host,
		      struct noc_strbuf *out);

#endif
