/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LUA_SCAN_H
#define NOC_ENGINE_LUA_SCAN_H

#include <stddef.h>

/*
 * The tokens of a Lua text, for what Lua itself does not tell.  Knows no Lua
 * state.
 */
/*
 * Walks the tokens of a Lua text and calls on_key for each `key =` inside
 * table constructors: path is "a.b" from the outermost one.  Problems that
 * Lua itself does not see (duplicate keys, <close>) go to on_problem.
 */
struct lua_scan_ops {
	void (*on_key)(const char *path, int line, void *arg); /* or NULL */
	void (*on_problem)(int line, const char *text, void *arg);
	/* Arguments, .name or [key] of an expression that begins on an earlier
	 * line; or NULL. */
	void (*on_suffix)(int line, int begun, void *arg);
	void *arg;
};
void lua_scan(const char *text, size_t len, const struct lua_scan_ops *ops);

#endif
