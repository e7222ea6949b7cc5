/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/loop.h"
#include "sensors/listen.h"
#include "sensors/syslog_common.h"

/*
 * Syslog from programs of this host: a datagram socket.  The kernel says who
 * sent (SO_PASSCRED): root and our own user are trusted fully.
 */
#define UNIX_BYTES  65536
#define UNIX_A_TURN 256

struct syslog_unix {
	struct noc_syslog_in in;
	struct noc_watch *watch;
	int fd;
	char *path;
	bool bound; /* the file is ours to remove */
	char buf[UNIX_BYTES];
};

static enum noc_trust
unix_trust(struct msghdr *h)
{
	struct ucred cred;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		if (cred.uid == 0 || cred.uid == geteuid())
			return NOC_TRUST_HIGH;
	}
	return NOC_TRUST_NORMAL;
}

static void
on_unix(int fd, int events, void *arg)
{
	struct syslog_unix *u = arg;
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { .iov_base = u->buf, .iov_len = sizeof(u->buf) };
	struct msghdr h;
	ssize_t n;

	(void)events;
	for (int i = 0; i < UNIX_A_TURN; i++) {
		memset(&h, 0, sizeof(h));
		h.msg_iov = &iov;
		h.msg_iovlen = 1;
		h.msg_control = control.space;
		h.msg_controllen = sizeof(control.space);
		n = recvmsg(fd, &h, MSG_DONTWAIT);
		if (n < 0)
			return;
		noc_syslog_in_message(&u->in, noc_slice(u->buf, (size_t)n),
				      noc_slice("local", 5), unix_trust(&h),
				      (h.msg_flags & MSG_TRUNC) != 0);
	}
}

/* Somebody receives there: no dead daemon's. */
static bool
unix_taken(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool taken = fd >= 0 &&
		     (!connect(fd, (const struct sockaddr *)un, sizeof(*un)) ||
		      errno == EPROTOTYPE);

	if (fd >= 0)
		close(fd);
	return taken;
}

static int
unix_bind(struct syslog_unix *u, struct noc_err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct stat st;

	u->fd = noc_listen_take("syslog.unix");
	if (u->fd >= 0)
		return 0;
	if (strlen(u->path) >= sizeof(un.sun_path))
		return noc_err_set(err, NOC_ECONFIG,
				   "The socket path %s is longer than %zu "
				   "bytes; choose another with --set "
				   "syslog.unix=PATH (or off).",
				   u->path, sizeof(un.sun_path) - 1);
	strcpy(un.sun_path, u->path);
	if (!lstat(u->path, &st) && S_ISSOCK(st.st_mode) && !unix_taken(&un))
		unlink(u->path);
	u->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd < 0 || bind(u->fd, (struct sockaddr *)&un, sizeof(un)))
		return noc_err_set(err, NOC_ECONFIG,
				   "The syslog socket %s cannot be opened: "
				   "%s; --set syslog.unix=off does without.",
				   u->path, strerror(errno));
	u->bound = true;
	if (chmod(u->path, 0660))
		return noc_err_set(err, NOC_ECONFIG,
				   "The mode of %s cannot be set: %s.", u->path,
				   strerror(errno));
	return 0;
}

static void
unix_close(void *instance)
{
	struct syslog_unix *u = instance;

	noc_watch_free(u->watch);
	if (u->fd >= 0)
		close(u->fd);
	if (u->bound)
		unlink(u->path);
	noc_syslog_in_close(&u->in);
	free(u->path);
	free(u);
}

static int
unix_open(struct noc_env *env, void **instance, struct noc_err *err)
{
	const char *path = noc_value_get_str(env->config, "syslog.unix", "off");
	struct syslog_unix *u;
	int on = 1, r;

	if (!strcmp(path, "off"))
		return 0;
	u = noc_calloc(1, sizeof(*u));
	u->fd = -1;
	u->path = noc_strdup(path);
	r = unix_bind(u, err);
	if (!r && setsockopt(u->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		r = noc_err_set(err, NOC_ECONFIG,
				"The syslog socket %s gives no credentials: "
				"%s.",
				u->path, strerror(errno));
	if (!r)
		r = noc_syslog_in_open(&u->in, env, "syslog.unix", err);
	if (r) {
		unix_close(u);
		return r;
	}
	u->watch = noc_loop_fd(env->loop, u->fd, NOC_LOOP_READ, on_unix, u);
	*instance = u;
	return 0;
}

static void
unix_pause(void *instance, bool paused)
{
	struct syslog_unix *u = instance;

	noc_watch_events(u->watch, paused ? 0 : NOC_LOOP_READ);
}

static void
unix_reload(void *instance)
{
	noc_syslog_in_reload(&((struct syslog_unix *)instance)->in);
}

static void
unix_describe(void *instance, struct noc_strbuf *out)
{
	noc_strbuf_addf(out, "%s unix", ((struct syslog_unix *)instance)->path);
}

const struct noc_sensor_ops noc_sensor_syslog_unix = {
	.name = "syslog.unix",
	.summary = "syslog from this host's programs",
	.open = unix_open,
	.close = unix_close,
	.reload = unix_reload,
	.pause = unix_pause,
	.describe = unix_describe,
};
