/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/task/task.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/notify/notify.h"
#include "engine/run/run.h"
#include "engine/task/calendar.h"

#define TASK_OVERLAP_MS 1000 /* look again for the end of the run before */
#define TASK_MISSED_MAX 1000 /* nominal times counted at most */

struct schedule {
	struct noc_due due; /* first: on_due casts back */
	struct tasks *owner;
	const struct noc_task *task; /* of the rules in force */
	struct noc_calendar *calendar;
	int64_t nominal_ns; /* next */
	int64_t within_ns;
	const char *policy, *overlap;
	struct noc_id run; /* last started; zero: none */
	int64_t pending;   /* nominal times waiting for it to end */
	bool watching;	   /* its end is waited for, for on_breach */
};

struct tasks {			 /* the part */
	struct noc_table memory; /* what -> struct noc_value */
	struct schedule **at;
	size_t n;
	struct noc_source *source;
	uint64_t started, missed, skipped;
};

static struct tasks *
task_part(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_TASKS);
}

/* ---- memory ---- */

const struct noc_value *
noc_task_memory(struct noc_core *core, const char *what)
{
	return noc_table_get(&task_part(core)->memory, what);
}

void
noc_task_remember(struct noc_core *core, const char *what,
		  struct noc_value *data)
{
	struct tasks *p = task_part(core);

	if (data) {
		noc_txn_live_put(noc_core_txn(core), "task", what, 0, data);
		noc_value_free(noc_table_put(&p->memory, what, data));
	} else {
		noc_txn_live_del(noc_core_txn(core), "task", what);
		noc_value_free(noc_table_del(&p->memory, what));
	}
}

/* ---- events of tasks ---- */

/* Emitted and kept; returned with a reference. */
static struct noc_event *
task_event(struct noc_core *core, const struct noc_task *task, const char *kind,
	   const char *device, struct noc_value *data, const char *summary)
{
	struct tasks *p = task_part(core);
	struct noc_event ev = {
		.kind = noc_interns(kind),
		.base = p->source->base,
		.source = p->source->name,
		.origin = noc_slice_str("local"),
		.device = noc_slice_str(*device ? device : "nocturne"),
		.severity = 4,
		.trust = NOC_TRUST_HIGH,
		.summary = noc_slice_str(summary),
		.data = data,
	};
	struct noc_event *copy;

	noc_value_set(data, "task", noc_value_str(task->name));
	ev.received_ns = noc_core_time(core).wall_ns;
	ev.received_boot_ns = noc_core_time(core).boot_ns;
	copy = noc_event_promote(&ev);
	noc_sensor_emit(core, p->source, copy, NULL);
	return copy;
}

static void
task_carry_out(struct noc_core *core, const struct noc_task *task,
	       struct noc_plan *plan, struct noc_event *ev, bool late,
	       struct noc_id *run)
{
	struct noc_run_cause cause = {
		.plan = plan,
		.rule_name = task->name,
		.definition = task->definition,
		.ev = ev,
		.key = task->name,
		.mode = task->mode,
		.actor = task->type,
		.late = late,
	};
	struct noc_err err = { 0 };

	if (noc_run_start(core, &cause, run, &err) < 0)
		noc_warn("task", "task=%s not started: %s", task->name,
			 err.msg);
}

void
noc_task_tell(struct noc_core *core, const struct noc_task *task,
	      struct noc_plan *plan, const char *kind, const char *device,
	      struct noc_value *data, const char *fmt, ...)
{
	struct noc_event *ev;
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ev = task_event(core, task, kind, device, data, text);
	if (plan)
		task_carry_out(core, task, plan, ev, false, NULL);
	else
		noc_notify_text(core, "noc", text, ev, task->mode, NULL);
	noc_event_unref(ev);
}

/* ---- schedules ---- */

static char *
schedule_what(const struct schedule *s)
{
	return noc_asprintf("schedule/%s", s->task->name);
}

static void
schedule_store(struct noc_core *core, const struct schedule *s, int64_t last_ns)
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
schedule_jitter(const struct schedule *s)
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
schedule_next(struct noc_core *core, struct schedule *s, int64_t after_ns)
{
	s->nominal_ns = noc_calendar_next(s->calendar, after_ns);
	if (s->nominal_ns)
		noc_due_arm(
		    core, &s->due,
		    noc_due_boot(core, s->nominal_ns + schedule_jitter(s)));
}

static void
schedule_start(struct noc_core *core, struct schedule *s, int64_t nominal_ns,
	       bool late)
{
	struct noc_value *data = noc_value_map();
	struct noc_event *ev;
	char iso[32];

	noc_value_set(data, "nominal",
		      noc_value_str(noc_time_iso(iso, nominal_ns)));
	noc_value_set(data, "late", noc_value_bool(late));
	ev = task_event(core, s->task, "schedule", "", data, s->task->name);
	task_carry_out(core, s->task, s->task->run, ev, late, &s->run);
	if (s->task->run->nsteps == 1 && s->task->run->steps[0].action &&
	    !strcmp(s->task->run->steps[0].action, "start"))
		s->run = noc_run_last(core); /* the flow is what takes long */
	noc_event_unref(ev);
	s->watching = true;
	s->owner->started++;
}

static void
schedule_missed(struct noc_core *core, struct schedule *s, int64_t count,
		int64_t last_ns)
{
	struct noc_value *data = noc_value_map();
	char iso[32];

	noc_time_iso(iso, last_ns);
	noc_value_set(data, "count", noc_value_int(count));
	noc_value_set(data, "nominal", noc_value_str(iso));
	s->owner->missed += (uint64_t)count;
	noc_task_tell(core, s->task, s->task->on_missed, "schedule.missed", "",
		      data, "schedule %s missed %lld time%s, the last at %s",
		      s->task->name, (long long)count, count == 1 ? "" : "s",
		      iso);
}

static bool
schedule_running(const struct noc_core *core, const struct schedule *s)
{
	const char *state =
	    noc_id_is_zero(&s->run) ? NULL : noc_run_state(core, &s->run);

	return state && !strcmp(state, "Running");
}

/* The run before has not ended: what overlap says. */
static bool
schedule_overlaps(struct noc_core *core, struct schedule *s)
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
	s->owner->skipped++;
	noc_task_tell(core, s->task, s->task->on_missed, "schedule.skipped", "",
		      data, "schedule %s skipped: the run before has not ended",
		      s->task->name);
	return true;
}

/* The run that is watched has ended: breach, and whoever waits for it. */
static void
schedule_ended(struct noc_core *core, struct schedule *s)
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
	struct schedule *s = (struct schedule *)due;
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
	    (!s->due.due_boot_ns ||
	     s->due.due_boot_ns >
		 noc_core_time(core).boot_ns + TASK_OVERLAP_MS * NOC_NS_PER_MS))
		noc_due_arm(core, &s->due,
			    noc_core_time(core).boot_ns +
				TASK_OVERLAP_MS * NOC_NS_PER_MS);
	else if (!s->due.due_boot_ns && s->nominal_ns)
		noc_due_arm(
		    core, &s->due,
		    noc_due_boot(core, s->nominal_ns + schedule_jitter(s)));
}

/* What was slept through since the last time that is remembered. */
static void
schedule_catch_up(struct noc_core *core, struct schedule *s, int64_t last_ns)
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

static struct schedule *
schedule_new(struct noc_core *core, const struct noc_task *task)
{
	const struct noc_value *opts = noc_value_get(task->ast, "opts");
	const struct noc_value *misfire = noc_value_get(opts, "misfire");
	struct schedule *s = noc_calloc(1, sizeof(*s));
	struct noc_err err;
	int64_t ms;

	if (noc_value_get(misfire, "opts"))
		misfire = noc_value_get(misfire, "opts");
	s->owner = task_part(core);
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

static void
schedule_begin(struct noc_core *core, struct schedule *s)
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

static void
schedule_free(struct noc_core *core, struct schedule *s)
{
	if (core)
		noc_due_disarm(core, &s->due);
	noc_calendar_free(s->calendar);
	free(s);
}

/* ---- part ---- */

static void *
task_open(struct noc_core *core)
{
	struct tasks *p = noc_calloc(1, sizeof(*p));

	p->source = noc_source_new(core, "task", "task", true);
	return p;
}

static void
task_close(void *part)
{
	struct tasks *p = part;
	void *value;

	for (size_t i = 0; i < p->n; i++)
		schedule_free(NULL, p->at[i]);
	free(p->at);
	for (size_t it = 0; noc_table_next(&p->memory, &it, NULL, &value);)
		noc_value_free(value);
	noc_table_release(&p->memory);
	free(p);
}

static bool
task_load(struct noc_core *core, void *part, const char *kind, const char *key,
	  int64_t due_ns, const struct noc_value *data)
{
	struct tasks *p = part;

	(void)core;
	(void)due_ns;
	if (strcmp(kind, "task"))
		return false;
	noc_value_free(noc_table_put(&p->memory, key, noc_value_copy(data)));
	return true;
}

static void
task_ready(struct noc_core *core, void *part)
{
	const struct noc_ruleset *rs = noc_core_rules(core);
	struct tasks *p = part;
	size_t cap = 0;

	for (size_t i = 0; i < p->n; i++)
		schedule_free(core, p->at[i]);
	free(p->at);
	p->at = NULL;
	p->n = 0;
	for (size_t i = 0; rs && i < rs->ntasks; i++) {
		const struct noc_task *t = &rs->tasks[i];
		struct schedule *s;

		if (strcmp(t->type, "schedule") ||
		    noc_value_get_bool(noc_value_get(t->ast, "opts"), "paused",
				       false))
			continue;
		s = schedule_new(core, t);
		if (!s)
			continue;
		NOC_GROW(p->at, cap, p->n + 1);
		p->at[p->n++] = s;
		schedule_begin(core, s);
	}
}

static int
on_schedule_list(struct noc_core *core, void *part,
		 const struct noc_value *command, struct noc_value **answer,
		 struct noc_err *err)
{
	const struct tasks *p = part;
	char iso[64];

	(void)command;
	(void)err;
	*answer = noc_value_list();
	for (size_t i = 0; i < p->n; i++) {
		struct noc_value *row = noc_value_map();

		noc_value_set(row, "schedule",
			      noc_value_str(p->at[i]->task->name));
		noc_value_set(
		    row, "next",
		    noc_value_str(noc_time_iso(iso, p->at[i]->nominal_ns)));
		noc_value_set(row, "running",
			      noc_value_bool(schedule_running(core, p->at[i])));
		noc_value_push(*answer, row);
	}
	return 0;
}

static int
on_schedule_trigger(struct noc_core *core, void *part,
		    const struct noc_value *command, struct noc_value **answer,
		    struct noc_err *err)
{
	const char *name = noc_value_get_str(command, "schedule", "");
	struct tasks *p = part;
	char id[NOC_ID_TEXT];

	for (size_t i = 0; i < p->n; i++) {
		struct schedule *s = p->at[i];

		if (strcmp(s->task->name, name))
			continue;
		schedule_start(core, s, noc_core_time(core).wall_ns, false);
		noc_core_admin(core, command); /* before what is due now */
		*answer = noc_value_map();
		noc_value_set(*answer, "run",
			      noc_value_str(noc_id_format(id, &s->run)));
		on_schedule_due(&s->due, core);
		return 0;
	}
	return noc_err_set(err, NOC_ENOTFOUND, "There is no schedule '%s'.",
			   name);
}

static const struct noc_part_answer task_answers[] = {
	{ "schedule.list", on_schedule_list },
	{ "schedule.trigger", on_schedule_trigger },
	{ 0 },
};

static void
task_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct tasks *p = part;

	(void)core;
	noc_value_set(map, "schedules", noc_value_int((int64_t)p->n));
	noc_value_set(map, "schedules_started",
		      noc_value_int((int64_t)p->started));
	noc_value_set(map, "schedules_missed",
		      noc_value_int((int64_t)p->missed));
	noc_value_set(map, "schedules_skipped",
		      noc_value_int((int64_t)p->skipped));
}

const struct noc_part_ops noc_part_tasks = {
	.open = task_open,
	.close = task_close,
	.load = task_load,
	.ready = task_ready,
	.reload = task_ready,
	.answers = task_answers,
	.stats = task_stats,
};
