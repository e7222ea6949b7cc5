/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/expr/template.h"
#include "engine/expr/url.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define TEMPLATE_DEPTH_MAX 32

struct tree {
	const struct noc_scope *scope;
	enum noc_missing missing;
	struct noc_err *err;
	int depth;
	bool request; /* what comes next are the options of a request */
};

static int tree_expand(struct tree *tree, const struct noc_value *v,
		       struct noc_value **out);

/* What came from outside must not look like a node to noc_secret_fill. */
static bool
tree_is_secret(const struct noc_value *v)
{
	return v->type == NOC_MAP &&
	       noc_value_is_str(noc_value_get(v, "node"), "secret");
}

static bool
tree_holds_secret(const struct noc_value *v)
{
	bool holds = tree_is_secret(v);

	for (size_t i = 0; !holds && v->type == NOC_LIST && i < v->u.list.len;
	     i++)
		holds = tree_holds_secret(v->u.list.at[i]);
	for (size_t i = 0; !holds && v->type == NOC_MAP && i < v->u.map.len;
	     i++)
		holds = tree_holds_secret(v->u.map.at[i].value);
	return holds;
}

static int
tree_text(struct tree *tree, const char *p, size_t len, struct noc_value **out)
{
	struct noc_template *t;
	char *text;
	int rc;

	if (!memchr(p, '{', len) && !memchr(p, '}', len)) {
		*out = noc_value_strn(p, len);
		return 0;
	}
	rc = noc_template_parse(p, len, &t, tree->err);
	if (rc)
		return rc;
	rc = noc_template_value(t, tree->scope, tree->missing, out, tree->err);
	noc_template_free(t);
	if (!rc && tree_holds_secret(*out)) { /* data all the same: as text */
		text = noc_json_string(*out, NOC_JSON_COMPACT);
		noc_value_free(*out);
		*out = noc_value_str(text);
		free(text);
	}
	return rc;
}

/* Of a request that carries a secret nothing is filled in by who is not even
 * known. */
static bool
tree_would_leak(const struct tree *tree, const struct noc_value *opts)
{
	return tree->scope->ev && tree->scope->ev->trust == NOC_TRUST_LOW &&
	       (noc_value_get(opts, "auth") || tree_holds_secret(opts));
}

/* opts.url, into map. */
static int
tree_url(struct tree *tree, const struct noc_value *opts, struct noc_value *map)
{
	const struct noc_value *url = noc_value_get(opts, "url");
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_template *t;
	bool chosen;
	int rc = noc_template_parse(url->u.s.p, url->u.s.len, &t, tree->err);

	if (rc)
		return rc;
	if (!noc_template_is_literal(t) && tree_would_leak(tree, opts))
		rc =
		    noc_err_set(tree->err, NOC_EINPUT,
				"the event is of low trust: it fills in no URL "
				"of a request that carries a secret.");
	if (!rc)
		rc = noc_url_expand(t, tree->scope, tree->missing, &text,
				    &chosen, tree->err);
	if (!rc) {
		noc_value_set(map, "url", noc_value_strn(text.p, text.len));
		if (chosen)
			noc_value_set(map, NOC_URL_CHOSEN,
				      noc_value_bool(true));
	}
	noc_strbuf_release(&text);
	noc_template_free(t);
	return rc;
}

static int
tree_list(struct tree *tree, const struct noc_value *v, struct noc_value **out)
{
	struct noc_value *list = noc_value_list(), *child;
	int rc = 0;

	for (size_t i = 0; !rc && i < noc_value_len(v); i++) {
		rc = tree_expand(tree, v->u.list.at[i], &child);
		if (!rc)
			noc_value_push(list, child);
	}
	if (rc)
		noc_value_free(list);
	else
		*out = list;
	return rc;
}

/* Of a node only its items and options hold templates. */
static bool
tree_keeps(const struct noc_value *map, const char *key)
{
	return noc_value_get(map, "node") && strcmp(key, "items") &&
	       strcmp(key, "opts");
}

/* http.get { url = ... }: elsewhere a name `url` is one like others. */
static bool
tree_asks(const struct noc_value *v)
{
	return !strncmp(noc_value_get_str(v, "node", ""), "http.", 5);
}

static int
tree_map(struct tree *tree, const struct noc_value *v, struct noc_value **out)
{
	struct noc_value *map = noc_value_map(), *key, *child;
	struct noc_strbuf name = NOC_STRBUF_INIT;
	bool request = tree->request, asks = tree_asks(v);
	int rc = 0;

	tree->request = false;
	for (size_t i = 0; !rc && i < noc_value_len(v); i++) {
		const struct noc_member *m = &v->u.map.at[i];

		if (request && !strcmp(m->key, "url") &&
		    m->value->type == NOC_STR) {
			rc = tree_url(tree, v, map);
			continue;
		}
		if (tree_keeps(v, m->key)) {
			noc_value_set(map, m->key, noc_value_copy(m->value));
			continue;
		}
		rc = tree_text(tree, m->key, strlen(m->key), &key);
		if (rc)
			break;
		tree->request = asks && !strcmp(m->key, "opts");
		rc = tree_expand(tree, m->value, &child);
		tree->request = false;
		noc_strbuf_clear(&name);
		noc_strbuf_add(&name, "", 0);
		noc_value_text(key, &name);
		noc_value_free(key);
		if (!rc)
			noc_value_set(map, name.p, child);
	}
	noc_strbuf_release(&name);
	if (!rc && tree_is_secret(map))
		rc = noc_err_set(tree->err, NOC_EINPUT,
				 "what the event says would name a secret.");
	if (rc)
		noc_value_free(map);
	else
		*out = map;
	return rc;
}

/* secret "x", re, cron, functions: never templates. */
static bool
tree_verbatim(const struct noc_value *v)
{
	static const char *const names[] = { "secret", "function", "re",
					     "cron" };
	const char *node = noc_value_get_str(v, "node", "");

	for (size_t i = 0; i < NOC_COUNT(names); i++)
		if (!strcmp(node, names[i]))
			return true;
	return false;
}

static int
tree_expand(struct tree *tree, const struct noc_value *v,
	    struct noc_value **out)
{
	int rc = 0;

	if (tree->depth >= TEMPLATE_DEPTH_MAX)
		return noc_err_set(tree->err, NOC_EINPUT,
				   "parameters nest deeper than %d levels.",
				   TEMPLATE_DEPTH_MAX);
	tree->depth++;
	if (!v)
		*out = noc_value_nil();
	else if (v->type == NOC_STR)
		rc = tree_text(tree, v->u.s.p, v->u.s.len, out);
	else if (v->type == NOC_LIST)
		rc = tree_list(tree, v, out);
	else if (v->type == NOC_MAP && !tree_verbatim(v))
		rc = tree_map(tree, v, out);
	else
		*out = noc_value_copy(v);
	tree->depth--;
	return rc;
}

int
noc_template_tree(const struct noc_value *v, const struct noc_scope *scope,
		  enum noc_missing missing, struct noc_value **out,
		  struct noc_err *err)
{
	struct tree tree = { .scope = scope, .missing = missing, .err = err };

	return tree_expand(&tree, v, out);
}
