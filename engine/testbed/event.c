/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/flow/input.h"
#include "engine/run/run.h"
#include "engine/intake/admit.h"
#include "engine/testbed/private.h"

/*
 * at "5s" { "link.down", device = "sw1", ifname = "Gi1/0/1" }: an event.
 *
 *   { "syslog", "<189>Nov 12 ... %LINK-3-UPDOWN: ..." }  a message, read
 *   { "snmp.trap", snmp = { trap = "linkDown", varbinds = { ifIndex = 7 } } }
 *   { "webhook", hook = "alertmanager", body = { ... } }
 *   source = "syslog" | "trap" | ...   which sensor a canonical event is from
 *   ago = "90s"                        its sender says it was so long ago
 *   times = 300, every = "10ms"        so many; {n} in a text is its number
 *   { "ack", rule = "psu" }            somebody acknowledges its runs
 *   { "signal", signal = "ready", data = { ... } }  a wait_for of its runs
 *   { "approve", step = "go", by = "ann" }   people.c
 *   { "start", flow = "audit", input = { ... } }
 *   { "schedule", task = "nightly" }   its time has come
 *   { "command", verb = "silence.add", match = { ... }, for_ms = 60000,
 *     why = "works" }               a row of engine/core/command.def
 */
#define EVENT_TIMES_MAX 100000

static const char *const base_kinds[] = {
	"syslog", "snmp.trap", "webhook", "schedule", "poll",
};

static bool
event_is_base(const char *kind)
{
	for (size_t i = 0; i < NOC_COUNT(base_kinds); i++)
		if (!strcmp(base_kinds[i], kind))
			return true;
	return false;
}

static struct noc_source *
event_source(struct noc_testbed *tb, const char *base)
{
	size_t i = 0;

	while (i < tb->nsources && strcmp(tb->sources[i]->base, base) != 0)
		i++;
	if (i < tb->nsources)
		return tb->sources[i];
	if (i == NOC_TB_SOURCES)
		return tb->sources[0];
	tb->sources[i] =
	    noc_source_new(tb->core, base, noc_interns(base), false);
	return tb->sources[tb->nsources++];
}

/* ---- fields ---- */

static struct noc_slice
text_of(const struct noc_value *map, const char *key)
{
	const struct noc_value *v = noc_value_get(map, key);

	if (!v || v->type != NOC_STR)
		return noc_slice(NULL, 0);
	return noc_slice(v->u.s.p, v->u.s.len);
}

static void
event_severity(struct noc_testbed *tb, const struct noc_value *v,
	       struct noc_event *ev)
{
	int n = -1;

	if (v->type == NOC_INT && v->u.i >= 0 && v->u.i <= 7)
		n = (int)v->u.i;
	else if (v->type == NOC_STR)
		n = noc_severity_parse(v->u.s.p, v->u.s.len);
	if (n < 0)
		noc_tb_fail(tb, "severity is a name or 0 to 7");
	else
		ev->severity = (int8_t)n;
}

#define STRANGER "203.0.113.1" /* RFC 5737 */

static void
event_trust(struct noc_testbed *tb, struct noc_slice text, struct noc_event *ev)
{
	if (noc_slice_is(text, "high"))
		ev->trust = NOC_TRUST_HIGH;
	else if (noc_slice_is(text, "normal"))
		ev->trust = NOC_TRUST_NORMAL;
	else if (!noc_slice_is(text, "low"))
		noc_tb_fail(tb, "trust is high, normal or low");
	else {
		ev->trust = NOC_TRUST_LOW;
		/* Who is here, or in the inventory, has more than that. */
		if (noc_slice_is(ev->origin, "local"))
			ev->origin = noc_slice_str(STRANGER);
	}
}

static void
event_far(struct noc_event *ev, const char *name, const struct noc_value *v)
{
	if (!ev->far)
		ev->far = noc_value_map();
	noc_value_set(ev->far, name, noc_value_copy(v));
}

/* True when the field is of the envelope or the sensor's view. */
static void
event_ago(struct noc_testbed *tb, const char *text, struct noc_event *ev)
{
	int64_t ms;

	if (!text || noc_duration_parse(text, &ms))
		noc_tb_fail(tb, "ago is a duration, as \"90s\"");
	else
		ev->time_ns = tb->now.wall_ns - ms * NOC_NS_PER_MS;
}

static bool
event_envelope(struct noc_testbed *tb, const char *key,
	       const struct noc_value *v, const struct noc_value *opts,
	       struct noc_event *ev)
{
	if (!strcmp(key, "device"))
		ev->device = text_of(opts, key);
	else if (!strcmp(key, "address"))
		ev->address = text_of(opts, key);
	else if (!strcmp(key, "origin"))
		ev->origin = text_of(opts, key);
	else if (!strcmp(key, "summary"))
		ev->summary = text_of(opts, key);
	else if (!strcmp(key, "link"))
		ev->link = text_of(opts, key);
	else if (!strcmp(key, "severity"))
		event_severity(tb, v, ev);
	else if (!strcmp(key, "trust"))
		event_trust(tb, text_of(opts, key), ev);
	else if (!strcmp(key, "malformed"))
		ev->malformed = noc_value_truthy(v);
	else if (!strcmp(key, "depth"))
		ev->depth = (uint8_t)noc_value_get_int(opts, key, 0);
	else if (!strcmp(key, "ago"))
		event_ago(tb, text_of(opts, key).p, ev);
	else if (!strncmp(key, "far.", 4))
		event_far(ev, key + 4, v);
	else if (!strcmp(key, "snmp") && v->type == NOC_MAP)
		ev->snmp = noc_value_copy(v);
	else if (!strcmp(key, "http") && v->type == NOC_MAP)
		ev->http = noc_value_copy(v);
	else
		return !strcmp(key, "source") || !strcmp(key, "times") ||
		       !strcmp(key, "every") || !strcmp(key, "syslog");
	return true;
}

static void
event_syslog(const struct noc_value *map, struct noc_syslog *m)
{
	int severity = noc_severity_parse(
	    text_of(map, "severity").p ? text_of(map, "severity").p : "",
	    text_of(map, "severity").len);

	memset(m, 0, sizeof(*m));
	m->form = NOC_SYSLOG_RFC3164;
	m->facility = 23;
	m->severity = severity < 0 ? 5 : (uint8_t)severity;
	m->has_pri = true;
	m->host = text_of(map, "host");
	m->app = text_of(map, "app");
	m->procid = text_of(map, "procid");
	m->msgid = text_of(map, "msgid");
	m->tag = text_of(map, "tag");
	m->message = text_of(map, "message");
	m->sd = text_of(map, "sd");
}

/* ---- into the core ---- */

/* What became of it, told by the ledger of its source. */
static const char *
event_fate(const struct noc_source *before, const struct noc_source *now)
{
	if (now->folded > before->folded)
		return "folded";
	if (now->duplicate > before->duplicate)
		return "duplicate";
	if (now->matched > before->matched)
		return "matched";
	if (now->unmatched > before->unmatched)
		return "unmatched";
	if (now->shed > before->shed)
		return "shed";
	return "refused";
}

static void
event_remember(struct noc_testbed *tb, const struct noc_source *before,
	       const struct noc_source *now)
{
	struct noc_admit *a = noc_admit_part(tb->core);
	struct noc_event *last;

	tb->last_fate = event_fate(before, now);
	last = noc_ring_at(!strcmp(tb->last_fate, "unmatched") ? &a->unmatched
							       : &a->recent,
			   0);
	noc_event_unref(tb->last);
	tb->last = last ? noc_event_ref(last) : NULL;
}

static void
event_emit(struct noc_testbed *tb, const char *kind,
	   const struct noc_value *opts, struct noc_slice raw)
{
	const char *from = noc_value_get_str(opts, "source", "test");
	const char *base = event_is_base(kind)	   ? kind
			   : !strcmp(from, "trap") ? "snmp.trap"
						   : from;
	struct noc_source *source = event_source(tb, base), before = *source;
	struct noc_event ev = { .severity = 5, .trust = NOC_TRUST_NORMAL };
	struct noc_syslog m;

	ev.kind = noc_interns(kind);
	ev.base = source->base;
	ev.origin = noc_slice_str("local");
	if (raw.p) {
		ev.raw = raw;
		noc_syslog_parse(raw.p, raw.len, tb->now.wall_ns, 0, &m);
		ev.syslog = &m;
		ev.severity = (int8_t)m.severity;
		ev.summary = m.message;
		ev.malformed = m.malformed;
	} else if (noc_value_get(opts, "syslog")) {
		event_syslog(noc_value_get(opts, "syslog"), &m);
		ev.syslog = &m;
		ev.severity = (int8_t)m.severity;
		ev.summary = m.message;
	}
	for (size_t i = 0; opts && i < opts->u.map.len; i++) {
		const struct noc_member *f = &opts->u.map.at[i];

		if (event_envelope(tb, f->key, f->value, opts, &ev))
			continue;
		if (!ev.data)
			ev.data = noc_value_map();
		noc_value_set(ev.data, f->key, noc_value_copy(f->value));
	}
	if (!ev.summary.p)
		ev.summary =
		    noc_slice_str(noc_value_get_str(ev.snmp, "trap", ev.kind));
	noc_sensor_emit(tb->core, source, &ev, NULL);
	event_remember(tb, &before, source);
}

/* ---- hooks ---- */

static const struct noc_hook *
event_hook(struct noc_testbed *tb, const char *name)
{
	for (size_t i = 0; i < tb->rs->nhooks; i++)
		if (!strcmp(tb->rs->hooks[i].emit.name, name))
			return &tb->rs->hooks[i];
	noc_tb_fail(tb, "there is no hook '%s'", name);
	return NULL;
}

static void
event_post_one(struct noc_testbed *tb, const struct noc_hook *hook,
	       const struct noc_value *opts, const struct noc_value *body)
{
	struct noc_source *source = event_source(tb, "webhook");
	struct noc_source before = *source;
	struct noc_event ev = { .severity = 5, .trust = NOC_TRUST_HIGH };
	const struct noc_value *header = noc_value_get(opts, "header");

	ev.kind = ev.base = source->base;
	ev.origin = noc_slice_str("local");
	ev.http = noc_value_map();
	noc_value_set(ev.http, "body", noc_value_copy(body));
	if (header)
		noc_value_set(ev.http, "header", noc_value_copy(header));
	noc_sensor_emit_hook(tb->core, source, hook, &ev, body, NULL);
	event_remember(tb, &before, source);
}

static void
event_post(struct noc_testbed *tb, const struct noc_value *opts)
{
	const struct noc_hook *hook =
	    event_hook(tb, noc_value_get_str(opts, "hook", ""));
	const struct noc_value *body = noc_value_get(opts, "body"), *list;
	char path[256];

	if (!hook)
		return;
	if (!body || body->type != NOC_MAP) {
		noc_tb_fail(tb, "a webhook needs body = { ... }");
		return;
	}
	if (!hook->split) {
		event_post_one(tb, hook, opts, body);
		return;
	}
	snprintf(path, sizeof(path), "%.*s", (int)strlen(hook->split) - 3,
		 hook->split);
	list = noc_value_path(body, path);
	for (size_t i = 0; i < noc_value_len(list); i++)
		event_post_one(tb, hook, opts, noc_value_at(list, i));
}

/* ---- people, clocks ---- */

static void
event_command(struct noc_testbed *tb, const struct noc_value *opts)
{
	struct noc_value *command =
	    opts ? noc_value_copy(opts) : noc_value_map();
	struct noc_err err;

	noc_value_unset(command, "times");
	noc_value_unset(command, "every");
	if (!noc_value_get(command, "actor"))
		noc_value_set(command, "actor", noc_value_str("test"));
	if (noc_tb_command(tb, command, NULL, &err))
		noc_tb_fail(tb, "%s: %s",
			    noc_value_get_str(command, "verb", "command"),
			    err.msg);
	noc_value_free(command);
}

/* To all runs that have not ended, or those of a rule or flow. */
static void
event_to_runs(struct noc_testbed *tb, const char *verb,
	      const struct noc_value *opts, const char *what)
{
	static const char *const same[] = { "signal", "data", "message",
					    "path" };
	const char *rule = noc_value_get_str(opts, "rule", NULL);
	size_t n = 0;

	for (size_t i = 0; i < tb->nruns; i++) {
		struct noc_value *command;

		if (tb->runs[i].ended ||
		    (rule && strcmp(rule, tb->runs[i].rule) != 0))
			continue;
		command = noc_value_map();
		noc_value_set(command, "verb", noc_value_str(verb));
		noc_value_set(command, "id", noc_value_str(tb->runs[i].id));
		noc_value_set(command, "why", noc_value_str("test"));
		for (size_t k = 0; k < NOC_COUNT(same); k++)
			if (noc_value_get(opts, same[k]))
				noc_value_set(command, same[k],
					      noc_value_copy(noc_value_get(
						  opts, same[k])));
		event_command(tb, command);
		noc_value_free(command);
		n++;
	}
	if (!n)
		noc_tb_fail(tb, "there is no run%s%s to %s", rule ? " of " : "",
			    rule ? rule : "", what);
}

static void
event_start(struct noc_testbed *tb, const struct noc_value *opts)
{
	struct noc_value *command = noc_value_copy(opts), *input;
	const struct noc_plan *flow =
	    noc_table_get(&tb->rs->flows, noc_value_get_str(opts, "flow", ""));

	input = noc_value_copy(noc_value_get(opts, "input"));
	if (flow && input)
		noc_input_of_rules(flow->input, input);
	if (input)
		noc_value_set(command, "input", input);
	noc_value_set(command, "verb", noc_value_str("run.start"));
	event_command(tb, command);
	noc_value_free(command);
}

static void
event_schedule(struct noc_testbed *tb, const struct noc_value *opts)
{
	const char *name = noc_value_get_str(opts, "task", "");
	struct noc_run_cause cause = { .rule_name = name,
				       .key = name,
				       .mode = NOC_ACTIVE,
				       .actor = "schedule" };
	const struct noc_task *task = NULL;
	struct noc_event ev = { .severity = 6, .trust = NOC_TRUST_HIGH };
	struct noc_event *kept;
	struct noc_err err;

	for (size_t i = 0; i < tb->rs->ntasks && !task; i++)
		if (!strcmp(tb->rs->tasks[i].name, name))
			task = &tb->rs->tasks[i];
	if (!task || !task->run) {
		noc_tb_fail(tb, "there is no schedule '%s'", name);
		return;
	}
	ev.kind = ev.base = ev.source = noc_interns("schedule");
	ev.origin = ev.device = noc_slice_str("local");
	ev.summary = noc_slice_str(name);
	ev.time_ns = ev.received_ns = tb->now.wall_ns;
	ev.received_boot_ns = tb->now.boot_ns;
	kept = noc_event_promote(&ev);
	cause.plan = task->run;
	cause.definition = task->definition;
	cause.ev = kept;
	noc_core_begin(tb->core, tb->now);
	if (noc_run_start(tb->core, &cause, NULL, &err) < 0)
		noc_tb_fail(tb, "%s", err.msg);
	noc_core_end(tb->core);
	noc_event_unref(kept);
}

/* ---- one line of the test ---- */

static void
event_once(struct noc_testbed *tb, const char *kind,
	   const struct noc_value *opts, struct noc_slice raw)
{
	if (!strcmp(kind, "ack"))
		event_to_runs(tb, "run.ack", opts, "acknowledge");
	else if (!strcmp(kind, "signal"))
		event_to_runs(tb, "run.signal", opts, "signal");
	else if (!strcmp(kind, "approve") || !strcmp(kind, "confirm") ||
		 !strcmp(kind, "reject"))
		noc_tb_decide(tb, kind, opts);
	else if (!strcmp(kind, "command"))
		event_command(tb, opts);
	else if (!strcmp(kind, "start"))
		event_start(tb, opts);
	else if (!strcmp(kind, "schedule") && noc_value_get(opts, "task"))
		event_schedule(tb, opts);
	else if (!strcmp(kind, "webhook") && noc_value_get(opts, "hook"))
		event_post(tb, opts);
	else
		event_emit(tb, kind, opts, raw);
	noc_tb_pump(tb);
}

/* {n} in every text becomes the number. */
static void
event_numbered(struct noc_testbed *tb, const char *kind,
	       const struct noc_value *opts, const struct noc_value *raw,
	       int64_t n)
{
	struct noc_value *extra = noc_value_map(), *pair = noc_value_map();
	struct noc_value *out = NULL;
	struct noc_scope scope = { .extra = extra };
	struct noc_slice text = noc_slice(NULL, 0);
	struct noc_err err;

	noc_value_set(extra, "n", noc_value_int(n));
	noc_value_set(pair, "opts", noc_value_copy(opts));
	if (raw)
		noc_value_set(pair, "raw", noc_value_copy(raw));
	if (noc_template_tree(pair, &scope, NOC_MISSING_MARK, &out, &err)) {
		noc_tb_fail(tb, "%s", err.msg);
	} else {
		text = text_of(out, "raw");
		event_once(tb, kind, noc_value_get(out, "opts"), text);
	}
	noc_value_free(out);
	noc_value_free(pair);
	noc_value_free(extra);
}

void
noc_tb_event(struct noc_testbed *tb, const struct noc_value *at)
{
	static const struct noc_value none = { .type = NOC_MAP };
	const struct noc_value *items = noc_ast_items(at);
	const struct noc_value *opts = noc_ast_opts(at);
	const struct noc_value *raw = noc_value_at(items, 1);
	const char *kind = noc_value_at(items, 0)->u.s.p;
	int64_t times, every = 0, from = noc_tb_ms(tb);
	struct noc_slice text = noc_slice(NULL, 0);

	opts = opts ? opts : &none;
	if (raw && raw->type == NOC_STR)
		text = noc_slice(raw->u.s.p, raw->u.s.len);
	else
		raw = NULL;
	times = noc_value_get_int(opts, "times", 1);
	if (times < 1 || times > EVENT_TIMES_MAX ||
	    noc_duration_parse(noc_value_get_str(opts, "every", "0"), &every)) {
		noc_tb_fail(tb, "times is 1 to %d, every a duration",
			    EVENT_TIMES_MAX);
		return;
	}
	if (!noc_value_get(opts, "times")) {
		event_once(tb, kind, opts, text);
		return;
	}
	for (int64_t n = 1; n <= times; n++) {
		noc_tb_advance(tb, from + (n - 1) * every);
		event_numbered(tb, kind, opts, raw, n);
	}
}
