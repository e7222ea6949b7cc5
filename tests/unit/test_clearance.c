/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/*
 * Right before a change everything is asked once more: what people forbid,
 * the rule's unless, whether it is still the time for it.
 */

#define LOOK                                                    \
	"step \"look\" { snmp.get { a = \"ifAdminStatus.7\" }," \
	" timeout = \"5s\" }, "
#define RAISE                                                            \
	"step \"raise\" { snmp.set { [\"ifAdminStatus.7\"] = "           \
	"\"up\" }, timeout = \"5s\", retry = { attempts = 2, initial = " \
	"\"1s\", jitter = false } }"
#define UNLESS                                                        \
	"unless = { seen { \"config.change\", device = \"{device}\"," \
	" back = \"10m\" } }, "

static const char heal[] =
    "rule \"heal\" { mode = \"active\", on = \"link.down\", " UNLESS
    "key = \"{link}\", run = flow { " LOOK RAISE " } }\n";

/* Its last step but the change is done, the intent waits for the disk. */
static struct noc_id
intended(struct fix *f)
{
	struct noc_id id = fix_start(f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);

	fix_hold(f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(fix_count(f, "STEP_START raise"), 1);
	return id;
}

static void
released(struct fix *f)
{
	f->hold_durable = false;
	fix_pump(f);
}

static void
changed(struct fix *f)
{
	cor_tell(f, &(struct tell){ .kind = "config.change", .device = "sw1" });
}

static void
test_unless_comes_while_the_disk_is_slow(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = intended(&f);
	changed(&f);
	released(&f);
	assert_int_equal(f.sets, 0);
	assert_false(fix_running(&f, &id));
	fix_order(&f, "STEP_START raise",
		  "STEP_DONE raise sw1 snmp.set left alone: unless "
		  "seen(config.change",
		  "RUN_END Succeeded", NULL);
	assert_int_equal(fix_said(&f, "Succeeded: left alone: unless"), 1);
	fix_close(&f);
}

/* An item ends there, also when the daemon dies before what it has out did;
 * and what was left alone is not taken back. */
static void
test_unless_stops_an_item(void **state)
{
	static const char rules[] =
	    "rule \"heal\" { mode = \"active\", on = \"link.down\", " UNLESS
	    "key = \"{link}\", run = flow { each \"n\" { over = { \"a\" },"
	    " parallel { { step \"l\" { snmp.get { b = \"a.0\" }, timeout ="
	    " \"9s\" }, step \"s\" { exec { \"s\" }, timeout = \"1s\","
	    " undo = exec { \"u\" } }, step \"t\" { exec { \"t\" }, timeout"
	    " = \"9s\" } }, { step \"x\" { exec { \"x\" }, timeout = \"9s\","
	    " probe = snmp.get { d = \"a.0\" } } } } },"
	    " log \"after {steps.n.ok}\", on_fail = { undo = \"run\" },"
	    " fail \"now\" } }\n";
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
	changed(&f);
	fix_answer(&f, "snmp.get", "{\"b\":1}");
	assert_int_equal(fix_count(&f, "STEP_START n[a]/s"), 1);
	assert_int_equal(fix_count(&f, "STEP_DONE n[a]/s"), 1);
	fix_advance(&f, 2000); /* its time is over, and nothing was out */
	assert_int_equal(f.started, 2);
	life_dies(&f, dir, rules);
	fix_advance(&f, 1);
	fix_answer(&f, "snmp.get", "{\"d\":1}");
	assert_int_equal(fix_count(&f, "STEP_START n[a]/s"), 0);
	assert_int_equal(fix_count(&f, "STEP_START n[a]/t"), 0);
	assert_int_equal(fix_said(&f, "log heal: after 1"), 1);
	assert_int_equal(fix_count(&f, "!undo"), 0);
	assert_int_equal(fix_runs(&f), 0);
	life_done(&f, dir);
}

static void
test_freeze_comes_while_the_disk_is_slow(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = intended(&f);
	fix_command_later(&f, "{\"verb\":\"freeze.add\",\"match\":{\"device\":"
			      "\"sw1\"},\"for_ms\":60000,\"why\":\"w\"}");
	released(&f);
	assert_int_equal(f.sets, 0);
	assert_false(fix_running(&f, &id));
	fix_order(&f, "STEP_START raise",
		  "STEP_DONE raise sw1 snmp.set not_started",
		  "\"block\":\"freeze\",\"class\":\"permanent\","
		  "\"code\":\"frozen\"",
		  "RUN_END Failed", NULL);
	fix_close(&f);
}

/* One that only observes says what it would have been held back by. */
static void
test_what_observes_is_asked_too(void **state)
{
	static const struct {
		const char *command, *says;
		bool seen;
	} cases[] = {
		{ NULL, "left alone: unless seen(config.change", true },
		{ "{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw1\"},"
		  "\"for_ms\":60000,\"why\":\"w\"}",
		  "freeze f1 is in force", false },
		/* It waits for nothing that it will not do. */
		{ "{\"verb\":\"kill.on\",\"why\":\"w\"}",
		  "would have: snmp.set", false },
		{ NULL, "would have: snmp.set", false },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, heal);
		id = fix_start(&f, "heal", NOC_OBSERVE, NOC_TRUST_NORMAL);
		if (cases[i].seen)
			changed(&f);
		if (cases[i].command)
			assert_int_equal(
			    fix_command(&f, cases[i].command, NULL), 0);
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		assert_int_equal(f.sets, 0);
		assert_false(fix_running(&f, &id));
		if (fix_said(&f, cases[i].says) != 1) {
			fix_dump(&f);
			fail_msg("'%s' is not said", cases[i].says);
		}
		assert_int_equal(fix_count(&f, "would have: snmp.set"),
				 2 * (i >= 2));
		fix_close(&f);
	}
}

/* ---- the time for it ---- */

/* The disk took a minute longer than the step may: what was known then may be
 * wrong by now.  That was no attempt; it begins again. */
static void
test_stale_after_a_minute(void **state)
{
	static const struct {
		int64_t ms;
		unsigned sets;
	} cases[] = { { 65000, 1 }, { 65001, 0 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, heal);
		id = intended(&f);
		fix_advance(&f, cases[i].ms);
		released(&f);
		assert_int_equal(f.sets, cases[i].sets);
		assert_int_equal(fix_count(&f, "not_started: stale"),
				 !cases[i].sets);
		assert_true(fix_running(&f, &id));
		if (!cases[i].sets) {
			fix_advance(&f, 999);
			assert_int_equal(f.sets, 0);
			fix_advance(&f, 1);
		}
		/* Two attempts it has, and has them still. */
		assert_int_equal(f.sets, 1);
		fix_refuse(&f, "snmp.set", "transient", 0);
		fix_advance(&f, 1000);
		assert_int_equal(f.sets, 2);
		fix_refuse(&f, "snmp.set", "transient", 0);
		assert_false(fix_running(&f, &id));
		fix_close(&f);
	}
}

/* Off again, it goes on within 5 s; meanwhile the disk is left in peace. */
static void
test_kill_switch_is_looked_at_every_5_s(void **state)
{
	struct fix f = { 0 };
	uint64_t ticket;

	(void)state;
	fix_open(&f, heal);
	fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}", NULL), 0);
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(fix_count(&f, "STEP_START raise"), 0);
	assert_true(f.runs > 0);
	f.runs = 0;
	ticket = f.ticket;
	fix_advance(&f, 3600 * 1000);
	assert_int_equal(f.runs, 0);
	assert_int_equal(f.ticket, ticket);
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"w\"}", NULL), 0);
	fix_advance(&f, 4999);
	assert_int_equal(f.sets, 0);
	fix_advance(&f, 1);
	assert_int_equal(f.sets, 1);
	fix_close(&f);
}

/* Thrown while the intent waits: what it undid was no attempt. */
static void
test_killed_intent_is_no_attempt(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, heal);
	id = intended(&f);
	fix_command_later(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}");
	released(&f);
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"w\"}", NULL), 0);
	fix_advance(&f, 5000);
	for (unsigned n = 1; n <= 2; n++) {
		assert_int_equal(f.sets, n);
		fix_refuse(&f, "snmp.set", "transient", 0);
		fix_advance(&f, 1000);
	}
	assert_int_equal(f.sets, 2);
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

/* It holds back changes: reads go on, also the probe of a change. */
static void
test_kill_switch_lets_reads_go(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "flow \"job\" { step \"job\" { exec { \"launch\" },"
		     " timeout = \"5s\", probe = exec { \"look\","
		     " mutates = false } } }\n"
		     "flow \"read\" { " LOOK "log \"read\" }\n");
	fix_start_flow(&f, "job");
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}", NULL), 0);
	fix_refuse(&f, "exec", "in_doubt", 0);
	fix_advance(&f, 1);
	assert_int_equal(f.started, 2);
	fix_answer(&f, "exec", "{\"exit\":0}");
	assert_int_equal(fix_said(&f, "Succeeded: job"), 1);
	fix_close(&f);
}

/* With its queue three quarters full the journal takes no new step. */
static void
test_full_journal_stops_steps(void **state)
{
	static const struct {
		double fill;
		unsigned started;
	} cases[] = { { 0.75, 0 }, { 0.749, 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };

		fix_open(&f, heal);
		noc_core_pressure(f.core, cases[i].fill, false);
		fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
		assert_int_equal(f.started, cases[i].started);
		fix_close(&f);
	}
}

/* ---- whose unless it is ---- */

#define FIX_FLOW "flow \"fix\" { " LOOK RAISE " }\n"
#define BY_RULE(name)                                                \
	"rule \"" name "\" { mode = \"active\", on = \"link.down\"," \
	" key = \"{link}\", " UNLESS "run = "
#define ONWARD "flow \"onward\" { start \"fix\" }\n"

/* Of a flow that a rule starts, also by way of another, it is that rule's. */
static void
test_unless_of_the_rule_that_started_it(void **state)
{
	static const char *const rules[] = {
		FIX_FLOW BY_RULE("heal") "start \"fix\" }\n",
		FIX_FLOW ONWARD BY_RULE("heal") "start \"onward\" }\n",
		FIX_FLOW BY_RULE("heal") "flow { fail \"no\","
					 " on_fail = start \"fix\" } }\n",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(rules); i++)
		for (int seen = 0; seen < 2; seen++) {
			struct fix f = { 0 };

			fix_open(&f, rules[i]);
			fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_NORMAL);
			fix_call(&f, "snmp.get");
			if (seen)
				changed(&f);
			fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
			assert_int_equal(f.sets, !seen);
			assert_int_equal(
			    fix_said(&f, "Succeeded: left alone: unless"),
			    seen);
			fix_close(&f);
		}
}

/* Nobody's, when a person started it: a rule of the same name is another. */
static void
test_unless_of_no_rule(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, FIX_FLOW BY_RULE("fix") "log \"x\" }\n");
	changed(&f);
	fix_start_flow(&f, "fix");
	fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
	assert_int_equal(f.sets, 1);
	fix_close(&f);
}

/* After a restart without that rule nobody can say what it left alone. */
static void
test_rule_of_a_flow_is_gone(void **state)
{
	static const char *const rules[] = {
		FIX_FLOW BY_RULE("heal") "start \"fix\" }\n",
		FIX_FLOW ONWARD BY_RULE("heal") "start \"onward\" }\n",
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(rules); i++) {
		bool person = i % 2;
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules[i / 2]);
		fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}", NULL);
		if (person)
			fix_start_flow(&f, "fix");
		else
			fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		f.dead = true;
		life_again(&f, dir, FIX_FLOW);
		fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"w\"}", NULL);
		assert_int_equal(fix_runs(&f), 1);
		fix_advance(&f, 5000);
		assert_int_equal(f.sets, person);
		assert_int_equal(
		    fix_said(&f, "notify noc: fix sw1: raise "
				 "(rule): rule heal is not in the rules "
				 "any more"),
		    !person);
		f.dead = true;
		life_close(&f);
		state_remove(dir);
	}
}

/* A reload is as a restart: the rule is asked as it is in force, and a run that
 * calls functions has the rules of these besides. */
static void
test_unless_as_it_is_in_force(void **state)
{
	static const char heal_fn[] =
	    "rule \"heal\" { mode = \"active\", on = \"link.down\", " UNLESS
	    "key = \"{link}\", run = flow { " LOOK
	    "stop \"no\" { when = function(run) return false end }, " RAISE
	    " } }\n";
	static const char without[] =
	    "rule \"heal\" { mode = \"active\", on = \"link.down\","
	    " key = \"{link}\", run = flow { " LOOK RAISE " } }\n";
	static const struct {
		const char *before, *now;
		bool seen;
		unsigned sets;
		const char *says;
	} cases[] = {
		{ heal, without, true, 1, NULL },
		{ without, heal, true, 0, "left alone: unless" },
		{ heal, FIX_FLOW, false, 0,
		  "Failed: raise (rule): rule heal is not in the rules any more" },
		{ heal_fn, FIX_FLOW, false, 1, NULL },
		{ heal_fn, FIX_FLOW, true, 0, "left alone: unless" },
		{ heal_fn, without, true, 1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		char *dir = state_make();
		struct fix f;

		life_open(&f, dir, noc_clock_read(), cases[i / 2].before);
		fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
		if (i % 2) {
			fix_rules(&f, cases[i / 2].now);
		} else {
			f.dead = true;
			life_again(&f, dir, cases[i / 2].now);
			fix_advance(&f, 1);
		}
		if (cases[i / 2].seen)
			changed(&f);
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		fix_advance(&f, 1);
		if (f.sets != cases[i / 2].sets)
			fail_msg("case %d: %u sets", (int)i, f.sets);
		if (cases[i / 2].says)
			assert_int_equal(fix_said(&f, cases[i / 2].says), 1);
		f.dead = true;
		life_close(&f);
		state_remove(dir);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unless_comes_while_the_disk_is_slow),
		cmocka_unit_test(test_unless_stops_an_item),
		cmocka_unit_test(test_freeze_comes_while_the_disk_is_slow),
		cmocka_unit_test(test_what_observes_is_asked_too),
		cmocka_unit_test(test_stale_after_a_minute),
		cmocka_unit_test(test_kill_switch_is_looked_at_every_5_s),
		cmocka_unit_test(test_killed_intent_is_no_attempt),
		cmocka_unit_test(test_kill_switch_lets_reads_go),
		cmocka_unit_test(test_full_journal_stops_steps),
		cmocka_unit_test(test_unless_of_the_rule_that_started_it),
		cmocka_unit_test(test_unless_of_no_rule),
		cmocka_unit_test(test_rule_of_a_flow_is_gone),
		cmocka_unit_test(test_unless_as_it_is_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
