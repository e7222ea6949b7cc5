/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/http_impl.h"

#define REQUESTS_A_RUN 8

static const struct noc_http_limits *
limits(const struct noc_conn *c)
{
	return &c->http->conf.limits;
}

static int64_t
now_ns(const struct noc_conn *c)
{
	return noc_loop_now(c->http->loop).boot_ns;
}

static struct noc_conn *
conn_of(const struct noc_guest *body)
{
	return (struct noc_conn *)((uintptr_t)body -
				   offsetof(struct noc_conn, body));
}

static int
body_worth(const struct noc_guest *body, int64_t *since_ns)
{
	const struct noc_conn *c = conn_of(body);

	*since_ns = c->since_ns;
	return c->verified;
}

/* A browser's cross-site form or script says where it comes from. */
static bool
origin_usable(const struct noc_http_req *req)
{
	const char *origin = noc_http_header(req, "origin");
	const char *host = noc_http_header(req, "host"), *p;

	if (origin == NULL || req->is_unix)
		return true;
	p = strstr(origin, "://");
	return p != NULL && host != NULL && strcasecmp(p + 3, host) == 0;
}

static int
role_check(struct noc_conn *c, struct noc_http_req *req, const char **why)
{
	const struct noc_http *http = c->http;
	enum noc_role needed = req->route->role;
	struct noc_err err = { 0 };
	int rc;

	if (needed == NOC_ROLE_NONE)
		return 0;
	/* Who brings a token wants to be who it is of. */
	if (req->is_unix && (req->uid == 0 || req->uid == http->own_uid) &&
	    !noc_http_header(req, "authorization")) {
		noc_http_is_of(req, NOC_ROLE_ADMIN, NULL);
		snprintf(req->actor, sizeof(req->actor), "unix:%s",
			 req->uid == 0 ? "root" : http->own_name);
		return 0;
	}
	*why = "this needs credentials";
	if (http->conf.authorise == NULL)
		return 401;
	rc = http->conf.authorise(http->conf.arg, req, needed, req->actor,
				  sizeof(req->actor), &err);
	if (rc == 0)
		return 0;
	req->actor[0] = '\0';
	if (rc == NOC_EINPUT)
		return 401;
	*why = "your role does not allow this";
	if (rc == NOC_EDENIED)
		return 403;
	*why = "credentials cannot be checked at the moment";
	return 503;
}

/* 0: the body may come; else a status. */
static int
request_admit(struct noc_conn *c, struct noc_http_req *req, const char **why)
{
	const struct noc_http_head *h = &req->head;
	bool changes =
	    strcmp(h->method, "GET") != 0 && strcmp(h->method, "HEAD") != 0;
	int status;

	*why = "requests from other sites are not served";
	if (changes && !origin_usable(req))
		return 403;
	status = role_check(c, req, why);
	if (status != 0)
		return status;
	c->verified = c->verified || req->route->role != NOC_ROLE_NONE;
	if (req->route->wanted != NULL)
		status = req->route->wanted(req, why, req->route->arg);
	if (status != 0)
		return status;
	*why = "the journal is behind; try again later";
	if (req->route->intake && c->http->busy)
		return 503;
	*why = "the body is larger than this server takes";
	if (h->length > (int64_t)limits(c)->body_max)
		return 413;
	return 0;
}

static void
request_dispatch(struct noc_conn *c)
{
	struct noc_http_req *req = c->req;

	c->state = CONN_REPLY;
	c->since_ns = now_ns(c);
	noc_timer_disarm(c->timer);
	noc_crowd_leave(&c->http->bodies, &c->body);
	req->route->fn(req, req->route->arg);
	/* Answered: the request is gone and c->req is NULL. */
	if (c->dead || c->req == NULL || c->req->later)
		return;
	(void)NOC_FAILS(c->req == NULL);
	noc_http_refuse(c, c->req, 500, "the handler gave no answer");
}

void
noc_conn_body_refuse(struct noc_conn *c, int status, const char *why)
{
	c->keep = false;
	noc_crowd_leave(&c->http->bodies, &c->body);
	noc_http_refuse(c, c->req, status, why);
}

bool
noc_conn_body_keeps_pace(struct noc_conn *c)
{
	const struct noc_http_limits *l = limits(c);
	int64_t ms = (now_ns(c) - c->since_ns) / NOC_NS_PER_MS;
	int64_t left = l->body_ms - ms, bytes = (int64_t)c->req->body.len;

	if (left <= 0 ||
	    (ms >= l->body_grace_ms && bytes * 1000 < l->body_rate_min * ms))
		return false;
	noc_timer_arm(c->timer, left < 1000 ? left : 1000);
	return true;
}

/*
 * All bodies together are as much as may be: the slowest give way, of the
 * address that has the most of them.  False: c was one of them.
 */
static bool
bodies_make_room(struct noc_conn *c)
{
	struct noc_http *http = c->http;

	while (http->stats.body_bytes > limits(c)->body_total_max) {
		struct noc_guest *worst =
		    noc_crowd_worst(&http->bodies, NULL, body_worth);
		struct noc_conn *gone = worst != NULL ? conn_of(worst) : c;

		noc_http_reached(http, "http.bodies",
				 noc_guest_address(&gone->place),
				 "one of its bodies is refused, with 503");
		noc_conn_body_refuse(gone, 503,
				     "too much is being received at once");
		if (gone == c)
			return false;
	}
	return true;
}

/* Moves what came into the request's body; true: it is complete. */
static bool
body_advance(struct noc_conn *c)
{
	struct noc_http_req *req = c->req;
	struct noc_http_stats *stats = &c->http->stats;
	size_t max = limits(c)->body_max, had = req->body.len;
	ssize_t used;
	bool done;

	if (req->head.chunked) {
		used = noc_http_chunks_feed(&c->chunks, c->in.p + c->in_at,
					    noc_conn_in(c), &req->body, max);
		done = c->chunks.done;
	} else {
		size_t need = (size_t)req->head.length - req->body.len;

		used = (ssize_t)(noc_conn_in(c) < need ? noc_conn_in(c) : need);
		noc_strbuf_add(&req->body, c->in.p + c->in_at, (size_t)used);
		done = (size_t)used == need;
	}
	req->counted += req->body.len - had;
	stats->body_bytes += req->body.len - had;
	noc_crowd_weigh(&c->body, req->body.len);
	if (used < 0) {
		stats->malformed += used == -400;
		noc_conn_body_refuse(
		    c, (int)-used,
		    used == -413 ? "the body is larger than this server takes"
				 : "the chunks of the body are malformed");
		return false;
	}
	noc_conn_consume(&c->in, &c->in_at, (size_t)used);
	return bodies_make_room(c) && done;
}

static void
head_refuse(struct noc_conn *c, int status, const char *why)
{
	c->http->stats.malformed++;
	c->keep = false;
	noc_http_refuse(c, NULL, status, why);
}

/* A complete head of n bytes lies in c->in. */
static void
head_take(struct noc_conn *c, size_t n)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct noc_http_req *req = noc_http_req_new(c);
	const char *why = NULL;
	int64_t age_ms = (now_ns(c) - c->born_ns) / NOC_NS_PER_MS;
	int status = -noc_http_head_parse(noc_slice(c->in.p + c->in_at, n),
					  &req->head, &why);

	noc_conn_consume(&c->in, &c->in_at, n);
	if (status != 0) {
		noc_http_req_free(req);
		head_refuse(c, status, why);
		return;
	}
	c->keep = req->head.keep_alive && !c->http->stopping &&
		  age_ms < limits(c)->life_ms;
	status = noc_http_route_find(req, &why);
	if (status == 0)
		status = request_admit(c, req, &why);
	if (status != 0) {
		noc_http_refuse(c, req, status, why);
		return;
	}
	if (!req->head.chunked && req->head.length <= 0) {
		request_dispatch(c);
		return;
	}
	c->state = CONN_BODY;
	c->since_ns = now_ns(c);
	memset(&c->chunks, 0, sizeof(c->chunks));
	noc_crowd_enter(&c->http->bodies, &c->body,
			noc_guest_address(&c->place), 0);
	noc_timer_arm(c->timer, limits(c)->body_grace_ms < limits(c)->body_ms
				    ? limits(c)->body_grace_ms
				    : limits(c)->body_ms);
	if (req->head.expect_continue && noc_conn_in(c) == 0) {
		noc_strbuf_add(&c->out, go_on, sizeof(go_on) - 1);
		noc_conn_flush(c);
	}
}

/* One step with the bytes at hand; false: nothing more to do now. */
static bool
conn_advance(struct noc_conn *c)
{
	ssize_t n;

	if (c->state == CONN_BODY) {
		if (noc_conn_in(c) == 0 || !body_advance(c))
			return false;
		request_dispatch(c);
		return true;
	}
	if (c->state != CONN_HEAD || noc_conn_in(c) == 0 ||
	    noc_conn_out(c) >= NOC_CONN_OUT_ENOUGH)
		return false;
	if (c->idle) {
		c->idle = false;
		c->since_ns = now_ns(c);
		noc_timer_arm(c->timer, limits(c)->head_ms);
	}
	n = noc_http_head_end(noc_slice(c->in.p + c->in_at, noc_conn_in(c)),
			      limits(c)->head_max, &c->scan);
	if (n == 0)
		return false;
	if (n < 0)
		head_refuse(c, (int)-n,
			    n == -431 ? "the headers are too long"
				      : "the head has a bare CR or LF, or "
					"control characters");
	else
		head_take(c, (size_t)n);
	return true;
}

void
noc_conn_run(struct noc_conn *c)
{
	int requests = 0;

	c->running = true;
	while (!c->dead && requests++ < 2 * REQUESTS_A_RUN && conn_advance(c))
		;
	c->running = false;
	if (c->dead)
		return;
	if (requests > 2 * REQUESTS_A_RUN)
		noc_timer_arm(c->kick, 0); /* others first */
	/* The peer closed: nobody will complete what is not complete. */
	else if (c->eof && (c->state == CONN_HEAD || c->state == CONN_BODY) &&
		 noc_conn_out(c) == 0)
		noc_conn_kill(c);
	else if (c->eof && c->state == CONN_HEAD)
		c->state = CONN_LINGER;
	noc_conn_events(c);
}
