/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_CHECK_TIMES_H
#define NOC_CLI_VERB_CHECK_TIMES_H

#include "engine/rule/ruleset.h"

/*
 * When the schedules and polls of a tree are due next, for `nocturne check`.
 * Main thread.
 */

/* [{name, type, file, line, when, next: [time]}]; returned. */
struct noc_value *noc_check_times(const struct noc_ruleset *rs, int64_t now_ns);
/* A line each. */
void noc_check_times_print(const struct noc_value *times);

#endif
