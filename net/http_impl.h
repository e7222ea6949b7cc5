/* SPDX-License-Identifier: ISC */
#ifndef NOC_NET_HTTP_IMPL_H
#define NOC_NET_HTTP_IMPL_H

#include "base/strbuf.h"
#include "proto/http_parse.h"
#include "net/http.h"
#include "net/http_conn.h"

/*
 * What the server's files share: http.c (server, accepting), http_listen.c,
 * http_conn.c (bytes, deadlines), http_serve.c (one request), http_req.c
 * (routes, accessors), http_reply.c (answers, streams).  Nobody else includes
 * this.
 *
 * A connection and its request point at each other until one goes: the peer
 * (req->conn becomes NULL) or the answer (conn->req becomes NULL).
 */
#define SEGMENTS_MAX 16
#define PARAMS_MAX   8
#define QUERY_MAX    64

struct route {
	const char *method;
	char *pattern, *block; /* block: the segments' text */
	char *segs[SEGMENTS_MAX];
	bool named[SEGMENTS_MAX];
	size_t nsegs;
	bool rest; /* the last one takes all that follows */
	bool bad, intake;
	int (*wanted)(struct noc_http_req *req, const char **why, void *arg);
	enum noc_role role;
	void (*fn)(struct noc_http_req *req, void *arg);
	void *arg;
};

struct pair {
	const char *name, *value;
};

struct noc_http_req {
	struct noc_http *http; /* NULL: the server is gone */
	struct noc_conn *conn; /* NULL: the peer is gone */
	struct noc_http_req *next, *prev;
	struct noc_http_head head;
	const struct route *route;
	struct noc_strbuf body, extra; /* extra: headers of the answer */
	size_t counted;		       /* in http->stats.body_bytes */
	struct pair params[PARAMS_MAX], query[QUERY_MAX];
	size_t nparams, nquery;
	char *text; /* holds what params and query point at */
	char peer[64], actor[64];
	bool is_unix, later, streaming, chunked, head_only, ended, was_behind;
	int64_t uid;
	enum noc_role role;	  /* of who asks */
	struct noc_value *groups; /* theirs; NULL: not asked yet, or none */
	void (*on)(struct noc_http_req *req, bool gone, void *arg);
	void *on_arg;
	struct noc_watch *tell; /* fires `on` outside of its owner's calls */
};

struct noc_http {
	struct noc_loop *loop;
	struct noc_http_conf conf;
	struct route *routes;
	size_t nroutes, routes_cap;
	struct noc_listener *listeners;
	struct noc_crowd conns[2]; /* TCP, unix */
	struct noc_crowd bodies;   /* being read */
	struct noc_http_req *reqs;
	struct noc_watch *resume; /* accepting, after a pause */
	int reserve_fd, port;
	int64_t own_uid;
	bool started, stopping, busy, paused;
	char own_name[32];
	struct noc_http_stats stats;
};

/* http.c */
void noc_http_accept_events(struct noc_http *http);
void noc_http_reached(struct noc_http *http, const char *limit,
		      const char *whose, const char *what);
void noc_http_on_acceptable(int listen_fd, int events, void *arg);

/* http_req.c */
struct noc_http_req *noc_http_req_new(struct noc_conn *c);
void noc_http_req_free(struct noc_http_req *req);
bool noc_http_pattern_parse(struct route *r);
bool noc_http_routes_equal(const struct route *a, const struct route *b);
/*
 * Finds the route and fills params and query: 0, or a status with *why.  For
 * 405 and 204 the Allow header is set.
 */
int noc_http_route_find(struct noc_http_req *req, const char **why);

/* http_reply.c */
/* An answer of the server itself; req may be NULL (nothing was parsed). */
void noc_http_refuse(struct noc_conn *c, struct noc_http_req *req, int status,
		     const char *detail);
/* The peer left: tell a stream's owner. */
void noc_http_req_detach(struct noc_http_req *req);
/* A stream's bytes went out. */
void noc_http_stream_drained(struct noc_http_req *req);

/* http_serve.c: as many requests as the bytes in c->in make. */
void noc_conn_run(struct noc_conn *c);
/* Is its timer set again? */
bool noc_conn_body_keeps_pace(struct noc_conn *c);
/* Refuses the request whose body is being read; the connection ends. */
void noc_conn_body_refuse(struct noc_conn *c, int status, const char *why);

#endif
