/* SPDX-License-Identifier: ISC */
/*
 * One completed node against its row in the tables: names, positions, option
 * types.  Each problem is one whole sentence with file and line.
 */
#include "config.h"

#include "engine/lang/schema_check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/suggest.h"

/* ---- options and positions ---- */

static const struct noc_option *
check_find(const struct noc_option *o, const char *name)
{
	for (; o && o->name; o++)
		if (!strcmp(o->name, name) || !strcmp(o->name, "*"))
			return o;
	return NULL;
}

static void
check_unknown(struct check *c, const struct noc_option *o, const char *key,
	      const char *label)
{
	const char *known[64], *meant;
	char hint[96] = "";
	size_t n = 0;

	for (; o && o->name && n < NOC_COUNT(known); o++)
		known[n++] = o->name;
	meant = noc_suggest(key, known, n);
	if (meant)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", meant);
	else if (!strcmp(c->schema->family, "action") &&
		 check_find(noc_schema_find("step")->options, key))
		snprintf(hint, sizeof(hint),
			 "it is said of a step: step \"name\" { %.24s ..., "
			 "%.16s = ... }",
			 c->schema->node, key);
	schema_problem(c, hint, "unknown key '%s' in %s", key, label);
}

void
schema_check_options(struct check *c, const struct noc_node_schema *s,
		     const struct noc_value *opts, const char *label)
{
	char what[160];

	for (size_t i = 0; opts && i < opts->u.map.len; i++) {
		const struct noc_member *m = &opts->u.map.at[i];
		const struct noc_option *o = check_find(s->options, m->key);

		if (!o) {
			check_unknown(c, s->options, m->key, label);
			continue;
		}
		/* Most are, and need no words. */
		if (m->value->type == NOC_STR &&
		    (o->type == NOC_OPT_STRING || o->type == NOC_OPT_LITERAL ||
		     o->type == NOC_OPT_STRINGS))
			continue;
		snprintf(what, sizeof(what), "'%s'", m->key);
		schema_check_value(c, o, what, label, m->value);
	}
	for (const struct noc_option *o = s->options; o && o->name; o++)
		if (o->required && !noc_value_get(opts, o->name))
			schema_problem(c, NULL, "%s has no '%s': %s", label,
				       o->name, o->help);
}

static bool
check_item_is(struct check *c, const struct noc_value *v, const char *kinds)
{
	const char *node = schema_node_of(v);
	int64_t a, b;
	const char *by;

	(void)c;
	if (noc_schema_is("any", kinds) || noc_schema_is_error(v))
		return true;
	if (v->type == NOC_STR && noc_schema_is("string", kinds))
		return true;
	if (v->type == NOC_STR && noc_schema_is("duration", kinds))
		return !noc_duration_parse(v->u.s.p, &a);
	if (v->type == NOC_STR && noc_schema_is("rate", kinds))
		return !noc_rate_parse(v->u.s.p, &a, &b, &by);
	/* string { ... } is an input; the word means a text. */
	return node && strcmp(node, "string") && noc_schema_is(node, kinds);
}

/* The table schema that `kinds` takes a plain table by, or NULL. */
static const struct noc_node_schema *
check_item_table(const struct noc_value *v, const char *kinds)
{
	const struct noc_node_schema *s;
	const char *node = schema_node_of(v);
	char word[32];

	if ((node && strcmp(node, "table")) ||
	    (v->type != NOC_LIST && v->type != NOC_MAP))
		return NULL;
	for (const char *p = kinds; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		snprintf(word, sizeof(word), "%.*s", (int)n, p);
		s = noc_schema_find(word);
		if (s && !strcmp(s->family, "table"))
			return s;
		p += n;
	}
	return NULL;
}

static void
check_item(struct check *c, const char *kinds, const struct noc_value *v,
	   size_t i, const char *label)
{
	const struct noc_node_schema *table;
	char buf[96], what[64], inner[224];
	struct parts p;

	if (noc_schema_is_error(v))
		return;
	snprintf(what, sizeof(what), "position %zu", i + 1);
	if (!strcmp(kinds, "where")) {
		schema_check_where(c, what, label, v);
	} else if (!strcmp(kinds, "level")) {
		if (!schema_parts(v, &p) || p.opts) {
			schema_wrong(c, what, label,
				     "a level { \"10m\", notify \"oncall\" }",
				     v);
			return;
		}
		snprintf(inner, sizeof(inner), "level %zu of %s", i + 1, label);
		if (p.nitems == 2 && p.items[0]->type == NOC_STR)
			schema_check_items(c, noc_schema_find("level"), p.items,
					   2, inner);
		else
			schema_problem(
			    c, NULL,
			    "%s must be a time and one action: { \"10m\", "
			    "notify \"oncall\" }",
			    inner);
	} else if ((table = check_item_table(v, kinds)) &&
		   schema_parts(v, &p)) {
		snprintf(inner, sizeof(inner), "%s of %s", what, label);
		schema_check_items(c, table, p.items, p.nitems, inner);
		schema_check_options(c, table, p.opts, inner);
	} else if (v->type == NOC_BOOL && !v->u.b) {
		schema_false(c, what, label);
	} else if (!check_item_is(c, v, kinds)) {
		schema_problem(
		    c, NULL, "%s in %s cannot be %s; it takes: %s%s", what,
		    label, schema_describe(v, buf, sizeof(buf)), kinds,
		    !strcmp(kinds, "duration") ? " such as \"15s\"" : "");
	} else {
		schema_check_plain(c, what, label, v, 0);
	}
}

/* "holds exactly one action, and this has two" */
static void
check_count(struct check *c, const char *count, const char *kinds, size_t n,
	    const char *label)
{
	if (*count == '1' && n != 1)
		schema_problem(c, NULL, "%s holds exactly one %s and has %zu",
			       label,
			       !strcmp(kinds, "any")		    ? "value"
			       : !strncmp(kinds, "action call", 11) ? "action"
								    : kinds,
			       n);
	else if (*count == '2' && n != 2)
		schema_problem(c, NULL, "%s takes two values and has %zu",
			       label, n);
	else if (*count == '+' && n == 0)
		schema_problem(c, NULL, "%s is empty; it takes: %s", label,
			       kinds);
	else if (*count == '?' && n > 1)
		schema_problem(c, NULL, "%s takes one %s and has %zu", label,
			       kinds, n);
}

void
schema_check_items(struct check *c, const struct noc_node_schema *s,
		   const struct noc_value *const *items, size_t n,
		   const char *label)
{
	const char *kinds = s->items, *count = "";

	if (!kinds) {
		if (n > 0 && !noc_schema_is_error(items[0])) {
			char buf[96];

			schema_problem(
			    c, NULL,
			    "%s takes no positions, and position 1 is %s",
			    label, schema_describe(items[0], buf, sizeof(buf)));
		}
		return;
	}
	if (strchr("12+?", kinds[0]) && kinds[1] == ' ') {
		count = kinds;
		kinds += 2;
	}
	check_count(c, count, kinds, n, label);
	for (size_t i = 0; i < n; i++)
		check_item(c, kinds, items[i], i, label);
}

/* ---- what one row cannot say ---- */

static bool
check_is_template(const struct noc_value *v)
{
	const char *p = v && v->type == NOC_STR ? v->u.s.p : NULL;

	for (; p && (p = strchr(p, '{')); p++) {
		if (p[1] != '{')
			return true;
		p++;
	}
	return false;
}

static void
check_one_of(struct check *c, const struct noc_value *opts,
	     const char *const *names, const char *text)
{
	int n = 0;

	for (; *names; names++)
		n += noc_value_get(opts, *names) != NULL;
	if (n != 1)
		schema_problem(c, NULL, "%s needs one of %s, and has %s",
			       c->label, text, n ? "several" : "none");
}

static void
check_special(struct check *c, const struct noc_value *node,
	      const struct noc_value *opts)
{
	static const char *const times[] = { "cron", "every", "at", NULL };
	static const char *const polls[] = { "cron", "every", NULL };
	static const char *const throttles[] = { "once_within", "once_after",
						 "accumulate", NULL };
	const struct noc_value *t = noc_value_get(opts, "throttle");
	const char *name = c->schema->node;

	if (!strcmp(name, "schedule"))
		check_one_of(c, opts, times, "'cron', 'every', 'at'");
	if (!strcmp(name, "poll"))
		check_one_of(c, opts, polls, "'cron', 'every'");
	if (t && t->type == NOC_MAP && !noc_schema_is_error(t))
		check_one_of(c, t, throttles,
			     "'once_within', 'once_after', 'accumulate' in "
			     "'throttle'");
	if (noc_schema_is(name, "normalize hook poll") &&
	    check_is_template(noc_value_get(opts, "emit")) &&
	    !noc_value_get(opts, "kinds"))
		schema_problem(
		    c, NULL,
		    "%s has a template in 'emit' and no 'kinds': list "
		    "every kind that it can give",
		    c->label);
	if (!strcmp(c->schema->family, "auth") && c->schema->name == 'o' &&
	    !noc_value_get(node, "name") && !noc_value_get(opts, "secret"))
		schema_problem(
		    c, NULL,
		    "%s names no secret: write %s \"name\" or { secret = "
		    "... }",
		    c->label, name);
	if (noc_value_get(opts, "canary") &&
	    !noc_value_is_str(noc_value_get(opts, "mode"), "canary"))
		schema_problem(c, NULL,
			       "%s has 'canary' and not mode = \"canary\"",
			       c->label);
}

/* ---- names ---- */

static bool
check_name_plain(const char *p)
{
	size_t n = 0;

	for (; *p; p++, n++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			return false;
	return n > 0 && n <= 64;
}

/* A path of a run can hold it. */
static bool
check_name_is_path(const char *node)
{
	static const char *const nodes[] = { "step",   "verify", "parallel",
					     "choose", "each",	 "undo" };

	for (size_t i = 0; i < NOC_COUNT(nodes); i++)
		if (!strcmp(nodes[i], node))
			return true;
	return false;
}

static void
check_name(struct check *c, const struct noc_value *name)
{
	const char *node = c->schema->node, *text;
	int64_t ms;

	if (!name)
		return;
	text = name->u.s.p;
	if (noc_schema_is(node, "sleep at")) {
		if (noc_duration_parse(text, &ms))
			schema_problem(c, NULL,
				       "%s \"%.60s\" is no time such as "
				       "\"15s\"",
				       node, text);
	} else if (check_name_is_path(node)) {
		if (!check_name_plain(text) || strchr(text, '.'))
			schema_problem(
			    c, NULL,
			    "a step's name is up to 64 letters, digits, _ "
			    "and -, not '%.60s'",
			    text);
	} else if (!strcmp(c->schema->family, "top") &&
		   strcmp(node, "test") != 0) {
		if (!check_name_plain(text))
			schema_problem(
			    c, NULL,
			    "a %s's name is up to 64 letters, digits, ., _ "
			    "and -, not '%.60s'",
			    node, text);
	} else if (!*text || name->u.s.len > 1024 ||
		   strlen(text) != name->u.s.len) {
		schema_problem(c, NULL,
			       "the text of %s must be 1 to 1,024 bytes", node);
	}
}

int
noc_schema_check(const struct noc_value *node, struct noc_strbuf *errors)
{
	const struct noc_value *name = noc_value_get(node, "name");
	const struct noc_value *items = noc_value_get(node, "items");
	const struct noc_value *opts = noc_value_get(node, "opts");
	struct check c = { .out = errors };

	c.schema = noc_schema_find(noc_value_get_str(node, "node", ""));
	if (!c.schema)
		return 0;
	c.at = noc_value_get_str(node, "at", "?");
	if (name && name->type == NOC_STR)
		snprintf(c.label, sizeof(c.label), "%s '%.100s'",
			 c.schema->node, name->u.s.p);
	else
		snprintf(c.label, sizeof(c.label), "%s", c.schema->node);
	check_name(&c, name);
	schema_check_items(
	    &c, c.schema,
	    items ? (const struct noc_value *const *)items->u.list.at : NULL,
	    items ? items->u.list.len : 0, c.label);
	schema_check_options(&c, c.schema, opts, c.label);
	check_special(&c, node, opts);
	return c.problems;
}

bool
noc_schema_option_is(const char *node, const char *option,
		     const struct noc_value *v)
{
	struct noc_strbuf errors = NOC_STRBUF_INIT;
	struct check c = { .out = &errors, .schema = noc_schema_find(node) };
	const struct noc_option *o =
	    c.schema ? check_find(c.schema->options, option) : NULL;

	c.at = "?";
	if (o)
		schema_check_value(&c, o, option, node, v);
	noc_strbuf_release(&errors);
	return o && !c.problems;
}
