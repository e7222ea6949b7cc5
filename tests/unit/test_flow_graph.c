/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/flow_fixture.h"

/* What begins after what, and how a flow ends: a run in virtual time. */

static const struct flow_says bad_says[] = { { "bad", "permanent" }, { 0 } };

static void
test_an_edge_is_satisfied_by_the_ends_that_it_names(void **state)
{
	static const struct {
		const char *flow, *state, *order;
	} cases[] = {
		{ "get 'a', get('b', { after = { a = 'failed' } }),"
		  " get('c', { after = { a = 'ok' } }),"
		  " get('d', { after = { a = 'always' } })",
		  "Succeeded", "a c d " },
		{ "get 'bad', get('b', { after = { bad = 'failed' } }),"
		  " get('c', { after = { bad = 'ok' } }),"
		  " get('d', { after = { bad = 'always' } }),"
		  " get('e', { after = 'b' })",
		  "Succeeded", "bad b d e " },
		/* Only `failed` handles a failure. */
		{ "get 'bad', get('d', { after = { bad = 'always' } })",
		  "Failed", "bad d " },
		/* Skipped is as well as done; not reached is neither. */
		{ "get('s', { when = { device = 'no' } }), get 'a',"
		  " get('f', { after = { s = 'failed' } }),"
		  " get('g', { after = 'f' }),"
		  " get('h', { after = { f = 'failed' } }),"
		  " get('i', { after = { g = 'always' } })",
		  "Succeeded", "a i " },
		/* All of several must come about. */
		{ "get 'a', get 'b', get('c', { after = { 'a', b = 'failed' } }),"
		  " get('d', { after = { 'a', 'b' } })",
		  "Succeeded", "a b d " },
		/* The line ends with the first failure in it. */
		{ "get 'a', get 'bad', get 'b', get('c', { after = 'b' })",
		  "Failed", "a bad " },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("flow 'f' { %s }", cases[i].flow);

		flow_whole(text, bad_says, cases[i].state, cases[i].order);
		free(text);
	}
}

static void
test_parallel_waits_for_all(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'f' { parallel { get 'a', { get 'b', get 'c' },"
		  " get('d', { after = 'a' }) }, get 'e' }",
		  NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	assert_string_equal(flow_order(), "a b ");
	flow_reply_to(&f, "b");
	assert_string_equal(flow_order(), "a b c ");
	flow_reply_to(&f, "a");
	flow_reply_to(&f, "c");
	assert_string_equal(flow_order(), "a b c d ");
	assert_true(fix_runs(&f));
	flow_reply_to(&f, "d");
	assert_string_equal(flow_order(), "a b c d e ");
	flow_reply_to(&f, "e");
	flow_ended(&f, "Succeeded");
	flow_close(&f);
}

/* The first failure of a parallel ends it: others begin nothing, what reads is
 * cancelled, what changes something goes on to its end. */
static void
test_a_failure_in_parallel(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'f' { parallel { get 'bad', { get 'b', get 'c' },"
		  " { put 'd', get 'e' }, { sleep '1h', get 'g' } }, get 'h' }",
		  bad_says);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	assert_string_equal(flow_order(), "bad b d ");
	flow_reply_to(&f, "bad");
	assert_false(flow_is_out(&f, "b"));
	assert_true(flow_is_out(&f, "d"));
	assert_int_equal(fix_count(&f, "STEP_DONE b sw1 exec cancelled"), 1);
	assert_int_equal(fix_count(&f, "STEP_DONE sleep_"), 1);
	assert_true(fix_runs(&f));
	flow_reply_to(&f, "d");
	assert_int_equal(fix_count(&f, "STEP_DONE d sw1 exec ok"), 1);
	flow_ended(&f, "Failed");
	assert_string_equal(flow_order(), "bad b d ");
	flow_close(&f);
}

/* One that fans out and is called off takes its items along. */
static void
test_a_failure_beside_a_fan_out(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'g' { get 'in' }\n"
		  "flow 'f' { parallel { get 'bad', each 'all' { over = { 'a',"
		  " 'b' }, parallel { get 'b', sleep '1h' }, put 'p' },"
		  " step 'fix' { call 'g' }, { put 'd', get 'e' } } }",
		  bad_says);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	assert_string_equal(flow_order(), "bad d all[a]/b all[b]/b fix/in ");
	flow_reply_to(&f, "bad");
	assert_int_equal(f.ncalls, 1);
	assert_int_equal(fix_count(&f, "STEP_DONE all  each cancelled"), 1);
	assert_int_equal(fix_count(&f, "STEP_DONE fix g call cancelled") +
			     fix_count(&f, "STEP_DONE fix  call cancelled"),
			 1);
	flow_reply_to(&f, "d");
	flow_ended(&f, "Failed");
	flow_close(&f);
}

/* What can never come about is known as soon as one of its edges cannot. */
static void
test_not_reached_at_once(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'f' { parallel { get 'slow', get 'bad', get('h', {"
		  " after = { bad = 'failed' } }), get('never', { after = {"
		  " 'bad', 'slow' } }), get('neither', { after = { 'slow',"
		  " 'bad' } }), get('x', { after = { never = 'always' } }),"
		  " get('y', { after = { neither = 'always' } }) } }",
		  bad_says);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	flow_reply_to(&f, "bad");
	assert_string_equal(flow_order(), "slow bad h x y ");
	while (f.ncalls)
		flow_reply(&f, 0);
	flow_ended(&f, "Succeeded");
	flow_close(&f);
}

/* A failure fails what it is in and no more, up to where it is handled. */
static void
test_how_far_a_failure_goes(void **state)
{
	static const struct {
		const char *flow, *state, *order;
	} cases[] = {
		/* Handled where it is: what is beside goes on. */
		{ "parallel { get 'bad', get('h', { after = { bad = 'failed' }"
		  " }), { sleep '1s', get 'b' } }, get 'c'",
		  "Succeeded", "bad h b c " },
		/* Handled around it: nothing else of it begins. */
		{ "parallel 'p' { get 'bad', { sleep '1s', get 'b' } },"
		  " get('h', { after = { p = 'failed' } }), get('i', { after ="
		  " { p = 'ok' } }), get('j', { after = 'h' })",
		  "Succeeded", "bad h j " },
		/* In something in it, and around both. */
		{ "parallel 'p' { choose 'c' { { when = { device = 'sw1' },"
		  " get 'bad', get 'a' } }, { sleep '1s', get 'b' } }, get('h',"
		  " { after = { p = 'failed' } })",
		  "Succeeded", "bad h " },
		/* Handled in the branch, so the choice went well. */
		{ "choose 'c' { { when = { device = 'sw1' }, get 'bad', get("
		  "'h', { after = { bad = 'failed' } }), get('i', { after ="
		  " 'bad' }) } }, get 'k'",
		  "Succeeded", "bad h k " },
		/* Handled by a step that fails itself. */
		{ "get 'bad', get('h_bad', { after = { bad = 'failed' } }),"
		  " get('z', { after = { h_bad = 'always' } })",
		  "Failed", "bad h_bad z " },
		/* By one that is left out, which is as well as done. */
		{ "get 'bad', get('h', { after = { bad = 'failed' }, when = {"
		  " device = 'no' } }), get('z', { after = 'h' })",
		  "Succeeded", "bad z " },
		/* By one of which another edge never comes about: not. */
		{ "get 'a', get 'bad', get('h', { after = { bad = 'failed', a"
		  " = 'failed' } })",
		  "Failed", "a bad " },
		/* Each in the line of its own list. */
		{ "parallel { { get 'bad', get 'a' }, { get 'b', get 'c' } }",
		  "Failed", "bad b " },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("flow 'f' { %s }", cases[i].flow);

		flow_whole(text, bad_says, cases[i].state, cases[i].order);
		free(text);
	}
}

static void
test_choose(void **state)
{
	static const char flow[] =
	    "flow 'f' { get 'a', choose 'way' {"
	    " { when = { ['steps.a.n'] = 1 }, get 'one' },"
	    " { when = { ['steps.a.n'] = 2 }, get 'two', get 'zwei' },"
	    " %s }, get('last') }";
	static const struct {
		const char *other, *n, *order;
		size_t chosen;
	} cases[] = {
		{ "otherwise = { get 'other' }", "1", "a one last ", 1 },
		{ "otherwise = { get 'other' }", "2", "a two zwei last ", 2 },
		{ "otherwise = { get 'other' }", "3", "a other last ", 3 },
		{ "", "3", "a last ", 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(flow, cases[i].other);
		char *n = noc_asprintf("{\"n\":%s}", cases[i].n);
		const struct flow_says says[] = { { "a", n }, { 0 } };

		flow_whole(text, says, "Succeeded", cases[i].order);
		free(text);
		free(n);
	}
}

static void
test_a_failure_in_a_branch(void **state)
{
	(void)state;
	flow_whole("flow 'f' { choose 'way' { { when = { device = 'sw1' },"
		   " get 'bad', get 'no' } }, get 'never',"
		   " get('h', { after = { way = 'failed' } }) }",
		   bad_says, "Succeeded", "bad h ");
	flow_whole("flow 'f' { choose 'way' { { when = { device = 'sw1' },"
		   " get 'bad', get 'no' } }, get 'never' }",
		   bad_says, "Failed", "bad ");
}

/* What is acted on is read again right before, and compared. */
static void
test_what_changed_meanwhile_is_not_acted_on(void **state)
{
	static const char flow[] =
	    "flow 'f' { get 'intent', sleep '30m', get 'again', fail 'changed'"
	    " { when = { ['steps.again.hash'] = isnt '{steps.intent.hash}' } },"
	    " put 'push' }";
	static const struct {
		const char *again, *state, *order;
	} cases[] = {
		{ "{\"hash\":\"a\"}", "Succeeded", "intent again push " },
		{ "{\"hash\":\"b\"}", "Failed", "intent again " },
		{ "dependency_unavailable", "Failed", "intent again " },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		const struct flow_says says[] = {
			{ "intent", "{\"hash\":\"a\"}" },
			{ "again", cases[i].again },
			{ 0 },
		};

		flow_whole(flow, says, cases[i].state, cases[i].order);
	}
}

/* ---- call ---- */

static void
test_a_called_flow_sees_its_input_only(void **state)
{
	static const struct flow_says says[] = { { "p", "{\"k\":\"v\"}" },
						 { 0 } };
	struct fix f;

	(void)state;
	flow_begin(
	    &f,
	    "flow 'g' { input = { x = 'string', y = integer { max = 9,"
	    " default = 4 } }, output = { r = '{steps.p.k}-{input.x}-{input.y}' },"
	    " get 'p', log '{steps.p.k} {input.x}' }\n"
	    "flow 'f' { get 'a', step 'fix' { call 'g' { x = 'i' } },"
	    " log 'got {steps.fix.r}' }",
	    says);
	flow_ended(&f, "Succeeded");
	assert_string_equal(flow_order(), "a fix/p ");
	assert_int_equal(fix_said(&f, "v i"), 1);
	assert_int_equal(fix_said(&f, "got v-i-4"), 1);
	flow_close(&f);
}

static void
test_what_a_called_flow_is_given_is_checked(void **state)
{
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'g' { input = { y = integer { max = 9 } }, get 'p' }\n"
		   "flow 'f' { step 'fix' { call 'g' { y = '{steps.a.n}' },"
		   " after = 'a' }, get 'a' }",
		   (const struct flow_says[]){ { "a", "{\"n\":12}" }, { 0 } });
	flow_ended(&f, "Failed");
	assert_int_equal(flow_made("fix/p"), 0);
	assert_int_equal(fix_count(&f, "\"code\":\"input\""), 2);
	flow_close(&f);
}

static void
test_stop_and_fail_end_what_they_are_in(void **state)
{
	(void)state;
	flow_whole("flow 'g' { get 'a', stop 'enough' { when = { device ="
		   " 'sw1' } }, get 'b' }\n"
		   "flow 'f' { step 'fix' { call 'g' }, get 'c' }",
		   NULL, "Succeeded", "fix/a c ");
	flow_whole("flow 'g' { get 'a', fail 'no' { when = { device ="
		   " 'sw1' } }, get 'b' }\n"
		   "flow 'f' { step 'fix' { call 'g' }, get 'c' }",
		   NULL, "Failed", "fix/a ");
	flow_whole("flow 'f' { each 'all' { over = { 'a', 'b' }, stop 'enough'"
		   " { when = { item = 'a' } }, get 'b' }, get 'c' }",
		   NULL, "Succeeded", "all[b]/b c ");
	flow_whole("flow 'f' { each 'all' { over = { 'a', 'b' }, need = 1,"
		   " fail 'no' { when = { item = 'a' } }, get 'b' }, get 'c' }",
		   NULL, "Succeeded", "all[b]/b c ");
}

static void
test_a_timeout_of_a_call(void **state)
{
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'g' { put('p', { undo = back() }), sleep '1h', get 'q'"
		   " }\n"
		   "flow 'f' { on_fail = { undo = 'run' }, step 'fix' { call"
		   " 'g', timeout = '10s' }, get 'c' }",
		   NULL);
	fix_advance(&f, 9999);
	assert_true(fix_runs(&f));
	fix_advance(&f, 1);
	flow_ended(&f, "Failed");
	assert_int_equal(fix_count(&f, "STEP_DONE fix g call failed: timeout"),
			 1);
	assert_string_equal(flow_order(), "fix/p fix/p!undo ");
	assert_int_equal(
	    fix_count(&f, "STEP_DONE fix/sleep_2  sleep cancelled"), 1);
	flow_close(&f);
}

/* ---- how it ends ---- */

static void
test_on_fail_and_finally(void **state)
{
	(void)state;
	flow_whole("flow 'f' { on_fail = { get 'x', get 'y' }, finally = {"
		   " get 'z' }, get 'a', get 'b' }",
		   NULL, "Succeeded", "a b z ");
	flow_whole("flow 'f' { on_fail = { undo = 'run', get 'x', get 'y' },"
		   " finally = { get 'z' }, put('a', { undo = back() }),"
		   " get 'bad', get 'b' }",
		   bad_says, "Failed", "a bad a!undo x y z ");
	/* What fails there is said, and ends nothing else of it. */
	flow_whole("flow 'f' { finally = { get 'bad', get 'z' }, get 'a' }",
		   bad_says, "Failed", "a bad ");
	flow_whole(
	    "flow 'f' { on_fail = { get 'x_bad' }, finally = { get 'z' },"
	    " get 'bad' }",
	    bad_says, "Failed", "bad x_bad z ");
	flow_whole("flow 'f' { finally = { get 'z' }, stop 'enough' { when = {"
		   " device = 'sw1' } }, get 'a' }",
		   NULL, "Succeeded", "z ");
}

/* What it cannot give, though it said so, is no success. */
static void
test_an_output_that_is_not_there(void **state)
{
	static const char flow[] =
	    "flow 'f' { output = { n = '{steps.a.n}' }, get('a', { output = {"
	    " n = 'n' } }), get 'b' }";
	const struct flow_says says[] = { { "a", "{\"n\":4}" }, { 0 } };
	struct fix f;

	(void)state;
	flow_whole(flow, says, "Succeeded", "a b ");
	flow_begin(&f,
		   "flow 'f' { output = { n = '{steps.a.n}' }, get('a', { when"
		   " = { device = 'no' }, output = { n = 'n' } }), get 'b' }",
		   says);
	flow_ended(&f, "Failed");
	assert_int_equal(fix_said(&f, "Failed: output: "), 1);
	flow_close(&f);
}

/* Its own time is over: what it has to do at its end has another one. */
static void
test_finally_after_the_timeout(void **state)
{
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { timeout = '10s', on_fail = { undo = 'run',"
		   " get 'x', sleep '20s', get 'y' }, finally = { get 'z' },"
		   " put('a', { undo = back() }),"
		   " each 'all' { over = { '1' }, put('p', { undo = back() }),"
		   " sleep '1h' } }",
		   NULL);
	fix_advance(&f, 9999);
	assert_string_equal(flow_order(), "a all[1]/p ");
	fix_advance(&f, 1);
	assert_string_equal(flow_order(), "a all[1]/p all[1]/p!undo a!undo x ");
	fix_advance(&f, 20000);
	flow_ended(&f, "Failed");
	assert_string_equal(flow_order(),
			    "a all[1]/p all[1]/p!undo a!undo x y z ");
	assert_int_equal(fix_count(&f, "longer than its timeout"), 2);
	flow_close(&f);
}

static void
test_closing_has_a_time_of_its_own(void **state)
{
	struct fix f;

	(void)state;
	flow_begin(
	    &f,
	    "flow 'f' { on_fail = { timeout = '30s', get 'x',"
	    " sleep '1h', get 'y' }, finally = { timeout = '5s', get 'z',"
	    " sleep '1h' }, get 'bad' }",
	    bad_says);
	fix_advance(&f, 29999);
	assert_string_equal(flow_order(), "bad x ");
	fix_advance(&f, 1);
	assert_string_equal(flow_order(), "bad x z ");
	fix_advance(&f, 4999);
	assert_true(fix_runs(&f));
	fix_advance(&f, 1);
	flow_ended(&f, "Failed");
	flow_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_an_edge_is_satisfied_by_the_ends_that_it_names),
		cmocka_unit_test(test_parallel_waits_for_all),
		cmocka_unit_test(test_a_failure_in_parallel),
		cmocka_unit_test(test_a_failure_beside_a_fan_out),
		cmocka_unit_test(test_not_reached_at_once),
		cmocka_unit_test(test_how_far_a_failure_goes),
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_a_failure_in_a_branch),
		cmocka_unit_test(test_what_changed_meanwhile_is_not_acted_on),
		cmocka_unit_test(test_a_called_flow_sees_its_input_only),
		cmocka_unit_test(test_what_a_called_flow_is_given_is_checked),
		cmocka_unit_test(test_stop_and_fail_end_what_they_are_in),
		cmocka_unit_test(test_a_timeout_of_a_call),
		cmocka_unit_test(test_on_fail_and_finally),
		cmocka_unit_test(test_an_output_that_is_not_there),
		cmocka_unit_test(test_finally_after_the_timeout),
		cmocka_unit_test(test_closing_has_a_time_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
