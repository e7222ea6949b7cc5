/* SPDX-License-Identifier: ISC */
#ifndef NOC_STORE_QUERY_H
#define NOC_STORE_QUERY_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/value.h"
#include "store/db.h"

/* The questions of reader.h, answered on an open read connection.  *out:
 * returned, may be nil.  EINPUT: no such question or bad parameters;
 * ETIMEOUT: the connection was interrupted. */
int noc_query_run(sqlite3 *db, const char *name, const struct noc_value *params,
		  struct noc_value **out, struct noc_err *err);

/* Columns of one event and of one run. */
#define NOC_QUERY_EVENTS                                                      \
	"SELECT n,id,received,kind,source,origin,device,severity,fate,"       \
	"(SELECT group_concat(rule || ' ' || outcome, ', ') FROM decisions d" \
	" WHERE d.event = events.id) AS decided," NOC_DB_EVENT_BODY           \
	" AS body FROM events"
#define NOC_QUERY_RUNS                                                        \
	"SELECT n,id,event,rule,key,device,mode,state,phase,outcome,started," \
	"ended,definition,parent,dedup,deadline,json FROM runs"
#define NOC_QUERY_DECISIONS \
	"SELECT event,rule,outcome,at,reason,run FROM decisions"
#define NOC_QUERY_DECIDED " ORDER BY at, rule LIMIT 1000"

/* query_page.c */
int noc_query_events(sqlite3 *db, const struct noc_value *params,
		     struct noc_value **out, struct noc_err *err);
int noc_query_runs(sqlite3 *db, const struct noc_value *params,
		   struct noc_value **out, struct noc_err *err);

/* query_run.c */
int noc_query_run_one(sqlite3 *db, const struct noc_value *params,
		      struct noc_value **out, struct noc_err *err);
int noc_query_states(sqlite3 *db, const struct noc_value *params,
		     struct noc_value **out, struct noc_err *err);
int noc_query_items(sqlite3 *db, const struct noc_value *params,
		    struct noc_value **out, struct noc_err *err);

/* query_audit.c */
int noc_query_audit(sqlite3 *db, const struct noc_value *params,
		    struct noc_value **out, struct noc_err *err);
int noc_query_heads(sqlite3 *db, const struct noc_value *params,
		    struct noc_value **out, struct noc_err *err);

/* SQLite's code as ours: ETIMEOUT when it was interrupted, else ESTORE. */
int noc_query_fail(sqlite3 *db, int rc, struct noc_err *err);
/* The one row with params.id, which may be the beginning of an id; nil when
 * there is none, ECONFLICT when it is of several. */
int noc_query_by_id(sqlite3 *db, const char *select,
		    const struct noc_value *params, struct noc_value **out,
		    struct noc_err *err);
/* Rows of another table that name this id, as ?1. */
int noc_query_related(sqlite3 *db, const char *sql, const char *id_text,
		      struct noc_value **out, struct noc_err *err);
/* The row that the statement is at as a map; returned. */
struct noc_value *noc_query_row(sqlite3_stmt *st);
/* What the statement gives as maps: onto a list, or as a new one, and then the
 * statement is finalized. */
int noc_query_fill(sqlite3 *db, sqlite3_stmt *st, struct noc_value *list,
		   struct noc_err *err);
int noc_query_rows(sqlite3 *db, sqlite3_stmt *st, struct noc_value **out,
		   struct noc_err *err);
/* limit: 1 to 1,000, 100 when not said. */
int64_t noc_query_limit(const struct noc_value *params);

#endif
