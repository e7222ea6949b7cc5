/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORRELATE_KEYED_H
#define NOC_ENGINE_CORRELATE_KEYED_H

#include "engine/core/due.h"
#include "engine/correlate/correlate.h"

/*
 * Keyed states: one for each (form, rule, key), capped, each one live row,
 * kept over a reload while the rule's correlation keys stay the same.  What
 * every form stands on.
 */
#define NOC_KEYED_MAX 65536

struct noc_keyed;

struct noc_form {
	const char *name; /* live kind */
	void (*on_due)(struct noc_core *core, struct noc_keyed *k);
	/* k->data came back from its row: restore what it stands for. */
	void (*loaded)(struct noc_core *core, struct noc_keyed *k);
	void (*freed)(struct noc_core *core, struct noc_keyed *k);
	/* Is this what k->data is made of?  NULL: it has none. */
	bool (*sound)(const struct noc_value *data);
	bool pair; /* k->rule names a pair */
	bool held; /* with an event it counts as held_now in the ledger */
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
};

struct noc_correlation {	  /* the correlate part */
	struct noc_table states;  /* "form\x1frule\x1fkey" */
	struct noc_table by_rule; /* rule -> struct noc_table of states */
	uint64_t refused;	  /* over NOC_KEYED_MAX */
};

struct noc_keyed *noc_keyed_get(struct noc_core *core,
				const struct noc_form *form, const char *rule,
				const char *key);
/* NULL when the cap is reached (counted). ev may be NULL. */
struct noc_keyed *noc_keyed_add(struct noc_core *core,
				const struct noc_form *form,
				const struct noc_rule *rule, const char *key,
				struct noc_event *ev);
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
    noc_form_meant, noc_form_settle;
extern const struct noc_correlator_ops noc_correlate_damp_count,
    noc_correlate_unless, noc_correlate_settle, noc_correlate_threshold,
    noc_correlate_throttle, noc_correlate_storm, noc_correlate_hold,
    noc_correlate_damp_gate, noc_correlate_guards;

#endif
