/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "engine/lang/ast.h"

/* "[name=plan]" of a list: the first whose name is that; *p is behind it. */
static const struct noc_value *
output_pick(const struct noc_value *list, const char **p)
{
	const char *eq = strchr(*p, '='), *end = strchr(*p, ']');
	const struct noc_value *found = NULL, *v;
	char *key, *want;

	if (!list || list->type != NOC_LIST || !eq || !end || end < eq)
		return NULL;
	key = noc_strndup(*p + 1, (size_t)(eq - *p) - 1);
	want = noc_strndup(eq + 1, (size_t)(end - eq) - 1);
	for (size_t i = 0; !found && i < noc_value_len(list); i++) {
		struct noc_strbuf text = NOC_STRBUF_INIT;

		v = noc_value_path(noc_value_at(list, i), key);
		noc_strbuf_add(&text, "", 0);
		if (v)
			noc_value_text(v, &text);
		if (v && !strcmp(text.p, want))
			found = noc_value_at(list, i);
		noc_strbuf_release(&text);
	}
	free(key);
	free(want);
	*p = end + 1;
	return found;
}

/* A path, in which lists may be picked from. */
static const struct noc_value *
output_at(const struct noc_value *v, const char *path)
{
	while (v && *path) {
		const char *pick = path, *eq;
		char *plain;

		for (; (pick = strchr(pick, '[')); pick++) {
			eq = pick + strcspn(pick, "=]");
			if (*eq == '=')
				break;
		}
		plain = pick ? noc_strndup(path, (size_t)(pick - path))
			     : noc_strdup(path);
		if (*plain)
			v = noc_value_path(v, plain);
		free(plain);
		if (!pick)
			break;
		v = output_pick(v, &pick);
		path = pick + (*pick == '.');
	}
	return v && v->type != NOC_NIL ? v : NULL;
}

/* "body.results[*].id": of each in the list, those that have it. */
static struct noc_value *
output_of_all(const struct noc_value *result, const char *path)
{
	const char *star = strstr(path, "[*]");
	char *list = noc_strndup(path, (size_t)(star - path));
	const struct noc_value *all = output_at(result, list), *v;
	const char *rest = star + 3;
	struct noc_value *out = NULL;

	free(list);
	if (!all || all->type != NOC_LIST)
		return NULL;
	if (*rest == '.')
		rest++;
	out = noc_value_list();
	for (size_t i = 0; i < noc_value_len(all); i++) {
		v = output_at(noc_value_at(all, i), rest);
		if (v)
			noc_value_push(out, noc_value_copy(v));
	}
	return out;
}

static struct noc_value *
output_text(const struct noc_value *result, const char *path)
{
	const struct noc_value *found;

	if (strstr(path, "[*]"))
		return output_of_all(result, path);
	found = output_at(result, path);
	return found ? noc_value_copy(found) : NULL;
}

/* { "body.results", name = "host_name" }: of each only this, so called. */
static struct noc_value *
output_table(const struct noc_value *result, const struct noc_value *v)
{
	const struct noc_value *path = noc_value_at(noc_ast_items(v), 0), *all;
	struct noc_value *out, *one;

	if (!path || path->type != NOC_STR)
		return NULL;
	all = output_at(result, path->u.s.p);
	if (!all || all->type != NOC_LIST)
		return NULL;
	out = noc_value_list();
	for (size_t i = 0; i < noc_value_len(all); i++) {
		one = noc_value_map();
		noc_output_name(noc_ast_opts(v), noc_value_at(all, i), one);
		noc_value_push(out, one);
	}
	return out;
}

void
noc_output_name(const struct noc_value *names, const struct noc_value *result,
		struct noc_value *into)
{
	for (size_t i = 0; i < noc_value_len(names); i++) {
		const struct noc_member *m = &names->u.map.at[i];
		struct noc_value *v = m->value->type == NOC_STR
					  ? output_text(result, m->value->u.s.p)
				      : m->value->type == NOC_BOOL
					  ? NULL
					  : output_table(result, m->value);

		if (v)
			noc_value_set(into, m->key, v);
	}
}

void
noc_output_drop(const struct noc_value *names, struct noc_value *result)
{
	for (size_t i = 0; i < noc_value_len(names); i++) {
		const struct noc_member *m = &names->u.map.at[i];

		if (m->value->type == NOC_BOOL && !m->value->u.b)
			noc_value_unset(result, m->key);
	}
}
