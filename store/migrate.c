/* SPDX-License-Identifier: ISC */
/* A file of an older version becomes one of ours. */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/crash.h"
#include "store/db.h"
#include "store/journal_private.h"

static void
migrate_record(struct noc_txn *txn, int from)
{
	struct noc_record *r = noc_txn_record(txn, NOC_REC_ADMIN);
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "verb", noc_value_str("schema.migrated"));
	noc_value_set(v, "from", noc_value_int(from));
	noc_value_set(v, "to", noc_value_int(noc_schema->version));
	noc_record_adds(r, NOC_TAG_ACTOR, "system");
	noc_record_add_json(r, NOC_TAG_DETAIL, v);
	noc_value_free(v);
}

/* Inside the transaction; SQLite's code. */
static int
migrate_rows(struct noc_journal *j, int from)
{
	struct noc_txn *txn = noc_txn_new(noc_clock_read());
	int rc = noc_db_migrate(j->db, from);

	migrate_record(txn, from);
	noc_journal_drop(j);
	if (rc == SQLITE_OK)
		rc = noc_journal_txn(j, &j->tail, txn);
	if (rc == SQLITE_OK)
		rc = noc_journal_flush(j);
	if (rc == SQLITE_OK)
		rc = noc_journal_seal(j, &j->tail, &j->note);
	noc_txn_free(txn);
	return rc;
}

/* All steps and the record of them in one transaction, before anybody reads:
 * whoever comes upon the file sees it as it was, or as it is. */
int
noc_journal_migrate(struct noc_journal *j, struct noc_err *err)
{
	int from = noc_db_version(j->db), rc;
	char *what;

	if (from >= noc_schema->version)
		return 0;
	rc = noc_journal_run(j, NOC_STMT_BEGIN);
	if (rc == SQLITE_OK)
		rc = migrate_rows(j, from);
	noc_crash_point("migrate.before_commit");
	if (rc == SQLITE_OK)
		rc = noc_journal_run(j, NOC_STMT_COMMIT);
	noc_crash_point("migrate.after_commit");
	j->bad_rc = rc;
	if (rc == SQLITE_OK) {
		noc_info("journal", "%s has been brought from schema %d to %d",
			 j->path, from, noc_schema->version);
		return 0;
	}
	what = noc_asprintf("Cannot bring %s from schema %d to %d", j->path,
			    from, noc_schema->version);
	rc = noc_db_err(j->db, err, what);
	noc_journal_rollback(j);
	free(what);
	return rc;
}
