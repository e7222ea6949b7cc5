/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/edge/action.h"
#include "engine/core/call.h"
#include "engine/core/due.h"
#include "engine/run/change.h"
#include "engine/testbed/private.h"

/*
 * What an action answers in a test:
 *   stub { ["snmp.get"] = { oper = "up" },             always this
 *          ["snmp.get sw2"] = { ... },                 for one target,
 *          ["exec all[sw2]/set"] = { ... },            one step of one item,
 *          ["exec set"] = { ... },                     or one step
 *          exec = { { exit = 1 }, { exit = 0 } },      one after the other;
 *                                                      the last goes on
 *          ["snmp.set"] = { error = "timeout" },       or another class
 *          ["http.get"] = { after = "3s", status = 200 },
 *          ["snmp.get"] = { admin = "down", changed = "30d" },
 *          ["http.post"] = function(call) ... end }
 * A device whose stub does not say `changed` shows that its ports changed just
 * now (engine/run/change.h); changed = "30d": so long ago; changed = "never":
 * it does not say it.  Without a stub what changes something succeeds, and what
 * reads fails.
 */

static void
stub_unasked(struct noc_testbed *tb, const char *key)
{
	const char *at = noc_table_del(&tb->stubbed, key);

	if (at && !noc_table_get(&tb->asked, key))
		noc_value_push(tb->result->remarks,
			       noc_value_strf("%s: the stub '%s' was never "
					      "asked",
					      at, key));
}

void
noc_tb_stubs_unasked(struct noc_testbed *tb)
{
	for (size_t i = 0; i < noc_value_len(tb->stubs); i++)
		stub_unasked(tb, tb->stubs->u.map.at[i].key);
}

void
noc_tb_stub(struct noc_testbed *tb, const struct noc_value *node)
{
	const struct noc_value *opts = noc_ast_opts(node);
	union {
		const char *at;
		void *p;
	} place = { noc_ast_at(node) };

	for (size_t i = 0; opts && i < opts->u.map.len; i++) {
		const struct noc_member *m = &opts->u.map.at[i];

		stub_unasked(tb, m->key);
		noc_value_set(tb->stubs, m->key, noc_value_copy(m->value));
		noc_table_del(&tb->asked, m->key);
		noc_table_put(&tb->stubbed, m->key, place.p);
	}
}

/* The stub and the number of this question, from 0. */
static const struct noc_value *
stub_find(struct noc_testbed *tb, const struct noc_call *call, size_t *nth)
{
	const char *path = noc_value_get_str(call->context, "step", "");
	const char *step = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const struct noc_value *found = NULL;
	char *keys[4];

	keys[0] = noc_asprintf("%s %s", call->ops->name, call->target);
	keys[1] = noc_asprintf("%s %s", call->ops->name, path);
	keys[2] = noc_asprintf("%s %s", call->ops->name, step);
	keys[3] = noc_strdup(call->ops->name);
	for (size_t i = 0; i < NOC_COUNT(keys) && !found; i++) {
		found = noc_value_get(tb->stubs, keys[i]);
		if (!found)
			continue;
		*nth = (size_t)noc_table_get(&tb->asked, keys[i]);
		noc_table_put(&tb->asked, keys[i], (void *)(*nth + 1));
	}
	for (size_t i = 0; i < NOC_COUNT(keys); i++)
		free(keys[i]);
	return found;
}

static struct noc_value *
stub_function(struct noc_testbed *tb, const struct noc_value *v,
	      const struct noc_call *call, size_t nth)
{
	struct noc_value *extra = noc_value_map(), *result = NULL;
	struct noc_scope scope = { .ev = tb->last, .extra = extra };
	struct noc_err err;

	noc_value_set(extra, "action", noc_value_str(call->ops->name));
	noc_value_set(extra, "target", noc_value_str(call->target));
	noc_value_set(
	    extra, "step",
	    noc_value_str(noc_value_get_str(call->context, "step", "")));
	noc_value_set(extra, "n", noc_value_int((int64_t)nth + 1));
	if (noc_ast_opts(call->params))
		noc_value_set(extra, "params",
			      noc_value_copy(noc_ast_opts(call->params)));
	if (noc_lua_call(tb->rs->tree->lua, noc_ast_function(v) - 1, &scope,
			 &result, &err))
		noc_tb_fail(tb, "the stub of %s: %s", call->ops->name, err.msg);
	noc_value_free(extra);
	return result;
}

/* The answer to this call, a map; returned.  NULL: nobody said. */
static struct noc_value *
stub_answer(struct noc_testbed *tb, const struct noc_call *call)
{
	size_t nth = 0, len;
	const struct noc_value *v = stub_find(tb, call, &nth), *items;

	if (!v)
		return NULL;
	items = noc_ast_items(v);
	len = noc_value_len(items);
	if (len && !noc_ast_function(v))
		v = noc_value_at(items, nth < len ? nth : len - 1);
	if (noc_ast_function(v))
		return stub_function(tb, v, call, nth);
	if (v->type == NOC_STR) {
		struct noc_value *error = noc_value_map();

		noc_value_set(error, "error", noc_value_copy(v));
		return error;
	}
	return noc_ast_opts(v) ? noc_value_copy(noc_ast_opts(v))
			       : noc_value_map();
}

/* ---- giving it ---- */

static void
stub_give(struct noc_testbed *tb, struct noc_call *call,
	  struct noc_value *answer)
{
	const char *error = noc_value_get_str(answer, "error", NULL);
	const char *class = error ? noc_class_find(error) : NULL;
	struct noc_call_error e;

	if (!error) {
		noc_call_done(&tb->env, call, answer, NULL);
		return;
	}
	noc_call_error_set(&e, class ? class : "permanent", "device",
			   noc_value_get_str(answer, "code", error), "%s",
			   noc_value_get_str(answer, "message", error));
	noc_value_free(answer);
	noc_call_done(&tb->env, call, NULL, &e);
}

static void
late_unlink(struct noc_tb_late *late)
{
	struct noc_tb_late **p = &late->tb->late;

	while (*p != late)
		p = &(*p)->next;
	*p = late->next;
}

static void
on_late(struct noc_due *due, struct noc_core *core)
{
	struct noc_tb_late *late = (struct noc_tb_late *)due;

	(void)core;
	late_unlink(late);
	stub_give(late->tb, late->call, late->answer);
	free(late);
}

static void
stub_later(struct noc_testbed *tb, struct noc_call *call,
	   struct noc_value *answer, int64_t ms)
{
	struct noc_tb_late *late = noc_calloc(1, sizeof(*late));

	late->tb = tb;
	late->call = call;
	late->answer = answer;
	late->next = tb->late;
	late->due.on_due = on_late;
	tb->late = late;
	noc_due_arm(tb->core, &late->due, tb->now.boot_ns + ms * NOC_NS_PER_MS);
}

static void
stub_note(struct noc_testbed *tb, const struct noc_call *call)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_tb_call *c;

	if (call->ops->plan) {
		call->ops->plan(call->params, &text);
	} else {
		noc_strbuf_adds(&text, call->ops->name);
		if (noc_ast_opts(call->params)) {
			noc_strbuf_addc(&text, ' ');
			noc_json_write(noc_ast_opts(call->params),
				       NOC_JSON_CANONICAL, &text);
		}
	}
	NOC_GROW(tb->calls, tb->calls_cap, tb->ncalls + 1);
	c = &tb->calls[tb->ncalls++];
	c->at_ms = noc_tb_ms(tb);
	c->action = noc_strdup(call->ops->name);
	c->target = noc_strdup(call->target);
	c->text = noc_strbuf_detach(&text, NULL);
}

static void
stub_changed(struct noc_testbed *tb, const struct noc_call *call,
	     struct noc_value *answer)
{
	const struct noc_value *said = noc_value_get(answer, "changed");
	const char *ago =
	    noc_value_get_str(answer, "changed", said ? "?" : "0s");
	int64_t ms = -1;

	if (strcmp(call->ops->name, "snmp.get"))
		return;
	if (strcmp(ago, "never") && noc_duration_parse(ago, &ms))
		noc_tb_fail(tb, "the stub of snmp.get: 'changed' is how long "
				"ago, as \"30d\", or \"never\"");
	noc_change_stand_in(call->params, answer, ms);
	noc_value_unset(answer, "changed");
}

int
noc_tb_call(struct noc_call *call, struct noc_err *err, void *arg)
{
	struct noc_testbed *tb = arg;
	struct noc_value *answer;
	const char *error;
	int64_t ms = 0;

	stub_note(tb, call);
	answer = stub_answer(tb, call);
	if (!answer && (call->ops->flags & NOC_ACTION_READS)) {
		noc_value_push(
		    tb->unstubbed,
		    noc_value_strf("%s of %s", call->ops->name, call->target));
		return noc_err_set(err, NOC_EREMOTE,
				   "the test has no stub for %s of %s",
				   call->ops->name, call->target);
	}
	if (!answer)
		answer = noc_value_map();
	error = noc_value_get_str(answer, "error", "");
	if (noc_value_get(answer, "after"))
		noc_duration_parse(noc_value_get_str(answer, "after", "0"),
				   &ms);
	noc_value_unset(answer, "after");
	stub_changed(tb, call, answer);
	if (ms > 0)
		stub_later(tb, call, answer, ms);
	else if (!strcmp(error, "timeout") && !noc_value_get(answer, "message"))
		noc_value_free(answer); /* silence, until its deadline */
	else
		stub_give(tb, call, answer);
	return 0;
}

void
noc_tb_cancel(struct noc_call *call, void *arg)
{
	struct noc_testbed *tb = arg;

	for (struct noc_tb_late *l = tb->late; l; l = l->next)
		if (l->call == call) {
			noc_due_disarm(tb->core, &l->due);
			late_unlink(l);
			noc_value_free(l->answer);
			free(l);
			return;
		}
}

void
noc_tb_stubs_release(struct noc_testbed *tb)
{
	while (tb->late) {
		struct noc_tb_late *l = tb->late;

		tb->late = l->next;
		noc_due_disarm(tb->core, &l->due);
		noc_value_free(l->answer);
		free(l);
	}
	noc_table_release(&tb->asked);
	noc_table_release(&tb->stubbed);
}
