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
enum noc_form_result {		 /* what a form says of this event */
		       NOC_PASS, /* go on to the next form */
		       NOC_TAKEN /* held, counted, damped...: decided, stop here
				  */
};

struct noc_candidate { /* one rule, one event, one key */
	struct noc_rule *rule;
	struct noc_event *ev; /* promoted when kept; see noc_core_write_event */
	const char *key;      /* expanded */
	bool late;	      /* fired by an overdue timer */
	bool again;	      /* re-entering after hold or damp reuse */
	int64_t count;	      /* events it stands for */
	const struct noc_value *extra; /* {count, top, elapsed...} */
};

struct noc_correlator_ops {
	const char *name; /* live kind: "hold", "threshold", ... */
	enum noc_form_result (*event)(struct noc_core *core,
				      struct noc_candidate *c);
};

/* All forms for one candidate, from the first or after `from`. */
void noc_correlate(struct noc_core *core, struct noc_candidate *c,
		   const struct noc_correlator_ops *from);
/* An event that may close or cancel something, matched or not. */
void noc_correlate_closing(struct noc_core *core, struct noc_event *ev);

/* The mode this candidate runs in: canary decided by its key. */
enum noc_mode noc_correlate_mode(const struct noc_rule *rule, const char *key);
/* "would have: SET ... (observe)"; false: it is active. */
bool noc_correlate_would(const struct noc_candidate *c, struct noc_strbuf *out);

#endif
