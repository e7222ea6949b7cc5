/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/ifname.h"
#include "proto/mib.h"
#include "engine/event/field.h"
#include "engine/lang/ast.h"
#include "engine/expr/template.h"
#include "engine/expr/where_private.h"
#include "engine/expr/where_test.h"

#define TEST_ITEMS_MAX 256

static int
test_kids(const struct noc_value *items, struct noc_test *t,
	  struct noc_err *err)
{
	size_t n = noc_value_len(items);
	int rc = 0;

	if (!n)
		return noc_err_set(err, NOC_ECONFIG,
				   "an operator needs at least one value.");
	if (n > TEST_ITEMS_MAX)
		return noc_err_set(err, NOC_ECONFIG,
				   "an operator has more than %d values.",
				   TEST_ITEMS_MAX);
	t->kids = noc_calloc(n, sizeof(*t->kids));
	for (size_t i = 0; !rc && i < n; i++) {
		t->kids[i].run = t->run;
		rc = noc_test_compile(noc_value_at(items, i),
				      &t->kids[t->nkids++], err);
	}
	return rc;
}

static void
test_set_text(struct noc_test *t, const char *p, size_t len)
{
	t->text = noc_strndup(p, len);
	t->len = len;
}

static void
test_set_number(struct noc_test *t, const struct noc_value *v)
{
	t->integral = v->type == NOC_INT;
	t->n = t->integral ? v->u.i : 0;
	t->lo = t->integral ? (double)v->u.i : v->u.d;
}

static bool
is_number(const struct noc_value *v)
{
	return v && (v->type == NOC_INT || v->type == NOC_REAL);
}

/* ---- plain values ---- */

static int
test_string_value(const struct noc_value *v, struct noc_test *t,
		  struct noc_err *err)
{
	struct noc_scope none = { NULL };
	struct noc_strbuf text = NOC_STRBUF_INIT;
	int rc;

	rc = noc_template_parse(v->u.s.p, v->u.s.len, &t->template, err);
	if (rc)
		return rc;
	t->op = NOC_TEST_TEMPLATE;
	if (!noc_template_is_literal(t->template)) {
		test_set_text(t, v->u.s.p, v->u.s.len);
		return 0;
	}
	t->op = NOC_TEST_STR;
	noc_template_text(t->template, &none, NOC_MISSING_MARK, &text, NULL);
	test_set_text(t, text.p, text.len);
	noc_strbuf_release(&text);
	noc_template_free(t->template);
	t->template = NULL;
	return 0;
}

/* ---- operators ---- */

/* In a run: contains "{input.vid}", lt "{steps.x.max}". */
static int
test_template_operand(const struct noc_value *v, struct noc_test *t,
		      struct noc_err *err)
{
	int rc;

	if (!t->run || !v || v->type != NOC_STR ||
	    !memchr(v->u.s.p, '{', v->u.s.len))
		return 0;
	rc = noc_template_parse(v->u.s.p, v->u.s.len, &t->template, err);
	if (rc || !noc_template_is_literal(t->template))
		return rc;
	noc_template_free(t->template);
	t->template = NULL;
	return 0;
}

static int
test_text_operand(const char *node, const struct noc_value *items,
		  struct noc_test *t, struct noc_err *err)
{
	const struct noc_value *v = noc_value_at(items, 0);

	if (noc_value_len(items) != 1 || v->type != NOC_STR)
		return noc_err_set(err, NOC_ECONFIG,
				   "'%s' takes one text, as in %s \"x\".", node,
				   node);
	test_set_text(t, v->u.s.p, v->u.s.len);
	return 0;
}

static int
test_cidr_operand(struct noc_test *t, struct noc_err *err)
{
	if (noc_cidr_parse(t->text, t->len, &t->cidr))
		return 0;
	return noc_err_set(err, NOC_ECONFIG,
			   "'%s' is no address or prefix like 192.0.2.0/24.",
			   t->text);
}

static int
test_oid_operand(struct noc_test *t, struct noc_err *err)
{
	noc_oid oid[NOC_OID_MAX];
	char dotted[NOC_OID_MAX * 16];
	size_t len = NOC_OID_MAX;
	int rc;

	rc = noc_oid_parse(noc_mib_builtin(), t->text, t->len, oid, &len, NULL,
			   err);
	if (rc)
		return rc;
	free(t->text);
	len = noc_oid_format(dotted, sizeof(dotted), oid, len);
	test_set_text(t, dotted, len);
	return 0;
}

static int
test_ifname_operand(struct noc_test *t)
{
	char buf[128];
	struct noc_slice name =
	    noc_ifname_canonical(noc_slice(t->text, t->len), buf, sizeof(buf));

	free(t->text);
	test_set_text(t, name.p, name.len);
	return 0;
}

static int
test_number_operand(const char *node, const struct noc_value *items,
		    struct noc_test *t, struct noc_err *err)
{
	const struct noc_value *hi = noc_value_at(items, 1);
	size_t want = t->op == NOC_TEST_BETWEEN ? 2 : 1;
	int rc;

	if (want == 1 && noc_value_len(items) == 1) {
		rc = test_template_operand(noc_value_at(items, 0), t, err);
		if (t->template)
			return test_text_operand(node, items, t, err);
		if (rc)
			return rc;
	}
	if (noc_value_len(items) != want ||
	    !is_number(noc_value_at(items, 0)) || (want == 2 && !is_number(hi)))
		return noc_err_set(err, NOC_ECONFIG, "'%s' takes %s.", node,
				   want == 2 ? "two numbers, both included"
					     : "one number");
	test_set_number(t, noc_value_at(items, 0));
	if (want == 2)
		t->hi = hi->type == NOC_INT ? (double)hi->u.i : hi->u.d;
	return 0;
}

static int
test_level_operand(struct noc_test *t, struct noc_err *err)
{
	t->level = noc_severity_parse(t->text, t->len);
	if (t->level >= 0)
		return 0;
	return noc_err_set(err, NOC_ECONFIG,
			   "'%s' is no severity; they are emerg alert crit "
			   "err warning notice info debug.",
			   t->text);
}

static const struct {
	const char *node;
	enum noc_test_op op;
} test_nodes[] = {
	{ "any", NOC_TEST_ANY },
	{ "all", NOC_TEST_ALL },
	{ "none", NOC_TEST_NONE },
	{ "isnt", NOC_TEST_ISNT },
	{ "cidr", NOC_TEST_CIDR },
	{ "oid_under", NOC_TEST_OID_UNDER },
	{ "prefix", NOC_TEST_PREFIX },
	{ "suffix", NOC_TEST_SUFFIX },
	{ "contains", NOC_TEST_CONTAINS },
	{ "glob", NOC_TEST_GLOB },
	{ "re", NOC_TEST_RE },
	{ "lt", NOC_TEST_LT },
	{ "le", NOC_TEST_LE },
	{ "gt", NOC_TEST_GT },
	{ "ge", NOC_TEST_GE },
	{ "between", NOC_TEST_BETWEEN },
	{ "at_least", NOC_TEST_AT_LEAST },
	{ "exists", NOC_TEST_EXISTS },
	{ "absent", NOC_TEST_ABSENT },
	{ "ifname", NOC_TEST_IFNAME },
	{ "time_in", NOC_TEST_TIME_IN },
};

static int
test_operand(const struct noc_value *v, const char *node,
	     const struct noc_value *items, struct noc_test *t,
	     struct noc_err *err)
{
	int rc = test_text_operand(node, items, t, err);

	(void)v;
	if (rc)
		return rc;
	switch ((int)t->op) {
	case NOC_TEST_CIDR:
		return test_cidr_operand(t, err);
	case NOC_TEST_OID_UNDER:
		return test_oid_operand(t, err);
	case NOC_TEST_IFNAME:
		return test_ifname_operand(t);
	case NOC_TEST_AT_LEAST:
		return test_level_operand(t, err);
	case NOC_TEST_RE:
		return noc_pattern_new(t->text, &t->pattern, err);
	case NOC_TEST_CONTAINS:
	case NOC_TEST_PREFIX:
	case NOC_TEST_SUFFIX:
		return test_template_operand(noc_value_at(items, 0), t, err);
	default: /* the text is the operand */
		return 0;
	}
}

/* cidr { a, b } and the like: any of them. */
static int
test_many(const struct noc_value *v, const char *node,
	  const struct noc_value *items, struct noc_test *t,
	  struct noc_err *err)
{
	enum noc_test_op op = t->op;
	size_t n = noc_value_len(items);
	int rc = 0;

	if (n < 2 || n > TEST_ITEMS_MAX)
		return test_operand(v, node, items, t, err);
	t->op = NOC_TEST_ANY;
	t->kids = noc_calloc(n, sizeof(*t->kids));
	for (size_t i = 0; !rc && i < n; i++) {
		struct noc_value *one = noc_value_list();

		noc_value_push(one, noc_value_copy(noc_value_at(items, i)));
		t->kids[i].op = op;
		t->kids[i].level = -1;
		t->kids[i].run = t->run;
		t->nkids++;
		rc = test_operand(v, node, one, &t->kids[i], err);
		noc_value_free(one);
	}
	return rc;
}

static int
test_node(const struct noc_value *v, const char *node, struct noc_test *t,
	  struct noc_err *err)
{
	const struct noc_value *items = noc_ast_items(v);
	size_t i = 0;

	/* prefix { "a", "b" } may come as one list item. */
	if (noc_value_len(items) == 1 &&
	    noc_value_at(items, 0)->type == NOC_LIST)
		items = noc_value_at(items, 0);
	while (i < NOC_COUNT(test_nodes) && strcmp(test_nodes[i].node, node))
		i++;
	if (i == NOC_COUNT(test_nodes))
		return noc_err_set(err, NOC_ECONFIG,
				   "'%s' is no operator that compares a value.",
				   node);
	t->op = test_nodes[i].op;
	switch ((int)t->op) {
	case NOC_TEST_ANY:
	case NOC_TEST_ALL:
	case NOC_TEST_NONE:
		return test_kids(items, t, err);
	case NOC_TEST_ISNT:
		if (noc_value_len(items) != 1)
			return noc_err_set(err, NOC_ECONFIG,
					   "'isnt' takes one value; for "
					   "several write none { a, b }.");
		return test_kids(items, t, err);
	case NOC_TEST_EXISTS:
	case NOC_TEST_ABSENT:
		return 0;
	case NOC_TEST_LT:
	case NOC_TEST_LE:
	case NOC_TEST_GT:
	case NOC_TEST_GE:
	case NOC_TEST_BETWEEN:
		return test_number_operand(node, items, t, err);
	case NOC_TEST_TIME_IN:
		return noc_test_windows(v, items, t, err);
	default: /* the operators that take a text */
		return test_many(v, node, items, t, err);
	}
}

int
noc_test_compile(const struct noc_value *v, struct noc_test *t,
		 struct noc_err *err)
{
	const char *node = noc_value_get_str(v, "node", NULL);

	t->level = -1;
	if (node)
		return test_node(v, node, t, err);
	switch (v->type) {
	case NOC_STR:
		return test_string_value(v, t, err);
	case NOC_INT:
	case NOC_REAL:
		t->op = NOC_TEST_NUM;
		test_set_number(t, v);
		return 0;
	case NOC_BOOL:
		t->op = NOC_TEST_BOOL;
		t->b = v->u.b;
		return 0;
	case NOC_LIST: /* a list is any of it */
		t->op = NOC_TEST_ANY;
		return test_kids(v, t, err);
	case NOC_NIL:
	case NOC_MAP:
		break;
	}
	return noc_err_set(err, NOC_ECONFIG,
			   "a condition must be a value or an operator such "
			   "as any { ... }.");
}

void
noc_test_release(struct noc_test *t)
{
	for (size_t i = 0; i < t->nkids; i++)
		noc_test_release(&t->kids[i]);
	free(t->kids);
	free(t->text);
	free(t->windows);
	noc_template_free(t->template);
	noc_pattern_free(t->pattern);
	noc_tz_free(t->tz);
	memset(t, 0, sizeof(*t));
}

size_t
noc_test_texts(const struct noc_test *t, const struct noc_test **at, size_t max)
{
	size_t n = 0;

	if (t->op == NOC_TEST_STR) {
		at[0] = t;
		return 1;
	}
	if (t->op != NOC_TEST_ANY || t->nkids > max)
		return 0;
	for (size_t i = 0; i < t->nkids; i++) {
		if (t->kids[i].op != NOC_TEST_STR)
			return 0;
		at[n++] = &t->kids[i];
	}
	return n;
}

struct noc_slice
noc_test_literal(const struct noc_test *t)
{
	switch ((int)t->op) {
	case NOC_TEST_PREFIX:
	case NOC_TEST_SUFFIX:
	case NOC_TEST_CONTAINS:
		if (t->template)
			break;
		return noc_slice(t->text, t->len);
	case NOC_TEST_STR:
		return noc_slice(t->text, t->len);
	case NOC_TEST_RE:
		return noc_pattern_literal(t->pattern);
	case NOC_TEST_ANY:
	case NOC_TEST_ALL:
		if (t->nkids == 1)
			return noc_test_literal(&t->kids[0]);
		break;
	default: /* no literal can be told */
		break;
	}
	return noc_slice(NULL, 0);
}
