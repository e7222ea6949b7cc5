/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "base/fair.h"

/* Who gives way in a full table: of the lowest rank the oldest of whoever has
 * the most. */

static struct noc_fair_seat seats[64];

static struct noc_slice
name(const char *s)
{
	return noc_slice_str(s);
}

/* Seats first..last-1 are his, the oldest first. */
static void
has(struct noc_fair *f, int first, int last, unsigned rank, const char *owner)
{
	for (int i = first; i < last; i++)
		noc_fair_add(f, &seats[i], rank, name(owner), false);
}

static void
begin(struct noc_fair *f)
{
	memset(f, 0, sizeof(*f));
	memset(seats, 0, sizeof(seats));
}

static void
nobody(void **state)
{
	struct noc_fair f;

	(void)state;
	begin(&f);
	assert_null(noc_fair_yields(&f, 2, name("a")));
	assert_null(noc_fair_oldest(&f, 0, name("a")));
	assert_int_equal(noc_fair_len(&f), 0);
	assert_int_equal(noc_fair_len_owner(&f, 0, name("a")), 0);
	noc_fair_del(&f, &seats[0]); /* has none */
	noc_fair_release(&f);
}

static void
the_most_gives_its_oldest(void **state)
{
	struct noc_fair f;

	(void)state;
	begin(&f);
	has(&f, 0, 2, 1, "few");
	has(&f, 2, 12, 1, "many");
	has(&f, 12, 15, 1, "some");
	assert_int_equal(noc_fair_len(&f), 15);
	assert_int_equal(noc_fair_len_rank(&f, 1), 15);
	assert_int_equal(noc_fair_len_rank(&f, 0), 0);
	assert_int_equal(noc_fair_len_owner(&f, 1, name("many")), 10);
	assert_int_equal(noc_fair_len_owner(&f, 0, name("many")), 0);
	assert_ptr_equal(noc_fair_oldest(&f, 1, name("some")), &seats[12]);
	/* Down to the next, and no further: nobody with fewer gives one. */
	for (int i = 2; i < 9; i++) {
		struct noc_fair_seat *s = noc_fair_yields(&f, 1, name("new"));

		assert_ptr_equal(s, &seats[i]);
		noc_fair_del(&f, s);
	}
	/* Both have three: who has had them for longer. */
	assert_ptr_equal(noc_fair_yields(&f, 1, name("new")), &seats[12]);
	noc_fair_release(&f);
}

/* Nobody has more than the newcomer: he takes from nobody else. */
static void
who_has_the_most_takes_from_himself(void **state)
{
	struct noc_fair f;

	(void)state;
	begin(&f);
	has(&f, 0, 3, 1, "a");
	has(&f, 3, 6, 1, "b");
	has(&f, 6, 7, 1, "c");
	assert_ptr_equal(noc_fair_yields(&f, 1, name("a")), &seats[0]);
	assert_ptr_equal(noc_fair_yields(&f, 1, name("b")), &seats[3]);
	assert_ptr_equal(noc_fair_yields(&f, 1, name("c")), &seats[0]);
	noc_fair_release(&f);
}

static void
the_lowest_rank_first_and_never_a_higher(void **state)
{
	struct noc_fair f;

	(void)state;
	begin(&f);
	has(&f, 0, 5, 1, "normal");
	has(&f, 5, 6, 0, "low");
	assert_ptr_equal(noc_fair_yields(&f, 2, name("x")), &seats[5]);
	assert_ptr_equal(noc_fair_yields(&f, 1, name("normal")), &seats[5]);
	noc_fair_del(&f, &seats[5]);
	assert_null(noc_fair_yields(&f, 0, name("low")));
	assert_ptr_equal(noc_fair_yields(&f, 2, name("x")), &seats[0]);
	/* The same name of another rank is somebody else. */
	has(&f, 5, 6, 2, "normal");
	assert_ptr_equal(noc_fair_oldest(&f, 2, name("normal")), &seats[5]);
	assert_ptr_equal(noc_fair_yields(&f, 2, name("normal")), &seats[0]);
	noc_fair_release(&f);
}

static void
what_lasts_goes_last(void **state)
{
	struct noc_fair f;

	(void)state;
	begin(&f);
	noc_fair_add(&f, &seats[0], 1, name("a"), true);
	noc_fair_add(&f, &seats[1], 1, name("a"), false);
	noc_fair_add(&f, &seats[2], 1, name("a"), true);
	assert_ptr_equal(noc_fair_oldest(&f, 1, name("a")), &seats[1]);
	noc_fair_del(&f, &seats[1]);
	assert_ptr_equal(noc_fair_yields(&f, 1, name("b")), &seats[0]);
	noc_fair_del(&f, &seats[0]);
	noc_fair_add(&f, &seats[0], 1, name("a"), true);
	assert_ptr_equal(noc_fair_oldest(&f, 1, name("a")), &seats[2]);
	noc_fair_release(&f);
}

/* Against a count that is made anew each time. */
static void
any_order(void **state)
{
	static const char *const names[] = { "a", "b", "c", "", "e" };
	struct noc_fair f;
	unsigned owner[64] = { 0 }, n[5] = { 0 }, x = 7, most;
	bool in[64] = { false };

	(void)state;
	begin(&f);
	for (int i = 0; i < 20000; i++) {
		unsigned at;

		x = x * 1103515245 + 12345;
		at = (x >> 8) % 64;
		if (in[at]) {
			noc_fair_del(&f, &seats[at]);
			n[owner[at]]--;
		} else {
			owner[at] = (x >> 16) % 5;
			noc_fair_add(&f, &seats[at], 0, name(names[owner[at]]),
				     x & 1u << 30);
			n[owner[at]]++;
		}
		in[at] = !in[at];
		most = 0;
		for (unsigned j = 0; j < 5; j++) {
			most = n[j] > most ? n[j] : most;
			assert_int_equal(
			    noc_fair_len_owner(&f, 0, name(names[j])), n[j]);
		}
		if (most)
			assert_int_equal(
			    n[owner[noc_fair_yields(&f, 0, name("new")) -
				    seats]],
			    most);
		else
			assert_null(noc_fair_yields(&f, 0, name("new")));
	}
	noc_fair_release(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody),
		cmocka_unit_test(the_most_gives_its_oldest),
		cmocka_unit_test(who_has_the_most_takes_from_himself),
		cmocka_unit_test(the_lowest_rank_first_and_never_a_higher),
		cmocka_unit_test(what_lasts_goes_last),
		cmocka_unit_test(any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
