/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/expr/template.h"
#include "engine/edge/sensor.h"
#include "sensors/poll_private.h"

/* What an answer to a poll says: an event, a change, an error. */

/* ---- memory: device -> {"on": bool, "last": text}; none: not on ---- */

static char *
poll_what(const struct poll *p, const char *device)
{
	return noc_asprintf("poll/%s/%s", p->task->name, device);
}

/* Does this answer make an event? `last` is updated. */
static bool
poll_decides(struct poll *p, const char *device, bool holds,
	     const struct noc_value *data)
{
	struct noc_core *core = p->owner->env->core;
	const char *once = noc_value_get_str(p->opts, "once", "crossing");
	char *what = poll_what(p, device), *text = NULL;
	const struct noc_value *mem = noc_task_memory(core, what);
	bool was = noc_value_get_bool(mem, "on", false), says = false;

	if (!strcmp(once, "always")) {
		says = holds;
	} else if (!strcmp(once, "change")) {
		text = noc_json_string(data, NOC_JSON_CANONICAL);
		says = holds && mem &&
		       strcmp(noc_value_get_str(mem, "last", ""), text);
	} else {
		says = holds && !was;
	}
	/* A row that says nothing is none: indexes come and go for ever. */
	if (!text && (!holds || !strcmp(once, "always"))) {
		if (mem)
			noc_task_remember(core, what, NULL);
	} else if (!mem || was != holds ||
		   (text && strcmp(noc_value_get_str(mem, "last", ""), text))) {
		struct noc_value *row = noc_value_map();

		noc_value_set(row, "on", noc_value_bool(holds));
		if (text)
			noc_value_set(row, "last", noc_value_str(text));
		noc_task_remember(core, what, row);
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
	ev.kind = noc_intern_input(kind.p, kind.len);
	ev.summary = noc_slice(summary.p, summary.len);
	noc_sensor_emit(core, p->owner->source, &ev, NULL);
	noc_strbuf_release(&kind);
	noc_strbuf_release(&summary);
}

/* One row: the whole answer, or one index of a walk. */
void
noc_poll_row(struct poll *p, const char *device, const char *index,
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

	if (poll_decides(p, key, poll_holds(p, &scope), ev.data))
		poll_emit(p, device, row, index);
	noc_event_clear(&ev);
	free(key);
}

/* A walk answers {name: {index: value}}: turned into a row an index. */
void
noc_poll_walk(struct poll *p, const char *device,
	      const struct noc_value *result)
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
		noc_poll_row(p, device, rows->u.map.at[i].key,
			     rows->u.map.at[i].value);
	noc_value_free(rows);
}

void
noc_poll_error(struct poll *p, const char *device,
	       const struct noc_call_error *err)
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
