/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/http_client.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http_fixture.h"

static struct fixture fx;

static struct noc_http_call
call_of(const char *method, const char *target)
{
	return (struct noc_http_call){ .socket = fx.path,
				       .state = "./var",
				       .method = method,
				       .target = target,
				       .timeout_ms = PATIENCE_MS };
}

static void
test_json_both_ways(void **state)
{
	struct noc_http_call call = call_of("GET", "/things/7?q=x");
	struct noc_http_answer a;
	struct noc_value *body;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_http_call(&call, &a, &err), 0);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.content_type, "application/json");
	assert_string_equal(noc_value_get_str(a.json, "id", ""), "7");
	assert_string_equal(noc_value_get_str(a.json, "q", ""), "x");
	assert_int_equal(noc_http_answer_err(&a, &err), 0);
	noc_http_answer_release(&a);
	body = noc_value_map();
	noc_value_set(body, "a", noc_value_int(1));
	call = call_of("POST", "/echo");
	call.body = body;
	assert_int_equal(noc_http_call(&call, &a, &err), 0);
	assert_string_equal(a.body, "{\"a\":1}");
	noc_http_answer_release(&a);
	noc_value_free(body);
	call = call_of("DELETE", "/secret");
	assert_int_equal(noc_http_call(&call, &a, &err), 0);
	assert_int_equal(a.status, 200); /* our own user is admin there */
	noc_http_answer_release(&a);
}

static void
test_a_problem_becomes_an_error(void **state)
{
	struct noc_http_call call = call_of("GET", "/nowhere");
	struct noc_http_answer a;
	struct noc_err err = { 0 };

	(void)state;
	assert_int_equal(noc_http_call(&call, &a, &err), 0);
	assert_int_equal(noc_http_answer_err(&a, &err), NOC_ENOTFOUND);
	assert_string_equal(err.msg, "Nothing is served at this path.");
	noc_http_answer_release(&a);
	call = call_of("GET", "/keep?ms=200");
	assert_int_equal(noc_http_call(&call, &a, &err), 0);
	assert_int_equal(noc_http_answer_err(&a, &err), NOC_ETIMEOUT);
	noc_http_answer_release(&a);
}

struct sink {
	struct noc_strbuf text;
	size_t total, stop_at;
};

static int
on_data(const char *p, size_t len, void *arg)
{
	struct sink *s = arg;

	s->total += len;
	if (s->total < 4096)
		noc_strbuf_add(&s->text, p, len);
	return s->stop_at > 0 && s->total >= s->stop_at;
}

static void
test_streams(void **state)
{
	struct noc_http_call call = call_of("GET", "/stream");
	struct sink s = { 0 };
	struct noc_http_answer a;

	(void)state;
	call.on_data = on_data;
	call.arg = &s;
	assert_int_equal(noc_http_call(&call, &a, NULL), 0);
	assert_string_equal(s.text.p, "piece\npiece\npiece\npiece\npiece\n");
	assert_int_equal(a.len, 0);
	noc_http_answer_release(&a);
	atomic_store(&fx.flooded, 0);
	s.total = 0;
	call.target = "/export";
	assert_int_equal(noc_http_call(&call, &a, NULL), 0);
	assert_int_equal(s.total, 200 * 65536);
	noc_http_answer_release(&a);
	/* Stopping early is no error. */
	s.total = 0;
	s.stop_at = 1;
	call.target = "/quiet";
	assert_int_equal(noc_http_call(&call, &a, NULL), 0);
	assert_true(s.total < 4096);
	noc_http_answer_release(&a);
	/* A stream that falls silent. */
	s.stop_at = 0;
	call.idle_ms = 200;
	assert_int_equal(noc_http_call(&call, &a, NULL), NOC_ETIMEOUT);
	noc_http_answer_release(&a);
	noc_strbuf_release(&s.text);
}

static void
test_no_daemon(void **state)
{
	struct noc_http_call call = call_of("GET", "/");
	struct noc_http_answer a;
	struct noc_err err;

	(void)state;
	call.socket = "/nonexistent/nocturne.sock";
	assert_int_equal(noc_http_call(&call, &a, &err), NOC_EDOWN);
	assert_string_equal(err.msg,
			    "No daemon is running with state directory ./var; "
			    "start one with `nocturne serve`.");
	noc_http_answer_release(&a);
	if (geteuid() != 0) {
		chmod(fx.path, 0);
		call.socket = fx.path;
		assert_int_equal(noc_http_call(&call, &a, &err), NOC_EDENIED);
		noc_http_answer_release(&a);
		chmod(fx.path, 0660);
	}
}

/* Something else sits at the socket and says this. */
static int
call_to_impostor(const char *says, struct noc_err *err)
{
	struct noc_http_call call = call_of("GET", "/");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), rc;
	struct noc_http_answer a;
	pid_t child;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/other", fx.dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	listen(fd, 1);
	child = fork();
	if (child == 0) {
		char junk[4096];
		int c = accept(fd, NULL, NULL);

		(void)!read(c, junk, sizeof(junk));
		(void)!write(c, says, strlen(says));
		alarm(60);
		if (*says == '\0')
			pause();
		_exit(0);
	}
	call.socket = un.sun_path;
	if (*says == '\0')
		call.timeout_ms = 300;
	rc = noc_http_call(&call, &a, err);
	noc_http_answer_release(&a);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(fd);
	unlink(un.sun_path);
	return rc;
}

static void
test_impostors(void **state)
{
	static const char *const says[] = {
		"SSH-2.0-x\r\n\r\n",
		"HTTP/1.1 999 X\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 200 OK\n\n",
		"HTTP/1.1 200 OK\r\nA: b"
	};
	struct noc_err err;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(says); i++)
		assert_int_equal(call_to_impostor(says[i], &err), NOC_EREMOTE);
	assert_int_equal(call_to_impostor("", &err), NOC_ETIMEOUT);
	assert_int_equal(call_to_impostor("HTTP/1.1 200 OK\r\n\r\nhi", &err),
			 0);
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
		cmocka_unit_test(test_json_both_ways),
		cmocka_unit_test(test_a_problem_becomes_an_error),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_no_daemon),
		cmocka_unit_test(test_impostors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
