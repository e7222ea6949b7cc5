/* SPDX-License-Identifier: ISC */
/*
 * Values against the type of an option: see engine/lang/schema_check.c.
 */
#include "config.h"

#include "engine/lang/schema_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/suggest.h"

void
schema_problem(struct check *c, const char *hint, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	noc_strbuf_add_escaped(c->out, text, strlen(text));
	noc_strbuf_addf(c->out, " (%s)", c->at);
	if (hint && *hint) {
		noc_strbuf_adds(c->out, "; ");
		noc_strbuf_add_escaped(c->out, hint, strlen(hint));
	}
	noc_strbuf_addc(c->out, '\n');
	c->problems++;
}

const char *
schema_node_of(const struct noc_value *v)
{
	return noc_value_get_str(v, "node", NULL);
}

const char *
schema_describe(const struct noc_value *v, char *buf, size_t size)
{
	const char *node = schema_node_of(v);

	switch (v->type) {
	case NOC_NIL:
		return "nil";
	case NOC_BOOL:
		return v->u.b ? "true" : "false";
	case NOC_INT:
		snprintf(buf, size, "the number %lld", (long long)v->u.i);
		return buf;
	case NOC_REAL:
		snprintf(buf, size, "the number %g", v->u.d);
		return buf;
	case NOC_STR:
		snprintf(buf, size, "\"%.60s\"", v->u.s.p);
		return buf;
	case NOC_LIST:
		return "a list";
	case NOC_MAP:
		if (node && !strcmp(node, "function"))
			return "a function";
		if (!node || !strcmp(node, "table"))
			return "a table";
		snprintf(buf, size, "%.40s", node);
		return buf;
	}
	return "something";
}

void
schema_wrong(struct check *c, const char *what, const char *label,
	     const char *want, const struct noc_value *v)
{
	char buf[96];

	schema_problem(c, NULL, "%s in %s must be %s, not %s", what, label,
		       want, schema_describe(v, buf, sizeof(buf)));
}

void
schema_false(struct check *c, const char *what, const char *label)
{
	schema_problem(c,
		       "`not x` is worked out before the rule is read: write "
		       "isnt(x)",
		       "%s in %s is false", what, label);
}

bool
schema_parts(const struct noc_value *v, struct parts *p)
{
	const struct noc_value *items = NULL;
	const char *node = schema_node_of(v);

	memset(p, 0, sizeof(*p));
	if (v->type == NOC_LIST) {
		items = v;
	} else if (node && !strcmp(node, "table")) {
		items = noc_value_get(v, "items");
		p->opts = noc_value_get(v, "opts");
	} else if (node || v->type != NOC_MAP) {
		return false;
	} else {
		p->opts = v;
	}
	if (items) {
		p->items = (const struct noc_value *const *)items->u.list.at;
		p->nitems = items->u.list.len;
	}
	return true;
}

static bool
check_is_number(const struct noc_value *v)
{
	return v->type == NOC_INT || v->type == NOC_REAL;
}

static void
check_duration(struct check *c, const struct noc_option *o, const char *what,
	       const char *label, const struct noc_value *v)
{
	char buf[96];
	int64_t ms;

	if (v->type == NOC_STR && !noc_duration_parse(v->u.s.p, &ms))
		return;
	if (v->type == NOC_BOOL && !v->u.b && o->values)
		return;
	schema_problem(c, NULL,
		       "%s in %s must be a time such as \"15s\"%s, not %s",
		       what, label, o->values ? " or false" : "",
		       schema_describe(v, buf, sizeof(buf)));
}

static void
check_rate(struct check *c, const char *what, const char *label,
	   const struct noc_value *v)
{
	int64_t count, per_ms;
	const char *by;
	char buf[96];

	if (v->type == NOC_STR &&
	    !noc_rate_parse(v->u.s.p, &count, &per_ms, &by))
		return;
	schema_problem(c, NULL,
		       "%s in %s must be a rate such as \"5/30s\", not %s",
		       what, label, schema_describe(v, buf, sizeof(buf)));
}

static bool
check_string_ok(const struct noc_value *v, const char *also)
{
	const char *node = schema_node_of(v);

	return v->type == NOC_STR ||
	       (also && check_is_number(v) && noc_schema_is("number", also)) ||
	       (also && node && strcmp(node, "number") &&
		noc_schema_is(node, also)) ||
	       noc_schema_is_error(v);
}

static void
check_strings(struct check *c, const struct noc_option *o, const char *what,
	      const char *label, const struct noc_value *v)
{
	const struct noc_value *list = v;

	if (check_string_ok(v, o->values))
		return;
	if (noc_value_is_str(noc_value_get(v, "node"), "any"))
		list = noc_value_get(v, "items");
	if (!list || list->type != NOC_LIST) {
		schema_wrong(c, what, label, "a text or a list of texts", v);
		return;
	}
	for (size_t i = 0; i < list->u.list.len; i++) {
		char buf[96];

		if (check_string_ok(list->u.list.at[i], o->values))
			continue;
		schema_problem(
		    c, NULL,
		    "position %zu of %s in %s must be a text, "
		    "not %s",
		    i + 1, what, label,
		    schema_describe(list->u.list.at[i], buf, sizeof(buf)));
	}
}

static void
check_enum(struct check *c, const struct noc_option *o, const char *what,
	   const char *label, const struct noc_value *v)
{
	char words[512], want[600], hint[80] = "";
	const char *known[32], *meant;
	size_t n = 0;
	char *save = NULL;

	if (v->type == NOC_STR && noc_schema_is(v->u.s.p, o->values) &&
	    !strchr(v->u.s.p, ' '))
		return;
	snprintf(words, sizeof(words), "%s", o->values);
	for (char *w = strtok_r(words, " ", &save); w && n < NOC_COUNT(known);
	     w = strtok_r(NULL, " ", &save))
		known[n++] = w;
	meant = v->type == NOC_STR ? noc_suggest(v->u.s.p, known, n) : NULL;
	if (meant) {
		char buf[96];

		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", meant);
		schema_problem(c, hint, "%s in %s cannot be %s", what, label,
			       schema_describe(v, buf, sizeof(buf)));
		return;
	}
	if (n == 1)
		snprintf(want, sizeof(want), "\"%s\"", known[0]);
	else
		snprintf(want, sizeof(want), "one of: %s", o->values);
	schema_wrong(c, what, label, want, v);
}

/* A family is said by an example. */
static const char *
check_kinds_text(const char *kinds)
{
	if (!strcmp(kinds, "action"))
		return "an action such as notify \"noc\"";
	if (!strcmp(kinds, "action escalate"))
		return "an action such as notify \"noc\", or escalate { ... }";
	if (!strcmp(kinds, "flow step action escalate"))
		return "an action such as notify \"noc\", or flow { ... }";
	if (!strcmp(kinds, "auth"))
		return "one of: hmac, github, standard, slack, stripe, "
		       "bearer, basic";
	if (!strcmp(kinds, "function"))
		return "a function";
	return NULL;
}

static void
check_node(struct check *c, const struct noc_option *o, const char *what,
	   const char *label, const struct noc_value *v)
{
	const char *node = schema_node_of(v), *want;
	char buf[256];

	if (node && (!strcmp(node, "error") || noc_schema_is(node, o->values)))
		return;
	want = check_kinds_text(o->values);
	if (!want) {
		snprintf(buf, sizeof(buf), "%s { ... }", o->values);
		for (char *p = buf; (p = strchr(p, ' ')) && p[1] != '{'; p++)
			*p = '/';
		want = buf;
	}
	schema_wrong(c, what, label, want, v);
}

static void
check_nodes(struct check *c, const struct noc_option *o, const char *what,
	    const char *label, const struct noc_value *v)
{
	char where[256];

	if (v->type != NOC_LIST) {
		check_node(c, o, what, label, v);
		return;
	}
	for (size_t i = 0; i < v->u.list.len; i++) {
		snprintf(where, sizeof(where), "position %zu of %s", i + 1,
			 what);
		check_node(c, o, where, label, v->u.list.at[i]);
	}
}

static void
check_table(struct check *c, const struct noc_option *o, const char *what,
	    const char *label, const struct noc_value *v)
{
	const struct noc_node_schema *s = noc_schema_find(o->values);
	const char *node;
	char inner[224];
	struct parts p;

	NOC_REQUIRE(s);
	snprintf(inner, sizeof(inner), "%s of %s", what, label);
	node = schema_node_of(v);
	if (s->bare && (v->type == NOC_STR || check_is_number(v) ||
			(node && noc_schema_is(node, s->items)))) {
		schema_check_items(c, s, &v, 1, inner);
		return;
	}
	if (!schema_parts(v, &p)) {
		if (v->type == NOC_BOOL && !v->u.b)
			schema_false(c, what, label);
		else
			schema_wrong(c, what, label, "a table { ... }", v);
		return;
	}
	schema_check_items(c, s, p.items, p.nitems, inner);
	schema_check_options(c, s, p.opts, inner);
}

void
schema_check_plain(struct check *c, const char *what, const char *label,
		   const struct noc_value *v, int depth)
{
	const char *node = schema_node_of(v);

	if (node && !strcmp(node, "function")) {
		schema_problem(c, NULL,
			       "%s in %s holds a function, which is not "
			       "possible here",
			       what, label);
		return;
	}
	if (depth > 32)
		return;
	if (v->type == NOC_LIST)
		for (size_t i = 0; i < v->u.list.len; i++)
			schema_check_plain(c, what, label, v->u.list.at[i],
					   depth + 1);
	if (v->type == NOC_MAP && (!node || !strcmp(node, "table")))
		for (size_t i = 0; i < v->u.map.len; i++)
			schema_check_plain(c, what, label, v->u.map.at[i].value,
					   depth + 1);
}

static void
check_map(struct check *c, const struct noc_option *o, const char *what,
	  const char *label, const struct noc_value *v)
{
	const char *node = schema_node_of(v);

	if (o->values && node && noc_schema_is(node, o->values))
		return;
	if (v->type != NOC_MAP || (node && strcmp(node, "table") != 0)) {
		schema_wrong(c, what, label, "a table { name = ... }", v);
		return;
	}
	schema_check_plain(c, what, label, v, 0);
}

static bool
check_is_code(const char *key, const struct noc_option *o)
{
	char text[16];
	int lo, hi, code = atoi(key);

	snprintf(text, sizeof(text), "%d", code);
	return sscanf(o->values, "%d-%d", &lo, &hi) == 2 &&
	       !strcmp(text, key) && code >= lo && code <= hi;
}

static void
check_classes(struct check *c, const struct noc_option *o, const char *what,
	      const char *label, const struct noc_value *v)
{
	static const struct noc_option class = {
		.type = NOC_OPT_ENUM,
		.values = "transient permanent timeout cancelled "
			  "dependency_unavailable dependency_degraded "
			  "downstream_failed in_doubt",
	};
	char name[128];

	if (v->type != NOC_MAP || schema_node_of(v)) {
		schema_wrong(c, what, label, "a table { [number] = \"class\" }",
			     v);
		return;
	}
	for (size_t i = 0; i < v->u.map.len; i++) {
		const struct noc_member *m = &v->u.map.at[i];

		if (!check_is_code(m->key, o))
			schema_problem(c, NULL,
				       "key '%.40s' of %s in %s must be a "
				       "number of %s",
				       m->key, what, label, o->values);
		snprintf(name, sizeof(name), "'%.40s' of %.60s", m->key, what);
		check_enum(c, &class, name, label, m->value);
	}
}

static void
check_scalar(struct check *c, const struct noc_option *o, const char *what,
	     const char *label, const struct noc_value *v)
{
	if (o->type == NOC_OPT_BOOL && v->type != NOC_BOOL)
		schema_wrong(c, what, label, "true or false", v);
	if (o->type == NOC_OPT_INT && (v->type != NOC_INT || v->u.i < 0))
		schema_wrong(c, what, label, "a whole number", v);
	if (o->type == NOC_OPT_NUMBER && !check_is_number(v))
		schema_wrong(c, what, label, "a number", v);
}

void
schema_check_value(struct check *c, const struct noc_option *o,
		   const char *what, const char *label,
		   const struct noc_value *v)
{
	if (noc_schema_is_error(v))
		return;
	if (v->type == NOC_BOOL && !v->u.b && o->type != NOC_OPT_BOOL &&
	    o->type != NOC_OPT_ANY && o->type != NOC_OPT_LATER &&
	    o->type != NOC_OPT_WHERE && o->type != NOC_OPT_TABLE &&
	    !(o->type == NOC_OPT_DURATION && o->values)) {
		schema_false(c, what, label);
		return;
	}
	switch (o->type) {
	case NOC_OPT_STRING:
		if (!check_string_ok(v, o->values))
			schema_wrong(c, what, label, "a text", v);
		break;
	case NOC_OPT_LITERAL:
		if (v->type != NOC_STR)
			schema_wrong(c, what, label, "a text", v);
		break;
	case NOC_OPT_BOOL:
	case NOC_OPT_INT:
	case NOC_OPT_NUMBER:
		check_scalar(c, o, what, label, v);
		break;
	case NOC_OPT_DURATION:
		check_duration(c, o, what, label, v);
		break;
	case NOC_OPT_RATE:
		check_rate(c, what, label, v);
		break;
	case NOC_OPT_ENUM:
		check_enum(c, o, what, label, v);
		break;
	case NOC_OPT_STRINGS:
		check_strings(c, o, what, label, v);
		break;
	case NOC_OPT_WHERE:
		schema_check_where(c, what, label, v);
		break;
	case NOC_OPT_MAP:
		check_map(c, o, what, label, v);
		break;
	case NOC_OPT_CLASSES:
		check_classes(c, o, what, label, v);
		break;
	case NOC_OPT_NODE:
		check_node(c, o, what, label, v);
		break;
	case NOC_OPT_NODES:
		check_nodes(c, o, what, label, v);
		break;
	case NOC_OPT_TABLE:
		check_table(c, o, what, label, v);
		break;
	case NOC_OPT_ANY:
		if (!o->values || !noc_schema_is(schema_node_of(v), o->values))
			schema_check_plain(c, what, label, v, 0);
		break;
	case NOC_OPT_LATER:
		schema_problem(c, NULL,
			       "%s in %s (%s) is not available in this version",
			       what, label, o->help);
		break;
	}
}
