/* SPDX-License-Identifier: ISC */
#ifndef NOC_ACTIONS_EXEC_HELPER_H
#define NOC_ACTIONS_EXEC_HELPER_H

/* `nocturne --exec-helper ...`: limits itself, then becomes the program. */
int noc_exec_helper(int argc, char **argv);

#endif
