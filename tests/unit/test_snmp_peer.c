/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"
#include "snmp/request.h"
#include "snmp/snmp.h"

/* Asking one agent, which is us: no request waits for another. */

#define REQUESTS 50

struct agent {
	struct noc_loop *loop;
	unsigned most;	/* requests that were there together */
	unsigned asked; /* all of them */
	unsigned done;
};

static void
on_done(struct noc_value *result, const struct noc_err *err, void *arg)
{
	struct agent *a = arg;

	if (err)
		fail_msg("%s", err->msg);
	noc_value_free(result);
	if (++a->done == REQUESTS)
		noc_loop_stop(a->loop);
}

/* Takes all there are, then answers each: with what it was asked. */
static void
on_asked(int fd, int events, void *arg)
{
	static uint8_t p[2 * REQUESTS][1024];
	ssize_t len[2 * REQUESTS];
	struct agent *a = arg;
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	unsigned n = 0;

	(void)events;
	while (n < 2 * REQUESTS &&
	       (len[n] = recvfrom(fd, p[n], sizeof(p[n]), MSG_DONTWAIT,
				  (struct sockaddr *)&from, &from_len)) > 0)
		n++;
	if (n > a->most)
		a->most = n;
	a->asked += n;
	for (unsigned i = 0; i < n; i++) {
		uint8_t *pdu = memchr(p[i] + 4, 0xa0, 20);

		assert_non_null(pdu);
		*pdu = 0xa2;
		sendto(fd, p[i], (size_t)len[i], 0, (struct sockaddr *)&from,
		       from_len);
	}
}

static void
test_all_requests_go_out(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t sin_len = sizeof(sin);
	struct noc_mib *mib = noc_mib_new();
	struct noc_snmp_options opt = { .engine_id = "80001f8805aabbccddeeff",
					.mib = mib };
	const char *oid = "sysUpTime.0";
	struct noc_snmp_request req = {
		.op = NOC_SNMP_GET,
		.address = "127.0.0.1",
		.credential = { .version = 2, .community = "public" },
		.oids = &oid,
		.noids = 1,
		.timeout_ms = 60000,
		.tries = 1,
	};
	struct agent a = { 0 };
	struct noc_watch *w;
	struct noc_snmp *snmp;
	struct noc_err err;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sin_len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &sin_len), 0);
	req.port = ntohs(sin.sin_port);
	assert_int_equal(noc_loop_new(&a.loop, &err), 0);
	assert_int_equal(noc_snmp_open(a.loop, &opt, &snmp, &err), 0);
	w = noc_loop_fd(a.loop, fd, NOC_LOOP_READ, on_asked, &a);
	for (int i = 0; i < REQUESTS; i++)
		if (!noc_snmp_request(snmp, &req, on_done, &a, &err))
			fail_msg("%s", err.msg);
	noc_loop_run(a.loop);
	assert_int_equal(a.asked, REQUESTS);
	assert_int_equal(a.most, REQUESTS);
	noc_watch_free(w);
	close(fd);
	noc_snmp_close(snmp);
	noc_loop_free(a.loop);
	noc_mib_free(mib);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_requests_go_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
