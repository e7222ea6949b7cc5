/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/loop.h"
#include "sensors/sensors.h"

/* Who gets a connection for syslog when all are taken. */

struct tcp {
	struct fix f;
	const struct noc_sensor_ops *ops;
	struct noc_value *config;
	struct noc_source *source;
	struct noc_watch *stopper;
	void *instance;
	uint16_t port;
};

static void
on_stop(void *arg)
{
	noc_loop_stop(arg);
}

/* All that has come is looked at. */
static void
turn(struct tcp *t)
{
	for (int i = 0; i < 3; i++) {
		noc_timer_arm(t->stopper, 1);
		noc_loop_run(t->f.env.loop);
		fix_pump(&t->f);
	}
}

static void
tcp_start(struct tcp *t, int64_t conns, int64_t of_one)
{
	struct noc_strbuf where = NOC_STRBUF_INIT;
	struct noc_err err;
	size_t i = 0;

	memset(t, 0, sizeof(*t));
	while ((t->ops = noc_sensor_at(i)) &&
	       strcmp(t->ops->name, "syslog.tcp"))
		i++;
	t->config = noc_value_map();
	noc_value_set(t->config, "syslog.tcp", noc_value_str("127.0.0.1:0"));
	noc_value_set(t->config, "syslog.tcp_conns", noc_value_int(conns));
	noc_value_set(t->config, "syslog.tcp_conns_addr",
		      noc_value_int(of_one));
	assert_int_equal(noc_loop_new(&t->f.env.loop, &err), 0);
	t->f.env.config = t->config;
	fix_open(&t->f, "rule \"r\" { on = \"syslog\","
			" run = log \"said {summary}\" }");
	cor_inventory(&t->f, "name,address\nsw1,127.0.9.1\nsw2,127.0.9.2\n");
	if (t->ops->open(&t->f.env, &t->instance, &err))
		fail_msg("%s", err.msg);
	t->ops->describe(t->instance, &where);
	t->port = (uint16_t)atoi(strrchr(where.p, ':') + 1);
	t->stopper = noc_loop_timer(t->f.env.loop, on_stop, t->f.env.loop);
	noc_strbuf_release(&where);
}

static void
tcp_stop(struct tcp *t)
{
	t->ops->close(t->instance);
	noc_watch_free(t->stopper);
	cor_close(&t->f);
	noc_loop_free(t->f.env.loop);
	noc_value_free(t->config);
}

/* "127.0.7.%d" */
static int
dial(struct tcp *t, const char *net, int last)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(t->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[32];

	snprintf(text, sizeof(text), "%s.%d", net, last);
	assert_int_equal(inet_pton(AF_INET, text, &from.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	fix_advance(&t->f, 1);
	turn(t);
	return fd;
}

static void
tell(struct tcp *t, int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 strlen(text));
	fix_advance(&t->f, 1);
	turn(t);
}

static bool
is_open(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static size_t
open_of(const int *fds, size_t n)
{
	size_t open = 0;

	for (size_t i = 0; i < n; i++)
		open += is_open(fds[i]);
	return open;
}

static void
test_strangers_have_half_of_the_connections(void **state)
{
	int strangers[8], known[11], last;
	struct tcp t;

	(void)state;
	tcp_start(&t, 10, 8);
	for (int i = 0; i < 5; i++)
		strangers[i] = dial(&t, "127.0.7", i + 1);
	assert_int_equal(open_of(strangers, 5), 5);
	/* One more stranger: the one that came first goes. */
	strangers[5] = dial(&t, "127.0.7", 6);
	assert_false(is_open(strangers[0]));
	assert_int_equal(open_of(strangers, 6), 5);
	/* Others find room, and then that of strangers. */
	for (int i = 0; i < 5; i++)
		known[i] = dial(&t, "127.0.9", 1 + i % 2);
	assert_int_equal(open_of(strangers, 6), 5);
	for (int i = 5; i < 10; i++) {
		known[i] = dial(&t, "127.0.9", 1 + i % 2);
		assert_int_equal(open_of(strangers, 6), 9 - (size_t)i);
	}
	assert_int_equal(open_of(known, 10), 10);
	/* No stranger takes one of theirs: this one is refused. */
	strangers[6] = dial(&t, "127.0.7", 7);
	assert_false(is_open(strangers[6]));
	assert_int_equal(open_of(known, 10), 10);
	/* This host is known. */
	last = dial(&t, "127.0.0", 1);
	assert_true(is_open(last));
	assert_int_equal(open_of(known, 10), 9);
	close(last);
	for (int i = 0; i < 7; i++)
		close(strangers[i]);
	for (int i = 0; i < 10; i++)
		close(known[i]);
	tcp_stop(&t);
}

static void
test_who_goes_first(void **state)
{
	int two[2], said, silent, more;
	struct tcp t;

	(void)state;
	tcp_start(&t, 8, 2);
	said = dial(&t, "127.0.7", 1);
	tell(&t, said, "first\n");
	silent = dial(&t, "127.0.7", 2);
	two[0] = dial(&t, "127.0.7", 3);
	two[1] = dial(&t, "127.0.7", 3);
	/* Of who has most, though another is silent for longer. */
	more = dial(&t, "127.0.7", 4);
	assert_false(is_open(two[0]));
	assert_true(is_open(silent));
	/* Before who said something, though that came first. */
	close(dial(&t, "127.0.7", 5));
	assert_false(is_open(silent));
	assert_true(is_open(said));
	/* Of an address with all that one may have, its own. */
	turn(&t);
	close(two[0]);
	two[0] = dial(&t, "127.0.7", 3);
	assert_true(is_open(two[1]) && is_open(two[0]));
	close(silent);
	silent = dial(&t, "127.0.7", 3);
	assert_false(is_open(two[1]));
	assert_true(is_open(two[0]) && is_open(silent) && is_open(more));
	/* What it had said by then is kept. */
	tell(&t, two[0], "half of a line");
	assert_int_equal(fix_said(&t.f, "said half of a line"), 0);
	close(two[1]);
	two[1] = dial(&t, "127.0.7", 3);
	close(dial(&t, "127.0.7", 3));
	assert_false(is_open(two[0]));
	assert_int_equal(fix_said(&t.f, "said half of a line"), 1);
	assert_int_equal(
	    fix_said(&t.f, "notify noc: limit syslog.tcp reached by"), 1);
	close(two[0]);
	close(two[1]);
	close(said);
	close(silent);
	close(more);
	tcp_stop(&t);
}

/* At most a tick of the sensor's. */
static void
wait_closed(struct tcp *t, int fd)
{
	for (int i = 0; i < 60000 && is_open(fd); i++)
		turn(t);
	assert_false(is_open(fd));
}

static void
test_a_stranger_says_something_within_a_minute(void **state)
{
	int mute, half, said, known;
	struct tcp t;

	(void)state;
	tcp_start(&t, 100, 10);
	said = dial(&t, "127.0.7", 1);
	tell(&t, said, "hello\n");
	known = dial(&t, "127.0.9", 1);
	mute = dial(&t, "127.0.7", 2);
	half = dial(&t, "127.0.7", 3);
	fix_advance(&t.f, 55000);
	tell(&t, half, "never the end");
	fix_advance(&t.f, 5001);
	wait_closed(&t, mute);
	wait_closed(&t, half);
	assert_true(is_open(said));
	assert_true(is_open(known));
	/* Another inventory knows others. */
	cor_inventory(&t.f, "name,address\nsw3,127.0.7.4\n");
	close(known);
	known = dial(&t, "127.0.7", 4);
	close(mute);
	mute = dial(&t, "127.0.9", 1);
	fix_advance(&t.f, 60001);
	wait_closed(&t, mute);
	assert_true(is_open(known));
	close(mute);
	close(half);
	close(said);
	close(known);
	tcp_stop(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strangers_have_half_of_the_connections),
		cmocka_unit_test(test_who_goes_first),
		cmocka_unit_test(
		    test_a_stranger_says_something_within_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
