/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_KEEP_ONE_UP_H
#define NOC_ENGINE_FLOW_KEEP_ONE_UP_H

#include "base/err.h"
#include "base/value.h"

/*
 * guard = { keep_one_up = { "Po1", "Po2" } }, or { sw1 = "Po1", sw2 = "Po1" }:
 * the AST of `run` with the group read again before each step that may take a
 * port down, and a `fail` when none is up but the event's own.  *out is
 * returned.  ECONFIG.
 */
int noc_keep_one_up(const struct noc_value *run, const struct noc_value *group,
		    struct noc_value **out, struct noc_err *err);
/* Marks the first of the reads that the step at `at` stands on. */
struct noc_step_def;
void noc_keep_mark(struct noc_step_def *steps, size_t at);

#endif
