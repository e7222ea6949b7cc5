/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/where.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/mem.h"
#include "engine/event/field.h"
#include "engine/lang/ast.h"
#include "engine/expr/scope.h"
#include "engine/expr/template.h"
#include "engine/expr/where_private.h"
#include "engine/expr/where_test.h"

#define WHERE_DEPTH_MAX 16
#define WHERE_PATH_MAX	200

struct compile {
	const struct noc_table *defined;
	const char *at;
	struct noc_err *err;
	int depth;
};

static int compile_table(struct compile *c, const struct noc_value *tree,
			 const char *prefix, struct noc_cond *out);

/* "heal.lua:14: where: ..." in front of what went wrong. */
static int
compile_failed(struct compile *c, int rc, const char *path)
{
	if (path)
		noc_err_prefix(c->err, "%s: %s", c->at ? c->at : "where", path);
	else
		noc_err_prefix(c->err, "%s", c->at ? c->at : "where");
	return rc == NOC_EINPUT ? NOC_ECONFIG : rc;
}

static int
compile_refuse(struct compile *c, const char *what)
{
	return compile_failed(c, noc_err_set(c->err, NOC_ECONFIG, "%s", what),
			      NULL);
}

static struct noc_cond *
cond_add(struct noc_cond *parent, size_t *cap)
{
	NOC_GROW(parent->kids, *cap, parent->nkids + 1);
	memset(&parent->kids[parent->nkids], 0, sizeof(*parent->kids));
	return &parent->kids[parent->nkids++];
}

/* A path inside a template of a test names a field as well. */
struct check {
	const struct noc_table *defined;
	struct noc_err *err;
	int rc;
};

static void
on_path(const char *path, size_t len, void *arg)
{
	struct check *check = arg;
	struct noc_field field;

	if (!check->rc)
		check->rc = noc_field_resolve(path, len, check->defined, &field,
					      check->err);
}

static int
check_templates(const struct noc_test *t, struct check *check)
{
	if (t->template)
		noc_template_paths(t->template, on_path, check);
	for (size_t i = 0; i < t->nkids && !check->rc; i++)
		check_templates(&t->kids[i], check);
	return check->rc;
}

/* severity = "err", lt(4): the name or digit becomes the number. */
static int
test_severity(struct noc_test *t, struct noc_err *err)
{
	int n, rc = 0;

	for (size_t i = 0; i < t->nkids && !rc; i++)
		rc = test_severity(&t->kids[i], err);
	if (rc)
		return rc;
	switch ((int)t->op) {
	case NOC_TEST_STR:
		n = noc_severity_parse(t->text, t->len);
		if (n < 0)
			return noc_err_set(err, NOC_ECONFIG,
					   "'%s' is no severity; they are "
					   "emerg alert crit err warning "
					   "notice info debug.",
					   t->text);
		t->op = NOC_TEST_NUM;
		t->n = n;
		t->level = n;
		break;
	case NOC_TEST_NUM:
	case NOC_TEST_LT:
	case NOC_TEST_LE:
	case NOC_TEST_GT:
	case NOC_TEST_GE:
	case NOC_TEST_BETWEEN:
		t->level = 0;
		break;
	default: /* the others read the name */
		break;
	}
	return 0;
}

static int
compile_cond(struct compile *c, const char *path, const struct noc_value *want,
	     struct noc_cond *out)
{
	struct check check = { c->defined, c->err, 0 };
	size_t len = strlen(path);
	int rc = 0;

	out->op = NOC_COND_TEST;
	out->path = noc_intern(path, len);
	out->path_len = len;
	out->scoped = !c->defined;
	if (!out->scoped || !noc_scope_is_own(path, len))
		rc = noc_field_resolve(path, len, c->defined, &out->field,
				       c->err);
	if (rc)
		return compile_failed(c, rc, NULL);
	out->test.run = out->scoped;
	rc = noc_test_compile(want, &out->test, c->err);
	if (!rc && !out->scoped)
		rc = check_templates(&out->test, &check);
	if (!rc &&
	    (!strcmp(path, "severity") || !strcmp(path, "syslog.severity")))
		rc = test_severity(&out->test, c->err);
	return rc ? compile_failed(c, rc, path) : 0;
}

/* either{...}, both{...}, neither{...}: each item is a table. */
static bool
combinator(const char *node, enum noc_cond_op *op)
{
	if (!strcmp(node, "either"))
		*op = NOC_COND_OR;
	else if (!strcmp(node, "both"))
		*op = NOC_COND_AND;
	else if (!strcmp(node, "neither"))
		*op = NOC_COND_NOR;
	else
		return false;
	return true;
}

static int
compile_items(struct compile *c, const struct noc_value *items,
	      const char *prefix, struct noc_cond *out, size_t *cap)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < noc_value_len(items); i++) {
		const struct noc_value *item = noc_value_at(items, i);

		if (!item || (item->type != NOC_MAP && item->type != NOC_LIST &&
			      item->type != NOC_STR))
			return compile_refuse(c,
					      "a condition without a name must "
					      "be a table or either/both/"
					      "neither; write name = value.");
		rc = compile_table(c, item, prefix, cond_add(out, cap));
	}
	return rc;
}

static int
compile_member(struct compile *c, const char *prefix,
	       const struct noc_member *m, struct noc_cond *out, size_t *cap)
{
	char path[WHERE_PATH_MAX];
	int len;

	len = snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "",
		       m->key);
	if (len < 0 || (size_t)len >= sizeof(path))
		return compile_refuse(c, "a field name is too long.");
	/* http = { status = 200 } is http.status = 200. */
	if (m->value->type == NOC_MAP && !noc_value_get(m->value, "node"))
		return compile_table(c, m->value, path, cond_add(out, cap));
	return compile_cond(c, path, m->value, cond_add(out, cap));
}

static int
compile_members(struct compile *c, const struct noc_value *map,
		const char *prefix, struct noc_cond *out, size_t *cap)
{
	int rc = 0;

	for (size_t i = 0; !rc && map && i < noc_value_len(map); i++)
		rc = compile_member(c, prefix, &map->u.map.at[i], out, cap);
	return rc;
}

static int
compile_node(struct compile *c, const struct noc_value *tree, const char *node,
	     const char *prefix, struct noc_cond *out)
{
	const struct noc_value *items = noc_ast_items(tree);
	size_t cap = 0;
	int rc;

	if (combinator(node, &out->op)) {
		if (!noc_value_len(items))
			return compile_refuse(c, "either, both and neither "
						 "need at least one table.");
	} else if (strcmp(node, "table")) {
		noc_err_set(c->err, NOC_ECONFIG,
			    "'%s' cannot stand here; write name = %s ... .",
			    node, node);
		return compile_failed(c, NOC_ECONFIG, NULL);
	}
	rc = compile_items(c, items, prefix, out, &cap);
	if (rc)
		return rc;
	return compile_members(c, noc_ast_opts(tree), prefix, out, &cap);
}

/* In words: see where_words.c. */
static int
compile_text(struct compile *c, const struct noc_value *text,
	     struct noc_cond *out)
{
	struct noc_value *tree = NULL;
	int rc = noc_where_words(text->u.s.p, text->u.s.len, &tree, c->err);

	if (rc)
		return compile_failed(c, rc, NULL);
	rc = compile_table(c, tree, "", out);
	noc_value_free(tree);
	return rc;
}

static int
compile_table(struct compile *c, const struct noc_value *tree,
	      const char *prefix, struct noc_cond *out)
{
	const char *node = noc_value_get_str(tree, "node", NULL);
	size_t cap = 0;
	int rc;

	out->op = NOC_COND_AND;
	if (tree && tree->type == NOC_STR)
		return compile_text(c, tree, out);
	if (!tree || (tree->type != NOC_MAP && tree->type != NOC_LIST))
		return compile_refuse(c, "conditions must be a table "
					 "{ name = value }.");
	if (c->depth >= WHERE_DEPTH_MAX)
		return compile_refuse(c, "conditions nest too deeply.");
	c->depth++;
	if (tree->type == NOC_LIST)
		rc = compile_items(c, tree, prefix, out, &cap);
	else if (node)
		rc = compile_node(c, tree, node, prefix, out);
	else
		rc = compile_members(c, tree, prefix, out, &cap);
	c->depth--;
	return rc;
}

static void
cond_release(struct noc_cond *c)
{
	noc_test_release(&c->test);
	for (size_t i = 0; i < c->nkids; i++)
		cond_release(&c->kids[i]);
	free(c->kids);
}

int
noc_where_compile(const struct noc_value *tree, const struct noc_table *defined,
		  const char *at, struct noc_where **out, struct noc_err *err)
{
	struct noc_where *w = noc_calloc(1, sizeof(*w));
	struct compile c = { defined, at, err, 0 };
	int rc = compile_table(&c, tree, "", &w->root);

	if (rc)
		noc_where_free(w);
	else
		*out = w;
	return rc;
}

void
noc_where_free(struct noc_where *w)
{
	if (!w)
		return;
	cond_release(&w->root);
	free(w);
}

struct paths {
	void (*fn)(const char *path, void *arg);
	void *arg;
};

static void
on_test_path(const char *path, size_t len, void *arg)
{
	const struct paths *p = arg;
	char text[WHERE_PATH_MAX];

	snprintf(text, sizeof(text), "%.*s", (int)len, path);
	p->fn(text, p->arg);
}

static void
test_paths(const struct noc_test *t, struct paths *p)
{
	if (t->template)
		noc_template_paths(t->template, on_test_path, p);
	for (size_t i = 0; i < t->nkids; i++)
		test_paths(&t->kids[i], p);
}

static void
cond_paths(const struct noc_cond *c, void (*fn)(const char *, void *),
	   void *arg)
{
	struct paths p = { fn, arg };

	if (c->op == NOC_COND_TEST) {
		fn(c->path, arg);
		test_paths(&c->test, &p);
	}
	for (size_t i = 0; i < c->nkids; i++)
		cond_paths(&c->kids[i], fn, arg);
}

void
noc_where_paths(const struct noc_where *w,
		void (*fn)(const char *path, void *arg), void *arg)
{
	if (w)
		cond_paths(&w->root, fn, arg);
}
