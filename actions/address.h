/* SPDX-License-Identifier: ISC */
#ifndef NOC_ACTIONS_ADDRESS_H
#define NOC_ACTIONS_ADDRESS_H

#include <stdbool.h>

#include "engine/edge/env.h"

/* Where a rule's request may go.  Loop thread. */
struct sockaddr;

/* Not to addresses of this machine and its link; http.allow says more. */
bool noc_address_allowed(const struct noc_env *env, const struct sockaddr *sa);
/* Does http.allow name it? */
bool noc_address_named(const struct noc_env *env, const struct sockaddr *sa);
/* "10.0.0.0/8", "::1": what http.allow may hold. */
bool noc_address_is_network(const char *cidr);

#endif
