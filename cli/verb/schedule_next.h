/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_SCHEDULE_NEXT_H
#define NOC_CLI_VERB_SCHEDULE_NEXT_H

#include "cli/client.h"

/*
 * nocturne schedule next 'EXPR' --tz ZONE --from TIME -n N: when an
 * expression is due, one time a line with the zone's offset then.  It asks no
 * daemon.  Main thread.
 */
int noc_schedule_next(struct noc_client *c);

#endif
