/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LANG_SCHEMA_CHECK_H
#define NOC_ENGINE_LANG_SCHEMA_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "base/value.h"
#include "engine/lang/schema.h"

/*
 * What the parts of the checker share: engine/lang/schema_check.c (nodes,
 * options, positions), engine/lang/schema_type.c (values by type) and
 * engine/lang/schema_where.c.
 */
struct check {
	struct noc_strbuf *out;
	const struct noc_node_schema *schema;
	const char *at;
	int problems;
	char label[160]; /* step 'look' */
};

/*
 * The parts of a table value, whichever way it was written: only positions,
 * only keys, or both.
 */
struct parts {
	const struct noc_value *const *items;
	size_t nitems;
	const struct noc_value *opts;
};

bool schema_parts(const struct noc_value *v, struct parts *p);

/* One line: "<text> (at); hint". */
void schema_problem(struct check *c, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* "<what> in <label> must be <want>, not ..." */
void schema_wrong(struct check *c, const char *what, const char *label,
		  const char *want, const struct noc_value *v);
/* "... is false": `not x` was written. */
void schema_false(struct check *c, const char *what, const char *label);
/* What a value is, for "not %s". */
const char *schema_describe(const struct noc_value *v, char *buf, size_t size);
const char *schema_node_of(const struct noc_value *v);

void schema_check_value(struct check *c, const struct noc_option *o,
			const char *what, const char *label,
			const struct noc_value *v);
void schema_check_where(struct check *c, const char *what, const char *label,
			const struct noc_value *v);
/* Functions have a meaning in few places; anywhere else one is a mistake. */
void schema_check_plain(struct check *c, const char *what, const char *label,
			const struct noc_value *v, int depth);
void schema_check_options(struct check *c, const struct noc_node_schema *s,
			  const struct noc_value *opts, const char *label);
void schema_check_items(struct check *c, const struct noc_node_schema *s,
			const struct noc_value *const *items, size_t n,
			const char *label);

#endif
