/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_CORE_PART_H
#define NOC_ENGINE_CORE_PART_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Parts of the core: each owns one piece of live state and answers for it at
 * start, resume, reload and for the verbs of people.  The core calls them by
 * the table of noc_core_options and knows none by name; engine/parts.c is
 * that table.  Loop thread.
 */
struct noc_core;
struct noc_err;
struct noc_event_row;
struct noc_run_row;
struct noc_step_row;
struct noc_value;

enum noc_part {
	NOC_PART_SLOTS,	    /* calls that are out, and who waits; closed last */
	NOC_PART_ADMIT,	    /* sources, buckets, ring of unmatched */
	NOC_PART_ENRICH,    /* events that wait for an ifName */
	NOC_PART_SEEN,	    /* recent canonical events */
	NOC_PART_DEDUP,	    /* keys of hooks and faults that were told */
	NOC_PART_REPLAY,    /* signed deliveries that were taken */
	NOC_PART_INFORM,    /* INFORMs that were answered */
	NOC_PART_HEARD,	    /* SNMPv3 engines and their messages */
	NOC_PART_CORRELATE, /* keyed states of the forms */
	NOC_PART_SETTLE,    /* devices that runs have touched */
	NOC_PART_OVERRIDE,  /* silences, freezes, kill switch */
	NOC_PART_RUNS,	    /* runs under way */
	NOC_PART_GUARD,	    /* budgets of rules; runs ask it */
	NOC_PART_BREAKERS,  /* of an action at a target */
	NOC_PART_NOTIFY,    /* channels */
	NOC_PART_TASKS,	    /* schedules, memory of polls */
	NOC_PART_LEDGER,    /* counters and pauses of rules */
	NOC_PART_SKEW,	    /* senders whose clock is wrong */
	NOC_PART_UNLIKE,    /* hooks whose posts changed shape */
	NOC_PART_LIMITS,    /* how often each was reached */
	NOC_PART_ONCE,	    /* commands that came with a key */
	NOC_PART_COUNT
};

/* A command that a part carries out: 0 and the answer (returned), or a kind;
 * its row of engine/core/command.def was checked.  See noc_command_record for
 * who writes what is left of it. */
struct noc_part_answer {
	const char *verb;
	int (*fn)(struct noc_core *core, void *part,
		  const struct noc_value *command, struct noc_value **answer,
		  struct noc_err *err);
};

/* One for each part, in the order above; any member may be NULL. */
struct noc_part_ops {
	void *(*open)(struct noc_core *core);
	void (*close)(void *part);
	/* A live row of one of its kinds at resume; false: not mine. */
	bool (*load)(struct noc_core *core, void *part, const char *kind,
		     const char *key, int64_t due_ns,
		     const struct noc_value *data);
	/* A live row whose data cannot be read, whoever's it is: it stays where
	 * it is and is asked for again at the next start. */
	void (*unreadable)(struct noc_core *core, void *part, const char *kind,
			   const char *key);
	/* Those of the last events_back_ms (wall clock). */
	int64_t events_back_ms;
	void (*load_event)(struct noc_core *core, void *part,
			   const struct noc_event_row *row);
	void (*load_run)(struct noc_core *core, void *part,
			 const struct noc_run_row *row);
	void (*load_ended)(struct noc_core *core, void *part,
			   const struct noc_run_row *row);
	void (*load_step)(struct noc_core *core, void *part,
			  const struct noc_step_row *row);
	/* All rows are loaded: arm, drop what the rules no longer know. */
	void (*ready)(struct noc_core *core, void *part);
	void (*reload)(struct noc_core *core, void *part);
	/* The file that had its rows was put aside: all of them once more. */
	void (*store)(struct noc_core *core, void *part);
	/* Somebody set the wall clock, by so much: what is armed by it is
	 * looked at again anyway. */
	void (*clock_set)(struct noc_core *core, void *part, int64_t by_ms);
	/* Its rows of engine/core/command.def, no other; one without a verb
	 * ends them. */
	const struct noc_part_answer *answers;
	void (*stats)(struct noc_core *core, void *part, struct noc_value *map);
	/*
	 * Of NOC_PART_ONCE alone: a command has an idempotency_key.  0: it is
	 * new, and `answered` will be called when it was carried out, in the
	 * input of its answer; 1: it was here, and *answer (returned) is what
	 * was said; ECONFLICT: its first is in progress; ECONFIG: its first
	 * said something else; ERESOURCE.
	 */
	int (*asked)(struct noc_core *core, void *part,
		     const struct noc_value *command, struct noc_value **answer,
		     struct noc_err *err);
	void (*answered)(struct noc_core *core, void *part,
			 const struct noc_value *command, int kind,
			 const struct noc_value *answer);
	/* It has begun, and `answered` comes in another input. */
	void (*taken)(struct noc_core *core, void *part,
		      const struct noc_value *command);
};

extern const struct noc_part_ops noc_part_slots, noc_part_admit,
    noc_part_enrich, noc_part_seen, noc_part_dedup, noc_part_replay,
    noc_part_inform, noc_part_heard, noc_part_correlate, noc_part_guard,
    noc_part_settle, noc_part_override, noc_part_runs, noc_part_breakers,
    noc_part_notify, noc_part_tasks, noc_part_ledger, noc_part_skew,
    noc_part_unlike, noc_part_limits, noc_part_once;

#endif
