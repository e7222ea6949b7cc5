/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_TARGETS_H
#define NOC_ENGINE_RUN_TARGETS_H

#include "engine/run/clearance.h"
#include "engine/run/live.h"

/*
 * targets = LIST: one call of a step that changes many devices.  Each of them
 * is asked as if it were the target of a step of its own; what is frozen is
 * left out, and said.  The undo of such a step is of those that it changed, or
 * those that are said; it fails when one is frozen.  Loop thread, inside an
 * input.
 */

/* Into l->more->targets and l->more->left_out, and `targets` (of an undo
 * `undo.items`) of *scope, which lives as long as *extra (returned).  Nothing
 * to do without the option. */
int noc_targets_find(struct noc_live *l, struct noc_scope *scope,
		     struct noc_value **extra, struct noc_err *err);
/* All of them are left out: failure. */
bool noc_targets_none(const struct noc_live *l, struct noc_failure *failure);
/* Right before it goes out: PAUSE when one is frozen by now, it is prepared
 * again then; FAIL when they are too many, or of an undo one is frozen. */
enum noc_clearance noc_targets_clearance(const struct noc_live *l,
					 struct noc_failure *failure);
/* They may be changing now, or have been. */
void noc_targets_touch(const struct noc_live *l);
/* In the row of its step. */
void noc_targets_say(const struct noc_live *l, struct noc_value *json);

#endif
