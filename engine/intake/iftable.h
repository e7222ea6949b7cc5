/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_IFTABLE_H
#define NOC_ENGINE_INTAKE_IFTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/table.h"
#include "base/value.h"
#include "engine/event/event.h"

/*
 * The interfaces of one device, as a walk of it said: ifIndex <-> ifName,
 * iftype, its LAG and what it stands on.  Zeroed it is empty.  It owns its
 * texts: a device may say others at each walk.  Loop thread.
 */
struct noc_if {
	int64_t index;
	char *name;	    /* as the device says it, or NULL */
	char *canonical;    /* as they are compared */
	char *type;	    /* label of ifType, or NULL */
	int64_t lag, lower; /* ifIndex of its LAG, of its only lower layer */
	int lowers;
};

struct noc_iftable {
	struct noc_if *at; /* by index */
	size_t n, cap;
	struct noc_table names; /* canonical: the first that is called so */
};

/* In place of what it was; result: the columns of enrich.c's walk. */
void noc_iftable_learn(struct noc_iftable *t, const struct noc_value *result);
void noc_iftable_release(struct noc_iftable *t);
/* NULL: it has none. */
struct noc_if *noc_iftable_index(const struct noc_iftable *t, int64_t index);
const struct noc_if *noc_iftable_name(const struct noc_iftable *t,
				      struct noc_slice name);
/* What the event lacks and the table has; true when it names it now. */
bool noc_iftable_fill(const struct noc_iftable *t, struct noc_event *ev);

#endif
