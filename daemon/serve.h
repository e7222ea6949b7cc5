/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_SERVE_H
#define NOC_DAEMON_SERVE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/value.h"

/* The daemon from start to stop.  Main thread, which becomes the loop's. */
struct noc_call;
struct noc_env;

struct noc_daemon_options {
	const char *config_path;      /* NULL: none */
	const struct noc_value *sets; /* list of "key=value" */
	bool colour;		      /* of the lines on standard output */
	/* Answers calls instead of the actions (the demo's world), or NULL. */
	int (*simulate)(struct noc_env *env, struct noc_call *call,
			struct noc_err *err);
	void *simulate_arg;
};

/* Until it is told to stop.  Errors that are lists are printed. */
int noc_daemon_run(const struct noc_daemon_options *opt, struct noc_err *err);
/* Reads the configuration and the inventory that it names, as a start would. */
int noc_daemon_check(const struct noc_daemon_options *opt, struct noc_err *err);
/* What the configuration comes to, as a configuration file. */
int noc_daemon_dump(const struct noc_daemon_options *opt, FILE *out,
		    struct noc_err *err);

#endif
