/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_PRIVATE_H
#define NOC_DAEMON_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "net/loop.h"
#include "engine/edge/env.h"
#include "engine/edge/sensor.h"
#include "engine/core/core.h"

/*
 * The daemon from the inside, shared by its files only: serve.c (signals,
 * start and stop), host.c (the core's host), start.c (opening
 * in order), screen.c, reload.c and feed.c (inventory).  Loop thread.
 */
#define NOC_DAEMON_SENSORS 32

struct noc_daemon_sensor {
	const struct noc_sensor_ops *ops;
	void *instance; /* NULL: switched off or closed */
};

struct noc_reload;
struct noc_feed;
struct noc_api;
struct noc_wall;

struct noc_daemon {
	struct noc_env env;
	struct noc_host host;

	char *config_path;	  /* NULL: none */
	struct noc_value *sets;	  /* list of "key=value" */
	struct noc_value *config; /* effective; env.config */
	struct noc_value *said;	  /* before noc_options_finish */
	struct noc_value *old;	  /* list: configs that somebody may hold */
	char *rules_dir;

	struct noc_daemon_sensor sensors[NOC_DAEMON_SENSORS];
	size_t nsensors;
	struct noc_api *api;
	struct noc_feed *feed;
	struct noc_reload *reload;

	struct noc_watch *writer_watch, *reader_watch, *wake, *house, *ping;
	struct noc_wall *wall; /* the kernel says that it was set */
	struct noc_watch *drain, *signals[4];
	bool colour, pressed, failing_said, killed_by_file;
	int64_t rest_ns; /* boottime: what is overdue waits until then */
	int stopping;	 /* SIGTERMs seen */
	int64_t drain_until_boot_ns;
	struct noc_strbuf lines; /* of this turn, not yet printed */
	uint64_t lines_lost;
	unsigned recoveries; /* of the writer, that the core was told */
	int status;
};

/* ---- host.c ---- */
void noc_daemon_host(struct noc_daemon *d);  /* fills d->host */
void noc_daemon_watch(struct noc_daemon *d); /* once loop and writer are */
void noc_daemon_unwatch(struct noc_daemon *d);
/* A line on standard output at the end of the turn; never blocks. */
void noc_daemon_line(struct noc_daemon *d, const char *text);

/* ---- start.c ---- */
/* Defaults, file and --set; every error is printed.  Both are returned. */
int noc_daemon_config(const struct noc_daemon *d, struct noc_value **config,
		      struct noc_value **said, struct noc_err *err);
/* Opens everything in order; errors that are lists are printed. */
int noc_daemon_start(struct noc_daemon *d, struct noc_err *err);
void noc_daemon_stop(struct noc_daemon *d);
/* v3 users of the configuration, checked and put in force. */
int noc_daemon_users(struct noc_daemon *d, const struct noc_value *config,
		     struct noc_err *err);
/* The inventory file of a configuration; *out NULL when there is none. */
int noc_daemon_inventory(const struct noc_value *config,
			 struct noc_inventory **out, struct noc_err *err);

/* ---- screen.c ---- */
void noc_daemon_screen(struct noc_daemon *d);

/* ---- reload.c ---- */
void noc_daemon_reload(struct noc_daemon *d); /* SIGHUP */
void noc_daemon_reload_free(struct noc_daemon *d);

/* ---- feed.c ---- */
void noc_feed_start(struct noc_daemon *d);
void noc_feed_again(struct noc_daemon *d); /* the configuration changed */
void noc_feed_free(struct noc_daemon *d);
/* Into the core when it differs from what is in force; owned. */
bool noc_feed_swap(struct noc_daemon *d, struct noc_inventory *inv);

#endif
