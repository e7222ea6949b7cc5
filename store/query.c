/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/query.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/id.h"
#include "base/json.h"
#include "base/mem.h"
#include "store/db.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

int
noc_query_fail(sqlite3 *db, int rc, struct noc_err *err)
{
	if ((rc & 0xff) == SQLITE_INTERRUPT)
		return noc_err_set(err, NOC_ETIMEOUT,
				   "The question took too long: narrow it, or "
				   "ask for fewer rows.");
	return noc_db_err(db, err, "The database did not answer");
}

int64_t
noc_query_limit(const struct noc_value *params)
{
	int64_t n = noc_value_get_int(params, "limit", LIMIT_DEFAULT);

	return n < 1 ? 1 : n > LIMIT_MAX ? LIMIT_MAX : n;
}

/* ---- one row as a map ---- */

static struct noc_value *
query_text(sqlite3_stmt *st, int i)
{
	return noc_value_strn((const char *)sqlite3_column_text(st, i),
			      (size_t)sqlite3_column_bytes(st, i));
}

/* Text that is no JSON stays text. */
static struct noc_value *
query_json(sqlite3_stmt *st, int i)
{
	struct noc_value *v;

	if (sqlite3_column_type(st, i) == SQLITE_NULL)
		return noc_value_nil();
	if (noc_json_parse_own((const char *)sqlite3_column_text(st, i),
			       (size_t)sqlite3_column_bytes(st, i), &v,
			       NULL) < 0)
		return query_text(st, i);
	return v;
}

static struct noc_value *
query_cell(sqlite3_stmt *st, int i)
{
	char hex[2 * 32 + 1], text[NOC_ID_TEXT];
	struct noc_id id;

	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER:
		return noc_value_int(sqlite3_column_int64(st, i));
	case SQLITE_FLOAT:
		return noc_value_real(sqlite3_column_double(st, i));
	case SQLITE_NULL:
		return noc_value_nil();
	case SQLITE_BLOB:
		if (sqlite3_column_bytes(st, i) == sizeof(id.b)) {
			memcpy(id.b, sqlite3_column_blob(st, i), sizeof(id.b));
			return noc_value_str(noc_id_format(text, &id));
		}
		if (sqlite3_column_bytes(st, i) != 32)
			return noc_value_nil();
		noc_hex(hex, sqlite3_column_blob(st, i), 32);
		return noc_value_str(hex);
	default:
		break;
	}
	/* Columns named json and data hold JSON of our own writing. */
	if (!strcmp(sqlite3_column_name(st, i), "json") ||
	    !strcmp(sqlite3_column_name(st, i), "data"))
		return query_json(st, i);
	return query_text(st, i);
}

/* What the row says of itself stays, whatever its body says. */
static bool
query_own_column(const char *name)
{
	return !strcmp(name, "id") || !strcmp(name, "fate") ||
	       !strcmp(name, "received") || !strcmp(name, "n");
}

/*
 * The columns by name; "n" is the cursor.  A last column named body is an
 * event as it was written, and wins over the columns made from it; one named
 * more is merged where no column has the name.
 */
struct noc_value *
noc_query_row(sqlite3_stmt *st)
{
	int n = sqlite3_column_count(st), last = n - 1;
	const char *how = sqlite3_column_name(st, last);
	bool body = !strcmp(how, "body"), more = !strcmp(how, "more");
	struct noc_value *row = body || more ? query_json(st, last) : NULL;

	if (body || more)
		n = last;
	if (!row || row->type != NOC_MAP) {
		noc_value_free(row);
		row = noc_value_map();
	}
	for (int i = 0; i < n; i++) {
		const char *name = sqlite3_column_name(st, i);

		if (!strcmp(name, "n"))
			noc_value_set(row, "cursor",
				      noc_value_strf(
					  "%lld", sqlite3_column_int64(st, i)));
		else if (!body || query_own_column(name) ||
			 !noc_value_get(row, name))
			noc_value_set(row, name, query_cell(st, i));
	}
	return row;
}

int
noc_query_fill(sqlite3 *db, sqlite3_stmt *st, struct noc_value *list,
	       struct noc_err *err)
{
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		noc_value_push(list, noc_query_row(st));
	return rc == SQLITE_DONE ? 0 : noc_query_fail(db, rc, err);
}

int
noc_query_rows(sqlite3 *db, sqlite3_stmt *st, struct noc_value **out,
	       struct noc_err *err)
{
	struct noc_value *list = noc_value_list();
	int rc = noc_query_fill(db, st, list, err);

	sqlite3_finalize(st);
	if (rc < 0) {
		noc_value_free(list);
		return rc;
	}
	*out = list;
	return 0;
}

/* ---- one thing by id ---- */

int
noc_query_by_id(sqlite3 *db, const char *select, const struct noc_value *params,
		struct noc_value **out, struct noc_err *err)
{
	const char *text = noc_value_get_str(params, "id", "");
	uint8_t lo[16], hi[16];
	struct noc_value *list = NULL;
	sqlite3_stmt *st;
	char *sql;
	int rc;

	*out = noc_value_nil();
	if (noc_id_range(text, lo, hi))
		return 0;
	sql = noc_asprintf("%s WHERE id BETWEEN ?1 AND ?2 LIMIT 2", select);
	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	free(sql);
	if (rc != SQLITE_OK) {
		rc = noc_query_fail(db, rc, err);
		goto fail;
	}
	sqlite3_bind_blob(st, 1, lo, 16, SQLITE_STATIC);
	sqlite3_bind_blob(st, 2, hi, 16, SQLITE_STATIC);
	rc = noc_query_rows(db, st, &list, err);
	if (rc < 0)
		goto fail;
	if (noc_value_len(list) > 1) {
		rc = noc_err_set(err, NOC_ECONFLICT,
				 "More than one id begins with %s: give more "
				 "of it.",
				 text);
		noc_value_free(list);
		goto fail;
	}
	if (noc_value_len(list)) {
		noc_value_free(*out);
		*out = noc_value_copy(noc_value_at(list, 0));
	}
	noc_value_free(list);
	return 0;
fail:
	noc_value_free(*out);
	*out = NULL;
	return rc;
}

int
noc_query_related(sqlite3 *db, const char *sql, const char *id_text,
		  struct noc_value **out, struct noc_err *err)
{
	struct noc_id id;
	sqlite3_stmt *st;
	int rc;

	if (noc_id_parse(id_text, &id)) {
		*out = noc_value_list();
		return 0;
	}
	rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
	if (rc != SQLITE_OK)
		return noc_query_fail(db, rc, err);
	sqlite3_bind_blob(st, 1, id.b, sizeof(id.b), SQLITE_STATIC);
	return noc_query_rows(db, st, out, err);
}

static int
query_event(sqlite3 *db, const struct noc_value *params, struct noc_value **out,
	    struct noc_err *err)
{
	struct noc_value *one, *page = NULL;
	const struct noc_value *list;
	int rc;

	if (strcmp(noc_value_get_str(params, "id", ""), "last"))
		return noc_query_by_id(db, NOC_QUERY_EVENTS, params, out, err);
	one = noc_value_map();
	noc_value_set(one, "limit", noc_value_int(1));
	rc = noc_query_events(db, one, &page, err);
	list = noc_value_get(page, "events");
	if (rc == 0)
		*out = noc_value_len(list)
			   ? noc_value_copy(noc_value_at(list, 0))
			   : noc_value_nil();
	noc_value_free(page);
	noc_value_free(one);
	return rc;
}

static int
query_decisions(sqlite3 *db, const struct noc_value *params,
		struct noc_value **out, struct noc_err *err)
{
	return noc_query_related(
	    db, NOC_QUERY_DECISIONS " WHERE event = ?1" NOC_QUERY_DECIDED,
	    noc_value_get_str(params, "event", ""), out, err);
}

/* ---- the rest ---- */

static int
query_live(sqlite3 *db, const struct noc_value *params, struct noc_value **out,
	   struct noc_err *err)
{
	const char *kind = noc_value_get_str(params, "kind", "");
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db,
				    "SELECT key,due,data FROM live"
				    " WHERE kind = ?1 ORDER BY key LIMIT 10000",
				    -1, &st, NULL);

	if (rc != SQLITE_OK)
		return noc_query_fail(db, rc, err);
	sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
	return noc_query_rows(db, st, out, err);
}

static int
query_counts(sqlite3 *db, const struct noc_value *params,
	     struct noc_value **out, struct noc_err *err)
{
	/* The ends of the log are its length; the others are counted on their
	 * smallest index. */
	static const char *const tables[][2] = {
		{ "audit", "SELECT ifnull(max(seq) + 1, 0) - ifnull(min(seq),"
			   " 0) FROM audit" },
		{ "heads", "SELECT count(*) FROM audit_head" },
		{ "events", "SELECT count(*) FROM events" },
		{ "runs", "SELECT count(*) FROM runs" },
		{ "steps", "SELECT count(*) FROM steps" },
		{ "decisions", "SELECT count(*) FROM decisions" },
		{ "live", "SELECT count(*) FROM live" },
		{ "definitions", "SELECT count(*) FROM definitions" },
		{ "blobs", "SELECT count(*) FROM blobs" },
	};
	sqlite3_int64 n;

	(void)params;
	*out = noc_value_map();
	for (size_t i = 0; i < NOC_COUNT(tables); i++) {
		int rc = noc_db_int(db, tables[i][1], &n);

		if (rc != SQLITE_OK) {
			noc_value_free(*out);
			*out = NULL;
			return noc_query_fail(db, rc, err);
		}
		noc_value_set(*out, tables[i][0], noc_value_int(n));
	}
	return 0;
}

int
noc_query_run(sqlite3 *db, const char *name, const struct noc_value *params,
	      struct noc_value **out, struct noc_err *err)
{
	static const struct {
		const char *name;
		int (*run)(sqlite3 *db, const struct noc_value *params,
			   struct noc_value **out, struct noc_err *err);
	} questions[] = {
		{ "events", noc_query_events },	  { "event", query_event },
		{ "decisions", query_decisions }, { "runs", noc_query_runs },
		{ "run", noc_query_run_one },	  { "items", noc_query_items },
		{ "audit", noc_query_audit },	  { "heads", noc_query_heads },
		{ "counts", query_counts },	  { "live", query_live },
		{ "states", noc_query_states },
	};

	for (size_t i = 0; i < NOC_COUNT(questions); i++)
		if (!strcmp(name, questions[i].name))
			return questions[i].run(db, params, out, err);
	return noc_err_set(err, NOC_EINPUT,
			   "There is no question named \"%.40s\".", name);
}
