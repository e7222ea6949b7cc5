/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_VERIFY_H
#define NOC_ENGINE_RUN_VERIFY_H

#include "engine/run/live.h"
#include "engine/run/rows.h"

/* A verify step: read until what is expected has held.  Loop
 * thread, inside an input. */

/* One read has ended. */
void noc_verify_result(struct noc_live *l, struct noc_value *result, /* owned */
		       struct noc_step_done *d);

#endif
