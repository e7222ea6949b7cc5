/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_FLOW_PICK_H
#define NOC_ENGINE_FLOW_PICK_H

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "base/value.h"

/*
 * Which of a list are meant by another one: whoever is named there by all that
 * it is; else whoever has that name or id, or is that text or number.  Pure.
 */

/* chosen[i] is 1 for each of all that is meant.  How many of wanted mean none:
 * the first of them, "'a', 'b' and 3 more", go to none. */
size_t noc_pick(const struct noc_value *all, const struct noc_value *wanted,
		uint8_t *chosen, struct noc_strbuf *none);
/* Of lists that are written out: what a template gives is not known, so
 * whoever holds one is passed over, and means anybody. */
size_t noc_pick_literal(const struct noc_value *all,
			const struct noc_value *wanted,
			struct noc_strbuf *none);

#endif
