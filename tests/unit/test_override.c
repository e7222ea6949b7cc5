/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* What people switch off: how a freeze finds its target, and how many. */

static int
override_add(struct fix *f, const char *kind, const char *glob)
{
	char *json = noc_asprintf("{\"verb\":\"%s.add\",\"match\":{\"device\":"
				  "\"%s\"},\"for_ms\":60000,\"why\":\"w\"}",
				  kind, glob);
	int got = fix_command(f, json, NULL);

	free(json);
	return got;
}

/* A run that no event caused is held back by its step's target alone. */
static void
test_freeze_of_the_target_without_an_event(void **state)
{
	static const struct {
		const char *glob;
		unsigned sets;
	} cases[] = { { "sw1", 0 }, { "sw*", 0 }, { "sw2", 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, "flow \"up\" { step \"raise\" { snmp.set {"
			     " [\"ifAdminStatus.1\"] = \"up\" },"
			     " timeout = \"5s\" } }\n");
		assert_int_equal(override_add(&f, "freeze", cases[i].glob), 0);
		fix_start_flow(&f, "up");
		assert_int_equal(f.sets, cases[i].sets);
		assert_int_equal(
		    fix_said(&f, "freeze f1 is in force: sw1 is not changed"),
		    !cases[i].sets);
		fix_close(&f);
	}
}

/* The event is of sw1, the step changes sw2: a freeze of either stops it. */
static void
test_freeze_of_another_target_than_the_event(void **state)
{
	static const struct {
		const char *glob;
		unsigned sets;
	} cases[] = { { "sw2", 0 }, { "sw1", 0 }, { "sw3", 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, "rule \"far\" { mode = \"active\","
			     " on = \"link.down\", run = flow { step \"raise\""
			     " { target = \"sw2\", snmp.set {"
			     " [\"ifAdminStatus.1\"] = \"up\" },"
			     " timeout = \"5s\" } } }\n");
		assert_int_equal(override_add(&f, "freeze", cases[i].glob), 0);
		cor_port(&f, "link.down", "sw1", "eth7");
		assert_int_equal(f.sets, cases[i].sets);
		cor_close(&f);
	}
}

/* So many in all, of both kinds; who deletes one makes room for one. */
static void
test_a_thousand_silences_and_freezes(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"w\" { on = \"link.down\", run = log \"x\" }\n");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(
		    override_add(&f, i % 2 ? "silence" : "freeze", "sw1"), 0);
	assert_int_equal(override_add(&f, "silence", "sw1"), NOC_ERESOURCE);
	assert_int_equal(override_add(&f, "freeze", "sw1"), NOC_ERESOURCE);
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"freeze.del\",\"id\":\"f1\"}", NULL),
	    0);
	assert_int_equal(override_add(&f, "silence", "sw1"), 0);
	assert_int_equal(override_add(&f, "freeze", "sw1"), NOC_ERESOURCE);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_freeze_of_the_target_without_an_event),
		cmocka_unit_test(test_freeze_of_another_target_than_the_event),
		cmocka_unit_test(test_a_thousand_silences_and_freezes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
