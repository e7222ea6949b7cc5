/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/lua/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/lua/line.h"

/*
 * The instruction budget decides, so that the same input gives the same
 * answer on a slow machine; memory is counted by the allocator; the CPU clock
 * of the thread is only a net.  What a count hook cannot see (work inside C
 * functions) is charged by our own library functions, and copying and
 * collecting by the allocator.
 */
const struct lua_limits lua_limits_call = {
	.steps = 1000000,
	.memory = 8u << 20,
	.string = 1u << 20,
	.cpu_ms = 50,
	.values = 50000,
	.keys = 8192,
	.hook_every = 10,
};

/* 12,000 rules need less; a loop without end is told at once. */
const struct lua_limits lua_limits_load = {
	.steps = 5000000,
	.memory = 64u << 20,
	.string = 1u << 20,
	.cpu_ms = 5000,
	.values = 2000000,
	.hook_every = 100,
};

/* An inventory may have 100,000 devices. */
const struct lua_limits lua_limits_data = {
	.steps = 50000000,
	.memory = 64u << 20,
	.string = 1u << 20,
	.cpu_ms = 5000,
	.values = 2000000,
	.hook_every = 100,
};

/* Room to say what went wrong once the budget is spent. */
#define LUA_SLACK (256u << 10)

static int64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NOC_NS_PER_S + ts.tv_nsec;
}

struct noc_lua *
lua_state_of(lua_State *L)
{
	return *(struct noc_lua **)lua_getextraspace(L);
}

/* The thread's clock is a system call; the coarse one, which ticks every few
 * milliseconds, costs nothing and says whether to ask it. */
static bool
budget_is_late(struct lua_budget *b)
{
	int64_t now = clock_ns(CLOCK_MONOTONIC_COARSE);

	if (now == b->looked_ns)
		return false;
	b->looked_ns = now;
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) > b->cpu_end_ns;
}

static void
budget_look(struct lua_budget *b)
{
	if (b->spent != LUA_SPENT_NONE)
		return;
	if (b->steps_left < 0)
		b->spent = LUA_SPENT_STEPS;
	else if (budget_is_late(b))
		b->spent = LUA_SPENT_TIME;
}

/* What rules keep from call to call counts, once it is more than one may use:
 * nobody's table grows for ever. */
static size_t
budget_cap(const struct lua_budget *b)
{
	size_t kept = b->floor + b->limits.memory;

	return (b->floor && b->used > kept ? kept : b->used) + b->limits.memory;
}

/*
 * A table that grows finds each key's place anew in one instruction.  Lua
 * hashes numbers without a secret, so whoever chooses them can have all keys in
 * one chain: so many, and it takes minutes.  A table's keys are what Lua asks
 * for without a type; a buffer is asked for right after its userdata.
 */
#define LUA_KEY_BYTES 24

static bool
alloc_is_keys(const struct lua_budget *b, const void *ptr, size_t osize,
	      size_t nsize)
{
	return b->limits.keys && !ptr && osize == 0 &&
	       b->made != LUA_TUSERDATA &&
	       nsize > b->limits.keys * LUA_KEY_BYTES;
}

/* Growth past the cap: Lua collects and asks once more, so each refusal is
 * charged for a full collection, or a state that stays near its cap would
 * collect for ever between two instructions. */
static bool
alloc_allows(struct lua_budget *b, const void *ptr, size_t osize, size_t nsize)
{
	size_t grow = ptr ? nsize - osize : nsize;
	size_t cap = b->cap + (b->spent != LUA_SPENT_NONE ? LUA_SLACK : 0);

	if (!ptr && osize == LUA_TSTRING && nsize > b->limits.string + 4096)
		return false;
	if (alloc_is_keys(b, ptr, osize, nsize)) {
		if (b->spent == LUA_SPENT_NONE)
			b->spent = LUA_SPENT_KEYS;
		return false;
	}
	if (nsize >= 1024)
		b->steps_left -= (int64_t)(nsize / 64);
	if (b->used + grow <= cap)
		return true;
	b->steps_left -= (int64_t)(b->used / 64);
	budget_look(b);
	return false;
}

static void *
on_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	struct lua_budget *b = &((struct noc_lua *)ud)->budget;
	size_t had = ptr ? osize : 0;
	void *p;

	if (nsize == 0) {
		free(ptr);
		b->used -= had;
		return NULL;
	}
	if (b->active && nsize > had && !alloc_allows(b, ptr, osize, nsize))
		return NULL;
	/* A shrinking realloc must not fail; nor does this one. */
	p = noc_realloc(ptr, nsize);
	b->used += nsize - had;
	b->made = ptr ? 0 : osize;
	return p;
}

static void
on_hook(lua_State *L, lua_Debug *ar)
{
	struct noc_lua *lua = lua_state_of(L);
	struct lua_budget *b = &lua->budget;
	char text[96];

	if (!b->active)
		return;
	b->steps_left -= b->limits.hook_every;
	budget_look(b);
	if (b->spent == LUA_SPENT_NONE)
		return;
	lua_getinfo(L, "Sl", ar);
	if (ar->currentline > 0)
		lua_pushfstring(L, "%s:%d: %s", ar->short_src, ar->currentline,
				lua_budget_text(lua, text, sizeof(text)));
	else
		lua_pushstring(L, lua_budget_text(lua, text, sizeof(text)));
	lua_error(L);
}

const char *
lua_budget_text(const struct noc_lua *lua, char *buf, size_t size)
{
	const struct lua_limits *l = &lua->budget.limits;

	switch (lua->budget.spent) {
	case LUA_SPENT_NONE:
		return "";
	case LUA_SPENT_STEPS:
		snprintf(buf, size, "used up its %lld million instructions",
			 (long long)(l->steps / 1000000));
		break;
	case LUA_SPENT_MEMORY:
		snprintf(buf, size, "used up its %zu MiB of memory",
			 l->memory >> 20);
		break;
	case LUA_SPENT_TIME:
		snprintf(buf, size, "used up its %lld ms of CPU time",
			 (long long)l->cpu_ms);
		break;
	case LUA_SPENT_VALUES:
		snprintf(buf, size, "made more than %lld values",
			 (long long)l->values);
		break;
	case LUA_SPENT_KEYS:
		snprintf(buf, size, "made a table of more than %zu keys",
			 l->keys);
		break;
	}
	return buf;
}

void
lua_budget_begin(struct noc_lua *lua, const struct lua_limits *limits)
{
	struct lua_budget *b = &lua->budget;

	b->limits = *limits;
	b->spent = LUA_SPENT_NONE;
	b->steps_left = limits->steps;
	b->values_left = limits->values;
	b->cap = budget_cap(b);
	b->cpu_end_ns =
	    clock_ns(CLOCK_THREAD_CPUTIME_ID) + limits->cpu_ms * NOC_NS_PER_MS;
	b->looked_ns = clock_ns(CLOCK_MONOTONIC_COARSE);
	b->active = true;
	lua_sethook(lua->L, on_hook, LUA_MASKCOUNT, limits->hook_every);
}

void
lua_budget_end(struct noc_lua *lua)
{
	lua->budget.active = false;
	lua_sethook(lua->L, NULL, 0, 0);
}

void
lua_budget_charge(lua_State *L, int64_t steps)
{
	struct noc_lua *lua = lua_state_of(L);
	char text[96];

	if (!lua->budget.active)
		return;
	lua->budget.steps_left -= steps;
	budget_look(&lua->budget);
	if (lua->budget.spent != LUA_SPENT_NONE)
		luaL_error(L, "%s", lua_budget_text(lua, text, sizeof(text)));
}

/* Runs with hooks off when the hook raised: it may not run Lua code. */
static int
on_error(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TSTRING)
		return 1;
	lua_pushfstring(L, "an error that is %s, not a text",
			luaL_typename(L, 1));
	return 1;
}

int
lua_state_pcall(struct noc_lua *lua, int nargs, int nresults,
		struct noc_err *err)
{
	lua_State *L = lua->L;
	int base = lua_gettop(L) - nargs, status;
	const char *text;
	char budget[96];

	lua_pushcfunction(L, on_error);
	lua_insert(L, base);
	status = lua_pcall(L, nargs, nresults, base);
	lua_remove(L, base);
	if (status == LUA_OK && lua->budget.spent == LUA_SPENT_NONE)
		return 0;
	if (status == LUA_ERRMEM && lua->budget.spent == LUA_SPENT_NONE)
		lua->budget.spent = LUA_SPENT_MEMORY;
	text = status != LUA_OK && lua_type(L, -1) == LUA_TSTRING
		   ? lua_tostring(L, -1)
		   : "";
	if (status == LUA_ERRMEM ||
	    (lua->budget.spent != LUA_SPENT_NONE && !*text))
		text = lua_budget_text(lua, budget, sizeof(budget));
	noc_err_set(err,
		    lua->budget.spent == LUA_SPENT_NONE ? NOC_EINPUT
							: NOC_ERESOURCE,
		    "%s", text);
	lua_settop(L, base - 1);
	return lua->budget.spent == LUA_SPENT_NONE ? NOC_EINPUT : NOC_ERESOURCE;
}

void
lua_state_at(lua_State *L, char *buf, size_t size, const char *fallback)
{
	const char *path;
	lua_Debug ar;

	for (int level = 1; lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline > 0) {
			path = ar.source + (*ar.source == '@');
			snprintf(buf, size, "%s:%d", path,
				 lua_line_first(lua_state_of(L), path,
						ar.currentline));
			return;
		}
	}
	snprintf(buf, size, "%s", fallback);
}

void
lua_state_report(struct noc_lua *lua, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	if (++lua->nerrors > LUA_ERRORS_MAX) {
		if (lua->nerrors == LUA_ERRORS_MAX + 1)
			noc_strbuf_adds(&lua->errors,
					"more errors are not shown\n");
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	noc_strbuf_add_escaped(&lua->errors, text, strlen(text));
	noc_strbuf_addc(&lua->errors, '\n');
}

static int
on_open(lua_State *L)
{
	luaL_Buffer b;

	lua_sandbox_open(L);
	/* The first buffer makes a metatable, see alloc_is_keys. */
	luaL_buffinitsize(L, &b, sizeof(b));
	luaL_pushresultsize(&b, 0);
	return 0;
}

struct noc_lua *
lua_state_new(void)
{
	struct noc_lua *lua = noc_calloc(1, sizeof(*lua));
	lua_State *L = lua_newstate(on_alloc, lua);

	NOC_REQUIRE(L);
	*(struct noc_lua **)lua_getextraspace(L) = lua;
	lua->L = L;
	lua->nodes = noc_value_list();
	/* Opening our own libraries cannot fail: no budget is active. */
	lua_pushcfunction(L, on_open);
	NOC_REQUIRE(lua_pcall(L, 0, 0, 0) == LUA_OK);
	return lua;
}

void
lua_state_end_load(struct noc_lua *lua)
{
	const char *key;
	void *at;

	for (size_t it = 0; noc_table_next(&lua->names, &it, &key, &at);)
		free(at);
	noc_table_release(&lua->names);
	noc_table_release(&lua->lost);
	for (size_t i = 0; i < lua->ntemps; i++)
		free(lua->temps[i].at);
	free(lua->temps);
	free(lua->files);
	noc_strbuf_release(&lua->errors);
	lua_line_release(lua);
	lua->temps = NULL;
	lua->ntemps = lua->temps_cap = 0;
	lua->files = NULL;
	lua->nfiles = 0;
}

void
lua_state_free(struct noc_lua *lua)
{
	if (!lua)
		return;
	lua->budget.active = false;
	/* Nodes that are still Lua's are freed with it, the tree's after. */
	lua_close(lua->L);
	noc_value_free(lua->nodes);
	noc_value_free(lua->result);
	noc_strbuf_release(&lua->text);
	lua_state_end_load(lua);
	lua_view_forget(lua);
	for (size_t i = 0; i < lua->nfns; i++) {
		free(lua->fns[i].path);
		free(lua->fns[i].at);
	}
	free(lua->fns);
	noc_table_release(&lua->paths);
	free(lua);
}
