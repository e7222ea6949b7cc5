/* SPDX-License-Identifier: ISC */
/*
 * How long until the answer comes: a datagram goes to one loopback port, what
 * it sets off sends a datagram to another; the time between, one at a time.
 *
 *	bench_echo PORT ANSWER_PORT COUNT GAP_US HEX
 *
 * HEX is the datagram; eight '#' in it become the number of the round.
 * Prints one JSON line: ns at p50, p99 and the most.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/mem.h"

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
	fprintf(stderr, "bench_echo: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
opened(const char *port, int listens)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct timeval wait = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), r;

	sin.sin_port = htons((uint16_t)atoi(port));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	r = listens ? bind(fd, (struct sockaddr *)&sin, sizeof(sin))
		    : connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	if (r)
		fail("socket");
	return fd;
}

int
main(int argc, char **argv)
{
	uint8_t packet[2048];
	char answer[4096], *mark, number[24];
	int64_t *took, began;
	size_t count, len = sizeof(packet);
	int out, in;

	if (argc != 6)
		return 2;
	count = strtoul(argv[3], NULL, 10);
	if (noc_unhex(argv[5], strlen(argv[5]), packet, &len))
		return 2;
	mark = memmem(packet, len, "########", 8);
	if (!count || !len || !mark)
		return 2;
	took = noc_calloc(count, sizeof(*took));
	out = opened(argv[1], 0);
	in = opened(argv[2], 1);
	for (size_t i = 0; i < count; i++) {
		snprintf(number, sizeof(number), "%08zu", i);
		memcpy(mark, number, 8);
		began = now_ns();
		if (send(out, packet, len, 0) < 0)
			fail("send");
		if (recv(in, answer, sizeof(answer), 0) < 0)
			fail("no answer");
		took[i] = now_ns() - began;
		usleep((useconds_t)atoi(argv[4]));
	}
	qsort(took, count, sizeof(*took), by_value);
	printf("{\"count\":%zu,\"p50\":%lld,\"p99\":%lld,\"max\":%lld}\n",
	       count, (long long)took[count / 2],
	       (long long)took[count * 99 / 100], (long long)took[count - 1]);
	free(took);
	return 0;
}
