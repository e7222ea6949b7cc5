/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

/* ---- addresses ---- */

int
noc_address_parse(const char *text, struct noc_address *out,
		  struct noc_err *err)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&out->ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->ss;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t len = colon ? (size_t)(colon - text) : 0;
	char *end = NULL;
	long port = colon ? strtol(colon + 1, &end, 10) : -1;

	memset(out, 0, sizeof(*out));
	if (!colon || len == 0 || len >= sizeof(host) || !end || *end ||
	    end == colon + 1 || port < 0 || port > 65535)
		return noc_err_set(err, NOC_ECONFIG, "'%s' is no ADDRESS:PORT.",
				   text);
	if (text[0] == '[' && text[len - 1] == ']') {
		memcpy(host, text + 1, len - 2);
		host[len - 2] = '\0';
	} else {
		memcpy(host, text, len);
		host[len] = '\0';
	}
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		out->len = sizeof(*in);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		out->len = sizeof(*in6);
		return 0;
	}
	return noc_err_set(err, NOC_ECONFIG,
			   "'%s' is no IP address; names are not looked up "
			   "for a listening socket.",
			   host);
}

size_t
noc_address_host(const struct sockaddr *sa, char *buf)
{
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in =
		    (const struct sockaddr_in *)(const void *)sa;

		inet_ntop(AF_INET, &in->sin_addr, buf, INET6_ADDRSTRLEN);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 =
		    (const struct sockaddr_in6 *)(const void *)sa;

		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], buf,
				  INET6_ADDRSTRLEN);
		else
			inet_ntop(AF_INET6, &in6->sin6_addr, buf,
				  INET6_ADDRSTRLEN);
	} else {
		strcpy(buf, "local");
	}
	return strlen(buf);
}

int
noc_address_port(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return ntohs(
		    ((const struct sockaddr_in *)(const void *)sa)->sin_port);
	if (sa->sa_family == AF_INET6)
		return ntohs(
		    ((const struct sockaddr_in6 *)(const void *)sa)->sin6_port);
	return 0;
}

/* ---- binding ---- */

static int
listen_failed(const char *option, const char *address, int type, int port,
	      struct noc_err *err)
{
	const char *proto = type == SOCK_DGRAM ? "UDP" : "TCP";
	int why = errno;
	char owner[128];

	if (why == EADDRINUSE) {
		bool known = noc_listen_owner(type, port, owner, sizeof(owner));

		return noc_err_set(err, NOC_ECONFLICT,
				   "%s port %s is taken%s%s; choose another "
				   "with --set %s=%d (or --set %s=off).",
				   proto, address, known ? " by " : "",
				   known ? owner : "", option,
				   port < 1024	  ? port + 5000
				   : port < 65000 ? port + 10000
						  : port - 10000,
				   option);
	}
	if (why == EACCES || why == EPERM)
		return noc_err_set(err, NOC_EDENIED,
				   "%s port %s may not be opened: %s; ports "
				   "below 1024 need a systemd socket unit or "
				   "an nft redirect (doc/getting-started), or "
				   "choose another with --set %s=%d.",
				   proto, address, strerror(why), option,
				   port + 5000);
	return noc_err_set(
	    err, NOC_ECONFIG,
	    "%s %s cannot be opened: %s; options listen and %s say so.", proto,
	    address, strerror(why), option);
}

int
noc_listen_inet(const char *option, const char *address, int type, int *out,
		struct noc_err *err)
{
	struct noc_address a;
	int fd = noc_listen_take(option), on = 1, off = 0, r;

	if (fd >= 0) {
		*out = fd;
		return 0;
	}
	r = noc_address_parse(address, &a, err);
	if (r) {
		noc_err_prefix(err, "option %s", option);
		return r;
	}
	fd = socket(a.ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		goto failed;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a.ss.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&a.ss, a.len) ||
	    (type == SOCK_STREAM && listen(fd, 256)))
		goto failed;
	*out = fd;
	return 0;
failed:
	r = listen_failed(option, address, type,
			  noc_address_port((struct sockaddr *)&a.ss), err);
	if (fd >= 0)
		close(fd);
	return r;
}

void
noc_listen_resize(int fd, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

void
noc_listen_buffer(int fd, const char *option, int64_t bytes)
{
	int want = bytes > 1 << 30 ? 1 << 30 : (int)bytes, have = 0;
	socklen_t len = sizeof(have);

	noc_listen_resize(fd, want);
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &have, &len))
		return;
	if (have / 2 < want) /* the kernel says twice of what it took */
		noc_warn("listen",
			 "sensor=%s recv_buffer=%d wanted=%d: bursts may be "
			 "dropped; raise net.core.rmem_max",
			 option, have / 2, want);
}

void
noc_listen_describe(int fd, const char *proto, struct noc_strbuf *out)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[INET6_ADDRSTRLEN];

	if (getsockname(fd, (struct sockaddr *)&ss, &len))
		return;
	noc_address_host((struct sockaddr *)&ss, host);
	noc_strbuf_addf(out, strchr(host, ':') ? "[%s]:%d %s" : "%s:%d %s",
			host, noc_address_port((struct sockaddr *)&ss), proto);
}

uint32_t
noc_listen_drops(int fd, uint32_t *seen)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 }, delta;
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) ||
	    len <= SK_MEMINFO_DROPS * sizeof(info[0]))
		return 0;
	delta = info[SK_MEMINFO_DROPS] - *seen;
	*seen = info[SK_MEMINFO_DROPS];
	return delta;
}
