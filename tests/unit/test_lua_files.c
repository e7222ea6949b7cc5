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

/* Rules as files of a directory, as they are stored, and files of data. */

#define IS(tree, path, text) \
	assert_true(noc_value_is_str(noc_value_path((tree)->nodes, path), text))

/* ---- directories ---- */

static void
put(const char *dir, const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
test_a_directory(void **state)
{
	char dir[] = "/tmp/noc-lua-XXXXXX", sub[64], cmd[80];
	const char *dirs[1] = { sub };
	struct noc_lua_tree *tree;
	struct noc_err err;
	char *bad;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/lib", dir);
	mkdir(sub, 0755);
	snprintf(sub, sizeof(sub), "%s/meta", dir);
	mkdir(sub, 0755);
	snprintf(sub, sizeof(sub), "%s", dir);
	put(dir, "b.lua", "rule 'b' { on = 'x.y', run = log 'x' }");
	put(dir, "a.lua",
	    "local say = require 'lib.say'\n"
	    "rule 'a' { on = 'x.y', run = say('hello') }");
	put(dir, "lib/say.lua",
	    "normalize 'n' { from = 'syslog', emit = 'x.y' }\n"
	    "return function(t) return log(t) end");
	put(dir, "meta/x.lua", "this is no rule");
	put(dir, "a.test.lua", "test 't' { at '0s' { 'x.y' } }");
	put(dir, "notes.txt", "neither is this");
	assert_int_equal(lua_load(dirs, false, &tree, &bad, &err), 0);
	assert_int_equal(noc_value_len(tree->nodes), 3);
	IS(tree, "[0].name", "n");
	IS(tree, "[1].name", "a");
	IS(tree, "[2].name", "b");
	IS(tree, "[1].opts.run.name", "hello");
	assert_int_equal(tree->nsources, 3);
	noc_lua_tree_free(tree);
	assert_int_equal(lua_load(dirs, true, &tree, &bad, &err), 0);
	assert_int_equal(noc_value_len(tree->nodes), 4);
	IS(tree, "[2].name", "t");
	noc_lua_tree_free(tree);
	/* All or nothing. */
	put(dir, "c.lua", "rule 'c'");
	assert_int_equal(lua_load(dirs, false, &tree, &bad, &err), NOC_ECONFIG);
	assert_non_null(strstr(bad, "rule 'c' has no body (noc-lua-"));
	free(bad);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(lua_load(dirs, false, &tree, &bad, &err), NOC_ECONFIG);
	assert_non_null(strstr(bad, "No such file"));
	free(bad);
}

/* As it is stored and back it is the same tree, wherever its files were. */
static void
test_a_stored_tree(void **state)
{
	static const char *const below[] = { "rules", ".rules" };
	const char *dirs[1];
	char dir[] = "/tmp/noc-lua-XXXXXX", sub[64], cmd[80], *json;
	struct noc_event ev = { .kind = "x.y", .base = "x.y" };
	struct noc_scope scope = { .ev = &ev };
	struct noc_lua_tree *tree, *again;
	struct noc_err err;
	bool truth;
	int fn;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < NOC_COUNT(below); i++) {
		snprintf(sub, sizeof(sub), "%s/%s", dir, below[i]);
		mkdir(sub, 0755);
		snprintf(sub, sizeof(sub), "%s/%s/lib", dir, below[i]);
		mkdir(sub, 0755);
		snprintf(sub, sizeof(sub), "%s/%s", dir, below[i]);
		dirs[0] = sub;
		put(sub, "a.lua",
		    "-- \xe9t\xe9\n" /* no UTF-8 */
		    "local lib = require 'lib.z'\n"
		    "rule 'a' { on = 'x.y', when = lib, run = log 'x' }");
		put(sub, "lib/z.lua",
		    "return function(ev) error('no \xc3\xa9', 1) end");
		assert_int_equal(lua_load(dirs, false, &tree, &json, &err), 0);
		json = noc_lua_tree_json(tree);
		if (noc_lua_load_json(json, tree->hash, &again, &err))
			fail_msg("%s", err.msg);
		assert_memory_equal(tree->hash, again->hash, 32);
		fn = noc_lua_function(again->lua, "a/when");
		assert_int_equal(
		    noc_lua_test(again->lua, fn, &scope, &truth, &err),
		    NOC_EINPUT);
		assert_non_null(strstr(err.msg, i ? "(lib/z.lua:1)"
						  : "(rules/lib/z.lua:1)"));
		noc_lua_tree_free(again);
		assert_int_equal(noc_lua_load_json(json,
						   (const uint8_t[32]){ 1 },
						   &again, &err),
				 NOC_EINPUT);
		free(json);
		noc_lua_tree_free(tree);
	}
	for (size_t i = 0; i < 4; i++) {
		static const char *const bad[] = {
			"",
			"[]",
			"{\"a\":{\"hex\":\"0g\"}}",
			"{\"a\":1}",
		};

		assert_int_equal(noc_lua_load_json(bad[i],
						   (const uint8_t[32]){ 1 },
						   &again, &err),
				 NOC_EINPUT);
	}
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	assert_int_equal(system(cmd), 0);
}

/* ---- data ---- */

static void
test_data_files(void **state)
{
	static const char text[] = "local port = 5514\n"
				   "return {\n"
				   "  syslog = { udp = '127.0.0.1:' .. port,\n"
				   "    max = 3 },\n"
				   "  token = secret 'api',\n"
				   "  list = { { a = 1 },\n"
				   "    { a = 2 } },\n"
				   "}";
	struct noc_value *v;
	struct noc_err err;

	(void)state;
	assert_int_equal(
	    noc_lua_data_text("c.lua", text, strlen(text), &v, &err), 0);
	assert_true(noc_value_is_str(noc_value_path(v, "syslog.udp"),
				     "127.0.0.1:5514"));
	assert_true(
	    noc_value_is_str(noc_value_path(v, "token.node"), "secret"));
	assert_true(noc_value_is_str(noc_value_path(v, "token.name"), "api"));
	assert_int_equal(noc_value_path(v, "list[1].a")->u.i, 2);
	noc_value_free(v);
	assert_int_equal(noc_lua_data_line(text, strlen(text), "syslog.max"),
			 4);
	assert_int_equal(noc_lua_data_line(text, strlen(text), "token"), 5);
	assert_int_equal(noc_lua_data_line(text, strlen(text), "list.2.a"), 7);
	assert_int_equal(noc_lua_data_line(text, strlen(text), "udp"), 0);
}

static const struct {
	const char *text, *want;
} data_errors[] = {
	{ "x = 1", "global 'x' is set (c.lua:1); write 'local x', or return it "
		   "from a file that others require" },
	{ "local a = 1", "the file must return one table: return { name = "
			 "value, ... } (c.lua)" },
	{ "return {\n a = 1,\n a = 2 }",
	  "key 'a' is written twice in one table; first on line 2 (c.lua:3)" },
	{ "return {\n a = }", "unexpected symbol near '}' (c.lua:2)" },
	{ "return {\n a = string.rep }", "unknown name 'string' (c.lua:2)" },
	{ "return { a = function() end }",
	  "a function cannot be part of a result (c.lua)" },
	{ "while true do end",
	  "used up its 50 million instructions (c.lua:1)" },
};

static void
test_data_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < NOC_COUNT(data_errors); i++) {
		struct noc_value *v = NULL;
		struct noc_err err;

		assert_int_equal(noc_lua_data_text("c.lua", data_errors[i].text,
						   strlen(data_errors[i].text),
						   &v, &err),
				 NOC_ECONFIG);
		assert_null(v);
		assert_string_equal(err.msg, data_errors[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_directory),
		cmocka_unit_test(test_a_stored_tree),
		cmocka_unit_test(test_data_files),
		cmocka_unit_test(test_data_errors),
	};

	noc_actions_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
