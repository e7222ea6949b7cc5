/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_VERB_CHECK_TEXT_H
#define NOC_CLI_VERB_CHECK_TEXT_H

#include "base/table.h"
#include "base/value.h"

/*
 * Advice of `nocturne check` on texts of a plan whose braces mean something
 * else in the language that they are of.
 */
struct noc_plan;
/* Each once; p may be NULL.  advice: a list of lines. */
void noc_check_texts(const struct noc_plan *p, struct noc_table *told,
		     struct noc_value *advice);

#endif
