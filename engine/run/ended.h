/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_ENDED_H
#define NOC_ENGINE_RUN_ENDED_H

#include "base/id.h"
#include "base/table.h"
#include "store/load.h"

/*
 * The runs that ended last and how, over a restart too: a cause that comes
 * once more is told by the id that it gives its run.  Loop thread.
 */
struct noc_core;

struct noc_ended {
	struct noc_table by_id; /* 16 bytes -> state */
	struct noc_id *ring;	/* of NOC_ENDED_MAX, in the order they ended */
	size_t n;		/* ever */
};

/* state is static; the one that ended first is forgotten for it. */
void noc_ended_add(struct noc_ended *ended, const struct noc_id *id,
		   const char *state);
/* "Succeeded", "Failed", "Cancelled"; NULL: not of late. */
const char *noc_ended_state(const struct noc_ended *ended,
			    const struct noc_id *id);
void noc_ended_release(struct noc_ended *ended);
/* As in struct noc_part_ops. */
void noc_ended_load(struct noc_core *core, void *part,
		    const struct noc_run_row *row);

#endif
