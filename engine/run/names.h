/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_NAMES_H
#define NOC_ENGINE_RUN_NAMES_H

#include "engine/core/slot.h"
#include "engine/run/lane.h"

/* The names of limits, locks and dedup as a run or a call of it fills them in.
 * Loop thread, inside an input. */
struct noc_names {
	struct noc_slot_name at[NOC_SLOT_NAMES]; /* the texts are owned */
	size_t len;
};

/* Of a step, and of the eaches that it is in. */
int noc_names_of_step(const struct noc_lane *lane, size_t node,
		      struct noc_names *names, struct noc_err *err);
/* Of its flow: limits, locks, and "RULE/KEY" of dedup. */
int noc_names_of_run(struct noc_run *r, struct noc_names *names,
		     struct noc_err *err);
/* In the row of a run, and back; returned. */
struct noc_value *noc_names_value(const struct noc_names *names);
/* False: not all of them could be read. */
bool noc_names_load(struct noc_names *names, const struct noc_value *v);
void noc_names_release(struct noc_names *names);

#endif
