/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "proto/framing.h"
#include "net/loop.h"
#include "sensors/listen.h"
#include "sensors/syslog_common.h"

/*
 * Syslog over TCP (RFC 6587): octet counting and newlines.  Never shed, only
 * slowed down: under pressure nothing is read and the senders wait.
 */
#define TCP_READ    65536 /* bytes a connection may bring a turn */
#define TCP_PREFIX  11	  /* "MSG-LEN SP" before a message */
#define TCP_TICK_MS 5000  /* how exact the idle deadline is */
#define TCP_NOFD_MS 1000  /* accepting rests so long without descriptors */

struct tcp_conn {
	struct tcp_conn *next, *prev;
	struct syslog_tcp *owner;
	struct noc_watch *watch;
	int fd;
	int64_t heard_boot_ns;
	struct noc_framer framer;
	char *buf;
	size_t len, cap;
	char host[INET6_ADDRSTRLEN];
};

struct syslog_tcp {
	struct noc_syslog_in in;
	struct noc_watch *watch, *timer, *again;
	int fd, spare; /* spare: given up to refuse when there are none */
	bool paused;
	struct tcp_conn *conns;
	size_t nconns, max_conns, max_addr, max_bytes;
	struct noc_table addresses; /* host -> (void *)count */
	int64_t idle_ns;
	uint64_t refused, cut, broken;
};

/* ---- one connection ---- */

static void
tcp_count(struct syslog_tcp *t, const char *host, int by)
{
	uintptr_t n = (uintptr_t)noc_table_get(&t->addresses, host);

	n = by > 0 ? n + 1 : n - 1;
	if (n)
		noc_table_put(&t->addresses, host, (void *)n);
	else
		noc_table_del(&t->addresses, host);
}

static void
tcp_drop(struct tcp_conn *c)
{
	struct syslog_tcp *t = c->owner;

	noc_watch_free(c->watch);
	close(c->fd);
	if (c->prev)
		c->prev->next = c->next;
	else
		t->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	tcp_count(t, c->host, -1);
	t->nconns--;
	free(c->buf);
	free(c);
}

/* Whole messages of what has come; false: the stream makes no sense. */
static bool
tcp_frames(struct tcp_conn *c, bool eof)
{
	struct syslog_tcp *t = c->owner;
	size_t at = 0;

	for (;;) {
		struct noc_slice msg = { NULL, 0 };
		size_t used = 0;
		enum noc_frame f = noc_framer_next(
		    &c->framer, c->buf + at, c->len - at, eof, &msg, &used);

		at += used;
		switch (f) {
		case NOC_FRAME_OK:
		case NOC_FRAME_CUT:
			if (f == NOC_FRAME_CUT)
				t->cut++;
			if (msg.len)
				noc_syslog_in_message(
				    &t->in, msg, noc_slice_str(c->host),
				    NOC_TRUST_LOW, f == NOC_FRAME_CUT);
			continue;
		case NOC_FRAME_BAD:
			t->broken++;
			noc_warn("syslog",
				 "source=syslog.tcp peer=%s the stream cannot "
				 "be followed any further; closed",
				 c->host);
			return false;
		case NOC_FRAME_MORE:
			break;
		}
		break;
	}
	if (at) {
		memmove(c->buf, c->buf + at, c->len - at);
		c->len -= at;
	}
	return true;
}

static void
on_tcp_read(int fd, int events, void *arg)
{
	struct tcp_conn *c = arg;
	size_t most = c->owner->max_bytes + TCP_PREFIX, got = 0;
	ssize_t n;

	(void)events;
	c->heard_boot_ns = noc_core_turn(c->owner->in.env->core).boot_ns;
	while (got < TCP_READ) {
		if (c->len == c->cap) {
			c->cap = c->cap ? c->cap * 2 : 4096;
			if (c->cap > most)
				c->cap = most;
			c->buf = noc_realloc(c->buf, c->cap);
		}
		n = read(fd, c->buf + c->len, c->cap - c->len);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			tcp_frames(c, true);
			tcp_drop(c);
			return;
		}
		c->len += (size_t)n;
		got += (size_t)n;
		/* A full buffer that yields nothing would never move again. */
		if (!tcp_frames(c, false) || c->len == most) {
			tcp_drop(c);
			return;
		}
	}
}

/* ---- accepting ---- */

static void
tcp_add(struct syslog_tcp *t, int fd, const struct sockaddr *from)
{
	struct tcp_conn *c = noc_calloc(1, sizeof(*c));
	int on = 1;

	noc_address_host(from, c->host);
	if (t->nconns >= t->max_conns ||
	    (uintptr_t)noc_table_get(&t->addresses, c->host) >= t->max_addr) {
		if (t->refused++ == 0)
			noc_warn("syslog",
				 "source=syslog.tcp peer=%s refused: too many "
				 "connections (syslog.tcp_conns, "
				 "syslog.tcp_conns_addr)",
				 c->host);
		close(fd);
		free(c);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	c->owner = t;
	c->fd = fd;
	c->framer.max_bytes = t->max_bytes;
	c->heard_boot_ns = noc_core_turn(t->in.env->core).boot_ns;
	c->next = t->conns;
	if (c->next)
		c->next->prev = c;
	t->conns = c;
	t->nconns++;
	tcp_count(t, c->host, 1);
	c->watch = noc_loop_fd(t->in.env->loop, fd,
			       t->paused ? 0 : NOC_LOOP_READ, on_tcp_read, c);
}

/* Out of descriptors: the spare one lets us tell one peer to go. */
static void
tcp_starved(struct syslog_tcp *t)
{
	int fd;

	noc_warn("syslog", "source=syslog.tcp out of descriptors: %s",
		 strerror(errno));
	if (t->spare >= 0) {
		close(t->spare);
		fd = accept(t->fd, NULL, NULL);
		if (fd >= 0)
			close(fd);
		t->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	t->refused++;
	noc_watch_events(t->watch, 0);
	noc_timer_arm(t->again, TCP_NOFD_MS);
}

static void
on_tcp_again(void *arg)
{
	struct syslog_tcp *t = arg;

	noc_watch_events(t->watch, t->paused ? 0 : NOC_LOOP_READ);
}

static void
on_tcp_accept(int fd, int events, void *arg)
{
	struct syslog_tcp *t = arg;

	(void)events;
	for (int i = 0; i < 64; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int got = accept4(fd, (struct sockaddr *)&ss, &len,
				  SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (got < 0) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOBUFS || errno == ENOMEM)
				tcp_starved(t);
			return;
		}
		tcp_add(t, got, (struct sockaddr *)&ss);
	}
}

static void
on_tcp_tick(void *arg)
{
	struct syslog_tcp *t = arg;
	int64_t now = noc_core_turn(t->in.env->core).boot_ns;
	struct tcp_conn *next;

	for (struct tcp_conn *c = t->conns; c; c = next) {
		next = c->next;
		if (!t->paused && now - c->heard_boot_ns > t->idle_ns) {
			tcp_frames(c, true);
			tcp_drop(c);
		}
	}
	noc_timer_arm(t->timer, TCP_TICK_MS);
}

/* ---- the sensor ---- */

static void
tcp_close(void *instance)
{
	struct syslog_tcp *t = instance;

	while (t->conns)
		tcp_drop(t->conns);
	noc_watch_free(t->watch);
	noc_watch_free(t->timer);
	noc_watch_free(t->again);
	if (t->fd >= 0)
		close(t->fd);
	if (t->spare >= 0)
		close(t->spare);
	noc_table_release(&t->addresses);
	noc_syslog_in_close(&t->in);
	free(t);
}

static int
tcp_open(struct noc_env *env, void **instance, struct noc_err *err)
{
	const struct noc_value *config = env->config;
	const char *address = noc_value_get_str(config, "syslog.tcp", "off");
	struct syslog_tcp *t;
	int r;

	if (!strcmp(address, "off"))
		return 0;
	t = noc_calloc(1, sizeof(*t));
	t->fd = t->spare = -1;
	t->max_conns =
	    (size_t)noc_value_get_int(config, "syslog.tcp_conns", 1000);
	t->max_addr =
	    (size_t)noc_value_get_int(config, "syslog.tcp_conns_addr", 100);
	t->max_bytes =
	    (size_t)noc_value_get_int(config, "syslog.max_bytes", 65536);
	if (t->max_bytes < 1024)
		t->max_bytes = 1024;
	if (t->max_bytes > 1 << 20)
		t->max_bytes = 1 << 20;
	t->idle_ns = noc_value_get_int(config, "syslog.tcp_idle", 86400000) *
		     NOC_NS_PER_MS;
	r = noc_listen_inet("syslog.tcp", address, SOCK_STREAM, &t->fd, err);
	if (!r)
		r = noc_syslog_in_open(&t->in, env, "syslog.tcp", err);
	if (r) {
		tcp_close(t);
		return r;
	}
	t->in.source->acknowledged = true; /* slowed down, never shed */
	t->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	t->watch =
	    noc_loop_fd(env->loop, t->fd, NOC_LOOP_READ, on_tcp_accept, t);
	t->timer = noc_loop_timer(env->loop, on_tcp_tick, t);
	t->again = noc_loop_timer(env->loop, on_tcp_again, t);
	noc_timer_arm(t->timer, TCP_TICK_MS);
	*instance = t;
	return 0;
}

static void
tcp_pause(void *instance, bool paused)
{
	struct syslog_tcp *t = instance;
	int64_t now = noc_core_turn(t->in.env->core).boot_ns;

	t->paused = paused;
	noc_watch_events(t->watch, paused ? 0 : NOC_LOOP_READ);
	for (struct tcp_conn *c = t->conns; c; c = c->next) {
		noc_watch_events(c->watch, paused ? 0 : NOC_LOOP_READ);
		c->heard_boot_ns = now; /* the silence was ours */
	}
}

static void
tcp_reload(void *instance)
{
	noc_syslog_in_reload(&((struct syslog_tcp *)instance)->in);
}

static void
tcp_describe(void *instance, struct noc_strbuf *out)
{
	struct syslog_tcp *t = instance;

	noc_listen_describe(t->fd, "tcp", out);
}

const struct noc_sensor_ops noc_sensor_syslog_tcp = {
	.name = "syslog.tcp",
	.summary = "syslog over TCP",
	.open = tcp_open,
	.close = tcp_close,
	.reload = tcp_reload,
	.pause = tcp_pause,
	.describe = tcp_describe,
};
