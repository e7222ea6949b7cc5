/* SPDX-License-Identifier: ISC */
#ifndef NOC_ACTIONS_EXEC_ANSWER_H
#define NOC_ACTIONS_EXEC_ANSWER_H

#include "base/slice.h"
#include "base/value.h"
#include "engine/edge/action.h"

/* What a program left, as the result of its step; for exec.c.  Pure. */
struct noc_exec_answer {
	const char *program;	      /* as it is told */
	int status;		      /* of waitpid */
	struct noc_slice out;	      /* its standard output, any bytes */
	struct noc_slice err;	      /* its errors */
	bool cut;		      /* there was more output */
	const struct noc_value *opts; /* of the step: format, exit; or NULL */
};

/*
 * {exit, stdout, stderr, json?, truncated?}, returned.  *failed and *e when it
 * did not do what it was asked for: by its exit code, a signal, or output that
 * is not JSON where the step wants that.
 */
struct noc_value *noc_exec_answer(const struct noc_exec_answer *a, bool *failed,
				  struct noc_call_error *e);

#endif
