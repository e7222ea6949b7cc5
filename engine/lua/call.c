/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/lua/lua.h"

#include <string.h>

#include <lauxlib.h>

#include "engine/lua/node.h"
#include "engine/lua/state.h"

void
noc_lua_define(struct noc_lua *lua, const struct noc_table *defined)
{
	lua->defined = defined;
	lua_view_forget(lua);
}

/* Stack: function, whether only its truth is wanted. */
static int
on_call(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	bool truth = lua_toboolean(L, 2);
	struct lua_convert c = { .lua = lua, .at = "?" };

	lua_settop(L, 1);
	lua_view_push_scope(lua);
	lua_call(L, 1, 1);
	if (truth) {
		lua->result = noc_value_bool(lua_toboolean(L, -1));
		return 0;
	}
	lua_value_fill(L, lua_gettop(L), &lua->result, &c, 1);
	return 0;
}

/* Lua says "file:line: what"; people read "what (file:line)". */
static void
split_position(const char *text, const char **what, int *at_len)
{
	const char *p = strstr(text, ": ");
	const char *q;

	*what = text;
	*at_len = 0;
	if (!p || p == text)
		return;
	for (q = p; q > text && q[-1] >= '0' && q[-1] <= '9';)
		q--;
	if (q == p || q == text || q[-1] != ':')
		return;
	*what = p + 2;
	*at_len = (int)(p - text);
}

static int
call(struct noc_lua *lua, int fn, const struct noc_scope *scope, bool truth,
     struct noc_err *err)
{
	lua_State *L = lua->L;
	struct noc_err inner;
	const char *what;
	int rc, at_len, top = lua_gettop(L);

	if (fn < 0 || (size_t)fn >= lua->nfns)
		return noc_err_set(err, NOC_EBUG,
				   "There is no rule function number %d.", fn);
	/* A rule's function cannot reach here again: it starts nothing. */
	NOC_REQUIRE(!lua->scope);
	lua->scope = scope;
	lua->view++;
	lua_pushcfunction(L, on_call);
	lua_rawgeti(L, LUA_REGISTRYINDEX, lua->fns[fn].ref);
	lua_pushboolean(L, truth);
	lua_budget_begin(lua, &lua_limits_call);
	rc = lua_state_pcall(lua, 2, 0, &inner);
	lua_budget_end(lua);
	lua->scope = NULL;
	NOC_REQUIRE(lua_gettop(L) == top);
	if (!rc)
		return 0;
	noc_value_free(lua->result);
	lua->result = NULL;
	split_position(inner.msg, &what, &at_len);
	if (at_len)
		return noc_err_set(err, rc, "function %s: %s (%.*s)",
				   lua->fns[fn].path, what, at_len, inner.msg);
	return noc_err_set(err, rc, "function %s: %s (%s)", lua->fns[fn].path,
			   what, lua->fns[fn].at);
}

int
noc_lua_call(struct noc_lua *lua, int fn, const struct noc_scope *scope,
	     struct noc_value **result, struct noc_err *err)
{
	int rc = call(lua, fn, scope, false, err);

	if (rc)
		return rc;
	*result = lua->result;
	lua->result = NULL;
	return 0;
}

int
noc_lua_test(struct noc_lua *lua, int fn, const struct noc_scope *scope,
	     bool *result, struct noc_err *err)
{
	int rc = call(lua, fn, scope, true, err);

	if (rc)
		return rc;
	*result = noc_value_truthy(lua->result);
	noc_value_free(lua->result);
	lua->result = NULL;
	return 0;
}
