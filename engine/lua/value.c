/* SPDX-License-Identifier: ISC */
/*
 * Lua values into the plain data of the AST (engine/lua/lua.h).  Every piece is
 * hung in its place before it is filled, so an error raised half way leaks
 * nothing.
 */
#include "config.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/mem.h"
#include "engine/lua/node.h"
#include "engine/lua/state.h"

#define KEY_MAX 256

/* While loading: one more error of the report.  At run time: raised. */
__attribute__((format(printf, 3, 4))) static void
complain(lua_State *L, struct lua_convert *c, const char *fmt, ...)
{
	char text[512], label[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!c->lua->loading)
		luaL_error(L, "%s", text);
	if (c->node)
		c->node->wrong = true;
	if (c->node)
		lua_state_report(c->lua, "%s, in %s (%s)", text,
				 lua_node_label(c->node, label, sizeof(label)),
				 c->at);
	else
		lua_state_report(c->lua, "%s (%s)", text, c->at);
}

void
lua_value_count(lua_State *L, int64_t n)
{
	struct lua_budget *b = &lua_state_of(L)->budget;

	b->values_left -= n;
	if (b->active && b->values_left < 0 && b->spent == LUA_SPENT_NONE)
		b->spent = LUA_SPENT_VALUES;
	lua_budget_charge(L, n);
}

static void
count_values(lua_State *L, struct lua_convert *c, int64_t n)
{
	c->made += n;
	lua_value_count(L, n);
}

/* Counted before they are copied. */
static void
count_copy(lua_State *L, struct lua_convert *c, const struct noc_value *v)
{
	size_t n = noc_value_len(v);

	count_values(L, c, 1);
	if (v->type == NOC_STR)
		count_values(L, c, (int64_t)(v->u.s.len / 64));
	else if (v->type == NOC_LIST)
		for (size_t i = 0; i < n; i++)
			count_copy(L, c, v->u.list.at[i]);
	else if (v->type == NOC_MAP)
		for (size_t i = 0; i < n; i++)
			count_copy(L, c, v->u.map.at[i].value);
}

struct noc_value **
lua_value_member(struct noc_value *map, const char *key, size_t len)
{
	struct noc_member *m;

	if (map->u.map.len == map->cap)
		noc_value_reserve(map, 2 * map->cap + 4);
	m = &map->u.map.at[map->u.map.len++];
	m->key = noc_strndup(key, len);
	m->value = NULL;
	return &m->value;
}

static struct noc_value *
new_node(const char *node, size_t members)
{
	struct noc_value *v = noc_value_map();

	noc_value_reserve(v, members);
	*lua_value_member(v, "node", 4) = noc_value_str(node);
	return v;
}

/* The temporary number of the function at idx, the same for the same one. */
static int64_t
number_temp(lua_State *L, int idx, struct noc_lua *lua)
{
	struct lua_temp *t;
	lua_Debug ar;
	int64_t number;
	int ref;

	lua_getfield(L, LUA_REGISTRYINDEX, LUA_FUNCTIONS_KEY);
	lua_pushvalue(L, idx);
	if (lua_rawget(L, -2) == LUA_TNUMBER) {
		number = lua_tointeger(L, -1);
		lua_pop(L, 2);
		return number;
	}
	lua_pop(L, 1);
	number = -1 - (int64_t)lua->ntemps;
	lua_pushvalue(L, idx);
	lua_pushinteger(L, number);
	lua_rawset(L, -3);
	lua_pop(L, 1);
	lua_pushvalue(L, idx);
	ref = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_pushvalue(L, idx);
	lua_getinfo(L, ">S", &ar);
	NOC_GROW(lua->temps, lua->temps_cap, lua->ntemps + 1);
	t = &lua->temps[lua->ntemps++];
	t->ref = ref;
	t->number = -1;
	t->at = noc_asprintf("%.100s:%d", ar.source + (*ar.source == '@'),
			     ar.linedefined);
	return number;
}

static void
fill_function(lua_State *L, int idx, struct noc_value **slot,
	      struct lua_convert *c)
{
	int64_t number;

	if (!c->lua->loading) {
		complain(L, c, "a function cannot be part of a result");
		return;
	}
	number = number_temp(L, idx, c->lua);
	*slot = new_node("function", 3);
	*lua_value_member(*slot, "fn", 2) = noc_value_int(number);
	c->fns++;
}

/*
 * A node moves into the first tree that uses it, which then stays alive as
 * long as the node does; later uses copy.
 */
static void
fill_node(lua_State *L, int idx, struct lua_node *n, struct noc_value **slot,
	  struct lua_convert *c, int depth)
{
	lua_node_finish(c->lua, n);
	if (depth + n->depth > LUA_DEPTH_MAX)
		luaL_error(L, "tables and nodes are nested too deeply");
	if (depth + n->depth > c->deepest)
		c->deepest = depth + n->depth;
	c->fns += n->fns;
	count_values(L, c, n->size);
	if (!n->owned || n->constant || !c->owner) {
		*slot = noc_value_copy(n->v);
		return;
	}
	lua_pushvalue(L, c->owner);
	lua_setiuservalue(L, idx, 1);
	*slot = n->v;
	n->owned = false;
}

struct shape {			/* what keys a table has */
	lua_Integer count, max; /* positions */
	size_t keys;
	bool node_key; /* a key called "node" */
	bool bad;
};

static int
member_cmp(const void *a, const void *b)
{
	return strcmp(((const struct noc_member *)a)->key,
		      ((const struct noc_member *)b)->key);
}

/* Of the option "key" of the node that is built: { [404] = ... }. */
static bool
has_numbers(const struct lua_convert *c, const char *key, int depth)
{
	const struct noc_option *o =
	    c->node && depth == 2 ? c->node->schema->options : NULL;

	for (; o && o->name; o++)
		if (!strcmp(o->name, key))
			return o->type == NOC_OPT_CLASSES;
	return false;
}

static void
sort_members(struct noc_value *map)
{
	if (map->u.map.len > 1)
		qsort(map->u.map.at, map->u.map.len, sizeof(*map->u.map.at),
		      member_cmp);
}

/* Keys that are numbers, or texts of them, as texts. */
static void
fill_numbers(lua_State *L, int idx, struct noc_value **slot,
	     struct lua_convert *c, int depth)
{
	struct noc_value *map = *slot = noc_value_map();
	char key[32];

	lua_pushnil(L);
	while (lua_next(L, idx)) {
		if (lua_isinteger(L, -2))
			snprintf(key, sizeof(key), "%lld",
				 (long long)lua_tointeger(L, -2));
		else if (lua_type(L, -2) == LUA_TSTRING)
			snprintf(key, sizeof(key), "%s", lua_tostring(L, -2));
		else
			snprintf(key, sizeof(key), "%s", luaL_typename(L, -2));
		if (noc_value_get(map, key))
			complain(L, c, "%s is there twice", key);
		else
			lua_value_fill(L, lua_gettop(L),
				       lua_value_member(map, key, strlen(key)),
				       c, depth + 1);
		lua_pop(L, 1);
	}
	sort_members(map);
}

/* String keys in sorted order: Lua's own differs from run to run. */
static void
fill_opts(lua_State *L, int idx, const struct shape *s, struct noc_value **slot,
	  struct lua_convert *c, int depth)
{
	struct noc_value *map = *slot = noc_value_map();

	if (s->keys)
		noc_value_reserve(map, s->keys);
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		if (lua_type(L, -2) == LUA_TSTRING) {
			size_t len;
			const char *key = lua_tolstring(L, -2, &len);

			if (len == 0 || len > KEY_MAX || strlen(key) != len)
				complain(L, c,
					 "a key is empty, too long or "
					 "holds a zero byte");
			else {
				c->numbers = has_numbers(c, key, depth);
				lua_value_fill(L, lua_gettop(L),
					       lua_value_member(map, key, len),
					       c, depth + 1);
				c->numbers = false;
			}
		}
		lua_pop(L, 1);
	}
	sort_members(map);
}

static void
find_shape(lua_State *L, int idx, struct shape *s, struct lua_convert *c)
{
	memset(s, 0, sizeof(*s));
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		lua_pop(L, 1);
		/* Only the clock: values are counted where they are made. */
		lua_budget_charge(L, 0);
		if (lua_type(L, -1) == LUA_TSTRING) {
			s->keys++;
			if (!strcmp(lua_tostring(L, -1), "node"))
				s->node_key = true;
		} else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1) {
			s->count++;
			if (lua_tointeger(L, -1) > s->max)
				s->max = lua_tointeger(L, -1);
		} else {
			complain(L, c,
				 "a key is a %s; keys are texts, or "
				 "positions from 1",
				 lua_isnumber(L, -1) ? "number below 1 or with "
						       "a fraction"
						     : luaL_typename(L, -1));
			s->bad = true;
		}
	}
}

static void
fill_items(lua_State *L, int idx, const struct shape *s,
	   struct noc_value **slot, struct lua_convert *c, int depth)
{
	struct noc_value *list = *slot = noc_value_list();

	if (s->count != s->max) {
		lua_Integer hole = 1;

		while (lua_rawgeti(L, idx, hole) != LUA_TNIL) {
			lua_pop(L, 1);
			hole++;
		}
		lua_pop(L, 1);
		complain(L, c,
			 "position %lld is empty (nil; is a comma missing?)",
			 (long long)hole);
		noc_value_push(list, new_node("error", 1));
		return;
	}
	noc_value_reserve(list, (size_t)s->count);
	for (lua_Integer i = 1; i <= s->count; i++) {
		size_t at = list->u.list.len++;

		lua_rawgeti(L, idx, i);
		lua_value_fill(L, lua_gettop(L), &list->u.list.at[at], c,
			       depth + 1);
		lua_pop(L, 1);
	}
}

void
lua_value_parts(lua_State *L, int idx, struct noc_value *map,
		struct lua_convert *c, int depth)
{
	struct shape s;

	find_shape(L, idx, &s, c);
	if (s.count)
		fill_items(L, idx, &s, lua_value_member(map, "items", 5), c,
			   depth + 1);
	if (s.keys)
		fill_opts(L, idx, &s, lua_value_member(map, "opts", 4), c,
			  depth + 1);
}

static void
fill_table(lua_State *L, int idx, struct noc_value **slot,
	   struct lua_convert *c, int depth)
{
	struct shape s;

	if (depth > LUA_DEPTH_MAX)
		luaL_error(L, "tables are nested too deeply, or one contains "
			      "itself");
	luaL_checkstack(L, 8, "nested tables");
	if (c->numbers) {
		c->numbers = false;
		fill_numbers(L, idx, slot, c, depth);
		return;
	}
	find_shape(L, idx, &s, c);
	if (s.count && !s.keys) {
		fill_items(L, idx, &s, slot, c, depth);
	} else if (!s.count && !s.node_key) {
		fill_opts(L, idx, &s, slot, c, depth);
	} else {
		*slot = new_node("table", 3);
		lua_value_parts(L, idx, *slot, c, depth);
	}
}

static void
fill_userdata(lua_State *L, int idx, struct noc_value **slot,
	      struct lua_convert *c, int depth)
{
	struct lua_node *n = lua_node_test(L, idx);
	const struct noc_value *v;

	if (n) {
		fill_node(L, idx, n, slot, c, depth);
	} else if (lua_view_value(L, idx, &v)) {
		if (v)
			count_copy(L, c, v);
		*slot = v ? noc_value_copy(v) : noc_value_nil();
	} else {
		if (!lua_node_is_poison(L, idx))
			complain(L, c, "a %s is no plain data",
				 luaL_typename(L, idx));
		*slot = new_node("error", 1);
	}
}

static void
fill_number(lua_State *L, int idx, struct noc_value **slot,
	    struct lua_convert *c)
{
	if (lua_isinteger(L, idx)) {
		*slot = noc_value_int(lua_tointeger(L, idx));
	} else if (isfinite(lua_tonumber(L, idx))) {
		*slot = noc_value_real(lua_tonumber(L, idx));
	} else {
		complain(L, c, "a number is infinite or not a number");
		*slot = noc_value_nil();
	}
}

void
lua_value_fill(lua_State *L, int idx, struct noc_value **slot,
	       struct lua_convert *c, int depth)
{
	size_t len;
	const char *p;

	count_values(L, c, 1);
	if (depth > c->deepest)
		c->deepest = depth;
	switch (lua_type(L, idx)) {
	case LUA_TNIL:
		*slot = noc_value_nil();
		break;
	case LUA_TBOOLEAN:
		*slot = noc_value_bool(lua_toboolean(L, idx));
		break;
	case LUA_TNUMBER:
		fill_number(L, idx, slot, c);
		break;
	case LUA_TSTRING:
		p = lua_tolstring(L, idx, &len);
		count_values(L, c, (int64_t)(len / 64));
		*slot = noc_value_strn(p, len);
		break;
	case LUA_TTABLE:
		fill_table(L, idx, slot, c, depth);
		break;
	case LUA_TFUNCTION:
		fill_function(L, idx, slot, c);
		break;
	default:
		fill_userdata(L, idx, slot, c, depth);
	}
}
