/* SPDX-License-Identifier: ISC */
/*
 * Where the arguments of a call open on a later line than its expression
 * begins, Lua blames the first of these lines up to 5.4.6 and the second from
 * 5.4.7 on.  So lines that one expression goes on with are one line here, and
 * the first is told.
 */
#include "config.h"

#include "engine/lua/line.h"

#include <stdlib.h>

#include "base/mem.h"
#include "engine/lua/scan.h"
#include "engine/lua/state.h"

struct reading {
	struct noc_lua *lua;
	const char *path;
};

/* lines: of a file, one that goes on -> the one that it goes on with. */
static int
first_of(const struct noc_table *lines, int line)
{
	void *first;

	while ((first = noc_table_getn(lines, &line, sizeof(line))))
		line = (int)(intptr_t)first;
	return line;
}

static void
on_suffix(int line, int begun, void *arg)
{
	const struct reading *r = arg;
	struct noc_table *lines = noc_table_get(&r->lua->lines, r->path);
	int a, b;

	if (!lines) {
		lines = noc_calloc(1, sizeof(*lines));
		noc_table_put(&r->lua->lines, r->path, lines);
	}
	a = first_of(lines, line);
	b = first_of(lines, begun);
	if (a != b)
		noc_table_putn(lines, &a, sizeof(a), (void *)(intptr_t)b);
}

static void
on_problem(int line, const char *text, void *arg)
{
	const struct reading *r = arg;

	lua_state_report(r->lua, "%s (%s:%d)", text, r->path, line);
}

void
lua_line_read(struct noc_lua *lua, const char *path, const char *text,
	      size_t len)
{
	struct reading r = { lua, path };
	const struct lua_scan_ops ops = { .on_problem = on_problem,
					  .on_suffix = on_suffix,
					  .arg = &r };

	lua_scan(text, len, &ops);
}

int
lua_line_first(const struct noc_lua *lua, const char *path, int line)
{
	const struct noc_table *lines = noc_table_get(&lua->lines, path);

	return lines ? first_of(lines, line) : line;
}

void
lua_line_release(struct noc_lua *lua)
{
	const char *path;
	void *lines;

	for (size_t it = 0; noc_table_next(&lua->lines, &it, &path, &lines);) {
		noc_table_release(lines);
		free(lines);
	}
	noc_table_release(&lua->lines);
}
