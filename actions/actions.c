/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "actions/actions.h"

#include "base/mem.h"
#include "engine/lang/schema_rows.h"

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

static const struct noc_option emit_options[] = {
	OPT("*", ANY, "field = value of the new event"), END
};

static const struct noc_option log_options[] = {
	VAL("level", ENUM, "debug info warn error", "info", "of the line"), END
};

static const struct noc_option start_options[] = {
	OPT("*", ANY, "input of the flow"),
	OPT("all", ANY,
	    "true: what the flow declares and is not said here is what this "
	    "run was given, else what its event says"),
	END
};

const struct noc_action_ops noc_action_emit = {
	.name = "emit",
	.flags = NOC_ACTION_CORE,
	.help = "Makes a new event; the name is its kind.",
	.named = true,
	.options = emit_options,
};

const struct noc_action_ops noc_action_log = {
	.name = "log",
	.flags = NOC_ACTION_CORE | NOC_ACTION_IDEMPOTENT,
	.help = "Writes a line to the daemon's log.",
	.named = true,
	.options = log_options,
};

const struct noc_action_ops noc_action_notify = {
	.name = "notify",
	.flags = NOC_ACTION_CORE | NOC_ACTION_NOTIFIES,
	.help = "Tells a channel; without a text, the summary.",
	.named = true,
	.items = "? string",
};

const struct noc_action_ops noc_action_start = {
	.name = "start",
	.flags = NOC_ACTION_CORE,
	.help = "Starts a flow of its own.",
	.named = true,
	.options = start_options,
};
