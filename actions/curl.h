/* SPDX-License-Identifier: ISC */
#ifndef NOC_ACTIONS_CURL_H
#define NOC_ACTIONS_CURL_H

#include "base/err.h"
#include "base/strbuf.h"
#include "base/value.h"
#include "engine/edge/env.h"

/*
 * Requests by libcurl: one multi handle on the loop.  A transfer is started by
 * the http and mail actions and ends once, through done, never from inside
 * start.
 */
struct noc_transfer;

/* What a mail server must offer before it is told anything (STARTTLS). */
enum noc_transfer_tls {
	NOC_TLS_REQUIRED, /* unless it is on this machine */
	NOC_TLS_TRY,
	NOC_TLS_OFF
};

struct noc_transfer_request {
	const char *method, *url;	 /* smtp:// for mail */
	const struct noc_value *headers; /* map; borrowed */
	const void *body;
	size_t body_len; /* copied */
	int64_t timeout_ms;
	size_t max_bytes;
	bool follow;
	bool named;		   /* only to addresses that http.allow names */
	const char *ca;		   /* file or NULL */
	const char *userpwd;	   /* "user:password" or NULL */
	enum noc_transfer_tls tls; /* mail */
	const char *from;	   /* mail */
	const struct noc_value *recipients; /* list; mail */
};

struct noc_transfer_result {
	int status; /* HTTP or SMTP; 0: none came */
	const char *body;
	size_t len;
	const struct noc_value *headers; /* map, lower-case names */
	bool sent;		/* something went out before it failed */
	const char *error;	/* NULL: the transfer itself worked */
	const char *class;	/* of the error */
	int64_t retry_after_ms; /* 0: the peer did not say */
};

int noc_transfer_start(
    struct noc_env *env, const struct noc_transfer_request *req,
    void (*done)(const struct noc_transfer_result *result, void *arg),
    void *arg, struct noc_transfer **out, struct noc_err *err);
void noc_transfer_cancel(struct noc_transfer *t);
/* Host and port of a URL. */
void noc_transfer_peer(const char *url, struct noc_strbuf *out);
void noc_transfer_close(struct noc_env *env); /* at the very end */

#endif
