/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_QUERY_H
#define NOC_STORE_QUERY_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/value.h"

/* The questions of reader.h, answered on an open read connection.  *out:
 * returned, may be nil.  EINPUT: no such question or bad parameters;
 * ETIMEOUT: the connection was interrupted. */
int noc_query_run(sqlite3 *db, const char *name, const struct noc_value *params,
		  struct noc_value **out, struct noc_err *err);

/* query_audit.c */
int noc_query_audit(sqlite3 *db, const struct noc_value *params,
		    struct noc_value **out, struct noc_err *err);
int noc_query_heads(sqlite3 *db, const struct noc_value *params,
		    struct noc_value **out, struct noc_err *err);

/* SQLite's code as ours: ETIMEOUT when it was interrupted, else ESTORE. */
int noc_query_fail(sqlite3 *db, int rc, struct noc_err *err);
/* limit: 1 to 1,000, 100 when not said. */
int64_t noc_query_limit(const struct noc_value *params);

#endif
