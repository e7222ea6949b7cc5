/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/rule_clock.h"

#define EVENT_TIME_NS (86400LL * NOC_NS_PER_S) /* older: a wrong clock */

/* By its sender's clock, when that can be believed. */
static int64_t
clock_said(const struct noc_event *ev)
{
	if (ev->time_ns > ev->received_ns ||
	    ev->time_ns < ev->received_ns - EVENT_TIME_NS)
		return ev->received_ns;
	return ev->time_ns;
}

int64_t
noc_rule_clock(const struct noc_core *core, const struct noc_rule *rule,
	       const struct noc_event *ev)
{
	if (!rule->event_time)
		return noc_steady_now(core);
	return noc_steady_of_event(core, ev) -
	       (ev->received_ns - clock_said(ev));
}

/*
 * BSD syslog says whole seconds: within one, and when both say the same, the
 * order of arrival stands.
 */
bool
noc_rule_clock_before(const struct noc_rule *rule, const struct noc_event *ev,
		      const struct noc_event *than)
{
	int64_t a, b;

	if (!than)
		return false;
	/* What had to wait for the name of its port came when it came. */
	if (!rule->event_time)
		return ev->received_boot_ns < than->received_boot_ns;
	a = clock_said(ev);
	b = clock_said(than);
	if (a % NOC_NS_PER_S == 0 || b % NOC_NS_PER_S == 0)
		return a / NOC_NS_PER_S < b / NOC_NS_PER_S;
	return a < b;
}
