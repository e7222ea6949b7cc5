/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_RETRY_H
#define NOC_ENGINE_FLOW_RETRY_H

#include "base/id.h"
#include "engine/flow/plan.h"

/* When to try again: a pure function of policy, run, step and attempt. */

/* Worth trying again? */
bool noc_retry_class(const char *class);
/* Delay before attempt + 1: full jitter, the same for the same run, step and
 * attempt; never less than retry_after_ms. */
int64_t noc_retry_delay_ms(const struct noc_retry_policy *p,
			   const struct noc_id *run, const char *step,
			   int attempt, int64_t retry_after_ms);

#endif
