/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

/* What runs tell of their own life: to who has a rule for it, or waits. */

#define NAP "flow \"nap\" { sleep \"1m\" }\n"

/* Events that were emitted, by runs too. */
static int64_t
emitted(struct fix *f)
{
	struct noc_value *stats = noc_core_stats(f->core);
	const struct noc_value *rows = noc_value_get(stats, "sources");
	int64_t n = 0;

	for (size_t i = 0; i < noc_value_len(rows); i++)
		if (noc_value_is_str(
			noc_value_get(noc_value_at(rows, i), "source"), "emit"))
			n = noc_value_get_int(noc_value_at(rows, i), "received",
					      0);
	noc_value_free(stats);
	return n;
}

static void
test_nobody_asks(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, NAP);
	fix_start_flow(&f, "nap");
	fix_advance(&f, 60 * 1000);
	assert_int_equal(fix_count(&f, "RUN_END"), 1);
	assert_int_equal(emitted(&f), 0);
	fix_close(&f);
}

static void
test_a_rule_is_told(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(
	    &f,
	    NAP "rule \"ends\" { on = \"run.ended\", where = { rule = \"nap\","
		" state = \"Succeeded\" },\n run = log \"{run} by {actor}\" }\n"
		"rule \"begins\" { on = \"run.started\", where = { rule ="
		" \"nap\" }, run = log \"{summary}\" }\n");
	fix_start_flow(&f, "nap");
	assert_int_equal(fix_said(&f, "log begins: nap sw1 started"), 1);
	assert_int_equal(fix_said(&f, "log ends"), 0);
	fix_advance(&f, 60 * 1000);
	assert_int_equal(fix_said(&f, "log ends"), 1);
	assert_int_equal(fix_said(&f, "by test"), 1);
	cor_close(&f);
}

/* A rule that its own runs trigger stops by itself. */
static void
test_no_loop_goes_on_for_ever(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, NAP "rule \"again\" { on = \"run.ended\", mode = "
			 "\"active\", run = start \"nap\" }\n");
	fix_start_flow(&f, "nap");
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(fix_runs(&f), 0);
	assert_true(fix_count(&f, "RUN_START") > 8);
	assert_true(fix_count(&f, "its own events lead back to it") > 0);
	/* And others are told as before. */
	fix_forget(&f);
	fix_start_flow(&f, "nap");
	fix_advance(&f, 60 * 1000);
	assert_true(fix_count(&f, "DECISION fired") > 0);
	cor_close(&f);
}

static void
test_gates(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;
	char text[NOC_ID_TEXT];

	(void)state;
	fix_open(
	    &f,
	    "flow \"ask\" { approve \"go\" { timeout = \"1h\" } }\n"
	    "rule \"opens\" { on = \"gate.opened\", run = log \"{path}\" }\n"
	    "rule \"ends\" { on = \"gate.decided\", run ="
	    " log \"{path} {decision} {by}\" }\n");
	id = fix_start_flow(&f, "ask");
	assert_int_equal(fix_said(&f, "log opens: go"), 1);
	assert_int_equal(fix_say(&f,
				 "{\"verb\":\"gate.decide\",\"id\":\"%s\","
				 "\"decision\":\"approve\",\"actor\":\"ann\","
				 "\"who\":{\"admin\":true}}",
				 noc_id_format(text, &id))
			     .kind,
			 0);
	assert_int_equal(fix_said(&f, "log ends: go approved ann"), 1);
	id = fix_start_flow(&f, "ask");
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(fix_said(&f, "log ends: go rejected timeout"), 1);
	cor_close(&f);
}

static void
test_a_flow_waits_for_another(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, NAP "flow \"after\" {\n"
			 " wait_for \"nap\" { event = \"run.ended\", where = {"
			 " rule = \"nap\" }, timeout = \"1h\" },\n"
			 " log \"the other is over\" }\n");
	id = fix_start_flow(&f, "after");
	fix_start_flow(&f, "nap");
	fix_advance(&f, 59 * 1000);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1000);
	assert_int_equal(fix_said(&f, "the other is over"), 1);
	/* Nobody waits any more. */
	fix_start_flow(&f, "nap");
	fix_advance(&f, 60 * 1000);
	assert_int_equal(emitted(&f), 1);
	cor_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_asks),
		cmocka_unit_test(test_a_rule_is_told),
		cmocka_unit_test(test_no_loop_goes_on_for_ever),
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_a_flow_waits_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
