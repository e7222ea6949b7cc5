/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_COMMAND_H
#define NOC_ENGINE_RUN_COMMAND_H

#include "engine/core/core.h"

struct noc_runs;

/* The run that "id" names: whole, or a beginning that only one run has. */
int noc_command_run(const struct noc_runs *runs,
		    const struct noc_value *command, struct noc_id *id,
		    struct noc_err *err);
/* What people may do to runs. */
extern const struct noc_part_answer noc_run_answers[];

#endif
