/* SPDX-License-Identifier: ISC */
#ifndef NOC_ACTIONS_ACTIONS_H
#define NOC_ACTIONS_ACTIONS_H

#include "engine/edge/action.h"
#include "engine/edge/env.h"

/*
 * The table of all actions (actions.def), registered before any rule is
 * loaded, and how an action reads its parameters.
 */
void noc_actions_register(void);

/* The options map of an action node; never NULL (an empty map). */
const struct noc_value *noc_params_opts(const struct noc_value *params);
const struct noc_value *noc_params_items(const struct noc_value *params);

#endif
