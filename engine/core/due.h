/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_DUE_H
#define NOC_ENGINE_CORE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/*
 * Timers of the core: ordered by due, however long ago, then by order armed.
 * Loop thread.
 */
struct noc_core;

struct noc_due { /* embedded in what waits */
	int64_t due_boot_ns;
	uint64_t order;
	void (*on_due)(struct noc_due *due, struct noc_core *core);
	uint32_t slot; /* heap index + 1; 0: not armed */
	bool by_wall;  /* due again whenever that clock is set */
};

void noc_due_arm(struct noc_core *core, struct noc_due *due,
		 int64_t due_boot_ns);
/* On the core's time line (engine/core/steady.h), as it is in rows. */
void noc_due_arm_steady(struct noc_core *core, struct noc_due *due,
			int64_t due_steady_ns);
/* A calendar's.  on_due also comes when the wall clock was set: it asks the
 * calendar again. */
void noc_due_arm_wall(struct noc_core *core, struct noc_due *due,
		      int64_t due_wall_ns);
void noc_due_disarm(struct noc_core *core, struct noc_due *due);
bool noc_due_armed(const struct noc_due *due);
/* When the first of all is due; INT64_MAX: none. */
int64_t noc_due_first(const struct noc_core *core);
/* An input: carries out what is due by now. */
void noc_due_tick(struct noc_core *core, struct noc_now now);

#endif
