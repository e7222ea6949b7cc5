/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LUA_LINE_H
#define NOC_ENGINE_LUA_LINE_H

#include <stddef.h>

struct noc_lua;

/*
 * The lines of rule files that messages name.  Only of files that are being
 * loaded.
 */
/* Reads a text that Lua accepts, before it runs; what Lua does not see in it
 * goes to the load report. */
void lua_line_read(struct noc_lua *lua, const char *path, const char *text,
		   size_t len);
/* The line to tell for one that Lua named: where its expression begins. */
int lua_line_first(const struct noc_lua *lua, const char *path, int line);
void lua_line_release(struct noc_lua *lua);

#endif
