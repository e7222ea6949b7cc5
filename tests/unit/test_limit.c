/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "engine/notify/limit.h"

/* A limit that is reached: told once in a while, always counted. */

static const char rules[] =
    "rule \"full\" { on = \"limit.reached\", where = { limit = \"cups\" },"
    " run = flow { notify \"noc\" { \"{whose} {count}\" } } }\n";

static int64_t
reached(struct fix *f, const char *limit)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n =
	    noc_value_get_int(noc_value_get(stats, "limits_reached"), limit, 0);

	noc_value_free(stats);
	return n;
}

/* Notices about this limit. */
static size_t
told(struct fix *f, const char *limit)
{
	char said[64];

	snprintf(said, sizeof(said), "notify noc: limit %s reached", limit);
	return fix_said(f, said);
}

static void
fill(struct fix *f, const char *limit, int n)
{
	noc_core_now(f->core, f->now);
	for (int i = 0; i < n; i++)
		noc_limit_reached(f->core, limit, "joe", "no %s is left",
				  limit);
	fix_pump(f);
}

static void
test_told_once_in_five_minutes(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	fill(&f, "cups", 1000);
	assert_int_equal(reached(&f, "cups"), 1000);
	assert_int_equal(told(&f, "cups"), 1);
	assert_int_equal(fix_said(&f, "cups reached by joe: no cups is left"),
			 2);
	assert_int_equal(fix_said(&f, "noc: joe 1"), 1); /* the rule's */
	fix_advance(&f, 299 * 1000);
	fill(&f, "cups", 1);
	assert_int_equal(told(&f, "cups"), 1);
	fix_advance(&f, 1000);
	fill(&f, "cups", 1);
	assert_int_equal(told(&f, "cups"), 2);
	assert_int_equal(fix_said(&f, "(1001 times since it was last told)"),
			 1);
	assert_int_equal(fix_said(&f, "noc: joe 1001"), 1);
	assert_int_equal(reached(&f, "cups"), 1002);
	fix_close(&f);
}

/* One that is always reached does not hide another one. */
static void
test_each_limit_is_told(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	fill(&f, "cups", 10);
	fill(&f, "plates", 10);
	assert_int_equal(told(&f, "cups"), 1);
	assert_int_equal(told(&f, "plates"), 1);
	assert_int_equal(reached(&f, "plates"), 10);
	fix_close(&f);
}

/* Inside an input it is told in the same transaction, after what it is in. */
static void
test_inside_an_input(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, rules);
	noc_core_begin(f.core, f.now);
	noc_limit_reached(f.core, "cups", "joe", "none is left");
	assert_int_equal(told(&f, "cups"), 0);
	noc_core_end(f.core);
	fix_pump(&f);
	assert_int_equal(told(&f, "cups"), 1);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told_once_in_five_minutes),
		cmocka_unit_test(test_each_limit_is_told),
		cmocka_unit_test(test_inside_an_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
