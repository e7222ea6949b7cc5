/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "engine/run/cause.h"

/* What many runs stop at is one notice, and one that counts the others. */
#define RULES                                                              \
	"rule \"r\" { on = \"work.todo\", mode = \"active\", run = flow {" \
	" step \"get\" { http.get { url = \"http://192.0.2.1/\" },"        \
	" timeout = \"1s\" } } }"

static void
trip(struct fix *f, const char *target)
{
	char *text = noc_asprintf("{\"verb\":\"breaker.trip\",\"action\":"
				  "\"http.get\",\"target\":\"%s\","
				  "\"for_ms\":86400000,\"why\":\"x\"}",
				  target);

	assert_int_equal(fix_command(f, text, NULL), 0);
	free(text);
}

static void
test_hundred_runs(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, RULES);
	trip(&f, "192.0.2.1");
	for (int i = 0; i < 100; i++)
		fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(f.started, 0);
	assert_int_equal(fix_said(&f, "notify noc"), 1);
	fix_advance(&f, 299000);
	assert_int_equal(fix_said(&f, "notify noc"), 1);
	fix_advance(&f, 2000);
	assert_int_equal(fix_said(&f, "notify noc"), 2);
	assert_int_equal(fix_said(&f, "99 more runs in 5 min: breaker"), 1);
	/* Nothing more came: it is over, and would be told again. */
	fix_advance(&f, 301000);
	assert_int_equal(fix_said(&f, "notify noc"), 2);
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(fix_said(&f, "notify noc"), 3);
	fix_close(&f);
}

/* Past the cap each is told: too many notices are better than none. */
static void
test_1024_causes(void **state)
{
	struct fix f = { 0 };
	char text[32];

	(void)state;
	fix_open(&f, RULES);
	noc_core_begin(f.core, f.now);
	for (int i = 0; i < 1024; i++) {
		snprintf(text, sizeof(text), "cause %d", i);
		assert_true(noc_cause_tells(f.core, text));
		assert_false(noc_cause_tells(f.core, text));
	}
	assert_true(noc_cause_tells(f.core, "one more"));
	assert_true(noc_cause_tells(f.core, "one more"));
	assert_false(noc_cause_tells(f.core, "cause 7"));
	noc_core_end(f.core);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hundred_runs),
		cmocka_unit_test(test_1024_causes),
	};

	return cmocka_run_group_tests_name("cause", tests, NULL, NULL);
}
