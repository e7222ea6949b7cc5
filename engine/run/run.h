/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_RUN_H
#define NOC_ENGINE_RUN_RUN_H

#include "engine/core/core.h"

/*
 * A run: one plan carried out once for one cause.  States Pending Running
 * Succeeded Failed Cancelled; phase says the rest.  All in memory, every
 * change a row; run_advance is the only way forward, also after a crash.
 */
struct noc_run;
struct noc_fork; /* engine/run/fork.h */

#define NOC_RUN_CALLBACKS_MAX 16
#define NOC_RUN_EXTEND_MAX_MS (30LL * 24 * 3600 * 1000)

struct noc_run_cause {
	struct noc_plan *plan;
	struct noc_rule *rule; /* NULL: schedule, command, pair */
	const char *rule_name;
	const uint8_t *definition; /* of the rule; NULL: the plan's hash */
	struct noc_event *ev;	   /* NULL: command */
	const char *key;
	enum noc_mode mode;
	const struct noc_value *input, *extra;
	const char *actor;    /* "rule", "schedule", "uid 0", ... */
	struct noc_id parent; /* the step of a run that starts it; or zero */
	const struct noc_value *started_by;  /* {run, step}: that; NULL */
	const struct noc_value *forked_from; /* {run, seq, ...}; NULL */
	struct noc_fork *fork;		     /* what it goes on from; NULL */
	const struct noc_value
	    *callback; /* {url, secret}: told its end; NULL */
	/* Of a schedule's: the id is of rule_name and this alone; or 0. */
	int64_t nominal_ns;
	const char *under; /* the rule that holds for it; NULL: its own */
	bool late;
};

/*
 * EVENT (if not yet), RUN_START and the first STEP_START in this input's
 * txn.  The id is derived from the cause: a second start of the same cause
 * returns ECONFLICT and the id.  What its flow says of others beside it may
 * make it Pending, another run's id (0), or refuse it (ECONFLICT and the id of
 * the other; ERESOURCE).  id may be NULL.
 */
int noc_run_start(struct noc_core *core, const struct noc_run_cause *cause,
		  struct noc_id *id, struct noc_err *err);
struct noc_signal {
	const char *name; /* "ack", an event kind, done, retry, fail */
	const char *actor, *why;
	const char *path;	       /* of its step; NULL: it has one */
	const struct noc_value *items; /* keys, those only; NULL: all */
	/* Of one that a wait_for is for: what comes with it, and by what it is
	 * known when it comes again. */
	const struct noc_value *data;
	const char *message;
};
/* Stops escalations waiting for it, decides what waits for people, or is kept
 * for a wait_for: then 1 when it came before. */
/* The decision that it was not started: refused, or an error. */
const char *noc_run_refusal(const struct noc_err *err);
int noc_run_signal(struct noc_core *core, const struct noc_id *id,
		   const struct noc_signal *s, struct noc_err *err);
/* Nothing new begins, and nothing that changes something goes out, until it is
 * resumed; its deadlines run on, but for extend_ms more of its timeout. */
int noc_run_pause(struct noc_core *core, const struct noc_id *id, bool on,
		  const char *actor, const char *why, int64_t extend_ms,
		  struct noc_err *err);
/* The id of the run of a schedule's nominal time: it has one. */
struct noc_id noc_run_of_time(const char *schedule, int64_t nominal_ns);
/* The latest that was started, by whatever. */
struct noc_id noc_run_last(const struct noc_core *core);
/* "Running", or how one of the last 4,096 to end did (static); NULL. */
const char *noc_run_state(const struct noc_core *core, const struct noc_id *id);

#endif
