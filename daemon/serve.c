/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "daemon/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/writer.h"
#include "net/http.h"
#include "engine/inventory/inventory.h"
#include "engine/core/slot.h"
#include "daemon/options.h"
#include "daemon/private.h"
#include "daemon/sd.h"

#define DRAIN_MS	 20
#define WATCHDOG_TURN_NS NOC_NS_PER_S

/* ---- stopping ---- */

static int64_t
serve_calling(struct noc_daemon *d)
{
	struct noc_value *stats = noc_core_stats(d->env.core);
	int64_t n =
	    noc_value_get_int(noc_value_get(stats, "runs"), "calling", 0) +
	    noc_value_get_int(noc_value_get(stats, "notify"), "calling", 0);

	noc_value_free(stats);
	return n;
}

static void
on_drain(void *arg)
{
	struct noc_daemon *d = arg;
	struct noc_writer_stats stats;

	noc_writer_stats(d->env.writer, &stats);
	if (noc_loop_now(d->env.loop).boot_ns < d->drain_until_boot_ns &&
	    (stats.completed < stats.submitted || serve_calling(d) > 0)) {
		noc_timer_arm(d->drain, DRAIN_MS);
		return;
	}
	noc_loop_stop(d->env.loop);
}

/*
 * No more comes in: streams and sockets that can wait are paused, what would
 * only pile up unread is closed (systemd's sockets keep queueing it).
 */
static void
serve_stop_reading(struct noc_daemon *d)
{
	for (size_t i = 0; i < d->nsensors; i++) {
		struct noc_daemon_sensor *s = &d->sensors[i];

		if (!s->instance)
			continue;
		if (s->ops->pause) {
			s->ops->pause(s->instance, true);
		} else if (!strcmp(s->ops->name, "syslog.udp")) {
			s->ops->close(s->instance);
			s->instance = NULL;
		}
	}
	d->pressed = true;
	noc_http_stop(d->env.http);
}

static void
on_term(int signo, void *arg)
{
	struct noc_daemon *d = arg;

	(void)signo;
	if (d->stopping++) {
		noc_warn("serve", "told twice: leaving at once");
		_exit(EXIT_FAILURE);
	}
	noc_info("serve", "stopping: finishing %lld calls under way",
		 (long long)serve_calling(d));
	noc_sd_notify("STOPPING=1");
	serve_stop_reading(d);
	noc_slots_stop(d->env.core);
	d->drain_until_boot_ns =
	    noc_loop_now(d->env.loop).boot_ns +
	    noc_value_get_int(d->config, "drain", 10000) * NOC_NS_PER_MS;
	d->drain = noc_loop_timer(d->env.loop, on_drain, d);
	noc_timer_arm(d->drain, 0);
}

static void
on_hup(int signo, void *arg)
{
	struct noc_daemon *d = arg;

	(void)signo;
	if (!d->stopping)
		noc_daemon_reload(d);
}

/* ---- running ---- */

/* Only a loop that turns may say so. */
static void
on_ping(void *arg)
{
	struct noc_daemon *d = arg;

	if (noc_loop_turn_max(d->env.loop, true) < WATCHDOG_TURN_NS)
		noc_sd_notify("WATCHDOG=1");
	noc_timer_arm(d->ping, noc_sd_watchdog_ms());
}

static void
serve_loop(struct noc_daemon *d)
{
	static const int ends[] = { SIGTERM, SIGINT };

	for (size_t i = 0; i < NOC_COUNT(ends); i++)
		d->signals[i] =
		    noc_loop_signal(d->env.loop, ends[i], on_term, d);
	d->signals[2] = noc_loop_signal(d->env.loop, SIGHUP, on_hup, d);
	d->ping = noc_loop_timer(d->env.loop, on_ping, d);
	if (noc_sd_watchdog_ms() > 0)
		noc_timer_arm(d->ping, noc_sd_watchdog_ms());
	noc_feed_start(d);
	noc_daemon_screen(d);
	noc_sd_notify("READY=1\nSTATUS=listening");
	noc_loop_run(d->env.loop);
	for (size_t i = 0; i < NOC_COUNT(d->signals); i++)
		noc_watch_free(d->signals[i]);
	noc_watch_free(d->ping);
	noc_watch_free(d->drain);
}

/* ---- from start to stop ---- */

static void
serve_given(struct noc_daemon *d, const struct noc_daemon_options *opt)
{
	d->sets = noc_value_list();
	for (size_t i = 0; i < noc_value_len(opt->sets); i++)
		noc_value_push(d->sets,
			       noc_value_copy(noc_value_at(opt->sets, i)));
	if (opt->config_path)
		d->config_path = noc_strdup(opt->config_path);
	d->colour = opt->colour;
	d->env.simulate = opt->simulate;
	d->env.simulate_arg = opt->simulate_arg;
}

int
noc_daemon_run(const struct noc_daemon_options *opt, struct noc_err *err)
{
	struct noc_daemon *d = noc_calloc(1, sizeof(*d));
	int r;

	serve_given(d, opt);
	r = noc_daemon_config(d, &d->config, &d->said, err);
	if (r == 0)
		r = noc_daemon_start(d, err);
	if (r == 0)
		serve_loop(d);
	noc_daemon_stop(d);
	free(d);
	return r;
}

int
noc_daemon_check(const struct noc_daemon_options *opt, struct noc_err *err)
{
	struct noc_daemon *d = noc_calloc(1, sizeof(*d));
	struct noc_inventory *inv = NULL;
	int r;

	serve_given(d, opt);
	r = noc_daemon_config(d, &d->config, &d->said, err);
	if (r == 0)
		r = noc_daemon_inventory(d->config, &inv, err);
	noc_inventory_unref(inv);
	noc_daemon_stop(d);
	free(d);
	return r;
}

int
noc_daemon_dump(const struct noc_daemon_options *opt, FILE *out,
		struct noc_err *err)
{
	struct noc_daemon *d = noc_calloc(1, sizeof(*d));
	int r;

	serve_given(d, opt);
	r = noc_daemon_config(d, &d->config, &d->said, err);
	if (r == 0)
		noc_options_dump(d->said, out);
	noc_daemon_stop(d);
	free(d);
	return r;
}
