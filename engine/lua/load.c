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
#include "engine/lua/state.h"
#include "engine/lua/tree.h"

/* ---- errors ---- */

#define REPORT_MAX 400 /* of what Lua says: it quotes a whole long string */

/* "rules/x.lua:3: text" becomes "text (rules/x.lua:3)". */
static void
report_lua(struct noc_lua *lua, const struct lua_file *f, const char *text)
{
	const char *path = f->source->path, *hint = "", *p;
	size_t n = strlen(path);
	int line = 0, used = 0;

	if (strstr(text, "' expected") && strstr(text, "near "))
		hint = "; is a comma missing before it?";
	/* Lua shortens a long path from the left. */
	p = strncmp(text, path, n) ? strstr(text, ".lua:") : text + n;
	if (p && p > text && !strncmp(p, ".lua", 4))
		p += 4;
	if (p && sscanf(p, ":%d: %n", &line, &used) == 1 && used)
		lua_state_report(lua, "%.*s (%s:%d)%s", REPORT_MAX, p + used,
				 path, lua_line_first(lua, path, line), hint);
	else
		lua_state_report(lua, "%.*s (%s)%s", REPORT_MAX, text, path,
				 hint);
}

/* ---- one file ---- */

/* Leaves its value on the stack, or poison. */
static void
load_file(struct noc_lua *lua, struct lua_file *f)
{
	lua_State *L = lua->L;
	struct noc_err err;
	const char *outer = lua->file;
	char *chunk = noc_asprintf("@%s", f->source->path);
	int rc;

	f->state = LUA_FILE_LOADING;
	lua->file = f->source->path;
	rc = luaL_loadbufferx(L, f->source->text, f->source->len, chunk, "t");
	free(chunk);
	if (rc == LUA_ERRMEM || (rc && lua->budget.spent)) {
		lua->budget.spent = LUA_SPENT_MEMORY;
		lua_pop(L, 1);
	} else if (rc) {
		report_lua(lua, f, lua_tostring(L, -1));
		lua_pop(L, 1);
	} else {
		lua_line_read(lua, f->source->path, f->source->text,
			      f->source->len);
		lua_getfield(L, LUA_REGISTRYINDEX, LUA_ENV_KEY);
		lua_setupvalue(L, -2, 1);
		rc = lua_state_pcall(lua, 0, 1, &err);
		if (rc)
			report_lua(lua, f, err.msg);
	}
	if (rc) {
		f->lost = true;
		lua_node_drop_pending(lua);
		lua_node_push_poison(L);
	}
	f->state = LUA_FILE_DONE;
	lua->file = outer;
	lua_pushvalue(L, -1);
	f->ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* A file of the tree, by its place in its folder, else with the name of that
 * folder in front: rules/lib is "lib", also when only that is loaded. */
static struct lua_file *
required(struct noc_lua *lua, const char *rel)
{
	for (size_t i = 0; i < lua->nfiles; i++)
		if (!strcmp(lua->files[i].rel, rel))
			return &lua->files[i];
	for (size_t i = 0; i < lua->nfiles; i++)
		if (!strcmp(lua->files[i].source->path, rel))
			return &lua->files[i];
	return NULL;
}

/* `require "lib.cisco"`: a file of the tree, run once. */
static int
on_require(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	const char *name = luaL_checkstring(L, 1);
	char rel[256], at[128], budget[96];
	struct lua_file *f;

	if (!lua->loading)
		return luaL_error(L, "require is only possible while files "
				     "are loaded");
	snprintf(rel, sizeof(rel) - 4, "%s", name);
	for (char *p = rel; *p; p++)
		if (*p == '.')
			*p = '/';
	strcat(rel, ".lua");
	f = required(lua, rel);
	if (f) {
		if (f->state == LUA_FILE_LOADING)
			return luaL_error(L, "'%s' requires itself", name);
		if (f->state == LUA_FILE_DONE)
			lua_rawgeti(L, LUA_REGISTRYINDEX, f->ref);
		else
			load_file(lua, f);
		if (lua->budget.spent != LUA_SPENT_NONE)
			return luaL_error(
			    L, "%s",
			    lua_budget_text(lua, budget, sizeof(budget)));
		return 1;
	}
	lua_state_at(L, at, sizeof(at), "?");
	lua_state_report(lua,
			 "require '%.80s' (%s): there is no %.200s in the rule "
			 "tree",
			 name, at, rel);
	lua_node_push_poison(L);
	return 1;
}

/* ---- all files ---- */

/* Protected: what is done here may raise. */
static int
on_load_all(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);

	for (size_t i = 0; i < lua->nfiles; i++) {
		struct lua_file *f = &lua->files[i];

		if (f->state == LUA_FILE_NEW) {
			load_file(lua, f);
			lua_settop(L, 0);
			lua_node_finish_pending(lua);
		}
		if (lua->budget.spent != LUA_SPENT_NONE) {
			char text[96];

			return luaL_error(
			    L, "%s %s", f->source->path,
			    lua_budget_text(lua, text, sizeof(text)));
		}
	}
	return 0;
}

static void
add_require(lua_State *L)
{
	/* Behind the seal: the real table is the view's __index. */
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_ENV_KEY);
	lua_getmetatable(L, -1);
	lua_getfield(L, -1, "__index");
	lua_pushliteral(L, "require");
	lua_pushcfunction(L, on_require);
	lua_rawset(L, -3);
	lua_pop(L, 3);
}

/* Functions no top-level node holds are let go. */
static void
drop_temps(struct noc_lua *lua)
{
	for (size_t i = 0; i < lua->ntemps; i++)
		if (lua->temps[i].number < 0)
			luaL_unref(lua->L, LUA_REGISTRYINDEX,
				   lua->temps[i].ref);
}

static void
keep_mistakes(struct noc_lua *lua, struct noc_lua_tree *tree)
{
	tree->nmistakes = lua->nerrors;
	tree->cut = lua->budget.spent != LUA_SPENT_NONE ||
		    lua->nerrors > LUA_ERRORS_MAX;
	/* One a line, none after the last. */
	if (lua->errors.len)
		lua->errors.p[--lua->errors.len] = 0;
	tree->mistakes = noc_strbuf_detach(&lua->errors, NULL);
	tree->lost = lua->lost;
	memset(&lua->lost, 0, sizeof(lua->lost));
}

/* Takes the tree's sources. */
static struct noc_lua_tree *
load_tree(struct lua_tree *t)
{
	struct noc_lua *lua = lua_state_new();
	struct noc_lua_tree *tree;
	struct noc_err inner;

	lua->files = noc_calloc(t->nfiles + 1, sizeof(*lua->files));
	lua->nfiles = t->nfiles;
	for (size_t i = 0; i < t->nfiles; i++) {
		lua->files[i].source = &t->files[i].source;
		lua->files[i].rel = t->files[i].rel;
		lua->files[i].dir = t->files[i].dir;
		lua->files[i].ref = LUA_NOREF;
	}
	add_require(lua->L);
	lua->loading = true;
	lua_newtable(lua->L);
	lua_setfield(lua->L, LUA_REGISTRYINDEX, LUA_FUNCTIONS_KEY);
	/* Nearly all of it is garbage soon, and all of it goes at the end. */
	lua_gc(lua->L, LUA_GCINC, 400, 100, 13);
	lua_budget_begin(lua, &lua_limits_load);
	lua_pushcfunction(lua->L, on_load_all);
	if (lua_state_pcall(lua, 0, 0, &inner) && !lua->nerrors)
		lua_state_report(lua, "loading %s", inner.msg);
	lua_budget_end(lua);
	lua_node_finish_pending(lua);
	lua->loading = false;
	drop_temps(lua);
	tree = noc_calloc(1, sizeof(*tree));
	tree->lua = lua;
	tree->nodes = lua->nodes;
	lua->nodes = NULL;
	tree->nsources = t->nfiles;
	tree->sources = noc_calloc(t->nfiles + 1, sizeof(*tree->sources));
	for (size_t i = 0; i < t->nfiles; i++) {
		tree->sources[i] = t->files[i].source;
		tree->sources[i].lost = lua->files[i].lost;
		memset(&t->files[i].source, 0, sizeof(t->files[i].source));
	}
	lua_tree_hash(tree->sources, tree->nsources, tree->hash);
	if (lua->nerrors)
		keep_mistakes(lua, tree);
	lua_state_end_load(lua);
	lua_pushnil(lua->L);
	lua_setfield(lua->L, LUA_REGISTRYINDEX, LUA_FUNCTIONS_KEY);
	lua_gc(lua->L, LUA_GCCOLLECT);
	lua_gc(lua->L, LUA_GCINC, 200, 100, 13);
	lua->budget.floor = lua->budget.used;
	return tree;
}

int
noc_lua_read(const char *const *dirs, size_t ndirs, bool tests,
	     struct noc_lua_tree **out, struct noc_err *err)
{
	struct lua_tree t = { 0 };
	int rc = lua_tree_read(&t, dirs, ndirs, tests, err);

	if (!rc)
		*out = load_tree(&t);
	lua_tree_release(&t);
	return rc;
}

struct noc_lua_tree *
noc_lua_read_text(const char *path, const char *text, size_t len)
{
	struct lua_tree t = { .files = noc_calloc(1, sizeof(*t.files)),
			      .nfiles = 1 };
	struct noc_lua_tree *tree;

	t.files[0].rel = noc_strdup(path);
	t.files[0].source.path = noc_strdup(path);
	t.files[0].source.text = noc_strndup(text, len);
	t.files[0].source.len = len;
	tree = load_tree(&t);
	lua_tree_release(&t);
	return tree;
}

bool
noc_lua_tree_lost(const struct noc_lua_tree *tree, const char *name)
{
	bool lost = noc_table_get(&tree->lost, name) != NULL;

	for (size_t i = 0; !lost && i < tree->nsources; i++)
		lost = tree->sources[i].lost &&
		       strstr(tree->sources[i].text, name);
	return lost;
}

char *
noc_lua_tree_json(const struct noc_lua_tree *tree)
{
	return lua_tree_json(tree->sources, tree->nsources);
}

int
noc_lua_load_json(const char *json, const uint8_t hash[32],
		  struct noc_lua_tree **out, struct noc_err *err)
{
	struct lua_tree t = { 0 };
	int rc = lua_tree_read_json(&t, json, hash, err);

	if (!rc)
		*out = load_tree(&t);
	lua_tree_release(&t);
	if (rc || !(*out)->nmistakes)
		return rc;
	rc =
	    noc_err_set(err, NOC_ECONFIG, "%.*s",
			(int)strcspn((*out)->mistakes, "\n"), (*out)->mistakes);
	noc_lua_tree_free(*out);
	*out = NULL;
	return rc;
}

void
noc_lua_tree_free(struct noc_lua_tree *tree)
{
	if (!tree)
		return;
	/* Nodes that functions still hold point into tree->nodes. */
	lua_state_free(tree->lua);
	noc_value_free(tree->nodes);
	for (size_t i = 0; i < tree->nsources; i++) {
		free(tree->sources[i].path);
		free(tree->sources[i].text);
	}
	free(tree->sources);
	free(tree->mistakes);
	noc_table_release(&tree->lost);
	free(tree);
}
