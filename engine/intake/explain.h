/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_EXPLAIN_H
#define NOC_ENGINE_INTAKE_EXPLAIN_H

#include "engine/core/core.h"

/* engine/intake/explain.c: [{rule, matched, why, at, fix, decision}]. */
struct noc_value *noc_explain(struct noc_core *core,
			      const struct noc_event *ev);

#endif
