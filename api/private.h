/* SPDX-License-Identifier: ISC */
#ifndef NOC_API_PRIVATE_H
#define NOC_API_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/core/core.h"
#include "api/api.h"

/*
 * The inside of the API, shared by its files.  A handler that cannot answer
 * at once makes a job; each job ends exactly once, by one noc_job_end_*.
 */
struct noc_api_verify;

struct noc_api {
	struct noc_env *env;
	struct noc_api_verify *verify; /* api/audit.c */
};

struct noc_job {
	struct noc_env *env;
	struct noc_http_req *req;
	struct noc_value *data;	  /* the handler's own; freed with the job */
	struct noc_value *result; /* of the last question or command */
	void (*then)(struct noc_job *job);
	int status;	 /* of noc_job_then_reply; 200 */
	const char *key; /* wraps its result: {key: result} */
	struct noc_watch *timer;
	int64_t until_boot_ns;
	struct noc_id id;

	/* private to api.c; req is NULL once the API was closed */
	bool out; /* somebody will call back */
	struct noc_job *next, *prev;
};

/* Answers later, at the latest after ms (0: the server's own limit). */
struct noc_job *noc_job_new(struct noc_env *env, struct noc_http_req *req,
			    int64_t ms);
/* Ask the reader; job->then has job->result, never NULL.  Errors answer. */
void noc_job_ask(struct noc_job *job, const char *question,
		 struct noc_value *params);
/* Carry out a command (owned; the actor and the Idempotency-Key are added);
 * then as above.  Errors answer, but with `missing` an ENOTFOUND goes to
 * missing(job). */
void noc_job_do(struct noc_job *job, struct noc_value *command);
void noc_job_do_or(struct noc_job *job, struct noc_value *command,
		   void (*missing)(struct noc_job *job));
/* For those who call back themselves: out, and back; false: the API was closed
 * meanwhile and the job is gone. */
void noc_job_out(struct noc_job *job);
bool noc_job_back(struct noc_job *job);
void noc_job_end_json(struct noc_job *job, int status, struct noc_value *body);
void noc_job_end_err(struct noc_job *job, const struct noc_err *err);
void noc_job_end_missing(struct noc_job *job, const char *what);

/* A route that is a command (api/command.c); its paths name parameters. */
struct noc_api_route {
	const char *method, *path;
	const char *verb;    /* of engine/core/command.def */
	int status;	     /* of success */
	const char *key;     /* wraps the answer: {key: answer}; or NULL */
	bool starts;	     /* a run: noc_api_starting */
	struct noc_api *api; /* set by noc_api_routes */
};
void noc_api_routes(struct noc_api *api, struct noc_api_route *routes,
		    size_t n); /* kept */
/* A route of its own, with the role of the command behind it. */
void noc_api_route(struct noc_api *api, const char *method, const char *path,
		   const char *verb,
		   void (*fn)(struct noc_http_req *req, void *arg));

/* A whole command with its answer: {key: answer}, or the answer itself. */
void noc_api_command(struct noc_env *env, struct noc_http_req *req,
		     struct noc_value *command, int status, const char *key);
/* Of what cannot be told to be the same: true when it came with an
 * Idempotency-Key, and was answered 400 with why. */
bool noc_api_keyed(struct noc_http_req *req, const char *why);
#define NOC_API_WAIT_MAX_MS 55000 /* that somebody waits for a run's end */

/* The job of a command that starts a run: answered 202, where it is, and what
 * else the command says; with `Prefer: wait=N` the run, 200, when it ends
 * within so long.  NULL: what is preferred makes no sense, answered 400. */
struct noc_job *noc_api_starting(struct noc_env *env, struct noc_http_req *req);
/* prefer.c: ms of `Prefer: wait`, -1 when it is not said.  EINPUT. */
int noc_api_prefer_wait(const struct noc_http_req *req, int64_t *ms,
			struct noc_err *err);
/* Says which preferences the answer goes by. */
void noc_api_prefer_applied(struct noc_http_req *req, int64_t wait_ms);

struct noc_value *noc_api_verb(const char *verb); /* {"verb": verb} */

/*
 * The JSON object of the body with no keys but these (NULL-ended); an empty
 * body is {}.  Returned; NULL: answered 400.
 */
struct noc_value *noc_api_body(struct noc_http_req *req,
			       const char *const *keys);
/* Members of body named in keys, into command; "for": "2h" as for_ms. */
int noc_api_fill(struct noc_value *command, const struct noc_value *body,
		 struct noc_err *err);
/* Query parameters: limit and before, and these filters.  NULL: answered. */
struct noc_value *noc_api_page(struct noc_http_req *req,
			       const char *const *filters);
/* The row's ns times as ISO text, the number going to NAME_ns. */
void noc_api_times(struct noc_value *row, const char *const *names);
/* {key: list, "next": cursor of the last row or nil}; list is copied when
 * borrowed. */
struct noc_value *noc_api_paged(const char *key, struct noc_value *list,
				int64_t limit);

/* Each file's routes. */
void noc_api_probe(struct noc_api *api);
void noc_api_metrics(struct noc_api *api);
void noc_api_events(struct noc_api *api);
void noc_api_ingest(struct noc_api *api);
void noc_api_runs(struct noc_api *api);
void noc_api_flows(struct noc_api *api);
void noc_api_gates(struct noc_api *api);
void noc_api_guards(struct noc_api *api);
void noc_api_rules(struct noc_api *api);
void noc_api_sources(struct noc_api *api);
void noc_api_audit(struct noc_api *api);
void noc_api_audit_close(struct noc_api *api);
void noc_api_tokens(struct noc_api *api);

/* ---- auth.c: STATE/tokens, one JSON object a line ---- */
int noc_auth_check(void *env, struct noc_http_req *req, enum noc_role needed,
		   char *actor, size_t size, struct noc_err *err);
/* ECONFIG: others may read it, or a line is wrong. */
int noc_auth_load(const struct noc_env *env, struct noc_err *err);
void noc_auth_release(void);
/* {id, name, role, groups, created, expires, expired} each; *out: returned. */
int noc_auth_list(const struct noc_env *env, struct noc_value **out,
		  struct noc_err *err);
/* *token: the text, shown once; wipe and free.  On disk when it returns. */
int noc_auth_create(const struct noc_env *env, const char *name,
		    enum noc_role role, const char *groups, int64_t for_ms,
		    char **token, struct noc_value **row, struct noc_err *err);
int noc_auth_revoke(const struct noc_env *env, const char *id,
		    struct noc_value **row, struct noc_err *err);

#endif
