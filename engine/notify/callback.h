/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_NOTIFY_CALLBACK_H
#define NOC_ENGINE_NOTIFY_CALLBACK_H

#include "engine/core/core.h"

/*
 * Who started a run may name a URL that is told its end.  Durable, signed,
 * tried for 24 h; only to addresses that http.allow names, as for every URL
 * that a rule did not write.  Inside an input; loop thread.
 */

/* May it be named?  secret: the name of one that is there; NULL: not signed.
 * EINPUT. */
int noc_callback_check(const struct noc_core *core, const char *url,
		       const char *secret, struct noc_err *err);
/* callback: {url, secret}; says: the body, owned. */
void noc_callback_send(struct noc_core *core, const struct noc_value *callback,
		       struct noc_value *says, const struct noc_id *run);

#endif
