/* SPDX-License-Identifier: ISC */
#ifndef NOC_CLI_ROWS_H
#define NOC_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "base/value.h"

/*
 * How client verbs print what they got: a table for people, JSON for
 * programs.  Every byte that could steer a terminal is escaped.  Main thread.
 */
enum noc_output { NOC_OUTPUT_TABLE, NOC_OUTPUT_JSON, NOC_OUTPUT_JSONL };
#define NOC_OUTPUT_OPTION                                                 \
	{                                                                 \
		"output", 'o', "FORMAT", "table, json (--json) or jsonl", \
		    false                                                 \
	}
/* -o of a verb's options; none was said: *out stays.  An exit status. */
struct noc_verb;
int noc_output_said(const struct noc_verb *verb, const struct noc_value *opts,
		    enum noc_output *out);

struct noc_column {
	const char *path; /* of the row: "data.ifname" */
	const char *title;
	char how; /* 'l' left, 'r' right, 't' a time, 'i' an id, cut,
		     'm' a map as name=value */
	int max;  /* characters; 0: no limit */
};

/* list: of maps.  Nothing for an empty one but `none` on stderr. */
void noc_rows_print(const struct noc_value *list,
		    const struct noc_column *columns, size_t n,
		    const char *none);
/* The answer {key: list} in the form that was asked for. */
void noc_rows_output(enum noc_output output, const struct noc_value *answer,
		     const char *key, const struct noc_column *columns,
		     size_t n, const char *none);
/* One thing: "name  value" lines; nested maps by dotted names. */
void noc_rows_fields(enum noc_output output, const struct noc_value *map);
void noc_rows_json(const struct noc_value *v, bool pretty);

/* Text of one value in a column, escaped. */
void noc_rows_text(const struct noc_value *v, char how, int max,
		   struct noc_strbuf *out);

#endif
