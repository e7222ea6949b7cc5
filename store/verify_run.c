/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/id.h"
#include "store/verify_private.h"

/*
 * What a run was given: its RUN_START commits to it, its row says it, for as
 * long as the row is kept.  Runs of the first version have no commitment.
 */
#define PAGE 20000
#define SALT 16

static const char starts_sql[] =
    "SELECT seq, rec FROM audit WHERE seq >= ?1 AND seq < ?2"
    " AND substr(rec, 7, 2) = x'0003' ORDER BY seq";
/*
 * The text as it stands in the row: nothing of it is encoded anew.  A row that
 * cannot be read, or says none of it, is as one that was erased.  What it says
 * it says once, however the name is written: readers of the row may take
 * another one.  An id is found as a text, too: they find it.
 */
#define SAYS                                         \
	"(SELECT count(*) FROM json_each(runs.json)" \
	" WHERE key IN ('input', 'extra', 'salt'))"
static const char given_sql[] =
    "SELECT CASE WHEN json_type(json, '$.input') IS NOT NULL AND"
    " json_type(json, '$.extra') IS NOT NULL AND " SAYS " = 3 THEN"
    " json_array(json_extract(json, '$.input'), json_extract(json, '$.extra'))"
    " END, json_extract(json, '$.salt')"
    " FROM runs WHERE id IN (?1, CAST(?1 AS TEXT)) AND"
    " CASE WHEN json_valid(json) THEN " SAYS " END > 0";

static bool
run_is_given(struct verify *v, sqlite3_stmt *st, const uint8_t *commitment)
{
	const char *given = (const char *)sqlite3_column_text(st, 0);
	const char *hex = (const char *)sqlite3_column_text(st, 1);
	uint8_t salt[SALT], hash[NOC_HASH];
	size_t n = sizeof(salt);

	if (!given || !hex ||
	    noc_unhex(hex, (size_t)sqlite3_column_bytes(st, 1), salt, &n) ||
	    n != sizeof(salt))
		return false;
	noc_sha256_begin(v->h);
	noc_sha256_add(v->h, salt, sizeof(salt));
	noc_sha256_add(v->h, given, (size_t)sqlite3_column_bytes(st, 0));
	noc_sha256_end(v->h, hash);
	return !memcmp(hash, commitment, sizeof(hash));
}

static int
verify_start(struct verify *v, sqlite3_stmt *st, sqlite3_stmt *row,
	     struct noc_err *err)
{
	struct noc_record_view r;
	const uint8_t *commitment, *run;
	size_t len, run_len;
	char text[NOC_ID_TEXT];
	struct noc_id id;
	int rc, found = 0;

	if (noc_record_read(sqlite3_column_blob(st, 1),
			    (size_t)sqlite3_column_bytes(st, 1), &r, NULL) ||
	    !noc_record_field(&r, NOC_TAG_COMMITMENT, &commitment, &len) ||
	    len != NOC_HASH ||
	    !noc_record_field(&r, NOC_TAG_RUN, &run, &run_len) ||
	    run_len != sizeof(text) - 1)
		return 0;
	memcpy(text, run, run_len);
	text[run_len] = '\0';
	if (noc_id_parse(text, &id))
		return 0;
	sqlite3_bind_blob(row, 1, id.b, sizeof(id.b), SQLITE_STATIC);
	while ((rc = sqlite3_step(row)) == SQLITE_ROW &&
	       run_is_given(v, row, commitment))
		;
	if (rc == SQLITE_ROW)
		found = noc_verify_say(v, NOC_VERDICT_TAMPERED, r.seq,
				       "The input of run %s was altered: its "
				       "row does not say what record %" PRIu64
				       " commits to.",
				       text, r.seq);
	else if (rc != SQLITE_DONE)
		found = noc_verify_sqlite(v, rc, err);
	sqlite3_reset(row);
	return found;
}

int
noc_verify_runs(struct verify *v, struct noc_err *err)
{
	sqlite3_stmt *st = NULL, *row = NULL;
	int rc, found = 0;

	rc = sqlite3_prepare_v2(v->db, given_sql, -1, &row, NULL);
	if (noc_db_fault(rc) == NOC_DB_BUG)
		return 0; /* no such table: all of them were erased */
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(v->db, starts_sql, -1, &st, NULL);
	for (uint64_t at = v->floor; rc == SQLITE_OK && !found && at < v->end;
	     at += PAGE) {
		uint64_t stop = at + PAGE < v->end ? at + PAGE : v->end;

		sqlite3_bind_int64(st, 1, (sqlite3_int64)at);
		sqlite3_bind_int64(st, 2, (sqlite3_int64)stop);
		while (!found && (rc = sqlite3_step(st)) == SQLITE_ROW)
			found = verify_start(v, st, row, err);
		rc = found || rc == SQLITE_DONE ? SQLITE_OK : rc;
		sqlite3_reset(st);
	}
	if (!found && rc != SQLITE_OK)
		found = noc_verify_sqlite(v, rc, err);
	sqlite3_finalize(st);
	sqlite3_finalize(row);
	return found;
}
