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

static bool
seen_of(struct fix *f, const char *space, const char *key)
{
	bool was;

	noc_core_begin(f->core, f->now);
	was = noc_dedup_repeats(f->core, space, noc_slice_str(key), HOUR_MS);
	noc_core_end(f->core);
	fix_pump(f);
	return was;
}

/* One more than fit: the hook's own oldest is forgotten, and told; the keys of
 * another are nobody's but its own. */
static void
test_a_hundred_thousand_keys(void **state)
{
	struct fix f = { 0 };
	char key[16];

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"link.down\", run = log \"x\" }\n");
	assert_false(seen_of(&f, "other", "a"));
	for (int i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_false(seen(&f, key));
	}
	assert_true(seen(&f, "0"));
	assert_true(seen(&f, "99999"));
	assert_int_equal(stat(&f, "dedup_full"), 0);
	assert_false(seen(&f, "another"));
	assert_true(seen(&f, "another"));
	assert_true(seen(&f, "1"));
	assert_int_equal(stat(&f, "dedup_full"), 1);
	assert_int_equal(
	    fix_said(&f, "notify noc: limit dedup reached by hook"), 1);
	assert_false(seen(&f, "0"));
	assert_true(seen_of(&f, "other", "a"));
	assert_int_equal(stat(&f, "dedup_keys"), 100001);
	fix_advance(&f, HOUR_MS + 1);
	assert_int_equal(stat(&f, "dedup_keys"), 0);
	assert_false(seen(&f, "another"));
	assert_true(seen(&f, "another"));
	fix_close(&f);
}

/* Four hooks may be full; what the fifth needs is taken from the oldest. */
static void
test_400000_keys_of_all(void **state)
{
	struct fix f = { 0 };
	char key[16], hook[16];

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"link.down\", run = log \"x\" }\n");
	noc_core_begin(f.core, f.now);
	for (int i = 0; i < 400000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		snprintf(hook, sizeof(hook), "%d", i % 4);
		noc_dedup_repeats(f.core, hook, noc_slice_str(key), HOUR_MS);
	}
	noc_core_end(f.core);
	assert_int_equal(stat(&f, "dedup_full"), 0);
	assert_false(seen_of(&f, "fifth", "a"));
	assert_true(seen_of(&f, "fifth", "a"));
	assert_int_equal(stat(&f, "dedup_full"), 1);
	assert_int_equal(stat(&f, "dedup_keys"), 400000);
	fix_close(&f);
}

/* However long a sender makes its keys, each costs little. */
static void
test_long_keys(void **state)
{
	struct fix f = { 0 };
	char *a = noc_calloc(1, 100001), *b = noc_calloc(1, 100001);

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"link.down\", run = log \"x\" }\n");
	memset(a, 'a', 100000);
	memset(b, 'a', 100000);
	b[99999] = 'b';
	assert_false(seen(&f, a));
	assert_false(seen(&f, b));
	assert_true(seen(&f, a));
	assert_true(seen(&f, b));
	fix_close(&f);
	free(a);
	free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_key_is_remembered_so_long),
		cmocka_unit_test(test_a_hundred_thousand_keys),
		cmocka_unit_test(test_400000_keys_of_all),
		cmocka_unit_test(test_long_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
