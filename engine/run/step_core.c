/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/step_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"
#include "engine/expr/template.h"
#include "engine/core/record.h"
#include "engine/notify/notify.h"
#include "engine/run/rows.h"
#include "engine/run/run_private.h"
#include "engine/run/runner.h"
#include "engine/run/step.h"

/*
 * What the core carries out itself: notify, log, start and emit.  All happen
 * inside the txn of the input, so exactly once; an event is emitted when the
 * input is through with the run, since it may come back to it.
 */

static char *
core_text(const struct noc_scope *scope, const char *text)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_template *t;

	if (noc_template_parse(text, strlen(text), &t, NULL))
		return noc_strdup(text);
	noc_template_text(t, scope, NOC_MISSING_MARK, &sb, NULL);
	noc_template_free(t);
	if (!sb.len)
		noc_strbuf_adds(&sb, "");
	return noc_strbuf_detach(&sb, NULL);
}

/* ---- log ---- */

static void
core_log(struct noc_run *r, const struct noc_value *node,
	 const struct noc_scope *scope)
{
	const char *name = noc_ast_name(node);
	char *text = core_text(scope, name ? name : "");
	enum noc_level level = NOC_LOG_INFO;

	(void)noc_log_level_parse(
	    noc_value_get_str(noc_ast_opts(node), "level", "info"), &level);
	noc_log(level, "rule", "run=%s rule=%s text=\"%s\"", r->text, r->rule,
		text);
	noc_core_say(r->core, "%slog %s: %s", noc_mode_mark(r->mode), r->rule,
		     text);
	free(text);
}

/* ---- start ---- */

/* all = true: what the flow declares and was not said, from what this run was
 * given, else from its event. */
static void
start_all(const struct noc_run *r, const char *flow,
	  const struct noc_scope *scope, struct noc_value *input)
{
	const struct noc_ruleset *rs = noc_core_rules(r->core);
	const struct noc_plan *p = rs ? noc_table_get(&rs->flows, flow) : NULL;
	const struct noc_value *takes = p ? noc_ast_opts(p->input) : NULL;
	const struct noc_value *all = noc_value_get(input, "all");
	bool asked = all && all->type == NOC_BOOL && all->u.b;

	if (!asked || noc_value_get(takes, "all"))
		return;
	noc_value_unset(input, "all");
	for (size_t i = 0; i < noc_value_len(takes); i++) {
		const char *name = takes->u.map.at[i].key;
		const struct noc_value *own = noc_value_get(scope->input, name);
		struct noc_field field;
		struct noc_datum d = { .type = NOC_NIL };

		if (noc_value_get(input, name))
			continue;
		if (own)
			noc_datum_of(own, &d);
		else if (scope->ev && !noc_field_resolve(name, strlen(name),
							 NULL, &field, NULL))
			noc_event_get(scope->ev, &field, &d);
		if (d.type != NOC_NIL)
			noc_value_set(input, name, noc_datum_value(&d));
	}
}

static int
core_start(struct noc_run *r, const char *step, const struct noc_value *node,
	   const struct noc_scope *scope, struct noc_id *id,
	   struct noc_err *err)
{
	const char *flow = noc_ast_name(node);
	const struct noc_value *opts = noc_ast_opts(node);
	struct noc_value *input = NULL, *by;
	struct noc_run_cause cause = {
		.ev = r->ev,
		.key = r->key,
		.mode = r->mode,
		.actor = r->rule,
		.under = noc_run_under(r),
	};
	struct noc_runs *runs = noc_runs_of(r->core);
	int rc;

	if (!flow)
		return noc_err_set(err, NOC_ECONFIG, "start needs a flow.");
	if (runs->starting >= NOC_STARTS_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "More than %d flows start each other: '%s' "
				   "was not started.",
				   NOC_STARTS_MAX, flow);
	if (opts) {
		rc = noc_template_tree(opts, scope, NOC_MISSING_FAIL, &input,
				       err);
		if (rc)
			return rc;
		start_all(r, flow, scope, input);
	}
	cause.input = input;
	cause.parent = noc_id_run(r->started_ns, &r->id, step, r->plan->hash);
	by = noc_value_map();
	noc_value_set(by, "run", noc_value_str(r->text));
	noc_value_set(by, "step", noc_value_str(step));
	cause.started_by = by;
	runs->starting++;
	rc = noc_run_start_flow(r->core, flow, &cause, id, err);
	runs->starting--;
	noc_value_free(by);
	noc_value_free(input);
	return rc;
}

/* ---- emit ---- */

struct core_emission {
	struct noc_core *core;
	struct noc_id id, cause;
	struct noc_value *data;
	const char *kind;
	char *device;
	struct noc_live *live; /* that waits for it; NULL: none, or no more */
	enum noc_trust trust;
	uint8_t depth;
};

void
noc_step_unemit(struct noc_live *l)
{
	if (!l->more->emission)
		return;
	l->more->emission->live = NULL;
	noc_live_more(l)->emission = NULL;
}

static void
emission_free(void *arg)
{
	struct core_emission *e = arg;

	if (e->live)
		noc_step_unemit(e->live);
	noc_value_free(e->data);
	free(e->device);
	free(e);
}

static char *
take_text(struct noc_value *data, const char *key)
{
	const char *text = noc_value_get_str(data, key, NULL);
	char *copy = text ? noc_strdup(text) : NULL;

	if (copy)
		noc_value_unset(data, key);
	return copy;
}

static void
on_emission(void *arg)
{
	struct core_emission *e = arg;
	struct noc_core *core = e->core;
	struct noc_runs *runs = noc_runs_of(core);
	struct noc_event ev = { 0 };
	char *summary = take_text(e->data, "summary");
	char *severity = take_text(e->data, "severity");
	struct noc_live *l;

	ev.id = e->id;
	ev.kind = e->kind;
	ev.origin = noc_slice_str("local");
	ev.device = noc_slice_str(e->device);
	ev.severity =
	    severity ? (int8_t)noc_severity_parse(severity, strlen(severity))
		     : 5;
	if (ev.severity < 0)
		ev.severity = 5;
	ev.summary = noc_slice_str(summary ? summary : e->kind);
	ev.trust = e->trust;
	ev.cause = e->cause;
	ev.depth = e->depth;
	ev.data = e->data;
	e->data = NULL;
	if (!runs->source)
		runs->source = noc_source_new(core, "emit", "emit", true);
	noc_core_begin(core, noc_core_turn(core));
	noc_sensor_emit(core, runs->source, &ev, NULL);
	noc_event_clear(&ev);
	free(summary);
	free(severity);
	l = e->live;
	if (l && l->wait == NOC_WAIT_CALL && !l->out) {
		struct noc_step_done d = { .def = noc_live_step(l) };
		struct noc_run *r = l->run;

		noc_step_succeed(l, NULL, &d);
		noc_run_advance(r);
	}
	noc_core_end(core);
	emission_free(e);
}

static struct noc_id
emission_id(const struct noc_live *l)
{
	const struct noc_run *r = l->run;

	return noc_id_run(r->started_ns, &r->id, l->path, r->plan->hash);
}

/* l NULL: aside, nobody waits for it.  data is owned. */
static void
emission_new(struct noc_run *r, struct noc_live *l, const char *kind,
	     struct noc_value *data)
{
	struct core_emission *e = noc_calloc(1, sizeof(*e));
	char *device;

	e->core = r->core;
	e->cause = r->id;
	e->data = data;
	e->kind = noc_intern_input(kind, strlen(kind));
	device = take_text(data, "device");
	e->device = device ? device : noc_strdup(r->device);
	/* A step gives one event, however often it is begun; what is told
	 * aside is told each time anew. */
	if (l) {
		noc_step_unemit(l);
		noc_live_more(l)->emission = e;
		e->live = l;
		e->id = emission_id(l);
	} else {
		e->id = noc_id_new(noc_core_time(r->core).wall_ns);
	}
	/* What an event causes is believed no more than the event is. */
	e->trust = r->ev ? r->ev->trust : NOC_TRUST_HIGH;
	e->depth = (uint8_t)((r->ev ? r->ev->depth : 0) + 1);
	if (e->depth == 0)
		e->depth = UINT8_MAX;
	noc_core_defer(r->core, on_emission, emission_free, e);
}

static int
core_emit(struct noc_run *r, struct noc_live *l, const struct noc_value *node,
	  const struct noc_scope *scope, struct noc_err *err)
{
	const struct noc_value *opts = noc_ast_opts(node);
	const char *name = noc_ast_name(node);
	struct noc_value *data = NULL;
	char *kind;
	int rc = 0;

	if (!name)
		return noc_err_set(err, NOC_ECONFIG, "emit needs a kind.");
	if (opts)
		rc = noc_template_tree(opts, scope, NOC_MISSING_FAIL, &data,
				       err);
	if (rc)
		return rc;
	if (!data)
		data = noc_value_map();
	kind = core_text(scope, name);
	emission_new(r, l, kind, data);
	free(kind);
	return 0;
}

void
noc_run_emit(struct noc_run *r, const char *kind, struct noc_value *data)
{
	if (r->mode != NOC_SHADOW)
		emission_new(r, NULL, kind, data);
	else
		noc_value_free(data);
}

void
noc_step_emit(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_run *r = l->run;
	struct noc_step_done d = { .def = def, .target = r->device };
	struct noc_failure f;
	struct noc_scope scope;
	struct noc_err err;

	noc_lane_scope(l->lane, &scope);
	l->attempt++;
	noc_live_wait(l, NOC_WAIT_CALL, "", 0);
	if (core_emit(r, l, def->params, &scope, &err)) {
		noc_failure_set(&f, "permanent", "rule", "emit", "%s", err.msg);
		d.failure = &f;
		noc_step_fail(l, &d);
		return;
	}
	noc_step_write_start(l, def, r->device, def->params);
}

/* The first version made another id of it, and had one such step at hand. */
static bool
emission_is_old(const struct noc_run *r, const struct noc_event *ev,
		const char *kind)
{
	return !memcmp(&ev->cause, &r->id, sizeof(r->id)) &&
	       !strcmp(ev->kind, kind);
}

/* Each item of an each may ask: they are gone through once. */
static const struct noc_table *
runs_events(struct noc_runs *runs)
{
	const char *key;
	void *run;

	if (runs->events)
		return runs->events;
	runs->events = noc_calloc(1, sizeof(*runs->events));
	for (size_t it = 0; noc_table_next(&runs->by_id, &it, &key, &run);) {
		const struct noc_event *ev = ((struct noc_run *)run)->ev;

		runs->looked++;
		if (ev)
			noc_table_putn(runs->events, ev->id.b, sizeof(ev->id.b),
				       run);
	}
	return runs->events;
}

void
noc_runs_resumed(struct noc_runs *runs)
{
	if (!runs->events)
		return;
	noc_table_release(runs->events);
	free(runs->events);
	runs->events = NULL;
}

/* Of a run of the first version, which had one step at hand. */
static bool
emitted_of_old(const struct noc_live *l, const char *name)
{
	struct noc_runs *runs = noc_runs_of(l->run->core);
	struct noc_scope scope;
	const char *key;
	bool found = false;
	void *run;
	char *kind;

	noc_lane_scope(l->lane, &scope);
	kind = core_text(&scope, name);
	for (size_t it = 0;
	     !found && noc_table_next(&runs->by_id, &it, &key, &run);) {
		const struct noc_event *ev = ((struct noc_run *)run)->ev;

		found = ev && emission_is_old(l->run, ev, kind);
	}
	free(kind);
	return found;
}

bool
noc_step_emitted(const struct noc_live *l)
{
	const char *name = noc_ast_name(noc_live_step(l)->params);
	const struct noc_table *events = runs_events(noc_runs_of(l->run->core));
	struct noc_id id = emission_id(l);

	return name && (noc_table_getn(events, id.b, sizeof(id.b)) ||
			(l->run->first && emitted_of_old(l, name)));
}

/* ---- as a step, and aside ---- */

bool
noc_step_is_core(const struct noc_step_def *def)
{
	return def->action &&
	       (!strcmp(def->action, "notify") || !strcmp(def->action, "log") ||
		!strcmp(def->action, "start"));
}

void
noc_step_core(struct noc_live *l, const struct noc_step_def *def)
{
	struct noc_run *r = l->run;
	struct noc_step_done d = { .def = def, .target = "" };
	struct noc_value *output = noc_value_map();
	struct noc_failure f;
	struct noc_scope scope;
	struct noc_err err = { 0 };
	char text[NOC_ID_TEXT];
	struct noc_id id;
	int rc = 0;

	noc_lane_scope(l->lane, &scope);
	l->attempt++;
	if (!strcmp(def->action, "notify")) {
		d.target = noc_ast_name(def->params);
		noc_notify_send(r->core, def->params, &scope, r->mode, &r->id);
	} else if (!strcmp(def->action, "log")) {
		core_log(r, def->params, &scope);
	} else {
		d.target = noc_ast_name(def->params);
		rc = core_start(r, l->path, def->params, &scope, &id, &err);
		if (rc == 0)
			noc_value_set(output, "run",
				      noc_value_str(noc_id_format(text, &id)));
	}
	if (rc == 0) {
		noc_step_succeed(l, output, &d);
		return;
	}
	noc_value_free(output);
	noc_failure_set(&f, "permanent", "rule", noc_kind_name(err.kind), "%s",
			err.msg);
	d.failure = &f;
	noc_step_fail(l, &d);
}

int
noc_run_tell(const struct noc_lane *lane, const struct noc_step_def *def,
	     const struct noc_value *node, struct noc_err *err)
{
	struct noc_run *r = lane->run;
	const char *action = noc_ast_node(node);
	struct noc_scope scope;
	struct noc_id id;
	char *path;
	int rc;

	if (!action)
		return noc_err_set(err, NOC_EINPUT, "This is no action.");
	noc_lane_scope(lane, &scope);
	if (!strcmp(action, "log")) {
		core_log(r, node, &scope);
	} else if (!strcmp(action, "start")) {
		path =
		    noc_asprintf("%s%s%s", lane->path, lane->path[0] ? "/" : "",
				 def ? def->name : "on_fail");
		rc = core_start(r, path, node, &scope, &id, err);
		free(path);
		return rc;
	}
	if (!strcmp(action, "emit") && r->mode != NOC_SHADOW)
		return core_emit(r, NULL, node, &scope, err);
	if (strcmp(action, "log") && strcmp(action, "emit"))
		noc_notify_send(r->core, node, &scope, r->mode, &r->id);
	return 0;
}
