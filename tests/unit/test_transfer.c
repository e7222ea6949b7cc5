/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <netdb.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/loop.h"
#include "actions/actions.h"
#include "actions/curl.h"

/*
 * In place of the C library's: a name server that never answers.  It tells
 * the loop that it was asked, and holds the thread until the test is over.
 */
static int asked_fd;
static sem_t hold;

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	    struct addrinfo **res)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)res;
	(void)!eventfd_write(asked_fd, 1);
	sem_wait(&hold);
	return EAI_AGAIN;
}

struct fixture {
	struct noc_env env;
	struct noc_watch *watch;
	struct noc_transfer *transfer;
	int asked, ended;
	char class[16];
	int (*enough)(const struct fixture *f);
};

static void
look(struct fixture *f)
{
	if (f->enough(f))
		noc_loop_stop(f->env.loop);
}

static void
on_asked(int fd, int events, void *arg)
{
	struct fixture *f = arg;
	eventfd_t n;

	(void)events;
	assert_int_equal(eventfd_read(fd, &n), 0);
	f->asked += (int)n;
	look(f);
}

static void
on_done(const struct noc_transfer_result *result, void *arg)
{
	struct fixture *f = arg;

	f->ended++;
	snprintf(f->class, sizeof(f->class), "%s",
		 result->error ? result->class : "none");
	assert_false(result->sent);
	look(f);
}

static int
is_asked(const struct fixture *f)
{
	return f->asked;
}

static int
is_asked_and_ended(const struct fixture *f)
{
	return f->asked && f->ended;
}

static void
begin(struct fixture *f, int64_t timeout_ms,
      int (*enough)(const struct fixture *f))
{
	const struct noc_transfer_request req = {
		.method = "GET",
		.url = "http://core-1.example.net/",
		.timeout_ms = timeout_ms,
	};

	f->asked = f->ended = 0;
	f->enough = enough;
	assert_int_equal(
	    noc_transfer_start(&f->env, &req, on_done, f, &f->transfer, NULL),
	    0);
	noc_loop_run(f->env.loop);
}

/* Were the loop to wait for the name, none of these would ever return. */
static void
test_loop_does_not_wait_for_a_name(void **state)
{
	struct fixture *f = *state;

	begin(f, 60000, is_asked); /* it hears others meanwhile */
	assert_int_equal(f->ended, 0);
	noc_transfer_cancel(f->transfer);
	begin(f, 100, is_asked_and_ended);
	assert_int_equal(f->ended, 1);
	assert_string_equal(f->class, "timeout");
	begin(f, 60000, is_asked);
	noc_transfer_cancel(f->transfer);
	noc_transfer_close(&f->env); /* the daemon stops meanwhile */
	assert_int_equal(f->ended, 0);
}

static int
setup(void **state)
{
	struct fixture *f = noc_calloc(1, sizeof(*f));

	alarm(120); /* ends a hang */
	asked_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	sem_init(&hold, 0, 0);
	*state = f;
	if (noc_loop_new(&f->env.loop, NULL))
		return -1;
	f->watch =
	    noc_loop_fd(f->env.loop, asked_fd, NOC_LOOP_READ, on_asked, f);
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++)
		sem_post(&hold);
	noc_watch_free(f->watch);
	noc_loop_free(f->env.loop);
	free(f);
	return 0;
}

/* One name for one server, however its URL is written. */
static void
test_whom_it_asks(void **state)
{
	static const char *const cases[][2] = {
		{ "http://h.example/x", "h.example:80" },
		{ "https://h.example", "h.example:443" },
		{ "HTTPS://H.example?q=@", "h.example:443" },
		{ "http://h.example:8080/a:b", "h.example:8080" },
		{ "http://joe:p@w@h.example:8080#f", "h.example:8080" },
		{ "http://[2001:DB8::1]/", "[2001:db8::1]:80" },
		{ "http://[2001:db8::1]:81/", "[2001:db8::1]:81" },
		{ "smtp://mail.example", "mail.example:25" },
		{ "smtps://mail.example", "mail.example:465" },
		{ "h.example/x", "h.example" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_transfer_peer(cases[i][0], &sb);
		assert_string_equal(sb.p ? sb.p : "", cases[i][1]);
		noc_strbuf_release(&sb);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whom_it_asks),
		cmocka_unit_test(test_loop_does_not_wait_for_a_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
