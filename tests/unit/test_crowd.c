/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/crowd.h"
#include "base/mem.h"

/* Who goes when there is no room. */
struct one {
	struct noc_guest g; /* first */
	int worth;
	int64_t since_ns;
};

static int
worth(const struct noc_guest *g, int64_t *since_ns)
{
	const struct one *o = (const struct one *)g;

	*since_ns = o->since_ns;
	return o->worth;
}

static void
test_the_least_worth_goes_first(void **state)
{
	struct noc_crowd c = { 0 };
	struct one a1 = { .worth = 1, .since_ns = 1 };
	struct one a2 = { .worth = 1, .since_ns = 2 };
	struct one b = { .worth = 0, .since_ns = 9 };
	struct one stays = { .worth = -1, .since_ns = 0 };

	(void)state;
	assert_null(noc_crowd_worst(&c, NULL, worth));
	noc_crowd_enter(&c, &stays.g, "b", 1);
	assert_null(noc_crowd_worst(&c, NULL, worth));
	noc_crowd_enter(&c, &a1.g, "a", 1);
	noc_crowd_enter(&c, &a2.g, "a", 1);
	noc_crowd_enter(&c, &b.g, "b", 1);
	/* Worth before how many, and how many before how long. */
	assert_ptr_equal(noc_crowd_worst(&c, NULL, worth), &b);
	b.worth = 1;
	b.since_ns = 0;
	noc_crowd_leave(&c, &stays.g);
	assert_ptr_equal(noc_crowd_worst(&c, NULL, worth), &a1);
	noc_crowd_leave(&c, &a1.g);
	assert_ptr_equal(noc_crowd_worst(&c, NULL, worth), &b);
	/* Of one address only. */
	assert_ptr_equal(noc_crowd_worst(&c, "a", worth), &a2);
	assert_null(noc_crowd_worst(&c, "c", worth));
	noc_crowd_leave(&c, &a2.g);
	assert_null(noc_crowd_worst(&c, "a", worth));
	noc_crowd_leave(&c, &b.g);
	noc_crowd_leave(&c, &b.g); /* it left already */
	assert_int_equal(c.n, 0);
}

static void
test_weight_is_what_is_short(void **state)
{
	struct noc_crowd c = { 0 };
	struct one small[3] = { { .since_ns = 1 },
				{ .since_ns = 2 },
				{ .since_ns = 3 } };
	struct one big = { .since_ns = 9 };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(small); i++)
		noc_crowd_enter(&c, &small[i].g, "many", 10);
	noc_crowd_enter(&c, &big.g, "one", 0);
	assert_int_equal(noc_crowd_weight(&c, "many"), 30);
	assert_ptr_equal(noc_crowd_worst(&c, NULL, worth), &small[0]);
	noc_crowd_weigh(&big.g, 31);
	assert_ptr_equal(noc_crowd_worst(&c, NULL, worth), &big);
	assert_string_equal(noc_guest_address(&big.g), "one");
	noc_crowd_weigh(&big.g, 5);
	assert_int_equal(noc_crowd_weight(&c, "one"), 5);
	assert_ptr_equal(noc_crowd_worst(&c, NULL, worth), &small[0]);
	noc_crowd_leave(&c, &small[1].g); /* from the middle */
	assert_int_equal(noc_crowd_weight(&c, "many"), 20);
	noc_crowd_leave(&c, &small[0].g);
	noc_crowd_leave(&c, &small[2].g);
	assert_int_equal(noc_crowd_weight(&c, "many"), 0);
	assert_ptr_equal(noc_crowd_worst(&c, NULL, worth), &big);
	noc_crowd_leave(&c, &big.g);
	assert_null(c.first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_least_worth_goes_first),
		cmocka_unit_test(test_weight_is_what_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
