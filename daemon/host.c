/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/private.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/reader.h"
#include "store/writer.h"
#include "net/http.h"
#include "net/wall.h"
#include "engine/core/command.h"
#include "engine/core/due.h"
#include "engine/policy/override.h"

/* What the core asks of the daemon, and what the daemon tells the core. */

#define HOUSE_MS    250
#define PRESS_FROM  0.5 /* stop reading what can wait */
#define PRESS_UNTIL 0.4
#define REST_NS	    NOC_NS_PER_S /* longer than an event waits for a name */

/* ---- from the core ---- */

static void host_pressure(struct noc_daemon *d);

static uint64_t
host_submit(struct noc_txn *txn, void *arg)
{
	struct noc_daemon *d = arg;
	uint64_t ticket = noc_writer_submit(d->env.writer, txn);

	/* A look at the queue costs a lock: now and then is enough. */
	if (ticket % 64 == 0)
		host_pressure(d);
	return ticket;
}

static void
host_wake(int64_t due_boot_ns, void *arg)
{
	struct noc_daemon *d = arg;
	int64_t now = noc_loop_now(d->env.loop).boot_ns, ms;

	if (due_boot_ns == INT64_MAX) {
		noc_timer_disarm(d->wake);
		return;
	}
	ms = due_boot_ns <= now
		 ? 0
		 : (due_boot_ns - now + NOC_NS_PER_MS - 1) / NOC_NS_PER_MS;
	noc_timer_arm(d->wake, ms);
}

static int
host_call(struct noc_call *call, struct noc_err *err, void *arg)
{
	struct noc_daemon *d = arg;

	if (d->env.simulate)
		return d->env.simulate(&d->env, call, err);
	if (!call->ops->start)
		return noc_err_set(err, NOC_EBUG,
				   "The action %s cannot be started.",
				   call->ops->name);
	return call->ops->start(&d->env, call, err);
}

static void
host_cancel(struct noc_call *call, void *arg)
{
	struct noc_daemon *d = arg;

	if (!d->env.simulate && call->ops->cancel)
		call->ops->cancel(&d->env, call);
}

static void
host_line(const char *text, void *arg)
{
	noc_daemon_line(arg, text);
}

/* As many whole lines as a pipe takes without blocking (PIPE_BUF). */
static size_t
lines_piece(const char *p, size_t len)
{
	const char *end;

	if (len <= PIPE_BUF)
		return len;
	end = memrchr(p, '\n', PIPE_BUF);
	return end ? (size_t)(end + 1 - p) : PIPE_BUF;
}

static uint64_t
lines_count(const char *p, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += p[i] == '\n';
	return n;
}

/* Who does not read us must not hold us up. */
static void
on_lines(void *arg)
{
	struct noc_daemon *d = arg;
	const char *p = d->lines.p;
	size_t left = d->lines.len;

	while (left) {
		struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
		ssize_t n;

		if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT))
			break;
		n = write(STDOUT_FILENO, p, lines_piece(p, left));
		if (n < 0)
			break;
		p += n;
		left -= (size_t)n;
	}
	d->lines_lost += lines_count(p, left);
	noc_strbuf_clear(&d->lines);
}

/* Printed together at the end of the turn: by then the work is handed on. */
void
noc_daemon_line(struct noc_daemon *d, const char *text)
{
	const char *arrow = strstr(text, " → ");
	struct noc_strbuf *sb = &d->lines;

	if (!sb->len)
		noc_loop_defer(d->env.loop, on_lines, d);
	if (d->lines_lost) {
		noc_strbuf_addf(sb, "(%llu lines not printed)\n",
				(unsigned long long)d->lines_lost);
		d->lines_lost = 0;
	}
	if (d->colour && strlen(text) > 9 && text[8] == ' ') {
		size_t head = arrow ? (size_t)(arrow - text) : strlen(text);

		noc_strbuf_addf(sb, "\033[2m%.8s\033[0m%.*s", text,
				(int)(head - 8), text + 8);
		if (arrow)
			noc_strbuf_addf(sb, "\033[1m%s\033[0m", arrow);
	} else {
		noc_strbuf_adds(sb, text);
	}
	noc_strbuf_addc(sb, '\n');
}

void
noc_daemon_host(struct noc_daemon *d)
{
	d->host = (struct noc_host){
		.submit = host_submit,
		.wake = host_wake,
		.call = host_call,
		.cancel = host_cancel,
		.line = host_line,
		.arg = d,
	};
}

/* ---- to the core ---- */

static void
daemon_alarm(struct noc_daemon *d, const struct noc_writer_stats *stats)
{
	struct noc_now now = noc_loop_now(d->env.loop);
	char hms[16], line[512];

	if (stats->failing == d->failing_said)
		return;
	d->failing_said = stats->failing;
	if (stats->failing) {
		noc_error("writer",
			  "the journal cannot be written: %s; nothing is "
			  "acknowledged and no action starts until it can",
			  stats->error);
		snprintf(line, sizeof(line),
			 "%s ALARM the journal cannot be written: %.300s",
			 noc_time_hms(hms, now.wall_ns), stats->error);
	} else {
		noc_info("writer", "the journal is written again");
		snprintf(line, sizeof(line),
			 "%s the journal is written again; nothing was lost",
			 noc_time_hms(hms, now.wall_ns));
	}
	noc_daemon_line(d, line);
}

static void
host_pressure(struct noc_daemon *d)
{
	struct noc_writer_stats stats;
	bool press;

	noc_writer_stats(d->env.writer, &stats);
	noc_core_pressure(d->env.core, stats.fill, stats.failing);
	daemon_alarm(d, &stats);
	press = d->stopping || stats.failing || stats.fill >= PRESS_FROM ||
		(d->pressed && stats.fill > PRESS_UNTIL);
	if (press == d->pressed)
		return;
	d->pressed = press;
	if (d->env.http)
		noc_http_busy(d->env.http, press);
	for (size_t i = 0; i < d->nsensors; i++)
		if (d->sensors[i].instance && d->sensors[i].ops->pause)
			d->sensors[i].ops->pause(d->sensors[i].instance, press);
}

static void
on_writer(int fd, int events, void *arg)
{
	struct noc_daemon *d = arg;
	uint64_t n;

	(void)events;
	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		noc_warn("writer", "eventfd: %s", strerror(errno));
	if (noc_writer_recoveries(d->env.writer) != d->recoveries) {
		d->recoveries = noc_writer_recoveries(d->env.writer);
		noc_core_store(d->env.core, noc_loop_now(d->env.loop));
	}
	noc_core_durable(d->env.core, noc_writer_completed(d->env.writer));
	if (d->pressed)
		host_pressure(d);
}

static void
on_reader(int fd, int events, void *arg)
{
	struct noc_daemon *d = arg;
	uint64_t inode;

	(void)fd;
	(void)events;
	noc_reader_drain(d->env.reader);
	inode = noc_reader_damaged(d->env.reader);
	if (inode)
		noc_writer_suspect(d->env.writer, inode);
}

/*
 * We stood still, or were not there: what came meanwhile lies in the sockets,
 * and came before what is overdue.  A recovery is heard before its hold ends,
 * an answer before its timeout.
 */
static bool
host_listens_first(struct noc_daemon *d)
{
	int64_t now = noc_loop_now(d->env.loop).boot_ns;

	if (noc_due_first(d->env.core) > now - NOC_LOOP_STOOD_NS) {
		d->rest_ns = 0;
		return false;
	}
	if (!d->rest_ns)
		d->rest_ns = now + REST_NS;
	if (now >= d->rest_ns)
		return false;
	noc_timer_arm(d->wake, (d->rest_ns - now) / NOC_NS_PER_MS + 1);
	return true;
}

static void
on_wake(void *arg)
{
	struct noc_daemon *d = arg;

	if (!host_listens_first(d))
		noc_due_tick(d->env.core, noc_loop_now(d->env.loop));
}

static void
on_kill_answer(int kind, const struct noc_value *answer, const char *message,
	       void *arg)
{
	(void)answer;
	(void)arg;
	if (kind)
		noc_warn("kill", "%s", message);
}

/* STATE/kill: whoever can reach the machine can stop it, API or not. */
static void
daemon_kill_file(struct noc_daemon *d)
{
	char *path = noc_asprintf("%s/kill", d->env.state_dir);
	struct stat st;
	bool there = lstat(path, &st) == 0;
	bool on = there && !noc_override_killed(d->env.core);

	if (on || there != d->killed_by_file) {
		struct noc_value *command = noc_value_map();

		d->killed_by_file = there;
		noc_value_set(command, "verb",
			      noc_value_str(there ? "kill.on" : "kill.off"));
		noc_value_set(command, "why",
			      noc_value_strf("the file %s %s", path,
					     there ? "is there" : "is gone"));
		noc_value_set(command, "actor", noc_value_str(NOC_KILL_FILE));
		noc_core_command(d->env.core, command, on_kill_answer, NULL,
				 noc_loop_now(d->env.loop));
		noc_value_free(command);
	}
	free(path);
}

static void
on_wall(void *arg)
{
	struct noc_daemon *d = arg;

	noc_core_clock(d->env.core, noc_loop_now(d->env.loop));
}

static void
on_house(void *arg)
{
	struct noc_daemon *d = arg;

	host_pressure(d);
	on_wall(d);
	daemon_kill_file(d);
	noc_timer_arm(d->house, HOUSE_MS);
}

void
noc_daemon_watch(struct noc_daemon *d)
{
	d->writer_watch = noc_loop_fd(d->env.loop, noc_writer_fd(d->env.writer),
				      NOC_LOOP_READ, on_writer, d);
	d->reader_watch = noc_loop_fd(d->env.loop, noc_reader_fd(d->env.reader),
				      NOC_LOOP_READ, on_reader, d);
	d->wall = noc_wall_new(d->env.loop, on_wall, d);
	d->wake = noc_loop_timer(d->env.loop, on_wake, d);
	d->house = noc_loop_timer(d->env.loop, on_house, d);
	noc_timer_arm(d->house, HOUSE_MS);
}

void
noc_daemon_unwatch(struct noc_daemon *d)
{
	noc_watch_free(d->writer_watch);
	noc_watch_free(d->reader_watch);
	noc_watch_free(d->wake);
	noc_wall_free(d->wall);
	noc_watch_free(d->house);
	d->writer_watch = d->reader_watch = d->wake = d->house = NULL;
	d->wall = NULL;
	if (d->lines.len)
		on_lines(d);
	noc_strbuf_release(&d->lines);
}
