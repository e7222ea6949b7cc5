/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_RUN_START_H
#define NOC_CLI_VERB_RUN_START_H

#include "cli/client.h"

/*
 * nocturne run start FLOW key=value...: a run of a flow, or what one would do.
 * Main thread.
 */
int noc_run_from_flow(struct noc_client *c);
/* Of a run that has ended. */
int noc_run_from_run(struct noc_client *c);

#endif
