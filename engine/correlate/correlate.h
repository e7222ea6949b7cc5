/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_CORRELATE_H
#define NOC_ENGINE_CORRELATE_CORRELATE_H

#include "engine/core/core.h"

/*
 * What stands between "this rule matched this event" and "act": per rule
 * damp, silence, unless, threshold or throttle, hold, storm, guards, then
 * noc_run_start.  Each form is one file with a struct noc_correlator_ops over
 * keyed, capped, durable states (one live row each).
 */
enum noc_step_on {	     /* what a form says of this event */
		   NOC_PASS, /* go on to the next form */
		   NOC_TAKEN /* held, counted, damped...: decided, stop here */
};

struct noc_candidate { /* one rule, one event, one key */
	struct noc_rule *rule;
	struct noc_event *ev; /* promoted when kept; see noc_core_keep */
	const char *key;      /* expanded */
	bool late;	      /* fired by an overdue timer */
	bool again;	      /* re-entering after hold or damp reuse */
	int64_t count;	      /* events it stands for */
	const struct noc_value *extra; /* {count, top, elapsed...} */
};

struct noc_correlator_ops {
	const char *name; /* live kind: "hold", "threshold", ... */
	enum noc_step_on (*event)(struct noc_core *core,
				  struct noc_candidate *c);
};

/* All forms for one candidate, from the first or after `from`. */
void noc_correlate(struct noc_core *core, struct noc_candidate *c,
		   const struct noc_correlator_ops *from);
/* An event that may close or cancel something, matched or not. */
void noc_correlate_closing(struct noc_core *core, struct noc_event *ev);

/* unless seen{…}: text of the one that holds ("seen(config.change 3s ago)"),
 * or NULL.  Also asked right before each mutating step. */
const char *noc_unless_holds(struct noc_core *core, const struct noc_rule *rule,
			     const struct noc_scope *scope);

/*
 * Runs touching a device cause its events within its settle time (60 s), or
 * until the run has succeeded: then it is verified, and a new fault is new.
 */
void noc_settle_end(struct noc_core *core, const struct noc_id *run);
void noc_settle_touch(struct noc_core *core, const char *device,
		      const struct noc_id *run);

/* Start the rule's run now (the last form has passed). */
void noc_correlate_fire(struct noc_core *core, struct noc_candidate *c);
/*
 * Wall clock at which an event counts for a rule: now, or with time = "event"
 * what its sender says.  A time to come, or of more than a day ago, is taken
 * for a wrong clock: then its arrival.
 */
int64_t noc_correlate_at(const struct noc_core *core,
			 const struct noc_rule *rule,
			 const struct noc_event *ev);
/* By the clock of the rule `ev` was before `than` and only comes late. */
bool noc_correlate_before(const struct noc_core *core,
			  const struct noc_rule *rule,
			  const struct noc_event *ev,
			  const struct noc_event *than);
/* The mode this candidate runs in: canary decided by its key. */
enum noc_mode noc_correlate_mode(const struct noc_rule *rule, const char *key);
/* "would have: SET ... (observe)"; false: it is active. */
bool noc_correlate_would(const struct noc_candidate *c, struct noc_strbuf *out);

#endif
