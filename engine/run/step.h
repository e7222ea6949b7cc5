/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_STEP_H
#define NOC_ENGINE_RUN_STEP_H

#include "engine/run/runner.h"

/*
 * The step at hand of a run: begun, attempted, judged, ended.  Each of these
 * leaves the run waiting, at its next step, or ended; the caller then advances
 * and settles it.  For run*.c, step*.c, attempt.c, verify.c, escalate.c,
 * resume.c only.  Loop thread, inside an input.
 */
struct noc_step_done { /* STEP_DONE and its row */
	const struct noc_step_def *def;
	const char *state;   /* of the row */
	const char *outcome; /* ok, failed, would have: ..., late, ... */
	const char *target;
	const struct noc_value *params, *output;
	const struct noc_failure *failure;
	int64_t due_ns, took_ms;
};
void noc_step_write_start(struct noc_run *r, const struct noc_step_def *def,
			  const char *target, const struct noc_value *params);
void noc_step_write_done(struct noc_run *r, const struct noc_step_done *d);
struct noc_value *noc_failure_value(const struct noc_failure *f);

/* ---- step.c ---- */
void noc_step_begin(struct noc_run *r);
void noc_step_wake(struct noc_run *r); /* a sleep is over */
/* fn counts from 1 (0: none); result's members are bare names. */
bool noc_step_holds(struct noc_run *r, const struct noc_where *where, int fn,
		    const struct noc_value *result, struct noc_strbuf *why,
		    struct noc_err *err);
void noc_step_succeed(struct noc_run *r, struct noc_value *output, /* owned */
		      struct noc_step_done *d);
void noc_step_fail(struct noc_run *r, struct noc_step_done *d);
void noc_step_skip(struct noc_run *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Not done but written down: "would have: ..."; the run goes on. */
void noc_step_withhold(struct noc_run *r, struct noc_step_done *d);
void noc_failure_set(struct noc_failure *f, const char *class,
		     const char *block, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- step_core.c: what the core does itself ---- */
void noc_step_core(struct noc_run *r, const struct noc_step_def *def);
bool noc_step_is_core(const struct noc_step_def *def);
void noc_step_emit(struct noc_run *r, const struct noc_step_def *def);

/* ---- attempt.c, attempt_end.c ---- */
struct noc_attempt {
	struct noc_core *core;
	struct noc_run *run; /* NULL: nobody waits for it any more */
	struct noc_call *call;
	struct noc_attempt *next, **prev; /* of all in the part */
	const struct noc_step_def *def;	  /* while run is set */
	struct noc_id run_id;
	char *step, *target, *breaker_target;
	int number;
	uint64_t generation; /* of the breaker when it went out */
	bool mutates, reads, confirms, probing, uses_breaker;
	bool queued; /* its effect has not run yet */
	bool out;    /* the call was started */
	int64_t intent_boot_ns, start_boot_ns;
};
void noc_attempt_begin(struct noc_run *r);
void noc_attempt_cancel(struct noc_run *r, const char *why);
void noc_attempt_due(struct noc_run *r);
void noc_attempt_close(struct noc_runs *runs); /* all, at the end */
void noc_attempt_free(struct noc_attempt *a);
/* Ended: result owned or failure; a is done with the run. */
void noc_attempt_end(struct noc_attempt *a, struct noc_value *result,
		     struct noc_failure *failure);
void noc_attempt_late(struct noc_attempt *a, const char *outcome);
/* A step whose effect may or may not have happened. */
void noc_attempt_in_doubt(struct noc_run *r, struct noc_step_done *d);
void noc_step_retry(struct noc_run *r, struct noc_step_done *d,
		    int64_t delay_ms);
bool noc_step_overdue(struct noc_run *r); /* then it has failed */
bool noc_step_decides(const struct noc_run *r, const char *signal);
void noc_step_decided(struct noc_run *r, const char *signal, const char *actor);

/* ---- clearance.c: may it be done right now? ---- */
enum noc_clearance {
	NOC_CLEAR,
	NOC_CLEAR_PAUSE, /* the kill switch: wait */
	NOC_CLEAR_STOP,	 /* leave it alone, the run is over; why */
	NOC_CLEAR_FAIL	 /* refused; failure */
};
enum noc_clearance noc_step_clearance(struct noc_run *r,
				      const struct noc_step_def *def,
				      const char *target,
				      struct noc_failure *failure);
bool noc_run_untrusted(const struct noc_run *r);
/* The device, host or program that a breaker stands for; returned. */
char *noc_breaker_target(const struct noc_value *params, const char *target);

/* ---- verify.c ---- */
void noc_verify_result(struct noc_run *r, struct noc_value *result, /* owned */
		       struct noc_step_done *d);

/* ---- escalate.c ---- */
void noc_escalate_begin(struct noc_run *r, const struct noc_escalation *def,
			bool on_fail);
void noc_escalate_due(struct noc_run *r);
bool noc_escalate_stops(const struct noc_run *r, const char *signal);
void noc_escalate_stop(struct noc_run *r, const char *why);
/* One all-clear to everybody told; the escalation is over, not the run. */
void noc_escalate_clear(struct noc_run *r, const char *why);
/* stop_on kinds are counted, so that most events cost one look. */
void noc_escalate_watch(struct noc_run *r, bool on);

#endif
