/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/undo_fixture.h"

/* What a flow did is taken back: a run in virtual time. */

static const struct flow_says bad_says[] = { { "bad", "permanent" }, { 0 } };

static void
test_last_done_first_undone(void **state)
{
	(void)state;
	flow_whole(
	    "flow 'f' { on_fail = { undo = 'run' },"
	    " put('a', { undo = back() }), put 'b',"
	    " parallel { put('c', { undo = back() }), { sleep '1s',"
	    " put('d', { undo = back() }) } },"
	    " put('skipped', { when = { device = 'no' }, undo = back() }),"
	    " get 'bad', put('e', { undo = back() }) }",
	    bad_says, "Failed", "a b c d bad d!undo c!undo a!undo ");
	/* Nobody asked for it. */
	flow_whole("flow 'f' { put('a', { undo = back() }), get 'bad' }",
		   bad_says, "Failed", "a bad ");
}

/* The one that failed may have done a part of it. */
static void
test_what_failed_is_undone_too(void **state)
{
	(void)state;
	flow_whole("flow 'f' { on_fail = { undo = 'run' },"
		   " put('a', { undo = back() }), put('bad', { undo ="
		   " snmp.set { a = '1' } }) }",
		   (const struct flow_says[]){
		       { "bad!undo", "{}" }, { "bad", "permanent" }, { 0 } },
		   "Failed", "a bad bad!undo a!undo ");
}

static void
test_a_failing_undo_is_loud_and_stops_no_other(void **state)
{
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { on_fail = { undo = 'run' },"
		   " put('a', { undo = back() }), put('b', { undo = back() }),"
		   " put('c', { undo = back() }), get 'bad' }",
		   (const struct flow_says[]){ { "b!undo", "permanent" },
					       { "bad", "permanent" },
					       { 0 } });
	flow_ended(&f, "Failed");
	assert_string_equal(flow_order(), "a b c bad c!undo b!undo a!undo ");
	assert_int_equal(
	    fix_count(&f, "could not undo b (device): it stays changed"), 1);
	assert_int_equal(fix_count(&f, "it stays changed"), 1);
	flow_close(&f);
}

/* One of many, or all of them: people are told once. */
static void
test_many_failing_undos_are_one_notice(void **state)
{
	static const struct flow_says says[] = { { "!undo", "permanent" },
						 { "bad", "permanent" },
						 { 0 } };
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { on_fail = { undo = 'run' }, put('a', { undo ="
		   " back() }), each 'all' { over = { 'a', 'b', 'c' },"
		   " put('p', { undo = back() }) }, get 'bad' }",
		   says);
	fix_advance(&f, 3600 * 1000);
	flow_ended(&f, "Failed");
	assert_int_equal(fix_said(&f, "could not undo"), 1);
	flow_close(&f);
}

/* It has a time of its own, which runs on over a death and a step of the
 * clock; what is left then stays, and people are told. */
static void
test_it_has_its_own_time(void **state)
{
#define TWO \
	"put('a', { undo = back() }), put('b', { undo = back() }), get 'bad'"
#define ALL(more)                                                                \
	"each 'all' { over = { 'x' }, need = 'any', undo = 'failed_items'," more \
	    TWO " }"
	static const struct {
		const char *flow, *at;
		int minutes;
		const char *state;
	} cases[] = {
		{ "on_fail = { undo = 'run', timeout = '30m' }, " TWO, "", 30,
		  "Failed" },
		{ "on_fail = { undo = 'run' }, " TWO, "", 60, "Failed" },
		{ ALL("undo_timeout = '30m', "), "all[x]/", 30, "Succeeded" },
		{ ALL(""), "all[x]/", 60, "Succeeded" },
		{ "parallel 'both' { " TWO "}, undo 'back' { step = 'both',"
		  " timeout = '30m', after = { both = 'failed' } }",
		  "", 30, "Failed" },
		{ "parallel 'both' { " TWO "}, undo 'back' { step = 'both',"
		  " after = { both = 'failed' } }",
		  "", 60, "Failed" },
	};
#undef TWO
#undef ALL

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("flow 'f' { timeout = '10d', %s }",
					  cases[i].flow);
		char *a = noc_asprintf("%sa", cases[i].at);
		char *b = noc_asprintf("%sb", cases[i].at);
		char *bad = noc_asprintf("%sbad", cases[i].at);
		char *end = noc_asprintf("RUN_END %s", cases[i].state);
		char *undo = noc_asprintf("STEP_DONE %s!undo", a);
		struct undo u;

		undo_open(&u, text, bad_says);
		fix_start_flow(&u.f, "f");
		flow_reply_to(&u.f, a);
		flow_reply_to(&u.f, b);
		assert_int_equal(
		    fix_command(&u.f, "{\"verb\":\"kill.on\",\"why\":\"w\"}",
				NULL),
		    0);
		flow_reply_to(&u.f, bad);
		fix_advance(&u.f, (cases[i].minutes - 10) * 60000);
		undo_dies(&u);
		u.f.now.wall_ns += 3600 * NOC_NS_PER_S;
		fix_advance(&u.f, 9 * 60 * 1000);
		assert_int_equal(fix_runs(&u.f), 1);
		assert_int_equal(fix_said(&u.f, "could not undo"), 0);
		fix_advance(&u.f, 2 * 60 * 1000);
		undo_goes_on(&u);
		assert_int_equal(fix_runs(&u.f), 0);
		assert_int_equal(fix_count(&u.f, undo), 1);
		assert_int_equal(fix_said(&u.f, "could not undo"), 1);
		assert_int_equal(fix_count(&u.f, end), 1);
		assert_null(strstr(flow_order(), "!undo"));
		undo_close(&u);
		free(text);
		free(a);
		free(b);
		free(bad);
		free(end);
		free(undo);
	}
}

static void
test_scopes_of_an_each(void **state)
{
	static const char flow[] =
	    "flow 'f' { put('before', { undo = back() }),"
	    " each 'all' { over = { 'a', 'b', 'c', 'd' }, undo = '%s',"
	    " need = %s, waves = { '2', 'rest' }, limit = 1,"
	    " put('p', { undo = back() }), put('q', { undo = back() }) } }";
	static const struct {
		const char *scope, *need, *state, *undone;
	} cases[] = {
		{ "none", "'all'", "Failed", "" },
		{ "wave", "'all'", "Failed", "all[c]/q!undo all[c]/p!undo " },
		{ "failed_items", "'all'", "Failed",
		  "all[c]/q!undo all[c]/p!undo " },
		{ "failed_items", "'any'", "Succeeded",
		  "all[c]/q!undo all[c]/p!undo " },
		{ "succeeded_items", "'any'", "Succeeded", "" },
		{ "run", "'any'", "Succeeded", "" },
	};
	const struct flow_says says[] = { { "!undo", "{}" },
					  { "[c]/q", "permanent" },
					  { 0 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(flow, cases[i].scope, cases[i].need);
		bool all = !strcmp(cases[i].need, "'all'");
		char *order = noc_asprintf(
		    "before all[a]/p all[a]/q all[b]/p all[b]/q all[c]/p"
		    " all[c]/q %s%s",
		    all ? "" : "all[d]/p all[d]/q ", cases[i].undone);

		flow_whole(text, says, cases[i].state, order);
		free(text);
		free(order);
	}
}

/* Items side by side, each from its last step to its first. */
static void
test_run_and_succeeded_items(void **state)
{
	static const char *const scopes[] = { "run", "succeeded_items" };
	const struct flow_says says[] = { { "!undo", "{}" },
					  { "[c]/q", "permanent" },
					  { 0 } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *text = noc_asprintf(
		    "flow 'f' { each 'all' { over = { 'a', 'b', 'c' },"
		    " undo = '%s', limit = 1, put('p', { undo = back() }),"
		    " put('q', { undo = back() }) } }",
		    scopes[i]);
		struct fix f;

		flow_begin(&f, text, says);
		flow_ended(&f, "Failed");
		for (const char *k = "abc"; *k; k++) {
			char *p = noc_asprintf("all[%c]/p!undo", *k);
			char *q = noc_asprintf("all[%c]/q!undo", *k);
			size_t want = *k != 'c' || i == 0;

			assert_int_equal(flow_made(p), want);
			assert_int_equal(flow_made(q), want);
			if (want)
				assert_true(strstr(flow_order(), q) <
					    strstr(flow_order(), p));
			free(p);
			free(q);
		}
		flow_close(&f);
		free(text);
	}
}

/* It sees what the step gave, and the item that it is of. */
static void
test_an_undo_sees_its_step(void **state)
{
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { on_fail = { undo = 'run' }, each 'all' { over ="
		   " { 'x' }, put('p', { undo = snmp.set { a ="
		   " '{steps.p.old} {item} {device}' } }) }, get 'bad' }",
		   (const struct flow_says[]){ { "p!undo", "?" },
					       { "[x]/p", "{\"old\":\"o7\"}" },
					       { "bad", "permanent" },
					       { 0 } });
	assert_int_equal(f.ncalls, 1);
	assert_string_equal(
	    noc_value_get_str(noc_value_get(f.calls[0]->params, "opts"), "a",
			      ""),
	    "o7 x sw1");
	flow_world.says = NULL;
	flow_reply(&f, 0);
	flow_ended(&f, "Failed");
	flow_close(&f);
}

/* It may have happened: it is taken back all the same. */
static void
test_what_is_in_doubt_is_undone(void **state)
{
	struct fix f;

	(void)state;
	flow_begin(&f,
		   "flow 'f' { on_fail = { undo = 'run' }, step 'a' { exec {"
		   " 'x' }, timeout = '5s', on_crash = 'fail', undo = back() }"
		   " }",
		   (const struct flow_says[]){
		       { "!undo", "{}" }, { "a", "?" }, { 0 } });
	fix_advance(&f, 5000);
	flow_ended(&f, "Failed");
	assert_string_equal(flow_order(), "a a!undo ");
	flow_close(&f);
}

static void
test_nothing_is_undone_that_was_never_tried(void **state)
{
	static const char flow[] =
	    "flow 'f' { on_fail = { undo = 'run' },"
	    " put('a', { undo = back(), target = 'sw9' }), get 'b' }";
	struct fix f;

	(void)state;
	/* A freeze refuses it before it goes out. */
	flow_open(&f, flow, NULL);
	fix_command(&f,
		    "{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw9\"},"
		    "\"for_ms\":3600000,\"why\":\"x\"}",
		    NULL);
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	flow_ended(&f, "Failed");
	assert_string_equal(flow_order(), "");
	flow_close(&f);
	/* So does one that came while the kill switch paused it. */
	flow_open(&f, flow, NULL);
	f.hold_durable = true;
	fix_command_later(&f,
			  "{\"verb\":\"run.start\",\"flow\":\"f\",\"input\":"
			  "{\"device\":\"sw1\"},\"actor\":\"test\"}");
	fix_command_later(&f, "{\"verb\":\"kill.on\",\"why\":\"x\"}");
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(fix_count(&f, "not_started: kill switch"), 1);
	fix_command(&f,
		    "{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw9\"},"
		    "\"for_ms\":3600000,\"why\":\"x\"}",
		    NULL);
	fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"x\"}", NULL);
	fix_advance(&f, 10000);
	flow_ended(&f, "Failed");
	assert_string_equal(flow_order(), "");
	assert_int_equal(fix_count(&f, "could not undo"), 0);
	flow_close(&f);
}

/* What was still on its way out when another step failed. */
static void
test_what_was_called_off_before_it_went_out(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'f' { on_fail = { undo = 'run' }, parallel { { sleep"
		  " '1s', fail 'no' }, { get 'b', put('c', { undo = back() })"
		  " } } }",
		  NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	f.hold_durable = true;
	flow_reply_to(&f, "b");
	fix_advance(&f, 1000);
	f.hold_durable = false;
	fix_pump(&f);
	flow_ended(&f, "Failed");
	assert_string_equal(flow_order(), "b ");
	flow_close(&f);
}

static void
test_nothing_is_undone_that_was_withheld(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f,
		  "flow 'f' { on_fail = { undo = 'run' },"
		  " put('a', { undo = back() }), each 'all' { over = { 'x' },"
		  " put('p', { undo = back() }) }, get 'bad' }",
		  bad_says);
	flow_start(&f, "observe", "{\"device\":\"sw1\"}");
	flow_ended(&f, "Failed");
	assert_string_equal(flow_order(), "bad ");
	flow_close(&f);
}

static const char guarded[] = "flow 'f' { on_fail = { undo = 'run' },"
			      " put('a', { undo = back() }), get 'bad' }";

static void
test_the_kill_switch_pauses_it(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f, guarded, bad_says);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	flow_reply_to(&f, "a");
	fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"x\"}", NULL);
	flow_reply_to(&f, "bad");
	fix_advance(&f, 60000);
	assert_true(fix_runs(&f));
	assert_int_equal(flow_made("a!undo"), 0);
	fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"x\"}", NULL);
	fix_advance(&f, 5000);
	flow_reply_to(&f, "a!undo");
	flow_ended(&f, "Failed");
	assert_int_equal(fix_count(&f, "it stays changed"), 0);
	flow_close(&f);
}

static void
test_a_freeze_makes_it_a_loud_failure(void **state)
{
	struct fix f;

	(void)state;
	flow_open(&f, guarded, bad_says);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	flow_reply_to(&f, "a");
	fix_command(&f,
		    "{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw1\"},"
		    "\"for_ms\":3600000,\"why\":\"x\"}",
		    NULL);
	flow_reply_to(&f, "bad");
	flow_ended(&f, "Failed");
	assert_int_equal(flow_made("a!undo"), 0);
	assert_int_equal(
	    fix_count(&f, "could not undo a (freeze): it stays changed"), 1);
	flow_close(&f);
}

/* Twenty side by side, whoever asks for it. */
static void
test_so_many_items_at_once(void **state)
{
	static const char *const flows[] = {
		"on_fail = { undo = 'run' }, each 'n' { over = all, limit = 60,"
		" put('p', { undo = out() }) }, get 'bad'",
		"each 'n' { over = all, limit = 60, undo = 'run', put('p', {"
		" undo = out() }), get('bad', { when = { item = 1 } }) }",
		"each 'n' { over = all, limit = 60, put('p', { undo = out() })"
		" }, undo 'u' { step = 'n' }, get 'bad'",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(flows); i++) {
		const struct flow_says says[] = { { "!undo", "?" },
						  { "bad", "permanent" },
						  { 0 } };
		char *text = noc_asprintf(
		    "local all = {} for i = 1, 30 do all[i] = i end\n"
		    "local function out() return exec { 'y' } end\n"
		    "flow 'f' { %s }",
		    flows[i]);
		struct fix f;

		flow_begin(&f, text, says);
		assert_int_equal(f.ncalls, 20);
		flow_world.says = bad_says;
		flow_world.holds = true;
		for (size_t left = 30; left > 0; left--) {
			assert_int_equal(f.ncalls, left < 20 ? left : 20);
			flow_reply(&f, 0);
		}
		while (f.ncalls)
			flow_reply(&f, 0);
		flow_ended(&f, "Failed");
		flow_close(&f);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_done_first_undone),
		cmocka_unit_test(test_what_failed_is_undone_too),
		cmocka_unit_test(
		    test_a_failing_undo_is_loud_and_stops_no_other),
		cmocka_unit_test(test_many_failing_undos_are_one_notice),
		cmocka_unit_test(test_it_has_its_own_time),
		cmocka_unit_test(test_scopes_of_an_each),
		cmocka_unit_test(test_run_and_succeeded_items),
		cmocka_unit_test(test_an_undo_sees_its_step),
		cmocka_unit_test(test_what_is_in_doubt_is_undone),
		cmocka_unit_test(test_nothing_is_undone_that_was_never_tried),
		cmocka_unit_test(test_what_was_called_off_before_it_went_out),
		cmocka_unit_test(test_nothing_is_undone_that_was_withheld),
		cmocka_unit_test(test_the_kill_switch_pauses_it),
		cmocka_unit_test(test_a_freeze_makes_it_a_loud_failure),
		cmocka_unit_test(test_so_many_items_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
