/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/demo/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

/*
 * The real device: a network namespace with a veth pair inside it and one to
 * us, and Debian's snmpd that watches them.  Only one demo may have it; what a
 * killed one left behind is removed first.
 */
#define LAB_NS	 "noc-demo"
#define LAB_VETH "noc-demo0"
#define LAB_PATH "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"

#define LAB_AGENT_MS  15000
#define LAB_SETTLE_MS 1300 /* its first look at the interfaces: -r 1 */

/* ---- other programs ---- */

/* Runs one; what it printed (to either stream) goes to *said, returned. */
static int
lab_run(const char *const *argv, char **said)
{
	static char path[] = LAB_PATH;
	char *env[] = { path, NULL };
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	char buf[512];
	int fds[2], status = -1;
	ssize_t n;
	pid_t pid;

	*said = NULL;
	if (pipe2(fds, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		putenv(path); /* for the search */
		execvpe(argv[0], (char *const *)(uintptr_t)argv, env);
		_exit(127);
	}
	close(fds[1]);
	while (pid > 0 && ((n = read(fds[0], buf, sizeof(buf))) > 0 ||
			   (n < 0 && errno == EINTR)))
		if (n > 0)
			noc_strbuf_add(&sb, buf, (size_t)n);
	close(fds[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	noc_strbuf_addc(&sb, '\0');
	*said = noc_strbuf_detach(&sb, NULL);
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* "ip" and these words, which are separated by one space. */
static int
lab_ip(struct noc_err *err, const char *words)
{
	char *copy = noc_strdup(words), *save = NULL, *said;
	const char *argv[24] = { "ip" };
	int argc = 1, status;

	for (char *w = strtok_r(copy, " ", &save); w && argc < 23;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	status = lab_run(argv, &said);
	free(copy);
	if (status && err)
		noc_err_set(err, NOC_EREMOTE, "ip %s: %.*s", words,
			    said ? (int)strcspn(said, "\n") : 0,
			    said ? said : "");
	free(said);
	return status ? NOC_EREMOTE : 0;
}

/* ---- taking down ---- */

/* A namespace lives as long as a process is in it. */
static void
lab_kill_inside(void)
{
	static const char *const argv[] = { "ip", "netns", "pids", LAB_NS,
					    NULL };
	char *said, *save = NULL;

	if (!lab_run(argv, &said))
		for (char *w = strtok_r(said, "\n", &save); w;
		     w = strtok_r(NULL, "\n", &save))
			if (atoi(w) > 1)
				kill(atoi(w), SIGKILL);
	free(said);
}

static void
lab_remove(void)
{
	lab_kill_inside();
	lab_ip(NULL, "link del " LAB_VETH);
	lab_ip(NULL, "netns del " LAB_NS);
}

static void
lab_close(struct noc_demo *d)
{
	noc_demo_reap(&d->snmpd, SIGTERM, 500);
	if (d->lab_is_there)
		lab_remove();
	d->lab_is_there = false;
	if (d->lock >= 0)
		close(d->lock);
	d->lock = -1;
}

/* ---- putting up ---- */

/* Who listens there; 0: nobody, or he does not say. */
static pid_t
lab_holder(const struct sockaddr_un *sun, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	if (fd >= 0 && (connect(fd, (const struct sockaddr *)sun, size) ||
			getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len)))
		peer.pid = 0;
	if (fd >= 0)
		close(fd);
	return peer.pid;
}

/* An abstract socket is a lock that no crash leaves behind. */
static int
lab_lock(struct noc_demo *d, struct noc_err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	static const char name[] = "nocturne-demo";
	socklen_t len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name));
	char who[32] = "";
	pid_t pid;

	memcpy(sun.sun_path + 1, name, sizeof(name) - 1);
	d->lock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->lock >= 0 && !bind(d->lock, (struct sockaddr *)&sun, len) &&
	    !listen(d->lock, 64))
		return 0;
	if (d->lock >= 0)
		close(d->lock);
	d->lock = -1;
	pid = lab_holder(&sun, len);
	if (pid > 0)
		snprintf(who, sizeof(who), " (pid %d)", (int)pid);
	return noc_err_set(err, NOC_ECONFLICT,
			   "Another demo%s has the namespace " LAB_NS
			   ": wait until it is over, or use --simulated.",
			   who);
}

/* Two addresses of TEST-NET-2 that nobody here has. */
static void
lab_addresses(struct noc_demo *d)
{
	struct ifaddrs *all = NULL;
	bool used[64] = { false };

	if (getifaddrs(&all))
		all = NULL;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct sockaddr_in sin;
		uint32_t a;

		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(&sin, i->ifa_addr, sizeof(sin));
		a = ntohl(sin.sin_addr.s_addr);
		if (a >> 8 == 0xc63364) /* 198.51.100.0/24 */
			used[(a & 255) / 4] = true;
	}
	if (all)
		freeifaddrs(all);
	for (unsigned i = 0; i < 64; i++) {
		if (used[i] && i < 63)
			continue;
		snprintf(d->host, sizeof(d->host), "198.51.100.%u", i * 4 + 1);
		snprintf(d->agent, sizeof(d->agent), "198.51.100.%u",
			 i * 4 + 2);
		break;
	}
}

static int
lab_open(struct noc_demo *d, struct noc_err *err)
{
	char host[64], agent[64];
	const char *const words[] = {
		"netns add " LAB_NS,
		"-n " LAB_NS " link add eth7 index 7 type veth peer name eth8 "
		"index 8",
		"link add " LAB_VETH " type veth peer name up0 netns " LAB_NS,
		host,
		agent,
		"link set " LAB_VETH " up",
		"-n " LAB_NS " link set lo up",
		"-n " LAB_NS " link set up0 up",
		"-n " LAB_NS " link set eth8 up",
		"-n " LAB_NS " link set eth7 up",
	};
	int r = lab_lock(d, err);

	if (r)
		return r;
	d->lab_is_there = true;
	lab_remove();
	lab_addresses(d);
	snprintf(host, sizeof(host), "addr add %s/30 dev " LAB_VETH, d->host);
	snprintf(agent, sizeof(agent), "-n " LAB_NS " addr add %s/30 dev up0",
		 d->agent);
	for (size_t i = 0; !r && i < NOC_COUNT(words); i++) {
		r = lab_ip(err, words[i]);
		if (!r && noc_demo_pause(d, 0, err))
			r = NOC_EAGAIN;
	}
	return r;
}

/* ---- the agent ---- */

static int
lab_conf(const struct noc_demo *d, struct noc_err *err)
{
	char *text = noc_asprintf(
	    "agentaddress udp:%s:161\n"
	    "rocommunity public %s\n"
	    "rwcommunity private %s\n"
	    "trap2sink %s:%d public\n"
	    "createUser inner SHA \"demo-inner-auth\" AES \"demo-inner-priv\"\n"
	    "iquerySecName inner\n"
	    "rouser inner\n"
	    "agentSecName inner\n"
	    "notificationEvent linkDownTrap .1.3.6.1.6.3.1.1.5.3"
	    " .1.3.6.1.2.1.2.2.1.1 .1.3.6.1.2.1.2.2.1.7 .1.3.6.1.2.1.2.2.1.8\n"
	    "notificationEvent linkUpTrap .1.3.6.1.6.3.1.1.5.4"
	    " .1.3.6.1.2.1.2.2.1.1 .1.3.6.1.2.1.2.2.1.7 .1.3.6.1.2.1.2.2.1.8\n"
	    "monitor -S -r 1 -e linkUpTrap \"up\" .1.3.6.1.2.1.2.2.1.8 != 2\n"
	    "monitor -S -r 1 -e linkDownTrap \"down\""
	    " .1.3.6.1.2.1.2.2.1.8 == 2\n",
	    d->agent, d->host, d->host, d->host, d->trap_port);
	int r = noc_demo_write(d, "snmpd.conf", text, err);

	free(text);
	return r;
}

static void
lab_become_agent(const struct noc_demo *d)
{
	static char path[] = LAB_PATH, ip[] = "ip", netns[] = "netns",
		    exec[] = "exec", ns[] = LAB_NS, snmpd[] = "snmpd",
		    front[] = "-f", out[] = "-Lo", only[] = "-C", conf[] = "-c",
		    no[] = "-I", smux[] = "-smux,-systemstats", pid[] = "-p";
	char *file = noc_asprintf("%s/snmpd.conf", d->dir);
	char *pidfile = noc_asprintf("%s/snmpd.pid", d->dir);
	char *kept = noc_asprintf("SNMP_PERSISTENT_DIR=%s/snmp", d->dir);
	char *argv[] = { ip,   netns, exec, ns,	  snmpd, front,	  out, only,
			 conf, file,  no,   smux, pid,	 pidfile, NULL };
	char *env[] = { path, kept, NULL };

	putenv(path);
	execvpe(ip, argv, env);
	perror("ip netns exec");
	_exit(127);
}

/* Its coldStart trap says that it runs; then it must have looked once. */
static int
lab_start(struct noc_demo *d, struct noc_err *err)
{
	const struct noc_demo_want runs = { .kind = "EVENT",
					    .event_kind = "demo.agent" };
	const struct noc_value *rec;
	pid_t parent = getpid();
	int r = lab_conf(d, err);

	if (r)
		return r;
	fflush(stdout);
	d->snmpd = fork();
	if (d->snmpd < 0)
		return noc_err_set(err, NOC_ERESOURCE, "fork: %s.",
				   strerror(errno));
	if (d->snmpd == 0) {
		noc_demo_child(d, parent, "snmpd");
		lab_become_agent(d);
	}
	r = noc_demo_await(d, &runs, LAB_AGENT_MS, &rec, err);
	return r ? r : noc_demo_pause(d, LAB_SETTLE_MS, err);
}

/* ---- what is done to it ---- */

static int
lab_set(struct noc_demo *d, bool up, struct noc_err *err)
{
	(void)d;
	return lab_ip(err, up ? "-n " LAB_NS " link set eth7 up"
			      : "-n " LAB_NS " link set eth7 down");
}

/* What it is asked goes to a station that is not there; its traps get out. */
static int
lab_silence(struct noc_demo *d, struct noc_err *err)
{
	char words[128];

	snprintf(words, sizeof(words),
		 "neigh replace %s lladdr 02:00:5e:00:53:01 dev " LAB_VETH
		 " nud permanent",
		 d->agent);
	return lab_ip(err, words);
}

static bool
lab_is_up(struct noc_demo *d)
{
	static const char *const argv[] = { "ip",   "-n",   LAB_NS, "-o",
					    "link", "show", "eth7", NULL };
	char *said;
	bool up = !lab_run(argv, &said) && strstr(said, "state UP");

	(void)d;
	free(said);
	return up;
}

const struct noc_demo_ops noc_demo_lab = {
	.where = "snmpd in netns " LAB_NS ", eth7–eth8",
	.open = lab_open,
	.start = lab_start,
	.set = lab_set,
	.silence = lab_silence,
	.is_up = lab_is_up,
	.close = lab_close,
};
