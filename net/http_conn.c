/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/http.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http_impl.h"

#define READ_BYTES   16384
#define READS_A_TURN 4
#define LINGER_MS    2000
#define LINGER_BYTES (2 * 1024 * 1024)
#define BUFFER_KEEP  16384

void
noc_conn_consume(struct noc_strbuf *b, size_t *at, size_t n)
{
	*at += n;
	if (*at == b->len) {
		if (b->cap > BUFFER_KEEP)
			noc_strbuf_release(b);
		else
			noc_strbuf_clear(b);
		*at = 0;
	} else if (*at > BUFFER_KEEP && *at > b->len / 2) {
		memmove(b->p, b->p + *at, b->len - *at);
		b->len -= *at;
		*at = 0;
	}
}

static const struct noc_http_limits *
limits(const struct noc_conn *c)
{
	return &c->http->conf.limits;
}

static int64_t
now_ns(const struct noc_conn *c)
{
	return noc_loop_now(c->http->loop).boot_ns;
}

void
noc_conn_hold(struct noc_conn *c)
{
	c->holds++;
}

void
noc_conn_drop(struct noc_conn *c)
{
	if (--c->holds > 0 || !c->dead)
		return;
	noc_strbuf_release(&c->in);
	noc_strbuf_release(&c->out);
	free(c);
}

void
noc_conn_kill(struct noc_conn *c)
{
	struct noc_http *http = c->http;
	struct noc_http_req *req = c->req;

	if (c->dead)
		return;
	noc_conn_hold(c);
	c->dead = true;
	noc_crowd_leave(&http->conns[c->is_unix], &c->place);
	noc_crowd_leave(&http->bodies, &c->body);
	/* What was not even handed to the kernel makes the rest useless. */
	if (noc_conn_out(c) > 0)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER,
			   &(struct linger){ 1, 0 }, sizeof(struct linger));
	close(c->fd);
	noc_watch_free(c->watch);
	noc_watch_free(c->timer);
	noc_watch_free(c->kick);
	if (req != NULL) {
		http->stats.by_class[0] += c->state != CONN_STREAM;
		http->stats.streams -= c->state == CONN_STREAM;
		if (c->state == CONN_REPLY || c->state == CONN_STREAM)
			noc_http_req_detach(req);
		else
			noc_http_req_free(req);
	}
	noc_conn_drop(c);
}

/* Who proved who they are stay longest, of them who are in the middle. */
int
noc_conn_worth(const struct noc_guest *g, int64_t *since_ns)
{
	const struct noc_conn *c = (const struct noc_conn *)g;
	bool unread = noc_conn_out(c) > 0;

	*since_ns = c->since_ns;
	if (c->state == CONN_REPLY || (c->state == CONN_STREAM && !unread))
		return -1;
	if (!c->verified)
		return 0;
	return c->state == CONN_HEAD && c->idle && !unread ? 1 : 2;
}

/* --- writing --- */

void
noc_conn_events(struct noc_conn *c)
{
	int events = noc_conn_out(c) > 0 ? NOC_LOOP_WRITE : 0;

	if (c->dead)
		return;
	if (!c->eof && c->state != CONN_REPLY &&
	    (c->state != CONN_HEAD || noc_conn_out(c) < NOC_CONN_OUT_ENOUGH))
		events |= NOC_LOOP_READ;
	noc_watch_events(c->watch, events);
}

/* Everything went out. */
static void
conn_drained(struct noc_conn *c)
{
	if (c->state == CONN_LINGER) {
		if (c->eof || shutdown(c->fd, SHUT_WR) != 0) {
			noc_conn_kill(c);
			return;
		}
		noc_timer_arm(c->timer, LINGER_MS);
	} else if (c->state == CONN_STREAM) {
		noc_timer_disarm(c->timer);
	} else if (c->state == CONN_HEAD && c->idle) {
		noc_timer_arm(c->timer, limits(c)->idle_ms);
	}
}

void
noc_conn_flush(struct noc_conn *c)
{
	size_t before = noc_conn_out(c);

	while (!c->dead && noc_conn_out(c) > 0) {
		ssize_t n = send(c->fd, c->out.p + c->out_at, noc_conn_out(c),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			noc_conn_kill(c);
			return;
		}
		c->http->stats.bytes_out += (uint64_t)n;
		noc_conn_consume(&c->out, &c->out_at, (size_t)n);
	}
	if (c->dead || before == 0)
		return;
	if (noc_conn_out(c) == 0)
		conn_drained(c);
	else if (c->state == CONN_STREAM &&
		 (noc_conn_out(c) < before || !noc_timer_armed(c->timer)))
		noc_timer_arm(c->timer, limits(c)->write_ms);
	if (!c->dead && c->state == CONN_STREAM && noc_conn_out(c) < before)
		noc_http_stream_drained(c->req);
	noc_conn_events(c);
}

void
noc_conn_answered(struct noc_conn *c)
{
	c->since_ns = now_ns(c);
	c->scan = 0;
	if (c->eof && noc_conn_in(c) == 0)
		c->keep = false;
	c->state = c->keep ? CONN_HEAD : CONN_LINGER;
	c->idle = true;
	noc_timer_arm(c->timer, limits(c)->write_ms);
	if (noc_conn_out(c) > 0)
		noc_conn_flush(c);
	else
		conn_drained(c);
	if (!c->dead && c->state == CONN_HEAD && !c->running &&
	    noc_conn_in(c) > 0)
		noc_timer_arm(c->kick, 0);
	noc_conn_events(c);
}

/* --- what the loop says --- */

static void
conn_read(struct noc_conn *c)
{
	char bytes[READ_BYTES];

	for (int i = 0; i < READS_A_TURN && !c->eof; i++) {
		ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			noc_conn_kill(c);
			return;
		}
		c->eof = n == 0;
		c->http->stats.bytes_in += (uint64_t)n;
		if (c->state == CONN_LINGER)
			c->drained += (size_t)n;
		else if (c->state != CONN_STREAM)
			noc_strbuf_add(&c->in, bytes, (size_t)n);
		if (noc_conn_in(c) > limits(c)->head_max)
			break;
	}
	if (c->state == CONN_STREAM && c->eof)
		noc_conn_kill(c);
	else if (c->state == CONN_LINGER && (c->drained > LINGER_BYTES ||
					     (c->eof && noc_conn_out(c) == 0)))
		noc_conn_kill(c);
}

static void
on_conn_fd(int fd, int events, void *arg)
{
	struct noc_conn *c = arg;

	(void)fd;
	noc_conn_hold(c);
	if (events & NOC_LOOP_WRITE)
		noc_conn_flush(c);
	if (!c->dead && events & NOC_LOOP_READ && c->state != CONN_REPLY)
		conn_read(c);
	if (!c->dead)
		noc_conn_run(c);
	noc_conn_drop(c);
}

static void
on_conn_kick(void *arg)
{
	struct noc_conn *c = arg;

	noc_conn_hold(c);
	noc_conn_run(c);
	noc_conn_drop(c);
}

static void
on_conn_timer(void *arg)
{
	struct noc_conn *c = arg;
	bool quiet = c->state == CONN_LINGER ||
		     (c->state == CONN_HEAD && c->idle && noc_conn_out(c) == 0);

	noc_conn_hold(c);
	if (c->state == CONN_BODY && noc_conn_body_keeps_pace(c)) {
		noc_conn_drop(c);
		return;
	}
	c->http->stats.timeouts += !quiet;
	c->keep = false;
	if (c->state == CONN_REPLY) {
		noc_http_req_detach(c->req);
		noc_http_refuse(c, NULL, 504,
				"there was no answer within the time allowed");
	} else if (c->state == CONN_BODY) {
		noc_conn_body_refuse(c, 408, "the body did not arrive in time");
	} else if (c->state == CONN_HEAD && !c->idle && noc_conn_in(c) > 0) {
		noc_http_refuse(c, NULL, 408,
				"the headers did not arrive in time");
	} else {
		c->http->stats.streams_dropped += c->state == CONN_STREAM;
		noc_conn_kill(c);
	}
	noc_conn_drop(c);
}

struct noc_http_req *
noc_http_reply_later(struct noc_http_req *req, int64_t ms)
{
	req->later = true;
	if (req->conn != NULL)
		noc_timer_arm(req->conn->timer,
			      ms > 0 ? ms : req->http->conf.limits.reply_ms);
	return req;
}

void
noc_conn_new(struct noc_listener *from, int fd, const char *peer,
	     const char *address, int64_t uid)
{
	struct noc_http *http = from->http;
	struct noc_conn *c = noc_calloc(1, sizeof(*c));

	c->http = http;
	c->fd = fd;
	c->is_unix = from->is_unix;
	c->uid = uid;
	snprintf(c->peer, sizeof(c->peer), "%s", peer);
	c->born_ns = c->since_ns = now_ns(c);
	noc_crowd_enter(&http->conns[c->is_unix], &c->place, address, 1);
	c->timer = noc_loop_timer(http->loop, on_conn_timer, c);
	c->kick = noc_loop_timer(http->loop, on_conn_kick, c);
	c->watch = noc_loop_fd(http->loop, fd, NOC_LOOP_READ, on_conn_fd, c);
	if (!c->is_unix)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
			   sizeof(int));
	noc_timer_arm(c->timer, limits(c)->head_ms);
	if (c->watch == NULL)
		noc_conn_kill(c);
}
