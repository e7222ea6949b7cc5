/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EDGE_SECRET_H
#define NOC_ENGINE_EDGE_SECRET_H

#include "engine/edge/env.h"

/* What may not stand in a rule or in a record.  Loop thread. */

/*
 * A secret by name: systemd credential, then <state>/secrets/NAME or
 * <config dir>/secrets/NAME (0600), then option secrets.NAME of the config.
 * Returned (wipe and free); ENOTFOUND names where it was looked for.
 */
int noc_secret_read(const struct noc_env *env, const char *name, char **out,
		    struct noc_err *err);
/* Copy of a params tree with every {"node":"secret"} replaced.  Returned:
 * noc_secret_free. */
int noc_secret_fill(const struct noc_env *env, const struct noc_value *params,
		    struct noc_value **out, struct noc_err *err);
/* Wipes every text of it first; accepts NULL. */
void noc_secret_free(struct noc_value *filled);

#endif
