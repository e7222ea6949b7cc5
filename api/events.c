/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "api/private.h"

/*
 * What came in.  The journal has what something referred to; what nothing
 * wanted is in memory for a while (engine/intake/unmatched.c).  A page is both,
 * newest first; its cursor says how far it came in each.
 */
static const char *const event_filters[] = { "kind",   "device", "fate",
					     "origin", "q",	 NULL };
static const char *const event_times[] = { "received", NULL };
static const char *const decision_times[] = { "at", NULL };

static void
event_tidy(struct noc_value *row, bool whole)
{
	noc_api_times(row, event_times);
	if (whole)
		return;
	noc_value_unset(row, "raw");
	noc_value_unset(row, "raw_base64");
	noc_value_unset(row, "http");
}

static int64_t
event_ns(const struct noc_value *row)
{
	return noc_value_get_int(row, "received_ns", 0);
}

/* ---- a page ---- */

/* How far a page came: in the journal, and in memory. */
struct events_at {
	char *row;  /* cursor of the last row, or NULL */
	int64_t ns; /* memory: what came later is behind us */
	char *id;   /* of those of the same turn, up to this one; or NULL */
};

static struct noc_value *
events_cursor(const struct events_at *at)
{
	return noc_value_strf("%s-%lld-%s", at->row ? at->row : "",
			      (long long)at->ns, at->id ? at->id : "");
}

static struct noc_value *
event_take(struct noc_value *list, size_t i)
{
	struct noc_value *v = list->u.list.at[i];

	list->u.list.at[i] = noc_value_nil();
	return v;
}

static void
events_passed(struct events_at *at, const struct noc_value *ev, bool row)
{
	int64_t ns = event_ns(ev);

	if (row) {
		free(at->row);
		at->row = noc_strdup(noc_value_get_str(ev, "cursor", "0"));
	}
	if (!row || at->ns != ns) {
		free(at->id);
		at->id =
		    row ? NULL : noc_strdup(noc_value_get_str(ev, "id", ""));
	}
	at->ns = ns;
}

/*
 * Rows of the journal and of memory, by time; both newest first.  Where the
 * look through the journal stopped, memory waits for it.
 */
static struct noc_value *
events_merge(const struct noc_value *page, struct noc_value *memory,
	     int64_t limit, struct events_at *at)
{
	struct noc_value *body = noc_value_map(), *list = noc_value_list();
	struct noc_value *rows = noc_value_get(page, "events");
	const char *stopped = noc_value_get_str(page, "stopped", NULL);
	int64_t reached = noc_value_get_int(page, "reached", 0);
	size_t nr = noc_value_len(rows), nm = noc_value_len(memory);
	size_t r = 0, m = 0;
	char iso[32];

	while ((r < nr || m < nm) && (int64_t)(r + m) < limit) {
		bool row = r < nr &&
			   (m == nm || event_ns(noc_value_at(rows, r)) >=
					   event_ns(noc_value_at(memory, m)));
		struct noc_value *ev;

		if (!row && event_ns(noc_value_at(memory, m)) < reached)
			break;
		ev = row ? event_take(rows, r++) : event_take(memory, m++);
		events_passed(at, ev, row);
		noc_value_push(list, ev);
	}
	if (stopped && r == nr) {
		free(at->row);
		at->row = noc_strdup(stopped);
		noc_value_set(body, "reached",
			      noc_value_str(noc_time_iso(iso, reached)));
	}
	noc_value_set(body, "events", list);
	noc_value_set(body, "next",
		      (int64_t)(r + m) < limit && !stopped ? noc_value_nil()
							   : events_cursor(at));
	return body;
}

static void
on_events_rows(struct noc_job *job)
{
	const struct noc_value *rows = noc_value_get(job->result, "events");
	struct noc_value *memory = noc_value_get(job->data, "memory");
	const char *row = noc_value_get_str(job->data, "before", NULL);
	const char *id = noc_value_get_str(job->data, "before_id", NULL);
	struct events_at at = {
		.row = row ? noc_strdup(row) : NULL,
		.ns = noc_value_get_int(job->data, "before_ns", INT64_MAX),
		.id = id ? noc_strdup(id) : NULL,
	};
	struct noc_value *body;

	for (size_t i = 0; i < noc_value_len(rows); i++)
		event_tidy(noc_value_at(rows, i), false);
	for (size_t i = 0; i < noc_value_len(memory); i++)
		event_tidy(noc_value_at(memory, i), false);
	body = events_merge(job->result, memory,
			    noc_value_get_int(job->data, "limit", 100), &at);
	free(at.row);
	free(at.id);
	noc_job_end_json(job, 200, body);
}

static void
on_events_memory(struct noc_job *job)
{
	struct noc_value *params = noc_value_copy(job->data);

	noc_value_set(job->data, "memory", job->result);
	job->result = NULL;
	job->then = on_events_rows;
	noc_job_ask(job, "events", params);
}

/* "row", or "row-time-id" with row and id perhaps empty. */
static bool
cursor_read(struct noc_value *params)
{
	const char *text = noc_value_get_str(params, "before", NULL);
	const char *dash = text ? strchr(text, '-') : NULL;
	char *row, *end;
	int64_t ns;

	if (!dash)
		return true;
	ns = strtoll(dash + 1, &end, 10);
	if (end == dash + 1 || *end != '-' || ns <= 0)
		return false;
	noc_value_set(params, "before_ns", noc_value_int(ns));
	if (end[1])
		noc_value_set(params, "before_id", noc_value_str(end + 1));
	row = noc_strndup(text, (size_t)(dash - text));
	if (*row)
		noc_value_set(params, "before", noc_value_str(row));
	else
		noc_value_unset(params, "before");
	free(row);
	return true;
}

static void
on_events(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_value *params = noc_api_page(req, event_filters);
	struct noc_value *command;
	struct noc_job *job;

	if (!params)
		return;
	if (!cursor_read(params)) {
		noc_value_free(params);
		noc_http_reply_problem(req, 400, NULL,
				       "The cursor is not one that a page had "
				       "given.");
		return;
	}
	command = noc_value_copy(params);
	noc_value_unset(command, "before"); /* of the journal's rows */
	noc_value_set(command, "verb", noc_value_str("recent"));
	job = noc_job_new(api->env, req, 0);
	job->data = params;
	job->then = on_events_memory;
	noc_job_do(job, command);
}

/* ---- one ---- */

static void
on_event_decisions(struct noc_job *job)
{
	struct noc_value *body = job->data;

	for (size_t i = 0; i < noc_value_len(job->result); i++)
		noc_api_times(noc_value_at(job->result, i), decision_times);
	noc_value_set(body, "decisions", job->result);
	job->result = job->data = NULL;
	noc_job_end_json(job, 200, body);
}

static void
on_event_memory(struct noc_job *job)
{
	struct noc_value *params = noc_value_map();
	const char *id = noc_value_get_str(job->result, "id", "");

	noc_value_set(params, "event", noc_value_str(id));
	event_tidy(job->result, true);
	noc_value_free(job->data);
	job->data = job->result;
	job->result = NULL;
	job->then = on_event_decisions;
	noc_job_ask(job, "decisions", params);
}

static void
on_event_row(struct noc_job *job)
{
	struct noc_value *command;

	if (job->result->type != NOC_NIL) {
		on_event_memory(job);
		return;
	}
	command = noc_api_verb("event");
	noc_value_set(command, "id",
		      noc_value_copy(noc_value_get(job->data, "id")));
	job->then = on_event_memory;
	noc_job_do(job, command);
}

/* After a restart the newest is in the journal only. */
static void
on_event_missing(struct noc_job *job)
{
	job->then = on_event_row;
	noc_job_ask(job, "event", noc_value_copy(job->data));
}

static void
on_event(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_job *job = noc_job_new(api->env, req, 0);
	const char *id = noc_http_param(job->req, "id");

	job->data = noc_value_map();
	noc_value_set(job->data, "id", noc_value_str(id));
	if (!strcmp(id, "last")) {
		struct noc_value *command = noc_api_verb("event");

		noc_value_set(command, "id", noc_value_str(id));
		job->then = on_event_memory;
		noc_job_do_or(job, command, on_event_missing);
		return;
	}
	job->then = on_event_row;
	noc_job_ask(job, "event", noc_value_copy(job->data));
}

/* ---- why and why not ---- */

/* Each decision goes to its rule's row; those of others (pairs) stay. */
static void
explain_merge(struct noc_value *body, struct noc_value *decisions)
{
	struct noc_value *rules = noc_value_get(body, "rules");
	struct noc_value *rest = noc_value_list();

	for (size_t i = 0; i < noc_value_len(decisions); i++) {
		struct noc_value *d = event_take(decisions, i), *row = NULL;
		const char *rule = noc_value_get_str(d, "rule", "");

		noc_api_times(d, decision_times);
		noc_value_unset(d, "cursor");
		for (size_t k = 0; !row && k < noc_value_len(rules); k++)
			if (noc_value_is_str(
				noc_value_get(noc_value_at(rules, k), "rule"),
				rule))
				row = noc_value_at(rules, k);
		if (!row) {
			noc_value_push(rest, d);
			continue;
		}
		if (!noc_value_get(row, "decisions"))
			noc_value_set(row, "decisions", noc_value_list());
		noc_value_push(noc_value_get(row, "decisions"), d);
	}
	noc_value_set(body, "decisions", rest);
}

static void
on_explain_decisions(struct noc_job *job)
{
	struct noc_value *body = job->data;

	explain_merge(body, job->result);
	job->data = NULL;
	noc_job_end_json(job, 200, body);
}

static void
on_explain_durable(void *arg)
{
	struct noc_job *job = arg;
	struct noc_value *params;

	if (!noc_job_back(job))
		return;
	params = noc_value_map();
	noc_value_set(params, "event",
		      noc_value_str(noc_value_get_str(
			  noc_value_get(job->data, "event"), "id", "")));
	job->then = on_explain_decisions;
	noc_job_ask(job, "decisions", params);
}

/* What was decided of it may be on its way to the disk, where the reader looks;
 * a disk that says no is not waited for. */
static void
on_explained(struct noc_job *job)
{
	struct noc_core *core = job->env->core;

	event_tidy(noc_value_get(job->result, "event"), true);
	noc_value_free(job->data);
	job->data = job->result;
	job->result = NULL;
	noc_job_out(job);
	if (noc_core_failing(core)) {
		on_explain_durable(job);
		return;
	}
	noc_core_begin(core, noc_core_turn(core));
	noc_core_effect(core, on_explain_durable, NULL, job);
	noc_core_end(core);
}

static void
on_explain_row(struct noc_job *job)
{
	struct noc_value *command;

	if (job->result->type == NOC_NIL) {
		struct noc_err err;

		noc_err_set(&err, NOC_ENOTFOUND,
			    "No event '%.60s' is in the journal or among the "
			    "last ones that nothing matched.",
			    noc_value_get_str(job->data, "id", ""));
		noc_job_end_err(job, &err);
		return;
	}
	command = noc_api_verb("explain");
	noc_value_set(command, "event", job->result);
	job->result = NULL;
	job->then = on_explained;
	noc_job_do(job, command);
}

static void
on_explain_missing(struct noc_job *job)
{
	job->then = on_explain_row;
	noc_job_ask(job, "event", noc_value_copy(job->data));
}

static void
on_explain(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_job *job = noc_job_new(api->env, req, 0);
	struct noc_value *command = noc_api_verb("explain");
	const char *id = noc_http_param(job->req, "id");

	job->data = noc_value_map();
	noc_value_set(job->data, "id", noc_value_str(id));
	noc_value_set(command, "id", noc_value_str(id));
	job->then = on_explained;
	noc_job_do_or(job, command, on_explain_missing);
}

void
noc_api_events(struct noc_api *api)
{
	noc_api_route(api, "GET", "/api/v1/events", "recent", on_events);
	noc_api_route(api, "GET", "/api/v1/events/{id}", "event", on_event);
	noc_api_route(api, "GET", "/api/v1/events/{id}/explain", "explain",
		      on_explain);
}
