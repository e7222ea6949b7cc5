/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

struct taken {
	enum noc_level level;
	int lines;
	char room[32];
	char text[8192];
};

static void
take(enum noc_level level, const char *room, const char *line, void *arg)
{
	struct taken *t = arg;

	t->level = level;
	t->lines++;
	snprintf(t->room, sizeof(t->room), "%s", room);
	snprintf(t->text, sizeof(t->text), "%s", line);
}

static void
assert_escaped(const char *p, size_t len, const char *expected)
{
	char out[256];

	assert_int_equal(noc_escape(out, sizeof(out), p, len),
			 strlen(expected));
	assert_string_equal(out, expected);
}

static void
escapes(void **state)
{
	char out[8];

	(void)state;
	assert_escaped("plain r\xc3\xa9seau \xe6\x97\xa5 \xf0\x9f\x98\x80", 22,
		       "plain r\xc3\xa9seau \xe6\x97\xa5 \xf0\x9f\x98\x80");
	assert_escaped("a\x1b[2Jb\r\n\t\x08\x7f\0c", 13,
		       "a\\x1b[2Jb\\x0d\\x0a\\x09\\x08\\x7f\\x00c");
	assert_escaped("\xc2\x9b"
		       "2J",
		       4, "\\x9b2J");
	assert_escaped("\x9b"
		       "2J",
		       3, "\\x9b2J");
	assert_escaped("\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\xe2\x80\xa8", 11,
		       "\\u202e\\u2066\\u061c\\u2028");
	assert_escaped(
	    "\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x80", 11,
	    "\\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xe2\\x80");
	/* What shows nothing is shown; an emoji stays one. */
	assert_escaped("a\xe2\x80\x8b"
		       "b\xef\xbb\xbf\xc2\xad",
		       10, "a\\u200bb\\ufeff\\xad");
	assert_escaped("\xf3\xa0\x81\x81\xf3\xa0\x84\x80", 8,
		       "\\U000e0041\\U000e0100");
	assert_escaped("\xe2\x9a\xa0\xef\xb8\x8f", 6,
		       "\xe2\x9a\xa0\xef\xb8\x8f");
	/* Room for seven: an escape or a character is never cut in two. */
	assert_int_equal(noc_escape(out, sizeof(out), "aaaaa\x1b", 6), 5);
	assert_string_equal(out, "aaaaa");
	assert_int_equal(noc_escape(out, sizeof(out), "aaaaaa\xc3\xa9", 8), 6);
	assert_int_equal(noc_escape(out, 1, "x", 1), 0);
	assert_string_equal(out, "");
}

/* General category Cf of Unicode 14, as Python's unicodedata lists it, and what
 * else has no picture. */
static void
what_shows_nothing(void **state)
{
	static const uint32_t hidden[][2] = {
		{ 0xad, 0xad },
		{ 0x600, 0x605 },
		{ 0x61c, 0x61c },
		{ 0x6dd, 0x6dd },
		{ 0x70f, 0x70f },
		{ 0x890, 0x891 },
		{ 0x8e2, 0x8e2 },
		{ 0x180e, 0x180e },
		{ 0x200b, 0x200f },
		{ 0x202a, 0x202e },
		{ 0x2060, 0x2064 },
		{ 0x2066, 0x206f },
		{ 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb },
		{ 0x110bd, 0x110bd },
		{ 0x110cd, 0x110cd },
		{ 0x13430, 0x13438 },
		{ 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a },
		{ 0xe0001, 0xe0001 },
		{ 0xe0020, 0xe007f },
		/* fillers, joiners, selectors */
		{ 0x34f, 0x34f },
		{ 0x115f, 0x1160 },
		{ 0x3164, 0x3164 },
		{ 0xffa0, 0xffa0 },
		{ 0xfe00, 0xfe0d },
		{ 0xe0100, 0xe01ef },
	};
	static const uint32_t shown[] = { ' ',	   'a',	   0xac,   0xae,
					  0x350,   0x1161, 0x17b3, 0x200a,
					  0x2010,  0x2070, 0x3163, 0x3165,
					  0xfe0e,  0xfe0f, 0xfe10, 0xff9f,
					  0xffa1,  0xfffc, 0xfffd, 0x1f600,
					  0xdffff, 0xe1000 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(hidden); i++)
		for (uint32_t cp = hidden[i][0]; cp <= hidden[i][1]; cp++)
			assert_true(noc_utf8_hides(cp));
	for (size_t i = 0; i < NOC_COUNT(shown); i++)
		assert_false(noc_utf8_hides(shown[i]));
}

/* No byte of a hostile text may steer a terminal or start a second line. */
static void
assert_tame(const char *p)
{
	size_t len = strlen(p);

	for (size_t i = 0, n; i < len; i += n) {
		uint32_t cp;

		n = noc_utf8_decode(p + i, len - i, &cp);
		assert_true(n > 0);
		assert_false(noc_utf8_steers(cp));
		assert_false(noc_utf8_hides(cp));
	}
}

static void
hostile_lists(void **state)
{
	static const char *const files[] = { "hostile/injection.json",
					     "hostile/blns.json" };
	struct taken t = { 0 };
	int seen = 0;

	(void)state;
	noc_log_sink_set(take, &t);
	for (size_t f = 0; f < NOC_COUNT(files); f++) {
		struct noc_err err = { 0 };
		struct noc_value *list;
		size_t len;
		char *text = unit_read(unit_data(files[f]), &len);

		if (noc_json_parse(text, len, &list, &err))
			fail_msg("%s: %s", files[f], err.msg);
		free(text);
		for (size_t i = 0; i < noc_value_len(list); i++) {
			const struct noc_value *row = noc_value_at(list, i);
			char *json;

			if (row->type == NOC_MAP)
				row = noc_value_get(row, "text");
			if (!row || row->type != NOC_STR)
				continue;
			seen++;
			t.lines = 0;
			noc_warn("syslog", "line=%s", row->u.s.p);
			assert_int_equal(t.lines, 1);
			assert_memory_equal(t.text, "line=", 5);
			assert_tame(t.text);
			json = noc_json_string(row, NOC_JSON_COMPACT);
			assert_tame(json);
			free(json);
		}
		noc_value_free(list);
	}
	noc_log_sink_set(NULL, NULL);
	assert_true(seen > 500);
}

static void
levels(void **state)
{
	struct taken t = { 0 };
	enum noc_level level;

	(void)state;
	noc_log_sink_set(take, &t);
	noc_debug("x", "not by default");
	assert_int_equal(t.lines, 0);
	assert_int_equal(noc_log_level_parse("debug", &level), 0);
	noc_log_level_set(level);
	noc_debug("snmp", "seq=%d", 7);
	assert_int_equal(t.lines, 1);
	assert_string_equal(t.room, "snmp");
	assert_string_equal(t.text, "seq=7");
	assert_int_equal(noc_log_level_parse("error", &level), 0);
	noc_log_level_set(level);
	noc_warn("x", "hidden");
	assert_int_equal(t.lines, 1);
	assert_int_equal(noc_log_level_parse("loud", &level), NOC_EINPUT);
	noc_log_level_set(NOC_LOG_INFO);
	noc_log_sink_set(NULL, NULL);
}

static int
soft_site(int x)
{
	return NOC_FAILS(x == 1) ? 1 : 0;
}

static void
soft_assertions_log_once(void **state)
{
	struct taken t = { 0 };
	unsigned long before = noc_soft_failures();

	(void)state;
	noc_log_sink_set(take, &t);
	assert_int_equal(soft_site(1), 0);
	assert_int_equal(t.lines, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(soft_site(2), 1);
	assert_int_equal(t.lines, 1);
	assert_int_equal(t.level, NOC_LOG_ERROR);
	assert_non_null(strstr(t.text, "x == 1"));
	assert_int_equal(noc_soft_failures() - before, 5);
	noc_log_sink_set(NULL, NULL);
}

static void
long_lines_are_cut(void **state)
{
	struct taken t = { 0 };
	char *big = noc_malloc(100001);

	(void)state;
	memset(big, 0x1b, 100000);
	big[100000] = '\0';
	noc_log_sink_set(take, &t);
	noc_info("x", "%s", big);
	noc_log_sink_set(NULL, NULL);
	assert_int_equal(t.lines, 1);
	assert_true(strlen(t.text) < sizeof(t.text));
	assert_true(strlen(t.text) > 4096);
	assert_tame(t.text);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(what_shows_nothing),
		cmocka_unit_test(hostile_lists),
		cmocka_unit_test(levels),
		cmocka_unit_test(soft_assertions_log_once),
		cmocka_unit_test(long_lines_are_cut),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
