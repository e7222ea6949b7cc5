/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"

static struct noc_value *
of(const char *json)
{
	struct noc_value *v = NULL;

	assert_int_equal(noc_json_parse(json, strlen(json), &v, NULL), 0);
	return v;
}

static void
assert_text(const struct noc_value *v, const char *expected)
{
	struct noc_strbuf out = NOC_STRBUF_INIT;

	noc_value_text(v, &out);
	assert_string_equal(out.p, expected);
	noc_strbuf_release(&out);
}

static void
map_keeps_order(void **state)
{
	struct noc_value *m = noc_value_map();
	char *s;

	(void)state;
	noc_value_set(m, "z", noc_value_int(1));
	noc_value_set(m, "a", noc_value_int(2));
	noc_value_set(m, "m", noc_value_int(3));
	noc_value_set(m, "z", noc_value_str("again"));
	noc_value_unset(m, "a");
	noc_value_unset(m, "never there");
	s = noc_json_string(m, NOC_JSON_COMPACT);
	assert_string_equal(s, "{\"z\":\"again\",\"m\":3}");
	free(s);
	noc_value_free(m);
}

static void
paths(void **state)
{
	struct noc_value *v = of("{\"a\":{\"b\":[{\"c\":7},[1,2]]},\"\":1}");

	(void)state;
	assert_int_equal(noc_value_path(v, "a.b[0].c")->u.i, 7);
	assert_int_equal(noc_value_path(v, "a.b[1][1]")->u.i, 2);
	assert_ptr_equal(noc_value_path(v, "a"), noc_value_get(v, "a"));
	assert_null(noc_value_path(v, "a.b[2]"));
	assert_null(noc_value_path(v, "a.b[-1]"));
	assert_null(noc_value_path(v, "a.b[99999999999999999999]"));
	assert_null(noc_value_path(v, "a.b[0"));
	assert_null(noc_value_path(v, "a.b[0]c"));
	assert_null(noc_value_path(v, "a..b"));
	assert_null(noc_value_path(v, "a."));
	assert_null(noc_value_path(v, ""));
	assert_null(noc_value_path(v, "a.b.c"));
	assert_null(noc_value_path(NULL, "a"));
	noc_value_free(v);
}

static void
typed_reads(void **state)
{
	struct noc_value *v = of("{\"s\":\"x\",\"i\":5,\"r\":6.0,\"h\":6.5,"
				 "\"big\":1e30,\"t\":true,\"n\":null}");

	(void)state;
	assert_string_equal(noc_value_get_str(v, "s", "?"), "x");
	assert_string_equal(noc_value_get_str(v, "i", "?"), "?");
	assert_int_equal(noc_value_get_int(v, "i", -1), 5);
	assert_int_equal(noc_value_get_int(v, "r", -1), 6);
	assert_int_equal(noc_value_get_int(v, "h", -1), -1);
	assert_int_equal(noc_value_get_int(v, "big", -1), -1);
	assert_int_equal(noc_value_get_int(NULL, "i", -1), -1);
	assert_true(noc_value_get_bool(v, "t", false));
	assert_true(noc_value_get_bool(v, "i", true));
	assert_true(noc_value_truthy(noc_value_get(v, "i")));
	assert_false(noc_value_truthy(noc_value_get(v, "n")));
	assert_false(noc_value_truthy(noc_value_get(v, "absent")));
	assert_true(noc_value_is_str(noc_value_get(v, "s"), "x"));
	assert_false(noc_value_is_str(noc_value_get(v, "s"), "xy"));
	noc_value_free(v);
}

static void
equality(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"a\":1}", true },
		{ "{\"a\":1}", "{\"a\":1,\"b\":null}", false },
		{ "[1,2]", "[2,1]", false },
		{ "1", "1.0", true },
		{ "9007199254740993", "9007199254740992.0", false },
		{ "\"1\"", "1", false },
		{ "null", "false", false },
		{ "\"a\\u0000b\"", "\"a\\u0000c\"", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rows); i++) {
		struct noc_value *a = of(rows[i].a), *b = of(rows[i].b);

		if (noc_value_eq(a, b) != rows[i].same ||
		    noc_value_eq(b, a) != rows[i].same)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
		noc_value_free(a);
		noc_value_free(b);
	}
}

static void
copies_are_deep(void **state)
{
	struct noc_value *v =
	    of("{\"a\":[1,{\"b\":\"x\\u0000y\"}],\"c\":null}");
	struct noc_value *c = noc_value_copy(v);

	(void)state;
	assert_true(noc_value_eq(v, c));
	noc_value_push(noc_value_get(c, "a"), noc_value_int(2));
	noc_value_set(noc_value_path(c, "a[1]"), "b", noc_value_nil());
	assert_int_equal(noc_value_len(noc_value_get(v, "a")), 2);
	assert_int_equal(noc_value_path(v, "a[1].b")->u.s.len, 3);
	noc_value_free(v);
	assert_int_equal(noc_value_path(c, "a[2]")->u.i, 2);
	noc_value_free(c);
	assert_null(noc_value_copy(NULL));
}

static void
text_for_templates(void **state)
{
	struct noc_value *v = of("[\"a \\\"b\\\"\",3,3.0,0.25,true,null,"
				 "{\"k\":[1,\"x\"]}]");
	static const char *const expected[] = {
		"a \"b\"", "3", "3", "0.25", "true", "null", "{\"k\":[1,\"x\"]}"
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(expected); i++)
		assert_text(noc_value_at(v, i), expected[i]);
	noc_value_free(v);
}

static void
strbuf_grows(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	size_t len;
	char *p;

	(void)state;
	for (int i = 0; i < 1000; i++)
		noc_strbuf_addf(&sb, "%0*d,", 100, i);
	assert_int_equal(sb.len, 101000);
	assert_memory_equal(sb.p + 101 * 999 + 97, "999,", 5);
	noc_strbuf_clear(&sb);
	assert_string_equal(sb.p, "");
	noc_strbuf_add_escaped(&sb, "\x1b\xe2\x80\xae", 4);
	p = noc_strbuf_detach(&sb, &len);
	assert_string_equal(p, "\\x1b\\u202e");
	assert_int_equal(len, 10);
	assert_null(sb.p);
	free(p);
}

static void
depth(void **state)
{
	struct noc_value *v = noc_value_map(), *list = noc_value_list();

	(void)state;
	noc_value_set(v, "flat", noc_value_int(1));
	assert_false(noc_value_deeper(NULL, 0));
	assert_false(noc_value_deeper(noc_value_get(v, "flat"), 0));
	assert_true(noc_value_deeper(v, 0));
	assert_false(noc_value_deeper(v, 1));
	noc_value_push(list, noc_value_map());
	noc_value_set(v, "list", list);
	assert_true(noc_value_deeper(v, 2));
	assert_false(noc_value_deeper(v, 3));
	noc_value_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_keeps_order),
		cmocka_unit_test(paths),
		cmocka_unit_test(typed_reads),
		cmocka_unit_test(equality),
		cmocka_unit_test(copies_are_deep),
		cmocka_unit_test(text_for_templates),
		cmocka_unit_test(strbuf_grows),
		cmocka_unit_test(depth),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
