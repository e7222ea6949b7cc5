/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/task/schedule_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/run/run.h"
#include "engine/task/task_private.h"

#define LOOK_NS NOC_NS_PER_S /* look again for the end of its run */

/*
 * There is one way: look what has become due since `from`, whoever asks, an
 * alarm, a start, a reload, a person, a clock that was set.
 */

/* What one look has missed. */
struct missed {
	int64_t n, last_ns;
	bool more; /* than were counted */
};

int64_t
noc_schedule_now(const struct noc_core *core, const struct noc_schedule *s)
{
	return s->interval ? noc_steady_now(core) : noc_core_time(core).wall_ns;
}

char *
noc_schedule_iso(const struct noc_core *core, const struct noc_schedule *s,
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
	struct noc_value *data = noc_value_map(), *waiting;
	char *what = schedule_what(s), id[NOC_ID_TEXT];

	s->dirty = false;
	noc_value_set(data, "last", noc_value_int(s->last_ns));
	if (!noc_id_is_zero(&s->run))
		noc_value_set(data, "run",
			      noc_value_str(noc_id_format(id, &s->run)));
	if (s->again_ns)
		noc_value_set(data, "again", noc_value_int(s->again_ns));
	if (s->nwaiting) {
		waiting = noc_value_list();
		for (size_t i = 0; i < s->nwaiting; i++)
			noc_value_push(waiting, noc_value_int(s->waiting[i]));
		noc_value_set(data, "pending", waiting);
	}
	if (s->paused)
		noc_value_set(data, "paused", noc_value_copy(s->paused));
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

/* ---- what is due ---- */

static void
tell_missed(struct noc_core *core, struct noc_schedule *s,
	    const struct missed *m)
{
	struct noc_value *data = noc_value_map();
	char iso[32];

	noc_schedule_iso(core, s, m->last_ns, iso);
	noc_value_set(data, "count", noc_value_int(m->n));
	if (m->more)
		noc_value_set(data, "more", noc_value_bool(true));
	noc_value_set(data, "nominal", noc_value_str(iso));
	s->counts->missed += (uint64_t)m->n;
	noc_task_tell(core, s->task, s->task->on_missed, "schedule.missed", "",
		      data, "schedule %s missed %s%lld time%s, the last at %s",
		      s->task->name, m->more ? "more than " : "",
		      (long long)m->n, m->n == 1 ? "" : "s", iso);
}

int64_t
noc_schedule_upto(struct noc_core *core, const struct noc_schedule *s)
{
	int64_t now = noc_schedule_now(core, s), upto, next;

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
		 struct missed *m)
{
	bool all = !strcmp(s->policy, "all"), skip = !strcmp(s->policy, "skip");
	int64_t now = noc_schedule_now(core, s);
	int64_t since =
	    noc_ns_after(now - (skip ? NOC_SCHEDULE_ON_TIME_NS : s->within_ns),
			 -s->jitter_ms);
	int64_t runs[NOC_SCHEDULE_AT_ONCE], n = 0, from = s->from_ns, old;

	/* The newest are kept; those before them are missed. */
	for (int64_t at = upto_ns; at > s->from_ns && at > since &&
				   n < (all ? NOC_SCHEDULE_AT_ONCE : 1);) {
		runs[n++] = at;
		at = noc_calendar_last(s->calendar, s->from_ns, at - 1);
	}
	old = n == 0 ? upto_ns
	      : all  ? runs[n - 1] - 1
	      : skip ? upto_ns - 1
		     : since;
	m->last_ns = noc_calendar_last(s->calendar, from, old);
	if (m->last_ns)
		m->n = noc_calendar_count(s->calendar, from, old, &m->more);
	while (n-- > 0)
		noc_schedule_come(core, s, runs[n],
				  now - schedule_due_ns(s, runs[n]) >
				      NOC_SCHEDULE_ON_TIME_NS);
}

/* The wall clock was set back: its times come again.  Set right again: not. */
static void
schedule_from(struct noc_core *core, struct noc_schedule *s)
{
	int64_t now = noc_schedule_now(core, s);

	if (s->from_ns > now) {
		if (s->from_ns > s->again_ns)
			s->again_ns = s->from_ns;
		s->from_ns = now;
		s->dirty = true;
	}
	if (s->last_ns > s->from_ns && s->last_ns <= now)
		s->from_ns = s->last_ns;
}

static void
schedule_arm(struct noc_core *core, struct noc_schedule *s)
{
	int64_t look = noc_core_time(core).boot_ns + LOOK_NS;
	bool waits = !noc_id_is_zero(&s->run) || (s->nwaiting && !s->paused);

	noc_due_disarm(core, &s->due);
	s->next_ns = s->paused ? 0 : noc_calendar_next(s->calendar, s->from_ns);
	if (s->next_ns && s->interval)
		noc_due_arm_steady(core, &s->due,
				   schedule_due_ns(s, s->next_ns));
	else if (s->next_ns)
		noc_due_arm_wall(core, &s->due, schedule_due_ns(s, s->next_ns));
	if (waits && (!noc_due_armed(&s->due) || s->due.due_boot_ns > look))
		noc_due_arm(core, &s->due, look);
}

void
noc_schedule_look(struct noc_core *core, struct noc_schedule *s)
{
	struct missed m = { 0 };
	int64_t upto = 0;

	noc_schedule_see_ends(core, s);
	if (!s->paused) {
		schedule_from(core, s);
		upto = noc_schedule_upto(core, s);
	}
	if (upto) {
		schedule_make_up(core, s, upto, &m);
		s->from_ns = s->last_ns = upto;
		s->dirty = true;
		noc_schedule_see_ends(core, s);
	}
	if (m.n)
		tell_missed(core, s, &m);
	noc_schedule_tell(core, s);
	schedule_arm(core, s);
	if (s->dirty)
		schedule_store(core, s);
}

static void
on_schedule_due(struct noc_due *due, struct noc_core *core)
{
	noc_schedule_look(core, (struct noc_schedule *)due);
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

/* Those of before had their number alone. */
static void
schedule_load_waiting(struct noc_schedule *s, const struct noc_value *pending)
{
	int64_t n = pending && pending->type == NOC_INT ? pending->u.i : 0;
	size_t len = noc_value_len(pending);

	for (int64_t i = 0; i < n && i < NOC_SCHEDULE_WAIT_MAX; i++)
		noc_schedule_wait(s, 0);
	for (size_t i = 0; i < len && i < NOC_SCHEDULE_WAIT_MAX; i++) {
		const struct noc_value *at = noc_value_at(pending, i);

		if (at->type == NOC_INT)
			noc_schedule_wait(s, noc_ns_sane(at->u.i));
	}
	s->dirty = false;
}

void
noc_schedule_begin(struct noc_core *core, struct noc_schedule *s)
{
	const struct noc_value *opts = noc_value_get(s->task->ast, "opts");
	bool rules = noc_value_get_bool(opts, "paused", false);
	char *what = schedule_what(s);
	const struct noc_value *mem = noc_task_memory(core, what);
	const struct noc_value *paused = noc_value_get(mem, "paused");
	int64_t now = noc_schedule_now(core, s);

	free(what);
	s->last_ns = noc_ns_sane(noc_value_get_int(mem, "last", now));
	s->again_ns = noc_ns_sane(noc_value_get_int(mem, "again", 0));
	s->from_ns = s->last_ns;
	schedule_load_waiting(s, noc_value_get(mem, "pending"));
	noc_id_parse(noc_value_get_str(mem, "run", ""), &s->run);
	if (paused && paused->type == NOC_MAP)
		s->paused = noc_value_copy(paused);
	s->dirty = !mem;
	if (rules && !s->paused)
		noc_schedule_set_paused(core, s, "rules", "paused = true",
					true);
	else if (!rules && noc_value_get_bool(s->paused, "rules", false))
		(void)noc_schedule_unpause(core, s);
	noc_schedule_look(core, s);
}

void
noc_schedule_free(struct noc_core *core, struct noc_schedule *s)
{
	if (core)
		noc_due_disarm(core, &s->due);
	noc_calendar_free(s->calendar);
	noc_value_free(s->paused);
	free(s->waiting);
	free(s);
}
