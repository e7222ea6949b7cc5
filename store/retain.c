/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/db.h"
#include "store/journal_private.h"

/*
 * The oldest rows come first in the order of arrival; a chunk that has young
 * rows among its first 500 deletes the old ones only and is the last.  Among
 * the oldest 500 runs some may be open still.
 */
#define RETAIN_MAX 500
#define RETAIN_RUNS                                            \
	"(SELECT n, id, ended FROM runs ORDER BY n LIMIT 500)" \
	" WHERE ended > 0 AND ended < ?1 LIMIT 50"
static const char *const retain_sql[NOC_RETAINS] = {
	[NOC_RETAIN_EVENTS] =
	    "DELETE FROM events WHERE n IN (SELECT n FROM events ORDER BY n"
	    " LIMIT 500) AND received < ?1",
	[NOC_RETAIN_DECISIONS] =
	    "DELETE FROM decisions WHERE (event, rule, at, outcome) IN"
	    " (SELECT event, rule, at, outcome FROM decisions"
	    " ORDER BY event LIMIT 500) AND at < ?1",
	[NOC_RETAIN_RUNS] =
	    "DELETE FROM runs WHERE n IN (SELECT n FROM " RETAIN_RUNS ")",
};
/* Of the same 50 runs: one with a fan-out may have a hundred thousand. */
static const char retain_steps[] =
    "DELETE FROM steps WHERE (run, path) IN (SELECT s.run, s.path FROM"
    " (SELECT id FROM " RETAIN_RUNS ") r CROSS JOIN steps s ON s.run = r.id"
    " LIMIT 500)";
/* Whoever named it wrote it then: it is older than every run that is open, by
 * more than a clock is set. */
static const char retain_items[] =
    "DELETE FROM definitions WHERE hash IN (SELECT hash FROM definitions"
    " INDEXED BY definitions_items WHERE kind = 'items' AND added < ?1"
    " AND added < ifnull((SELECT min(started) FROM runs WHERE"
    " state <> 'Succeeded' AND state IN ('Pending', 'Running')),"
    " 9223372036854775807) - 86400000000000 LIMIT 10)";

static int
retain_run(sqlite3 *db, const char *sql, int64_t cutoff, int *deleted)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int64(st, 1, cutoff);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE) {
		*deleted += sqlite3_changes(db);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

/* Steps before their runs: afterwards nothing names them. */
static int
retain_runs(sqlite3 *db, int64_t cutoff, int *deleted)
{
	int rc = retain_run(db, retain_steps, cutoff, deleted);

	if (rc != SQLITE_OK || *deleted >= RETAIN_MAX)
		return rc;
	rc = retain_run(db, retain_sql[NOC_RETAIN_RUNS], cutoff, deleted);
	if (rc == SQLITE_OK && !*deleted)
		rc = retain_run(db, retain_items, cutoff, deleted);
	return rc;
}

int
noc_retain_step(struct noc_journal *j, enum noc_retain table,
		int64_t older_than_ns, int *deleted)
{
	int rc = noc_journal_run(j, NOC_STMT_BEGIN);

	*deleted = 0;
	if (rc == SQLITE_OK)
		rc = table == NOC_RETAIN_RUNS
			 ? retain_runs(j->db, older_than_ns, deleted)
			 : retain_run(j->db, retain_sql[table], older_than_ns,
				      deleted);
	if (rc == SQLITE_OK)
		rc = noc_journal_run(j, NOC_STMT_COMMIT);
	if (rc != SQLITE_OK)
		noc_journal_rollback(j);
	return rc;
}
