/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_COMMAND_H
#define NOC_ENGINE_RUN_COMMAND_H

#include "engine/core/core.h"

/* What people may do to runs; as in struct noc_part_ops. */
bool noc_run_command(struct noc_core *core, void *part, const char *verb,
		     const struct noc_value *command, int *kind,
		     struct noc_value **answer, struct noc_err *err);

#endif
