/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/query.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"

/*
 * A run with its steps, and the items of one of its eaches.  The items of a
 * fan-out may be ten thousand, each with steps of its own: the steps of a run
 * are found without reading over them, and the items by the index steps_items,
 * which has their rows alone.
 *
 * A path is [CONTAINER[key]/]...NAME[!undo]: what an item is or has lies behind
 * "NAME[", and a key has no bracket.  Behind "NAME[!" is what was checked after
 * a wave, which is no item.
 */
#define STEPS_MAX 4096 /* shown of a run */

#define STEP_MORE                                            \
	" CASE WHEN json_valid(json) THEN json_remove(json," \
	" '$.live') ELSE json END AS more"

/* ---- its steps ---- */

struct steps {
	const char *in; /* "": all that are in no item; "all[sw1]/": in this */
	struct noc_value *list;
	char *from; /* owned; NULL: that was all */
};

static const char *
steps_bracket(const struct steps *s, const char *path)
{
	return strchr(path + strlen(s->in), '[');
}

/* Where to go on: behind the items, of which this is one. */
static char *
steps_behind(const struct steps *s, const char *path)
{
	const char *key = steps_bracket(s, path) + 1;
	int len = (int)(key - path);

	return (unsigned char)*key < '!'
		   ? noc_asprintf("%.*s!", len, path)
		   : noc_asprintf("%.*s\\", len - 1, path);
}

static bool
steps_is_item(const struct steps *s, const char *path)
{
	const char *key = steps_bracket(s, path);

	return key && key[1] != '!';
}

/* As far as the next items. */
static int
steps_read(struct steps *s, sqlite3 *db, sqlite3_stmt *st, struct noc_err *err)
{
	int rc = SQLITE_DONE;
	char *next = NULL;

	sqlite3_reset(st);
	sqlite3_bind_text(st, 2, s->from, -1, SQLITE_STATIC);
	while (!next && noc_value_len(s->list) <= STEPS_MAX &&
	       (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *path = (const char *)sqlite3_column_text(st, 0);

		if (strncmp(path, s->in, strlen(s->in)) != 0)
			break;
		if (steps_is_item(s, path))
			next = steps_behind(s, path);
		else
			noc_value_push(s->list, noc_query_row(st));
	}
	sqlite3_reset(st);
	free(s->from);
	s->from = next;
	return rc == SQLITE_DONE || rc == SQLITE_ROW
		   ? 0
		   : noc_query_fail(db, rc, err);
}

/* In the order of the plan; of one node as they came. */
static int
steps_compare(const void *a, const void *b)
{
	static const char *const keys[] = { "node", "started" };
	const struct noc_value *const *x = a, *const *y = b;

	for (size_t i = 0; i < NOC_COUNT(keys); i++) {
		int64_t m = noc_value_get_int(*x, keys[i], 0);
		int64_t n = noc_value_get_int(*y, keys[i], 0);

		if (m != n)
			return m < n ? -1 : 1;
	}
	return strcmp(noc_value_get_str(*x, "path", ""),
		      noc_value_get_str(*y, "path", ""));
}

/* ---- what an each comes to ---- */

static const char *const count_names[] = { "total",	"ok",	     "failed",
					   "skipped",	"cancelled", "would",
					   "ok_percent" };

/* As it ended: it says so itself. */
static struct noc_value *
counts_said(const struct noc_value *output)
{
	struct noc_value *counts = noc_value_map();

	for (size_t i = 0; i < NOC_COUNT(count_names); i++) {
		const struct noc_value *n =
		    noc_value_get(output, count_names[i]);

		if (n)
			noc_value_set(counts, count_names[i],
				      noc_value_copy(n));
	}
	return counts;
}

static const char *
counts_name(const char *state)
{
	static const char *const names[][2] = {
		{ "Succeeded", "ok" },	      { "Failed", "failed" },
		{ "Skipped", "skipped" },     { "Running", "running" },
		{ "Cancelled", "cancelled" },
	};

	for (size_t i = 0; i < NOC_COUNT(names); i++)
		if (!strcmp(state, names[i][0]))
			return names[i][1];
	return "waiting";
}

/* While it runs: of its items that have begun. */
static int
counts_so_far(sqlite3 *db, sqlite3_stmt *st, const struct noc_value *step,
	      struct noc_value *counts, struct noc_err *err)
{
	const char *path = noc_value_get_str(step, "path", "");
	int rc;

	sqlite3_bind_int64(st, 2, noc_value_get_int(step, "node", 0));
	sqlite3_bind_text(st, 3, path, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		noc_value_set(
		    counts,
		    counts_name((const char *)sqlite3_column_text(st, 0)),
		    noc_value_int(sqlite3_column_int64(st, 1)));
	sqlite3_reset(st);
	if (rc != SQLITE_DONE)
		return noc_query_fail(db, rc, err);
	for (size_t i = 1; i < 4; i++)
		if (!noc_value_get(counts, count_names[i]))
			noc_value_set(counts, count_names[i], noc_value_int(0));
	return 0;
}

#define ITEMS                                                             \
	" FROM steps INDEXED BY steps_items WHERE run = ?1 AND node = ?2" \
	" AND substr(path, -1) = ']'"
/* Of this each: one in an item of another has the same node. */
#define ITEMS_OF " AND path > ?3 || '[' AND path < ?3 || '\\'"

static int
counts_add(sqlite3 *db, sqlite3_stmt *st, struct noc_value *step,
	   struct noc_err *err)
{
	const struct noc_value *output = noc_value_get(step, "output");
	const struct noc_value *items = noc_value_path(step, "params.items");
	struct noc_value *counts;
	int rc = 0;

	if (strcmp(noc_value_get_str(step, "action", ""), "each") != 0)
		return 0;
	counts = counts_said(output);
	if (!noc_value_get(counts, "total")) {
		if (items && items->type == NOC_INT)
			noc_value_set(counts, "total", noc_value_copy(items));
		rc = counts_so_far(db, st, step, counts, err);
	}
	noc_value_set(step, "counts", counts);
	return rc;
}

/* ---- a run ---- */

static sqlite3_stmt *
run_prepare(sqlite3 *db, const char *sql, const struct noc_id *id)
{
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK)
		sqlite3_bind_blob(st, 1, id->b, sizeof(id->b), SQLITE_STATIC);
	return st;
}

static int
run_steps(sqlite3 *db, const struct noc_id *id, const char *in,
	  struct noc_value *list, bool *more, struct noc_err *err)
{
	struct steps s = { .in = in, .list = list, .from = noc_strdup(in) };
	sqlite3_stmt *st = run_prepare(
	    db,
	    "SELECT path,node,attempt,state,started,ended,due," STEP_MORE
	    " FROM steps WHERE run = ?1 AND path >= ?2 ORDER BY path",
	    id);
	sqlite3_stmt *of = run_prepare(
	    db, "SELECT state, count(*)" ITEMS ITEMS_OF " GROUP BY state", id);
	int rc = st && of ? 0 : noc_query_fail(db, SQLITE_ERROR, err);

	while (!rc && s.from)
		rc = steps_read(&s, db, st, err);
	*more = noc_value_len(list) > STEPS_MAX;
	if (*more)
		noc_value_free(list->u.list.at[--list->u.list.len]);
	if (noc_value_len(list))
		qsort(list->u.list.at, list->u.list.len,
		      sizeof(*list->u.list.at), steps_compare);
	for (size_t i = 0; !rc && i < noc_value_len(list); i++)
		rc = counts_add(db, of, noc_value_at(list, i), err);
	for (size_t i = 0; i < noc_value_len(list); i++)
		noc_value_unset(noc_value_at(list, i), "node");
	sqlite3_finalize(st);
	sqlite3_finalize(of);
	free(s.from);
	return rc;
}

/* Those of the run, or of what "in" names: an item, a called flow. */
static int
run_add_steps(sqlite3 *db, const struct noc_id *id,
	      const struct noc_value *params, struct noc_value *run,
	      struct noc_err *err)
{
	const char *named = noc_value_get_str(params, "in", NULL);
	char *in = named ? noc_asprintf("%s/", named) : noc_strdup("");
	struct noc_value *steps = noc_value_list();
	bool more = false;
	int rc = run_steps(db, id, in, steps, &more, err);

	noc_value_set(run, "steps", steps);
	if (more)
		noc_value_set(run, "more_steps", noc_value_bool(true));
	if (!rc && named && !noc_value_len(steps))
		rc = noc_err_set(err, NOC_ENOTFOUND,
				 "The run has no steps in \"%.200s\": \"in\" "
				 "is the path of an item or of a called flow.",
				 named);
	free(in);
	return rc;
}

int
noc_query_run_one(sqlite3 *db, const struct noc_value *params,
		  struct noc_value **out, struct noc_err *err)
{
	struct noc_value *decisions = NULL, *children = NULL;
	struct noc_id id;
	int rc = noc_query_by_id(db, NOC_QUERY_RUNS, params, out, err);

	if (rc < 0 || (*out)->type == NOC_NIL)
		return rc;
	noc_id_parse(noc_value_get_str(*out, "id", ""), &id);
	rc = run_add_steps(db, &id, params, *out, err);
	if (!rc)
		rc = noc_query_related(
		    db,
		    NOC_QUERY_DECISIONS
		    " WHERE run = ?1 AND event ="
		    " (SELECT event FROM runs WHERE id = ?1)" NOC_QUERY_DECIDED,
		    noc_value_get_str(*out, "id", ""), &decisions, err);
	if (!rc)
		noc_value_set(*out, "decisions", decisions);
	if (!rc)
		rc = noc_query_related(
		    db,
		    "SELECT id, rule, state, json_extract(json,"
		    " '$.forked_from') IS NOT NULL AS fork FROM runs"
		    " WHERE parent = ?1 AND json_valid(json)"
		    " ORDER BY n DESC LIMIT 1000",
		    noc_value_get_str(*out, "id", ""), &children, err);
	if (!rc)
		noc_value_set(*out, "children", children);
	if (rc < 0) {
		noc_value_free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- the items of an each ---- */

#define ITEM_COLUMNS                                                         \
	"SELECT s.item AS n, s.path, s.item, s.attempt, s.state, s.started," \
	" s.ended," STEP_MORE " FROM (SELECT path AS at" ITEMS               \
	" AND item > ?4 AND state = ifnull(?5, state)" ITEMS_OF              \
	" ORDER BY item LIMIT ?6)"                                           \
	" CROSS JOIN steps s ON s.run = ?1 AND s.path = at ORDER BY s.item"

static int
items_after(const struct noc_value *params, int64_t *after, struct noc_err *err)
{
	const char *text = noc_value_get_str(params, "after", NULL);
	char *end;

	*after = -1;
	if (!text)
		return 0;
	*after = strtoll(text, &end, 10);
	if (!*text || *end || *after < 0)
		return noc_err_set(err, NOC_EINPUT,
				   "The cursor is not one that a page had "
				   "given.");
	return 0;
}

/* Its node; ENOTFOUND when the run has no such row. */
static int
items_node(sqlite3 *db, const struct noc_id *id, const char *of, int64_t *node,
	   struct noc_err *err)
{
	sqlite3_stmt *st = run_prepare(
	    db, "SELECT node FROM steps WHERE run = ?1 AND path = ?2", id);
	int rc = SQLITE_ERROR;

	if (st) {
		sqlite3_bind_text(st, 2, of, -1, SQLITE_STATIC);
		rc = sqlite3_step(st);
	}
	if (rc == SQLITE_ROW)
		*node = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE
		   ? noc_err_set(err, NOC_ENOTFOUND,
				 "The run has no step \"%.200s\" that has "
				 "begun: \"of\" is the path of an each.",
				 of)
		   : noc_query_fail(db, rc, err);
}

static int
items_page(sqlite3 *db, const struct noc_id *id, const struct noc_value *params,
	   int64_t after, struct noc_value **out, struct noc_err *err)
{
	const char *of = noc_value_get_str(params, "of", "");
	const char *state = noc_value_get_str(params, "state", NULL);
	sqlite3_stmt *st;
	int64_t node = 0;
	int rc = items_node(db, id, of, &node, err);

	if (rc < 0)
		return rc;
	st = run_prepare(db, ITEM_COLUMNS, id);
	if (!st)
		return noc_query_fail(db, SQLITE_ERROR, err);
	sqlite3_bind_int64(st, 2, node);
	sqlite3_bind_text(st, 3, of, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, after);
	if (state)
		sqlite3_bind_text(st, 5, state, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 6, noc_query_limit(params));
	return noc_query_rows(db, st, out, err);
}

int
noc_query_items(sqlite3 *db, const struct noc_value *params,
		struct noc_value **out, struct noc_err *err)
{
	struct noc_value *run = NULL;
	struct noc_id id;
	int64_t after;
	int rc = items_after(params, &after, err);

	if (!rc)
		rc = noc_query_by_id(db, "SELECT id FROM runs", params, &run,
				     err);
	if (rc < 0)
		return rc;
	if (run->type == NOC_NIL) {
		*out = run;
		return 0;
	}
	noc_id_parse(noc_value_get_str(run, "id", ""), &id);
	noc_value_free(run);
	return items_page(db, &id, params, after, out, err);
}

int
noc_query_states(sqlite3 *db, const struct noc_value *params,
		 struct noc_value **out, struct noc_err *err)
{
	const struct noc_value *ids = noc_value_get(params, "ids");
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db, "SELECT state FROM runs WHERE id = ?1",
				    -1, &st, NULL);

	if (rc != SQLITE_OK)
		return noc_query_fail(db, rc, err);
	*out = noc_value_map();
	for (size_t i = 0; i < noc_value_len(ids); i++) {
		const struct noc_value *text = noc_value_at(ids, i);
		struct noc_id id;

		if (text->type != NOC_STR || noc_id_parse(text->u.s.p, &id))
			continue;
		sqlite3_bind_blob(st, 1, id.b, sizeof(id.b), SQLITE_STATIC);
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW)
			noc_value_set(
			    *out, text->u.s.p,
			    noc_value_str(
				(const char *)sqlite3_column_text(st, 0)));
		else if (rc != SQLITE_DONE)
			break;
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE || rc == SQLITE_OK)
		return 0;
	noc_value_free(*out);
	*out = NULL;
	return noc_query_fail(db, rc, err);
}
