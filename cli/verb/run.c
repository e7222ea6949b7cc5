/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/verb/run_show.h"
#include "cli/verb/run_start.h"
#include "cli/verb/run_watch.h"

/* nocturne run: runs listed, and what people do to one. */

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
	{ "failed", 0, NULL,
	  "--items: only those that failed; fork: go on at what failed",
	  false },
	{ "running", 0, NULL, "--items: only those under way", false },
	{ "failed-items", 0, NULL, "fork: do the items again that failed",
	  false },
	{ "from", 0, "STEP", "fork: do all again from this step on", false },
	{ "plan", 0, "current", "fork: the flow as it is in force now", false },
	{ "after", 0, "CURSOR", "--items: the page after this item", false },
	{ "dry-run", 0, NULL, "start: print the plan, do nothing", false },
	{ "observe", 0, NULL, "start: read, but change nothing", false },
	{ "shadow", 0, NULL, "start: read, change nothing, tell nobody",
	  false },
	{ "key", 0, "KEY",
	  "start, fork: once by this key; the same again is the same run",
	  false },
	{ "callback", 0, "URL", "start: a URL that is told its end", false },
	{ "callback-secret", 0, "NAME", "the secret that signs that", false },
	{ "watch", 'w', NULL, "start, fork: watch it until it ends", false },
	{ "undo", 0, NULL, "cancel: undo what it did", false },
	{ "force", 0, NULL, "cancel: wait for nothing, also while it undoes",
	  false },
	{ "extend", 0, "TIME", "pause, resume: so much more of its timeout",
	  false },
	{ 0 },
};

static const struct noc_column run_columns[] = {
	{ "started", "STARTED", 't', 0 },  { "id", "ID", 'i', 0 },
	{ "rule", "RULE", 'l', 32 },	   { "device", "DEVICE", 'l', 28 },
	{ "mode", "MODE", 'l', 0 },	   { "state", "STATE", 'l', 0 },
	{ "phase", "PHASE", 'l', 16 },	   { "parent", "PARENT", 'i', 0 },
	{ "outcome", "OUTCOME", 'l', 60 },
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
		print_list(answer, "takes_back", "will be taken back: ");
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

/* set RUN STEP limit=N need=N: the API says what is wrong with them. */
static int
run_set(struct noc_client *c)
{
	char *target =
	    noc_client_path("/api/v1/runs/", noc_client_arg(c, 0), "/set");
	struct noc_value *body = noc_client_body(c), *pairs;
	const struct noc_value *need;
	int status = 0;

	pairs = noc_client_pairs(c, 2, true, &status);
	if (pairs) {
		noc_value_set(body, "path",
			      noc_value_str(noc_client_arg(c, 1)));
		for (size_t i = 0; i < noc_value_len(pairs); i++)
			noc_value_set(body, pairs->u.map.at[i].key,
				      noc_value_copy(pairs->u.map.at[i].value));
		need = noc_value_get(pairs, "need");
		if (need && need->type == NOC_INT)
			noc_value_set(
			    body, "need",
			    noc_value_strf("%lld", (long long)need->u.i));
		status = noc_client_act(c, "POST", target, body, "set");
	} else {
		noc_value_free(body);
	}
	noc_value_free(pairs);
	free(target);
	return status;
}

static int
run_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, run_list },
		{ "show", 1, 1, noc_run_show },
		{ "watch", 1, 1, noc_run_watch },
		{ "cancel", 1, 1, run_cancel },
		{ "pause", 1, 1, run_pause },
		{ "resume", 1, 1, run_resume },
		{ "signal", 2, 3, run_signal },
		{ "set", 3, 4, run_set },
		{ "start", 1, 256, noc_run_from_flow },
		{ "fork", 1, 256, noc_run_from_run },
		{ 0 },
	};

	return noc_client_main(&noc_verb_run, subs, argc, argv);
}

const struct noc_verb noc_verb_run = {
	.name = "run",
	.summary =
	    "lists, shows, watches, pauses, cancels, starts and forks runs",
	.usage = "[list] [--in STATE] [--rule NAME] [--device NAME] [-n N]\n"
		 "show RUN [--item PATH]\n"
		 "show RUN --items STEP [--failed|--running|--in STATE] [-n N] "
		 "[--after CURSOR]\n"
		 "watch RUN\ncancel RUN [--undo] [--force] [-m WHY]\n"
		 "pause RUN [--extend TIME] [-m WHY]\n"
		 "resume RUN [--extend TIME] [-m WHY]\n"
		 "signal RUN [PATH] NAME [--items KEY,...]\n"
		 "set RUN STEP [limit=N] [need=N|N%|all] [-m WHY]\n"
		 "start FLOW [key=value]... [--dry-run|--observe|--shadow] "
		 "[--key KEY]\n"
		 "    [--callback URL [--callback-secret NAME]] [--watch]\n"
		 "fork RUN [key=value]... --from STEP|--failed|--failed-items "
		 "[--plan current] [--key KEY] [--watch] [-m WHY]",
	.options = run_options,
	.details =
	    "RUN is an id or the beginning of one.  watch ends when the "
	    "run does: 0 when it\nsucceeded, 1 when not.  What start is given is a "
	    "text, a number, true or false; JSON\nwhen it begins with [ "
	    "or {: 'names=[\"sw1\", \"sw2\"]'.",
	.run = run_run,
};
