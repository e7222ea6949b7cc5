/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_POLICY_SETTLE_H
#define NOC_ENGINE_POLICY_SETTLE_H

#include "engine/core/core.h"

/*
 * Settle times: what our own runs touched.  A run that touches a device causes
 * its events within the rule's settle time (60 s), or until the run has
 * succeeded: then it is verified, and a new fault is new.  Loop thread, inside
 * an input.
 */
void noc_settle_touch(struct noc_core *core, const char *device,
		      const struct noc_id *run);
void noc_settle_end(struct noc_core *core, const struct noc_id *run);
/* Still settling for a rule that waits settle_ms: until when, and the run. */
bool noc_settle_until(struct noc_core *core, struct noc_slice device,
		      int64_t settle_ms, int64_t *due_boot_ns,
		      struct noc_id *run);

#endif
