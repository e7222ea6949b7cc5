/* SPDX-License-Identifier: ISC */
#ifndef NOC_NET_HTTP_CONN_H
#define NOC_NET_HTTP_CONN_H

#include <stdint.h>

#include "base/crowd.h"
#include "base/strbuf.h"
#include "proto/http_parse.h"
#include "net/http.h"

/* A connection of the HTTP server; see http_impl.h. */
struct noc_listener {
	struct noc_http *http;
	int fd;
	bool is_unix;
	struct noc_watch *watch;
	char *path; /* of a unix socket */
	struct noc_listener *next;
};

enum conn_state {
	CONN_HEAD,   /* waits for a request, or for the rest of its head */
	CONN_BODY,   /* for the rest of its body */
	CONN_REPLY,  /* for its owner's answer */
	CONN_STREAM, /* for pieces of a long one */
	CONN_LINGER  /* all is sent; reads until the peer has seen it */
};

struct noc_conn {
	struct noc_guest place; /* first: among all of its kind */
	struct noc_guest body;	/* while one is read: by its bytes */
	struct noc_http *http;
	int fd;
	bool is_unix;
	int64_t uid;
	char peer[64];
	struct noc_watch *watch, *timer, *kick;
	enum conn_state state;
	struct noc_strbuf in, out;
	size_t in_at, out_at, scan;
	struct noc_http_chunks chunks;
	struct noc_http_req *req;
	int64_t born_ns, since_ns;
	bool keep, dead;
	bool verified;	/* somebody who may be here asked on it */
	bool idle;	/* HEAD: not a byte of the next request yet */
	bool running;	/* conn_run goes on by itself */
	bool eof;	/* the peer sends no more */
	size_t drained; /* LINGER: bytes thrown away */
	int holds;	/* frames of ours that still use it */
};

void noc_conn_new(struct noc_listener *from, int fd, const char *peer,
		  const char *address, int64_t uid);
void noc_conn_hold(struct noc_conn *c);
void noc_conn_drop(struct noc_conn *c); /* may free it */
void noc_conn_kill(struct noc_conn *c);
/* For noc_crowd_worst: nobody goes who waits for us. */
int noc_conn_worth(const struct noc_guest *g, int64_t *since_ns);
/* Sends what it can; kills a connection that failed. */
void noc_conn_flush(struct noc_conn *c);
/* The answer is in c->out: flush, then the next request or the end. */
void noc_conn_answered(struct noc_conn *c);
/* n bytes of a buffer were used up. */
void noc_conn_consume(struct noc_strbuf *b, size_t *at, size_t n);
/* Says to the loop what the connection now waits for. */
void noc_conn_events(struct noc_conn *c);

#define NOC_CONN_OUT_ENOUGH (256 * 1024) /* further answers wait */

static inline size_t
noc_conn_out(const struct noc_conn *c)
{
	return c->out.len - c->out_at;
}

static inline size_t
noc_conn_in(const struct noc_conn *c)
{
	return c->in.len - c->in_at;
}

#endif
