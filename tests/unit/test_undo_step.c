/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/undo_fixture.h"

/* undo "x" { step = ... }: a flow takes back what it says. */

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
		  " { id = 2 } } }",
		  "all[1]/p all[2]/p all[2]/p!undo " },
		{ "each 'all' { over = { 1, 2 }, put('p', { undo = back() })"
		  " }, undo 'back' { step = 'all', items = { 2 } }",
		  "all[1]/p all[2]/p all[2]/p!undo " },
		/* Of two of one name the one that is meant. */
		{ "each 'all' { over = { { name = 'x', n = 1 }, { name = 'x',"
		  " n = 2 } }, key = '{item.n}', put('p', { undo = back() })"
		  " }, undo 'one' { step = 'all', items = { { name = 'x', n ="
		  " 2 } } }, undo 'both' { step = 'all', items = { 'x' } }",
		  "all[1]/p all[2]/p all[2]/p!undo all[1]/p!undo " },
		/* One that did nothing is one of them; none are none. */
		{ "each 'all' { over = { 'x', 'y' }, put('p', { undo = back(),"
		  " when = { item = 'x' } }), get 'q' }, undo 'back' { step ="
		  " 'all', items = { 'y' } }, undo 'too' { step = 'all', items"
		  " = {} }",
		  "all[x]/p all[y]/q all[x]/q " },
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

/* Who names what is no item of it means something else: nothing goes back,
 * before and after a death, and after its rows were lost. */
static void
test_names_that_are_none(void **state)
{
#define ALL                                                                 \
	"get 'look', each 'all' { over = '{steps.look.list}', put('p', {"   \
	" undo = back() }) }, get 'c', undo 'back' { step = 'all', items =" \
	" '{steps.c.bad}' }"
#define JOB                                                               \
	"get 'look', put('job', { targets = '{steps.look.list}',"         \
	" undo = back() }), get 'c', undo 'back' { step = 'job', items =" \
	" '{steps.c.bad}' }"
	static const struct {
		const char *flow, *bad, *says;
	} cases[] = {
		{ ALL, "[\"x\",\"zzz\"]", "'zzz' is no item of 'all'" },
		{ ALL, "[\"x\",7,{\"id\":1}]",
		  "'7', '1' are no items of 'all'" },
		{ ALL, "[1,2,3,4,5,6,7,8]",
		  "'1', '2', '3', '4', '5' and 3 more are no items" },
		{ ALL, "\"x\"", "'items' is no list" },
		{ JOB, "[\"zzz\"]", "'zzz' is no target of 'job'" },
		{ JOB, "[\"x\",{\"name\":\"a\"},{\"name\":\"b\"}]",
		  "'a', 'b' are no targets of 'job'" },
	};
#undef ALL
#undef JOB

	(void)state;
	for (size_t i = 0; i < 3 * NOC_COUNT(cases); i++) {
		char *look = noc_asprintf("{\"bad\":%s}", cases[i / 3].bad);
		char *text = noc_asprintf("flow 'f' { %s }", cases[i / 3].flow);
		const struct flow_says says[] = {
			{ "look", "{\"list\":[\"x\",\"y\"]}" },
			{ "c", look },
			{ 0 }
		};
		struct undo u;

		undo_open(&u, text, says);
		fix_start_flow(&u.f, "f");
		while (!flow_is_out(&u.f, "c"))
			flow_reply(&u.f, 0);
		if (i % 3 == 1)
			undo_dies(&u);
		else if (i % 3 == 2)
			life_again(&u.f, u.dir, u.rules);
		undo_goes_on(&u);
		flow_ended(&u.f, "Failed");
		if (fix_count(&u.f, cases[i / 3].says) < 1) {
			fix_dump(&u.f);
			fail_msg("'%s' is not said", cases[i / 3].says);
		}
		assert_int_equal(fix_count(&u.f, "STEP_DONE back  undo "
						 "failed: permanent"),
				 1);
		assert_int_equal(fix_count(&u.f, "!undo"), 0);
		undo_close(&u);
		free(look);
		free(text);
	}
}

/* An item that did nothing is one all the same. */
static void
test_an_item_that_did_nothing(void **state)
{
	static const struct flow_says says[] = {
		{ "look", "{\"list\":[\"x\",\"y\",\"z\"]}" }, { 0 }
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct undo u;

		undo_open(&u,
			  "flow 'f' { get 'look', each 'all' { over ="
			  " '{steps.look.list}', put('p', { undo = back(), when"
			  " = { item = 'x' } }) }, get 'c', undo"
			  " 'back' { step = 'all', items = { 'y', 'x' } } }",
			  says);
		fix_start_flow(&u.f, "f");
		while (!flow_is_out(&u.f, "c"))
			flow_reply(&u.f, 0);
		if (i == 1)
			undo_dies(&u);
		else if (i == 2)
			life_again(&u.f, u.dir, u.rules);
		undo_goes_on(&u);
		flow_ended(&u.f, "Succeeded");
		assert_int_equal(flow_made("all[x]/p!undo"), 1);
		undo_close(&u);
	}
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
 * it went to: in no case for z, which is frozen.  Also after a death. */
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
		  "job", "[\"y\"]", "Succeeded" },
		{ JOB ", undo 'back' { step = 'job' }, get 'c'", "job",
		  "[\"x\",\"y\"]", "Succeeded" },
		{ "on_fail = { undo = 'run', get 'c' }, " JOB ", fail 'no'",
		  "job", "[\"x\",\"y\"]", "Failed" },
		{ "each 'all' { over = { '1' }, need = 'any', undo ="
		  " 'failed_items', " JOB ", fail 'no' }, get 'c'",
		  "all[1]/job", "[\"x\",\"y\"]", "Succeeded" },
	};
#undef JOB
	/* What a called flow sent out is what takes the call back is about. */
	static const char called[] =
	    "flow 'g' { input = { hosts = 'list' }, get 'own', put('push', {"
	    " targets = '{input.hosts}' }) }\n"
	    "flow 'f' { on_fail = { undo = 'run', get 'c' }, get 'look', step"
	    " 'job' { call 'g' { hosts = { 'x', 'y', 'z' } }, "
	    "undo = { snmp.set { a = '{undo.items:json}' }, timeout = '5s' } }, fail 'no' }";
	const struct flow_says says[] = { { "look", "{\"bad\":[\"y\",\"z\"]}" },
					  { 0 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("flow 'f' { %s }", cases[i].flow);
		char *undo = noc_asprintf("%s!undo", cases[i].job);
		struct undo u;

		undo_open(&u, text, says);
		fix_command(&u.f,
			    "{\"verb\":\"freeze.add\",\"match\":{\"device\":"
			    "\"z\"},\"for_ms\":3600000,\"why\":\"x\"}",
			    NULL);
		fix_start_flow(&u.f, "f");
		flow_reply(&u.f, 0);
		flow_reply_to(&u.f, cases[i].job);
		undoes_of(&u.f, cases[i].items);
		undo_dies(&u);
		fix_advance(&u.f, 1000); /* it is tried again */
		undoes_of(&u.f, cases[i].items);
		flow_reply_to(&u.f, undo);
		flow_reply_to(&u.f, "c");
		flow_ended(&u.f, cases[i].state);
		undo_close(&u);
		free(text);
		free(undo);
	}
	for (int die = 0; die < 3; die++) {
		struct undo u;

		undo_open(&u, called, says);
		fix_command(&u.f,
			    "{\"verb\":\"freeze.add\",\"match\":{\"device\":"
			    "\"z\"},\"for_ms\":3600000,\"why\":\"x\"}",
			    NULL);
		fix_start_flow(&u.f, "f");
		flow_reply(&u.f, 0);
		flow_reply_to(&u.f, "job/own");
		if (die == 1) { /* it is looked whether it happened */
			undo_dies(&u);
			fix_advance(&u.f, 1000);
		}
		flow_reply_to(&u.f, "job/push");
		if (die == 2)
			undo_dies(&u);
		fix_advance(&u.f, 1000);
		undoes_of(&u.f, "[\"x\",\"y\"]");
		flow_reply_to(&u.f, "job!undo");
		flow_reply_to(&u.f, "c");
		flow_ended(&u.f, "Failed");
		undo_close(&u);
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
	static const struct flow_says says[] = { { "[x]/p!undo", "permanent" },
						 { 0 } };
	struct undo u;

	(void)state;
	undo_open(&u,
		  "flow 'f' { each 'all' { over = { 'x', 'y' }, put('p', {"
		  " undo = back() }) }, undo 'back' { step = 'all' }, get 'c'"
		  " }",
		  says);
	fix_start_flow(&u.f, "f");
	flow_reply_to(&u.f, "all[x]/p");
	flow_reply_to(&u.f, "all[y]/p");
	flow_reply_to(&u.f, "all[x]/p!undo");
	undo_dies(&u);
	undo_goes_on(&u);
	assert_int_equal(fix_count(&u.f, "1 of 2 could not be undone"), 2);
	assert_int_equal(fix_count(&u.f, "RUN_END Failed"), 1);
	undo_close(&u);
}

/* A flow that is called to take a step back. */
static void
test_an_undo_by_a_call(void **state)
{
	static const struct flow_says says[] = { { "bad", "permanent" },
						 { "job", "{\"k\":7}" },
						 { "a!undo/g/no", "permanent" },
						 { 0 } };
	static const struct {
		const char *flow, *order;
	} cases[] = {
		/* Its input sees what the step gave; its own undos are none. */
		{ "put('job', { undo = call 'r' { x = '{steps.job.k}' } }),"
		  " get 'bad'",
		  "job bad job!undo/x7 job!undo/last " },
		{ "put('job', { undo = step 'back' { call 'r' { x = 1 },"
		  " timeout = '1m', block = 'executor' } }), get 'bad'",
		  "job bad job!undo/x1 job!undo/last " },
		{ "put('job', { undo = step 'back' { exec { 'y' }, timeout ="
		  " '3s' } }), get 'bad'",
		  "job bad job!undo " },
		/* The last first; each has its own. */
		{ "each 'all' { over = { 'u', 'v' }, limit = 1, put('p', { undo"
		  " = call 'r' { x = '{item}' } }) }, step 'fix' { call 'g',"
		  " undo = call 'r' { x = 'g' } }, get 'bad'",
		  "all[u]/p all[v]/p fix/ok bad fix!undo/xg fix!undo/last"
		  " all[u]/p!undo/xu all[v]/p!undo/xv all[u]/p!undo/last"
		  " all[v]/p!undo/last " },
		/* What fails in it stops no other. */
		{ "put('b', { undo = back() }), put('a', { undo = call 'h' }),"
		  " get 'bad'",
		  "b a bad a!undo/g/no b!undo " },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    "flow 'r' { input = { x = 'any' }, put('x1', { when = {"
		    " ['input.x'] = 1 } }), put('x7', { when = { ['input.x'] ="
		    " 7 } }), put('xg', { when = { ['input.x'] = 'g' } }),"
		    " put('xu', { when = { ['input.x'] = 'u' } }), put('xv', {"
		    " when = { ['input.x'] = 'v' } }), put('last', { undo ="
		    " back() }) }\n"
		    "flow 'g' { get 'ok' }\n"
		    "flow 'n' { get 'no', put 'never' }\n"
		    "flow 'h' { step 'g' { call 'n' }, put 'never' }\n"
		    "flow 'f' { on_fail = { undo = 'run' }, %s }",
		    cases[i].flow);

		flow_whole(text, says, "Failed", cases[i].order);
		free(text);
	}
}

/* It goes on when the run was cancelled; when the time for what takes back is
 * over it begins nothing more, and that is told. */
static void
test_an_undo_by_a_call_ends(void **state)
{
	static const char text[] =

	    "flow 'r' { put 'one', sleep '10s', put 'two' }\n"
	    "flow 'f' { on_cancel = 'undo', on_fail = { undo = 'run', timeout"
	    " = '%s' }, put('a', { undo = call 'r' }), sleep '1h' }";

	(void)state;
	for (int late = 0; late < 2; late++) {
		char *rules = noc_asprintf(text, late ? "5s" : "1m");
		char *json, id[NOC_ID_TEXT];
		struct noc_id run;
		struct fix f;

		run = flow_begin(&f, rules, NULL);
		json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\"}",
				    noc_id_format(id, &run));
		assert_int_equal(fix_command(&f, json, NULL), 0);
		free(json);
		fix_advance(&f, 60 * 1000);
		flow_ended(&f, "Cancelled");
		assert_string_equal(flow_order(),
				    late ? "a a!undo/one "
					 : "a a!undo/one a!undo/two ");
		assert_int_equal(fix_count(&f, "STEP_DONE a!undo r "), 1);
		assert_int_equal(fix_said(&f, "could not undo a"), late);
		flow_close(&f);
		free(rules);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_undo_step),
		cmocka_unit_test(test_an_undo_step_at_the_end),
		cmocka_unit_test(test_an_undo_step_beside_a_failure),
		cmocka_unit_test(test_names_that_are_none),
		cmocka_unit_test(test_an_item_that_did_nothing),
		cmocka_unit_test(test_a_job_is_undone_for_some),
		cmocka_unit_test(test_a_job_with_a_frozen_device),
		cmocka_unit_test(test_an_undo_step_counts_over_a_restart),
		cmocka_unit_test(test_an_undo_by_a_call),
		cmocka_unit_test(test_an_undo_by_a_call_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
