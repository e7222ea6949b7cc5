/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/run_watch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/verb/run_step.h"

#define WATCH_MS 250

/* What of a step must differ to be told; of an each also how far it is, in
 * twentieths. */
static struct noc_value *
watch_mark(const struct noc_value *step)
{
	const struct noc_value *counts = noc_value_get(step, "counts");
	int64_t total = noc_value_get_int(counts, "total", 0);
	int64_t ended = noc_value_get_int(counts, "ok", 0) +
			noc_value_get_int(counts, "failed", 0) +
			noc_value_get_int(counts, "skipped", 0);

	return noc_value_strf("%s %lld %lld",
			      noc_value_get_str(step, "state", ""),
			      (long long)noc_value_get_int(step, "attempt", 0),
			      (long long)(total > 0 ? ended * 20 / total : 0));
}

/* When it came about, after the run began: what is told again, and goes on,
 * has changed just now. */
static struct noc_value *
watch_at(const struct noc_value *step, int64_t start_ns, bool told)
{
	int64_t at = noc_run_time(step, "ended");

	if (!at && told)
		at = noc_clock_read().wall_ns;
	if (!at)
		at = noc_run_time(step, "started");
	/* What a fork has copied was before it. */
	if (!at || at < start_ns)
		return noc_value_str("");
	return noc_value_strf("+%.1f", (double)(at - start_ns) / 1e9);
}

/* A line for each step that changed since the last look. */
static void
watch_steps(struct noc_value *run, struct noc_value *seen)
{
	struct noc_value *steps = noc_value_get(run, "steps");
	int64_t start = noc_run_time(run, "started");

	for (size_t i = 0; i < noc_value_len(steps); i++) {
		struct noc_value *s = noc_value_at(steps, i);
		const char *path = noc_value_get_str(s, "path", "?");
		struct noc_strbuf sb = NOC_STRBUF_INIT;
		struct noc_value *mark = watch_mark(s);
		bool told;

		if (noc_value_is_str(noc_value_get(seen, path), mark->u.s.p)) {
			noc_value_free(mark);
			continue;
		}
		told = noc_value_get(seen, path) != NULL;
		noc_value_set(seen, path, mark);
		noc_run_step_view(s, start);
		noc_value_set(s, "at", watch_at(s, start, told));
		for (size_t k = 0; k < NOC_RUN_STEP_COLUMNS; k++) {
			const struct noc_value *v =
			    noc_value_get(s, noc_run_step_columns[k].path);

			if (!v || (v->type == NOC_STR && !v->u.s.len) ||
			    !strcmp(noc_run_step_columns[k].path, "attempt"))
				continue;
			if (sb.len)
				noc_strbuf_adds(&sb, "  ");
			noc_rows_text(v, 'l', noc_run_step_columns[k].max, &sb);
		}
		puts(sb.p ? sb.p : "");
		noc_strbuf_release(&sb);
	}
	fflush(stdout);
}

static int
watch_end(const struct noc_client *c, const struct noc_value *run)
{
	const char *state = noc_value_get_str(run, "state", "?");
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (c->output == NOC_OUTPUT_TABLE) {
		noc_rows_text(noc_value_get(run, "outcome"), 'l', 0, &sb);
		printf("%s: %s\n", state, sb.p);
		noc_strbuf_release(&sb);
	} else {
		noc_rows_json(run, c->output == NOC_OUTPUT_JSON);
	}
	return strcmp(state, "Succeeded") ? NOC_EXIT_FAILED : NOC_EXIT_OK;
}

int
noc_run_watch_one(struct noc_client *c, const char *id, bool fresh)
{
	struct noc_value *seen = noc_value_map(), *run = NULL;
	char *target = noc_client_path("/api/v1/runs/", id, "");
	struct noc_err err = { 0 };
	int status = -1, tries = 0;

	while (status < 0) {
		int r = noc_client_try(c, "GET", target, NULL, &run, &err);

		/* Started a moment ago: its row is about to be seen. */
		if (r == NOC_ENOTFOUND && fresh && tries++ < 20) {
			poll(NULL, 0, WATCH_MS);
			continue;
		}
		if (r) {
			status = noc_verb_fail(&err);
			break;
		}
		if (c->output == NOC_OUTPUT_TABLE)
			watch_steps(run, seen);
		if (noc_run_time(run, "ended"))
			status = watch_end(c, run);
		else
			poll(NULL, 0, WATCH_MS);
		noc_value_free(run);
	}
	free(target);
	noc_value_free(seen);
	return status;
}

int
noc_run_watch(struct noc_client *c)
{
	return noc_run_watch_one(c, noc_client_arg(c, 0), false);
}
