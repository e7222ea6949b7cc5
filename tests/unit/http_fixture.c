/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "http_fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

static void
on_hello(struct noc_http_req *req, void *arg)
{
	(void)arg;
	noc_http_reply(req, 200, "text/plain", "hello", 5);
}

static void
on_big(struct noc_http_req *req, void *arg)
{
	static const char zeros[1 << 20];

	(void)arg;
	noc_http_reply(req, 200, "text/plain", zeros, sizeof(zeros));
}

static void
on_echo(struct noc_http_req *req, void *arg)
{
	struct noc_slice body = noc_http_body(req);

	(void)arg;
	noc_http_header_set(req, "X-Sent", "a\r\nX-Forged: 1");
	noc_http_reply(req, 200, "application/octet-stream", body.p, body.len);
}

static void
on_thing(struct noc_http_req *req, void *arg)
{
	struct noc_value *v = noc_value_map();
	const char *q = noc_http_query(req, "q");

	noc_value_set(v, "route", noc_value_str(arg));
	noc_value_set(v, "id",
		      noc_http_param(req, "id")
			  ? noc_value_str(noc_http_param(req, "id"))
			  : noc_value_nil());
	noc_value_set(v, "q", q ? noc_value_str(q) : noc_value_nil());
	noc_value_set(v, "peer", noc_value_str(noc_http_peer(req)));
	noc_value_set(v, "actor", noc_value_str(noc_http_actor(req)));
	noc_http_reply_json(req, 200, v);
	noc_value_free(v);
}

static void
on_later_due(void *arg)
{
	struct fixture *f = arg;
	struct noc_http_req *req = f->kept;

	f->kept = NULL;
	noc_http_reply(req, 200, "text/plain", "late", 4);
}

static void
on_later(struct noc_http_req *req, void *arg)
{
	struct fixture *f = arg;

	f->kept = noc_http_reply_later(req, PATIENCE_MS);
	noc_timer_arm(f->timer, 100);
}

static void
on_keep(struct noc_http_req *req, void *arg)
{
	struct fixture *f = arg;
	const char *ms = noc_http_query(req, "ms");

	f->kept = noc_http_reply_later(req, ms ? atoi(ms) : PATIENCE_MS);
}

/* Answers what /keep kept, whether or not its peer is there. */
static void
on_release(struct noc_http_req *req, void *arg)
{
	struct fixture *f = arg;
	const char *gone = "nothing kept";

	if (f->kept != NULL) {
		gone = noc_http_peer_gone(f->kept) ? "gone" : "there";
		noc_http_reply(f->kept, 200, "text/plain", "kept", 4);
		f->kept = NULL;
	}
	noc_http_reply(req, 200, "text/plain", gone, strlen(gone));
	atomic_fetch_add(&f->released, 1);
}

static void
on_stream(struct noc_http_req *req, void *arg)
{
	(void)arg;
	noc_http_stream_begin(req, 200, "text/plain");
	for (int i = 0; i < 5; i++)
		noc_http_stream_write(req, "piece\n", 6);
	noc_http_stream_end(req);
}

static void
on_flood_change(struct noc_http_req *req, bool gone, void *arg)
{
	static const char zeros[65536];
	struct fixture *f = arg;

	if (gone) {
		atomic_fetch_add(&f->told_gone, 1);
		noc_http_stream_end(req);
		return;
	}
	atomic_fetch_add(&f->told_ready, 1);
	while (noc_http_stream_behind(req) < 4 * sizeof(zeros) &&
	       atomic_load(&f->flooded) < 200) {
		if (noc_http_stream_write(req, zeros, sizeof(zeros)) != 0)
			return;
		atomic_fetch_add(&f->flooded, 1);
	}
	if (atomic_load(&f->flooded) == 200)
		noc_http_stream_end(req);
}

/* 12.5 MiB, no faster than the peer reads. */
static void
on_export(struct noc_http_req *req, void *arg)
{
	noc_http_stream_begin(req, 200, "application/octet-stream");
	noc_http_stream_watch(req, on_flood_change, arg);
	on_flood_change(req, false, arg);
}

/* Writes without looking until the server cuts the peer off. */
static void
on_flood(struct noc_http_req *req, void *arg)
{
	static const char zeros[65536];
	struct fixture *f = arg;

	noc_http_stream_begin(req, 200, "application/octet-stream");
	while (atomic_load(&f->flooded) < 1000 &&
	       noc_http_stream_write(req, zeros, sizeof(zeros)) == 0)
		atomic_fetch_add(&f->flooded, 1);
	noc_http_stream_end(req);
	atomic_store(&f->flood_over, 1);
}

static void
on_quiet_stream(struct noc_http_req *req, void *arg)
{
	noc_http_stream_begin(req, 200, "text/event-stream");
	noc_http_stream_write(req, ": hi\n\n", 6);
	noc_http_stream_watch(req, on_flood_change, arg);
}

static void
on_much_change(struct noc_http_req *req, bool gone, void *arg)
{
	static const char zeros[65536];

	(void)arg;
	while (!gone && noc_http_stream_behind(req) < sizeof(zeros))
		gone = noc_http_stream_write(req, zeros, sizeof(zeros)) != 0;
	if (gone)
		noc_http_stream_end(req);
}

/* Always a little more than what is read. */
static void
on_much(struct noc_http_req *req, void *arg)
{
	noc_http_stream_begin(req, 200, "application/octet-stream");
	noc_http_stream_watch(req, on_much_change, arg);
	on_much_change(req, false, arg);
}

static void
on_nothing(struct noc_http_req *req, void *arg)
{
	(void)req;
	(void)arg;
}

static void
on_set_busy(struct noc_http_req *req, void *arg)
{
	struct fixture *f = arg;

	noc_http_busy(f->http, noc_http_query(req, "on") != NULL);
	noc_http_reply(req, 204, NULL, NULL, 0);
}

static void
on_stats(struct noc_http_req *req, void *arg)
{
	struct fixture *f = arg;
	struct noc_http_stats s;
	char text[320];

	noc_http_stats(f->http, &s);
	snprintf(text, sizeof(text),
		 "conns=%d unix=%d streams=%d pending=%d ok=%llu bad=%llu "
		 "evicted=%llu body=%zu in=%llu paused=%llu.",
		 s.conns, s.conns_unix, s.streams, s.pending,
		 (unsigned long long)s.by_class[2],
		 (unsigned long long)s.by_class[4],
		 (unsigned long long)s.evicted, s.body_bytes,
		 (unsigned long long)s.bytes_in,
		 (unsigned long long)s.accept_paused);
	noc_http_reply(req, 200, "text/plain", text, strlen(text));
}

static void
on_stop(int fd, int events, void *arg)
{
	struct fixture *f = arg;

	(void)fd;
	(void)events;
	noc_http_stop(f->http);
	noc_loop_stop(f->loop);
}

static int
authorise(void *arg, struct noc_http_req *req, enum noc_role needed,
	  char *actor, size_t size, struct noc_err *err)
{
	const char *token = noc_http_header(req, "Authorization");

	(void)arg;
	(void)err;
	if (token == NULL || strcmp(token, "Bearer viewer") != 0)
		return NOC_EINPUT;
	if (needed > NOC_ROLE_VIEWER)
		return NOC_EDENIED;
	snprintf(actor, size, "token:viewer");
	return 0;
}

static char thing[] = "thing", special[] = "special", file[] = "file";

static int
wanted(struct noc_http_req *req, const char **why, void *arg)
{
	(void)arg;
	*why = "nobody wants it";
	return strcmp(noc_http_param(req, "id"), "yes") == 0 ? 0 : 404;
}

static void
routes_add(struct fixture *f)
{
	struct noc_http *h = f->http;

	noc_http_route(h, "GET", "/", NOC_ROLE_NONE, on_hello, f);
	noc_http_route(h, "GET", "/hello", NOC_ROLE_NONE, on_hello, f);
	noc_http_route(h, "GET", "/big", NOC_ROLE_NONE, on_big, f);
	noc_http_route(h, "POST", "/echo", NOC_ROLE_NONE, on_echo, f);
	noc_http_intake(h, "POST", "/intake", NOC_ROLE_NONE, NULL, on_echo, f);
	noc_http_intake(h, "POST", "/wanted/{id}", NOC_ROLE_NONE, wanted,
			on_echo, f);
	noc_http_route(h, "GET", "/things/{id}", NOC_ROLE_NONE, on_thing,
		       thing);
	noc_http_route(h, "GET", "/things/special", NOC_ROLE_NONE, on_thing,
		       special);
	noc_http_route(h, "GET", "/files/{id...}", NOC_ROLE_NONE, on_thing,
		       file);
	noc_http_route(h, "GET", "/secret", NOC_ROLE_VIEWER, on_thing, thing);
	noc_http_route(h, "DELETE", "/secret", NOC_ROLE_ADMIN, on_thing, thing);
	noc_http_route(h, "GET", "/later", NOC_ROLE_NONE, on_later, f);
	noc_http_route(h, "GET", "/keep", NOC_ROLE_NONE, on_keep, f);
	noc_http_route(h, "GET", "/release", NOC_ROLE_NONE, on_release, f);
	noc_http_route(h, "GET", "/stream", NOC_ROLE_NONE, on_stream, f);
	noc_http_route(h, "GET", "/export", NOC_ROLE_NONE, on_export, f);
	noc_http_route(h, "GET", "/flood", NOC_ROLE_NONE, on_flood, f);
	noc_http_route(h, "GET", "/much", NOC_ROLE_NONE, on_much, f);
	noc_http_route(h, "GET", "/quiet", NOC_ROLE_NONE, on_quiet_stream, f);
	noc_http_route(h, "GET", "/bug", NOC_ROLE_NONE, on_nothing, f);
	noc_http_route(h, "GET", "/stats", NOC_ROLE_NONE, on_stats, f);
	noc_http_route(h, "GET", "/busy", NOC_ROLE_NONE, on_set_busy, f);
}

void
fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	noc_http_conf_default(&f->conf);
	f->conf.authorise = authorise;
	/* A test that waits for a deadline sets a short one. */
	f->conf.limits.head_ms = f->conf.limits.body_ms = PATIENCE_MS;
	f->conf.limits.body_grace_ms = PATIENCE_MS;
	f->conf.limits.idle_ms = f->conf.limits.write_ms = PATIENCE_MS;
}

static void *
server_thread(void *arg)
{
	struct fixture *f = arg;

	noc_loop_run(f->loop);
	return NULL;
}

void
fixture_start(struct fixture *f)
{
	struct noc_err err;

	snprintf(f->dir, sizeof(f->dir), "/tmp/noc-http-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir);
	assert_int_equal(noc_loop_new(&f->loop, &err), 0);
	assert_int_equal(noc_http_new(f->loop, &f->conf, &f->http, &err), 0);
	f->timer = noc_loop_timer(f->loop, on_later_due, f);
	assert_int_equal(pipe(f->stop), 0);
	f->stopper =
	    noc_loop_fd(f->loop, f->stop[0], NOC_LOOP_READ, on_stop, f);
	routes_add(f);
	if (noc_http_listen_tcp(f->http, "127.0.0.1:0", &err) != 0 ||
	    noc_http_listen_unix(f->http, f->path, &err) != 0 ||
	    noc_http_start(f->http, &err) != 0)
		fail_msg("%s", err.msg);
	f->port = noc_http_port(f->http);
	assert_int_equal(pthread_create(&f->thread, NULL, server_thread, f), 0);
}

void
fixture_stop(struct fixture *f)
{
	assert_int_equal(write(f->stop[1], "", 1), 1);
	pthread_join(f->thread, NULL);
	noc_http_free(f->http);
	noc_watch_free(f->timer);
	noc_watch_free(f->stopper);
	close(f->stop[0]);
	close(f->stop[1]);
	/* Its owner answers after the server is gone. */
	if (f->kept != NULL)
		noc_http_reply(f->kept, 200, NULL, NULL, 0);
	noc_loop_free(f->loop);
	assert_int_equal(access(f->path, F_OK), -1);
	rmdir(f->dir);
}

/* --- clients --- */

static int
patient(int fd)
{
	struct timeval tv = { PATIENCE_MS / 1000, 0 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	return fd;
}

int
dial(const struct fixture *f, const char *source)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)f->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (source != NULL) {
		inet_pton(AF_INET, source, &from.sin_addr);
		assert_int_equal(
		    bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	}
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return patient(fd);
}

int
dial_unix(const struct fixture *f)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", f->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return patient(fd);
}

void
say_bytes(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the server may close early; see the answer */
		at += n;
		len -= (size_t)n;
	}
}

void
say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

/* How long the answer in buf is; 0: unknown before the end. */
static size_t
answer_len(const char *buf)
{
	const char *end = strstr(buf, "\r\n\r\n"), *p;

	if (end == NULL)
		return 0;
	p = strstr(buf, "Content-Length: ");
	if (p != NULL && p < end)
		return (size_t)(end - buf) + 4 + strtoul(p + 16, NULL, 10);
	p = strstr(buf, "Transfer-Encoding: chunked");
	if (p != NULL && p < end) {
		p = strstr(end, "\r\n0\r\n\r\n");
		return p != NULL ? (size_t)(p - buf) + 7 : 0;
	}
	if (strncmp(buf, "HTTP/1.1 204", 12) == 0 ||
	    strncmp(buf, "HTTP/1.1 100", 12) == 0)
		return (size_t)(end - buf) + 4;
	return 0;
}

char *
hear(int fd)
{
	size_t len = 0, cap = 1 << 16;
	char *buf = noc_calloc(1, cap);

	for (;;) {
		size_t whole = answer_len(buf), room;
		ssize_t n;

		if (whole > 0 && len >= whole)
			return buf;
		if (len + 1 == cap) {
			cap *= 2;
			buf = noc_realloc(buf, cap);
		}
		/* Byte by byte until the length is known: no read-ahead. */
		room = whole == 0 ? 1 : whole - len;
		if (room > cap - len - 1)
			room = cap - len - 1;
		n = recv(fd, buf + len, room, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
		buf[len] = '\0';
	}
	if (len > 0)
		return buf;
	free(buf);
	return NULL;
}

int
status_of_answer(char *answer)
{
	int status = 0;

	if (answer != NULL && strncmp(answer, "HTTP/1.1 ", 9) == 0)
		status = atoi(answer + 9);
	free(answer);
	return status;
}

char *
ask(const struct fixture *f, const char *request)
{
	int fd = dial(f, NULL);
	char *answer;

	say(fd, request);
	answer = hear(fd);
	close(fd);
	return answer;
}

int
ask_status(const struct fixture *f, const char *request)
{
	return status_of_answer(ask(f, request));
}

bool
closed_by_server(int fd, int within_ms)
{
	double until = now_s() + within_ms / 1e3;
	char byte[4096];

	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		int left = (int)((until - now_s()) * 1e3);

		if (left <= 0 || poll(&p, 1, left) <= 0)
			return false;
		if (recv(fd, byte, sizeof(byte), MSG_DONTWAIT) <= 0)
			return true;
	}
}

void
stats_say(int fd, const char *text)
{
	double until = now_s() + PATIENCE_MS / 1e3;
	bool said;

	do {
		char *a;

		say(fd, "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n");
		a = hear(fd);
		said = a != NULL && strstr(a, text) != NULL;
		if (!said && (a == NULL || now_s() > until))
			fail_msg("no '%s' in %s", text, a ? a : "nothing");
		free(a);
	} while (!said);
}

void
pause_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
