/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_PROBE_H
#define NOC_ENGINE_FLOW_PROBE_H

#include "base/err.h"
#include "base/value.h"

/*
 * probe = ACTION | { ACTION, expect = ..., fail_if = ..., output = ... }: the
 * read that tells whether a step in doubt happened.  Immutable, of its plan.
 */
struct noc_where;

struct noc_probe_def {
	const struct noc_value *action; /* AST */
	struct noc_where *expect;	/* of its answer: it happened; NULL */
	struct noc_where *fail_if;	/* it did not; NULL */
	const struct noc_value *output; /* what the step gives then; NULL */
};

/* NULL v: none.  ECONFIG; what is out is there all the same. */
int noc_probe_build(const struct noc_value *v, const char *at,
		    struct noc_probe_def **out, struct noc_err *err);
void noc_probe_def_free(struct noc_probe_def *d);

#endif
