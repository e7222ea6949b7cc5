/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_INPUT_H
#define NOC_ENGINE_FLOW_INPUT_H

#include "base/err.h"
#include "base/value.h"

/*
 * What a flow takes, as it says it itself: input = { vid = integer { min = 2,
 * max = 4094 }, ticket = "string", site = { type = "string", default = "hq" }
 * }.  Asked when files are loaded, and before anything of a run acts.  Pure.
 */

/* Is each of the names declared as something that can be checked?  Of each
 * that is not, with what was meant; what the AST says is wrong aside. */
void noc_input_declared(const struct noc_value *takes,
			void (*tell)(const struct noc_err *mistake, void *arg),
			void *arg);

/*
 * What flow `flow` is given against what it takes (NULL: anything).  *given is
 * owned and may be NULL; defaults are added to it, and a text that is a whole
 * number becomes one where one is asked for, as a number becomes a text.
 * EINPUT: of each that does not fit the flow, the name, what was given and what
 * is allowed.
 */
int noc_input_check(const char *flow, const struct noc_value *takes,
		    struct noc_value **given, struct noc_err *err);

/* What a rule file gives: its {} is a list where one is asked for. */
void noc_input_of_rules(const struct noc_value *takes, struct noc_value *given);

/* The same before it runs: names, and what is no template.  ECONFIG. */
int noc_input_check_call(const char *flow, const struct noc_value *takes,
			 const struct noc_value *given, struct noc_err *err);

/* For who asks what a flow takes: name = { type, min, max, default, values,
 * doc }, as far as they were said; owned. */
struct noc_value *noc_input_shown(const struct noc_value *takes);

#endif
