/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_CODE_H
#define NOC_ENGINE_RUN_CODE_H

#include "engine/run/run_private.h"

/*
 * The rules that a run calls, named by the hash of their tree: those that were
 * in force when it began, and no others.  They are in force still, or among few
 * old ones in memory, or loaded from their stored sources.  Loop thread.
 */
#define NOC_CODE_OLD_MAX 3

struct noc_runs; /* engine/run/runner.h */

/* Borrowed until the next call; NULL: it names none, or they are lost. */
struct noc_ruleset *noc_code_rules(const struct noc_run *r);
/* Its functions can be called (or it has none); else it may not go on. */
bool noc_code_is_at_hand(const struct noc_run *r);
/* Its truth; false with *err when it cannot be called or failed. */
bool noc_code_test(const struct noc_run *r, const char *path,
		   const struct noc_scope *scope, struct noc_err *err);
/* Lets go of those that no run needs, and of old ones past the limit. */
void noc_code_trim(struct noc_runs *runs);
/* What could not be had is asked for again at once, not in 10 s. */
void noc_code_retry(struct noc_runs *runs);
void noc_code_close(struct noc_runs *runs);

#endif
