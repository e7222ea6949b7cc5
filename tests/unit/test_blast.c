/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "engine/core/command.h"

/* How many different targets one run may change, and one call about many. */

static const char flows[] =
    "local function set(name, target) return step(name) { snmp.set { a ="
    " 'up' }, timeout = '5s', target = target, retry = { attempts = 1 } } end\n"
    "local function all(f) f.over, f.as = '{input.all}', 'sw'"
    " return each 'e' (f) end\n"
    "local three, list = { targets = 3 }, { all = 'list' }\n"
    "flow 'two' { guard = { targets = 2 }, set('a', 'sw1'), set('b', 'sw2'),"
    " set('c', 'sw1'), set('d', 'sw3') }\n"
    "flow 'three' { guard = { targets = 2 }, set('a', 'sw1'), set('b', 'sw2'),"
    " set('c', 'sw3') }\n"
    "flow 'each' { input = list, guard = three, set('a', 'sw1'),"
    " all { set('s', '{sw}') } }\n"
    "flow 'own' { input = list, guard = three,"
    " all { set('s', '{sw.name}'), set('t', '{sw.name}') } }\n"
    "flow 'reads' { input = list, guard = three,"
    " all { step 's' { snmp.get { a = 'sysName.0' }, target = '{sw}' } } }\n"
    "flow 'hundred' { input = list, all { limit = 200, set('s', '{sw}') } }\n"
    "flow 'many' { input = list, guard = three, step 'job' { exec { 'job',"
    " '{targets}' }, timeout = '1m', targets = '{input.all}', on_crash ="
    " 'retry' }, log '{steps.job.left_out:json}' }\n";

static const char all3[] = "[\"sw1\",\"sw2\",\"sw3\"]";

static void
start(struct fix *f, const char *flow, const char *all, const char *mode)
{
	char json[4096];

	snprintf(json, sizeof(json),
		 "{\"verb\":\"run.start\",\"actor\":\"ann\",\"flow\":\"%s\","
		 "\"mode\":\"%s\"%s%s%s}",
		 flow, mode, all ? ",\"input\":{\"all\":" : "", all ? all : "",
		 all ? "}" : "");
	fix_command_later(f, json);
	fix_pump(f);
	fix_advance(f, 1);
}

static void
answer(struct fix *f)
{
	fix_answer(f, "snmp.set", "{}");
	fix_advance(f, 1);
}

/* The third of two is refused, whoever started it; the same one is no more. */
static void
test_one_too_many(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	start(&f, "two", NULL, "active");
	for (int i = 0; i < 3; i++)
		answer(&f);
	assert_int_equal(f.ncalls, 0);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(fix_count(&f, "STEP_DONE d sw3"), 2);
	assert_int_equal(
	    fix_count(&f, "it has changed 2 targets, and guard = { targets = 2 "
			  "} allows no more: sw3 is not changed"),
	    3);
	assert_int_equal(fix_count(&f, "\"block\":\"guard\""), 2);
	assert_int_equal(fix_said(&f, "was held back"), 1);
	fix_close(&f);
}

static void
test_observing_would_be_refused(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	start(&f, "two", NULL, "observe");
	assert_int_equal(f.ncalls, 0);
	assert_int_equal(fix_count(&f, "would have"), 3);
	assert_int_equal(fix_count(&f, "allows no more: sw3"), 3);
	fix_close(&f);
}

/* None of the items begins. */
static void
test_each_is_refused_as_a_whole(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	start(&f, "each", "[\"sw2\",\"sw3\",\"sw4\"]", "active");
	answer(&f); /* the step before it */
	assert_int_equal(f.ncalls, 0);
	assert_int_equal(
	    fix_count(&f, "its 3 items would change 3 targets, and guard = { "
			  "targets = 3 } leaves 2: none of them was begun"),
	    3);
	assert_int_equal(fix_said(&f, "was held back"), 1);
	assert_int_equal(fix_runs(&f), 0);
	/* One of them was changed already. */
	start(&f, "each", all3, "active");
	answer(&f);
	assert_int_equal(f.ncalls, 3);
	fix_close(&f);
}

static void
test_two_steps_of_an_item_are_one_target(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	start(&f, "own",
	      "[{\"name\":\"sw1\"},{\"name\":\"sw2\"},{\"name\":"
	      "\"sw3\"}]",
	      "active");
	assert_int_equal(f.ncalls, 3);
	start(&f, "own",
	      "[{\"name\":\"sw1\"},{\"name\":\"sw2\"},{\"name\":"
	      "\"sw3\"},{\"name\":\"sw4\"}]",
	      "active");
	assert_int_equal(f.ncalls, 3);
	assert_int_equal(fix_count(&f, "its 4 items would change 4"), 3);
	start(&f, "reads", "[\"a\",\"b\",\"c\",\"d\",\"e\"]", "active");
	assert_int_equal(f.ncalls, 8);
	fix_close(&f);
}

static void
test_a_hundred_when_nothing_is_said(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	for (int i = 0; i <= 100; i++)
		noc_strbuf_addf(&sb, "%s\"d%d\"", i ? "," : "[", i);
	noc_strbuf_addc(&sb, ']');
	start(&f, "hundred", sb.p, "active");
	assert_int_equal(f.ncalls, 0);
	assert_int_equal(fix_count(&f, "its 101 items would change 101"), 3);
	noc_strbuf_release(&sb);
	fix_close(&f);
}

static void
test_restart(void **state)
{
	char *dir = state_make();
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flows);
	start(&f, "three", NULL, "active");
	answer(&f);
	life_dies(&f, dir, flows);
	while (f.ncalls)
		answer(&f);
	fix_advance(&f, 2000);
	while (f.ncalls)
		answer(&f);
	assert_int_equal(fix_count(&f, "it has changed 2 targets"), 3);
	life_done(&f, dir);
}

/* What was changed before counts, what was only read does not. */
static void
test_restart_counts_changes(void **state)
{
	static const struct {
		const char *before; /* the restart, of sw1, sw2 and sw3 */
		const char *target;
		bool refused;
	} cases[] = {
		{ "step 'job' { exec { 'job', '{targets}' }, timeout = '1m',"
		  " targets = '{input.all}' }",
		  "sw9", true },
		{ "step 'job' { exec { 'job', '{targets}' }, timeout = '1m',"
		  " targets = '{input.all}' }",
		  "sw2", false },
		{ "all { set('s', '{sw}') }", "sw9", true },
		{ "all { set('s', '{sw}') }", "sw3", false },
		{ "all { step 's' { exec { 'x', mutates = false }, target ="
		  " '{sw}' } }, set('x', 'sw6'), set('y', 'sw7'), set('z',"
		  " 'sw8')",
		  "sw1", true },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *rules = noc_asprintf(
		    "%sflow 'f' { input = list, guard = three, %s, sleep '10s',"
		    " set('last', '%s') }\n",
		    flows, cases[i].before, cases[i].target);
		char *dir = state_make();
		struct fix f;

		life_world = NULL;
		life_open(&f, dir, noc_clock_read(), rules);
		start(&f, "f", all3, "active");
		while (f.ncalls) {
			fix_answer(&f, f.calls[0]->ops->name, "{}");
			fix_advance(&f, 1);
		}
		life_dies(&f, dir, rules);
		fix_advance(&f, 10000);
		if (fix_count(&f, "guard = { targets = 3 } allows no more") !=
			(cases[i].refused ? 3 : 0) ||
		    f.started != !cases[i].refused) {
			fix_dump(&f);
			fail_msg("%s, then %s", cases[i].before,
				 cases[i].target);
		}
		life_done(&f, dir);
		free(rules);
	}
}

/* ---- one call about many ---- */

static void
freeze(struct fix *f, const char *device)
{
	char json[256];

	snprintf(json, sizeof(json),
		 "{\"verb\":\"freeze.add\",\"actor\":\"ann\",\"why\":\"x\","
		 "\"for_ms\":3600000,\"match\":{\"device\":\"%s\"}}",
		 device);
	fix_command_later(f, json);
	fix_pump(f);
}

static const char *
argument(struct fix *f)
{
	static char text[256];
	struct noc_call *call = fix_call(f, "exec");
	const struct noc_value *v =
	    noc_value_at(noc_value_get(call->params, "items"), 1);
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	noc_value_text(v, &sb);
	snprintf(text, sizeof(text), "%s", sb.p);
	noc_strbuf_release(&sb);
	return text;
}

static void
test_frozen_ones_are_left_out(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	freeze(&f, "sw2");
	/* Once, however often it is said. */
	start(&f, "many", "[\"sw1\",\"sw2\",\"sw3\",\"sw1\"]", "active");
	assert_string_equal(argument(&f), "[\"sw1\",\"sw3\"]");
	fix_answer(&f, "exec", "{}");
	assert_int_equal(fix_said(&f, "log many: {\"sw2\":"), 1);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 1);
	start(&f, "many", "[\"sw2\"]", "active");
	assert_int_equal(f.ncalls, 0);
	assert_int_equal(fix_count(&f, "all 1 targets are frozen (sw2 by"), 2);
	start(&f, "many", "[]", "active");
	assert_int_equal(fix_count(&f, "is no list, or an empty one"), 3);
	start(&f, "many", "[1]", "active");
	assert_int_equal(fix_count(&f, "must be a list of names of devices"),
			 3);
	fix_close(&f);
}

/* While its intent is on its way to the disk: the call is made without it. */
static void
test_frozen_at_the_last_moment(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	f.hold_durable = true;
	start(&f, "many", all3, "active");
	freeze(&f, "sw1");
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(f.ncalls, 0);
	fix_advance(&f, 6000);
	assert_string_equal(argument(&f), "[\"sw2\",\"sw3\"]");
	fix_close(&f);
}

static void
test_each_of_the_targets_counts(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flows);
	start(&f, "many", "[\"sw1\",\"sw2\",\"sw3\",\"sw4\"]", "active");
	assert_int_equal(f.ncalls, 0);
	assert_int_equal(fix_count(&f, "it would change 4 targets, and guard = "
				       "{ targets = 3 } leaves 3"),
			 3);
	start(&f, "many", all3, "active");
	assert_int_equal(f.ncalls, 1);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_too_many),
		cmocka_unit_test(test_observing_would_be_refused),
		cmocka_unit_test(test_each_is_refused_as_a_whole),
		cmocka_unit_test(test_two_steps_of_an_item_are_one_target),
		cmocka_unit_test(test_a_hundred_when_nothing_is_said),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_restart_counts_changes),
		cmocka_unit_test(test_frozen_ones_are_left_out),
		cmocka_unit_test(test_frozen_at_the_last_moment),
		cmocka_unit_test(test_each_of_the_targets_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
