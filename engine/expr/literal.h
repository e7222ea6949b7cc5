/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_LITERAL_H
#define NOC_ENGINE_EXPR_LITERAL_H

/*
 * The longest run of bytes that any text matched by a regular expression must
 * contain, found by reading the expression's outermost sequence.  When in
 * doubt it says "" (no literal), never a wrong one.  Returned (free).  Pure.
 */
char *noc_literal_required(const char *pattern);

#endif
