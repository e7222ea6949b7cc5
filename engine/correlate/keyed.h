/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_KEYED_H
#define NOC_ENGINE_CORRELATE_KEYED_H

#include "base/fair.h"
#include "engine/core/due.h"
#include "engine/correlate/correlate.h"

/*
 * Keyed states: one for each (form, rule, key), capped, each one live row,
 * kept over a reload while the rule's correlation keys stay the same.  What
 * every form stands on.
 *
 * Where there is no room one gives way (keyed_room.c): never one that is
 * trusted more than the newcomer; of a sender that has its share his own, else
 * the oldest of whoever has the most.  What it stood for is `errored`.  If it
 * held an acting rule back, the rule is held back from its sender as a whole
 * for as long (form "lost"): nobody acts because something was forgotten.
 */
#define NOC_KEYED_MAX		65536
#define NOC_KEYED_RULE_MAX	16384 /* of one rule */
#define NOC_KEYED_LOW_MAX	32768 /* of low trust together */
#define NOC_KEYED_SENDER_LOW	1024  /* of one sender of low trust */
#define NOC_KEYED_SENDER_NORMAL 8192  /* of one of normal trust */
#define NOC_KEYED_LOST_MAX	1024  /* senders of a rule; then of all */
#define NOC_KEYED_LOST_MS	(24 * 3600 * 1000LL) /* at most */

struct noc_keyed;

struct noc_form {
	const char *name; /* live kind */
	void (*on_due)(struct noc_core *core, struct noc_keyed *k);
	/* k->data came back from its row: restore what it stands for. */
	void (*loaded)(struct noc_core *core, struct noc_keyed *k);
	void (*freed)(struct noc_core *core, struct noc_keyed *k);
	/* Is this what k->data is made of?  NULL: it has none. */
	bool (*sound)(const struct noc_value *data);
	bool pair;    /* k->rule names a pair */
	bool held;    /* with an event it counts as held_now in the ledger */
	bool lasting; /* gives way after those of its sender that are not */
	bool apart;   /* takes nobody's room and gives way to nobody */
	/* Does it hold its rule back now?  NULL: it never does. */
	bool (*brakes)(const struct noc_rule *rule, const struct noc_keyed *k);
};

struct noc_keyed {
	struct noc_due due; /* first: on_due casts back */
	const struct noc_form *form;
	char *name;	      /* "rule\x1fkey": in the table and in the row */
	const char *rule;     /* interned */
	const char *key;      /* inside name */
	struct noc_event *ev; /* what it stands for; may be NULL */
	int64_t count;
	int64_t since_ns;	/* steady, of the first */
	struct noc_value *data; /* the form's own, stored as it is */
	void *impl;		/* the form's own, not stored */
	uint8_t keys_hash[32];
	bool late; /* was overdue when loaded, or when it came */
	int64_t stored_ns;
	enum noc_trust trust; /* of its event, or of a later one: the highest */
	char *sender;	      /* of that event: noc_event_sender */
	struct noc_fair_seat in_all, in_rule;
};

struct noc_keyed_rule { /* the states of one rule */
	struct noc_table states;
	struct noc_fair fair;
	size_t lost; /* senders that it is held back from */
};

struct noc_correlation {	  /* the correlate part */
	struct noc_table states;  /* "form\x1frule\x1fkey" */
	struct noc_table by_rule; /* rule -> struct noc_keyed_rule */
	struct noc_fair fair;	  /* of all rules */
	unsigned walks;		  /* nobody gives way meanwhile */
	uint64_t evicted;
	uint64_t refused; /* over NOC_KEYED_MAX */
};

struct noc_keyed *noc_keyed_get(struct noc_core *core,
				const struct noc_form *form, const char *rule,
				const char *key);
/* NULL when nobody may give way to it (counted).  by: whose event makes it;
 * hold: it stands for that event. */
struct noc_keyed *noc_keyed_add(struct noc_core *core,
				const struct noc_form *form,
				const struct noc_rule *rule, const char *key,
				struct noc_event *by, bool hold);
/* One more event came to it: it is as trusted as the most trusted of them. */
void noc_keyed_heard(struct noc_core *core, struct noc_keyed *k,
		     const struct noc_event *ev);
void noc_keyed_store(struct noc_core *core, struct noc_keyed *k);
/* Only a count has changed: at most one row a second. */
void noc_keyed_store_count(struct noc_core *core, struct noc_keyed *k);
void noc_keyed_drop(struct noc_core *core, struct noc_keyed *k);
/* Calls fn for every state of a form and rule (a snapshot: fn may drop). */
void noc_keyed_each(struct noc_core *core, const struct noc_form *form,
		    const char *rule,
		    void (*fn)(struct noc_core *core, struct noc_keyed *k,
			       void *arg),
		    void *arg);
/* v is no list or map, or one of such values only. */
bool noc_keyed_all(const struct noc_value *v, enum noc_type type);
size_t noc_keyed_count(struct noc_core *core, const struct noc_form *form,
		       const char *rule);

/* Its entry and its row are where this key is. */
void noc_keyed_move(struct noc_core *core, struct noc_keyed *k,
		    const char *key);
/*
 * Ports of this device (NULL: of all) have names now: fill says it to an event
 * (NULL: it has been), and what its state is keyed by follows.  Where that key
 * has a state already, the older one stands.
 */
void noc_keyed_named(struct noc_core *core, const char *device,
		     void (*fill)(struct noc_event *ev, void *arg), void *arg);

/*
 * Room for one more of this rule and sender: true when there is, whoever gave
 * way.  Told.
 */
bool noc_keyed_room(struct noc_core *core, const char *rule,
		    enum noc_trust trust, struct noc_slice sender);
void noc_keyed_seat(struct noc_correlation *p, struct noc_keyed *k);
void noc_keyed_unseat(struct noc_correlation *p, struct noc_keyed *k);
/* By when they came; rows are read in no such order. */
void noc_keyed_seat_all(struct noc_correlation *p);
/* What held this rule back from this sender has no room: for as long. */
void noc_keyed_lost(struct noc_core *core, const struct noc_rule *rule,
		    struct noc_slice sender, int64_t until_boot_ns);
/* Or its row cannot be read. */
void noc_keyed_unreadable(struct noc_core *core, const struct noc_form *form,
			  const char *name);
/* Is the rule held back from the sender of this event by such a loss? */
bool noc_keyed_is_lost(struct noc_core *core, const struct noc_rule *rule,
		       const struct noc_event *ev);

/* Go on after this form with what the state stood for. */
void noc_keyed_resume(struct noc_core *core, struct noc_keyed *k,
		      const struct noc_correlator_ops *after,
		      const struct noc_value *extra);

/* The outcome of a candidate: DECISION, ledger, story.  held: it was. */
void noc_outcome(struct noc_core *core, struct noc_candidate *c,
		 const char *outcome, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same without a record: only counted. */
void noc_outcome_counted(struct noc_core *core, struct noc_candidate *c);

extern const struct noc_form noc_form_hold, noc_form_threshold,
    noc_form_throttle, noc_form_damp, noc_form_storm, noc_form_pair,
    noc_form_meant, noc_form_settle, noc_form_lost;
extern const struct noc_correlator_ops noc_correlate_damp_count,
    noc_correlate_unless, noc_correlate_settle, noc_correlate_threshold,
    noc_correlate_throttle, noc_correlate_storm, noc_correlate_hold,
    noc_correlate_damp_gate, noc_correlate_guards;

#endif
