/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_BLAST_H
#define NOC_ENGINE_RUN_BLAST_H

#include "engine/run/live.h"
#include "store/load.h"

/*
 * Blast radius: how many different targets the steps of one run may change,
 * however it was started; guard = { targets = N } of its flow, else 100.  A
 * target counts once, when its first step may go out; after a restart the rows
 * of the steps say which those were.  Loop thread, inside an input.
 */
struct noc_blast;

/* Counts it.  False: it would be one too many; failure, and people are told
 * once a run. */
bool noc_blast_allows(struct noc_run *r, const char *target,
		      struct noc_failure *failure);
/* All of them or none: names, each once. */
bool noc_blast_allows_all(struct noc_run *r, const struct noc_value *targets,
			  struct noc_failure *failure);
/* Before the first item of an each: as many targets as its steps would change,
 * as far as that is known.  EDENIED: more than are left. */
int noc_blast_each(const struct noc_live *l, const struct noc_value *items,
		   struct noc_err *err);
void noc_blast_load(struct noc_run *r, const struct noc_step_row *row);
/* Its targets, for a start that finds no rows of the steps. */
void noc_blast_store(const struct noc_run *r, struct noc_value *kept);
void noc_blast_restore(struct noc_run *r, const struct noc_value *kept);
void noc_blast_free(struct noc_blast *b);

#endif
