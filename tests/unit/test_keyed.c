/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* What all forms stand on: how often a state is written, how many there are. */

static void
login(struct fix *f, const char *device)
{
	cor_tell(f, &(struct tell){ .kind = "login.failed", .device = device });
}

/* What only counts costs one row a second, however much comes. */
static void
test_counts_are_stored_once_a_second(void **state)
{
	static const char *const forms[] = {
		"hold = \"10m\"",
		"threshold = \"1000/10m\"",
		"throttle = { once_within = \"10m\" }",
		"throttle = { once_after = \"10m\" }",
		"storm = { over = \"1/10s\" }",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(forms); i++) {
		struct fix f = { 0 };
		char *rules =
		    noc_asprintf("rule \"r\" { on = \"login.failed\","
				 " key = \"{device}\", %s, run = log \"x\" }",
				 forms[i]);
		unsigned before;

		fix_open(&f, rules);
		free(rules);
		login(&f, "sw1");
		login(&f, "sw1"); /* opens the storm */
		fix_advance(&f, 2000);
		login(&f, "sw1");
		before = f.puts;
		for (int n = 0; n < 100; n++) {
			login(&f, "sw1");
			if (n < 99)
				fix_advance(&f, 10);
		}
		if (f.puts != before)
			fail_msg("%s: %u rows within a second", forms[i],
				 f.puts - before);
		fix_advance(&f, 10);
		login(&f, "sw1");
		login(&f, "sw1");
		if (f.puts != before + 1)
			fail_msg("%s: %u rows, not 1, after a second", forms[i],
				 f.puts - before);
		cor_close(&f);
	}
}

static int64_t
refused(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(stats, "states_refused", -1);

	noc_value_free(stats);
	return n;
}

/* At the cap a new key is an error that is told; those there are go on. */
static void
test_open_states_have_a_cap(void **state)
{
	struct fix f = { 0 };
	char name[16];

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"login.failed\","
		     " key = \"{device}\", threshold = \"2/10m\","
		     " run = log \"{device}\" }");
	for (int i = 0; i < 65536; i++) {
		snprintf(name, sizeof(name), "sw%d", i);
		login(&f, name);
	}
	assert_int_equal(cor_states(&f, "threshold"), 65536);
	assert_int_equal(refused(&f), 0);
	login(&f, "another");
	assert_int_equal(cor_states(&f, "threshold"), 65536);
	assert_int_equal(refused(&f), 1);
	assert_int_equal(cor_count(&f, "r")->errored, 1);
	assert_int_equal(fix_count(&f, "too many open states"), 1);
	login(&f, "sw0");
	assert_int_equal(cor_count(&f, "r")->fired, 1);
	/* What has left its window makes room. */
	fix_advance(&f, 11 * 60 * 1000);
	login(&f, "another");
	assert_int_equal(refused(&f), 1);
	assert_int_equal(cor_states(&f, "threshold"), 1);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_are_stored_once_a_second),
		cmocka_unit_test(test_open_states_have_a_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
