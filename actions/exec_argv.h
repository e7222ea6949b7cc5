/* SPDX-License-Identifier: ISC */
#ifndef NOC_ACTIONS_EXEC_ARGV_H
#define NOC_ACTIONS_EXEC_ARGV_H

#include <stdint.h>

#include "base/err.h"
#include "base/value.h"

#define NOC_EXEC_HELPER_ARGS 4 /* before the program: exec_helper.h */

/*
 * The words of an exec step, of whatever type they are, as the arguments of
 * the helper that starts the program; for exec.c.  Returned, ended by NULL;
 * freed by noc_exec_argv_free.  NULL: EINPUT, too many or none, or a NUL.
 */
char **noc_exec_argv(const struct noc_value *items, int64_t timeout_ms,
		     struct noc_err *err);
void noc_exec_argv_free(char **argv);

#endif
