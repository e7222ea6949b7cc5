/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/lua/node.h"
#include "engine/lua/state.h"

/*
 * Functions are numbered in the order of the finished tree, which is the
 * same in every process, and named by the path that leads to them.  A rule
 * and a schedule may have one name: then the kind of the later one is said.
 */
static void
number_function(struct noc_lua *lua, struct noc_value *v, const char *kind,
		const char *path)
{
	struct noc_value *fn = noc_value_get(v, "fn");
	char *other = NULL;
	struct lua_temp *t;

	if (fn->u.i < 0) {
		t = &lua->temps[-1 - fn->u.i];
		if (t->number < 0) {
			struct lua_fn *f;

			NOC_GROW(lua->fns, lua->fns_cap, lua->nfns + 1);
			f = &lua->fns[lua->nfns];
			f->ref = t->ref;
			f->path = noc_strdup(path);
			f->at = noc_strdup(t->at);
			t->number = (int)lua->nfns++;
		}
		fn->u.i = t->number;
	}
	if (noc_table_get(&lua->paths, path))
		path = other = noc_asprintf("%s %s", kind, path);
	noc_table_put(&lua->paths, path, (void *)(uintptr_t)(fn->u.i + 1));
	noc_value_set(v, "path", noc_value_str(path));
	free(other);
}

static void
number_walk(struct noc_lua *lua, struct noc_value *v, const char *kind,
	    struct noc_strbuf *path)
{
	const char *node = noc_value_get_str(v, "node", NULL);
	size_t len = path->len;

	if (node && !strcmp(node, "function")) {
		number_function(lua, v, kind, path->p);
		return;
	}
	if (v->type == NOC_LIST) {
		for (size_t i = 0; i < v->u.list.len; i++) {
			noc_strbuf_addf(path, "/%zu", i + 1);
			number_walk(lua, v->u.list.at[i], kind, path);
			path->len = len;
			path->p[len] = 0;
		}
	} else if (v->type == NOC_MAP && node) {
		struct noc_value *items = noc_value_get(v, "items");
		struct noc_value *opts = noc_value_get(v, "opts");

		if (items)
			number_walk(lua, items, kind, path);
		/* `opts` holds whatever keys were written, "node" too. */
		for (size_t i = 0; opts && i < opts->u.map.len; i++) {
			noc_strbuf_addf(path, "/%s", opts->u.map.at[i].key);
			number_walk(lua, opts->u.map.at[i].value, kind, path);
			path->len = len;
			path->p[len] = 0;
		}
	} else if (v->type == NOC_MAP) {
		for (size_t i = 0; i < v->u.map.len; i++) {
			noc_strbuf_addf(path, "/%s", v->u.map.at[i].key);
			number_walk(lua, v->u.map.at[i].value, kind, path);
			path->len = len;
			path->p[len] = 0;
		}
	}
}

void
lua_node_number(struct noc_lua *lua, struct noc_value *v)
{
	struct noc_strbuf path = NOC_STRBUF_INIT;

	noc_strbuf_adds(&path, noc_value_get_str(v, "name", "?"));
	number_walk(lua, v, noc_value_get_str(v, "node", "?"), &path);
	noc_strbuf_release(&path);
}

int
noc_lua_function(const struct noc_lua *lua, const char *path)
{
	char *end;

	if (*path == '#') {
		long n = strtol(path + 1, &end, 10);

		/* Other paths have a slash. */
		if (!*end)
			return (int)n;
	}
	return (int)(uintptr_t)noc_table_get(&lua->paths, path) - 1;
}
