/* SPDX-License-Identifier: ISC */
/*
 * The journal against bare SQLite on the same disk: one JSON line a figure,
 * medians of alternated rounds.
 *
 *	bench_store [-d DIR] [-r ROUNDS] [-n RECORDS] [-o FIGURE]
 *
 * bare_single   one row a transaction, synchronous=FULL
 * bare_group    100 rows a transaction
 * bare_append   as many rows a transaction as the writer's groups have
 * steps         txns of one STEP_DONE record and one row, a submit each
 * events        txns of one EVENT record
 * append        txns of 16 records
 * verify        records a second of one core's time, chain, tree, heads and all
 * submit        ns to build and hand over one step txn on the calling thread
 */
#include "config.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/verify.h"
#include "store/writer.h"
#include "engine/run/verify.h"

enum figure {
	BARE_SINGLE,
	BARE_GROUP,
	BARE_APPEND,
	STEPS,
	EVENTS,
	APPEND,
	VERIFY,
	SUBMIT,
	FIGURES
};

static const char *const names[FIGURES] = { "bare_single", "bare_group",
					    "bare_append", "steps",
					    "events",	   "append",
					    "verify",	   "submit" };

#define ROUNDS_MAX 32
static double results[FIGURES][ROUNDS_MAX];

static const char *base_dir;
static char *dir;
static unsigned records = 100000;

static int64_t
now_ns(void)
{
	return noc_clock_read().boot_ns;
}

static int64_t
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * NOC_NS_PER_S + ts.tv_nsec;
}

static void
fresh(void)
{
	char *cmd = noc_asprintf("rm -rf '%s'; mkdir -p '%s'", dir, dir);

	if (system(cmd))
		exit(1);
	free(cmd);
}

/* ---- bare SQLite: the rows of `audit`, made beforehand ---- */

static uint8_t bare_rec[257], bare_leaf[32];

static double
bare(unsigned rows, unsigned group)
{
	char *path = noc_asprintf("%s/bare.db", dir);
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t began;
	double rate;

	fresh();
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db,
			 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			 "CREATE TABLE audit(seq INTEGER PRIMARY KEY,"
			 " rec BLOB NOT NULL, leaf BLOB NOT NULL)",
			 NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "INSERT INTO audit VALUES(?1,?2,?3)", -1,
			       &st, NULL) != SQLITE_OK)
		exit(1);
	began = now_ns();
	for (unsigned i = 0; i < rows;) {
		sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		for (unsigned k = 0; k < group && i < rows; k++, i++) {
			sqlite3_bind_int64(st, 1, i);
			sqlite3_bind_blob(st, 2, bare_rec, sizeof(bare_rec),
					  SQLITE_STATIC);
			sqlite3_bind_blob(st, 3, bare_leaf, sizeof(bare_leaf),
					  SQLITE_STATIC);
			if (sqlite3_step(st) != SQLITE_DONE)
				exit(1);
			sqlite3_reset(st);
		}
		if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL))
			exit(1);
	}
	rate = rows / ((double)(now_ns() - began) / 1e9);
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	return rate;
}

/* ---- ours ---- */

static struct noc_value *step_json;

/* 257 bytes encoded, like bare_rec. */
static void
add_record(struct noc_txn *txn, enum noc_record_kind kind,
	   const struct noc_id *id)
{
	struct noc_record *r = noc_txn_record(txn, kind);
	int step = kind == NOC_REC_STEP_DONE;

	noc_record_add_id(r, step ? NOC_TAG_RUN : NOC_TAG_EVENT, id);
	noc_record_adds(r, NOC_TAG_ACTION, "snmp.set");
	noc_record_adds(r, NOC_TAG_TARGET, "r1.example");
	noc_record_adds(r, NOC_TAG_OUTCOME, "ok");
	noc_record_adds(r, NOC_TAG_DETAIL, "{\"ifName\":\"Gi0/1\",\"ms\":12}");
	noc_record_adds(r, NOC_TAG_COMMITMENT,
			"0123456789abcdef0123456789abcdef");
	noc_record_adds(r, NOC_TAG_STEP, "raise");
}

static struct noc_txn *
make_txn(struct noc_now now, uint64_t i, int step, unsigned n)
{
	struct noc_txn *txn = noc_txn_new(now);
	struct noc_id id;

	memset(id.b, 0, sizeof(id.b));
	for (int k = 0; k < 8; k++)
		id.b[k] = (uint8_t)(i >> (56 - 8 * k));
	for (unsigned k = 0; k < n; k++)
		add_record(txn, step ? NOC_REC_STEP_DONE : NOC_REC_EVENT, &id);
	if (step) {
		struct noc_step_row row = { .run = id,
					    .path = "raise",
					    .item = -1,
					    .attempt = 1,
					    .state = "Succeeded",
					    .started_ns = now.wall_ns,
					    .ended_ns = now.wall_ns,
					    .json = step_json };

		noc_txn_step(txn, &row);
	}
	return txn;
}

static void
wait_for(struct noc_writer *w, uint64_t ticket)
{
	struct pollfd p = { .fd = noc_writer_fd(w), .events = POLLIN };
	uint64_t n;

	while (noc_writer_completed(w) < ticket)
		if (poll(&p, 1, 1000) > 0 && read(p.fd, &n, sizeof(n)) < 0)
			exit(1);
}

/* Records a second, all durable; the queue is kept as full as the daemon lets
 * it become. */
static double
ours(int step, unsigned per_txn, double *submit_ns)
{
	struct noc_writer_options opt = { .state_dir = dir,
					  .site = "bench",
					  .anchor = true };
	struct noc_now now = noc_clock_read();
	struct noc_writer_stats s;
	struct noc_writer *w;
	struct noc_err err;
	uint64_t t = 0;
	unsigned txns = records / per_txn;
	int64_t began, spent = 0, at;

	fresh();
	if (noc_writer_open(&opt, &w, NULL, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
	began = now_ns();
	for (unsigned i = 0; i < txns; i += 64) {
		at = now_ns();
		for (unsigned k = i; k < i + 64 && k < txns; k++)
			t = noc_writer_submit(w,
					      make_txn(now, k, step, per_txn));
		spent += now_ns() - at;
		for (;;) {
			noc_writer_stats(w, &s);
			if (s.fill < 0.5)
				break;
			wait_for(w, s.completed + 1);
		}
	}
	wait_for(w, t);
	began = now_ns() - began;
	noc_writer_close(w, 1000);
	if (submit_ns)
		*submit_ns = (double)spent / txns;
	return txns * per_txn / ((double)began / 1e9);
}

static double
verify(void)
{
	char *db = noc_asprintf("%s/nocturne.db", dir);
	struct noc_verify_options opt = { .db = db };
	struct noc_verify_result r;
	struct noc_err err;
	int64_t began = cpu_ns();

	if (noc_verify(&opt, &r, &err) || r.verdict != NOC_VERDICT_OK) {
		fprintf(stderr, "verify: %s\n", r.message);
		exit(1);
	}
	free(db);
	return (double)r.records / ((double)(cpu_ns() - began) / 1e9);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(enum figure f, unsigned rounds)
{
	qsort(results[f], rounds, sizeof(double), by_size);
	return results[f][rounds / 2];
}

static void
ratio(const char *name, enum figure a, enum figure b, double target,
      unsigned rounds)
{
	double r = median(a, rounds) / median(b, rounds);

	printf("{\"bench\":\"store\",\"ratio\":\"%s\",\"value\":%.2f,"
	       "\"target\":%.2f,\"met\":%s}\n",
	       name, r, target, r >= target ? "true" : "false");
}

static void
quiet(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)level;
	(void)room;
	(void)line;
	(void)arg;
}

static void
measure(enum figure f, unsigned round)
{
	double *out = &results[f][round];

	switch (f) {
	case BARE_SINGLE:
		*out = bare(records / 50, 1);
		break;
	case BARE_GROUP:
		*out = bare(records, 100);
		break;
	case BARE_APPEND:
		*out = bare(records, 4000);
		break;
	case STEPS:
		*out = ours(1, 1, &results[SUBMIT][round]);
		break;
	case EVENTS:
		*out = ours(0, 1, NULL);
		break;
	case APPEND:
		*out = ours(0, 16, NULL);
		break;
	case VERIFY: /* of what was appended last */
		*out = verify();
		break;
	case SUBMIT: /* with the steps */
	case FIGURES:
		break;
	}
}

static const enum figure order[] = { BARE_SINGLE, STEPS,  BARE_GROUP, EVENTS,
				     BARE_APPEND, APPEND, VERIFY };

int
main(int argc, char **argv)
{
	const char *only = NULL;
	unsigned rounds = 5;
	int c;

	while ((c = getopt(argc, argv, "d:r:n:o:")) != -1) {
		if (c == 'd')
			base_dir = optarg;
		else if (c == 'r')
			rounds = (unsigned)atoi(optarg);
		else if (c == 'o')
			only = optarg;
		else if (c == 'n')
			records = (unsigned)atoi(optarg);
		else
			return 2;
	}
	if (rounds < 1 || rounds > ROUNDS_MAX || records < 1000)
		return 2;
	noc_log_sink_set(quiet, NULL);
	dir = noc_asprintf("%s/noc-bench-%ld", base_dir ? base_dir : ".",
			   (long)getpid());
	step_json = noc_value_map();
	noc_value_set(step_json, "action", noc_value_str("snmp.set"));
	noc_value_set(step_json, "output", noc_value_str("ifAdminStatus.7=1"));
	for (unsigned i = 0; i < rounds; i++)
		for (size_t k = 0; k < NOC_COUNT(order); k++)
			if (!only || !strcmp(only, names[order[k]]))
				measure(order[k], i);
	fresh();
	rmdir(dir);
	for (int f = 0; f < FIGURES; f++) {
		if (only && strcmp(only, names[f]))
			continue;
		printf("{\"bench\":\"store\",\"figure\":\"%s\",\"median\":%.0f,"
		       "\"unit\":\"%s\",\"rounds\":%u,\"records\":%u}\n",
		       names[f], median((enum figure)f, rounds),
		       f == SUBMIT ? "ns" : "1/s", rounds, records);
	}
	if (only)
		return 0;
	ratio("steps/bare_single", STEPS, BARE_SINGLE, 25, rounds);
	ratio("steps/bare_group", STEPS, BARE_GROUP, 0.5, rounds);
	ratio("events/bare_group", EVENTS, BARE_GROUP, 0.5, rounds);
	ratio("append/bare_append", APPEND, BARE_APPEND, 0.8, rounds);
	noc_value_free(step_json);
	free(dir);
	return 0;
}
