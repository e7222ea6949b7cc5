/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_CLEARANCE_H
#define NOC_ENGINE_RUN_CLEARANCE_H

#include "engine/run/lane.h"

/* May a step be done right now, as filled in by params?  Asked before its
 * intent is written and once more before its call goes out.  Loop thread,
 * inside an input. */

enum noc_clearance {
	NOC_CLEAR,
	NOC_CLEAR_PAUSE, /* the kill switch: wait */
	NOC_CLEAR_STOP,	 /* leave it alone, the run is over; why */
	NOC_CLEAR_FAIL	 /* refused; failure */
};

enum noc_clearance noc_step_clearance(const struct noc_lane *lane,
				      const struct noc_step_def *def,
				      const char *target,
				      const struct noc_value *params,
				      struct noc_failure *failure);
/* Nobody has confirmed what it was started for. */
bool noc_run_untrusted(const struct noc_run *r);
/* The device, host or program that a breaker stands for; returned. */
char *noc_breaker_target(const struct noc_value *params, const char *target);

#endif
