/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_STEP_H
#define NOC_ENGINE_RUN_STEP_H

#include "engine/expr/where_test.h"
#include "engine/run/live.h"
#include "engine/run/rows.h"

/*
 * One step of a run: begun, judged, ended.  Each of these leaves its live
 * waiting, or frees it with the step or the run; the caller then advances the
 * run.  Loop thread, inside an input.
 */
void noc_step_begin(struct noc_lane *lane, size_t node);
/* Its live, when its `when` holds; NULL: it is skipped, or has failed. */
struct noc_live *noc_step_enter(struct noc_lane *lane, size_t node);
/* Has it attempts, each a call? */
bool noc_step_calls(const struct noc_step_def *def);
/* Of a stop or fail, expanded; returned. */
char *noc_step_reason(const struct noc_lane *lane,
		      const struct noc_step_def *def);
void noc_step_wake(struct noc_live *l); /* a sleep is over */
/* fn: path of a function, or NULL; result's members are bare names. */
bool noc_step_holds(struct noc_live *l, const struct noc_where *where,
		    const char *fn, const struct noc_value *result,
		    struct noc_strbuf *why, struct noc_err *err);
void noc_step_do(struct noc_live *l); /* what it is, now */
void noc_step_succeed(struct noc_live *l, struct noc_value *output, /* owned */
		      struct noc_step_done *d);
/* The same with what d says, its place in the steps being set. */
void noc_step_succeed_whole(struct noc_live *l, struct noc_step_done *d);
void noc_step_fail(struct noc_live *l, struct noc_step_done *d);
void noc_step_skip(struct noc_live *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* It was not to be, and its lane ends here, well. */
void noc_step_stopped(struct noc_live *l, const char *why);
/* Not done but written down: "would have: ..."; the run goes on. */
void noc_step_withhold(struct noc_live *l, struct noc_step_done *d);
/* By its definition somebody else has failed than who was called. */
void noc_failure_blame(struct noc_failure *f, const struct noc_step_def *def);
void noc_failure_set(struct noc_failure *f, const char *class,
		     const char *block, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
