/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include <time.h>

#include "base/mem.h"
#include "engine/expr/pattern.h"

static struct noc_pattern *
pattern(const char *text)
{
	struct noc_pattern *p;
	struct noc_err err;

	if (noc_pattern_new(text, &p, &err))
		fail_msg("%s", err.msg);
	return p;
}

static void
test_captures_by_name(void **state)
{
	struct noc_pattern *p = pattern(
	    "Interface (?<ifname>\\S+), changed state to (?<state>up|down)"
	    "(?: \\((?<why>[^)]*)\\))?");
	struct noc_slice got[3] = { { NULL, 0 } };

	(void)state;
	assert_true(noc_pattern_match(
	    p, noc_slice_str("Interface Gi1/0/1, changed state to down")));
	for (size_t i = 0; i < noc_pattern_ncaptures(p); i++) {
		const char *name = noc_pattern_capture_name(p, i);
		size_t at = !strcmp(name, "ifname")  ? 0
			    : !strcmp(name, "state") ? 1
						     : 2;

		got[at] = noc_pattern_capture(p, i);
	}
	assert_true(noc_slice_is(got[0], "Gi1/0/1"));
	assert_true(noc_slice_is(got[1], "down"));
	assert_null(got[2].p);
	assert_false(noc_pattern_match(p, noc_slice_str("nothing here")));
	assert_null(noc_pattern_capture(p, 0).p);
	noc_pattern_free(p);
}

static void
test_hostile_bytes_are_only_bytes(void **state)
{
	struct noc_pattern *p = pattern("a.*z");

	(void)state;
	assert_true(noc_pattern_match(p, noc_slice("a\x00\xff\xc3z", 5)));
	assert_false(noc_pattern_match(p, noc_slice(NULL, 0)));
	noc_pattern_free(p);
}

/* Pattern and text that together take for ever without limits. */
static void
test_no_pair_takes_long(void **state)
{
	static const struct {
		const char *pattern;
		char fill;
		const char *end;
	} pairs[] = {
		{ "(a+)+$", 'a', "!" },
		{ "(a|aa)+$", 'a', "!" },
		{ "(a|a?)+$", 'a', "!" },
		{ "^(([a-z])+.)+[A-Z]([a-z])+$", 'a', "" },
		{ "([a-zA-Z]+)*\\d", 'a', "!" },
		{ "a*a*a*[xy]", 'a', "" },
		{ "a*a*[xy]", 'a', "" },
		{ ".*.*.*[=:]", 'a', "" },
		{ "(?:.*,){9}[PQ]", ',', "" },
		{ "(\\w+\\s*)+[:;]", 'a', "" },
		{ "(?:\\w*\\d*)*[:;]", '1', "" },
		{ "\\S+@\\S+[=:]", '@', "" },
		{ "(x+x+)+[yz]", 'x', "" },
		{ "(?:a?){30}a{30}[bc]", 'a', "" },
	};
	static char text[60000];

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(pairs); i++) {
		struct noc_pattern *p = pattern(pairs[i].pattern);
		struct timespec a, b;
		double ms;

		memset(text, pairs[i].fill, sizeof(text));
		if (*pairs[i].end)
			text[1999] = text[sizeof(text) - 1] = *pairs[i].end;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
		noc_pattern_match(p, noc_slice(text, sizeof(text)));
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
		ms = (double)(b.tv_sec - a.tv_sec) * 1e3 +
		     (double)(b.tv_nsec - a.tv_nsec) / 1e6;
		/* A thousand times what it takes, for slow machines. */
		if (ms > 1000)
			fail_msg("%s took %.1f ms", pairs[i].pattern, ms);
		noc_pattern_free(p);
	}
}

static void
test_a_limit_is_no_match(void **state)
{
	struct noc_pattern *p = pattern("(a+)+$");
	char text[200];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '!';
	assert_false(noc_pattern_match(p, noc_slice(text, sizeof(text))));
	noc_pattern_free(p);
}

static void
assert_literal(const char *text, const char *want)
{
	struct noc_pattern *p = pattern(text);
	struct noc_slice got = noc_pattern_literal(p);

	if (!noc_slice_is(got, want))
		fail_msg("%s: want '%s', got '%.*s'", text, want, (int)got.len,
			 got.p);
	noc_pattern_free(p);
}

static void
test_required_literal(void **state)
{
	(void)state;
	assert_literal("Interface (?<i>\\S+), changed state to (?<s>up|down)",
		       ", changed state to ");
	assert_literal("^%LINK-3-UPDOWN: ", "%LINK-3-UPDOWN: ");
	assert_literal("abc+def", "abc");
	assert_literal("abcd?efg", "abc");
	assert_literal("ab{0,2}cde", "cde");
	assert_literal("a\\.b\\[c\\]", "a.b[c]");
	assert_literal("foo[]x]barbar", "barbar");
	assert_literal("x(foo|bar)yz\\d+longest", "longest");
	assert_literal("a(?<n>[)(])+tail", "tail");
	/* In doubt, none. */
	assert_literal("foo|bar", "");
	assert_literal("(?i)foo", "");
	assert_literal("x(?i:foo)bar", "");
	assert_literal("a\\x41bcd", "");
	assert_literal("\\Qa.b\\E", "");
	assert_literal("(?x) a b c", "");
}

static void
test_wrong_patterns_say_where(void **state)
{
	struct noc_pattern *p;
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_pattern_new("a(b", &p, &err), NOC_ECONFIG);
	assert_non_null(strstr(err.msg, "byte 3"));
	assert_int_equal(noc_pattern_new("a\\Cb", &p, &err), NOC_ECONFIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures_by_name),
		cmocka_unit_test(test_hostile_bytes_are_only_bytes),
		cmocka_unit_test(test_no_pair_takes_long),
		cmocka_unit_test(test_a_limit_is_no_match),
		cmocka_unit_test(test_required_literal),
		cmocka_unit_test(test_wrong_patterns_say_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
