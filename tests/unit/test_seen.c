/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"
#include "tests/unit/rules_fixture.h"

/* How far `unless = seen { ... }` looks back: an hour, and no further. */

#define LOOKS(back)                                                    \
	"rule \"r\" { on = \"link.down\", key = \"{link}\", unless = " \
	"seen { \"config.change\", back = \"" back "\" }, run = log \"x\" }\n"

static void
test_back_is_an_hour_at_most(void **state)
{
	(void)state;
	noc_ruleset_unref(rules_load(LOOKS("1h")));
	assert_refused(LOOKS("3601s"), "back can be \"1h\" at most");
	assert_refused(LOOKS("2h"), "back can be \"1h\" at most");
}

/* Also for one who was not there: a restart forgets nothing of it. */
static void
test_an_hour_ago_holds(void **state)
{
	static const struct {
		int64_t ms;
		bool holds;
	} cases[] = { { 3599900, true }, { 3600200, false } };

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), LOOKS("1h"));
		cor_tell(&f, &(struct tell){ .kind = "config.change",
					     .device = "sw1" });
		fix_advance(&f, cases[i / 2].ms - 100);
		if (i % 2)
			life_again(&f, dir, LOOKS("1h"));
		else
			fix_advance(&f, 100);
		cor_port(&f, "link.down", "sw1", "eth7");
		assert_int_equal(cor_count(&f, "r")->cancelled,
				 cases[i / 2].holds);
		assert_int_equal(cor_count(&f, "r")->fired,
				 !cases[i / 2].holds);
		life_close(&f);
		state_remove(dir);
	}
}

static int64_t
keys(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, "seen_keys", -1);

	noc_value_free(stats);
	return n;
}

/* Full: who is new is forgotten, never who came within the hour. */
static void
test_a_full_memory_keeps_its_hour(void **state)
{
	struct fix f = { 0 };
	struct tell t = { .kind = "login.failed" };
	char name[16];

	(void)state;
	fix_open(&f, LOOKS("1h"));
	t.device = name;
	for (int i = 0; i < 65536; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		cor_tell(&f, &t);
	}
	strcpy(name, "another");
	cor_tell(&f, &t);
	assert_int_equal(keys(&f), 65536);
	fix_advance(&f, 1000);
	strcpy(name, "sw0");
	cor_tell(&f, &t); /* newer than the others */
	fix_advance(&f, 3600 * 1000 - 1001);
	strcpy(name, "another");
	cor_tell(&f, &t);
	assert_int_equal(keys(&f), 65536);
	fix_advance(&f, 1);
	cor_tell(&f, &t);
	assert_int_equal(keys(&f), 2);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_back_is_an_hour_at_most),
		cmocka_unit_test(test_an_hour_ago_holds),
		cmocka_unit_test(test_a_full_memory_keeps_its_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
