/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_ATTEMPT_H
#define NOC_ENGINE_RUN_ATTEMPT_H

#include "engine/run/live.h"
#include "engine/run/rows.h"

/*
 * One attempt of a step: its intent, its call, how it ended.  Each leaves the
 * live waiting, or frees it with the step or the run; the caller advances the
 * run.
 * Loop thread, inside an input.
 */

struct noc_attempt {
	struct noc_core *core;
	struct noc_live *live; /* NULL: nobody waits for it any more */
	struct noc_call *call;
	struct noc_attempt *next, **prev; /* of all in the part */
	const struct noc_step_def *def;	  /* while live is set */
	struct noc_id run_id;
	char *step, *target, *breaker_target;
	int number;
	uint64_t generation; /* of the breaker when it went out */
	bool mutates, reads, confirms, probing;
	bool queued; /* its effect has not run yet */
	bool out;    /* the call was started */
	int64_t intent_boot_ns, start_boot_ns;
};

void noc_attempt_begin(struct noc_live *l);
/* Whom a step is about, by its name; returned. */
int noc_attempt_target(const struct noc_lane *lane,
		       const struct noc_step_def *def, char **target,
		       struct noc_err *err);
/* As the inventory calls it; *target is replaced. */
void noc_attempt_name(const struct noc_core *core, char **target);
void noc_attempt_cancel(struct noc_live *l, const char *why);
void noc_attempt_due(struct noc_live *l);
void noc_attempt_close(struct noc_runs *runs); /* all, at the end */
void noc_attempt_free(struct noc_attempt *a);
/* Ended: result owned or failure; a is done with its live. */
void noc_attempt_end(struct noc_attempt *a, struct noc_value *result,
		     struct noc_failure *failure);
void noc_attempt_late(struct noc_attempt *a, const char *outcome);
/* What its probe says of a step in doubt: answered (result owned), failed or
 * not even begun; nothing else ends the doubt, or the run before it. */
void noc_attempt_probed(struct noc_live *l, struct noc_value *result,
			struct noc_step_done *d);
/* A step whose effect may or may not have happened. */
void noc_attempt_in_doubt(struct noc_live *l, struct noc_step_done *d);
void noc_step_retry(struct noc_live *l, struct noc_step_done *d,
		    int64_t delay_ms);
bool noc_step_overdue(struct noc_live *l); /* then it has failed */
bool noc_step_decides(const struct noc_run *r, const char *signal);
void noc_step_decided(struct noc_live *l, const char *signal,
		      const char *actor);

#endif
