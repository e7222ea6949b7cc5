/* SPDX-License-Identifier: ISC */
/*
 * The tables as LuaLS annotations, so that an editor completes and checks
 * rule files.  The output is in the tree (rules/meta/nocturne.lua); a test
 * holds it against this.
 */
#include "config.h"

#include <string.h>

#include "engine/event/kinds.h"
#include "engine/lang/schema.h"

/* "http.post" -> "http_post": class names have no dots of their own. */
static void
meta_class(FILE *f, const char *node)
{
	fputs("nocturne.", f);
	for (; *node; node++)
		fputc(*node == '.' ? '_' : *node, f);
}

/* One line of text: what an annotation comment can hold. */
static void
meta_text(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc(*text == '\n' ? ' ' : *text, f);
}

static void
meta_words(FILE *f, const char *words, bool quoted)
{
	const char *sep = "";

	for (const char *p = words; *p;) {
		int n = (int)strcspn(p, " ");

		if (quoted)
			fprintf(f, "%s\"%.*s\"", sep, n, p);
		else
			fprintf(f, "%s%.*s", sep, n, p);
		sep = "|";
		p += n;
		p += strspn(p, " ");
	}
}

/* A kind or a family as classes. */
static void
meta_nodes(FILE *f, const char *kinds)
{
	const char *sep = "";

	for (const char *p = kinds; *p;) {
		size_t n = strcspn(p, " ");
		char word[64];

		snprintf(word, sizeof(word), "%.*s", (int)n, p);
		fputs(sep, f);
		if (!strcmp(word, "function"))
			fputs("function", f);
		else if (noc_schema_find(word) || !strcmp(word, "action") ||
			 !strcmp(word, "auth"))
			meta_class(f, word);
		else
			fputs("any", f);
		sep = "|";
		p += n;
		p += strspn(p, " ");
	}
}

static void
meta_also(FILE *f, const char *values)
{
	if (values && noc_schema_is("number", values))
		fputs("|number", f);
	if (values && noc_schema_is("secret", values))
		fputs("|nocturne.secret", f);
	if (values && noc_schema_is("function", values))
		fputs("|function", f);
}

static void
meta_type(FILE *f, const struct noc_option *o)
{
	const struct noc_node_schema *s;

	switch (o->type) {
	case NOC_OPT_STRING:
	case NOC_OPT_LITERAL:
		fputs("string", f);
		meta_also(f, o->values);
		break;
	case NOC_OPT_BOOL:
		fputs("boolean", f);
		break;
	case NOC_OPT_INT:
		fputs("integer", f);
		break;
	case NOC_OPT_NUMBER:
		fputs("number", f);
		break;
	case NOC_OPT_DURATION:
		fputs(o->values ? "nocturne.duration|false"
				: "nocturne.duration",
		      f);
		break;
	case NOC_OPT_RATE:
		fputs("nocturne.rate", f);
		break;
	case NOC_OPT_ENUM:
		meta_words(f, o->values, true);
		break;
	case NOC_OPT_STRINGS:
		fputs("string|string[]|nocturne.any", f);
		meta_also(f, o->values);
		break;
	case NOC_OPT_WHERE:
		fputs("nocturne.where|string|function", f);
		break;
	case NOC_OPT_MAP:
		fputs("table<string, any>", f);
		meta_also(f, o->values);
		break;
	case NOC_OPT_CLASSES:
		fputs("table<integer|string, string>", f);
		break;
	case NOC_OPT_NODE:
		meta_nodes(f, o->values);
		break;
	case NOC_OPT_NODES:
		meta_nodes(f, o->values);
		fputs("|table", f);
		break;
	case NOC_OPT_TABLE:
		s = noc_schema_find(o->values);
		meta_class(f, o->values);
		if (s && s->bare)
			fputs("|string", f);
		break;
	case NOC_OPT_ANY:
	case NOC_OPT_LATER:
		fputs("any", f);
		break;
	}
}

static void
meta_option(FILE *f, const struct noc_option *o)
{
	if (o->type == NOC_OPT_LATER)
		return;
	if (!strcmp(o->name, "*"))
		fputs("---@field [string] ", f);
	else
		fprintf(f, "---@field %s%s ", o->name, o->required ? "" : "?");
	meta_type(f, o);
	fputc(' ', f);
	meta_text(f, o->help);
	if (o->fallback)
		fprintf(f, " (default: %s)", o->fallback);
	fputc('\n', f);
}

/* The table a node takes, and the node itself. */
static void
meta_node(FILE *f, const struct noc_node_schema *s)
{
	bool table = !strcmp(s->family, "table");

	fputs("\n---", f);
	meta_text(f, s->help);
	fputs("\n---@class ", f);
	meta_class(f, s->node);
	if (!table && strcmp(s->family, "action") && strcmp(s->family, "auth"))
		fputs(": nocturne.node", f);
	else if (!table)
		fprintf(f, ": nocturne.%s", s->family);
	fputc('\n', f);
	if (!table) {
		fputs("---@class ", f);
		meta_class(f, s->node);
		fputs("_table\n", f);
	}
	if (s->items)
		fputs("---@field [integer] any\n", f);
	for (const struct noc_option *o = s->options; o && o->name; o++)
		meta_option(f, o);
}

static void
meta_returns(FILE *f, const struct noc_node_schema *s)
{
	fputs("---@return ", f);
	meta_class(f, s->node);
	fputc('\n', f);
}

/* How it is called: with a name, a table, values, or not at all. */
static void
meta_constructor(FILE *f, const struct noc_node_schema *s)
{
	bool values = !strcmp(s->family, "operator");

	if (values && !s->items) {
		fputs("---@type ", f);
		meta_class(f, s->node);
		fprintf(f, "\n%s = nil\n", s->node);
		return;
	}
	if (values) {
		fputs("---@param ... any\n", f);
		meta_returns(f, s);
		fprintf(f, "function %s(...) end\n", s->node);
		return;
	}
	if (!strcmp(s->node, "string")) { /* a table of Lua's as well */
		fputs("---@class stringlib\n---@operator call(", f);
		meta_class(f, s->node);
		fputs("_table): ", f);
		meta_class(f, s->node);
		fputc('\n', f);
		return;
	}
	if (s->name == '-') {
		fputs("---@param t ", f);
		meta_class(f, s->node);
		fputs("_table\n", f);
		meta_returns(f, s);
		fprintf(f, "function %s(t) end\n", s->node);
		return;
	}
	fprintf(f, "---@param name %s\n",
		s->name == 'o' ? "string|table" : "string");
	fputs("---@return ", f);
	meta_class(f, s->node);
	fputs("|fun(t: ", f);
	meta_class(f, s->node);
	fputs("_table): ", f);
	meta_class(f, s->node);
	fprintf(f, "\nfunction %s(name) end\n", s->node);
}

static bool
meta_has_word(const char *words, const char *word, size_t len)
{
	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, word, n))
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

/* The data fields of kind i that no earlier kind has. */
static void
meta_fields(FILE *f, size_t i)
{
	const struct noc_kind_def *k = noc_kind_at(i);

	for (const char *p = k->fields; *p;) {
		size_t n = strcspn(p, " ");
		bool known = false;

		for (size_t j = 0; j < i && !known; j++)
			known = meta_has_word(noc_kind_at(j)->fields, p, n);
		if (!known)
			fprintf(f, "---@field %.*s? any data of %s\n", (int)n,
				p, k->kind);
		p += n;
		p += strspn(p, " ");
	}
}

static void
meta_event(FILE *f)
{
	static const char envelope[] =
	    "---@class nocturne.event what a rule's function is given\n"
	    "---@field id string\n"
	    "---@field kind nocturne.kind\n"
	    "---@field source string the sensor\n"
	    "---@field origin string the address it came from\n"
	    "---@field device string\n"
	    "---@field address? string\n"
	    "---@field severity integer 0 (emergency) to 7 (debug)\n"
	    "---@field summary? string\n"
	    "---@field trust \"low\"|\"normal\"|\"high\"\n"
	    "---@field malformed boolean\n"
	    "---@field link? string the cable, else device/ifname\n"
	    "---@field far table {device, ifname} of the other end\n"
	    "---@field role? string\n"
	    "---@field site? string\n"
	    "---@field vendor? string\n"
	    "---@field data table<string, any>\n"
	    "---@field syslog table<string, any>\n"
	    "---@field snmp table<string, any>\n"
	    "---@field http table<string, any>\n"
	    "---@field header table<string, string>\n"
	    "---@field [string] any\n";
	const struct noc_kind_def *k;

	fputs("\n---@alias nocturne.kind string\n", f);
	for (size_t i = 0; (k = noc_kind_at(i)); i++)
		fprintf(f, "---| \"%s\" # %s\n", k->kind, k->help);
	fputs("\n", f);
	fputs(envelope, f);
	for (size_t i = 0; noc_kind_at(i); i++)
		meta_fields(f, i);
	fputs("\n---@class nocturne.run what the function of a step is given\n"
	      "---@field id string\n"
	      "---@field rule string\n"
	      "---@field steps table<string, table>\n"
	      "---@field input table<string, any>\n"
	      "---@field item any\n"
	      "---@field error? table {class, code, message, block}\n"
	      "---@field event nocturne.event\n"
	      "---@field [string] any\n",
	      f);
}

/* "snmp = {}", once, before the first of them is defined. */
static void
meta_space(FILE *f, size_t at)
{
	const char *node = noc_schema_at(at)->node;
	size_t len = strcspn(node, ".");

	if (!node[len])
		return;
	for (size_t i = 0; i < at; i++)
		if (!strncmp(noc_schema_at(i)->node, node, len + 1))
			return;
	fprintf(f, "%.*s = {}\n", (int)len, node);
}

void
noc_schema_write_meta(FILE *f)
{
	const struct noc_node_schema *s;

	fputs("---@meta\n"
	      "-- SPDX-License-Identifier: ISC\n"
	      "-- Written from the schema of the rule language; not by hand.\n"
	      "\n"
	      "---@alias nocturne.duration string # \"250ms\" \"15s\" \"10m\" "
	      "\"1h30m\" \"7d\"\n"
	      "---@alias nocturne.rate string # \"5/30s\", \"5/30s by site\"\n"
	      "---@alias nocturne.where table<string|integer, any>\n"
	      "---@class nocturne.node\n"
	      "---@class nocturne.action: nocturne.node\n"
	      "---@class nocturne.auth: nocturne.node\n",
	      f);
	meta_event(f);
	fputs("\n", f);
	for (size_t i = 0; (s = noc_schema_at(i)); i++)
		meta_space(f, i);
	for (size_t i = 0; (s = noc_schema_at(i)); i++) {
		if (!strcmp(s->node, "function"))
			continue;
		meta_node(f, s);
		if (strcmp(s->family, "table") != 0)
			meta_constructor(f, s);
	}
}
