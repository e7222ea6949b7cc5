/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_RUN_WATCH_H
#define NOC_CLI_VERB_RUN_WATCH_H

#include "cli/client.h"

/*
 * nocturne run watch RUN: a line for each step that changes, until the run has
 * ended.  Main thread.
 */
int noc_run_watch(struct noc_client *c);
/* fresh: started a moment ago, its row is about to be seen. */
int noc_run_watch_one(struct noc_client *c, const char *id, bool fresh);

#endif
