/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/task/schedule_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/core/record.h"
#include "engine/core/steady.h"
#include "engine/run/run.h"

/* What people ask of a schedule: what it is about to do, now, not at all for a
 * while, and what it has not done. */

const char *
noc_schedule_name(const struct noc_schedule *s)
{
	return s->task->name;
}

bool
noc_schedule_is_paused(const struct noc_schedule *s)
{
	return s->paused != NULL;
}

size_t
noc_schedule_waiting(const struct noc_schedule *s)
{
	return s->nwaiting;
}

static const struct noc_value *
schedule_opts(const struct noc_schedule *s)
{
	return noc_value_get(s->task->ast, "opts");
}

struct noc_value *
noc_schedule_row(const struct noc_core *core, const struct noc_schedule *s)
{
	struct noc_value *row = noc_value_map();
	char iso[32], id[NOC_ID_TEXT], *when;

	when = noc_calendar_say(schedule_opts(s));
	noc_value_set(row, "schedule", noc_value_str(s->task->name));
	noc_value_set(row, "when", noc_value_str(when));
	free(when);
	if (s->next_ns)
		noc_value_set(
		    row, "next",
		    noc_value_str(noc_schedule_iso(core, s, s->next_ns, iso)));
	noc_value_set(row, "running",
		      noc_value_bool(noc_schedule_running(core, s)));
	if (noc_schedule_running(core, s))
		noc_value_set(row, "run",
			      noc_value_str(noc_id_format(id, &s->run)));
	noc_value_set(row, "overlap", noc_value_str(s->overlap));
	noc_value_set(row, "waiting", noc_value_int((int64_t)s->nwaiting));
	noc_value_set(row, "paused", noc_value_bool(s->paused != NULL));
	if (s->paused) {
		noc_value_set(
		    row, "why",
		    noc_value_str(noc_value_get_str(s->paused, "why", "")));
		noc_value_set(
		    row, "by",
		    noc_value_str(noc_value_get_str(s->paused, "by", "")));
		noc_value_set(row, "since",
			      noc_value_str(noc_time_iso(
				  iso, noc_ns_sane(noc_value_get_int(
					   s->paused, "since", 0)))));
	}
	return row;
}

int
noc_schedule_trigger(struct noc_core *core, struct noc_schedule *s,
		     const struct noc_value *command, struct noc_value **answer,
		     struct noc_err *err)
{
	char id[NOC_ID_TEXT];
	int rc = noc_schedule_start(core, s, 0, false, err);

	if (rc)
		return rc;
	noc_core_admin(core, command); /* before what is due now */
	*answer = noc_value_map();
	noc_value_set(*answer, "run",
		      noc_value_str(noc_id_format(id, &s->run)));
	noc_schedule_look(core, s);
	return 0;
}

/* ---- pause ---- */

void
noc_schedule_set_paused(struct noc_core *core, struct noc_schedule *s,
			const char *by, const char *why, bool rules)
{
	s->paused = noc_value_map();
	noc_value_set(s->paused, "by", noc_value_str(by));
	noc_value_set(s->paused, "why", noc_value_str(why));
	noc_value_set(s->paused, "since",
		      noc_value_int(noc_core_time(core).wall_ns));
	if (rules)
		noc_value_set(s->paused, "rules", noc_value_bool(true));
	s->dirty = true;
}

int64_t
noc_schedule_unpause(struct noc_core *core, struct noc_schedule *s)
{
	int64_t upto, n = 0;
	bool more;

	noc_value_free(s->paused);
	s->paused = NULL;
	s->dirty = true;
	upto = noc_schedule_upto(core, s);
	if (upto) {
		n = noc_calendar_count(s->calendar, s->from_ns, upto, &more);
		noc_schedule_skip(s, NOC_SCHEDULE_PAUSED, upto, n);
		s->from_ns = s->last_ns = upto;
	}
	return n;
}

int
noc_schedule_pause(struct noc_core *core, struct noc_schedule *s,
		   const struct noc_value *command, struct noc_value **answer,
		   struct noc_err *err)
{
	if (s->paused)
		return noc_err_set(err, NOC_ECONFLICT,
				   "Schedule '%s' is paused already, by %s: "
				   "%.200s.",
				   s->task->name,
				   noc_value_get_str(s->paused, "by", "?"),
				   noc_value_get_str(s->paused, "why", ""));
	noc_schedule_look(core, s); /* what is due until now */
	noc_schedule_set_paused(core, s,
				noc_value_get_str(command, "actor", "unknown"),
				noc_value_get_str(command, "why", ""), false);
	noc_schedule_look(core, s);
	noc_core_say(core, "schedule %s paused: %s", s->task->name,
		     noc_value_get_str(command, "why", ""));
	*answer = noc_schedule_row(core, s);
	return 0;
}

int
noc_schedule_resume(struct noc_core *core, struct noc_schedule *s,
		    const struct noc_value *command, struct noc_value **answer,
		    struct noc_err *err)
{
	int64_t n;

	(void)command;
	if (!s->paused)
		return noc_err_set(err, NOC_ECONFLICT,
				   "Schedule '%s' is not paused.",
				   s->task->name);
	if (noc_value_get_bool(schedule_opts(s), "paused", false))
		return noc_err_set(err, NOC_ECONFLICT,
				   "Schedule '%s' is paused in the rules "
				   "(%s:%d): take 'paused = true' out there.",
				   s->task->name, s->task->file, s->task->line);
	n = noc_schedule_unpause(core, s);
	noc_core_say(core, "schedule %s resumed; %lld times passed meanwhile",
		     s->task->name, (long long)n);
	noc_schedule_look(core, s);
	*answer = noc_schedule_row(core, s);
	noc_value_set(*answer, "skipped", noc_value_int(n));
	return 0;
}

/* ---- backfill ---- */

struct fill { /* the times of one backfill */
	int64_t at[NOC_SCHEDULE_WAIT_MAX];
	size_t n;
	int64_t from_ns, to_ns; /* as they are nominal */
};

static int
fill_time(const struct noc_core *core, const struct noc_schedule *s,
	  const char *text, int64_t *ns, struct noc_err *err)
{
	int rc = noc_calendar_read(s->calendar, text, ns, err);

	if (!rc && s->interval)
		*ns = noc_steady_of_wall(core, *ns);
	return rc;
}

static int
fill_range(const struct noc_core *core, const struct noc_schedule *s,
	   const struct noc_value *command, struct fill *f, struct noc_err *err)
{
	const char *from = noc_value_get_str(command, "from", "");
	const char *to = noc_value_get_str(command, "to", NULL);
	int rc = fill_time(core, s, from, &f->from_ns, err);

	f->to_ns = noc_schedule_now(core, s);
	if (!rc && to && *to)
		rc = fill_time(core, s, to, &f->to_ns, err);
	if (rc)
		return rc;
	if (f->to_ns > noc_schedule_now(core, s))
		return noc_err_set(err, NOC_EINPUT,
				   "'to' is yet to come (%.40s): the times "
				   "from now on run by themselves.",
				   to);
	if (f->from_ns > f->to_ns)
		return noc_err_set(err, NOC_EINPUT,
				   "'from' (%.40s) is after 'to' (%.40s); were "
				   "they meant the other way round?",
				   from, to && *to ? to : "now");
	if (f->to_ns > s->from_ns) /* the rest it will see to itself */
		f->to_ns = s->from_ns;
	return 0;
}

static int
fill_times(const struct noc_core *core, const struct noc_schedule *s,
	   const struct noc_value *command, struct fill *f, struct noc_err *err)
{
	int rc = fill_range(core, s, command, f, err);
	int64_t at = f->from_ns - 1;

	while (!rc && (at = noc_calendar_next(s->calendar, at)) &&
	       at <= f->to_ns) {
		if (f->n == NOC_SCHEDULE_WAIT_MAX)
			return noc_err_set(err, NOC_EINPUT,
					   "Those are more than %d times of "
					   "schedule '%s': take a shorter "
					   "span.",
					   NOC_SCHEDULE_WAIT_MAX,
					   s->task->name);
		f->at[f->n++] = at;
	}
	return rc;
}

static bool
time_waits(const struct noc_schedule *s, int64_t at)
{
	for (size_t i = 0; i < s->nwaiting; i++)
		if (s->waiting[i] == at)
			return true;
	return false;
}

/* What is to become of each: what ran is left, the rest gets its run. */
static struct noc_value *
fill_plan(struct noc_core *core, const struct noc_schedule *s,
	  const struct fill *f, size_t *todo)
{
	struct noc_value *ran = noc_schedule_ran(core, s, f->at, f->n);
	struct noc_value *rows = noc_value_list();
	char text[NOC_ID_TEXT], iso[32];

	*todo = 0;
	for (size_t i = 0; i < f->n; i++) {
		const char *state = noc_value_at(ran, i)->u.s.p;
		struct noc_id id = noc_run_of_time(s->task->name, f->at[i]);
		struct noc_value *row = noc_value_map();

		if (!*state)
			state = time_waits(s, f->at[i]) ? "waits" : "run";
		*todo += !strcmp(state, "run");
		noc_value_set(
		    row, "nominal",
		    noc_value_str(noc_schedule_iso(core, s, f->at[i], iso)));
		noc_value_set(row, "state", noc_value_str(state));
		noc_value_set(row, "run",
			      noc_value_str(noc_id_format(text, &id)));
		noc_value_push(rows, row);
	}
	noc_value_free(ran);
	return rows;
}

static int
fill_may(const struct noc_schedule *s, size_t todo, struct noc_err *err)
{
	if (s->paused)
		return noc_err_set(err, NOC_ECONFLICT,
				   "Schedule '%s' is paused (%.200s): nothing "
				   "of it would run; resume it first.",
				   s->task->name,
				   noc_value_get_str(s->paused, "why", ""));
	if (s->nwaiting + todo > NOC_SCHEDULE_WAIT_MAX)
		return noc_err_set(err, NOC_ERESOURCE,
				   "%zu times of schedule '%s' wait already, "
				   "and there are %zu more: at most %d wait.",
				   s->nwaiting, s->task->name, todo,
				   NOC_SCHEDULE_WAIT_MAX);
	return 0;
}

static void
fill_begin(struct noc_core *core, struct noc_schedule *s, const struct fill *f,
	   const struct noc_value *rows)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!noc_value_is_str(
			noc_value_get(noc_value_at(rows, i), "state"), "run"))
			continue;
		noc_schedule_wait(s, f->at[i]);
		s->counts->filled++;
	}
	noc_schedule_look(core, s);
}

int
noc_schedule_backfill(struct noc_core *core, struct noc_schedule *s,
		      const struct noc_value *command,
		      struct noc_value **answer, struct noc_err *err)
{
	bool dry = noc_value_get_bool(command, "dry_run", false);
	struct fill *f = noc_calloc(1, sizeof(*f));
	struct noc_value *rows = NULL;
	size_t todo = 0;
	int rc;

	noc_schedule_see_ends(core, s);
	rc = fill_times(core, s, command, f, err);
	if (!rc) {
		rows = fill_plan(core, s, f, &todo);
		rc = dry ? 0 : fill_may(s, todo, err);
	}
	if (rc) {
		noc_value_free(rows);
	} else {
		*answer = noc_value_map();
		noc_value_set(*answer, "schedule",
			      noc_value_str(s->task->name));
		noc_value_set(*answer, "times", rows);
		noc_value_set(*answer, "runs", noc_value_int((int64_t)todo));
		noc_value_set(*answer, "dry_run", noc_value_bool(dry));
	}
	if (!rc && !dry) {
		noc_core_admin(core, command);
		noc_core_say(core, "schedule %s: %zu times of before get a run",
			     s->task->name, todo);
		fill_begin(core, s, f, rows);
	}
	free(f);
	return rc;
}
