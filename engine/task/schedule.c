/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/task/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/run/cancel.h"
#include "engine/run/run.h"
#include "engine/task/calendar.h"
#include "engine/task/task_private.h"

#define OVERLAP_NS  NOC_NS_PER_S       /* look again for the end of its run */
#define ON_TIME_NS  (5 * NOC_NS_PER_S) /* later is late */
#define MAKE_UP_MAX 100		       /* runs at once, of `run = "all"` */

/*
 * There is one way: look what has become due since `from`, whoever asks, an
 * alarm, a start, a reload, a person, a clock that was set.  Times of an
 * interval are steady, those of a calendar of the wall clock.
 */
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
	struct noc_id run; /* whose end has not been seen; zero: none */
	int64_t pending;   /* nominal times waiting for it to end */
	bool dirty;
};

/* What one look makes of what is due. */
struct tally {
	int64_t missed, last_missed_ns;
	bool more; /* missed, than were counted */
	int64_t skipped;
};

static int64_t
schedule_now(const struct noc_core *core, const struct noc_schedule *s)
{
	return s->interval ? noc_steady_now(core) : noc_core_time(core).wall_ns;
}

/* A nominal time for people. */
static char *
schedule_iso(const struct noc_core *core, const struct noc_schedule *s,
	     int64_t nominal_ns, char iso[32])
{
	if (s->interval)
		nominal_ns = noc_steady_wall(core, nominal_ns);
	return noc_time_iso(iso, nominal_ns);
}

static char *
schedule_what(const struct noc_schedule *s)
{
	return noc_asprintf("schedule/%s", s->task->name);
}

static void
schedule_store(struct noc_core *core, struct noc_schedule *s)
{
	struct noc_value *data = noc_value_map();
	char *what = schedule_what(s), id[NOC_ID_TEXT];

	s->dirty = false;
	noc_value_set(data, "last", noc_value_int(s->last_ns));
	if (!noc_id_is_zero(&s->run))
		noc_value_set(data, "run",
			      noc_value_str(noc_id_format(id, &s->run)));
	if (s->pending)
		noc_value_set(data, "pending", noc_value_int(s->pending));
	noc_task_remember(core, what, data);
	free(what);
}

/* When it is due: the same schedule and time are spread the same way. */
static int64_t
schedule_due_ns(const struct noc_schedule *s, int64_t nominal_ns)
{
	char *seed;
	uint64_t h;

	if (s->jitter_ms <= 0)
		return nominal_ns;
	seed = noc_asprintf("%s/%lld", s->task->name, (long long)nominal_ns);
	h = noc_hash_stable(seed, strlen(seed));
	free(seed);
	return noc_ns_after(nominal_ns, (int64_t)(h % (uint64_t)s->jitter_ms));
}

/* ---- its runs ---- */

static void
schedule_start(struct noc_core *core, struct noc_schedule *s,
	       int64_t nominal_ns, bool late)
{
	struct noc_value *data = noc_value_map();
	struct noc_event *ev;
	char iso[32];

	noc_value_set(data, "nominal",
		      noc_value_str(schedule_iso(core, s, nominal_ns, iso)));
	noc_value_set(data, "late", noc_value_bool(late));
	ev = noc_task_event(core, s->task, "schedule", "", data, s->task->name);
	noc_task_carry_out(core, s->task, s->task->run, ev, late, &s->run);
	if (s->task->run->nsteps == 1 && s->task->run->steps[0].action &&
	    !strcmp(s->task->run->steps[0].action, "start"))
		s->run = noc_run_last(core); /* the flow is what takes long */
	noc_event_unref(ev);
	s->counts->started++;
	s->dirty = true;
}

static bool
schedule_running(const struct noc_core *core, const struct noc_schedule *s)
{
	const char *state =
	    noc_id_is_zero(&s->run) ? NULL : noc_run_state(core, &s->run);

	return state && !strcmp(state, "Running");
}

/* Its run has ended: breach, and whoever waits for it. */
static void
schedule_ended(struct noc_core *core, struct noc_schedule *s)
{
	const char *state = noc_run_state(core, &s->run);
	struct noc_value *data;

	memset(&s->run, 0, sizeof(s->run));
	s->dirty = true;
	if (state && !strcmp(state, "Failed")) {
		data = noc_value_map();
		noc_value_set(data, "reason", noc_value_str("failed"));
		noc_task_tell(core, s->task, s->task->on_breach,
			      "schedule.failed", "", data,
			      "schedule %s: its run failed", s->task->name);
	}
	if (s->pending > 0) {
		s->pending--;
		schedule_start(core, s, schedule_now(core, s), true);
	}
}

static void
schedule_see_ends(struct noc_core *core, struct noc_schedule *s)
{
	while (!noc_id_is_zero(&s->run) && !schedule_running(core, s))
		schedule_ended(core, s);
}

/* Its time has come: unless the run before has not ended, and overlap says
 * no.  True when it is skipped. */
static bool
schedule_skips(struct noc_core *core, struct noc_schedule *s,
	       int64_t nominal_ns, bool late)
{
	struct noc_err err;

	if (!schedule_running(core, s) || !strcmp(s->overlap, "allow")) {
		schedule_start(core, s, nominal_ns, late);
	} else if (!strcmp(s->overlap, "cancel_other")) {
		noc_run_cancel(
		    core, &s->run,
		    &(struct noc_cancel){ .actor = "schedule",
					  .why = "the next one is due" },
		    &err);
		schedule_start(core, s, nominal_ns, late);
	} else if (!strcmp(s->overlap, "buffer_all") ||
		   (!strcmp(s->overlap, "buffer_one") && s->pending == 0)) {
		s->pending++;
	} else {
		return !strcmp(s->overlap, "skip");
	}
	return false;
}

/* ---- what is told ---- */

static void
tell_missed(struct noc_core *core, struct noc_schedule *s,
	    const struct tally *t)
{
	struct noc_value *data = noc_value_map();
	char iso[32];

	schedule_iso(core, s, t->last_missed_ns, iso);
	noc_value_set(data, "count", noc_value_int(t->missed));
	if (t->more)
		noc_value_set(data, "more", noc_value_bool(true));
	noc_value_set(data, "nominal", noc_value_str(iso));
	s->counts->missed += (uint64_t)t->missed;
	noc_task_tell(core, s->task, s->task->on_missed, "schedule.missed", "",
		      data, "schedule %s missed %s%lld time%s, the last at %s",
		      s->task->name, t->more ? "more than " : "",
		      (long long)t->missed, t->missed == 1 ? "" : "s", iso);
}

static void
tell_skipped(struct noc_core *core, struct noc_schedule *s, int64_t count)
{
	struct noc_value *data = noc_value_map();
	char times[48] = "";

	noc_value_set(data, "reason", noc_value_str("overlap"));
	noc_value_set(data, "count", noc_value_int(count));
	s->counts->skipped += (uint64_t)count;
	if (count > 1)
		snprintf(times, sizeof(times), " %lld times", (long long)count);
	noc_task_tell(core, s->task, s->task->on_missed, "schedule.skipped", "",
		      data,
		      "schedule %s skipped%s: the run before has not ended",
		      s->task->name, times);
}

/* ---- what is due ---- */

/* The last nominal time that is due; 0: none. */
static int64_t
schedule_upto(struct noc_core *core, const struct noc_schedule *s)
{
	int64_t now = schedule_now(core, s), upto, next;

	/* Of the latest it depends on the jitter of each. */
	upto = noc_calendar_last(s->calendar, s->from_ns,
				 noc_ns_after(now, -s->jitter_ms));
	if (s->jitter_ms <= 0)
		return upto;
	for (next = upto ? upto : s->from_ns;
	     (next = noc_calendar_next(s->calendar, next)) &&
	     schedule_due_ns(s, next) <= now;)
		upto = next;
	return upto;
}

/*
 * What is not too old is made up for: all of it, or all of it by the last; the
 * rest is missed.  By `skip` nothing is, but what is on time.
 */
static void
schedule_make_up(struct noc_core *core, struct noc_schedule *s, int64_t upto_ns,
		 struct tally *t)
{
	bool all = !strcmp(s->policy, "all"), skip = !strcmp(s->policy, "skip");
	int64_t now = schedule_now(core, s);
	int64_t since = noc_ns_after(now - (skip ? ON_TIME_NS : s->within_ns),
				     -s->jitter_ms);
	int64_t runs[MAKE_UP_MAX], n = 0, from = s->from_ns, old;

	/* The newest are kept; those before them are missed. */
	for (int64_t at = upto_ns;
	     at > s->from_ns && at > since && n < (all ? MAKE_UP_MAX : 1);) {
		runs[n++] = at;
		at = noc_calendar_last(s->calendar, s->from_ns, at - 1);
	}
	old = n == 0 ? upto_ns
	      : all  ? runs[n - 1] - 1
	      : skip ? upto_ns - 1
		     : since;
	t->last_missed_ns = noc_calendar_last(s->calendar, from, old);
	if (t->last_missed_ns)
		t->missed =
		    noc_calendar_count(s->calendar, from, old, &t->more);
	while (n-- > 0)
		t->skipped += schedule_skips(core, s, runs[n],
					     now - schedule_due_ns(s, runs[n]) >
						 ON_TIME_NS);
}

/* The wall clock was set back: its times come again.  Set right again: not. */
static void
schedule_from(struct noc_core *core, struct noc_schedule *s)
{
	int64_t now = schedule_now(core, s);

	if (s->from_ns > now)
		s->from_ns = now;
	if (s->last_ns > s->from_ns && s->last_ns <= now)
		s->from_ns = s->last_ns;
}

static void
schedule_arm(struct noc_core *core, struct noc_schedule *s)
{
	int64_t look = noc_core_time(core).boot_ns + OVERLAP_NS;

	noc_due_disarm(core, &s->due);
	s->next_ns = noc_calendar_next(s->calendar, s->from_ns);
	if (s->next_ns && s->interval)
		noc_due_arm_steady(core, &s->due,
				   schedule_due_ns(s, s->next_ns));
	else if (s->next_ns)
		noc_due_arm_wall(core, &s->due, schedule_due_ns(s, s->next_ns));
	if (!noc_id_is_zero(&s->run) &&
	    (!noc_due_armed(&s->due) || s->due.due_boot_ns > look))
		noc_due_arm(core, &s->due, look);
}

static void
schedule_look(struct noc_core *core, struct noc_schedule *s)
{
	struct tally t = { 0 };
	int64_t upto;

	schedule_see_ends(core, s);
	schedule_from(core, s);
	upto = schedule_upto(core, s);
	if (upto) {
		schedule_make_up(core, s, upto, &t);
		s->from_ns = s->last_ns = upto;
		s->dirty = true;
		schedule_see_ends(core, s);
	}
	if (t.missed)
		tell_missed(core, s, &t);
	if (t.skipped)
		tell_skipped(core, s, t.skipped);
	schedule_arm(core, s);
	if (s->dirty)
		schedule_store(core, s);
}

static void
on_schedule_due(struct noc_due *due, struct noc_core *core)
{
	schedule_look(core, (struct noc_schedule *)due);
}

/* ---- life ---- */

static int64_t
option_ms(const struct noc_value *opts, const char *name, const char *otherwise)
{
	int64_t ms;

	if (noc_duration_parse(noc_value_get_str(opts, name, otherwise), &ms) <
	    0)
		(void)noc_duration_parse(otherwise, &ms);
	return ms;
}

struct noc_schedule *
noc_schedule_new(const struct noc_task *task,
		 struct noc_schedule_counts *counts)
{
	const struct noc_value *opts = noc_value_get(task->ast, "opts");
	const struct noc_value *misfire = noc_value_get(opts, "misfire");
	struct noc_schedule *s = noc_calloc(1, sizeof(*s));
	struct noc_err err;

	if (noc_value_get(misfire, "opts"))
		misfire = noc_value_get(misfire, "opts");
	s->counts = counts;
	s->task = task;
	s->due.on_due = on_schedule_due;
	s->overlap = noc_value_get_str(opts, "overlap", "skip");
	s->policy = noc_value_get_str(misfire, "run", "once");
	s->within_ns = noc_ns_after(0, option_ms(misfire, "within", "10m"));
	s->jitter_ms = option_ms(opts, "jitter", "0");
	if (noc_calendar_new(opts, &s->calendar, &err) < 0) {
		noc_warn("task", "schedule=%s %s", task->name, err.msg);
		free(s);
		return NULL;
	}
	s->interval = noc_calendar_is_interval(s->calendar);
	return s;
}

void
noc_schedule_begin(struct noc_core *core, struct noc_schedule *s)
{
	char *what = schedule_what(s);
	const struct noc_value *mem = noc_task_memory(core, what);
	int64_t now = schedule_now(core, s);

	free(what);
	s->last_ns = noc_ns_sane(noc_value_get_int(mem, "last", now));
	s->from_ns = s->last_ns;
	s->pending = noc_value_get_int(mem, "pending", 0);
	noc_id_parse(noc_value_get_str(mem, "run", ""), &s->run);
	s->dirty = !mem;
	schedule_look(core, s);
}

void
noc_schedule_free(struct noc_core *core, struct noc_schedule *s)
{
	if (core)
		noc_due_disarm(core, &s->due);
	noc_calendar_free(s->calendar);
	free(s);
}

const char *
noc_schedule_name(const struct noc_schedule *s)
{
	return s->task->name;
}

struct noc_value *
noc_schedule_row(const struct noc_core *core, const struct noc_schedule *s)
{
	struct noc_value *row = noc_value_map();
	char iso[32];

	noc_value_set(row, "schedule", noc_value_str(s->task->name));
	if (s->next_ns)
		noc_value_set(
		    row, "next",
		    noc_value_str(schedule_iso(core, s, s->next_ns, iso)));
	noc_value_set(row, "running",
		      noc_value_bool(schedule_running(core, s)));
	return row;
}

struct noc_id
noc_schedule_trigger(struct noc_core *core, struct noc_schedule *s,
		     const struct noc_value *command)
{
	struct noc_id id;

	schedule_start(core, s, schedule_now(core, s), false);
	noc_core_admin(core, command); /* before what is due now */
	id = s->run;
	schedule_look(core, s);
	return id;
}
