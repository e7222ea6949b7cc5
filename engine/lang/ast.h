/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LANG_AST_H
#define NOC_ENGINE_LANG_AST_H

#include <stdbool.h>

#include "base/err.h"
#include "base/value.h"

/*
 * Reading the AST of engine/lua/lua.h.  A table may come as a plain map, a
 * list, or a node with items and opts: these hide the difference.  Everything
 * given out is borrowed from the AST; NULL is accepted for any value.  Any
 * thread.
 */
const char *noc_ast_node(const struct noc_value *v); /* its kind, or NULL */
bool noc_ast_is(const struct noc_value *v, const char *node);
const char *noc_ast_name(const struct noc_value *v); /* or NULL */
const char *noc_ast_at(const struct noc_value *v);   /* "file:line" or "?" */

/* A mistake in it was told, what is in it aside; and: in it or below. */
bool noc_ast_wrong(const struct noc_value *v);
bool noc_ast_wrong_below(const struct noc_value *v);

/* The string-keyed part (a map) and the positions (a list); NULL: none. */
const struct noc_value *noc_ast_opts(const struct noc_value *v);
const struct noc_value *noc_ast_items(const struct noc_value *v);
const struct noc_value *noc_ast_opt(const struct noc_value *v, const char *key);

/*
 * A string, a list, any{...} or nested ones of these: every string in it, in
 * order, at most max.  Returns how many there are.
 */
size_t noc_ast_strings(const struct noc_value *v, const char **out, size_t max);

/* Function number + 1, or 0 when v is no function. */
int noc_ast_function(const struct noc_value *v);
/* Its path, by which its tree knows it, or NULL. */
const char *noc_ast_function_path(const struct noc_value *v);

/* opts[key] as ms; the fallback when absent.  ECONFIG. */
int noc_ast_duration(const struct noc_value *opts, const char *key,
		     int64_t fallback_ms, int64_t *ms, struct noc_err *err);
double noc_ast_number(const struct noc_value *opts, const char *key,
		      double fallback);

#endif
