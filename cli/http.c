/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "proto/http_parse.h"

#define BODY_MAX (256 * 1024 * 1024)
#define BUSY_US	 20000

/* One exchange under way. */
struct exchange {
	const struct noc_http_call *call;
	CURL *easy;
	int64_t deadline_ns; /* boottime */
	bool head;	     /* all of it came */
	bool stopped;
	size_t given;
	struct noc_strbuf body;
	char error[CURL_ERROR_SIZE];
};

static long
exchange_status(const struct exchange *x)
{
	long status = 0;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* ---- what libcurl asks ---- */

static size_t
on_http_head(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	(void)size;
	if (n == 2 && memcmp(p, "\r\n", 2) == 0)
		x->head = exchange_status(x) / 100 != 1;
	return n;
}

static size_t
on_http_body(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	(void)size;
	if (x->body.len + n > BODY_MAX)
		return 0;
	x->given += n;
	if (x->call->on_data && exchange_status(x) / 100 == 2) {
		x->stopped = x->call->on_data(p, n, x->call->arg) != 0;
		return x->stopped ? 0 : n;
	}
	noc_strbuf_add(&x->body, p, n);
	return n;
}

/* At least once a second. */
static int
on_http_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c,
		 curl_off_t d)
{
	const struct exchange *x = arg;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return !x->head && noc_clock_read().boot_ns > x->deadline_ns;
}

/* ---- the request ---- */

static struct curl_slist *
exchange_headers(const struct noc_http_call *call)
{
	const char *token = getenv("NOCTURNE_TOKEN");
	struct curl_slist *list = NULL;
	const char *type = call->type ? call->type : "application/json";
	char *line = noc_asprintf("Content-Type:%s%s", call->body ? " " : "",
				  call->body ? type : "");

	list = curl_slist_append(list, "Accept: application/json");
	if (token && *token) {
		char *said = noc_asprintf("Authorization: Bearer %s", token);

		list = curl_slist_append(list, said);
		noc_wipe(said, strlen(said));
		free(said);
	}
	if (call->key) {
		char *said = noc_asprintf("Idempotency-Key: %s", call->key);

		list = curl_slist_append(list, said);
		free(said);
	}
	list = curl_slist_append(list, "Connection: close");
	list = curl_slist_append(list, "Expect:");
	list = curl_slist_append(list, line);
	free(line);
	return list;
}

static void
exchange_prepare(struct exchange *x, const struct noc_strbuf *body,
		 struct curl_slist *headers)
{
	const struct noc_http_call *call = x->call;
	CURL *easy = x->easy;

	curl_easy_setopt(easy, CURLOPT_URL, "http://localhost/");
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, call->socket);
	curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, call->target);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	if (call->body || strcmp(call->method, "GET")) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)body->len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
				 body->p ? body->p : "");
	}
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_http_head);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_http_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	if (call->on_data) {
		curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
		curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION,
				 on_http_progress);
		curl_easy_setopt(easy, CURLOPT_XFERINFODATA, x);
	}
}

/* Why there is no connection. */
static long
exchange_errno(const struct exchange *x)
{
	long error = 0;

	curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &error);
	return error;
}

/*
 * Again while the daemon's backlog is full: it is there but busy.  connect(2)
 * says EAGAIN then, which libcurl takes for a connection under way; that it is
 * none comes without an errno.
 */
static CURLcode
exchange_perform(struct exchange *x)
{
	CURLcode code = CURLE_OPERATION_TIMEDOUT;
	int64_t left_ms;

	while ((left_ms = (x->deadline_ns - noc_clock_read().boot_ns) /
			  NOC_NS_PER_MS) > 0) {
		if (!x->call->on_data)
			curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS,
					 (long)left_ms);
		code = curl_easy_perform(x->easy);
		if (code != CURLE_COULDNT_CONNECT || exchange_errno(x))
			break;
		usleep(BUSY_US);
	}
	return code;
}

/* ---- what came of it ---- */

static int
connect_fail(const struct noc_http_call *call, long error, struct noc_err *err)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
	case ENOTDIR:
		return noc_err_set(err, NOC_EDOWN,
				   "No daemon is running with state directory "
				   "%s; start one with `nocturne serve`.",
				   call->state);
	case EACCES:
	case EPERM:
		return noc_err_set(err, NOC_EDENIED,
				   "You may not use the daemon's socket %s; be "
				   "its user, in its group, or root.",
				   call->socket);
	case 0:
		return noc_err_set(err, NOC_ETIMEOUT,
				   "The daemon is too busy to take a "
				   "connection.");
	default:
		return noc_err_set(err, NOC_EDOWN,
				   "The daemon's socket %s cannot be used: %s.",
				   call->socket, strerror((int)error));
	}
}

static int
exchange_fail(const struct exchange *x, CURLcode code, struct noc_err *err)
{
	switch ((int)code) {
	case CURLE_COULDNT_CONNECT:
		return connect_fail(x->call, exchange_errno(x), err);
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_ABORTED_BY_CALLBACK:
		return noc_err_set(err, NOC_ETIMEOUT,
				   "The daemon did not answer %s %s in time.",
				   x->call->method, x->call->target);
	case CURLE_OK:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		if (!x->head)
			return noc_err_set(err, NOC_EREMOTE,
					   "The daemon closed the connection "
					   "without an answer.");
		return noc_err_set(err, NOC_EREMOTE,
				   "The daemon's answer broke off after %zu "
				   "bytes.",
				   x->given);
	default:
		return noc_err_set(err, NOC_EREMOTE,
				   "What answers at %s is no daemon of ours: "
				   "%s.",
				   x->call->socket,
				   *x->error ? x->error
					     : curl_easy_strerror(code));
	}
}

static enum noc_kind
kind_of(long status)
{
	switch (status) {
	case 401:
	case 403:
		return NOC_EDENIED;
	case 404:
	case 410:
		return NOC_ENOTFOUND;
	case 409:
	case 412:
		return NOC_ECONFLICT;
	case 429:
	case 503:
		return NOC_EAGAIN;
	case 408:
	case 504:
		return NOC_ETIMEOUT;
	default:
		return status / 100 == 4 ? NOC_EINPUT : NOC_EREMOTE;
	}
}

/* A whole answer is there. */
static int
exchange_answer(const struct exchange *x, struct noc_value **json,
		struct noc_err *err)
{
	long status = exchange_status(x);
	const char *type = NULL, *title, *detail;
	int rc;

	curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
	if (x->body.len && type && strstr(type, "json"))
		(void)noc_json_parse_own(x->body.p, x->body.len, json, NULL);
	if (status / 100 == 2)
		return 0;
	title = noc_value_get_str(*json, "title", noc_http_reason((int)status));
	detail = noc_value_get_str(*json, "detail", title);
	rc = noc_err_set(err, kind_of(status), "%s", detail);
	noc_value_free(*json);
	*json = NULL;
	return rc;
}

int
noc_http_call(const struct noc_http_call *call, struct noc_value **json,
	      struct noc_err *err)
{
	struct exchange x = {
		.call = call,
		.deadline_ns =
		    noc_clock_read().boot_ns + call->timeout_ms * NOC_NS_PER_MS,
	};
	struct noc_strbuf body = NOC_STRBUF_INIT;
	struct curl_slist *headers;
	CURLcode code;
	int rc;

	*json = NULL;
	if (strlen(call->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return connect_fail(call, ENAMETOOLONG, err);
	curl_global_init(CURL_GLOBAL_NOTHING);
	x.easy = curl_easy_init();
	headers = exchange_headers(call);
	if (call->body)
		noc_json_write(call->body, NOC_JSON_COMPACT, &body);
	exchange_prepare(&x, &body, headers);
	code = exchange_perform(&x);
	if (x.stopped)
		rc = 0;
	else if (code != CURLE_OK || !x.head)
		rc = exchange_fail(&x, code, err);
	else
		rc = exchange_answer(&x, json, err);
	curl_easy_cleanup(x.easy);
	curl_slist_free_all(headers);
	curl_global_cleanup();
	noc_strbuf_release(&x.body);
	noc_strbuf_release(&body);
	return rc;
}
