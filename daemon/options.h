/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_OPTIONS_H
#define NOC_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/value.h"

/*
 * The daemon's configuration: one table (options.def) that feeds the parser
 * of the file, --set, --dump-config and the man page.  The effective
 * configuration is one flat map by dotted name ("syslog.udp"), families a
 * nested map ("credentials" -> name -> map); sensors and actions read it as
 * env->config.  Any one thread.
 */
enum noc_option_type {
	NOC_OPTION_STRING,
	NOC_OPTION_BOOLEAN,
	NOC_OPTION_INTEGER,
	NOC_OPTION_COUNT,    /* at least 1 */
	NOC_OPTION_LIMIT,    /* at least 1, at most 1000 */
	NOC_OPTION_SIZE,     /* bytes; "8M" */
	NOC_OPTION_DURATION, /* "10s"; the map holds ms */
	NOC_OPTION_LISTEN,   /* PORT, ADDRESS:PORT, [V6]:PORT, off */
	NOC_OPTION_ADDRESS,  /* "192.0.2.1", "::", *, localhost; or empty */
	NOC_OPTION_NETWORKS, /* list of them; "10.0.0.0/8,::1" */
	NOC_OPTION_FILE,     /* below the state directory; off */
	NOC_OPTION_LIST,     /* of texts; "a,b" */
	NOC_OPTION_MAP,	     /* plain data, secrets by name */
	NOC_OPTION_SECRET,   /* a text or secret "name" */
	NOC_OPTION_LEVEL,
	NOC_OPTION_FORMAT,
	NOC_OPTION_TLS
};

struct noc_option_row {
	const char *name;
	enum noc_option_type type;
	const char *standard; /* the default, as text */
	bool reloadable;
	const char *help;
};
const struct noc_option_row *noc_option_at(size_t i); /* NULL past the end */
const char *noc_option_unit(enum noc_option_type type);

/* Returned: every option at its default. */
struct noc_value *noc_options_new(void);
/* "key=value".  ECONFIG: unknown key (did you mean), wrong value. */
int noc_options_set(struct noc_value *config, const char *assignment,
		    struct noc_err *err);
/* A data-only Lua file: { syslog = { udp = "5514" }, traps = "off" } or
 * ["syslog.udp"] = ...  Every error at once, one a line, in *errors
 * (returned) as "file:line: ...". */
int noc_options_load(struct noc_value *config, const char *path, char **errors,
		     struct noc_err *err);
/*
 * After all of them: listen addresses get their host, files their directory,
 * "config_dir" is set.  What was said stays readable as it was by
 * noc_options_dump of the map before.
 */
int noc_options_finish(struct noc_value *config, const char *path,
		       struct noc_err *err);
/* As a configuration file with comments; what lets somebody in is not shown. */
void noc_options_dump(const struct noc_value *config, FILE *out);
/* Every option with its unit, default and help; the man page has it too. */
void noc_options_help(FILE *out);
/* Names of options that differ and need a restart, comma separated; returned,
 * NULL when there are none. */
char *noc_options_fixed(const struct noc_value *was,
			const struct noc_value *now);

#endif
