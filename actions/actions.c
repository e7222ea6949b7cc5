/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "actions/actions.h"

#include "base/mem.h"

#define NOC_ACTION(name) extern const struct noc_action_ops name;
#include "actions/actions.def"
#undef NOC_ACTION

static const struct noc_action_ops *const action_table[] = {
#define NOC_ACTION(name) &name,
#include "actions/actions.def"
#undef NOC_ACTION
};

void
noc_actions_register(void)
{
	noc_action_register(action_table, NOC_COUNT(action_table));
}

const struct noc_value *
noc_params_opts(const struct noc_value *params)
{
	static const struct noc_value empty = { .type = NOC_MAP };
	const struct noc_value *opts = noc_value_get(params, "opts");

	return opts && opts->type == NOC_MAP ? opts : &empty;
}

const struct noc_value *
noc_params_items(const struct noc_value *params)
{
	static const struct noc_value empty = { .type = NOC_LIST };
	const struct noc_value *items = noc_value_get(params, "items");

	return items && items->type == NOC_LIST ? items : &empty;
}

/* ---- what the core carries out itself ---- */

const struct noc_action_ops noc_action_emit = {
	.name = "emit",
	.summary = "makes a new event",
	.flags = NOC_ACTION_CORE,
};

const struct noc_action_ops noc_action_log = {
	.name = "log",
	.summary = "writes a line to the daemon's log",
	.flags = NOC_ACTION_CORE | NOC_ACTION_IDEMPOTENT,
};

const struct noc_action_ops noc_action_notify = {
	.name = "notify",
	.summary = "tells a channel",
	.flags = NOC_ACTION_CORE | NOC_ACTION_NOTIFIES,
};

const struct noc_action_ops noc_action_start = {
	.name = "start",
	.summary = "starts a flow of its own",
	.flags = NOC_ACTION_CORE,
};
