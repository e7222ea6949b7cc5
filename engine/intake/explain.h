/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_EXPLAIN_H
#define NOC_ENGINE_INTAKE_EXPLAIN_H

#include "engine/core/core.h"

/* Why each rule did or did not want an event.  Loop thread. */

/* [{rule, matched, why, at, fix, decision}]; returned. */
struct noc_value *noc_explain(struct noc_core *core,
			      const struct noc_event *ev);

#endif
