/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/http_client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "proto/http_parse.h"

#define HEAD_MAX   65536
#define BODY_MAX   (256 * 1024 * 1024)
#define TIMEOUT_MS 30000

/* One exchange under way. */
struct exchange {
	const struct noc_http_call *call;
	struct noc_http_answer *out;
	struct noc_err *err;
	int fd;
	int64_t deadline_ns; /* boottime; 0: none */
	struct noc_strbuf in, body;
	int64_t length; /* -1: until the end */
	bool chunked;
	struct noc_http_chunks chunks;
	size_t given; /* how much of the body on_data had */
};

static void
deadline_set(struct exchange *x, int64_t ms)
{
	x->deadline_ns =
	    ms > 0 ? noc_clock_read().boot_ns + ms * NOC_NS_PER_MS : 0;
}

static int
wait_for(struct exchange *x, short events)
{
	for (;;) {
		struct pollfd p = { x->fd, events, 0 };
		int64_t ms = -1;
		int n;

		if (x->deadline_ns > 0) {
			ms = (x->deadline_ns - noc_clock_read().boot_ns) /
				 NOC_NS_PER_MS +
			     1;
			if (ms < 0)
				ms = 0;
			if (ms > INT_MAX)
				ms = INT_MAX;
		}
		n = poll(&p, 1, (int)ms);
		if (n > 0)
			return 0;
		if (n == 0)
			return noc_err_set(
			    x->err, NOC_ETIMEOUT,
			    "The daemon did not answer %s %s in time.",
			    x->call->method, x->call->target);
		if (errno != EINTR)
			return noc_err_set(x->err, NOC_EREMOTE,
					   "The daemon cannot be heard: %s.",
					   strerror(errno));
	}
}

static int
connect_fail(struct exchange *x, int error)
{
	const char *state = x->call->state, *path = x->call->socket;

	if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
		return noc_err_set(x->err, NOC_EDOWN,
				   "No daemon is running with state directory "
				   "%s; start one with `nocturne serve`.",
				   state != NULL ? state : path);
	if (error == EACCES || error == EPERM)
		return noc_err_set(x->err, NOC_EDENIED,
				   "You may not use the daemon's socket %s; be "
				   "its user, in its group, or root.",
				   path);
	return noc_err_set(x->err, NOC_EDOWN,
			   "The daemon's socket %s cannot be used: %s.", path,
			   strerror(error));
}

static int
exchange_connect(struct exchange *x)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *path = x->call->socket;

	if (strlen(path) >= sizeof(un.sun_path))
		return connect_fail(x, ENAMETOOLONG);
	memcpy(un.sun_path, path, strlen(path) + 1);
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (x->fd < 0)
		return connect_fail(x, errno);
	while (connect(x->fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
		/* EAGAIN: its backlog is full, it is there but busy. */
		if (errno != EAGAIN && errno != EINTR)
			return connect_fail(x, errno);
		if (noc_clock_read().boot_ns > x->deadline_ns)
			return noc_err_set(x->err, NOC_ETIMEOUT,
					   "The daemon is too busy to take a "
					   "connection.");
		usleep(20000);
	}
	return 0;
}

static int
exchange_send(struct exchange *x)
{
	struct noc_strbuf text = NOC_STRBUF_INIT, body = NOC_STRBUF_INIT;
	size_t at = 0;
	int rc = 0;

	noc_strbuf_addf(&text,
			"%s %s HTTP/1.1\r\nHost: localhost\r\n"
			"Connection: close\r\nAccept: application/json\r\n%s",
			x->call->method, x->call->target,
			x->call->headers != NULL ? x->call->headers : "");
	if (x->call->body != NULL) {
		noc_json_write(x->call->body, NOC_JSON_COMPACT, &body);
		if (!x->call->headers ||
		    !strcasestr(x->call->headers, "content-type:"))
			noc_strbuf_adds(&text,
					"Content-Type: application/json\r\n");
	}
	if (x->call->body != NULL || strcmp(x->call->method, "GET") != 0)
		noc_strbuf_addf(&text, "Content-Length: %zu\r\n", body.len);
	noc_strbuf_adds(&text, "\r\n");
	noc_strbuf_add(&text, body.p != NULL ? body.p : "", body.len);
	while (rc == 0 && at < text.len) {
		ssize_t n =
		    send(x->fd, text.p + at, text.len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			rc = wait_for(x, POLLOUT);
		else if (errno != EINTR)
			break; /* it may have answered all the same */
	}
	noc_strbuf_release(&text);
	noc_strbuf_release(&body);
	return rc;
}

/* Reads once into x->in; *end when the daemon closed. */
static int
exchange_read(struct exchange *x, bool *end)
{
	char bytes[65536];

	for (;;) {
		ssize_t n = recv(x->fd, bytes, sizeof(bytes), 0);
		int rc;

		*end = n == 0 || (n < 0 && errno == ECONNRESET);
		if (n > 0)
			noc_strbuf_add(&x->in, bytes, (size_t)n);
		if (n > 0 || *end)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return noc_err_set(x->err, NOC_EREMOTE,
					   "The daemon cannot be heard: %s.",
					   strerror(errno));
		rc = wait_for(x, POLLIN);
		if (rc != 0)
			return rc;
	}
}

static int
answer_bad(struct exchange *x, const char *why)
{
	return noc_err_set(x->err, NOC_EREMOTE,
			   "What answers at %s is no daemon of ours: %s.",
			   x->call->socket, why);
}

static void
field_take(struct exchange *x, char *line)
{
	char *value = strchr(line, ':');

	if (value == NULL)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(line, "content-length") == 0)
		x->length = strtoll(value, NULL, 10);
	else if (strcasecmp(line, "transfer-encoding") == 0)
		x->chunked = strcasecmp(value, "chunked") == 0;
	else if (strcasecmp(line, "content-type") == 0 &&
		 *x->out->content_type == '\0') {
		free(x->out->content_type);
		x->out->content_type = noc_strdup(value);
	} else if (strcasecmp(line, "location") == 0 &&
		   *x->out->location == '\0') {
		free(x->out->location);
		x->out->location = noc_strdup(value);
	}
}

/* n bytes of x->in are a head. */
static int
head_take(struct exchange *x, size_t n)
{
	char *head = noc_strndup(x->in.p, n), *line, *save = NULL;

	x->length = -1;
	line = strtok_r(head, "\r\n", &save);
	if (line == NULL || strncmp(line, "HTTP/1.", 7) != 0 ||
	    strlen(line) < 12) {
		free(head);
		return answer_bad(x, "it does not speak HTTP/1.1");
	}
	x->out->status = atoi(line + 9);
	while ((line = strtok_r(NULL, "\r\n", &save)) != NULL)
		field_take(x, line);
	free(head);
	memmove(x->in.p, x->in.p + n, x->in.len - n);
	x->in.len -= n;
	if (x->out->status < 100 || x->out->status > 599 || x->length < -1 ||
	    x->length > BODY_MAX)
		return answer_bad(x, "its status or length is impossible");
	if (x->out->status == 204 || x->out->status == 304)
		x->length = 0;
	return 0;
}

static int
exchange_head(struct exchange *x)
{
	size_t scan = 0;
	bool end = false;

	for (;;) {
		ssize_t n = noc_http_head_end(noc_slice(x->in.p, x->in.len),
					      HEAD_MAX, &scan);
		int rc;

		if (n < 0)
			return answer_bad(x, "its headers are malformed");
		if (n > 0) {
			rc = head_take(x, (size_t)n);
			scan = 0;
			if (rc != 0 || x->out->status >= 200)
				return rc;
			continue; /* 100 Continue */
		}
		if (end)
			return noc_err_set(x->err, NOC_EREMOTE,
					   "The daemon closed the connection "
					   "without an answer.");
		rc = exchange_read(x, &end);
		if (rc != 0)
			return rc;
	}
}

/* Decodes what came; *done when the body is complete. */
static int
body_decode(struct exchange *x, bool end, bool *done)
{
	size_t take = x->in.len;
	ssize_t used;

	*done = end;
	if (x->chunked) {
		used = noc_http_chunks_feed(&x->chunks, x->in.p, x->in.len,
					    &x->body, BODY_MAX);
		if (used < 0)
			return answer_bad(x, "its chunks are malformed");
		take = (size_t)used;
		*done = x->chunks.done;
	} else {
		if (x->length >= 0 &&
		    take > (size_t)x->length - x->given - x->body.len)
			take = (size_t)x->length - x->given - x->body.len;
		if (x->body.len + take > BODY_MAX)
			return answer_bad(x, "its body does not end");
		noc_strbuf_add(&x->body, x->in.p, take);
		if (x->length >= 0)
			*done = x->given + x->body.len == (size_t)x->length;
	}
	memmove(x->in.p, x->in.p + take, x->in.len - take);
	x->in.len -= take;
	if (end && !*done)
		return noc_err_set(x->err, NOC_EREMOTE,
				   "The daemon's answer broke off after %zu "
				   "bytes.",
				   x->given + x->body.len);
	return 0;
}

static int
exchange_body(struct exchange *x)
{
	bool stream = x->call->on_data != NULL && x->out->status / 100 == 2;
	bool end = false, done = false;
	int rc = 0;

	if (stream)
		deadline_set(x, x->call->idle_ms);
	noc_strbuf_adds(&x->in, ""); /* so that it has a block */
	while (rc == 0 && !done) {
		rc = body_decode(x, end, &done);
		if (rc == 0 && stream && x->body.len > 0) {
			x->given += x->body.len;
			if (x->call->on_data(x->body.p, x->body.len,
					     x->call->arg) != 0)
				done = true;
			noc_strbuf_clear(&x->body);
			deadline_set(x, x->call->idle_ms);
		}
		if (rc == 0 && !done)
			rc = exchange_read(x, &end);
	}
	return rc;
}

int
noc_http_call(const struct noc_http_call *call, struct noc_http_answer *out,
	      struct noc_err *err)
{
	struct exchange x = { .call = call, .out = out, .err = err, .fd = -1 };
	int rc;

	memset(out, 0, sizeof(*out));
	out->content_type = noc_strdup("");
	out->location = noc_strdup("");
	deadline_set(&x, call->timeout_ms > 0 ? call->timeout_ms : TIMEOUT_MS);
	rc = exchange_connect(&x);
	if (rc == 0)
		rc = exchange_send(&x);
	if (rc == 0)
		rc = exchange_head(&x);
	if (rc == 0)
		rc = exchange_body(&x);
	noc_strbuf_adds(&x.body, "");
	out->body = noc_strbuf_detach(&x.body, &out->len);
	if (rc == 0 && out->len > 0 && strstr(out->content_type, "json"))
		(void)noc_json_parse(out->body, out->len, &out->json, NULL);
	noc_strbuf_release(&x.in);
	if (x.fd >= 0)
		close(x.fd);
	return rc;
}

void
noc_http_answer_release(struct noc_http_answer *answer)
{
	free(answer->content_type);
	free(answer->location);
	free(answer->body);
	noc_value_free(answer->json);
	memset(answer, 0, sizeof(*answer));
}

static enum noc_kind
kind_of(int status)
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
		return status >= 500 ? NOC_EREMOTE : NOC_EINPUT;
	}
}

int
noc_http_answer_err(const struct noc_http_answer *answer, struct noc_err *err)
{
	const char *title, *detail;

	if (answer->status < 400)
		return 0;
	title = noc_value_get_str(answer->json, "title",
				  noc_http_reason(answer->status));
	detail = noc_value_get_str(answer->json, "detail", NULL);
	return noc_err_set(err, kind_of(answer->status), "%s",
			   detail != NULL ? detail : title);
}
