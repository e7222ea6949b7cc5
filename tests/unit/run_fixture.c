/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include <poll.h>
#include <unistd.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/rows.h"
#include "engine/edge/action.h"
#include "engine/core/call.h"
#include "engine/core/command.h"
#include "engine/core/due.h"
#include "engine/run/change.h"
#include "engine/run/escalate.h"
#include "engine/parts.h"
#include "actions/actions.h"

/* ---- fake actions under their real names ---- */

static int
act_start(struct noc_env *env, struct noc_call *call, struct noc_err *err)
{
	(void)env;
	(void)call;
	return noc_err_set(err, NOC_EBUG, "the fixture answers calls itself");
}

static void
act_cancel(struct noc_env *env, struct noc_call *call)
{
	(void)env;
	(void)call;
}

/* Whom the real ones ask: all programs together, a host, a device. */
static void
act_peer_none(const struct noc_env *env, const struct noc_value *params,
	      const char *target, struct noc_strbuf *out)
{
	(void)env;
	(void)params;
	(void)target;
	(void)out;
}

static void
act_peer_url(const struct noc_env *env, const struct noc_value *params,
	     const char *target, struct noc_strbuf *out)
{
	(void)env;
	(void)target;
	noc_strbuf_adds(
	    out, noc_value_get_str(noc_value_get(params, "opts"), "url", "?"));
}

static void
act_peer_device(const struct noc_env *env, const struct noc_value *params,
		const char *target, struct noc_strbuf *out)
{
	(void)env;
	(void)params;
	noc_strbuf_adds(out, target);
}

#define ACT(ident, text, flag, whom)                                       \
	static const struct noc_action_ops ident = { .name = text,         \
						     .flags = flag,        \
						     .start = act_start,   \
						     .cancel = act_cancel, \
						     .peer = whom }
ACT(act_get, "snmp.get", NOC_ACTION_READS | NOC_ACTION_IDEMPOTENT,
    act_peer_device);
ACT(act_walk, "snmp.walk", NOC_ACTION_READS | NOC_ACTION_IDEMPOTENT,
    act_peer_device);
ACT(act_set, "snmp.set", NOC_ACTION_MUTATES | NOC_ACTION_IDEMPOTENT,
    act_peer_device);
ACT(act_exec, "exec", NOC_ACTION_MUTATES, act_peer_none);
ACT(act_http_get, "http.get", NOC_ACTION_READS | NOC_ACTION_IDEMPOTENT,
    act_peer_url);
ACT(act_mail, "mail", NOC_ACTION_NOTIFIES, act_peer_none);
/* One that cannot be stopped. */
static const struct noc_action_ops act_post = {
	.name = "http.post",
	.flags = NOC_ACTION_MUTATES,
	.start = act_start,
	.peer = act_peer_url,
};
static const struct noc_action_ops act_core[] = {
	{ .name = "notify", .flags = NOC_ACTION_CORE | NOC_ACTION_NOTIFIES },
	{ .name = "log", .flags = NOC_ACTION_CORE | NOC_ACTION_IDEMPOTENT },
	{ .name = "start", .flags = NOC_ACTION_CORE },
	{ .name = "emit", .flags = NOC_ACTION_CORE },
};
static const struct noc_action_ops *const act_table[] = {
	&act_get,     &act_set,	    &act_exec,	  &act_http_get,
	&act_mail,    &act_post,    &act_walk,	  &act_core[0],
	&act_core[1], &act_core[2], &act_core[3],
};

/* ---- the host ---- */

static void
journal_add(struct fix *f, const struct noc_txn_record *r)
{
	static const uint16_t tags[] = { NOC_TAG_STEP,	 NOC_TAG_TARGET,
					 NOC_TAG_ACTION, NOC_TAG_OUTCOME,
					 NOC_TAG_DETAIL, NOC_TAG_ACTOR,
					 NOC_TAG_RULE,	 NOC_TAG_EVENT,
					 NOC_TAG_CAUSE };
	struct noc_record_view v = {
		.kind = (uint16_t)r->rec.kind,
		.nfields = r->rec.nfields,
		.fields = r->rec.p + NOC_RECORD_HEAD,
		.fields_len = r->rec.len - NOC_RECORD_HEAD,
	};
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_err err = { 0 };
	const uint8_t *p;
	size_t len;

	if (noc_record_complete(v.kind, r->rec.tags, &err))
		fail_msg("%s: %s", noc_record_kind_name(v.kind), err.msg);
	if (f->quiet)
		return;
	noc_strbuf_adds(&sb, noc_record_kind_name(v.kind));
	for (size_t i = 0; i < NOC_COUNT(tags); i++) {
		if (!noc_record_field(&v, tags[i], &p, &len))
			continue;
		noc_strbuf_addc(&sb, ' ');
		noc_strbuf_add(&sb, p, len);
	}
	assert_true(f->njournal < FIX_LINES);
	f->journal[f->njournal++] = noc_strbuf_detach(&sb, NULL);
}

static uint64_t
on_submit(struct noc_txn *txn, void *arg)
{
	struct fix *f = arg;
	unsigned rows = 0;

	f->ticket++;
	if (f->dead) {
		noc_txn_free(txn);
		return f->ticket;
	}
	if (f->die_at && f->ticket == f->die_at) {
		f->dead = true;
		if (f->die_before) {
			noc_txn_free(txn);
			return f->ticket;
		}
	}
	for (struct noc_txn_record *r = txn->first_record; r; r = r->next)
		journal_add(f, r);
	for (struct noc_row *row = txn->first_row; row; row = row->next) {
		f->puts += row->kind == NOC_ROW_LIVE_PUT;
		f->runs += row->kind == NOC_ROW_RUN;
		f->definitions += row->kind == NOC_ROW_DEFINITION;
		rows++;
	}
	f->most = rows > f->most ? rows : f->most;
	if (f->writer)
		assert_true(noc_writer_submit(f->writer, txn) > 0);
	else
		noc_txn_free(txn);
	return f->ticket;
}

static void
on_wake(int64_t due_boot_ns, void *arg)
{
	((struct fix *)arg)->wake = due_boot_ns;
}

static void
calls_remove(struct fix *f, size_t i)
{
	f->ncalls--;
	memmove(f->calls + i, f->calls + i + 1,
		(f->ncalls - i) * sizeof(f->calls[0]));
}

static int
on_call(struct noc_call *call, struct noc_err *err, void *arg)
{
	struct fix *f = arg;
	struct noc_call_error e = { 0 };
	struct noc_value *result = NULL;

	if (f->refuses)
		return noc_err_set(err, f->refuses, "the fixture refuses");
	f->started++;
	f->sets += call->ops == &act_set;
	if (f->world && f->world(f, call, &result, &e)) {
		if (result)
			noc_change_stand_in(call->params, result,
					    f->changed_ms);
		noc_call_done(&f->env, call, result, e.class ? &e : NULL);
		return 0;
	}
	assert_true(f->ncalls < FIX_CALLS);
	f->calls[f->ncalls++] = call;
	return 0;
}

static void
on_cancel(struct noc_call *call, void *arg)
{
	struct fix *f = arg;

	f->cancelled++;
	for (size_t i = 0; i < f->ncalls; i++)
		if (f->calls[i] == call) {
			calls_remove(f, i);
			return;
		}
}

static void
on_line(const char *text, void *arg)
{
	struct fix *f = arg;

	if (f->nlines < FIX_LINES)
		f->lines[f->nlines++] = noc_strdup(text);
}

static void
on_log(enum noc_level level, const char *room, const char *line, void *arg)
{
	(void)level;
	(void)room;
	(void)line;
	(void)arg;
}

/* ---- life ---- */

void
fix_rules(struct fix *f, const char *rules)
{
	struct noc_ruleset *rs;
	struct noc_err err;
	char *errors = NULL;

	if (noc_ruleset_load_text("t.lua", rules, &rs, &errors, &err))
		fail_msg("%s", errors ? errors : err.msg);
	free(errors);
	noc_core_ruleset(f->core, rs, "test", f->now);
	fix_pump(f);
}

void
fix_open(struct fix *f, const char *rules)
{
	struct noc_core_options opt = { .env = &f->env,
					.host = &f->host,
					.parts = noc_parts,
					.virtual_time = true };

	memcpy(opt.boot_id, f->boot_id, sizeof(opt.boot_id));
	noc_log_sink_set(on_log, NULL);
	noc_actions_register(); /* what a rule may write */
	noc_action_register(act_table, NOC_COUNT(act_table));
	f->host = (struct noc_host){ .submit = on_submit,
				     .wake = on_wake,
				     .call = on_call,
				     .cancel = on_cancel,
				     .line = on_line,
				     .arg = f };
	if (!f->now.wall_ns) {
		f->now.wall_ns = 1700000000 * NOC_NS_PER_S;
		f->now.boot_ns = 1000 * NOC_NS_PER_S;
	}
	f->env.state_dir = f->state_dir;
	f->wake = INT64_MAX;
	f->core = noc_core_new(&opt);
	noc_core_now(f->core, f->now);
	fix_rules(f, rules);
}

void
fix_close(struct fix *f)
{
	noc_core_free(f->core);
	for (size_t i = 0; i < f->njournal; i++)
		free(f->journal[i]);
	for (size_t i = 0; i < f->nlines; i++)
		free(f->lines[i]);
	noc_log_sink_set(NULL, NULL);
}

void
fix_pump(struct fix *f)
{
	uint64_t seen = 0;

	while (!f->dead && !f->hold_durable && seen != f->ticket) {
		seen = f->ticket;
		noc_core_durable(f->core, seen);
	}
}

void
fix_advance(struct fix *f, int64_t ms)
{
	int64_t end = f->now.boot_ns + ms * NOC_NS_PER_MS;

	fix_pump(f);
	while (!f->dead && f->now.boot_ns < end) {
		int64_t next = f->wake < end ? f->wake : end;

		if (next > f->now.boot_ns) {
			f->now.wall_ns += next - f->now.boot_ns;
			f->now.boot_ns = next;
		}
		noc_core_now(f->core, f->now);
		noc_due_tick(f->core, f->now);
		fix_pump(f);
		if (next == end && f->wake > end)
			break;
	}
}

/* ---- causes ---- */

struct noc_event *
fix_event(struct fix *f, const char *kind, const char *device,
	  enum noc_trust trust)
{
	struct noc_event ev = { 0 };

	ev.kind = noc_interns(kind);
	ev.base = noc_interns("test");
	ev.source = noc_interns("test");
	ev.origin = noc_slice_str("local");
	ev.device = noc_slice_str(device);
	ev.summary = noc_slice_str("eth7 is down");
	ev.severity = 3;
	ev.time_ns = ev.received_ns = f->now.wall_ns;
	ev.received_boot_ns = f->now.boot_ns;
	ev.trust = trust;
	ev.data = noc_value_map();
	noc_value_set(ev.data, "ifindex", noc_value_int(7));
	noc_value_set(ev.data, "ifname", noc_value_str("eth7"));
	return noc_event_promote(&ev);
}

struct noc_id
fix_start(struct fix *f, const char *rule, enum noc_mode mode,
	  enum noc_trust trust)
{
	return fix_start_for(f, fix_event(f, "link.down", "sw1", trust), rule,
			     mode);
}

struct noc_id
fix_start_for(struct fix *f, struct noc_event *ev, const char *rule,
	      enum noc_mode mode)
{
	struct noc_rule *r = noc_ruleset_rule(noc_core_rules(f->core), rule);
	struct noc_run_cause cause = { .mode = mode,
				       .key = "sw1/eth7",
				       .ev = ev };
	struct noc_id id;
	struct noc_err err;

	assert_non_null(r);
	cause.plan = r->run;
	cause.rule = r;
	cause.rule_name = r->name;
	cause.definition = r->definition;
	noc_core_begin(f->core, f->now);
	if (noc_run_start(f->core, &cause, &id, &err))
		fail_msg("start: %s", err.msg);
	noc_core_end(f->core);
	noc_event_unref(ev);
	fix_pump(f);
	return id;
}

static void
on_answer(int kind, const struct noc_value *answer, const char *message,
	  void *arg)
{
	struct noc_value **out = arg;

	(void)message;
	out[0] = noc_value_int(kind);
	out[1] = answer ? noc_value_copy(answer) : NULL;
}

int
fix_command(struct fix *f, const char *json, struct noc_value **answer)
{
	struct noc_value *command, *out[2] = { NULL, NULL };
	struct noc_err err;
	int kind;

	if (noc_json_parse(json, strlen(json), &command, &err))
		fail_msg("%s", err.msg);
	noc_core_command(f->core, command, on_answer, out, f->now);
	fix_pump(f);
	noc_value_free(command);
	assert_non_null(out[0]);
	kind = (int)out[0]->u.i;
	noc_value_free(out[0]);
	if (answer)
		*answer = out[1];
	else
		noc_value_free(out[1]);
	return kind;
}

static void
on_heard(int kind, const struct noc_value *answer, const char *message,
	 void *arg)
{
	struct fix_heard *h = arg;

	h->kind = kind;
	snprintf(h->id, sizeof(h->id), "%s",
		 noc_value_get_str(answer, "id", ""));
	snprintf(h->message, sizeof(h->message), "%s", message ? message : "");
}

struct fix_heard
fix_say(struct fix *f, const char *fmt, ...)
{
	struct fix_heard h = { .kind = 1 };
	struct noc_value *command;
	struct noc_err err;
	char json[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(json, sizeof(json), fmt, ap);
	va_end(ap);
	if (noc_json_parse(json, strlen(json), &command, &err))
		fail_msg("%s: %s", json, err.msg);
	noc_core_command(f->core, command, on_heard, &h, f->now);
	fix_pump(f);
	noc_value_free(command);
	assert_int_not_equal(h.kind, 1);
	return h;
}

static void
on_nobody(int kind, const struct noc_value *answer, const char *message,
	  void *arg)
{
	(void)kind;
	(void)answer;
	(void)message;
	(void)arg;
}

void
fix_command_later(struct fix *f, const char *json)
{
	struct noc_value *command;
	struct noc_err err;

	assert_int_equal(noc_json_parse(json, strlen(json), &command, &err), 0);
	noc_core_command(f->core, command, on_nobody, NULL, f->now);
	noc_value_free(command);
}

struct noc_id
fix_start_flow(struct fix *f, const char *flow)
{
	char *json = noc_asprintf("{\"verb\":\"run.start\",\"flow\":\"%s\","
				  "\"input\":{\"device\":\"sw1\"},"
				  "\"actor\":\"test\"}",
				  flow);
	struct noc_value *answer = NULL;
	struct noc_id id;

	assert_int_equal(fix_command(f, json, &answer), 0);
	assert_int_equal(noc_id_parse(noc_value_get_str(answer, "id", ""), &id),
			 0);
	noc_value_free(answer);
	free(json);
	return id;
}

void
fix_happens(struct fix *f, const char *kind, const char *device)
{
	struct noc_event *ev = fix_event(f, kind, device, NOC_TRUST_HIGH);

	noc_core_begin(f->core, f->now);
	noc_escalate_event(f->core, ev);
	noc_core_end(f->core);
	noc_event_unref(ev);
	fix_pump(f);
}

int
fix_signal(struct fix *f, const struct noc_id *id, const char *signal)
{
	char text[NOC_ID_TEXT];
	char *json = noc_asprintf("{\"verb\":\"run.signal\",\"id\":\"%s\","
				  "\"signal\":\"%s\",\"actor\":\"joe\"}",
				  noc_id_format(text, id), signal);
	int kind = fix_command(f, json, NULL);

	free(json);
	return kind;
}

/* ---- calls ---- */

struct noc_call *
fix_call(struct fix *f, const char *action)
{
	if (!f->ncalls || strcmp(f->calls[0]->ops->name, action)) {
		fix_dump(f);
		fail_msg("no call of %s is out (%s)", action,
			 f->ncalls ? f->calls[0]->ops->name : "none");
	}
	return f->calls[0];
}

void
fix_hold(struct fix *f, const char *action, const char *json)
{
	struct noc_call *call = fix_call(f, action);
	struct noc_value *v;
	struct noc_err err;

	assert_int_equal(noc_json_parse(json, strlen(json), &v, &err), 0);
	noc_change_stand_in(call->params, v, f->changed_ms);
	calls_remove(f, 0);
	f->hold_durable = true;
	/* Everything before is durable: its result is delivered at once. */
	noc_call_done(&f->env, call, v, NULL);
}

void
fix_answer(struct fix *f, const char *action, const char *json)
{
	struct noc_call *call = fix_call(f, action);
	struct noc_value *v;
	struct noc_err err;

	if (noc_json_parse(json, strlen(json), &v, &err))
		fail_msg("%s", err.msg);
	noc_change_stand_in(call->params, v, f->changed_ms);
	calls_remove(f, 0);
	noc_call_done(&f->env, call, v, NULL);
	fix_pump(f);
}

void
fix_refuse_as(struct fix *f, const char *action, const struct noc_call_error *e)
{
	struct noc_call *call = fix_call(f, action);

	calls_remove(f, 0);
	noc_call_done(&f->env, call, NULL, e);
	fix_pump(f);
}

void
fix_refuse(struct fix *f, const char *action, const char *class,
	   int64_t retry_after_ms)
{
	struct noc_call_error e;

	noc_call_error_set(&e, class, "device", "test", "it said no (%s)",
			   class);
	e.retry_after_ms = retry_after_ms;
	fix_refuse_as(f, action, &e);
}

/* ---- looking ---- */

size_t
fix_count(struct fix *f, const char *part)
{
	size_t n = 0;

	for (size_t i = 0; i < f->njournal; i++)
		n += strstr(f->journal[i], part) != NULL;
	return n;
}

size_t
fix_said(struct fix *f, const char *part)
{
	size_t n = 0;

	for (size_t i = 0; i < f->nlines; i++)
		n += strstr(f->lines[i], part) != NULL;
	return n;
}

void
fix_forget(struct fix *f)
{
	while (f->njournal)
		free(f->journal[--f->njournal]);
}

void
fix_dump(struct fix *f)
{
	for (size_t i = 0; i < f->njournal; i++)
		print_message("# %.160s\n", f->journal[i]);
	for (size_t i = 0; i < f->nlines; i++)
		print_message("# | %s\n", f->lines[i]);
}

void
fix_order(struct fix *f, ...)
{
	const char *want;
	size_t at = 0;
	va_list ap;

	va_start(ap, f);
	while ((want = va_arg(ap, const char *))) {
		while (at < f->njournal && !strstr(f->journal[at], want))
			at++;
		if (at == f->njournal) {
			fix_dump(f);
			fail_msg("'%s' is not in the journal there", want);
		}
		at++;
	}
	va_end(ap);
}

bool
fix_running(struct fix *f, const struct noc_id *id)
{
	struct noc_err err;
	bool running;

	/* A signal that nothing waits for tells the two apart. */
	noc_core_begin(f->core, f->now);
	running = noc_run_signal(f->core, id,
				 &(struct noc_signal){
				     .name = "?", .actor = "test", .why = "" },
				 &err) != NOC_ENOTFOUND;
	noc_core_end(f->core);
	return running;
}

int64_t
fix_figure(struct fix *f, const char *path)
{
	struct noc_value *stats = noc_core_stats(f->core);
	const struct noc_value *v = noc_value_path(stats, path);
	int64_t n = v && v->type == NOC_INT ? v->u.i : -1;

	noc_value_free(stats);
	return n;
}

int64_t
fix_runs(struct fix *f)
{
	return fix_figure(f, "runs.running");
}
