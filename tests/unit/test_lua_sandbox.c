/* SPDX-License-Identifier: ISC */
/*
 * What a rule's function can do to the daemon: nothing.  Each hang known of
 * stock Lua ends in time and names the rule; nothing outside is in reach.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/table.h"
#include "engine/lua/lua.h"
#include "actions/actions.h"
#include "tests/unit/lua_load.h"

struct box {
	struct noc_lua_tree *tree;
	struct noc_event ev;
	struct noc_scope scope;
	struct noc_value *result;
	struct noc_err err;
	double cpu_ms;
};

/* What a hang may cost: the 50 ms, and what one instruction may take, which
 * is much where each access of memory is looked at. */
#if defined(__SANITIZE_ADDRESS__)
#define HANG_MS 1000
#else
#define HANG_MS 200
#endif

static double
cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static const char deep[] = "{\"a\":[1,2,3],\"b\":{\"c\":true}}";

/* `body` is that of function(ev). */
static void
box_open(struct box *b, const char *body)
{
	char *errors = NULL, *text = noc_asprintf(
				 "rule 'r' { on = 'link.down', run = log 'x',\n"
				 "when = function(ev)\n%s\nend }",
				 body);

	memset(b, 0, sizeof(*b));
	if (lua_load_text("x.lua", text, strlen(text), &b->tree, &errors,
			  &b->err)) {
		print_message("%s\n%s\n", text, errors);
		fail();
	}
	free(text);
	b->ev.kind = "link.down";
	b->ev.base = "snmp.trap";
	b->ev.device = noc_slice_str("sw1");
	b->ev.severity = 3;
	b->ev.data = noc_value_map();
	noc_value_set(b->ev.data, "ifname", noc_value_str("Gi1/0/1"));
	noc_value_set(b->ev.data, "ifindex", noc_value_int(7));
	assert_int_equal(noc_json_parse(deep, strlen(deep), &b->result, NULL),
			 0);
	noc_value_set(b->ev.data, "deep", b->result);
	b->result = NULL;
	b->scope.ev = &b->ev;
}

static int
box_call(struct box *b)
{
	double before = cpu_ms();
	int rc = noc_lua_call(b->tree->lua, 0, &b->scope, &b->result, &b->err);

	b->cpu_ms = cpu_ms() - before;
	return rc;
}

static void
box_close(struct box *b)
{
	noc_value_free(b->result);
	noc_value_free(b->ev.data);
	noc_lua_tree_free(b->tree);
}

/* ---- hangs ---- */

static const struct {
	const char *name, *body, *want;
} hangs[] = {
	{ "loop", "while true do end", "1 million instructions" },
	{ "for", "for i = 1, math.huge do end", "1 million instructions" },
	{ "goto", "::a:: goto a", "1 million instructions" },
	{ "find backtracks",
	  "return string.find(string.rep('a', 60), "
	  "string.rep('a*', 30) .. 'b')",
	  "1 million instructions" },
	{ "match backtracks",
	  "return (('a'):rep(2000)):match(('.-'):rep(20) .. 'b')",
	  "1 million instructions" },
	{ "gmatch backtracks",
	  "for w in (('a'):rep(5000)):gmatch('a*a*a*b') do end",
	  "1 million instructions" },
	{ "gsub backtracks", "return (('a'):rep(5000)):gsub('a*a*a*b', '')",
	  "1 million instructions" },
	{ "frontier and balance",
	  "local s = ('('):rep(100000) return s:find('%b()')",
	  "1 million instructions" },
	{ "long set",
	  "local p = '[' .. ('b'):rep(60000) .. ']' "
	  "return (('a'):rep(60000)):find(p)",
	  "1 million instructions" },
	{ "gsub calls back",
	  "return (('a'):rep(900000)):gsub('.', string.upper)",
	  "1 million instructions" },
	{ "gsub loops in the callback",
	  "return (('a'):rep(9)):gsub('.', function() while true do end end)",
	  "1 million instructions" },
	{ "pcall", "while true do pcall(function() while true do end end) end",
	  "1 million instructions" },
	{ "pcall once", "pcall(function() while true do end end) return true",
	  "1 million instructions" },
	{ "pcall of C",
	  "local ok = pcall(string.find, ('a'):rep(60), "
	  "('a*'):rep(30) .. 'b') return ok",
	  "1 million instructions" },
	{ "pcall tree", "local function f() pcall(f) pcall(f) end f()",
	  "1 million instructions" },
	{ "recursion",
	  "local function f(n) return 1 + f(n + 1) end "
	  "return f(1)",
	  NULL },
	{ "tail recursion", "local function f() return f() end return f()",
	  "1 million instructions" },
	{ "table.move", "return table.move({}, 1, 1e9, 2)",
	  "1 million instructions" },
	{ "table.move far", "return table.move({}, math.mininteger, -1, 1)",
	  "1 million instructions" },
	{ "table.concat",
	  "local t = {} for i = 1, 99 do t[i] = ('x'):rep(20000) end "
	  "return table.concat(t)",
	  "too long" },
	{ "table.insert front",
	  "local t = {} for i = 1, 1e6 do table.insert(t, 1, i) end",
	  "1 million instructions" },
	{ "table.remove front",
	  "local t = {} for i = 1, 50000 do t[i] = i end "
	  "while #t > 0 do table.remove(t, 1) end",
	  "1 million instructions" },
	{ "table.unpack", "return table.unpack({}, 1, 1e7)", "at most 4096" },
	{ "sort without order",
	  "local t = {} for i = 1, 3e4 do t[i] = i % 7 end "
	  "table.sort(t, function() return true end)",
	  NULL },
	{ "sort in C",
	  "local t = {} for i = 1, 60000 do t[i] = i * 7919 % 60000 end "
	  "table.sort(t) table.sort(t, math.ult) table.sort(t)",
	  "1 million instructions" },
	{ "sort of long strings",
	  "local a = ('a'):rep(9e5) local t = {} "
	  "for i = 1, 5000 do t[i] = a end table.sort(t)",
	  "1 million instructions" },
	{ "rep of nothing", "return string.rep('', 1e18)", "" },
	{ "rep", "return string.rep('x', 1e18)", "longer than" },
	{ "rep with separator", "return string.rep('', 1e18, 'x')",
	  "longer than" },
	{ "rep again", "local s = 'x' while true do s = s:rep(2) end",
	  "longer than" },
	{ "concat",
	  "local s = ('x'):rep(5e5) while true do local t = s .. 'y' end",
	  "1 million instructions" },
	{ "doubling", "local s = 'x' while true do s = s .. s end", NULL },
	{ "memory", "local t = {} for i = 1, 1e9 do t[i] = { i } end",
	  "8 MiB of memory" },
	{ "memory and pcall",
	  "local t = {} pcall(function() for i = 1, 1e9 do t[i] = { i } end "
	  "end) return true",
	  "8 MiB of memory" },
	{ "near the memory cap",
	  "local t = {} for i = 1, 4 do t[i] = ('x'):rep(1e6) end "
	  "local n = 0 while true do n = n + 1 t[n + 4] = 'a' .. n end",
	  NULL },
	{ "comparison",
	  "local a, b = ('x'):rep(1e6) .. 'a', ('x'):rep(1e6) .. 'b' "
	  "while a < b do end",
	  NULL },
	{ "equality",
	  "local a, b = ('x'):rep(1e6) .. 'a', ('x'):rep(1e6) .. 'a' "
	  "while a == b do end",
	  NULL },
	{ "numerals",
	  "local s = (' '):rep(1e6) .. '1' "
	  "while true do local n = s + 1 end",
	  NULL },
	{ "numerals by bits",
	  "local s = (' '):rep(1e6) .. '1' "
	  "while true do local n = s | 1 end",
	  NULL },
	{ "tonumber",
	  "local s = (' '):rep(1e6) .. '1' "
	  "while true do tonumber(s) end",
	  "1 million instructions" },
	{ "upper", "local s = ('x'):rep(1e6) while true do s:upper() end",
	  "1 million instructions" },
	{ "reverse", "local s = ('x'):rep(1e6) while true do s:reverse() end",
	  "1 million instructions" },
	{ "utf8.len", "local s = ('x'):rep(1e6) while true do utf8.len(s) end",
	  "1 million instructions" },
	{ "format",
	  "local s = ('x'):rep(9e5) "
	  "while true do string.format('%s', s) end",
	  "1 million instructions" },
	{ "format big",
	  "local s = ('x'):rep(9e5) "
	  "return string.format('%s%s%s', s, s, s)",
	  "longer than" },
	{ "pairs",
	  "local t = {} for i = 1, 3e4 do t[i] = i end "
	  "while true do for k in pairs(t) do end end",
	  "1 million instructions" },
	{ "comparison of zero bytes",
	  "local a, b = ('\\0'):rep(1e6) .. 'a', ('\\0'):rep(1e6) .. 'b' "
	  "while a < b do end",
	  "50 ms of CPU time" },
	{ "digits by bits",
	  "local s = ('1'):rep(1e6) while true do local n = s | 1 end", NULL },
	{ "a bound of digits",
	  "local s = ('1'):rep(1e6) while true do for i = 1, s do break end "
	  "end",
	  NULL },
	{ "math of digits",
	  "local s, t = ('1'):rep(1e6), {} for i = 1, 4000 do t[i] = s end "
	  "return math.max(table.unpack(t))",
	  "1 million instructions" },
	{ "char of digits",
	  "local s, t = ('1'):rep(1e6), {} for i = 1, 4000 do t[i] = s end "
	  "return string.char(table.unpack(t))",
	  "1 million instructions" },
	{ "a count of digits",
	  "local s = ('1'):rep(1e6) while true do pcall(string.rep, 'x', s) "
	  "end",
	  NULL },
	{ "names that are not there",
	  "local s = ('s'):rep(1e6) while true do pcall(function() return "
	  "string[s] end) end",
	  NULL },
	{ "numbers of one chain",
	  "local t = {} for i = 1, 1e5 do t[i * 131071] = i end return #t",
	  "made a table of more than 8192 keys" },
	{ "a short chain",
	  "local t = {} for i = 1, 8192 do t[i * 8191] = i end while true do "
	  "pairs(t) end",
	  NULL },
	{ "a result of one chain",
	  "local t, r = {}, {} for i = 1, 4000 do t[i * 4095] = i end "
	  "for i = 1, 40000 do r[i] = t end return r",
	  NULL },
	{ "tables that were emptied",
	  "local t = {} for i = 1, 6000 do t['k' .. i] = i end "
	  "for i = 1, 6000 do t['k' .. i] = nil end while true do pairs(t) "
	  "end",
	  NULL },
	{ "a result of emptied tables",
	  "local t, r = {}, {} for i = 1, 8000 do t[i * 1.5] = i end "
	  "for i = 1, 8000 do t[i * 1.5] = nil end "
	  "for i = 1, 45000 do r[i] = t end return r",
	  NULL },
	{ "copies of what the event says",
	  "local r = {} for i = 1, 20000 do r[i] = ev.data end return r",
	  "made more than 50000 values" },
	{ "texts of what the event says",
	  "local t = {} for i = 1, 200 do t[i] = ev.data end while true do "
	  "string.format(('%s'):rep(200), table.unpack(t)) end",
	  NULL },
	{ "nodes of long names",
	  "local s, t = ('x'):rep(1e6), {} for i = 1, 5000 do t[i] = "
	  "notify(s) end return true",
	  "made more than 50000 values" },
	{ "many nodes",
	  "local t = {} for i = 1, 50000 do t[i] = notify 'x' end return true",
	  "made more than 50000 values" },
	{ "callbacks in callbacks",
	  "local function f(s) return (s:gsub('.', f)) end return f('aa')",
	  NULL },
	{ "sorting in an order",
	  "local function f() local t = { 3, 1, 2 } table.sort(t, function() "
	  "f() return false end) end f()",
	  NULL },
	{ "errors in errors",
	  "local function f() pcall(f) error('x') end while true do pcall(f) "
	  "end",
	  NULL },
	{ "result without end", "local t = {} t.t = t return t",
	  "nested too deeply" },
	{ "result too wide",
	  "local t = {} for i = 1, 60000 do t[i] = true end return t",
	  "values" },
	{ "nodes without end",
	  "local n = any { 1 } while true do n = any { n, n, n } end", NULL },
};

static void
test_each_hang_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(hangs); i++) {
		struct box b;
		int rc;

		box_open(&b, hangs[i].body);
		rc = box_call(&b);
		/* Another look when the machine itself was stolen. */
		for (int n = 0; n < 5 && b.cpu_ms >= HANG_MS; n++) {
			box_close(&b);
			box_open(&b, hangs[i].body);
			rc = box_call(&b);
		}
		if (b.cpu_ms >= HANG_MS)
			print_message("%s: %.1f ms\n", hangs[i].name, b.cpu_ms);
		assert_true(b.cpu_ms < HANG_MS);
		if (!hangs[i].want || *hangs[i].want) {
			if (rc == 0)
				print_message("%s: returns\n", hangs[i].name);
			assert_true(rc == NOC_ERESOURCE || rc == NOC_EINPUT);
			assert_non_null(strstr(b.err.msg, "function r/when"));
			assert_non_null(strstr(b.err.msg, "x.lua"));
			/* On a slow machine the net may be first. */
			if (hangs[i].want &&
			    !strstr(b.err.msg, hangs[i].want) &&
			    !(b.cpu_ms > 45 &&
			      strstr(b.err.msg, "50 ms of CPU time"))) {
				print_message("%s: %s\n", hangs[i].name,
					      b.err.msg);
				fail();
			}
		} else {
			assert_int_equal(rc, 0);
		}
		if (strstr(b.err.msg, "used up"))
			assert_int_equal(rc, NOC_ERESOURCE);
		box_close(&b);
	}
}

/* A million instructions and no more; a machine that is too slow to do them
 * within the time does so now and then. */
static void
test_a_million_instructions(void **state)
{
	static const struct {
		const char *body, *want; /* NULL: it returns */
	} cases[] = {
		{ "for i = 1, 999000 do end", NULL },
		{ "for i = 1, 1001000 do end", "1 million instructions" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct box b;
		bool time = true;

		for (int n = 0; n < 20 && time; n++) {
			int rc;

			box_open(&b, cases[i].body);
			rc = box_call(&b);
			time = strstr(b.err.msg, "CPU time") != NULL;
			if (!time)
				assert_int_equal(
				    rc, cases[i].want ? NOC_ERESOURCE : 0);
			if (!time && cases[i].want)
				assert_non_null(
				    strstr(b.err.msg, cases[i].want));
			box_close(&b);
		}
		assert_false(time);
	}
}

/* Work that no instruction counts ends by the clock, not before. */
static void
test_fifty_ms_of_cpu(void **state)
{
	struct box b;

	(void)state;
	box_open(&b, "local a, b = ('x'):rep(1e6) .. 'a', "
		     "('x'):rep(1e6) .. 'b' while a < b do end");
	assert_int_equal(box_call(&b), NOC_ERESOURCE);
	assert_non_null(strstr(b.err.msg, "50 ms of CPU time"));
	assert_true(b.cpu_ms >= 50);
	box_close(&b);
}

/* The state is whole after a budget was spent. */
static void
test_works_after_a_hang(void **state)
{
	struct box b;

	(void)state;
	box_open(&b, "if ev.ifindex == 7 then while true do end end "
		     "return ev.ifindex");
	for (int i = 0; i < 20; i++) {
		struct noc_value *n = noc_value_get(b.ev.data, "ifindex");

		n->u.i = i % 2 ? 7 : i;
		if (i % 2) {
			assert_int_equal(box_call(&b), NOC_ERESOURCE);
			continue;
		}
		assert_int_equal(box_call(&b), 0);
		assert_int_equal(b.result->u.i, i);
		noc_value_free(b.result);
		b.result = NULL;
	}
	box_close(&b);
}

/* What a function keeps from call to call does not grow for ever: lines of
 * `file` first, then function(ev). */
static int
calls_until_refused(const char *file, int most)
{
	static const char json[] = "{\"n\":1}";
	struct noc_event ev = { .kind = "a.b", .base = "syslog" };
	struct noc_scope scope = { .ev = &ev };
	struct noc_lua_tree *tree;
	struct noc_err err;
	char *errors;
	int n, slow = 0;

	assert_int_equal(noc_json_parse(json, strlen(json), &ev.data, &err), 0);
	assert_int_equal(
	    lua_load_text("x.lua", file, strlen(file), &tree, &errors, &err),
	    0);
	for (n = 0; n < most; n++) {
		struct noc_value *v = NULL;
		int rc = noc_lua_call(tree->lua, 0, &scope, &v, &err);

		noc_value_free(v);
		/* The clock is not what this is about. */
		if (rc && strstr(err.msg, "CPU time") && slow++ < 1000) {
			n--;
		} else if (rc) {
			assert_int_equal(rc, NOC_ERESOURCE);
			break;
		}
	}
	noc_lua_tree_free(tree);
	noc_value_free(ev.data);
	return n;
}

static void
test_what_is_kept_has_a_limit(void **state)
{
	(void)state;
	/* 16 MiB in all: 8 that are kept, 8 of the call. */
	assert_in_range(
	    calls_until_refused("local kept = {}\n"
				"rule 'r' { on = 'a.b', run = log 'x', when = "
				"function(ev) kept[#kept + 1] = ('x'):rep(1e6) "
				".. #kept return true end }",
				100),
	    8, 16);
	/* Nodes are not Lua's memory, and count as if they were. */
	assert_in_range(
	    calls_until_refused("local kept = {}\n"
				"rule 'r' { on = 'a.b', run = log 'x', when = "
				"function(ev) kept[#kept + 1] = "
				"notify(('x'):rep(1e6 + #kept)) return true "
				"end }",
				100),
	    8, 16);
	/* What is let go is collected. */
	assert_int_equal(
	    calls_until_refused("local kept\n"
				"rule 'r' { on = 'a.b', run = log 'x', when = "
				"function(ev) kept = notify(('x'):rep(1e6)) "
				"return true end }",
				100),
	    100);
}

/* ---- reach ---- */

/* Names that must not be there: reading them raises. */
static const char *const absent[] = {
	"os",
	"io",
	"debug",
	"package",
	"load",
	"loadstring",
	"dofile",
	"loadfile",
	"coroutine",
	"xpcall",
	"collectgarbage",
	"_G",
	"rawset",
	"print",
	"warn",
	"string.dump",
	"string.pack",
	"string.unpack",
	"math.random",
	"math.randomseed",
	"_VERSION",
	/* Nothing gets a metatable, so that none is resolved or closed by
	 * Lua where no hook counts; and nothing is raw. */
	"setmetatable",
	"getmetatable",
	"rawget",
	"rawequal",
	"rawlen",
};

static void
test_nothing_outside_is_in_reach(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(absent); i++) {
		char body[64];
		struct box b;

		snprintf(body, sizeof(body), "return %s", absent[i]);
		box_open(&b, body);
		assert_int_equal(box_call(&b), NOC_EINPUT);
		assert_non_null(strstr(b.err.msg, "unknown name"));
		box_close(&b);
	}
}

static const char *const refused[] = {
	"x = 1",
	"_ENV.x = 1",
	"string.rep = nil",
	"table.insert = nil",
	"snmp.get = nil",
	"ev.device = 'x'",
	"for i in pairs({}), nil, nil, ev do end",
	"for i in pairs({}), nil, nil, {} do end",
	"for i in pairs({}), nil, nil, any { 1 } do end",
	"return ({})()",
	"return {} .. 'x'",
	"return {} < {}",
	"return table.concat(string)",
	"ev.data.ifname = 'x'",
	"ev.data.deep.a[1] = 5",
	"rule 'x'",
	"rule 'x' { on = 'a.b', run = log 'x' }",
	"require 'x'",
	"return function() end",
	"return { f = function() end }",
	"return 0/0",
	"return { [true] = 1 }",
	"return { 1, nil, 3 }",
	"return string.format('%p', {})",
	"return next({}, 1)",
	"return notify",
	"local n = notify 'noc' n.x = 1",
	"local n = notify 'noc' return n.x",
	"return ev.syslog.ap",
	"error('stop')",
	"error(nil)",
	"error({})",
	"return #ev",
	"return ev + 1",
	"return ('x'):rep(-1):find('[')",
	"return ('x'):find('%')",
	"return ('x'):find('(')",
	"return ('x'):match(')')",
	"return ('x'):gsub('x', '%9')",
	"return ('x'):gsub('x', '%')",
	"return ('x'):find('%f')",
	"return ('x'):find('%b')",
	"return ('x'):find('%1')",
	"return ('x'):rep(50):find(('(x)'):rep(40))",
	"return (('x'):rep(999)):find(('x?'):rep(999))",
};

static void
test_what_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(refused); i++) {
		struct box b;
		int rc;

		box_open(&b, refused[i]);
		rc = box_call(&b);
		if (rc != NOC_EINPUT)
			print_message("%s gives %d\n", refused[i], rc);
		assert_int_equal(rc, NOC_EINPUT);
		assert_non_null(strstr(b.err.msg, "function r/when: "));
		box_close(&b);
	}
}

/* ---- what works ---- */

static const struct {
	const char *body, *want; /* canonical JSON of the result */
} works[] = {
	{ "return 1 + 1", "2" },
	{ "return '10' + 1", "11" },
	{ "return nil", "null" },
	{ "return { 1, 2, { a = 'x' } }", "[1,2,{\"a\":\"x\"}]" },
	{ "return ev.kind", "\"link.down\"" },
	{ "return ev.device .. '/' .. ev.ifname", "\"sw1/Gi1/0/1\"" },
	{ "return ev.data.deep.a[2]", "2" },
	{ "return #ev.data.deep.a", "3" },
	{ "return ev.data.deep", "{\"a\":[1,2,3],\"b\":{\"c\":true}}" },
	{ "return ev.data.deep.nothing", "null" },
	{ "local s = 0 for i, x in ipairs(ev.data.deep.a) do s = s + x end "
	  "return s",
	  "6" },
	{ "local t = {} for k, v in pairs(ev.data.deep) do t[#t + 1] = k end "
	  "return t",
	  "[\"a\",\"b\"]" },
	{ "return table.concat(ev.data.deep.a, '-')", "\"1-2-3\"" },
	{ "return { table.unpack(ev.data.deep.a) }", "[1,2,3]" },
	{ "return ev.syslog.app", "null" },
	{ "return ev.far.device", "null" },
	{ "return { pcall(error, 'x') }", "[false,\"x\"]" },
	{ "return { pcall(function() return 1, 2 end) }", "[true,1,2]" },
	{ "local t = {} for k in pairs { b = 1, a = 2, 10, 20, [1.5] = 3 } do "
	  "t[#t + 1] = tostring(k) end return t",
	  "[\"1\",\"1.5\",\"2\",\"a\",\"b\"]" },
	{ "local t = { c = 1 } return next(t)", "\"c\"" },
	{ "return next({}) == nil", "true" },
	{ "return tostring({})", "\"table\"" },
	{ "return string.format('%5.1f|%-4s|%d|%q|%s', 1.25, 'a', 7, 'x', {})",
	  "\"  1.2|a   |7|\\\"x\\\"|table\"" },
	{ "local t = { 3, 1, 2 } table.sort(t) return t", "[1,2,3]" },
	{ "local t = { 3, 1, 2 } table.sort(t, function(a, b) return a > b "
	  "end) return t",
	  "[3,2,1]" },
	{ "local t = { 1, 2 } table.insert(t, 1, 0) table.insert(t, 3) "
	  "table.remove(t, 2) return t",
	  "[0,2,3]" },
	{ "return table.move({ 1, 2, 3 }, 2, 3, 1)", "[2,3,3]" },
	{ "local t = table.pack(1, 2) return t.n", "2" },
	{ "return any { 'a', 'b' }",
	  "{\"at\":\"x.lua:3\",\"items\":[\"a\",\"b\"],\"node\":\"any\"}" },
	{ "return math.max(1, 2) + math.floor(2.5)", "4" },
	{ "return utf8.len('z\xc3\xa9')", "2" },
	{ "return { ('abc'):byte(1, -1) }", "[97,98,99]" },
	{ "return ('abc'):sub(-2)", "\"bc\"" },
	{ "return ('x'):rep(3, ',')", "\"x,x,x\"" },
	{ "return { math.maxinteger, math.tointeger('7'), math.type(1.5) }",
	  "[9223372036854775807,7,\"float\"]" },
	{ "return select('#', 1, nil, nil)", "3" },
	{ "return tostring(ev.data.deep)",
	  "\"{\\\"a\\\":[1,2,3],\\\"b\\\":{\\\"c\\\":true}}\"" },
	/* So many keys a table may have, and buffers are none. */
	{ "local t, n = {}, 0 for i = 1, 8192 do t['x' .. i] = i end "
	  "for k in pairs(t) do n = n + 1 end return n",
	  "8192" },
	{ "local t = {} for i = 1, 60000 do t[i] = i end return #t", "60000" },
	{ "return #table.concat { ('x'):rep(4e5), ('x'):rep(4e5) }", "800000" },
	{ "return #(('x'):rep(393216) .. ''):upper()", "393216" },
};

static void
test_what_works(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(works); i++) {
		struct box b;
		char *got;

		box_open(&b, works[i].body);
		if (box_call(&b)) {
			print_message("%s: %s\n", works[i].body, b.err.msg);
			fail();
		}
		got = noc_json_string(b.result, NOC_JSON_CANONICAL);
		assert_string_equal(got, works[i].want);
		free(got);
		box_close(&b);
	}
}

/* Our matcher against the rules of the Lua 5.4 manual §6.4.1. */
static const struct {
	const char *body, *want;
} patterns[] = {
	{ "return { ('hello world'):find('o w') }", "[5,7]" },
	{ "return { ('hello'):find('l') }", "[3,3]" },
	{ "return { ('hello'):find('l', 4) }", "[4,4]" },
	{ "return ('hello'):find('xyz') == nil", "true" },
	{ "return { ('a.b'):find('.', 1, true) }", "[2,2]" },
	{ "return { ('hello'):find('') }", "[1,0]" },
	{ "return { ('hello'):find('', 6) }", "[6,5]" },
	{ "return ('hello'):find('', 7) == nil", "true" },
	{ "return { ('hello'):find('l+') }", "[3,4]" },
	{ "return { ('hello'):find('(l)(l)') }", "[3,4,\"l\",\"l\"]" },
	{ "return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "\"key\"" },
	{ "return { ('key = value'):match('^(%w+)%s*=%s*(%w+)$') }",
	  "[\"key\",\"value\"]" },
	{ "return { ('abc'):match('()b()') }", "[2,3]" },
	{ "return ('f(a(b)c)d'):match('%b()')", "\"(a(b)c)\"" },
	{ "return ('THE (quick) fox'):find('%f[%a]%a+%f[%A]')", "1" },
	{ "return { ('THE (quick) fox'):find('%f[%l]%l+') }", "[6,10]" },
	{ "return ('\"x\" \\'y\\''):match([[([\"'])(.-)%1]])", "\"\\\"\"" },
	{ "return ('aXb'):match('%u')", "\"X\"" },
	{ "return ('a-b'):match('[a%-]+')", "\"a-\"" },
	{ "return ('a]b'):match('[]]')", "\"]\"" },
	{ "return ('a^b'):match('[b^]+')", "\"^b\"" },
	{ "return ('xyz'):match('[^x]+')", "\"yz\"" },
	{ "return ('a1b2'):match('[%a][%d]', 3)", "\"b2\"" },
	{ "return ('aaa'):match('a-')", "\"\"" },
	{ "return ('aaab'):match('a-b')", "\"aaab\"" },
	{ "return ('ab'):match('a?b?c?')", "\"ab\"" },
	{ "return ('x$'):match('x$$')", "\"x$\"" },
	{ "return ('x\\0y'):match('x%zy') == nil", "true" },
	{ "return ('x\\0y'):match('x\\0y') == 'x\\0y'", "true" },
	{ "return { ('abc'):gsub('%w', '%0%0') }", "[\"aabbcc\",3]" },
	{ "return { ('abc'):gsub('', '-') }", "[\"-a-b-c-\",4]" },
	{ "return { ('hello world'):gsub('o', '0', 1) }",
	  "[\"hell0 world\",1]" },
	{ "return ('abc'):gsub('b', { b = 'X' })", "\"aXc\"" },
	{ "return ('abc'):gsub('b', { c = 'X' })", "\"abc\"" },
	{ "return ('abc'):gsub('(a)(b)', '%2%1')", "\"bac\"" },
	{ "return ('a b'):gsub('%w', function(c) return c:upper() end)",
	  "\"A B\"" },
	{ "return ('abc'):gsub('^a', 'x')", "\"xbc\"" },
	{ "return ('100%'):gsub('%%', '%%%%')", "\"100%%\"" },
	{ "local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do "
	  "t[k] = v end return t",
	  "{\"a\":\"1\",\"b\":\"2\"}" },
	{ "local t = {} for w in ('ab'):gmatch('%a*') do t[#t + 1] = w end "
	  "return t",
	  "[\"ab\"]" },
	{ "local t = {} for p in ('abc'):gmatch('()') do t[#t + 1] = p end "
	  "return t",
	  "[1,2,3,4]" },
};

static void
test_patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(patterns); i++) {
		struct box b;
		char *got;

		box_open(&b, patterns[i].body);
		if (box_call(&b)) {
			print_message("%s: %s\n", patterns[i].body, b.err.msg);
			fail();
		}
		got = noc_json_string(b.result, NOC_JSON_CANONICAL);
		if (strcmp(got, patterns[i].want) != 0)
			print_message("%s\n", patterns[i].body);
		assert_string_equal(got, patterns[i].want);
		free(got);
		box_close(&b);
	}
}

/* A name that some kind defines is nil without a value; others raise. */
static void
test_unknown_fields(void **state)
{
	struct noc_table defined = { 0 };
	struct box b;

	(void)state;
	noc_table_put(&defined, "ifname", &b);
	noc_table_put(&defined, "ifindex", &b);
	noc_table_put(&defined, "peer", &b);
	box_open(&b, "if ev.peer ~= nil then return 1 end return ev.ifindx");
	noc_lua_define(b.tree->lua, &defined);
	assert_int_equal(box_call(&b), NOC_EINPUT);
	assert_non_null(strstr(b.err.msg, "'ifindx'"));
	assert_non_null(strstr(b.err.msg, "did you mean 'ifindex'?"));
	assert_non_null(strstr(b.err.msg, "(x.lua:3)"));
	box_close(&b);
	noc_table_release(&defined);
}

/* Names out of hostile data cannot fill the table of all texts. */
static void
test_names_are_limited(void **state)
{
	struct box b;

	(void)state;
	box_open(&b, "local n = 0 for i = 1, 1000 do\n"
		     "if pcall(function() return ev['x' .. ev.ifindex .. '_' "
		     ".. i] end) then n = n + 1 end end return n");
	for (int i = 0; i < 6; i++) {
		noc_value_get(b.ev.data, "ifindex")->u.i = i;
		assert_int_equal(box_call(&b), 0);
		assert_int_equal(b.result->u.i, i < 4 ? 1000 : i == 4 ? 95 : 0);
		noc_value_free(b.result);
		b.result = NULL;
	}
	box_close(&b);
}

/* A view kept beyond its call cannot be read. */
static void
test_views_die(void **state)
{
	struct noc_lua_tree *tree;
	struct noc_event ev = { .kind = "a.b", .base = "syslog" };
	struct noc_scope scope = { .ev = &ev };
	static const char text[] =
	    "local kept\n"
	    "rule 'r' { on = 'a.b', run = log 'x', when = function(ev)\n"
	    "  if kept then return kept.kind end\n"
	    "  kept = ev return 'first' end }";
	struct noc_value *v;
	struct noc_err err;
	char *errors;

	(void)state;
	assert_int_equal(
	    lua_load_text("x.lua", text, strlen(text), &tree, &errors, &err),
	    0);
	assert_int_equal(noc_lua_call(tree->lua, 0, &scope, &v, &err), 0);
	assert_true(noc_value_is_str(v, "first"));
	noc_value_free(v);
	assert_int_equal(noc_lua_call(tree->lua, 0, &scope, &v, &err),
			 NOC_EINPUT);
	assert_non_null(strstr(err.msg, "is over"));
	noc_lua_tree_free(tree);
}

static void
test_runs(void **state)
{
	static const char text[] =
	    "rule 'r' { on = 'a.b', run = flow { step 's' { log 'x',\n"
	    "  when = function(run) return { run.steps.look.oper, run.input.n,"
	    "\n    run.error.class, run.id, run.kind, run.event.kind,\n"
	    "    run.steps.none == nil } end } } }";
	struct noc_lua_tree *tree;
	struct noc_event ev = { .kind = "a.b", .base = "syslog" };
	struct noc_value *v = NULL;
	struct noc_scope scope = { .ev = &ev };
	struct noc_err err;
	struct noc_value *all;
	char *errors, *got;
	static const char json[] =
	    "{\"steps\":{\"look\":{\"oper\":\"up\"}},\"input\":{\"n\":4},"
	    "\"error\":{\"class\":\"timeout\"},\"run\":{\"id\":\"R1\"}}";

	(void)state;
	assert_int_equal(noc_json_parse(json, strlen(json), &all, &err), 0);
	scope.steps = noc_value_get(all, "steps");
	scope.input = noc_value_get(all, "input");
	scope.error = noc_value_get(all, "error");
	scope.run = noc_value_get(all, "run");
	assert_int_equal(
	    lua_load_text("x.lua", text, strlen(text), &tree, &errors, &err),
	    0);
	if (noc_lua_call(tree->lua, 0, &scope, &v, &err)) {
		print_message("%s\n", err.msg);
		fail();
	}
	got = noc_json_string(v, NOC_JSON_CANONICAL);
	assert_string_equal(got, "[\"up\",4,\"timeout\",\"R1\",\"a.b\","
				 "\"a.b\",true]");
	free(got);
	noc_value_free(v);
	noc_value_free(all);
	noc_lua_tree_free(tree);
}

static void
test_truth(void **state)
{
	static const struct {
		const char *body;
		bool want;
	} cases[] = {
		{ "return true", true },	   { "return false", false },
		{ "return nil", false },	   { "return 0", true },
		{ "return ev.ifindex > 3", true }, { "", false }
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct box b;
		bool got = !cases[i].want;

		box_open(&b, cases[i].body);
		assert_int_equal(
		    noc_lua_test(b.tree->lua, 0, &b.scope, &got, &b.err), 0);
		assert_int_equal(got, cases[i].want);
		box_close(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_hang_ends),
		cmocka_unit_test(test_a_million_instructions),
		cmocka_unit_test(test_fifty_ms_of_cpu),
		cmocka_unit_test(test_works_after_a_hang),
		cmocka_unit_test(test_what_is_kept_has_a_limit),
		cmocka_unit_test(test_nothing_outside_is_in_reach),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_what_works),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_unknown_fields),
		cmocka_unit_test(test_names_are_limited),
		cmocka_unit_test(test_views_die),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_truth),
	};

	noc_actions_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
