/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/correlate/settling.h"

#include "engine/core/record.h"
#include "engine/policy/settle.h"
#include "engine/correlate/keyed.h"

bool
noc_correlate_settles(struct noc_core *core, struct noc_candidate *c,
		      int64_t *due_boot_ns)
{
	struct noc_id run;

	if (!noc_settle_until(core, c->ev->device, c->rule->guard.settle_ms,
			      due_boot_ns, &run))
		return false;
	c->ev->cause = run;
	return true;
}

static enum noc_form_result
settling_event(struct noc_core *core, struct noc_candidate *c)
{
	struct noc_keyed *k;
	int64_t due;
	char id[NOC_ID_TEXT];

	if (c->again || !c->rule->acting ||
	    !noc_correlate_settles(core, c, &due))
		return NOC_PASS;
	k = noc_keyed_get(core, &noc_form_settle, c->rule->name, c->key);
	if (k) {
		k->count++;
		noc_keyed_heard(core, k, c->ev);
		noc_outcome_counted(core, c);
		return NOC_TAKEN;
	}
	c->ev = noc_core_write_event(core, c->ev, "matched");
	k = noc_keyed_add(core, &noc_form_settle, c->rule, c->key, c->ev, true);
	if (!k) {
		noc_outcome(core, c, "errored", "too many open states");
		return NOC_TAKEN;
	}
	noc_due_arm(core, &k->due, due);
	noc_keyed_store(core, k);
	noc_outcome(core, c, "held", "run %.18s touched it: settling",
		    noc_id_format(id, &c->ev->cause));
	return NOC_TAKEN;
}

static void
on_settling_due(struct noc_core *core, struct noc_keyed *k)
{
	noc_keyed_resume(core, k, &noc_correlate_settle, NULL);
}

const struct noc_correlator_ops noc_correlate_settle = {
	.name = "settle",
	.event = settling_event,
};

const struct noc_form noc_form_settle = {
	.name = "settle",
	.on_due = on_settling_due,
	.held = true,
};
