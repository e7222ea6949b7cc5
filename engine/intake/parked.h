/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_PARKED_H
#define NOC_ENGINE_INTAKE_PARKED_H

#include "engine/core/core.h"

/*
 * An event that waits for a name while its sender waits for an answer: the
 * live row of it.  What a repetition is known by is durable from now on, so
 * the event must be as well, or a death would lose it and its repetition be
 * acknowledged.  Loop thread, inside an input.
 */
struct noc_source;

#define NOC_PARKED "parked" /* the kind of its row */

void noc_parked_put(struct noc_core *core, const struct noc_source *source,
		    const struct noc_event *ev);
/* It goes on: in the transaction of what becomes of it. */
void noc_parked_del(struct noc_core *core, const struct noc_event *ev);
/* A reference, and where it came in; NULL: the row cannot be read. */
struct noc_event *noc_parked_load(struct noc_core *core, const char *key,
				  const struct noc_value *data,
				  struct noc_source **source);

#endif
