/* SPDX-License-Identifier: ISC */
/*
 * What rule files can reach: an allow-list, nothing that tells one process
 * from another (addresses, table order, clocks, randomness), nothing that
 * could catch or outlive a spent budget.
 *
 * Rules give nothing a metatable: Lua resolves a chain of __call in C, runs
 * __close and __gc while an error unwinds, and there no hook counts.  So all
 * metamethods are ours, and each of them charges what it does.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "engine/lua/node.h"
#include "engine/lua/state.h"

/* ---- counted stock functions ---- */

/* Upvalue 1: the stock function.  Charged by the bytes it is given. */
static int
call_counted(lua_State *L)
{
	int top = lua_gettop(L);
	int64_t steps = 1 + top / 4;

	for (int i = 1; i <= top; i++)
		if (lua_type(L, i) == LUA_TSTRING)
			steps += (int64_t)(lua_rawlen(L, i) / 16);
	lua_budget_charge(L, steps);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, top, LUA_MULTRET);
	return lua_gettop(L);
}

void
lua_sandbox_counted(lua_State *L, int from, const char *const *names)
{
	for (; *names; names++) {
		lua_getfield(L, from, *names);
		if (lua_isfunction(L, -1)) {
			lua_pushcclosure(L, call_counted, 1);
			lua_setfield(L, -2, *names);
		} else {
			lua_pop(L, 1);
		}
	}
}

/* Those that are not linear in anything, and constants, as they are. */
static void
add_plain(lua_State *L, int from, const char *const *names)
{
	for (; *names; names++) {
		lua_getfield(L, from, *names);
		lua_setfield(L, -2, *names);
	}
}

/* ---- read-only tables ---- */

static int
sealed_write(lua_State *L)
{
	const char *prefix = lua_tostring(L, lua_upvalueindex(1));
	const char *key =
	    lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
	struct noc_lua *lua = lua_state_of(L);
	char at[128];

	if (!lua->loading)
		return luaL_error(L,
				  *prefix ? "%s.%s cannot be set"
					  : "%sglobal '%s' cannot be set",
				  prefix, key);
	lua_state_at(L, at, sizeof(at), "?");
	if (*prefix) {
		lua_state_report(lua, "'%s.%.80s' cannot be set (%s)", prefix,
				 key, at);
		return 0;
	}
	lua_state_report(lua,
			 "global '%.80s' is set (%s); write 'local %.80s', or "
			 "return it from a file that others require",
			 key, at, key);
	/* Known from here on, so that one slip is one error. */
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_pushvalue(L, 2);
	lua_pushvalue(L, 3);
	lua_rawset(L, -3);
	return 0;
}

/* Names of the table at idx, for did-you-mean. */
static const char *
near_name(lua_State *L, int idx, const char *word)
{
	const char *known[256];
	size_t n = 0;

	lua_pushnil(L);
	while (lua_next(L, idx)) {
		lua_pop(L, 1);
		if (lua_type(L, -1) == LUA_TSTRING && n < NOC_COUNT(known))
			known[n++] = lua_tostring(L, -1);
	}
	/* Each is compared letter by letter. */
	lua_budget_charge(L, (int64_t)(n * 8));
	return noc_suggest(word, known, n);
}

/* What Lua has and rules have not, and what they have instead. */
static const char *
instead_of(const char *name)
{
	static const struct {
		const char *name, *instead;
	} lacks[] = {
		{ "setmetatable", "no metatables here: call a function" },
		{ "getmetatable", "no metatables here: call a function" },
		{ "rawget", "no metatables here: t[k] is as raw" },
		{ "rawset", "no metatables here: t[k] = v is as raw" },
		{ "rawequal", "no metatables here: a == b is as raw" },
		{ "rawlen", "no metatables here: #t is as raw" },
		{ "xpcall", "pcall is here" },
		{ "dofile", "require reads a file of the tree" },
		{ "loadfile", "require reads a file of the tree" },
		{ "os", "no clock and no programs here: time_in, exec" },
		{ "io", "no files here: exec runs what reads them" },
	};

	for (size_t i = 0; i < NOC_COUNT(lacks); i++)
		if (!strcmp(name, lacks[i].name))
			return lacks[i].instead;
	return NULL;
}

/* Upvalues: prefix, the table.  Arguments: the table, the key. */
static int
sealed_unknown(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	const char *prefix = lua_tostring(L, lua_upvalueindex(1));
	const char *dot = *prefix ? "." : "", *key, *meant;
	char at[128], hint[96] = "";

	if (lua_type(L, 2) != LUA_TSTRING)
		return luaL_error(L, "'%s' has no field that is a %s", prefix,
				  luaL_typename(L, 2));
	key = lua_tostring(L, 2);
	lua_pushvalue(L, lua_upvalueindex(2));
	meant = *prefix ? NULL : instead_of(key);
	if (meant)
		snprintf(hint, sizeof(hint), "; %s", meant);
	else if ((meant = near_name(L, lua_gettop(L), key)))
		snprintf(hint, sizeof(hint), "; did you mean '%s%s%s'?", prefix,
			 dot, meant);
	if (!lua->loading)
		return luaL_error(L, "unknown name '%s%s%s'%s", prefix, dot,
				  key, hint);
	lua_state_at(L, at, sizeof(at), "?");
	lua_state_report(lua, "unknown name '%s%s%.80s' (%s)%s", prefix, dot,
			 key, at, hint);
	lua_node_push_poison(L);
	return 1;
}

void
lua_sandbox_seal(lua_State *L, const char *prefix)
{
	int real = lua_gettop(L);

	/* real's own metatable: what is not there. */
	lua_newtable(L);
	lua_pushstring(L, prefix);
	lua_pushvalue(L, real);
	lua_pushcclosure(L, sealed_unknown, 2);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, real);
	/* The empty table that is seen instead. */
	lua_newtable(L);
	lua_newtable(L);
	lua_pushvalue(L, real);
	lua_setfield(L, -2, "__index");
	lua_pushstring(L, prefix);
	lua_pushvalue(L, real);
	lua_pushcclosure(L, sealed_write, 2);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_remove(L, real);
}

/* ---- basic functions ---- */

const char *
lua_sandbox_text(lua_State *L, int idx, size_t *len)
{
	const struct noc_value *v;

	idx = lua_absindex(L, idx);
	if (luaL_callmeta(L, idx, "__tostring"))
		return lua_tolstring(L, -1, len);
	if (lua_view_value(L, idx, &v)) {
		lua_pushliteral(L, "a view");
		return lua_tolstring(L, -1, len);
	}
	switch (lua_type(L, idx)) {
	case LUA_TTABLE:
	case LUA_TFUNCTION:
	case LUA_TUSERDATA:
	case LUA_TLIGHTUSERDATA:
	case LUA_TTHREAD:
		lua_pushstring(L, luaL_typename(L, idx));
		return lua_tolstring(L, -1, len);
	default:
		return luaL_tolstring(L, idx, len);
	}
}

static int
base_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_budget_charge(L, 1);
	lua_sandbox_text(L, 1, NULL);
	return 1;
}

/* A spent budget goes through every pcall. */
static int
base_pcall(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	int status;

	luaL_checkany(L, 1);
	lua_budget_charge(L, 40);
	lua_pushboolean(L, 1);
	lua_insert(L, 1);
	status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
	if (status == LUA_ERRMEM && lua->budget.active &&
	    lua->budget.spent == LUA_SPENT_NONE)
		lua->budget.spent = LUA_SPENT_MEMORY;
	if (lua->budget.spent != LUA_SPENT_NONE) {
		char text[96];

		if (status == LUA_OK)
			luaL_error(L, "%s",
				   lua_budget_text(lua, text, sizeof(text)));
		return lua_error(L);
	}
	if (status == LUA_OK)
		return lua_gettop(L);
	lua_pushboolean(L, 0);
	lua_insert(L, -2);
	return 2;
}

/* ---- pairs in an order that is the same everywhere ---- */

/* Numbers, then strings, then true and false; others as they come. */
static int
key_rank(int type)
{
	return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : 2;
}

static int
key_less(lua_State *L)
{
	int a = lua_type(L, 1), b = lua_type(L, 2);

	lua_budget_charge(L, 4);
	if (key_rank(a) != key_rank(b))
		lua_pushboolean(L, key_rank(a) < key_rank(b));
	else if (key_rank(a) < 2)
		lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
	else
		lua_pushboolean(L,
				a == LUA_TBOOLEAN && b == LUA_TBOOLEAN &&
				    lua_toboolean(L, 1) < lua_toboolean(L, 2));
	return 1;
}

/* Pushes a sorted list of the keys of the table at idx. */
static lua_Integer
push_keys(lua_State *L, int idx)
{
	lua_Integer n = 0;
	int keys;

	lua_newtable(L);
	keys = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		lua_pop(L, 1);
		lua_budget_charge(L, 2);
		lua_pushvalue(L, -1);
		lua_rawseti(L, keys, ++n);
	}
	if (n > 1) {
		lua_pushvalue(L, lua_upvalueindex(1));
		lua_pushvalue(L, keys);
		lua_pushcfunction(L, key_less);
		lua_call(L, 2, 0);
	}
	return n;
}

/* Upvalues: table, keys, position. */
static int
pairs_next(lua_State *L)
{
	lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));

	for (;;) {
		lua_budget_charge(L, 1);
		if (lua_rawgeti(L, lua_upvalueindex(2), ++i) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
		if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
			break;
		lua_pop(L, 2);
	}
	lua_pushinteger(L, i);
	lua_replace(L, lua_upvalueindex(3));
	return 2;
}

/* Upvalue 1: the stock table.sort. */
static int
base_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_settop(L, 1);
	if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		lua_call(L, 1, 3);
		return 3;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	push_keys(L, 1);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, pairs_next, 3);
	return 1;
}

static int
base_next(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (!lua_isnoneornil(L, 2))
		return luaL_error(L, "next(t, k) is not available, its order "
				     "is not always the same; use pairs(t)");
	lua_settop(L, 1);
	if (push_keys(L, 1) == 0)
		return 0;
	lua_rawgeti(L, 2, 1);
	lua_pushvalue(L, -1);
	lua_rawget(L, 1);
	return 2;
}

/* ---- the environment ---- */

static void
open_math(lua_State *L)
{
	static const char *const plain[] = { "pi", "huge", "maxinteger",
					     "mininteger", NULL };
	/* They read numbers out of texts, so they are linear in them. */
	static const char *const counted[] = {
		"abs",	     "acos", "asin",  "atan", "ceil", "cos",
		"deg",	     "exp",  "floor", "fmod", "log",  "max",
		"min",	     "modf", "rad",   "sin",  "sqrt", "tan",
		"tointeger", "type", "ult",   NULL
	};
	int stock;

	luaopen_math(L);
	stock = lua_gettop(L);
	lua_newtable(L);
	lua_sandbox_counted(L, stock, counted);
	add_plain(L, stock, plain);
	lua_remove(L, stock);
	lua_sandbox_seal(L, "math");
}

static void
open_utf8(lua_State *L)
{
	static const char *const plain[] = { "charpattern", NULL };
	static const char *const counted[] = { "char", "codepoint", "len",
					       "offset", NULL };
	int stock;

	luaopen_utf8(L);
	stock = lua_gettop(L);
	lua_newtable(L);
	lua_sandbox_counted(L, stock, counted);
	add_plain(L, stock, plain);
	lua_remove(L, stock);
	lua_sandbox_seal(L, "utf8");
}

static void
open_base(lua_State *L, int env)
{
	/* `error` says where it was called, which a wrapper would hide. */
	static const char *const plain[] = { "assert", "error", "ipairs",
					     "type", NULL };
	static const char *const counted[] = { "tonumber", "select", NULL };
	static const luaL_Reg own[] = { { "tostring", base_tostring },
					{ "pcall", base_pcall },
					{ NULL, NULL } };
	int stock;

	/* luaopen_base fills the globals, which no rule file ever sees. */
	luaopen_base(L);
	stock = lua_gettop(L);
	lua_pushvalue(L, env);
	add_plain(L, stock, plain);
	lua_sandbox_counted(L, stock, counted);
	luaL_setfuncs(L, own, 0);
	luaopen_table(L);
	lua_getfield(L, -1, "sort");
	lua_remove(L, -2);
	lua_pushvalue(L, -1);
	lua_pushcclosure(L, base_pairs, 1);
	lua_setfield(L, -3, "pairs");
	lua_pushcclosure(L, base_next, 1);
	lua_setfield(L, -2, "next");
	lua_pop(L, 2);
	/* Nothing may be found there by mistake. */
	lua_newtable(L);
	lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

void
lua_sandbox_open(lua_State *L)
{
	int env;

	lua_newtable(L);
	env = lua_gettop(L);
	open_base(L, env);
	lua_string_open(L);
	lua_setfield(L, env, "string");
	lua_table_open(L);
	lua_setfield(L, env, "table");
	open_math(L);
	lua_setfield(L, env, "math");
	open_utf8(L);
	lua_setfield(L, env, "utf8");
	lua_view_open(L);
	lua_node_open(L, env);
	lua_sandbox_seal(L, "");
	lua_setfield(L, LUA_REGISTRYINDEX, LUA_ENV_KEY);
}
