/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_BREAKER_H
#define NOC_ENGINE_RUN_BREAKER_H

#include "engine/core/core.h"

/*
 * Circuit breakers: may a call to this action and target go out?  Keyed by the
 * action's family (up to its first dot) and target, and by the family alone.
 * Loop thread, inside an input.
 */
enum noc_breaker_state {
	NOC_BREAKER_CLOSED,
	NOC_BREAKER_OPEN,
	NOC_BREAKER_HALF_OPEN,
	NOC_BREAKER_FORCED_OPEN,
	NOC_BREAKER_DISABLED
};

/* False: *why says why not.  *generation goes to noc_breaker_result. */
bool noc_breaker_allows(struct noc_core *core, const char *action,
			const char *target, int64_t lease_ms,
			uint64_t *generation, char why[128]);
/* When it may be asked again; steady. */
int64_t noc_breaker_until(struct noc_core *core, const char *action,
			  const char *target);
/* vouched: who caused the call is authenticated (noc_run_untrusted). */
struct noc_breaker_result {
	bool ok, slow, vouched;
};
void noc_breaker_result(struct noc_core *core, const char *action,
			const char *target, uint64_t generation,
			const struct noc_breaker_result *result);

#endif
