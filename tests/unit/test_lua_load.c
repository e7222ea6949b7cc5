/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/lua/lua.h"
#include "actions/actions.h"
#include "tests/unit/lua_load.h"

static char *
read_data(const char *name, size_t *len)
{
	const char *src = getenv("NOC_SRCDIR");
	char path[4096];
	FILE *f;
	char *p;

	snprintf(path, sizeof(path), "%s/tests/data/lua/%s", src ? src : ".",
		 name);
	f = fopen(path, "rb");
	assert_non_null(f);
	p = noc_malloc(1 << 20);
	*len = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

static struct noc_lua_tree *
load_good(const char *text)
{
	struct noc_lua_tree *tree = NULL;
	struct noc_err err;
	char *errors = NULL;

	if (lua_load_text("x.lua", text, strlen(text), &tree, &errors, &err)) {
		print_message("%s\n", errors);
		fail();
	}
	return tree;
}

/* What is wrong with it, one a line. */
static char *
load_bad(const char *text)
{
	struct noc_lua_tree *tree = NULL;
	struct noc_err err;
	char *errors = NULL;
	int rc =
	    lua_load_text("x.lua", text, strlen(text), &tree, &errors, &err);

	if (rc == 0) {
		print_message("loads and should not: %s\n", text);
		noc_lua_tree_free(tree);
		fail();
	}
	assert_int_equal(rc, NOC_ECONFIG);
	assert_null(tree);
	assert_non_null(errors);
	return errors;
}

/* ---- the AST ---- */

static void
test_every_form_has_its_tree(void **state)
{
	struct noc_lua_tree *tree;
	struct noc_err err;
	size_t len, want_len;
	char *text = read_data("language.lua", &len), *errors, *got;
	char *want = read_data("language.json", &want_len);

	(void)state;
	if (lua_load_text("language.lua", text, len, &tree, &errors, &err)) {
		print_message("%s\n", errors);
		fail();
	}
	got = noc_json_string(tree->nodes, NOC_JSON_PRETTY);
	while (want_len && want[want_len - 1] == '\n')
		want_len--;
	want[want_len] = 0;
	assert_string_equal(got, want);
	free(got);
	free(want);
	free(text);
	noc_lua_tree_free(tree);
}

static const struct noc_value *
at(const struct noc_lua_tree *tree, const char *path)
{
	const struct noc_value *v = noc_value_path(tree->nodes, path);

	if (!v)
		print_message("nothing at %s\n", path);
	assert_non_null(v);
	return v;
}

#define IS(tree, path, text) assert_true(noc_value_is_str(at(tree, path), text))

static void
test_tables_and_operators(void **state)
{
	struct noc_lua_tree *tree = load_good(
	    "rule 'r' { on = 'a.b', run = log 'x', where = {\n"
	    "  n = lt(-2500), m = between(1, 2), a = isnt(any { 1, 2 }),\n"
	    "  c = cidr '10.0.0.0/8', e = exists, f = ifname { 'a', 'b' },\n"
	    "  t = time_in { '22:00-06:00', tz = 'Europe/Warsaw' },\n"
	    "  either { x = 1, y = 2 }, both { { x = 1 }, { y = 2 } } } }\n"
	    "rule 'k' { on = 'a.b', run = http.post { url = 'u',\n"
	    "  json = { node = 'r1', list = { 1, 2 }, empty = {} } } }");

	(void)state;
	IS(tree, "[0].opts.where.node", "table");
	IS(tree, "[0].opts.where.opts.n.node", "lt");
	assert_int_equal(at(tree, "[0].opts.where.opts.n.items[0]")->u.i,
			 -2500);
	assert_int_equal(at(tree, "[0].opts.where.opts.m.items[1]")->u.i, 2);
	IS(tree, "[0].opts.where.opts.a.items[0].node", "any");
	IS(tree, "[0].opts.where.opts.c.items[0]", "10.0.0.0/8");
	IS(tree, "[0].opts.where.opts.e.node", "exists");
	IS(tree, "[0].opts.where.opts.f.items[1]", "b");
	IS(tree, "[0].opts.where.opts.t.opts.tz", "Europe/Warsaw");
	/* either { x = 1, y = 2 } is either { { x = 1 }, { y = 2 } } */
	IS(tree, "[0].opts.where.items[0].node", "either");
	assert_int_equal(at(tree, "[0].opts.where.items[0].items[0].x")->u.i,
			 1);
	assert_int_equal(at(tree, "[0].opts.where.items[0].items[1].y")->u.i,
			 2);
	assert_int_equal(at(tree, "[0].opts.where.items[1].items[1].y")->u.i,
			 2);
	/* A key of the user's that is called node is no node. */
	IS(tree, "[1].opts.run.opts.json.node", "table");
	IS(tree, "[1].opts.run.opts.json.opts.node", "r1");
	assert_int_equal(at(tree, "[1].opts.run.opts.json.opts.list[1]")->u.i,
			 2);
	assert_int_equal(at(tree, "[1].opts.run.opts.json.opts.empty")->type,
			 NOC_MAP);
	noc_lua_tree_free(tree);
}

/* Numbers and texts of them are the same keys, where an option says so. */
static void
test_keys_that_are_numbers(void **state)
{
	struct noc_lua_tree *tree = load_good(
	    "rule 'r' { on = 'a.b', run = flow {\n"
	    "  step 'a' { http.get { url = 'x', status = { [404] = 'timeout',"
	    " ['503'] = 'permanent', [100] = 'in_doubt' } } },\n"
	    "  step 'b' { exec { 'x', exit = { 'transient', [255] = 'timeout' },"
	    " mutates = false } } } }");

	(void)state;
	IS(tree, "[0].opts.run.items[0].items[0].opts.status.404", "timeout");
	IS(tree, "[0].opts.run.items[0].items[0].opts.status.503", "permanent");
	IS(tree, "[0].opts.run.items[0].items[0].opts.status.100", "in_doubt");
	IS(tree, "[0].opts.run.items[1].items[0].opts.exit.1", "transient");
	IS(tree, "[0].opts.run.items[1].items[0].opts.exit.255", "timeout");
	noc_lua_tree_free(tree);
}

static void
test_nodes_can_be_shared(void **state)
{
	struct noc_lua_tree *tree = load_good(
	    "local tell = notify 'noc'\n"
	    "local up = { ['steps.a.x'] = 'up' }\n"
	    "local esc = escalate { { '0m', tell }, { '1m', tell } }\n"
	    "for i = 1, 3 do\n"
	    "  rule('r' .. i) { on = 'a.b', run = flow { step 'a' {\n"
	    "    snmp.get { x = 'y' } }, stop 'ok' { when = up },\n"
	    "    step 'b' { tell { 'text ' .. i } }, on_fail = esc } }\n"
	    "end");

	(void)state;
	assert_int_equal(noc_value_len(tree->nodes), 3);
	IS(tree, "[0].name", "r1");
	IS(tree, "[2].name", "r3");
	IS(tree, "[0].at", "x.lua:5");
	IS(tree, "[1].opts.run.items[2].items[0].items[0]", "text 2");
	for (int i = 0; i < 3; i++) {
		char path[80];

		snprintf(path, sizeof(path),
			 "[%d].opts.run.opts.on_fail.items[1][1].name", i);
		IS(tree, path, "noc");
		snprintf(path, sizeof(path), "[%d].opts.run.items[1].opts.when",
			 i);
		assert_true(noc_value_is_str(
		    noc_value_getn(at(tree, path), "steps.a.x", 9), "up"));
	}
	noc_lua_tree_free(tree);
}

/* No two have one path, though a rule and a schedule may have one name. */
static void
test_paths_name_one_function(void **state)
{
	static const char text[] =
	    "local run = function(n) return flow { stop 'x' { when = function(run)"
	    " error('it is ' .. n, 0) end } } end\n"
	    "rule 'a' { on = 'x.y', run = run(1) }\n"
	    "schedule 'a' { every = '1m', run = run(2) }\n";
	static const struct {
		const char *path, *says;
	} cases[] = {
		{ "a/run/1/when", "it is 1" },
		{ "schedule a/run/1/when", "it is 2" },
		{ "#1", "it is 2" },
	};
	struct noc_lua_tree *tree = load_good(text);
	struct noc_event ev = { .kind = "x.y", .base = "x.y" };
	struct noc_scope scope = { .ev = &ev };
	struct noc_err err;
	bool truth;

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		int fn = noc_lua_function(tree->lua, cases[i].path);

		assert_int_equal(
		    noc_lua_test(tree->lua, fn, &scope, &truth, &err),
		    NOC_EINPUT);
		assert_non_null(strstr(err.msg, cases[i].says));
	}
	assert_int_equal(noc_lua_function(tree->lua, "b/run/1/when"), -1);
	assert_int_equal(noc_lua_function(tree->lua, "#1/run/1/when"), -1);
	noc_lua_tree_free(tree);
}

static void
test_functions_have_paths(void **state)
{
	static const char text[] =
	    "local f = function(ev) error('no', 0) end\n"
	    "rule 'a' { on = 'x.y', when = f, run = flow {\n"
	    "  log 'x', step 's' { exec { 'p' }, timeout = '1s',\n"
	    "    when = function(run) return 1 end, fail_if = f } } }\n"
	    "rule 'b' { on = 'x.y', when = f, run = log 'x' }\n"
	    "normalize 'n' { from = 'syslog', emit = 'x.y',\n"
	    "  map = function(ev) return {} end }";
	struct noc_lua_tree *tree = load_good(text), *again = load_good(text);
	char *one = noc_json_string(tree->nodes, NOC_JSON_CANONICAL);
	char *two = noc_json_string(again->nodes, NOC_JSON_CANONICAL);
	struct noc_event ev = { .kind = "x.y", .base = "x.y" };
	struct noc_scope scope = { .ev = &ev };
	struct noc_err err;
	bool truth;

	(void)state;
	IS(tree, "[0].opts.when.node", "function");
	IS(tree, "[0].opts.when.path", "a/when");
	IS(tree, "[0].opts.run.items[1].opts.when.path", "a/run/2/when");
	IS(tree, "[0].opts.run.items[1].opts.fail_if.path", "a/run/2/fail_if");
	IS(tree, "[1].opts.when.path", "b/when");
	IS(tree, "[2].opts.map.path", "n/map");
	/* One function has one number wherever it stands. */
	assert_int_equal(at(tree, "[0].opts.when.fn")->u.i,
			 at(tree, "[1].opts.when.fn")->u.i);
	assert_int_not_equal(at(tree, "[0].opts.when.fn")->u.i,
			     at(tree, "[2].opts.map.fn")->u.i);
	assert_int_not_equal(
	    noc_lua_test(tree->lua, (int)at(tree, "[1].opts.when.fn")->u.i,
			 &scope, &truth, &err),
	    0);
	assert_non_null(strstr(err.msg, "function a/run/2/fail_if: no"));
	assert_string_equal(one, two);
	assert_memory_equal(tree->hash, again->hash, 32);
	free(one);
	free(two);
	noc_lua_tree_free(tree);
	noc_lua_tree_free(again);
}

/* ---- errors ---- */

#define RULE(rest) "rule 'r' { on = 'a.b', " rest " }"

static const struct {
	const char *text, *want;
} errors[] = {
	{ "rule 'x'", "rule 'x' has no body (x.lua:1)" },
	{ "\nlocal s = step 'x'\nrule 'r' { on = 'a.b', run = s }",
	  "step 'x' has no body (x.lua:2)" },
	{ "rule { on = 'a.b' }",
	  "rule needs a name before its table (x.lua:1)" },
	{ RULE("run = flow { step 'bounce' { notify 'noc', tiemout = '5s' } }"),
	  "unknown key 'tiemout' in step 'bounce' (x.lua:1); did you mean "
	  "'timeout'?" },
	{ "\nnotfy 'noc'",
	  "unknown name 'notfy' (x.lua:2); did you mean 'notify'?" },
	{ RULE("run = snmp.gett { a = 'b' }"),
	  "unknown name 'snmp.gett' (x.lua:1); did you mean 'snmp.get'?" },
	{ "flow 'f' { input = { x = list { dfault = {} } }, log 'x' }",
	  "unknown key 'dfault' in list (x.lua:1); did you mean 'default'?" },
	{ "\nflow 'f' { input = { x = string { min = 1 } }, log 'x' }",
	  "unknown key 'min' in string (x.lua:2)" },
	{ "string 'x'", "string takes one table { ... } (x.lua:1)" },
	{ "os.execute 'id'", "unknown name 'os' (x.lua:1); no clock and no "
			     "programs here: time_in, exec" },
	{ "local t = setmetatable({}, {})",
	  "unknown name 'setmetatable' (x.lua:1); no metatables here: call a "
	  "function" },
	{ "x = 3", "global 'x' is set (x.lua:1); write 'local x', or return "
		   "it from a file that others require" },
	{ "string.rep = 1", "'string.rep' cannot be set (x.lua:1)" },
	{ RULE("run = flow { log 'a', nil, log 'b' }"),
	  "position 2 is empty (nil; is a comma missing?), in flow (x.lua:1)" },
	{ RULE("run = log 'a', where = { role = not 'x' }"),
	  "'role' of 'where' in rule 'r' is false (x.lua:1); `not x` is worked "
	  "out before the rule is read: write isnt(x)" },
	{ RULE("run = log 'a', unless = not true"),
	  "'unless' in rule 'r' is false (x.lua:1); `not x` is worked out "
	  "before the rule is read: write isnt(x)" },
	{ RULE("run = log 'a', [true] = 1"),
	  "a key is a boolean; keys are texts, or positions from 1, in rule "
	  "'r' (x.lua:1)" },
	{ RULE("run = log 'a', key = '{device}', key = 'x'"),
	  "key 'key' is written twice in one table; first on line 1 "
	  "(x.lua:1)" },
	{ RULE("run = log 'a'") "\n" RULE("run = log 'b'"),
	  "rule 'r' is declared twice (x.lua:2); the first is at x.lua:1" },
	{ RULE("run = log 'a' 'b'"),
	  "log 'a' is followed by a text: is a comma missing after it? "
	  "(x.lua:1)" },
	{ RULE("run = flow { step 'a' { log 'x' }\n { '0m' } }"),
	  "step 'a' is already complete: is a comma missing after it? "
	  "(x.lua:1)" },
	{ "rule 'r' { on = 'a.b'\n run = log 'a' }",
	  "'}' expected (to close '{' at line 1) near 'run' (x.lua:2); is a "
	  "comma missing before it?" },
	{ "hook 'h' { emit = 'a.b' }",
	  "hook 'h' has no 'auth': say who may post, for example auth = bearer "
	  "\"secret-name\" (x.lua:1)" },
	{ "hook 'h' { auth = bearer 'x', emit = 'a.{b}' }",
	  "hook 'h' has a template in 'emit' and no 'kinds': list every kind "
	  "that it can give (x.lua:1)" },
	{ "hook 'h' { auth = bearer {}, emit = 'a.b' }",
	  "bearer names no secret: write bearer \"name\" or { secret = ... } "
	  "(x.lua:1)" },
	{ RULE("run = flow { step 'a' { log 'x', log 'y' } }"),
	  "step 'a' holds exactly one action and has 2 (x.lua:1)" },
	{ RULE("run = flow { step 'a.b' { log 'x' } }"),
	  "a step's name is up to 64 letters, digits, _ and -, not 'a.b' "
	  "(x.lua:1)" },
	{ RULE("run = flow {}"),
	  "flow is empty; it takes: step action (x.lua:1)" },
	{ RULE("run = log 'a', hold = '15x'"),
	  "position 1 in 'hold' of rule 'r' cannot be \"15x\"; it takes: "
	  "duration such as \"15s\" (x.lua:1)" },
	{ RULE("run = log 'a', hold = { '15s', cancle = 'x.y' }"),
	  "unknown key 'cancle' in 'hold' of rule 'r' (x.lua:1); did you mean "
	  "'cancel'?" },
	{ RULE("run = log 'a', mode = 'activ'"),
	  "'mode' in rule 'r' cannot be \"activ\" (x.lua:1); did you mean "
	  "\"active\"?" },
	{ RULE("run = log 'a', storm = { over = 5 }"),
	  "'over' in 'storm' of rule 'r' must be a rate such as \"5/30s\", "
	  "not the number 5 (x.lua:1)" },
	{ RULE("run = log 'a', where = { role = { 'a', 'b' } }"),
	  "'role' of 'where' in rule 'r' is a list (x.lua:1); write any { ... "
	  "}" },
	{ RULE("run = confirm { log 'a' }"),
	  "confirm needs a name before its table (x.lua:1)" },
	{ RULE("run = log 'a', sequence = { 'x' }"),
	  "'sequence' in rule 'r' (ordered sequence) is not available in this "
	  "version (x.lua:1)" },
	{ RULE("run = log 'a', time = 'evnt'"),
	  "'time' in rule 'r' cannot be \"evnt\" (x.lua:1); did you mean "
	  "\"event\"?" },
	{ RULE(
	      "run = http.get { url = 'x', status = { [404] = 'permanant' } }"),
	  "'404' of 'status' in http.get cannot be \"permanant\" (x.lua:1); "
	  "did you mean \"permanent\"?" },
	{ RULE("run = http.get { url = 'x', status = { [99] = 'timeout' } }"),
	  "key '99' of 'status' in http.get must be a number of 100-599 "
	  "(x.lua:1)" },
	{ RULE("run = http.get { url = 'x', status = { ['4xx'] = 'timeout' "
	       "} }"),
	  "key '4xx' of 'status' in http.get must be a number of 100-599 "
	  "(x.lua:1)" },
	{ RULE("run = http.get { url = 'x', status = { [404] = 'timeout', "
	       "['404'] = 'permanent' } }"),
	  "404 is there twice, in http.get (x.lua:1)" },
	{ RULE("run = http.get { url = 'x', status = { [404] = 3 } }"),
	  "'404' of 'status' in http.get must be one of: transient permanent "
	  "timeout cancelled dependency_unavailable dependency_degraded "
	  "downstream_failed in_doubt, not the number 3 (x.lua:1)" },
	{ RULE("run = http.get { url = 'x', status = 'permanent' }"),
	  "'status' in http.get must be a table { [number] = \"class\" }, not "
	  "\"permanent\" (x.lua:1)" },
	{ RULE("run = exec { 'x', exit = { [0] = 'transient' } }"),
	  "key '0' of 'exit' in exec must be a number of 1-255 (x.lua:1)" },
	{ RULE("run = exec { 'x', exit = { ['075'] = 'transient' } }"),
	  "key '075' of 'exit' in exec must be a number of 1-255 (x.lua:1)" },
	{ RULE("run = log 'a', mode = 'shadwo'"),
	  "'mode' in rule 'r' cannot be \"shadwo\" (x.lua:1); did you mean "
	  "\"shadow\"?" },
	{ RULE("run = escalate { { '10m' } }"),
	  "level 1 of escalate must be a time and one action: { \"10m\", "
	  "notify \"oncall\" } (x.lua:1)" },
	{ "schedule 's' { run = log 'x', cron = '* * * * *', every = '5m' }",
	  "schedule 's' needs one of 'cron', 'every', 'at', and has several "
	  "(x.lua:1)" },
	{ RULE("run = notify 'noc' { function() end }"),
	  "position 1 in notify 'noc' cannot be a function; it takes: string "
	  "(x.lua:1)" },
	{ "local x <close> = nil", "<close> is not available (x.lua:1)" },
	{ "local m = require 'lib.none'",
	  "require 'lib.none' (x.lua:1): there is no lib/none.lua in the rule "
	  "tree" },
	{ "error('my own')", "my own (x.lua:1)" },
	{ "local t = {} t.x.y = 1",
	  "attempt to index a nil value (field 'x') (x.lua:1)" },
	{ "\x1bLua", "attempt to load a binary chunk (mode is 't') (x.lua)" },
	{ "local t = {} t.t = t\n" RULE("run = http.post { url = 'x', json = t "
					"}"),
	  "tables are nested too deeply, or one contains itself (x.lua:2)" },
	{ "channel 'c' { notify = 1 }",
	  "channel 'c' is empty; it takes: action (x.lua:1)\n"
	  "unknown key 'notify' in channel 'c' (x.lua:1)" },
};

static void
test_errors_say_what_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(errors); i++) {
		char *got = load_bad(errors[i].text);

		assert_string_equal(got, errors[i].want);
		free(got);
	}
}

/* Lua 5.4.7 says another line of these than 5.4.4. */
static const struct {
	const char *text, *want;
} layouts[] = {
	{ "\nrule 'r'\n{\n  on = 'a.b', run = log 'x', zzz = 1\n}",
	  "unknown key 'zzz' in rule 'r' (x.lua:2)" },
	{ "rule 'r'\n{\n  on = 'a.b',\n  run = flow\n  {\n  }\n}",
	  "flow is empty; it takes: step action (x.lua:4)" },
	{ "rule 'r' {\n  on = 'a.b', run = flow {\n    step\n'a b'\n"
	  "{ log 'x' } } }",
	  "a step's name is up to 64 letters, digits, _ and -, not 'a b' "
	  "(x.lua:3)" },
	{ "rule 'r' {\n  on = 'a.b', run = log [[b\nc]] { zzz = 1 } }",
	  "unknown key 'zzz' in log 'b\\x0ac' (x.lua:2)" },
	{ RULE("run = flow {\n  step 'a' {\n    log 'x'\n  }\n  { '0m' } }"),
	  "step 'a' is already complete: is a comma missing after it? "
	  "(x.lua:2)" },
	{ "rule 'r'\n{ on = 'a.b', run = flow\n{ }\n}",
	  "flow is empty; it takes: step action (x.lua:1)" },
	{ "\nerror\n'mine'", "mine (x.lua:2)" },
	/* What begins on a line of its own keeps it. */
	{ "local s = 'a'\nlocal t = s\n.. 'b' .. notfy 'x'",
	  "unknown name 'notfy' (x.lua:3); did you mean 'notify'?" },
	{ "local t = {}\n(notfy)('x')",
	  "unknown name 'notfy' (x.lua:2); did you mean 'notify'?" },
	{ "local f = function() return\n{ notfy 'x' } end\nf()",
	  "unknown name 'notfy' (x.lua:2); did you mean 'notify'?" },
	{ "local s = 'a'\nlocal t = s\n::on:: t = notfy 'x'",
	  "unknown name 'notfy' (x.lua:3); did you mean 'notify'?" },
};

static void
test_one_line_whatever_the_lua(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(layouts); i++) {
		char *got = load_bad(layouts[i].text);

		assert_string_equal(got, layouts[i].want);
		free(got);
	}
}

/* What it quotes may be a page long; its place is still there. */
static void
test_a_long_quote_keeps_its_place(void **state)
{
	char *text = noc_asprintf("local a\n\n[[%04000d]]", 1);
	char *got = load_bad(text);

	(void)state;
	assert_non_null(strstr(got, "near '[[0000"));
	assert_non_null(strstr(got, "(x.lua:3)"));
	free(text);
	free(got);
}

static void
test_all_errors_at_once(void **state)
{
	char *got =
	    load_bad("rule 'a' { on = 'x.y', run = notfy 'noc' }\n"
		     "rule 'b' { on = 'x.y', rum = log 'x' }\n"
		     "rule 'c' { on = 'x.y', run = log 'x', mode = 3 }\n"
		     "rule 'd'\n");
	int lines = 1;

	(void)state;
	for (const char *p = got; *p; p++)
		lines += *p == '\n';
	assert_non_null(strstr(got, "'notfy' (x.lua:1)"));
	assert_non_null(strstr(got, "unknown key 'rum' in rule 'b' (x.lua:2)"));
	assert_non_null(strstr(got, "rule 'b' has no 'run'"));
	assert_non_null(strstr(got, "'mode' in rule 'c'"));
	assert_non_null(strstr(got, "rule 'd' has no body (x.lua:4)"));
	assert_int_equal(lines, 5);
	free(got);
}

static void
test_a_flood_of_errors_is_cut(void **state)
{
	char *got = load_bad("for i = 1, 1e5 do local n = log('x') { y = i } "
			     "end for i = 1, 1e5 do _ENV['g' .. i] = 1 end");

	(void)state;
	assert_true(strlen(got) < 32768);
	free(got);
}

static void
test_a_tree_that_never_ends(void **state)
{
	char *got = load_bad("while true do end");

	(void)state;
	assert_string_equal(got, "used up its 5 million instructions "
				 "(x.lua:1)");
	free(got);
	/* No sooner, and no later. */
	noc_lua_tree_free(load_good("for i = 1, 4990000 do end"));
	free(load_bad("for i = 1, 5010000 do end"));
	got = load_bad("local s = 'x' while true do s = s .. s end");
	assert_non_null(strstr(got, "64 MiB of memory (x.lua"));
	free(got);
#define FILLS(n)                                                          \
	"local t, x = {}, ('x'):rep(10000) for i = 1, " n " do t[i] = x " \
	".. i end"
	got = load_bad(FILLS("6800"));
	assert_non_null(strstr(got, "64 MiB of memory (x.lua"));
	free(got);
	noc_lua_tree_free(load_good(FILLS("6500")));
#undef FILLS
	/* A name that is not there is looked for among all that are. */
	got = load_bad("for i = 1, 190 do local x = nowhere end "
		       "for i = 1, 4950000 do end");
	assert_non_null(strstr(got, "5 million instructions (x.lua:1)"));
	free(got);
	got = load_bad("local n = any { 'a' }\n"
		       "for i = 1, 26 do n = any { n, n } end\n"
		       "rule 'r' { on = 'x.y', run = log 'x', where = { a = n "
		       "} }");
	assert_non_null(strstr(got, "nested too deeply"));
	free(got);
	got = load_bad("local x, all = any { 'a' }, {}\n"
		       "for i = 1, 3000 do all[i] = x end\n"
		       "local y, more = any(all), {}\n"
		       "for i = 1, 3000 do more[i] = y end\n"
		       "rule 'r' { on = 'x.y', run = log 'x', where = { a = "
		       "any(more) } }");
	assert_non_null(strstr(got, "values (x.lua"));
	free(got);
}

#ifndef NOC_SANITIZED
static void
test_many_rules_load_fast(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct noc_lua_tree *tree;
	struct timespec a, b;

	(void)state;
	for (int i = 0; i < 1000; i++)
		noc_strbuf_addf(
		    &sb,
		    "rule 'r%d' { on = 'link.down', key = '{device}',\n"
		    "where = { device = 'sw%d', role = any { 'a', 'b' } },\n"
		    "hold = '5s', run = notify 'noc' { '{device} is down' } "
		    "}\n",
		    i, i);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	tree = load_good(sb.p);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	assert_int_equal(noc_value_len(tree->nodes), 1000);
	assert_true((b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec -
			a.tv_nsec <
		    1000000000); /* a hundred times what it takes */
	noc_lua_tree_free(tree);
	noc_strbuf_release(&sb);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form_has_its_tree),
		cmocka_unit_test(test_tables_and_operators),
		cmocka_unit_test(test_keys_that_are_numbers),
		cmocka_unit_test(test_nodes_can_be_shared),
		cmocka_unit_test(test_functions_have_paths),
		cmocka_unit_test(test_paths_name_one_function),
		cmocka_unit_test(test_errors_say_what_to_do),
		cmocka_unit_test(test_one_line_whatever_the_lua),
		cmocka_unit_test(test_a_long_quote_keeps_its_place),
		cmocka_unit_test(test_all_errors_at_once),
		cmocka_unit_test(test_a_flood_of_errors_is_cut),
		cmocka_unit_test(test_a_tree_that_never_ends),
#ifndef NOC_SANITIZED
		cmocka_unit_test(test_many_rules_load_fast),
#endif
	};

	noc_actions_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
