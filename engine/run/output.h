/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_OUTPUT_H
#define NOC_ENGINE_RUN_OUTPUT_H

#include "base/value.h"

/*
 * What a step calls the places in its result: output = { id = "body.id",
 * hosts = "body.results[*].name", all = { "body.results", name = "host_name" }
 * }.  Pure.
 */

/* Into `into`, a map that may be the result itself; what is not there, or is
 * null, is left out.  names: of `output`, or NULL; all borrowed. */
void noc_output_name(const struct noc_value *names,
		     const struct noc_value *result, struct noc_value *into);

/* What the step does not keep of its result: { body = false }. */
void noc_output_drop(const struct noc_value *names, struct noc_value *result);

#endif
