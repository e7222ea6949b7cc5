/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_CAUSE_H
#define NOC_ENGINE_RUN_CAUSE_H

#include "base/table.h"
#include "engine/core/core.h"

/*
 * One notice a cause: a hundred runs that stop at one open breaker are told as
 * one, and after five minutes how many more there were.  In memory only: after
 * a restart it may be told again.  Loop thread, inside an input.
 */
#define NOC_CAUSE_MS   (300 * 1000LL)
#define NOC_CAUSES_MAX 1024 /* at once; past it each is told */

struct noc_cause;

/* True: nobody was told of this text lately, so it is to be told now. */
bool noc_cause_tells(struct noc_core *core, const char *text);
void noc_cause_close(struct noc_table *causes);

#endif
