/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_QUEUE_H
#define NOC_ENGINE_RUN_QUEUE_H

#include "engine/run/run_private.h"

/*
 * Before a run begins: the limits and locks that its flow names, and whether
 * the same runs already (dedup).  What must wait is Pending, with a row of its
 * own, and begins in its turn, over a restart too.  What a run has here it has
 * until its row says that it has ended.  One that only observes needs nothing.
 * Loop thread, inside an input.
 */
#define NOC_PENDING_MAX 1000  /* of one rule or flow */
#define NOC_CLOSED_MAX	65536 /* keys of ended runs that are remembered */

struct noc_queue; /* of the part */
struct noc_hold;  /* of a run */

struct noc_queue *noc_queue_open(void);
void noc_queue_close(struct noc_core *core, struct noc_queue *q);
/*
 * 0: it is to be, r->pending says whether it waits; 1: it is run *id, which is
 * there already; ECONFLICT: refused because of run *id; ERESOURCE: too many
 * wait; EINPUT, ENOTFOUND: a name cannot be filled in.
 */
int noc_queue_enter(struct noc_run *r, struct noc_id *id, struct noc_err *err);
/* One that is to be, and is not whole: it does not begin, whatever its turn,
 * until it is let go. */
void noc_queue_hold(struct noc_run *r, char *outcome); /* owned */
void noc_queue_let_go(struct noc_run *r);
/* Its row says that it has ended. */
void noc_queue_leave(struct noc_run *r);
void noc_queue_forget(struct noc_run *r); /* nothing is written */
/* After a restart: what runs have is theirs, what waits waits; then, when all
 * go on, who may begin does. */
void noc_queue_restore(struct noc_core *core, struct noc_run **all, size_t n);
void noc_queue_go_on(struct noc_core *core, struct noc_run **all, size_t n);
bool noc_queue_load(struct noc_core *core, void *part, const char *kind,
		    const char *key, int64_t due_ns,
		    const struct noc_value *data);
void noc_queue_store(struct noc_core *core);
void noc_queue_stats(const struct noc_queue *q, struct noc_value *v);

#endif
