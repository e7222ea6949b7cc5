/* SPDX-License-Identifier: ISC */
/*
 * The tables as Markdown: `nocturne help language`, and by doc/generate.py
 * the reference in doc/writing-rules.md and doc/actions.md.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "engine/event/kinds.h"
#include "engine/lang/schema.h"

/* "active observe" -> "`active`, `observe`". */
static void
doc_words(FILE *f, const char *words, const char *sep)
{
	for (const char *p = words; *p;) {
		int n = (int)strcspn(p, " ");

		fprintf(f, "`%.*s`", n, p);
		p += n;
		p += strspn(p, " ");
		if (*p)
			fputs(sep, f);
	}
}

static void
doc_also(FILE *f, const char *values)
{
	if (!values)
		return;
	fputs(" or ", f);
	doc_words(f, values, ", ");
}

static void
doc_type(FILE *f, const struct noc_option *o)
{
	switch (o->type) {
	case NOC_OPT_STRING:
		fputs("template", f);
		doc_also(f, o->values);
		break;
	case NOC_OPT_LITERAL:
		fputs("text", f);
		doc_also(f, o->values);
		break;
	case NOC_OPT_BOOL:
		fputs("true, false", f);
		break;
	case NOC_OPT_INT:
		fputs("whole number", f);
		break;
	case NOC_OPT_NUMBER:
		fputs("number", f);
		break;
	case NOC_OPT_DURATION:
		fputs(o->values ? "duration, false" : "duration", f);
		break;
	case NOC_OPT_RATE:
		fputs("rate", f);
		break;
	case NOC_OPT_STRINGS:
		fputs("text or list", f);
		doc_also(f, o->values);
		break;
	case NOC_OPT_WHERE:
		fputs("where table, text or function", f);
		break;
	case NOC_OPT_MAP:
		fputs("table", f);
		doc_also(f, o->values);
		break;
	case NOC_OPT_CLASSES:
		fprintf(f, "table of numbers %s", o->values);
		break;
	case NOC_OPT_TABLE:
		fputs("table ", f);
		doc_words(f, o->values, ", ");
		break;
	case NOC_OPT_ENUM:
	case NOC_OPT_NODE:
		doc_words(f, o->values, ", ");
		break;
	case NOC_OPT_NODES:
		doc_words(f, o->values, ", ");
		fputs(" or a list", f);
		break;
	case NOC_OPT_ANY:
		fputs("anything", f);
		break;
	case NOC_OPT_LATER:
		break;
	}
}

/* How it is written, and what stands in its positions. */
static void
doc_form(FILE *f, const struct noc_node_schema *s)
{
	const char *many = s->items;

	if (!strcmp(s->family, "table"))
		fputs("A table", f);
	else if (!strcmp(s->family, "operator"))
		fprintf(f, "`%s%s`", s->node, s->items ? " { ... }" : "");
	else if (s->name == 'r')
		fprintf(f, "`%s \"...\"%s`", s->node,
			s->bare ? "" : " { ... }");
	else if (s->name == 'o')
		fprintf(f, "`%s` with or without a name", s->node);
	else
		fprintf(f, "`%s { ... }`", s->node);
	if (s->bare && strcmp(s->family, "table"))
		fputs(", alone or with a table", f);
	else if (s->bare)
		fputs(", or its position 1 alone", f);
	if (!many) {
		fputs(".\n", f);
		return;
	}
	if (*many == '+')
		fputs("; positions, one or more: ", f);
	else if (*many == '?')
		fputs("; position 1 may be: ", f);
	else if (*many >= '1' && *many <= '9')
		fprintf(f, "; exactly %c in positions: ", *many);
	else
		fputs("; positions, any number: ", f);
	if (strchr("+?123456789", *many))
		many += 2;
	doc_words(f, many, ", ");
	fputs(".\n", f);
}

static void
doc_options(FILE *f, const struct noc_node_schema *s)
{
	bool any = false, later = false;

	for (const struct noc_option *o = s->options; o && o->name; o++) {
		if (o->type == NOC_OPT_LATER) {
			later = true;
			continue;
		}
		if (!any)
			fputs("\n| option | takes | default | what it is |\n"
			      "|---|---|---|---|\n",
			      f);
		any = true;
		if (!strcmp(o->name, "*"))
			fputs("| *any other* | ", f);
		else
			fprintf(f, "| `%s` | ", o->name);
		doc_type(f, o);
		fprintf(f, " | %s | %s |\n",
			o->fallback   ? o->fallback
			: o->required ? "**required**"
				      : "",
			o->help);
	}
	if (!later)
		return;
	fputs("\nKnown, and refused in this version: ", f);
	for (const struct noc_option *o = s->options; o->name; o++) {
		if (o->type != NOC_OPT_LATER)
			continue;
		fprintf(f, "%s`%s` (%s)", later ? "" : ", ", o->name, o->help);
		later = false;
	}
	fputs(".\n", f);
}

static void
doc_node(FILE *f, const struct noc_node_schema *s)
{
	fprintf(f, "\n### %s\n\n%s\n\n", s->node, s->help);
	doc_form(f, s);
	doc_options(f, s);
}

/* Nodes without options are one line of a list. */
static void
doc_brief(FILE *f, const char *family)
{
	const struct noc_node_schema *s;

	fputs("\n| written | positions | what it is |\n|---|---|---|\n", f);
	for (size_t i = 0; (s = noc_schema_at(i)); i++) {
		if (strcmp(s->family, family))
			continue;
		fprintf(f, "| `%s` | %s | %s |\n", s->node,
			s->items ? s->items : "", s->help);
	}
}

static void
doc_kinds(FILE *f)
{
	const struct noc_kind_def *k;

	fputs("\n| kind | what happened | its data |\n|---|---|---|\n", f);
	for (size_t i = 0; (k = noc_kind_at(i)); i++) {
		fprintf(f, "| `%s` | %s | ", k->kind, k->help);
		doc_words(f, k->fields, " ");
		fputs(" |\n", f);
	}
}

void
noc_schema_write_doc(FILE *f)
{
	static const struct {
		const char *family, *title;
		bool brief;
	} parts[] = {
		{ "top", "At the top of a file", false },
		{ "step", "Steps of a flow", false },
		{ "action", "Actions", false },
		{ "table", "Tables inside", false },
		{ "operator", "Operators of `where`", true },
		{ "combinator", "Combinators of `where`", true },
		{ "value", "Values", false },
		{ "auth", "Who signs a webhook or a request", false },
		{ "test", "Inside a test", false },
		{ "expect", "What a test expects", true },
	};
	const struct noc_node_schema *s;

	fputs("# The rule language\n", f);
	for (size_t p = 0; p < NOC_COUNT(parts); p++) {
		fprintf(f, "\n## %s\n", parts[p].title);
		if (parts[p].brief) {
			doc_brief(f, parts[p].family);
			continue;
		}
		for (size_t i = 0; (s = noc_schema_at(i)); i++)
			if (!strcmp(s->family, parts[p].family) &&
			    strcmp(s->node, "function"))
				doc_node(f, s);
	}
	fputs("\n## Kinds of event\n", f);
	doc_kinds(f);
}
