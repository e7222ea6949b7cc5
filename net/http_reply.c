/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/json.h"
#include "base/mem.h"
#include "net/http_impl.h"

#define CAUGHT_UP 65536

static const char problem_type[] = "application/problem+json";

/* What every answer says unless its owner said otherwise. */
static const struct pair defaults[] = {
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy",
	  "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
	  "form-action 'self'" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
};

/* Names and values come from our code, but values may quote input. */
static void
header_add(struct noc_strbuf *out, const char *name, const char *value)
{
	size_t len = 0;

	while ((unsigned char)value[len] >= 0x20 && value[len] != 0x7f)
		len++;
	noc_strbuf_addf(out, "%s: ", name);
	noc_strbuf_add(out, value, len);
	noc_strbuf_adds(out, "\r\n");
}

void
noc_http_header_set(struct noc_http_req *req, const char *name,
		    const char *value)
{
	header_add(&req->extra, name, value);
}

static bool
extra_has(const struct noc_http_req *req, const char *name)
{
	const char *p = req != NULL ? req->extra.p : NULL;
	size_t len = strlen(name);

	while (p != NULL && *p != '\0') {
		if (strncasecmp(p, name, len) == 0 && p[len] == ':')
			return true;
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	return false;
}

static void
date_add(const struct noc_conn *c, struct noc_strbuf *out)
{
	time_t now = noc_loop_now(c->http->loop).wall_ns / NOC_NS_PER_S;
	char text[64];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	header_add(out, "Date", text);
}

/* length < 0: not known yet. */
static void
head_write(struct noc_conn *c, const struct noc_http_req *req, int status,
	   const char *content_type, int64_t length)
{
	struct noc_strbuf *out = &c->out;

	if (status < 200 || status > 599)
		status = 500;
	c->http->stats.by_class[status / 100]++;
	noc_strbuf_addf(out, "HTTP/1.1 %d %s\r\n", status,
			noc_http_reason(status));
	date_add(c, out);
	if (content_type != NULL)
		header_add(out, "Content-Type", content_type);
	if (length >= 0 && status != 204 && status != 304)
		noc_strbuf_addf(out, "Content-Length: %lld\r\n",
				(long long)length);
	if (length < 0 && req->chunked)
		noc_strbuf_adds(out, "Transfer-Encoding: chunked\r\n");
	noc_strbuf_addf(out, "Connection: %s\r\n",
			c->keep ? "keep-alive" : "close");
	for (size_t i = 0; i < NOC_COUNT(defaults); i++) {
		if (!extra_has(req, defaults[i].name))
			header_add(out, defaults[i].name, defaults[i].value);
	}
	if (status == 401 && !extra_has(req, "WWW-Authenticate"))
		header_add(out, "WWW-Authenticate",
			   "Bearer realm=\"nocturne\"");
	if (status == 503 && !extra_has(req, "Retry-After"))
		header_add(out, "Retry-After", "5");
	if (req != NULL && req->extra.len > 0)
		noc_strbuf_add(out, req->extra.p, req->extra.len);
	noc_strbuf_adds(out, "\r\n");
}

void
noc_http_reply(struct noc_http_req *req, int status, const char *content_type,
	       const void *body, size_t len)
{
	struct noc_conn *c = req->conn;

	if (c != NULL && NOC_FAILS(!req->streaming))
		noc_conn_kill(c);
	if (req->conn == NULL) {
		noc_http_req_free(req);
		return;
	}
	noc_conn_hold(c);
	head_write(c, req, status, len > 0 ? content_type : NULL, (int64_t)len);
	if (!req->head_only && len > 0 && status != 204 && status != 304)
		noc_strbuf_add(&c->out, body, len);
	noc_http_req_free(req);
	noc_conn_answered(c);
	noc_conn_drop(c);
}

void
noc_http_reply_json(struct noc_http_req *req, int status,
		    const struct noc_value *body)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;

	noc_json_write(body, NOC_JSON_COMPACT, &text);
	noc_strbuf_addc(&text, '\n');
	noc_http_reply(req, status, "application/json", text.p, text.len);
	noc_strbuf_release(&text);
}

/* RFC 9457.  Without a type of its own the title is the status' phrase. */
static void
problem_write(struct noc_strbuf *out, int status, const char *title,
	      const char *detail)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "type", noc_value_str("about:blank"));
	noc_value_set(
	    v, "title",
	    noc_value_str(title != NULL ? title : noc_http_reason(status)));
	noc_value_set(v, "status", noc_value_int(status));
	if (detail != NULL)
		noc_value_set(v, "detail", noc_value_str(detail));
	noc_json_write(v, NOC_JSON_COMPACT, out);
	noc_strbuf_addc(out, '\n');
	noc_value_free(v);
}

void
noc_http_reply_problem(struct noc_http_req *req, int status, const char *title,
		       const char *detail)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;

	problem_write(&text, status, title, detail);
	noc_http_reply(req, status, problem_type, text.p, text.len);
	noc_strbuf_release(&text);
}

static int
status_of(enum noc_kind kind)
{
	switch (kind) {
	case NOC_OK:
	case NOC_EBUG:
	case NOC_EINDOUBT:
		return 500;
	case NOC_EINPUT:
		return 400;
	case NOC_ECONFIG:
		return 422;
	case NOC_EDENIED:
		return 403;
	case NOC_ENOTFOUND:
		return 404;
	case NOC_ECONFLICT:
	case NOC_ECANCELLED:
		return 409;
	case NOC_EREMOTE:
		return 502;
	case NOC_ETIMEOUT:
		return 504;
	case NOC_EAGAIN:
	case NOC_ERESOURCE:
	case NOC_ESTORE:
	case NOC_EDOWN:
		return 503;
	}
	return 500;
}

void
noc_http_reply_err(struct noc_http_req *req, const struct noc_err *err)
{
	noc_http_reply_problem(req, status_of(err->kind), NULL, err->msg);
}

void
noc_http_refuse(struct noc_conn *c, struct noc_http_req *req, int status,
		const char *detail)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	char sentence[256] = "";

	if (req != NULL && (req->head.length > 0 || req->head.chunked) &&
	    c->state == CONN_HEAD)
		c->keep = false; /* its body is not going to be read */
	if (status == 204) {
		noc_http_reply(req, status, NULL, NULL, 0);
		return;
	}
	if (detail != NULL)
		snprintf(sentence, sizeof(sentence), "%c%s.",
			 detail[0] >= 'a' && detail[0] <= 'z' ? detail[0] - 32
							      : detail[0],
			 detail + 1);
	if (req != NULL) {
		noc_http_reply_problem(req, status, NULL, sentence);
		return;
	}
	c->keep = false;
	problem_write(&text, status, NULL, sentence);
	head_write(c, NULL, status, problem_type, (int64_t)text.len);
	noc_strbuf_add(&c->out, text.p, text.len);
	noc_strbuf_release(&text);
	noc_conn_answered(c);
}

/* --- streams --- */

static void
on_tell(void *arg)
{
	struct noc_http_req *req = arg;

	if (req->on != NULL)
		req->on(req, req->conn == NULL, req->on_arg);
}

static void
tell_soon(struct noc_http_req *req)
{
	if (req->on != NULL && req->tell != NULL)
		noc_timer_arm(req->tell, 0);
}

void
noc_http_req_detach(struct noc_http_req *req)
{
	if (req->conn == NULL)
		return;
	req->conn->req = NULL;
	req->conn = NULL;
	tell_soon(req);
}

void
noc_http_stream_watch(struct noc_http_req *req,
		      void (*on)(struct noc_http_req *req, bool gone,
				 void *arg),
		      void *arg)
{
	req->on = on;
	req->on_arg = arg;
	if (req->http != NULL && req->tell == NULL)
		req->tell = noc_loop_timer(req->http->loop, on_tell, req);
	if (req->conn == NULL)
		tell_soon(req);
}

void
noc_http_stream_begin(struct noc_http_req *req, int status,
		      const char *content_type)
{
	struct noc_conn *c = req->conn;

	req->later = true;
	req->streaming = true;
	if (c == NULL)
		return;
	req->chunked = req->head.minor > 0;
	if (!req->chunked)
		c->keep = false;
	noc_conn_hold(c);
	head_write(c, req, status, content_type, -1);
	c->state = CONN_STREAM;
	c->http->stats.streams++;
	noc_timer_disarm(c->timer); /* no deadline while it is read */
	noc_conn_flush(c);
	noc_conn_drop(c);
}

int
noc_http_stream_write(struct noc_http_req *req, const void *p, size_t len)
{
	struct noc_conn *c = req->conn;
	bool gone;

	if (c == NULL)
		return NOC_EREMOTE;
	if (len == 0 || req->head_only)
		return 0;
	noc_conn_hold(c);
	if (c->out.len - c->out_at + len > c->http->conf.limits.behind_max &&
	    c->out.len > c->out_at) {
		c->http->stats.streams_dropped++;
		noc_conn_kill(c);
	} else {
		if (noc_conn_out(c) == 0)
			c->since_ns = noc_loop_now(c->http->loop).boot_ns;
		if (req->chunked)
			noc_strbuf_addf(&c->out, "%zx\r\n", len);
		noc_strbuf_add(&c->out, p, len);
		if (req->chunked)
			noc_strbuf_adds(&c->out, "\r\n");
		noc_conn_flush(c);
	}
	gone = c->dead;
	noc_conn_drop(c);
	if (!gone && noc_http_stream_behind(req) > CAUGHT_UP)
		req->was_behind = true;
	return gone ? NOC_EREMOTE : 0;
}

void
noc_http_stream_drained(struct noc_http_req *req)
{
	if (req->was_behind && noc_http_stream_behind(req) <= CAUGHT_UP) {
		req->was_behind = false;
		tell_soon(req);
	}
}

size_t
noc_http_stream_behind(const struct noc_http_req *req)
{
	const struct noc_conn *c = req->conn;

	return c != NULL ? c->out.len - c->out_at : 0;
}

void
noc_http_stream_end(struct noc_http_req *req)
{
	struct noc_conn *c = req->conn;

	if (c == NULL) {
		noc_http_req_free(req);
		return;
	}
	noc_conn_hold(c);
	c->http->stats.streams--;
	if (req->chunked && !req->head_only)
		noc_strbuf_adds(&c->out, "0\r\n\r\n");
	noc_http_req_free(req);
	noc_conn_answered(c);
	noc_conn_drop(c);
}
