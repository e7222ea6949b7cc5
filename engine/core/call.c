/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/call.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/loop.h"
#include "engine/inventory/inventory.h"
#include "engine/edge/env.h"
#include "engine/core/core.h"
#include "engine/core/due.h"
#include "engine/core/slot.h"

/* ---- the end of a call, delivered later ---- */

struct call_delivery {
	struct noc_call *call;
	struct noc_value *result;
	struct noc_call_error err;
	bool failed;
};

static void
call_release(struct noc_call *call)
{
	noc_slot_free(call->slot);
	if (call->device)
		noc_inventory_unref(call->device->owner);
	noc_value_free(call->params);
	noc_value_free(call->own_context);
	free(call->own_target);
	free(call);
}

/* Nobody hears of it any more; whose call it is frees it. */
static void
delivery_free(void *arg)
{
	struct call_delivery *d = arg;

	d->call->queued = false;
	noc_value_free(d->result);
	free(d);
}

static void
on_deliver(void *arg)
{
	struct call_delivery *d = arg;
	struct noc_call *call = d->call;

	call->queued = false;
	if (call->dropped) {
		noc_value_free(d->result);
		call_release(call);
	} else {
		call->on_done(call, d->result, d->failed ? &d->err : NULL,
			      call->arg);
	}
	free(d);
}

/*
 * Under `nocturne test` there is no loop: the effects of the core are the
 * deferral, in the order of decisions.
 */
void
noc_call_done(struct noc_env *env, struct noc_call *call,
	      struct noc_value *result, const struct noc_call_error *err)
{
	struct call_delivery *d;

	if (NOC_FAILS(!call->ended)) {
		noc_value_free(result);
		return;
	}
	d = noc_calloc(1, sizeof(*d));
	call->ended = true;
	call->queued = true;
	d->call = call;
	d->failed = err != NULL;
	if (err) {
		d->err = *err;
		noc_value_free(result);
	} else {
		d->result = result ? result : noc_value_map();
	}
	if (env->loop) {
		noc_loop_defer(env->loop, on_deliver, d);
	} else if (env->core) {
		noc_core_begin(env->core, noc_core_turn(env->core));
		noc_core_effect(env->core, on_deliver, delivery_free, d);
		noc_core_end(env->core);
	} else { /* an action tested on its own */
		on_deliver(d);
	}
}

struct noc_call *
noc_call_new(const struct noc_action_ops *ops, struct noc_value *params,
	     struct noc_value *context, const char *target)
{
	static uint64_t next_id;
	struct noc_call *call = noc_calloc(1, sizeof(*call));

	call->id = ++next_id;
	call->ops = ops;
	call->params = params;
	call->own_context = context;
	call->context = context;
	call->own_target = noc_strdup(target ? target : "");
	call->target = call->own_target;
	return call;
}

void
noc_call_aim(struct noc_call *call, const struct noc_inventory *inv)
{
	if (inv)
		call->device =
		    noc_inventory_by_name(inv, noc_slice_str(call->target));
	if (call->device)
		noc_inventory_ref(call->device->owner);
}

void
noc_call_free(struct noc_call *call)
{
	if (!call)
		return;
	if (call->queued)
		call->dropped = true;
	else
		call_release(call);
}

/* ---- calls without a run ---- */

struct call_poll {
	struct noc_env *env;
	struct noc_call *call;
	struct noc_due due;
	bool out;
	void (*on_done)(struct noc_call *, struct noc_value *,
			const struct noc_call_error *, void *);
	void *arg;
};

static void
on_poll_done(struct noc_call *call, struct noc_value *result,
	     const struct noc_call_error *err, void *arg)
{
	struct call_poll *poll = arg;

	noc_due_disarm(poll->env->core, &poll->due);
	poll->on_done(call, result, err, poll->arg);
	noc_call_free(call);
	free(poll);
}

static void
on_poll_due(struct noc_due *due, struct noc_core *core)
{
	struct call_poll *poll =
	    (struct call_poll *)((char *)due - offsetof(struct call_poll, due));
	const struct noc_host *host = noc_core_host(core);
	struct noc_call_error err;

	if (poll->call->ended)
		return; /* its result is on its way */
	host->cancel(poll->call, host->arg);
	noc_call_error_set(&err, "timeout", "device", "timeout",
			   "no answer within %lld ms",
			   (long long)poll->call->timeout_ms);
	noc_call_done(poll->env, poll->call, NULL, &err);
}

static int
poll_go(struct call_poll *poll, struct noc_err *err)
{
	struct noc_core *core = poll->env->core;
	const struct noc_host *host = noc_core_host(core);
	int rc;

	poll->out = true;
	noc_due_arm(core, &poll->due,
		    noc_core_turn(core).boot_ns +
			poll->call->timeout_ms * NOC_NS_PER_MS);
	rc = host->call(poll->call, err, host->arg);
	if (rc < 0) {
		poll->out = false;
		noc_due_disarm(core, &poll->due);
	}
	return rc;
}

static void
on_poll_turn(void *arg)
{
	struct call_poll *poll = arg;
	struct noc_call_error e;
	struct noc_err err = { 0 };

	if (poll_go(poll, &err) == 0)
		return;
	noc_call_error_set(&e, noc_class_of_kind(err.kind), "nocturne",
			   noc_kind_name(err.kind), "%s", err.msg);
	noc_call_done(poll->env, poll->call, NULL, &e);
}

struct noc_call *
noc_call_start(struct noc_env *env, const char *action,
	       struct noc_value *params, const char *target, int64_t timeout_ms,
	       void (*on_done)(struct noc_call *, struct noc_value *,
			       const struct noc_call_error *, void *),
	       void *arg, struct noc_err *err)
{
	const struct noc_action_ops *ops = noc_action_find(action);
	struct noc_slot_want want = { .ops = ops, .on_turn = on_poll_turn };
	struct noc_call *call;
	struct call_poll *poll;

	if (!ops || (ops->flags & NOC_ACTION_CORE)) {
		noc_value_free(params);
		noc_err_set(err, NOC_ENOTFOUND,
			    "There is no action '%s' to call.", action);
		return NULL;
	}
	call = noc_call_new(ops, params, NULL, target);
	call->timeout_ms = timeout_ms;
	noc_call_aim(call, noc_core_inv(env->core));
	snprintf(call->token, sizeof(call->token), "poll/%llu",
		 (unsigned long long)call->id);
	poll = noc_calloc(1, sizeof(*poll));
	poll->env = env;
	poll->call = call;
	poll->on_done = on_done;
	poll->arg = arg;
	poll->due.on_due = on_poll_due;
	call->on_done = on_poll_done;
	call->arg = poll;
	want.params = call->params;
	want.target = call->target;
	want.arg = poll;
	if (noc_slot_take(env->core, &want, &call->slot) &&
	    poll_go(poll, err) < 0) {
		noc_call_free(call);
		free(poll);
		return NULL;
	}
	return call;
}

void
noc_call_cancel(struct noc_env *env, struct noc_call *call)
{
	const struct noc_host *host = noc_core_host(env->core);
	struct call_poll *poll = call->arg;

	noc_due_disarm(env->core, &poll->due);
	if (poll->out && !call->ended)
		host->cancel(call, host->arg);
	noc_call_free(call);
	free(poll);
}
