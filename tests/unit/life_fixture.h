/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_LIFE_FIXTURE_H
#define NOC_TESTS_UNIT_LIFE_FIXTURE_H

#include "tests/unit/correlate_fixture.h"
#include "tests/unit/store_state.h"

/* A core with a real writer that ends, or dies, and goes on from its rows. */

static bool (*life_world)(struct fix *f, struct noc_call *call,
			  struct noc_value **result,
			  struct noc_call_error *err); /* of the next one */

static inline void
life_open(struct fix *f, char *dir, struct noc_now now, const char *rules)
{
	struct noc_err err;

	memset(f, 0, sizeof(*f));
	f->now = now;
	f->state_dir = dir;
	f->writer = state_open(dir, NULL);
	f->world = life_world;
	fix_open(f, rules);
	if (noc_core_resume(f->core, dir, f->now, &err))
		fail_msg("resume: %s", err.msg);
	fix_pump(f);
}

static inline void
life_close(struct fix *f)
{
	if (!f->dead)
		cor_balance(f);
	else /* what it would still have said goes nowhere */
		noc_core_durable(f->core, UINT64_MAX);
	noc_writer_close(f->writer, 5000);
	fix_close(f);
}

/* Rows that a start needs, as text: returned.  The reading of the clocks is
 * not of them, nor are details of steps that are only shown, and what a run
 * says instead of those ("kept"). */
static inline char *
life_rows(const char *dir)
{
	static const char sql[] =
	    "SELECT kind || ' ' || key || ' ' || due || ' ' ||"
	    " coalesce(data, '') FROM live"
	    " WHERE kind <> 'clock' UNION ALL SELECT hex(id) || rule || ' ' ||"
	    " key || device || mode || state || phase || outcome || started ||"
	    " hex(definition) || json_remove(json, '$.kept') FROM runs WHERE"
	    " ended = 0 UNION ALL"
	    " SELECT hex(run) || path || json_extract(json, '$.output') FROM"
	    " steps WHERE state = 'Succeeded' AND json_extract(json,"
	    " '$.output') IS NOT NULL AND run IN (SELECT id FROM runs WHERE"
	    " ended = 0) UNION ALL SELECT hex(hash) || text FROM definitions"
	    " WHERE hash IN (SELECT definition FROM runs WHERE ended = 0)"
	    " ORDER BY 1";
	char *path = noc_asprintf("%s/nocturne.db", dir);
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, PATIENCE_MS);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	while (sqlite3_step(st) == SQLITE_ROW)
		noc_strbuf_addf(&sb, "%s\n", sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	noc_strbuf_addc(&sb, '.');
	return noc_strbuf_detach(&sb, NULL);
}

static inline void
life_written(struct fix *f)
{
	fix_pump(f);
	assert_true(state_wait(f->writer, f->ticket, PATIENCE_MS));
}

/* Its file loses every row: what is in memory writes each of them again. */
static inline void
life_lose_rows(struct fix *f, const char *dir)
{
	char *before, *after;

	life_written(f);
	before = life_rows(dir);
	state_sql(dir, "DELETE FROM live; DELETE FROM steps; DELETE FROM runs"
		       " WHERE ended = 0; DELETE FROM definitions"
		       " WHERE kind = 'plan'");
	noc_core_store(f->core, f->now);
	life_written(f);
	after = life_rows(dir);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

/* It died: another process goes on, a tenth of a second later. */
static inline void
life_again(struct fix *f, char *dir, const char *rules)
{
	struct noc_now now = f->now;

	if (!f->dead)
		life_lose_rows(f, dir);
	life_close(f);
	now.wall_ns += 100 * NOC_NS_PER_MS;
	now.boot_ns = 7 * NOC_NS_PER_S;
	life_open(f, dir, now, rules);
}

/* Killed now; another process goes on. */
static inline void
life_dies(struct fix *f, char *dir, const char *rules)
{
	f->dead = true;
	life_again(f, dir, rules);
}

/* Killed for good: nothing of it is kept. */
static inline void
life_done(struct fix *f, char *dir)
{
	f->dead = true;
	life_close(f);
	state_remove(dir);
}

#endif
