/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_RUN_STEP_H
#define NOC_CLI_VERB_RUN_STEP_H

#include "cli/client.h"

/*
 * A step of a run as a row: when it began, how long it took, how it ended; of
 * an each how far it is.  Main thread.
 */
#define NOC_RUN_STEP_COLUMNS 8
extern const struct noc_column noc_run_step_columns[NOC_RUN_STEP_COLUMNS];

/* "started" of {started_ns}; 0: not yet. */
int64_t noc_run_time(const struct noc_value *row, const char *name);
/* Adds what the columns read. */
void noc_run_step_view(struct noc_value *step, int64_t start_ns);

#endif
