/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_UNDO_H
#define NOC_ENGINE_RUN_UNDO_H

#include "engine/run/live.h"
#include "store/load.h"

/* Taking back what was done.  Loop thread, inside an input. */

/* All of the run, when it is to be; false: there is nothing to do. */
bool noc_undo_run(struct noc_run *r);

void noc_undo_begin(struct noc_live *l); /* an undo step */

void noc_undo_load(struct noc_lane *lane, size_t node,
		   const struct noc_step_row *row);

#endif
