/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/clearance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/policy/override.h"
#include "engine/memory/unless.h"
#include "engine/run/blast.h"
#include "engine/run/cause.h"
#include "engine/run/change.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"

/*
 * Asked of a mutating step twice: before its intent in observe mode, and
 * always when the intent is durable, right before the call goes out.
 */

#define KEPT_NS (30 * NOC_NS_PER_S) /* a read of keep_one_up holds */

bool
noc_run_untrusted(const struct noc_run *r)
{
	return r->ev && r->ev->trust < NOC_TRUST_HIGH;
}

/* A web service is no device that could be read first (as in the lint). */
static bool
clearance_is_device(const struct noc_step_def *def)
{
	return def->target || strncmp(def->action, "http.", 5) != 0;
}

/*
 * The reads took long, or it was paused, tried again or resumed since the
 * first of them: the last port may be gone by now.
 */
static bool
clearance_is_old(const struct noc_run *r)
{
	return !r->kept_boot_ns ||
	       noc_core_time(r->core).boot_ns - r->kept_boot_ns > KEPT_NS;
}

/*
 * Nobody signed what it was started for: the target itself must have said
 * something in this run, and of a port that it changed.
 */
static enum noc_clearance
clearance_confirmed(struct noc_run *r, const struct noc_step_def *def,
		    const char *target, const struct noc_value *params,
		    struct noc_failure *failure)
{
	enum noc_change change;
	char why[256];

	if (!noc_run_untrusted(r) || !clearance_is_device(def))
		return NOC_CLEAR;
	if (!noc_value_get(r->confirmed, target)) {
		noc_runs_of(r->core)->unshown++;
		noc_failure_set(failure, "permanent", "guard", "unconfirmed",
				"not confirmed by a read of %s in this run, "
				"and the event is not authenticated%s",
				target,
				noc_value_get(r->json, "forked_from")
				    ? ": fork from the step that reads"
				    : "");
		return NOC_CLEAR_FAIL;
	}
	change = noc_change_judge(r, def, target, params, why);
	if (change == NOC_CHANGE_SHOWN)
		return NOC_CLEAR;
	noc_runs_of(r->core)->unshown++;
	/* Its own device says that the event is no news. */
	if (change == NOC_CHANGE_OLD &&
	    noc_slice_eq(r->ev->device, noc_slice_str(target))) {
		noc_failure_set(failure, "permanent", "guard", "unchanged",
				"left alone, the event is not authenticated: "
				"%s",
				why);
		noc_cause_tell(r->core, r->ev, r->mode, &r->id,
			       "%s left %s alone: a %s that nobody signed "
			       "(from %.*s) says that it changed, and it did "
			       "not",
			       r->rule, r->key, r->ev->kind,
			       (int)r->ev->origin.len, r->ev->origin.p);
		return NOC_CLEAR_STOP;
	}
	noc_failure_set(failure, "permanent", "guard", "unchanged",
			"the event is not authenticated, and nothing shows "
			"that it changed: %s",
			why);
	return NOC_CLEAR_FAIL;
}

/* It counts as acting now, once: there may be too many that do. */
static enum noc_clearance
clearance_guarded(struct noc_run *r, struct noc_rule *rule,
		  struct noc_failure *failure)
{
	const char *why;

	if (!rule || !rule->acting || r->counted || !noc_run_untrusted(r))
		return NOC_CLEAR;
	why = noc_runs_of(r->core)->guard(r->core, rule, r->ev, r->key);
	if (why) {
		noc_failure_set(failure, "permanent", "guard", "guarded",
				"left alone, guarded: %s", why);
		return NOC_CLEAR_STOP;
	}
	r->counted = true;
	r->dirty = true;
	return NOC_CLEAR;
}

enum noc_clearance
noc_step_clearance(const struct noc_lane *lane, const struct noc_step_def *def,
		   const char *target, const struct noc_value *params,
		   struct noc_failure *failure)
{
	struct noc_run *r = lane->run;
	const struct noc_event *by = NULL;
	const char *under = noc_run_under(r), *id;
	struct noc_rule *rule = under ? noc_run_rule(r, under) : NULL;
	enum noc_clearance c;
	char *unless;
	struct noc_scope scope;

	if (!def->mutates)
		return NOC_CLEAR;
	if (noc_override_killed(r->core))
		return NOC_CLEAR_PAUSE;
	id = noc_override_frozen(r->core, r->ev, target);
	if (id) {
		noc_failure_set(failure, "permanent", "freeze", "frozen",
				"freeze %s is in force: %s is not changed", id,
				target);
		return NOC_CLEAR_FAIL;
	}
	if (under && !rule) {
		noc_failure_set(failure, "permanent", "rule", "gone",
				"rule %s is not in the rules any more, so "
				"its `unless` cannot be asked",
				under);
		return NOC_CLEAR_FAIL;
	}
	noc_lane_scope(lane, &scope);
	unless = rule && !def->takes_back && !noc_lane_takes_back(lane)
		     ? noc_unless_holds(r->core, rule, &scope, &by)
		     : NULL;
	if (unless) {
		noc_cause_unsigned(r->core, r->rule, by, r->mode, &r->id);
		noc_failure_set(failure, "permanent", "rule", "unless",
				"left alone: unless %s", unless);
		free(unless);
		return NOC_CLEAR_STOP;
	}
	if (def->group_read && clearance_is_old(r)) {
		noc_failure_set(failure, "dependency_unavailable", "guard",
				"keep_one_up",
				"keep_one_up: what it read is older than %d s, "
				"or from before a restart: %s is not changed",
				(int)(KEPT_NS / NOC_NS_PER_S), target);
		return NOC_CLEAR_FAIL;
	}
	c = clearance_confirmed(r, def, target, params, failure);
	/* One about many asks for all of them: engine/run/targets.h. */
	if (c == NOC_CLEAR && (!def->targets || def->target) &&
	    !noc_blast_allows(r, target, failure))
		return NOC_CLEAR_FAIL;
	return c == NOC_CLEAR ? clearance_guarded(r, rule, failure) : c;
}

/* "https://user@host:8443/x" -> "host:8443". */
static char *
target_of_url(const char *url)
{
	const char *p = strstr(url, "://"), *at;
	size_t len;

	p = p ? p + 3 : url;
	len = strcspn(p, "/?#");
	at = memrchr(p, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	return noc_strndup(p, len < 255 ? len : 255);
}

char *
noc_breaker_target(const struct noc_value *params, const char *target)
{
	const struct noc_value *url = noc_ast_opt(params, "url");
	const struct noc_value *program;

	if (url && url->type == NOC_STR)
		return target_of_url(url->u.s.p);
	if (url)
		return noc_strdup(noc_ast_name(url) ? noc_ast_name(url) : "?");
	if (noc_ast_is(params, "exec")) {
		program = noc_value_at(noc_ast_items(params), 0);
		if (program && program->type == NOC_STR)
			return noc_strdup(program->u.s.p);
	}
	return noc_strdup(target);
}
