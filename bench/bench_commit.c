/* SPDX-License-Identifier: ISC */
/*
 * What the disk charges: single rows inserted into bare SQLite, WAL,
 * synchronous=FULL, a transaction each.
 *
 *	bench_commit DIR COUNT [GAP_US]
 *
 * Prints one JSON line: ns at p50 and p99, and commits a second of the time
 * spent committing.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/mem.h"

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
must(int r, sqlite3 *db)
{
	if (r == SQLITE_OK || r == SQLITE_DONE)
		return;
	fprintf(stderr, "bench_commit: %s\n", sqlite3_errmsg(db));
	exit(1);
}

int
main(int argc, char **argv)
{
	static uint8_t rec[257], leaf[32];
	int64_t *took, sum = 0;
	sqlite3 *db;
	sqlite3_stmt *st;
	size_t count;
	char *path;

	if (argc < 3)
		return 2;
	count = strtoul(argv[2], NULL, 10);
	if (!count)
		return 2;
	took = noc_calloc(count, sizeof(*took));
	path = noc_asprintf("%s/bare.db", argv[1]);
	must(sqlite3_open(path, &db), db);
	must(sqlite3_exec(db,
			  "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			  "DROP TABLE IF EXISTS audit;"
			  "CREATE TABLE audit(seq INTEGER PRIMARY KEY,"
			  " rec BLOB NOT NULL, leaf BLOB NOT NULL)",
			  NULL, NULL, NULL),
	     db);
	must(sqlite3_prepare_v2(db, "INSERT INTO audit VALUES(?1,?2,?3)", -1,
				&st, NULL),
	     db);
	for (size_t i = 0; i < count; i++) {
		int64_t began = now_ns();

		sqlite3_bind_int64(st, 1, (int64_t)i);
		sqlite3_bind_blob(st, 2, rec, sizeof(rec), SQLITE_STATIC);
		sqlite3_bind_blob(st, 3, leaf, sizeof(leaf), SQLITE_STATIC);
		must(sqlite3_step(st), db); /* commits: no BEGIN is open */
		must(sqlite3_reset(st), db);
		took[i] = now_ns() - began;
		sum += took[i];
		if (argc > 3)
			usleep((useconds_t)atoi(argv[3]));
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	qsort(took, count, sizeof(*took), by_value);
	printf("{\"p50\":%lld,\"p99\":%lld,\"per_s\":%.1f}\n",
	       (long long)took[count / 2], (long long)took[count * 99 / 100],
	       (double)count / ((double)sum / 1e9));
	free(took);
	free(path);
	return 0;
}
