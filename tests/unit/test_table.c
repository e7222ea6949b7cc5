/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/bucket.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/table.h"

static int cells[1000];

static void
put_get_del(void **state)
{
	struct noc_table t = { 0 };

	(void)state;
	assert_null(noc_table_get(&t, "a"));
	assert_null(noc_table_del(&t, "a"));
	assert_null(noc_table_put(&t, "a", &cells[1]));
	assert_null(noc_table_put(&t, "", &cells[2]));
	assert_ptr_equal(noc_table_put(&t, "a", &cells[3]), &cells[1]);
	assert_int_equal(noc_table_len(&t), 2);
	assert_ptr_equal(noc_table_get(&t, "a"), &cells[3]);
	assert_ptr_equal(noc_table_get(&t, ""), &cells[2]);
	assert_null(noc_table_putn(&t, "a\0b", 3, &cells[4]));
	assert_ptr_equal(noc_table_getn(&t, "a\0b", 3), &cells[4]);
	assert_null(noc_table_getn(&t, "a\0c", 3));
	assert_ptr_equal(noc_table_del(&t, "a"), &cells[3]);
	assert_null(noc_table_get(&t, "a"));
	assert_int_equal(noc_table_len(&t), 2);
	noc_table_release(&t);
	assert_int_equal(noc_table_len(&t), 0);
}

static void
order_is_insertion(void **state)
{
	struct noc_table t = { 0 };
	char key[16];
	const char *k;
	void *v;
	size_t n = 0;

	(void)state;
	for (int i = 999; i >= 0; i--) {
		snprintf(key, sizeof(key), "k%d", i);
		noc_table_put(&t, key, &cells[i]);
	}
	for (int i = 0; i < 1000; i += 2) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_ptr_equal(noc_table_del(&t, key), &cells[i]);
	}
	noc_table_put(&t, "k0", &cells[0]); /* comes last now */
	for (size_t it = 0; noc_table_next(&t, &it, &k, &v); n++) {
		int expected = n < 500 ? 999 - 2 * (int)n : 0;

		assert_int_equal((int *)v - cells, expected);
		snprintf(key, sizeof(key), "k%d", expected);
		assert_string_equal(k, key);
	}
	assert_int_equal(n, 501);
	noc_table_release(&t);
}

static void
remove_while_iterating(void **state)
{
	struct noc_table t = { 0 };
	char key[16];
	const char *k;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		noc_table_put(&t, key, &cells[i]);
	}
	for (size_t it = 0; noc_table_next(&t, &it, &k, NULL); n++) {
		snprintf(key, sizeof(key), "%s", k);
		assert_non_null(noc_table_del(&t, key));
	}
	assert_int_equal(n, 100);
	assert_int_equal(noc_table_len(&t), 0);
	noc_table_release(&t);
}

/* A million steps against a plain array that knows the truth. */
static void
agrees_with_a_model(void **state)
{
	struct noc_table t = { 0 };
	bool there[1000] = { false };
	uint32_t seed = 12345;
	size_t live = 0;

	(void)state;
	for (int step = 0; step < 1000000; step++) {
		uint32_t r, i;

		seed = seed * 1664525 + 1013904223;
		r = seed >> 8;
		i = r % 1000;
		if (r >> 12 & 1) {
			assert_ptr_equal(
			    noc_table_putn(&t, &i, sizeof(i), &cells[i]),
			    there[i] ? &cells[i] : NULL);
			live += !there[i];
			there[i] = true;
		} else {
			assert_ptr_equal(noc_table_deln(&t, &i, sizeof(i)),
					 there[i] ? &cells[i] : NULL);
			live -= there[i];
			there[i] = false;
		}
		assert_int_equal(noc_table_len(&t), live);
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_ptr_equal(noc_table_getn(&t, &i, sizeof(i)),
				 there[i] ? &cells[i] : NULL);
	noc_table_release(&t);
}

/* Oldest out, newest in: neither memory nor time may grow with the past. */
static void
serves_as_queue(void **state)
{
	struct noc_table t = { 0 };
	size_t steps = 0;
	uint32_t next = 0;

	(void)state;
	for (; next < 20000; next++)
		noc_table_putn(&t, &next, sizeof(next), cells);
	for (int i = 0; i < 200000; i++, next++) {
		const char *key;
		size_t it = 0, from = t.first;
		uint32_t oldest;

		assert_true(noc_table_next(&t, &it, &key, NULL));
		steps += it - from;
		memcpy(&oldest, key, sizeof(oldest));
		assert_int_equal(oldest, next - 20000);
		noc_table_deln(&t, &oldest, sizeof(oldest));
		noc_table_putn(&t, &next, sizeof(next), cells);
	}
	assert_int_equal(noc_table_len(&t), 20000);
	assert_true(t.cap <= 65536);
	assert_in_range(steps, 200000, 400000);
	noc_table_release(&t);
}

static void
stable_hash(void **state)
{
	(void)state;
	/* FNV-1a, draft-eastlake-fnv appendix C */
	assert_true(noc_hash_stable("", 0) == 0xcbf29ce484222325ULL);
	assert_true(noc_hash_stable("a", 1) == 0xaf63dc4c8601ec8cULL);
	assert_true(noc_hash_stable("foobar", 6) == 0x85944171f73967e8ULL);
}

static void
bucket_debt(void **state)
{
	int64_t now = 1000 * NOC_NS_PER_S;
	struct noc_bucket b;

	(void)state;
	noc_bucket_init(&b, 10, 30);
	/* More than there is, while there is any; then it is earned first. */
	assert_true(noc_bucket_spend(&b, 20, now));
	assert_true(noc_bucket_spend(&b, 20, now));
	assert_false(noc_bucket_spend(&b, 1, now));
	assert_false(noc_bucket_spend(&b, 1, now + NOC_NS_PER_S));
	assert_true(noc_bucket_spend(&b, 1, now + NOC_NS_PER_S + 1));
}

static void
bucket_limits(void **state)
{
	struct noc_bucket b;
	int64_t now = 5 * NOC_NS_PER_S;
	int taken = 0;

	(void)state;
	noc_bucket_init(&b, 10, 3);
	for (int i = 0; i < 10; i++)
		taken += noc_bucket_take(&b, now);
	assert_int_equal(taken, 3); /* the burst, at once */
	assert_false(noc_bucket_take(&b, now + 99 * NOC_NS_PER_MS));
	assert_true(noc_bucket_take(&b, now + 100 * NOC_NS_PER_MS));
	/* A clock that steps back grants nothing and breaks nothing. */
	assert_false(noc_bucket_take(&b, now - NOC_NS_PER_S));
	assert_false(noc_bucket_take(&b, now + 101 * NOC_NS_PER_MS));
	taken = 0;
	for (int ms = 0; ms < 10000; ms++)
		taken += noc_bucket_take(
		    &b, now + NOC_NS_PER_S + ms * NOC_NS_PER_MS);
	assert_in_range(taken, 101, 104);
}

static void
errors_are_sentences(void **state)
{
	struct noc_err err;

	(void)state;
	assert_int_equal(noc_err_set(&err, NOC_EINPUT, "No %s.", "good"),
			 NOC_EINPUT);
	noc_err_prefix(&err, "rules/x.lua:%d", 12);
	assert_string_equal(err.msg, "rules/x.lua:12: No good.");
	assert_int_equal(err.kind, NOC_EINPUT);
	/* The old message may be an argument of the new one. */
	noc_err_set(&err, NOC_ESTORE, "Because: %s", err.msg);
	assert_string_equal(err.msg, "Because: rules/x.lua:12: No good.");
	for (int i = 0; i < 100; i++)
		noc_err_prefix(&err, "a prefix that does not end, number %d",
			       i);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_memory_equal(err.msg,
			    "a prefix that does not end, number 99: ", 39);
	assert_int_equal(noc_err_set(NULL, NOC_EDOWN, "x"), NOC_EDOWN);
	assert_string_equal(noc_kind_name(NOC_EINDOUBT), "indoubt");
	assert_string_equal(noc_kind_name(NOC_ETIMEOUT), "timeout");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_get_del),
		cmocka_unit_test(order_is_insertion),
		cmocka_unit_test(remove_while_iterating),
		cmocka_unit_test(agrees_with_a_model),
		cmocka_unit_test(serves_as_queue),
		cmocka_unit_test(stable_hash),
		cmocka_unit_test(bucket_limits),
		cmocka_unit_test(bucket_debt),
		cmocka_unit_test(errors_are_sentences),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
