/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/unit.h"

#include "engine/rule/mistakes.h"
#include "tests/unit/rules_fixture.h"

/* Whoever has a tree with mistakes sees all of them at once, in the order of
 * the files, and none that only follows from another. */

static void
assert_told(const char *text, const char *want)
{
	char *errors = rules_refused(text);

	if (strcmp(errors, want))
		fail_msg("%s\ntold:\n%s\nwant:\n%s", text, errors, want);
	free(errors);
}

static void
test_in_order(void **state)
{
	char *sorted = noc_mistakes_sorted(
	    "b.lua:2: x\nlast (c d.lua:1); did you mean 'y'?\n"
	    "b.lua:11: x\nb.lua:2: first said last\nno place\n"
	    "a call (global 'x') is wrong (a.lua:7)\n");

	(void)state;
	assert_string_equal(sorted, "no place\na.lua:7: a call (global 'x') is "
				    "wrong\nb.lua:2: x\nb.lua:2: first said "
				    "last\nb.lua:11: x\nc d.lua:1: last; did "
				    "you mean 'y'?\n");
	free(sorted);
}

/* What the schema, the graph and the names of events say, in one go. */
static void
test_every_kind_in_one_flow(void **state)
{
	(void)state;
	assert_told(
	    "flow \"a\" {\n"
	    " step \"one\" { exec { \"/bin/true\" } },\n"
	    " step \"two\" { log \"{steps.one.exit}\", after = \"noe\" },\n"
	    " step \"bad\" { exec { \"/bin/true\" }, tiemout = \"5s\" },\n"
	    " step \"three\" { log \"{steps.bad.stdout}, {devise}\" },\n"
	    " each \"n\" { over = { 1 }, limit = 0, need = 7, log \"x\" },\n"
	    " step \"two\" { log \"again\" },\n"
	    " step \"v\" { snmp.set { x = 1 }, retry = { attempts = 0 },\n"
	    "  undo = snmp.set { x = 2 }, on_crash = \"verify\" },\n"
	    " input = { x = integer { mn = 2 }, y = \"strng\" },\n"
	    "}\n",
	    "t.lua:1: flow 'a': input: input 'y' is of no known type ('strng'); "
	    "did you mean 'string'?: string, integer, number, bool, strings, "
	    "list, map, address, cidr or any.\n"
	    "t.lua:2: flow 'a': step 'one': 'exec' changes something, so its "
	    "timeout must be said: step \"one\" { exec { ... }, timeout = "
	    "\"10s\" }.\n"
	    "t.lua:3: flow 'a': step 'two': after 'noe': no step of this list "
	    "has this name; did you mean 'one'?\n"
	    "t.lua:4: unknown key 'tiemout' in step 'bad'; did you mean "
	    "'timeout'?\n"
	    "t.lua:5: flow 'a': {devise}: no kind of event has a field "
	    "'devise'; did you mean 'device'?\n"
	    "t.lua:6: flow 'a': each 'n': 'limit' is how many items at a time: 1 "
	    "to 10000.\n"
	    "t.lua:6: flow 'a': each 'n': need = 7, and 'over' has 1 items.\n"
	    "t.lua:7: flow 'a': there is already a step 'two' in this flow "
	    "(t.lua:3).\n"
	    "t.lua:8: flow 'a': step 'v': 'snmp.set' changes something, so its "
	    "timeout must be said: step \"v\" { snmp.set { ... }, timeout = "
	    "\"10s\" }.\n"
	    "t.lua:8: flow 'a': step 'v': 'retry' needs 1 to 100 attempts and a "
	    "factor of 1 to 100.\n"
	    "t.lua:8: flow 'a': step 'v': on_crash = \"verify\" needs a probe "
	    "that tells whether it happened.\n"
	    "t.lua:10: unknown key 'mn' in integer; did you mean 'min'?\n");
}

/* A flow is told of where it stands, not once more by whoever calls it, and
 * what could not be made is missed by nobody. */
static void
test_no_follow_up(void **state)
{
	(void)state;
	assert_told(
	    "flow \"a\" { call \"b\" {}, call \"c\" {}, start \"c\",\n"
	    " step \"x\" { call \"d\" {} }, log \"{steps.x.out}\" }\n"
	    "flow \"b\" { step \"x\" { log \"x\", after = \"x\" } }\n"
	    "flwo \"c\" { log \"x\" }\n"
	    "flow \"d\" { log \"{foo}\", limt = 1, output = { out = \"1\" } }\n"
	    "rule \"r\" { on = \"a.b\", run = notify \"ops\" { \"{foo}\" } }\n"
	    "channel \"ops\" { tpo = 1 }\n"
	    "normalize \"n\" { from = \"syslog\", tga = \"x\","
	    " pattern = \"(?<foo>x)\", emit = \"a.b\" }\n"
	    "rule \"q\" { on = \"a.b\", hold = 7, run = flow {\n"
	    " step \"s\" { snmp.set { x = 1 } } } }\n",
	    "t.lua:3: flow 'b': 'x' waits for 'x': none of them can begin.\n"
	    "t.lua:4: unknown name 'flwo'; did you mean 'flow'?\n"
	    "t.lua:5: unknown key 'limt' in flow 'd'; did you mean 'limits'?\n"
	    "t.lua:7: channel 'ops' is empty; it takes: action\n"
	    "t.lua:7: unknown key 'tpo' in channel 'ops'\n"
	    "t.lua:8: unknown key 'tga' in normalize 'n'; did you mean 'tag'?\n"
	    "t.lua:9: position 1 in 'hold' of rule 'q' cannot be the number 7; it "
	    "takes: duration such as \"15s\"\n"
	    "t.lua:10: rule 'q': step 's': 'snmp.set' changes something, so its "
	    "timeout must be said: step \"s\" { snmp.set { ... }, timeout = "
	    "\"10s\" }.\n");
}

/* One wrong option of a flow hides no other of it. */
static void
test_options_of_a_flow(void **state)
{
	(void)state;
	assert_told(
	    "flow \"a\" { log \"x\", limt = 1, timeout = \"soon\",\n"
	    " limits = { awx = 0 }, lock = \"{steps.x.y}\",\n"
	    " guard = { targets = 0 }, on_running = \"queue\" }\n"
	    "flow \"b\" { log \"x\", limits = 4, dedup = \"{item}\",\n"
	    " lock = \"\" }\n"
	    "flow \"c\" { log \"x\", dedup = \"{error.x}\", on_running ="
	    " \"wait\", on_closed = \"x\", dedup_window = \"1h\", lock ="
	    " {} }\n"
	    "flow \"d\" { log \"x\", dedpu = \"x\", on_running = \"queue\""
	    " }\n",
	    "t.lua:1: unknown key 'limt' in flow 'a'; did you mean 'limits'?\n"
	    "t.lua:1: 'timeout' in flow 'a' must be a time such as \"15s\", "
	    "not \"soon\"\n"
	    "t.lua:1: flow 'a': 'limits' says how many at once, 1 to 10000: "
	    "limits = { awx = 4 }.\n"
	    "t.lua:1: flow 'a': 'lock' is asked before the first step, and "
	    "'{steps.x.y}' is not known then: use the run's input or its "
	    "event.\n"
	    "t.lua:1: flow 'a': 'on_running' needs 'dedup', which says when two "
	    "runs are the same: dedup = \"{input.change}\".\n"
	    "t.lua:1: flow 'a': 'guard' allows 1 to 100000 targets: guard = { "
	    "targets = 100 }.\n"
	    "t.lua:4: 'limits' in flow 'b' must be a table { name = ... }, not "
	    "the number 4\n"
	    "t.lua:4: flow 'b': 'lock' has an empty name.\n"
	    "t.lua:4: flow 'b': 'dedup' is asked before the first step, and "
	    "'{item}' is not known then: use the run's input or its event.\n"
	    "t.lua:6: 'lock' in flow 'c' must be a text or a list of texts, not "
	    "a table\n"
	    "t.lua:6: 'on_closed' in flow 'c' must be one of: allow reject "
	    "failed_only, not \"x\"\n"
	    "t.lua:6: 'on_running' in flow 'c' must be one of: reject queue "
	    "join supersede, not \"wait\"\n"
	    "t.lua:6: flow 'c': 'dedup' is asked before the first step, and "
	    "'{error.x}' is not known then: use the run's input or its event.\n"
	    "t.lua:7: unknown key 'dedpu' in flow 'd'; did you mean 'dedup'?\n");
}

/* What is missing because Lua could not read it is asked for by others. */
static void
test_a_hole_is_no_second_mistake(void **state)
{
	(void)state;
	assert_told("flow \"a\" { setp \"one\" { log \"x\" }, step \"two\" {\n"
		    " log \"{steps.one.x}\", after = \"one\" },\n"
		    " undo \"back\" { step = \"one\" }, on_fail = { undo = "
		    "\"run\" } }\n",
		    "t.lua:1: unknown name 'setp'; did you mean 'step'?\n");
	assert_told("flow \"a\" { call \"b\" {} }\n"
		    "flow \"b\" { log \"x\" log \"y\" }\n",
		    "t.lua:2: '}' expected near 'log'; is a comma missing "
		    "before it?\n");
	assert_told("rule \"r\" { on = \"a.b\", run = start \"f\" }\n"
		    "flow \"f\" \"two\"\n",
		    "t.lua:2: flow 'f' is followed by a text: is a comma "
		    "missing after it?\n");
}

static int
setup(void **state)
{
	(void)state;
	rules_register();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_every_kind_in_one_flow),
		cmocka_unit_test(test_no_follow_up),
		cmocka_unit_test(test_options_of_a_flow),
		cmocka_unit_test(test_a_hole_is_no_second_mistake),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
