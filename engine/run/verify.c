/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/verify.h"

#include <stdlib.h>
#include <string.h>

#include "engine/run/judge.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"

/*
 * verify: read until `expect` holds and has stayed so for `stable`, or
 * `within` ends.  A read without an answer is a read that does not hold; a
 * refusal ends it at once.  Its times are steady in the run row, so
 * that a restart goes on where it was.
 */

static void
verify_fail(struct noc_live *l, struct noc_step_done *d, const char *why)
{
	struct noc_failure f;

	noc_failure_set(&f, "timeout", "verify", "verify",
			"not as expected within %lld s (%d reads): %s",
			(long long)(d->def->within_ms / 1000), l->reads, why);
	d->failure = &f;
	noc_step_fail(l, d);
}

/* When to read next: at `every`, but in time for `stable` and `within`. */
static void
verify_wait(struct noc_live *l, const struct noc_step_def *def, int64_t end)
{
	int64_t now = noc_steady_now(l->run->core);
	int64_t next = noc_ns_after(now, def->every_ms);
	int64_t settled = noc_ns_after(l->more->ok_since_ns, def->stable_ms);

	if (l->more->ok_since_ns && settled < next)
		next = settled;
	if (next > end)
		next = end;
	noc_live_wait(l, NOC_WAIT_VERIFY, "verifying", next);
}

/* wait_for: what is waited for will not come any more. */
static bool
verify_given_up(struct noc_live *l, const struct noc_value *result,
		struct noc_err *err)
{
	const struct noc_step_def *def = noc_live_step(l);

	return (def->fail_if || def->fail_if_fn) &&
	       noc_step_holds(l, def->fail_if, def->fail_if_fn, result, NULL,
			      err);
}

void
noc_verify_result(struct noc_live *l, struct noc_value *result,
		  struct noc_step_done *d)
{
	const struct noc_step_def *def = d->def;
	int64_t now = noc_steady_now(l->run->core);
	int64_t end = noc_ns_after(l->step_ns, def->within_ms);
	struct noc_strbuf why = NOC_STRBUF_INIT;
	struct noc_err err = { 0 };
	struct noc_failure f;
	bool ok = false;

	l->reads++;
	noc_live_touch(l);
	if (d->failure) {
		noc_strbuf_adds(&why, d->failure->message);
	} else if (verify_given_up(l, result, &err)) {
		noc_judge_named(def, result, &f);
		d->failure = &f;
	} else if (err.kind == NOC_OK) {
		ok = noc_step_holds(l, def->expect, def->expect_fn, result,
				    &why, &err);
	}
	if (err.kind != NOC_OK) {
		noc_failure_set(&f, "permanent", "rule", "function", "%s",
				err.msg);
		d->failure = &f;
		noc_step_fail(l, d);
		goto out;
	}
	if (ok && !l->more->ok_since_ns)
		NOC_LIVE_SET(l, ok_since_ns, now);
	else if (!ok)
		NOC_LIVE_SET(l, ok_since_ns, 0);
	if (ok && now >= noc_ns_after(l->more->ok_since_ns, def->stable_ms)) {
		noc_step_succeed(l, result, d);
		result = NULL;
	} else if (d->failure && !strcmp(d->failure->class, "permanent")) {
		noc_step_fail(l, d);
	} else if (now >= end) {
		verify_fail(l, d,
			    ok	    ? "it has not held long enough"
			    : why.p ? why.p
				    : "expect does not hold");
	} else {
		verify_wait(l, def, end);
	}
out:
	noc_value_free(result);
	noc_strbuf_release(&why);
}
