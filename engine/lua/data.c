/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/lua/lua.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/mem.h"
#include "engine/lua/line.h"
#include "engine/lua/node.h"
#include "engine/lua/scan.h"
#include "engine/lua/state.h"
#include "engine/lua/tree.h"

#define DATA_FILE_MAX (16u << 20)

/* Stack: the chunk.  Its one result becomes lua->result. */
static int
on_data(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	struct lua_convert c = { .lua = lua, .at = "?" };

	lua_call(L, 0, 1);
	if (lua_type(L, -1) != LUA_TTABLE)
		return luaL_error(L, "the file must return one table: return "
				     "{ name = value, ... }");
	lua->loading = false;
	lua_value_fill(L, lua_gettop(L), &lua->result, &c, 1);
	return 0;
}

/* What data may say: only secret "x". */
static void
push_data_env(lua_State *L)
{
	lua_newtable(L);
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_ENV_KEY);
	lua_getfield(L, -1, "secret");
	lua_remove(L, -2);
	lua_setfield(L, -2, "secret");
	lua_sandbox_seal(L, "");
}

/* "config.lua:3: text" to "text (config.lua:3)". */
static int
data_error(const char *path, const char *text, struct noc_err *err)
{
	const char *p = strstr(text, ": ");
	int line;

	while (p && p > text && p[-1] >= '0' && p[-1] <= '9')
		p--;
	if (p && p > text && p[-1] == ':' && sscanf(p, "%d", &line) == 1)
		return noc_err_set(err, NOC_ECONFIG, "%s (%s:%d)",
				   strstr(p, ": ") + 2, path, line);
	return noc_err_set(err, NOC_ECONFIG, "%s (%s)", text, path);
}

static int
data_run(struct noc_lua *lua, const char *path, const char *text, size_t len,
	 struct noc_err *err)
{
	lua_State *L = lua->L;
	struct noc_err inner;
	char *chunk = noc_asprintf("@%s", path);
	int rc;

	rc = luaL_loadbufferx(L, text, len, chunk, "t");
	free(chunk);
	if (rc)
		return data_error(path, lua_tostring(L, -1), err);
	lua_line_read(lua, path, text, len);
	push_data_env(L);
	lua_setupvalue(L, -2, 1);
	lua_pushcfunction(L, on_data);
	lua_insert(L, -2);
	lua->loading = true;
	rc = lua_state_pcall(lua, 1, 0, &inner);
	lua->loading = false;
	if (lua->nerrors) {
		lua->errors.p[strcspn(lua->errors.p, "\n")] = 0;
		return noc_err_set(err, NOC_ECONFIG, "%s", lua->errors.p);
	}
	if (rc)
		return data_error(path, inner.msg, err);
	return 0;
}

int
noc_lua_data_text(const char *path, const char *text, size_t len,
		  struct noc_value **out, struct noc_err *err)
{
	struct noc_lua *lua = lua_state_new();
	int rc;

	lua_budget_begin(lua, &lua_limits_data);
	rc = data_run(lua, path, text, len, err);
	lua_budget_end(lua);
	if (!rc) {
		*out = lua->result;
		lua->result = NULL;
	}
	lua_state_free(lua);
	return rc;
}

int
noc_lua_data(const char *path, struct noc_value **out, struct noc_err *err)
{
	char *text;
	size_t len;
	int rc = lua_tree_read_file(path, DATA_FILE_MAX, &text, &len, err);

	if (rc)
		return rc;
	rc = noc_lua_data_text(path, text, len, out, err);
	free(text);
	return rc;
}

struct find {
	const char *key;
	int line;
};

static void
on_find_key(const char *path, int line, void *arg)
{
	struct find *f = arg;

	if (!f->line && !strcmp(path, f->key))
		f->line = line;
}

int
noc_lua_data_line(const char *text, size_t len, const char *key)
{
	struct find f = { key, 0 };
	const struct lua_scan_ops scan = { .on_key = on_find_key, .arg = &f };

	lua_scan(text, len, &scan);
	return f.line;
}
