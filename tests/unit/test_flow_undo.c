/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/flow_fixture.h"

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
	static const char rules[] = FLOW_WORDS
	    "flow 'f' { timeout = '10d', on_fail = { undo = 'run', timeout ="
	    " '30m' }, put('a', { undo = back() }), put('b', { undo = back() }),"
	    " get 'bad' }";
	static const struct flow_says says[] = { { "bad", "permanent" },
						 { 0 } };
	char *dir = state_make();
	struct fix f;

	(void)state;
	flow_forget();
	flow_world.says = says;
	flow_world.holds = true;
	life_world = on_flow_world;
	life_open(&f, dir, noc_clock_read(), rules);
	fix_start_flow(&f, "f");
	flow_reply_to(&f, "a");
	flow_reply_to(&f, "b");
	assert_int_equal(
	    fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}", NULL), 0);
	flow_reply_to(&f, "bad");
	fix_advance(&f, 20 * 60 * 1000);
	life_dies(&f, dir, rules);
	f.now.wall_ns += 3600 * NOC_NS_PER_S;
	fix_advance(&f, 9 * 60 * 1000);
	assert_int_equal(fix_runs(&f), 1);
	assert_int_equal(fix_said(&f, "could not undo"), 0);
	fix_advance(&f, 2 * 60 * 1000);
	assert_int_equal(fix_runs(&f), 0);
	assert_int_equal(fix_count(&f, "STEP_DONE a!undo"), 1);
	assert_int_equal(fix_count(&f, "STEP_DONE b!undo"), 1);
	assert_int_equal(fix_said(&f, "could not undo"), 1);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	assert_int_equal(flow_made("a!undo") + flow_made("b!undo"), 0);
	life_done(&f, dir);
	flow_forget();
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

static void
test_an_undo_step(void **state)
{
	static const struct {
		const char *flow, *order;
	} cases[] = {
		/* Of a step, of all of an each, of some of its items. */
		{ "put('a', { undo = back() }), put('b', { undo = back() }),"
		  " undo 'back' { step = 'a' }, get 'c'",
		  "a b a!undo c " },
		{ "each 'all' { over = { 'x', 'y' }, put('p', { undo = back()"
		  " }) }, undo 'back' { step = 'all' }, get 'c'",
		  "all[x]/p all[y]/p all[x]/p!undo all[y]/p!undo c " },
		{ "each 'all' { over = { 'x', 'y', 'z' }, put('p', { undo ="
		  " back() }) }, undo 'back' { step = 'all', items = { 'y' } },"
		  " get 'c'",
		  "all[x]/p all[y]/p all[z]/p all[y]/p!undo c " },
		/* The rest stays, and is undone once. */
		{ "each 'all' { over = { 'x', 'y' }, limit = 1, put('p', {"
		  " undo = back() }), put('q', { undo = back() }) }, undo"
		  " 'back' { step = 'all', items = { 'x' } }, undo 'rest' {"
		  " step = 'all' }",
		  "all[x]/p all[x]/q all[y]/p all[y]/q all[x]/q!undo"
		  " all[x]/p!undo all[y]/q!undo all[y]/p!undo " },
		{ "put('a', { undo = back() }), parallel 'both' { put('b', {"
		  " undo = back() }), put('c', { undo = back() }) }, undo"
		  " 'back' { step = 'both' }, undo 'too' { step = 'a' }",
		  "a b c c!undo b!undo a!undo " },
		/* An item by its name, by all that it is, by its number. */
		{ "each 'all' { over = { { name = 'x', n = 1 }, { name = 'y' }"
		  " }, put('p', { undo = back() }) }, undo 'back' { step ="
		  " 'all', items = { 'y' } }, undo 'too' { step = 'all',"
		  " items = { { name = 'x' } } }",
		  "all[x]/p all[y]/p all[y]/p!undo all[x]/p!undo " },
		{ "each 'all' { over = { { id = 1 }, { id = 2 } }, put('p', {"
		  " undo = back() }) }, undo 'back' { step = 'all', items = {"
		  " { id = 2 }, { id = 3 } } }",
		  "all[1]/p all[2]/p all[2]/p!undo " },
		{ "each 'all' { over = { 1, 2 }, put('p', { undo = back() })"
		  " }, undo 'back' { step = 'all', items = { 2, 'x' } }",
		  "all[1]/p all[2]/p all[2]/p!undo " },
		{ "each 'all' { over = { 'x' }, put('p', { undo = back() }) },"
		  " undo 'back' { step = 'all', items = { 'y', { name = 'z' },"
		  " 3 } }",
		  "all[x]/p " },
		/* Of an each in an each, and of one in a called flow. */
		{ "each 'o' { over = { 'x', 'y' }, as = 'o', each 'i' { over ="
		  " { 'a' }, put('p', { undo = back() }) } }, undo 'back' {"
		  " step = 'o', items = { 'y' } }",
		  "o[x]/i[a]/p o[y]/i[a]/p o[y]/i[a]/p!undo " },
		{ "each 'o' { over = { 'x' }, as = 'o', each 'i' { over = {"
		  " 'a', 'b' }, put('p', { undo = back() }) }, undo 'back' {"
		  " step = 'i', items = { 'b' } } }",
		  "o[x]/i[a]/p o[x]/i[b]/p o[x]/i[b]/p!undo " },
		{ "put('a', { undo = back() }), call 'g', undo 'back' { step ="
		  " 'g' }",
		  "a g/a g/c g/a!undo g/c!undo " },
		/* Nothing was done that could be. */
		{ "put('a', { when = { device = 'no' }, undo = back() }), undo"
		  " 'back' { step = 'a' }, get 'c'",
		  "c " },
		/* Not twice. */
		{ "put('a', { undo = back() }), undo 'back' { step = 'a' },"
		  " undo 'again' { step = 'a' }",
		  "a a!undo " },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    "flow 'g' { put('a', { undo = back() }), put('c', { undo ="
		    " back() }), undo 'own' { step = 'a' } }\n"
		    "flow 'f' { %s }",
		    cases[i].flow);

		flow_whole(text, NULL, "Succeeded", cases[i].order);
		free(text);
	}
}

/* What is done at the end takes back a part of what the flow did. */
static void
test_an_undo_step_at_the_end(void **state)
{
	static const struct flow_says says[] = { { "!undo", "{}" },
						 { "bad", "permanent" },
						 { 0 } };

	(void)state;
	flow_whole("flow 'f' { on_fail = { undo 'back' { step = 'a' }, get 'x'"
		   " }, put('a', { undo = back() }), put('b', { undo = back()"
		   " }), get 'bad' }",
		   says, "Failed", "a b bad a!undo x ");
	flow_whole(
	    "flow 'f' { finally = { put('c', { undo = back() }), undo 'own' {"
	    " step = 'c' }, undo 'back' { step = 'all', items = { 'y' } } },"
	    " each 'all' { over = { 'x', 'y' }, put('p', { undo = back() }) }"
	    " }",
	    says, "Succeeded", "all[x]/p all[y]/p c c!undo all[y]/p!undo ");
	/* And what it did not is undone by the run, once. */
	flow_whole("flow 'f' { on_fail = { undo = 'run', undo 'back' { step ="
		   " 'a' } }, put('a', { undo = back() }), get 'bad' }",
		   says, "Failed", "a bad a!undo ");
}

/* What undoes goes on when what is beside it fails. */
static void
test_an_undo_step_beside_a_failure(void **state)
{
	struct fix f;

	(void)state;
	flow_open(
	    &f,
	    "flow 'f' { timeout = '20s', put('a', { undo = back() }),"
	    " put('b', { undo = back() }), parallel { { sleep '1s', fail"
	    " 'no' }, undo 'back' { step = 'a' }, undo 'too' { step = 'b' }"
	    " } }",
	    NULL);
	flow_world.holds = true;
	flow_start(&f, "active", "{\"device\":\"sw1\"}");
	flow_reply_to(&f, "a");
	flow_reply_to(&f, "b");
	fix_advance(&f, 1000);
	assert_true(fix_runs(&f));
	flow_reply_to(&f, "a!undo");
	flow_reply_to(&f, "b!undo");
	flow_ended(&f, "Failed");
	assert_int_equal(fix_count(&f, "STEP_DONE back  undo ok"), 1);
	flow_close(&f);
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

static void
undoes_of(struct fix *f, const char *items)
{
	assert_int_equal(f->ncalls, 1);
	assert_string_equal(
	    noc_value_get_str(noc_value_get(f->calls[0]->params, "opts"), "a",
			      ""),
	    items);
}

/* One job on many devices goes back for those that are said, else for all that
 * it went to: not for z, which is frozen.  Also after a death. */
static void
test_a_job_is_undone_for_some(void **state)
{
#define JOB                                                             \
	"get 'look', put('job', { targets = { 'x', 'y', 'z' }, undo = " \
	"snmp.set { a = '{undo.items:json}' } })"
	static const struct {
		const char *flow, *job, *items, *state;
	} cases[] = {
		{ JOB ", undo 'back' { step = 'job', items = '{steps.look.bad}'"
		      " }, get 'c'",
		  "job", "[\"y\",\"w\"]", "Succeeded" },
		{ JOB ", undo 'back' { step = 'job' }, get 'c'", "job",
		  "[\"x\",\"y\"]", "Succeeded" },
		{ "on_fail = { undo = 'run', get 'c' }, " JOB ", fail 'no'",
		  "job", "[\"x\",\"y\"]", "Failed" },
		{ "each 'all' { over = { '1' }, need = 'any', undo ="
		  " 'failed_items', " JOB ", fail 'no' }, get 'c'",
		  "all[1]/job", "[\"x\",\"y\"]", "Succeeded" },
	};
#undef JOB
	const struct flow_says says[] = { { "look", "{\"bad\":[\"y\",\"w\"]}" },
					  { 0 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text =
		    noc_asprintf(FLOW_WORDS "flow 'f' { %s }", cases[i].flow);
		char *undo = noc_asprintf("%s!undo", cases[i].job);
		char *dir = state_make();
		struct fix f;

		flow_forget();
		flow_world.says = says;
		flow_world.holds = true;
		life_world = on_flow_world;
		life_open(&f, dir, noc_clock_read(), text);
		fix_command(&f,
			    "{\"verb\":\"freeze.add\",\"match\":{\"device\":"
			    "\"z\"},\"for_ms\":3600000,\"why\":\"x\"}",
			    NULL);
		fix_start_flow(&f, "f");
		flow_reply(&f, 0);
		flow_reply_to(&f, cases[i].job);
		undoes_of(&f, cases[i].items);
		life_dies(&f, dir, text);
		fix_advance(&f, 1000); /* it is tried again */
		undoes_of(&f, cases[i].items);
		flow_reply_to(&f, undo);
		flow_reply_to(&f, "c");
		flow_ended(&f, cases[i].state);
		life_done(&f, dir);
		flow_forget();
		free(text);
		free(undo);
	}
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

/* One of the devices of a job is frozen by now: none of it is taken back, and
 * people hear of it. */
static void
test_a_job_with_a_frozen_device(void **state)
{
	static const struct {
		const char *items;
		bool loud;
	} cases[] = { { "", true }, { ", items = { 'x' }", false } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    "flow 'f' { put('job', { targets = { { name = 'x' }, 'y' },"
		    " undo = back() }), undo 'back' { step = 'job'%s } }",
		    cases[i].items);
		struct fix f;

		flow_open(&f, text, NULL);
		flow_world.holds = true;
		flow_start(&f, "active", "{\"device\":\"sw1\"}");
		fix_command(&f,
			    "{\"verb\":\"freeze.add\",\"match\":{\"device\":"
			    "\"y\"},\"for_ms\":3600000,\"why\":\"x\"}",
			    NULL);
		flow_reply_to(&f, "job");
		assert_int_equal(flow_made("job!undo"), !cases[i].loud);
		if (!cases[i].loud)
			flow_reply_to(&f, "job!undo");
		flow_ended(&f, cases[i].loud ? "Failed" : "Succeeded");
		assert_int_equal(fix_count(&f, "y is frozen by freeze f1"),
				 cases[i].loud);
		assert_int_equal(
		    fix_said(&f, "could not undo job (freeze): it stays"),
		    cases[i].loud);
		flow_close(&f);
		free(text);
	}
}

/* One that failed before the restart is not forgotten by it. */
static void
test_an_undo_step_counts_over_a_restart(void **state)
{
	static const char text[] = FLOW_WORDS
	    "flow 'f' { each 'all' { over = { 'x', 'y' }, put('p', { undo ="
	    " back() }) }, undo 'back' { step = 'all' }, get 'c' }";
	const struct flow_says says[] = { { "[x]/p!undo", "permanent" },
					  { 0 } };
	char *dir = state_make();
	struct fix f;

	(void)state;
	flow_forget();
	flow_world.says = says;
	flow_world.holds = true;
	life_world = on_flow_world;
	life_open(&f, dir, noc_clock_read(), text);
	fix_start_flow(&f, "f");
	flow_reply_to(&f, "all[x]/p");
	flow_reply_to(&f, "all[y]/p");
	flow_reply_to(&f, "all[x]/p!undo");
	life_dies(&f, dir, text);
	while (f.ncalls || fix_runs(&f)) {
		if (f.ncalls)
			flow_reply(&f, 0);
		else
			fix_advance(&f, 100);
	}
	assert_int_equal(fix_count(&f, "1 of 2 could not be undone"), 2);
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 1);
	life_done(&f, dir);
	flow_forget();
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
		cmocka_unit_test(test_an_undo_step),
		cmocka_unit_test(test_an_undo_step_at_the_end),
		cmocka_unit_test(test_an_undo_step_beside_a_failure),
		cmocka_unit_test(test_an_undo_sees_its_step),
		cmocka_unit_test(test_a_job_is_undone_for_some),
		cmocka_unit_test(test_what_is_in_doubt_is_undone),
		cmocka_unit_test(test_nothing_is_undone_that_was_never_tried),
		cmocka_unit_test(test_what_was_called_off_before_it_went_out),
		cmocka_unit_test(test_nothing_is_undone_that_was_withheld),
		cmocka_unit_test(test_the_kill_switch_pauses_it),
		cmocka_unit_test(test_a_freeze_makes_it_a_loud_failure),
		cmocka_unit_test(test_so_many_items_at_once),
		cmocka_unit_test(test_a_job_with_a_frozen_device),
		cmocka_unit_test(test_an_undo_step_counts_over_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
