/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/rows.h"

#include "store/db.h"
#include "store/journal.h"

/*
 * Absolute values, by primary key.  Columns that cannot change for the same
 * key are left out of the SET so that their indexes are not touched.
 */
static const char *const rows_sql[NOC_ROW_KINDS] = {
	[NOC_ROW_EVENT] =
	    "INSERT INTO events(id,received,kind,source,origin,device,"
	    "severity,fate,json) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"
	    " ON CONFLICT(id) DO UPDATE SET severity=?7, fate=?8, json=?9,"
	    " device=?6, origin=?5",
	[NOC_ROW_RUN] =
	    "INSERT INTO runs(id,event,rule,key,device,mode,state,phase,"
	    "outcome,started,ended,definition,json) VALUES(?1,?2,?3,?4,?5,?6,"
	    "?7,?8,?9,?10,?11,?12,?13) ON CONFLICT(id) DO UPDATE SET key=?4,"
	    " device=?5, mode=?6, state=?7, phase=?8, outcome=?9,"
	    " started=?10, ended=?11, definition=?12, json=?13",
	[NOC_ROW_STEP] =
	    "INSERT INTO steps(run,path,attempt,state,started,ended,due,json)"
	    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT(run,path) DO UPDATE"
	    " SET attempt=?3, state=?4, started=?5, ended=?6, due=?7, json=?8",
	[NOC_ROW_DECISION] =
	    "INSERT INTO decisions(event,rule,outcome,at,reason,run)"
	    " VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(event,rule,at,outcome)"
	    " DO UPDATE SET reason=?5, run=?6",
	[NOC_ROW_LIVE_PUT] =
	    "INSERT INTO live(kind,key,due,data) VALUES(?1,?2,?3,?4)"
	    " ON CONFLICT(kind,key) DO UPDATE SET due=?3, data=?4",
	[NOC_ROW_LIVE_DEL] = "DELETE FROM live WHERE kind=?1 AND key=?2",
	[NOC_ROW_DEFINITION] =
	    "INSERT OR IGNORE INTO definitions(hash,kind,name,text,added)"
	    " VALUES(?1,?2,?3,?4,?5)",
	[NOC_ROW_BLOB] = "INSERT OR IGNORE INTO blobs(hash,data) VALUES(?1,?2)",
	[NOC_ROW_SECRET] =
	    "INSERT OR IGNORE INTO audit_secret(commitment,salt,value)"
	    " VALUES(?1,?2,?3)",
};

const char *
noc_rows_sql(enum noc_row_kind kind)
{
	return rows_sql[kind];
}

static int
rows_bind(sqlite3_stmt *st, const struct noc_row *row)
{
	int rc = SQLITE_OK;

	for (unsigned i = 0; rc == SQLITE_OK && i < row->n; i++) {
		const struct noc_cell *c = &row->cells[i];
		int at = (int)i + 1;

		switch (c->type) {
		case NOC_CELL_NULL:
			rc = sqlite3_bind_null(st, at);
			break;
		case NOC_CELL_INT:
			rc = sqlite3_bind_int64(st, at, c->u.i);
			break;
		case NOC_CELL_TEXT:
			rc = sqlite3_bind_text(st, at, c->u.p, (int)c->len,
					       SQLITE_STATIC);
			break;
		case NOC_CELL_BLOB:
			rc = sqlite3_bind_blob(st, at, c->u.p, (int)c->len,
					       SQLITE_STATIC);
			break;
		}
	}
	return rc;
}

int
noc_rows_apply(struct noc_journal *j, const struct noc_txn *txn)
{
	for (const struct noc_row *row = txn->first_row; row; row = row->next) {
		int which = NOC_STMT_ROW + (int)row->kind, rc;
		sqlite3_stmt *st = noc_journal_stmt(j, which);

		if (!st)
			return j->bad_rc;
		rc = rows_bind(st, row);
		if (rc == SQLITE_OK)
			rc = noc_journal_run(j, which);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}
