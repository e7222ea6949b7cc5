/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/unless.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/event/identity.h"
#include "engine/expr/template.h"
#include "engine/memory/rule_clock.h"
#include "engine/memory/seen.h"

struct unless_want {
	const struct noc_core *core;
	const struct noc_rule *rule;
	const struct noc_unless *unless;
	int64_t since_ns; /* by the clock of the rule */
};

static bool
on_unless_seen(const struct noc_event *ev, void *arg)
{
	const struct unless_want *want = arg;

	if (want->rule->event_time &&
	    noc_rule_clock(want->core, want->rule, ev) < want->since_ns)
		return false;
	return !want->unless->where ||
	       noc_where_match_event(want->unless->where, ev);
}

static int64_t
unless_now(const struct noc_core *core, const struct noc_rule *rule,
	   const struct noc_scope *scope)
{
	return scope->ev ? noc_rule_clock(core, rule, scope->ev)
			 : noc_steady_now(core);
}

static const struct noc_event *
unless_seen(struct noc_core *core, const struct noc_rule *rule,
	    const struct noc_unless *u, const struct noc_scope *scope,
	    struct noc_slice device, bool *forgot)
{
	int64_t since =
	    unless_now(core, rule, scope) - u->back_ms * NOC_NS_PER_MS;
	struct unless_want want = { core, rule, u, since };

	for (size_t i = 0; i < u->kinds.len; i++) {
		const struct noc_event *ev =
		    noc_seen_last(core, u->kinds.at[i], device,
				  rule->event_time ? INT64_MIN : since,
				  on_unless_seen, &want);

		if (ev &&
		    (!scope->ev || memcmp(ev->id.b, scope->ev->id.b, 16) != 0))
			return ev;
		*forgot |= noc_seen_forgot(core, u->kinds.at[i], device, since);
	}
	return NULL;
}

static const struct noc_event *
unless_any(struct noc_core *core, const struct noc_rule *rule,
	   const struct noc_unless *u, const struct noc_scope *scope,
	   bool *forgot)
{
	const struct noc_event *ev = NULL;
	struct noc_err err;

	if (u->ndevices == 0)
		return unless_seen(
		    core, rule, u, scope,
		    scope->ev ? scope->ev->device : noc_slice("", 0), forgot);
	for (size_t i = 0; i < u->ndevices && !ev; i++) {
		struct noc_strbuf sb = NOC_STRBUF_INIT;

		if (noc_template_text(u->devices[i], scope, NOC_MISSING_FAIL,
				      &sb, &err) == 0)
			ev = unless_seen(core, rule, u, scope,
					 noc_slice(sb.p, sb.len), forgot);
		noc_strbuf_release(&sb);
	}
	return ev;
}

char *
noc_unless_holds(struct noc_core *core, const struct noc_rule *rule,
		 const struct noc_scope *scope, const struct noc_event **by)
{
	for (size_t i = 0; i < rule->nunless; i++) {
		bool forgot = false;
		const struct noc_event *ev =
		    unless_any(core, rule, &rule->unless[i], scope, &forgot);
		char ago[32];
		int64_t ms;
		bool after;

		if (!ev && forgot && rule->acting)
			return noc_asprintf("seen(%s more often than can be "
					    "remembered)",
					    rule->unless[i].kinds.at[0]);
		if (!ev)
			continue;
		*by = ev;
		ms = (unless_now(core, rule, scope) -
		      (rule->event_time ? noc_rule_clock(core, rule, ev)
					: noc_steady_of_event(core, ev))) /
		     NOC_NS_PER_MS;
		after = ms < 0;
		ms = llabs(ms);
		return noc_asprintf(
		    "seen(%s %s %s%s)", ev->kind,
		    noc_duration_format(ago,
					ms >= 1000 ? ms / 1000 * 1000 : ms),
		    after ? "later" : "ago", noc_event_unsigned(ev));
	}
	return NULL;
}
