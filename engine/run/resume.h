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
void noc_run_reload(struct noc_core *core, void *part);

#endif
