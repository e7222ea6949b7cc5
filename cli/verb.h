/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_H
#define NOC_CLI_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/value.h"

/*
 * One verb of the command line: one file in cli/verb/ ending in one const
 * struct noc_verb_NAME, one line in verbs.def.  Help, did-you-mean, the man
 * page and completion come from this table.  Main thread.
 */
enum noc_exit {
	NOC_EXIT_OK = 0,
	NOC_EXIT_FAILED = 1,
	NOC_EXIT_USAGE = 2,
	NOC_EXIT_NOTFOUND = 3,
	NOC_EXIT_DENIED = 4,
	NOC_EXIT_CONFLICT = 5,
	NOC_EXIT_TEMPORARY = 75
};

struct noc_verb_option {
	const char *name; /* "config", without the dashes */
	char letter;	  /* 'o', or 0 */
	const char *arg;  /* "FILE"; NULL: a switch */
	const char *help;
	bool many; /* may be given again: its value is a list */
};

struct noc_verb {
	const char *name;
	const char *summary; /* one line */
	/* What follows the name, a line each: "list [--for DURATION]". */
	const char *usage;
	const struct noc_verb_option *options; /* ends with a NULL name */
	const char *details;		       /* more text for help, or NULL */
	int (*run)(int argc, char **argv);     /* argv[0]: the verb */
};

const struct noc_verb *noc_verb_at(size_t i); /* NULL past the end */
const struct noc_verb *noc_verb_find(const char *name);
void noc_verb_help(const struct noc_verb *verb);

/*
 * Reads options (anywhere, "--" ends them, "--for=2h" or "--for 2h", "-o x"
 * or "-ox"; --json is --output=json where there is one): returned map of option
 * name -> string, true or list of strings; what is no option is the list
 * "args".  --help prints help.  NULL: end with *status, all has been said.
 */
struct noc_value *noc_verb_parse(const struct noc_verb *verb, int argc,
				 char **argv, int *status);
/* Prints "nocturne VERB: message" and how to get help; NOC_EXIT_USAGE. */
int noc_verb_misuse(const struct noc_verb *verb, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints the error to stderr; the exit code of its kind. */
int noc_verb_fail(const struct noc_err *err);

/* Colour and progress: stdout is a terminal and NO_COLOR is not set. */
bool noc_verb_colour(void);

#endif
