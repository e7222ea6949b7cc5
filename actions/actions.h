/* SPDX-License-Identifier: ISC */
#ifndef NOC_ACTIONS_ACTIONS_H
#define NOC_ACTIONS_ACTIONS_H

#include "engine/edge/action.h"
#include "engine/edge/env.h"

/*
 * The table of all actions (actions.def), and what two of them share.  Who
 * calls: cli registers the table before any rule is loaded.
 */
void noc_actions_register(void);

/* The options map of an action node; never NULL (an empty map). */
const struct noc_value *noc_params_opts(const struct noc_value *params);
const struct noc_value *noc_params_items(const struct noc_value *params);

/* address.c: may a rule's request go there?  http.allow says more. */
struct sockaddr;

#endif
