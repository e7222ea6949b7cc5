/* SPDX-License-Identifier: ISC */
/*
 * Syslog as fast as the loopback takes it, and a receiver that does nothing
 * but receive.
 *
 *	bench_flood udp PORT SECONDS [RATE [MESSAGE]]	UDP_SEGMENT, sendmmsg
 *	bench_flood tcp PORT MESSAGES [MESSAGE]		octet counted
 *	bench_flood receive PORT			recvmmsg until SIGTERM
 *
 * Prints one JSON line.  RATE is messages a second, 0: as many as go.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/messages.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define SEGMENTS     64
#define BATCH	     64
#define BUFFER_BYTES (8 << 20) /* what the daemon asks for by default */

static volatile sig_atomic_t stopped;

static void
on_stop(int signo)
{
	(void)signo;
	stopped = 1;
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
	fprintf(stderr, "bench_flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in
loopback(const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_port = htons((uint16_t)atoi(port));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sin;
}

static int
connected(int type, const char *port)
{
	struct sockaddr_in sin = loopback(port);
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		fail("connect");
	return fd;
}

/* ---- udp ---- */

/* One datagram of 64 segments, all the same message. */
struct burst {
	struct iovec iov;
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(uint16_t))];
	} control;
};

static void
burst_make(struct burst *b, struct msghdr *h, const char *text)
{
	size_t len = strlen(text);
	uint16_t segment = (uint16_t)len;
	struct cmsghdr *c;
	char *p = noc_malloc(len * SEGMENTS);

	for (size_t i = 0; i < SEGMENTS; i++)
		memcpy(p + i * len, text, len);
	b->iov = (struct iovec){ p, len * SEGMENTS };
	memset(h, 0, sizeof(*h));
	h->msg_iov = &b->iov;
	h->msg_iovlen = 1;
	h->msg_control = b->control.space;
	h->msg_controllen = sizeof(b->control.space);
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
}

static int
udp(const char *port, double seconds, double rate, const char *only)
{
	struct mmsghdr hdr[NOC_COUNT(bench_messages)];
	struct burst bursts[NOC_COUNT(bench_messages)];
	size_t n = only ? 1 : NOC_COUNT(bench_messages);
	int fd = connected(SOCK_DGRAM, port), sent;
	unsigned long total = 0;
	double began, took;

	for (size_t i = 0; i < n; i++)
		burst_make(&bursts[i], &hdr[i].msg_hdr,
			   only ? only : bench_messages[i]);
	began = now_s();
	while ((took = now_s() - began) < seconds) {
		if (rate > 0 && (double)total > took * rate) {
			usleep(200);
			continue;
		}
		sent = sendmmsg(fd, hdr, (unsigned)n, 0);
		if (sent < 0 && errno != ECONNREFUSED && errno != ENOBUFS)
			fail("sendmmsg");
		if (sent > 0)
			total += (unsigned)sent * SEGMENTS;
	}
	printf("{\"sent\":%lu,\"seconds\":%.6f}\n", total, took);
	return 0;
}

/* ---- tcp ---- */

static int
tcp(const char *port, unsigned long messages, const char *only)
{
	enum { ROUND = 512 };
	int fd = connected(SOCK_STREAM, port);
	size_t len = 0, at;
	double began = now_s();
	char *p = noc_malloc(ROUND * 512);
	ssize_t n;

	for (size_t i = 0; i < ROUND; i++) {
		const char *text =
		    only ? only : bench_messages[i % NOC_COUNT(bench_messages)];

		len += (size_t)snprintf(p + len, 512, "%zu %.480s",
					strlen(text), text);
	}
	messages = (messages + ROUND - 1) / ROUND * ROUND;
	for (unsigned long i = 0; i < messages; i += ROUND)
		for (at = 0; at < len; at += (size_t)n)
			if ((n = write(fd, p + at, len - at)) < 0)
				fail("write");
	shutdown(fd, SHUT_WR);
	if (read(fd, p, 1) < 0) /* all was read, or the peer is gone */
		fail("read");
	printf("{\"sent\":%lu,\"seconds\":%.6f}\n", messages, now_s() - began);
	return 0;
}

/* ---- receive ---- */

static unsigned long
drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		fail("SO_MEMINFO");
	return info[SK_MEMINFO_DROPS];
}

static int
receiver(const char *port)
{
	struct sockaddr_in sin = loopback(port);
	struct timeval wait = { .tv_usec = 100000 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)))
		fail("bind");
	return fd;
}

static int
receive(const char *port)
{
	static char slab[BATCH][2048];
	static struct sockaddr_in from[BATCH];
	struct mmsghdr hdr[BATCH] = { 0 };
	struct iovec iov[BATCH];
	unsigned long received = 0;
	int fd = receiver(port), n;

	signal(SIGTERM, on_stop);
	while (!stopped) {
		for (int i = 0; i < BATCH; i++) {
			struct msghdr *h = &hdr[i].msg_hdr;

			iov[i] = (struct iovec){ slab[i], sizeof(slab[i]) };
			h->msg_iov = &iov[i];
			h->msg_iovlen = 1;
			h->msg_name = &from[i];
			h->msg_namelen = sizeof(from[i]);
		}
		n = recvmmsg(fd, hdr, BATCH, MSG_WAITFORONE, NULL);
		if (n <= 0)
			continue;
		received += (unsigned)n;
	}
	printf("{\"received\":%lu,\"dropped\":%lu}\n", received, drops(fd));
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "udp"))
		return udp(argv[2], atof(argv[3]), argc > 4 ? atof(argv[4]) : 0,
			   argc > 5 ? argv[5] : NULL);
	if (argc >= 4 && !strcmp(argv[1], "tcp"))
		return tcp(argv[2], strtoul(argv[3], NULL, 10),
			   argc > 4 ? argv[4] : NULL);
	if (argc == 3 && !strcmp(argv[1], "receive"))
		return receive(argv[2]);
	return 2;
}
