/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_RUN_SHOW_H
#define NOC_CLI_VERB_RUN_SHOW_H

#include "cli/client.h"

/*
 * nocturne run show RUN: the run and its steps, those in one item, or the
 * items of one each.  Main thread.
 */
int noc_run_show(struct noc_client *c);

#endif
