/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "net/loop.h"
#include "engine/lang/schema_rows.h"
#include "engine/core/call.h"
#include "actions/actions.h"
#include "actions/exec_answer.h"
#include "actions/exec_argv.h"

/*
 * exec: a program with arguments, never a shell.  JSON on standard input
 * (event, run, step), JSON or text out, its exit code is the error's class.
 * Its own process group, killed as one at the deadline; exit seen by pidfd.
 */
#define EXEC_OUT_MAX (1024 * 1024)
#define EXEC_ERR_MAX (64 * 1024)

struct exec_pipe {
	int fd;
	struct noc_watch *watch;
	struct noc_strbuf text;
	size_t max;
	bool cut;
};

struct exec {
	struct noc_env *env;
	struct noc_call *call;
	char *program; /* as it is told */
	pid_t pid;
	int pidfd, status;
	struct noc_watch *exit_watch;
	struct exec_pipe in, out, err;
	size_t in_at;
};

static void
exec_pipe_close(struct exec_pipe *p)
{
	noc_watch_free(p->watch);
	p->watch = NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void
exec_free(struct exec *x)
{
	exec_pipe_close(&x->in);
	exec_pipe_close(&x->out);
	exec_pipe_close(&x->err);
	noc_strbuf_release(&x->in.text);
	noc_strbuf_release(&x->out.text);
	noc_strbuf_release(&x->err.text);
	noc_watch_free(x->exit_watch);
	if (x->pidfd >= 0)
		close(x->pidfd);
	x->call->impl = NULL;
	free(x->program);
	free(x);
}

/* ---- the end ---- */

static void
exec_finish(struct exec *x)
{
	struct noc_call *call = x->call;
	const struct noc_exec_answer a = {
		.program = x->program,
		.status = x->status,
		.out = noc_slice(x->out.text.p, x->out.text.len),
		.err = noc_slice(x->err.text.p, x->err.text.len),
		.cut = x->out.cut,
		.opts = noc_params_opts(call->params),
	};
	struct noc_call_error e;
	bool failed;
	struct noc_value *result = noc_exec_answer(&a, &failed, &e);

	noc_call_done(x->env, call, result, failed ? &e : NULL);
	exec_free(x);
}

static void
exec_take(struct exec_pipe *p, const char *text, size_t len)
{
	if (len > p->max - p->text.len) {
		p->cut = true;
		len = p->max - p->text.len;
	}
	noc_strbuf_add(&p->text, text, len);
}

static void
exec_drain(struct exec_pipe *p)
{
	char buf[16384];
	ssize_t n;

	while (p->fd >= 0 && !p->cut && (n = read(p->fd, buf, sizeof(buf))) > 0)
		exec_take(p, buf, (size_t)n);
	exec_pipe_close(p);
}

static void
on_exec_exit(int fd, int events, void *arg)
{
	struct exec *x = arg;

	(void)fd;
	(void)events;
	if (waitpid(x->pid, &x->status, WNOHANG) != x->pid)
		return;
	noc_watch_free(x->exit_watch);
	x->exit_watch = NULL;
	exec_pipe_close(&x->in);
	/* A grandchild may keep the pipes open: what is in them is read, no
	 * more is waited for. */
	kill(-x->pid, SIGKILL);
	exec_drain(&x->out);
	exec_drain(&x->err);
	exec_finish(x);
}

/* Its end is told by the process, not by its pipes. */
static void
on_exec_out(int fd, int events, void *arg)
{
	struct exec *x = arg;
	struct exec_pipe *p = fd == x->out.fd ? &x->out : &x->err;
	char buf[16384];
	ssize_t n = read(p->fd, buf, sizeof(buf));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		exec_pipe_close(p);
	else
		exec_take(p, buf, (size_t)n);
}

static void
on_exec_in(int fd, int events, void *arg)
{
	struct exec *x = arg;
	ssize_t n =
	    write(fd, x->in.text.p + x->in_at, x->in.text.len - x->in_at);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		x->in_at += (size_t)n;
	if (n < 0 || x->in_at == x->in.text.len)
		exec_pipe_close(&x->in);
}

/* ---- start ---- */

static void
exec_stdin(struct exec *x)
{
	const struct noc_value *said =
	    noc_value_get(noc_params_opts(x->call->params), "stdin");

	if (!said)
		said = x->call->context;
	if (said && said->type == NOC_STR) { /* as it is */
		noc_strbuf_add(&x->in.text, said->u.s.p, said->u.s.len);
		return;
	}
	if (said)
		noc_json_write(said, NOC_JSON_COMPACT, &x->in.text);
	noc_strbuf_addc(&x->in.text, '\n');
}

/* Of a step: whose call it is, for people who look into it. */
static size_t
exec_step(const struct noc_call *call, char **list)
{
	const struct noc_value *run = noc_value_get(call->context, "run");
	const char *step = noc_value_get_str(call->context, "step", NULL);

	if (!step)
		return 0;
	list[0] =
	    noc_asprintf("NOCTURNE_RUN=%s", noc_value_get_str(run, "id", ""));
	list[1] = noc_asprintf("NOCTURNE_STEP=%s", step);
	list[2] = noc_asprintf(
	    "NOCTURNE_ATTEMPT=%lld",
	    (long long)noc_value_get_int(call->context, "attempt", 0));
	return 3;
}

/* A small, known environment; nothing of the daemon's own leaks. */
static char **
exec_environ(const struct exec *x)
{
	static const char *const pass[] = { "PATH", "LANG", "TZ", "HOME" };
	const struct noc_value *env =
	    noc_value_get(noc_params_opts(x->call->params), "env");
	char **list = noc_calloc(NOC_COUNT(pass) + noc_value_len(env) + 7,
				 sizeof(char *));
	char *rules =
	    x->env->rules_dir ? realpath(x->env->rules_dir, NULL) : NULL;
	size_t n = 0;

	for (size_t i = 0; i < NOC_COUNT(pass); i++) {
		const char *v = getenv(pass[i]);

		if (v)
			list[n++] = noc_asprintf("%s=%s", pass[i], v);
	}
	list[n++] = noc_asprintf("NOCTURNE_TOKEN=%s", x->call->token);
	list[n++] = noc_asprintf("NOCTURNE_TARGET=%s", x->call->target);
	if (rules)
		list[n++] = noc_asprintf("NOCTURNE_RULES=%s", rules);
	free(rules);
	n += exec_step(x->call, list + n);
	for (size_t i = 0; env && env->type == NOC_MAP && i < env->u.map.len;
	     i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		noc_strbuf_addf(&sb, "%s=", env->u.map.at[i].key);
		noc_value_text(env->u.map.at[i].value, &sb);
		list[n++] = noc_strbuf_detach(&sb, NULL);
	}
	return list;
}

static int
exec_pipes(struct exec *x, int child[3], struct noc_err *err)
{
	int in[2], out[2], fail[2];

	if (pipe2(in, O_CLOEXEC) < 0)
		return noc_err_set(err, NOC_ERESOURCE, "No pipe: %m.");
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return noc_err_set(err, NOC_ERESOURCE, "No pipe: %m.");
	}
	if (pipe2(fail, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		close(out[0]);
		close(out[1]);
		return noc_err_set(err, NOC_ERESOURCE, "No pipe: %m.");
	}
	child[0] = in[0];
	child[1] = out[1];
	child[2] = fail[1];
	x->in.fd = in[1];
	x->out.fd = out[0];
	x->err.fd = fail[0];
	fcntl(x->in.fd, F_SETFL, O_NONBLOCK);
	fcntl(x->out.fd, F_SETFL, O_NONBLOCK);
	fcntl(x->err.fd, F_SETFL, O_NONBLOCK);
	return 0;
}

static int
exec_spawn(struct exec *x, char **argv, const int child[3], struct noc_err *err)
{
	const char *cwd =
	    noc_value_get_str(noc_params_opts(x->call->params), "cwd", NULL);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char **envp = exec_environ(x);
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&files, child[i], i);
	if (cwd)
		posix_spawn_file_actions_addchdir_np(&files, cwd);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setpgroup(&attr, 0);
	r = posix_spawn(&x->pid, "/proc/self/exe", &files, &attr, argv, envp);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	noc_exec_argv_free(envp);
	if (r)
		return noc_err_set(err, NOC_EDOWN,
				   "The program cannot be started: %s.",
				   strerror(r));
	x->pidfd = (int)syscall(SYS_pidfd_open, x->pid, 0u);
	return 0;
}

static int
exec_start(struct noc_env *env, struct noc_call *call, struct noc_err *err)
{
	struct exec *x = noc_calloc(1, sizeof(*x));
	char **argv = NULL;
	int child[3] = { -1, -1, -1 }, r;

	x->env = env;
	x->call = call;
	x->pidfd = x->in.fd = x->out.fd = x->err.fd = -1;
	x->out.max = EXEC_OUT_MAX;
	x->err.max = EXEC_ERR_MAX;
	call->impl = x;
	argv = noc_exec_argv(noc_params_items(call->params), call->timeout_ms,
			     err);
	r = argv ? exec_pipes(x, child, err) : NOC_EINPUT;
	if (r == 0)
		r = exec_spawn(x, argv, child, err);
	if (argv)
		x->program = noc_strdup(argv[NOC_EXEC_HELPER_ARGS]);
	noc_exec_argv_free(argv);
	for (int i = 0; i < 3; i++)
		if (child[i] >= 0)
			close(child[i]);
	if (r < 0) {
		exec_free(x);
		return r;
	}
	exec_stdin(x);
	x->in.watch =
	    noc_loop_fd(env->loop, x->in.fd, NOC_LOOP_WRITE, on_exec_in, x);
	x->out.watch =
	    noc_loop_fd(env->loop, x->out.fd, NOC_LOOP_READ, on_exec_out, x);
	x->err.watch =
	    noc_loop_fd(env->loop, x->err.fd, NOC_LOOP_READ, on_exec_out, x);
	x->exit_watch =
	    noc_loop_fd(env->loop, x->pidfd, NOC_LOOP_READ, on_exec_exit, x);
	return 0;
}

static void
exec_cancel(struct noc_env *env, struct noc_call *call)
{
	struct exec *x = call->impl;

	(void)env;
	if (!x)
		return;
	kill(-x->pid, SIGKILL);
	kill(x->pid, SIGKILL);
	waitpid(x->pid, &x->status, 0);
	exec_free(x);
}

/* All programs together: they share this machine. */
static void
exec_peer(const struct noc_env *env, const struct noc_value *params,
	  const char *target, struct noc_strbuf *out)
{
	(void)env;
	(void)params;
	(void)target;
	(void)out;
}

static void
exec_plan(const struct noc_value *params, struct noc_strbuf *out)
{
	const struct noc_value *items = noc_params_items(params);

	noc_strbuf_adds(out, "exec");
	for (size_t i = 0; i < noc_value_len(items); i++) {
		noc_strbuf_addc(out, ' ');
		noc_value_text(noc_value_at(items, i), out);
	}
}

static const struct noc_option exec_options[] = {
	OPT("stdin", ANY, "sent as JSON on standard input"),
	OPT("env", MAP, "environment variables"),
	OPT("cwd", STRING, "directory it runs in"),
	VAL("format", ENUM, "auto json text", "auto", "how its output is read"),
	DEF("ok", ANY, "0", "exit codes that are success, as { 0, 2 }"),
	VAL("exit", CLASSES, "1-255", NULL,
	    "exit code = error class, as { [75] = \"transient\" }"),
	DEF("mutates", BOOL, "true, false in a poll or verify",
	    "false: it only looks"),
	DEF("idempotent", BOOL, "false", "doing it twice is doing it once"),
	END
};

static const char *const exec_gives[] = { "exit", "stdout",    "stderr",
					  "json", "truncated", NULL };

const struct noc_action_ops noc_action_exec = {
	.name = "exec",
	.flags = NOC_ACTION_MUTATES,
	.help = "Runs a program; the words are its arguments, no shell.",
	.items = "+ string",
	.options = exec_options,
	.gives = exec_gives,
	.start = exec_start,
	.cancel = exec_cancel,
	.peer = exec_peer,
	.plan = exec_plan,
};
