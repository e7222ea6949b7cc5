/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_TOKEN_H
#define NOC_ENGINE_RUN_TOKEN_H

#include "engine/edge/action.h"

/*
 * What the other side may know a call again by: run, step, intent.  The same
 * over all tries of one intent, also after a restart, so that who keeps it does
 * nothing twice; the path by its hash, so that items of a fan-out, whose paths
 * may be long, never have one in common.  Loop thread.
 */
#define NOC_TOKEN_TEXT NOC_CALL_TOKEN

struct noc_live;

/* Of the attempt at hand; a question (verify, probe) is asked anew each time,
 * and each has its own. */
const char *noc_token(const struct noc_live *l, char out[NOC_TOKEN_TEXT]);
/* That of the step itself, also while it is asked whether it happened. */
const char *noc_step_token(const struct noc_live *l, char out[NOC_TOKEN_TEXT]);

#endif
