/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LUA_NODE_H
#define NOC_ENGINE_LUA_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/value.h"
#include "engine/lang/schema.h"

struct noc_lua;

/*
 * Nodes of the rule language as Lua userdata, and Lua values as plain data.
 * Shared by the files of this room only.
 */
struct lua_node {
	const struct noc_node_schema *schema;
	struct noc_value *v;			/* the AST */
	struct lua_node *pending, **pending_at; /* list of the incomplete */
	int64_t size;				/* values in v */
	size_t bytes;	/* that the budget counts for v, at run time */
	int depth;	/* levels of v */
	int fns;	/* functions in v */
	bool owned;	/* v is freed with it; else another node holds it */
	bool constant;	/* exists, absent: always copied */
	bool table;	/* has got its table */
	bool unchecked; /* bare: checked when used */
	bool wrong;	/* a mistake in it was told */
};

/* One conversion of Lua values into plain data. */
struct lua_convert {
	struct noc_lua *lua;
	const char *at;	       /* for messages */
	struct lua_node *node; /* being built, or NULL */
	int owner;	       /* stack index of the node being built, or 0 */
	int64_t made;
	int deepest, fns;
	bool numbers; /* the keys of the next table are numbers, no positions */
};

/* AST levels, so that JSON of it can be read back (NOC_JSON_DEPTH_MAX). */
#define LUA_DEPTH_MAX 28

/*
 * Converts the value at idx into *slot, a place that hangs where it belongs
 * and holds NULL: the function may raise.
 */
void lua_value_fill(lua_State *L, int idx, struct noc_value **slot,
		    struct lua_convert *c, int depth);
/* Positions of the table at idx into map.items, string keys into map.opts. */
void lua_value_parts(lua_State *L, int idx, struct noc_value *map,
		     struct lua_convert *c, int depth);
/* Appends a key known to be new; the place of its value, for the moment. */
struct noc_value **lua_value_member(struct noc_value *map, const char *key,
				    size_t len);
/* Counts values that are about to be made; raises when they are too many. */
void lua_value_count(lua_State *L, int64_t n);

void lua_node_open(lua_State *L, int env); /* constructors into env */
struct lua_node *lua_node_test(lua_State *L, int idx); /* or NULL */
bool lua_node_is_poison(lua_State *L, int idx);
void lua_node_push_poison(lua_State *L);
/* "step 'look'" */
const char *lua_node_label(const struct lua_node *n, char *buf, size_t size);
/* A node that is used or left behind without its table, or never checked. */
void lua_node_finish(struct noc_lua *lua, struct lua_node *n);
void lua_node_finish_pending(struct noc_lua *lua);
/* Forgets them: their file was cut short by an error. */
void lua_node_drop_pending(struct noc_lua *lua);
/* Numbers the functions below v, a complete top-level node, and names them
 * by path. */
void lua_node_number(struct noc_lua *lua, struct noc_value *v);

#endif
