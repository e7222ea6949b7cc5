/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/rows.h"

#include "store/db.h"
#include "store/journal_private.h"

/*
 * Absolute values, by primary key.  Columns that cannot change for the same
 * key are left out of the SET so that their indexes are not touched.  A run
 * that has ended is never written again.  "WHERE true" keeps ON CONFLICT from
 * being read as part of a join.
 */
static const char *const rows_sql[NOC_ROW_KINDS] = {
	[NOC_ROW_EVENT] =
	    "INSERT INTO events(id,received,kind,source,origin,device,"
	    "severity,fate,json,seq) SELECT c1,c2,c3,c4,c5,c6,c7,c8,c9,c10"
	    " FROM noc_feed WHERE true ON CONFLICT(id) DO UPDATE SET"
	    " severity=excluded.severity, fate=excluded.fate,"
	    " json=excluded.json, device=excluded.device,"
	    " origin=excluded.origin",
	[NOC_ROW_RUN] =
	    "INSERT INTO runs(id,event,rule,key,device,mode,state,phase,"
	    "outcome,started,ended,definition,json,parent,dedup,deadline)"
	    " SELECT c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16"
	    " FROM noc_feed WHERE true"
	    " ON CONFLICT(id) DO UPDATE SET key=excluded.key,"
	    " device=excluded.device, mode=excluded.mode,"
	    " state=excluded.state, phase=excluded.phase,"
	    " outcome=excluded.outcome, started=excluded.started,"
	    " ended=excluded.ended, definition=excluded.definition,"
	    " json=excluded.json, deadline=excluded.deadline"
	    " WHERE runs.ended=0",
	[NOC_ROW_STEP] =
	    "INSERT INTO steps(run,path,attempt,state,started,ended,due,json,"
	    "node,item) SELECT c1,c2,c3,c4,c5,c6,c7,c8,c9,c10 FROM noc_feed"
	    " WHERE true"
	    " ON CONFLICT(run,path) DO UPDATE SET attempt=excluded.attempt,"
	    " state=excluded.state, started=excluded.started,"
	    " ended=excluded.ended, due=excluded.due, json=excluded.json,"
	    " node=excluded.node, item=excluded.item",
	[NOC_ROW_STEP_KEEP] =
	    "INSERT OR IGNORE INTO steps(run,path,attempt,state,started,ended,"
	    "due,json,node,item) SELECT c1,c2,c3,c4,c5,c6,c7,c8,c9,c10"
	    " FROM noc_feed",
	[NOC_ROW_STEP_UNDONE] =
	    "UPDATE steps SET json=json_set(json,'$.undone',json('true'))"
	    " WHERE (run,path) IN (SELECT c1,c2 FROM noc_feed)"
	    " AND json_valid(json)",
	[NOC_ROW_DECISION] =
	    "INSERT INTO decisions(event,rule,outcome,at,reason,run)"
	    " SELECT c1,c2,c3,c4,c5,c6 FROM noc_feed WHERE true"
	    " ON CONFLICT(event,rule,at,outcome) DO UPDATE SET"
	    " reason=excluded.reason, run=excluded.run",
	[NOC_ROW_LIVE_PUT] =
	    "INSERT INTO live(kind,key,due,data) SELECT c1,c2,c3,c4"
	    " FROM noc_feed WHERE true ON CONFLICT(kind,key) DO UPDATE SET"
	    " due=excluded.due, data=excluded.data",
	[NOC_ROW_LIVE_DEL] = "DELETE FROM live WHERE (kind, key) IN"
			     " (SELECT c1, c2 FROM noc_feed)",
	/* The list of an each goes some time after it was last named. */
	[NOC_ROW_DEFINITION] =
	    "INSERT INTO definitions(hash,kind,name,text,added)"
	    " SELECT c1,c2,c3,c4,c5 FROM noc_feed WHERE true"
	    " ON CONFLICT(hash) DO UPDATE SET added=excluded.added"
	    " WHERE definitions.kind='items'",
	[NOC_ROW_BLOB] = "INSERT OR IGNORE INTO blobs(hash,data)"
			 " SELECT c1,c2 FROM noc_feed",
	[NOC_ROW_SECRET] =
	    "INSERT OR IGNORE INTO audit_secret(commitment,salt,value)"
	    " SELECT c1,c2,c3 FROM noc_feed",
};

const char *
noc_rows_sql(enum noc_row_kind kind)
{
	return rows_sql[kind];
}

/*
 * Queued by kind: rows of different tables may pass one another, those of one
 * table may not, and live has two kinds.
 */
int
noc_rows_queue(struct noc_journal *j, const struct noc_txn *txn)
{
	for (const struct noc_row *row = txn->first_row; row; row = row->next) {
		int which = NOC_STMT_ROW + (int)row->kind, rc = SQLITE_OK;

		if (row->kind == NOC_ROW_LIVE_PUT)
			rc = noc_journal_flush_one(
			    j, NOC_STMT_ROW + (int)NOC_ROW_LIVE_DEL);
		else if (row->kind == NOC_ROW_LIVE_DEL)
			rc = noc_journal_flush_one(
			    j, NOC_STMT_ROW + (int)NOC_ROW_LIVE_PUT);
		if (rc != SQLITE_OK)
			return rc;
		noc_feed_add(&j->feeds[which], row->cells);
	}
	return SQLITE_OK;
}
