/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/table.h"
#include "cli/client.h"

/* nocturne events: what came in, which rule wanted it, what nothing wanted. */

#define FOLLOW_MS   500
#define FOLLOW_PAGE "200"
#define FOLLOW_KEPT 20000 /* ids remembered, so that none is shown twice */

static const struct noc_verb_option events_options[] = {
	NOC_CLIENT_OPTIONS,
	{ "kind", 'k', "KIND", "only of this kind: link.down", false },
	{ "device", 'd', "NAME", "only of this device", false },
	{ "fate", 0, "FATE",
	  "matched, unmatched, folded, duplicate, refused or shed", false },
	{ "origin", 0, "ADDRESS", "only from this sender", false },
	{ "grep", 'q', "TEXT", "only those with this text", false },
	{ "limit", 'n', "N", "how many (50)", false },
	{ "before", 0, "CURSOR", "the page after the one that gave it", false },
	{ "follow", 'f', NULL, "go on with what comes in", false },
	{ "unknown", 0, NULL, "senders that are not in the inventory", false },
	{ "unmatched", 0, NULL, "what nothing wanted, by shape", false },
	{ 0 },
};

static const struct noc_column event_columns[] = {
	{ "received", "TIME", 't', 0 }, { "id", "ID", 'i', 0 },
	{ "kind", "KIND", 'l', 28 },	{ "device", "DEVICE", 'l', 32 },
	{ "what", "WHAT", 'l', 56 },	{ "became", "BECAME", 'l', 70 },
};
static const struct noc_column unknown_columns[] = {
	{ "origin", "SENDER", 'l', 48 }, { "count", "EVENTS", 'r', 0 },
	{ "kind", "KIND", 'l', 0 },	 { "first", "FIRST", 't', 0 },
	{ "last", "LAST", 't', 0 },
};
static const struct noc_column shape_columns[] = {
	{ "count", "EVENTS", 'r', 0 },
	{ "device", "DEVICE", 'l', 32 },
	{ "example", "EXAMPLE", 'i', 0 },
	{ "shape", "SHAPE", 'l', 100 },
};

/* What a table shows of an event: its object, and what rules made of it. */
static void
event_view(struct noc_value *ev)
{
	static const char *const names[] = { "ifname", "peer", "unit", "user" };
	const struct noc_value *data = noc_value_get(ev, "data");
	const char *fate = noc_value_get_str(ev, "fate", "");
	const char *decided = noc_value_get_str(ev, "decided", "");
	const struct noc_value *v = NULL;

	if (ev->type != NOC_MAP)
		return;
	for (size_t i = 0; !v && i < NOC_COUNT(names); i++)
		v = noc_value_get(data, names[i]);
	if (!v)
		v = noc_value_get(ev, "summary");
	noc_value_set(ev, "what", v ? noc_value_copy(v) : noc_value_str(""));
	noc_value_set(ev, "became", noc_value_str(*decided ? decided : fate));
}

static char *
events_target(const struct noc_client *c, const char *limit, const char *before)
{
	struct noc_strbuf url = NOC_STRBUF_INIT;

	noc_strbuf_adds(&url, "/api/v1/events");
	noc_client_query(&url, "limit", limit);
	noc_client_query(&url, "kind", noc_client_opt(c, "kind"));
	noc_client_query(&url, "device", noc_client_opt(c, "device"));
	noc_client_query(&url, "fate", noc_client_opt(c, "fate"));
	noc_client_query(&url, "origin", noc_client_opt(c, "origin"));
	noc_client_query(&url, "q", noc_client_opt(c, "grep"));
	noc_client_query(&url, "before", before);
	return noc_strbuf_detach(&url, NULL);
}

/* ---- following ---- */

static void
follow_print(const struct noc_client *c, struct noc_value *ev)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (c->output != NOC_OUTPUT_TABLE) {
		noc_rows_json(ev, false);
		return;
	}
	event_view(ev);
	for (size_t i = 0; i < NOC_COUNT(event_columns); i++) {
		if (i)
			noc_strbuf_adds(&sb, "  ");
		noc_rows_text(noc_value_get(ev, event_columns[i].path),
			      event_columns[i].how, event_columns[i].max, &sb);
	}
	puts(sb.p);
	noc_strbuf_release(&sb);
}

/* How many rows came after the newest that was seen. */
static size_t
follow_news(const struct noc_table *seen, const struct noc_value *list)
{
	size_t n = 0;

	while (n < noc_value_len(list) &&
	       !noc_table_get(
		   seen, noc_value_get_str(noc_value_at(list, n), "id", "")))
		n++;
	return n;
}

/* Rows not seen yet, oldest first; with `news` only those above all seen. */
static void
follow_page(const struct noc_client *c, struct noc_table *seen,
	    const struct noc_value *page, bool news)
{
	const struct noc_value *list = noc_value_get(page, "events");
	size_t shown = news ? follow_news(seen, list) : SIZE_MAX;
	static char here;

	for (size_t i = noc_value_len(list); i-- > 0;) {
		struct noc_value *ev = noc_value_at(list, i);
		const char *id = noc_value_get_str(ev, "id", "");
		const char *key;
		size_t it = 0;

		if (noc_table_put(seen, id, &here))
			continue;
		if (i < shown)
			follow_print(c, ev);
		if (noc_table_len(seen) > FOLLOW_KEPT &&
		    noc_table_next(seen, &it, &key, NULL)) {
			char *old = noc_strdup(key);

			noc_table_del(seen, old);
			free(old);
		}
	}
	fflush(stdout);
}

static int
events_follow(const struct noc_client *c)
{
	const char *limit = noc_client_opt(c, "limit");
	char *some =
	    events_target(c, limit ? limit : "10", noc_client_opt(c, "before"));
	char *all = events_target(c, FOLLOW_PAGE, noc_client_opt(c, "before"));
	struct noc_table seen = { 0 };
	struct noc_value *page;
	int status;

	page = noc_client_call(c, "GET", some, NULL, &status);
	for (int turn = 0; page; turn++) {
		/* The first page is shown; what was there before it is not. */
		follow_page(c, &seen, page, turn == 1);
		noc_value_free(page);
		if (ferror(stdout))
			break;
		if (turn)
			poll(NULL, 0, FOLLOW_MS);
		page = noc_client_call(c, "GET", all, NULL, &status);
	}
	free(some);
	free(all);
	noc_table_release(&seen);
	return status;
}

/* ---- a list ---- */

static volatile sig_atomic_t events_enough;

static void
on_interrupt(int signo)
{
	(void)signo;
	events_enough = 1;
}

/* A second ^C ends at once. */
static void
events_interruptible(void)
{
	struct sigaction sa = { .sa_handler = on_interrupt,
				.sa_flags = SA_RESETHAND | SA_RESTART };

	sigaction(SIGINT, &sa, NULL);
}

static void
events_progress(const struct noc_value *page, size_t found)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	if (!isatty(STDERR_FILENO))
		return;
	noc_rows_text(noc_value_get(page, "reached"), 't', 0, &sb);
	fprintf(stderr, "\rlooked back to %s, %zu found (^C: enough)\033[K",
		sb.p, found);
	noc_strbuf_release(&sb);
}

/*
 * One page, and where the daemon stopped looking before it was full ("reached"
 * says so) those after it.  Returned; NULL: none came.
 */
static struct noc_value *
events_pages(const struct noc_client *c, const char *limit, int *status)
{
	struct noc_value *all = noc_value_list(), *page = NULL, *next;
	const char *cursor = noc_client_opt(c, "before");
	char *before = cursor ? noc_strdup(cursor) : NULL;
	bool more = true, shown = false;
	char left[24];

	snprintf(left, sizeof(left), "%s", limit);
	while (more) {
		char *target = events_target(c, left, before);
		struct noc_value *rows;

		next = noc_client_call(c, "GET", target, NULL, status);
		free(target);
		if (!next)
			break;
		noc_value_free(page);
		page = next;
		rows = noc_value_get(page, "events");
		for (size_t i = 0; i < noc_value_len(rows); i++)
			noc_value_push(all,
				       noc_value_copy(noc_value_at(rows, i)));
		free(before);
		cursor = noc_value_get_str(page, "next", NULL);
		before = cursor ? noc_strdup(cursor) : NULL;
		snprintf(left, sizeof(left), "%lld",
			 atoll(limit) - (long long)noc_value_len(all));
		more = before && noc_value_get(page, "reached") &&
		       atoll(left) > 0 && !events_enough;
		if (more) {
			events_interruptible();
			events_progress(page, noc_value_len(all));
			shown = isatty(STDERR_FILENO);
		}
	}
	if (shown)
		fputs("\r\033[K", stderr);
	if (page && page->type == NOC_MAP)
		noc_value_set(page, "events", all);
	else
		noc_value_free(all);
	free(before);
	return page;
}

static int
events_list(struct noc_client *c)
{
	const char *limit = noc_client_opt(c, "limit");
	struct noc_value *page;
	const struct noc_value *list;
	int status;

	if (noc_client_has(c, "unknown"))
		return noc_client_list(
		    c, "/api/v1/unknown", "unknown", unknown_columns,
		    NOC_COUNT(unknown_columns),
		    "Every sender so far is in the inventory.");
	if (noc_client_has(c, "unmatched"))
		return noc_client_list(
		    c, "/api/v1/unmatched?limit=50", "unmatched", shape_columns,
		    NOC_COUNT(shape_columns), "Nothing is unmatched.");
	if (noc_client_has(c, "follow"))
		return events_follow(c);
	page = events_pages(c, limit ? limit : "50", &status);
	list = noc_value_get(page, "events");
	for (size_t i = 0;
	     c->output == NOC_OUTPUT_TABLE && i < noc_value_len(list); i++)
		event_view(noc_value_at(list, i));
	if (page)
		noc_rows_output(c->output, page, "events", event_columns,
				NOC_COUNT(event_columns), "No events.");
	if (page && c->output == NOC_OUTPUT_TABLE &&
	    noc_value_get_str(page, "next", NULL))
		fprintf(stderr, "(more: --before %s)\n",
			noc_value_get_str(page, "next", ""));
	noc_value_free(page);
	return status ? status : events_enough ? 128 + SIGINT : NOC_EXIT_OK;
}

static int
events_run(int argc, char **argv)
{
	static const struct noc_client_sub subs[] = {
		{ "list", 0, 0, events_list },
		{ 0 },
	};

	return noc_client_main(&noc_verb_events, subs, argc, argv);
}

const struct noc_verb noc_verb_events = {
	.name = "events",
	.summary = "lists what came in and what became of it",
	.usage = "[--kind KIND] [--device NAME] [--fate FATE] [--grep TEXT] "
		 "[-n N] [--follow]\n--unknown\n--unmatched",
	.options = events_options,
	.details = "What no rule wanted is kept in memory only, for a while; "
		   "'nocturne explain ID'\nsays why nothing wanted it.  A long "
		   "search shows how far it came; ^C prints\nwhat it found.",
	.run = events_run,
};
