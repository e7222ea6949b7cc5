/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_RESUME_H
#define NOC_ENGINE_RUN_RESUME_H

#include "engine/run/run_private.h"

/* Runs after a start or a reload: loaded, and set going again. */

#define NOC_RECOVERIES_MAX 5 /* of one step; then a person is asked */

/* As in struct noc_part_ops. */
void noc_run_load(struct noc_core *core, void *part,
		  const struct noc_run_row *row);
void noc_run_load_step(struct noc_core *core, void *part,
		       const struct noc_step_row *row);
void noc_run_ready(struct noc_core *core, void *part);
/* What has begun by its rows goes on, then what comes next: of a new run, of a
 * fork, of one whose turn has come. */
void noc_run_begin(struct noc_run *r);
/* As the row names it, a ref; NULL: it is lost. */
struct noc_plan *noc_run_row_plan(struct noc_core *core,
				  const struct noc_run_row *row);
void noc_run_reload(struct noc_core *core, void *part);

#endif
