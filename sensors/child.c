/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bucket.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "engine/edge/sensor.h"
#include "engine/core/core.h"
#include "engine/task/task.h"

/*
 * sensor: a supervised child that prints one JSON event a line: {"kind",
 * "device", "severity", "summary", "data"}.  Restarted with backoff, 1 s
 * doubling to 60 s; a line that is no event, or of a kind it did not name, is
 * counted as refused.  Its standard error goes to the log.
 */
#define CHILD_LINE_MAX	  (64 * 1024)
#define CHILD_BACK_MAX_MS 60000
#define CHILD_PIPE_READS  32
#define CHILD_SAID_MAX	  1024

struct child {
	struct children *owner;
	const struct noc_task *task;
	struct noc_source *source;
	pid_t pid;
	int pidfd, out, err;
	struct noc_watch *exit_watch, *out_watch, *err_watch, *timer;
	struct noc_bucket said; /* lines of its errors a second */
	struct noc_strbuf err_line;
	pid_t group; /* of the last one; killed as one */
	struct noc_strbuf line;
	bool skipping; /* the rest of a line that is too long */
	int64_t back_ms, started_ns;
};

struct children {
	struct noc_env *env;
	struct noc_ruleset *rules;
	struct child **at;
	size_t n;
	bool paused;
};

/* ---- a line ---- */

static bool
child_kind_named(const struct child *c, const char *kind)
{
	const struct noc_value *kinds =
	    noc_value_get(noc_value_get(c->task->ast, "opts"), "kinds");

	if (kinds && kinds->type == NOC_STR)
		return !strcmp(kinds->u.s.p, kind);
	if (noc_value_get(kinds, "items"))
		kinds = noc_value_get(kinds, "items");
	for (size_t i = 0; i < noc_value_len(kinds); i++)
		if (noc_value_is_str(noc_value_at(kinds, i), kind))
			return true;
	return false;
}

static void
child_refuse(struct child *c, const char *why)
{
	if (c->source->refused++ % 100 == 0)
		noc_warn("sensor", "sensor=%s line refused: %s", c->task->name,
			 why);
	c->source->received++;
}

static void
child_event(struct child *c, const char *p, size_t len)
{
	struct noc_value *v = NULL, *data;
	const struct noc_value *sev;
	const char *kind, *device, *summary, *time;
	struct noc_event ev = { 0 };
	struct noc_err err;

	if (noc_json_parse(p, len, &v, &err) < 0) {
		child_refuse(c, err.msg);
		return;
	}
	kind = noc_value_get_str(v, "kind", noc_value_get_str(v, "type", ""));
	device =
	    noc_value_get_str(v, "device", noc_value_get_str(v, "subject", ""));
	summary = noc_value_get_str(v, "summary", c->task->name);
	if (!child_kind_named(c, kind)) {
		child_refuse(c, *kind ? "its `kinds` do not name this kind"
				      : "it has no kind");
		noc_value_free(v);
		return;
	}
	data = noc_value_get(v, "data");
	ev.kind = noc_intern_input(kind, strlen(kind));
	ev.base = c->source->base;
	ev.origin = noc_slice_str("local");
	ev.device = noc_slice_str(*device ? device : "nocturne");
	ev.summary = noc_slice_str(summary);
	ev.trust = NOC_TRUST_HIGH;
	ev.severity = 5;
	sev = noc_value_get(v, "severity");
	if (sev && sev->type == NOC_INT && sev->u.i >= 0 && sev->u.i <= 7)
		ev.severity = (int8_t)sev->u.i;
	else if (sev && sev->type == NOC_STR) {
		int n = noc_severity_parse(sev->u.s.p, sev->u.s.len);

		ev.severity = (int8_t)(n >= 0 ? n : 5);
	}
	time = noc_value_get_str(v, "time", "");
	noc_time_parse(time, strlen(time), &ev.time_ns);
	ev.raw = noc_slice(p, len);
	ev.data = data && data->type == NOC_MAP ? noc_value_copy(data)
						: noc_value_map();
	noc_sensor_emit(c->owner->env->core, c->source, &ev, NULL);
	noc_value_free(v);
}

static void
child_feed(struct child *c, const char *p, size_t len)
{
	while (len) {
		const char *nl = memchr(p, '\n', len);
		size_t n = nl ? (size_t)(nl - p) : len;

		if (!c->skipping && c->line.len + n > CHILD_LINE_MAX) {
			c->skipping = true;
			child_refuse(c, "the line is longer than 64 KiB");
		}
		if (!c->skipping)
			noc_strbuf_add(&c->line, p, n);
		if (nl) {
			if (!c->skipping && c->line.len)
				child_event(c, c->line.p, c->line.len);
			noc_strbuf_clear(&c->line);
			c->skipping = false;
			n++;
		}
		p += n;
		len -= n;
	}
}

/* What its pipe still holds: no more than a pipe can. */
static void
child_drain(struct child *c)
{
	char buf[65536];
	ssize_t n;

	for (int i = 0; c->out_watch && i < CHILD_PIPE_READS; i++) {
		n = read(c->out, buf, sizeof(buf));
		if (n <= 0)
			break;
		child_feed(c, buf, (size_t)n);
	}
	if (c->line.len && !c->skipping)
		child_refuse(c, "it ended in the middle of the line");
	noc_strbuf_clear(&c->line);
	c->skipping = false;
}

/* ---- the process ---- */

static void
child_stop(struct child *c)
{
	if (c->group > 0)
		kill(-c->group, SIGKILL); /* its children too */
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	c->pid = c->group = 0;
	noc_watch_free(c->exit_watch);
	noc_watch_free(c->out_watch);
	noc_watch_free(c->err_watch);
	c->exit_watch = c->out_watch = c->err_watch = NULL;
	if (c->pidfd >= 0)
		close(c->pidfd);
	if (c->out >= 0)
		close(c->out);
	if (c->err >= 0)
		close(c->err);
	c->pidfd = c->out = c->err = -1;
}

/* Its complaints go to our log, line by line, escaped and not too many. */
static void
child_complains(struct child *c, const char *p, size_t len)
{
	int64_t now = noc_core_turn(c->owner->env->core).boot_ns;

	for (size_t i = 0; i < len; i++) {
		if (p[i] != '\n') {
			if (c->err_line.len < CHILD_SAID_MAX)
				noc_strbuf_addc(&c->err_line, p[i]);
			continue;
		}
		if (c->err_line.len && noc_bucket_take(&c->said, now))
			noc_warn("sensor", "sensor=%s stderr=\"%s\"",
				 c->task->name, c->err_line.p);
		noc_strbuf_clear(&c->err_line);
	}
}

static void
on_child_err(int fd, int events, void *arg)
{
	struct child *c = arg;
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)events;
	if (n > 0) {
		child_complains(c, buf, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		noc_watch_free(c->err_watch);
		c->err_watch = NULL;
	}
}

static void
on_child_out(int fd, int events, void *arg)
{
	struct child *c = arg;
	char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		noc_watch_free(c->out_watch);
		c->out_watch = NULL;
		return;
	}
	child_feed(c, buf, (size_t)n);
}

static void
on_child_exit(int fd, int events, void *arg)
{
	struct child *c = arg;
	struct noc_core *core = c->owner->env->core;
	struct noc_now now = noc_core_turn(core);
	bool again;
	int status;

	(void)fd;
	(void)events;
	if (waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	c->pid = 0;
	kill(-c->group, SIGKILL);
	child_drain(c);
	if (c->err_watch)
		on_child_err(c->err, 0, c); /* its last words */
	child_stop(c);
	noc_strbuf_clear(&c->err_line);
	if (now.boot_ns - c->started_ns > 60 * NOC_NS_PER_S)
		c->back_ms = 1000;
	again = strcmp(noc_value_get_str(noc_value_get(c->task->ast, "opts"),
					 "restart", "backoff"),
		       "never") != 0;
	noc_core_begin(core, now);
	noc_task_tell(core, c->task, c->task->on_error, "sensor.ended", "",
		      noc_value_map(), "sensor %s ended with %s %d%s",
		      c->task->name, WIFSIGNALED(status) ? "signal" : "code",
		      WIFSIGNALED(status) ? WTERMSIG(status)
					  : WEXITSTATUS(status),
		      again ? ", started again" : "");
	noc_core_end(core);
	if (!again)
		return;
	noc_timer_arm(c->timer, c->back_ms);
	c->back_ms = c->back_ms * 2 > CHILD_BACK_MAX_MS ? CHILD_BACK_MAX_MS
							: c->back_ms * 2;
}

/* As little of the daemon's own as actions get. */
static void
child_environ(char *list[5])
{
	static const char *const pass[] = { "PATH", "LANG", "TZ", "HOME" };
	size_t n = 0;

	for (size_t i = 0; i < NOC_COUNT(pass); i++) {
		const char *v = getenv(pass[i]);

		if (v)
			list[n++] = noc_asprintf("%s=%s", pass[i], v);
	}
	list[n] = NULL;
}

static int
child_spawn(struct child *c, int out, int err)
{
	const struct noc_value *exec =
	    noc_value_at(noc_value_get(c->task->ast, "items"), 0);
	const struct noc_value *words = noc_value_get(exec, "items");
	size_t n = noc_value_len(words);
	char **argv = noc_calloc(n + 5, sizeof(char *));
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char *envp[5];
	int r;

	argv[0] = noc_strdup("nocturne");
	argv[1] = noc_strdup("--exec-helper");
	argv[2] = noc_strdup("4294967");
	argv[3] = noc_strdup("1024");
	for (size_t i = 0; i < n; i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_value_text(noc_value_at(words, i), &sb);
		argv[4 + i] =
		    sb.p ? noc_strbuf_detach(&sb, NULL) : noc_strdup("");
	}
	child_environ(envp);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_adddup2(&files, err, 2);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attr, 0);
	r = posix_spawn(&c->pid, "/proc/self/exe", &files, &attr, argv, envp);
	for (char **e = envp; *e; e++)
		free(*e);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	for (size_t i = 0; i < n + 4; i++)
		free(argv[i]);
	free(argv);
	return r;
}

static void
on_child_start(void *arg)
{
	struct child *c = arg;
	struct noc_loop *loop = c->owner->env->loop;
	int out[2], errs[2], r;

	if (pipe2(out, O_CLOEXEC) < 0) {
		noc_timer_arm(c->timer, c->back_ms);
		return;
	}
	if (pipe2(errs, O_CLOEXEC) < 0) {
		close(out[0]);
		close(out[1]);
		noc_timer_arm(c->timer, c->back_ms);
		return;
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(errs[0], F_SETFL, O_NONBLOCK);
	r = child_spawn(c, out[1], errs[1]);
	close(out[1]);
	close(errs[1]);
	c->out = out[0];
	c->err = errs[0];
	if (r) {
		noc_warn("sensor", "sensor=%s cannot be started: %s",
			 c->task->name, strerror(r));
		c->pid = 0;
		child_stop(c);
		noc_timer_arm(c->timer, c->back_ms);
		return;
	}
	c->group = c->pid;
	c->started_ns = noc_core_turn(c->owner->env->core).boot_ns;
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0u);
	c->exit_watch =
	    noc_loop_fd(loop, c->pidfd, NOC_LOOP_READ, on_child_exit, c);
	c->out_watch =
	    noc_loop_fd(loop, c->out, c->owner->paused ? 0 : NOC_LOOP_READ,
			on_child_out, c);
	c->err_watch =
	    noc_loop_fd(loop, c->err, NOC_LOOP_READ, on_child_err, c);
}

/* ---- life ---- */

static void
children_drop(struct children *cs)
{
	for (size_t i = 0; i < cs->n; i++) {
		struct child *c = cs->at[i];

		child_stop(c);
		noc_watch_free(c->timer);
		noc_strbuf_release(&c->line);
		noc_strbuf_release(&c->err_line);
		free(c);
	}
	free(cs->at);
	cs->at = NULL;
	cs->n = 0;
}

static void
children_build(struct children *cs)
{
	struct noc_ruleset *rs = noc_core_rules(cs->env->core);
	size_t cap = 0;

	children_drop(cs);
	noc_ruleset_unref(cs->rules);
	cs->rules = rs ? noc_ruleset_ref(rs) : NULL;
	for (size_t i = 0; rs && i < rs->ntasks; i++) {
		char name[256];
		struct child *c;

		if (strcmp(rs->tasks[i].type, "sensor"))
			continue;
		c = noc_calloc(1, sizeof(*c));
		c->owner = cs;
		c->task = &rs->tasks[i];
		c->pidfd = c->out = c->err = -1;
		noc_bucket_init(&c->said, 10, 20);
		c->back_ms = 1000;
		snprintf(name, sizeof(name), "sensor/%s", c->task->name);
		c->source = noc_source_new(cs->env->core, name, "sensor", true);
		c->timer = noc_loop_timer(cs->env->loop, on_child_start, c);
		noc_timer_arm(c->timer, 0);
		NOC_GROW(cs->at, cap, cs->n + 1);
		cs->at[cs->n++] = c;
	}
}

static int
children_open(struct noc_env *env, void **instance, struct noc_err *err)
{
	struct children *cs = noc_calloc(1, sizeof(*cs));

	(void)err;
	cs->env = env;
	children_build(cs);
	*instance = cs;
	return 0;
}

static void
children_close(void *instance)
{
	struct children *cs = instance;

	children_drop(cs);
	noc_ruleset_unref(cs->rules);
	free(cs);
}

static void
children_reload(void *instance)
{
	struct children *cs = instance;

	/* What they said is not lost with them. */
	for (size_t i = 0; i < cs->n; i++) {
		if (cs->at[i]->group > 0)
			kill(-cs->at[i]->group, SIGKILL);
		child_drain(cs->at[i]);
	}
	children_build(cs);
}

/* A child that is not read from waits: its pipe fills. */
static void
children_pause(void *instance, bool paused)
{
	struct children *cs = instance;

	cs->paused = paused;
	for (size_t i = 0; i < cs->n; i++)
		if (cs->at[i]->out_watch)
			noc_watch_events(cs->at[i]->out_watch,
					 paused ? 0 : NOC_LOOP_READ);
}

const struct noc_sensor_ops noc_sensor_child = {
	.name = "child",
	.summary = "supervised programs that print events",
	.open = children_open,
	.close = children_close,
	.reload = children_reload,
	.pause = children_pause,
};
