/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/demo/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/serve.h"
#include "cli/http.h"
#include "cli/verb.h"

/* The demo's own daemon: its files, its process, its API. */

#define DAEMON_READY_MS 15000
#define DAEMON_STOP_MS	4000
#define DAEMON_LOG_TAIL 2000

/* The campus rule of doc/rules.md, in a hurry. */
static const char daemon_rules[] =
    "normalize \"trap-link-down\" { from = \"snmp.trap\", trap = \"linkDown\",\n"
    "  map = { ifindex = \"ifIndex\", admin = \"ifAdminStatus\",\n"
    "          oper = \"ifOperStatus\" }, emit = \"link.down\" }\n"
    "normalize \"trap-link-up\" { from = \"snmp.trap\", trap = \"linkUp\",\n"
    "  map = { ifindex = \"ifIndex\", admin = \"ifAdminStatus\",\n"
    "          oper = \"ifOperStatus\" }, emit = \"link.up\" }\n"
    "normalize \"agent-starts\" { from = \"snmp.trap\", trap = \"coldStart\",\n"
    "  emit = \"demo.agent\" }\n"
    "rule \"agent\" { on = \"demo.agent\", run = log \"{device}: its agent runs\" }\n"
    "normalize \"cisco-config\" { from = \"syslog\", tag = \"%SYS-5-CONFIG_I\",\n"
    "  pattern = [=[Configured from \\S+ by (?<user>\\S+)]=],\n"
    "  emit = \"config.change\" }\n"
    "rule \"heal-link-down\" {\n"
    "  mode = \"active\", on = \"link.down\", where = { ifindex = 7 },\n"
    "  unless = { seen { \"config.change\", device = \"{device}\", back = \"5s\" } },\n"
    "  key = \"{link}\",\n"
    "  hold = { \"2s\", cancel = { \"link.up\", \"config.change\" } },\n"
    "  guard = { per_key = \"9/30m\", settle = \"1s\" },\n"
    "  run = flow {\n"
    "    step \"look\" { snmp.get { admin = \"ifAdminStatus.{ifindex}\",\n"
    "      oper = \"ifOperStatus.{ifindex}\" }, timeout = \"1s\",\n"
    "      retry = { attempts = 3, initial = \"500ms\", jitter = false } },\n"
    "    stop \"up again by itself\" { when = { [\"steps.look.oper\"] = \"up\" } },\n"
    "    step \"raise\" { when = { [\"steps.look.admin\"] = \"down\" },\n"
    "      snmp.set { [\"ifAdminStatus.{ifindex}\"] = \"up\" }, timeout = \"1s\" },\n"
    "    verify \"is_up\" { snmp.get { oper = \"ifOperStatus.{ifindex}\" },\n"
    "      expect = { oper = \"up\" }, timeout = \"1s\", every = \"500ms\",\n"
    "      within = \"20s\", stable = \"2s\" },\n"
    "    on_fail = escalate {\n"
    "      { \"0s\", notify \"noc\" { \"{device} {ifname} still down: {error.message}\" } },\n"
    "      { \"1s\", notify \"oncall\" { \"{device} {ifname}: nobody answered yet\" } },\n"
    "      stop_on = { \"ack\", \"link.up\" }, max = \"10m\" },\n"
    "  },\n"
    "}\n"
    "rule \"up-again\" { on = \"link.up\", where = { ifindex = 7 },\n"
    "  run = log \"{device} {ifname} is up\" }\n";

/* ---- files ---- */

int
noc_demo_write(const struct noc_demo *d, const char *name, const char *text,
	       struct noc_err *err)
{
	char *path = noc_asprintf("%s/%s", d->dir, name);
	FILE *f = fopen(path, "wex");
	int r = 0;

	if (!f || fputs(text, f) < 0)
		r = noc_err_set(err, NOC_ERESOURCE, "%s: %s.", path,
				strerror(errno));
	if (f && fclose(f) && !r)
		r = noc_err_set(err, NOC_ERESOURCE, "%s: %s.", path,
				strerror(errno));
	free(path);
	return r;
}

static int
daemon_files(const struct noc_demo *d, struct noc_err *err)
{
	char *path = noc_asprintf("%s/rules", d->dir);
	char *inventory = noc_asprintf("name,address,role,site\n"
				       "%s,%s,access,demo\n",
				       NOC_DEMO_DEVICE, d->agent);
	int r = 0;

	if (mkdir(path, 0755))
		r = noc_err_set(err, NOC_ERESOURCE, "%s: %s.", path,
				strerror(errno));
	if (!r)
		r = noc_demo_write(d, "rules/demo.lua", daemon_rules, err);
	if (!r)
		r = noc_demo_write(d, "inventory.csv", inventory, err);
	free(inventory);
	free(path);
	return r;
}

static int
daemon_free_port(const char *address)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), port = 0;

	inet_pton(AF_INET, address, &sin.sin_addr);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&sin, sizeof(sin)) &&
	    !getsockname(fd, (struct sockaddr *)&sin, &len))
		port = ntohs(sin.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}

/* ---- processes ---- */

void
noc_demo_child(const struct noc_demo *d, pid_t parent, const char *name)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGPIPE };
	char path[256];
	int in = open("/dev/null", O_RDONLY), out;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it died before we could say so */
	setpgid(0, 0);
	for (size_t i = 0; i < NOC_COUNT(signals); i++)
		signal(signals[i], SIG_DFL);
	snprintf(path, sizeof(path), "%s/%s.log", d->dir, name);
	out = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (in < 0 || out < 0)
		_exit(1);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (d->lock >= 0)
		close(d->lock);
}

void
noc_demo_reap(pid_t *pid, int signo, int ms)
{
	int status;

	if (*pid <= 0)
		return;
	kill(*pid, signo);
	for (int i = 0; i < ms / 10; i++) {
		if (waitpid(*pid, &status, WNOHANG) != 0) {
			*pid = 0;
			return;
		}
		poll(NULL, 0, 10);
	}
	kill(*pid, SIGKILL);
	while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
}

static void
daemon_become(const struct noc_demo *d)
{
	char *sets[] = {
		noc_asprintf("syslog.udp=127.0.0.1:%d", d->syslog_port),
		noc_asprintf("traps=%s:%d", d->host, d->trap_port),
		noc_asprintf("inventory.path=%s/inventory.csv", d->dir),
		noc_asprintf("rules=%s/rules", d->dir),
		noc_asprintf("state=%s", d->state),
		noc_strdup("syslog.tcp=off"),
		noc_strdup("syslog.unix=off"),
		noc_strdup("http=off"),
		noc_strdup("site=demo"),
		noc_strdup("agent.boot=0s"), /* its agent just started */
		noc_strdup("credentials.default.community=public"),
		noc_strdup("credentials.default.write_community=private"),
	};
	struct noc_value *given = noc_value_list();
	char serve[] = "serve", set[] = "--set", program[] = "nocturne";
	char *argv[32] = { program, serve };
	int argc = 2;

	for (size_t i = 0; i < NOC_COUNT(sets); i++) {
		noc_value_push(given, noc_value_str(sets[i]));
		argv[argc++] = set;
		argv[argc++] = sets[i];
	}
	if (d->world) {
		const struct noc_daemon_options opt = {
			.sets = given,
			.simulate = noc_demo_simulate,
			.simulate_arg = d->world,
		};
		struct noc_err err;

		_exit(noc_daemon_run(&opt, &err) ? noc_verb_fail(&err) : 0);
	}
	execv("/proc/self/exe", argv);
	perror("/proc/self/exe");
	_exit(127);
}

static bool
daemon_is_ready(const struct noc_demo *d)
{
	struct noc_http_call call = { .socket = d->socket,
				      .state = d->state,
				      .method = "GET",
				      .target = "/healthz",
				      .timeout_ms = 500 };
	struct noc_value *answer;
	struct noc_err err;
	int r = noc_http_call(&call, &answer, &err);

	noc_value_free(answer);
	return !r;
}

int
noc_demo_daemon_start(struct noc_demo *d, struct noc_err *err)
{
	pid_t parent = getpid();
	int r = daemon_files(d, err);

	d->syslog_port = daemon_free_port("127.0.0.1");
	d->trap_port = daemon_free_port(d->host);
	if (!r && (!d->syslog_port || !d->trap_port))
		r = noc_err_set(err, NOC_ERESOURCE, "No free port on %s.",
				d->host);
	if (r)
		return r;
	fflush(stdout);
	d->daemon = fork();
	if (d->daemon < 0)
		return noc_err_set(err, NOC_ERESOURCE, "fork: %s.",
				   strerror(errno));
	if (!d->daemon) {
		noc_demo_child(d, parent, "daemon");
		daemon_become(d);
	}
	for (int ms = 0; ms < DAEMON_READY_MS; ms += 20) {
		if (daemon_is_ready(d))
			return 0;
		r = noc_demo_pause(d, 20, err);
		if (r)
			return r;
	}
	return noc_err_set(err, NOC_ETIMEOUT,
			   "Its daemon did not answer within %d s.",
			   DAEMON_READY_MS / 1000);
}

void
noc_demo_daemon_stop(struct noc_demo *d)
{
	noc_demo_reap(&d->daemon, SIGTERM, DAEMON_STOP_MS);
}

void
noc_demo_daemon_log(const struct noc_demo *d)
{
	static const char *const names[] = { "daemon.log", "snmpd.log" };
	char text[DAEMON_LOG_TAIL + 1];

	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		char *path = noc_asprintf("%s/%s", d->dir, names[i]);
		FILE *f = fopen(path, "re");
		struct noc_strbuf sb = NOC_STRBUF_INIT;
		size_t n = 0;

		free(path);
		if (!f)
			continue;
		if (!fseek(f, -DAEMON_LOG_TAIL, SEEK_END) || errno == EINVAL)
			n = fread(text, 1, DAEMON_LOG_TAIL, f);
		fclose(f);
		for (size_t at = 0, len; at < n; at += len + 1) {
			char *nl = memchr(text + at, '\n', n - at);

			len = nl ? (size_t)(nl - text) - at : n - at;
			noc_strbuf_adds(&sb, "  ");
			noc_strbuf_add_escaped(&sb, text + at, len);
			noc_strbuf_addc(&sb, '\n');
		}
		if (sb.len)
			fprintf(stderr, "%s:\n%s", names[i], sb.p);
		noc_strbuf_release(&sb);
	}
}

int
noc_demo_post(const struct noc_demo *d, const char *target, const char *type,
	      struct noc_value *body, struct noc_value **out,
	      struct noc_err *err)
{
	struct noc_http_call call = { .socket = d->socket,
				      .state = d->state,
				      .method = "POST",
				      .target = target,
				      .body = body,
				      .type = type,
				      .timeout_ms = 10000 };
	int r = noc_http_call(&call, out, err);

	noc_value_free(body);
	return r;
}
