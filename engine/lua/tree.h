/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LUA_TREE_H
#define NOC_ENGINE_LUA_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "engine/lua/lua.h"

/*
 * The files of a rule tree, read and in load order; knows no Lua.  Used by
 * engine/lua/load.c on any one thread.
 */
struct lua_tree_file {
	struct noc_lua_source source;
	char *rel; /* below its directory: "lib/cisco.lua" */
	size_t dir;
};

struct lua_tree {
	struct lua_tree_file *files;
	size_t nfiles, cap;
	size_t bytes;
};

/* Every *.lua below dirs: lib/ first, then by directory and path. */
int lua_tree_read(struct lua_tree *t, const char *const *dirs, size_t ndirs,
		  bool tests, struct noc_err *err);
void lua_tree_release(struct lua_tree *t);
/* One regular file of at most max bytes, NUL-terminated; text returned. */
int lua_tree_read_file(const char *path, size_t max, char **text, size_t *len,
		       struct noc_err *err);
/* SHA-256 over path and text of each source in order. */
void lua_tree_hash(const struct noc_lua_source *sources, size_t n,
		   uint8_t hash[32]);
/*
 * The sources as one JSON text: {path: text}, {path: {"hex": "..."}} when it
 * is no UTF-8; returned, NULL when they are larger than NOC_LUA_STORED_MAX.
 */
char *lua_tree_json(const struct noc_lua_source *sources, size_t n);
/* And back, in the same order; EINPUT when they do not have this hash. */
int lua_tree_read_json(struct lua_tree *t, const char *json,
		       const uint8_t hash[32], struct noc_err *err);

#endif
