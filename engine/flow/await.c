/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/flow/await.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "engine/expr/template.h"
#include "engine/expr/where.h"
#include "engine/flow/plan.h"
#include "engine/lang/ast.h"

/* ---- of an event ---- */

static int
await_where(const struct noc_value *v, const char *at, struct noc_await_def *d,
	    struct noc_err *err)
{
	struct noc_where *w = NULL;
	int rc;

	if (!v)
		return 0;
	if (v->type == NOC_STR || noc_ast_function_path(v))
		return noc_err_set(err, NOC_ECONFIG,
				   "'where' of an event that is waited for is "
				   "a table: { number = \"{input.change}\" }.");
	rc = noc_where_compile(v, NULL, at, &w, err);
	noc_where_free(w);
	d->where = v;
	return rc;
}

static int
await_event(const struct noc_value *opts, const char *key, const char *at,
	    struct noc_await_def *d, struct noc_err *err)
{
	d->event = noc_value_get_str(opts, key, NULL);
	d->any_trust = noc_value_is_str(noc_value_get(opts, "trust"), "any");
	if (!d->event || !*d->event || strchr(d->event, '{'))
		return noc_err_set(err, NOC_ECONFIG,
				   "'%s' is a kind of event, such as "
				   "\"change.approved\".",
				   key);
	return await_where(noc_value_get(opts, "where"), at, d, err);
}

int
noc_withdraw_build(const struct noc_value *v, const char *at,
		   struct noc_await_def **out, struct noc_err *err)
{
	const struct noc_value *lone = noc_value_at(noc_ast_items(v), 0);
	struct noc_await_def *d;

	if (!v)
		return 0;
	*out = d = noc_calloc(1, sizeof(*d));
	if (v->type == NOC_STR)
		lone = v;
	if (!lone)
		return await_event(noc_ast_opts(v), "on", at, d, err);
	d->event = lone->type == NOC_STR ? lone->u.s.p : NULL;
	return d->event && *d->event
		   ? 0
		   : noc_err_set(err, NOC_ECONFIG,
				 "'withdraw' is a kind of event.");
}

/* ---- of a signal, of a window ---- */

static int
await_signal(const struct noc_value *opts, struct noc_await_def *d,
	     struct noc_err *err)
{
	static const char *const taken[] = { "ack", "done", "retry", "fail" };
	size_t len;

	d->signal = noc_value_get_str(opts, "signal", NULL);
	len = d->signal ? strlen(d->signal) : 0;
	if (len < 1 || len > NOC_SIGNAL_NAME_MAX ||
	    strspn(d->signal, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != len)
		return noc_err_set(
		    err, NOC_ECONFIG,
		    "'signal' is a name of letters, digits, _, - "
		    "and ., and of %d characters at most.",
		    NOC_SIGNAL_NAME_MAX);
	for (size_t i = 0; i < NOC_COUNT(taken); i++)
		if (!strcmp(taken[i], d->signal))
			return noc_err_set(err, NOC_ECONFIG,
					   "the signal '%s' means something "
					   "else already: name it otherwise.",
					   d->signal);
	return 0;
}

/* window = "sat-sun 22:00-04:00" | time_in { ..., tz = ... } */
static int
await_window(const struct noc_value *v, const char *at, struct noc_await_def *d,
	     struct noc_err *err)
{
	struct noc_value *tree = noc_value_map(), *node = NULL, *items;
	int rc;

	if (v->type == NOC_STR) {
		node = noc_value_map();
		items = noc_value_list();
		noc_value_push(items, noc_value_copy(v));
		noc_value_set(node, "node", noc_value_str("time_in"));
		noc_value_set(node, "items", items);
	} else if (noc_ast_is(v, "time_in")) {
		node = noc_value_copy(v);
	}
	if (!node) {
		noc_value_free(tree);
		return noc_err_set(err, NOC_ECONFIG,
				   "'window' is a time such as \"sat-sun "
				   "22:00-04:00\", or time_in { ... }.");
	}
	noc_value_set(tree, "received", node);
	rc = noc_where_compile(tree, NULL, at, &d->window, err);
	noc_value_free(tree);
	return rc;
}

int
noc_await_build(const struct noc_value *node, struct noc_step_def *s,
		struct noc_err *err)
{
	static const char *const ways[] = { "event", "signal", "window" };
	const struct noc_value *opts = noc_ast_opts(node);
	const struct noc_value *window = noc_value_get(opts, "window");
	struct noc_await_def *d = noc_calloc(1, sizeof(*d));
	size_t n = 0;
	int rc;

	s->await = d;
	for (size_t i = 0; i < NOC_COUNT(ways); i++)
		n += noc_value_get(opts, ways[i]) != NULL;
	if (n != 1)
		return noc_err_set(err, NOC_ECONFIG,
				   "waits for one thing: an action with "
				   "`expect`, or event =, signal = or window "
				   "=.");
	if (noc_value_get(opts, "where") && !noc_value_get(opts, "event"))
		return noc_err_set(err, NOC_ECONFIG,
				   "'where' is of an event, and it waits for "
				   "none.");
	rc = noc_value_get(opts, "event")
		 ? await_event(opts, "event", s->at, d, err)
	     : window ? await_window(window, s->at, d, err)
		      : await_signal(opts, d, err);
	return rc;
}

void
noc_await_describe(const struct noc_await_def *d, struct noc_strbuf *out)
{
	noc_strbuf_adds(out, "wait for ");
	if (d->event)
		noc_strbuf_addf(out, "event %s", d->event);
	else if (d->signal)
		noc_strbuf_addf(out, "signal %s", d->signal);
	else if (d->window)
		noc_where_text(d->window, out);
}

void
noc_await_def_free(struct noc_await_def *d)
{
	if (!d)
		return;
	noc_where_free(d->window);
	free(d);
}

/* ---- what it is now ---- */

static int fill(const struct noc_value *v, const struct noc_scope *scope,
		struct noc_value **out, struct noc_err *err);

/* What it is now is a text, and no template again. */
static struct noc_value *
fill_plain(const struct noc_value *v)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_value *out;

	for (size_t i = 0; i < v->u.s.len; i++) {
		char c = v->u.s.p[i];

		noc_strbuf_addc(&sb, c);
		if (c == '{' || c == '}')
			noc_strbuf_addc(&sb, c);
	}
	out = noc_value_strn(sb.p ? sb.p : "", sb.len);
	noc_strbuf_release(&sb);
	return out;
}

static int
fill_text(const struct noc_value *v, const struct noc_scope *scope,
	  struct noc_value **out, struct noc_err *err)
{
	struct noc_value *plain;
	struct noc_template *t;
	int rc = noc_template_parse(v->u.s.p, v->u.s.len, &t, err);

	if (rc)
		return rc;
	rc = noc_template_value(t, scope, NOC_MISSING_FAIL, out, err);
	noc_template_free(t);
	if (rc)
		return rc;
	plain = (*out)->type == NOC_STR ? fill_plain(*out) : NULL;
	if (!plain && (*out)->type != NOC_LIST && (*out)->type != NOC_MAP &&
	    (*out)->type != NOC_NIL)
		return 0;
	noc_value_free(*out);
	*out = plain;
	if (plain)
		return 0;
	return noc_err_set(err, NOC_EINPUT,
			   "'%.80s' is no text, number or bool.", v->u.s.p);
}

static int
fill_map(const struct noc_value *v, const struct noc_scope *scope,
	 struct noc_value **out, struct noc_err *err)
{
	struct noc_value *map = noc_value_map(), *child;
	bool node = noc_ast_node(v) != NULL;
	int rc = 0;

	for (size_t i = 0; !rc && i < v->u.map.len; i++) {
		const struct noc_member *m = &v->u.map.at[i];

		/* What a node is, and where it was written, is no text of it.
		 */
		if (node && strcmp(m->key, "items") != 0) {
			noc_value_set(map, m->key, noc_value_copy(m->value));
			continue;
		}
		rc = fill(m->value, scope, &child, err);
		if (!rc)
			noc_value_set(map, m->key, child);
	}
	if (rc)
		noc_value_free(map);
	else
		*out = map;
	return rc;
}

static int
fill(const struct noc_value *v, const struct noc_scope *scope,
     struct noc_value **out, struct noc_err *err)
{
	struct noc_value *list, *child;
	int rc = 0;

	if (v->type == NOC_STR)
		return fill_text(v, scope, out, err);
	if (noc_ast_is(v, "re")) { /* its braces are its own */
		*out = noc_value_copy(v);
		return 0;
	}
	if (v->type == NOC_MAP)
		return fill_map(v, scope, out, err);
	if (v->type != NOC_LIST) {
		*out = noc_value_copy(v);
		return 0;
	}
	list = noc_value_list();
	for (size_t i = 0; !rc && i < noc_value_len(v); i++) {
		rc = fill(noc_value_at(v, i), scope, &child, err);
		if (!rc)
			noc_value_push(list, child);
	}
	if (rc)
		noc_value_free(list);
	else
		*out = list;
	return rc;
}

int
noc_await_fill(const struct noc_await_def *d, const struct noc_scope *scope,
	       struct noc_value **out, struct noc_err *err)
{
	*out = NULL;
	if (!d->where) {
		*out = noc_value_map();
		return 0;
	}
	return fill(d->where, scope, out, err);
}
