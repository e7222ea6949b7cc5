/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/verb.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/writer.h"
#include "net/http.h"
#include "cli/daemon.h"
#include "cli/options.h"
#include "cli/sd.h"

/* nocturne serve: the daemon. */

#define DRAIN_MS	 20
#define WATCHDOG_TURN_NS NOC_NS_PER_S

static const struct noc_verb_option serve_options[] = {
	{ "config", 'c', "FILE", "configuration file", false },
	{ "state", 0, "DIR", "state directory (./var)", false },
	{ "rules", 0, "DIR",
	  "rules (./rules when it is there, else the installed ones)", false },
	{ "listen", 0, "ADDRESS", "where sensors and HTTP listen (127.0.0.1)",
	  false },
	{ "set", 0, "KEY=VALUE", "one option of the configuration", true },
	{ "dump-config", 0, NULL, "print the effective configuration and end",
	  false },
	{ 0 }
};

static int serve_run(int argc, char **argv);

const struct noc_verb noc_verb_serve = {
	.name = "serve",
	.summary = "runs the daemon",
	.usage = "[--config FILE] [--state DIR] [--rules DIR] "
		 "[--listen ADDRESS] [--set KEY=VALUE]...",
	.options = serve_options,
	.details =
	    "Needs no configuration: it listens on unprivileged ports of the "
	    "loopback\ninterface (syslog 5514, traps 1162, HTTP 8080) and "
	    "keeps its state in ./var.\nSIGHUP reads configuration, rules and "
	    "inventory again, all or nothing; SIGTERM\nfinishes what is under "
	    "way, a second one leaves at once.",
	.run = serve_run,
};

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
		_exit(NOC_EXIT_FAILED);
	}
	noc_info("serve", "stopping: finishing %lld calls under way",
		 (long long)serve_calling(d));
	noc_sd_notify("STOPPING=1");
	serve_stop_reading(d);
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

/* ---- the verb ---- */

static void
serve_sets(struct noc_daemon *d, const struct noc_value *opts)
{
	static const char *const names[] = { "state", "rules", "listen" };
	const struct noc_value *sets = noc_value_get(opts, "set");

	d->sets = noc_value_list();
	for (size_t i = 0; i < noc_value_len(sets); i++)
		noc_value_push(d->sets, noc_value_copy(noc_value_at(sets, i)));
	for (size_t i = 0; i < NOC_COUNT(names); i++) {
		const char *v = noc_value_get_str(opts, names[i], NULL);

		if (v)
			noc_value_push(d->sets,
				       noc_value_strf("%s=%s", names[i], v));
	}
	if (noc_value_get_str(opts, "config", NULL))
		d->config_path =
		    noc_strdup(noc_value_get_str(opts, "config", ""));
}

/* An option that is wrong is misuse, a file that is wrong is a failure. */
static int
serve_config(struct noc_daemon *d, bool dump)
{
	struct noc_value *probe = noc_options_new();
	struct noc_err err;
	int r = 0, status = 0;

	for (size_t i = 0; !r && i < noc_value_len(d->sets); i++)
		r = noc_options_set(probe, noc_value_at(d->sets, i)->u.s.p,
				    &err);
	noc_value_free(probe);
	if (r)
		return noc_verb_misuse(&noc_verb_serve, "%s", err.msg);
	if (noc_daemon_config(d, &d->config, &d->said, &err))
		return noc_verb_fail(&err);
	if (dump) {
		noc_options_dump(d->said, stdout);
		status = -1;
	}
	return status;
}

int
noc_daemon_run(int argc, char **argv,
	       int (*simulate)(struct noc_env *env, struct noc_call *call,
			       struct noc_err *err),
	       void *simulate_arg)
{
	struct noc_daemon *d = noc_calloc(1, sizeof(*d));
	struct noc_value *opts;
	struct noc_err err;
	int status;

	d->env.simulate = simulate;
	d->env.simulate_arg = simulate_arg;
	opts = noc_verb_parse(&noc_verb_serve, argc, argv, &status);
	if (!opts) {
		free(d);
		return status;
	}
	if (noc_value_len(noc_value_get(opts, "args")))
		status =
		    noc_verb_misuse(&noc_verb_serve, "takes no arguments.");
	serve_sets(d, opts);
	if (!status)
		status = serve_config(
		    d, noc_value_get_bool(opts, "dump-config", false));
	noc_value_free(opts);
	if (!status) {
		d->colour = noc_verb_colour();
		if (noc_daemon_start(d, &err))
			status = noc_verb_fail(&err);
		else
			serve_loop(d);
	}
	noc_daemon_stop(d);
	free(d);
	return status < 0 ? 0 : status;
}

static int
serve_run(int argc, char **argv)
{
	return noc_daemon_run(argc, argv, NULL, NULL);
}
