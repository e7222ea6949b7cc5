/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/http.h"

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
#include <time.h>
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
test_json_both_ways(void **state)
{
	struct noc_http_call call = call_of("GET", "/things/7?q=x");
	struct noc_value *body, *json;
	struct sink s = { 0 };

	(void)state;
	assert_int_equal(noc_http_call(&call, &json, NULL), 0);
	assert_string_equal(noc_value_get_str(json, "id", ""), "7");
	assert_string_equal(noc_value_get_str(json, "q", ""), "x");
	noc_value_free(json);
	/* What comes back is not JSON by its type. */
	body = noc_value_map();
	noc_value_set(body, "a", noc_value_int(1));
	call = call_of("POST", "/echo");
	call.body = body;
	assert_int_equal(noc_http_call(&call, &json, NULL), 0);
	assert_null(json);
	call.on_data = on_data;
	call.arg = &s;
	assert_int_equal(noc_http_call(&call, &json, NULL), 0);
	assert_string_equal(s.text.p, "{\"a\":1}");
	noc_strbuf_release(&s.text);
	noc_value_free(body);
	call = call_of("DELETE", "/secret"); /* our own user is admin there */
	assert_int_equal(noc_http_call(&call, &json, NULL), 0);
	noc_value_free(json);
}

static void
test_a_problem_becomes_an_error(void **state)
{
	struct noc_http_call call = call_of("GET", "/nowhere");
	struct noc_err err = { 0 };
	struct noc_value *json;

	(void)state;
	assert_int_equal(noc_http_call(&call, &json, &err), NOC_ENOTFOUND);
	assert_string_equal(err.msg, "Nothing is served at this path.");
	assert_null(json);
	call = call_of("GET", "/keep?ms=200");
	assert_int_equal(noc_http_call(&call, &json, &err), NOC_ETIMEOUT);
	call = call_of("GET", "/a/../things/7"); /* as it is: refused */
	assert_int_equal(noc_http_call(&call, &json, &err), NOC_EINPUT);
}

static void
test_streams(void **state)
{
	struct noc_http_call call = call_of("GET", "/stream");
	struct sink s = { 0 };
	struct noc_value *json;
	struct noc_err err;

	(void)state;
	call.on_data = on_data;
	call.arg = &s;
	assert_int_equal(noc_http_call(&call, &json, NULL), 0);
	assert_string_equal(s.text.p, "piece\npiece\npiece\npiece\npiece\n");
	assert_null(json);
	atomic_store(&fx.flooded, 0);
	s.total = 0;
	call.target = "/export";
	assert_int_equal(noc_http_call(&call, &json, NULL), 0);
	assert_int_equal(s.total, 200 * 65536);
	/* Stopping early is no error. */
	s.total = 0;
	s.stop_at = 1;
	call.target = "/quiet";
	assert_int_equal(noc_http_call(&call, &json, NULL), 0);
	assert_true(s.total < 4096);
	/* An error is not given away as data. */
	s.total = 0;
	call.target = "/nowhere";
	assert_int_equal(noc_http_call(&call, &json, &err), NOC_ENOTFOUND);
	assert_string_equal(err.msg, "Nothing is served at this path.");
	assert_int_equal(s.total, 0);
	noc_strbuf_release(&s.text);
}

static void
test_no_daemon(void **state)
{
	struct noc_http_call call = call_of("GET", "/");
	struct noc_value *json;
	char longer[300];
	struct noc_err err;

	(void)state;
	call.socket = "/nonexistent/nocturne.sock";
	assert_int_equal(noc_http_call(&call, &json, &err), NOC_EDOWN);
	assert_string_equal(err.msg,
			    "No daemon is running with state directory ./var; "
			    "start one with `nocturne serve`.");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	call.socket = longer;
	assert_int_equal(noc_http_call(&call, &json, &err), NOC_EDOWN);
	assert_non_null(strstr(err.msg, "File name too long"));
	if (geteuid() != 0) {
		chmod(fx.path, 0);
		call.socket = fx.path;
		assert_int_equal(noc_http_call(&call, &json, &err),
				 NOC_EDENIED);
		chmod(fx.path, 0660);
	}
}

/* ---- something else sits at the socket ---- */

struct impostor {
	struct sockaddr_un un;
	int fd;
};

static void
impostor_begin(struct impostor *i, int backlog)
{
	*i = (struct impostor){ .un = { .sun_family = AF_UNIX } };
	i->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(i->un.sun_path, sizeof(i->un.sun_path), "%s/other", fx.dir);
	assert_int_equal(bind(i->fd, (struct sockaddr *)&i->un, sizeof(i->un)),
			 0);
	listen(i->fd, backlog);
}

static void
impostor_end(struct impostor *i)
{
	close(i->fd);
	unlink(i->un.sun_path);
}

/*
 * It says this, then what it heard when echo is true.  Nothing to say: it
 * stays silent, and the call has 300 ms.
 */
static int
call_to_impostor(const char *says, bool echo, struct sink *s,
		 struct noc_err *err)
{
	struct noc_http_call call = call_of("GET", "/");
	struct noc_value *json;
	struct impostor i;
	pid_t child;
	int rc;

	impostor_begin(&i, 1);
	child = fork();
	if (child == 0) {
		char heard[4096];
		int c = accept(i.fd, NULL, NULL);
		ssize_t n = read(c, heard, sizeof(heard));

		(void)!write(c, says, strlen(says));
		if (echo && n > 0)
			(void)!write(c, heard, (size_t)n);
		alarm(60);
		if (*says == '\0')
			pause();
		_exit(0);
	}
	call.socket = i.un.sun_path;
	if (*says == '\0')
		call.timeout_ms = 300;
	call.on_data = s ? on_data : NULL;
	call.arg = s;
	rc = noc_http_call(&call, &json, err);
	noc_value_free(json);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	impostor_end(&i);
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
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab",
		"HTTP/1.1 200 OK\n\n",
		"HTTP/1.1 200 OK\r\nA: b"
	};
	struct sink s = { 0 };
	struct noc_err err;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(says); i++)
		assert_int_equal(call_to_impostor(says[i], false, NULL, &err),
				 NOC_EREMOTE);
	assert_int_equal(call_to_impostor("", false, NULL, &err), NOC_ETIMEOUT);
	assert_string_equal(err.msg,
			    "The daemon did not answer GET / in time.");
	assert_int_equal(call_to_impostor("", false, &s, &err), NOC_ETIMEOUT);
	assert_int_equal(
	    call_to_impostor("HTTP/1.1 200 OK\r\n\r\nhi", false, NULL, &err),
	    0);
	/* A redirect is not followed, there is no second connection; and what
	 * it has instead of an answer is none. */
	assert_int_equal(
	    call_to_impostor("HTTP/1.1 302 Found\r\nLocation: "
			     "http://localhost/x\r\nContent-Length: 0\r\n\r\n",
			     false, &s, &err),
	    NOC_EREMOTE);
	/* Nor is "go on" the head of an answer. */
	assert_int_equal(
	    call_to_impostor("HTTP/1.1 100 Continue\r\n\r\n", false, &s, &err),
	    NOC_EREMOTE);
	assert_string_equal(err.msg, "The daemon closed the connection without "
				     "an answer.");
}

/* In place of the C library's: the call waits for a full backlog. */
static struct {
	int calls;
	struct impostor *drains; /* which then answers */
	pid_t child;
} waits;

int
usleep(useconds_t us)
{
	const struct timespec ts = { .tv_nsec = us * 1000L };
	static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n";

	if (waits.calls++ > 0 || !waits.drains)
		return nanosleep(&ts, NULL);
	waits.child = fork();
	if (waits.child == 0) {
		char junk[4096];
		int c = accept(waits.drains->fd, NULL, NULL);

		close(c);
		c = accept(waits.drains->fd, NULL, NULL);
		(void)!read(c, junk, sizeof(junk));
		(void)!write(c, answer, strlen(answer));
		_exit(0);
	}
	return 0;
}

static void
test_a_full_backlog_is_waited_for(void **state)
{
	struct noc_http_call call = call_of("GET", "/");
	struct noc_value *json;
	struct impostor i;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)state;
	impostor_begin(&i, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&i.un, sizeof(i.un)),
			 0);
	call.socket = i.un.sun_path;
	call.timeout_ms = 200;
	assert_int_equal(noc_http_call(&call, &json, NULL), NOC_ETIMEOUT);
	assert_true(waits.calls > 0);
	waits.calls = 0;
	waits.drains = &i;
	call.timeout_ms = PATIENCE_MS;
	assert_int_equal(noc_http_call(&call, &json, NULL), 0);
	assert_true(waits.calls > 0);
	waitpid(waits.child, NULL, 0);
	close(fd);
	impostor_end(&i);
}

/* What a shell may have set for others. */
static void
test_nothing_of_the_environment(void **state)
{
	static const char *const proxies[] = { "http_proxy", "all_proxy",
					       "ALL_PROXY" };
	char *netrc = noc_asprintf("%s/.netrc", fx.dir);
	FILE *f = fopen(netrc, "w");
	struct sink s = { 0 };

	(void)state;
	assert_non_null(f);
	fputs("machine localhost login you password secret\n", f);
	fclose(f);
	setenv("HOME", fx.dir, 1);
	for (size_t i = 0; i < NOC_COUNT(proxies); i++)
		setenv(proxies[i], "http://127.0.0.1:1/", 1);
	assert_int_equal(
	    call_to_impostor("HTTP/1.1 200 OK\r\n\r\n", true, &s, NULL), 0);
	assert_string_equal(s.text.p, "GET / HTTP/1.1\r\nHost: localhost\r\n"
				      "Accept: application/json\r\n"
				      "Connection: close\r\n\r\n");
	noc_strbuf_release(&s.text);
	unlink(netrc);
	free(netrc);
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
		cmocka_unit_test(test_a_full_backlog_is_waited_for),
		cmocka_unit_test(test_nothing_of_the_environment),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
