/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http_fixture.h"

#define SLOW 200

static struct fixture fx;

/* 200 clients that send a byte now and then, from one address or many: who
 * waited for one of them would never answer. */
static void
check_slow_senders(bool one_address)
{
	static const char drip[] = "POST /echo HTTP/1.1\r\nHost: x\r\nX-Slow: ";
	int slow[SLOW];
	char from[32];

	for (int i = 0; i < SLOW; i++) {
		snprintf(from, sizeof(from), "127.0.1.%d",
			 one_address ? 1 : i + 1);
		slow[i] = dial(&fx, from);
		say_bytes(slow[i], drip, 5);
	}
	for (int n = 0; n < 300; n++) {
		for (int i = 0; i < SLOW; i += 7)
			say_bytes(slow[i], drip + 5 + n % 30, 1);
		assert_int_equal(ask_status(&fx, "GET /hello HTTP/1.1\r\n"
						 "Host: x\r\n\r\n"),
				 200);
	}
	for (int i = 0; i < SLOW; i++)
		close(slow[i]);
}

static void
test_slow_senders_do_not_hinder_others(void **state)
{
	(void)state;
	check_slow_senders(false);
	check_slow_senders(true);
}

/* Even from the slow senders' own address a quick request gets through. */
static void
test_same_address_is_served_by_evicting_the_slow(void **state)
{
	int slow[100], conns = 0;
	char *a;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(slow); i++) {
		slow[i] = dial(&fx, NULL);
		say(slow[i], "GET /hel");
	}
	for (int i = 0; i < 20; i++)
		assert_int_equal(ask_status(&fx, "GET /hello HTTP/1.1\r\n"
						 "Host: x\r\n\r\n"),
				 200);
	a = ask(&fx, "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(sscanf(strstr(a, "conns="), "conns=%d", &conns), 1);
	free(a);
	/* At the cap, or one below it: whose asker is just leaving. */
	assert_in_range(conns, 63, 64);
	/* The first to come waited longest and went. */
	assert_true(closed_by_server(slow[0], PATIENCE_MS));
	for (size_t i = 0; i < NOC_COUNT(slow); i++)
		close(slow[i]);
}

/* At a cap nobody is pushed out; one more, and the first to come is. */
static void
check_cap(int max, bool is_unix, int each)
{
	int *held = noc_calloc((size_t)max + 1, sizeof(int)), asker;
	char from[32], full[32];
	struct fixture f;

	fixture_init(&f);
	fixture_start(&f);
	asker = is_unix ? dial(&f, NULL) : dial_unix(&f);
	snprintf(full, sizeof(full), "%s=%d ", is_unix ? "unix" : "conns", max);
	for (int i = 0; i <= max; i++) {
		if (i == max) {
			stats_say(asker, full);
			stats_say(asker, "evicted=0 ");
		}
		snprintf(from, sizeof(from), "127.0.2.%d", i / each + 1);
		held[i] = is_unix ? dial_unix(&f) : dial(&f, from);
	}
	stats_say(asker, "evicted=1 ");
	stats_say(asker, full);
	assert_true(closed_by_server(held[0], PATIENCE_MS));
	for (int i = 0; i <= max; i++)
		close(held[i]);
	close(asker);
	fixture_stop(&f);
	free(held);
}

static void
test_connections_have_caps(void **state)
{
	struct rlimit old, many;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &old);
	many = old;
	many.rlim_cur = old.rlim_max < 2048 ? old.rlim_max : 2048;
	setrlimit(RLIMIT_NOFILE, &many);
	check_cap(64, false, 1000); /* of one address */
	check_cap(512, false, 50);
	check_cap(128, true, 1);
	setrlimit(RLIMIT_NOFILE, &old);
}

static size_t
bytes_in(int asker)
{
	size_t n = 0;
	char *a;

	say(asker, "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n");
	a = hear(asker);
	assert_non_null(a);
	assert_int_equal(sscanf(strstr(a, " in="), " in=%zu", &n), 1);
	free(a);
	return n;
}

/*
 * Who was refused and sends on is listened to for 2 MiB, so that the answer
 * gets through.  The deadline may be first on a machine that stalls: again.
 */
static void
test_the_refused_are_heard_for_2_mib(void **state)
{
	static const char block[65536];
	int asker = dial_unix(&fx);
	size_t got = 0;

	(void)state;
	for (int i = 0; i < 20 && got <= 2 << 20; i++) {
		size_t before = bytes_in(asker);
		int fd = dial(&fx, NULL);

		say(fd, "GET / HTTP/1.2\r\nHost: x\r\n\r\n");
		assert_int_equal(status_of_answer(hear(fd)), 505);
		for (int n = 0; n < 256; n++) /* 16 MiB, if it may */
			say_bytes(fd, block, sizeof(block));
		shutdown(fd, SHUT_WR);
		assert_true(closed_by_server(fd, PATIENCE_MS));
		close(fd);
		got = bytes_in(asker) - before;
	}
	close(asker);
	/* And no more than the turn in which the last came. */
	assert_in_range(got, (2 << 20) + 1, (2 << 20) + 65536 + 200);
}

/* One byte every 50 ms does not keep a connection for ever. */
static void
check_deadline(const struct fixture *f, const char *start)
{
	double until = now_s() + PATIENCE_MS / 1e3;
	int fd = dial(f, NULL), status = 0;
	bool closed;

	say(fd, start);
	while (!(closed = closed_by_server(fd, 50)) && now_s() < until)
		say(fd, "x");
	assert_true(closed);
	close(fd);
	/* Who sent something is told why, and who sent nothing is not: on a
	 * machine that stalls right here, the first byte may come too late. */
	for (int i = 0; i < 20 && status != 408; i++) {
		fd = dial(f, NULL);
		say(fd, start);
		status = status_of_answer(hear(fd));
		close(fd);
	}
	assert_int_equal(status, 408);
}

static void
test_deadlines_are_absolute(void **state)
{
	struct fixture f;
	int silent;

	(void)state;
	fixture_init(&f);
	f.conf.limits.head_ms = 300;
	fixture_start(&f);
	check_deadline(&f, "GET /hello HTTP/1.1\r\nX: ");
	silent = dial(&f, NULL);
	assert_true(closed_by_server(silent, PATIENCE_MS));
	close(silent);
	fixture_stop(&f);
	fixture_init(&f);
	f.conf.limits.body_ms = 300;
	fixture_start(&f);
	check_deadline(&f, "POST /echo HTTP/1.1\r\nHost: x\r\n"
			   "Content-Length: 99999\r\n\r\n");
	fixture_stop(&f);
}

/* Who waits for an answer that does not come is told so in time. */
static void
test_answers_have_a_deadline(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.conf.limits.reply_ms = 100;
	fixture_start(&f);
	assert_int_equal(ask_status(&f, "GET /keep?ms=0 HTTP/1.1\r\n"
					"Host: x\r\n\r\n"),
			 504);
	fixture_stop(&f);
}

static void
test_idle_connections_close(void **state)
{
	struct fixture f;
	int fd;

	(void)state;
	fixture_init(&f);
	f.conf.limits.idle_ms = 300;
	fixture_start(&f);
	fd = dial(&f, NULL);
	say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(status_of_answer(hear(fd)), 200);
	assert_true(closed_by_server(fd, PATIENCE_MS));
	close(fd);
	fixture_stop(&f);
}

static void
test_stream(void **state)
{
	int fd = dial(&fx, NULL);
	char *a;

	(void)state;
	say(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	a = hear(fd);
	assert_non_null(a);
	assert_non_null(strstr(a, "\r\nTransfer-Encoding: chunked\r\n"));
	assert_string_equal(strstr(a, "\r\n\r\n"),
			    "\r\n\r\n6\r\npiece\n\r\n6\r\npiece\n\r\n"
			    "6\r\npiece\n\r\n6\r\npiece\n\r\n6\r\npiece\n\r\n"
			    "0\r\n\r\n");
	free(a);
	/* The connection is good for another request. */
	say(fd, "HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	a = noc_calloc(1, 4096);
	while (strstr(a, "\r\n\r\nhello") == NULL)
		assert_true(recv(fd, a + strlen(a), 1, 0) == 1);
	assert_null(strstr(a, "piece"));
	free(a);
	close(fd);
	/* HTTP/1.0 knows no chunks: the end is the end. */
	a = ask(&fx, "GET /stream HTTP/1.0\r\n\r\n");
	assert_null(strstr(a, "chunked"));
	assert_string_equal(strstr(a, "\r\n\r\n") + 4,
			    "piece\npiece\npiece\npiece\npiece\n");
	free(a);
}

static void
test_export_waits_for_a_slow_reader(void **state)
{
	int fd = dial(&fx, NULL);
	char block[65536];
	size_t got = 0;
	int sent, before = 0;
	ssize_t n;

	(void)state;
	atomic_store(&fx.flooded, 0);
	atomic_store(&fx.told_ready, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 65536 }, sizeof(int));
	say(fd, "GET /export HTTP/1.0\r\n\r\n");
	/* Nobody reads: it comes to a stand before its end. */
	for (int still = 0; still < 10;
	     still = sent == before && sent ? still + 1 : 0) {
		before = atomic_load(&fx.flooded);
		pause_ms(10);
		sent = atomic_load(&fx.flooded);
	}
	assert_in_range(before, 1, 199);
	while ((n = recv(fd, block, sizeof(block), 0)) > 0)
		got += (size_t)n;
	assert_true(got > 200 * 65536 && got < 201 * 65536);
	assert_int_equal(atomic_load(&fx.flooded), 200);
	assert_true(atomic_load(&fx.told_ready) > 1);
	close(fd);
}

static void
wait_for(atomic_int *flag)
{
	double until = now_s() + PATIENCE_MS / 1e3;

	while (atomic_load(flag) == 0 && now_s() < until)
		pause_ms(10);
	assert_int_equal(atomic_load(flag), 1);
}

static void
test_who_falls_behind_is_dropped(void **state)
{
	int fd = dial(&fx, NULL);

	(void)state;
	atomic_store(&fx.flooded, 0);
	atomic_store(&fx.flood_over, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
	say(fd, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
	wait_for(&fx.flood_over);
	/* 1 MiB of ours and what the kernel buffers, not 64 MiB. */
	assert_in_range(atomic_load(&fx.flooded), 15, 999);
	assert_true(closed_by_server(fd, PATIENCE_MS));
	close(fd);
}

static void
test_stream_owner_hears_that_the_peer_left(void **state)
{
	int fd = dial(&fx, NULL), other = dial(&fx, NULL);
	char *a;

	(void)state;
	atomic_store(&fx.told_gone, 0);
	say(fd, "GET /quiet HTTP/1.1\r\nHost: x\r\n\r\n");
	stats_say(other, "streams=1 ");
	close(other);
	close(fd);
	wait_for(&fx.told_gone);
	a = ask(&fx, "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_non_null(strstr(a, "streams=0 "));
	assert_non_null(strstr(a, "body=0 "));
	free(a);
}

/* With no descriptor left, who comes hears at once, and it passes. */
static void
test_out_of_descriptors(void **state)
{
	struct rlimit old, few;
	int held[64], n = 0, spare = dial(&fx, NULL), fd;
	char *a;

	(void)state;
	/* All others have left: the server closes nothing from here on. */
	stats_say(spare, "conns=1 ");
	fd = dup(spare);
	getrlimit(RLIMIT_NOFILE, &old);
	few = old;
	few.rlim_cur = (rlim_t)fd + 8;
	close(fd);
	setrlimit(RLIMIT_NOFILE, &few);
	while (n < 64 && (held[n] = dup(spare)) >= 0)
		n++;
	assert_in_range(n, 1, 63);
	close(held[--n]); /* one for a client, none for the server */
	fd = dial(&fx, NULL);
	assert_true(closed_by_server(fd, PATIENCE_MS));
	close(fd);
	while (n > 0)
		close(held[--n]);
	setrlimit(RLIMIT_NOFILE, &old);
	/* The pause passes: who comes now is served after it. */
	a = ask(&fx, "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_non_null(a);
	assert_null(strstr(a, "paused=0."));
	free(a);
	close(spare);
}

static int
setup(void **state)
{
	(void)state;
	fixture_init(&fx);
	fixture_start(&fx);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	fixture_stop(&fx);
	return 0;
}

static void
nothing(struct noc_http_req *req, void *arg)
{
	(void)arg;
	noc_http_reply(req, 204, NULL, NULL, 0);
}

static int
start_with(const char *method, const char *pattern, enum noc_role role)
{
	struct noc_http_conf conf;
	struct noc_http *http;
	struct noc_loop *loop;
	struct noc_err err;
	int rc;

	noc_http_conf_default(&conf);
	assert_int_equal(noc_loop_new(&loop, NULL), 0);
	assert_int_equal(noc_http_new(loop, &conf, &http, NULL), 0);
	noc_http_route(http, "GET", "/a/{b}", NOC_ROLE_VIEWER, nothing, NULL);
	noc_http_route(http, method, pattern, role, nothing, NULL);
	rc = noc_http_start(http, &err);
	noc_http_free(http);
	noc_loop_free(loop);
	return rc;
}

static void
test_a_route_that_says_not_who_is_refused(void **state)
{
	(void)state;
	assert_int_equal(start_with("GET", "/x", NOC_ROLE_NONE), 0);
	assert_int_equal(start_with("GET", "/a/b", NOC_ROLE_NONE), 0);
	assert_int_equal(start_with("POST", "/a/{b}", NOC_ROLE_NONE), 0);
	assert_int_equal(start_with("GET", "/x", NOC_ROLE_UNSET), NOC_ECONFIG);
	assert_int_equal(start_with("GET", "/a/{c}", NOC_ROLE_NONE),
			 NOC_ECONFIG);
	assert_int_equal(start_with("GET", "x", NOC_ROLE_NONE), NOC_ECONFIG);
	assert_int_equal(start_with("GET", "/x//y", NOC_ROLE_NONE),
			 NOC_ECONFIG);
	assert_int_equal(start_with("GET", "/{x...}/y", NOC_ROLE_NONE),
			 NOC_ECONFIG);
}

static void
test_addresses(void **state)
{
	struct noc_http_conf conf;
	struct noc_http *http;
	struct noc_loop *loop;
	struct noc_err err;
	char taken[32];

	(void)state;
	noc_http_conf_default(&conf);
	assert_int_equal(noc_loop_new(&loop, NULL), 0);
	assert_int_equal(noc_http_new(loop, &conf, &http, NULL), 0);
	assert_int_equal(noc_http_listen_tcp(http, "8080", &err), NOC_ECONFIG);
	assert_int_equal(noc_http_listen_tcp(http, "x.y:80", &err),
			 NOC_ECONFIG);
	snprintf(taken, sizeof(taken), "127.0.0.1:%d", fx.port);
	assert_int_equal(noc_http_listen_tcp(http, taken, &err), NOC_ECONFLICT);
	assert_non_null(strstr(err.msg, taken));
	assert_int_equal(noc_http_listen_unix(http, fx.path, &err),
			 NOC_ECONFLICT);
	assert_int_equal(noc_http_listen_tcp(http, "localhost:0", &err), 0);
	assert_true(noc_http_port(http) > 0);
	noc_http_free(http);
	noc_loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_senders_do_not_hinder_others),
		cmocka_unit_test(
		    test_same_address_is_served_by_evicting_the_slow),
		cmocka_unit_test(test_connections_have_caps),
		cmocka_unit_test(test_the_refused_are_heard_for_2_mib),
		cmocka_unit_test(test_deadlines_are_absolute),
		cmocka_unit_test(test_answers_have_a_deadline),
		cmocka_unit_test(test_idle_connections_close),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_export_waits_for_a_slow_reader),
		cmocka_unit_test(test_who_falls_behind_is_dropped),
		cmocka_unit_test(test_stream_owner_hears_that_the_peer_left),
		cmocka_unit_test(test_out_of_descriptors),
		cmocka_unit_test(test_a_route_that_says_not_who_is_refused),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
