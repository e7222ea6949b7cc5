/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/slot_fixture.h"

/* The names that steps say: limits and locks of rules. */

static const char named[] = FLOW(
    "x",
    STEP("http.get { url = \"a\" }", "timeout = \"5s\", limits = { awx = 1 }"))
    FLOW("y", STEP("snmp.get { a = \"sysName.0\" }",
		   "timeout = \"5s\", limits = { awx = 1 }"))
	FLOW("z",
	     STEP("snmp.get { a = \"sysName.0\" }",
		  "timeout = \"5s\", target = \"sw2\", limits = { "
		  "[\"at/{input.b}\"] = 1 }") ", input = { b = \"string\" }")
	    FLOW("many", "parallel { "
			 "snmp.get { a = \"a.0\" }, snmp.get { a = \"b.0\" }, "
			 "snmp.get { a = \"c.0\" }, snmp.get { a = \"d.0\" }, "
			 "snmp.get { a = \"e.0\" }, snmp.get { a = \"f.0\" }, "
			 "snmp.get { a = \"g.0\" }, snmp.get { a = \"h.0\" } }")
		FLOW("read", STEP("snmp.get { a = \"sysName.0\" }",
				  "timeout = \"5s\"")) FLOW("a", GET("a"));

static int64_t
named_count(struct fix *f, const char *kind, const char *what)
{
	struct noc_value *v = slot_calls(f);
	int64_t n = noc_value_get_int(
	    noc_value_get(noc_value_get(v, "names"), kind), what, -1);

	noc_value_free(v);
	return n;
}

/* Whatever it asks, and whichever flow says it. */
static void
test_a_name(void **state)
{
	struct noc_value *v, *row;
	struct noc_id y;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, named);
	slot_start(&f, "x", 1);
	y = fix_start_flow(&f, "y");
	assert_int_equal(f.ncalls, 1);
	assert_int_equal(named_count(&f, "limit", "out"), 1);
	assert_int_equal(named_count(&f, "limit", "queued"), 1);
	assert_int_equal(slot_queued(&f), 1);
	fix_advance(&f, 4000);
	v = slot_calls(&f);
	row = noc_value_at(noc_value_get(v, "queues"), 0);
	assert_string_equal(noc_value_get_str(row, "key", ""), "limit/awx");
	assert_int_equal(strlen(noc_value_get_str(row, "holder", "")), 36);
	noc_value_free(v);
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1);
	slot_newest_is(&f, &y);
	fix_advance(&f, 4900); /* its time began when it went out */
	assert_int_equal(f.cancelled, 0);
	fix_answer(&f, "snmp.get", "{}");
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 2);
	assert_int_equal(named_count(&f, "limit", "out"), 0);
	fix_close(&f);
}

/* Who waits for one of two has neither: others go on with the other one. */
static void
test_all_or_none(void **state)
{
	struct fix f = { 0 };
	struct noc_id y;

	(void)state;
	fix_open(&f, named);
	slot_start(&f, "x", 1);	     /* has awx */
	y = fix_start_flow(&f, "y"); /* wants it, and sw1 */
	slot_start(&f, "read", 4);   /* all of sw1 */
	assert_int_equal(f.ncalls, 5);
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1); /* awx is free, sw1 is not */
	assert_int_equal(f.ncalls, 4);
	slot_start(&f, "x", 1); /* and so is awx for another one */
	assert_int_equal(f.ncalls, 5);
	fix_answer(&f, "snmp.get", "{}");
	fix_advance(&f, 1);
	assert_int_equal(f.ncalls, 4);
	for (int i = 0; i < 3; i++)
		fix_answer(&f, "snmp.get", "{}");
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1);
	assert_int_equal(f.ncalls, 1);
	slot_newest_is(&f, &y);
	fix_answer(&f, "snmp.get", "{}");
	assert_int_equal(fix_runs(&f), 0);
	assert_int_equal(slot_queued(&f), 0);
	fix_close(&f);
}

static void
test_a_name_is_filled_in(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, named);
	for (int i = 0; i < 4; i++)
		fix_command_later(&f, i % 2 ? "{\"verb\":\"run.start\","
					      "\"flow\":\"z\",\"input\":{"
					      "\"b\":\"1\"}}"
					    : "{\"verb\":\"run.start\","
					      "\"flow\":\"z\",\"input\":{"
					      "\"b\":\"2\"}}");
	fix_pump(&f);
	assert_int_equal(f.ncalls, 2);
	assert_int_equal(slot_queued(&f), 2);
	fix_close(&f);
}

/* It waited where it was not to be had; now it is the first. */
static void
test_who_has_waited_elsewhere(void **state)
{
	struct fix f = { 0 };
	struct noc_id y;

	(void)state;
	fix_open(&f, named);
	slot_start(&f, "x", 1);
	y = fix_start_flow(&f, "y");
	slot_start(&f, "read", 5); /* the fifth waits for sw1 */
	fix_answer(&f, "http.get", "{}");
	fix_advance(&f, 1);
	assert_int_equal(slot_queued(&f), 2);
	fix_answer(&f, "snmp.get", "{}");
	fix_advance(&f, 1);
	slot_newest_is(&f, &y);
	fix_close(&f);
}

/* One call of a run does not stand behind all of another's. */
static void
test_runs_take_turns(void **state)
{
	struct noc_id id, second;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, named);
	slot_start(&f, "many", 1); /* four of eight are out */
	id = fix_start_flow(&f, "read");
	second = fix_start_flow(&f, "read");
	assert_int_equal(slot_queued(&f), 6);
	fix_answer(&f, "snmp.get", "{}");
	fix_advance(&f, 1); /* one more of the many, which came first */
	fix_answer(&f, "snmp.get", "{}");
	fix_advance(&f, 1);
	slot_newest_is(&f, &id);
	fix_answer(&f, "snmp.get", "{}");
	fix_advance(&f, 1);
	slot_newest_is(&f, &second);
	for (int i = 0; i < 7; i++) {
		fix_answer(&f, "snmp.get", "{}");
		fix_advance(&f, 1);
	}
	assert_int_equal(fix_runs(&f), 0);
	assert_int_equal(slot_queued(&f), 0);
	fix_close(&f);
}

/* The newest rules say how many, also to those who wait already. */
static void
test_a_name_has_more(void **state)
{
	static const char more[] =
	    FLOW("y", STEP("snmp.get { a = \"sysName.0\" }",
			   "timeout = \"5s\", limits = { awx = 3 }"));
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, named);
	slot_start(&f, "y", 3);
	assert_int_equal(f.ncalls, 1);
	fix_rules(&f, more);
	slot_start(&f, "y", 1);
	fix_advance(&f, 1);
	assert_int_equal(f.ncalls, 3);
	assert_int_equal(slot_queued(&f), 1);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name),
		cmocka_unit_test(test_all_or_none),
		cmocka_unit_test(test_a_name_is_filled_in),
		cmocka_unit_test(test_who_has_waited_elsewhere),
		cmocka_unit_test(test_runs_take_turns),
		cmocka_unit_test(test_a_name_has_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
