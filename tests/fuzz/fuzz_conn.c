/* SPDX-License-Identifier: ISC */
/*
 * A whole HTTP connection, through the real loop.  The input: how many cuts,
 * the length of each piece, then what a peer sends.  The same bytes cut in
 * another way are the same requests and the same answers, and nothing of the
 * connection is left.
 *
 * Of: net/http.c net/http_conn.c net/http_serve.c net/http_req.c
 * net/http_reply.c proto/http_parse.c proto/http_parse_chunks.c
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUIET_TURNS 4 /* without a byte: nothing more will come */
#define HANG_TURNS  100000

static struct noc_loop *loop;
static struct noc_http *http;
static struct sockaddr_un at;
static socklen_t at_len;
static char names[][8] = { "hello", "ack", "stream", "hook" }; /* routes */
static struct noc_strbuf *asked; /* requests that the routes saw */

/* One peer: what it heard, and how long nothing moved. */
struct peer {
	int fd;
	struct noc_strbuf heard;
	bool ended;
	uint64_t moved;
	int quiet, turns;
};

/* ---- the server ---- */

static void
note(struct noc_http_req *req, const char *route)
{
	static const char *const params[] = { "id", "rest" };
	struct noc_slice body = noc_http_body(req);
	const char *name, *value;

	noc_strbuf_addf(asked, "%s a=%s", route,
			noc_http_query(req, "a") ? noc_http_query(req, "a")
						 : "-");
	for (size_t i = 0; i < NOC_COUNT(params); i++)
		if ((value = noc_http_param(req, params[i])))
			noc_strbuf_addf(asked, " %s=%s", params[i], value);
	for (size_t it = 0; noc_http_header_next(req, &it, &name, &value);)
		noc_strbuf_addf(asked, "\n%s: %s", name, value);
	noc_strbuf_addf(asked, "\n%zu ", body.len);
	noc_strbuf_add(asked, body.p, body.len);
	noc_strbuf_addc(asked, '\n');
}

static void
on_hello(struct noc_http_req *req, void *arg)
{
	note(req, arg);
	noc_http_header_set(req, "X-Said",
			    noc_http_query(req, "a") ? noc_http_query(req, "a")
						     : "nothing");
	noc_http_reply(req, 200, "text/plain", "hello", 5);
}

static void
on_stream(struct noc_http_req *req, void *arg)
{
	note(req, arg);
	noc_http_stream_begin(req, 200, "text/plain");
	noc_http_stream_write(req, "piece\n", 6);
	noc_http_stream_end(req);
}

static void
on_later(void *arg)
{
	noc_http_reply(arg, 202, "text/plain", "late", 4);
}

static void
on_hook(struct noc_http_req *req, void *arg)
{
	note(req, arg);
	noc_loop_defer(loop, on_later, noc_http_reply_later(req, 0));
}

static void
open_once(void)
{
	static struct noc_strbuf requests = NOC_STRBUF_INIT;
	struct noc_http_conf conf;
	struct noc_err err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	asked = &requests;
	noc_http_conf_default(&conf);
	conf.limits.head_max = 2048;
	conf.limits.body_max = 2048;
	at.sun_family = AF_UNIX;
	at_len = sizeof(at);
	/* An address that the kernel chooses, and no file. */
	if (noc_loop_new(&loop, &err) || noc_http_new(loop, &conf, &http, &err))
		abort();
	noc_http_route(http, "GET", "/hello", NOC_ROLE_NONE, on_hello,
		       names[0]);
	noc_http_route(http, "POST", "/runs/{id}/ack", NOC_ROLE_OPERATOR,
		       on_hello, names[1]);
	noc_http_route(http, "GET", "/stream", NOC_ROLE_VIEWER, on_stream,
		       names[2]);
	noc_http_intake(http, "POST", "/hooks/{rest...}", NOC_ROLE_NONE, NULL,
			on_hook, names[3]);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at.sun_family)) ||
	    getsockname(fd, (struct sockaddr *)&at, &at_len) ||
	    noc_http_listen_fd(http, fd, &err) || noc_http_start(http, &err))
		abort();
}

/* ---- the peer ---- */

static uint64_t
moved(void)
{
	struct noc_http_stats s;

	noc_http_stats(http, &s);
	return s.bytes_in + s.bytes_out + s.accepted;
}

static void
on_turn(void *arg)
{
	struct peer *p = arg;
	uint64_t now = moved();
	char buf[16384];
	ssize_t n;

	while (!p->ended &&
	       (n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0) {
		p->ended = n == 0;
		noc_strbuf_add(&p->heard, buf, (size_t)n);
		p->quiet = 0;
	}
	p->quiet = now == p->moved ? p->quiet + 1 : 0;
	p->moved = now;
	NOC_REQUIRE(++p->turns < HANG_TURNS);
	if (p->quiet < QUIET_TURNS)
		noc_loop_defer(loop, on_turn, p);
	else
		noc_loop_stop(loop);
}

static void
settle(struct peer *p)
{
	p->quiet = 0;
	noc_loop_defer(loop, on_turn, p);
	noc_loop_run(loop);
}

static void
say(struct peer *p, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(p->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
		settle(p);
		if (n < 0 && p->ended)
			return; /* the server has heard enough */
	}
}

/* What depends on the time, and what only says "go on". */
static void
plain(struct noc_strbuf *answer)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	char *p;

	while (answer->len &&
	       (p = memmem(answer->p, answer->len, go_on, sizeof(go_on) - 1))) {
		size_t tail = sizeof(go_on) - 1;

		memmove(p, p + tail,
			answer->len - tail - (size_t)(p - answer->p));
		answer->len -= tail;
	}
	for (size_t i = 0; i + 16 < answer->len; i++)
		if (!memcmp(answer->p + i, "\r\nDate: ", 8))
			for (i += 8; i < answer->len && answer->p[i] != '\r';
			     i++)
				answer->p[i] = '.';
}

/* A connection: these bytes, each piece when the one before was heard. */
static void
talk(const uint8_t *data, size_t size, const uint8_t *cuts, size_t ncuts,
     struct noc_strbuf *answers, struct noc_strbuf *requests)
{
	struct peer p = { .fd =
			      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	struct noc_http_stats s;

	noc_strbuf_clear(asked);
	if (connect(p.fd, (struct sockaddr *)&at, at_len))
		abort();
	for (size_t i = 0; i < ncuts && size; i++) {
		size_t n = cuts[i] ? cuts[i] : 256;

		n = n < size ? n : size;
		say(&p, data, n);
		data += n;
		size -= n;
	}
	say(&p, data, size);
	shutdown(p.fd, SHUT_WR);
	settle(&p);
	NOC_REQUIRE(p.ended);
	close(p.fd);
	settle(&(struct peer){ .fd = -1, .ended = true });
	noc_http_stats(http, &s);
	NOC_REQUIRE(s.conns == 0 && s.conns_unix == 0 && s.streams == 0);
	NOC_REQUIRE(s.pending == 0 && s.body_bytes == 0 && s.timeouts == 0);
	plain(&p.heard);
	*answers = p.heard;
	noc_strbuf_add(requests, asked->p, asked->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct noc_strbuf whole = NOC_STRBUF_INIT, cut = NOC_STRBUF_INIT;
	struct noc_strbuf one = NOC_STRBUF_INIT, two = NOC_STRBUF_INIT;
	size_t n;

	if (!loop)
		open_once();
	n = size ? data[0] & 31 : 0;
	if (size < 1 + n)
		return 0;
	talk(data + 1 + n, size - 1 - n, NULL, 0, &whole, &one);
	talk(data + 1 + n, size - 1 - n, data + 1, n, &cut, &two);
	NOC_REQUIRE(one.len == two.len &&
		    (!one.len || !memcmp(one.p, two.p, one.len)));
	NOC_REQUIRE(whole.len == cut.len &&
		    (!whole.len || !memcmp(whole.p, cut.p, whole.len)));
	noc_strbuf_release(&whole);
	noc_strbuf_release(&cut);
	noc_strbuf_release(&one);
	noc_strbuf_release(&two);
	return 0;
}
