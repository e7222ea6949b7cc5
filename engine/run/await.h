/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_AWAIT_H
#define NOC_ENGINE_RUN_AWAIT_H

#include "base/table.h"
#include "engine/run/live.h"

/*
 * What waits for an event, a signal or a change window.  An event finds those
 * that wait for it by its kind and by the first text that their `where` asks
 * for, never by going through the runs.  Loop thread, inside an input.
 */
struct noc_await; /* of a live: the event it waits for, or is withdrawn by */
struct noc_runs;

struct noc_awaits {
	struct noc_table kinds; /* kind -> struct await_kind */
	uint64_t looked;	/* that were compared with an event, ever */
};

void noc_await_begin(struct noc_live *l, const struct noc_step_def *def);
/* Its window may be open, or its time is up. */
void noc_await_due(struct noc_live *l);
/* After a restart; v is what noc_await_store gave. */
void noc_await_go_on(struct noc_live *l);
struct noc_value *noc_await_store(const struct noc_await *a);
void noc_await_load(struct noc_live *l, const struct noc_value *v);
void noc_await_free(struct noc_live *l);

struct noc_await_def;
/* An event by which this live is withdrawn; ENOTFOUND, EINPUT, ECONFIG. */
int noc_await_listen(struct noc_live *l, const struct noc_await_def *def,
		     struct noc_err *err);
/* Is it trusted enough for this run? */
bool noc_await_trusts(const struct noc_run *r, const struct noc_await_def *def,
		      const struct noc_event *ev);

/* An event came. */
void noc_await_event(struct noc_core *core, struct noc_event *ev);
/* A signal of this name came for the run: who waits for it first has it. */
void noc_await_signal(struct noc_run *r, const char *name);
void noc_awaits_release(struct noc_awaits *awaits);

#endif
