/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/task/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/run/run.h"
#include "engine/task/calendar.h"
#include "engine/task/task_private.h"

#define TASK_OVERLAP_MS 1000 /* look again for the end of the run before */
#define TASK_MISSED_MAX 1000 /* nominal times counted at most */

struct noc_schedule {
	struct noc_due due; /* first: on_due casts back */
	struct noc_schedule_counts *counts;
	const struct noc_task *task; /* of the rules in force */
	struct noc_calendar *calendar;
	int64_t nominal_ns; /* next */
	int64_t within_ns;
	const char *policy, *overlap;
	struct noc_id run; /* last started; zero: none */
	int64_t pending;   /* nominal times waiting for it to end */
	bool watching;	   /* its end is waited for, for on_breach */
};

static char *
schedule_what(const struct noc_schedule *s)
{
	return noc_asprintf("schedule/%s", s->task->name);
}

static void
schedule_store(struct noc_core *core, const struct noc_schedule *s,
	       int64_t last_ns)
{
	struct noc_value *data = noc_value_map();
	char *what = schedule_what(s), id[NOC_ID_TEXT];

	noc_value_set(data, "last", noc_value_int(last_ns));
	if (!noc_id_is_zero(&s->run))
		noc_value_set(data, "run",
			      noc_value_str(noc_id_format(id, &s->run)));
	if (s->pending)
		noc_value_set(data, "pending", noc_value_int(s->pending));
	noc_task_remember(core, what, data);
	free(what);
}

/* Deterministic: the same schedule and time spread the same way. */
static int64_t
schedule_jitter(const struct noc_schedule *s)
{
	const char *text = noc_value_get_str(
	    noc_value_get(s->task->ast, "opts"), "jitter", "0");
	char *seed;
	int64_t ms = 0;
	uint64_t h;

	if (noc_duration_parse(text, &ms) < 0 || ms <= 0)
		return 0;
	seed = noc_asprintf("%s/%lld", s->task->name, (long long)s->nominal_ns);
	h = noc_hash_stable(seed, strlen(seed));
	free(seed);
	return (int64_t)(h % (uint64_t)ms) * NOC_NS_PER_MS;
}

static void
schedule_next(struct noc_core *core, struct noc_schedule *s, int64_t after_ns)
{
	s->nominal_ns = noc_calendar_next(s->calendar, after_ns);
	if (s->nominal_ns)
		noc_due_arm_wall(core, &s->due,
				 s->nominal_ns + schedule_jitter(s));
}

static void
schedule_start(struct noc_core *core, struct noc_schedule *s,
	       int64_t nominal_ns, bool late)
{
	struct noc_value *data = noc_value_map();
	struct noc_event *ev;
	char iso[32];

	noc_value_set(data, "nominal",
		      noc_value_str(noc_time_iso(iso, nominal_ns)));
	noc_value_set(data, "late", noc_value_bool(late));
	ev = noc_task_event(core, s->task, "schedule", "", data, s->task->name);
	noc_task_carry_out(core, s->task, s->task->run, ev, late, &s->run);
	if (s->task->run->nsteps == 1 && s->task->run->steps[0].action &&
	    !strcmp(s->task->run->steps[0].action, "start"))
		s->run = noc_run_last(core); /* the flow is what takes long */
	noc_event_unref(ev);
	s->watching = true;
	s->counts->started++;
}

static void
schedule_missed(struct noc_core *core, struct noc_schedule *s, int64_t count,
		int64_t last_ns)
{
	struct noc_value *data = noc_value_map();
	char iso[32];

	noc_time_iso(iso, last_ns);
	noc_value_set(data, "count", noc_value_int(count));
	noc_value_set(data, "nominal", noc_value_str(iso));
	s->counts->missed += (uint64_t)count;
	noc_task_tell(core, s->task, s->task->on_missed, "schedule.missed", "",
		      data, "schedule %s missed %lld time%s, the last at %s",
		      s->task->name, (long long)count, count == 1 ? "" : "s",
		      iso);
}

static bool
schedule_running(const struct noc_core *core, const struct noc_schedule *s)
{
	const char *state =
	    noc_id_is_zero(&s->run) ? NULL : noc_run_state(core, &s->run);

	return state && !strcmp(state, "Running");
}

/* The run before has not ended: what overlap says. */
static bool
schedule_overlaps(struct noc_core *core, struct noc_schedule *s)
{
	struct noc_value *data;
	struct noc_err err;

	if (!strcmp(s->overlap, "allow"))
		return false;
	if (!strcmp(s->overlap, "cancel_other")) {
		noc_run_cancel(core, &s->run, "schedule", "the next one is due",
			       &err);
		return false;
	}
	if (!strcmp(s->overlap, "buffer_all") ||
	    (!strcmp(s->overlap, "buffer_one") && s->pending == 0)) {
		s->pending++;
		return true;
	}
	if (strcmp(s->overlap, "skip"))
		return true; /* one waits already */
	data = noc_value_map();
	noc_value_set(data, "reason", noc_value_str("overlap"));
	s->counts->skipped++;
	noc_task_tell(core, s->task, s->task->on_missed, "schedule.skipped", "",
		      data, "schedule %s skipped: the run before has not ended",
		      s->task->name);
	return true;
}

/* The run that is watched has ended: breach, and whoever waits for it. */
static void
schedule_ended(struct noc_core *core, struct noc_schedule *s)
{
	const char *state = noc_run_state(core, &s->run);
	struct noc_value *data;

	s->watching = false;
	if (state && !strcmp(state, "Failed")) {
		data = noc_value_map();
		noc_value_set(data, "reason", noc_value_str("failed"));
		noc_task_tell(core, s->task, s->task->on_breach,
			      "schedule.failed", "", data,
			      "schedule %s: its run failed", s->task->name);
	}
	if (s->pending > 0) {
		s->pending--;
		schedule_start(core, s, noc_core_time(core).wall_ns, true);
	}
}

static void
on_schedule_due(struct noc_due *due, struct noc_core *core)
{
	struct noc_schedule *s = (struct noc_schedule *)due;
	int64_t now = noc_core_time(core).wall_ns, nominal = s->nominal_ns;

	if (s->watching && !schedule_running(core, s))
		schedule_ended(core, s);
	if (nominal && nominal <= now) {
		if (now - nominal > s->within_ns)
			schedule_missed(core, s, 1, nominal);
		else if (!schedule_running(core, s) ||
			 !schedule_overlaps(core, s))
			schedule_start(core, s, nominal,
				       now - nominal > 60 * NOC_NS_PER_S);
		schedule_store(core, s, nominal);
		schedule_next(core, s, nominal);
	}
	if (s->watching &&
	    (!noc_due_armed(&s->due) ||
	     s->due.due_boot_ns >
		 noc_core_time(core).boot_ns + TASK_OVERLAP_MS * NOC_NS_PER_MS))
		noc_due_arm(core, &s->due,
			    noc_core_time(core).boot_ns +
				TASK_OVERLAP_MS * NOC_NS_PER_MS);
	else if (!noc_due_armed(&s->due) && s->nominal_ns)
		noc_due_arm_wall(core, &s->due,
				 s->nominal_ns + schedule_jitter(s));
}

/* What was slept through since the last time that is remembered. */
static void
schedule_catch_up(struct noc_core *core, struct noc_schedule *s,
		  int64_t last_ns)
{
	int64_t now = noc_core_time(core).wall_ns, t = last_ns, late = 0;
	int64_t missed = 0, last_missed = 0;
	bool all = !strcmp(s->policy, "all");

	for (int i = 0; i < TASK_MISSED_MAX; i++) {
		int64_t next = noc_calendar_next(s->calendar, t);

		if (!next || next > now)
			break;
		t = next;
		if (strcmp(s->policy, "skip") && now - t <= s->within_ns) {
			if (all)
				schedule_start(core, s, t, true);
			late = t;
		} else {
			missed++;
			last_missed = t;
		}
	}
	if (late && !all)
		schedule_start(core, s, late, true);
	if (missed)
		schedule_missed(core, s, missed, last_missed);
	if (late || missed)
		schedule_store(core, s, t);
	schedule_next(core, s, t > last_ns ? t : now);
}

struct noc_schedule *
noc_schedule_new(const struct noc_task *task,
		 struct noc_schedule_counts *counts)
{
	const struct noc_value *opts = noc_value_get(task->ast, "opts");
	const struct noc_value *misfire = noc_value_get(opts, "misfire");
	struct noc_schedule *s = noc_calloc(1, sizeof(*s));
	struct noc_err err;
	int64_t ms;

	if (noc_value_get(misfire, "opts"))
		misfire = noc_value_get(misfire, "opts");
	s->counts = counts;
	s->task = task;
	s->due.on_due = on_schedule_due;
	s->overlap = noc_value_get_str(opts, "overlap", "skip");
	s->policy = noc_value_get_str(misfire, "run", "once");
	if (noc_duration_parse(noc_value_get_str(misfire, "within", "10m"),
			       &ms) < 0)
		ms = 600 * 1000;
	s->within_ns = ms * NOC_NS_PER_MS;
	if (noc_calendar_new(opts, &s->calendar, &err) < 0) {
		noc_warn("task", "schedule=%s %s", task->name, err.msg);
		free(s);
		return NULL;
	}
	return s;
}

void
noc_schedule_begin(struct noc_core *core, struct noc_schedule *s)
{
	char *what = schedule_what(s);
	const struct noc_value *mem = noc_task_memory(core, what);
	int64_t now = noc_core_time(core).wall_ns;

	free(what);
	if (!mem) {
		schedule_store(core, s, now);
		schedule_next(core, s, now);
		return;
	}
	noc_id_parse(noc_value_get_str(mem, "run", ""), &s->run);
	s->pending = noc_value_get_int(mem, "pending", 0);
	s->watching = schedule_running(core, s);
	schedule_catch_up(core, s, noc_value_get_int(mem, "last", now));
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
	noc_value_set(row, "next",
		      noc_value_str(noc_time_iso(iso, s->nominal_ns)));
	noc_value_set(row, "running",
		      noc_value_bool(schedule_running(core, s)));
	return row;
}

struct noc_id
noc_schedule_trigger(struct noc_core *core, struct noc_schedule *s,
		     const struct noc_value *command)
{
	struct noc_id id;

	schedule_start(core, s, noc_core_time(core).wall_ns, false);
	noc_core_admin(core, command); /* before what is due now */
	id = s->run;
	on_schedule_due(&s->due, core);
	return id;
}
