/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/db.h"
#include "store/journal_private.h"

char *
noc_quarantine_name(const char *path)
{
	char stamp[32], *to = NULL;
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (int i = 0; i < 100; i++) {
		free(to);
		to = i ? noc_asprintf("%s.quarantine-%s.%d", path, stamp, i)
		       : noc_asprintf("%s.quarantine-%s", path, stamp);
		if (access(to, F_OK) && errno == ENOENT)
			break;
	}
	return to;
}

int
noc_quarantine(const char *path, const char *to, struct noc_err *err)
{
	static const char *const ends[] = { "-wal", "-shm", "" };
	int rc = 0;

	/* The file itself goes last: until then the next start sees it and
	 * comes here again. */
	for (size_t i = 0; !rc && i < NOC_COUNT(ends); i++) {
		char *a = noc_asprintf("%s%s", path, ends[i]);
		char *b = noc_asprintf("%s%s", to, ends[i]);

		if (rename(a, b) && errno != ENOENT)
			rc = noc_err_set(err, NOC_ESTORE,
					 "Cannot put %s aside as %s: %s.", a, b,
					 strerror(errno));
		free(a);
		free(b);
	}
	return rc;
}

/* ---- rows ---- */

struct salvage_table {
	const char *select;
	const char *by[2]; /* its key; the second may be NULL */
	const char *insert;
	size_t count; /* offset in struct noc_salvage */
};

/* A run comes back blocked: what it did last is not known for certain. */
static const struct salvage_table salvage_tables[] = {
	{ "SELECT kind,key,due,data FROM live",
	  { "kind", "key" },
	  "INSERT OR IGNORE INTO live(kind,key,due,data) VALUES(?,?,?,?)",
	  offsetof(struct noc_salvage, live) },
	{ "SELECT id,event,rule,key,device,mode,state,'blocked',outcome,"
	  "started,ended,definition,json FROM runs"
	  " WHERE state NOT IN ('Succeeded','Failed','Cancelled')",
	  { "n", NULL },
	  "INSERT OR IGNORE INTO runs(id,event,rule,key,device,mode,state,"
	  "phase,outcome,started,ended,definition,json)"
	  " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
	  offsetof(struct noc_salvage, runs) },
	{ "SELECT run,path,attempt,state,started,ended,due,json FROM steps"
	  " WHERE run IN (SELECT id FROM runs WHERE state NOT IN"
	  " ('Succeeded','Failed','Cancelled'))",
	  { "run", "path" },
	  "INSERT OR IGNORE INTO steps(run,path,attempt,state,started,ended,"
	  "due,json) VALUES(?,?,?,?,?,?,?,?)",
	  offsetof(struct noc_salvage, steps) },
	{ "SELECT hash,kind,name,text,added FROM definitions",
	  { "rowid", NULL },
	  "INSERT OR IGNORE INTO definitions(hash,kind,name,text,added)"
	  " VALUES(?,?,?,?,?)",
	  offsetof(struct noc_salvage, definitions) },
};

/* Copies until the old file stops making sense; 1 when it did. */
static int
salvage_pass(sqlite3 *old, sqlite3 *new, const struct salvage_table *t,
	     const char *order, uint64_t *count, int *rc)
{
	sqlite3_stmt *from = NULL, *to = NULL;
	char sql[512];
	int bad = 1, step;

	snprintf(sql, sizeof(sql), "%s ORDER BY %s %s%s%s %s", t->select,
		 t->by[0], order, t->by[1] ? ", " : "",
		 t->by[1] ? t->by[1] : "", t->by[1] ? order : "");
	if (sqlite3_prepare_v2(old, sql, -1, &from, NULL) != SQLITE_OK)
		goto out;
	*rc = sqlite3_prepare_v2(new, t->insert, -1, &to, NULL);
	if (*rc != SQLITE_OK)
		goto out;
	while ((step = sqlite3_step(from)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(from); i++)
			sqlite3_bind_value(to, i + 1,
					   sqlite3_column_value(from, i));
		*rc = sqlite3_step(to);
		sqlite3_reset(to);
		/* A row whose shape the table refuses is one of the lost. */
		if ((*rc & 0xff) == SQLITE_CONSTRAINT)
			*rc = SQLITE_DONE;
		if (*rc != SQLITE_DONE)
			goto out;
		*count += (uint64_t)sqlite3_changes(new);
	}
	*rc = SQLITE_OK;
	bad = step != SQLITE_DONE;
out:
	sqlite3_finalize(from);
	sqlite3_finalize(to);
	return bad;
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

int
noc_salvage_rows(const char *old_path, struct noc_journal *j,
		 struct noc_salvage *out)
{
	sqlite3 *old;
	int rc = SQLITE_OK;

	memset(out, 0, sizeof(*out));
	/* A file that cannot even be opened has nothing to give. */
	if (noc_db_open(old_path, NOC_DB_READ, &old, NULL, NULL) < 0)
		return SQLITE_OK;
	salvage_head(old, out);
	for (size_t i = 0; rc == SQLITE_OK && i < NOC_COUNT(salvage_tables);
	     i++) {
		const struct salvage_table *t = &salvage_tables[i];
		uint64_t *count = (uint64_t *)((char *)out + t->count);

		/* From the other end, what lies behind the damage. */
		if (salvage_pass(old, j->db, t, "ASC", count, &rc) &&
		    (rc == SQLITE_OK || rc == SQLITE_DONE))
			salvage_pass(old, j->db, t, "DESC", count, &rc);
	}
	sqlite3_close(old);
	return rc;
}
