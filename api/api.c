/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "api/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "store/reader.h"
#include "engine/core/command.h"
#include "engine/notify/limit.h"

#define FOR_MAX_MS (366LL * 24 * 3600 * 1000)

/* ---- jobs ---- */

/* Of the one daemon in this process. */
static struct noc_job *jobs;

static void
job_then_reply(struct noc_job *job)
{
	struct noc_value *body = job->result;

	job->result = NULL;
	if (job->key) {
		struct noc_value *map = noc_value_map();

		noc_value_set(map, job->key, body);
		body = map;
	}
	noc_job_end_json(job, job->status, body);
}

struct noc_job *
noc_job_new(struct noc_env *env, struct noc_http_req *req, int64_t ms)
{
	struct noc_job *job = noc_calloc(1, sizeof(*job));

	job->env = env;
	job->status = 200;
	job->then = job_then_reply;
	job->req = noc_http_reply_later(req, ms);
	job->next = jobs;
	if (jobs)
		jobs->prev = job;
	jobs = job;
	return job;
}

static void
job_free(struct noc_job *job)
{
	if (job->prev)
		job->prev->next = job->next;
	else
		jobs = job->next;
	if (job->next)
		job->next->prev = job->prev;
	noc_watch_free(job->timer);
	noc_value_free(job->data);
	noc_value_free(job->result);
	free(job);
}

void
noc_job_out(struct noc_job *job)
{
	job->out = true;
}

bool
noc_job_back(struct noc_job *job)
{
	job->out = false;
	if (job->req)
		return true;
	job_free(job);
	return false;
}

/* Nobody waits for an answer that will not come. */
static void
jobs_close(void)
{
	struct noc_job *job, *next;

	for (job = jobs; job; job = next) {
		next = job->next;
		if (job->req)
			noc_http_reply_problem(job->req, 503, NULL,
					       "The daemon is stopping.");
		job->req = NULL;
		if (!job->out)
			job_free(job);
	}
}

void
noc_job_end_json(struct noc_job *job, int status, struct noc_value *body)
{
	noc_http_reply_json(job->req, status, body);
	noc_value_free(body);
	job_free(job);
}

void
noc_job_end_err(struct noc_job *job, const struct noc_err *err)
{
	noc_http_reply_err(job->req, err);
	job_free(job);
}

void
noc_job_end_missing(struct noc_job *job, const char *what)
{
	struct noc_err err;

	noc_err_set(&err, NOC_ENOTFOUND, "There is no such %s.", what);
	noc_job_end_err(job, &err);
}

static void
job_result(struct noc_job *job, struct noc_value *result)
{
	noc_value_free(job->result);
	job->result = result ? result : noc_value_nil();
	job->then(job);
}

static void
on_job_asked(struct noc_query *q, void *arg)
{
	struct noc_job *job = arg;
	struct noc_value *result = q->result;

	if (!noc_job_back(job))
		return;
	if (!result) {
		noc_job_end_err(job, &q->err);
		return;
	}
	q->result = NULL;
	job_result(job, result);
}

void
noc_job_ask(struct noc_job *job, const char *question, struct noc_value *params)
{
	struct noc_query *q = noc_calloc(1, sizeof(*q));
	struct noc_err err;

	q->name = noc_strdup(question);
	q->params = params;
	q->done = on_job_asked;
	q->arg = job;
	noc_job_out(job);
	if (noc_reader_submit(job->env->reader, q, &err)) {
		job->out = false;
		noc_job_end_err(job, &err);
	}
}

struct job_command {
	struct noc_job *job;
	void (*missing)(struct noc_job *job);
};

static void
on_job_done(int kind, const struct noc_value *answer, const char *message,
	    void *arg)
{
	struct job_command *c = arg;
	struct noc_job *job = c->job;
	void (*missing)(struct noc_job *) = c->missing;
	struct noc_err err;

	free(c);
	if (!noc_job_back(job))
		return;
	if (noc_command_replayed(job->env->core))
		noc_http_header_set(job->req, "Idempotent-Replayed", "true");
	if (kind == NOC_ENOTFOUND && missing) {
		missing(job);
	} else if (kind) {
		noc_err_set(&err, (enum noc_kind)kind, "%s",
			    message ? message : "The command failed.");
		noc_job_end_err(job, &err);
	} else {
		job_result(job, answer ? noc_value_copy(answer) : NULL);
	}
}

/* Those of approvers go by the groups that somebody is in. */
static bool
command_judges(const struct noc_value *command)
{
	const struct noc_command *row =
	    noc_command_find(noc_value_get_str(command, "verb", ""));

	return row && row->role == NOC_ROLE_APPROVER;
}

static struct noc_value *
job_who(struct noc_job *job)
{
	const struct noc_value *groups = noc_http_groups(job->req);
	struct noc_value *who = noc_value_map();

	if (groups)
		noc_value_set(who, "groups", noc_value_copy(groups));
	noc_value_set(
	    who, "admin",
	    noc_value_bool(noc_http_role(job->req) >= NOC_ROLE_ADMIN));
	return who;
}

/*
 * draft-ietf-httpapi-idempotency-key-header: a string in quotes; what others
 * have long been sending is the same without.
 */
static int
job_key(struct noc_job *job, struct noc_value *command, struct noc_err *err)
{
	const char *key = noc_http_header(job->req, "idempotency-key");
	size_t len = key ? strlen(key) : 0;

	if (!key)
		return 0;
	if (len >= 2 && key[0] == '"' && key[len - 1] == '"') {
		key++;
		len -= 2;
	}
	for (size_t i = 0; len && i < len; i++)
		if (key[i] <= ' ' || key[i] > '~' || key[i] == '"')
			len = 0;
	if (!len || len > NOC_COMMAND_KEY_MAX)
		return noc_err_set(err, NOC_EINPUT,
				   "Idempotency-Key must be 1 to %d visible "
				   "ASCII characters.",
				   NOC_COMMAND_KEY_MAX);
	noc_value_set(command, "idempotency_key", noc_value_strn(key, len));
	return 0;
}

bool
noc_api_keyed(struct noc_http_req *req, const char *why)
{
	char *says;

	if (!noc_http_header(req, "idempotency-key"))
		return false;
	says = noc_asprintf("Idempotency-Key is not taken here: %s.", why);
	noc_http_reply_problem(req, 400, NULL, says);
	free(says);
	return true;
}

void
noc_job_do_or(struct noc_job *job, struct noc_value *command,
	      void (*missing)(struct noc_job *job))
{
	struct job_command *c = noc_calloc(1, sizeof(*c));
	struct noc_core *core = job->env->core;
	struct noc_err err;

	if (job_key(job, command, &err)) {
		free(c);
		noc_value_free(command);
		noc_job_end_err(job, &err);
		return;
	}
	c->job = job;
	c->missing = missing;
	noc_value_set(command, "actor",
		      noc_value_str(noc_http_actor(job->req)));
	if (command_judges(command))
		noc_value_set(command, "who", job_who(job));
	noc_job_out(job);
	noc_core_command(core, command, on_job_done, c, noc_core_turn(core));
	noc_value_free(command);
}

void
noc_job_do(struct noc_job *job, struct noc_value *command)
{
	noc_job_do_or(job, command, NULL);
}

void
noc_api_command(struct noc_env *env, struct noc_http_req *req,
		struct noc_value *command, int status, const char *key)
{
	struct noc_job *job = noc_job_new(env, req, 0);

	job->status = status;
	job->key = key;
	noc_job_do(job, command);
}

struct noc_value *
noc_api_verb(const char *verb)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "verb", noc_value_str(verb));
	return v;
}

/* ---- what came in ---- */

#define AT_MAX 200 /* bytes that are said of where a member is */

/* A text with a NUL in it is another one to whoever reads it up to there.  at
 * is where v is, len bytes: "input.vids[2]". */
static int
body_texts(const struct noc_value *v, char at[AT_MAX], size_t len,
	   struct noc_err *err)
{
	size_t n = noc_value_len(v);
	int rc = 0;

	if (v->type == NOC_STR && strlen(v->u.s.p) != v->u.s.len)
		return noc_err_set(err, NOC_EINPUT,
				   "\"%s\" has a NUL (\\u0000) in it.", at);
	if (v->type != NOC_MAP && v->type != NOC_LIST)
		return 0;
	for (size_t i = 0; !rc && i < n; i++) {
		const struct noc_value *in;

		if (v->type == NOC_MAP) {
			in = v->u.map.at[i].value;
			snprintf(at + len, AT_MAX - len, "%s%s", len ? "." : "",
				 v->u.map.at[i].key);
		} else {
			in = noc_value_at(v, i);
			snprintf(at + len, AT_MAX - len, "[%zu]", i);
		}
		rc = body_texts(in, at, strlen(at), err);
	}
	return rc;
}

static int
body_check(const struct noc_value *body, const char *const *keys,
	   struct noc_err *err)
{
	char at[AT_MAX] = "";

	if (body->type != NOC_MAP)
		return noc_err_set(err, NOC_EINPUT,
				   "The body must be a JSON object.");
	for (size_t i = 0; i < body->u.map.len; i++) {
		const char *const *k = keys;

		while (*k && strcmp(*k, body->u.map.at[i].key))
			k++;
		if (!*k)
			return noc_err_set(err, NOC_EINPUT,
					   "The body has a member \"%.60s\" "
					   "that is not known here.",
					   body->u.map.at[i].key);
	}
	return body_texts(body, at, 0, err);
}

struct noc_value *
noc_api_body(struct noc_http_req *req, const char *const *keys)
{
	struct noc_slice raw = noc_http_body(req);
	const char *type = noc_http_header(req, "content-type");
	struct noc_value *body = NULL;
	struct noc_err err;

	if (raw.len == 0)
		return noc_value_map();
	if (type && strncmp(type, "application/json", 16)) {
		noc_http_reply_problem(req, 415, NULL,
				       "The body must be application/json.");
		return NULL;
	}
	if (!noc_json_parse(raw.p, raw.len, &body, &err) &&
	    !body_check(body, keys, &err))
		return body;
	noc_value_free(body);
	noc_http_reply_err(req, &err);
	return NULL;
}

int
noc_api_fill(struct noc_value *command, const struct noc_value *body,
	     struct noc_err *err)
{
	const struct noc_value *dur = noc_value_get(body, "for");
	int64_t ms;

	for (size_t i = 0; i < body->u.map.len; i++) {
		const struct noc_member *m = &body->u.map.at[i];

		if (strcmp(m->key, "for") && m->value->type != NOC_NIL)
			noc_value_set(command, m->key,
				      noc_value_copy(m->value));
	}
	if (!dur || dur->type == NOC_NIL)
		return 0;
	if (dur->type != NOC_STR || strlen(dur->u.s.p) != dur->u.s.len ||
	    noc_duration_parse(dur->u.s.p, &ms) || ms <= 0 || ms > FOR_MAX_MS)
		return noc_err_set(err, NOC_EINPUT,
				   "\"for\" must be a duration such as "
				   "\"2h\", at most 366 days.");
	noc_value_set(command, "for_ms", noc_value_int(ms));
	return 0;
}

/* What a filter can be, when that is known: a misspelt one finds nothing,
 * which looks like an answer. */
static const char *
page_wrong(const char *filter, const char *v)
{
	static const struct {
		const char *filter, *words[7], *said;
	} known[] = {
		{ "fate",
		  { "matched", "unmatched", "folded", "duplicate", "refused",
		    "shed" },
		  "fate is matched, unmatched, folded, duplicate, refused or "
		  "shed." },
		{ "state",
		  { "Pending", "Running", "Succeeded", "Failed", "Cancelled" },
		  "state is Pending, Running, Succeeded, Failed or "
		  "Cancelled." },
	};

	for (size_t i = 0; i < NOC_COUNT(known); i++) {
		if (strcmp(known[i].filter, filter))
			continue;
		for (const char *const *w = known[i].words; *w; w++)
			if (!strcmp(*w, v))
				return NULL;
		return known[i].said;
	}
	return NULL;
}

struct noc_value *
noc_api_page(struct noc_http_req *req, const char *const *filters)
{
	struct noc_value *params = noc_value_map();
	const char *limit = noc_http_query(req, "limit");
	const char *before = noc_http_query(req, "before");
	int64_t n = 100;
	char *end;

	if (limit) {
		n = strtoll(limit, &end, 10);
		if (!*limit || *end || n < 1 || n > 1000) {
			noc_value_free(params);
			noc_http_reply_problem(req, 400, NULL,
					       "limit must be a number from "
					       "1 to 1000.");
			return NULL;
		}
	}
	noc_value_set(params, "limit", noc_value_int(n));
	if (before)
		noc_value_set(params, "before", noc_value_str(before));
	for (; *filters; filters++) {
		const char *v = noc_http_query(req, *filters);
		const char *wrong = v && *v ? page_wrong(*filters, v) : NULL;

		if (wrong) {
			noc_value_free(params);
			noc_http_reply_problem(req, 400, NULL, wrong);
			return NULL;
		}
		if (v && *v)
			noc_value_set(params, *filters, noc_value_str(v));
	}
	return params;
}

/* ---- what goes out ---- */

void
noc_api_times(struct noc_value *row, const char *const *names)
{
	for (; *names; names++) {
		const struct noc_value *v = noc_value_get(row, *names);
		char iso[32], *key;
		int64_t ns;

		if (!v || v->type != NOC_INT)
			continue;
		ns = v->u.i;
		key = noc_asprintf("%s_ns", *names);
		if (ns) {
			noc_value_set(row, *names,
				      noc_value_str(noc_time_iso(iso, ns)));
			noc_value_set(row, key, noc_value_int(ns));
		} else {
			noc_value_set(row, *names, noc_value_nil());
		}
		free(key);
	}
}

struct noc_value *
noc_api_paged(const char *key, struct noc_value *list, int64_t limit)
{
	struct noc_value *body = noc_value_map();
	size_t n = noc_value_len(list);
	const struct noc_value *cursor =
	    n ? noc_value_get(noc_value_at(list, n - 1), "cursor") : NULL;

	noc_value_set(body, "next",
		      cursor && (int64_t)n >= limit ? noc_value_copy(cursor)
						    : noc_value_nil());
	noc_value_set(body, key, list);
	return body;
}

/* ---- all routes ---- */

static void
on_http_limit(void *arg, const char *limit, const char *whose, const char *what)
{
	struct noc_env *env = arg;

	noc_limit_reached(env->core, limit, whose, "%s", what);
}

void
noc_api_http_conf(struct noc_http_conf *conf, struct noc_env *env)
{
	conf->authorise = noc_auth_check;
	conf->reached = on_http_limit;
	conf->arg = env;
}

int
noc_api_open(struct noc_env *env, struct noc_api **out, struct noc_err *err)
{
	struct noc_api *api;
	int r = noc_auth_load(env, err);

	if (r)
		return r;
	api = noc_calloc(1, sizeof(*api));
	api->env = env;
	noc_api_probe(api);
	noc_api_metrics(api);
	noc_api_events(api);
	noc_api_ingest(api);
	noc_api_runs(api);
	noc_api_flows(api);
	noc_api_guards(api);
	noc_api_rules(api);
	noc_api_sources(api);
	noc_api_audit(api);
	noc_api_gates(api);
	noc_api_tokens(api);
	*out = api;
	return 0;
}

void
noc_api_close(struct noc_api *api)
{
	if (!api)
		return;
	noc_api_audit_close(api);
	jobs_close();
	noc_auth_release();
	free(api);
}
