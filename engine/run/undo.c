/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/undo.h"

#include "engine/run/step.h"

bool
noc_undo_run(struct noc_run *r)
{
	(void)r;
	return false;
}

void
noc_undo_begin(struct noc_live *l)
{
	noc_step_skip(l, "skipped: not in this version");
}

void
noc_undo_load(struct noc_lane *lane, size_t node,
	      const struct noc_step_row *row)
{
	(void)lane;
	(void)node;
	(void)row;
}
