/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/rule/normalize.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/event/datum.h"
#include "engine/expr/template.h"
#include "engine/rule/match_private.h"

/* ---- does a normalizer want this? ---- */

static bool
strings_have(const struct noc_strings *s, struct noc_slice text)
{
	for (size_t i = 0; text.p && i < s->len; i++)
		if (noc_slice_is(text, s->at[i]))
			return true;
	return false;
}

static struct noc_slice
snmp_text(const struct noc_event *ev, const char *key)
{
	return noc_slice_str(noc_value_get_str(ev->snmp, key, NULL));
}

static bool
emit_wants_tag(const struct noc_normalizer *e, const struct noc_event *ev)
{
	if (!e->tags.len)
		return true;
	if (ev->syslog)
		return strings_have(&e->tags, ev->syslog->tag);
	return strings_have(&e->tags, snmp_text(ev, "trap")) ||
	       strings_have(&e->tags, snmp_text(ev, "trap_oid"));
}

static bool
emit_wants(const struct noc_ruleset *rs, const struct noc_normalizer *e,
	   const struct noc_scope *scope)
{
	const struct noc_event *ev = scope->ev;
	bool result = true;
	struct noc_err err;

	if (!emit_wants_tag(e, ev))
		return false;
	if (e->apps.len &&
	    !(ev->syslog && strings_have(&e->apps, ev->syslog->app)))
		return false;
	if (!noc_where_match(e->where, scope))
		return false;
	if (e->pattern &&
	    !noc_pattern_match(e->pattern,
			       ev->syslog ? ev->syslog->message : ev->summary))
		return false;
	if (e->when_fn &&
	    (!rs->tree->lua ||
	     noc_lua_test(rs->tree->lua, e->when_fn - 1, scope, &result, &err)))
		return false;
	return result;
}

/* ---- what it makes of it ---- */

static void
make_captures(const struct noc_normalizer *e, struct noc_value *data)
{
	size_t n = e->pattern ? noc_pattern_ncaptures(e->pattern) : 0;

	for (size_t i = 0; i < n; i++) {
		struct noc_slice s = noc_pattern_capture(e->pattern, i);

		if (s.p)
			noc_value_set(data,
				      noc_pattern_capture_name(e->pattern, i),
				      noc_value_strn(s.p, s.len));
	}
}

/* A path of map: a capture or body field first, then a varbind, then any. */
static struct noc_value *
make_path(const struct noc_scope *scope, const char *path)
{
	const struct noc_value *v = noc_value_find(scope->extra, path);
	struct noc_datum d;

	if (v)
		return noc_value_copy(v);
	if (scope->ev->snmp && noc_varbind_get(scope->ev->snmp, path, &d))
		return noc_datum_value(&d);
	noc_scope_get(scope, path, strlen(path), &d);
	return d.type == NOC_NIL ? NULL : noc_datum_value(&d);
}

static struct noc_value *
make_field(const struct noc_scope *scope, const struct noc_value *from,
	   const struct noc_template *template)
{
	struct noc_value *v = NULL;

	if (template)
		noc_template_value(template, scope, NOC_MISSING_FAIL, &v, NULL);
	else if (from->type == NOC_STR)
		v = make_path(scope, from->u.s.p);
	else
		v = noc_value_copy(from);
	return v;
}

static void
make_map(const struct noc_normalizer *e, const struct noc_scope *scope,
	 struct noc_value *data)
{
	struct noc_value *v;

	for (size_t i = 0; e->map && i < e->map->u.map.len; i++) {
		const struct noc_member *m = &e->map->u.map.at[i];

		v = make_field(scope, m->value, e->map_templates[i]);
		if (v)
			noc_value_set(data, m->key, v);
	}
	for (size_t i = 0; i < e->nmore; i++) {
		const struct noc_emit_more *m = &e->more[i];

		if (noc_value_get(data, m->key))
			continue;
		v = make_field(scope, m->value, m->template);
		if (v)
			noc_value_set(data, m->key, v);
	}
}

/* Captures that only helped. */
static void
make_tidy(const struct noc_normalizer *e, struct noc_value *data)
{
	size_t n = e->pattern ? noc_pattern_ncaptures(e->pattern) : 0;

	for (size_t i = 0; i < n; i++) {
		const char *name = noc_pattern_capture_name(e->pattern, i);

		if (name[0] == '_')
			noc_value_unset(data, name);
	}
}

static void
make_merge(struct noc_value *data, const struct noc_value *from)
{
	for (size_t i = 0; from && from->type == NOC_MAP && i < from->u.map.len;
	     i++)
		noc_value_set(data, from->u.map.at[i].key,
			      noc_value_copy(from->u.map.at[i].value));
}

static void
make_function(const struct noc_ruleset *rs, const struct noc_normalizer *e,
	      const struct noc_scope *scope, struct noc_value *data)
{
	struct noc_value *result = NULL;
	struct noc_err err;

	if (!e->map_fn || !rs->tree->lua)
		return;
	if (noc_lua_call(rs->tree->lua, e->map_fn - 1, scope, &result, &err))
		noc_debug("match", "normalize=%s error=%s", e->name, err.msg);
	make_merge(data, result);
	noc_value_free(result);
}

/* The interned kind, or NULL when the template gave none that is listed. */
static const char *
make_kind(const struct noc_normalizer *e, const struct noc_scope *scope)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	const char *kind = NULL;

	if (noc_template_is_literal(e->kind))
		return e->kinds.at[0];
	if (!noc_template_text(e->kind, scope, NOC_MISSING_FAIL, &text, NULL))
		for (size_t i = 0; i < e->kinds.len && !kind; i++)
			if (!strcmp(e->kinds.at[i], text.p))
				kind = e->kinds.at[i];
	noc_strbuf_release(&text);
	return kind;
}

static void
make_severity(const struct noc_normalizer *e, const struct noc_scope *scope,
	      struct noc_event *ev)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	int n = e->severity;

	if (e->severity_text &&
	    !noc_template_text(e->severity_text, scope, NOC_MISSING_FAIL, &text,
			       NULL))
		n = noc_severity_parse(text.p, text.len);
	if (n >= 0)
		ev->severity = (int8_t)n;
	noc_strbuf_release(&text);
}

/* The text is the event's until it is promoted or cleared. */
static void
make_summary(const struct noc_normalizer *e, const struct noc_scope *scope,
	     struct noc_event *ev)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	size_t len = 0;
	char *made;

	if (!e->summary)
		return;
	noc_template_text(e->summary, scope, NOC_MISSING_MARK, &text, NULL);
	made = noc_strbuf_detach(&text, &len);
	free(ev->text);
	ev->text = made;
	ev->summary = noc_slice(made, len);
}

/*
 * Data owned by the event, kind, severity and summary.  `extra` is where
 * names are looked up first: the captures, or the body of a hook.  False when
 * no listed kind came out; then nothing has changed.
 */
static bool
emit_apply(const struct noc_ruleset *rs, const struct noc_normalizer *e,
	   struct noc_event *ev, const struct noc_value *body)
{
	struct noc_value *data = noc_value_map();
	struct noc_scope scope = { .ev = ev, .item = body };
	const char *kind;

	make_merge(data, ev->data);
	make_captures(e, data);
	scope.extra = body ? body : data;
	make_map(e, &scope, data);
	make_function(rs, e, &scope, data);
	/* A hook without a map hands its body on as it is. */
	if (body && !e->map && !e->map_fn)
		make_merge(data, body);
	kind = make_kind(e, &scope);
	if (!kind && body) {
		scope.extra = data;
		kind = make_kind(e, &scope);
	}
	if (!kind) {
		noc_value_free(data);
		return false;
	}
	make_severity(e, &scope, ev);
	make_summary(e, &scope, ev);
	make_tidy(e, data);
	noc_value_free(ev->data);
	ev->data = data;
	ev->kind = kind;
	return true;
}

/* ---- normalizers ---- */

struct ask_emits {
	struct noc_match *match;
	size_t len;
};

/* Candidates in file order. */
static void
on_emit(uint32_t id, void *arg)
{
	struct ask_emits *ask = arg;
	struct noc_match *m = ask->match;
	size_t at;

	if (m->seen_emit[id] == m->scan)
		return;
	m->seen_emit[id] = m->scan;
	at = ask->len++;
	for (; at && m->order[at - 1] > id; at--)
		m->order[at] = m->order[at - 1];
	m->order[at] = id;
}

const struct noc_normalizer *
noc_normalize(const struct noc_ruleset *rs, struct noc_event *ev)
{
	struct noc_match *m = rs->match;
	const struct noc_index *index = noc_kinds_find(&m->emits, ev->base);
	struct ask_emits ask = { m, 0 };
	struct noc_scope scope = { .ev = ev };

	if (!index || ev->kind != ev->base)
		return NULL;
	if (!++m->scan) {
		memset(m->seen, 0, rs->nrules * sizeof(*m->seen));
		memset(m->seen_emit, 0, rs->nemits * sizeof(*m->seen_emit));
		m->scan = 1;
	}
	noc_index_candidates(index, ev, on_emit, &ask);
	for (size_t i = 0; i < ask.len; i++) {
		const struct noc_normalizer *e = &rs->emits[m->order[i]];

		if (emit_wants(rs, e, &scope) && emit_apply(rs, e, ev, NULL))
			return e;
	}
	return NULL;
}

/* ---- hooks ---- */

/* The device that the body names; the text is the event's data's. */
static void
hook_device(const struct noc_hook *hook, const struct noc_scope *scope,
	    struct noc_event *ev)
{
	struct noc_value *v;
	const struct noc_value *kept;

	if (!hook->device_path)
		return;
	v = make_path(scope, hook->device_path);
	if (v && v->type == NOC_STR && v->u.s.len) {
		noc_value_set(ev->data, "device_name", v);
		kept = noc_value_get(ev->data, "device_name");
		ev->device = noc_slice(kept->u.s.p, kept->u.s.len);
	} else {
		noc_value_free(v);
	}
}

int
noc_normalize_hook(const struct noc_ruleset *rs, const struct noc_hook *hook,
		   struct noc_event *ev, const struct noc_value *body,
		   struct noc_err *err)
{
	struct noc_scope scope = { .ev = ev, .item = body, .extra = body };
	struct noc_strbuf why = NOC_STRBUF_INIT;

	if (!noc_where_explain(hook->emit.where, &scope, &why)) {
		noc_err_set(err, NOC_ENOTFOUND,
			    "hook '%s' is not for this post: %s",
			    hook->emit.name, why.p);
		noc_strbuf_release(&why);
		return NOC_ENOTFOUND;
	}
	noc_strbuf_release(&why);
	if (!emit_wants(rs, &hook->emit, &scope))
		return noc_err_set(err, NOC_ENOTFOUND,
				   "hook '%s' is not for this post: its "
				   "function said no.",
				   hook->emit.name);
	if (!emit_apply(rs, &hook->emit, ev, body))
		return noc_err_set(err, NOC_EINPUT,
				   "hook '%s': emit = \"%s\" gave none of its "
				   "kinds.",
				   hook->emit.name,
				   noc_template_source(hook->emit.kind));
	hook_device(hook, &scope, ev);
	return 0;
}
