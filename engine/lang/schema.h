/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LANG_SCHEMA_H
#define NOC_ENGINE_LANG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/value.h"

/*
 * What each node of the rule language accepts: one table that feeds the
 * constructors, the checker, the messages, `nocturne check`, doc and the
 * editor annotations.  The actions add their own rows when they are registered
 * (engine/edge/action.h), before any rule is loaded; from then on constant
 * data, any thread.
 */
enum noc_option_type {
	NOC_OPT_STRING,	 /* template allowed; .values may add "secret",
			    "number", "function" */
	NOC_OPT_LITERAL, /* string, never a template (re, cron, pattern) */
	NOC_OPT_BOOL,
	NOC_OPT_INT,
	NOC_OPT_NUMBER,
	NOC_OPT_DURATION, /* "15s"; .values may be "false" */
	NOC_OPT_RATE,	  /* "5/30s by site" */
	NOC_OPT_ENUM,	  /* one of .values */
	NOC_OPT_STRINGS,  /* string, list or any{} of strings; "secret" */
	NOC_OPT_WHERE,	  /* where table or function */
	NOC_OPT_MAP,	  /* string keys to templates; "function" */
	NOC_OPT_CLASSES,  /* numbers of .values ("100-599") to error classes */
	NOC_OPT_NODE,	  /* a node of .values (space separated kinds) */
	NOC_OPT_NODES,	  /* a list of such, or one */
	NOC_OPT_TABLE,	  /* checked by .node's own schema */
	NOC_OPT_ANY,
	NOC_OPT_LATER /* known, refused: not in this version */
};

struct noc_option {
	const char *name; /* "*": any other key (of this type) */
	enum noc_option_type type;
	const char *values; /* ENUM words, NODE kinds, TABLE node name */
	bool required;
	const char *fallback; /* default as text, for doc */
	const char *help;
};

struct noc_node_schema {
	const char *node;
	const char *family; /* "top", "step", "action", "operator",
			       "combinator", "expect", "test", "auth",
			       "value", "table" */
	char name;	    /* 'r' required, 'o' optional, '-' none */
	bool bare;	    /* complete without a table: notify "noc"; for
			       a "table": a lone scalar is its position 1 */
	/*
	 * What positions accept, or NULL for none: an optional count ("1",
	 * "2", "+" at least one, "?" at most one) and then node kinds,
	 * families or "string", "duration", "number", "where", "any", or the
	 * name of a "table" schema.
	 */
	const char *items;
	const struct noc_option *options; /* ends with name == NULL */
	const char *help;
};

/* One more row, borrowed for ever; its node is a new one. */
void noc_schema_add(const struct noc_node_schema *row);
const struct noc_node_schema *noc_schema_find(const char *node);
const struct noc_node_schema *noc_schema_at(size_t i); /* NULL past end */
/* True when `node` is one of the space separated kinds or families. */
bool noc_schema_is(const char *node, const char *kinds);
/* Check one completed node; each problem is one line added to errors.
 * Returns how many. */
struct noc_strbuf;
int noc_schema_check(const struct noc_value *node, struct noc_strbuf *errors);
/* Is this option of a node of this kind as its row says? */
bool noc_schema_option_is(const char *node, const char *option,
			  const struct noc_value *v);
/* A value that stands for an expression already reported. */
bool noc_schema_is_error(const struct noc_value *v);

/* LuaLS annotations of the whole language (rules/meta/nocturne.lua). */
void noc_schema_write_meta(FILE *f);
/* The same as Markdown, for people (nocturne help language, doc/). */
void noc_schema_write_doc(FILE *f);

/* The other tables, one a file of engine/lang/schema_*.c; each ends with node
 * NULL. */
extern const struct noc_node_schema noc_schema_top[];
extern const struct noc_node_schema noc_schema_steps[];
extern const struct noc_node_schema noc_schema_auth[];
extern const struct noc_node_schema noc_schema_values[];

#endif
