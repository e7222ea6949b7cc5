/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_STEADY_H
#define NOC_ENGINE_CORE_STEADY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/*
 * The time line of the core, on which every wait is a length: ns since 1970,
 * that go on as boottime does whatever somebody sets the wall clock to.  Of
 * what began in the same boot boottime decides, over a restart too; over a
 * reboot it goes on by the wall clock, and never back.  All that is due, in
 * memory and in rows, is on this line; rows of before it existed hold UTC,
 * which is where it begins.  Only calendars go by the wall clock
 * (noc_due_arm_wall).  Loop thread, inside an input.
 */
struct noc_core;
struct noc_event;

int64_t noc_steady_now(const struct noc_core *core);
/* When that is on boottime, for noc_due_arm; and back. */
int64_t noc_steady_boot(const struct noc_core *core, int64_t steady_ns);
int64_t noc_steady_of_boot(const struct noc_core *core, int64_t boot_ns);
/* What the wall clock of now calls it: for people; and back. */
int64_t noc_steady_wall(const struct noc_core *core, int64_t steady_ns);
int64_t noc_steady_of_wall(const struct noc_core *core, int64_t wall_ns);

/* When it was taken in. */
int64_t noc_steady_of_event(const struct noc_core *core,
			    const struct noc_event *ev);

/*
 * An input: was the wall clock set?  Then that is journaled and told once,
 * and what goes by it is looked at again.  Called every few hundred
 * milliseconds, and at once when the kernel says so.
 */
void noc_core_clock(struct noc_core *core, struct noc_now now);

#endif
