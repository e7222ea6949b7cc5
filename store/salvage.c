/* SPDX-License-Identifier: ISC */
/* What can be read of a damaged file, row by row. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/id.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/load_private.h"
#include "store/salvage_private.h"

#define EVENTS_MAX 20000 /* the newest */
#define LOST_RUNS  256
#define RUN_OPEN                                                  \
	"state IN ('Pending','Running') AND length(id) = 16 AND " \
	"length(definition) = 32"
#define RUN_COLUMNS                                                        \
	"n,id,event,rule,key,device,mode,state,'blocked',outcome,started," \
	"ended,definition,json,"
#define RUN_FROM " FROM runs NOT INDEXED"

#define DEFINITION_INSERT                                              \
	"INSERT OR IGNORE INTO definitions(hash,kind,name,text,added)" \
	" VALUES(?,?,?,?,?)"

/* A run comes back blocked: what it did last is not known for certain.  An
 * event says itself what its record said: that stays in the old file. */
static const struct salvage_table salvage_tables[] = {
	{ .name = "live",
	  .select = "kind,key,due,data,kind,key FROM live",
	  .where = "1",
	  .sane = "typeof(due) = 'integer'",
	  .n = 4,
	  .by = "kind,key",
	  .down = "kind DESC,key DESC",
	  .text = true,
	  .insert = "INSERT OR IGNORE INTO live(kind,key,due,data)"
		    " VALUES(?,?,?,?)",
	  .count = offsetof(struct noc_salvage, live) },
	{ .name = "runs",
	  .select = RUN_COLUMNS "parent,dedup,deadline,n" RUN_FROM,
	  .before = RUN_COLUMNS "NULL,NULL,0,n" RUN_FROM,
	  .where = RUN_OPEN,
	  .sane = "length(id) = 16 AND state IN ('Pending','Running',"
		  "'Succeeded','Failed','Cancelled')",
	  .n = 17,
	  .by = "n",
	  .down = "n DESC",
	  .insert = "INSERT OR IGNORE INTO runs(n,id,event,rule,key,device,"
		    "mode,state,phase,outcome,started,ended,definition,json,"
		    "parent,dedup,deadline)"
		    " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	  .count = offsetof(struct noc_salvage, runs) },
	{ .name = "definitions",
	  .select = "hash,kind,name,text,added,rowid"
		    " FROM definitions NOT INDEXED",
	  .where = "kind <> 'items'",
	  .sane = "length(hash) = 32 AND typeof(added) = 'integer'",
	  .n = 5,
	  .by = "rowid",
	  .down = "rowid DESC",
	  .insert = DEFINITION_INSERT,
	  .count = offsetof(struct noc_salvage, definitions) },
	{ .name = "events",
	  .select = "n,id,received,kind,source,origin,device,severity,fate,"
		    "" NOC_DB_EVENT_BODY ",n FROM events NOT INDEXED",
	  .where = "received >= ?9",
	  .n = 10,
	  .by = "n",
	  .down = "n DESC",
	  .insert = "INSERT OR IGNORE INTO events(n,id,received,kind,source,"
		    "origin,device,severity,fate,json)"
		    " VALUES(?,?,?,?,?,?,?,?,?,?)",
	  .count = offsetof(struct noc_salvage, events) },
};

/* ---- steps: of the runs that came over ---- */

#define STEP_COLUMNS "SELECT run,path,attempt,state,started,ended,due,json,"
#define STEP_OF	     " FROM steps WHERE run=?1 ORDER BY path"

static const struct salvage_table salvage_step = {
	.name = "steps",
	.select = STEP_COLUMNS "node,item" STEP_OF,
	.before = STEP_COLUMNS "0,-1" STEP_OF,
	.n = 10,
	.down = " DESC",
	.insert = "INSERT OR IGNORE INTO steps(run,path,attempt,state,started,"
		  "ended,due,json,node,item) VALUES(?,?,?,?,?,?,?,?,?,?)",
};

static bool
salvage_steps_prepare(struct salvage *s, const char *select)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "%s%s", select, s->t->down);
	sqlite3_finalize(s->up);
	return sqlite3_prepare_v2(s->old, select, -1, &s->up, NULL) ==
		   SQLITE_OK &&
	       sqlite3_prepare_v2(s->old, sql, -1, &s->between, NULL) ==
		   SQLITE_OK;
}

/* True: all of them were read. */
static bool
salvage_steps_of(struct salvage *s, sqlite3_stmt *st, sqlite3_value *run)
{
	int step;

	sqlite3_bind_value(st, 1, run);
	while ((step = sqlite3_step(st)) == SQLITE_ROW)
		if (!noc_salvage_row(s, st))
			break;
	sqlite3_reset(st);
	return step == SQLITE_DONE;
}

static int
salvage_all_steps(struct salvage *s, struct noc_salvage *out)
{
	sqlite3_stmt *runs = NULL;
	int step = SQLITE_DONE;
	bool lost;

	noc_db_budget(s->old, s->old_path, &s->budget);
	s->t = &salvage_step;
	s->count = &out->steps;
	s->rc = sqlite3_prepare_v2(s->new, s->t->insert, -1, &s->to, NULL);
	if (s->rc == SQLITE_OK)
		s->rc = sqlite3_prepare_v2(
		    s->new, "SELECT id FROM runs ORDER BY n", -1, &runs, NULL);
	lost = !salvage_steps_prepare(s, s->t->select) &&
	       !salvage_steps_prepare(s, s->t->before);
	while (s->rc == SQLITE_OK && s->between &&
	       (step = sqlite3_step(runs)) == SQLITE_ROW) {
		sqlite3_value *run = sqlite3_column_value(runs, 0);

		if (salvage_steps_of(s, s->up, run) || s->rc != SQLITE_OK)
			continue;
		lost = true;
		salvage_steps_of(s, s->between, run);
	}
	if (s->rc == SQLITE_OK && step != SQLITE_DONE)
		s->rc = step;
	if (lost)
		noc_salvage_lost(out, "steps");
	noc_salvage_done(s);
	sqlite3_finalize(runs);
	return s->rc;
}

/* ---- lists of items: that these steps name ---- */

static const struct salvage_table salvage_items = {
	.name = "items",
	.select = "SELECT hash,kind,name,text,added FROM definitions"
		  " WHERE hash=?1 AND kind='items'",
	.n = 5,
	.insert = DEFINITION_INSERT,
};

/* True: it was there. */
static bool
salvage_list(struct salvage *s, const char *hex)
{
	uint8_t hash[32];
	size_t n = sizeof(hash);
	bool there;

	if (noc_unhex(hex, strlen(hex), hash, &n))
		return false;
	sqlite3_bind_blob(s->up, 1, hash, (int)n, SQLITE_TRANSIENT);
	there = sqlite3_step(s->up) == SQLITE_ROW && noc_salvage_row(s, s->up);
	sqlite3_reset(s->up);
	return there;
}

static int
salvage_lists(struct salvage *s, struct noc_salvage *out)
{
	sqlite3_stmt *steps = NULL;
	int step = SQLITE_DONE;
	bool lost = false;

	noc_db_budget(s->old, s->old_path, &s->budget);
	s->t = &salvage_items;
	s->count = &out->definitions;
	s->rc = sqlite3_prepare_v2(s->new, s->t->insert, -1, &s->to, NULL);
	if (s->rc == SQLITE_OK)
		s->rc = sqlite3_prepare_v2(
		    s->new, "SELECT " NOC_ITEMS_NAMED " FROM steps", -1, &steps,
		    NULL);
	sqlite3_prepare_v2(s->old, s->t->select, -1, &s->up, NULL);
	while (s->rc == SQLITE_OK &&
	       (step = sqlite3_step(steps)) == SQLITE_ROW) {
		const char *hex = (const char *)sqlite3_column_text(steps, 0);

		if (hex)
			lost |= !s->up || !salvage_list(s, hex);
	}
	if (s->rc == SQLITE_OK && step != SQLITE_DONE)
		s->rc = step;
	if (lost)
		noc_salvage_lost(out, s->t->name);
	noc_salvage_done(s);
	sqlite3_finalize(steps);
	return s->rc;
}

/* ---- what else the old file says ---- */

/* Open runs that did not come over, as far as an index or a step names them. */
static void
salvage_lost_runs(struct salvage *s, struct noc_salvage *out)
{
	static const char *const sql[] = {
		"SELECT id FROM runs INDEXED BY sqlite_autoindex_runs_1"
		" WHERE n IN (SELECT n FROM runs INDEXED BY runs_state"
		" WHERE state <> 'Succeeded' AND state IN ('Pending','Running'))",
		"SELECT DISTINCT run FROM steps"
		" WHERE state IN ('Pending','Running')",
	};
	sqlite3_stmt *in = NULL;

	sqlite3_prepare_v2(s->new, "SELECT 1 FROM runs WHERE id=?1", -1, &in,
			   NULL);
	noc_db_budget(s->old, s->old_path, &s->budget);
	out->lost_runs = noc_value_list();
	for (size_t i = 0; in && i < NOC_COUNT(sql); i++) {
		sqlite3_stmt *st = NULL;

		sqlite3_prepare_v2(s->old, sql[i], -1, &st, NULL);
		while (st && noc_value_len(out->lost_runs) < LOST_RUNS &&
		       sqlite3_step(st) == SQLITE_ROW) {
			char text[NOC_ID_TEXT];
			struct noc_id id;

			if (sqlite3_column_bytes(st, 0) != sizeof(id.b))
				continue;
			memcpy(id.b, sqlite3_column_blob(st, 0), sizeof(id.b));
			sqlite3_bind_value(in, 1, sqlite3_column_value(st, 0));
			if (sqlite3_step(in) == SQLITE_DONE)
				noc_value_push(
				    out->lost_runs,
				    noc_value_str(noc_id_format(text, &id)));
			sqlite3_reset(in);
		}
		sqlite3_finalize(st);
		/* One source is enough, and names none twice. */
		if (noc_value_len(out->lost_runs))
			break;
	}
	sqlite3_finalize(in);
}

static void
salvage_head(sqlite3 *old, struct noc_salvage *out)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(old,
			       "SELECT note FROM audit_head"
			       " ORDER BY size DESC LIMIT 1",
			       -1, &st, NULL) != SQLITE_OK)
		return;
	if (sqlite3_step(st) == SQLITE_ROW &&
	    sqlite3_column_bytes(st, 0) <= NOC_NOTE_MAX)
		out->head =
		    noc_strndup((const char *)sqlite3_column_blob(st, 0),
				(size_t)sqlite3_column_bytes(st, 0));
	sqlite3_finalize(st);
}

static bool
salvage_is_lost(const struct noc_salvage *s, const char *name)
{
	for (size_t i = 0; i < noc_value_len(s->lost); i++)
		if (!strcmp(noc_value_at(s->lost, i)->u.s.p, name))
			return true;
	return false;
}

/* Where the events begin that are wanted. */
static int64_t
salvage_events_from(sqlite3 *old)
{
	sqlite3_int64 n;

	return noc_db_int(old, "SELECT max(n) FROM events", &n) == SQLITE_OK &&
		       n > EVENTS_MAX
		   ? n - EVENTS_MAX
		   : 0;
}

int
noc_salvage_rows(const char *old_path, struct noc_journal *j,
		 struct noc_salvage *out)
{
	struct salvage s = { .old_path = old_path,
			     .new = j->db,
			     .rc = SQLITE_OK };

	memset(out, 0, sizeof(*out));
	s.since_ns =
	    noc_clock_read().wall_ns - NOC_LOAD_BACK_MS * NOC_NS_PER_MS;
	/* A file that cannot even be opened has nothing to give. */
	if (noc_db_open(old_path, NOC_DB_SALVAGE, &s.old, NULL, NULL) < 0) {
		for (size_t i = 0; i < NOC_COUNT(salvage_tables); i++)
			noc_salvage_lost(out, salvage_tables[i].name);
		noc_salvage_lost(out, "steps");
		return SQLITE_OK;
	}
	salvage_head(s.old, out);
	for (size_t i = 0; s.rc == SQLITE_OK && i < NOC_COUNT(salvage_tables);
	     i++) {
		s.t = &salvage_tables[i];
		s.count = (uint64_t *)((char *)out + s.t->count);
		s.low.n = s.t->count == offsetof(struct noc_salvage, events)
			      ? salvage_events_from(s.old)
			      : 0;
		noc_salvage_table(&s, out);
	}
	if (s.rc == SQLITE_OK)
		salvage_all_steps(&s, out);
	if (s.rc == SQLITE_OK)
		salvage_lists(&s, out);
	if (s.rc == SQLITE_OK && salvage_is_lost(out, "runs"))
		salvage_lost_runs(&s, out);
	noc_strbuf_release(&s.low.kind);
	noc_strbuf_release(&s.low.key);
	noc_strbuf_release(&s.high.kind);
	noc_strbuf_release(&s.high.key);
	sqlite3_close(s.old);
	return s.rc;
}

int
noc_salvage_doubt(struct noc_journal *j, struct noc_salvage *out)
{
	if (!out->old && !salvage_is_lost(out, "live"))
		return SQLITE_OK;
	out->killed = true;
	return sqlite3_exec(j->db,
			    "INSERT INTO live(kind,key,due,data) VALUES('kill',"
			    "'switch',0,'{\"why\":\"" NOC_LOST_RULES "\"}')"
			    " ON CONFLICT DO NOTHING",
			    NULL, NULL, NULL);
}

void
noc_salvage_release(struct noc_salvage *s)
{
	free(s->head);
	noc_value_free(s->lost);
	noc_value_free(s->lost_runs);
}
