/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_HTTP_CLIENT_H
#define NOC_CLI_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/value.h"

/*
 * The CLI's side of the API: one blocking HTTP/1.1 request over the daemon's
 * unix socket.  Not for the daemon.  Any thread.
 */
struct noc_http_call {
	const char *socket; /* its path */
	const char *state;  /* the state directory as the user named it */
	const char *method, *target;  /* "GET", "/api/v1/runs?limit=5" */
	const struct noc_value *body; /* as JSON; NULL: none; borrowed */
	const char *headers;	      /* "Name: value\r\n"...; NULL: none */
	/*
	 * For the whole exchange; with on_data for the headers only, then
	 * idle_ms between pieces.  0: 30 s; idle_ms 0: no limit.
	 */
	int64_t timeout_ms, idle_ms;
	/* Gets a 2xx body in pieces; non-zero ends the call (not an error). */
	int (*on_data)(const char *p, size_t len, void *arg);
	void *arg;
};

struct noc_http_answer {
	int status;
	char *content_type; /* "" when there is none */
	char *location;	    /* "" when there is none */
	char *body;	    /* terminated; empty when on_data got it */
	size_t len;
	struct noc_value *json; /* of a JSON body; else NULL */
};

/*
 * 0 for any answer, also 4xx and 5xx.  EDOWN: nobody listens there; EDENIED:
 * the socket may not be used; ETIMEOUT; EREMOTE: no valid answer came.
 * Release the answer both ways.
 */
int noc_http_call(const struct noc_http_call *call, struct noc_http_answer *out,
		  struct noc_err *err);
void noc_http_answer_release(struct noc_http_answer *answer);
/*
 * A status of 400 and more as an error: its kind, and the problem's detail as
 * the message.  0 for the others.
 */
int noc_http_answer_err(const struct noc_http_answer *answer,
			struct noc_err *err);

#endif
