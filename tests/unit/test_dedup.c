/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/memory/dedup.h"
#include "engine/intake/intake.h"

/* Keys that were here within so long, and how many of them. */

#define HOUR_MS (3600 * 1000LL)

static bool
seen(struct fix *f, const char *key)
{
	bool was;

	noc_core_begin(f->core, f->now);
	was = noc_dedup_repeats(f->core, "hook", noc_slice_str(key), HOUR_MS);
	noc_core_end(f->core);
	fix_pump(f);
	return was;
}

static int64_t
stat(struct fix *f, const char *name)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, name, -1);

	noc_value_free(stats);
	return n;
}

static void
test_a_key_is_remembered_so_long(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"link.down\", run = log \"x\" }\n");
	assert_false(seen(&f, "a"));
	assert_true(seen(&f, "a"));
	fix_advance(&f, HOUR_MS - 1);
	assert_true(seen(&f, "a")); /* and is not remembered longer for it */
	fix_advance(&f, 1);
	assert_false(seen(&f, "a"));
	fix_close(&f);
}

/* One more than fit goes on each time it comes; those that fit do not. */
static void
test_a_hundred_thousand_keys(void **state)
{
	struct fix f = { 0 };
	char key[16];

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"link.down\", run = log \"x\" }\n");
	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_false(seen(&f, key));
	}
	assert_true(seen(&f, "0"));
	assert_true(seen(&f, "99999"));
	assert_int_equal(stat(&f, "dedup_full"), 0);
	assert_false(seen(&f, "another"));
	assert_false(seen(&f, "another"));
	assert_int_equal(stat(&f, "dedup_full"), 2);
	assert_int_equal(stat(&f, "dedup_keys"), 100000);
	fix_advance(&f, HOUR_MS + 1);
	assert_int_equal(stat(&f, "dedup_keys"), 0);
	assert_false(seen(&f, "another"));
	assert_true(seen(&f, "another"));
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_is_remembered_so_long),
		cmocka_unit_test(test_a_hundred_thousand_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
