/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LUA_STATE_H
#define NOC_ENGINE_LUA_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/table.h"
#include "base/value.h"
#include "engine/lang/schema.h"
#include "engine/lua/lua.h"

/*
 * What the files of this room share and nobody else sees: the state behind
 * struct noc_lua, its budgets, and the pieces of the sandbox.  One thread at
 * a time, not always the same one.
 */

/* ---- budgets (state.c) ---- */

enum lua_spent {
	LUA_SPENT_NONE,
	LUA_SPENT_STEPS,  /* decides */
	LUA_SPENT_MEMORY, /* above what was in use */
	LUA_SPENT_TIME,	  /* thread CPU, a net */
	LUA_SPENT_VALUES, /* AST nodes made */
	LUA_SPENT_KEYS	  /* of one table */
};

struct lua_limits {
	int64_t steps;	/* instructions, and work in C counted like them */
	size_t memory;	/* bytes above what was in use, see `floor` */
	size_t string;	/* longest string, bytes */
	int64_t cpu_ms; /* thread CPU */
	int64_t values; /* noc_values made from Lua */
	size_t keys;	/* of a table, beside its positions; 0: any */
	/* Instructions between looks: one that compares two long texts takes
	 * ten milliseconds. */
	int hook_every;
};

extern const struct lua_limits lua_limits_call;
extern const struct lua_limits lua_limits_load;
extern const struct lua_limits lua_limits_data;

struct lua_budget {
	struct lua_limits limits;
	bool active;
	enum lua_spent spent; /* sticky until the next lua_budget_begin */
	int64_t steps_left, values_left;
	size_t used, cap; /* bytes of the state */
	size_t floor;	  /* bytes in use when loading had ended */
	int64_t cpu_end_ns;
	int64_t looked_ns; /* coarse clock of the last look at the CPU's */
	size_t made;	   /* type of what was allocated last */
};

struct lua_fn { /* a function that rules hold */
	int ref;
	char *path; /* heal-link-down/run/2/when */
	char *at;   /* file:line */
};

struct lua_temp {	 /* a function not yet numbered */
	int ref, number; /* -1: no top-level node holds it so far */
	char *at;
};

struct lua_file { /* a file of the tree while loading */
	const struct noc_lua_source *source;
	const char *rel; /* below its directory, what `require` names */
	size_t dir;
	enum { LUA_FILE_NEW, LUA_FILE_LOADING, LUA_FILE_DONE } state;
	int ref;   /* its value, LUA_NOREF */
	bool lost; /* it ended before its end */
};

struct noc_lua {
	lua_State *L;
	struct lua_budget budget;
	bool loading;
	const struct noc_table *defined; /* data names; NULL: any */

	/* load */
	const char *file; /* being read */
	struct noc_strbuf errors;
	size_t nerrors;
	struct noc_value *nodes; /* top-level, in order */
	struct noc_table names;	 /* "rule heal" -> at */
	struct noc_table lost;	 /* names of what could not be made */
	struct noc_table lines;	 /* of each file: which are one */
	struct lua_temp *temps;	 /* functions met, by temporary number */
	size_t ntemps, temps_cap;
	struct lua_file *files;
	size_t nfiles;
	struct lua_node *pending; /* called with a name, without a table */

	struct lua_fn *fns;
	size_t nfns, fns_cap;
	struct noc_table paths; /* of functions -> number + 1 */

	/* run time */
	const struct noc_scope *scope;
	uint64_t view;		  /* generation: older views are dead */
	struct noc_value *result; /* being built */
	struct noc_strbuf text;	  /* of a view, being made */
	struct noc_table fields;  /* names asked of events, resolved */
	size_t unknown;		  /* and how many that none defines */
};

struct noc_lua *lua_state_new(void);
void lua_state_free(struct noc_lua *lua);
/* Frees what only loading needs. */
void lua_state_end_load(struct noc_lua *lua);
struct noc_lua *lua_state_of(lua_State *L);

void lua_budget_begin(struct noc_lua *lua, const struct lua_limits *limits);
void lua_budget_end(struct noc_lua *lua);
/* Count work done in C; raises when the budget is spent. */
void lua_budget_charge(lua_State *L, int64_t steps);
/* "used up its 1,000,000 instructions" */
const char *lua_budget_text(const struct noc_lua *lua, char *buf, size_t size);
/*
 * Protected call of what is on the stack with nargs.  0, EINPUT (Lua error)
 * or ERESOURCE (budget); the message then has its file:line.
 */
int lua_state_pcall(struct noc_lua *lua, int nargs, int nresults,
		    struct noc_err *err);
/* "heal.lua:14" of the nearest Lua function, or the fallback. */
void lua_state_at(lua_State *L, char *buf, size_t size, const char *fallback);
#define LUA_ERRORS_MAX 200 /* lines of a load report, and a few */
/* One whole line for the load report. */
void lua_state_report(struct noc_lua *lua, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- sandbox (sandbox.c, string.c, tablelib.c) ---- */

#define LUA_ENV_KEY	  "noc.env"	  /* registry: what files see as _ENV */
#define LUA_FUNCTIONS_KEY "noc.functions" /* function -> number, loading */

void lua_sandbox_open(lua_State *L); /* may raise */
void lua_string_open(lua_State *L);  /* pushes `string` */
void lua_table_open(lua_State *L);   /* pushes `table` */
/*
 * Replaces the table on top by a read-only view of it.  Reading an unknown
 * name reports "unknown name 'prefix.x'; did you mean ...".
 */
void lua_sandbox_seal(lua_State *L, const char *prefix);
/* The functions of libs[] out of the library table on top that are safe but
 * linear in their strings, wrapped so that their work is counted. */
void lua_sandbox_counted(lua_State *L, int from, const char *const *names);
/* A text for any value that shows no address; pushes it. */
const char *lua_sandbox_text(lua_State *L, int idx, size_t *len);

/* ---- views (view.c) ---- */

void lua_view_open(lua_State *L);
void lua_view_push_scope(struct noc_lua *lua); /* event or run; may raise */
void lua_view_forget(struct noc_lua *lua);     /* resolved names */
bool lua_view_value(lua_State *L, int idx, const struct noc_value **v);

#endif
