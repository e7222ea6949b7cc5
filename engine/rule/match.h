/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RULE_MATCH_H
#define NOC_ENGINE_RULE_MATCH_H

#include "engine/event/event.h"
#include "engine/rule/ruleset.h"

/*
 * Which normaliser turns this into a canonical event, and which rules want
 * it.  Indexed by kind, then by the most selective equality (tag, app, trap,
 * data), then a literal prefilter, then predicates: cost hardly grows with
 * the number of rules.  Pure reads of the rule set; loop thread.
 */
struct noc_match;

int noc_match_build(struct noc_ruleset *rs, struct noc_err *err);
void noc_match_free(struct noc_match *m);

/*
 * Rules whose `on` names ev->kind or ev->base and whose where (and function)
 * hold, in rule order; `first` groups applied.  Fills at most max.
 */
size_t noc_match_event(const struct noc_ruleset *rs, const struct noc_event *ev,
		       struct noc_rule **out, size_t max);
/* Does any rule, or pair, name this kind (interned)? */
bool noc_match_wants(const struct noc_ruleset *rs, const char *kind);
/* Whether that had to leave some out: ask again with room for all rules. */
bool noc_match_more(const struct noc_ruleset *rs);
size_t noc_match_pairs(const struct noc_ruleset *rs, const struct noc_event *ev,
		       const struct noc_pair **out, size_t max);

/*
 * For explain: every candidate rule (its `on` names the kind) with the first
 * predicate that failed; why is "" on a match.
 */
void noc_match_explain(const struct noc_ruleset *rs, const struct noc_event *ev,
		       void (*fn)(const struct noc_rule *rule, bool matched,
				  const char *why, void *arg),
		       void *arg);

#endif
