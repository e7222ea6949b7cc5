/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/run_fixture.h"

#include "base/mem.h"
#include "engine/core/command.h"

/* Verbs about runs: what people may say, by which name, and what they hear. */

static const char rules[] =
    "flow \"doze\" { sleep \"1h\" }\n"
    "flow \"quick\" { log \"x\" }\n"
    "flow \"set\" { step \"s\" { snmp.set { a = \"up\" }, timeout = \"5s\" } }\n"
    "flow \"asks\" { input = { role = \"string\", site = \"string\" }, log"
    " \"{input.role} {input.site}\" }\n"
    "flow \"levels\" { escalate { { \"0s\", notify \"noc\" { \"x\" } } } }\n"
    "rule \"r\" { on = \"link.down\", run = sleep \"1h\" }\n";

static void
hears(const struct fix_heard *h, int kind, const char *message)
{
	assert_string_equal(h->message, message);
	assert_int_equal(h->kind, kind);
}

/* ---- by which name ---- */

static void
test_beginnings_of_ids(void **state)
{
	struct fix f = { 0 };
	struct fix_heard h, one;
	char want[160];

	(void)state;
	fix_open(&f, rules);
	one = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"doze\"}");
	assert_int_equal(one.kind, 0);
	h = fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%.3s\"}", one.id);
	hears(&h, NOC_EINPUT,
	      "A run is named by its id, or by the first 4 or more characters "
	      "of it.");
	h = fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"zzzz\"}");
	hears(&h, NOC_ENOTFOUND, "No running run has the id 'zzzz'.");
	/* Two that begin alike. */
	fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"doze\"}");
	h = fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%.8s\"}", one.id);
	snprintf(want, sizeof(want),
		 "More than one run begins with '%.8s'; write more of its id.",
		 one.id);
	hears(&h, NOC_EINPUT, want);
	assert_int_equal(fix_runs(&f), 2);
	h = fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%s\"}", one.id);
	hears(&h, 0, "");
	assert_string_equal(h.id, one.id);
	/* Now the other is the only one of that beginning, even of four. */
	h = fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%.4s\"}", one.id);
	hears(&h, 0, "");
	assert_string_not_equal(h.id, one.id);
	assert_int_equal(fix_runs(&f), 0);
	/* Whole, but over. */
	snprintf(want, sizeof(want), "Run %s is not running (any more).",
		 one.id);
	h = fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%s\"}", one.id);
	hears(&h, NOC_ENOTFOUND, want);
	h = fix_say(&f, "{\"verb\":\"run.ack\",\"id\":\"%s\"}", one.id);
	hears(&h, NOC_ENOTFOUND, want);
	fix_close(&f);
}

/* ---- starting ---- */

static void
test_modes_of_a_flow(void **state)
{
	static const struct {
		const char *mode, *says;
		int kind;
		unsigned sets;
	} cases[] = {
		{ "\"mode\":\"active\",", "", 0, 1 },
		{ "", "", 0, 1 },
		{ "\"mode\":\"observe\",", "", 0, 0 },
		{ "\"mode\":\"shadow\",", "", 0, 0 },
		{ "\"mode\":\"canary\",",
		  "A run is started in mode active, observe or shadow, not "
		  "'canary'.",
		  NOC_EINPUT, 0 },
		{ "\"mode\":\"aktive\",",
		  "A run is started in mode active, observe or shadow, not "
		  "'aktive'.",
		  NOC_EINPUT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		struct fix_heard h;

		fix_open(&f, rules);
		h = fix_say(&f, "{\"verb\":\"run.start\",%s\"flow\":\"set\"}",
			    cases[i].mode);
		hears(&h, cases[i].kind, cases[i].says);
		assert_int_equal(strlen(h.id), cases[i].kind ? 0 : 36);
		assert_int_equal(f.sets, cases[i].sets);
		assert_int_equal(fix_count(&f, "RUN_START"), !cases[i].kind);
		fix_close(&f);
	}
}

static void
test_input_of_a_flow(void **state)
{
	static const struct {
		const char *input, *says;
		int kind;
	} cases[] = {
		{ ",\"input\":{\"role\":\"a\",\"site\":\"b\"}", "", 0 },
		{ "",
		  "Flow 'asks' needs the input 'role'. "
		  "Flow 'asks' needs the input 'site'.",
		  NOC_EINPUT },
		{ ",\"input\":{\"role\":\"a\"}",
		  "Flow 'asks' needs the input 'site'.", NOC_EINPUT },
		{ ",\"input\":{\"role\":\"a\",\"site\":\"b\",\"x\":1}",
		  "Flow 'asks' has no input 'x'.", NOC_EINPUT },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		struct fix_heard h;

		fix_open(&f, rules);
		h = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"asks\"%s}",
			    cases[i].input);
		hears(&h, cases[i].kind, cases[i].says);
		assert_int_equal(fix_said(&f, "log asks: a b"), !cases[i].kind);
		fix_close(&f);
	}
}

static void
test_no_such_flow(void **state)
{
	struct fix f = { 0 };
	struct fix_heard h;

	(void)state;
	fix_open(&f, rules);
	h = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"none\"}");
	hears(&h, NOC_ENOTFOUND, "There is no flow 'none' in the rules.");
	/* A rule is none. */
	h = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"r\"}");
	hears(&h, NOC_ENOTFOUND, "There is no flow 'r' in the rules.");
	fix_close(&f);
}

/* Each is a run of its own; "{device}" is the one that it was given. */
static void
test_each_start_is_another_run(void **state)
{
	struct fix f = { 0 };
	struct fix_heard one, two;

	(void)state;
	fix_open(&f, rules);
	one = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"quick\"}");
	two = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"quick\"}");
	assert_string_not_equal(one.id, two.id);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 2);
	assert_int_equal(fix_count(&f, "unknown"), 4); /* and nobody said who */
	fix_close(&f);
}

/* ---- signals ---- */

static void
test_signal_that_nobody_waits_for(void **state)
{
	struct fix f = { 0 };
	struct fix_heard h, run;
	char want[160];

	(void)state;
	fix_open(&f, rules);
	run = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"doze\"}");
	h = fix_say(&f, "{\"verb\":\"run.ack\",\"id\":\"%s\"}", run.id);
	snprintf(want, sizeof(want),
		 "Run %s (sleeping) does not wait for 'ack'.", run.id);
	hears(&h, NOC_ECONFLICT, want);
	h = fix_say(
	    &f, "{\"verb\":\"run.signal\",\"id\":\"%s\",\"signal\":\"done\"}",
	    run.id);
	snprintf(want, sizeof(want),
		 "Run %s (sleeping) does not wait for 'done'.", run.id);
	hears(&h, NOC_ECONFLICT, want);
	assert_int_equal(fix_count(&f, "SIGNAL"), 0);

	/* One that calls has no phase: it is just running. */
	run = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"set\"}");
	h = fix_say(&f, "{\"verb\":\"run.ack\",\"id\":\"%s\"}", run.id);
	snprintf(want, sizeof(want),
		 "Run %s (Running) does not wait for 'ack'.", run.id);
	hears(&h, NOC_ECONFLICT, want);

	/* An escalation waits for what it names, not for a decision. */
	run = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"levels\"}");
	h = fix_say(
	    &f, "{\"verb\":\"run.signal\",\"id\":\"%s\",\"signal\":\"done\"}",
	    run.id);
	assert_int_equal(h.kind, NOC_ECONFLICT);
	h = fix_say(&f, "{\"verb\":\"run.ack\",\"id\":\"%s\"}", run.id);
	hears(&h, 0, "");
	assert_string_equal(h.id, run.id);
	fix_close(&f);
}

/* ---- status ---- */

static void
test_status(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;
	struct fix_heard h;

	(void)state;
	fix_open(&f, rules);
	fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"quick\"}");
	h = fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"doze\"}");
	fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"set\"}");
	fix_say(&f, "{\"verb\":\"run.start\",\"flow\":\"levels\"}");
	assert_int_equal(fix_figure(&f, "runs.running"), 3);
	assert_int_equal(fix_figure(&f, "runs.calling"), 1);
	assert_int_equal(fix_figure(&f, "runs.escalating"), 1);
	assert_int_equal(fix_figure(&f, "runs.blocked"), 0);
	assert_int_equal(fix_figure(&f, "runs.started"), 4);
	assert_int_equal(fix_figure(&f, "runs.succeeded"), 1);
	assert_int_equal(fix_figure(&f, "runs.retried"), 0);
	fix_refuse(&f, "snmp.set", "transient", 1000);
	assert_int_equal(fix_figure(&f, "runs.retried"), 1);
	assert_int_equal(fix_figure(&f, "runs.calling"), 0);
	fix_advance(&f, 1000);
	fix_refuse(&f, "snmp.set", "permanent", 0);
	assert_int_equal(fix_figure(&f, "runs.failed"), 1);
	fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%s\"}", h.id);
	assert_int_equal(fix_figure(&f, "runs.cancelled"), 1);
	assert_int_equal(fix_figure(&f, "runs.running"), 1);
	/* What asks a person is blocked. */
	fix_rules(&f, "flow \"x\" { step \"s\" { exec { \"x\" }, timeout ="
		      " \"5s\" } }\n");
	id = fix_start_flow(&f, "x");
	fix_refuse(&f, "exec", "in_doubt", 0);
	assert_true(fix_running(&f, &id));
	assert_int_equal(fix_figure(&f, "runs.blocked"), 1);
	assert_int_equal(fix_figure(&f, "runs.calling"), 0);
	assert_int_equal(fix_figure(&f, "runs.running"), 2);
	fix_close(&f);
}

/* Who asks how it went is told so of the last 4,096 that ended. */
static void
test_how_it_went(void **state)
{
	struct fix f = { 0 };
	struct noc_id first, second, last;
	char text[NOC_ID_TEXT];

	(void)state;
	fix_open(&f, rules);
	first = fix_start_flow(&f, "doze");
	assert_string_equal(noc_run_state(f.core, &first), "Running");
	last = noc_run_last(f.core);
	assert_memory_equal(&first, &last, sizeof(first));
	fix_say(&f, "{\"verb\":\"run.cancel\",\"id\":\"%s\"}",
		noc_id_format(text, &first));
	assert_string_equal(noc_run_state(f.core, &first), "Cancelled");
	second = fix_start_flow(&f, "quick");
	fix_forget(&f);
	for (int i = 0; i < 4094; i++) {
		last = fix_start_flow(&f, "quick");
		fix_forget(&f);
		while (f.nlines)
			free(f.lines[--f.nlines]);
	}
	assert_string_equal(noc_run_state(f.core, &first), "Cancelled");
	last = fix_start_flow(&f, "quick");
	assert_null(noc_run_state(f.core, &first));
	assert_string_equal(noc_run_state(f.core, &second), "Succeeded");
	assert_string_equal(noc_run_state(f.core, &last), "Succeeded");
	fix_close(&f);
}

/* The same cause is no second run, also when the first is over. */
static void
test_a_cause_is_one_run(void **state)
{
	struct noc_run_cause cause = { .mode = NOC_ACTIVE, .key = "k" };
	struct fix f = { 0 };
	struct noc_id id, again;
	struct noc_value *extra;
	struct noc_event *ev;
	struct noc_err err;
	char text[NOC_ID_TEXT], want[160];

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"link.down\", run = log \"x\" }\n");
	cause.rule = noc_ruleset_rule(noc_core_rules(f.core), "r");
	cause.rule_name = "r";
	cause.plan = cause.rule->run;
	cause.definition = cause.rule->definition;
	ev = fix_event(&f, "link.down", "sw1", NOC_TRUST_HIGH);
	cause.ev = ev;
	noc_core_begin(f.core, f.now);
	assert_int_equal(noc_run_start(f.core, &cause, &id, &err), 0);
	assert_int_equal(noc_run_start(f.core, &cause, &again, &err),
			 NOC_ECONFLICT);
	snprintf(want, sizeof(want), "Run %s has this cause already.",
		 noc_id_format(text, &id));
	assert_string_equal(err.msg, want);
	assert_memory_equal(&id, &again, sizeof(id));
	/* A storm has a run at its start and one at its end. */
	extra = noc_value_map();
	noc_value_set(extra, "storm", noc_value_str("end"));
	cause.extra = extra;
	assert_int_equal(noc_run_start(f.core, &cause, &again, &err), 0);
	assert_memory_not_equal(&id, &again, sizeof(id));
	noc_value_free(extra);
	noc_core_end(f.core);
	fix_pump(&f);
	assert_int_equal(fix_count(&f, "RUN_START"), 2);
	noc_event_unref(ev);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beginnings_of_ids),
		cmocka_unit_test(test_modes_of_a_flow),
		cmocka_unit_test(test_input_of_a_flow),
		cmocka_unit_test(test_no_such_flow),
		cmocka_unit_test(test_each_start_is_another_run),
		cmocka_unit_test(test_signal_that_nobody_waits_for),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_how_it_went),
		cmocka_unit_test(test_a_cause_is_one_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
