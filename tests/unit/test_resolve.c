/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

#define PATIENCE_MS 60000 /* for what is going to be answered */

/* A name server of our own, on the loop under test. */
static struct {
	struct noc_loop *loop;
	struct noc_resolver *r;
	struct noc_watch *watch;
	int fd, strange; /* questions that no test asks */
	bool mute;
	char conf[64], hosts[64];
} fx;

struct result {
	int calls, kind;
	char text[512];
};

/* Asked for by some test, and perhaps repeated while another runs. */
static bool
is_asked(const char *label)
{
	static const char *const names[] = { "two", "gone", "sick", "slow" };

	for (size_t i = 0; i < NOC_COUNT(names); i++)
		if (strncasecmp(label, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/*
 * "two.test" has two A and one AAAA record, "gone.test" does not exist,
 * "sick.test" is a server failure.
 */
static void
on_query(int fd, int events, void *arg)
{
	uint8_t q[512], *p;
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, q, sizeof(q) - 64, 0, (struct sockaddr *)&from,
			     &from_len);
	size_t end = 12;
	int type;

	(void)events;
	(void)arg;
	assert_true(n > 16);
	fx.strange += !is_asked((char *)q + 13);
	if (fx.mute)
		return;
	while (q[end] != 0)
		end += q[end] + 1u;
	type = q[end + 2];
	p = q + end + 5;
	q[2] = 0x85;
	q[3] = 0x80;
	memset(q + 6, 0, 6);
	if (strncasecmp((char *)q + 13, "gone", 4) == 0)
		q[3] |= 3;
	if (strncasecmp((char *)q + 13, "sick", 4) == 0)
		q[3] |= 2;
	if (strncasecmp((char *)q + 13, "two", 3) == 0) {
		static const uint8_t a[] = { 0xc0, 12, 0, 1, 0,	  1, 0, 0,
					     0,	   60, 0, 4, 192, 0, 2, 1 };
		static const uint8_t aaaa[] = {
			0xc0, 12,   0, 28, 0, 1, 0, 0, 0, 60, 0, 16, 0x20, 1,
			0xd,  0xb8, 0, 0,  0, 0, 0, 0, 0, 0,  0, 0,  0,	   1
		};

		q[7] = type == 1 ? 2 : 1;
		memcpy(p, type == 1 ? a : aaaa,
		       type == 1 ? sizeof(a) : sizeof(aaaa));
		p += type == 1 ? sizeof(a) : sizeof(aaaa);
		if (type == 1) {
			memcpy(p, a, sizeof(a));
			p[sizeof(a) - 1] = 2;
			p += sizeof(a);
		}
	}
	sendto(fd, q, (size_t)(p - q), 0, (struct sockaddr *)&from, from_len);
}

static void
on_done(const struct noc_addresses *a, const struct noc_err *err, void *arg)
{
	struct result *r = arg;

	r->calls++;
	r->kind = err != NULL ? (int)err->kind : 0;
	assert_true((a == NULL) == (err != NULL));
	r->text[0] = '\0';
	for (size_t i = 0; a != NULL && i < a->n; i++) {
		strcat(r->text, a->text[i]);
		strcat(r->text, " ");
	}
	if (err != NULL)
		snprintf(r->text, sizeof(r->text), "%s", err->msg);
	noc_loop_stop(fx.loop);
}

static struct result
resolve(const char *name, int64_t timeout_ms)
{
	struct result r = { 0 };

	noc_resolve(fx.r, name, timeout_ms, on_done, &r);
	assert_int_equal(r.calls, 0); /* never from within the call */
	noc_loop_run(fx.loop);
	assert_int_equal(r.calls, 1);
	return r;
}

static void
test_literals_need_no_server(void **state)
{
	(void)state;
	fx.strange = 0;
	assert_string_equal(resolve("192.0.2.7", PATIENCE_MS).text,
			    "192.0.2.7 ");
	assert_string_equal(resolve("2001:DB8:0::1", PATIENCE_MS).text,
			    "2001:db8::1 ");
	assert_string_equal(resolve("[::1]", PATIENCE_MS).text, "::1 ");
	assert_int_equal(fx.strange, 0);
}

static void
test_hosts_file_comes_first(void **state)
{
	(void)state;
	fx.strange = 0;
	assert_string_equal(resolve("core-1", PATIENCE_MS).text, "10.1.2.3 ");
	assert_string_equal(resolve("CORE-1.lab", PATIENCE_MS).text,
			    "10.1.2.3 ");
	assert_int_equal(fx.strange, 0);
}

static void
test_names(void **state)
{
	struct result r = resolve("two.test", PATIENCE_MS);

	(void)state;
	assert_int_equal(r.kind, 0);
	assert_non_null(strstr(r.text, "192.0.2.1 192.0.2.2 "));
	assert_non_null(strstr(r.text, "2001:db8::1 "));
	r = resolve("gone.test", PATIENCE_MS);
	assert_int_equal(r.kind, NOC_ENOTFOUND);
	assert_non_null(strstr(r.text, "gone.test"));
	assert_int_equal(resolve("sick.test", PATIENCE_MS).kind, NOC_EDOWN);
}

static void
test_nonsense_is_not_asked(void **state)
{
	char longer[300];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	fx.strange = 0;
	assert_int_equal(resolve("", PATIENCE_MS).kind, NOC_EINPUT);
	assert_int_equal(resolve("a b", PATIENCE_MS).kind, NOC_EINPUT);
	assert_int_equal(resolve("a..b", PATIENCE_MS).kind, NOC_EINPUT);
	assert_int_equal(resolve("a\nb", PATIENCE_MS).kind, NOC_EINPUT);
	assert_int_equal(resolve(longer, PATIENCE_MS).kind, NOC_EINPUT);
	assert_int_equal(fx.strange, 0);
}

static void
test_timeout_and_cancel(void **state)
{
	struct result r = { 0 }, other;
	struct noc_lookup *l;

	(void)state;
	fx.mute = true;
	assert_int_equal(resolve("two.test", 150).kind, NOC_ETIMEOUT);
	l = noc_resolve(fx.r, "two.test", 1000, on_done, &r);
	noc_resolve_cancel(l);
	l = noc_resolve(fx.r, "192.0.2.1", 1000, on_done, &r);
	noc_resolve_cancel(l);
	other = resolve("slow.test", 300);
	assert_int_equal(other.kind, NOC_ETIMEOUT);
	assert_int_equal(r.calls, 0);
	fx.mute = false;
	assert_int_equal(resolve("two.test", PATIENCE_MS).kind, 0);
}

static void
file_write(char path[64], const char *text)
{
	int fd;

	snprintf(path, 64, "/tmp/noc-resolve-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int
setup(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	char text[128];

	(void)state;
	fx.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fx.fd, (struct sockaddr *)&at, len), 0);
	getsockname(fx.fd, (struct sockaddr *)&at, &len);
	snprintf(text, sizeof(text), "nameserver 127.0.0.1:%d\n",
		 ntohs(at.sin_port));
	file_write(fx.conf, text);
	file_write(fx.hosts, "127.0.0.1 localhost\n"
			     "10.1.2.3 core-1.lab core-1 # the core\n");
	assert_int_equal(noc_loop_new(&fx.loop, NULL), 0);
	fx.watch = noc_loop_fd(fx.loop, fx.fd, NOC_LOOP_READ, on_query, NULL);
	return noc_resolver_new(fx.loop, fx.conf, fx.hosts, &fx.r, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	noc_resolver_free(fx.r);
	noc_watch_free(fx.watch);
	noc_loop_free(fx.loop);
	close(fx.fd);
	unlink(fx.conf);
	unlink(fx.hosts);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals_need_no_server),
		cmocka_unit_test(test_hosts_file_comes_first),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nonsense_is_not_asked),
		cmocka_unit_test(test_timeout_and_cancel),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
