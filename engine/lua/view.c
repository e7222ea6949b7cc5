/* SPDX-License-Identifier: ISC */
/*
 * What a rule's function sees: read-only views of the event, of the run and
 * of plain data, made when asked for.  A view that outlives its call is dead.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/mem.h"
#include "engine/event/datum.h"
#include "engine/event/field.h"
#include "engine/lua/state.h"

#define FIELDS_MAX 4096

static const char value_key, event_key, run_key, prefix_key;

struct view {
	uint64_t generation;
	const struct noc_value *v; /* value views; NULL: empty */
	char prefix[16];	   /* prefix views: "syslog" */
};

static struct view *
view_push(lua_State *L, const char *meta)
{
	struct view *w = lua_newuserdatauv(L, sizeof(*w), 0);

	memset(w, 0, sizeof(*w));
	w->generation = lua_state_of(L)->view;
	lua_rawgetp(L, LUA_REGISTRYINDEX, meta);
	lua_setmetatable(L, -2);
	return w;
}

static struct view *
view_test(lua_State *L, int idx, const char *meta)
{
	bool same;

	if (lua_type(L, idx) != LUA_TUSERDATA || !lua_getmetatable(L, idx))
		return NULL;
	lua_rawgetp(L, LUA_REGISTRYINDEX, meta);
	same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same ? lua_touserdata(L, idx) : NULL;
}

static void
view_check(lua_State *L, const struct view *w)
{
	if (!w || w->generation != lua_state_of(L)->view ||
	    !lua_state_of(L)->scope)
		luaL_error(L, "this event or run is over; copy what you need "
			      "while the function runs");
}

bool
lua_view_value(lua_State *L, int idx, const struct noc_value **v)
{
	struct view *w = view_test(L, idx, &value_key);

	if (!w)
		return false;
	view_check(L, w);
	*v = w->v;
	return true;
}

static void
push_value(lua_State *L, const struct noc_value *v)
{
	if (!v) {
		lua_pushnil(L);
		return;
	}
	switch (v->type) {
	case NOC_NIL:
		lua_pushnil(L);
		break;
	case NOC_BOOL:
		lua_pushboolean(L, v->u.b);
		break;
	case NOC_INT:
		lua_pushinteger(L, v->u.i);
		break;
	case NOC_REAL:
		lua_pushnumber(L, v->u.d);
		break;
	case NOC_STR:
		lua_pushlstring(L, v->u.s.p, v->u.s.len);
		break;
	case NOC_LIST:
	case NOC_MAP:
		view_push(L, &value_key)->v = v;
		break;
	}
}

static void
push_datum(lua_State *L, const struct noc_datum *d)
{
	switch (d->type) {
	case NOC_NIL:
		lua_pushnil(L);
		break;
	case NOC_BOOL:
		lua_pushboolean(L, d->b);
		break;
	case NOC_INT:
		lua_pushinteger(L, d->i);
		break;
	case NOC_REAL:
		lua_pushnumber(L, d->d);
		break;
	case NOC_STR:
		lua_pushlstring(L, d->s.p ? d->s.p : "", d->s.len);
		break;
	case NOC_LIST:
	case NOC_MAP:
		push_value(L, d->v);
		break;
	}
}

static int
view_write(lua_State *L)
{
	return luaL_error(L, "events and runs are read-only");
}

/* ---- plain data ---- */

static int
value_index(lua_State *L)
{
	struct view *w = view_test(L, 1, &value_key);
	const struct noc_value *v;
	size_t len;

	view_check(L, w);
	v = w->v;
	if (v && lua_type(L, 2) == LUA_TSTRING) {
		const char *key = lua_tolstring(L, 2, &len);

		/* Finding a key looks at them all. */
		lua_budget_charge(L, (int64_t)noc_value_len(v) / 8);
		push_value(L, noc_value_getn(v, key, len));
	} else if (v && lua_isinteger(L, 2) && lua_tointeger(L, 2) >= 1) {
		push_value(L, noc_value_at(v, (size_t)lua_tointeger(L, 2) - 1));
	} else {
		lua_pushnil(L);
	}
	return 1;
}

static int
value_len(lua_State *L)
{
	struct view *w = view_test(L, 1, &value_key);

	view_check(L, w);
	lua_pushinteger(L, w->v && w->v->type == NOC_LIST
			       ? (lua_Integer)w->v->u.list.len
			       : 0);
	return 1;
}

/* Upvalues: the view, position. */
static int
value_next(lua_State *L)
{
	struct view *w = view_test(L, lua_upvalueindex(1), &value_key);
	size_t i = (size_t)lua_tointeger(L, lua_upvalueindex(2));

	view_check(L, w);
	if (i >= noc_value_len(w->v)) {
		lua_pushnil(L);
		return 1;
	}
	lua_pushinteger(L, (lua_Integer)i + 1);
	lua_replace(L, lua_upvalueindex(2));
	if (w->v->type == NOC_LIST) {
		lua_pushinteger(L, (lua_Integer)i + 1);
		push_value(L, w->v->u.list.at[i]);
	} else {
		lua_pushstring(L, w->v->u.map.at[i].key);
		push_value(L, w->v->u.map.at[i].value);
	}
	return 2;
}

static int
value_pairs(lua_State *L)
{
	lua_settop(L, 1);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, value_next, 2);
	return 1;
}

static int
value_tostring(lua_State *L)
{
	struct view *w = view_test(L, 1, &value_key);
	struct noc_strbuf *sb = &lua_state_of(L)->text;

	view_check(L, w);
	noc_strbuf_clear(sb);
	if (w->v)
		noc_value_text(w->v, sb);
	lua_budget_charge(L, (int64_t)(sb->len / 4));
	/* Cut, so that the push cannot fail for its length. */
	lua_pushlstring(L, sb->p ? sb->p : "",
			sb->len < 65536 ? sb->len : 65536);
	return 1;
}

/* ---- the event ---- */

/*
 * Resolving interns the name for good, so a function that asks for names out
 * of hostile data (ev[k]) may ask for so many different ones only.
 */
static const struct noc_field *
resolve(lua_State *L, const char *name, size_t len)
{
	struct noc_lua *lua = lua_state_of(L);
	struct noc_field *f = noc_table_getn(&lua->fields, name, len);
	struct noc_err err;
	size_t n;

	if (f)
		return f;
	if (noc_table_len(&lua->fields) + lua->unknown >= FIELDS_MAX)
		luaL_error(L,
			   "more than %d different field names were asked "
			   "for; read ev.data or ev.http.header instead",
			   FIELDS_MAX);
	f = noc_calloc(1, sizeof(*f));
	if (!noc_field_resolve(name, len, lua->defined, f, &err)) {
		noc_table_putn(&lua->fields, name, len, f);
		return f;
	}
	free(f);
	lua->unknown++;
	n = strlen(err.msg);
	if (n && err.msg[n - 1] == '.')
		err.msg[n - 1] = 0;
	luaL_error(L, "%s", err.msg);
	return NULL;
}

/* Its value, nil when a kind defines the name, else an error. */
static void
push_field(lua_State *L, const char *name, size_t len)
{
	const struct noc_field *field = resolve(L, name, len);
	const struct noc_event *ev = lua_state_of(L)->scope->ev;
	struct noc_datum d;

	if (!ev) {
		lua_pushnil(L);
		return;
	}
	noc_event_get(ev, field, &d);
	push_datum(L, &d);
}

static void
push_prefix(lua_State *L, const char *prefix)
{
	struct view *w = view_push(L, &prefix_key);

	memcpy(w->prefix, prefix, strlen(prefix) + 1);
}

static int
prefix_index(lua_State *L)
{
	struct view *w = view_test(L, 1, &prefix_key);
	size_t len;
	const char *key;

	view_check(L, w);
	key = luaL_checklstring(L, 2, &len);
	if (len > 200)
		return luaL_error(L, "this name is too long");
	lua_pushfstring(L, "%s.%s", w->prefix, key);
	key = lua_tolstring(L, -1, &len);
	push_field(L, key, len);
	return 1;
}

/* ev.data, ev.syslog ...: what is below is looked up when asked for. */
static bool
push_part(lua_State *L, const char *name)
{
	const struct noc_event *ev = lua_state_of(L)->scope->ev;
	static const char *const prefixes[] = { "syslog", "header", "far" };

	for (size_t i = 0; i < NOC_COUNT(prefixes); i++)
		if (!strcmp(name, prefixes[i])) {
			push_prefix(L, name);
			return true;
		}
	if (!strcmp(name, "data"))
		view_push(L, &value_key)->v = ev ? ev->data : NULL;
	else if (!strcmp(name, "snmp"))
		view_push(L, &value_key)->v = ev ? ev->snmp : NULL;
	else if (!strcmp(name, "http"))
		view_push(L, &value_key)->v = ev ? ev->http : NULL;
	else
		return false;
	return true;
}

static int
event_index(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	struct view *w = view_test(L, 1, &event_key);
	const struct noc_value *extra;
	const char *name;
	size_t len;

	view_check(L, w);
	lua_budget_charge(L, 4);
	name = luaL_checklstring(L, 2, &len);
	if (push_part(L, name))
		return 1;
	extra = noc_value_getn(lua->scope->extra, name, len);
	if (extra)
		push_value(L, extra);
	else
		push_field(L, name, len);
	return 1;
}

/* ---- the run ---- */

static int
run_index(lua_State *L)
{
	struct noc_lua *lua = lua_state_of(L);
	const struct noc_scope *scope = lua->scope;
	struct view *w = view_test(L, 1, &run_key);
	const struct noc_value *v = NULL;
	const char *name;
	size_t len;

	view_check(L, w);
	lua_budget_charge(L, 4);
	name = luaL_checklstring(L, 2, &len);
	if (!strcmp(name, "event")) {
		view_push(L, &event_key);
		return 1;
	}
	if (!strcmp(name, "steps") || !strcmp(name, "input") ||
	    !strcmp(name, "error")) {
		view_push(L, &value_key)->v = *name == 's'   ? scope->steps
					      : *name == 'i' ? scope->input
							     : scope->error;
		return 1;
	}
	if (!strcmp(name, "item")) {
		push_value(L, scope->item);
		return 1;
	}
	v = noc_value_getn(scope->run, name, len);
	if (!v)
		v = noc_value_getn(scope->extra, name, len);
	if (v)
		push_value(L, v);
	else if (!push_part(L, name))
		push_field(L, name, len);
	return 1;
}

void
lua_view_push_scope(struct noc_lua *lua)
{
	view_push(lua->L,
		  lua->scope->run || lua->scope->steps ? &run_key : &event_key);
}

static void
open_meta(lua_State *L, const char *key, const char *name, lua_CFunction index)
{
	lua_newtable(L);
	lua_pushcfunction(L, index);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, view_write);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pushstring(L, name);
	lua_setfield(L, -2, "__name");
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void
lua_view_open(lua_State *L)
{
	static const luaL_Reg value[] = { { "__len", value_len },
					  { "__pairs", value_pairs },
					  { "__tostring", value_tostring },
					  { NULL, NULL } };

	open_meta(L, &value_key, "data", value_index);
	luaL_setfuncs(L, value, 0);
	open_meta(L, &event_key, "event", event_index);
	open_meta(L, &run_key, "run", run_index);
	open_meta(L, &prefix_key, "event", prefix_index);
	lua_pop(L, 4);
}

void
lua_view_forget(struct noc_lua *lua)
{
	const char *name;
	void *field;

	for (size_t it = 0; noc_table_next(&lua->fields, &it, &name, &field);)
		free(field);
	noc_table_release(&lua->fields);
	memset(&lua->fields, 0, sizeof(lua->fields));
}
