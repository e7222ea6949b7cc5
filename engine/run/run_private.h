/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_RUN_PRIVATE_H
#define NOC_ENGINE_RUN_RUN_PRIVATE_H

#include "base/fair.h"
#include "engine/core/due.h"
#include "engine/run/run.h"

/*
 * The inside of a run.  A run moves when something that one of its lives waits
 * for happens; noc_run_advance (runner.h) then goes on until it waits again or
 * has ended, and writes its row once.  Loop thread, inside an input.
 */

/* How far a run is; one after the other, what is not said is passed over. */
enum noc_stage {
	NOC_STAGE_BODY,
	NOC_STAGE_UNDO,
	NOC_STAGE_ON_FAIL,
	NOC_STAGE_FINALLY,
	NOC_STAGE_END
};

/* Why a step ended badly; texts owned. */
struct noc_failure {
	const char *class; /* static, as in struct noc_call_error */
	char block[32], code[48], message[256];
	int64_t retry_after_ms;
	bool critical; /* a `fail` says so */
};

#define NOC_SLICE 256 /* items begun, or steps called off, in one input */

#define NOC_PHASES 12 /* engine/run/live.h */

struct noc_blast; /* engine/run/blast.h */
struct noc_hold;  /* engine/run/queue.h */
struct noc_lane;  /* engine/run/lane.h */
struct noc_live;  /* engine/run/live.h */
struct noc_runs;  /* engine/run/runner.h */

struct noc_run {
	struct noc_core *core;
	struct noc_id id;
	char text[NOC_ID_TEXT];
	struct noc_plan *plan; /* ref */
	uint8_t tree[32];      /* hash of the rules it calls; or zero */
	struct noc_event *ev;  /* ref or NULL */
	char *rule, *key, *device, *actor, *outcome;
	const char *state, *phase; /* static */
	enum noc_mode mode;	   /* never CANARY: decided at the start */
	bool late, dirty, ended;
	bool placed;	 /* in runs->about */
	bool first;	 /* its row is of the first version */
	bool unsure;	 /* it is from a damaged database */
	bool unread;	 /* a row of it could not be read: only fail ends it */
	bool frozen;	 /* and so nothing of what stands beside goes on */
	bool lacks_code; /* BLOCKED until its functions are there again */
	int64_t started_ns, ended_ns; /* wall clock, for people */
	int64_t began_ns, took_ns;    /* steady, as all that follow */

	/* What resume needs but for the event, kept current by noc_run_store;
	 * holds "input" and "extra". */
	struct noc_value *json;
	struct noc_value *info;	 /* noc_run_info, while it moves */
	struct noc_value *extra; /* the same of what is plain */
	uint8_t salt[16];	 /* of the commitment to what it was given */
	bool salted, plain;	 /* it has one; its "extra" is its rule alone */
	struct noc_value *error, *confirmed; /* maps, or NULL */
	struct noc_value *changed; /* engine/run/change.h: target -> rows */

	struct noc_lane *root; /* its own steps; owned */
	struct noc_lane
	    *closing;		/* those of on_fail or finally, at their time */
	struct noc_lane **todo; /* lanes to go through, NULL: left; or NULL */
	size_t todo_at, todo_n, todo_cap;
	struct noc_live *lives, **lives_end; /* begun and not ended */
	uint32_t phases[NOC_PHASES]; /* of these, by what they say of it */
	struct noc_live *touched;    /* whose rows may have to be written */
	enum noc_stage stage;
	int64_t stage_ns;    /* when on_fail or finally began */
	const char *verdict; /* static: the state that it ends in; NULL: open */
	bool pending;	     /* it has not begun: engine/run/queue.h */
	bool copying;	     /* nor can it: not all of a fork is copied */
	struct noc_blast *blast; /* what it changed; NULL: nothing yet */
	struct noc_hold *hold;	 /* what it has of limits and locks; or NULL */
	bool paused;		 /* by people: nothing new begins */
	int64_t order;		 /* of its undoable steps, the last given */
	struct undo_job *jobs;	 /* engine/run/undo.c; under way */
	size_t items;		 /* of its fan-outs together */
	size_t slice;		 /* of these, begun or called off in this
				    input */
	bool undo_asked;	 /* by who cancelled it */
	bool undo_over;		 /* its time is: nothing more is undone */
	bool undo_failed;	 /* something stays changed */
	struct noc_due limit;	 /* the whole run's timeout */
	int64_t kept_boot_ns;	 /* keep_one_up: its first read was answered; 0:
				    not known, as after a restart */
	struct noc_fair_seat look; /* while it is one of runs->looks */
	bool counted;		   /* by its rule's guards, as one that acts */
	int retries, recoveries;
	int restarts;	/* tries because the daemon died: they cost it none */
	size_t at;	/* noc_run_next, as its row has it */
	bool recovered; /* this start is one of them */
	bool would;	/* by its mode something was left undone */
	struct noc_run *about, *about_prev; /* with an event of this device */
	struct noc_value *stays;	    /* cancel.h: map of paths; NULL */
	size_t stays_more;
	struct noc_due grace; /* of a cancelled run's calls */
	int64_t extend_ms;    /* of its timeout, by people */
	struct noc_run *next_dead;
};

struct noc_run *noc_run_find(const struct noc_core *core,
			     const struct noc_id *id);
/* A list of all now, returned. */
struct noc_run **noc_run_all(const struct noc_runs *runs, size_t *n);
struct noc_run *noc_run_new(struct noc_core *core, const struct noc_id *id);
/* It has its event and plan. */
void noc_run_look(struct noc_run *r);
void noc_run_free(struct noc_run *r);
void noc_run_bury(struct noc_runs *runs); /* free those that ended */
void noc_run_end(struct noc_run *r, const char *state, const char *outcome);
/* This step of it failed, and so did the run: on_fail actions, escalation, or
 * the end. */
void noc_run_fail(struct noc_run *r);
void noc_run_scope(struct noc_run *r, struct noc_scope *scope);
/* What "{run.id}" and others say of it; borrowed until its row is written. */
const struct noc_value *noc_run_info(struct noc_run *r);
/* The same of a struct noc_run, with "items": the items of all its eaches that
 * have ended, by key. */
const struct noc_value *noc_run_items(void *run);
/* As it is in force, else of the rules that the run calls; NULL. */
struct noc_rule *noc_run_rule(const struct noc_run *r, const char *name);
/* The rule that it goes back to, whose `unless` holds for it; NULL: none. */
const char *noc_run_under(const struct noc_run *r);
void noc_run_set_plan(struct noc_run *r, struct noc_plan *plan); /* ref owned */
/* "RULE DEVICE", as a notice begins; in buf. */
const char *noc_run_title(const struct noc_run *r, char *buf, size_t size);
/* Start a flow by name; mode from the caller. */
int noc_run_start_flow(struct noc_core *core, const char *flow,
		       const struct noc_run_cause *cause, struct noc_id *id,
		       struct noc_err *err);

#endif
