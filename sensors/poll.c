/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/core.h"
#include "engine/loop.h"
#include "engine/sensor.h"
#include "engine/task.h"

/*
 * poll: asks every device of a selector, every so often, with an action by
 * name (snmp.get, snmp.walk, http.get, exec).  An answer for which `when`
 * holds makes an event: on crossing, on change, or always.  What was not
 * asked or not answered says so.  The last state of each device is the
 * task's memory, so a restart is no crossing.
 */
#define POLL_DEVICES_MAX 20000

struct poll;

struct poll_ask { /* one device, asked now */
	struct poll *poll;
	struct noc_call *call;
	char *device; /* "" when asked once */
};

struct poll {
	struct polls *owner;
	const struct noc_task *task;
	const struct noc_value *opts;
	struct noc_calendar *calendar;
	struct noc_watch *timer;
	struct noc_where *when;
	int when_fn;
	struct noc_template *emit, *summary;
	char **queue; /* devices still to be asked in this round */
	size_t nqueue, at, total, busy, limit;
	size_t ok, failed, unreachable;
	struct poll_ask **asks;
	int64_t nominal_ns, timeout_ms;
	struct noc_table fails; /* device -> count as void * */
	bool running;
};

struct polls { /* the sensor's instance */
	struct noc_env *env;
	struct noc_source *source;
	struct noc_ruleset *rules; /* ref: tasks point into it */
	struct poll **at;
	size_t n;
	bool paused;
};

static void poll_feed(struct poll *p);

/* ---- memory: device -> {"on": bool, "last": text} ---- */

static char *
poll_what(const struct poll *p, const char *device)
{
	return noc_asprintf("poll/%s/%s", p->task->name, device);
}

/* Does this answer make an event? `last` is updated. */
static bool
poll_decides(struct poll *p, const char *device, bool holds,
	     const struct noc_value *result)
{
	struct noc_core *core = p->owner->env->core;
	const char *once = noc_value_get_str(p->opts, "once", "crossing");
	char *what = poll_what(p, device), *text = NULL;
	const struct noc_value *mem = noc_task_memory(core, what);
	bool was = noc_value_get_bool(mem, "on", false), says = false;

	if (!strcmp(once, "always")) {
		says = holds;
	} else if (!strcmp(once, "change")) {
		text = noc_json_string(result, NOC_JSON_CANONICAL);
		says = holds && mem &&
		       strcmp(noc_value_get_str(mem, "last", ""), text);
	} else {
		says = holds && !was;
	}
	if (!mem || was != holds ||
	    (text && strcmp(noc_value_get_str(mem, "last", ""), text))) {
		struct noc_value *data = noc_value_map();

		noc_value_set(data, "on", noc_value_bool(holds));
		if (text)
			noc_value_set(data, "last", noc_value_str(text));
		noc_task_remember(core, what, data);
	}
	free(text);
	free(what);
	return says;
}

/* ---- an answer ---- */

static bool
poll_holds(struct poll *p, const struct noc_scope *scope)
{
	struct noc_err err;
	bool yes = false;

	if (p->when && !noc_where_match(p->when, scope))
		return false;
	if (!p->when_fn)
		return true;
	if (noc_lua_test(p->owner->rules->tree->lua, p->when_fn - 1, scope,
			 &yes, &err) < 0)
		noc_warn("poll", "poll=%s %s", p->task->name, err.msg);
	return yes;
}

static struct noc_value *
poll_data(const struct poll *p, const struct noc_value *result)
{
	const struct noc_value *map = noc_value_get(p->opts, "map");
	struct noc_value *data;

	if (!map)
		return result && result->type == NOC_MAP
			   ? noc_value_copy(result)
			   : noc_value_map();
	data = noc_value_map();
	for (size_t i = 0; map->type == NOC_MAP && i < map->u.map.len; i++) {
		const struct noc_member *m = &map->u.map.at[i];
		const struct noc_value *v =
		    m->value->type == NOC_STR
			? noc_value_path(result, m->value->u.s.p)
			: m->value;

		if (v)
			noc_value_set(data, m->key, noc_value_copy(v));
	}
	return data;
}

static void
poll_emit(struct poll *p, const char *device, const struct noc_value *row,
	  const char *index)
{
	struct noc_core *core = p->owner->env->core;
	const struct noc_value *sev = noc_value_get(p->opts, "severity");
	struct noc_strbuf kind = NOC_STRBUF_INIT, summary = NOC_STRBUF_INIT;
	struct noc_event ev = {
		.base = noc_interns("poll"),
		.origin = noc_slice_str("local"),
		.device = noc_slice_str(*device ? device : "nocturne"),
		.trust = NOC_TRUST_HIGH,
		.severity = 5,
		.data = poll_data(p, row),
	};
	struct noc_scope scope = { .ev = &ev, .input = row };
	struct noc_err err;

	noc_value_set(ev.data, "poll", noc_value_str(p->task->name));
	if (*index)
		noc_value_set(ev.data, "index", noc_value_str(index));
	if (sev && sev->type == NOC_INT)
		ev.severity = (int8_t)sev->u.i;
	else if (sev && sev->type == NOC_STR)
		ev.severity =
		    (int8_t)noc_severity_parse(sev->u.s.p, sev->u.s.len);
	noc_template_text(p->emit, &scope, NOC_MISSING_MARK, &kind, &err);
	if (p->summary)
		noc_template_text(p->summary, &scope, NOC_MISSING_MARK,
				  &summary, &err);
	else
		noc_strbuf_addf(&summary, "poll %s", p->task->name);
	ev.kind = noc_intern(kind.p, kind.len);
	ev.summary = noc_slice(summary.p, summary.len);
	noc_sensor_emit(core, p->owner->source, &ev, NULL);
	noc_strbuf_release(&kind);
	noc_strbuf_release(&summary);
}

/* One row: the whole answer, or one index of a walk. */
static void
poll_row(struct poll *p, const char *device, const char *index,
	 const struct noc_value *row)
{
	struct noc_event ev = { .kind = "poll",
				.base = noc_interns("poll"),
				.source = "poll",
				.origin = noc_slice_str("local"),
				.device = noc_slice_str(device),
				.data = poll_data(p, row) };
	struct noc_scope scope = { .ev = &ev, .input = row };
	char *key =
	    *index ? noc_asprintf("%s/%s", device, index) : noc_strdup(device);

	if (poll_decides(p, key, poll_holds(p, &scope), row))
		poll_emit(p, device, row, index);
	noc_event_clear(&ev);
	free(key);
}

/* A walk answers {name: {index: value}}: turned into a row an index. */
static void
poll_walk(struct poll *p, const char *device, const struct noc_value *result)
{
	struct noc_value *rows = noc_value_map();

	for (size_t i = 0;
	     result && result->type == NOC_MAP && i < result->u.map.len; i++) {
		const struct noc_member *column = &result->u.map.at[i];

		for (size_t j = 0; column->value->type == NOC_MAP &&
				   j < column->value->u.map.len;
		     j++) {
			const struct noc_member *m =
			    &column->value->u.map.at[j];
			struct noc_value *row = noc_value_get(rows, m->key);

			if (!row) {
				row = noc_value_map();
				noc_value_set(rows, m->key, row);
			}
			noc_value_set(row, column->key,
				      noc_value_copy(m->value));
		}
	}
	for (size_t i = 0; i < rows->u.map.len; i++)
		poll_row(p, device, rows->u.map.at[i].key,
			 rows->u.map.at[i].value);
	noc_value_free(rows);
}

static void
poll_error(struct poll *p, const char *device, const struct noc_call_error *err)
{
	struct noc_core *core = p->owner->env->core;
	uintptr_t fails = (uintptr_t)noc_table_get(&p->fails, device) + 1;
	struct noc_value *data = noc_value_map();

	noc_table_put(&p->fails, device, (void *)fails);
	if (!strcmp(err->class, "timeout") ||
	    !strcmp(err->class, "dependency_unavailable"))
		p->unreachable++;
	else
		p->failed++;
	noc_value_set(data, "fails", noc_value_int((int64_t)fails));
	noc_value_set(data, "reason", noc_value_str(err->message));
	noc_task_tell(core, p->task, p->task->on_error, "poll.error", device,
		      data, "poll %s: %s no answer %llu times: %s",
		      p->task->name, device, (unsigned long long)fails,
		      err->message);
}

/* ---- a round ---- */

static bool
poll_enough(const struct poll *p)
{
	const char *need = noc_value_get_str(p->opts, "need", "1");
	double want;

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
		poll_error(p, ask->device, err);
	} else {
		p->ok++;
		noc_table_del(&p->fails, ask->device);
		if (!strcmp(noc_value_get_str(
				noc_value_at(
				    noc_value_get(p->task->ast, "items"), 0),
				"node", ""),
			    "snmp.walk"))
			poll_walk(p, ask->device, result);
		else
			poll_row(p, ask->device, "", result);
	}
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
	poll_error(p, device, &failed);
	free(device);
	free(ask);
}

/* As many at a time as `limit` says. */
static void
poll_feed(struct poll *p)
{
	for (size_t i = 0; i < p->limit && p->at < p->nqueue; i++)
		if (!p->asks[i]) {
			char *device = p->queue[p->at];

			p->queue[p->at++] = NULL;
			poll_ask(p, i, device);
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

static void
poll_arm(struct poll *p)
{
	struct noc_now now = noc_core_turn(p->owner->env->core);
	const char *text = noc_value_get_str(p->opts, "jitter", "0");
	int64_t jitter = 0, ms;

	p->nominal_ns = noc_calendar_next(p->calendar, now.wall_ns);
	if (!p->nominal_ns)
		return;
	if (noc_duration_parse(text, &jitter) == 0 && jitter > 0)
		jitter = (int64_t)(noc_hash_stable(p->task->name,
						   strlen(p->task->name)) %
				   (uint64_t)jitter);
	ms = (p->nominal_ns - now.wall_ns) / NOC_NS_PER_MS + 1 + jitter;
	noc_timer_arm(p->timer, ms);
}

static void
on_poll_timer(void *arg)
{
	struct poll *p = arg;
	struct noc_core *core = p->owner->env->core;
	struct noc_now now = noc_core_turn(core);

	noc_core_begin(core, now);
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
	poll_arm(p);
	noc_core_end(core);
}

/* ---- life ---- */

static void
poll_free(struct poll *p)
{
	noc_watch_free(p->timer);
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
		p->timer = noc_loop_timer(ps->env->loop, on_poll_timer, p);
		if (poll_compile(p, &err) < 0) {
			noc_warn("poll", "poll=%s %s", t->name, err.msg);
			poll_free(p);
			continue;
		}
		NOC_GROW(ps->at, cap, ps->n + 1);
		ps->at[ps->n++] = p;
		poll_arm(p);
	}
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
