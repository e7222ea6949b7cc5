/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "proto/syslog.h"
#include "net/loop.h"
#include "engine/lang/schema_rows.h"
#include "engine/core/call.h"
#include "engine/core/core.h"
#include "actions/actions.h"

/*
 * syslog: one RFC 5424 message over UDP, TCP (octet counted, RFC 6587) or a
 * unix datagram socket.  Addresses are literals ("192.0.2.1:514",
 * "[2001:db8::1]:514", "/dev/log").
 */
struct syslog_out {
	struct noc_env *env;
	struct noc_call *call;
	int fd; /* connected, ours; -1: datagrams go to `to` */
	struct sockaddr_storage to;
	socklen_t to_len;
	struct noc_watch *watch;
	struct noc_strbuf text;
	size_t at;
};

/* A socket for all datagrams of a family, for the life of the process. */
static int
syslog_udp(int family)
{
	static int fds[2] = { -1, -1 };
	int *fd = &fds[family == AF_INET6];

	if (*fd < 0)
		*fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			     0);
	return *fd;
}

static void
syslog_free(struct syslog_out *s)
{
	noc_watch_free(s->watch);
	if (s->fd >= 0)
		close(s->fd);
	noc_strbuf_release(&s->text);
	s->call->impl = NULL;
	free(s);
}

static void
syslog_end(struct syslog_out *s, int error)
{
	struct noc_call *call = s->call;
	struct noc_call_error e;

	if (error) {
		noc_call_error_set(&e, "transient", "syslog", "send", "%s",
				   strerror(error));
		noc_call_done(s->env, call, NULL, &e);
	} else {
		noc_call_done(s->env, call, noc_value_map(), NULL);
	}
	syslog_free(s);
}

/* True when it ended. */
static bool
syslog_push(struct syslog_out *s)
{
	ssize_t n;

	if (s->fd < 0)
		n = sendto(syslog_udp(s->to.ss_family), s->text.p, s->text.len,
			   MSG_NOSIGNAL, (struct sockaddr *)&s->to, s->to_len);
	else
		n = send(s->fd, s->text.p + s->at, s->text.len - s->at,
			 MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) {
		syslog_end(s, errno);
		return true;
	}
	s->at += (size_t)n;
	if (s->at < s->text.len)
		return false;
	syslog_end(s, 0);
	return true;
}

static void
on_syslog_writable(int fd, int events, void *arg)
{
	(void)fd;
	(void)events;
	syslog_push(arg);
}

static int
syslog_connect(struct syslog_out *s, const char *to, const char *transport,
	       struct noc_err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *res = NULL;
	char host[128], *port;
	int r;

	if (to[0] == '/' || !strcmp(transport, "unix")) {
		if (strlen(to) >= sizeof(un.sun_path))
			return noc_err_set(err, NOC_ECONFIG,
					   "The socket path '%s' is too long.",
					   to);
		memcpy(un.sun_path, to, strlen(to) + 1);
		s->fd = socket(AF_UNIX,
			       SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (s->fd < 0 ||
		    connect(s->fd, (struct sockaddr *)&un, sizeof(un)) < 0)
			return noc_err_set(err, NOC_EDOWN,
					   "Nothing listens at %s: %m.", to);
		return 0;
	}
	snprintf(host, sizeof(host), "%s", to[0] == '[' ? to + 1 : to);
	port = strrchr(host, ':');
	if (to[0] == '[' && strchr(host, ']')) {
		port = strchr(host, ']');
		*port++ = '\0';
	}
	if (port && *port == ':')
		*port++ = '\0';
	hints.ai_socktype =
	    !strcmp(transport, "tcp") ? SOCK_STREAM : SOCK_DGRAM;
	r = getaddrinfo(host, port && *port ? port : "514", &hints, &res);
	if (r)
		return noc_err_set(err, NOC_ECONFIG,
				   "'%s' is no address:port: %s.", to,
				   gai_strerror(r));
	if (hints.ai_socktype == SOCK_DGRAM) {
		memcpy(&s->to, res->ai_addr, res->ai_addrlen);
		s->to_len = res->ai_addrlen;
		freeaddrinfo(res);
		if (syslog_udp(s->to.ss_family) < 0)
			r = noc_err_set(err, NOC_EDOWN, "No socket for %s: %m.",
					to);
		return r;
	}
	s->fd = socket(res->ai_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || (connect(s->fd, res->ai_addr, res->ai_addrlen) < 0 &&
			  errno != EINPROGRESS))
		r = noc_err_set(err, NOC_EDOWN, "No connection to %s: %m.", to);
	freeaddrinfo(res);
	return r;
}

static int
syslog_pri(const struct syslog_out *s, const struct noc_value *opts)
{
	const struct noc_value *event =
	    noc_value_get(s->call->context, "event");
	const struct noc_value *sev = noc_value_get(opts, "severity");
	const char *facility = noc_value_get_str(opts, "facility", "local0");
	int f = 16, n = 5;

	for (int i = 0; i < 24; i++)
		if (!strcmp(noc_facility_name(i), facility))
			f = i;
	if (!sev)
		sev = noc_value_get(event, "severity");
	if (sev && sev->type == NOC_INT)
		n = (int)sev->u.i;
	else if (sev && sev->type == NOC_STR)
		n = noc_severity_parse(sev->u.s.p, sev->u.s.len);
	return f * 8 + (n < 0 || n > 7 ? 5 : n);
}

static int
syslog_start(struct noc_env *env, struct noc_call *call, struct noc_err *err)
{
	const struct noc_value *opts = noc_params_opts(call->params);
	const struct noc_value *items = noc_params_items(call->params);
	const char *transport = noc_value_get_str(opts, "transport", "udp");
	struct syslog_out *s = noc_calloc(1, sizeof(*s));
	struct noc_strbuf msg = NOC_STRBUF_INIT, text = NOC_STRBUF_INIT;
	char iso[32], host[256] = "-";
	int r;

	s->env = env;
	s->call = call;
	s->fd = -1;
	call->impl = s;
	r = syslog_connect(s, noc_value_get_str(opts, "to", "127.0.0.1:514"),
			   transport, err);
	if (r < 0) {
		syslog_free(s);
		return r;
	}
	gethostname(host, sizeof(host) - 1);
	noc_value_text(noc_value_len(items) /* in a channel: the notice */
			   ? noc_value_at(items, 0)
			   : noc_value_get(call->context, "text"),
		       &text);
	noc_strbuf_addf(&msg, "<%d>1 %s %s %s - - - ", syslog_pri(s, opts),
			noc_time_iso(iso, noc_core_turn(env->core).wall_ns),
			host, noc_value_get_str(opts, "app", "nocturne"));
	noc_strbuf_add_escaped(&msg, text.p ? text.p : "", text.len);
	if (!strcmp(transport, "tcp"))
		noc_strbuf_addf(&s->text, "%zu ", msg.len);
	noc_strbuf_add(&s->text, msg.p, msg.len);
	noc_strbuf_release(&msg);
	noc_strbuf_release(&text);
	/* A datagram needs no connection to come about first. */
	if (strcmp(transport, "tcp") && syslog_push(s))
		return 0;
	s->watch = noc_loop_fd(env->loop,
			       s->fd < 0 ? syslog_udp(s->to.ss_family) : s->fd,
			       NOC_LOOP_WRITE, on_syslog_writable, s);
	return 0;
}

static void
syslog_cancel(struct noc_env *env, struct noc_call *call)
{
	(void)env;
	if (call->impl)
		syslog_free(call->impl);
}

static const struct noc_option syslog_options[] = {
	DEF("to", STRING, "127.0.0.1:514", "host:port, or a socket path"),
	VAL("transport", ENUM, "udp tcp unix", "udp", "how it is sent"),
	VAL("facility", ENUM,
	    "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp "
	    "local0 local1 local2 local3 local4 local5 local6 local7",
	    "local0", "syslog facility"),
	VAL("severity", STRING, "number", "the event's", "name or 0-7"),
	DEF("app", STRING, "nocturne", "program name"),
	END
};

static const char *const syslog_gives[] = { NULL };

const struct noc_action_ops noc_action_syslog = {
	.name = "syslog",
	.flags = NOC_ACTION_NOTIFIES,
	.help = "Sends a syslog message; in a channel, the notice.",
	.items = "? string",
	.options = syslog_options,
	.gives = syslog_gives,
	.start = syslog_start,
	.cancel = syslog_cancel,
};
