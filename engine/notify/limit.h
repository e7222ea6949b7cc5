/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_NOTIFY_LIMIT_H
#define NOC_ENGINE_NOTIFY_LIMIT_H

#include "engine/core/core.h"

/*
 * A limit was reached: somebody was turned away, or an older entry was given
 * up for a newer one.  Each time is counted under the limit's name; the first
 * time, and then at most once in 5 min for each name, channel "noc" is told
 * and an event limit.reached (data: limit, whose, count) is emitted.
 *
 * limit: a static word, as in doc/architecture.md ("states"); whose: the rule,
 * sender or hook that filled it; fmt: a sentence that says what then happens.
 * Loop thread, inside an input or outside.
 */
void noc_limit_reached(struct noc_core *core, const char *limit,
		       const char *whose, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
