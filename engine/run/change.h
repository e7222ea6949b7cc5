/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_CHANGE_H
#define NOC_ENGINE_RUN_CHANGE_H

#include "engine/run/run_private.h"

/*
 * Did the port change?  Anybody can send a datagram, and a port that was shut
 * long ago is down just as it says.  So for an event that nobody signed the
 * device itself has to show it: ifLastChange against the sysUpTime of the same
 * answer (RFC 2863), by columns that are added to the snmp.get of the target
 * that its flow does anyway; the rule does not see them.  What the first answer
 * says of a port stands for the run, over a restart too: a later one may see
 * what the run itself did.  Loop thread, inside an input.
 */
struct noc_call;

enum noc_change {
	NOC_CHANGE_SHOWN, /* or nothing of the kind is to be shown */
	NOC_CHANGE_OLD,	  /* it has been like that since long before */
	NOC_CHANGE_UNSAID /* not asked, or the device does not say */
};

/* What its later steps may change of the target is asked with this read. */
void noc_change_ask(const struct noc_live *l, const char *target,
		    struct noc_value *params);
/* Takes that out of the answer again and keeps what it says; what was kept
 * now, borrowed, or NULL when nothing was asked. */
const struct noc_value *noc_change_answer(struct noc_run *r, const char *target,
					  const struct noc_value *params,
					  struct noc_value *result);
/* Of every port that this step changes; why: a sentence, unless SHOWN. */
enum noc_change noc_change_judge(const struct noc_run *r,
				 const struct noc_step_def *def,
				 const char *target,
				 const struct noc_value *params, char why[256]);
/* For who stands in for a device: as of one whose ports changed so long ago;
 * negative: that does not say it.  Not if it says it itself. */
void noc_change_stand_in(const struct noc_value *params,
			 struct noc_value *result, int64_t ago_ms);

#endif
