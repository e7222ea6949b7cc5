/* SPDX-License-Identifier: ISC */
/*
 * The `table` library of rule files.  Plain tables only (a metatable could
 * answer with any length), all work counted before it is done.
 */
#include "config.h"

#include <lauxlib.h>
#include <lualib.h>

#include "engine/lua/state.h"

/* More values than this are not put on the stack. */
#define UNPACK_MAX 4096

static lua_Integer
check_table(lua_State *L, int arg, const char *name)
{
	luaL_checktype(L, arg, LUA_TTABLE);
	if (lua_getmetatable(L, arg))
		luaL_error(L,
			   "%s takes plain tables, and this has a "
			   "metatable",
			   name);
	return (lua_Integer)lua_rawlen(L, arg);
}

/* Work for n elements from i to j without overflow; n < 0 is none. */
static void
charge_range(lua_State *L, lua_Integer i, lua_Integer j, int64_t each)
{
	lua_Unsigned n;

	if (i > j)
		return;
	n = (lua_Unsigned)j - (lua_Unsigned)i + 1;
	if (n == 0 || n > (lua_Unsigned)INT64_MAX / 64)
		n = (lua_Unsigned)INT64_MAX / 64;
	lua_budget_charge(L, (int64_t)n * each);
}

static int
call_stock(lua_State *L, int nresults)
{
	int nargs = lua_gettop(L);

	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, nargs, nresults);
	return lua_gettop(L);
}

static int
tab_insert(lua_State *L)
{
	lua_Integer n = check_table(L, 1, "table.insert");

	lua_budget_charge(L, 1);
	if (lua_gettop(L) == 3)
		charge_range(L, luaL_checkinteger(L, 2), n, 1);
	return call_stock(L, 0);
}

static int
tab_remove(lua_State *L)
{
	lua_Integer n = check_table(L, 1, "table.remove");

	lua_budget_charge(L, 1);
	if (!lua_isnoneornil(L, 2))
		charge_range(L, luaL_checkinteger(L, 2), n, 1);
	return call_stock(L, 1);
}

static int
tab_move(lua_State *L)
{
	check_table(L, 1, "table.move");
	if (!lua_isnoneornil(L, 5))
		check_table(L, 5, "table.move");
	charge_range(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), 1);
	return call_stock(L, 1);
}

static int
tab_unpack(lua_State *L)
{
	const struct noc_value *v;
	lua_Integer n, i, j;

	if (lua_view_value(L, 1, &v))
		n = luaL_len(L, 1);
	else
		n = check_table(L, 1, "table.unpack");
	i = luaL_optinteger(L, 2, 1);
	j = luaL_optinteger(L, 3, n);
	if (i > j)
		return 0;
	if ((lua_Unsigned)j - (lua_Unsigned)i >= UNPACK_MAX)
		return luaL_error(L, "table.unpack gives at most %d values",
				  UNPACK_MAX);
	charge_range(L, i, j, 1);
	luaL_checkstack(L, (int)(j - i + 1), "table.unpack");
	for (lua_Integer k = i; k < j; k++)
		lua_geti(L, 1, k);
	lua_geti(L, 1, j);
	return (int)(j - i + 1);
}

static int
tab_concat(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	size_t sep_len, total = 0, len;
	const char *sep = luaL_optlstring(L, 2, "", &sep_len);
	const struct noc_value *v;
	lua_Integer n, i, j;
	luaL_Buffer b;

	if (lua_view_value(L, 1, &v))
		n = luaL_len(L, 1);
	else
		n = check_table(L, 1, "table.concat");
	i = luaL_optinteger(L, 3, 1);
	j = luaL_optinteger(L, 4, n);
	luaL_buffinit(L, &b);
	for (; i <= j; i++) {
		lua_budget_charge(L, 2);
		lua_geti(L, 1, i);
		if (!lua_isstring(L, -1))
			return luaL_error(L,
					  "table.concat: position %I is a %s",
					  (LUAI_UACINT)i, luaL_typename(L, -1));
		lua_tolstring(L, -1, &len);
		total += len + sep_len;
		if (lua->budget.active && total > lua->budget.limits.string)
			return luaL_error(L, "the result of table.concat is "
					     "too long");
		luaL_addvalue(&b);
		if (i == j)
			break; /* j may be the largest integer */
		luaL_addlstring(&b, sep, sep_len);
	}
	luaL_pushresult(&b);
	return 1;
}

/*
 * Between the stock sort and the order function: each comparison is counted,
 * because no hook runs when both sides are C.  Upvalue 1: the function.
 */
static int
sort_less(lua_State *L)
{
	size_t a = lua_type(L, 1) == LUA_TSTRING ? lua_rawlen(L, 1) : 0;
	size_t b = lua_type(L, 2) == LUA_TSTRING ? lua_rawlen(L, 2) : 0;

	lua_budget_charge(L, 4 + (int64_t)((a < b ? a : b) / 32));
	if (lua_isnil(L, lua_upvalueindex(1))) {
		lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
		return 1;
	}
	lua_settop(L, 2);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 2, 1);
	return 1;
}

static int
tab_sort(lua_State *L)
{
	lua_Integer n = check_table(L, 1, "table.sort");

	if (!lua_isnoneornil(L, 2))
		luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_settop(L, 2);
	lua_budget_charge(L, n);
	lua_pushcclosure(L, sort_less, 1);
	return call_stock(L, 0);
}

static int
tab_pack(lua_State *L)
{
	lua_budget_charge(L, lua_gettop(L));
	return call_stock(L, 1);
}

void
lua_table_open(lua_State *L)
{
	static const luaL_Reg wrapped[] = {
		{ "insert", tab_insert }, { "remove", tab_remove },
		{ "move", tab_move },	  { "sort", tab_sort },
		{ "pack", tab_pack },	  { NULL, NULL }
	};
	static const luaL_Reg own[] = { { "unpack", tab_unpack },
					{ "concat", tab_concat },
					{ NULL, NULL } };
	int stock;

	luaopen_table(L);
	stock = lua_gettop(L);
	lua_newtable(L);
	luaL_setfuncs(L, own, 0);
	for (const luaL_Reg *r = wrapped; r->name; r++) {
		lua_getfield(L, stock, r->name);
		lua_pushcclosure(L, r->func, 1);
		lua_setfield(L, -2, r->name);
	}
	lua_remove(L, stock);
	lua_sandbox_seal(L, "table");
}
