/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/each.h"

#include "engine/run/step.h"

struct noc_each {
	int none;
};

void
noc_each_begin(struct noc_live *l)
{
	noc_step_skip(l, "skipped: not in this version");
}

void
noc_each_lane_over(struct noc_lane *lane)
{
	(void)lane;
}

void
noc_each_cancel(struct noc_live *l, const char *why)
{
	(void)l;
	(void)why;
}

bool
noc_each_due(struct noc_live *l)
{
	(void)l;
	return false;
}

void
noc_each_free(struct noc_each *e)
{
	(void)e;
}

void
noc_each_store(const struct noc_each *e, struct noc_value *live)
{
	(void)e;
	(void)live;
}

void
noc_each_load(struct noc_live *l, const struct noc_value *live)
{
	(void)l;
	(void)live;
}

void
noc_each_load_item(struct noc_lane *lane, size_t node,
		   const struct noc_step_row *row)
{
	(void)lane;
	(void)node;
	(void)row;
}

struct noc_lane *
noc_each_lane(struct noc_each *e, const char *key, size_t len)
{
	(void)e;
	(void)key;
	(void)len;
	return NULL;
}
