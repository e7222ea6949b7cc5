/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "cli/setup.h"

#include "engine/lang/schema.h"
#include "actions/actions.h"
#include "actions/exec_helper.h"

void
noc_setup_tables(void)
{
	noc_actions_register();
}

int
noc_setup_exec_helper(int argc, char **argv)
{
	return noc_exec_helper(argc, argv);
}

void
noc_setup_language(FILE *out)
{
	noc_schema_write_doc(out);
}
