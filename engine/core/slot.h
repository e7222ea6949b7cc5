/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_SLOT_H
#define NOC_ENGINE_CORE_SLOT_H

#include "engine/core/core.h"

/*
 * Slots: so many calls of a family of actions are out at once, all of them
 * (exec) or at each whom they ask (http/HOST, snmp/DEVICE): the options
 * limits.*.  What finds none waits here, first come first served, before its
 * intent is written and before its time begins, so that no call waits below
 * the engine and a timeout is the other side's.  Notices have slots of their
 * own, as many again: telling people never waits behind runs.  Loop thread.
 */
#define NOC_SLOTS_EXEC 32
#define NOC_SLOTS_HTTP 16
#define NOC_SLOTS_MAIL 16
#define NOC_SLOTS_SNMP 4

struct noc_slot;

struct noc_slot_want {
	const struct noc_action_ops *ops;
	const struct noc_value *params;
	const char *target;
	bool notice;
	void (*on_turn)(void *arg); /* inside an input */
	void *arg;
};

/*
 * True: the call may go out, and *slot is the caller's (NULL: it needs none);
 * false: *slot waits, and on_turn is called once when its turn has come, never
 * from here.  Whoever has waited asks again, for its call may have become
 * another one meanwhile.
 */
bool noc_slot_take(struct noc_core *core, const struct noc_slot_want *want,
		   struct noc_slot **slot);
int64_t noc_slot_waited_ns(const struct noc_slot *slot); /* NULL: 0 */
/* Leaves the queue, or gives it back to who waits; NULL is accepted. */
void noc_slot_free(struct noc_slot *slot);
/* The daemon stops: what waits is begun after the next start. */
void noc_slots_stop(struct noc_core *core);

#endif
