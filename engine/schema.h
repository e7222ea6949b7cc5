/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_SCHEMA_H
#define NOC_ENGINE_SCHEMA_H

#include "base/err.h"
#include "base/value.h"

/*
 * What each node of the rule language accepts: one table that feeds the
 * checker, the messages, `nocturne check`, doc and the editor annotations.
 * Actions and sensors contribute their own params through action ops.
 */
enum noc_option_type {
	NOC_OPT_STRING,	 /* template allowed */
	NOC_OPT_LITERAL, /* string, never a template (re, cron, pattern) */
	NOC_OPT_BOOL,
	NOC_OPT_INT,
	NOC_OPT_NUMBER,
	NOC_OPT_DURATION, /* "15s" */
	NOC_OPT_RATE,	  /* "5/30s by site" */
	NOC_OPT_ENUM,	  /* one of .values */
	NOC_OPT_STRINGS,  /* string, list or any{} of strings */
	NOC_OPT_WHERE,	  /* where table or function */
	NOC_OPT_MAP,	  /* string keys to templates */
	NOC_OPT_NODE,	  /* a node of .values (space separated kinds) */
	NOC_OPT_NODES,	  /* a list of such, or one */
	NOC_OPT_TABLE,	  /* checked by .node's own schema */
	NOC_OPT_ANY
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
	const char *family; /* "top", "step", "action", "operator", "expect",
			       "channel", "auth", "value" */
	char name;	    /* 'r' required, 'o' optional, '-' none */
	bool bare;	    /* complete without a table: notify "noc" */
	const char *items;  /* kinds/types positions accept, or NULL */
	const struct noc_option *options; /* ends with name == NULL */
	const char *help;
};

const struct noc_node_schema *noc_schema_find(const char *node);
const struct noc_node_schema *noc_schema_at(size_t i); /* NULL past end */
/* Check one completed node; each problem is one line added to errors. */
struct noc_strbuf;
int noc_schema_check(const struct noc_value *node, struct noc_strbuf *errors);

#endif
