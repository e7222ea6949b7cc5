/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_CLOSED_H
#define NOC_ENGINE_RUN_CLOSED_H

#include "base/table.h"
#include "engine/core/due.h"
#include "engine/run/run_private.h"

/*
 * Dedup keys of runs that ended, for as long as their flow counts them
 * (on_closed): a live row each.  Loop thread, inside an input.
 */
struct noc_closed_keys {	/* zero it to begin */
	struct noc_table table; /* "RULE/KEY" -> struct noc_closed */
};

struct noc_closed {
	struct noc_due due; /* first: it is forgotten */
	struct noc_closed_keys *of;
	char *key;
	struct noc_id run;
	bool succeeded;
};

/* Borrowed; NULL: none of this key has ended. */
const struct noc_closed *noc_closed_find(const struct noc_closed_keys *keys,
					 const char *key);
/* The run has ended, and its flow counts it. */
void noc_closed_add(struct noc_closed_keys *keys, const struct noc_run *r,
		    const char *key);
/* A live row at a start; false: not of these. */
bool noc_closed_load(struct noc_core *core, struct noc_closed_keys *keys,
		     const char *kind, const char *key, int64_t due_ns,
		     const struct noc_value *data);
/* All rows once more. */
void noc_closed_store(struct noc_core *core,
		      const struct noc_closed_keys *keys);
void noc_closed_release(struct noc_core *core, struct noc_closed_keys *keys);

#endif
