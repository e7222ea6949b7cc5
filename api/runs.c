/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "engine/run/each.h"
#include "engine/run/gate_command.h"
#include "engine/run/run.h"
#include "api/private.h"

/* Runs: listed, shown, waited for, signalled, cancelled. */

#define WAIT_POLL_MS 100
#define WAIT_MS	     25000
#define WAIT_LATE_MS 10000 /* that an answer may then take */

static const char *const run_filters[] = { "state", "rule", "device", NULL };
static const char *const run_times[] = { "started", "ended", "deadline", NULL };
static const char *const step_times[] = { "started", "ended", "due", NULL };
static const char *const at_times[] = { "at", NULL };

static void
on_runs_rows(struct noc_job *job)
{
	struct noc_value *rows = job->result;

	for (size_t i = 0; i < noc_value_len(rows); i++) {
		noc_api_times(noc_value_at(rows, i), run_times);
		noc_value_unset(noc_value_at(rows, i), "json");
	}
	job->result = NULL;
	noc_job_end_json(
	    job, 200,
	    noc_api_paged("runs", rows,
			  noc_value_get_int(job->data, "limit", 100)));
}

static void
on_runs(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_value *params = noc_api_page(req, run_filters);
	struct noc_job *job;

	if (!params)
		return;
	job = noc_job_new(api->env, req, 0);
	job->data = noc_value_copy(params);
	job->then = on_runs_rows;
	noc_job_ask(job, "runs", params);
}

/* ---- one ---- */

static void
run_tidy(struct noc_value *run)
{
	struct noc_value *steps = noc_value_get(run, "steps");
	struct noc_value *decisions = noc_value_get(run, "decisions");

	noc_api_times(run, run_times);
	for (size_t i = 0; i < noc_value_len(steps); i++)
		noc_api_times(noc_value_at(steps, i), step_times);
	for (size_t i = 0; i < noc_value_len(decisions); i++)
		noc_api_times(noc_value_at(decisions, i), at_times);
}

/* Of one that has not ended: how many of its items are under way, how many are
 * not begun. */
static void
run_eaches(const struct noc_core *core, struct noc_value *run)
{
	const struct noc_value *steps = noc_value_get(run, "steps");

	for (size_t i = 0; i < noc_value_len(steps); i++) {
		const struct noc_value *s = noc_value_at(steps, i);
		struct noc_value *counts = noc_value_get(s, "counts"), *look;

		if (!counts || noc_value_get_int(s, "ended_ns", 0))
			continue;
		look = noc_each_look(core, noc_value_get_str(run, "id", ""),
				     noc_value_get_str(s, "path", ""));
		for (size_t k = 0; look && k < 2; k++) {
			const char *key = k ? "waiting" : "running";

			noc_value_set(counts, key,
				      noc_value_copy(noc_value_get(look, key)));
		}
		noc_value_free(look);
	}
}

static void
on_run_row(struct noc_job *job)
{
	struct noc_value *run = job->result;

	if (run->type == NOC_NIL) {
		noc_job_end_missing(job, "run");
		return;
	}
	run_tidy(run);
	run_eaches(job->env->core, run);
	noc_value_set(
	    run, "waits",
	    noc_run_waits(job->env->core, noc_value_get_str(run, "id", "")));
	job->result = NULL;
	noc_job_end_json(job, 200, run);
}

static struct noc_value *
run_params(struct noc_http_req *req)
{
	struct noc_value *params = noc_value_map();

	noc_value_set(params, "id", noc_value_str(noc_http_param(req, "id")));
	return params;
}

static void
on_run(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_job *job = noc_job_new(api->env, req, 0);
	struct noc_value *params = run_params(job->req);
	const char *in = noc_http_query(job->req, "in");

	if (in && *in)
		noc_value_set(params, "in", noc_value_str(in));
	job->then = on_run_row;
	noc_job_ask(job, "run", params);
}

/* ---- the items of an each ---- */

/* Those under way have no row: put among the rows, by their place. */
static struct noc_value *
items_merged(const struct noc_value *rows, const struct noc_value *open,
	     int64_t after, int64_t limit)
{
	struct noc_value *all = noc_value_list();
	size_t n = noc_value_len(rows), m = noc_value_len(open), i = 0, k = 0;

	while ((i < n || k < m) && (int64_t)noc_value_len(all) < limit) {
		const struct noc_value *row = noc_value_at(rows, i);
		const struct noc_value *one = noc_value_at(open, k);
		int64_t a =
		    i < n ? noc_value_get_int(row, "item", 0) : INT64_MAX;
		int64_t b =
		    k < m ? noc_value_get_int(one, "item", 0) : INT64_MAX;
		struct noc_value *copy;

		k += b <= a;
		if (a <= b) { /* of both: it has ended meanwhile */
			noc_value_push(all, noc_value_copy(row));
			i++;
		} else if (b > after) {
			copy = noc_value_copy(one);
			noc_value_set(copy, "cursor",
				      noc_value_strf("%lld", (long long)b));
			noc_value_push(all, copy);
		}
	}
	return all;
}

static void
on_items_rows(struct noc_job *job)
{
	const char *state = noc_value_get_str(job->data, "state", "Running");
	int64_t limit = noc_value_get_int(job->data, "limit", 100), after;
	struct noc_value *rows = job->result, *all, *body, *look;

	if (rows->type == NOC_NIL) {
		noc_job_end_missing(job, "run");
		return;
	}
	after = strtoll(noc_value_get_str(job->data, "after", "-1"), NULL, 10);
	look = noc_each_look(job->env->core,
			     noc_value_get_str(job->data, "id", ""),
			     noc_value_get_str(job->data, "of", ""));
	all = items_merged(
	    rows,
	    strcmp(state, "Running") ? NULL : noc_value_get(look, "items"),
	    after, limit);
	for (size_t i = 0; i < noc_value_len(all); i++)
		noc_api_times(noc_value_at(all, i), run_times);
	body = noc_api_paged("items", all, limit);
	if (look) {
		noc_value_set(body, "running",
			      noc_value_copy(noc_value_get(look, "running")));
		noc_value_set(body, "waiting",
			      noc_value_copy(noc_value_get(look, "waiting")));
	}
	noc_value_free(look);
	noc_job_end_json(job, 200, body);
}

/* "failed" is Failed; NULL: no state of an item. */
static const char *
item_state(const char *word)
{
	static const char *const states[] = {
		"Pending", "Running", "Succeeded",
		"Failed",  "Skipped", "Cancelled"
	};

	for (size_t i = 0; i < NOC_COUNT(states); i++)
		if (!strcasecmp(states[i], word))
			return states[i];
	return NULL;
}

/* Returned; NULL: answered. */
static struct noc_value *
items_params(struct noc_http_req *req)
{
	static const char *const names[] = { "of", "after", NULL };
	const char *word = noc_http_query(req, "state");
	const char *state = word && *word ? item_state(word) : NULL;
	struct noc_value *params;

	if (word && *word && !state) {
		noc_http_reply_problem(req, 400, NULL,
				       "state is pending, running, succeeded, "
				       "failed, skipped or cancelled.");
		return NULL;
	}
	params = noc_api_page(req, names);
	if (params && !noc_value_get(params, "of")) {
		noc_value_free(params);
		noc_http_reply_problem(req, 400, NULL,
				       "of must be the path of an each, such "
				       "as ?of=precheck.");
		return NULL;
	}
	if (params && state)
		noc_value_set(params, "state", noc_value_str(state));
	return params;
}

static void
on_items(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	struct noc_value *params = items_params(req);
	struct noc_job *job;

	if (!params)
		return;
	job = noc_job_new(api->env, req, 0);
	noc_value_set(params, "id",
		      noc_value_str(noc_http_param(job->req, "id")));
	job->data = noc_value_copy(params);
	job->then = on_items_rows;
	noc_job_ask(job, "items", params);
}

/* ---- until its end ---- */

static bool
run_has_ended(const struct noc_value *row)
{
	return noc_value_get_int(row, "ended", 0) != 0;
}

static bool
wait_is_over(const struct noc_job *job)
{
	return noc_loop_now(job->env->loop).boot_ns >= job->until_boot_ns ||
	       noc_http_peer_gone(job->req);
}

/* Asks the reader, by job->data, once it seems to have ended. */
static void
on_wait_timer(void *arg)
{
	struct noc_job *job = arg;
	const char *state = noc_run_state(job->env->core, &job->id);
	struct noc_value *params;

	if (!wait_is_over(job) && state && !strcmp(state, "Running")) {
		noc_timer_arm(job->timer, WAIT_POLL_MS);
		return;
	}
	params = noc_value_map();
	noc_value_set(params, "id",
		      noc_value_copy(noc_value_get(job->data, "id")));
	noc_job_ask(job, "run", params);
}

static void
wait_more(struct noc_job *job)
{
	if (!job->timer)
		job->timer = noc_loop_timer(job->env->loop, on_wait_timer, job);
	noc_timer_arm(job->timer, WAIT_POLL_MS);
}

static void
on_wait_row(struct noc_job *job)
{
	if (job->result->type == NOC_NIL) {
		noc_job_end_missing(job, "run");
		return;
	}
	if (run_has_ended(job->result) || wait_is_over(job)) {
		on_run_row(job);
		return;
	}
	noc_id_parse(noc_value_get_str(job->result, "id", ""), &job->id);
	wait_more(job);
}

static void
on_wait(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	const char *text = noc_http_query(req, "timeout");
	int64_t ms = WAIT_MS;
	struct noc_job *job;

	if (text && (noc_duration_parse(text, &ms) || ms < 0 ||
		     ms > NOC_API_WAIT_MAX_MS)) {
		noc_http_reply_problem(req, 400, NULL,
				       "timeout must be a duration of at most "
				       "55s.");
		return;
	}
	job = noc_job_new(api->env, req, ms + WAIT_LATE_MS);
	job->until_boot_ns =
	    noc_loop_now(api->env->loop).boot_ns + ms * NOC_NS_PER_MS;
	job->data = run_params(job->req);
	job->then = on_wait_row;
	noc_job_ask(job, "run", noc_value_copy(job->data));
}

/* ---- what people do with it ---- */

/* What is kept of one that was started: {id, answer}. */
static void
started_reply(struct noc_job *job)
{
	noc_job_end_json(job, 202,
			 noc_value_copy(noc_value_get(job->data, "answer")));
}

/* The reader's row of it: at its end, or when the time is over. */
static void
on_started_row(struct noc_job *job)
{
	if (run_has_ended(job->result))
		on_run_row(job);
	else if (wait_is_over(job))
		started_reply(job);
	else
		wait_more(job);
}

static void
on_started(struct noc_job *job)
{
	struct noc_value *body = noc_value_copy(job->result);
	const char *id = noc_value_get_str(job->result, "id", "");
	char *url = noc_asprintf("/api/v1/runs/%s", id);
	struct noc_err err;
	int64_t ms = -1;

	noc_api_prefer_wait(job->req, &ms, &err);
	noc_api_prefer_applied(job->req, ms);
	noc_id_parse(id, &job->id);
	noc_value_set(body, "run_id", noc_value_str(id));
	noc_value_unset(body, "id");
	noc_value_set(body, "url", noc_value_str(url));
	noc_http_header_set(job->req, "Location", url);
	free(url);
	job->data = noc_value_map();
	noc_value_set(job->data, "id", noc_value_str(id));
	noc_value_set(job->data, "answer", body);
	if (ms <= 0) {
		started_reply(job);
		return;
	}
	job->until_boot_ns =
	    noc_loop_now(job->env->loop).boot_ns + ms * NOC_NS_PER_MS;
	job->then = on_started_row;
	wait_more(job);
}

struct noc_job *
noc_api_starting(struct noc_env *env, struct noc_http_req *req)
{
	struct noc_job *job;
	struct noc_err err;
	int64_t ms;

	if (noc_api_prefer_wait(req, &ms, &err)) {
		noc_http_reply_err(req, &err);
		return NULL;
	}
	job = noc_job_new(env, req, ms > 0 ? ms + WAIT_LATE_MS : 0);
	job->then = on_started;
	return job;
}

/* ---- who was told of its end ---- */

static void
on_deliveries_rows(struct noc_job *job)
{
	static const char *const times[] = { "at", "next", NULL };
	struct noc_value *rows = job->result, *body = noc_value_map();

	for (size_t i = 0; i < noc_value_len(rows); i++)
		noc_api_times(noc_value_at(rows, i), times);
	job->result = NULL;
	noc_value_set(body, "deliveries", rows);
	noc_job_end_json(job, 200, body);
}

static void
on_deliveries(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	const char *run = noc_http_query(req, "run");
	struct noc_value *command = noc_api_verb("delivery.list");
	struct noc_job *job = noc_job_new(api->env, req, 0);

	if (run && *run)
		noc_value_set(command, "run", noc_value_str(run));
	job->then = on_deliveries_rows;
	noc_job_do(job, command);
}

static struct noc_api_route run_routes[] = {
	{ "POST", "/api/v1/runs/{id}/set", "run.set", .status = 200 },
	{ "POST", "/api/v1/runs/{id}/fork", "run.fork", .starts = true },
	{ "POST", "/api/v1/runs/{id}/cancel", "run.cancel", .status = 200 },
	{ "POST", "/api/v1/runs/{id}/pause", "run.pause", .status = 200 },
	{ "POST", "/api/v1/runs/{id}/resume", "run.resume", .status = 200 },
	{ "POST", "/api/v1/runs/{id}/signal/{signal}", "run.signal",
	  .status = 200 },
};

void
noc_api_runs(struct noc_api *api)
{
	struct noc_http *http = api->env->http;

	noc_http_route(http, "GET", "/api/v1/runs", NOC_ROLE_VIEWER, on_runs,
		       api);
	noc_http_route(http, "GET", "/api/v1/runs/{id}", NOC_ROLE_VIEWER,
		       on_run, api);
	noc_http_route(http, "GET", "/api/v1/runs/{id}/items", NOC_ROLE_VIEWER,
		       on_items, api);
	noc_http_route(http, "GET", "/api/v1/runs/{id}/wait", NOC_ROLE_VIEWER,
		       on_wait, api);
	noc_api_route(api, "GET", "/api/v1/deliveries", "delivery.list",
		      on_deliveries);
	noc_api_routes(api, run_routes, NOC_COUNT(run_routes));
}
