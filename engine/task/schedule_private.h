/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_TASK_SCHEDULE_PRIVATE_H
#define NOC_ENGINE_TASK_SCHEDULE_PRIVATE_H

#include "engine/core/due.h"
#include "engine/rule/calendar.h"
#include "engine/task/schedule.h"

/*
 * What schedule.c (when), schedule_run.c (its runs) and schedule_people.c (what
 * people ask of it) share.  Times of an interval are steady, those of a
 * calendar of the wall clock.
 */

#define NOC_SCHEDULE_ON_TIME_NS (5 * NOC_NS_PER_S) /* later is late */
#define NOC_SCHEDULE_AT_ONCE	100  /* runs that one look begins */
#define NOC_SCHEDULE_WAIT_MAX	1000 /* times that wait */

/* Why a time has no run, when its schedule was there. */
enum noc_schedule_skip {
	NOC_SCHEDULE_OVERLAP, /* the run before had not ended */
	NOC_SCHEDULE_FULL,    /* too many wait for it already */
	NOC_SCHEDULE_REFUSED, /* its run was */
	NOC_SCHEDULE_PAUSED,
	NOC_SCHEDULE_SKIPS
};

struct noc_schedule {
	struct noc_due due; /* first: on_due casts back */
	struct noc_schedule_counts *counts;
	const struct noc_task *task; /* of the rules in force */
	struct noc_calendar *calendar;
	bool interval;
	int64_t jitter_ms, within_ns;
	const char *policy, *overlap;
	int64_t from_ns; /* what was due until then has been seen to */
	int64_t next_ns; /* nominal; 0: none */
	/* In its row: */
	int64_t last_ns;   /* the last that was started, missed or skipped */
	int64_t again_ns;  /* up to it times may come again: the clock was set
			    * back */
	struct noc_id run; /* whose end has not been seen; zero: none */
	int64_t *waiting;  /* nominal times, in the order of their runs */
	size_t nwaiting, cap;
	struct noc_value *paused; /* by, why, since, rules?; NULL: it is not */
	/* Until it is told: */
	struct noc_schedule_tally {
		int64_t n, last_ns;
		char why[200]; /* of the last that was refused */
	} skipped[NOC_SCHEDULE_SKIPS];
	bool dirty;
};

/* ---- schedule.c ---- */

int64_t noc_schedule_now(const struct noc_core *core,
			 const struct noc_schedule *s);
/* A nominal time for people. */
char *noc_schedule_iso(const struct noc_core *core,
		       const struct noc_schedule *s, int64_t nominal_ns,
		       char iso[32]);
/* The last nominal time that is due; 0: none. */
int64_t noc_schedule_upto(struct noc_core *core, const struct noc_schedule *s);
/* Everything that is due, and the next alarm; its row when it is another. */
void noc_schedule_look(struct noc_core *core, struct noc_schedule *s);

/* ---- schedule_run.c ---- */

bool noc_schedule_running(const struct noc_core *core,
			  const struct noc_schedule *s);
/* Now, whatever runs.  nominal 0: a person's, of no time. */
int noc_schedule_start(struct noc_core *core, struct noc_schedule *s,
		       int64_t nominal_ns, bool late, struct noc_err *err);
/* Its time has come: by `overlap` it starts, waits, or is skipped. */
void noc_schedule_come(struct noc_core *core, struct noc_schedule *s,
		       int64_t nominal_ns, bool late);
/* The ends of its runs, and who waits for them. */
void noc_schedule_see_ends(struct noc_core *core, struct noc_schedule *s);
void noc_schedule_wait(struct noc_schedule *s, int64_t nominal_ns);
/* It has no run: told by noc_schedule_tell. */
void noc_schedule_skip(struct noc_schedule *s, enum noc_schedule_skip why,
		       int64_t nominal_ns, int64_t n);
void noc_schedule_tell(struct noc_core *core, struct noc_schedule *s);
/* Which of n nominal times have a run, in memory or in the database: its state
 * at [i], "" when there is none.  states is owned by the caller: a list. */
struct noc_value *noc_schedule_ran(struct noc_core *core,
				   const struct noc_schedule *s,
				   const int64_t *nominal_ns, size_t n);

/* ---- schedule_people.c ---- */

void noc_schedule_set_paused(struct noc_core *core, struct noc_schedule *s,
			     const char *by, const char *why, bool rules);
/* What passed meanwhile is skipped; how many. */
int64_t noc_schedule_unpause(struct noc_core *core, struct noc_schedule *s);

#endif
