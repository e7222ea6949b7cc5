/* SPDX-License-Identifier: ISC */
#ifndef NOC_ENGINE_LUA_PATTERN_H
#define NOC_ENGINE_LUA_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/slice.h"

/*
 * Lua patterns whose every step is counted; used by engine/lua/string.c.
 */
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

#endif
