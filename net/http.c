/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/http_impl.h"

#define ACCEPTS_A_TURN 32
#define PAUSE_MS       200
#define BODY_GRACE_NS  NOC_NS_PER_S /* a body may take so long unevicted */
#define MS_OF_S(s)     ((s)*1000LL)

void
noc_http_conf_default(struct noc_http_conf *conf)
{
	*conf = (struct noc_http_conf){
		.limits = { .head_max = 16 * 1024,
			    .body_max = 1024 * 1024,
			    .body_total_max = 64 * 1024 * 1024,
			    .behind_max = 1024 * 1024,
			    .conns_max = 512,
			    .conns_addr_max = 64,
			    .conns_unix_max = 128,
			    .head_ms = MS_OF_S(10),
			    .body_ms = MS_OF_S(30),
			    .idle_ms = MS_OF_S(60),
			    .write_ms = MS_OF_S(30),
			    .reply_ms = MS_OF_S(60),
			    .life_ms = MS_OF_S(3600) },
	};
}

/* --- accepting --- */

void
noc_http_accept_events(struct noc_http *http)
{
	bool on = http->started && !http->stopping && !http->paused;

	for (struct noc_listener *l = http->listeners; l != NULL; l = l->next)
		if (l->watch != NULL)
			noc_watch_events(l->watch, on ? NOC_LOOP_READ : 0);
}

static void
on_resume(void *arg)
{
	struct noc_http *http = arg;

	http->paused = false;
	noc_http_accept_events(http);
}

/*
 * No descriptor is left.  The reserve lets one waiting peer hear about it at
 * once; then nobody is accepted for a moment.
 */
static void
accept_pause(struct noc_http *http, int listen_fd)
{
	int fd;

	http->stats.accept_paused++;
	if (http->reserve_fd >= 0) {
		close(http->reserve_fd);
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			close(fd);
		http->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	if (!http->paused)
		noc_warn("http",
			 "msg=\"out of descriptors, not accepting\" "
			 "pause_ms=%d connections=%d",
			 PAUSE_MS, http->stats.conns);
	http->paused = true;
	noc_http_accept_events(http);
	noc_timer_arm(http->resume, PAUSE_MS);
}

static bool
conn_evictable(const struct noc_conn *c, int64_t now_ns)
{
	if (c->state == CONN_HEAD)
		return noc_conn_out(c) == 0;
	return c->state == CONN_LINGER ||
	       (c->state == CONN_BODY && now_ns - c->since_ns > BODY_GRACE_NS);
}

/*
 * Over a cap the connection goes that has waited longest for its peer: slow
 * senders push out one another and not those who ask and leave.
 */
static bool
make_room(struct noc_http *http, bool is_unix, const uint8_t addr[16])
{
	const struct noc_http_limits *l = &http->conf.limits;
	int64_t now_ns = noc_loop_now(http->loop).boot_ns;
	int same = 0, all = 0, max = is_unix ? l->conns_unix_max : l->conns_max;
	struct noc_conn *oldest = NULL, *oldest_same = NULL;

	for (struct noc_conn *c = http->conns; c != NULL; c = c->next) {
		bool evictable = conn_evictable(c, now_ns);

		if (c->is_unix != is_unix)
			continue;
		all++;
		if (evictable &&
		    (oldest == NULL || c->since_ns <= oldest->since_ns))
			oldest = c;
		if (memcmp(c->addr, addr, 16) != 0)
			continue;
		same++;
		if (evictable && (oldest_same == NULL ||
				  c->since_ns <= oldest_same->since_ns))
			oldest_same = c;
	}
	if (!is_unix && same >= l->conns_addr_max)
		oldest = oldest_same;
	else if (all < max)
		return true;
	if (oldest == NULL)
		return false;
	http->stats.evicted++;
	noc_conn_kill(oldest);
	return true;
}

static void
peer_name(const struct sockaddr_storage *ss, char *text, size_t size,
	  uint8_t addr[16])
{
	const struct sockaddr_in *in4 = (const void *)ss;
	const struct sockaddr_in6 *in6 = (const void *)ss;

	memset(addr, 0, 16);
	snprintf(text, size, "local");
	if (ss->ss_family == AF_INET) {
		memcpy(addr + 12, &in4->sin_addr, 4);
		inet_ntop(AF_INET, &in4->sin_addr, text, (socklen_t)size);
	} else if (ss->ss_family == AF_INET6 &&
		   IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		memcpy(addr + 12, in6->sin6_addr.s6_addr + 12, 4);
		inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, text,
			  (socklen_t)size);
	} else if (ss->ss_family == AF_INET6) {
		memcpy(addr, in6->sin6_addr.s6_addr, 8);
		inet_ntop(AF_INET6, &in6->sin6_addr, text, (socklen_t)size);
	}
}

static void
conn_accepted(struct noc_listener *l, int fd, const struct sockaddr_storage *ss)
{
	static const char full[] = "HTTP/1.1 503 Service Unavailable\r\n"
				   "Content-Length: 0\r\nRetry-After: 5\r\n"
				   "Connection: close\r\n\r\n";
	struct ucred cred;
	socklen_t len = sizeof(cred);
	uint8_t addr[16];
	int64_t uid = -1;
	char peer[64];

	peer_name(ss, peer, sizeof(peer), addr);
	if (l->is_unix &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		uid = cred.uid;
	if (make_room(l->http, l->is_unix, addr)) {
		l->http->stats.accepted++;
		noc_conn_new(l, fd, peer, addr, uid);
		return;
	}
	l->http->stats.refused++;
	(void)!send(fd, full, sizeof(full) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

void
noc_http_on_acceptable(int listen_fd, int events, void *arg)
{
	struct noc_listener *l = arg;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN && !l->http->paused; i++) {
		struct sockaddr_storage ss = { 0 };
		socklen_t len = sizeof(ss);
		int fd = accept4(listen_fd, (struct sockaddr *)&ss, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			conn_accepted(l, fd, &ss);
		else if (errno == EMFILE || errno == ENFILE ||
			 errno == ENOBUFS || errno == ENOMEM)
			accept_pause(l->http, listen_fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			break;
	}
}

/* --- routes --- */

void
noc_http_route(struct noc_http *http, const char *method, const char *pattern,
	       enum noc_role role,
	       void (*fn)(struct noc_http_req *req, void *arg), void *arg)
{
	struct route *r;

	NOC_REQUIRE(!http->started);
	NOC_GROW(http->routes, http->routes_cap, http->nroutes + 1);
	r = &http->routes[http->nroutes++];
	*r = (struct route){ .method = method,
			     .pattern = noc_strdup(pattern),
			     .role = role,
			     .fn = fn,
			     .arg = arg };
	r->bad = !noc_http_pattern_parse(r);
}

void
noc_http_intake(struct noc_http *http, const char *method, const char *pattern,
		enum noc_role role,
		void (*fn)(struct noc_http_req *req, void *arg), void *arg)
{
	noc_http_route(http, method, pattern, role, fn, arg);
	http->routes[http->nroutes - 1].intake = true;
}

bool
noc_http_route_at(const struct noc_http *http, size_t i, const char **method,
		  const char **pattern, enum noc_role *role)
{
	if (i >= http->nroutes)
		return false;
	*method = http->routes[i].method;
	*pattern = http->routes[i].pattern;
	*role = http->routes[i].role;
	return true;
}

int
noc_http_start(struct noc_http *http, struct noc_err *err)
{
	for (size_t i = 0; i < http->nroutes; i++) {
		const struct route *r = &http->routes[i];
		const char *why = NULL;

		if (r->role <= NOC_ROLE_UNSET || r->role > NOC_ROLE_ADMIN)
			why = "says not who may use it";
		else if (r->bad || r->fn == NULL)
			why = "has a malformed pattern or no function";
		for (size_t j = 0; j < i && why == NULL; j++) {
			if (noc_http_routes_equal(r, &http->routes[j]))
				why = "is there twice";
		}
		if (why != NULL)
			return noc_err_set(err, NOC_ECONFIG,
					   "The HTTP route %s %s %s.",
					   r->method, r->pattern, why);
	}
	http->started = true;
	noc_http_accept_events(http);
	return 0;
}

/* --- the server --- */

void
noc_http_busy(struct noc_http *http, bool busy)
{
	http->busy = busy;
}

int
noc_http_port(const struct noc_http *http)
{
	return http->port;
}

void
noc_http_stats(const struct noc_http *http, struct noc_http_stats *out)
{
	*out = http->stats;
	for (const struct noc_http_req *r = http->reqs; r != NULL; r = r->next)
		out->pending += r->later && !r->streaming;
}

int
noc_http_new(struct noc_loop *loop, const struct noc_http_conf *conf,
	     struct noc_http **out, struct noc_err *err)
{
	struct noc_http *http = noc_calloc(1, sizeof(*http));
	char buf[1024];
	struct passwd pw, *found = NULL;

	http->loop = loop;
	http->conf = *conf;
	http->own_uid = geteuid();
	snprintf(http->own_name, sizeof(http->own_name), "%lld",
		 (long long)http->own_uid);
	if (getpwuid_r(geteuid(), &pw, buf, sizeof(buf), &found) == 0 &&
	    found != NULL)
		snprintf(http->own_name, sizeof(http->own_name), "%s",
			 pw.pw_name);
	http->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (http->reserve_fd < 0) {
		free(http);
		return noc_err_set(err, NOC_ERESOURCE,
				   "/dev/null cannot be opened: %s.",
				   strerror(errno));
	}
	http->resume = noc_loop_timer(loop, on_resume, http);
	*out = http;
	return 0;
}

void
noc_http_stop(struct noc_http *http)
{
	struct noc_conn *next;

	http->stopping = true;
	noc_http_accept_events(http);
	for (struct noc_conn *c = http->conns; c != NULL; c = next) {
		next = c->next;
		if (c->state == CONN_HEAD && c->idle && noc_conn_out(c) == 0)
			noc_conn_kill(c);
		else
			c->keep = false;
	}
}

static void
listeners_free(struct noc_http *http)
{
	struct noc_listener *l;

	while ((l = http->listeners) != NULL) {
		http->listeners = l->next;
		noc_watch_free(l->watch);
		close(l->fd);
		if (l->path != NULL)
			unlink(l->path);
		free(l->path);
		free(l);
	}
}

void
noc_http_free(struct noc_http *http)
{
	if (http == NULL)
		return;
	listeners_free(http);
	while (http->conns != NULL)
		noc_conn_kill(http->conns);
	for (struct noc_http_req *r = http->reqs; r != NULL; r = r->next) {
		noc_watch_free(r->tell);
		r->tell = NULL;
		r->http = NULL;
	}
	for (size_t i = 0; i < http->nroutes; i++) {
		free(http->routes[i].pattern);
		free(http->routes[i].block);
	}
	free(http->routes);
	noc_watch_free(http->resume);
	close(http->reserve_fd);
	free(http);
}
