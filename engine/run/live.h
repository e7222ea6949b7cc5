/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_RUN_LIVE_H
#define NOC_ENGINE_RUN_LIVE_H

#include "engine/run/lane.h"
#include "engine/run/run_private.h"

/*
 * A step that has begun and has not ended: what it waits for, and what it has
 * tried so far.  It belongs to its run and is freed when the step ends.  Loop
 * thread, inside an input.
 */
#define NOC_TIMES_MAX                                           \
	1000000 /* that a row says something was tried, or told \
		 */

enum noc_wait {
	NOC_WAIT_NONE,
	NOC_WAIT_CALL,	   /* an attempt: intent written or call out */
	NOC_WAIT_RETRY,	   /* until the next attempt */
	NOC_WAIT_READ,	   /* its turn to read the target */
	NOC_WAIT_QUEUE,	   /* a slot for its call: nothing of it is begun */
	NOC_WAIT_PAUSE,	   /* the kill switch is on */
	NOC_WAIT_SLEEP,	   /* a sleep step */
	NOC_WAIT_VERIFY,   /* between two reads */
	NOC_WAIT_ESCALATE, /* for an acknowledgement */
	NOC_WAIT_GATE,	   /* for a decision of people */
	NOC_WAIT_EVENT,	   /* for an event, a signal, a window */
	NOC_WAIT_ASK,	   /* in doubt: a person decides */
	NOC_WAIT_BLOCKED,  /* recovered too often, or no code for it */
	NOC_WAIT_INNER	   /* for what it holds: an each, a call, an undo */
};
extern const char *const noc_wait_names[];

/* What a live says of its run: the most telling first, the last is "". */
extern const char *const noc_phase_names[NOC_PHASES];
size_t noc_phase_find(const char *name);

struct noc_escalating {
	const struct noc_escalation *def; /* of the plan */
	bool on_fail;			  /* the run's, else a step's */
	size_t level;			  /* the next one */
	int64_t since_ns, last_ns;	  /* steady */
};

/* What few have, of the many that may wait at once. */
struct noc_live_more {
	struct noc_lane *inner;	    /* NOC_WAIT_INNER: a called flow */
	struct noc_each *each;	    /* or the items */
	struct noc_escalating *esc; /* NULL: it tells nobody */
	struct noc_await *await;    /* the event that ends it; NULL */
	struct noc_gate *gate;	    /* what people decide; NULL: nothing */
	struct noc_stop *stops;	    /* where it waits for an event, stops.h */
	struct core_emission *emission; /* that it waits for; step_core.c */
	struct noc_value *targets;	/* a list, of a step about many; NULL */
	struct noc_value *left_out;	/* target -> its freeze */
	int64_t order;			/* of what can be undone; 0 */
	int64_t undone, stays;		/* undo: of how many steps, of how many
					   not */
	int64_t restarts;		/* tries because the daemon died */
	int64_t held_due_ns;		/* until when */
	int64_t ok_since_ns;		/* verify: it holds since; 0: not */
	int64_t ended_ns; /* of a step that failed, not so the run */
};

/* Ten thousand may wait: what is new here goes into noc_live_more if it can. */
struct noc_live {
	struct noc_run *run;
	struct noc_lane *lane;
	struct noc_live *next, **prev;		/* of the run */
	struct noc_live *beside, **beside_prev; /* of its lane */
	const struct noc_live_more *more; /* never NULL; noc_live_more(l) is
					     written to */
	struct noc_due due;
	int64_t due_ns;		 /* steady; 0: none */
	int64_t step_ns;	 /* when it began */
	struct noc_slot *slot;	 /* waited for, or had for what begins now */
	struct noc_attempt *out; /* the attempt at hand */
	const char *state;	 /* of its row; static */
	struct noc_value *row;	 /* its JSON; NULL: as text, or to be made */
	char *row_text;		 /* while it waits for long */
	struct noc_live *next_touched;
	uint32_t node; /* its step, by place in the plan */
	int attempt;   /* its number, never used twice in a run's step */
	int tries;     /* those that count for the retry policy */
	int reads;
	uint8_t phase; /* of noc_phase_names */
	enum noc_wait wait : 8;
	enum noc_wait held : 8; /* what it waited for when the run lost its
				   code */
	bool went : 1;		/* a call of it was out */
	bool undoes : 1;	/* it takes the step back */
	bool loaded : 1;	/* from its row, and not sent on yet */
	bool doubt : 1;		/* it may have happened */
	bool probing : 1;	/* the attempt asks whether it has */
	bool confirm_turn : 1;	/* its turn to read has come */
	bool has_row : 1;	/* and it says something */
	bool dirty : 1;		/* to be written at the end of this input */
	bool touched : 1;	/* of the run's */
	char path[];
};

/* To write to it; from then on it is its own. */
struct noc_live_more *noc_live_more(struct noc_live *l);
/* A number of it, of which most have none. */
#define NOC_LIVE_SET(l, name, value)                   \
	do {                                           \
		int64_t set_ = (value);                \
		if ((l)->more->name != set_)           \
			noc_live_more(l)->name = set_; \
	} while (0)
/* Begun now; the lane has none of this node. */
struct noc_live *noc_live_new(struct noc_lane *lane, size_t node);
/* Of what takes it back. */
struct noc_live *noc_live_new_undo(struct noc_lane *lane, size_t node);
/* It is an undo, or a step of one. */
bool noc_live_takes_back(const struct noc_live *l);
/* Whose lane it has, if it holds one. */
size_t noc_live_inner(const struct noc_live *l);
/* Of this node, not its undo; or the undo whose flow that is; NULL: none. */
struct noc_live *noc_live_find(const struct noc_lane *lane, size_t node);
struct noc_live *noc_live_at(const struct noc_run *r, const char *path);
/* It has ended, but people are told of it later: out of the run's lives. */
void noc_live_keep(struct noc_live *l);
void noc_live_resume(struct noc_live *l); /* back among them */
void noc_live_behind(struct noc_live *l); /* the last of the run's now */
/* Not to be done any more; written down. */
void noc_live_cancel(struct noc_live *l, const char *why);
/* Leaves the run; gives back what it had. */
void noc_live_free(struct noc_live *l);
const struct noc_step_def *noc_live_step(const struct noc_live *l);
/* Wait for this, until due (steady; 0: no end). */
void noc_live_wait(struct noc_live *l, enum noc_wait wait, const char *phase,
		   int64_t due_ns);
bool noc_live_says(const struct noc_live *l, const char *phase);
/* Its row is written when the input is through with the run. */
void noc_live_touch(struct noc_live *l);
/* Those that are; the first touched comes first. */
void noc_live_store_touched(struct noc_run *r);
/* What its row says; json is owned. */
void noc_live_say(struct noc_live *l, struct noc_value *json);
/* The same, of one that is loaded. */
void noc_live_load_row(struct noc_live *l, const struct noc_value *json);
/* Its row, as it is now. */
void noc_live_store(struct noc_live *l);
/* As v says: "live" in the row of its step, or the row of a run of the first
 * version. */
struct noc_live *noc_live_load(struct noc_lane *lane, size_t node,
			       const struct noc_value *v);
struct noc_live *noc_live_load_undo(struct noc_lane *lane, size_t node,
				    const struct noc_value *v);
/* How a step ended: what comes after it goes by that. */
void noc_live_end(struct noc_live *l, enum noc_end end);

#endif
