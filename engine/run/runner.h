/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_RUNNER_H
#define NOC_ENGINE_RUN_RUNNER_H

#include "base/fair.h"
#include "base/table.h"
#include "engine/run/await.h"
#include "engine/run/ended.h"
#include "engine/run/run_private.h"
#include "engine/run/stops.h"

/*
 * The part that has all runs, and the one way forward of each.  Loop thread,
 * inside an input.
 */
#define NOC_STARTS_MAX 8 /* flows that start flows, one in the other */

struct noc_runs {
	struct noc_core *core;
	struct noc_id last;	  /* started */
	struct noc_table by_id;	  /* 16 bytes -> run */
	struct noc_table plans;	  /* 32 bytes -> (void *)1: definition stored */
	struct noc_table reads;	  /* target -> int64_t: next free turn */
	struct noc_ended ended;	  /* so that none starts twice */
	unsigned starting;	  /* flows that are being started right now */
	struct noc_table causes;  /* text -> struct noc_cause */
	struct noc_queue *queue;  /* engine/run/queue.h */
	struct noc_stops stops;	  /* which escalations an event may end */
	struct noc_awaits awaits; /* and which waits */
	struct noc_table mail;	  /* 16 bytes -> struct mailbox */
	struct noc_table about;	  /* device of its event -> first run */
	struct noc_gate *gates, **gates_end; /* open; the oldest first */
	size_t ngates;
	uint64_t decided, signalled; /* words of people; kept for wait_fors */
	struct noc_source *source;   /* of emitted events */
	struct noc_ruleset **code;   /* engine/run/code.c */
	size_t ncode, code_cap;
	/* May a run of this rule, whose event nobody signed, change something
	 * now?  Counts it; NULL: it may; else why not, till the next call.
	 * Who guards rules sets it. */
	const char *(*guard)(struct noc_core *core, struct noc_rule *rule,
			     struct noc_event *ev, const char *key);
	struct noc_fair
	    looks; /* runs that act for nobody who signs, by sender */
	struct noc_table *events; /* id of its event -> run; NULL: not made */
	uint64_t looked;	  /* runs gone through to make it */
	struct noc_table lost;	  /* by the hash of the tree: int64_t, owned */
	struct noc_run *dead;
	struct noc_fork *forks; /* that are being made */
	struct noc_attempt *attempts;
	uint64_t started, forked, succeeded, failed, cancelled, late, retried;
	uint64_t unshown; /* changes that clearance_confirmed refused */
};

struct noc_runs *noc_runs_of(const struct noc_core *core);
/* As far as it goes, until it waits or has ended; and its row is written. */
void noc_run_advance(struct noc_run *r);
/* Its timeout is over: it has failed then, but for what a person was asked. */
bool noc_run_overdue(struct noc_run *r);
/* From now on it ends at its timeout, whatever it waits for. */
void noc_run_limit(struct noc_run *r);
/* ns until this run may read the target for an unauthenticated cause. */
int64_t noc_run_read_turn(struct noc_core *core, const char *target);

#endif
