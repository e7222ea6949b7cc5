/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/crash.h"
#include "engine/event/value.h"
#include "engine/lang/ast.h"
#include "engine/edge/action.h"
#include "engine/flow/retry.h"
#include "engine/core/call.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/core/slot.h"
#include "engine/notify/notify_private.h"

/* One notice on its way: intent, call, retries, and then the fallback. */

#define NOTICE_TIMEOUT_MS 30000

static const struct noc_retry_policy notice_retry = {
	.attempts = 4,
	.initial_ms = 1000,
	.factor = 4,
	.max_ms = 60000,
	.jitter = true,
};

/* A callback's, until its time is over. */
static const struct noc_retry_policy callback_retry = {
	.attempts = INT32_MAX,
	.initial_ms = 5000,
	.factor = 3,
	.max_ms = 3600 * 1000,
	.jitter = true,
};

struct noc_notice {
	struct noc_core *core;
	struct noc_id id, run;
	char key[NOC_ID_TEXT];
	char *channel, *text;
	struct noc_value *node, *event; /* event: JSON or NULL */
	const struct noc_action_ops *ops;
	struct noc_call *call; /* out, or about to be */
	struct noc_slot *slot; /* waited for, or had for what begins now */
	struct noc_due due;
	int64_t due_ns, until_ns; /* until: of a callback; 0 */
	char *error;		  /* of the last attempt; or NULL */
	int attempt, hops;
	bool waiting; /* for the next attempt */
	bool queued;  /* its effect has not run yet */
};

static void
notice_free(struct noc_notice *n)
{
	noc_due_disarm(n->core, &n->due);
	noc_call_free(n->call);
	noc_slot_free(n->slot);
	noc_value_free(n->node);
	noc_value_free(n->event);
	free(n->channel);
	free(n->text);
	free(n->error);
	free(n);
}

static void
notice_text(const struct noc_notice *n, struct noc_notice_text *t)
{
	*t = (struct noc_notice_text){ .channel = n->channel,
				       .text = n->text,
				       .run = n->run,
				       .hops = n->hops };
}

/* ---- what is written ---- */

static void
notice_write(struct noc_core *core, enum noc_record_kind kind,
	     const struct noc_id *run, const char *channel, const char *action,
	     const char *outcome, struct noc_value *detail)
{
	struct noc_txn *txn = noc_core_txn(core);
	struct noc_record *rec = noc_txn_record(txn, kind);

	noc_record_add_id(rec, NOC_TAG_RUN, run);
	noc_record_addf(rec, NOC_TAG_RULE, "channel %s", channel);
	noc_record_adds(rec, NOC_TAG_ACTION, action);
	noc_record_adds(rec, NOC_TAG_TARGET, channel);
	if (outcome)
		noc_record_adds(rec, NOC_TAG_OUTCOME, outcome);
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_txn_add_commitment(txn, rec, detail, NULL);
	noc_record_addf(rec, NOC_TAG_STEP, "notify:%s", channel);
	noc_value_free(detail);
}

void
noc_notice_record(struct noc_core *core, const struct noc_notice_text *t,
		  const char *action, const char *outcome)
{
	struct noc_value *detail = noc_value_map();
	struct noc_id run = t->run;

	if (noc_id_is_zero(&run))
		run = noc_id_new(noc_core_time(core).wall_ns);
	noc_value_set(detail, "text", noc_value_str(t->text));
	notice_write(core, NOC_REC_STEP_DONE, &run, t->channel, action, outcome,
		     detail);
}

static void
notice_save(struct noc_notice *n)
{
	struct noc_value *data = noc_value_map();
	char text[NOC_ID_TEXT];

	noc_value_set(data, "channel", noc_value_str(n->channel));
	noc_value_set(data, "text", noc_value_str(n->text));
	noc_value_set(data, "node", noc_value_copy(n->node));
	noc_value_set(data, "run", noc_value_str(noc_id_format(text, &n->run)));
	if (n->event)
		noc_value_set(data, "event", noc_value_copy(n->event));
	noc_value_set(data, "attempt", noc_value_int(n->attempt));
	noc_value_set(data, "hops", noc_value_int(n->hops));
	noc_value_set(data, "waiting", noc_value_bool(n->waiting));
	if (n->until_ns)
		noc_value_set(data, "until", noc_value_int(n->until_ns));
	if (n->error)
		noc_value_set(data, "error", noc_value_str(n->error));
	noc_txn_live_put(noc_core_txn(n->core), "notice", n->key, n->due_ns,
			 data);
	noc_value_free(data);
}

static void
notice_wrote(struct noc_notice *n, enum noc_record_kind kind,
	     const char *outcome, const char *message)
{
	struct noc_value *detail = noc_value_map();

	noc_value_set(detail, "notice", noc_value_str(n->key));
	noc_value_set(detail, "attempt", noc_value_int(n->attempt));
	noc_value_set(detail, "text", noc_value_str(n->text));
	if (message)
		noc_value_set(detail, "message", noc_value_str(message));
	notice_write(n->core, kind, &n->run, n->channel, n->ops->name, outcome,
		     detail);
}

/* ---- the end of it ---- */

static void
notice_end(struct noc_notice *n)
{
	noc_txn_live_del(noc_core_txn(n->core), "notice", n->key);
	noc_table_del(&noc_notify_of(n->core)->notices, n->key);
	notice_free(n);
}

struct notice_line {
	struct noc_core *core;
	char *channel, *text;
};

static void
line_free(void *arg)
{
	struct notice_line *line = arg;

	free(line->channel);
	free(line->text);
	free(line);
}

static void
on_line(void *arg)
{
	struct notice_line *line = arg;

	noc_core_say(line->core, "notify %s: %s", line->channel, line->text);
	noc_info("notify", "channel=%s text=\"%s\"", line->channel, line->text);
	line_free(line);
}

void
noc_notice_print(struct noc_core *core, const struct noc_notice_text *t,
		 const char *why)
{
	struct notice_line *line = noc_calloc(1, sizeof(*line));

	noc_notify_of(core)->printed++;
	noc_notice_record(core, t, "print", "printed");
	line->core = core;
	line->channel = noc_strdup(t->channel);
	line->text =
	    why ? noc_asprintf("(%s) %s", why, t->text) : noc_strdup(t->text);
	noc_core_effect(core, on_line, line_free, line);
}

/* Of a callback: {id, run, url, state, attempts, error}, returned. */
static struct noc_value *
notice_delivery(const struct noc_notice *n, const char *state)
{
	struct noc_value *row = noc_value_map();
	char run[NOC_ID_TEXT];

	noc_value_set(row, "id", noc_value_str(n->key));
	noc_value_set(row, "run", noc_value_str(noc_id_format(run, &n->run)));
	noc_value_set(row, "url", noc_value_str(n->text));
	noc_value_set(row, "state", noc_value_str(state));
	noc_value_set(row, "attempts", noc_value_int(n->attempt));
	if (n->error)
		noc_value_set(row, "error", noc_value_str(n->error));
	return row;
}

void
noc_notice_callbacks(const struct noc_notify *part, const char *run,
		     struct noc_value *list)
{
	void *value;

	for (size_t it = 0;
	     noc_table_next(&part->notices, &it, NULL, &value);) {
		const struct noc_notice *n = value;
		struct noc_value *row;

		if (!n->until_ns)
			continue;
		row = notice_delivery(n, n->waiting ? "waiting" : "calling");
		if (n->waiting)
			noc_value_set(row, "next",
				      noc_value_int(noc_steady_wall(
					  part->core, n->due_ns)));
		if (!run || noc_value_is_str(noc_value_get(row, "run"), run))
			noc_value_push(list, row);
		else
			noc_value_free(row);
	}
}

/* Whoever listens there says that it wants no more (410), or nobody ever will:
 * a redirect, an address that is denied, a secret that is gone. */
static bool
callback_is_dead(const struct noc_notice *n, const struct noc_call_error *e,
		 int64_t next_ns)
{
	bool answered = e->code[0] >= '4' && e->code[0] <= '5';

	return !strcmp(e->code, "410") || next_ns > n->until_ns ||
	       (!strcmp(e->class, "permanent") && !answered);
}

/* Every attempt has failed: the fallback channel, or the log. */
static void
notice_give_up(struct noc_notice *n, const char *message)
{
	const struct noc_ruleset *rs = noc_core_rules(n->core);
	const struct noc_channel *def =
	    rs ? noc_ruleset_channel(rs, n->channel) : NULL;
	struct noc_notice_text t;
	char *text, why[160];

	noc_notify_of(n->core)->failed++;
	if (n->until_ns) {
		noc_callback_ended(noc_notify_of(n->core), n->key,
				   notice_delivery(n, "dead"));
		notice_end(n);
		return;
	}
	snprintf(why, sizeof(why), "channel %s failed: %.100s", n->channel,
		 message);
	noc_warn("notify", "%s", why);
	notice_text(n, &t);
	if (def && def->fallback && n->hops < NOC_NOTICE_HOPS_MAX) {
		text = noc_asprintf("(%s) %s", why, n->text);
		t.channel = def->fallback;
		t.text = text;
		t.hops = n->hops + 1;
		noc_notify_deliver(n->core, &t);
		free(text);
	} else {
		noc_notice_print(n->core, &t, why);
	}
	notice_end(n);
}

static void notice_attempt(struct noc_notice *n);

static bool
notice_is_dead(const struct noc_notice *n, const struct noc_call_error *e,
	       int64_t next_ns)
{
	if (n->until_ns)
		return callback_is_dead(n, e, next_ns);
	return n->attempt >= notice_retry.attempts ||
	       !strcmp(e->class, "permanent");
}

static void
notice_failed(struct noc_notice *n, const struct noc_call_error *e)
{
	int64_t ms = noc_retry_delay_ms(
	    n->until_ns ? &callback_retry : &notice_retry, &n->id, n->channel,
	    n->attempt, e->retry_after_ms);
	int64_t next_ns = noc_ns_after(noc_steady_now(n->core), ms);

	notice_wrote(n, NOC_REC_STEP_DONE, "failed", e->message);
	noc_call_free(n->call);
	n->call = NULL;
	free(n->error);
	n->error = noc_strdup(e->message);
	if (notice_is_dead(n, e, next_ns)) {
		notice_give_up(n, n->error);
		return;
	}
	noc_notify_of(n->core)->retried++;
	n->waiting = true;
	n->due_ns = next_ns;
	noc_due_arm_steady(n->core, &n->due, n->due_ns);
	notice_save(n);
}

/* ---- the call ---- */

static void
on_notice_done(struct noc_call *call, struct noc_value *result,
	       const struct noc_call_error *err, void *arg)
{
	struct noc_notice *n = arg;
	struct noc_core *core = n->core;

	(void)call;
	noc_core_begin(core, noc_core_turn(core));
	noc_due_disarm(core, &n->due);
	noc_value_free(result);
	if (err) {
		notice_failed(n, err);
	} else {
		noc_notify_of(core)->sent++;
		notice_wrote(n, NOC_REC_STEP_DONE, "ok", NULL);
		if (n->until_ns)
			noc_callback_ended(noc_notify_of(core), n->key,
					   notice_delivery(n, "delivered"));
		notice_end(n);
	}
	noc_core_end(core);
}

/* It timed out and cannot be stopped: nobody waits for it now. */
static void
on_orphan_done(struct noc_call *call, struct noc_value *result,
	       const struct noc_call_error *err, void *arg)
{
	(void)err;
	(void)arg;
	noc_value_free(result);
	noc_call_free(call);
}

static void
on_notice_durable(void *arg)
{
	struct noc_notice *n = arg;
	struct noc_core *core = n->core;
	const struct noc_host *host = noc_core_host(core);
	struct noc_call_error e;
	struct noc_err err = { 0 };

	n->queued = false;
	noc_crash_point("notify.before_call");
	noc_core_begin(core, noc_core_turn(core));
	noc_due_arm(
	    core, &n->due,
	    noc_core_time(core).boot_ns + NOTICE_TIMEOUT_MS * NOC_NS_PER_MS);
	noc_core_end(core);
	if (host->call(n->call, &err, host->arg) >= 0)
		return;
	noc_core_begin(core, noc_core_turn(core));
	noc_due_disarm(core, &n->due);
	noc_call_error_set(&e, noc_class_of_kind(err.kind), "notify",
			   noc_kind_name(err.kind), "%s", err.msg);
	notice_failed(n, &e);
	noc_core_end(core);
}

static void
on_notice_due(struct noc_due *due, struct noc_core *core)
{
	struct noc_notice *n =
	    (struct noc_notice *)((char *)due -
				  offsetof(struct noc_notice, due));
	const struct noc_host *host = noc_core_host(core);
	struct noc_call_error e;

	if (n->waiting) {
		notice_attempt(n);
		return;
	}
	if (n->queued || !n->call || n->call->queued)
		return; /* the journal is slow, or the result is here */
	if (n->call->ops->cancel) {
		host->cancel(n->call, host->arg);
	} else {
		n->call->on_done = on_orphan_done;
		n->call = NULL;
	}
	noc_call_error_set(&e, "timeout", "notify", "timeout",
			   "no answer within %d ms", NOTICE_TIMEOUT_MS);
	notice_failed(n, &e);
}

/* It has its slot: the intent, and then the call. */
static void
notice_begin(struct noc_notice *n)
{
	struct noc_value *context = noc_value_map(), *run = noc_value_map();
	char text[NOC_ID_TEXT];

	noc_value_set(context, "text", noc_value_str(n->text));
	noc_value_set(context, "channel", noc_value_str(n->channel));
	noc_value_set(run, "id", noc_value_str(noc_id_format(text, &n->run)));
	noc_value_set(context, "run", run);
	if (n->event)
		noc_value_set(context, "event", noc_value_copy(n->event));
	n->waiting = false;
	n->attempt++;
	n->due_ns = noc_ns_after(noc_steady_now(n->core), NOTICE_TIMEOUT_MS);
	n->call = noc_call_new(n->ops, noc_value_copy(n->node), context, "");
	n->call->timeout_ms = NOTICE_TIMEOUT_MS;
	n->call->on_done = on_notice_done;
	n->call->arg = n;
	n->call->slot = n->slot;
	n->slot = NULL;
	/* A callback is the same message however often it is tried. */
	if (n->until_ns)
		snprintf(n->call->token, sizeof(n->call->token), "%s", n->key);
	else
		snprintf(n->call->token, sizeof(n->call->token), "%s/%d",
			 n->key, n->attempt);
	notice_wrote(n, NOC_REC_STEP_START, NULL, NULL);
	notice_save(n);
	n->queued = true;
	noc_core_effect(n->core, on_notice_durable, NULL, n);
}

static void
on_notice_turn(void *arg)
{
	notice_begin(arg);
}

/* Without a slot it waits, as if for its next attempt, and no clock runs. */
static void
notice_attempt(struct noc_notice *n)
{
	const struct noc_slot_want want = { .ops = n->ops,
					    .params = n->node,
					    .target = "",
					    .notice = true,
					    .on_turn = on_notice_turn,
					    .arg = n };

	if (noc_slot_take(n->core, &want, &n->slot)) {
		notice_begin(n);
		return;
	}
	n->waiting = true;
	n->due_ns = noc_steady_now(n->core);
	notice_save(n);
}

static struct noc_notice *
notice_make(struct noc_core *core, const char *key, const char *channel,
	    const char *text, struct noc_value *node)
{
	struct noc_notice *n = noc_calloc(1, sizeof(*n));
	const char *action = noc_ast_node(node);

	n->core = core;
	n->node = node;
	n->ops = action ? noc_action_find(action) : NULL;
	n->channel = noc_strdup(channel);
	n->text = noc_strdup(text);
	n->due.on_due = on_notice_due;
	snprintf(n->key, sizeof(n->key), "%s", key);
	return n;
}

void
noc_notice_new(struct noc_core *core, const struct noc_notice_text *t,
	       struct noc_value *node)
{
	struct noc_id id = noc_id_new(noc_core_time(core).wall_ns);
	char key[NOC_ID_TEXT];
	struct noc_notice *n = notice_make(core, noc_id_format(key, &id),
					   t->channel, t->text, node);

	n->id = id;
	n->run = noc_id_is_zero(&t->run) ? id : t->run;
	n->hops = t->hops;
	n->until_ns = t->until_ns;
	if (t->ev)
		n->event = noc_event_value(t->ev);
	if (!n->ops || (n->ops->flags & NOC_ACTION_CORE)) {
		noc_notice_print(core, t,
				 n->ops ? NULL : "its action is not known");
		notice_free(n);
		return;
	}
	noc_table_put(&noc_notify_of(core)->notices, n->key, n);
	notice_attempt(n);
}

/* ---- after a restart ---- */

void
noc_notice_load(struct noc_core *core, const char *key, int64_t due_ns,
		const struct noc_value *data)
{
	const struct noc_value *node = noc_value_get(data, "node");
	const struct noc_value *event = noc_value_get(data, "event");
	struct noc_notice *n;

	if (strlen(key) >= NOC_ID_TEXT)
		return;
	n = notice_make(core, key, noc_value_get_str(data, "channel", "noc"),
			noc_value_get_str(data, "text", ""),
			node ? noc_value_copy(node) : noc_value_map());
	(void)noc_id_parse(key, &n->id);
	(void)noc_id_parse(noc_value_get_str(data, "run", ""), &n->run);
	if (event)
		n->event = noc_value_copy(event);
	n->attempt = (int)noc_value_get_int(data, "attempt", 0);
	n->hops = (int)noc_value_get_int(data, "hops", 0);
	n->waiting = noc_value_get_bool(data, "waiting", false);
	n->until_ns = noc_ns_sane(noc_value_get_int(data, "until", 0));
	if (noc_value_get(data, "error"))
		n->error = noc_strdup(noc_value_get_str(data, "error", ""));
	n->due_ns = due_ns;
	noc_table_put(&noc_notify_of(core)->notices, n->key, n);
}

/* An attempt that was out is in doubt: it is made again. */
void
noc_notice_ready(struct noc_core *core)
{
	struct noc_notify *part = noc_notify_of(core);
	size_t left = noc_table_len(&part->notices);
	const char *key;
	void *value;

	for (size_t it = 0;
	     left-- > 0 && noc_table_next(&part->notices, &it, &key, &value);) {
		struct noc_notice *n = value;
		struct noc_notice_text t;

		if (n->call || n->slot)
			continue; /* new: a run that resumes has told it */
		if (!n->ops) {
			notice_text(n, &t);
			noc_notice_print(core, &t, "its action is not known");
			notice_end(n);
		} else {
			if (!n->waiting) {
				n->due_ns = noc_steady_now(core);
				n->attempt -= n->attempt > 0;
			}
			n->waiting = true;
			noc_due_arm_steady(core, &n->due, n->due_ns);
		}
	}
}

void
noc_notice_store(const struct noc_notify *part)
{
	void *value;

	for (size_t it = 0; noc_table_next(&part->notices, &it, NULL, &value);)
		notice_save(value);
}

int64_t
noc_notice_calling(const struct noc_notify *part)
{
	const char *key;
	void *value;
	int64_t n = 0;

	for (size_t it = 0; noc_table_next(&part->notices, &it, &key, &value);)
		n += ((const struct noc_notice *)value)->call != NULL;
	return n;
}

void
noc_notice_close(struct noc_notify *part)
{
	const struct noc_host *host = noc_core_host(part->core);
	const char *key;
	void *value;

	for (size_t it = 0;
	     noc_table_next(&part->notices, &it, &key, &value);) {
		struct noc_notice *n = value;

		if (n->call && !n->queued && !n->call->ended &&
		    n->call->ops->cancel)
			host->cancel(n->call, host->arg);
		notice_free(n);
	}
}
