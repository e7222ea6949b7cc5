/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_FORK_H
#define NOC_ENGINE_RUN_FORK_H

#include "engine/run/run_private.h"

/*
 * A new run that goes on from what one that has ended did: rows of what is done
 * are copied, marked, and loaded as after a restart; then it goes on as any
 * run.  Loop thread, inside an input.
 */
struct noc_fork_how {	  /* from, failed, failed_items: one of them */
	const char *id;	  /* of the run, or its beginning */
	const char *from; /* path of a step; NULL */
	bool failed, failed_items;
	const char *plan;	       /* "current"; NULL: as it was stored */
	const struct noc_value *input; /* over what it was given; NULL */
	const char *actor, *why;
};

/* *answer: {id, forked_from: {run, seq}, copied, gone: [path]}, returned.
 * ENOTFOUND, EINPUT, ECONFLICT: why not, and what to do; else as
 * noc_run_start. */
int noc_run_fork(struct noc_core *core, const struct noc_fork_how *how,
		 struct noc_value **answer, struct noc_err *err);

struct noc_fork; /* while it is started */

/* The rules whose functions it calls; NULL: those in force. */
const uint8_t *noc_fork_tree(const struct noc_fork *f);
/* RUN_START is written: what is copied. */
void noc_fork_rows(struct noc_run *r, struct noc_fork *f);

#endif
