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
#include "base/crowd.h"
#include "proto/framing.h"
#include "net/loop.h"
#include "engine/event/identity.h"
#include "engine/notify/limit.h"
#include "sensors/listen.h"
#include "sensors/syslog_common.h"

/*
 * Syslog over TCP (RFC 6587): octet counting and newlines.  Never shed, only
 * slowed down: under pressure nothing is read and the senders wait.
 *
 * When all places are taken, one is given up for whoever comes: of strangers
 * before those of the inventory, before a message was said, of the address
 * that has the most, the one that is silent for longest.  Strangers have half
 * of the places, and a minute to say something.
 */
#define TCP_READ    65536 /* bytes a connection may bring a turn */
#define TCP_PREFIX  11	  /* "MSG-LEN SP" before a message */
#define TCP_TICK_MS 5000  /* how exact the idle deadline is */
#define TCP_NOFD_MS 1000  /* accepting rests so long without descriptors */
#define TCP_MUTE_MS 60000 /* a stranger's first message comes until then */

struct tcp_conn {
	struct noc_guest place; /* first */
	struct syslog_tcp *owner;
	struct noc_watch *watch;
	int fd;
	int64_t born_boot_ns, heard_boot_ns;
	bool known; /* of the inventory, or this host */
	bool said;  /* a whole message */
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
	struct noc_crowd conns;
	struct noc_inventory *inventory; /* by which they are known */
	size_t nstrangers, max_conns, max_addr, max_bytes;
	int64_t idle_ns;
	uint64_t cut, broken;
};

/* ---- one connection ---- */

static void
tcp_drop(struct tcp_conn *c)
{
	struct syslog_tcp *t = c->owner;

	noc_watch_free(c->watch);
	close(c->fd);
	noc_crowd_leave(&t->conns, &c->place);
	t->nstrangers -= !c->known;
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
			c->said = c->said || msg.len;
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

/* ---- who may stay ---- */

static int
tcp_worth(const struct noc_guest *g, int64_t *since_ns)
{
	const struct tcp_conn *c = (const struct tcp_conn *)g;

	*since_ns = c->heard_boot_ns;
	return 2 * c->known + c->said;
}

static int
tcp_worth_stranger(const struct noc_guest *g, int64_t *since_ns)
{
	const struct tcp_conn *c = (const struct tcp_conn *)g;

	return c->known ? -1 : tcp_worth(g, since_ns);
}

/* Another inventory knows others. */
static void
tcp_inventory(struct syslog_tcp *t)
{
	struct noc_inventory *inv = noc_core_inv(t->in.env->core);

	if (inv == t->inventory)
		return;
	noc_inventory_unref(t->inventory);
	t->inventory = inv ? noc_inventory_ref(inv) : NULL;
	t->nstrangers = 0;
	for (struct noc_guest *g = t->conns.first; g; g = g->next) {
		struct tcp_conn *c = (struct tcp_conn *)g;

		c->known = noc_identity_is_known(inv, noc_slice_str(c->host));
		t->nstrangers += !c->known;
	}
}

/* Is there a place for one of this address? */
static bool
tcp_make_room(struct syslog_tcp *t, const char *host, bool known)
{
	const char *address = NULL;
	struct noc_guest *worst;

	if (noc_crowd_weight(&t->conns, host) >= t->max_addr)
		address = host;
	else if (t->conns.n < t->max_conns &&
		 (known || t->nstrangers < t->max_conns / 2))
		return true;
	worst = noc_crowd_worst(&t->conns, address,
				known ? tcp_worth : tcp_worth_stranger);
	if (!worst) {
		noc_limit_reached(t->in.env->core, "syslog.tcp", host,
				  "it is refused: those of the inventory have "
				  "all connections (syslog.tcp_conns)");
		return false;
	}
	noc_limit_reached(t->in.env->core, "syslog.tcp",
			  noc_guest_address(worst),
			  "one of its connections is closed for one of %s "
			  "(syslog.tcp_conns, syslog.tcp_conns_addr)",
			  host);
	tcp_frames((struct tcp_conn *)worst, true);
	tcp_drop((struct tcp_conn *)worst);
	return true;
}

/* ---- accepting ---- */

static void
tcp_add(struct syslog_tcp *t, int fd, const struct sockaddr *from)
{
	struct tcp_conn *c = noc_calloc(1, sizeof(*c));
	int on = 1;

	noc_address_host(from, c->host);
	tcp_inventory(t);
	c->known = noc_identity_is_known(t->inventory, noc_slice_str(c->host));
	if (!tcp_make_room(t, c->host, c->known)) {
		close(fd);
		free(c);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	c->owner = t;
	c->fd = fd;
	c->framer.max_bytes = t->max_bytes;
	c->born_boot_ns = noc_core_turn(t->in.env->core).boot_ns;
	c->heard_boot_ns = c->born_boot_ns;
	noc_crowd_enter(&t->conns, &c->place, c->host, 1);
	t->nstrangers += !c->known;
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

static bool
tcp_mute(const struct tcp_conn *c, int64_t now_ns)
{
	return !c->known && !c->said &&
	       now_ns - c->born_boot_ns > TCP_MUTE_MS * NOC_NS_PER_MS;
}

static void
on_tcp_tick(void *arg)
{
	struct syslog_tcp *t = arg;
	int64_t now = noc_core_turn(t->in.env->core).boot_ns;
	struct noc_guest *g, *next;

	tcp_inventory(t);
	for (g = t->conns.first; g && !t->paused; g = next) {
		struct tcp_conn *c = (struct tcp_conn *)g;

		next = g->next;
		if (now - c->heard_boot_ns <= t->idle_ns && !tcp_mute(c, now))
			continue;
		tcp_frames(c, true);
		tcp_drop(c);
	}
	noc_timer_arm(t->timer, TCP_TICK_MS);
}

/* ---- the sensor ---- */

static void
tcp_close(void *instance)
{
	struct syslog_tcp *t = instance;

	while (t->conns.first)
		tcp_drop((struct tcp_conn *)t->conns.first);
	noc_watch_free(t->watch);
	noc_watch_free(t->timer);
	noc_watch_free(t->again);
	if (t->fd >= 0)
		close(t->fd);
	if (t->spare >= 0)
		close(t->spare);
	noc_inventory_unref(t->inventory);
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
	for (struct noc_guest *g = t->conns.first; g; g = g->next) {
		struct tcp_conn *c = (struct tcp_conn *)g;

		noc_watch_events(c->watch, paused ? 0 : NOC_LOOP_READ);
		c->born_boot_ns = c->heard_boot_ns = now; /* it was ours */
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
