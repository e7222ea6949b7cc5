/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/event/field.h"
#include "engine/expr/template.h"
#include "engine/expr/where_test.h"
#include "engine/rule/build.h"

#define BUILD_ERRORS_MAX  200
#define BUILD_STRINGS_MAX 256

/* Length of a leading "file:line: ", or 0. */
static size_t
text_place(const char *text)
{
	const char *end = strstr(text, ": ");
	size_t digits = 0;

	if (!end || memchr(text, ' ', (size_t)(end - text)))
		return 0;
	while (end - digits > text && end[-1 - (long)digits] >= '0' &&
	       end[-1 - (long)digits] <= '9')
		digits++;
	if (!digits || end - digits == text || end[-1 - (long)digits] != ':')
		return 0;
	return (size_t)(end - text) + 2;
}

/*
 * The place inside the message is nearer than that of the node.  Names and
 * patterns that it quotes may hold anything: it stays one line.
 */
static void
build_line(struct noc_build *b, const struct noc_value *at, const char *text)
{
	size_t place = text_place(text);
	struct noc_strbuf line = NOC_STRBUF_INIT;
	char *key;
	bool told;

	if (place)
		noc_strbuf_add(&line, text, place);
	else
		noc_strbuf_addf(&line, "%s: ",
				at && noc_value_get(at, "at") ? noc_ast_at(at)
				: b->at			      ? b->at
					: noc_ast_at(b->node));
	/* A flow that others call is a part of each of them. */
	key = noc_asprintf("%s%s", line.p, text + place);
	told = noc_table_put(&b->told, key, b) != NULL;
	free(key);
	if (told || b->nerrors++ >= BUILD_ERRORS_MAX) {
		noc_strbuf_release(&line);
		return;
	}
	if (noc_ast_name(b->node))
		noc_strbuf_addf(&line, "%s '%s': ", noc_ast_node(b->node),
				noc_ast_name(b->node));
	noc_strbuf_adds(&line, text + place);
	noc_strbuf_add_escaped(&b->errors, line.p, line.len);
	noc_strbuf_addc(&b->errors, '\n');
	noc_strbuf_release(&line);
}

void
noc_build_error(struct noc_build *b, const struct noc_value *at,
		const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	build_line(b, at, text);
}

void
noc_build_err(struct noc_build *b, const struct noc_value *at,
	      const struct noc_err *err)
{
	build_line(b, at, err->msg);
}

/* As many whole lines as fit. */
void
noc_build_warn(struct noc_build *b, const char *fmt, ...)
{
	size_t used = strlen(b->rs->warnings), size = sizeof(b->rs->warnings);
	struct noc_strbuf line = NOC_STRBUF_INIT;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	noc_strbuf_add_escaped(&line, text, strlen(text));
	if (used + line.len + 2 <= size)
		sprintf(b->rs->warnings + used, "%s\n", line.p);
	noc_strbuf_release(&line);
}

struct noc_strings
noc_build_strings(struct noc_build *b, const struct noc_value *v)
{
	const char *words[BUILD_STRINGS_MAX];
	struct noc_strings s = { NULL, 0 };

	s.len = noc_ast_strings(v, words, BUILD_STRINGS_MAX);
	if (s.len > BUILD_STRINGS_MAX) {
		noc_build_error(b, v, "a list has more than %d entries.",
				BUILD_STRINGS_MAX);
		s.len = BUILD_STRINGS_MAX;
	}
	if (s.len)
		s.at = noc_calloc(s.len, sizeof(*s.at));
	for (size_t i = 0; i < s.len; i++)
		s.at[i] = noc_interns(words[i]);
	return s;
}

int64_t
noc_build_duration(struct noc_build *b, const struct noc_value *opts,
		   const char *key, int64_t fallback_ms)
{
	struct noc_err err;
	int64_t ms = fallback_ms;

	if (noc_ast_duration(opts, key, fallback_ms, &ms, &err))
		noc_build_err(b, NULL, &err);
	return ms;
}

struct noc_rate
noc_build_rate(struct noc_build *b, const struct noc_value *opts,
	       const char *key, const char *fallback)
{
	const char *text = noc_value_get_str(opts, key, fallback);
	struct noc_rate r = { 0, 0, NULL };
	struct noc_field field;
	struct noc_err err;

	if (!text)
		return r;
	if (noc_rate_parse(text, &r.count, &r.per_ms, &r.by) || r.count < 1) {
		noc_build_error(b, NULL,
				"'%s' must be a rate such as \"5/30s\", not "
				"'%s'.",
				key, text);
		return (struct noc_rate){ 0, 0, NULL };
	}
	if (r.by) {
		r.by = noc_interns(r.by);
		/* An inventory attribute, whatever a kind may define too. */
		if (noc_field_resolve(r.by, strlen(r.by), NULL, &field, &err) ||
		    (field.from == NOC_FIELD_DATA &&
		     noc_field_resolve(r.by, strlen(r.by), &b->rs->defined,
				       &field, &err)))
			noc_build_err(b, NULL, &err);
	}
	return r;
}

struct noc_template *
noc_build_template(struct noc_build *b, const struct noc_value *v)
{
	struct noc_template *t = NULL;
	struct noc_err err;

	if (!v)
		return NULL;
	if (v->type != NOC_STR)
		noc_build_error(b, NULL, "a template must be a text.");
	else if (noc_template_parse(v->u.s.p, v->u.s.len, &t, &err))
		noc_build_err(b, NULL, &err);
	return t;
}

struct noc_where *
noc_build_where(struct noc_build *b, const struct noc_value *v, bool checked)
{
	struct noc_where *w = NULL;
	struct noc_err err;

	if (!v || noc_ast_function(v))
		return NULL;
	if (noc_where_compile(v, checked ? &b->rs->defined : NULL,
			      noc_ast_at(b->node), &w, &err))
		noc_build_err(b, v, &err);
	return w;
}

struct telling { /* of the mistakes of one plan */
	struct noc_build *b;
	const struct noc_value *run;
};

static void
plan_tell(const struct noc_err *mistake, void *arg)
{
	const struct telling *t = arg;

	noc_build_err(t->b, t->run, mistake);
}

static bool
plan_lost(const char *name, void *arg)
{
	const struct telling *t = arg;

	return noc_build_lost(t->b, name, strlen(name));
}

struct noc_plan *
noc_build_plan(struct noc_build *b, const char *name,
	       const struct noc_value *run)
{
	struct telling t = { b, run };
	struct noc_plan_source from = {
		.name = name,
		.flow = run,
		.flows = &b->flow_nodes,
		.tell = plan_tell,
		.lost = plan_lost,
		.arg = &t,
	};
	struct noc_plan *p = NULL;
	struct noc_err err;
	int rc;

	if (!run)
		return NULL;
	rc = noc_plan_new(&from, &p, &err);
	if (p)
		noc_build_check_plan(b, p);
	if (!rc)
		return p;
	noc_plan_unref(p);
	return NULL;
}

static bool
flow_acts(const struct noc_ruleset *rs, const struct noc_value *v,
	  struct noc_table *known)
{
	const char *name = noc_ast_is(v, "start") ? noc_ast_name(v) : NULL;
	const struct noc_plan *flow =
	    name ? noc_table_get(&rs->flows, name) : NULL;
	bool acts = false;

	if (flow && flow != (void *)1 && !noc_table_put(known, name, known))
		acts = flow->acting || flow_acts(rs, flow->tree, known);
	if (v && v->type == NOC_LIST)
		for (size_t i = 0; !acts && i < v->u.list.len; i++)
			acts = flow_acts(rs, v->u.list.at[i], known);
	if (v && v->type == NOC_MAP)
		for (size_t i = 0; !acts && i < v->u.map.len; i++)
			acts = flow_acts(rs, v->u.map.at[i].value, known);
	return acts;
}

bool
noc_build_starts_acting(struct noc_build *b, const struct noc_plan *p)
{
	struct noc_table known = { 0 }; /* flows may start each other */
	bool acts = p && flow_acts(b->rs, p->tree, &known);

	noc_table_release(&known);
	return acts;
}

bool
noc_build_acts(struct noc_build *b, const struct noc_plan *p)
{
	return p && (p->acting || noc_build_starts_acting(b, p));
}

enum noc_mode
noc_build_mode(struct noc_build *b, const struct noc_value *opts, bool acting,
	       bool *said)
{
	const char *word = noc_value_get_str(opts, "mode", NULL);
	enum noc_mode mode = NOC_OBSERVE;

	if (said)
		*said = word != NULL;
	if (!word)
		return acting ? NOC_OBSERVE : NOC_ACTIVE;
	if (!noc_mode_parse(word, &mode))
		noc_build_error(b, NULL,
				"'mode' is observe, shadow, canary or active, "
				"not '%s'.",
				word);
	return mode;
}

/* "heal.lua:14" -> interned "heal.lua", 14. */
void
noc_build_place(const struct noc_value *node, const char **file, int *line)
{
	const char *at = noc_ast_at(node), *colon = strrchr(at, ':');

	*line = colon ? atoi(colon + 1) : 0;
	*file = noc_intern(at, colon ? (size_t)(colon - at) : strlen(at));
}

/* ---- the definition hash ---- */

#define DEFINITION_DEPTH_MAX 64

static int
by_key(const void *a, const void *b)
{
	const struct noc_member *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static void definition_write(const struct noc_value *v, int depth,
			     bool *functions, struct noc_strbuf *out);

static void
definition_map(const struct noc_value *v, int depth, bool *functions,
	       struct noc_strbuf *out)
{
	const struct noc_member *few[16], **members = few;
	bool node = noc_ast_node(v) != NULL;
	size_t n = v->u.map.len;

	if (noc_ast_is(v, "function"))
		*functions = true;
	if (n > NOC_COUNT(few))
		members = noc_malloc(n * sizeof(*members));
	for (size_t i = 0; i < n; i++)
		members[i] = &v->u.map.at[i];
	if (n)
		qsort(members, n, sizeof(*members), by_key);
	noc_strbuf_addc(out, '{');
	for (size_t i = 0; i < n; i++) {
		const char *key = members[i]->key;

		if (node && (!strcmp(key, "at") || !strcmp(key, "fn")))
			continue;
		/* With its NUL: no two trees read the same. */
		noc_strbuf_add(out, key, strlen(key) + 1);
		definition_write(members[i]->value, depth + 1, functions, out);
	}
	noc_strbuf_addc(out, '}');
	if (members != few)
		free(members);
}

/* Equal for equal trees, whatever the order of their keys. */
static void
definition_write(const struct noc_value *v, int depth, bool *functions,
		 struct noc_strbuf *out)
{
	if (depth > DEFINITION_DEPTH_MAX)
		return;
	switch (v->type) {
	case NOC_MAP:
		definition_map(v, depth, functions, out);
		return;
	case NOC_LIST:
		noc_strbuf_addc(out, '[');
		for (size_t i = 0; i < v->u.list.len; i++)
			definition_write(v->u.list.at[i], depth + 1, functions,
					 out);
		noc_strbuf_addc(out, ']');
		return;
	case NOC_STR:
		noc_strbuf_addc(out, '"');
		noc_strbuf_add(out, &v->u.s.len, sizeof(v->u.s.len));
		noc_strbuf_add(out, v->u.s.p, v->u.s.len);
		return;
	case NOC_NIL:
	case NOC_BOOL:
	case NOC_INT:
	case NOC_REAL:
		noc_json_write(v, NOC_JSON_CANONICAL, out);
		noc_strbuf_addc(out, ',');
		return;
	}
}

void
noc_build_definition(struct noc_build *b, const struct noc_value *v,
		     uint8_t out[32])
{
	bool functions = false;

	noc_strbuf_clear(&b->text);
	definition_write(v, 0, &functions, &b->text);
	if (functions)
		noc_strbuf_add(&b->text, b->rs->hash, sizeof(b->rs->hash));
	noc_sha256_once(b->text.p, b->text.len, out);
}
