/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_SLOT_PRIVATE_H
#define NOC_ENGINE_CORE_SLOT_PRIVATE_H

#include <sys/queue.h>

#include "base/table.h"
#include "engine/core/due.h"
#include "engine/core/slot.h"

/* Between slot.c and slot_show.c only. */

struct slot_family {	     /* of actions, or a kind of names */
	char *name, *option; /* NULL: of names */
	int64_t standard;
	int64_t out, queued;
	uint64_t waited;
	double waited_s;
};

/* Those of one run at one key, in the order they came. */
struct slot_group {
	TAILQ_ENTRY(slot_group) link;
	struct noc_id run;
	TAILQ_HEAD(, noc_slot) slots;
};

struct slot_use {		    /* one key of a slot */
	TAILQ_ENTRY(slot_use) link; /* while it is held */
	struct slot_key *key;
	struct noc_slot *slot;
	int64_t limit; /* of a name: what it said */
};

/* It is there while somebody holds it or waits, for whatever. */
struct slot_key {
	struct noc_core *core;
	struct slot_family *family;
	char *text;    /* "snmp/sw1", "notices/exec", "lock/building/b1" */
	int64_t limit; /* of a name */
	int64_t out, queued;
	size_t refs;		       /* uses that name it */
	TAILQ_HEAD(, slot_group) ring; /* whose turn is next, first */
	TAILQ_HEAD(, slot_use) held;   /* the oldest first */
	struct noc_due due;	       /* somebody's turn */
};

struct noc_slot {
	TAILQ_ENTRY(noc_slot) link; /* of its group */
	struct slot_key *at;	    /* where it waits; NULL: nowhere */
	bool held;
	struct slot_group *group;
	struct noc_core *core;
	struct noc_id run;
	int64_t since_ns, waited_ns; /* boottime */
	void (*on_turn)(void *arg);
	void *arg;
	size_t nuses;
	struct slot_use uses[];
};

struct noc_slots { /* the part */
	struct noc_table keys, families, groups;
	struct slot_family *kinds[NOC_SLOT_KINDS];
	bool stopped;
};

int64_t slot_family_limit(const struct noc_core *core,
			  const struct slot_family *f);
int64_t slot_key_limit(const struct slot_key *k);
void slots_stats(struct noc_core *core, void *part, struct noc_value *map);

#endif
