/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_RULES_NEW_H
#define NOC_CLI_VERB_RULES_NEW_H

#include "cli/client.h"

/*
 * nocturne rules new --from-event ID: a rule that wants such events, and its
 * test, as files to go on from.  --from-file reads what `nocturne decode`
 * printed instead of asking the daemon.  Main thread.
 */
int noc_rules_new(struct noc_client *c);

#endif
