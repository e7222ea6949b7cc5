/* SPDX-License-Identifier: ISC */
/*
 * POSTs one request after the other over keep-alive connections.
 *
 *	bench_post PORT CONNECTIONS SECONDS < REQUESTS
 *
 * REQUESTS are whole ones, head and body, all of one length; after the last
 * comes the first again.  Every answer must be a 202.
 * Prints one JSON line: answers a second, ns at p50 and p99.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#define CONNECTIONS_MAX 256
#define SAMPLES_MAX	1000000
#define REQUESTS_MAX	(256u << 20) /* bytes */

struct client {
	char buf[8192];
	size_t len;
	int64_t sent_ns;
};

static char *requests;
static size_t request_len, nrequests, next_request;
static int64_t *samples;
static size_t nsamples;

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
fail(const char *what)
{
	fprintf(stderr, "bench_post: %s\n", what);
	exit(1);
}

static void
client_send(struct client *c, int fd)
{
	c->len = 0;
	c->sent_ns = now_ns();
	if (send(fd, requests + next_request * request_len, request_len,
		 MSG_NOSIGNAL) != (ssize_t)request_len)
		fail("a request could not be sent whole");
	next_request = (next_request + 1) % nrequests;
}

/* The first says how long all of them are. */
static void
requests_read(void)
{
	size_t len;
	char *end, *length;

	requests = noc_malloc(REQUESTS_MAX + 1);
	len = fread(requests, 1, REQUESTS_MAX, stdin);
	requests[len] = '\0';
	end = strstr(requests, "\r\n\r\n");
	length = strcasestr(requests, "\r\nContent-Length:");
	if (!end || !length || length > end)
		fail("the first request has no length");
	request_len =
	    (size_t)(end + 4 - requests) + strtoul(length + 17, NULL, 10);
	nrequests = len / request_len;
	if (!nrequests || len % request_len)
		fail("the requests are not of one length");
}

/* True once the whole answer is there. */
static int
client_done(struct client *c)
{
	char *end, *length;
	size_t body = 0;

	c->buf[c->len] = '\0';
	end = strstr(c->buf, "\r\n\r\n");
	if (!end)
		return 0;
	length = strcasestr(c->buf, "\r\nContent-Length:");
	if (length && length < end)
		body = strtoul(length + 17, NULL, 10);
	if (c->len < (size_t)(end + 4 - c->buf) + body)
		return 0;
	if (strncmp(c->buf, "HTTP/1.1 202", 12)) {
		fprintf(stderr, "%.300s\n", c->buf);
		fail("the answer is no 202");
	}
	return 1;
}

static void
client_read(struct client *c, int fd)
{
	ssize_t n = recv(fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len, 0);

	if (n <= 0)
		fail("the connection ended");
	c->len += (size_t)n;
	if (!client_done(c))
		return;
	if (nsamples < SAMPLES_MAX)
		samples[nsamples++] = now_ns() - c->sent_ns;
	client_send(c, fd);
}

static int
opened(const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	sin.sin_port = htons((uint16_t)atoi(port));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		fail("connect");
	return fd;
}

int
main(int argc, char **argv)
{
	static struct client clients[CONNECTIONS_MAX];
	struct pollfd fds[CONNECTIONS_MAX];
	int64_t began, took, until;
	unsigned n;

	if (argc != 4)
		return 2;
	n = (unsigned)atoi(argv[2]);
	if (n < 1 || n > CONNECTIONS_MAX)
		return 2;
	requests_read();
	samples = noc_calloc(SAMPLES_MAX, sizeof(*samples));
	for (unsigned i = 0; i < n; i++)
		fds[i] = (struct pollfd){ opened(argv[1]), POLLIN, 0 };
	began = now_ns();
	until = began + (int64_t)(atof(argv[3]) * 1e9);
	for (unsigned i = 0; i < n; i++)
		client_send(&clients[i], fds[i].fd);
	while (now_ns() < until) {
		if (poll(fds, n, 5000) <= 0)
			fail("no answer");
		for (unsigned i = 0; i < n; i++)
			if (fds[i].revents)
				client_read(&clients[i], fds[i].fd);
	}
	took = now_ns() - began;
	if (!nsamples)
		fail("no answer");
	qsort(samples, nsamples, sizeof(*samples), by_value);
	printf("{\"per_s\":%.1f,\"p50\":%lld,\"p99\":%lld}\n",
	       (double)nsamples / ((double)took / 1e9),
	       (long long)samples[nsamples / 2],
	       (long long)samples[nsamples * 99 / 100]);
	free(samples);
	free(requests);
	return 0;
}
