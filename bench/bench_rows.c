/* SPDX-License-Identifier: ISC */
/*
 * Rows of a run with a fan-out: 10,000 items, three steps in each, one in 270
 * failed, an each whose output says nothing yet.  One JSON line a figure.
 *
 *	bench_rows [-d DIR] [-r ROUNDS] [-n ITEMS]
 *
 * failed  ms for a page of failed items, as many as there are up to 100
 * last    ms for the last page of a hundred items
 * list    ms for 3,200 items in pages of 1,000
 * show    ms for the run: its steps, an each with counts among them
 * load    rows a second that a start reads and parses
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/load.h"
#include "store/reader.h"
#include "store/writer.h"

enum figure { FAILED, LAST, LIST, SHOW, LOAD, FIGURES };

static const char *const names[FIGURES] = { "failed", "last", "list", "show",
					    "load" };

#define ROUNDS_MAX 32
#define STEPS	   3
static double results[FIGURES][ROUNDS_MAX];
static unsigned items = 10000;
static struct noc_reader *reader;
static char *dir;
static const struct noc_id run_id = { .b = { 1, 2, 3, 4 } };

static int64_t
now_ns(void)
{
	return noc_clock_read().boot_ns;
}

static void
die(const char *what)
{
	fprintf(stderr, "bench_rows: %s\n", what);
	exit(1);
}

/* ---- the rows ---- */

static struct noc_value *
item_json(const char *key, bool failed)
{
	struct noc_value *v = noc_value_map(), *more = noc_value_map();

	noc_value_set(v, "index", noc_value_int(1));
	noc_value_set(v, "key", noc_value_str(key));
	noc_value_set(v, failed ? "error" : "collected", more);
	noc_value_set(more, failed ? "message" : "version",
		      noc_value_str("17.9.4a of a switch in building 12"));
	return v;
}

static struct noc_value *
step_json(void)
{
	struct noc_value *v = noc_value_map(), *out = noc_value_map();

	noc_value_set(v, "index", noc_value_int(2));
	noc_value_set(v, "action", noc_value_str("exec"));
	noc_value_set(v, "target", noc_value_str("b1-sw1234"));
	noc_value_set(v, "outcome", noc_value_str("ok"));
	noc_value_set(out, "code", noc_value_int(0));
	noc_value_set(out, "stdout",
		      noc_value_str("all checks passed, uptime 81 d, 42 %"));
	noc_value_set(v, "output", out);
	return v;
}

static void
put_item(struct noc_txn *txn, unsigned i, const struct noc_value *step)
{
	const char *state = i % 270 == 3 ? "Failed" : "Succeeded";
	char key[32], path[64];
	struct noc_value *json;
	struct noc_step_row row = { .run = run_id,
				    .path = path,
				    .item = i,
				    .attempt = 1,
				    .state = state,
				    .started_ns = 5,
				    .ended_ns = 6 };

	/* In no order of names. */
	snprintf(key, sizeof(key), "b%u-sw%u", i % 7, i * 7919 % items);
	snprintf(path, sizeof(path), "precheck[%s]", key);
	json = item_json(key, i % 270 == 3);
	row.node = 1;
	row.json = json;
	noc_txn_step(txn, &row);
	row.json = step;
	for (int s = 0; s < STEPS; s++) {
		snprintf(path, sizeof(path), "precheck[%s]/step%d", key, s);
		row.node = 2 + s;
		noc_txn_step(txn, &row);
	}
	noc_value_free(json);
}

static struct noc_txn *
first_txn(struct noc_now now)
{
	struct noc_txn *txn = noc_txn_new(now);
	struct noc_value *json = noc_value_map(), *params = noc_value_map();
	struct noc_run_row run = { .id = run_id,
				   .rule = "bench",
				   .mode = "active",
				   .state = "Running",
				   .started_ns = 5,
				   .json = json };
	struct noc_step_row each = { .run = run_id,
				     .path = "precheck",
				     .node = 1,
				     .item = -1,
				     .attempt = 1,
				     .state = "Running",
				     .started_ns = 5,
				     .json = json };

	noc_txn_run(txn, &run);
	noc_value_set(json, "action", noc_value_str("each"));
	noc_value_set(params, "items", noc_value_int(items));
	noc_value_set(json, "params", params);
	noc_txn_step(txn, &each);
	noc_value_free(json);
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

static void
fill(void)
{
	struct noc_writer_options opt = { .state_dir = dir, .site = "bench" };
	struct noc_now now = noc_clock_read();
	struct noc_value *step = step_json();
	struct noc_writer *w;
	struct noc_err err;
	uint64_t t;

	if (noc_writer_open(&opt, &w, NULL, &err))
		die(err.msg);
	t = noc_writer_submit(w, first_txn(now));
	for (unsigned i = 0; i < items; i += 50) {
		struct noc_txn *txn = noc_txn_new(now);

		for (unsigned k = i; k < i + 50 && k < items; k++)
			put_item(txn, k, step);
		wait_for(w, t);
		t = noc_writer_submit(w, txn);
	}
	wait_for(w, t);
	noc_writer_close(w, 5000);
	noc_value_free(step);
}

/* ---- questions ---- */

/* How many rows it gave; 0 would be no figure. */
static size_t answered;
static bool done;

static void
on_answer(struct noc_query *q, void *arg)
{
	(void)arg;
	if (!q->result)
		die(q->err.msg);
	answered = noc_value_len(q->result->type == NOC_LIST
				     ? q->result
				     : noc_value_get(q->result, "steps"));
	done = true;
}

static size_t
ask(const char *name, const char *state, int64_t limit, int64_t after)
{
	struct pollfd p = { .fd = noc_reader_fd(reader), .events = POLLIN };
	struct noc_query *q = noc_calloc(1, sizeof(*q));
	struct noc_value *params = noc_value_map();
	struct noc_err err;

	noc_value_set(params, "id", noc_value_str("01020304"));
	noc_value_set(params, "of", noc_value_str("precheck"));
	noc_value_set(params, "limit", noc_value_int(limit));
	if (state)
		noc_value_set(params, "state", noc_value_str(state));
	if (after >= 0)
		noc_value_set(params, "after",
			      noc_value_strf("%lld", (long long)after));
	q->name = noc_strdup(name);
	q->params = params;
	q->limit_ns = 10 * NOC_NS_PER_S;
	q->done = on_answer;
	done = false;
	if (noc_reader_submit(reader, q, &err))
		die(err.msg);
	while (!done)
		if (poll(&p, 1, 1000) > 0)
			noc_reader_drain(reader);
	return answered;
}

static void
on_step(const struct noc_step_row *row, void *arg)
{
	uint64_t *n = arg;

	*n += row->json != NULL;
}

static uint64_t
load(void)
{
	uint64_t n = 0;
	const struct noc_load l = { .step = on_step, .arg = &n };
	struct noc_err err;

	if (noc_load_state(dir, &l, &err))
		die(err.msg);
	return n;
}

static uint64_t
measure(enum figure f)
{
	uint64_t n = 0;

	switch (f) {
	case FAILED:
		return ask("items", "Failed", 100, -1);
	case LAST:
		return ask("items", NULL, 100, (int64_t)items - 101);
	case LIST:
		for (int64_t at = -1; at < 3199; at += 1000)
			n += ask("items", NULL, at < 2999 ? 1000 : 200, at);
		return n;
	case SHOW:
		return ask("run", NULL, 1, -1);
	case LOAD:
		return load();
	case FIGURES:
		break;
	}
	return 0;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
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
round_of(unsigned round)
{
	for (int f = 0; f < FIGURES; f++) {
		int64_t began = now_ns();
		uint64_t n = measure((enum figure)f);
		double ns = (double)(now_ns() - began);

		if (!n)
			die("no rows");
		results[f][round] =
		    f == LOAD ? (double)n / (ns / 1e9) : ns / 1e6;
	}
}

int
main(int argc, char **argv)
{
	const char *base = ".";
	unsigned rounds = 5;
	struct noc_err err;
	char *cmd;
	int c;

	while ((c = getopt(argc, argv, "d:r:n:")) != -1) {
		if (c == 'd')
			base = optarg;
		else if (c == 'r')
			rounds = (unsigned)atoi(optarg);
		else if (c == 'n')
			items = (unsigned)atoi(optarg);
		else
			return 2;
	}
	if (rounds < 1 || rounds > ROUNDS_MAX || items < 3200)
		return 2;
	noc_log_sink_set(quiet, NULL);
	dir = noc_asprintf("%s/noc-bench-%ld", base, (long)getpid());
	cmd = noc_asprintf("rm -rf '%s'; mkdir -p '%s'", dir, dir);
	if (system(cmd))
		return 1;
	fill();
	if (noc_reader_open(dir, &reader, &err))
		die(err.msg);
	round_of(0); /* it opens the file, and reads it from the disk */
	for (unsigned i = 0; i < rounds; i++)
		round_of(i);
	for (int f = 0; f < FIGURES; f++) {
		qsort(results[f], rounds, sizeof(double), by_size);
		printf("{\"bench\":\"rows\",\"figure\":\"%s\",\"median\":%.3f,"
		       "\"unit\":\"%s\",\"rounds\":%u,\"items\":%u}\n",
		       names[f], results[f][rounds / 2],
		       f == LOAD ? "1/s" : "ms", rounds, items);
	}
	noc_reader_close(reader);
	*strchr(cmd, ';') = '\0';
	if (system(cmd))
		return 1;
	free(cmd);
	free(dir);
	return 0;
}
