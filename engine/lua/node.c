/* SPDX-License-Identifier: ISC */
/*
 * The constructors of rule files, made from the schema's rows: called with a
 * name they give a node, a node called with a table gives a new node, and
 * what is complete is checked and, at the top, kept.
 */
#include "config.h"

#include "engine/lua/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/mem.h"
#include "engine/lang/ast.h"
#include "engine/lua/state.h"

/* Their addresses are the keys of the metatables in the registry. */
static const char node_key, poison_key;

static bool
has_meta(lua_State *L, int idx, const char *key)
{
	bool same;

	if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx))
		return false;
	lua_rawgetp(L, LUA_REGISTRYINDEX, key);
	same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same;
}

struct lua_node *
lua_node_test(lua_State *L, int idx)
{
	return has_meta(L, idx, &node_key) ? lua_touserdata(L, idx) : NULL;
}

bool
lua_node_is_poison(lua_State *L, int idx)
{
	return has_meta(L, idx, &poison_key);
}

void
lua_node_push_poison(lua_State *L)
{
	lua_newuserdatauv(L, 0, 0);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &poison_key);
	lua_setmetatable(L, -2);
}

/* ---- life ---- */

static void
node_link(struct noc_lua *lua, struct lua_node *n)
{
	n->pending = lua->pending;
	n->pending_at = &lua->pending;
	if (n->pending)
		n->pending->pending_at = &n->pending;
	lua->pending = n;
}

static void
node_unlink(struct lua_node *n)
{
	if (!n->pending_at)
		return;
	*n->pending_at = n->pending;
	if (n->pending)
		n->pending->pending_at = n->pending_at;
	n->pending_at = NULL;
	n->pending = NULL;
}

const char *
lua_node_label(const struct lua_node *n, char *buf, size_t size)
{
	const char *name = noc_value_get_str(n->v, "name", NULL);

	if (name)
		snprintf(buf, size, "%s '%.80s'", n->schema->node, name);
	else
		snprintf(buf, size, "%s", n->schema->node);
	return buf;
}

/* It is left as it is, for those who look for more mistakes. */
static void
node_wrong(struct lua_node *n)
{
	if (!noc_ast_wrong(n->v))
		*lua_value_member(n->v, "wrong", 5) = noc_value_bool(true);
}

static void
node_check(struct noc_lua *lua, struct lua_node *n)
{
	int problems = 0;

	if (lua->nerrors <= LUA_ERRORS_MAX)
		problems = noc_schema_check(n->v, &lua->errors);
	lua->nerrors += (size_t)problems;
	if (problems || n->wrong)
		node_wrong(n);
}

/* There may have been something of this name. */
static void
node_lost(struct noc_lua *lua, const char *name)
{
	if (lua->loading && name && *name)
		noc_table_put(&lua->lost, name, (void *)1);
}

void
lua_node_finish(struct noc_lua *lua, struct lua_node *n)
{
	char label[160];

	if (n->pending_at) {
		node_unlink(n);
		node_lost(lua, noc_ast_name(n->v));
		node_wrong(n);
		lua_state_report(lua, "%s has no body (%s)",
				 lua_node_label(n, label, sizeof(label)),
				 noc_value_get_str(n->v, "at", "?"));
	}
	if (n->unchecked && lua->loading) {
		n->unchecked = false;
		node_check(lua, n);
	}
}

void
lua_node_finish_pending(struct noc_lua *lua)
{
	struct lua_node *list = NULL, *n;

	/* The list is newest first; the report is oldest first. */
	while ((n = lua->pending)) {
		lua->pending = n->pending;
		if (lua->pending)
			lua->pending->pending_at = &lua->pending;
		n->pending = list;
		list = n;
	}
	while ((n = list)) {
		list = n->pending;
		n->pending = NULL;
		lua_node_finish(lua, n);
	}
}

void
lua_node_drop_pending(struct noc_lua *lua)
{
	while (lua->pending)
		node_unlink(lua->pending);
}

static int
node_gc(lua_State *L)
{
	struct lua_node *n = lua_touserdata(L, 1);
	struct noc_lua *lua = lua_state_of(L);

	if (lua->loading)
		lua_node_finish(lua, n);
	node_unlink(n);
	lua->budget.used -= n->bytes;
	if (n->owned)
		noc_value_free(n->v);
	n->v = NULL;
	n->owned = false;
	return 0;
}

/* Pushes an empty node of one kind. */
static struct lua_node *
node_push(lua_State *L, const struct noc_node_schema *schema, const char *at)
{
	struct lua_node *n;

	lua_value_count(L, 3);
	n = lua_newuserdatauv(L, sizeof(*n), 1);
	memset(n, 0, sizeof(*n));
	n->schema = schema;
	n->v = noc_value_map();
	noc_value_reserve(n->v, 5);
	n->owned = true;
	n->size = 3;
	n->depth = 2;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &node_key);
	lua_setmetatable(L, -2);
	*lua_value_member(n->v, "node", 4) = noc_value_str(schema->node);
	*lua_value_member(n->v, "at", 2) = noc_value_str(at);
	return n;
}

/* ---- what is complete ---- */

static void
node_register(struct noc_lua *lua, struct lua_node *n)
{
	const char *name = noc_value_get_str(n->v, "name", "?");
	const char *at = noc_value_get_str(n->v, "at", "?"), *first;
	char key[256];

	snprintf(key, sizeof(key), "%s %.200s", n->schema->node, name);
	first = noc_table_get(&lua->names, key);
	if (first) {
		lua_state_report(lua,
				 "%s '%.80s' is declared twice (%s); the first "
				 "is at %s",
				 n->schema->node, name, at, first);
		return;
	}
	noc_table_put(&lua->names, key, noc_strdup(at));
	if (n->fns)
		lua_node_number(lua, n->v);
	noc_value_push(lua->nodes, n->v);
	n->owned = false;
}

/* What a function makes and keeps is as large as what Lua allocates. */
static void
node_account(struct noc_lua *lua, struct lua_node *n)
{
	if (lua->loading || n->bytes)
		return;
	n->bytes = (size_t)n->size * 64;
	lua->budget.used += n->bytes;
}

static void
node_complete(struct noc_lua *lua, struct lua_node *n)
{
	n->table = true;
	node_account(lua, n);
	if (!lua->loading)
		return;
	node_check(lua, n);
	if (!strcmp(n->schema->family, "top") && noc_value_get(n->v, "name"))
		node_register(lua, n);
}

/* The node on top gets the table (or single value) at idx. */
static void
node_fill(lua_State *L, int idx, int nargs, struct lua_node *n)
{
	struct lua_convert c = { .lua = lua_state_of(L), .node = n };

	c.at = noc_value_get_str(n->v, "at", "?");
	c.owner = lua_gettop(L);
	if (nargs == 1 && lua_type(L, idx) == LUA_TTABLE) {
		lua_value_parts(L, idx, n->v, &c, 1);
	} else {
		struct noc_value *items = noc_value_list();

		*lua_value_member(n->v, "items", 5) = items;
		noc_value_reserve(items, (size_t)nargs);
		for (int i = 0; i < nargs; i++) {
			items->u.list.len++;
			lua_value_fill(L, idx + i, &items->u.list.at[i], &c, 3);
		}
	}
	n->size += c.made;
	n->depth = c.deepest > n->depth ? c.deepest : n->depth;
	n->fns = c.fns;
}

/*
 * either { a = 1, b = 2 } is either { { a = 1 }, { b = 2 } }: a combinator's
 * keys become tables of one key, so that it always holds a list.
 */
static void
node_spread(struct lua_node *n)
{
	struct noc_value *opts = noc_value_get(n->v, "opts");
	struct noc_value *items = noc_value_get(n->v, "items");

	if (!opts)
		return;
	if (!items) {
		items = noc_value_list();
		noc_value_set(n->v, "items", items);
	}
	for (size_t i = 0; i < opts->u.map.len; i++) {
		struct noc_value *one = noc_value_map();

		/* Moved, not copied: nodes point into it. */
		noc_value_reserve(one, 1);
		one->u.map.at[0] = opts->u.map.at[i];
		one->u.map.len = 1;
		noc_value_push(items, one);
	}
	opts->u.map.len = 0;
	noc_value_unset(n->v, "opts");
	n->depth++;
}

/* ---- calls ---- */

static int
refuse(lua_State *L, const char *what, const char *at, const char *text)
{
	struct noc_lua *lua = lua_state_of(L);

	if (lua_type(L, 1) == LUA_TSTRING)
		node_lost(lua, lua_tostring(L, 1));
	if (!lua->loading)
		return luaL_error(L, "%s%s", what, text);
	lua_state_report(lua, "%s%s (%s)", what, text, at);
	lua_node_push_poison(L);
	return 1;
}

static bool
any_poison(lua_State *L, int from, int to)
{
	for (int i = from; i <= to; i++)
		if (lua_node_is_poison(L, i))
			return true;
	return false;
}

static int
construct_named(lua_State *L, const struct noc_node_schema *s, const char *at)
{
	struct noc_lua *lua = lua_state_of(L);
	size_t len;
	const char *name = lua_tolstring(L, 1, &len);
	struct lua_node *n = node_push(L, s, at);

	lua_value_count(L, (int64_t)(len / 64));
	*lua_value_member(n->v, "name", 4) = noc_value_strn(name, len);
	n->size += 1 + (int64_t)(len / 64);
	if (lua_gettop(L) > 2 && lua_type(L, 2) == LUA_TTABLE) {
		/* step("look", { ... }) */
		node_fill(L, 2, 1, n);
		node_complete(lua, n);
	} else {
		node_account(lua, n);
		if (s->bare)
			n->unchecked = true;
		else if (lua->loading)
			node_link(lua, n);
	}
	return 1;
}

/* Upvalue 1: the schema row. */
static int
construct(lua_State *L)
{
	const struct noc_node_schema *s =
	    lua_touserdata(L, lua_upvalueindex(1));
	struct noc_lua *lua = lua_state_of(L);
	int nargs = lua_gettop(L), type = lua_type(L, 1);
	bool values = !strcmp(s->family, "operator");
	struct lua_node *n;
	char at[128];

	lua_budget_charge(L, 8);
	lua_state_at(L, at, sizeof(at), lua->file ? lua->file : "?");
	if (!lua->loading && !strcmp(s->family, "top"))
		return refuse(L, s->node, at,
			      " is only possible while files are loaded");
	if (any_poison(L, 1, nargs)) {
		if (type == LUA_TSTRING)
			node_lost(lua, lua_tostring(L, 1));
		lua_node_push_poison(L);
		return 1;
	}
	if (nargs == 0)
		return refuse(L, s->node, at, " is called with nothing");
	if (type == LUA_TSTRING && s->name != '-')
		return construct_named(L, s, at);
	if (!values && type == LUA_TTABLE && s->name == 'r')
		return refuse(L, s->node, at, " needs a name before its table");
	if (!values && (type != LUA_TTABLE || nargs != 1))
		return refuse(L, s->node, at,
			      s->name == '-' ? " takes one table { ... }"
					     : " takes a name");
	n = node_push(L, s, at);
	node_fill(L, 1, nargs, n);
	if (!strcmp(s->family, "combinator"))
		node_spread(n);
	node_complete(lua, n);
	return 1;
}

/* Of a table that is called, as Lua's own `string`: behind it. */
static int
construct_behind(lua_State *L)
{
	lua_remove(L, 1);
	return construct(L);
}

static int
node_call(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	struct lua_node *n = lua_touserdata(L, 1), *made;
	const struct noc_value *name;
	char at[128], label[160];

	lua_budget_charge(L, 8);
	lua_node_label(n, label, sizeof(label));
	lua_state_at(L, at, sizeof(at), noc_value_get_str(n->v, "at", "?"));
	if (any_poison(L, 2, lua_gettop(L))) {
		node_unlink(n);
		node_lost(lua, noc_ast_name(n->v));
		lua_node_push_poison(L);
		return 1;
	}
	if (n->table || n->constant)
		return refuse(L, label, at,
			      " is already complete: is a comma missing after "
			      "it?");
	if (lua_gettop(L) != 2 || lua_type(L, 2) != LUA_TTABLE) {
		node_unlink(n);
		node_lost(lua, noc_ast_name(n->v));
		return refuse(L, label, at,
			      lua_type(L, 2) == LUA_TSTRING
				  ? " is followed by a text: is a comma "
				    "missing after it?"
				  : " takes one table { ... }");
	}
	made = node_push(L, n->schema, at);
	name = noc_value_get(n->v, "name");
	lua_value_count(L, (int64_t)(name->u.s.len / 64));
	*lua_value_member(made->v, "name", 4) = noc_value_copy(name);
	made->size += 1 + (int64_t)(name->u.s.len / 64);
	node_unlink(n);
	n->unchecked = false;
	node_fill(L, 2, 1, made);
	node_complete(lua, made);
	return 1;
}

static int
node_index(lua_State *L)
{
	char label[160];

	return luaL_error(
	    L, "%s has no fields to read or set",
	    lua_node_label(lua_touserdata(L, 1), label, sizeof(label)));
}

static int
node_tostring(lua_State *L)
{
	char label[160];

	lua_pushstring(
	    L, lua_node_label(lua_touserdata(L, 1), label, sizeof(label)));
	return 1;
}

static int
poison_any(lua_State *L)
{
	lua_node_push_poison(L);
	return 1;
}

/* flwo "x": called by a name, it may have been a flow of that name. */
static int
poison_call(lua_State *L)
{
	if (lua_type(L, 2) == LUA_TSTRING)
		node_lost(lua_state_of(L), lua_tostring(L, 2));
	lua_node_push_poison(L);
	return 1;
}

static int
poison_ignore(lua_State *L)
{
	(void)L;
	return 0;
}

/* ---- opening ---- */

static void
open_metatables(lua_State *L)
{
	static const luaL_Reg node[] = { { "__gc", node_gc },
					 { "__call", node_call },
					 { "__index", node_index },
					 { "__newindex", node_index },
					 { "__tostring", node_tostring },
					 { NULL, NULL } };
	static const char *const poisoned[] = { "__index", "__add", "__sub",
						"__mul",   "__div", "__concat",
						"__len",   "__unm", "__mod",
						"__idiv",  "__pow", "__lt",
						"__le" };

	lua_newtable(L);
	luaL_setfuncs(L, node, 0);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushliteral(L, "node");
	lua_setfield(L, -2, "__name");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &node_key);
	lua_newtable(L);
	for (size_t i = 0; i < NOC_COUNT(poisoned); i++) {
		lua_pushcfunction(L, poison_any);
		lua_setfield(L, -2, poisoned[i]);
	}
	lua_pushcfunction(L, poison_call);
	lua_setfield(L, -2, "__call");
	lua_pushcfunction(L, poison_ignore);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &poison_key);
}

/* Pushes what a row is called by: a function, or a value of its own. */
static void
push_constructor(lua_State *L, const struct noc_node_schema *s)
{
	if (!s->items && s->name == '-' && !strcmp(s->family, "operator")) {
		struct lua_node *n = node_push(L, s, "");

		noc_value_unset(n->v, "at");
		n->constant = true;
		return;
	}
	lua_pushlightuserdata(L, (void *)(uintptr_t)s);
	lua_pushcclosure(L, construct, 1);
}

void
lua_node_open(lua_State *L, int env)
{
	const struct noc_node_schema *s;
	char space[32];
	int spaces;

	open_metatables(L);
	lua_newtable(L);
	spaces = lua_gettop(L);
	for (size_t i = 0; (s = noc_schema_at(i)); i++) {
		const char *dot = strchr(s->node, '.');

		if (!strcmp(s->family, "table") || !strcmp(s->node, "function"))
			continue;
		if (!dot && lua_getfield(L, env, s->node) == LUA_TTABLE) {
			lua_getmetatable(L, -1);
			lua_pushlightuserdata(L, (void *)(uintptr_t)s);
			lua_pushcclosure(L, construct_behind, 1);
			lua_setfield(L, -2, "__call");
			lua_pop(L, 2);
			continue;
		}
		if (!dot) {
			lua_pop(L, 1);
			push_constructor(L, s);
			lua_setfield(L, env, s->node);
			continue;
		}
		snprintf(space, sizeof(space), "%.*s", (int)(dot - s->node),
			 s->node);
		if (lua_getfield(L, spaces, space) != LUA_TTABLE) {
			lua_pop(L, 1);
			lua_newtable(L);
			lua_pushvalue(L, -1);
			lua_setfield(L, spaces, space);
			lua_pushvalue(L, -1);
			lua_sandbox_seal(L, space);
			lua_setfield(L, env, space);
		}
		push_constructor(L, s);
		lua_setfield(L, -2, dot + 1);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}
