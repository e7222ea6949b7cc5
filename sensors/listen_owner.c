/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sensors/listen.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

/* ---- who holds a port, by /proc ---- */

#define TCP_STATE_LISTEN 0x0a

unsigned long
noc_listen_owner_inode(const char *text, int port, bool listening)
{
	while ((text = strchr(text, '\n'))) {
		unsigned local_port, state;
		unsigned long inode;

		text++;
		/* sl local:port remote:port st tx:rx tr:when retr uid timeout
		 * inode */
		if (sscanf(text,
			   " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x "
			   "%*x:%*x %*x:%*x %*x %*u %*u %lu",
			   &local_port, &state, &inode) != 3)
			continue;
		if (local_port == (unsigned)port && inode &&
		    (!listening || state == TCP_STATE_LISTEN))
			return inode;
	}
	return 0;
}

static unsigned long
owner_search(const char *path, int port, bool listening)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	FILE *in = fopen(path, "re");
	char buf[8192];
	unsigned long inode = 0;
	size_t n;

	if (!in)
		return 0;
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0)
		noc_strbuf_add(&sb, buf, n);
	fclose(in);
	if (sb.p)
		inode = noc_listen_owner_inode(sb.p, port, listening);
	noc_strbuf_release(&sb);
	return inode;
}

static bool
owner_has(const char *pid, const char *want)
{
	char path[64], target[64];
	struct dirent *e;
	bool found = false;
	DIR *dir;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (e = readdir(dir))) {
		n = readlinkat(dirfd(dir), e->d_name, target,
			       sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		found = !strcmp(target, want);
	}
	closedir(dir);
	return found;
}

static void
owner_name(const char *pid, char *buf, size_t size)
{
	char path[64], comm[64] = "process", safe[128];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	in = fopen(path, "re");
	if (in) {
		if (!fgets(comm, sizeof(comm), in))
			strcpy(comm, "process");
		fclose(in);
	}
	comm[strcspn(comm, "\n")] = '\0';
	noc_escape(safe, sizeof(safe), comm, strlen(comm));
	snprintf(buf, size, "%s (pid %.20s)", safe, pid);
}

bool
noc_listen_owner(int type, int port, char *buf, size_t size)
{
	bool tcp = type == SOCK_STREAM, found = false;
	unsigned long inode;
	char want[64];
	struct dirent *e;
	DIR *dir;

	inode =
	    owner_search(tcp ? "/proc/net/tcp" : "/proc/net/udp", port, tcp);
	if (!inode)
		inode = owner_search(tcp ? "/proc/net/tcp6" : "/proc/net/udp6",
				     port, tcp);
	if (!inode || !(dir = opendir("/proc")))
		return false;
	snprintf(want, sizeof(want), "socket:[%lu]", inode);
	while (!found && (e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]) &&
		    owner_has(e->d_name, want)) {
			owner_name(e->d_name, buf, size);
			found = true;
		}
	closedir(dir);
	return found;
}

/* ---- sockets that systemd passed ---- */

#define INHERIT_FIRST 3
#define INHERIT_MAX   32

static struct {
	char option[32];
	int fd;
} inherited[INHERIT_MAX];
static size_t ninherited;

/* What a socket is for when its unit does not say. */
static const char *
inherit_guess(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	int type = 0, port;
	socklen_t tlen = sizeof(type);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &tlen))
		return "";
	if (ss.ss_family == AF_UNIX)
		return type == SOCK_DGRAM ? "syslog.unix" : "http.unix";
	port = noc_address_port((struct sockaddr *)&ss);
	if (type == SOCK_DGRAM)
		return port == 162 || port == 1162 ? "traps" : "syslog.udp";
	return port == 514 || port == 601 || port == 5514 ? "syslog.tcp"
							  : "http";
}

void
noc_listen_inherit(void)
{
	static const char *const options[] = { "syslog.udp",  "syslog.tcp",
					       "syslog.unix", "traps",
					       "http",	      "http.unix" };
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	long n = fds ? strtol(fds, NULL, 10) : 0;

	if (!pid || strtol(pid, NULL, 10) != (long)getpid())
		n = 0;
	for (long i = 0; i < n && ninherited < INHERIT_MAX; i++) {
		int fd = INHERIT_FIRST + (int)i;
		size_t len = names ? strcspn(names, ":") : 0;
		const char *option = NULL;

		for (size_t j = 0; j < NOC_COUNT(options); j++)
			if (strlen(options[j]) == len &&
			    !memcmp(options[j], names, len))
				option = options[j];
		if (!option)
			option = inherit_guess(fd);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		inherited[ninherited].fd = fd;
		snprintf(inherited[ninherited].option,
			 sizeof(inherited[ninherited].option), "%s", option);
		ninherited++;
		if (names)
			names = names[len] ? names + len + 1 : names + len;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

int
noc_listen_take(const char *option)
{
	for (size_t i = 0; i < ninherited; i++) {
		int fd = inherited[i].fd;

		if (fd < 0 || strcmp(inherited[i].option, option))
			continue;
		inherited[i].fd = -1;
		return fd;
	}
	return -1;
}

void
noc_listen_leftover(void)
{
	for (size_t i = 0; i < ninherited; i++) {
		if (inherited[i].fd < 0)
			continue;
		noc_warn("listen",
			 "fd=%d option=%s: this inherited socket is not used; "
			 "FileDescriptorName= of its unit may name the option",
			 inherited[i].fd, inherited[i].option);
		close(inherited[i].fd);
		inherited[i].fd = -1;
	}
}
