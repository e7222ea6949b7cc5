/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_POLICY_ABOUT_H
#define NOC_ENGINE_POLICY_ABOUT_H

#include "base/err.h"
#include "engine/core/core.h"

/*
 * What a silence or a freeze is about: a map of fields to globs, all of which
 * must fit.  Loop thread.
 */

/* Each field of the event, or each with the target in its device's place. */
bool noc_about_hits(const struct noc_value *match, const struct noc_event *ev,
		    const struct noc_event *target);
/* EINPUT: a field that no event has, so that nothing would ever fit. */
int noc_about_names(const struct noc_core *core, const struct noc_value *match,
		    struct noc_err *err);
/* How many devices of the inventory fit; -1: the match names none of what they
 * have. */
int64_t noc_about_devices(const struct noc_core *core,
			  const struct noc_value *match);

#endif
