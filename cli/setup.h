/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_SETUP_H
#define NOC_CLI_SETUP_H

#include <stdio.h>

/*
 * What every verb needs before it runs: the table of actions handed to the
 * engine.  Main thread.
 */
void noc_setup_tables(void);
/* What follows `nocturne --exec-helper`: becomes the child of an exec action.
 */
int noc_setup_exec_helper(int argc, char **argv);

/* The rule language as Markdown; its header does not go with options.h. */
void noc_setup_language(FILE *out);

#endif
