/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http_fixture.h"

/* Who gives way where there is no room. */

static struct fixture fx;

#define CROWD 64 /* the cap of one address */

/* As many of one address as may be, in the middle of something: twice as many
 * that ask and stay get their answer, and they are gone. */
static void
check_crowd(const struct fixture *f, const char *start)
{
	int held[CROWD], quick[2 * CROWD];

	for (size_t i = 0; i < NOC_COUNT(held); i++) {
		held[i] = dial(f, "127.0.3.1");
		setsockopt(held[i], SOL_SOCKET, SO_RCVBUF, &(int){ 4096 },
			   sizeof(int));
		say(held[i], start);
	}
	for (size_t i = 0; i < NOC_COUNT(quick); i++) {
		quick[i] = dial(f, "127.0.3.1");
		say(quick[i], "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(status_of_answer(hear(quick[i])), 200);
	}
	for (size_t i = 0; i < NOC_COUNT(held); i++) {
		assert_true(closed_by_server(held[i], PATIENCE_MS));
		close(held[i]);
	}
	for (size_t i = 0; i < NOC_COUNT(quick); i++)
		close(quick[i]);
}

static void
test_who_is_in_the_middle_gives_way(void **state)
{
	char reads[1200] = "";

	(void)state;
	check_crowd(&fx, "GET /hel");
	check_crowd(&fx, "POST /echo HTTP/1.1\r\nHost: x\r\n"
			 "Content-Length: 99\r\n\r\nbegun");
	check_crowd(&fx, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	/* Answers that are not read, of the sort that stream and not. */
	check_crowd(&fx, "GET /much HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 30; i++)
		strcat(reads, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	check_crowd(&fx, reads);
}

/* Who proved who they are stay, of those who are of one address as well. */
static void
test_the_verified_stay(void **state)
{
	int verified = dial(&fx, "127.0.4.1"), other, held[64];

	(void)state;
	say(verified, "GET /secret HTTP/1.1\r\nHost: x\r\n"
		      "Authorization: Bearer viewer\r\n\r\n");
	assert_int_equal(status_of_answer(hear(verified)), 200);
	other = dial(&fx, "127.0.4.1");
	say(other, "GET /secret HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(status_of_answer(hear(other)), 401);
	for (int i = 0; i < 64; i++) {
		held[i] = dial(&fx, "127.0.4.1");
		say(held[i], "GET /hel");
	}
	assert_true(closed_by_server(other, PATIENCE_MS));
	say(verified, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(status_of_answer(hear(verified)), 200);
	for (int i = 0; i < 64; i++)
		close(held[i]);
	close(other);
	close(verified);
}

/* Who waits for our answer is not closed: one more is told to come again. */
static void
test_503_says_when_to_come_again(void **state)
{
	struct fixture f;
	int one, two;
	char *a;

	(void)state;
	fixture_init(&f);
	f.conf.limits.conns_addr_max = 1;
	fixture_start(&f);
	one = dial(&f, "127.0.5.1");
	say(one, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
	two = dial(&f, NULL);
	stats_say(two, "pending=1 ");
	close(two);
	two = dial(&f, "127.0.5.1");
	a = hear(two);
	assert_non_null(a);
	assert_non_null(strstr(a, "HTTP/1.1 503 "));
	assert_non_null(strstr(a, "\r\nRetry-After: 5\r\n"));
	free(a);
	close(one);
	close(two);
	fixture_stop(&f);
}

/* Only the one that asks is left. */
static void
pause_until_gone(const struct fixture *f)
{
	int asker = dial_unix(f);

	stats_say(asker, "conns=1 unix=1 ");
	stats_say(asker, "conns=0 unix=1 ");
	close(asker);
}

static const char body_head[] = "POST /echo HTTP/1.1\r\nHost: x\r\n"
				"Content-Length: 40000\r\n\r\n";

/* Together they are as much as may be: of the address that has most of them
 * the one goes that came first, and who has little is served. */
static void
test_bodies_give_way_to_others(void **state)
{
	static const char block[39999];
	int held[3], alone, asker;
	struct fixture f;
	char text[32];

	(void)state;
	fixture_init(&f);
	f.conf.limits.body_total_max = 2 * sizeof(block) + 100;
	fixture_start(&f);
	asker = dial_unix(&f);
	alone = dial(&f, "127.0.6.2");
	say(alone, "POST /echo HTTP/1.1\r\nHost: x\r\n"
		   "Content-Length: 100\r\n\r\nx");
	stats_say(asker, "body=1 ");
	for (size_t i = 0; i < NOC_COUNT(held); i++) {
		held[i] = dial(&f, "127.0.6.1");
		say(held[i], body_head);
		say_bytes(held[i], block, sizeof(block));
		snprintf(text, sizeof(text), "body=%zu ",
			 1 + (i < 2 ? i + 1 : 2) * sizeof(block));
		stats_say(asker, text);
	}
	assert_int_equal(status_of_answer(hear(held[0])), 503);
	say_bytes(alone, block, 99); /* of the 99 that are left */
	assert_int_equal(status_of_answer(hear(alone)), 200);
	for (int i = 1; i < 3; i++) {
		say(held[i], "y");
		assert_int_equal(status_of_answer(hear(held[i])), 200);
	}
	stats_say(asker, "body=0 ");
	for (size_t i = 0; i < NOC_COUNT(held); i++)
		close(held[i]);
	close(alone);
	close(asker);
	fixture_stop(&f);
}

/* A body that comes slower than it may is ended before its deadline. */
static void
test_bodies_keep_a_pace(void **state)
{
	struct noc_http_conf conf;
	struct fixture f;
	int fd;

	(void)state;
	noc_http_conf_default(&conf);
	assert_int_equal(conf.limits.body_grace_ms, 5000);
	assert_int_equal(conf.limits.body_rate_min, 1024);
	fixture_init(&f);
	f.conf.limits.body_grace_ms = 100;
	f.conf.limits.body_rate_min = INT64_MAX >> 24;
	fixture_start(&f);
	fd = dial(&f, NULL);
	say(fd, body_head);
	say(fd, "begun");
	assert_int_equal(status_of_answer(hear(fd)), 408);
	close(fd);
	fixture_stop(&f);
	/* The deadline is still what it was for who keeps the pace. */
	fixture_init(&f);
	f.conf.limits.body_grace_ms = 1;
	f.conf.limits.body_rate_min = 0;
	f.conf.limits.body_ms = 300;
	fixture_start(&f);
	fd = dial(&f, NULL);
	say(fd, body_head);
	say(fd, "begun");
	assert_int_equal(status_of_answer(hear(fd)), 408);
	close(fd);
	fixture_stop(&f);
}

static void
test_unread_answers_have_a_deadline(void **state)
{
	struct noc_http_conf conf;
	char asks[1200] = "";
	struct fixture f;
	int fd;

	(void)state;
	noc_http_conf_default(&conf);
	assert_int_equal(conf.limits.write_ms, 30000);
	fixture_init(&f);
	f.conf.limits.write_ms = 200;
	fixture_start(&f);
	fd = dial(&f, NULL);
	for (int i = 0; i < 30; i++)
		strcat(asks, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	say(fd, asks);
	pause_until_gone(&f);
	close(fd);
	fixture_stop(&f);
}

/* What nobody wants is answered before its body is there. */
static void
test_unwanted_bodies_are_not_read(void **state)
{
	static const char *const paths[] = { "POST /none", "POST /wanted/no",
					     "DELETE /secret", "POST /hello" };
	static const int statuses[] = { 404, 404, 401, 405 };
	char text[128], *a;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(paths); i++) {
		snprintf(text, sizeof(text),
			 "%s HTTP/1.1\r\nHost: x\r\n"
			 "Content-Length: 100000\r\n\r\n",
			 paths[i]);
		a = ask(&fx, text);
		assert_non_null(strstr(a, "\r\nConnection: close\r\n"));
		assert_int_equal(status_of_answer(a), statuses[i]);
	}
	assert_int_equal(ask_status(&fx, "POST /wanted/yes HTTP/1.1\r\n"
					 "Host: x\r\n"
					 "Content-Length: 2\r\n\r\nok"),
			 200);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_in_the_middle_gives_way),
		cmocka_unit_test(test_the_verified_stay),
		cmocka_unit_test(test_503_says_when_to_come_again),
		cmocka_unit_test(test_bodies_give_way_to_others),
		cmocka_unit_test(test_bodies_keep_a_pace),
		cmocka_unit_test(test_unread_answers_have_a_deadline),
		cmocka_unit_test(test_unwanted_bodies_are_not_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
