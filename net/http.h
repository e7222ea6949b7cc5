/* SPDX-License-Identifier: ISC */
#ifndef NOC_NET_HTTP_H
#define NOC_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/role.h"
#include "base/slice.h"
#include "base/value.h"
#include "net/loop.h"

/*
 * The HTTP/1.1 server: API, webhooks, metrics.  One route table for a TCP and
 * a unix listener.  Its framing is its own and strict (http_parse.h): what
 * two parsers could read in two ways is answered 400.  Every wait has an
 * absolute deadline; errors are RFC 9457 problems.  Loop thread only.
 */
struct noc_http;
struct noc_http_req; /* one request, valid until it was answered */

struct noc_http_limits {
	size_t head_max, body_max, body_total_max, behind_max; /* bytes */
	int conns_max, conns_addr_max, conns_unix_max;
	int64_t head_ms, body_ms, idle_ms, write_ms, reply_ms, life_ms;
	/* So long a body may dawdle; then it has come at this pace. */
	int64_t body_grace_ms, body_rate_min; /* bytes a second */
};

struct noc_http_conf {
	struct noc_http_limits limits;
	/*
	 * Asked before the body is read, for every route that is not public,
	 * unless the peer is root or our own user on the unix socket (admin)
	 * and says nothing else of who it is.
	 * 0 and the actor's name, role and groups by noc_http_is_of; EINPUT: no
	 * usable credentials (401); EDENIED: not for this role (403).  NULL:
	 * nobody else gets in.
	 */
	int (*authorise)(void *arg, struct noc_http_req *req,
			 enum noc_role needed, char *actor, size_t size,
			 struct noc_err *err);
	/* Somebody (an address) was turned away, or gave way.  May be NULL. */
	void (*reached)(void *arg, const char *limit, const char *whose,
			const char *what);
	void *arg;
};
/* The limits of design/api.md; authorise NULL. */
void noc_http_conf_default(struct noc_http_conf *conf);

int noc_http_new(struct noc_loop *loop, const struct noc_http_conf *conf,
		 struct noc_http **out, struct noc_err *err);
/* Not within a handler.  Unanswered requests stay with their owners. */
void noc_http_free(struct noc_http *http);

/*
 * "/api/v1/runs/{id}"; a last "{path...}" takes the rest.  A literal beats a
 * name.  GET answers HEAD too.  fn answers, or calls noc_http_reply_later.
 */
void noc_http_route(struct noc_http *http, const char *method,
		    const char *pattern, enum noc_role role,
		    void (*fn)(struct noc_http_req *req, void *arg), void *arg);
/*
 * One by which machines hand in what can wait: 503 while the server is busy.
 * What people say is always taken.  wanted (NULL: all is) is asked before the
 * body is read: 0, or a status and why.
 */
void noc_http_intake(struct noc_http *http, const char *method,
		     const char *pattern, enum noc_role role,
		     int (*wanted)(struct noc_http_req *req, const char **why,
				   void *arg),
		     void (*fn)(struct noc_http_req *req, void *arg),
		     void *arg);
/* The i-th route for OpenAPI; false past the end. */
bool noc_http_route_at(const struct noc_http *http, size_t i,
		       const char **method, const char **pattern,
		       enum noc_role *role);

/* "127.0.0.1:8080", "[::]:8080", "*:0".  ECONFLICT: the port is taken. */
int noc_http_listen_tcp(struct noc_http *http, const char *address,
			struct noc_err *err);
/* Mode 0660; a stale socket is replaced.  ECONFLICT: somebody answers. */
int noc_http_listen_unix(struct noc_http *http, const char *path,
			 struct noc_err *err);
/* An inherited listening socket (systemd); owned. */
int noc_http_listen_fd(struct noc_http *http, int fd, struct noc_err *err);
/* ECONFIG when a route has no role, a bad pattern or a twin. */
int noc_http_start(struct noc_http *http, struct noc_err *err);
/* Accepts no more; connections close after the answer they wait for. */
void noc_http_stop(struct noc_http *http);
int noc_http_port(const struct noc_http *http); /* of the first TCP one */

/* While busy what is handed in (noc_http_intake) gets 503 and Retry-After. */
void noc_http_busy(struct noc_http *http, bool busy);

struct noc_http_stats {
	uint64_t by_class[6]; /* [2]: 2xx ...; [0]: no answer was sent */
	uint64_t accepted, refused, evicted, timeouts, malformed;
	uint64_t streams_dropped, bytes_in, bytes_out, accept_paused;
	int conns, conns_unix, streams, pending;
	size_t body_bytes;
};
void noc_http_stats(const struct noc_http *http, struct noc_http_stats *out);

/* --- the request; texts are borrowed until it was answered --- */
const char *noc_http_param(const struct noc_http_req *req, const char *name);
const char *noc_http_query(const struct noc_http_req *req, const char *name);
const char *noc_http_header(const struct noc_http_req *req, const char *name);
/* names in lower case; size_t it = 0 to begin */
bool noc_http_header_next(const struct noc_http_req *req, size_t *it,
			  const char **name, const char **value);
struct noc_slice noc_http_body(const struct noc_http_req *req);
const char *noc_http_peer(const struct noc_http_req *req); /* "192.0.2.1" */
bool noc_http_is_unix(const struct noc_http_req *req);
const char *noc_http_actor(const struct noc_http_req *req); /* "" if public */
/* Of who asks: their role, and a list of the names of their groups; NULL: none.
 * By the unix socket those that their process has. */
enum noc_role noc_http_role(const struct noc_http_req *req);
const struct noc_value *noc_http_groups(struct noc_http_req *req);
bool noc_http_peer_gone(const struct noc_http_req *req);
/* For authorise; groups is owned, NULL: none. */
void noc_http_is_of(struct noc_http_req *req, enum noc_role role,
		    struct noc_value *groups);
/* Its sender proved who it is: where there is no room, others go first. */
void noc_http_verified(struct noc_http_req *req);

/* --- the answer: exactly one of these, once; req is gone afterwards --- */
void noc_http_reply(struct noc_http_req *req, int status,
		    const char *content_type, const void *body, size_t len);
void noc_http_reply_json(struct noc_http_req *req, int status,
			 const struct noc_value *body); /* borrowed */
void noc_http_reply_problem(struct noc_http_req *req, int status,
			    const char *title, const char *detail);
void noc_http_reply_err(struct noc_http_req *req, const struct noc_err *err);
/* Before the answer: a further header.  Control characters end it. */
void noc_http_header_set(struct noc_http_req *req, const char *name,
			 const char *value);
/*
 * Answer after fn returned.  The handle (req itself) stays valid when the peer
 * vanishes or ms (0: reply_ms) passed and the server said 504: still answer it.
 */
struct noc_http_req *noc_http_reply_later(struct noc_http_req *req, int64_t ms);

/* A long answer in pieces; implies later.  Write: EREMOTE: end it, nobody
 * reads (gone, or more than behind_max bytes behind). */
void noc_http_stream_begin(struct noc_http_req *req, int status,
			   const char *content_type);
int noc_http_stream_write(struct noc_http_req *req, const void *p, size_t len);
size_t noc_http_stream_behind(const struct noc_http_req *req);
void noc_http_stream_end(struct noc_http_req *req); /* req is gone */
/* on(gone = true) once the peer left; (false) when it caught up to 64 KiB
 * after being further behind.  Never from within a call of the above. */
void noc_http_stream_watch(struct noc_http_req *req,
			   void (*on)(struct noc_http_req *req, bool gone,
				      void *arg),
			   void *arg);

#endif
