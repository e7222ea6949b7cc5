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
			    .life_ms = MS_OF_S(3600),
			    .body_grace_ms = MS_OF_S(5),
			    .body_rate_min = 1024 },
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
			 "pause_ms=%d connections=%zu",
			 PAUSE_MS, http->conns[0].n);
	http->paused = true;
	noc_http_accept_events(http);
	noc_timer_arm(http->resume, PAUSE_MS);
}

void
noc_http_reached(struct noc_http *http, const char *limit, const char *whose,
		 const char *what)
{
	if (http->conf.reached != NULL)
		http->conf.reached(http->conf.arg, limit, whose, what);
}

/*
 * Over a cap the connection goes that is worth the least, of the address that
 * has the most: who crowds pushes out its own and not those who ask and leave.
 */
static bool
make_room(struct noc_http *http, bool is_unix, const char *address)
{
	const struct noc_http_limits *l = &http->conf.limits;
	struct noc_crowd *conns = &http->conns[is_unix];
	bool full =
	    conns->n >= (size_t)(is_unix ? l->conns_unix_max : l->conns_max);
	bool address_full = !is_unix && noc_crowd_weight(conns, address) >=
					    (size_t)l->conns_addr_max;
	struct noc_guest *worst;

	if (!full && !address_full)
		return true;
	worst = noc_crowd_worst(conns, address_full ? address : NULL,
				noc_conn_worth);
	if (worst == NULL) {
		noc_http_reached(http, "http", address,
				 "it gets 503: all connections wait for us");
		return false;
	}
	http->stats.evicted++;
	noc_http_reached(http, "http", noc_guest_address(worst),
			 "one of its connections is closed for another");
	noc_conn_kill((struct noc_conn *)worst);
	return true;
}

/* address: who counts as one, an IPv6 network of 64 bits. */
static void
peer_name(const struct sockaddr_storage *ss, char text[], char address[])
{
	struct in6_addr in6 =
	    ((const struct sockaddr_in6 *)(const void *)ss)->sin6_addr;
	const struct sockaddr_in *in4 = (const void *)ss;
	bool v6 = ss->ss_family == AF_INET6;
	bool mapped = v6 && IN6_IS_ADDR_V4MAPPED(&in6);

	snprintf(text, INET6_ADDRSTRLEN, "local");
	if (mapped)
		inet_ntop(AF_INET, in6.s6_addr + 12, text, INET6_ADDRSTRLEN);
	else if (v6)
		inet_ntop(AF_INET6, &in6, text, INET6_ADDRSTRLEN);
	else if (ss->ss_family == AF_INET)
		inet_ntop(AF_INET, &in4->sin_addr, text, INET6_ADDRSTRLEN);
	memcpy(address, text, INET6_ADDRSTRLEN);
	if (v6 && !mapped) {
		memset(in6.s6_addr + 8, 0, 8);
		inet_ntop(AF_INET6, &in6, address, INET6_ADDRSTRLEN);
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
	char peer[INET6_ADDRSTRLEN], address[INET6_ADDRSTRLEN];
	int64_t uid = -1;

	peer_name(ss, peer, address);
	if (l->is_unix &&
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		uid = cred.uid;
	if (l->is_unix)
		snprintf(address, sizeof(address), "uid %lld", (long long)uid);
	if (make_room(l->http, l->is_unix, address)) {
		l->http->stats.accepted++;
		noc_conn_new(l, fd, peer, address, uid);
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
		int (*wanted)(struct noc_http_req *req, const char **why,
			      void *arg),
		void (*fn)(struct noc_http_req *req, void *arg), void *arg)
{
	noc_http_route(http, method, pattern, role, fn, arg);
	http->routes[http->nroutes - 1].intake = true;
	http->routes[http->nroutes - 1].wanted = wanted;
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
	out->conns = (int)http->conns[0].n;
	out->conns_unix = (int)http->conns[1].n;
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
	struct noc_guest *g, *next;

	http->stopping = true;
	noc_http_accept_events(http);
	for (size_t i = 0; i < NOC_COUNT(http->conns); i++) {
		for (g = http->conns[i].first; g != NULL; g = next) {
			struct noc_conn *c = (struct noc_conn *)g;

			next = g->next;
			if (c->state == CONN_HEAD && c->idle &&
			    noc_conn_out(c) == 0)
				noc_conn_kill(c);
			else
				c->keep = false;
		}
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
	for (size_t i = 0; i < NOC_COUNT(http->conns); i++) {
		while (http->conns[i].first != NULL)
			noc_conn_kill((struct noc_conn *)http->conns[i].first);
	}
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
