/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/policy/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/table.h"
#include "engine/policy/pause.h"

struct ledger {
	struct noc_table rules;	 /* name -> struct noc_rule_count */
	struct noc_table paused; /* name -> struct noc_value */
};

static void *
ledger_open(struct noc_core *core)
{
	(void)core;
	return noc_calloc(1, sizeof(struct ledger));
}

static void
ledger_close(void *part)
{
	struct ledger *l = part;
	void *count;

	for (size_t it = 0; noc_table_next(&l->rules, &it, NULL, &count);)
		free(count);
	noc_table_release(&l->rules);
	for (size_t it = 0; noc_table_next(&l->paused, &it, NULL, &count);)
		noc_value_free(count);
	noc_table_release(&l->paused);
	free(l);
}

struct noc_table *
noc_ledger_paused(const struct noc_core *core)
{
	struct ledger *l = noc_core_part(core, NOC_PART_LEDGER);

	return &l->paused;
}

static struct noc_rule_count *
ledger_count(struct noc_core *core, const char *rule)
{
	struct ledger *l = noc_core_part(core, NOC_PART_LEDGER);
	struct noc_rule_count *c = noc_table_get(&l->rules, rule);

	if (!c) {
		c = noc_calloc(1, sizeof(*c));
		noc_table_put(&l->rules, rule, c);
	}
	return c;
}

void
noc_ledger_matched(struct noc_core *core, const char *rule)
{
	ledger_count(core, rule)->matched++;
}

void
noc_ledger_outcome(struct noc_core *core, const char *rule, const char *outcome,
		   bool was_held)
{
	struct noc_rule_count *c = ledger_count(core, rule);
	const struct {
		const char *word;
		uint64_t *n;
	} words[] = {
		{ "fired", &c->fired },		{ "held", &c->held_now },
		{ "cancelled", &c->cancelled }, { "damped", &c->damped },
		{ "guarded", &c->guarded },	{ "silenced", &c->silenced },
		{ "observed", &c->observed },	{ "counted", &c->counted },
		{ "errored", &c->errored },
	};
	size_t i = 0;

	while (i < NOC_COUNT(words) && strcmp(words[i].word, outcome))
		i++;
	if (NOC_FAILS(i < NOC_COUNT(words)))
		return;
	if (was_held)
		c->held_now--;
	++*words[i].n;
}

const struct noc_rule_count *
noc_ledger_rule(const struct noc_core *core, const char *rule)
{
	static const struct noc_rule_count zero;
	struct ledger *l = noc_core_part(core, NOC_PART_LEDGER);
	const struct noc_rule_count *c = noc_table_get(&l->rules, rule);

	return c ? c : &zero;
}

static uint64_t
ledger_sum(const struct noc_rule_count *c)
{
	return c->fired + c->held_now + c->cancelled + c->damped + c->guarded +
	       c->silenced + c->observed + c->counted + c->errored;
}

void
noc_ledger_check(struct noc_core *core, char *buf, size_t size)
{
	struct ledger *l = noc_core_part(core, NOC_PART_LEDGER);
	const char *name;
	void *value;

	*buf = '\0';
	for (size_t it = 0;
	     !*buf && noc_table_next(&l->rules, &it, &name, &value);) {
		const struct noc_rule_count *c = value;

		if (c->matched != ledger_sum(c))
			snprintf(buf, size,
				 "rule %s: matched %llu, outcomes %llu", name,
				 (unsigned long long)c->matched,
				 (unsigned long long)ledger_sum(c));
	}
}

static void
ledger_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	struct ledger *l = part;
	struct noc_value *rules = noc_value_map();
	const char *name;
	void *value;

	(void)core;
	for (size_t it = 0; noc_table_next(&l->rules, &it, &name, &value);) {
		const struct noc_rule_count *c = value;
		struct noc_value *row = noc_value_map();

#define LEDGER_SET(field) \
	noc_value_set(row, #field, noc_value_int((int64_t)c->field))
		LEDGER_SET(matched);
		LEDGER_SET(fired);
		LEDGER_SET(held_now);
		LEDGER_SET(cancelled);
		LEDGER_SET(damped);
		LEDGER_SET(guarded);
		LEDGER_SET(silenced);
		LEDGER_SET(observed);
		LEDGER_SET(counted);
		LEDGER_SET(errored);
#undef LEDGER_SET
		noc_value_set(rules, name, row);
	}
	noc_value_set(map, "rules", rules);
}

const struct noc_part_ops noc_part_ledger = {
	.open = ledger_open,
	.close = ledger_close,
	.load = noc_rule_pause_load,
	.unreadable = noc_rule_pause_unreadable,
	.ready = noc_rule_pause_apply,
	.reload = noc_rule_pause_apply,
	.store = noc_rule_pause_store,
	.answers = noc_rule_pause_answers,
	.stats = ledger_stats,
};
