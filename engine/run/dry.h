/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_DRY_H
#define NOC_ENGINE_RUN_DRY_H

#include "base/err.h"
#include "base/value.h"

/*
 * A dry run: what a run of this plan would do with this input, as far as it can
 * be known without a read.  Nothing is asked, nothing is written.  Loop thread.
 *
 * *out (returned): {"flow", "mode", "acting", "input" with its defaults,
 * "steps": [{"step", "kind", "index", "depth", "part", "does", "mutates",
 * "undo", "items", "waves", ...}], "refused": [sentences]}.  EINPUT: the input
 * does not fit; the message has all that is wrong with it.
 */
struct noc_core;
struct noc_plan;

int noc_run_dry(const struct noc_core *core, const struct noc_plan *p,
		const char *name, const struct noc_value *input,
		struct noc_value **out, struct noc_err *err);

#endif
