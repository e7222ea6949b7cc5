/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"
#include "engine/edge/sensor.h"
#include "sensors/listen.h"

#define UDP_BATCH  64
#define UDP_ROUNDS 4 /* batches a turn */
#define UDP_BYTES  65536
/* Nearly all are short: their bytes lie close together, few pages for many.
 * Not a power of two: the beginnings share no cache set. */
#define UDP_SHORT   1024
#define UDP_STRIDE  (UDP_SHORT + 64)
#define UDP_SLAB    ((size_t)UDP_BATCH * (UDP_STRIDE + UDP_BYTES))
#define UDP_TICK_MS 1000 /* how late a drop is seen that nothing follows */
/*
 * A long queue is for bursts.  One that stands full is only delay, and cold in
 * every cache: a datagram then costs the kernel half as much again.  After so
 * long it is cut to this, until a second without a drop.
 */
#define UDP_STANDS_NS (100 * NOC_NS_PER_MS)
#define UDP_FLOODED   (1 << 20)

struct noc_udp {
	struct noc_source *source;
	void (*on)(const struct noc_udp_datagram *datagram, void *arg);
	void *arg;
	struct noc_watch *watch, *timer;
	int fd;
	uint32_t dropped; /* the kernel's counter when last seen */
	int buffer;	  /* what the socket should have */
	bool flooded;	  /* has less than that */
	int64_t full_ns;  /* boot clock: drops since, never emptied; 0: no */
	uint64_t ticked;  /* drops at the last tick */
	char *slab;	  /* all short parts, then room for whole long ones */
	struct mmsghdr hdr[UDP_BATCH];
	struct iovec iov[UDP_BATCH][2];
	struct sockaddr_storage from[UDP_BATCH];
};

static void
udp_reset(struct noc_udp *u, int n)
{
	for (int i = 0; i < n; i++) {
		struct msghdr *h = &u->hdr[i].msg_hdr;

		h->msg_namelen = sizeof(u->from[i]);
		h->msg_flags = 0;
	}
}

/*
 * The counter that SO_RXQ_OVFL tells with each datagram, read once a turn: as
 * a control message it costs a tenth of receiving.
 */
static void
udp_drops(struct noc_udp *u, bool emptied)
{
	uint32_t drops = noc_listen_drops(u->fd, &u->dropped);
	int64_t now;

	u->source->kernel_dropped += drops;
	if (emptied)
		u->full_ns = 0;
	if (emptied || u->flooded || (!drops && !u->full_ns))
		return;
	now = noc_clock_read().boot_ns;
	if (!u->full_ns)
		u->full_ns = now;
	u->flooded =
	    now - u->full_ns > UDP_STANDS_NS && u->buffer > UDP_FLOODED;
	if (u->flooded)
		noc_listen_resize(u->fd, UDP_FLOODED);
}

/* In one piece: before the rest of a long one there is room for its start. */
static struct noc_slice
udp_bytes(const struct noc_udp *u, int i)
{
	const struct iovec *iov = u->iov[i];
	size_t len = u->hdr[i].msg_len;
	char *whole;

	if (len <= UDP_SHORT)
		return noc_slice(iov[0].iov_base, len);
	whole = (char *)iov[1].iov_base - UDP_SHORT;
	memcpy(whole, iov[0].iov_base, UDP_SHORT);
	return noc_slice(whole, len);
}

static void
on_udp(int fd, int events, void *arg)
{
	struct noc_udp *u = arg;

	bool emptied = false;

	(void)events;
	for (int round = 0; round < UDP_ROUNDS; round++) {
		int n = recvmmsg(fd, u->hdr, UDP_BATCH, MSG_DONTWAIT, NULL);

		emptied = n < UDP_BATCH;
		if (n <= 0)
			break;
		for (int i = 0; i < n; i++) {
			struct msghdr *h = &u->hdr[i].msg_hdr;
			const struct noc_udp_datagram datagram = {
				.bytes = udp_bytes(u, i),
				.cut = (h->msg_flags & MSG_TRUNC) != 0,
				.from = &u->from[i],
				.from_len = h->msg_namelen,
			};

			u->on(&datagram, u->arg);
		}
		udp_reset(u, n);
		if (emptied)
			break;
	}
	udp_drops(u, emptied);
}

static void
on_udp_tick(void *arg)
{
	struct noc_udp *u = arg;

	udp_drops(u, false);
	if (u->flooded && u->source->kernel_dropped == u->ticked) {
		u->flooded = false;
		u->full_ns = 0;
		noc_listen_resize(u->fd, u->buffer);
	}
	u->ticked = u->source->kernel_dropped;
	noc_timer_arm(u->timer, UDP_TICK_MS);
}

static int
udp_slab(struct noc_udp *u, struct noc_err *err)
{
	void *slab = mmap(NULL, UDP_SLAB, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *whole;

	if (slab == MAP_FAILED)
		return noc_err_set(err, NOC_ERESOURCE,
				   "No memory for a UDP receive slab: %s.",
				   strerror(errno));
	u->slab = slab;
	whole = u->slab + (size_t)UDP_BATCH * UDP_STRIDE;
	for (int i = 0; i < UDP_BATCH; i++) {
		struct msghdr *h = &u->hdr[i].msg_hdr;

		u->iov[i][0].iov_base = u->slab + (size_t)i * UDP_STRIDE;
		u->iov[i][0].iov_len = UDP_SHORT;
		u->iov[i][1].iov_base =
		    whole + (size_t)i * UDP_BYTES + UDP_SHORT;
		u->iov[i][1].iov_len = UDP_BYTES - UDP_SHORT;
		h->msg_iov = u->iov[i];
		h->msg_iovlen = 2;
		h->msg_name = &u->from[i];
	}
	udp_reset(u, UDP_BATCH);
	return 0;
}

void
noc_udp_close(struct noc_udp *u)
{
	if (!u)
		return;
	noc_watch_free(u->watch);
	noc_watch_free(u->timer);
	if (u->fd >= 0)
		close(u->fd);
	if (u->slab)
		munmap(u->slab, UDP_SLAB);
	free(u);
}

int
noc_udp_open(struct noc_env *env, const char *option, struct noc_source *source,
	     void (*on)(const struct noc_udp_datagram *datagram, void *arg),
	     void *arg, struct noc_udp **out, struct noc_err *err)
{
	const char *address = noc_value_get_str(env->config, option, "off");
	struct noc_udp *u = noc_calloc(1, sizeof(*u));
	int64_t buffer;
	int r;

	u->fd = -1;
	u->source = source;
	u->on = on;
	u->arg = arg;
	r = noc_listen_inet(option, address, SOCK_DGRAM, &u->fd, err);
	if (!r)
		r = udp_slab(u, err);
	if (r) {
		noc_udp_close(u);
		return r;
	}
	buffer = noc_value_get_int(env->config, "recv_buffer", 8 << 20);
	u->buffer = buffer > 1 << 30 ? 1 << 30 : (int)buffer;
	noc_listen_buffer(u->fd, option, u->buffer);
	u->watch = noc_loop_fd(env->loop, u->fd, NOC_LOOP_READ, on_udp, u);
	u->timer = noc_loop_timer(env->loop, on_udp_tick, u);
	noc_timer_arm(u->timer, UDP_TICK_MS);
	*out = u;
	return 0;
}

int
noc_udp_fd(const struct noc_udp *u)
{
	return u->fd;
}
