/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_WHERE_H
#define NOC_ENGINE_EXPR_WHERE_H

#include "base/err.h"
#include "base/strbuf.h"
#include "engine/expr/scope.h"
#include "engine/expr/where_test.h"

/*
 * `where`, `when`, `expect` tables compiled: a conjunction of predicates with
 * the value operators and combinators of doc/rules.md.  Unknown (absent)
 * never matches.  Pure evaluation: no allocation on the match path.
 */
struct noc_where;

/*
 * tree: the AST of engine/lua/lua.h (map of path -> value or operator node, or
 * a combinator node), or a text: "steps.x.failed == 0 and not gate"
 * (where_words.c).  defined: see noc_field_resolve; NULL inside runs, where
 * paths may be steps.X.Y.  at: "file:line" for messages.
 */
int noc_where_compile(const struct noc_value *tree,
		      const struct noc_table *defined, const char *at,
		      struct noc_where **out, struct noc_err *err);
void noc_where_free(struct noc_where *w);

bool noc_where_match_event(const struct noc_where *w,
			   const struct noc_event *ev);
bool noc_where_match(const struct noc_where *w, const struct noc_scope *scope);
/* Unknown: it would have to be known what is absent. */
enum noc_truth noc_where_truth(const struct noc_where *w,
			       const struct noc_scope *scope);
/*
 * The same, saying why not: "role: want any{access,distribution}, got unknown
 * (demo9 not in inventory)".  Returns the verdict; nothing added on a match.
 */
bool noc_where_explain(const struct noc_where *w, const struct noc_scope *scope,
		       struct noc_strbuf *why);

/* As people read it: "steps.look.admin = up and n lt{3}". */
void noc_where_text(const struct noc_where *w, struct noc_strbuf *out);

/* Calls fn for each path used, in the templates of its values too. */
void noc_where_paths(const struct noc_where *w,
		     void (*fn)(const char *path, void *arg), void *arg);

#endif
