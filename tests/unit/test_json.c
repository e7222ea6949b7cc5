/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <dirent.h>

#include "tests/unit/unit.h"

#include "base/json.h"
#include "base/mem.h"

static void
refused(const char *text, size_t len, const char *says)
{
	struct noc_err err = { 0 };
	struct noc_value *v = NULL;

	assert_int_equal(noc_json_parse(text, len, &v, &err), NOC_EINPUT);
	assert_null(v);
	if (!strstr(err.msg, says))
		fail_msg("\"%s\" does not say \"%s\"", err.msg, says);
}

static void
round_trip(const char *text, enum noc_json_style style, const char *expected)
{
	struct noc_value *v = unit_json(text);
	char *s = noc_json_string(v, style);

	assert_string_equal(s, expected);
	free(s);
	noc_value_free(v);
}

/* nst/JSONTestSuite: y_ must be read, n_ refused, i_ survived. */
static void
suite(void **state)
{
	struct dirent **names;
	int n =
	    scandir(unit_data("json/test_parsing"), &names, NULL, alphasort);
	int good = 0, bad = 0;

	(void)state;
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		struct noc_err err = { 0 };
		struct noc_value *v = NULL;
		char path[512], *text;
		size_t len;
		int rc;

		if (name[0] == '.')
			goto next;
		snprintf(path, sizeof(path), "json/test_parsing/%s", name);
		text = unit_read(unit_data(path), &len);
		rc = noc_json_parse(text, len, &v, &err);
		/* Stricter than RFC 8259 asks for, on purpose: two readers of
		 * a duplicate key may believe different values. */
		if (strstr(name, "duplicated_key"))
			assert_int_equal(rc, NOC_EINPUT);
		else if (name[0] == 'y' && rc)
			fail_msg("%s refused: %s", name, err.msg);
		else if (name[0] == 'n' && !rc)
			fail_msg("%s accepted", name);
		if (!rc) {
			/* What was read is written so that it reads the same.
			 */
			char *s = noc_json_string(v, NOC_JSON_CANONICAL);
			struct noc_value *again = unit_json(s);

			assert_true(noc_value_eq(v, again));
			noc_value_free(again);
			free(s);
			good++;
		} else {
			assert_int_equal(err.kind, NOC_EINPUT);
			assert_non_null(strstr(err.msg, "byte"));
			bad++;
		}
		noc_value_free(v);
		free(text);
	next:
		free(names[i]);
	}
	free(names);
	assert_true(good >= 60 && bad >= 110);
}

static void
numbers(void **state)
{
	struct noc_value *v;

	(void)state;
	round_trip("9223372036854775807", NOC_JSON_COMPACT,
		   "9223372036854775807");
	round_trip("-9223372036854775808", NOC_JSON_COMPACT,
		   "-9223372036854775808");
	round_trip("[9223372036854775808,-9223372036854775809]",
		   NOC_JSON_COMPACT,
		   "[9.223372036854776e+18,-9.223372036854776e+18]");
	round_trip("[1.0,0.1,-0.0,1e300,5e-324]", NOC_JSON_COMPACT,
		   "[1.0,0.1,-0.0,1e+300,4.94065645841247e-324]");
	round_trip("0.30000000000000004", NOC_JSON_COMPACT,
		   "0.30000000000000004");
	v = unit_json("{\"a\":18446744073709551616}");
	assert_int_equal(noc_value_get(v, "a")->type, NOC_REAL);
	assert_true(noc_value_get(v, "a")->u.d == 18446744073709551616.0);
	noc_value_free(v);
	/* The byte counts in the caller's text, not in a rewritten one. */
	refused("[18446744073709551616,x]", 24, "byte 23");
}

static void
refusals(void **state)
{
	char deep[200];

	(void)state;
	refused("", 0, "byte 0");
	refused("{\"a\":1,\"a\":2}", 13, "uplicate");
	refused("[1,2", 4, "byte 4");
	refused("\"a\0b\"", 5, "byte");
	refused("[\"\xc0\xaf\"]", 6, "byte");
	memset(deep, '[', 33);
	memset(deep + 33, ']', 33);
	refused(deep, 66, "deeper than 32");
	assert_int_equal(deep[32], '[');
	memset(deep, '[', 32);
	memset(deep + 32, ']', 32);
	deep[64] = '\0';
	round_trip(deep, NOC_JSON_COMPACT, deep);
	/* Brackets in a string nest nothing. */
	memset(deep, '[', 100);
	deep[0] = deep[99] = '"';
	deep[100] = '\0';
	round_trip(deep, NOC_JSON_COMPACT, deep);
}

static void
nul_bytes(void **state)
{
	struct noc_value *v = unit_json("{\"a\\u0000b\":\"c\\u0000d\"}");
	const struct noc_value *s = noc_value_get(v, "a\xef\xbf\xbd"
						     "b");

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->u.s.len, 3);
	assert_memory_equal(s->u.s.p, "c\0d", 4);
	noc_value_free(v);
	/* Each short escape, and letters that only look like one. */
	round_trip("[\"\\\"\\\\\\n\\r\\t\\b\\f\",\"nrtbf\"]", NOC_JSON_COMPACT,
		   "[\"\\\"\\\\\\n\\r\\t\\b\\f\",\"nrtbf\"]");
	/* An escaped backslash before u0000 is no NUL. */
	round_trip("{\"\\\\u0000\":[\"\\\\u0000\",\"\\u0000\"]}",
		   NOC_JSON_COMPACT,
		   "{\"\\\\u0000\":[\"\\\\u0000\",\"\\u0000\"]}");
}

static void
writing_is_terminal_safe(void **state)
{
	struct noc_value *v = noc_value_strn("\x1b]0;x\x07\x7f\xc2\x9b"
					     "2J\xe2\x80\xae\xff\"\\\n\0z\xc3"
					     "\xa9",
					     22);
	char *s = noc_json_string(v, NOC_JSON_COMPACT);

	(void)state;
	assert_string_equal(s, "\"\\u001b]0;x\\u0007\\u007f\\u009b2J\\u202e"
			       "\xef\xbf\xbd\\\"\\\\\\n\\u0000z\xc3\xa9\"");
	free(s);
	noc_value_free(v);
	/* What shows nothing is shown to people; a hash is of the text as it
	 * always was. */
	v = noc_value_strn("a\xe2\x80\x8b\xf3\xa0\x81\x81", 8);
	s = noc_json_string(v, NOC_JSON_PRETTY);
	assert_string_equal(s, "\"a\\u200b\\udb40\\udc41\"");
	round_trip(s, NOC_JSON_COMPACT, s);
	round_trip(s, NOC_JSON_CANONICAL, "\"a\xe2\x80\x8b\xf3\xa0\x81\x81\"");
	free(s);
	noc_value_free(v);
}

static void
canonical(void **state)
{
	(void)state;
	round_trip(" { \"b\" : [ 1 , { \"z\":null, \"y\":true } ], \"a\":{} } ",
		   NOC_JSON_CANONICAL,
		   "{\"a\":{},\"b\":[1,{\"y\":true,\"z\":null}]}");
	round_trip("{\"b\":1,\"a\":2}", NOC_JSON_COMPACT, "{\"b\":1,\"a\":2}");
	round_trip("{\"b\":[1,2],\"a\":[],\"c\":{}}", NOC_JSON_PRETTY,
		   "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"a\": [],\n"
		   "  \"c\": {}\n}");
}

/* 200,000 members: what costs a square here costs the daemon a minute. */
static void
many_members(void **state)
{
	struct noc_strbuf text = NOC_STRBUF_INIT;
	struct noc_err err = { 0 };
	struct noc_value *v;

	(void)state;
	for (int i = 0; i < 200000; i++)
		noc_strbuf_addf(&text, "%s\"key%d\":%d", i ? "," : "{", i, i);
	noc_strbuf_addc(&text, '}');
	assert_int_equal(noc_json_parse(text.p, text.len, &v, &err), 0);
	assert_int_equal(noc_value_len(v), 200000);
	assert_string_equal(v->u.map.at[199999].key, "key199999");
	noc_value_free(v);
	noc_strbuf_release(&text);
}

static struct noc_value *
nested(int levels)
{
	struct noc_value *v = noc_value_int(7);

	for (int i = 0; i < levels; i++) {
		struct noc_value *outer =
		    i % 2 ? noc_value_list() : noc_value_map();

		if (i % 2)
			noc_value_push(outer, v);
		else
			noc_value_set(outer, "n", v);
		v = outer;
	}
	return v;
}

/* What is written can be read back, however deep it was. */
static void
own_text_is_read(void **state)
{
	(void)state;
	for (int levels = 30; levels <= 70; levels++) {
		struct noc_value *v = nested(levels), *back = NULL;
		char *text = noc_json_string(v, NOC_JSON_CANONICAL);
		struct noc_value *outside = NULL;

		assert_int_equal(
		    noc_json_parse_own(text, strlen(text), &back, NULL), 0);
		assert_int_equal(noc_value_eq(v, back),
				 levels <= NOC_JSON_DEPTH_OWN_MAX);
		assert_int_equal(
		    noc_json_parse(text, strlen(text), &outside, NULL),
		    levels <= NOC_JSON_DEPTH_MAX ? 0 : NOC_EINPUT);
		noc_value_free(outside);
		noc_value_free(back);
		noc_value_free(v);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suite),
		cmocka_unit_test(numbers),
		cmocka_unit_test(refusals),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(writing_is_terminal_safe),
		cmocka_unit_test(canonical),
		cmocka_unit_test(many_members),
		cmocka_unit_test(own_text_is_read),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
