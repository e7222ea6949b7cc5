/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/reader.h"
#include "store/verify.h"
#include "engine/run/verify.h"
#include "api/private.h"

/*
 * The journal: pages of records, signed heads, verification on a thread of
 * its own, export as a stream that waits for its reader.
 */
#define VERIFY_MS   (30LL * 60 * 1000)
#define EXPORT_PAGE 500

static const char *const audit_times[] = { "at", NULL };

/* ---- pages ---- */

static void
on_audit_rows(struct noc_job *job)
{
	struct noc_value *rows = job->result;

	for (size_t i = 0; i < noc_value_len(rows); i++)
		noc_api_times(noc_value_at(rows, i), audit_times);
	job->result = NULL;
	noc_job_end_json(
	    job, 200,
	    noc_api_paged("records", rows,
			  noc_value_get_int(job->data, "limit", 100)));
}

static void
on_audit(struct noc_http_req *req, void *arg)
{
	static const char *const filters[] = { "run", "event", "kind", "after",
					       NULL };
	struct noc_api *api = arg;
	struct noc_value *params = noc_api_page(req, filters);
	struct noc_job *job;

	if (!params)
		return;
	job = noc_job_new(api->env, req, 0);
	job->data = noc_value_copy(params);
	job->then = on_audit_rows;
	noc_job_ask(job, "audit", params);
}

static void
on_heads(struct noc_http_req *req, void *arg)
{
	static const char *const none[] = { NULL };
	struct noc_api *api = arg;
	struct noc_value *params = noc_api_page(req, none);
	struct noc_job *job;

	if (!params)
		return;
	job = noc_job_new(api->env, req, 0);
	job->key = "heads";
	noc_job_ask(job, "heads", params);
}

/* ---- verify ---- */

struct noc_api_verify {
	struct noc_api *api;
	struct noc_job *job;
	struct noc_watch *watch;
	pthread_t thread;
	int fd, kind;
	char *db, *anchor;
	struct noc_verify_result result;
	struct noc_err err;
};

static void *
verify_main(void *arg)
{
	struct noc_api_verify *v = arg;
	struct noc_verify_options opt = { .db = v->db, .anchor = v->anchor };
	uint64_t one = 1;

	pthread_setname_np(pthread_self(), "noc-verify");
	v->kind = noc_verify(&opt, &v->result, &v->err);
	if (write(v->fd, &one, sizeof(one)) < 0)
		return NULL;
	return NULL;
}

static void
verify_free(struct noc_api_verify *v)
{
	noc_watch_free(v->watch);
	if (v->fd >= 0)
		close(v->fd);
	free(v->db);
	free(v->anchor);
	free(v);
}

static struct noc_value *
verify_value(const struct noc_verify_result *r)
{
	static const char *const verdicts[] = { "ok", "tampered", "cut",
						"damaged" };
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "verdict", noc_value_str(verdicts[r->verdict]));
	noc_value_set(v, "records", noc_value_int((int64_t)r->records));
	if (r->verdict == NOC_VERDICT_TAMPERED || r->verdict == NOC_VERDICT_CUT)
		noc_value_set(v, "at_seq", noc_value_int((int64_t)r->at_seq));
	noc_value_set(v, "size", noc_value_int((int64_t)r->size));
	noc_value_set(v, "root", noc_value_str(r->root));
	noc_value_set(v, "origin", noc_value_str(r->origin));
	noc_value_set(v, "message", noc_value_str(r->message));
	noc_value_set(v, "vkey_pinned", noc_value_bool(r->vkey_pinned != 0));
	return v;
}

static void
on_verified(int fd, int events, void *arg)
{
	struct noc_api_verify *v = arg;

	(void)fd;
	(void)events;
	pthread_join(v->thread, NULL);
	v->api->verify = NULL;
	if (v->kind)
		noc_job_end_err(v->job, &v->err);
	else
		noc_job_end_json(v->job, 200, verify_value(&v->result));
	verify_free(v);
}

static void
on_verify(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	const char *dir = api->env->state_dir;
	struct noc_api_verify *v;
	char *anchor;

	if (api->verify) {
		noc_http_reply_problem(req, 409, NULL,
				       "A verification is under way already.");
		return;
	}
	v = noc_calloc(1, sizeof(*v));
	v->api = api;
	v->db = noc_asprintf("%s/nocturne.db", dir);
	anchor = noc_asprintf("%s/anchor.log", dir);
	if (access(anchor, R_OK) == 0)
		v->anchor = anchor;
	else
		free(anchor);
	v->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (v->fd < 0 || pthread_create(&v->thread, NULL, verify_main, v)) {
		verify_free(v);
		noc_http_reply_problem(req, 503, NULL,
				       "The verification cannot be started.");
		return;
	}
	v->job = noc_job_new(api->env, req, VERIFY_MS);
	v->watch =
	    noc_loop_fd(api->env->loop, v->fd, NOC_LOOP_READ, on_verified, v);
	api->verify = v;
}

void
noc_api_audit_close(struct noc_api *api)
{
	struct noc_api_verify *v = api->verify;
	struct noc_err err;

	if (!v)
		return;
	pthread_join(v->thread, NULL);
	noc_err_set(&err, NOC_EAGAIN, "The daemon is stopping.");
	noc_job_end_err(v->job, &err);
	verify_free(v);
	api->verify = NULL;
}

/* ---- export ---- */

struct export
{
	struct noc_env *env;
	struct noc_http_req *req;
	int64_t after, since_ns, until_ns;
	bool asked;   /* a page is on its way from the reader */
	bool waiting; /* for the peer to catch up */
	bool gone;
};

static void export_page(struct export *x);

static void
export_end(struct export *x)
{
	noc_http_stream_end(x->req);
	free(x);
}

/* One page as lines; false: nobody reads any more. */
static bool
export_write(struct export *x, const struct noc_value *rows)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	int r = 0;

	for (size_t i = 0; i < noc_value_len(rows); i++) {
		struct noc_value *row = noc_value_at(rows, i);
		int64_t at = noc_value_get_int(row, "at", 0);

		x->after = noc_value_get_int(row, "seq", x->after);
		/* Not where the log is first past `until`: clocks are set. */
		if (at < x->since_ns || (x->until_ns && at >= x->until_ns))
			continue;
		noc_value_unset(row, "cursor");
		noc_api_times(row, audit_times);
		noc_json_write(row, NOC_JSON_COMPACT, &sb);
		noc_strbuf_addc(&sb, '\n');
	}
	if (sb.len)
		r = noc_http_stream_write(x->req, sb.p, sb.len);
	noc_strbuf_release(&sb);
	return r == 0;
}

/* A stream that ends early must not look whole. */
static void
export_broken(struct export *x, const struct noc_err *err)
{
	struct noc_value *row = noc_value_map();
	char *text;

	noc_value_set(row, "error", noc_value_str(err->msg));
	text = noc_json_string(row, NOC_JSON_COMPACT);
	noc_http_stream_write(x->req, text, strlen(text));
	noc_http_stream_write(x->req, "\n", 1);
	free(text);
	noc_value_free(row);
}

static void
on_export_page(struct noc_query *q, void *arg)
{
	struct export *x = arg;

	x->asked = false;
	if (!x->gone && !q->result)
		export_broken(x, &q->err);
	if (x->gone || !q->result || !export_write(x, q->result) ||
	    noc_value_len(q->result) < EXPORT_PAGE) {
		export_end(x);
		return;
	}
	if (noc_http_stream_behind(x->req) > 64 * 1024)
		x->waiting = true;
	else
		export_page(x);
}

static void
export_page(struct export *x)
{
	struct noc_query *q = noc_calloc(1, sizeof(*q));
	struct noc_err err;

	q->name = noc_strdup("audit");
	q->params = noc_value_map();
	noc_value_set(q->params, "limit", noc_value_int(EXPORT_PAGE));
	noc_value_set(q->params, "after", noc_value_int(x->after));
	q->done = on_export_page;
	q->arg = x;
	x->waiting = false;
	x->asked = true;
	if (noc_reader_submit(x->env->reader, q, &err)) {
		x->asked = false;
		export_broken(x, &err);
		export_end(x);
	}
}

static void
on_export_watch(struct noc_http_req *req, bool gone, void *arg)
{
	struct export *x = arg;

	(void)req;
	x->gone |= gone;
	if (x->asked || !(x->waiting || gone))
		return;
	if (gone)
		export_end(x);
	else
		export_page(x);
}

static bool
export_time(struct noc_http_req *req, const char *name, int64_t *ns)
{
	const char *text = noc_http_query(req, name);

	if (!text || !*text || !noc_time_parse(text, strlen(text), ns))
		return true;
	noc_http_reply_problem(req, 400, NULL,
			       "since and until must be times such as "
			       "2026-11-23T02:00:00Z.");
	return false;
}

static void
on_export(struct noc_http_req *req, void *arg)
{
	struct noc_api *api = arg;
	const char *after = noc_http_query(req, "after");
	int64_t since = 0, until = 0, seq = -1;
	struct export *x;
	char *end;

	if (!export_time(req, "since", &since) ||
	    !export_time(req, "until", &until))
		return;
	if (after) {
		seq = strtoll(after, &end, 10);
		if (!*after || *end || seq < -1) {
			noc_http_reply_problem(req, 400, NULL,
					       "after must be the number of a "
					       "record.");
			return;
		}
	}
	x = noc_calloc(1, sizeof(*x));
	x->env = api->env;
	x->req = req;
	x->after = seq;
	x->since_ns = since;
	x->until_ns = until;
	noc_http_stream_begin(req, 200, "application/jsonl");
	noc_http_stream_watch(req, on_export_watch, x);
	export_page(x);
}

void
noc_api_audit(struct noc_api *api)
{
	struct noc_http *http = api->env->http;

	noc_http_route(http, "GET", "/api/v1/audit", NOC_ROLE_VIEWER, on_audit,
		       api);
	noc_http_route(http, "GET", "/api/v1/audit/heads", NOC_ROLE_VIEWER,
		       on_heads, api);
	noc_http_route(http, "GET", "/api/v1/audit/export", NOC_ROLE_VIEWER,
		       on_export, api);
	noc_http_route(http, "GET", "/api/v1/audit/verify", NOC_ROLE_VIEWER,
		       on_verify, api);
}
