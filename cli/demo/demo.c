/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/demo/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/rows.h"
#include "cli/verb.h"

/* nocturne demo: break a link, watch it heal, and then two times not. */

#define DEMO_MS 39000

static const struct noc_verb_option demo_options[] = {
	{ "simulated", 0, NULL, "no namespace and no snmpd, also when root",
	  false },
	{ "keep", 0, NULL, "leave the state directory behind and name it",
	  false },
	NOC_OUTPUT_OPTION,
	{ 0 }
};

static int demo_run(int argc, char **argv);

const struct noc_verb noc_verb_demo = {
	.name = "demo",
	.summary = "breaks a link and watches it heal",
	.usage = "[--simulated] [--keep] [-o json]",
	.options = demo_options,
	.details =
	    "Runs a daemon with a state directory and ports of its own, for "
	    "less than 40 s.\nAs root, and with snmpd installed, the device is "
	    "real: snmpd in the network\nnamespace noc-demo, with the veth "
	    "pair eth7-eth8, and the SET really raises\nthe interface; else a "
	    "model of it answers.  The first line says which.  Every\nline "
	    "comes from the journal.  The namespace and all processes are "
	    "gone\nafterwards, also after ^C; what a killed one left, the next "
	    "one removes.  Only\none at a time is real.",
	.run = demo_run,
};

/* ---- told to stop ---- */

static volatile sig_atomic_t demo_signo;

static void
on_demo_signal(int signo)
{
	demo_signo = signo;
}

static void
demo_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = on_demo_signal };

	for (size_t i = 0; i < NOC_COUNT(signals); i++)
		sigaction(signals[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int
noc_demo_pause(struct noc_demo *d, int ms, struct noc_err *err)
{
	int status;

	poll(NULL, 0, ms);
	if (demo_signo)
		return noc_err_set(err, NOC_EAGAIN, "Stopped by %s.",
				   strsignal(demo_signo));
	if (noc_clock_read().boot_ns >= d->until_boot_ns)
		return noc_err_set(err, NOC_ETIMEOUT,
				   "The demo was not over within %d s.",
				   DEMO_MS / 1000);
	if (d->daemon > 0 && waitpid(d->daemon, &status, WNOHANG) > 0) {
		d->daemon = 0;
		return noc_err_set(err, NOC_EDOWN, "Its daemon has ended.");
	}
	if (d->ops->tick)
		d->ops->tick(d);
	return 0;
}

/* ---- the directory ---- */

static int
on_demo_remove(const char *path, const struct stat *st, int type,
	       struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

static void
demo_remove(const char *dir)
{
	nftw(dir, on_demo_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A locked file says that somebody is at work here; it has its name only when
 * it is locked. */
static void
demo_mark(struct noc_demo *d)
{
	char *fresh = noc_asprintf("%s/.running", d->dir);
	char *path = noc_asprintf("%s/running", d->dir);

	d->running = open(fresh, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->running >= 0 && !flock(d->running, LOCK_EX | LOCK_NB))
		rename(fresh, path);
	free(fresh);
	free(path);
}

/* What is kept is not marked, what is ours alone cannot be a trap. */
static void
demo_remove_if_dead(const char *dir)
{
	char *path = noc_asprintf("%s/running", dir);
	struct stat st;
	int fd = -1;

	if (!lstat(dir, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    !(st.st_mode & 077))
		fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		demo_remove(dir);
	if (fd >= 0)
		close(fd);
	free(path);
}

/* What demos left that were killed with -9. */
static void
demo_sweep(const char *tmp)
{
	char *pattern = noc_asprintf("%s/nocturne-demo-*", tmp);
	glob_t g;

	if (!glob(pattern, GLOB_NOSORT, NULL, &g)) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			demo_remove_if_dead(g.gl_pathv[i]);
		globfree(&g);
	}
	free(pattern);
}

static int
demo_dir(struct noc_demo *d, struct noc_err *err)
{
	const char *tmp = getenv("TMPDIR");

	/* A socket's path is short. */
	if (!tmp || *tmp != '/' || strlen(tmp) > 60)
		tmp = "/tmp";
	demo_sweep(tmp);
	d->dir = noc_asprintf("%s/nocturne-demo-XXXXXX", tmp);
	if (!mkdtemp(d->dir)) {
		int r = noc_err_set(err, NOC_ERESOURCE,
				    "No directory of its own: %s: %s.", d->dir,
				    strerror(errno));

		free(d->dir);
		d->dir = NULL;
		return r;
	}
	demo_mark(d);
	d->state = noc_asprintf("%s/var", d->dir);
	d->socket = noc_asprintf("%s/nocturne.sock", d->state);
	return 0;
}

/* ---- real or not ---- */

static bool
demo_program(const char *name)
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin",
					    "/bin", "/usr/local/sbin" };
	char path[128];

	for (size_t i = 0; i < NOC_COUNT(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

static void
demo_choose(struct noc_demo *d, bool simulated)
{
	const char *why = "";

	if (simulated)
		why = "--simulated";
	else if (geteuid() != 0)
		why = "not root";
	else if (!demo_program("snmpd"))
		why = "snmpd is not installed";
	else if (!demo_program("ip"))
		why = "ip (iproute2) is not installed";
	snprintf(d->why, sizeof(d->why), "%s", why);
	d->ops = *why ? &noc_demo_world : &noc_demo_lab;
}

/* Where namespaces are not to be had the model still is. */
static int
demo_open(struct noc_demo *d, struct noc_err *err)
{
	int r = d->ops->open(d, err);

	if (r && r != NOC_EAGAIN && r != NOC_ECONFLICT &&
	    d->ops == &noc_demo_lab) {
		d->ops->close(d);
		snprintf(d->why, sizeof(d->why), "%s", err->msg);
		d->ops = &noc_demo_world;
		r = d->ops->open(d, err);
	}
	if (r || d->output != NOC_OUTPUT_TABLE)
		return r;
	if (*d->why)
		printf("[simulated: %s; why: %s]\n", d->ops->where, d->why);
	else
		printf("[real: %s]\n", d->ops->where);
	fflush(stdout);
	return 0;
}

/* ---- the whole ---- */

static int
demo_play(struct noc_demo *d, struct noc_err *err)
{
	int r = demo_dir(d, err);

	if (!r)
		r = demo_open(d, err);
	if (!r)
		r = noc_demo_daemon_start(d, err);
	if (!r)
		r = d->ops->start(d, err);
	if (!r)
		r = noc_demo_acts(d, err);
	if (!r) {
		noc_demo_daemon_stop(d);
		r = noc_demo_audit(d, err);
	}
	return r;
}

static void
demo_clean(struct noc_demo *d)
{
	noc_demo_daemon_stop(d);
	d->ops->close(d);
	if (d->dir && d->keep) {
		char *running = noc_asprintf("%s/running", d->dir);

		unlink(running);
		free(running);
		fprintf(stderr, "kept: %s (nocturne audit verify --state %s)\n",
			d->dir, d->state);
	} else if (d->dir) {
		demo_remove(d->dir);
	}
	if (d->running >= 0)
		close(d->running);
	noc_value_free(d->records);
	noc_strbuf_release(&d->row);
	free(d->dir);
	free(d->state);
	free(d->socket);
}

static void
demo_json(struct noc_demo *d, int status, const struct noc_err *err, int64_t ms)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, "ok", noc_value_bool(status == 0));
	noc_value_set(v, "real", noc_value_bool(!*d->why));
	noc_value_set(v, "where", noc_value_str(d->ops->where));
	if (*d->why)
		noc_value_set(v, "why", noc_value_str(d->why));
	noc_value_set(v, "story", noc_value_copy(d->lines));
	noc_value_set(v, "records", noc_value_int((int64_t)d->verified));
	noc_value_set(v, "tampered_at", noc_value_int(d->tampered_at));
	noc_value_set(v, "seconds", noc_value_real((double)(ms / 100) / 10));
	if (status)
		noc_value_set(v, "error", noc_value_str(err->msg));
	noc_rows_json(v, d->output == NOC_OUTPUT_JSON);
	noc_value_free(v);
}

static int
demo_status(const struct noc_err *err)
{
	if (demo_signo)
		return 128 + demo_signo;
	return err->kind == NOC_ECONFLICT ? NOC_EXIT_CONFLICT : NOC_EXIT_FAILED;
}

static int
demo_run(int argc, char **argv)
{
	struct noc_demo d = {
		.lock = -1, .running = -1, .seq = -1, .tampered_at = -1
	};
	int64_t began = noc_clock_read().boot_ns;
	struct noc_value *opts;
	struct noc_err err = { 0 };
	int status;

	opts = noc_verb_parse(&noc_verb_demo, argc, argv, &status);
	if (!opts)
		return status;
	status = noc_output_said(&noc_verb_demo, opts, &d.output);
	if (!status && noc_value_len(noc_value_get(opts, "args")))
		status = noc_verb_misuse(&noc_verb_demo, "takes no arguments.");
	if (status) {
		noc_value_free(opts);
		return status;
	}
	d.keep = noc_value_get_bool(opts, "keep", false);
	demo_choose(&d, noc_value_get_bool(opts, "simulated", false));
	noc_value_free(opts);
	demo_signals();
	d.until_boot_ns = began + DEMO_MS * NOC_NS_PER_MS;
	d.records = noc_value_list();
	d.lines = noc_value_list();
	if (demo_play(&d, &err)) {
		status = demo_status(&err);
		noc_demo_end_line(&d);
		if (!demo_signo && d.dir)
			noc_demo_daemon_log(&d);
		fprintf(stderr, "nocturne: %s\n", err.msg);
	}
	demo_clean(&d);
	if (d.output != NOC_OUTPUT_TABLE)
		demo_json(&d, status, &err,
			  (noc_clock_read().boot_ns - began) / NOC_NS_PER_MS);
	noc_value_free(d.lines);
	return status;
}
