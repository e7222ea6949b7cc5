/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/expr/where_private.h"

/*
 * when = "steps.check.failed == 0 and not (role == 'core' or site == far.site)"
 * is said again as the table that it stands for, and compiled as that one:
 *
 *   or   := and { "or" and }
 *   and  := unary { "and" unary }
 *   unary := "not" unary | "(" or ")" | path [ op operand ]
 *   op   := "==" | "!=" | "<" | "<=" | ">" | ">="
 *   operand := number | 'text' | "text" | true | false | path
 *
 * A path alone is true.  Nothing is called and nothing added up: it ends.
 */
#define TEXT_MAX       1024
#define TEXT_DEPTH_MAX 12
#define TEXT_PATH_MAX  200

struct text {
	const char *all, *p;
	int depth;
	struct noc_err *err;
};

static struct noc_value *text_or(struct text *t);

static struct noc_value *
text_wrong(struct text *t, const char *what)
{
	noc_err_set(t->err, NOC_ECONFIG, "\"%.120s\", at byte %zu: %s.", t->all,
		    (size_t)(t->p - t->all) + 1, what);
	return NULL;
}

static void
text_space(struct text *t)
{
	t->p += strspn(t->p, " \t\r\n");
}

static bool
path_byte(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.-[]", c));
}

/* The word is here, and not the beginning of a longer one. */
static bool
text_word(struct text *t, const char *word)
{
	size_t n = strlen(word);

	text_space(t);
	if (strncmp(t->p, word, n) || path_byte(t->p[n]))
		return false;
	t->p += n;
	return true;
}

/* ---- the tree ---- */

static struct noc_value *
tree_node(const char *node, struct noc_value *item)
{
	struct noc_value *v = noc_value_map(), *items = noc_value_list();

	noc_value_set(v, "node", noc_value_str(node));
	noc_value_push(items, item);
	noc_value_set(v, "items", items);
	return v;
}

static struct noc_value *
tree_one(const char *path, struct noc_value *want)
{
	struct noc_value *v = noc_value_map();

	noc_value_set(v, path, want);
	return v;
}

/* ---- path op operand ---- */

static bool
text_path(struct text *t, char *path)
{
	size_t n = 0;

	text_space(t);
	if (!isalpha((unsigned char)*t->p) && *t->p != '_')
		return false;
	while (path_byte(t->p[n]))
		n++;
	if (n >= TEXT_PATH_MAX)
		return false;
	memcpy(path, t->p, n);
	path[n] = '\0';
	t->p += n;
	return true;
}

static struct noc_value *
text_quoted(struct text *t)
{
	char quote = *t->p;
	const char *end = strchr(t->p + 1, quote);
	struct noc_value *v;

	if (!end)
		return text_wrong(t, "the text has no end");
	if (memchr(t->p + 1, '{', (size_t)(end - t->p - 1)))
		return text_wrong(t, "braces are for tables: write the name "
				     "alone, or { name = \"{...}\" }");
	v = noc_value_strn(t->p + 1, (size_t)(end - t->p - 1));
	t->p = end + 1;
	return v;
}

static struct noc_value *
text_number(struct text *t)
{
	size_t n = strspn(t->p, "+-.0123456789eE");
	char copy[40], *end;
	bool whole = strspn(t->p, "-0123456789") >= n;
	struct noc_value *v;

	if (n >= sizeof(copy) || path_byte(t->p[n]))
		return text_wrong(t, "this is no number");
	memcpy(copy, t->p, n);
	copy[n] = '\0';
	if (whole && n < 19)
		v = noc_value_int(strtoll(copy, &end, 10));
	else
		v = noc_value_real(strtod(copy, &end));
	if (*end || end == copy) {
		noc_value_free(v);
		return text_wrong(t, "this is no number");
	}
	t->p += n;
	return v;
}

static struct noc_value *
text_operand(struct text *t)
{
	char path[TEXT_PATH_MAX];

	text_space(t);
	if (*t->p == '\'' || *t->p == '"')
		return text_quoted(t);
	if (isdigit((unsigned char)*t->p) || *t->p == '-' || *t->p == '+')
		return text_number(t);
	if (text_word(t, "true"))
		return noc_value_bool(true);
	if (text_word(t, "false"))
		return noc_value_bool(false);
	if (text_path(t, path))
		return noc_value_strf("{%s}", path);
	return text_wrong(t, "here must be a number, a 'text', true, false or "
			     "a name");
}

static struct noc_value *
text_compare(struct text *t)
{
	/* The longer of two that begin alike comes first. */
	static const struct {
		const char *op, *node;
	} ops[] = { { "==", NULL }, { "!=", "isnt" }, { "<=", "le" },
		    { ">=", "ge" }, { "<", "lt" },    { ">", "gt" } };
	struct noc_value *want;
	char path[TEXT_PATH_MAX];

	if (!text_path(t, path))
		return text_wrong(t, "here must be a name, `not` or (");
	text_space(t);
	for (size_t i = 0; i < NOC_COUNT(ops); i++) {
		if (strncmp(t->p, ops[i].op, strlen(ops[i].op)))
			continue;
		t->p += strlen(ops[i].op);
		want = text_operand(t);
		if (want && ops[i].node)
			want = tree_node(ops[i].node, want);
		return want ? tree_one(path, want) : NULL;
	}
	if (*t->p == '=' || *t->p == '~')
		return text_wrong(t, "write == or !=");
	return tree_one(path, noc_value_bool(true));
}

/* ---- and, or, not ---- */

static struct noc_value *
text_unary(struct text *t)
{
	struct noc_value *v;

	text_space(t);
	if (++t->depth > TEXT_DEPTH_MAX)
		return text_wrong(t, "this nests too deeply");
	if (text_word(t, "not")) {
		v = text_unary(t);
		v = v ? tree_node("neither", v) : NULL;
	} else if (*t->p == '(') {
		t->p++;
		v = text_or(t);
		text_space(t);
		if (v && *t->p != ')') {
			noc_value_free(v);
			v = text_wrong(t, "here must be `and`, `or` or )");
		} else if (v) {
			t->p++;
		}
	} else {
		v = text_compare(t);
	}
	t->depth--;
	return v;
}

/* One or more, with the word between. */
static struct noc_value *
text_joined(struct text *t, const char *word, const char *node,
	    struct noc_value *(*part)(struct text *t))
{
	struct noc_value *all = part(t), *more;

	for (bool first = true; all && text_word(t, word); first = false) {
		if (first)
			all = tree_node(node, all);
		more = part(t);
		if (more) {
			noc_value_push(noc_value_get(all, "items"), more);
		} else {
			noc_value_free(all);
			all = NULL;
		}
	}
	return all;
}

static struct noc_value *
text_and(struct text *t)
{
	return text_joined(t, "and", "both", text_unary);
}

static struct noc_value *
text_or(struct text *t)
{
	return text_joined(t, "or", "either", text_and);
}

int
noc_where_words(const char *text, size_t len, struct noc_value **out,
		struct noc_err *err)
{
	struct text t = { text, text, 0, err };
	struct noc_value *v;

	if (len > TEXT_MAX || strlen(text) != len)
		return noc_err_set(err, NOC_ECONFIG,
				   "a condition in words has at most %d bytes "
				   "of text.",
				   TEXT_MAX);
	v = text_or(&t);
	text_space(&t);
	if (v && *t.p) {
		noc_value_free(v);
		v = text_wrong(&t, "here must be `and`, `or` or the end");
	}
	if (!v)
		return NOC_ECONFIG;
	*out = v;
	return 0;
}
