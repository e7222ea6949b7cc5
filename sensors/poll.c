/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "net/loop.h"
#include "engine/expr/template.h"
#include "engine/edge/sensor.h"
#include "engine/core/call.h"
#include "engine/core/core.h"
#include "engine/rule/calendar.h"
#include "engine/task/task.h"
#include "sensors/poll_private.h"

/*
 * poll: asks every device of a selector, every so often, with an action by
 * name (snmp.get, snmp.walk, http.get, exec).  An answer for which `when`
 * holds makes an event: on crossing, on change, or always.  What was not
 * asked or not answered says so.  The last state of each device is the
 * task's memory, so a restart is no crossing.
 */
#define POLL_DEVICES_MAX 20000
#define POLL_LATE_NS	 (600 * NOC_NS_PER_S)

static void poll_feed(struct poll *p);

/* ---- a round ---- */

static bool
poll_enough(const struct poll *p)
{
	const char *need = noc_value_get_str(p->opts, "need", "1");
	const struct noc_value *number = noc_value_get(p->opts, "need");
	double want;

	if (number && number->type == NOC_INT && p->total > 0)
		return (int64_t)p->ok >= number->u.i || p->ok == p->total;

	if (p->total == 0)
		return true;
	if (!strcmp(need, "all"))
		return p->ok == p->total;
	want = strtod(need, NULL);
	if (strchr(need, '%'))
		want = want / 100 * (double)p->total;
	if (want > (double)p->total)
		want = (double)p->total;
	return (double)p->ok >= want;
}

static void
poll_round_end(struct poll *p)
{
	struct noc_core *core = p->owner->env->core;
	struct noc_value *data;

	p->running = false;
	noc_info("poll", "poll=%s ok=%zu failed=%zu unreachable=%zu",
		 p->task->name, p->ok, p->failed, p->unreachable);
	if (poll_enough(p))
		return;
	data = noc_value_map();
	noc_value_set(data, "ok", noc_value_int((int64_t)p->ok));
	noc_value_set(data, "failed", noc_value_int((int64_t)p->failed));
	noc_value_set(data, "unreachable",
		      noc_value_int((int64_t)p->unreachable));
	noc_task_tell(
	    core, p->task, p->task->on_breach, "poll.breach", "", data,
	    "poll %s: only %zu of %zu answered (%zu failed, %zu unreachable)",
	    p->task->name, p->ok, p->total, p->failed, p->unreachable);
}

static void
on_poll_answer(struct noc_call *call, struct noc_value *result,
	       const struct noc_call_error *err, void *arg)
{
	struct poll_ask *ask = arg;
	struct poll *p = ask->poll;
	struct noc_core *core = p->owner->env->core;

	(void)call;
	noc_core_begin(core, noc_core_turn(core));
	for (size_t i = 0; i < p->limit; i++)
		if (p->asks[i] == ask)
			p->asks[i] = NULL;
	p->busy--;
	if (err) {
		noc_poll_error(p, ask->device, err);
	} else {
		p->ok++;
		noc_table_del(&p->fails, ask->device);
		if (!strcmp(noc_value_get_str(
				noc_value_at(
				    noc_value_get(p->task->ast, "items"), 0),
				"node", ""),
			    "snmp.walk"))
			noc_poll_walk(p, ask->device, result);
		else
			noc_poll_row(p, ask->device, "", result);
	}
	noc_value_free(result);
	free(ask->device);
	free(ask);
	poll_feed(p);
	noc_core_end(core);
}

/* Params with {device} and the like expanded for this device. */
static struct noc_value *
poll_params(struct poll *p, const char *device, struct noc_err *err)
{
	const struct noc_value *action =
	    noc_value_at(noc_value_get(p->task->ast, "items"), 0);
	const struct noc_inventory *inv = noc_core_inv(p->owner->env->core);
	struct noc_event ev = { .kind = "poll",
				.base = noc_interns("poll"),
				.source = "poll",
				.origin = noc_slice_str("local"),
				.device = noc_slice_str(device) };
	struct noc_scope scope = { .ev = &ev };
	struct noc_value *params = NULL;

	if (inv && *device) {
		ev.inventory =
		    noc_inventory_by_name(inv, noc_slice_str(device));
		if (ev.inventory && ev.inventory->naddresses)
			ev.address = noc_slice_str(ev.inventory->addresses[0]);
	}
	noc_template_tree(action, &scope, NOC_MISSING_FAIL, &params, err);
	return params;
}

static void
poll_ask(struct poll *p, size_t slot, char *device)
{
	struct noc_env *env = p->owner->env;
	const struct noc_value *action =
	    noc_value_at(noc_value_get(p->task->ast, "items"), 0);
	struct poll_ask *ask = noc_calloc(1, sizeof(*ask));
	struct noc_call_error failed;
	struct noc_value *params;
	struct noc_err err = { 0 };

	ask->poll = p;
	ask->device = device;
	params = poll_params(p, device, &err);
	if (params)
		ask->call = noc_call_start(
		    env, noc_value_get_str(action, "node", ""), params, device,
		    p->timeout_ms, on_poll_answer, ask, &err);
	if (ask->call) {
		p->asks[slot] = ask;
		p->busy++;
		return;
	}
	noc_call_error_set(&failed, noc_class_of_kind(err.kind), "poll", "",
			   "%s", err.msg);
	noc_poll_error(p, device, &failed);
	free(device);
	free(ask);
}

/* As many at a time as `limit` says. */
static void
poll_feed(struct poll *p)
{
	for (size_t i = 0; i < p->limit; i++)
		while (!p->asks[i] && p->at < p->nqueue) {
			char *device = p->queue[p->at];

			p->queue[p->at++] = NULL;
			poll_ask(p, i, device); /* or it failed at once */
		}
	if (p->running && p->busy == 0 && p->at == p->nqueue)
		poll_round_end(p);
}

static void
poll_select(struct poll *p)
{
	const struct noc_inventory *inv = noc_core_inv(p->owner->env->core);
	const struct noc_value *each = noc_value_get(p->opts, "each");
	const struct noc_device **list;
	size_t n;

	free(p->queue);
	p->queue = NULL;
	p->nqueue = p->at = 0;
	if (!each) {
		p->queue = noc_calloc(1, sizeof(char *));
		p->queue[p->nqueue++] = noc_strdup("");
		return;
	}
	if (!inv || inv->ndevices == 0)
		return;
	list = noc_calloc(inv->ndevices, sizeof(*list));
	n = noc_inventory_select(inv, noc_value_get(each, "opts"), list,
				 inv->ndevices < POLL_DEVICES_MAX
				     ? inv->ndevices
				     : POLL_DEVICES_MAX);
	p->queue = noc_calloc(n + 1, sizeof(char *));
	for (size_t i = 0; i < n; i++)
		p->queue[p->nqueue++] = noc_strdup(list[i]->name);
	free(list);
}

static void
poll_missed(struct poll *p, const char *why)
{
	struct noc_value *data = noc_value_map();

	noc_value_set(data, "reason", noc_value_str(why));
	noc_task_tell(p->owner->env->core, p->task, p->task->on_missed,
		      "poll.missed", "", data, "poll %s missed: %s",
		      p->task->name, why);
}

/* Of an interval steady, of a calendar by the wall clock. */
static int64_t
poll_now(const struct poll *p)
{
	const struct noc_core *core = p->owner->env->core;

	return noc_calendar_is_interval(p->calendar)
		   ? noc_steady_now(core)
		   : noc_core_time(core).wall_ns;
}

static int64_t
poll_last(const struct poll *p)
{
	char *what = noc_asprintf("poll/%s", p->task->name);
	int64_t last = noc_value_get_int(
	    noc_task_memory(p->owner->env->core, what), "last", 0);

	free(what);
	return noc_ns_sane(last);
}

/* What is within its jitter is still to come. */
static void
poll_arm(struct poll *p)
{
	struct noc_core *core = p->owner->env->core;
	const char *text = noc_value_get_str(p->opts, "jitter", "0");
	int64_t jitter = 0, now = poll_now(p), last = poll_last(p), from, due;

	if (noc_duration_parse(text, &jitter) == 0 && jitter > 0)
		jitter = (int64_t)(noc_hash_stable(p->task->name,
						   strlen(p->task->name)) %
				   (uint64_t)jitter);
	from = noc_ns_after(now, -jitter);
	if (last > from && last <= now)
		from = last;
	p->nominal_ns = noc_calendar_next(p->calendar, from);
	if (!p->nominal_ns)
		return;
	due = noc_ns_after(p->nominal_ns, jitter);
	if (noc_calendar_is_interval(p->calendar))
		noc_due_arm_steady(core, &p->due, due);
	else
		noc_due_arm_wall(core, &p->due, due);
}

static void
poll_remember(struct poll *p, int64_t nominal_ns)
{
	char *what = noc_asprintf("poll/%s", p->task->name);
	struct noc_value *data = noc_value_map();

	noc_value_set(data, "last", noc_value_int(nominal_ns));
	noc_task_remember(p->owner->env->core, what, data);
	free(what);
}

/* Was a time slept through, longer ago than a schedule would make up for? */
static void
poll_slept(struct poll *p)
{
	int64_t now = poll_now(p), last = poll_last(p), due = 0;

	if (last)
		due = noc_calendar_next(p->calendar, last);
	if (!due || now - due < POLL_LATE_NS)
		return;
	poll_missed(p, "the daemon was not running");
	poll_remember(p, now);
}

static void
on_poll_due(struct noc_due *due, struct noc_core *core)
{
	struct poll *p =
	    (struct poll *)((char *)due - offsetof(struct poll, due));

	(void)core;
	if (poll_now(p) < p->nominal_ns) { /* the clock was set */
		poll_arm(p);
		return;
	}
	if (p->running) {
		poll_missed(p, "the round before has not ended");
	} else if (p->owner->paused) {
		poll_missed(p, "the daemon is behind with its journal");
	} else {
		poll_select(p);
		p->total = p->nqueue;
		p->ok = p->failed = p->unreachable = 0;
		p->running = true;
		if (p->total == 0) {
			p->running = false;
			poll_missed(p, "its selector names no device");
		}
		poll_feed(p);
	}
	poll_remember(p, p->nominal_ns);
	poll_arm(p);
}

/* ---- life ---- */

static void
poll_free(struct poll *p)
{
	noc_due_disarm(p->owner->env->core, &p->due);
	for (size_t i = 0; i < p->limit; i++) {
		struct poll_ask *ask = p->asks[i];

		if (!ask)
			continue;
		noc_call_cancel(p->owner->env, ask->call);
		free(ask->device);
		free(ask);
	}
	free(p->asks);
	for (size_t i = p->at; i < p->nqueue; i++)
		free(p->queue[i]);
	free(p->queue);
	noc_table_release(&p->fails);
	noc_calendar_free(p->calendar);
	noc_where_free(p->when);
	noc_template_free(p->emit);
	noc_template_free(p->summary);
	free(p);
}

static int
poll_compile(struct poll *p, struct noc_err *err)
{
	const struct noc_value *when = noc_value_get(p->opts, "when");
	const char *emit = noc_value_get_str(p->opts, "emit", "poll");
	const char *summary = noc_value_get_str(p->opts, "summary", NULL);
	const char *timeout = noc_value_get_str(p->opts, "timeout", "10s");
	char at[256];
	int r;

	snprintf(at, sizeof(at), "%s:%d", p->task->file, p->task->line);
	if (noc_duration_parse(timeout, &p->timeout_ms) < 0)
		p->timeout_ms = 10000;
	r = noc_calendar_new(p->opts, &p->calendar, err);
	if (r == 0)
		r = noc_template_parse(emit, strlen(emit), &p->emit, err);
	if (r == 0 && summary)
		r = noc_template_parse(summary, strlen(summary), &p->summary,
				       err);
	if (r == 0 && noc_value_is_str(noc_value_get(when, "node"), "function"))
		p->when_fn = (int)noc_value_get_int(when, "fn", 0) + 1;
	else if (r == 0 && when)
		r = noc_where_compile(when, NULL, at, &p->when, err);
	return r;
}

static void
polls_build(struct polls *ps)
{
	struct noc_ruleset *rs = noc_core_rules(ps->env->core);
	size_t cap = 0;

	noc_core_begin(ps->env->core, noc_core_turn(ps->env->core));
	for (size_t i = 0; i < ps->n; i++)
		poll_free(ps->at[i]);
	free(ps->at);
	ps->at = NULL;
	ps->n = 0;
	noc_ruleset_unref(ps->rules);
	ps->rules = rs ? noc_ruleset_ref(rs) : NULL;
	for (size_t i = 0; rs && i < rs->ntasks; i++) {
		const struct noc_task *t = &rs->tasks[i];
		struct poll *p;
		struct noc_err err;

		if (strcmp(t->type, "poll"))
			continue;
		p = noc_calloc(1, sizeof(*p));
		p->owner = ps;
		p->task = t;
		p->opts = noc_value_get(t->ast, "opts");
		p->limit = (size_t)noc_value_get_int(p->opts, "limit", 20);
		if (p->limit == 0 || p->limit > 1000)
			p->limit = 20;
		p->asks = noc_calloc(p->limit, sizeof(struct poll_ask *));
		p->due.on_due = on_poll_due;
		if (poll_compile(p, &err) < 0) {
			noc_warn("poll", "poll=%s %s", t->name, err.msg);
			poll_free(p);
			continue;
		}
		NOC_GROW(ps->at, cap, ps->n + 1);
		ps->at[ps->n++] = p;
		poll_slept(p);
		poll_arm(p);
	}
	noc_core_end(ps->env->core);
}

static int
polls_open(struct noc_env *env, void **instance, struct noc_err *err)
{
	struct polls *ps = noc_calloc(1, sizeof(*ps));

	(void)err;
	ps->env = env;
	ps->source = noc_source_new(env->core, "poll", "poll", true);
	polls_build(ps);
	*instance = ps;
	return 0;
}

static void
polls_close(void *instance)
{
	struct polls *ps = instance;

	for (size_t i = 0; i < ps->n; i++)
		poll_free(ps->at[i]);
	free(ps->at);
	noc_ruleset_unref(ps->rules);
	free(ps);
}

static void
polls_reload(void *instance)
{
	polls_build(instance);
}

static void
polls_pause(void *instance, bool paused)
{
	((struct polls *)instance)->paused = paused;
}

const struct noc_sensor_ops noc_sensor_poll = {
	.name = "poll",
	.summary = "asks devices regularly",
	.open = polls_open,
	.close = polls_close,
	.reload = polls_reload,
	.pause = polls_pause,
};
