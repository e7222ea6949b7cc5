/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_TEMPLATE_H
#define NOC_ENGINE_EXPR_TEMPLATE_H

#include "engine/expr/scope.h"

/*
 * Templates: "{device} {ifname}: {error.message}".  One pass, never expanded
 * again; "{{" and "}}" are literal; "{path:FORMAT}" from a fixed list (upper,
 * lower, json, hex, int, N for the first N of a list, trim, keys and table of a
 * list (listing.h), raw: in a URL as it is).  A string that is exactly one
 * "{path}" keeps the value's type.  Compiled once at load.
 */
struct noc_template;

int noc_template_parse(const char *text, size_t len, struct noc_template **out,
		       struct noc_err *err);
void noc_template_free(struct noc_template *t);
const char *noc_template_source(const struct noc_template *t);
bool noc_template_is_literal(const struct noc_template *t);
/* Calls fn for each path (for load-time name checks). */
void noc_template_paths(const struct noc_template *t,
			void (*fn)(const char *path, size_t len, void *arg),
			void *arg);

enum noc_missing { NOC_MISSING_MARK, NOC_MISSING_FAIL };
/*
 * MARK prints ?name? for what is missing; FAIL returns ENOTFOUND naming it.
 * The value is returned.
 */
int noc_template_value(const struct noc_template *t,
		       const struct noc_scope *scope, enum noc_missing missing,
		       struct noc_value **out, struct noc_err *err);
int noc_template_text(const struct noc_template *t,
		      const struct noc_scope *scope, enum noc_missing missing,
		      struct noc_strbuf *out, struct noc_err *err);
/* One piece after the other: what the template says itself, and what its paths
 * are here.  A kind that fn returns ends it. */
struct noc_piece {
	bool value, raw;
	struct noc_slice text;
	struct noc_slice path; /* of a value */
};
int noc_template_each(const struct noc_template *t,
		      const struct noc_scope *scope, enum noc_missing missing,
		      int (*fn)(const struct noc_piece *piece, void *arg,
				struct noc_err *err),
		      void *arg, struct noc_err *err);
/*
 * Expand every string inside a tree of parameters (map keys too), parsing as
 * it goes.  {"node":"secret",...} nodes stay as they are, and a value that
 * looks like one becomes text.  The `url` of a request is one
 * (engine/expr/url.h). Returned.
 */
int noc_template_tree(const struct noc_value *tree,
		      const struct noc_scope *scope, enum noc_missing missing,
		      struct noc_value **out, struct noc_err *err);

/* How often a path was printed as ?name?. */
unsigned long noc_template_missing(void);

#endif
