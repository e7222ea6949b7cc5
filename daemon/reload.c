/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/private.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/crash.h"
#include "engine/rule/ruleset.h"
#include "daemon/lines.h"
#include "daemon/options.h"
#include "daemon/screen.h"
#include "daemon/sd.h"

/*
 * SIGHUP: configuration, rules and inventory are read and built on a thread
 * of their own and then swapped in, all or nothing; runs and correlation
 * state stay.  A SIGHUP that comes meanwhile is done afterwards.
 */
struct noc_reload {
	struct noc_daemon *d;
	pthread_t thread;
	struct noc_watch *watch;
	int fd;
	bool again;
	struct noc_value *config, *said;
	struct noc_ruleset *rs;
	struct noc_inventory *inv;
	char *errors;
	int result;
	struct noc_err err;
};

static void *
reload_main(void *arg)
{
	struct noc_reload *r = arg;
	const char *dirs[] = { r->d->rules_dir };
	uint64_t one = 1;

	r->result = noc_daemon_config(r->d, &r->config, &r->said, &r->err);
	if (!r->result)
		r->result = noc_ruleset_load(dirs, 1, false, &r->rs, &r->errors,
					     &r->err);
	if (!r->result)
		r->result = noc_daemon_inventory(r->config, &r->inv, &r->err);
	if (write(r->fd, &one, sizeof(one)) < 0)
		abort(); /* an eventfd of our own takes its first number */
	return NULL;
}

static void
reload_swap(struct noc_reload *r)
{
	struct noc_daemon *d = r->d;
	struct noc_now now = noc_loop_now(d->env.loop);
	char *fixed = noc_options_fixed(d->said, r->said);
	char *counts = noc_daemon_rules_text(r->rs, NOC_SCREEN_NAMES);
	enum noc_level level = NOC_LOG_INFO;
	char hms[16], *line;

	/* Somebody may hold a text of the old one: it stays until the end. */
	if (!d->old)
		d->old = noc_value_list();
	noc_value_push(d->old, d->config);
	noc_value_free(d->said);
	d->config = r->config;
	d->said = r->said;
	d->env.config = d->config;
	/* These do not move under a running daemon. */
	d->env.state_dir =
	    noc_value_get_str(noc_value_at(d->old, 0), "state", "./var");
	noc_log_level_parse(noc_value_get_str(d->config, "log.level", "info"),
			    &level);
	noc_log_level_set(level);
	if (r->inv)
		noc_feed_swap(d, r->inv);
	if (r->rs->warnings[0])
		noc_print_lines(r->rs->warnings);
	noc_core_ruleset(d->env.core, r->rs, "reload", now);
	noc_crash_point("reload.swapped");
	for (size_t i = 0; i < d->nsensors; i++)
		if (d->sensors[i].instance && d->sensors[i].ops->reload)
			d->sensors[i].ops->reload(d->sensors[i].instance);
	noc_feed_again(d);
	line = noc_asprintf("%s reloaded (%s)", noc_time_hms(hms, now.wall_ns),
			    counts);
	noc_daemon_line(d, line);
	if (fixed)
		noc_warn("reload", "changed=%s: needs a restart", fixed);
	free(line);
	free(counts);
	free(fixed);
	r->config = r->said = NULL;
	r->rs = NULL;
	r->inv = NULL;
}

static void
reload_end(struct noc_reload *r)
{
	noc_watch_free(r->watch);
	close(r->fd);
	noc_value_free(r->config);
	noc_value_free(r->said);
	noc_ruleset_unref(r->rs);
	noc_inventory_unref(r->inv);
	free(r->errors);
	r->d->reload = NULL;
	free(r);
}

static void
on_reload(int fd, int events, void *arg)
{
	struct noc_reload *r = arg;
	struct noc_daemon *d = r->d;
	bool again = r->again;

	(void)fd;
	(void)events;
	pthread_join(r->thread, NULL);
	if (!r->result)
		r->result = noc_daemon_users(d, r->config, &r->err);
	if (r->result) {
		noc_print_lines(r->errors);
		noc_error("reload", "%s Everything stays as it was.",
			  r->err.msg);
	} else {
		reload_swap(r);
	}
	reload_end(r);
	noc_sd_notify("READY=1");
	if (again)
		noc_daemon_reload(d);
}

void
noc_daemon_reload(struct noc_daemon *d)
{
	struct timespec now;
	struct noc_reload *r;

	if (d->reload) {
		d->reload->again = true;
		return;
	}
	/* By systemd's clock, which stands while the host is suspended. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	noc_sd_notify("RELOADING=1\nMONOTONIC_USEC=%lld",
		      (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	r = noc_calloc(1, sizeof(*r));
	r->d = d;
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->fd < 0 || pthread_create(&r->thread, NULL, reload_main, r)) {
		noc_error("reload", "cannot begin: %s", strerror(errno));
		if (r->fd >= 0)
			close(r->fd);
		free(r);
		noc_sd_notify("READY=1");
		return;
	}
	d->reload = r;
	r->watch = noc_loop_fd(d->env.loop, r->fd, NOC_LOOP_READ, on_reload, r);
}

void
noc_daemon_reload_free(struct noc_daemon *d)
{
	if (!d->reload)
		return;
	pthread_join(d->reload->thread, NULL);
	reload_end(d->reload);
}
