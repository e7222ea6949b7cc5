/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/notify/notify_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/edge/action.h"
#include "engine/core/due.h"
#include "engine/core/record.h"
#include "engine/policy/override.h"
#include "engine/notify/limit.h"
#include "engine/notify/notify.h"

#define DIGEST_TEXTS 10
#define DIGEST_TEXT  160
#define CHANNEL_LOW  60 /* a minute, of low trust, where no limit is said */

struct noc_notify *
noc_notify_of(const struct noc_core *core)
{
	return noc_core_part(core, NOC_PART_NOTIFY);
}

static const struct noc_channel *
channel_def(const struct noc_core *core, const char *name)
{
	const struct noc_ruleset *rs = noc_core_rules(core);

	return rs ? noc_ruleset_channel(rs, name) : NULL;
}

/* ---- the limit: so many a window, the rest in one digest at its end ---- */

static void
channel_save(struct noc_notify_channel *c)
{
	struct noc_value *data = noc_value_map();

	noc_value_set(data, "count", noc_value_int(c->count));
	noc_value_set(data, "over", noc_value_int(c->over));
	noc_value_set(data, "low", noc_value_int(c->low));
	noc_value_set(data, "low_texts", noc_value_int(c->low_texts));
	noc_value_set(data, "texts", noc_value_copy(c->texts));
	noc_txn_live_put(noc_core_txn(c->core), "channel", c->name, c->end_ns,
			 data);
	noc_value_free(data);
}

static void
channel_free(struct noc_notify_channel *c)
{
	noc_due_disarm(c->core, &c->due);
	noc_value_free(c->texts);
	free(c->name);
	free(c);
}

static void
channel_digest(struct noc_notify_channel *c)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t n = noc_value_len(c->texts);
	struct noc_notice_text t = { .channel = c->name };

	noc_strbuf_addf(&sb, "%lld more notice%s: ", (long long)c->over,
			c->over == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++) {
		if (i)
			noc_strbuf_adds(&sb, "; ");
		noc_value_text(noc_value_at(c->texts, i), &sb);
	}
	if (c->over > (int64_t)n)
		noc_strbuf_addf(&sb, "; and %lld more",
				(long long)(c->over - (int64_t)n));
	t.text = sb.p;
	noc_notify_deliver(c->core, &t);
	noc_strbuf_release(&sb);
}

static int64_t
channel_window_ms(const struct noc_channel *def)
{
	return def && def->limit.count > 0 ? def->limit.per_ms : 60000;
}

/* The window ends.  A digest counts as the first notice of the next one. */
static void
on_channel_due(struct noc_due *due, struct noc_core *core)
{
	struct noc_notify_channel *c =
	    (struct noc_notify_channel *)((char *)due -
					  offsetof(struct noc_notify_channel,
						   due));
	const struct noc_channel *def = channel_def(core, c->name);

	if (c->over == 0) {
		noc_txn_live_del(noc_core_txn(core), "channel", c->name);
		noc_table_del(&noc_notify_of(core)->channels, c->name);
		channel_free(c);
		return;
	}
	channel_digest(c);
	c->count = 1;
	c->over = 0;
	c->low = c->low_texts = 0;
	noc_value_free(c->texts);
	c->texts = noc_value_list();
	c->end_ns = noc_ns_after(noc_steady_now(core), channel_window_ms(def));
	noc_due_arm_steady(core, &c->due, c->end_ns);
	channel_save(c);
}

static struct noc_notify_channel *
channel_get(struct noc_core *core, const char *name)
{
	struct noc_notify *part = noc_notify_of(core);
	struct noc_notify_channel *c = noc_table_get(&part->channels, name);

	if (c)
		return c;
	c = noc_calloc(1, sizeof(*c));
	c->core = core;
	c->name = noc_strdup(name);
	c->texts = noc_value_list();
	c->due.on_due = on_channel_due;
	noc_table_put(&part->channels, name, c);
	return c;
}

/*
 * What is caused by a sender of low trust may use half of the limit, and where
 * there is none so many a minute: whoever floods leaves room for the others.
 */
static bool
channel_has_room(const struct noc_notify_channel *c,
		 const struct noc_channel *def, bool low)
{
	int64_t limit = def->limit.count;

	if (limit > 0 && c->count >= limit)
		return false;
	return !low || c->low < (limit > 0 ? limit / 2 : CHANNEL_LOW);
}

/* Of the texts that the digest has room for half are of the others, too. */
static void
channel_wait(struct noc_notify_channel *c, const char *text, bool low)
{
	c->over++;
	noc_notify_of(c->core)->digested++;
	if (noc_value_len(c->texts) >= DIGEST_TEXTS ||
	    (low && c->low_texts >= DIGEST_TEXTS / 2))
		return;
	c->low_texts += low;
	noc_value_push(c->texts, noc_value_strf("%.*s", DIGEST_TEXT, text));
}

/* True when it waits for the digest. */
static bool
channel_holds(struct noc_core *core, const struct noc_channel *def,
	      const struct noc_notice_text *t)
{
	bool low = t->ev && t->ev->trust == NOC_TRUST_LOW;
	struct noc_notify_channel *c;
	bool held;

	if (!def || def->implied || (def->limit.count <= 0 && !low))
		return false;
	c = channel_get(core, def->name);
	if (!c->end_ns) {
		c->end_ns =
		    noc_ns_after(noc_steady_now(core), channel_window_ms(def));
		noc_due_arm_steady(core, &c->due, c->end_ns);
	}
	held = !channel_has_room(c, def, low);
	if (held && (def->limit.count <= 0 || c->count < def->limit.count)) {
		char *whose = noc_strndup(
		    t->ev->origin.p ? t->ev->origin.p : "", t->ev->origin.len);

		noc_limit_reached(core, "notices", whose,
				  "what strangers cause has its share of "
				  "channel %s: the rest of it waits for the "
				  "digest",
				  def->name);
		free(whose);
	}
	if (held) {
		channel_wait(c, t->text, low);
	} else {
		c->count++;
		c->low += low;
	}
	channel_save(c);
	return held;
}

/* ---- routing ---- */

/* DECISION without touching the rule's ledger: its run did fire. */
static void
notify_silenced(struct noc_core *core, const struct noc_notice_text *t,
		const char *silence)
{
	struct noc_record *rec;
	struct noc_value *detail = noc_value_map();
	const char *rule = "notify";

	if (t->scope && t->scope->run)
		rule = noc_value_get_str(t->scope->run, "rule", rule);
	noc_value_set(detail, "silence", noc_value_str(silence));
	noc_value_set(detail, "channel", noc_value_str(t->channel));
	noc_value_set(detail, "text", noc_value_str(t->text));
	rec = noc_txn_record(noc_core_txn(core), NOC_REC_DECISION);
	noc_record_add_id(rec, NOC_TAG_EVENT, &t->ev->id);
	if (!noc_id_is_zero(&t->run))
		noc_record_add_id(rec, NOC_TAG_RUN, &t->run);
	noc_record_adds(rec, NOC_TAG_RULE, rule);
	noc_record_adds(rec, NOC_TAG_OUTCOME, "silenced");
	noc_record_add_json(rec, NOC_TAG_DETAIL, detail);
	noc_value_free(detail);
	noc_notify_of(core)->silenced++;
	noc_info("notify", "channel=%s silence=%s muted", t->channel, silence);
}

void
noc_notify_deliver(struct noc_core *core, const struct noc_notice_text *t)
{
	const struct noc_channel *def = channel_def(core, t->channel);
	struct noc_scope scope = { 0 };
	struct noc_value *extra, *node;
	struct noc_err err;
	size_t n = def && !def->implied ? noc_value_len(def->actions) : 0;

	if (n == 0) {
		noc_notice_print(core, t, NULL);
		return;
	}
	if (t->scope)
		scope = *t->scope;
	extra = scope.extra ? noc_value_copy(scope.extra) : noc_value_map();
	noc_value_set(extra, "text", noc_value_str(t->text));
	noc_value_set(extra, "channel", noc_value_str(t->channel));
	if (!scope.ev)
		scope.ev = t->ev;
	scope.extra = extra;
	for (size_t i = 0; i < n; i++) {
		if (noc_template_tree(noc_value_at(def->actions, i), &scope,
				      NOC_MISSING_MARK, &node, &err))
			noc_notice_print(core, t, err.msg);
		else
			noc_notice_new(core, t, node);
	}
	noc_value_free(extra);
}

static void
notify_route(struct noc_core *core, const struct noc_notice_text *t)
{
	const char *silence = t->ev ? noc_override_silenced(core, t->ev) : NULL;

	if (silence)
		notify_silenced(core, t, silence);
	else if (channel_holds(core, channel_def(core, t->channel), t))
		noc_notice_record(core, t, "notify", "digest");
	else
		noc_notify_deliver(core, t);
}

void
noc_notify_text(struct noc_core *core, const char *channel, const char *text,
		const struct noc_event *ev, enum noc_mode mode,
		const struct noc_id *run)
{
	struct noc_notice_text t = { .channel = channel, .ev = ev };
	char *marked = noc_asprintf("%s%s", noc_mode_mark(mode), text);

	t.text = marked;
	if (run)
		t.run = *run;
	if (mode == NOC_SHADOW)
		noc_notice_record(core, &t, "notify", "would have");
	else
		notify_route(core, &t);
	free(marked);
}

/* What a notice says when its node does not. */
static void
notify_default(const struct noc_scope *scope, struct noc_strbuf *out)
{
	const char *rule = noc_value_get_str(scope->run, "rule", NULL);
	const char *message = noc_value_get_str(scope->error, "message", NULL);
	struct noc_slice s = { 0 };

	if (!rule)
		rule = noc_value_get_str(scope->extra, "rule", "nocturne");
	noc_strbuf_adds(out, rule);
	if (scope->ev)
		s = scope->ev->device;
	if (s.len) {
		noc_strbuf_addc(out, ' ');
		noc_strbuf_add(out, s.p, s.len);
	}
	noc_strbuf_adds(out, ": ");
	if (message)
		noc_strbuf_adds(out, message);
	else if (scope->ev && scope->ev->summary.len)
		noc_strbuf_add(out, scope->ev->summary.p,
			       scope->ev->summary.len);
	else if (scope->ev)
		noc_strbuf_adds(out, scope->ev->kind);
	else
		noc_strbuf_adds(out, "something happened");
}

static void
notify_text_of(const struct noc_value *action, const struct noc_scope *scope,
	       struct noc_strbuf *out)
{
	const struct noc_value *text = noc_value_at(noc_ast_items(action), 0);
	struct noc_value *said = NULL;

	if (!text)
		text = noc_ast_opt(action, "text");
	if (text &&
	    !noc_template_tree(text, scope, NOC_MISSING_MARK, &said, NULL))
		noc_value_text(said, out);
	else
		notify_default(scope, out);
	noc_value_free(said);
}

/* An action that is no notify: mail or http.post in a level, on_error. */
static void
notify_direct(struct noc_core *core, const struct noc_value *action,
	      const struct noc_scope *scope, enum noc_mode mode,
	      struct noc_notice_text *t)
{
	const struct noc_action_ops *ops =
	    noc_action_find(noc_ast_node(action));
	struct noc_value *node = NULL;
	struct noc_err err;

	t->channel = noc_ast_node(action);
	if (!ops || (ops->flags & NOC_ACTION_CORE)) {
		noc_notice_print(core, t, "no such way to tell");
	} else if (mode != NOC_ACTIVE && (ops->flags & NOC_ACTION_MUTATES) &&
		   !(ops->flags & NOC_ACTION_NOTIFIES)) {
		noc_notice_record(core, t, ops->name, "would have");
		noc_core_say(core, "%swould have: %s", noc_mode_mark(mode),
			     ops->name);
	} else if (noc_template_tree(action, scope, NOC_MISSING_MARK, &node,
				     &err)) {
		noc_notice_print(core, t, err.msg);
	} else {
		noc_notice_new(core, t, node);
	}
}

void
noc_notify_send(struct noc_core *core, const struct noc_value *action,
		const struct noc_scope *scope, enum noc_mode mode,
		const struct noc_id *run)
{
	struct noc_notice_text t = { .ev = scope->ev, .scope = scope };
	struct noc_strbuf text = NOC_STRBUF_INIT;

	if (NOC_FAILS(noc_ast_node(action)))
		return;
	if (run)
		t.run = *run;
	noc_strbuf_adds(&text, noc_mode_mark(mode));
	notify_text_of(action, scope, &text);
	if (text.len > NOC_NOTICE_TEXT_MAX) {
		text.len = NOC_NOTICE_TEXT_MAX;
		text.p[text.len] = '\0';
	}
	t.text = text.p;
	if (noc_ast_is(action, "notify"))
		t.channel = noc_ast_name(action) ? noc_ast_name(action) : "noc";
	if (mode == NOC_SHADOW) {
		if (!t.channel)
			t.channel = noc_ast_node(action);
		noc_notice_record(core, &t, noc_ast_node(action), "would have");
	} else if (t.channel) {
		notify_route(core, &t);
	} else {
		notify_direct(core, action, scope, mode, &t);
	}
	noc_strbuf_release(&text);
}

/* ---- the part ---- */

static void *
notify_open(struct noc_core *core)
{
	struct noc_notify *part = noc_calloc(1, sizeof(*part));

	part->core = core;
	TAILQ_INIT(&part->ended);
	return part;
}

static void
notify_close(void *p)
{
	struct noc_notify *part = p;
	const char *key;
	void *value;

	noc_notice_close(part);
	noc_callback_release(part);
	for (size_t it = 0; noc_table_next(&part->channels, &it, &key, &value);)
		channel_free(value);
	noc_table_release(&part->channels);
	noc_table_release(&part->notices);
	noc_strbuf_release(&part->unreadables);
	free(part);
}

static bool
notify_load(struct noc_core *core, void *part, const char *kind,
	    const char *key, int64_t due_ns, const struct noc_value *data)
{
	const struct noc_value *texts = noc_value_get(data, "texts");
	struct noc_notify_channel *c;

	if (!strcmp(kind, "notice")) {
		noc_notice_load(core, key, due_ns, data);
		return true;
	}
	if (noc_callback_load(part, kind, key, data))
		return true;
	if (strcmp(kind, "channel"))
		return false;
	c = channel_get(core, key);
	c->count = noc_value_get_int(data, "count", 0);
	c->over = noc_value_get_int(data, "over", 0);
	c->low = noc_value_get_int(data, "low", 0);
	c->low_texts = noc_value_get_int(data, "low_texts", 0);
	c->end_ns = due_ns;
	if (texts && texts->type == NOC_LIST) {
		noc_value_free(c->texts);
		c->texts = noc_value_copy(texts);
	}
	noc_due_arm_steady(core, &c->due, due_ns);
	return true;
}

#define UNREADABLE_NAMED 5

static void
notify_unreadable(struct noc_core *core, void *p, const char *kind,
		  const char *key)
{
	struct noc_notify *part = p;

	(void)core;
	if (part->unreadable++ >= UNREADABLE_NAMED)
		return;
	noc_strbuf_addf(&part->unreadables, "%s%s ",
			part->unreadables.len ? ", " : "", kind);
	noc_strbuf_add_escaped(&part->unreadables, key, strlen(key));
}

/* One notice, whatever was lost. */
static void
notify_ready(struct noc_core *core, void *p)
{
	struct noc_notify *part = p;
	char *text;

	noc_notice_ready(core);
	if (!part->unreadable)
		return;
	text = noc_asprintf("after the start %llu rows of state cannot be "
			    "read and are not acted upon: %s%s",
			    (unsigned long long)part->unreadable,
			    part->unreadables.p,
			    part->unreadable > UNREADABLE_NAMED ? ", ..." : "");
	noc_notify_text(core, "noc", text, NULL, NOC_ACTIVE, NULL);
	free(text);
}

/* One notice each time, and whose times go wrong by it can look. */
static void
notify_clock_set(struct noc_core *core, void *p, int64_t by_ms)
{
	int64_t s = (llabs(by_ms) + 500) / 1000;
	char by[32], *text;

	(void)p;
	text = noc_asprintf("the wall clock was set %s by %s: what waits goes "
			    "on waiting as long as it was to, calendars go by "
			    "the new time",
			    by_ms < 0 ? "back" : "forward",
			    noc_duration_format(by, s * 1000));
	noc_notify_text(core, "noc", text, NULL, NOC_ACTIVE, NULL);
	free(text);
}

static int
on_notify_test(struct noc_core *core, void *part,
	       const struct noc_value *command, struct noc_value **answer,
	       struct noc_err *err)
{
	const char *name = noc_value_get_str(command, "channel", "");
	const struct noc_channel *def;
	struct noc_notice_text t = {
		.channel = name,
		.text = "This is a test notice from nocturne.",
	};
	size_t ways;

	(void)part;
	def = channel_def(core, name);
	if (!def && strcmp(name, "noc") && strcmp(name, "oncall"))
		return noc_err_set(err, NOC_ENOTFOUND,
				   "There is no channel '%.64s' in the rules.",
				   name);
	noc_core_admin(core, command); /* before its notices */
	noc_notify_deliver(core, &t);
	ways = def && !def->implied ? noc_value_len(def->actions) : 0;
	*answer = noc_value_map();
	noc_value_set(*answer, "ok", noc_value_bool(true));
	noc_value_set(*answer, "detail",
		      ways ? noc_value_strf("handed to %zu way%s; the audit "
					    "shows how it ended (notify:%s)",
					    ways, ways == 1 ? "" : "s", name)
			   : noc_value_str("printed to the daemon's log: this "
					   "channel has no way yet"));
	return 0;
}

static const struct noc_part_answer notify_answers[] = {
	{ "notify.test", on_notify_test },
	{ "delivery.list", noc_on_delivery_list },
	{ 0 },
};

static void
notify_stats(struct noc_core *core, void *p, struct noc_value *map)
{
	const struct noc_notify *part = p;
	struct noc_value *v = noc_value_map();

	(void)core;
	noc_value_set(v, "sent", noc_value_int((int64_t)part->sent));
	noc_value_set(v, "printed", noc_value_int((int64_t)part->printed));
	noc_value_set(v, "failed", noc_value_int((int64_t)part->failed));
	noc_value_set(v, "retried", noc_value_int((int64_t)part->retried));
	noc_value_set(v, "digested", noc_value_int((int64_t)part->digested));
	noc_value_set(v, "silenced", noc_value_int((int64_t)part->silenced));
	noc_value_set(v, "unreadable",
		      noc_value_int((int64_t)part->unreadable));
	noc_value_set(v, "pending",
		      noc_value_int((int64_t)noc_table_len(&part->notices)));
	noc_value_set(v, "delivered", noc_value_int((int64_t)part->delivered));
	noc_value_set(v, "dead", noc_value_int((int64_t)part->dead));
	noc_value_set(v, "calling", noc_value_int(noc_notice_calling(part)));
	noc_value_set(map, "notify", v);
}

static void
notify_store(struct noc_core *core, void *part)
{
	const struct noc_notify *n = part;
	void *value;

	(void)core;
	for (size_t it = 0; noc_table_next(&n->channels, &it, NULL, &value);)
		channel_save(value);
	noc_notice_store(n);
	noc_callback_store(n);
}

const struct noc_part_ops noc_part_notify = {
	.open = notify_open,
	.close = notify_close,
	.load = notify_load,
	.unreadable = notify_unreadable,
	.ready = notify_ready,
	.store = notify_store,
	.clock_set = notify_clock_set,
	.answers = notify_answers,
	.stats = notify_stats,
};
