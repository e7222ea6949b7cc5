/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_MEMORY_RECALL_H
#define NOC_ENGINE_MEMORY_RECALL_H

#include <sys/queue.h>

#include "engine/core/core.h"

/*
 * Keys that were here, each for some time, each in a live row.  Every owner (a
 * hook, a sender) has its share, so that nobody's keys push out another's.
 * What happens when there is no room is the table's: it keeps what it has, or
 * gives up the oldest.  Loop thread, inside an input.
 */
struct noc_recall_conf {
	const char *kind; /* of its live rows */
	size_t each, all; /* of one owner; of all of them */
	bool keeps;	  /* nothing is given up: a new key finds no room */
	/* One is forgotten: in its time, or early for want of room.  text:
	 * owner, 1F, key. */
	void (*gone)(struct noc_core *core, void *arg, const char *text,
		     int64_t mark, bool early);
};

struct noc_recalled;
TAILQ_HEAD(noc_recall_list, noc_recalled);

struct noc_recall { /* embedded */
	const struct noc_recall_conf *conf;
	void *arg;
	struct noc_table keys, owners;
	struct noc_recall_list queue[2]; /* oldest first: low trust, not */
	uint64_t hits, full;		 /* known ones; those without room */
};

struct noc_recall_key {
	const char *owner;
	struct noc_slice key;
	int64_t within_ms;
	bool low;     /* of low trust: given up before all that are not */
	int64_t mark; /* for `gone`; 0: none */
	const struct noc_value *data; /* kept with it; NULL: none */
};

enum noc_recall_got {
	NOC_RECALL_NEW,
	NOC_RECALL_GAVE_UP, /* new, and an older one was given up for it */
	NOC_RECALL_FULL	    /* not remembered */
};

void noc_recall_init(struct noc_recall *t, const struct noc_recall_conf *conf,
		     void *arg);
void noc_recall_release(struct noc_recall *t);
/* Was this key of this owner here?  Counts it when it was. */
bool noc_recall_repeats(struct noc_recall *t, const char *owner,
			struct noc_slice key);
/* What is kept with one that was here (borrowed); NULL: none, or it was not. */
const struct noc_value *noc_recall_data(const struct noc_recall *t,
					const char *owner,
					struct noc_slice key);
/* How many an owner has; NULL: all of them together. */
size_t noc_recall_count(const struct noc_recall *t, const char *owner);
/* Remembers one that was not. */
enum noc_recall_got noc_recall_add(struct noc_core *core, struct noc_recall *t,
				   const struct noc_recall_key *key);
/* As if it had not been here. */
void noc_recall_forget(struct noc_core *core, struct noc_recall *t,
		       const char *owner, struct noc_slice key);
/* One of its rows at the start; when all are here, which is the oldest. */
void noc_recall_load(struct noc_core *core, struct noc_recall *t,
		     const char *text, int64_t due_ns,
		     const struct noc_value *data);
void noc_recall_ready(struct noc_recall *t);
void noc_recall_store(struct noc_core *core, const struct noc_recall *t);

#endif
