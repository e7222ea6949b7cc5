/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_COMMAND_H
#define NOC_ENGINE_RUN_COMMAND_H

#include "engine/core/core.h"

/* What people may do to runs. */
extern const struct noc_part_answer noc_run_answers[];

#endif
