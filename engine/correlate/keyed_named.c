/* SPDX-License-Identifier: ISC */
/* States of ports whose names were not known when they were keyed. */
#include "config.h"

#include "engine/correlate/keyed.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/expr/key.h"
#include "engine/rule/ruleset.h"

static bool
keyed_template(const struct noc_ruleset *rs, const struct noc_keyed *k,
	       const struct noc_template **out)
{
	const struct noc_rule *rule =
	    k->form->pair ? NULL : noc_ruleset_rule(rs, k->rule);

	for (size_t i = 0; rs && k->form->pair && i < rs->npairs; i++)
		if (!strcmp(rs->pairs[i].name, k->rule)) {
			*out = rs->pairs[i].key;
			return true;
		}
	*out = rule ? rule->key : NULL;
	return rule != NULL;
}

/* Both are of one port: the older stands. */
static void
keyed_join(struct noc_core *core, struct noc_keyed *late,
	   struct noc_keyed *first)
{
	struct noc_candidate c = {
		.rule = noc_ruleset_rule(noc_core_rules(core), late->rule),
		.ev = late->ev ? noc_event_ref(late->ev) : NULL,
		.key = first->key,
		.again = true,
	};

	first->count += late->count;
	if (late->ev)
		noc_keyed_heard(core, first, late->ev);
	if (late->form->held && late->ev && c.rule)
		noc_outcome(core, &c, "cancelled", "the same port: %s",
			    first->key);
	noc_event_unref(c.ev);
	noc_keyed_drop(core, late);
}

static void
keyed_follow(struct noc_core *core, struct noc_keyed *k, const char *key)
{
	struct noc_keyed *other = noc_keyed_get(core, k->form, k->rule, key);

	if (other && other->since_ns <= k->since_ns) {
		keyed_join(core, k, other);
		return;
	}
	if (other)
		keyed_join(core, other, k);
	noc_keyed_move(core, k, key);
}

void
noc_keyed_named(struct noc_core *core, const char *device,
		void (*fill)(struct noc_event *ev, void *arg), void *arg)
{
	const struct noc_ruleset *rs = noc_core_rules(core);
	struct noc_correlation *part = noc_core_part(core, NOC_PART_CORRELATE);
	struct noc_table *states = &part->states;
	struct noc_table names = { 0 };
	const char *index;
	void *value;

	/* By name: one that is joined is gone. */
	for (size_t it = 0; noc_table_next(states, &it, &index, &value);) {
		const struct noc_keyed *k = value;

		if (k->ev && (!device || noc_slice_is(k->ev->device, device)))
			noc_table_put(&names, index, states);
	}
	for (size_t it = 0; noc_table_next(&names, &it, &index, NULL);) {
		struct noc_keyed *k = noc_table_get(states, index);
		struct noc_strbuf key = NOC_STRBUF_INIT;
		const struct noc_template *t;

		if (!k || !k->ev)
			continue;
		if (fill)
			fill(k->ev, arg);
		if (keyed_template(rs, k, &t) &&
		    noc_key_make(t, k->ev, NOC_MISSING_FAIL, &key) && key.p &&
		    strcmp(key.p, k->key))
			keyed_follow(core, k, key.p);
		noc_strbuf_release(&key);
	}
	noc_table_release(&names);
}
