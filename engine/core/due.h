/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_DUE_H
#define NOC_ENGINE_CORE_DUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/*
 * Timers of the core: ordered by due, then by order armed.  Loop thread.
 */
struct noc_core;

struct noc_due {	     /* embedded in what waits */
	int64_t due_boot_ns; /* 0: not armed */
	uint64_t order;
	size_t slot; /* heap index + 1 */
	void (*on_due)(struct noc_due *due, struct noc_core *core);
};

void noc_due_arm(struct noc_core *core, struct noc_due *due,
		 int64_t due_boot_ns);
void noc_due_disarm(struct noc_core *core, struct noc_due *due);
/* UTC <-> boottime by the offset of this input. */
int64_t noc_due_utc(const struct noc_core *core, int64_t due_boot_ns);
int64_t noc_due_boot(const struct noc_core *core, int64_t due_utc_ns);
/* An input: carries out what is due by now. */
void noc_due_tick(struct noc_core *core, struct noc_now now);

#endif
