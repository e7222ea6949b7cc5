/* SPDX-License-Identifier: ISC */
#ifndef NOC_DAEMON_SCREEN_H
#define NOC_DAEMON_SCREEN_H

#include "engine/rule/ruleset.h"

/* What the daemon says of its rules. */

#define NOC_SCREEN_NAMES 5
/* "14 rules: 12 live, 2 observe: a, b"; so many names at most; returned. */
char *noc_daemon_rules_text(const struct noc_ruleset *rs, size_t names);

#endif
