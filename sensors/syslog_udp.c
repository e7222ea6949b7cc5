/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/loop.h"
#include "sensors/listen.h"
#include "sensors/syslog_common.h"

/*
 * Syslog over UDP (RFC 5426): recvmmsg into a slab, each batch parsed and
 * drained before the slab is used again.  What the kernel dropped is counted
 * by SO_RXQ_OVFL.
 */
#define UDP_BATCH   64
#define UDP_ROUNDS  4 /* batches a turn */
#define UDP_BYTES   65536
#define UDP_TICK_MS 1000 /* how late a drop is seen that nothing follows */
/* Not a power of two: the heads of messages share no cache set. */
#define UDP_STRIDE (UDP_BYTES + 320)

struct syslog_udp {
	struct noc_syslog_in in;
	struct noc_watch *watch, *timer;
	int fd;
	uint32_t dropped; /* the kernel's counter when last seen */
	char *slab;
	struct mmsghdr hdr[UDP_BATCH];
	struct iovec iov[UDP_BATCH];
	struct sockaddr_storage from[UDP_BATCH];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(uint32_t))];
	} control[UDP_BATCH];
	struct sockaddr_storage last; /* origin's text is kept for it */
	char host[INET6_ADDRSTRLEN];
	size_t host_len;
};

static void
udp_reset(struct syslog_udp *u, int n)
{
	for (int i = 0; i < n; i++) {
		struct msghdr *h = &u->hdr[i].msg_hdr;

		h->msg_namelen = sizeof(u->from[i]);
		h->msg_controllen = sizeof(u->control[i].space);
		h->msg_flags = 0;
	}
}

static void
udp_drops(struct syslog_udp *u, struct msghdr *h)
{
	uint32_t seen;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&seen, CMSG_DATA(c), sizeof(seen));
		u->in.source->kernel_dropped += (uint32_t)(seen - u->dropped);
		u->dropped = seen;
	}
}

static struct noc_slice
udp_origin(struct syslog_udp *u, const struct sockaddr_storage *from)
{
	/* The port differs, but IPv4 and IPv6 addresses follow it. */
	if (!u->host_len || from->ss_family != u->last.ss_family ||
	    memcmp((const char *)from + 4, (const char *)&u->last + 4, 20)) {
		u->host_len =
		    noc_address_host((const struct sockaddr *)from, u->host);
		u->last = *from;
	}
	return noc_slice(u->host, u->host_len);
}

static void
on_udp(int fd, int events, void *arg)
{
	struct syslog_udp *u = arg;

	(void)events;
	for (int round = 0; round < UDP_ROUNDS; round++) {
		int n = recvmmsg(fd, u->hdr, UDP_BATCH, MSG_DONTWAIT, NULL);

		if (n <= 0)
			return;
		for (int i = 0; i < n; i++) {
			struct msghdr *h = &u->hdr[i].msg_hdr;

			udp_drops(u, h);
			noc_syslog_in_message(
			    &u->in,
			    noc_slice(u->iov[i].iov_base, u->hdr[i].msg_len),
			    udp_origin(u, &u->from[i]), NOC_TRUST_LOW,
			    (h->msg_flags & MSG_TRUNC) != 0);
		}
		udp_reset(u, n);
		if (n < UDP_BATCH)
			return;
	}
}

static void
on_udp_tick(void *arg)
{
	struct syslog_udp *u = arg;

	u->in.source->kernel_dropped += noc_listen_drops(u->fd, &u->dropped);
	noc_timer_arm(u->timer, UDP_TICK_MS);
}

static void
udp_close(void *instance)
{
	struct syslog_udp *u = instance;

	noc_watch_free(u->watch);
	noc_watch_free(u->timer);
	if (u->fd >= 0)
		close(u->fd);
	if (u->slab)
		munmap(u->slab, (size_t)UDP_BATCH * UDP_STRIDE);
	noc_syslog_in_close(&u->in);
	free(u);
}

static int
udp_slab(struct syslog_udp *u, struct noc_err *err)
{
	void *slab =
	    mmap(NULL, (size_t)UDP_BATCH * UDP_STRIDE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (slab == MAP_FAILED)
		return noc_err_set(err, NOC_ERESOURCE,
				   "No memory for the UDP receive slab: %s.",
				   strerror(errno));
	u->slab = slab;
	for (int i = 0; i < UDP_BATCH; i++) {
		struct msghdr *h = &u->hdr[i].msg_hdr;

		u->iov[i].iov_base = u->slab + (size_t)i * UDP_STRIDE;
		u->iov[i].iov_len = UDP_BYTES;
		h->msg_iov = &u->iov[i];
		h->msg_iovlen = 1;
		h->msg_name = &u->from[i];
		h->msg_control = u->control[i].space;
	}
	udp_reset(u, UDP_BATCH);
	return 0;
}

static int
udp_open(struct noc_env *env, void **instance, struct noc_err *err)
{
	const char *address =
	    noc_value_get_str(env->config, "syslog.udp", "off");
	struct syslog_udp *u;
	int on = 1, r;

	if (!strcmp(address, "off"))
		return 0;
	u = noc_calloc(1, sizeof(*u));
	u->fd = -1;
	r = noc_listen_inet("syslog.udp", address, SOCK_DGRAM, &u->fd, err);
	if (!r)
		r = udp_slab(u, err);
	if (!r)
		r = noc_syslog_in_open(&u->in, env, "syslog.udp", err);
	if (r) {
		udp_close(u);
		return r;
	}
	noc_listen_buffer(
	    u->fd, "syslog.udp",
	    noc_value_get_int(env->config, "recv_buffer", 8 << 20));
	setsockopt(u->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	u->watch = noc_loop_fd(env->loop, u->fd, NOC_LOOP_READ, on_udp, u);
	u->timer = noc_loop_timer(env->loop, on_udp_tick, u);
	noc_timer_arm(u->timer, UDP_TICK_MS);
	*instance = u;
	return 0;
}

static void
udp_reload(void *instance)
{
	noc_syslog_in_reload(&((struct syslog_udp *)instance)->in);
}

static void
udp_describe(void *instance, struct noc_strbuf *out)
{
	struct syslog_udp *u = instance;

	noc_listen_describe(u->fd, "udp", out);
}

const struct noc_sensor_ops noc_sensor_syslog_udp = {
	.name = "syslog.udp",
	.summary = "syslog over UDP",
	.open = udp_open,
	.close = udp_close,
	.reload = udp_reload,
	.describe = udp_describe,
};
