/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_INTAKE_UNLIKE_H
#define NOC_ENGINE_INTAKE_UNLIKE_H

#include "engine/core/core.h"
#include "engine/expr/scope.h"

/*
 * Hooks whose posts are not what they were: another tool has changed what it
 * sends, and its `where` takes nothing any more.  For intake.c only, inside an
 * input.  Loop thread.
 */
struct noc_hook;

/*
 * A post of this hook that was verified; why: why it was not for the hook, or
 * NULL when it was.  Who had such posts before and gets none now is told to
 * channel "noc", once until the hook has one again.
 */
void noc_unlike_post(struct noc_core *core, const struct noc_hook *hook,
		     const struct noc_scope *scope, const char *why);

#endif
