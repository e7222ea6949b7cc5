/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_RULES_OPEN_H
#define NOC_CLI_RULES_OPEN_H

#include <stdbool.h>

#include "engine/rule/ruleset.h"

/*
 * Loading rules for the verbs that need no daemon: check, test, decode, rules
 * new.  Main thread.
 */

/*
 * On failure all errors are on stderr, one a line, and *status is
 * the exit code; NULL is returned.
 */
struct noc_ruleset *noc_rules_open(const char *dir, bool tests, int *status);
/* The same for the directories that are the arguments of a verb: one tree.
 * *said is how to name them; returned. */
struct noc_ruleset *noc_rules_open_args(const struct noc_value *opts,
					bool tests, char **said, int *status);

#endif
