/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/load_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/db.h"

struct load {
	const struct noc_load *to;
	sqlite3 *db;
	struct noc_err *err;
	uint64_t unreadable;
};

static const char *
load_text(sqlite3_stmt *st, int i)
{
	const char *s = (const char *)sqlite3_column_text(st, i);

	return s ? s : "";
}

static void
load_id(sqlite3_stmt *st, int i, struct noc_id *id)
{
	memset(id, 0, sizeof(*id));
	if (sqlite3_column_bytes(st, i) == sizeof(id->b))
		memcpy(id->b, sqlite3_column_blob(st, i), sizeof(id->b));
}

/* Returned; NULL when the column is, or when it is no map (counted): nothing
 * else has ever been written. */
static struct noc_value *
load_json(struct load *l, sqlite3_stmt *st, int i)
{
	struct noc_value *v = NULL;

	if (sqlite3_column_type(st, i) == SQLITE_NULL)
		return NULL;
	if (noc_json_parse_own((const char *)sqlite3_column_text(st, i),
			       (size_t)sqlite3_column_bytes(st, i), &v,
			       NULL) < 0 ||
	    v->type != NOC_MAP) {
		l->unreadable++;
		noc_value_free(v);
		return NULL;
	}
	return v;
}

static void
load_live_row(struct load *l, sqlite3_stmt *st)
{
	uint64_t before = l->unreadable;
	struct noc_value *data = load_json(l, st, 3);

	if (l->unreadable == before)
		l->to->live(load_text(st, 0), load_text(st, 1),
			    sqlite3_column_int64(st, 2), data, l->to->arg);
	else if (l->to->unreadable)
		l->to->unreadable(load_text(st, 0), load_text(st, 1),
				  l->to->arg);
	noc_value_free(data);
}

static void
load_run_row(struct load *l, sqlite3_stmt *st)
{
	struct noc_value *json = load_json(l, st, 12);
	struct noc_run_row row = {
		.rule = load_text(st, 2),
		.key = load_text(st, 3),
		.device = load_text(st, 4),
		.mode = load_text(st, 5),
		.state = load_text(st, 6),
		.phase = load_text(st, 7),
		.outcome = load_text(st, 8),
		.started_ns = sqlite3_column_int64(st, 9),
		.ended_ns = sqlite3_column_int64(st, 10),
		.dedup = (const char *)sqlite3_column_text(st, 14),
		.deadline_ns = sqlite3_column_int64(st, 15),
		.json = json,
	};

	load_id(st, 0, &row.id);
	load_id(st, 1, &row.event);
	load_id(st, 13, &row.parent);
	if (sqlite3_column_bytes(st, 11) == sizeof(row.definition))
		memcpy(row.definition, sqlite3_column_blob(st, 11),
		       sizeof(row.definition));
	l->to->run(&row, l->to->arg);
	noc_value_free(json);
}

static void
load_step_row(struct load *l, sqlite3_stmt *st)
{
	struct noc_value *json = load_json(l, st, 7);
	struct noc_step_row row = {
		.path = load_text(st, 1),
		.node = sqlite3_column_int64(st, 8),
		.item = sqlite3_column_int64(st, 9),
		.attempt = sqlite3_column_int(st, 2),
		.state = load_text(st, 3),
		.started_ns = sqlite3_column_int64(st, 4),
		.ended_ns = sqlite3_column_int64(st, 5),
		.due_ns = sqlite3_column_int64(st, 6),
		.json = json,
	};

	load_id(st, 0, &row.run);
	l->to->step(&row, l->to->arg);
	noc_value_free(json);
}

static void
load_event_row(struct load *l, sqlite3_stmt *st)
{
	struct noc_value *json = load_json(l, st, 8);
	struct noc_event_row row = {
		.received_ns = sqlite3_column_int64(st, 1),
		.kind = load_text(st, 2),
		.source = load_text(st, 3),
		.origin = noc_slice_str(load_text(st, 4)),
		.device = noc_slice_str(load_text(st, 5)),
		.severity = sqlite3_column_int(st, 6),
		.fate = load_text(st, 7),
		.json = json,
	};

	load_id(st, 0, &row.id);
	l->to->event(&row, l->to->arg);
	noc_value_free(json);
}

static void
load_ended_row(struct load *l, sqlite3_stmt *st)
{
	struct noc_run_row row = { .state = load_text(st, 1) };

	load_id(st, 0, &row.id);
	l->to->ended(&row, l->to->arg);
}

static int
load_rows(struct load *l, enum noc_load_table table, int64_t bind,
	  void (*row)(struct load *l, sqlite3_stmt *st))
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(l->db, noc_load_sql[table], -1, &st, NULL);

	if (rc != SQLITE_OK)
		return noc_db_err(l->db, l->err, "Cannot load the state");
	if (sqlite3_bind_parameter_count(st))
		sqlite3_bind_int64(st, 1, bind);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		row(l, st);
	rc = rc == SQLITE_DONE
		 ? 0
		 : noc_db_err(l->db, l->err, "Cannot load the state");
	sqlite3_finalize(st);
	return rc;
}

#define TEXT_OF(n) TEXT(n)
#define TEXT(n)	   #n

#define RUN_COLUMNS                                    \
	"SELECT id,event,rule,key,device,mode,state,"  \
	"phase,outcome,started,ended,definition,json," \
	"parent,dedup,deadline FROM runs"
#define STEP_COLUMNS                                                     \
	"SELECT s.run,s.path,s.attempt,s.state,s.started,s.ended,s.due," \
	"s.json,s.node,s.item FROM "
#define STEP_ORDER "s.node, substr(s.path, -1) = ']', s.item, s.path"
#define EVENT_COLUMNS                                            \
	"SELECT id,received,kind,source,origin,device,severity," \
	"fate," NOC_DB_EVENT_BODY " FROM events"

/*
 * Steps of a run come in the order of its plan, so that what holds others comes
 * before them: an each (one in an item, too: `a[k]/b`) before its items, whose
 * paths end in their keys.
 *
 * Events arrive in order of their number, and a little out of order of their
 * time (held ones come late): the first number whose time is recent, less a
 * thousand, is where to begin.
 */
const char *const noc_load_sql[NOC_LOADS] = {
	[NOC_LOAD_LIVE] =
	    "SELECT kind,key,due,data FROM live ORDER BY kind, key",
	[NOC_LOAD_RUNS] = RUN_COLUMNS " WHERE " NOC_RUN_IS_OPEN " ORDER BY n",
	[NOC_LOAD_ENDED] =
	    "SELECT id,state FROM (SELECT n,id,state FROM runs WHERE"
	    " ended > 0 ORDER BY n DESC LIMIT " TEXT_OF(
		NOC_ENDED_MAX) ")"
			       " ORDER BY n",
	[NOC_LOAD_STEPS] =
	    STEP_COLUMNS "(SELECT n,id FROM runs WHERE " NOC_RUN_IS_OPEN ") r"
			 " CROSS JOIN steps s ON s.run = r.id"
			 " ORDER BY r.n, " STEP_ORDER,
	[NOC_LOAD_EVENTS] = EVENT_COLUMNS
	" WHERE n > (SELECT ifnull(max(n), 0) FROM events WHERE"
	" received < ?1) - 1000 AND received >= ?1 ORDER BY n",
};

static int
load_all(struct load *l, const struct noc_load *to)
{
	int rc = 0;

	if (to->live)
		rc = load_rows(l, NOC_LOAD_LIVE, 0, load_live_row);
	if (!rc && to->run)
		rc = load_rows(l, NOC_LOAD_RUNS, 0, load_run_row);
	if (!rc && to->ended)
		rc = load_rows(l, NOC_LOAD_ENDED, 0, load_ended_row);
	if (!rc && to->step)
		rc = load_rows(l, NOC_LOAD_STEPS, 0, load_step_row);
	if (!rc && to->event)
		rc = load_rows(l, NOC_LOAD_EVENTS, to->events_since_ns,
			       load_event_row);
	return rc;
}

int
noc_load_state(const char *state_dir, const struct noc_load *load,
	       struct noc_err *err)
{
	struct load l = { .to = load, .err = err };
	char *path = noc_asprintf("%s/nocturne.db", state_dir);
	int rc = noc_db_open(path, NOC_DB_READ, &l.db, NULL, err);

	free(path);
	if (rc == NOC_ENOTFOUND)
		return 0; /* nothing has happened yet */
	if (rc < 0)
		return rc;
	/* One view of all tables. */
	sqlite3_exec(l.db, "BEGIN", NULL, NULL, NULL);
	rc = load_all(&l, load);
	sqlite3_exec(l.db, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(l.db);
	if (l.unreadable)
		noc_error("store", "rows=%llu have data that cannot be read",
			  (unsigned long long)l.unreadable);
	return rc;
}

/* ---- one run ---- */

static int
load_bound(struct load *l, const char *sql, const uint8_t lo[16],
	   const uint8_t hi[16], void (*row)(struct load *l, sqlite3_stmt *st),
	   int *n)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(l->db, sql, -1, &st, NULL);

	if (rc != SQLITE_OK)
		return noc_db_err(l->db, l->err, "Cannot load the run");
	sqlite3_bind_blob(st, 1, lo, 16, SQLITE_STATIC);
	if (hi)
		sqlite3_bind_blob(st, 2, hi, 16, SQLITE_STATIC);
	for (*n = 0; (rc = sqlite3_step(st)) == SQLITE_ROW; ++*n)
		row(l, st);
	rc = rc == SQLITE_DONE
		 ? 0
		 : noc_db_err(l->db, l->err, "Cannot load the run");
	sqlite3_finalize(st);
	return rc;
}

struct load_one {
	struct load l; /* first */
	struct noc_id id, event;
};

static void
load_one_ids(struct load *l, sqlite3_stmt *st)
{
	struct load_one *one = (struct load_one *)l;

	load_id(st, 0, &one->id);
	load_id(st, 1, &one->event);
}

static int
load_one(struct load_one *one, const char *text)
{
	static const char by_id[] = RUN_COLUMNS " WHERE id = ?1";
	uint8_t lo[16], hi[16];
	int n, rc;

	if (noc_id_range(text, lo, hi))
		return noc_err_set(one->l.err, NOC_EINPUT,
				   "A run is named by its id, or by the first "
				   "4 or more characters of it.");
	rc = load_bound(&one->l,
			"SELECT id, event FROM runs WHERE id BETWEEN ?1 AND ?2"
			" LIMIT 2",
			lo, hi, load_one_ids, &n);
	if (rc)
		return rc;
	if (n != 1)
		return noc_err_set(one->l.err, n ? NOC_EINPUT : NOC_ENOTFOUND,
				   n ? "More than one run begins with '%.40s'; "
				       "write more of its id."
				     : "No run has the id '%.40s'.",
				   text);
	if (one->l.to->event && !noc_id_is_zero(&one->event))
		rc = load_bound(&one->l, EVENT_COLUMNS " WHERE id = ?1",
				one->event.b, NULL, load_event_row, &n);
	if (!rc)
		rc = load_bound(&one->l, by_id, one->id.b, NULL, load_run_row,
				&n);
	if (!rc && one->l.to->step)
		rc = load_bound(&one->l,
				STEP_COLUMNS
				"steps s WHERE s.run = ?1 ORDER BY " STEP_ORDER,
				one->id.b, NULL, load_step_row, &n);
	return rc;
}

static int
load_unreadable(const struct load *l)
{
	return noc_err_set(l->err, NOC_ESTORE,
			   "%llu rows of the run cannot be read.",
			   (unsigned long long)l->unreadable);
}

int
noc_load_run(const char *state_dir, const char *id, const struct noc_load *load,
	     struct noc_err *err)
{
	struct load_one one = { .l = { .to = load, .err = err } };
	char *path = noc_asprintf("%s/nocturne.db", state_dir);
	int rc = noc_db_open(path, NOC_DB_READ, &one.l.db, NULL, err);

	free(path);
	if (rc < 0)
		return rc;
	sqlite3_exec(one.l.db, "BEGIN", NULL, NULL, NULL);
	rc = load_one(&one, id);
	sqlite3_exec(one.l.db, "COMMIT", NULL, NULL, NULL);
	sqlite3_close(one.l.db);
	if (!rc && one.l.unreadable)
		rc = load_unreadable(&one.l);
	return rc;
}

static int
load_page(struct load *l, const struct noc_id *id, const char *after, int max)
{
	sqlite3_stmt *st;
	int n = 0;
	int rc = sqlite3_prepare_v2(l->db,
				    STEP_COLUMNS
				    "steps s WHERE s.run = ?1 AND s.path > ?2"
				    " ORDER BY s.path LIMIT ?3",
				    -1, &st, NULL);

	if (rc != SQLITE_OK)
		return noc_db_err(l->db, l->err, "Cannot load the run");
	sqlite3_bind_blob(st, 1, id->b, sizeof(id->b), SQLITE_STATIC);
	sqlite3_bind_text(st, 2, after, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 3, max);
	for (; (rc = sqlite3_step(st)) == SQLITE_ROW; n++)
		load_step_row(l, st);
	rc = rc == SQLITE_DONE
		 ? 0
		 : noc_db_err(l->db, l->err, "Cannot load the run");
	sqlite3_finalize(st);
	return rc ? rc : n;
}

int
noc_load_run_steps(const char *state_dir, const struct noc_id *id,
		   const char *after, int max, const struct noc_load *load,
		   struct noc_err *err)
{
	struct load l = { .to = load, .err = err };
	char *path = noc_asprintf("%s/nocturne.db", state_dir);
	int rc = noc_db_open(path, NOC_DB_READ, &l.db, NULL, err);

	free(path);
	if (rc < 0)
		return rc;
	rc = load_page(&l, id, after, max);
	sqlite3_close(l.db);
	return rc >= 0 && l.unreadable ? load_unreadable(&l) : rc;
}

int
noc_load_live(const char *state_dir, const char *kind, const char *key,
	      struct noc_value **data, struct noc_err *err)
{
	char *path = noc_asprintf("%s/nocturne.db", state_dir);
	struct load l = { .err = err };
	sqlite3_stmt *st = NULL;
	int rc = noc_db_open(path, NOC_DB_READ, &l.db, NULL, err);

	free(path);
	*data = NULL;
	if (rc < 0)
		return rc == NOC_ENOTFOUND ? 0 : rc;
	if (sqlite3_prepare_v2(l.db,
			       "SELECT data FROM live WHERE kind=?1 AND key=?2",
			       -1, &st, NULL) != SQLITE_OK) {
		rc = noc_db_err(l.db, err, "Cannot load the state");
		goto out;
	}
	sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		*data = load_json(&l, st, 0);
	rc = 0;
out:
	sqlite3_finalize(st);
	sqlite3_close(l.db);
	return rc;
}

char *
noc_load_definition(const char *state_dir, const uint8_t hash[32])
{
	char *path = noc_asprintf("%s/nocturne.db", state_dir), *text = NULL;
	sqlite3_stmt *st = NULL;
	sqlite3 *db;
	int rc = noc_db_open(path, NOC_DB_READ, &db, NULL, NULL);

	free(path);
	if (rc < 0)
		return NULL;
	if (sqlite3_prepare_v2(db, "SELECT text FROM definitions WHERE hash=?1",
			       -1, &st, NULL) == SQLITE_OK) {
		sqlite3_bind_blob(st, 1, hash, 32, SQLITE_STATIC);
		if (sqlite3_step(st) == SQLITE_ROW)
			text = noc_strdup(load_text(st, 0));
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return text;
}
