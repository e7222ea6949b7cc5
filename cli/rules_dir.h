/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_RULES_DIR_H
#define NOC_CLI_RULES_DIR_H

#include <stdbool.h>

#include "engine/rule/ruleset.h"

/*
 * Where the rules are, and loading them for the verbs that need no daemon:
 * check, test, decode, rules new.  Main thread.
 */

/* What was said, else ./rules when it is there, else the installed ones, else
 * those of the build; valid until the next call. */
const char *noc_rules_dir(const char *said);
/*
 * Loads it.  On failure all errors are on stderr, one a line, and *status is
 * the exit code; NULL is returned.
 */
struct noc_ruleset *noc_rules_open(const char *dir, bool tests, int *status);
/* The same for the directories that are the arguments of a verb: one tree.
 * *said is how to name them; returned. */
struct noc_ruleset *noc_rules_open_args(const struct noc_value *opts,
					bool tests, char **said, int *status);

#endif
