/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_SLOT_H
#define NOC_ENGINE_CORE_SLOT_H

#include "engine/core/core.h"

/*
 * Slots: so many at once of a key.  A call has the key of whom it asks: all of
 * its family (exec) or each of them (http/HOST, snmp/DEVICE; the options
 * limits.*), and those that its step names; a run has those that its flow
 * names.  All of them are taken together or none, and while one is missing
 * nothing is held.  Who finds one missing waits here, before anything of it
 * is written and before its time begins: runs take turns at a key, and within
 * one it is first come first served, so that one call never stands behind ten
 * thousand of another run.  Notices have slots of their own, as many again:
 * telling people never waits behind runs.  Nothing of this is stored: a start
 * takes again what its rows say is held.  Loop thread.
 */
#define NOC_SLOTS_EXEC 32
#define NOC_SLOTS_HTTP 16
#define NOC_SLOTS_MAIL 16
#define NOC_SLOTS_SNMP 4
#define NOC_SLOT_NAMES 32 /* of a call: its step's and those of three each */

struct noc_slot;

/* A key that somebody named.  Who asks says how many; the last one holds. */
enum noc_slot_kind {
	NOC_SLOT_LIMIT, /* of a step: calls */
	NOC_SLOT_RUN,	/* of a flow: runs */
	NOC_SLOT_LOCK,
	NOC_SLOT_DEDUP,
	NOC_SLOT_KINDS
};
struct noc_slot_name {
	enum noc_slot_kind kind;
	const char *name; /* borrowed */
	int64_t limit;
};

struct noc_slot_want {
	const struct noc_action_ops *ops; /* NULL: no call, only names */
	const struct noc_value *params;
	const char *target;
	bool notice;
	const struct noc_slot_name *names;
	size_t nnames;
	struct noc_id run; /* in turn with others; zero: none of them */
	void (*on_turn)(void *arg); /* inside an input */
	void *arg;
};

/*
 * True: it may begin, and *slot is the caller's (NULL: it needs none); false:
 * *slot waits, and on_turn is called once when its turn has come, never from
 * here.  Whoever has waited asks again, for its call may have become another
 * one meanwhile.
 */
bool noc_slot_take(struct noc_core *core, const struct noc_slot_want *want,
		   struct noc_slot **slot);
/* It was held before the restart, so it is, whatever else is. */
struct noc_slot *noc_slot_keep(struct noc_core *core,
			       const struct noc_slot_want *want);
int64_t noc_slot_waited_ns(const struct noc_slot *slot); /* NULL: 0 */
/* What it waits for ("lock/building/b1") and the run that has had it longest,
 * zero: none; NULL: it does not wait. */
const char *noc_slot_missing(const struct noc_slot *slot,
			     struct noc_id *holder);
/* How many wait for a key that it holds. */
int64_t noc_slot_waiters(const struct noc_slot *slot);
/* Leaves the queue, or gives it back to who waits; NULL is accepted. */
void noc_slot_free(struct noc_slot *slot);
/* The daemon stops: what waits is begun after the next start. */
void noc_slots_stop(struct noc_core *core);

#endif
