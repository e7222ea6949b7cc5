/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/* Items that something outside holds back: an open breaker, a freeze. */

static const char breaker[] =
    "flow \"f\" { each \"n\" { over = { \"a\", \"b\", \"c\", \"d\", \"e\","
    " \"f\", \"g\" }, need = \"any\", limit = 1,"
    " step \"s\" { exec { \"p\" }, timeout = \"5s\", target = \"{item}\","
    " on_crash = \"retry\", undo = exec { \"u\" } } },"
    " log \"ok={steps.n.ok} failed={steps.n.failed}\" }\n"
    "flow \"one\" { step \"s\" { exec { \"p\" }, timeout = \"5s\","
    " target = \"x\" } }\n";

static void
test_items_wait_for_a_breaker(void **state)
{
	(void)state;
	for (int die = 0; die < 2; die++) {
		char *dir = state_make();
		struct noc_id id;
		struct noc_now now;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), breaker);
		id = fix_start_flow(&f, "f");
		assert_int_equal(
		    fix_command(&f,
				"{\"verb\":\"breaker.trip\",\"action\":"
				"\"exec\",\"target\":\"p\",\"why\":\"x\","
				"\"actor\":\"ann\",\"for_ms\":600000}",
				NULL),
		    0);
		fix_answer(&f, "exec", "{\"exit\":0}");
		/* A step alone fails; the second item waits, unharmed. */
		(void)fix_start_flow(&f, "one");
		assert_int_equal(f.ncalls, 0);
		assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
		fix_advance(&f, 300000);
		assert_int_equal(f.ncalls, 0);
		assert_true(fix_running(&f, &id));
		if (die) {
			now = f.now;
			f.dead = true;
			life_close(&f);
			life_open(&f, dir, now, breaker);
		}
		fix_advance(&f, 301000);
		for (int i = 0; i < 6; i++)
			fix_answer(&f, "exec", "{\"exit\":0}");
		assert_false(fix_running(&f, &id));
		assert_int_equal(fix_said(&f, "log f: ok=7 failed=0"), 1);
		life_close(&f);
		state_remove(dir);
	}
}

/* Its own deadline is no longer because of it. */
static void
test_a_deadline_is_over_all_the_same(void **state)
{
	struct noc_id id;
	struct fix f = { 0 };

	(void)state;
	f.now = noc_clock_read();
	fix_open(&f,
		 "flow \"f\" { each \"n\" { over = { \"a\" }, timeout = "
		 "\"1m\", step \"s\" { exec { \"p\" }, timeout = \"5s\" } } "
		 "}\n");
	assert_int_equal(fix_command(&f,
				     "{\"verb\":\"breaker.trip\",\"action\":"
				     "\"exec\",\"target\":\"p\",\"why\":\"x\","
				     "\"actor\":\"ann\",\"for_ms\":600000}",
				     NULL),
			 0);
	id = fix_start_flow(&f, "f");
	fix_advance(&f, 59000);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 2000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(f.started, 0);
	fix_close(&f);
}

static const char frozen[] =
    "flow \"f\" { each \"n\" { over = { \"a\", \"b\" },"
    " step \"s\" { exec { \"p\" }, timeout = \"5s\", target = \"{item}\" },"
    " step \"t\" { exec { \"p\" }, timeout = \"5s\", target = \"x\" } },"
    " log \"ok={steps.n.ok} skipped={steps.n.skipped}\" }\n";

static void
freeze(struct fix *f, const char *device)
{
	struct fix_heard h =
	    fix_say(f,
		    "{\"verb\":\"freeze.add\",\"actor\":\"ann\",\"why\":\"x\","
		    "\"for_ms\":600000,\"match\":{\"device\":\"%s\"}}",
		    device);

	assert_int_equal(h.kind, 0);
}

/* A frozen device is left out, and the others are done. */
static void
test_a_frozen_item_is_skipped(void **state)
{
	struct noc_id id;
	struct fix f = { 0 };

	(void)state;
	f.now = noc_clock_read();
	fix_open(&f, frozen);
	freeze(&f, "a");
	id = fix_start_flow(&f, "f");
	fix_answer(&f, "exec", "{\"exit\":0}");
	fix_answer(&f, "exec", "{\"exit\":0}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "log f: ok=1 skipped=1"), 1);
	fix_close(&f);
}

/* One that is half done is no item that was left out. */
static void
test_half_done_is_not_skipped(void **state)
{
	struct noc_id id;
	struct fix f = { 0 };

	(void)state;
	f.now = noc_clock_read();
	fix_open(&f, frozen);
	freeze(&f, "x");
	id = fix_start_flow(&f, "f");
	fix_answer(&f, "exec", "{\"exit\":0}");
	fix_answer(&f, "exec", "{\"exit\":0}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	fix_close(&f);
}

/* What a death costs is no try of theirs: what fails later is tried again. */
static void
test_deaths_cost_no_retries(void **state)
{
	static const char rules[] =
	    "flow \"f\" { input = { n = \"list\" }, each \"e\" { over ="
	    " \"{input.n}\", limit = 30, step \"s\" { exec { \"p\", mutates ="
	    " false }, timeout = \"50s\" } } }\n"
	    "flow \"go\" { start \"f\" { n = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,"
	    " 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,"
	    " 27, 28, 29, 30 } } }\n";
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	(void)fix_start_flow(&f, "go");
	for (int i = 0; i < 4; i++) {
		struct noc_now now = f.now;

		assert_int_equal(f.ncalls, 30);
		if (i == 3)
			break;
		f.dead = true;
		life_close(&f);
		life_open(&f, dir, now, rules);
		fix_advance(&f, 1000);
	}
	fix_refuse(&f, "exec", "transient", 0);
	for (int i = 1; i < 30; i++)
		fix_answer(&f, "exec", "{\"exit\":0}");
	fix_advance(&f, 10000);
	fix_answer(&f, "exec", "{\"exit\":0}");
	assert_int_equal(fix_runs(&f), 0);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 0);
	life_close(&f);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items_wait_for_a_breaker),
		cmocka_unit_test(test_a_deadline_is_over_all_the_same),
		cmocka_unit_test(test_a_frozen_item_is_skipped),
		cmocka_unit_test(test_half_done_is_not_skipped),
		cmocka_unit_test(test_deaths_cost_no_retries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
