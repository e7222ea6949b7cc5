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

/* How half of one has ended. */
#define NOC_FORK_HALF \
	"it was not copied whole when the daemon ended: fork again"

/* *answer: {id, forked_from: {run, seq}, copied, gone: [path]}, returned.
 * ENOTFOUND, EINPUT, ECONFLICT: why not, and what to do; else as
 * noc_run_start.  Of a large run it is given later (noc_command_later), when
 * all is copied, a slice in an input; until then it is Pending. */
int noc_run_fork(struct noc_core *core, const struct noc_fork_how *how,
		 struct noc_value **answer, struct noc_err *err);

struct noc_fork; /* while it is started */

/* The rules whose functions it calls; NULL: those in force. */
const uint8_t *noc_fork_tree(const struct noc_fork *f);
/* It is to be: it waits, when not all is copied at once. */
void noc_fork_hold(struct noc_run *r, struct noc_fork *f);
/* RUN_START is written: what is copied, the first of it. */
void noc_fork_rows(struct noc_run *r, struct noc_fork *f);
void noc_fork_close(struct noc_runs *runs);

#endif
