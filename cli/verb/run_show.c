/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb/run_show.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/verb/run_step.h"

#define WAITS_SHOWN 10

static const struct noc_column item_columns[] = {
	{ "key", "ITEM", 'l', 40 },
	{ "state", "STATE", 'l', 0 },
	{ "took", "TOOK", 'r', 0 },
	{ "result", "RESULT", 'l', 70 },
	{ "collected", "COLLECTED", 'm', 70 },
};

/* What it was given, and what it gives. */
static void
print_named(const struct noc_value *run, const char *name)
{
	const struct noc_value *v =
	    noc_value_get(noc_value_get(run, "json"), name);
	char *text;

	if (!noc_value_len(v))
		return;
	text = noc_json_string(v, NOC_JSON_COMPACT);
	printf("%-8s  %s\n", name, text);
	free(text);
}

static void
print_paused(const struct noc_value *run)
{
	const struct noc_value *by =
	    noc_value_get(noc_value_get(run, "json"), "paused_by");
	const char *why = noc_value_get_str(by, "why", "");

	if (by)
		printf("%-8s  by %s%s%s\n", "paused",
		       noc_value_get_str(by, "actor", "?"), *why ? ": " : "",
		       why);
}

/* Of one that has not ended. */
static void
print_deadline(const struct noc_value *run)
{
	int64_t due = noc_run_time(run, "deadline");
	int64_t left = due - noc_clock_read().wall_ns;
	char text[32];

	if (!due || noc_run_time(run, "ended"))
		return;
	if (left < NOC_NS_PER_S)
		left = NOC_NS_PER_S;
	noc_duration_format(text, left / NOC_NS_PER_S * 1000);
	printf("%-8s  times out in %s\n", "timeout", text);
}

static void
print_parent(const struct noc_value *run)
{
	const struct noc_value *json = noc_value_get(run, "json");
	const struct noc_value *fork = noc_value_get(json, "forked_from");
	const struct noc_value *by = noc_value_get(json, "started_by");

	if (fork)
		printf("%-8s  %s, of which it is a fork (record %lld)\n",
		       "parent", noc_value_get_str(fork, "run", "?"),
		       (long long)noc_value_get_int(fork, "seq", -1));
	else if (by)
		printf("%-8s  %s, by its step %s\n", "parent",
		       noc_value_get_str(by, "run", "?"),
		       noc_value_get_str(by, "step", "?"));
}

static void
print_children(const struct noc_value *run)
{
	const struct noc_value *list = noc_value_get(run, "children");

	for (size_t i = 0; i < noc_value_len(list); i++) {
		const struct noc_value *c = noc_value_at(list, i);

		printf("%-8s  %s %s %s%s\n", i ? "" : "children",
		       noc_value_get_str(c, "id", "?"),
		       noc_value_get_str(c, "rule", "?"),
		       noc_value_get_str(c, "state", "?"),
		       noc_value_get_int(c, "fork", 0) ? ", a fork" : "");
	}
}

/* Of people, and of the outside. */
static void
print_waits(const struct noc_value *run)
{
	const struct noc_value *list = noc_value_get(run, "waits");
	size_t n = noc_value_len(list);

	for (size_t i = 0; i < n && i < WAITS_SHOWN; i++) {
		const struct noc_value *w = noc_value_at(list, i);
		int64_t missing = noc_value_get_int(w, "missing", 0);

		printf("%-8s  %s: %s", i ? "" : "waits",
		       noc_value_get_str(w, "path", "?"),
		       noc_value_get_str(w, "what", "?"));
		if (missing)
			printf(", %lld missing", (long long)missing);
		printf(", until %s\n", noc_value_get_str(w, "until", "?"));
	}
	if (n > WAITS_SHOWN)
		printf("%-8s  and at other steps: `nocturne gate`\n", "");
}

/* Who was told of its end, or will be. */
static void
print_callbacks(struct noc_client *c, const struct noc_value *run)
{
	const struct noc_value *named =
	    noc_value_get(noc_value_get(run, "json"), "callbacks");
	const struct noc_value *rows;
	struct noc_strbuf url = NOC_STRBUF_INIT;
	struct noc_value *answer = NULL;
	struct noc_err err;

	for (size_t i = 0;
	     !noc_run_time(run, "ended") && i < noc_value_len(named); i++)
		printf("%-8s  %s, at its end\n", "callback",
		       noc_value_get_str(noc_value_at(named, i), "url", "?"));
	if (!noc_value_len(named) || !noc_run_time(run, "ended"))
		return;
	noc_strbuf_adds(&url, "/api/v1/deliveries");
	noc_client_query(&url, "run", noc_value_get_str(run, "id", ""));
	noc_client_try(c, "GET", url.p, NULL, &answer, &err);
	rows = noc_value_get(answer, "deliveries");
	for (size_t i = 0; i < noc_value_len(rows); i++) {
		const struct noc_value *d = noc_value_at(rows, i);
		const char *why = noc_value_get_str(d, "error", NULL);

		printf("%-8s  %s %s, tried %lld times%s%s\n", "callback",
		       noc_value_get_str(d, "url", "?"),
		       noc_value_get_str(d, "state", "?"),
		       (long long)noc_value_get_int(d, "attempts", 0),
		       why ? ": " : "", why ? why : "");
	}
	noc_value_free(answer);
	noc_strbuf_release(&url);
}

static void
run_print(struct noc_client *c, struct noc_value *run)
{
	static const char *const words[] = { "id",    "rule",	 "device",
					     "key",   "mode",	 "state",
					     "phase", "outcome", "started",
					     "ended", "event" };
	struct noc_value *steps = noc_value_get(run, "steps");
	int64_t start = noc_run_time(run, "started"),
		end = noc_run_time(run, "ended");

	for (size_t i = 0; i < NOC_COUNT(words); i++) {
		const struct noc_value *v = noc_value_get(run, words[i]);
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		if (!v || v->type == NOC_NIL ||
		    (v->type == NOC_STR && !v->u.s.len))
			continue;
		noc_rows_text(v, 't', 0, &sb);
		printf("%-8s  %s\n", words[i], sb.p);
		noc_strbuf_release(&sb);
	}
	print_paused(run);
	print_deadline(run);
	print_waits(run);
	print_parent(run);
	print_children(run);
	print_callbacks(c, run);
	print_named(run, "input");
	print_named(run, "output");
	if (end)
		printf("%-8s  %.1f s\n", "took",
		       end > start ? (double)(end - start) / 1e9 : 0.0);
	for (size_t i = 0; i < noc_value_len(steps); i++)
		noc_run_step_view(noc_value_at(steps, i), start);
	if (noc_value_len(steps))
		putchar('\n');
	noc_rows_print(steps, noc_run_step_columns, NOC_RUN_STEP_COLUMNS, NULL);
	if (noc_value_get_bool(run, "more_steps", false))
		fputs("It has more steps than are shown.\n", stderr);
}

static struct noc_value *
run_get(struct noc_client *c, const char *id, int *status)
{
	char *path = noc_client_path("/api/v1/runs/", id, "");
	struct noc_strbuf url = NOC_STRBUF_INIT;
	struct noc_value *run;

	noc_strbuf_adds(&url, path);
	noc_client_query(&url, "in", noc_client_opt(c, "item"));
	run = noc_client_call(c, "GET", url.p, NULL, status);
	noc_strbuf_release(&url);
	free(path);
	return run;
}

/* ---- the items of one of its eaches ---- */

static void
items_print(struct noc_value *answer)
{
	struct noc_value *items = noc_value_get(answer, "items");
	const struct noc_value *next = noc_value_get(answer, "next");

	for (size_t i = 0; i < noc_value_len(items); i++)
		noc_run_step_view(noc_value_at(items, i), 0);
	noc_rows_print(items, item_columns, NOC_COUNT(item_columns),
		       "No items.");
	if (noc_value_get(answer, "running"))
		fprintf(stderr, "%lld under way, %lld not begun\n",
			(long long)noc_value_get_int(answer, "running", 0),
			(long long)noc_value_get_int(answer, "waiting", 0));
	if (next && next->type == NOC_STR)
		fprintf(stderr, "There may be more: --after %s\n", next->u.s.p);
}

static int
run_items(struct noc_client *c)
{
	char *path =
	    noc_client_path("/api/v1/runs/", noc_client_arg(c, 0), "/items");
	const char *in = noc_client_opt(c, "in");
	struct noc_strbuf url = NOC_STRBUF_INIT;
	struct noc_value *answer;
	int status;

	noc_strbuf_adds(&url, path);
	noc_client_query(&url, "of", noc_client_opt(c, "items"));
	noc_client_query(&url, "state",
			 noc_client_has(c, "failed")	? "failed"
			 : noc_client_has(c, "running") ? "running"
							: in);
	noc_client_query(&url, "limit", noc_client_opt(c, "limit"));
	noc_client_query(&url, "after", noc_client_opt(c, "after"));
	answer = noc_client_call(c, "GET", url.p, NULL, &status);
	if (answer && c->output == NOC_OUTPUT_TABLE)
		items_print(answer);
	else if (answer)
		noc_rows_output(c->output, answer, "items", item_columns,
				NOC_COUNT(item_columns), NULL);
	noc_value_free(answer);
	noc_strbuf_release(&url);
	free(path);
	return status;
}

int
noc_run_show(struct noc_client *c)
{
	struct noc_value *run;
	int status;

	if (noc_client_has(c, "failed") + noc_client_has(c, "running") +
		noc_client_has(c, "in") >
	    1)
		return noc_verb_misuse(&noc_verb_run,
				       "--failed is --in Failed, --running is "
				       "--in Running: say one of them.");
	if (noc_client_has(c, "items"))
		return run_items(c);
	run = run_get(c, noc_client_arg(c, 0), &status);
	if (!run)
		return status;
	if (c->output == NOC_OUTPUT_TABLE)
		run_print(c, run);
	else
		noc_rows_json(run, c->output == NOC_OUTPUT_JSON);
	noc_value_free(run);
	return status;
}
