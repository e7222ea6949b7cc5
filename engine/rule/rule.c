/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/rule/rule.h"

#include <string.h>

bool
noc_strings_have(const struct noc_strings *list, const char *word)
{
	for (size_t i = 0; i < list->len; i++)
		if (!strcmp(list->at[i], word))
			return true;
	return false;
}

bool
noc_rule_observes(const struct noc_rule *rule)
{
	return rule->acting &&
	       (rule->mode == NOC_OBSERVE || rule->mode == NOC_CANARY);
}
