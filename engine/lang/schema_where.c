/* SPDX-License-Identifier: ISC */
/*
 * A `where`, as it was written: see engine/lang/schema_check.c.
 */
#include "config.h"

#include "engine/lang/schema_check.h"

#include <stdio.h>
#include <string.h>

#include "engine/event/kinds.h"

/* Names whose values are never true or false. */
static bool
where_never_boolean(const char *name)
{
	static const char words[] =
	    "id kind source origin device address time received severity "
	    "summary trust witnesses cause raw role site vendor tags link";

	return noc_schema_is(name, words) || noc_kind_defines(name);
}

void
schema_check_where(struct check *c, const char *what, const char *label,
		   const struct noc_value *v)
{
	const char *node = schema_node_of(v);
	struct parts p;

	/* What is said in words is checked when it is compiled. */
	if (noc_schema_is_error(v) || v->type == NOC_STR ||
	    (node && !strcmp(node, "function")))
		return;
	if (node && noc_schema_is(node, "combinator"))
		return;
	if (!schema_parts(v, &p)) {
		if (v->type == NOC_BOOL && !v->u.b)
			schema_false(c, what, label);
		else
			schema_wrong(
			    c, what, label,
			    "a table { field = value }, a text \"field == "
			    "value\" or a function",
			    v);
		return;
	}
	for (size_t i = 0; i < p.nitems; i++) {
		const struct noc_value *x = p.items[i];

		if (x->type == NOC_MAP)
			schema_check_where(c, what, label, x);
		else
			schema_problem(
			    c, NULL,
			    "position %zu of %s in %s is no condition: "
			    "write field = value",
			    i + 1, what, label);
	}
	for (size_t i = 0; p.opts && i < p.opts->u.map.len; i++) {
		const struct noc_member *m = &p.opts->u.map.at[i];
		const char *op = schema_node_of(m->value);

		if (m->value->type == NOC_LIST) {
			schema_problem(c, "write any { ... }",
				       "'%s' of %s in %s is a list", m->key,
				       what, label);
		} else if (m->value->type == NOC_BOOL && !m->value->u.b &&
			   where_never_boolean(m->key)) {
			char name[128];

			snprintf(name, sizeof(name), "'%.60s' of %.40s", m->key,
				 what);
			schema_false(c, name, label);
		} else if (op && strcmp(op, "error") != 0 &&
			   !noc_schema_is(op, "operator")) {
			schema_problem(
			    c, NULL,
			    "'%s' of %s in %s is %s, which is no value "
			    "or operator",
			    m->key, what, label, op);
		}
	}
}
