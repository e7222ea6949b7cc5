/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/correlate/meant.h"

#include <stdlib.h>
#include <string.h>

#include "engine/event/identity.h"
#include "engine/event/kinds.h"
#include "engine/core/record.h"
#include "engine/memory/unless.h"
#include "engine/run/cause.h"
#include "engine/correlate/correlate.h"
#include "engine/correlate/keyed.h"

/*
 * A port an operator shut counts as meant to be down until it is up.  The
 * year only bounds what is remembered of ports that are gone.
 */
#define MEANT_NS (366 * 86400LL * NOC_NS_PER_S)

void
noc_correlate_meant(struct noc_core *core, const struct noc_rule *rule,
		    const char *key, struct noc_event *ev)
{
	struct noc_keyed *meant;

	if (!noc_kind_opposite(ev->kind) ||
	    noc_keyed_get(core, &noc_form_meant, rule->name, key))
		return;
	meant = noc_keyed_add(core, &noc_form_meant, rule, key, ev, true);
	if (!meant) {
		noc_keyed_lost(core, rule, noc_event_sender(ev),
			       noc_core_time(core).boot_ns + MEANT_NS);
		return;
	}
	noc_due_arm(core, &meant->due, noc_core_time(core).boot_ns + MEANT_NS);
	noc_keyed_store(core, meant);
}

static enum noc_form_result
unless_event(struct noc_core *core, struct noc_candidate *c)
{
	struct noc_scope scope = { .ev = c->ev };
	const struct noc_event *by = NULL;
	char *seen = noc_unless_holds(core, c->rule, &scope, &by);
	struct noc_keyed *meant =
	    noc_keyed_get(core, &noc_form_meant, c->rule->name, c->key);

	if (!seen && !meant)
		return NOC_PASS;
	if (seen && !meant) {
		c->ev = noc_core_write_event(core, c->ev, "matched");
		noc_correlate_meant(core, c->rule, c->key, c->ev);
	}
	if (seen && c->rule->acting)
		noc_cause_unsigned(core, c->rule->name, by,
				   noc_correlate_mode(c->rule, c->key), NULL);
	if (seen)
		noc_outcome(core, c, "cancelled", "left alone: unless %s",
			    seen);
	else
		noc_outcome(core, c, "cancelled",
			    "left alone: meant to be %s until the next %s",
			    strrchr(c->ev->kind, '.') + 1,
			    noc_kind_opposite(c->ev->kind));
	free(seen);
	return NOC_TAKEN;
}

const struct noc_correlator_ops noc_correlate_unless = {
	.name = "unless",
	.event = unless_event,
};

static void
on_meant_due(struct noc_core *core, struct noc_keyed *k)
{
	noc_keyed_drop(core, k);
}

static bool
meant_brakes(const struct noc_rule *rule, const struct noc_keyed *k)
{
	(void)k;
	return rule->acting;
}

const struct noc_form noc_form_meant = {
	.name = "meant",
	.lasting = true,
	.brakes = meant_brakes,
	.on_due = on_meant_due,
};
