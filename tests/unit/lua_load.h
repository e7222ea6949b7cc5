/* SPDX-License-Identifier: ISC */
#ifndef NOC_TESTS_UNIT_LUA_LOAD_H
#define NOC_TESTS_UNIT_LUA_LOAD_H

#include <string.h>

#include "base/mem.h"
#include "engine/lua/lua.h"

/* A tree that is good, or none of it and its mistakes, a line each (free). */

__attribute__((noinline, unused)) static int
lua_load_good(struct noc_lua_tree *tree, struct noc_lua_tree **out,
	      char **errors, struct noc_err *err)
{
	*out = NULL;
	*errors = NULL;
	if (!tree->nmistakes) {
		*out = tree;
		return 0;
	}
	*errors = noc_strdup(tree->mistakes);
	noc_lua_tree_free(tree);
	return noc_err_set(err, NOC_ECONFIG, "%.*s",
			   (int)strcspn(*errors, "\n"), *errors);
}

__attribute__((noinline, unused)) static int
lua_load(const char *const *dirs, bool tests, struct noc_lua_tree **out,
	 char **errors, struct noc_err *err)
{
	struct noc_lua_tree *tree;
	int rc;

	*out = NULL;
	rc = noc_lua_read(dirs, 1, tests, &tree, err);

	if (!rc)
		return lua_load_good(tree, out, errors, err);
	*errors = noc_strdup(err->msg);
	return rc;
}

__attribute__((noinline, unused)) static int
lua_load_text(const char *path, const char *text, size_t len,
	      struct noc_lua_tree **out, char **errors, struct noc_err *err)
{
	return lua_load_good(noc_lua_read_text(path, text, len), out, errors,
			     err);
}

#endif
