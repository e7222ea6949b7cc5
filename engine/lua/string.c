/* SPDX-License-Identifier: ISC */
/*
 * The `string` library of rule files: what the stock one has, minus dump,
 * pack and friends, with all work counted and all results capped.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "engine/lua/pattern.h"
#include "engine/lua/state.h"

static struct noc_slice
check_slice(lua_State *L, int arg)
{
	struct noc_slice s;

	s.p = luaL_checklstring(L, arg, &s.len);
	return s;
}

static void
check_result(lua_State *L, const char *name, size_t len)
{
	struct noc_lua *lua = lua_state_of(L);
	size_t max = lua->budget.limits.string;

	if (lua->budget.active && len > max)
		luaL_error(L, "the result of %s would be longer than %d bytes",
			   name, (int)max);
}

/* Lua's 1-based, from-the-end start position as an offset; past the end: len
 * + 1. */
static size_t
start_offset(lua_Integer init, size_t len)
{
	if (init > 0)
		return (size_t)init - 1;
	if (init == 0)
		return 0;
	return init < -(lua_Integer)len ? 0 : len - (size_t)-init;
}

/* Capture i of a match [s, e), or the whole match when there are none. */
static void
push_capture(struct lua_match *m, int i, const char *s, const char *e)
{
	if (i >= m->level) {
		if (i != 0)
			luaL_error(m->L, "invalid capture index %%%d", i + 1);
		lua_pushlstring(m->L, s, (size_t)(e - s));
	} else if (m->capture[i].len == LUA_CAPTURE_POSITION) {
		lua_pushinteger(m->L, m->capture[i].p - m->src + 1);
	} else if (m->capture[i].len == LUA_CAPTURE_OPEN) {
		luaL_error(m->L, "unfinished capture");
	} else {
		lua_pushlstring(m->L, m->capture[i].p,
				(size_t)m->capture[i].len);
	}
}

/* All captures; the whole match when there are none and s is given. */
static int
push_captures(struct lua_match *m, const char *s, const char *e)
{
	int n = m->level == 0 && s ? 1 : m->level;

	luaL_checkstack(m->L, n, "too many captures");
	for (int i = 0; i < n; i++)
		push_capture(m, i, s, e);
	return n;
}

static int
find_plain(lua_State *L, struct noc_slice src, struct noc_slice pat,
	   size_t init)
{
	const char *hit;

	lua_budget_charge(L, (int64_t)((src.len - init + pat.len) / 16));
	hit = pat.len ? memmem(src.p + init, src.len - init, pat.p, pat.len)
		      : src.p + init;
	if (!hit) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushinteger(L, hit - src.p + 1);
	lua_pushinteger(L, hit - src.p + (lua_Integer)pat.len);
	return 2;
}

static bool
is_plain(struct noc_slice pat)
{
	for (size_t i = 0; i < pat.len; i++)
		if (pat.p[i] && strchr("^$*+?.([%-", pat.p[i]))
			return false;
	return true;
}

static int
find_or_match(lua_State *L, bool find)
{
	struct noc_slice src = check_slice(L, 1), pat = check_slice(L, 2);
	size_t init = start_offset(luaL_optinteger(L, 3, 1), src.len);
	struct lua_match m;
	const char *s, *p = pat.p;
	bool anchored;

	lua_budget_charge(L, 1 + (int64_t)(pat.len / 16));
	if (init > src.len) {
		lua_pushnil(L);
		return 1;
	}
	if (find && (lua_toboolean(L, 4) || is_plain(pat)))
		return find_plain(L, src, pat, init);
	anchored = pat.len > 0 && *p == '^';
	p += anchored;
	lua_match_init(&m, L, src, pat);
	for (s = src.p + init;; s++) {
		const char *e = lua_match_at(&m, s, p);

		if (e && find) {
			lua_pushinteger(L, s - src.p + 1);
			lua_pushinteger(L, e - src.p);
			return 2 + push_captures(&m, NULL, NULL);
		}
		if (e)
			return push_captures(&m, s, e);
		if (anchored || s >= m.src_end)
			break;
	}
	lua_pushnil(L);
	return 1;
}

static int
str_find(lua_State *L)
{
	return find_or_match(L, true);
}

static int
str_match(lua_State *L)
{
	return find_or_match(L, false);
}

/* Upvalues: subject, pattern, next offset, end of the last match (or -1). */
static int
gmatch_next(lua_State *L)
{
	struct noc_slice src, pat;
	struct lua_match m;
	lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));

	src.p = lua_tolstring(L, lua_upvalueindex(1), &src.len);
	pat.p = lua_tolstring(L, lua_upvalueindex(2), &pat.len);
	lua_budget_charge(L, 1);
	lua_match_init(&m, L, src, pat);
	for (const char *s = src.p + lua_tointeger(L, lua_upvalueindex(3));
	     s <= m.src_end; s++) {
		const char *e = lua_match_at(&m, s, pat.p);

		/* An empty match right at the end of the last is none. */
		if (!e || e - src.p == last)
			continue;
		lua_pushinteger(L, e - src.p);
		lua_pushvalue(L, -1);
		lua_replace(L, lua_upvalueindex(3));
		lua_replace(L, lua_upvalueindex(4));
		return push_captures(&m, s, e);
	}
	return 0;
}

static int
str_gmatch(lua_State *L)
{
	struct noc_slice src = check_slice(L, 1);
	size_t init;

	check_slice(L, 2);
	init = start_offset(luaL_optinteger(L, 3, 1), src.len);
	lua_settop(L, 2);
	lua_pushinteger(L, (lua_Integer)(init > src.len ? src.len + 1 : init));
	lua_pushinteger(L, -1);
	lua_pushcclosure(L, gmatch_next, 4);
	return 1;
}

/* ---- gsub ---- */

struct gsub {
	struct lua_match m;
	luaL_Buffer out;
	size_t made;
	int type; /* of the replacement, argument 3 */
};

static void
gsub_add(struct gsub *g, const char *p, size_t len)
{
	g->made += len;
	check_result(g->m.L, "gsub", g->made);
	luaL_addlstring(&g->out, p, len);
}

/* A replacement text: %0 to %9 and %%. */
static void
gsub_add_text(struct gsub *g, const char *s, const char *e)
{
	lua_State *L = g->m.L;
	size_t len;
	const char *p = lua_tolstring(L, 3, &len), *end = p + len;

	lua_budget_charge(L, (int64_t)(len / 8));
	while (p < end) {
		const char *q = memchr(p, '%', (size_t)(end - p));

		gsub_add(g, p, (size_t)((q ? q : end) - p));
		if (!q)
			break;
		p = q + 2;
		if (q + 1 < end && q[1] == '%') {
			gsub_add(g, "%", 1);
		} else if (q + 1 < end && q[1] == '0') {
			gsub_add(g, s, (size_t)(e - s));
		} else if (q + 1 < end && isdigit((unsigned char)q[1])) {
			size_t n;
			const char *text;

			push_capture(&g->m, q[1] - '1', s, e);
			text = luaL_tolstring(L, -1, &n);
			lua_remove(L, -2);
			g->made += n;
			check_result(L, "gsub", g->made);
			(void)text;
			luaL_addvalue(&g->out);
		} else {
			luaL_error(L, "invalid use of '%%' in replacement "
				      "string");
		}
	}
}

/* True when the match was replaced. */
static bool
gsub_add_value(struct gsub *g, const char *s, const char *e)
{
	lua_State *L = g->m.L;
	size_t len;

	if (g->type == LUA_TFUNCTION) {
		int n;

		lua_budget_charge(L, 4);
		lua_pushvalue(L, 3);
		n = push_captures(&g->m, s, e);
		lua_call(L, n, 1);
	} else if (g->type == LUA_TTABLE) {
		push_capture(&g->m, 0, s, e);
		lua_gettable(L, 3);
	} else {
		gsub_add_text(g, s, e);
		return true;
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		gsub_add(g, s, (size_t)(e - s));
		return false;
	}
	if (!lua_isstring(L, -1))
		luaL_error(L, "invalid replacement value (a %s)",
			   luaL_typename(L, -1));
	lua_tolstring(L, -1, &len);
	g->made += len;
	check_result(L, "gsub", g->made);
	luaL_addvalue(&g->out);
	return true;
}

static int
str_gsub(lua_State *L)
{
	struct noc_slice src = check_slice(L, 1), pat = check_slice(L, 2);
	lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)src.len + 1);
	const char *s = src.p, *p = pat.p, *last = NULL;
	bool anchored = pat.len > 0 && *p == '^', changed = false;
	struct gsub g = { .type = lua_type(L, 3) };
	lua_Integer n = 0;

	luaL_argexpected(L,
			 g.type == LUA_TSTRING || g.type == LUA_TNUMBER ||
			     g.type == LUA_TTABLE || g.type == LUA_TFUNCTION,
			 3, "string/function/table");
	lua_budget_charge(L, 1);
	if (g.type == LUA_TNUMBER) {
		lua_tostring(L, 3);
		g.type = LUA_TSTRING;
	}
	p += anchored;
	lua_match_init(&g.m, L, src, pat);
	luaL_buffinit(L, &g.out);
	while (n < max) {
		const char *e = lua_match_at(&g.m, s, p);

		if (e && e != last) {
			n++;
			changed |= gsub_add_value(&g, s, e);
			s = last = e;
		} else if (s < g.m.src_end) {
			gsub_add(&g, s++, 1);
		} else {
			break;
		}
		if (anchored)
			break;
	}
	if (!changed) {
		lua_pushvalue(L, 1);
	} else {
		gsub_add(&g, s, (size_t)(g.m.src_end - s));
		luaL_pushresult(&g.out);
	}
	lua_pushinteger(L, n);
	return 2;
}

/* ---- the rest ---- */

static int
str_rep(lua_State *L)
{
	struct noc_slice s = check_slice(L, 1), sep = { "", 0 };
	lua_Integer n = luaL_checkinteger(L, 2);
	size_t total;
	luaL_Buffer b;
	char *p;

	if (!lua_isnoneornil(L, 3))
		sep = check_slice(L, 3);
	if (n <= 0 || s.len + sep.len == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (__builtin_mul_overflow(s.len + sep.len, (size_t)n, &total))
		total = SIZE_MAX;
	check_result(L, "string.rep", total);
	if (total > (1u << 30))
		return luaL_error(L, "the result of string.rep is too long");
	total -= sep.len;
	lua_budget_charge(L, (int64_t)(total / 16) + n / 4);
	p = luaL_buffinitsize(L, &b, total);
	for (lua_Integer i = 0; i < n; i++) {
		memcpy(p, s.p, s.len);
		p += s.len;
		if (i + 1 < n) {
			memcpy(p, sep.p, sep.len);
			p += sep.len;
		}
	}
	luaL_pushresultsize(&b, total);
	return 1;
}

/*
 * The stock format, after what it would turn into an address (%p, tables)
 * has been refused or replaced.  Upvalue 1: the stock function.
 */
static int
str_format(lua_State *L)
{
	struct noc_slice f = check_slice(L, 1);
	int top = lua_gettop(L);
	size_t total = f.len;

	for (size_t i = 0; i < f.len; i++) {
		if (f.p[i] != '%')
			continue;
		i++;
		while (i < f.len && strchr("-+ #0123456789.", f.p[i]))
			i++;
		if (i < f.len && f.p[i] == 'p')
			return luaL_error(L, "%%p is not available");
	}
	for (int i = 2; i <= top; i++) {
		size_t len = 0;
		int type = lua_type(L, i);

		if (type == LUA_TTABLE || type == LUA_TFUNCTION ||
		    type == LUA_TUSERDATA) {
			lua_sandbox_text(L, i, &len);
			lua_replace(L, i);
		} else if (type == LUA_TSTRING) {
			lua_tolstring(L, i, &len);
		}
		total += len;
		/* %q writes up to four bytes for one. */
		check_result(L, "string.format", total);
	}
	lua_budget_charge(L, (int64_t)(total / 16) + top);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, top, 1);
	return 1;
}

/* A range of bytes, few enough for the stack. */
static int
str_byte(lua_State *L)
{
	struct noc_slice s = check_slice(L, 1);
	lua_Integer i = luaL_optinteger(L, 2, 1);
	lua_Integer j = luaL_optinteger(L, 3, i);
	lua_Integer len = (lua_Integer)s.len;

	i = i < 0 ? (i < -len ? 1 : len + i + 1) : i == 0 ? 1 : i;
	j = j < 0 ? (j < -len ? 0 : len + j + 1) : j > len ? len : j;
	if (i > j)
		return 0;
	if (j - i >= 4096)
		return luaL_error(L, "string.byte gives at most 4096 bytes");
	lua_budget_charge(L, j - i + 1);
	luaL_checkstack(L, (int)(j - i + 1), "string.byte");
	for (lua_Integer k = i; k <= j; k++)
		lua_pushinteger(L, (unsigned char)s.p[k - 1]);
	return (int)(j - i + 1);
}

/*
 * The metatable of all strings: s:upper(), and arithmetic on numerals as
 * the stock library has it, counted.
 */
static void
open_metatable(lua_State *L, int lib)
{
	static const char *const arith[] = { "__add",  "__sub", "__mul",
					     "__mod",  "__pow", "__div",
					     "__idiv", "__unm", NULL };

	lua_pushliteral(L, "");
	if (!lua_getmetatable(L, -1))
		lua_newtable(L);
	lua_newtable(L);
	lua_sandbox_counted(L, lua_gettop(L) - 1, arith);
	lua_pushvalue(L, lib);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_remove(L, -2);
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

void
lua_string_open(lua_State *L)
{
	static const luaL_Reg own[] = { { "find", str_find },
					{ "match", str_match },
					{ "gmatch", str_gmatch },
					{ "gsub", str_gsub },
					{ "rep", str_rep },
					{ "byte", str_byte },
					{ NULL, NULL } };
	static const char *const counted[] = { "lower", "upper", "reverse",
					       "len",	"sub",	 "char",
					       NULL };
	int stock;

	luaopen_string(L);
	stock = lua_gettop(L);
	lua_newtable(L);
	lua_sandbox_counted(L, stock, counted);
	luaL_setfuncs(L, own, 0);
	lua_getfield(L, stock, "format");
	lua_pushcclosure(L, str_format, 1);
	lua_setfield(L, -2, "format");
	lua_remove(L, stock);
	lua_sandbox_seal(L, "string");
	open_metatable(L, lua_gettop(L));
}
