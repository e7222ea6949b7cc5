/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/client.h"

/* nocturne run: runs listed, shown, watched, cancelled, started. */

#define WATCH_MS 250

static const struct noc_verb_option run_options[] = {
	NOC_CLIENT_OPTIONS,
	NOC_CLIENT_WHY,
	{ "in", 0, "STATE",
	  "only Pending, Running, Succeeded, Failed or Cancelled; --items: or "
	  "Skipped",
	  false },
	{ "rule", 0, "NAME", "only of this rule or flow", false },
	{ "device", 'd', "NAME", "only of this device", false },
	{ "limit", 'n', "N", "how many (30)", false },
	{ "before", 0, "CURSOR", "the page after the one that gave it", false },
	{ "items", 0, "STEP",
	  "show: the items of this each; signal: KEY,..., only these", false },
	{ "item", 0, "PATH", "show: the steps in this item, such as all[sw1]",
	  false },
	{ "failed", 0, NULL, "--items: only those that failed", false },
	{ "after", 0, "CURSOR", "--items: the page after this item", false },
	{ "dry-run", 0, NULL, "start: print the plan, do nothing", false },
	{ "observe", 0, NULL, "start: read, but change nothing", false },
	{ "shadow", 0, NULL, "start: read, change nothing, tell nobody",
	  false },
	{ "watch", 'w', NULL, "start: watch it until it ends", false },
	{ "undo", 0, NULL, "cancel: undo what it did", false },
	{ "force", 0, NULL, "cancel: wait for nothing, also while it undoes",
	  false },
	{ "extend", 0, "TIME", "pause, resume: so much more of its timeout",
	  false },
	{ 0 },
};

static const struct noc_column run_columns[] = {
	{ "started", "STARTED", 't', 0 }, { "id", "ID", 'i', 0 },
	{ "rule", "RULE", 'l', 32 },	  { "device", "DEVICE", 'l', 28 },
	{ "mode", "MODE", 'l', 0 },	  { "state", "STATE", 'l', 0 },
	{ "phase", "PHASE", 'l', 16 },	  { "outcome", "OUTCOME", 'l', 60 },
};
static const struct noc_column step_columns[] = {
	{ "at", "AT", 'r', 0 },		 { "path", "STEP", 'l', 28 },
	{ "action", "ACTION", 'l', 18 }, { "target", "TARGET", 'l', 28 },
	{ "attempt", "TRY", 'r', 0 },	 { "state", "STATE", 'l', 0 },
	{ "took", "TOOK", 'r', 0 },	 { "result", "RESULT", 'l', 70 },
};
static const struct noc_column item_columns[] = {
	{ "key", "ITEM", 'l', 40 },
	{ "state", "STATE", 'l', 0 },
	{ "took", "TOOK", 'r', 0 },
	{ "result", "RESULT", 'l', 70 },
	{ "collected", "COLLECTED", 'm', 70 },
};
static const struct noc_column plan_columns[] = {
	{ "step", "STEP", 'l', 28 },	  { "does", "DOES", 'l', 80 },
	{ "mutates", "CHANGES", 'l', 0 }, { "attempts", "TRIES", 'r', 0 },
	{ "timeout", "TIMEOUT", 'r', 0 }, { "at", "AT", 'l', 0 },
};

static int
run_list(struct noc_client *c)
{
	const char *limit = noc_client_opt(c, "limit");
	struct noc_strbuf url = NOC_STRBUF_INIT;
	int status;

	noc_strbuf_adds(&url, "/api/v1/runs");
	noc_client_query(&url, "limit", limit ? limit : "30");
	noc_client_query(&url, "state", noc_client_opt(c, "in"));
	noc_client_query(&url, "rule", noc_client_opt(c, "rule"));
	noc_client_query(&url, "device", noc_client_opt(c, "device"));
	noc_client_query(&url, "before", noc_client_opt(c, "before"));
	status = noc_client_list(c, url.p, "runs", run_columns,
				 NOC_COUNT(run_columns), "No runs.");
	noc_strbuf_release(&url);
	return status;
}

/* ---- one run ---- */

static int64_t
time_of(const struct noc_value *row, const char *name)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_ns", name);
	return noc_value_get_int(row, key, 0);
}

/* "763 of 800 ok, 37 failed, 95.4 %": how far an each has come. */
static void
step_counts(const struct noc_value *counts, struct noc_strbuf *out)
{
	static const char *const words[] = {
		"failed", "skipped", "would", "running", "waiting", "cancelled"
	};
	const struct noc_value *percent = noc_value_get(counts, "ok_percent");
	int64_t total = noc_value_get_int(counts, "total", -1);

	noc_strbuf_addf(out, "%lld",
			(long long)noc_value_get_int(counts, "ok", 0));
	if (total >= 0)
		noc_strbuf_addf(out, " of %lld", (long long)total);
	noc_strbuf_adds(out, " ok");
	for (size_t i = 0; i < NOC_COUNT(words); i++) {
		int64_t n = noc_value_get_int(counts, words[i], 0);

		if (n)
			noc_strbuf_addf(out, ", %lld %s", (long long)n,
					words[i]);
	}
	if (percent) {
		noc_strbuf_adds(out, ", ");
		noc_value_text(percent, out);
		noc_strbuf_adds(out, " %");
	}
}

/* How it ended, and of an each how many of its items did. */
static struct noc_value *
step_result(const struct noc_value *step)
{
	const struct noc_value *error = noc_value_get(step, "error");
	const struct noc_value *counts = noc_value_get(step, "counts");
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *v;

	if (counts)
		step_counts(counts, &sb);
	else if (!error)
		noc_strbuf_adds(&sb, noc_value_get_str(step, "outcome", ""));
	if (error)
		noc_strbuf_addf(&sb, "%s%s: %s", counts ? "; " : "",
				noc_value_get_str(error, "class", "error"),
				noc_value_get_str(error, "message", ""));
	v = noc_value_strn(sb.p ? sb.p : "", sb.len);
	noc_strbuf_release(&sb);
	return v;
}

/* When a step began after the run, how long it took, how it ended. */
static void
step_view(struct noc_value *step, int64_t start_ns)
{
	int64_t began = time_of(step, "started"),
		ended = time_of(step, "ended");
	int64_t ms = noc_value_get_int(step, "ms", -1);

	if (began)
		noc_value_set(
		    step, "at",
		    noc_value_strf("+%.1f", (double)(began - start_ns) / 1e9));
	if (ms < 0 && began && ended)
		ms = (ended - began) / NOC_NS_PER_MS;
	if (ms >= 10000)
		noc_value_set(step, "took",
			      noc_value_strf("%.1f s", (double)ms / 1e3));
	else if (ms >= 0)
		noc_value_set(step, "took",
			      noc_value_strf("%lld ms", (long long)ms));
	noc_value_set(step, "result", step_result(step));
	/* It did succeed. */
	if (noc_value_get_bool(step, "undone", false))
		noc_value_set(
		    step, "state",
		    noc_value_strf("%s, undone",
				   noc_value_get_str(step, "state", "")));
}

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

static void
run_print(struct noc_value *run)
{
	static const char *const words[] = { "id",    "rule",	  "device",
					     "key",   "mode",	  "state",
					     "phase", "outcome",  "started",
					     "ended", "deadline", "event",
					     "parent" };
	struct noc_value *steps = noc_value_get(run, "steps");
	int64_t start = time_of(run, "started"), end = time_of(run, "ended");

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
	print_named(run, "input");
	print_named(run, "output");
	if (end)
		printf("%-8s  %.1f s\n", "took", (double)(end - start) / 1e9);
	for (size_t i = 0; i < noc_value_len(steps); i++)
		step_view(noc_value_at(steps, i), start);
	if (noc_value_len(steps))
		putchar('\n');
	noc_rows_print(steps, step_columns, NOC_COUNT(step_columns), NULL);
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
		step_view(noc_value_at(items, i), 0);
	noc_rows_print(items, item_columns, NOC_COUNT(item_columns),
		       "No items.");
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
			 noc_client_has(c, "failed") ? "failed" : in);
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

static int
run_show(struct noc_client *c)
{
	struct noc_value *run;
	int status;

	if (noc_client_has(c, "failed") && noc_client_opt(c, "in"))
		return noc_verb_misuse(&noc_verb_run,
				       "--failed is --in Failed: say one of "
				       "them.");
	if (noc_client_has(c, "items"))
		return run_items(c);
	run = run_get(c, noc_client_arg(c, 0), &status);
	if (!run)
		return status;
	if (c->output == NOC_OUTPUT_TABLE)
		run_print(run);
	else
		noc_rows_json(run, c->output == NOC_OUTPUT_JSON);
	noc_value_free(run);
	return status;
}

/* ---- until its end ---- */

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

/* A line for each step that changed since the last look. */
static void
watch_steps(struct noc_value *run, struct noc_value *seen)
{
	struct noc_value *steps = noc_value_get(run, "steps");
	int64_t start = time_of(run, "started");

	for (size_t i = 0; i < noc_value_len(steps); i++) {
		struct noc_value *s = noc_value_at(steps, i);
		const char *path = noc_value_get_str(s, "path", "?");
		struct noc_strbuf sb = NOC_STRBUF_INIT;
		struct noc_value *mark = watch_mark(s);

		if (noc_value_is_str(noc_value_get(seen, path), mark->u.s.p)) {
			noc_value_free(mark);
			continue;
		}
		noc_value_set(seen, path, mark);
		step_view(s, start);
		for (size_t k = 0; k < NOC_COUNT(step_columns); k++) {
			const struct noc_value *v =
			    noc_value_get(s, step_columns[k].path);

			if (!v || (v->type == NOC_STR && !v->u.s.len) ||
			    !strcmp(step_columns[k].path, "attempt"))
				continue;
			if (sb.len)
				noc_strbuf_adds(&sb, "  ");
			noc_rows_text(v, 'l', step_columns[k].max, &sb);
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

static int
watch_run(struct noc_client *c, const char *id, bool fresh)
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
		if (time_of(run, "ended"))
			status = watch_end(c, run);
		else
			poll(NULL, 0, WATCH_MS);
		noc_value_free(run);
	}
	free(target);
	noc_value_free(seen);
	return status;
}

static int
run_watch(struct noc_client *c)
{
	return watch_run(c, noc_client_arg(c, 0), false);
}

/* ---- what changes it ---- */

static void
print_list(const struct noc_value *answer, const char *key, const char *what)
{
	const struct noc_value *list = noc_value_get(answer, key);

	for (size_t i = 0; i < noc_value_len(list); i++)
		printf("%s%s", i ? ", " : what, noc_value_at(list, i)->u.s.p);
	if (noc_value_len(list))
		putchar('\n');
}

static int
run_cancel(struct noc_client *c)
{
	char *target =
	    noc_client_path("/api/v1/runs/", noc_client_arg(c, 0), "/cancel");
	struct noc_value *body = noc_client_body(c), *answer;
	int status = 0;

	if (noc_client_has(c, "undo"))
		noc_value_set(body, "undo", noc_value_bool(true));
	if (noc_client_has(c, "force"))
		noc_value_set(body, "force", noc_value_bool(true));
	answer = noc_client_call(c, "POST", target, body, &status);
	free(target);
	if (answer && c->output == NOC_OUTPUT_TABLE) {
		puts("cancelled");
		print_list(answer, "waits_for", "has 10 s to end: ");
		print_list(answer, "stays_changed", "stays changed: ");
	} else if (answer) {
		noc_rows_fields(c->output, answer);
	}
	noc_value_free(answer);
	return status;
}

static int
run_pause_or(struct noc_client *c, const char *verb, const char *sentence)
{
	char *target =
	    noc_client_path("/api/v1/runs/", noc_client_arg(c, 0), verb);
	const char *extend = noc_client_opt(c, "extend");
	struct noc_value *body = noc_client_body(c);
	int status;

	if (extend)
		noc_value_set(body, "for", noc_value_str(extend));
	status = noc_client_act(c, "POST", target, body, sentence);
	free(target);
	return status;
}

static int
run_pause(struct noc_client *c)
{
	return run_pause_or(c, "/pause", "paused");
}

static int
run_resume(struct noc_client *c)
{
	return run_pause_or(c, "/resume", "resumed");
}

/* "a,b" */
static struct noc_value *
item_list(const char *text)
{
	struct noc_value *list = noc_value_list();

	for (const char *p = text; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");

		if (n)
			noc_value_push(list, noc_value_strn(p, n));
		p += n;
	}
	return list;
}

/* signal RUN [PATH] NAME */
static int
run_signal(struct noc_client *c)
{
	const char *path = noc_client_arg(c, 2) ? noc_client_arg(c, 1) : NULL;
	const char *items = noc_client_opt(c, "items");
	struct noc_value *body = noc_client_body(c);
	char *name =
	    noc_client_path("/signal/", noc_client_arg(c, path ? 2 : 1), "");
	char *target =
	    noc_client_path("/api/v1/runs/", noc_client_arg(c, 0), name);
	int status;

	if (path)
		noc_value_set(body, "path", noc_value_str(path));
	if (items)
		noc_value_set(body, "items", item_list(items));
	status = noc_client_act(c, "POST", target, body, "signalled");
	free(name);
	free(target);
	return status;
}

static int
run_started(struct noc_client *c, const struct noc_value *answer)
{
	const char *id = noc_value_get_str(answer, "run_id", NULL);

	if (!id) {
		noc_rows_output(c->output, answer, "steps", plan_columns,
				NOC_COUNT(plan_columns), "It has no steps.");
		return NOC_EXIT_OK;
	}
	if (c->output == NOC_OUTPUT_TABLE)
		printf("%s\n", id);
	else if (!noc_client_has(c, "watch"))
		noc_rows_json(answer, c->output == NOC_OUTPUT_JSON);
	return noc_client_has(c, "watch") ? watch_run(c, id, true)
					  : NOC_EXIT_OK;
}

static int
run_start(struct noc_client *c)
{
	struct noc_value *body = noc_value_map(), *input, *answer;
	char *target;
	int status = 0;

	if (noc_client_has(c, "dry-run"))
		noc_value_set(body, "mode", noc_value_str("dry_run"));
	else if (noc_client_has(c, "observe"))
		noc_value_set(body, "mode", noc_value_str("observe"));
	else if (noc_client_has(c, "shadow"))
		noc_value_set(body, "mode", noc_value_str("shadow"));
	input = noc_client_pairs(c, 1, true, &status);
	if (!input) {
		noc_value_free(body);
		return status;
	}
	noc_value_set(body, "input", input);
	target =
	    noc_client_path("/api/v1/flows/", noc_client_arg(c, 0), "/runs");
	answer = noc_client_call(c, "POST", target, body, &status);
	free(target);
	if (answer)
		status = run_started(c, answer);
	noc_value_free(answer);
	return status;
}

static int
run_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, run_list },
		{ "show", 1, 1, run_show },
		{ "watch", 1, 1, run_watch },
		{ "cancel", 1, 1, run_cancel },
		{ "pause", 1, 1, run_pause },
		{ "resume", 1, 1, run_resume },
		{ "signal", 2, 3, run_signal },
		{ "start", 1, 256, run_start },
		{ 0 },
	};

	return noc_client_main(&noc_verb_run, subs, argc, argv);
}

const struct noc_verb noc_verb_run = {
	.name = "run",
	.summary = "lists, shows, watches, pauses, cancels and starts runs",
	.usage = "[list] [--in STATE] [--rule NAME] [--device NAME] [-n N]\n"
		 "show RUN [--item PATH]\n"
		 "show RUN --items STEP [--failed|--in STATE] [-n N] "
		 "[--after CURSOR]\n"
		 "watch RUN\ncancel RUN [--undo] [--force] [-m WHY]\n"
		 "pause RUN [--extend TIME] [-m WHY]\n"
		 "resume RUN [--extend TIME] [-m WHY]\n"
		 "signal RUN [PATH] NAME [--items KEY,...]\n"
		 "start FLOW [key=value]... [--dry-run|--observe|--shadow] "
		 "[--watch]",
	.options = run_options,
	.details =
	    "RUN is an id or the beginning of one.  watch ends when the "
	    "run does: 0 when it\nsucceeded, 1 when not.  What start is given is a "
	    "text, a number, true or false; JSON\nwhen it begins with [ "
	    "or {: 'names=[\"sw1\", \"sw2\"]'.",
	.run = run_run,
};
