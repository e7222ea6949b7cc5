/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "net/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http_impl.h"

#define BACKLOG 512

static int
listener_add(struct noc_http *http, int fd, const char *path,
	     struct noc_err *err)
{
	struct noc_listener *l = noc_calloc(1, sizeof(*l));
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);

	l->http = http;
	l->fd = fd;
	l->path = path != NULL ? noc_strdup(path) : NULL;
	l->next = http->listeners;
	http->listeners = l;
	if (listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) != 0 ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
		return noc_err_set(err, NOC_ERESOURCE,
				   "The HTTP socket cannot listen: %s.",
				   strerror(errno));
	l->is_unix = ss.ss_family == AF_UNIX;
	if (http->port == 0 && ss.ss_family == AF_INET)
		http->port = ntohs(((struct sockaddr_in *)&ss)->sin_port);
	if (http->port == 0 && ss.ss_family == AF_INET6)
		http->port = ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	l->watch = noc_loop_fd(http->loop, fd, 0, noc_http_on_acceptable, l);
	if (l->watch == NULL)
		return noc_err_set(err, NOC_ERESOURCE,
				   "The HTTP socket cannot be watched.");
	noc_http_accept_events(http);
	return 0;
}

int
noc_http_listen_fd(struct noc_http *http, int fd, struct noc_err *err)
{
	return listener_add(http, fd, NULL, err);
}

/* "host:port" cut in two; host may be [IPv6], '*' or empty for any. */
static int
address_resolve(const char *address, struct addrinfo **ai, struct noc_err *err)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST |
					      AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(address, ':'), *host = address;
	char name[64] = "";
	size_t len = colon != NULL ? (size_t)(colon - address) : 0;

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (colon != NULL && len < sizeof(name)) {
		memcpy(name, host, len);
		name[len] = '\0';
		if (strcmp(name, "localhost") == 0)
			snprintf(name, sizeof(name), "127.0.0.1");
		if (strcmp(name, "*") == 0)
			snprintf(name, sizeof(name), "0.0.0.0");
		if (name[0] != '\0' &&
		    getaddrinfo(name, colon + 1, &hints, ai) == 0)
			return 0;
	}
	return noc_err_set(err, NOC_ECONFIG,
			   "'%s' is no address to listen on; write one like "
			   "127.0.0.1:8080 or [::]:8080.",
			   address);
}

int
noc_http_listen_tcp(struct noc_http *http, const char *address,
		    struct noc_err *err)
{
	struct addrinfo *ai = NULL;
	int fd, rc = address_resolve(address, &ai, err);

	if (rc != 0)
		return rc;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 },
			   sizeof(int));
	if (fd < 0 || bind(fd, ai->ai_addr, ai->ai_addrlen) != 0) {
		bool taken = errno == EADDRINUSE;

		rc = noc_err_set(err, taken ? NOC_ECONFLICT : NOC_ERESOURCE,
				 "HTTP cannot listen on %s: %s.", address,
				 strerror(errno));
		if (fd >= 0)
			close(fd);
	} else {
		rc = listener_add(http, fd, NULL, err);
	}
	freeaddrinfo(ai);
	return rc;
}

/* Does anybody answer at this socket? */
static bool
unix_alive(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive;

	alive = fd >= 0 &&
		connect(fd, (const struct sockaddr *)un, sizeof(*un)) == 0;
	if (fd >= 0)
		close(fd);
	return alive;
}

int
noc_http_listen_unix(struct noc_http *http, const char *path,
		     struct noc_err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd, saved;

	if (strlen(path) >= sizeof(un.sun_path))
		return noc_err_set(err, NOC_ECONFIG,
				   "The socket path '%s' has over %zu "
				   "characters; choose a shorter state "
				   "directory.",
				   path, sizeof(un.sun_path) - 1);
	memcpy(un.sun_path, path, strlen(path) + 1);
	if (unix_alive(&un))
		return noc_err_set(err, NOC_ECONFLICT,
				   "Another daemon answers at %s.", path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Before bind so that there is no moment with a wider mode. */
	if (fd >= 0 && fchmod(fd, 0660) == 0 &&
	    bind(fd, (struct sockaddr *)&un, sizeof(un)) == 0 &&
	    chmod(path, 0660) == 0)
		return listener_add(http, fd, path, err);
	saved = errno;
	if (fd >= 0)
		close(fd);
	return noc_err_set(err, NOC_ERESOURCE, "HTTP cannot listen at %s: %s.",
			   path, strerror(saved));
}
