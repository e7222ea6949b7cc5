/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LUA_LUA_H
#define NOC_ENGINE_LUA_LUA_H

#include <stdbool.h>

#include "base/err.h"
#include "base/table.h"
#include "base/value.h"
#include "engine/expr/scope.h"

/*
 * Rule files -> plain data.  A Lua state per rule-set generation evaluates
 * the files in the sandbox; constructors build nodes; what comes out is an
 * AST of noc_values.  Functions stay in the state under a number.
 *
 * AST.  A node is a map:
 *   {"node": "step", "name": "look", "at": "heal.lua:14",
 *    "items": [...], "opts": {...}}
 * with items (positions 1..n) and opts (string keys) present when not empty,
 * "name" when it was called with one.  Plain Lua tables: only positions ->
 * list; only string keys -> map; both -> {"node":"table",...}.  Operators are
 * nodes ("any" items, "lt" items [x], "exists"); either, both and neither
 * always hold items, each a where table.  An empty table is a map; one with
 * a key "node" of its own is {"node":"table", "opts":{...}}.  Maps are sorted
 * by key.  A function is
 * {"node":"function", "fn": N, "path": "heal-link-down/run/2/when"}; N and
 * path are the same whenever the same tree is loaded, and no two have one path.
 * `not x` is seen as false and refused by the schema where no boolean fits.
 *
 * Every option of every node is checked against engine/lang/schema.h when the
 * node is completed; all errors of all files are gathered.
 */
struct noc_lua; /* one rule-set generation's state */

struct noc_lua_source { /* one file of the tree */
	char *path;	/* name of its directory and below: "rules/heal.lua" */
	char *text;
	size_t len;
	bool lost; /* it ended before its end: what is in it is not all known */
};

struct noc_lua_tree {
	struct noc_value *nodes; /* list of top-level nodes in load order:
				    channel rule pair normalize hook poll
				    sensor schedule flow test */
	struct noc_lua *lua;
	struct noc_lua_source *sources;
	size_t nsources;
	uint8_t hash[32]; /* of the sorted sources */
	/* Lines, NULL: none.  What is wrong in nodes says so (noc_ast_wrong);
	 * lost: names that what could not be read may have defined. */
	char *mistakes;
	size_t nmistakes;
	struct noc_table lost;
	bool cut; /* a limit was reached: more cannot be said */
};

/*
 * Every *.lua below each dir (sorted; meta/ and examples/ are skipped;
 * *.test.lua only when tests is true), as far as they could be read, for those
 * who look for more mistakes: when the tree has any nothing of it may be used.
 * Any one thread.
 */
int noc_lua_read(const char *const *dirs, size_t ndirs, bool tests,
		 struct noc_lua_tree **out, struct noc_err *err);
struct noc_lua_tree *noc_lua_read_text(const char *path, const char *text,
				       size_t len);
/* May something of this name have been in what could not be read? */
bool noc_lua_tree_lost(const struct noc_lua_tree *tree, const char *name);

void noc_lua_tree_free(struct noc_lua_tree *tree);

/*
 * Its sources as one JSON text (returned), as a store keeps them; NULL when
 * they are larger than NOC_LUA_STORED_MAX together.
 */
#define NOC_LUA_STORED_MAX (4 << 20)
char *noc_lua_tree_json(const struct noc_lua_tree *tree);
/* And back; EINPUT when they are not those of this hash. */
int noc_lua_load_json(const char *json, const uint8_t hash[32],
		      struct noc_lua_tree **out, struct noc_err *err);

/* The number of the function of this path ("#N": N itself), or -1. */
int noc_lua_function(const struct noc_lua *lua, const char *path);

/*
 * The data names that any kind defines: reading another of an event raises
 * did-you-mean.  Borrowed; NULL (as after loading): every name is known.
 */
struct noc_table;
void noc_lua_define(struct noc_lua *lua, const struct noc_table *defined);

/*
 * The one entry into Lua at run time: call function `fn` with a read-only
 * view of the event (run == NULL) or run.  Budgets: 1 M instructions, 8 MiB,
 * 50 ms CPU; sticky.  The result is returned as plain data.  Errors: EINPUT
 * (script error, with traceback line), ERESOURCE (a budget; names the rule).
 */
int noc_lua_call(struct noc_lua *lua, int fn, const struct noc_scope *scope,
		 struct noc_value **result, struct noc_err *err);
/* Only its truth. */
int noc_lua_test(struct noc_lua *lua, int fn, const struct noc_scope *scope,
		 bool *result, struct noc_err *err);

/*
 * Data-only Lua (config file): evaluates to one table of plain data, no
 * constructors but secret "x".  ECONFIG with file:line.
 */
int noc_lua_data(const char *path, struct noc_value **out, struct noc_err *err);
/* From text; `path` names it in messages. */
int noc_lua_data_text(const char *path, const char *text, size_t len,
		      struct noc_value **out, struct noc_err *err);
/* Line of the key "a.b" in the text of such a file (positions are "1"), for
 * messages about it; 0 when it is not there. */
int noc_lua_data_line(const char *text, size_t len, const char *key);

#endif
