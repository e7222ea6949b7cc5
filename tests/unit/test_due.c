/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "engine/core/due.h"

/* Timers of the core. */

#define S(n) ((n)*NOC_NS_PER_S)

struct mark {
	struct noc_due due;
	int n;
};
static int marks_done;

static void
on_mark(struct noc_due *due, struct noc_core *core)
{
	(void)core;
	assert_int_equal(((struct mark *)due)->n, marks_done);
	marks_done++;
}

/* What was due before the machine came up is carried out in its order. */
static void
test_overdue_timers_keep_their_order(void **state)
{
	static const int64_t at[] = { INT64_MIN, -S(9000), -S(2), -1,	    0,
				      1,	 S(3),	   S(5),  INT64_MAX };
	static const size_t armed[] = { 4, 8, 1, 6, 3, 0, 7, 2, 5 };
	struct mark marks[NOC_COUNT(at)];
	struct fix f = { 0 };

	(void)state;
	f.now = (struct noc_now){ S(1700000000), S(4), 0 };
	fix_open(&f, "");
	memset(marks, 0, sizeof(marks));
	for (size_t i = 0; i < NOC_COUNT(armed); i++) {
		struct mark *m = &marks[armed[i]];

		m->n = (int)armed[i];
		m->due.on_due = on_mark;
		assert_false(noc_due_armed(&m->due));
		noc_core_begin(f.core, f.now);
		noc_due_arm(f.core, &m->due, at[armed[i]]);
		noc_core_end(f.core);
		assert_true(noc_due_armed(&m->due));
	}
	marks_done = 0;
	fix_advance(&f, 1);
	assert_int_equal(marks_done, 7);
	fix_advance(&f, 2000);
	assert_int_equal(marks_done, 8);
	noc_due_disarm(f.core, &marks[8].due);
	fix_close(&f);
}

/* A calendar's is looked at again when the clock is set, others are not. */
static void
test_calendars_are_looked_at_again(void **state)
{
	struct mark marks[2] = { { .n = 0 }, { .n = 1 } };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "");
	noc_core_begin(f.core, f.now);
	marks[0].due.on_due = marks[1].due.on_due = on_mark;
	noc_due_arm_wall(f.core, &marks[0].due, f.now.wall_ns + S(600));
	noc_due_arm_steady(f.core, &marks[1].due, f.now.wall_ns + S(600));
	noc_core_end(f.core);
	marks_done = 0;
	fix_advance(&f, 1000);
	assert_int_equal(marks_done, 0);
	f.now.wall_ns -= S(3600);
	noc_core_clock(f.core, f.now);
	fix_advance(&f, 1);
	assert_int_equal(marks_done, 1);
	fix_advance(&f, 599000);
	assert_int_equal(marks_done, 2);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overdue_timers_keep_their_order),
		cmocka_unit_test(test_calendars_are_looked_at_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
