/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_STEADY_PRIVATE_H
#define NOC_ENGINE_CORE_STEADY_PRIVATE_H

#include "engine/core/steady.h"

struct noc_txn;
struct noc_value;

/* What the core asks of its time line. */
struct noc_steady {
	bool begun;
	int64_t offset_ns;	/* from boottime to the line; of this boot */
	int64_t ahead_ns;	/* the wall clock, as it was told last */
	int64_t stored_boot_ns; /* its row; 0: not yet */
	uint64_t steps;
	int64_t step_ms, stepped_ns; /* the last one; wall clock after it */
};

/* At the first input: the wall clock, until resume knows better. */
void noc_steady_begin(struct noc_core *core);
int noc_steady_resume(struct noc_core *core, const char *state_dir,
		      struct noc_err *err);
bool noc_steady_is_row(const char *kind);
/* Inside an input: noc_core_clock's work. */
void noc_steady_look(struct noc_core *core);
/* This input commits something: its row goes with it when it is old. */
void noc_steady_end(struct noc_core *core, struct noc_txn *txn);
void noc_steady_stats(const struct noc_core *core, struct noc_value *map);

#endif
