/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_HTTP_H
#define NOC_CLI_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/value.h"

/*
 * The CLI's side of the API: one blocking request over the daemon's unix
 * socket, by libcurl.  Proxies, cookies, netrc and redirects are nothing to
 * it.  Not for the daemon.  Main thread.
 */
struct noc_http_call {
	const char *socket; /* its path */
	const char *state;  /* the state directory as the user named it */
	const char *method, *target;  /* "GET", "/api/v1/runs?limit=5" */
	const struct noc_value *body; /* as JSON; NULL: none; borrowed */
	const char *type;	      /* of the body; NULL: application/json */
	const char *key;	      /* Idempotency-Key; NULL: none */
	/* For the whole exchange, with on_data for its headers only. > 0. */
	int64_t timeout_ms;
	/* Gets a 2xx body in pieces; non-zero ends the call (not an error). */
	int (*on_data)(const char *p, size_t len, void *arg);
	void *arg;
};

/*
 * *json is the body of a good answer, NULL when it is not JSON or on_data got
 * it: returned.  A status of 400 and more is an error of its kind, with the
 * problem's detail as its message.  EDOWN: nobody listens there; EDENIED: the
 * socket may not be used; ETIMEOUT; EREMOTE: no valid answer came.
 */
int noc_http_call(const struct noc_http_call *call, struct noc_value **json,
		  struct noc_err *err);

#endif
