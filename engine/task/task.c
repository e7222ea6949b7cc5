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
#include "base/suggest.h"
#include "engine/notify/notify.h"
#include "engine/run/run.h"
#include "engine/task/schedule.h"
#include "engine/task/task_private.h"

struct tasks {			 /* the part */
	struct noc_table memory; /* what -> struct noc_value */
	struct noc_schedule **at;
	size_t n;
	struct noc_source *source;
	struct noc_schedule_counts counts;
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

struct noc_event *
noc_task_event(struct noc_core *core, const struct noc_task *task,
	       const char *kind, const char *device, struct noc_value *data,
	       const char *summary)
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

int
noc_task_carry_out(struct noc_core *core, const struct noc_task *task,
		   const struct noc_task_start *start, struct noc_id *run,
		   struct noc_err *err)
{
	struct noc_run_cause cause = {
		.plan = start->plan,
		.rule_name = task->name,
		.definition = task->definition,
		.ev = start->ev,
		.key = task->name,
		.mode = task->mode,
		.actor = task->type,
		.late = start->late,
		.nominal_ns = start->nominal_ns,
	};
	int rc = noc_run_start(core, &cause, run, err);

	if (rc < 0)
		noc_warn("task", "task=%s not started: %s", task->name,
			 err->msg);
	return rc;
}

void
noc_task_tell(struct noc_core *core, const struct noc_task *task,
	      struct noc_plan *plan, const char *kind, const char *device,
	      struct noc_value *data, const char *fmt, ...)
{
	struct noc_err err = { 0 };
	struct noc_event *ev;
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ev = noc_task_event(core, task, kind, device, data, text);
	if (plan)
		(void)noc_task_carry_out(
		    core, task,
		    &(struct noc_task_start){ .plan = plan, .ev = ev }, NULL,
		    &err);
	else
		noc_notify_text(core, "noc", text, ev, task->mode, NULL);
	noc_event_unref(ev);
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
		noc_schedule_free(NULL, p->at[i]);
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
		noc_schedule_free(core, p->at[i]);
	free(p->at);
	p->at = NULL;
	p->n = 0;
	for (size_t i = 0; rs && i < rs->ntasks; i++) {
		const struct noc_task *t = &rs->tasks[i];
		struct noc_schedule *s;

		if (strcmp(t->type, "schedule") != 0)
			continue;
		s = noc_schedule_new(t, &p->counts);
		if (!s)
			continue;
		NOC_GROW(p->at, cap, p->n + 1);
		p->at[p->n++] = s;
		noc_schedule_begin(core, s);
	}
}

static int
on_schedule_list(struct noc_core *core, void *part,
		 const struct noc_value *command, struct noc_value **answer,
		 struct noc_err *err)
{
	const struct tasks *p = part;

	(void)command;
	(void)err;
	*answer = noc_value_list();
	for (size_t i = 0; i < p->n; i++)
		noc_value_push(*answer, noc_schedule_row(core, p->at[i]));
	return 0;
}

/* What one of them is asked; its name was mistyped? */
static int
schedule_asked(struct noc_core *core, const struct tasks *p,
	       const struct noc_value *command, struct noc_value **answer,
	       struct noc_err *err,
	       int (*fn)(struct noc_core *core, struct noc_schedule *s,
			 const struct noc_value *command,
			 struct noc_value **answer, struct noc_err *err))
{
	const char *name = noc_value_get_str(command, "schedule", "");
	const char **names = noc_calloc(p->n + 1, sizeof(*names)), *meant;

	for (size_t i = 0; i < p->n; i++) {
		names[i] = noc_schedule_name(p->at[i]);
		if (!strcmp(names[i], name)) {
			free(names);
			return fn(core, p->at[i], command, answer, err);
		}
	}
	meant = noc_suggest(name, names, p->n);
	free(names);
	return noc_err_set(err, NOC_ENOTFOUND,
			   "There is no schedule '%.100s'%s%s%s", name,
			   meant ? "; did you mean '" : "", meant ? meant : "",
			   meant ? "'?" : ".");
}

#define ON_SCHEDULE(what)                                                \
	static int on_schedule_##what(struct noc_core *core, void *part, \
				      const struct noc_value *command,   \
				      struct noc_value **answer,         \
				      struct noc_err *err)               \
	{                                                                \
		return schedule_asked(core, part, command, answer, err,  \
				      noc_schedule_##what);              \
	}
ON_SCHEDULE(trigger)
ON_SCHEDULE(pause)
ON_SCHEDULE(resume)
ON_SCHEDULE(backfill)
#undef ON_SCHEDULE

static const struct noc_part_answer task_answers[] = {
	{ "schedule.list", on_schedule_list },
	{ "schedule.trigger", on_schedule_trigger },
	{ "schedule.pause", on_schedule_pause },
	{ "schedule.resume", on_schedule_resume },
	{ "schedule.backfill", on_schedule_backfill },
	{ 0 },
};

static void
task_stats(struct noc_core *core, void *part, struct noc_value *map)
{
	const struct tasks *p = part;
	int64_t paused = 0, waiting = 0;

	(void)core;
	for (size_t i = 0; i < p->n; i++) {
		paused += noc_schedule_is_paused(p->at[i]);
		waiting += (int64_t)noc_schedule_waiting(p->at[i]);
	}
	noc_value_set(map, "schedules", noc_value_int((int64_t)p->n));
	noc_value_set(map, "schedules_paused", noc_value_int(paused));
	noc_value_set(map, "schedules_waiting", noc_value_int(waiting));
	noc_value_set(map, "schedules_filled",
		      noc_value_int((int64_t)p->counts.filled));
	noc_value_set(map, "schedules_started",
		      noc_value_int((int64_t)p->counts.started));
	noc_value_set(map, "schedules_missed",
		      noc_value_int((int64_t)p->counts.missed));
	noc_value_set(map, "schedules_skipped",
		      noc_value_int((int64_t)p->counts.skipped));
}

static void
task_store(struct noc_core *core, void *part)
{
	const struct tasks *p = part;
	const char *what;
	void *data;

	for (size_t it = 0; noc_table_next(&p->memory, &it, &what, &data);)
		noc_txn_live_put(noc_core_txn(core), "task", what, 0, data);
}

const struct noc_part_ops noc_part_tasks = {
	.open = task_open,
	.close = task_close,
	.load = task_load,
	.ready = task_ready,
	.reload = task_ready,
	.store = task_store,
	.answers = task_answers,
	.stats = task_stats,
};
