/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/task/schedule_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/reader.h"
#include "engine/core/record.h"
#include "engine/run/cancel.h"
#include "engine/run/run.h"
#include "engine/task/task_private.h"

/* The runs of a schedule: begun, waiting, ended, or not to be. */

bool
noc_schedule_running(const struct noc_core *core, const struct noc_schedule *s)
{
	const char *state =
	    noc_id_is_zero(&s->run) ? NULL : noc_run_state(core, &s->run);

	return state && !strcmp(state, "Running");
}

/* ---- which times have one ---- */

/* What the database knows of them: {id: state}; returned, NULL. */
static struct noc_value *
ran_stored(struct noc_core *core, struct noc_value *ids)
{
	const struct noc_env *env = noc_core_env(core);
	struct noc_value *params = noc_value_map(), *out = NULL;
	struct noc_err err;

	noc_value_set(params, "ids", ids);
	if (env && env->state_dir &&
	    noc_reader_query(env->state_dir, "states", params, &out, &err))
		noc_warn("task", "%s", err.msg);
	noc_value_free(params);
	return out;
}

struct noc_value *
noc_schedule_ran(struct noc_core *core, const struct noc_schedule *s,
		 const int64_t *nominal_ns, size_t n)
{
	struct noc_value *states = noc_value_list(), *ids = noc_value_list(),
			 *stored;
	char text[NOC_ID_TEXT];

	for (size_t i = 0; i < n; i++) {
		struct noc_id id =
		    noc_run_of_time(s->task->name, nominal_ns[i]);

		noc_value_push(ids, noc_value_str(noc_id_format(text, &id)));
	}
	stored = ran_stored(core, noc_value_copy(ids));
	for (size_t i = 0; i < n; i++) {
		const char *id = noc_value_at(ids, i)->u.s.p, *state;
		struct noc_id run;

		noc_id_parse(id, &run);
		state = noc_run_state(core, &run);
		if (!state)
			state = noc_value_get_str(stored, id, "");
		noc_value_push(states, noc_value_str(state));
	}
	noc_value_free(stored);
	noc_value_free(ids);
	return states;
}

static bool
time_has_run(struct noc_core *core, const struct noc_schedule *s,
	     int64_t nominal_ns)
{
	struct noc_value *states = noc_schedule_ran(core, s, &nominal_ns, 1);
	bool ran = noc_value_at(states, 0)->u.s.p[0] != '\0';

	noc_value_free(states);
	return ran;
}

/* ---- begun ---- */

int
noc_schedule_start(struct noc_core *core, struct noc_schedule *s,
		   int64_t nominal_ns, bool late, struct noc_err *err)
{
	struct noc_task_start start = { .plan = s->task->run, .late = late };
	struct noc_value *data = noc_value_map();
	struct noc_id id;
	char iso[32];
	int rc;

	if (nominal_ns > s->again_ns || !noc_calendar_follows(s->calendar))
		start.nominal_ns = nominal_ns;
	if (!nominal_ns)
		nominal_ns = noc_schedule_now(core, s);
	noc_value_set(
	    data, "nominal",
	    noc_value_str(noc_schedule_iso(core, s, nominal_ns, iso)));
	noc_value_set(data, "late", noc_value_bool(late));
	start.ev =
	    noc_task_event(core, s->task, "schedule", "", data, s->task->name);
	rc = noc_task_carry_out(core, s->task, &start, &id, err);
	noc_event_unref(start.ev);
	if (rc < 0)
		return rc;
	s->run = id;
	if (s->task->run->nsteps == 1 && s->task->run->steps[0].action &&
	    !strcmp(s->task->run->steps[0].action, "start"))
		s->run = noc_run_last(core); /* the flow is what takes long */
	s->counts->started++;
	s->dirty = true;
	return 0;
}

/* Of a time: once. */
static void
time_start(struct noc_core *core, struct noc_schedule *s, int64_t nominal_ns,
	   bool late)
{
	struct noc_err err = { 0 };
	struct noc_id id;

	if (nominal_ns && nominal_ns <= s->again_ns &&
	    !noc_calendar_follows(s->calendar) &&
	    time_has_run(core, s, nominal_ns))
		return;
	if (!noc_schedule_start(core, s, nominal_ns, late, &err))
		return;
	id = noc_run_of_time(s->task->name, nominal_ns);
	if (noc_run_state(core, &id))
		return; /* it has one */
	snprintf(s->skipped[NOC_SCHEDULE_REFUSED].why,
		 sizeof(s->skipped[0].why), "%.199s", err.msg);
	noc_schedule_skip(s, NOC_SCHEDULE_REFUSED, nominal_ns, 1);
}

void
noc_schedule_wait(struct noc_schedule *s, int64_t nominal_ns)
{
	NOC_GROW(s->waiting, s->cap, s->nwaiting + 1);
	s->waiting[s->nwaiting++] = nominal_ns;
	s->dirty = true;
}

void
noc_schedule_come(struct noc_core *core, struct noc_schedule *s,
		  int64_t nominal_ns, bool late)
{
	bool all = !strcmp(s->overlap, "buffer_all");
	bool one = !strcmp(s->overlap, "buffer_one");
	struct noc_err err;

	if (!noc_schedule_running(core, s) || !strcmp(s->overlap, "allow")) {
		time_start(core, s, nominal_ns, late);
	} else if (!strcmp(s->overlap, "cancel_other")) {
		noc_run_cancel(
		    core, &s->run,
		    &(struct noc_cancel){ .actor = "schedule",
					  .why = "the next one is due" },
		    &err);
		time_start(core, s, nominal_ns, late);
	} else if (all && s->nwaiting >= NOC_SCHEDULE_WAIT_MAX) {
		noc_schedule_skip(s, NOC_SCHEDULE_FULL, nominal_ns, 1);
	} else if (all || (one && !s->nwaiting)) {
		noc_schedule_wait(s, nominal_ns);
	} else {
		noc_schedule_skip(s, NOC_SCHEDULE_OVERLAP, nominal_ns, 1);
	}
}

/* ---- ended ---- */

static void
run_ended(struct noc_core *core, struct noc_schedule *s)
{
	const char *state = noc_run_state(core, &s->run);
	struct noc_value *data;

	memset(&s->run, 0, sizeof(s->run));
	s->dirty = true;
	if (!state || strcmp(state, "Failed") != 0)
		return;
	data = noc_value_map();
	noc_value_set(data, "reason", noc_value_str("failed"));
	noc_task_tell(core, s->task, s->task->on_breach, "schedule.failed", "",
		      data, "schedule %s: its run failed", s->task->name);
}

/* The first that waits; false: nobody does, or may. */
static bool
begin_waiting(struct noc_core *core, struct noc_schedule *s)
{
	int64_t nominal;

	if (!s->nwaiting || s->paused ||
	    (!noc_id_is_zero(&s->run) && strcmp(s->overlap, "allow") != 0))
		return false;
	nominal = s->waiting[0];
	s->nwaiting--;
	memmove(s->waiting, s->waiting + 1,
		s->nwaiting * sizeof(s->waiting[0]));
	s->dirty = true;
	time_start(core, s, nominal, true);
	return true;
}

void
noc_schedule_see_ends(struct noc_core *core, struct noc_schedule *s)
{
	int begun = 0;

	do {
		if (!noc_id_is_zero(&s->run) && !noc_schedule_running(core, s))
			run_ended(core, s);
	} while (begun++ < NOC_SCHEDULE_AT_ONCE && begin_waiting(core, s));
}

/* ---- skipped ---- */

void
noc_schedule_skip(struct noc_schedule *s, enum noc_schedule_skip why,
		  int64_t nominal_ns, int64_t n)
{
	s->skipped[why].n += n;
	s->skipped[why].last_ns = nominal_ns;
	s->counts->skipped += (uint64_t)n;
}

static void
tell_skipped(struct noc_core *core, struct noc_schedule *s,
	     enum noc_schedule_skip why)
{
	static const char *const reasons[][2] = {
		{ "overlap", "the run before has not ended" },
		{ "full", "1000 times wait for the run before already" },
		{ "refused", "its run was not started" },
		{ "paused", "it was paused" },
	};
	const struct noc_schedule_tally *t = &s->skipped[why];
	struct noc_value *data = noc_value_map();
	struct noc_event *ev;
	char times[48] = "", iso[32], *text;

	noc_value_set(data, "reason", noc_value_str(reasons[why][0]));
	noc_value_set(data, "count", noc_value_int(t->n));
	noc_value_set(
	    data, "nominal",
	    noc_value_str(noc_schedule_iso(
		core, s, t->last_ns ? t->last_ns : noc_schedule_now(core, s),
		iso)));
	if (t->why[0])
		noc_value_set(data, "why", noc_value_str(t->why));
	if (t->n > 1)
		snprintf(times, sizeof(times), " %lld times", (long long)t->n);
	text =
	    noc_asprintf("schedule %s skipped%s: %s%s%s", s->task->name, times,
			 reasons[why][1], t->why[0] ? ": " : "", t->why);
	if (why != NOC_SCHEDULE_PAUSED) {
		noc_task_tell(core, s->task, s->task->on_missed,
			      "schedule.skipped", "", data, "%s", text);
	} else { /* whoever paused it knows */
		ev = noc_task_event(core, s->task, "schedule.skipped", "", data,
				    text);
		noc_event_unref(noc_core_write_event(core, ev, "matched"));
	}
	free(text);
}

void
noc_schedule_tell(struct noc_core *core, struct noc_schedule *s)
{
	for (int why = 0; why < NOC_SCHEDULE_SKIPS; why++) {
		if (s->skipped[why].n)
			tell_skipped(core, s, (enum noc_schedule_skip)why);
		memset(&s->skipped[why], 0, sizeof(s->skipped[why]));
	}
}
