/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http_fixture.h"

static struct fixture fx;

static void
test_answers(void **state)
{
	char *a = ask(&fx, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");

	(void)state;
	assert_non_null(a);
	assert_non_null(strstr(a, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(a, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(a, "\r\nConnection: keep-alive\r\n"));
	assert_string_equal(strstr(a, "\r\n\r\n"), "\r\n\r\nhello");
	free(a);
	a = ask(&fx, "HEAD /hello HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(a, "\r\nContent-Length: 5\r\n"));
	assert_non_null(strstr(a, "\r\nConnection: close\r\n"));
	assert_string_equal(strstr(a, "\r\n\r\n"), "\r\n\r\n");
	free(a);
	assert_int_equal(ask_status(&fx, "GET http://x/hello HTTP/1.1\r\n"
					 "Host: X\r\n\r\n"),
			 200);
}

/* Each must be refused with this status and the connection closed. */
static const struct {
	int status;
	const char *request;
} malformed[] = {
	{ 400, "GET /hello HTTP/1.1\nHost: x\n\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: x\nA: b\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: x\rA: b\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: x/../y\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost:\r\n\r\n" },
	{ 400, "GET http://y/hello HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET /hello  HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET /hello\r\nHost: x\r\n\r\n" },
	{ 400, "GET hello HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET /h\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: x\r\nA\r\n\r\n" },
	{ 400, "GET /hello HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n" },
	{ 400, "\r\n\r\n" },
	{ 400, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
	       "Content-Length: 3\r\n\r\nabc" },
	{ 400, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n"
	       "\r\nabc" },
	{ 400, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n" },
	{ 400,
	  "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\n" },
	{ 400, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	{ 400,
	  "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
	{ 400, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" },
	{ 501, "POST /echo HTTP/1.1\r\nHost: x\r\n"
	       "Transfer-Encoding: gzip, chunked\r\n\r\n" },
	{ 400,
	  "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "\r\nxyz\r\n" },
	{ 400,
	  "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "\r\n3\nabc\n0\n\n" },
	{ 400,
	  "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "\r\n2\r\nabc\r\n0\r\n\r\n" },
	{ 413,
	  "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	  "\r\nffffff\r\nabc" },
	{ 413, "POST /echo HTTP/1.1\r\nHost: x\r\n"
	       "Content-Length: 1048577\r\n\r\n" },
	{ 417, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
	       "Expect: tea\r\n\r\n" },
	{ 501, "BREW /hello HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 501, "TRACE /hello HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ 505, "PRI * HTTP/2.0\r\n\r\n" },
	{ 505, "GET / HTTP/1.2\r\nHost: x\r\n\r\n" },
};

static void
test_refuses_what_can_be_read_in_two_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(malformed); i++) {
		int fd = dial(&fx, NULL), status;
		char *a;

		say(fd, malformed[i].request);
		a = hear(fd);
		if (a == NULL)
			fail_msg("no answer to %s", malformed[i].request);
		assert_non_null(
		    strstr(a, "Content-Type: application/problem+json"));
		assert_non_null(strstr(a, "\"detail\":"));
		status = status_of_answer(a);
		if (status != malformed[i].status)
			fail_msg("%d instead of %d to %s", status,
				 malformed[i].status, malformed[i].request);
		shutdown(fd, SHUT_WR);
		assert_true(closed_by_server(fd, PATIENCE_MS));
		close(fd);
	}
}

/* What stands behind a size, and behind the last chunk. */
static const struct {
	int status;
	const char *extension, *trailers;
} chunked[] = {
	{ 200, "", "" },
	{ 200, ";a", "" },
	{ 200, ";a=b;c", "" },
	{ 200, ";a=\"b c;\\\"\t\xe9\";d=e", "" },
	{ 400, " ", "" },
	{ 400, ";", "" },
	{ 400, "; a", "" },
	{ 400, ";a ", "" },
	{ 400, ";a=", "" },
	{ 400, ";=b", "" },
	{ 400, ";a b", "" },
	{ 400, ";a=\"b", "" },
	{ 400, ";a=\"b\"c", "" },
	{ 400, ";a=\"\x01\"", "" },
	{ 400, ";a=\"\\\x7f\"", "" },
	{ 400, ";a=\"\r\n\"", "" },
	{ 400, ";a\n", "" },
	{ 400, ";\xe9", "" },
	{ 200, "", "A: b\r\n" },
	{ 200, "", "A:\tb \xe9\r\nB:\r\n" },
	{ 200, "", "Content-Lengths: 5\r\nHos: t\r\n" },
	{ 400, "", "A\r\n" },
	{ 400, "", "A : b\r\n" },
	{ 400, "", " A: b\r\n" },
	{ 400, "", ": b\r\n" },
	{ 400, "", "A: b\r\n c\r\n" },
	{ 400, "", "A: b\n" },
	{ 400, "", "A: b\rC: d\r\n" },
	{ 400, "", "A: \x01\r\n" },
	{ 400, "", "A: \x7f\r\n" },
	{ 400, "", "content-length: 5\r\n" },
	{ 400, "", "Transfer-Encoding: chunked\r\n" },
	{ 400, "", "HOST: y\r\n" },
};

static void
test_chunks_are_as_strict_as_heads(void **state)
{
	char request[512];

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(chunked); i++) {
		int status;

		snprintf(request, sizeof(request),
			 "POST /echo HTTP/1.1\r\nHost: x\r\n"
			 "Transfer-Encoding: chunked\r\n\r\n"
			 "5%s\r\nhello\r\n0%s\r\n%s\r\n",
			 chunked[i].extension, chunked[i].extension,
			 chunked[i].trailers);
		status = ask_status(&fx, request);
		if (status != chunked[i].status)
			fail_msg("%d instead of %d to %s", status,
				 chunked[i].status, request);
	}
}

static void
test_trailers_have_a_limit(void **state)
{
	static const char start[] = "POST /echo HTTP/1.1\r\nHost: x\r\n"
				    "Transfer-Encoding: chunked\r\n\r\n"
				    "0\r\n";
	struct noc_strbuf s = NOC_STRBUF_INIT;

	(void)state;
	for (int n = 100; n <= 101; n++) {
		noc_strbuf_clear(&s);
		noc_strbuf_adds(&s, start);
		for (int i = 0; i < n; i++)
			noc_strbuf_addf(&s, "A%d: b\r\n", i);
		noc_strbuf_adds(&s, "\r\n");
		assert_int_equal(ask_status(&fx, s.p), n == 100 ? 200 : 400);
	}
	noc_strbuf_release(&s);
}

static const struct {
	int status;
	const char *host;
} hosts[] = {
	{ 200, "x" },
	{ 200, "X-1_y.example." },
	{ 200, "x:65535" },
	{ 200, "192.0.2.1" },
	{ 200, "[2001:db8::1]" },
	{ 200, "[::1]:80" },
	{ 400, "x:" },
	{ 400, "x:65536" },
	{ 400, "x:000080" },
	{ 400, "x:-1" },
	{ 400, "x:80:80" },
	{ 400, ":80" },
	{ 400, "." },
	{ 400, ".x" },
	{ 400, "x..y" },
	{ 400, "[" },
	{ 400, "]" },
	{ 400, "[]" },
	{ 400, "[::1" },
	{ 400, "::1" },
	{ 400, "[::1]80" },
	{ 400, "[x]" },
	{ 400, "[192.0.2.1]" },
	{ 400, "[[::1]]" },
	{ 400, "x[::1]" },
	{ 400, "\tx" },
	{ 400, "x\t" },
};

static void
test_hosts(void **state)
{
	char request[128];

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(hosts); i++) {
		int status;

		snprintf(request, sizeof(request),
			 "GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n",
			 hosts[i].host);
		status = ask_status(&fx, request);
		if (status != hosts[i].status)
			fail_msg("%d instead of %d to '%s'", status,
				 hosts[i].status, hosts[i].host);
	}
}

static void
test_headers_have_a_limit(void **state)
{
	struct noc_strbuf s = NOC_STRBUF_INIT;

	(void)state;
	noc_strbuf_adds(&s, "GET /hello HTTP/1.1\r\nHost: x\r\nA: ");
	while (s.len < 8192)
		noc_strbuf_addc(&s, 'a');
	noc_strbuf_adds(&s, "\r\nB: ");
	while (s.len < 16384 - 4)
		noc_strbuf_addc(&s, 'a');
	noc_strbuf_adds(&s, "\r\n\r\n");
	assert_int_equal(ask_status(&fx, s.p), 200);
	s.len -= 4;
	noc_strbuf_adds(&s, "a\r\n\r\n");
	assert_int_equal(ask_status(&fx, s.p), 431);
	/* One of them. */
	noc_strbuf_clear(&s);
	noc_strbuf_adds(&s, "GET /hello HTTP/1.1\r\nHost: x\r\n");
	for (size_t from = s.len; s.len - from < 8188;)
		noc_strbuf_addc(&s, 'a');
	noc_strbuf_adds(&s, ":b\r\n\r\n");
	assert_int_equal(ask_status(&fx, s.p), 200);
	s.len -= 4;
	noc_strbuf_adds(&s, "b\r\n\r\n");
	assert_int_equal(ask_status(&fx, s.p), 431);
	noc_strbuf_clear(&s);
	noc_strbuf_adds(&s, "GET /hello HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < 100; i++)
		noc_strbuf_addf(&s, "A%d: b\r\n", i);
	noc_strbuf_adds(&s, "\r\n");
	assert_int_equal(ask_status(&fx, s.p), 431);
	noc_strbuf_release(&s);
}

static void
test_bodies(void **state)
{
	size_t len = 1 << 20;
	char *big = noc_calloc(1, len + 1), *a, *body;
	int fd = dial(&fx, NULL);

	(void)state;
	memset(big, 'x', len);
	say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576"
		"\r\n\r\n");
	say_bytes(fd, big, len);
	a = hear(fd);
	assert_non_null(a);
	body = strstr(a, "\r\n\r\n");
	assert_int_equal(strlen(body + 4), len);
	assert_null(strstr(a, "X-Forged"));
	free(a);
	/* The same connection, chunked, torn into single bytes. */
	body =
	    noc_strdup("POST /echo HTTP/1.1\r\nHost: x\r\n"
		       "Transfer-Encoding: Chunked\r\n\r\n"
		       "4;ext=1\r\nWiki\r\n05\r\npedia\r\n0\r\nT: 1\r\n\r\n");
	for (size_t i = 0; body[i] != '\0'; i++)
		say_bytes(fd, body + i, 1);
	a = hear(fd);
	assert_string_equal(strstr(a, "\r\n\r\n"), "\r\n\r\nWikipedia");
	free(a);
	free(body);
	say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
		"Expect: 100-continue\r\n\r\n");
	assert_int_equal(status_of_answer(hear(fd)), 100);
	say(fd, "ok");
	assert_int_equal(status_of_answer(hear(fd)), 200);
	close(fd);
	free(big);
}

static void
test_too_large_a_body_gets_an_answer_though_it_keeps_coming(void **state)
{
	char block[65536] = { 0 };
	int fd = dial(&fx, NULL);

	(void)state;
	say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1500000"
		"\r\n\r\n");
	for (int i = 0; i < 20; i++)
		say_bytes(fd, block, sizeof(block));
	assert_int_equal(status_of_answer(hear(fd)), 413);
	close(fd);
}

static void
test_pipelining_keeps_order(void **state)
{
	struct noc_strbuf s = NOC_STRBUF_INIT;
	int fd = dial(&fx, NULL);

	(void)state;
	for (int i = 0; i < 100; i++)
		noc_strbuf_addf(&s,
				"GET /things/%d HTTP/1.1\r\nHost: x\r\n\r\n"
				"POST /echo HTTP/1.1\r\nHost: x\r\n"
				"Content-Length: 1\r\n\r\n%d",
				i, i % 10);
	noc_strbuf_adds(&s, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"
			    "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	say_bytes(fd, s.p, s.len);
	for (int i = 0; i < 100; i++) {
		char want[32], *a = hear(fd);

		assert_non_null(a);
		snprintf(want, sizeof(want), "\"id\":\"%d\"", i);
		assert_non_null(strstr(a, want));
		free(a);
		a = hear(fd);
		assert_int_equal(strstr(a, "\r\n\r\n")[4], '0' + i % 10);
		free(a);
	}
	for (int i = 0; i < 2; i++) {
		char *a = hear(fd);

		assert_string_equal(strstr(a, "\r\n\r\n") + 4,
				    i == 0 ? "late" : "hello");
		free(a);
	}
	close(fd);
	noc_strbuf_release(&s);
}

static void
check_thing(const char *target, int status, const char *want)
{
	char request[256], *a;

	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 target);
	a = ask(&fx, request);
	assert_non_null(a);
	if (atoi(a + 9) != status || strstr(a, want) == NULL)
		fail_msg("%s: want %d %s: %s", target, status, want, a);
	free(a);
}

static void
test_routes(void **state)
{
	(void)state;
	check_thing("/things/a%20b?q=1%2B1+2", 200,
		    "\"id\":\"a b\",\"q\":\"1+1 2\"");
	check_thing("/things/special", 200, "\"route\":\"special\"");
	check_thing("/things/%73pecial", 200, "\"route\":\"special\"");
	check_thing("/things/a%2Fb", 200, "\"id\":\"a/b\"");
	check_thing("/files/a/%41/c.js?x", 200, "\"id\":\"a/A/c.js\"");
	check_thing("/files/a%2F..%2Fb", 400, "decoded");
	check_thing("/files/a/../b", 400, "decoded");
	check_thing("/files/%2e%2e/b", 400, "decoded");
	check_thing("/things/%00", 400, "decoded");
	check_thing("/things/%0a", 400, "decoded");
	check_thing("/things/%zz", 400, "decoded");
	check_thing("/hello?q=%0d%0a", 400, "decoded");
	check_thing("/things/", 404, "\"status\":404");
	check_thing("/hello/", 404, "\"title\":\"Not Found\"");
	check_thing("//hello", 404, "Not Found");
	check_thing("/nowhere", 404, "application/problem+json");
	check_thing("/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", 404, "404");
	check_thing("/bug", 500, "no answer");
}

static void
test_methods(void **state)
{
	char *a = ask(&fx, "PUT /hello HTTP/1.1\r\nHost: x\r\n\r\n");

	(void)state;
	assert_non_null(strstr(a, "HTTP/1.1 405 Method Not Allowed\r\n"));
	assert_non_null(strstr(a, "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
	free(a);
	a = ask(&fx, "OPTIONS /secret HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_non_null(strstr(a, "HTTP/1.1 204 "));
	assert_non_null(strstr(a, "\r\nAllow: GET, HEAD, DELETE, OPTIONS\r\n"));
	free(a);
}

static void
test_roles(void **state)
{
	char *a = ask(&fx, "GET /secret HTTP/1.1\r\nHost: x\r\n\r\n");

	(void)state;
	assert_non_null(strstr(a, "HTTP/1.1 401 "));
	assert_non_null(strstr(a, "\r\nWWW-Authenticate: Bearer"));
	free(a);
	a = ask(&fx, "GET /secret HTTP/1.1\r\nHost: x\r\n"
		     "Authorization: Bearer viewer\r\n\r\n");
	assert_non_null(strstr(a, "\"actor\":\"token:viewer\""));
	assert_non_null(strstr(a, "\"peer\":\"127.0.0.1\""));
	free(a);
	assert_int_equal(ask_status(&fx, "DELETE /secret HTTP/1.1\r\n"
					 "Host: x\r\nAuthorization: Bearer "
					 "viewer\r\n\r\n"),
			 403);
	/* Two credentials: which one counts?  Neither. */
	assert_int_equal(ask_status(&fx, "GET /secret HTTP/1.1\r\nHost: x\r\n"
					 "Authorization: Bearer viewer\r\n"
					 "Authorization: Bearer other\r\n\r\n"),
			 400);
	/* A page of another site posts here with the user's browser. */
	assert_int_equal(ask_status(&fx, "POST /echo HTTP/1.1\r\nHost: x\r\n"
					 "Origin: http://evil\r\n"
					 "Content-Length: 0\r\n\r\n"),
			 403);
	assert_int_equal(ask_status(&fx, "POST /echo HTTP/1.1\r\nHost: x\r\n"
					 "Origin: null\r\n"
					 "Content-Length: 0\r\n\r\n"),
			 403);
	assert_int_equal(ask_status(&fx, "POST /echo HTTP/1.1\r\nHost: x\r\n"
					 "Origin: http://x\r\n"
					 "Content-Length: 0\r\n\r\n"),
			 200);
}

static void
test_unix_socket_knows_its_peer(void **state)
{
	int fd = dial_unix(&fx);
	struct stat st;
	char *a;

	(void)state;
	assert_int_equal(stat(fx.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	say(fd, "DELETE /secret HTTP/1.1\r\nHost: x\r\n\r\n");
	a = hear(fd);
	assert_non_null(a);
	assert_non_null(strstr(a, "\"actor\":\"unix:"));
	free(a);
	close(fd);
}

static void
test_later_answers(void **state)
{
	int fd = dial(&fx, NULL), other;
	char *a;

	(void)state;
	/* The deadline passes: 504, and the handle is still good. */
	say(fd, "GET /keep?ms=200 HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(status_of_answer(hear(fd)), 504);
	close(fd);
	a = ask(&fx, "GET /release HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_non_null(strstr(a, "\r\n\r\ngone"));
	free(a);
	/* The peer goes first and resets. */
	fd = dial(&fx, NULL);
	say(fd, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
	other = dial(&fx, NULL);
	stats_say(other, "pending=1 ");
	close(other);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
		   sizeof(struct linger));
	close(fd);
	assert_int_equal(
	    ask_status(&fx, "GET /release HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
	assert_int_equal(
	    ask_status(&fx, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
}

/* A client that closes its side after asking still gets the answer. */
static void
test_half_closed_clients_are_answered(void **state)
{
	int fd = dial(&fx, NULL);

	(void)state;
	say(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	shutdown(fd, SHUT_WR);
	assert_int_equal(status_of_answer(hear(fd)), 200);
	assert_true(closed_by_server(fd, PATIENCE_MS));
	close(fd);
}

/* What machines hand in can wait; what people say is taken. */
static void
test_busy(void **state)
{
	char *a;

	(void)state;
	ask_status(&fx, "GET /busy?on HTTP/1.1\r\nHost: x\r\n\r\n");
	a = ask(&fx, "POST /intake HTTP/1.1\r\nHost: x\r\n"
		     "Content-Length: 2\r\n\r\nhi");
	assert_non_null(strstr(a, "HTTP/1.1 503 "));
	assert_non_null(strstr(a, "\r\nRetry-After: "));
	free(a);
	assert_int_equal(
	    ask_status(&fx, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
	assert_int_equal(ask_status(&fx, "POST /echo HTTP/1.1\r\nHost: x\r\n"
					 "Content-Length: 2\r\n\r\nhi"),
			 200);
	ask_status(&fx, "GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(ask_status(&fx, "POST /intake HTTP/1.1\r\nHost: x\r\n"
					 "Content-Length: 2\r\n\r\nhi"),
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
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_refuses_what_can_be_read_in_two_ways),
		cmocka_unit_test(test_chunks_are_as_strict_as_heads),
		cmocka_unit_test(test_trailers_have_a_limit),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_headers_have_a_limit),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(
		    test_too_large_a_body_gets_an_answer_though_it_keeps_coming),
		cmocka_unit_test(test_pipelining_keeps_order),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_unix_socket_knows_its_peer),
		cmocka_unit_test(test_later_answers),
		cmocka_unit_test(test_half_closed_clients_are_answered),
		cmocka_unit_test(test_busy),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
