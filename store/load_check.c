/* SPDX-License-Identifier: ISC */
/*
 * Is what a start will read whole?  SQLite says so of most damage when it
 * comes upon it; a page that lies where another one should it takes as it is,
 * and shows in rows that are out of order.  What nobody reads at a start is
 * not looked at: that would take as long as the file is large.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/load_private.h"

#define AROUND 64 /* rows: more than fit on a page */

struct check {
	sqlite3 *db;
	struct noc_db_budget budget;
	int64_t since_ns;
	int rc;	   /* SQLite's */
	char *why; /* of 256 bytes; "" while it is whole */
};

static void
check_bad(struct check *c, const char *text)
{
	snprintf(c->why, 256, "%s", text);
}

static sqlite3_stmt *
check_prepare(struct check *c, const char *sql)
{
	sqlite3_stmt *st = NULL;

	c->rc = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);
	return st;
}

static bool
check_step(struct check *c, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	c->rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	return rc == SQLITE_ROW;
}

static bool
check_going(const struct check *c)
{
	return !c->why[0] && (c->rc == SQLITE_OK || c->rc == SQLITE_ROW);
}

/* Every column of every row. */
static void
check_read(struct check *c, const char *sql)
{
	sqlite3_stmt *st = check_prepare(c, sql);

	if (st && sqlite3_bind_parameter_count(st))
		sqlite3_bind_int64(st, 1, c->since_ns);
	while (st && check_step(c, st))
		for (int i = 0; i < sqlite3_column_count(st); i++)
			(void)sqlite3_column_bytes(st, i);
	sqlite3_finalize(st);
}

/* It counts what should not be there. */
static void
check_none(struct check *c, const char *sql, const char *why)
{
	sqlite3_stmt *st = check_prepare(c, sql);

	if (st && check_step(c, st) && sqlite3_column_int64(st, 0))
		check_bad(c, why);
	sqlite3_finalize(st);
}

/* ---- order ---- */

/* What comes next in an index: its types ('t'ext, 'b'lob, 'i'nteger), and
 * larger than what came before. */
struct check_last {
	const char *types;
	bool descending, any;
	sqlite3_value *v[2];
};

static int
check_compare(sqlite3_value *a, sqlite3_value *b)
{
	int na = sqlite3_value_bytes(a), nb = sqlite3_value_bytes(b), r;

	if (sqlite3_value_type(a) == SQLITE_INTEGER) {
		sqlite3_int64 ia = sqlite3_value_int64(a);
		sqlite3_int64 ib = sqlite3_value_int64(b);

		return (ia > ib) - (ia < ib);
	}
	r = na && nb ? memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b),
			      (size_t)(na < nb ? na : nb))
		     : 0;
	return r ? r : (na > nb) - (na < nb);
}

static bool
check_type(char want, int type)
{
	return type == (want == 't'   ? SQLITE_TEXT
			: want == 'b' ? SQLITE_BLOB
				      : SQLITE_INTEGER);
}

static bool
check_next(struct check_last *last, sqlite3_stmt *st)
{
	bool ok = true;
	int r = 0;

	for (int i = 0; i < 2; i++) {
		sqlite3_value *v = sqlite3_column_value(st, i);

		ok = ok && check_type(last->types[i], sqlite3_value_type(v));
		if (ok && last->any && !r)
			r = check_compare(v, last->v[i]);
		sqlite3_value_free(last->v[i]);
		last->v[i] = sqlite3_value_dup(v);
	}
	if (ok && last->any)
		ok = last->descending ? r < 0 : r > 0;
	last->any = true;
	return ok;
}

static void
check_order(struct check *c, sqlite3_stmt *st, const char *types,
	    bool descending, const char *why)
{
	struct check_last last = { .types = types, .descending = descending };

	while (check_going(c) && check_step(c, st))
		if (!check_next(&last, st))
			check_bad(c, why);
	sqlite3_value_free(last.v[0]);
	sqlite3_value_free(last.v[1]);
}

/* What people said no to is in here. */
static void
check_live(struct check *c)
{
	sqlite3_stmt *st =
	    check_prepare(c, "SELECT kind, key FROM live ORDER BY kind, key");

	if (st)
		check_order(c, st, "tt", false,
			    "the table of live rows is out of order");
	sqlite3_finalize(st);
}

/* Which runs are open is what this index says. */
static void
check_states(struct check *c)
{
	static const char why[] =
	    "the index of unfinished runs is out of order";
	sqlite3_stmt *st =
	    check_prepare(c, "SELECT state, n FROM runs INDEXED BY runs_state"
			     " WHERE state <> 'Succeeded' ORDER BY state, n");

	if (st)
		check_order(c, st, "ti", false, why);
	sqlite3_finalize(st);
	if (check_going(c))
		check_none(c,
			   "SELECT count(*) FROM runs INDEXED BY runs_state"
			   " WHERE state <> 'Succeeded' AND state NOT IN"
			   " ('Pending','Running','Failed','Cancelled')",
			   why);
	/* Another table's row may have its number. */
	if (check_going(c))
		check_none(c,
			   "SELECT count(*) FROM runs WHERE " NOC_RUN_IS_OPEN
			   " AND NOT ifnull(length(id) = 16 AND"
			   " length(definition) = 32, 0)",
			   "unfinished runs are no runs");
}

/* The steps of an open run are where they are looked for. */
static void
check_steps(struct check *c)
{
	static const char *const around[] = {
		"SELECT run, path FROM steps WHERE run >= ?1"
		" ORDER BY run, path LIMIT ?2",
		"SELECT run, path FROM steps WHERE run <= ?1"
		" ORDER BY run DESC, path DESC LIMIT ?2",
	};
	sqlite3_stmt *st[2], *runs;

	st[0] = check_prepare(c, around[0]);
	st[1] = check_prepare(c, around[1]);
	runs = check_prepare(c, "SELECT id FROM runs WHERE " NOC_RUN_IS_OPEN);
	while (st[0] && st[1] && runs && check_going(c) &&
	       check_step(c, runs)) {
		for (int i = 0; i < 2; i++) {
			sqlite3_bind_value(st[i], 1,
					   sqlite3_column_value(runs, 0));
			sqlite3_bind_int(st[i], 2, AROUND);
			check_order(c, st[i], "bt", i,
				    "the table of steps is out of order");
			sqlite3_reset(st[i]);
		}
	}
	sqlite3_finalize(st[0]);
	sqlite3_finalize(st[1]);
	sqlite3_finalize(runs);
}

static void
check_definitions(struct check *c)
{
	sqlite3_stmt *st = check_prepare(
	    c, "SELECT hash, hash FROM definitions ORDER BY hash");

	if (st)
		check_order(c, st, "bb", false,
			    "the index of definitions is out of order");
	sqlite3_finalize(st);
	if (check_going(c))
		check_read(c, "SELECT d.text FROM (SELECT definition FROM runs"
			      " WHERE " NOC_RUN_IS_OPEN ") r CROSS JOIN"
			      " definitions d ON d.hash = r.definition");
}

/* The lists that steps at hand go through, where they can be found. */
static void
check_items(struct check *c)
{
	sqlite3_stmt *st =
	    check_prepare(c, "SELECT " NOC_ITEMS_NAMED
			     " FROM (SELECT id FROM runs WHERE " NOC_RUN_IS_OPEN
			     ") r CROSS JOIN steps ON run = id");
	sqlite3_stmt *of =
	    check_prepare(c, "SELECT text FROM definitions WHERE hash = ?1");

	while (st && of && check_going(c) && check_step(c, st)) {
		const char *hex = (const char *)sqlite3_column_text(st, 0);
		uint8_t hash[32];
		size_t n = sizeof(hash);

		if (!hex || noc_unhex(hex, strlen(hex), hash, &n))
			continue;
		sqlite3_bind_blob(of, 1, hash, (int)n, SQLITE_TRANSIENT);
		if (check_step(c, of))
			(void)sqlite3_column_bytes(of, 0);
		sqlite3_reset(of);
	}
	sqlite3_finalize(st);
	sqlite3_finalize(of);
}

int
noc_load_check(const char *state_dir, struct noc_now now, char why[256],
	       struct noc_err *err)
{
	/* A minute more than is read: the clock may be set meanwhile. */
	struct check c = { .since_ns =
			       now.wall_ns -
			       (NOC_LOAD_BACK_MS + 60000) * NOC_NS_PER_MS,
			   .why = why };
	char *path = noc_asprintf("%s/nocturne.db", state_dir);
	int r;

	why[0] = '\0';
	r = noc_db_open(path, NOC_DB_READ, &c.db, &c.rc, err);
	if (!r) {
		noc_db_budget(c.db, path, &c.budget);
		check_live(&c);
	}
	if (check_going(&c))
		check_states(&c);
	for (int i = 0; check_going(&c) && i < NOC_LOADS; i++)
		check_read(&c, noc_load_sql[i]);
	if (check_going(&c))
		check_steps(&c);
	if (check_going(&c))
		check_definitions(&c);
	if (check_going(&c))
		check_items(&c);
	if (!why[0] && c.rc != SQLITE_OK && c.rc != SQLITE_ROW) {
		if (!r)
			r = noc_db_err(c.db, err, path);
		if (c.budget.left < 0)
			check_bad(&c, "its pages name one another");
		else if (noc_db_fault(c.rc) == NOC_DB_MALFORMED)
			check_bad(&c, sqlite3_errstr(c.rc));
	}
	sqlite3_close(c.db);
	free(path);
	return why[0] ? 1 : r;
}
