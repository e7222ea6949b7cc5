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
#include "engine/lua.h"
#include "engine/schema.h"

/*
 * What the engine/lua_*.c files share and nobody else sees: the state behind
 * struct noc_lua, its budgets, and the pieces of the sandbox.  One thread at
 * a time, not always the same one.
 */

/* ---- budgets (lua_state.c) ---- */

enum lua_spent {
	LUA_SPENT_NONE,
	LUA_SPENT_STEPS,  /* decides */
	LUA_SPENT_MEMORY, /* above what was in use */
	LUA_SPENT_TIME,	  /* thread CPU, a net */
	LUA_SPENT_VALUES  /* AST nodes made */
};

struct lua_limits {
	int64_t steps;	/* instructions, and work in C counted like them */
	size_t memory;	/* bytes above what was in use */
	size_t string;	/* longest string, bytes */
	int64_t cpu_ms; /* thread CPU */
	int64_t values; /* noc_values made from Lua */
	int hook_every; /* instructions between looks */
};

extern const struct lua_limits lua_limits_call;
extern const struct lua_limits lua_limits_load;

struct lua_budget {
	struct lua_limits limits;
	bool active;
	enum lua_spent spent; /* sticky until the next lua_budget_begin */
	int64_t steps_left, values_left;
	size_t used, cap; /* bytes of the state */
	int64_t cpu_end_ns;
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
	int ref; /* its value, LUA_NOREF */
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
	struct lua_temp *temps;	 /* functions met, by temporary number */
	size_t ntemps, temps_cap;
	struct lua_file *files;
	size_t nfiles;
	struct lua_node *pending; /* called with a name, without a table */

	struct lua_fn *fns;
	size_t nfns, fns_cap;

	/* run time */
	const struct noc_scope *scope;
	uint64_t view;		  /* generation: older views are dead */
	struct noc_value *result; /* being built */
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
/* The same without raising: false when it is spent. */
bool lua_budget_take(struct noc_lua *lua, int64_t steps);
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

/* ---- sandbox (lua_sandbox.c, lua_string.c, lua_tablelib.c) ---- */

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

/* ---- patterns (lua_pattern.c) ---- */

#define LUA_PATTERN_CAPTURES 32

struct lua_match {
	lua_State *L;
	const char *src, *src_end, *pat_end;
	int level, depth;
	int64_t steps; /* not yet charged */
	struct {
		const char *p;
		ptrdiff_t len; /* or one of the two below */
	} capture[LUA_PATTERN_CAPTURES];
};
#define LUA_CAPTURE_OPEN     (-1)
#define LUA_CAPTURE_POSITION (-2)

void lua_match_init(struct lua_match *m, lua_State *L, struct noc_slice src,
		    struct noc_slice pat);
/* End of the match of pat (without ^) at s, or NULL.  Charges the budget. */
const char *lua_match_at(struct lua_match *m, const char *s, const char *pat);

/* ---- values and nodes (lua_value.c, lua_node.c) ---- */

struct lua_node {
	const struct noc_node_schema *schema;
	struct noc_value *v;			/* the AST */
	struct lua_node *pending, **pending_at; /* list of the incomplete */
	int64_t size;				/* values in v */
	int depth;				/* levels of v */
	int fns;				/* functions in v */
	bool owned;	/* v is freed with it; else another node holds it */
	bool constant;	/* exists, absent: always copied */
	bool table;	/* has got its table */
	bool unchecked; /* bare: checked when used */
};

/* One conversion of Lua values into plain data. */
struct lua_convert {
	struct noc_lua *lua;
	const char *at;		     /* for messages */
	const struct lua_node *node; /* being built, or NULL */
	int owner; /* stack index of the node being built, or 0 */
	int64_t made;
	int deepest, fns;
};

/* AST levels, so that JSON of it can be read back (NOC_JSON_DEPTH_MAX). */
#define LUA_DEPTH_MAX 28

/*
 * Converts the value at idx into *slot, a place that hangs where it belongs
 * and holds NULL: the function may raise.
 */
void lua_value_fill(lua_State *L, int idx, struct noc_value **slot,
		    struct lua_convert *c, int depth);
/* Positions of the table at idx into map.items, string keys into map.opts. */
void lua_value_parts(lua_State *L, int idx, struct noc_value *map,
		     struct lua_convert *c, int depth);
/* Appends a key known to be new; the place of its value, for the moment. */
struct noc_value **lua_value_member(struct noc_value *map, const char *key,
				    size_t len);
/* Exact room in an empty list or map. */
void lua_value_reserve(struct noc_value *v, size_t n);

void lua_node_open(lua_State *L, int env); /* constructors into env */
struct lua_node *lua_node_test(lua_State *L, int idx); /* or NULL */
bool lua_node_is_poison(lua_State *L, int idx);
void lua_node_push_poison(lua_State *L);
/* "step 'look'" */
const char *lua_node_label(const struct lua_node *n, char *buf, size_t size);
/* A node that is used or left behind without its table, or never checked. */
void lua_node_finish(struct noc_lua *lua, struct lua_node *n);
void lua_node_finish_pending(struct noc_lua *lua);
/* Forgets them: their file was cut short by an error. */
void lua_node_drop_pending(struct noc_lua *lua);
/* Numbers the functions below v, a complete top-level node, and names them
 * by path. */
void lua_node_number(struct noc_lua *lua, struct noc_value *v);

/* ---- source scanner (lua_scan.c) ---- */

/*
 * Walks the tokens of a Lua text and calls on_key for each `key =` inside
 * table constructors: path is "a.b" from the outermost one.  Problems that
 * Lua itself does not see (duplicate keys, <close>) go to on_problem.
 */
struct lua_scan_ops {
	void (*on_key)(const char *path, int line, void *arg); /* or NULL */
	void (*on_problem)(int line, const char *text, void *arg);
	void *arg;
};
void lua_scan(const char *text, size_t len, const struct lua_scan_ops *ops);

/* ---- views (lua_view.c) ---- */

void lua_view_open(lua_State *L);
void lua_view_push_scope(struct noc_lua *lua); /* event or run; may raise */
void lua_view_forget(struct noc_lua *lua);     /* resolved names */
bool lua_view_value(lua_State *L, int idx, const struct noc_value **v);

#endif
