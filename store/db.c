/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum noc_db_fault
noc_db_fault(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return NOC_DB_FINE;
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
	case SQLITE_INTERRUPT:
	case SQLITE_PROTOCOL:
		return NOC_DB_RETRY;
	case SQLITE_IOERR:
		/* A page whose checksum or shape is wrong is not a bad disk. */
		return rc == SQLITE_IOERR_CORRUPTFS || rc == SQLITE_IOERR_DATA
			   ? NOC_DB_MALFORMED
			   : NOC_DB_REOPEN;
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return NOC_DB_REOPEN;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
		return NOC_DB_MALFORMED;
	default:
		return NOC_DB_BUG;
	}
}

int
noc_db_err(sqlite3 *db, struct noc_err *err, const char *what)
{
	return noc_err_set(err, NOC_ESTORE, "%s: %s (SQLite code %d).", what,
			   db ? sqlite3_errmsg(db) : "out of memory",
			   db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM);
}

int
noc_db_int(sqlite3 *db, const char *sql, sqlite3_int64 *out)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		int null = sqlite3_column_type(st, 0) == SQLITE_NULL;

		*out = sqlite3_column_int64(st, 0);
		sqlite3_finalize(st);
		return null ? SQLITE_NOTFOUND : SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_NOTFOUND : rc;
}

int
noc_db_version(sqlite3 *db)
{
	sqlite3_int64 v;

	return noc_db_int(db, "PRAGMA user_version", &v) ? -1 : (int)v;
}

int
noc_db_migrate(sqlite3 *db, int version)
{
	char sql[64];
	int rc = SQLITE_OK;

	for (; rc == SQLITE_OK && version < noc_schema->version; version++)
		rc = sqlite3_exec(db, noc_schema->steps[version], NULL, NULL,
				  NULL);
	if (rc != SQLITE_OK)
		return rc;
	snprintf(sql, sizeof(sql),
		 "PRAGMA user_version=%d; PRAGMA application_id=1313817393",
		 noc_schema->version);
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static const char db_pragmas_write[] =
    "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF;"
    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4000;"
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=33554432";
static const char db_pragmas_read[] =
    "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF; PRAGMA query_only=ON;"
    "PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0";

/* Not refused because its header says that it is longer. */
static const char db_pragmas_salvage[] = "PRAGMA writable_schema=ON";

/* Why a file that is there already is none to write to: 0, or errno. */
static int
db_unfit(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		return errno;
	if (S_ISLNK(st.st_mode))
		return ELOOP;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) ? errno : 0;
}

/*
 * SQLite makes files by the umask; ours hold what devices said.  One that is
 * there is not opened: to close it again would drop every lock that this
 * process has on it (fcntl(2)), and whoever closes the file next would take
 * the log away from under us.
 */
static int
db_precreate(const char *path, struct noc_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int why = fd >= 0 ? 0 : errno;

	if (fd >= 0)
		close(fd);
	if (why == EEXIST)
		why = db_unfit(path);
	if (why)
		return noc_err_set(err, NOC_ESTORE,
				   "Cannot open or create %s: %s.", path,
				   strerror(why));
	return 0;
}

/* A reader of a closed WAL file in a directory that it may not write cannot
 * make the shared memory; with no log beside it the file is all there is.
 * Else it stays at rc. */
static int
db_open_immutable(const char *path, int rc, sqlite3 **out)
{
	char *wal = noc_asprintf("%s-wal", path), *uri, *q;

	if (access(wal, F_OK) && errno == ENOENT) {
		sqlite3_close(*out);
		uri = noc_malloc(strlen(path) * 3 + 32);
		q = stpcpy(uri, "file:");
		for (const char *p = path; *p; p++)
			q += strchr("?#%", *p) ? sprintf(q, "%%%02X", *p)
					       : sprintf(q, "%c", *p);
		strcpy(q, "?immutable=1");
		rc = sqlite3_open_v2(uri, out,
				     SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
					 SQLITE_OPEN_NOMUTEX |
					 SQLITE_OPEN_EXRESCODE,
				     NULL);
		free(uri);
	}
	free(wal);
	return rc;
}

static int
db_connect(const char *path, enum noc_db_mode mode, sqlite3 **db)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, rc;
	sqlite3_int64 n;

	flags |=
	    mode == NOC_DB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	rc = sqlite3_open_v2(path, db, flags, NULL);
	if (rc == SQLITE_OK && mode == NOC_DB_SALVAGE)
		rc = sqlite3_exec(*db, db_pragmas_salvage, NULL, NULL, NULL);
	if (rc == SQLITE_OK && mode != NOC_DB_WRITE) {
		rc = noc_db_int(*db, "SELECT count(*) FROM sqlite_master", &n);
		if ((rc & 0xff) == SQLITE_CANTOPEN ||
		    (rc & 0xff) == SQLITE_READONLY)
			rc = db_open_immutable(path, rc, db);
	}
	if (rc != SQLITE_OK)
		return rc;
	if (mode != NOC_DB_WRITE) {
		rc = noc_db_event_body(*db);
		if (rc != SQLITE_OK)
			return rc;
	}
	sqlite3_busy_timeout(*db, 250);
	/* It would take that back; nothing is written there. */
	if (mode != NOC_DB_SALVAGE)
		sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return sqlite3_exec(
	    *db, mode == NOC_DB_WRITE ? db_pragmas_write : db_pragmas_read,
	    NULL, NULL, NULL);
}

int
noc_db_open(const char *path, enum noc_db_mode mode, sqlite3 **out, int *prc,
	    struct noc_err *err)
{
	sqlite3 *db = NULL;
	sqlite3_int64 app;
	int rc, version, ret;

	if (prc)
		*prc = SQLITE_CANTOPEN;
	if (mode == NOC_DB_WRITE) {
		ret = db_precreate(path, err);
		if (ret < 0)
			return ret;
	} else if (access(path, F_OK) && errno == ENOENT) {
		return noc_err_set(err, NOC_ENOTFOUND,
				   "There is no database at %s.", path);
	}
	rc = db_connect(path, mode, &db);
	if (prc)
		*prc = rc;
	if (rc != SQLITE_OK) {
		ret = noc_db_err(db, err, path);
		goto fail;
	}
	*out = db;
	if (mode == NOC_DB_SALVAGE || mode == NOC_DB_VERIFY)
		return 0;
	version = noc_db_version(db);
	if (version > noc_schema->version) {
		ret = noc_err_set(err, NOC_ECONFIG,
				  "%s has schema %d and this program knows "
				  "up to %d: it was written by a newer "
				  "version, run that one.",
				  path, version, noc_schema->version);
		goto fail;
	}
	if (version == 0 &&
	    !noc_db_int(db,
			"SELECT count(*) FROM sqlite_master WHERE"
			" name IN ('audit', 'audit_head', 'live', 'runs')",
			&app) &&
	    app == 4) { /* ours: its header was altered */
		if (prc)
			*prc = SQLITE_CORRUPT;
		ret = noc_err_set(err, NOC_ESTORE,
				  "%s has our tables and no version.", path);
		goto fail;
	}
	if (version == 0 && mode == NOC_DB_WRITE &&
	    !noc_db_int(db, "SELECT count(*) FROM sqlite_master", &app) &&
	    app > 0) {
		ret = noc_err_set(err, NOC_ECONFIG,
				  "%s is a database of something else: move "
				  "it away.",
				  path);
		goto fail;
	}
	return 0;
fail:
	*out = NULL;
	sqlite3_close(db);
	return ret;
}

#define BUDGET_LEAST  4000000
#define BUDGET_A_BYTE 64
#define BUDGET_A_LOOK 1000

static int
on_db_progress(void *arg)
{
	struct noc_db_budget *b = arg;

	b->left -= BUDGET_A_LOOK;
	return b->left < 0;
}

void
noc_db_budget(sqlite3 *db, const char *path, struct noc_db_budget *b)
{
	char *wal = noc_asprintf("%s-wal", path);
	struct stat st;

	b->left = BUDGET_LEAST;
	if (!stat(path, &st))
		b->left += st.st_size * BUDGET_A_BYTE;
	if (!stat(wal, &st))
		b->left += st.st_size * BUDGET_A_BYTE;
	sqlite3_progress_handler(db, BUDGET_A_LOOK, on_db_progress, b);
	free(wal);
}
