/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_CALL_H
#define NOC_ENGINE_CORE_CALL_H

#include "engine/edge/action.h"

/*
 * A call: one attempt of one action, started when its intent is durable and
 * ended exactly once by noc_call_done.  Loop thread.
 */
struct noc_inventory;

/* For runs and notices: params and context owned; not started. */
struct noc_call *noc_call_new(const struct noc_action_ops *ops,
			      struct noc_value *params,
			      struct noc_value *context, const char *target);
/* Finds the target's device; keeps its inventory while the call lives. */
void noc_call_aim(struct noc_call *call, const struct noc_inventory *inv);
/* Frees now, or when its queued result has been delivered to nobody. */
void noc_call_free(struct noc_call *call);

/*
 * From an action: on_done runs at the end of the turn.  result owned; err is
 * copied, NULL on success.  A second call for the same call is our bug,
 * counted.
 */
void noc_call_done(struct noc_env *env, struct noc_call *call,
		   struct noc_value *result, const struct noc_call_error *err);

/*
 * Polls and enrichment use an action by name without a run: params (an AST
 * node, expanded) owned, on_done of the call with `arg`, a timeout included,
 * which begins when it goes out: it may wait for a slot before.
 * Returns the call, which is freed when on_done returns or by
 * noc_call_cancel; or NULL with err, and on_done is not called.
 */
struct noc_call *
noc_call_start(struct noc_env *env, const char *action,
	       struct noc_value *params, const char *target, int64_t timeout_ms,
	       void (*on_done)(struct noc_call *, struct noc_value *,
			       const struct noc_call_error *, void *),
	       void *arg, struct noc_err *err);
/* on_done will not be called. */
void noc_call_cancel(struct noc_env *env, struct noc_call *call);

#endif
