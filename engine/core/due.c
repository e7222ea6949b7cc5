/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/due.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/core/core_private.h"

/* Overdue timers handled a turn, so that input is not starved. */
#define DUE_PER_TICK 64

static bool
due_before(const struct noc_due *a, const struct noc_due *b)
{
	if (a->due_boot_ns != b->due_boot_ns)
		return a->due_boot_ns < b->due_boot_ns;
	return a->order < b->order;
}

static void
due_place(struct noc_core *core, size_t i, struct noc_due *due)
{
	core->heap[i] = due;
	due->slot = (uint32_t)(i + 1);
}

static void
due_up(struct noc_core *core, size_t i, struct noc_due *due)
{
	while (i > 0 && due_before(due, core->heap[(i - 1) / 2])) {
		due_place(core, i, core->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	due_place(core, i, due);
}

static void
due_down(struct noc_core *core, size_t i, struct noc_due *due)
{
	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= core->nheap)
			break;
		if (c + 1 < core->nheap &&
		    due_before(core->heap[c + 1], core->heap[c]))
			c++;
		if (!due_before(core->heap[c], due))
			break;
		due_place(core, i, core->heap[c]);
		i = c;
	}
	due_place(core, i, due);
}

void
noc_due_disarm(struct noc_core *core, struct noc_due *due)
{
	size_t i = due->slot;
	struct noc_due *last;

	due->by_wall = false;
	if (i-- == 0)
		return;
	due->slot = 0;
	last = core->heap[--core->nheap];
	if (last == due)
		return;
	if (i > 0 && due_before(last, core->heap[(i - 1) / 2]))
		due_up(core, i, last);
	else
		due_down(core, i, last);
}

void
noc_due_arm(struct noc_core *core, struct noc_due *due, int64_t due_boot_ns)
{
	noc_due_disarm(core, due);
	due->due_boot_ns = due_boot_ns;
	due->order = ++core->due_order;
	NOC_GROW(core->heap, core->heap_cap, core->nheap + 1);
	due_up(core, core->nheap++, due);
	if (core->depth == 0)
		noc_due_wake(core);
}

void
noc_due_arm_steady(struct noc_core *core, struct noc_due *due,
		   int64_t due_steady_ns)
{
	noc_due_arm(core, due, noc_steady_boot(core, due_steady_ns));
}

void
noc_due_arm_wall(struct noc_core *core, struct noc_due *due,
		 int64_t due_wall_ns)
{
	noc_due_arm_steady(core, due, noc_steady_of_wall(core, due_wall_ns));
	due->by_wall = true;
}

bool
noc_due_armed(const struct noc_due *due)
{
	return due->slot != 0;
}

void
noc_due_clock_set(struct noc_core *core)
{
	size_t n = 0;
	struct noc_due **all = noc_calloc(core->nheap + 1, sizeof(*all));

	for (size_t i = 0; i < core->nheap; i++)
		if (core->heap[i]->by_wall)
			all[n++] = core->heap[i];
	for (size_t i = 0; i < n; i++)
		noc_due_arm(core, all[i], core->now.boot_ns);
	free(all);
}

int64_t
noc_due_first(const struct noc_core *core)
{
	return core->nheap ? core->heap[0]->due_boot_ns : INT64_MAX;
}

void
noc_due_wake(struct noc_core *core)
{
	int64_t at = noc_due_first(core);

	if (at == core->wake_at && !core->wake_gone)
		return;
	core->wake_at = at;
	core->wake_gone = false;
	if (core->host->wake)
		core->host->wake(at, core->host->arg);
}

void
noc_due_tick(struct noc_core *core, struct noc_now now)
{
	noc_core_clock(core, now);
	for (int n = 0; n < DUE_PER_TICK && core->nheap > 0; n++) {
		struct noc_due *due = core->heap[0];

		if (due->due_boot_ns > now.boot_ns)
			break;
		noc_due_disarm(core, due);
		noc_core_begin(core, now);
		due->on_due(due, core);
		noc_core_end(core);
	}
	core->wake_gone = true;
	noc_due_wake(core);
}
