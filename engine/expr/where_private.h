/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_EXPR_WHERE_PRIVATE_H
#define NOC_ENGINE_EXPR_WHERE_PRIVATE_H

#include "engine/event/datum.h"
#include "engine/expr/where_test.h"

/* What the files of `where` share. */

enum noc_truth noc_cond_eval(const struct noc_cond *c,
			     const struct noc_scope *scope);
void noc_cond_get(const struct noc_cond *c, const struct noc_scope *scope,
		  struct noc_datum *out);

int noc_test_compile(const struct noc_value *v, struct noc_test *t,
		     struct noc_err *err);
/* time_in { "mon-fri 08:00-18:00", tz = "Europe/Warsaw" }; v: the node. */
int noc_test_windows(const struct noc_value *v, const struct noc_value *items,
		     struct noc_test *t, struct noc_err *err);
/* "steps.x.failed == 0 and ..." as the table that it stands for; returned. */
int noc_where_words(const char *text, size_t len, struct noc_value **out,
		    struct noc_err *err);
void noc_test_release(struct noc_test *t);

bool noc_cidr_parse(const char *text, size_t len, struct noc_cidr *out);

#endif
