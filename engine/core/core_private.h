/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_CORE_PRIVATE_H
#define NOC_ENGINE_CORE_CORE_PRIVATE_H

#include "engine/core/core.h"
#include "engine/core/due.h"
#include "engine/core/steady_private.h"

/* The core's inside: only core*.c include this. */

struct noc_effect {
	struct noc_effect *next;
	void (*drop)(void *arg);
	uint64_t ticket;
	void (*fn)(void *arg);
	void *arg;
};

struct noc_core {
	struct noc_env *env;
	const struct noc_host *host;
	bool virtual_time;
	uint8_t boot_id[16];
	struct noc_now virtual_now, now;
	struct noc_steady steady;
	struct noc_command_later *asked; /* the command at hand; NULL */
	bool replayed; /* the answer being given was given before */
	bool resumed;  /* its rows were read: they may be written */
	int depth;     /* nested inputs join the outermost */
	struct noc_txn *txn;
	uint64_t submitted, durable;
	struct noc_effect *deferred, **deferred_tail;
	struct noc_effect *fresh, **fresh_tail;	    /* of this input */
	struct noc_effect *effects, **effects_tail; /* waiting to be durable */
	bool releasing;

	struct noc_ruleset *rules;
	struct noc_inventory *inventory;
	const struct noc_part_ops *const *ops;
	void *parts[NOC_PART_COUNT];

	struct noc_due **heap; /* binary, by (due, order) */
	size_t nheap, heap_cap;
	uint64_t due_order;
	int64_t wake_at; /* as the host was told */
	bool wake_gone;	 /* that has come: tell it again */

	struct noc_strbuf story;
	struct noc_strbuf text; /* scratch */
	double fill;
	bool failing;
};

/* Tell the host when the earliest timer changed. */
void noc_due_wake(struct noc_core *core);
/* What is armed by the wall clock is due now: its owner looks again. */
void noc_due_clock_set(struct noc_core *core);

#endif
