/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/memory/seen.h"
#include "engine/run/runner.h"
#include "tests/unit/fork_fixture.h"

/* What of a run is copied by a fork, by what it held, and what is done again.
 */

/* ---- a list ---- */

static void
test_it_goes_on_at_what_failed(void **state)
{
	static const struct flow_says bad[] = { { "b", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, LIST, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "b c ");
	assert_int_equal(t.copied, 1);
	assert_int_equal(fork_rows(&t, COPIED), 1);
	assert_int_equal(fork_rows(&t, "count(*)"), 3);
	assert_int_equal(
	    fix_count(&t.f, "\"forked_from\":{\"failed\":true,\"run\""), 1);
	fork_close(&t);
}

static void
test_it_does_again_from_a_step_on(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Succeeded", "b c ");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("c"), "Succeeded", "c ");
	assert_int_equal(t.copied, 2);
	fork_close(&t);
}

/* Nothing that failed is done, and a person has to say which way. */
static void
test_what_is_not_said_is_refused(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, NULL);
	fork_refused(&t, "\"why\":\"w\"", "say one of them");
	fork_refused(&t, FAILED "," FROM("a"), "say one of them");
	fork_refused(&t, FAILED, "Nothing of the run failed: --from STEP");
	fork_refused(&t, FAILED_ITEMS, "has items that did not succeed");
	fork_refused(&t, FROM("bb"),
		     "no step 'bb' in f; did you mean 'b'? "
		     "It has: a, b, c.");
	fork_refused(&t, FROM("quite"), "no step 'quite' in f; it has: a, b");
	fork_refused(&t, FROM("a/b"), "there is nothing in 'a'");
	fork_refused(&t, FROM("a") ",\"plan\":\"old\"", "not 'old'");
	strcpy(t.run, "0");
	fork_refused(&t, FROM("a"), "first 4 or more");
	strcpy(t.run, "ffffffff");
	fork_refused(&t, FROM("a"), "No run has the id");
	assert_string_equal(flow_order(), "");
	assert_int_equal(fix_count(&t.f, "RUN_START"), 0);
	fork_close(&t);
}

static void
test_one_that_runs_is_to_be_cancelled_first(void **state)
{
	static const struct flow_says out[] = { { "b", "?" }, { 0 } };
	struct noc_id id;
	struct fork t;

	(void)state;
	fork_open(&t, LIST, out);
	id = flow_start(&t.f, "active", "{\"device\":\"sw1\"}");
	noc_id_format(t.run, &id);
	life_written(&t.f);
	fork_refused(&t, FAILED, "has not ended: `nocturne run cancel");
	fork_close(&t);
}

/* ---- side by side, choices, calls ---- */

static void
test_what_stands_beside_is_copied(void **state)
{
	static const char text[] =
	    "flow \"f\" { put \"a\", parallel { { put \"l1\", put \"l2\" }, "
	    "{ put \"r1\", put \"r2\" } }, put \"z\" }";
	static const struct flow_says bad[] = { { "l2", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "l2 z ");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("r1"), "Succeeded", "r1 r2 z ");
	assert_int_equal(t.copied, 3);
	fork_close(&t);
}

/* Also one that stands before it in the flow. */
static void
test_what_waits_for_it_is_done_again(void **state)
{
	static const char text[] =
	    "flow \"f\" { put(\"first\", { after = \"last\" }), put \"m\","
	    " put(\"last\", { after = \"m\" }),"
	    " put(\"sorry\", { after = { m = \"failed\" } }),"
	    " put(\"any\", { after = { sorry = \"always\" } }) }";
	static const struct flow_says bad[] = { { "m", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("last"), "Succeeded", "last first ");
	/* What was not reached is not reached again; nor is what it said. */
	assert_int_equal(t.copied, 2);
	forget_calls(&t, bad);
	fork_does(&t, FROM("m"), "Succeeded", "m sorry any ");
	forget_calls(&t, NULL);
	/* The failure was handled: who forks it does it again all the same. */
	fork_does(&t, FAILED, "Succeeded", "m last any first ");
	fork_close(&t);
}

static void
test_what_was_chosen_stays_chosen(void **state)
{
	static const char text[] =
	    "flow \"f\" { get \"look\", choose \"way\" {"
	    " { when = { [\"steps.look.up\"] = 1 }, put \"l1\", put \"l2\" },"
	    " otherwise = { put \"r1\" } }, put \"z\" }";
	static const struct flow_says up[] = { { "look", "{\"up\":1}" },
					       { "l2", "permanent" },
					       { 0 } };
	static const struct flow_says good[] = { { "look", "{\"up\":1}" },
						 { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, up);
	fork_run(&t, "Failed");
	forget_calls(&t, NULL);
	fork_refused(&t, FROM("r1"),
		     "did not come to 'r1': --from way decides that anew");
	fork_does(&t, FAILED, "Succeeded", "l2 z ");
	fork_refused(&t, FROM("r1"), "did not come to 'r1'");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("way"), "Succeeded", "l1 l2 z ");
	forget_calls(&t, NULL); /* it says that it is not up */
	fork_does(&t, FROM("look"), "Succeeded", "look r1 z ");
	forget_calls(&t, good);
	fork_does(&t, FROM("r1"), "Succeeded", "r1 z ");
	fork_close(&t);
}

static void
test_a_called_flow_goes_on_inside(void **state)
{
	static const char text[] =
	    "flow \"g\" { input = { x = \"string\" }, output = { y = "
	    "\"{input.x}!\" }, put(\"g1\", { target = \"{input.x}\" }), "
	    "put(\"g2\", { target = \"{input.x}\" }) }"
	    "flow \"f\" { get \"look\", step \"c\" { call \"g\" { x = "
	    "\"{steps.look.n}\" } }, put(\"z\", { target = \"{steps.c.y}\" }) }";
	static const struct flow_says bad[] = { { "look", "{\"n\":\"q\"}" },
						{ "g2", "permanent" },
						{ 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "c/g2 z ");
	/* What the steps before gave, and what it was called with. */
	assert_int_equal(fix_count(&t.f, "STEP_START c/g2 q"), 1);
	assert_int_equal(fix_count(&t.f, "STEP_START z q!"), 1);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("z"), "Succeeded", "z ");
	assert_int_equal(fix_count(&t.f, "STEP_START z q!"), 1);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("c/g1"), "Succeeded", "c/g1 c/g2 z ");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("c"), "Succeeded", "c/g1 c/g2 z ");
	fork_refused(&t, FROM("c/g3"), "did you mean 'g1'? It has: g1, g2.");
	fork_refused(&t, FROM("c[x]/g1"), "there is nothing in 'c'");
	fork_close(&t);
}

/* What was not called, and what stands in a branch that was not taken. */
static void
test_what_it_did_not_come_to_is_refused(void **state)
{
	static const char text[] =
	    "flow \"g\" { put \"g1\" }"
	    "flow \"f\" { get \"look\", choose \"way\" {"
	    " { when = { [\"steps.look.up\"] = 1 }, put \"l1\" },"
	    " otherwise = { choose \"in\" { { when = { [\"steps.look.up\"] ="
	    " 2 }, call \"g\" {} }, otherwise = { put \"r1\" } } } },"
	    " step \"c\" { call \"g\" {}, when = { [\"steps.look.up\"] = 2 } },"
	    " put \"z\" }";
	static const struct flow_says up[] = { { "look", "{\"up\":1}" },
					       { "z", "permanent" },
					       { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, up);
	fork_run(&t, "Failed");
	forget_calls(&t, NULL);
	fork_refused(&t, FROM("r1"), "--from way decides that anew");
	fork_refused(&t, FROM("in"), "--from way decides that anew");
	fork_refused(&t, FROM("g/g1"), "come to 'g/g1': --from way decides");
	fork_refused(&t, FROM("c/g1"), "come to 'c/g1': --from c decides");
	assert_string_equal(flow_order(), "");
	assert_int_equal(fix_count(&t.f, "RUN_START"), 0);
	forget_calls(&t, up);
	fork_does(&t, FROM("c"), "Failed", "z ");
	fork_close(&t);
}

/* Nor does what waits for a failure begin when there was none. */
static void
test_what_waits_for_another_end_is_refused(void **state)
{
	static const char text[] =
	    "flow \"g\" { put \"g1\" }"
	    "flow \"f\" { put \"m\","
	    " put(\"sorry\", { after = { m = \"failed\" } }),"
	    " step \"c\" { call \"g\" {}, after = \"sorry\" },"
	    " put(\"z\", { after = { m = \"ok\" } }) }";
	static const struct flow_says bad[] = { { "z", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, bad);
	fork_refused(&t, FROM("sorry"), "come to 'sorry': --from m decides");
	fork_refused(&t, FROM("c"), "come to 'c': --from m decides");
	fork_refused(&t, FROM("c/g1"), "come to 'c/g1': --from m decides");
	assert_string_equal(flow_order(), "");
	fork_does(&t, FAILED, "Failed", "z ");
	fork_close(&t);
}

/* on_fail and finally are always new: what they did is not gone. */
static void
test_what_ended_it_is_not_gone(void **state)
{
	static const char text[] =
	    "flow \"f\" { put \"a\", put \"b\","
	    " on_fail = { put \"sorry\" }, finally = { put \"last\" } }";
	static const char less[] = "flow \"f\" { put \"b\" }";
	static const struct flow_says bad[] = { { "b", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, bad);
	fork_does(&t, FAILED, "Failed", "b sorry last ");
	assert_int_equal(t.gone, 0);
	forget_calls(&t, NULL);
	fork_reopen(&t, less);
	fork_does(&t, FAILED ",\"plan\":\"current\"", "Succeeded", "b ");
	assert_int_equal(t.gone, 1);
	fork_close(&t);
}

/* ---- fan-outs ---- */

static void
test_items_go_on_where_they_failed(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, EACH("collect = { v = \"steps.look.v\" },"), b_fails);
	fork_run(&t, "Failed");
	assert_string_equal(flow_order(), "e[a]/look e[a]/set e[b]/look "
					  "e[b]/set ");
	forget_calls(&t, well);
	fork_does(&t, FAILED, "Succeeded",
		  "e[b]/set e[c]/look e[c]/set e[d]/look e[d]/set z ");
	/* What was collected of those that are copied is there. */
	assert_int_equal(fix_count(&t.f, "STEP_START z 4 [{\"key\":\"a\","
					 "\"state\":\"Succeeded\",\"v\":7}"),
			 1);
	assert_int_equal(fork_rows(&t, COPIED " * 100 + count(*)"),
			 400 + 4 + 8 + 2);
	fork_close(&t);
}

static void
test_items_that_failed_are_done_again_whole(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, EACH("need = \"any\","), b_fails);
	fork_run(&t, "Succeeded");
	forget_calls(&t, well);
	fork_does(&t, FAILED_ITEMS, "Succeeded", "e[b]/look e[b]/set z ");
	assert_int_equal(fork_rows(&t, COPIED), 9);
	assert_int_equal(fork_rows(&t, "sum(path = 'e' AND state = "
				       "'Succeeded' AND json_extract(json, "
				       "'$.output.ok') = 4)"),
			 1);
	fork_refused(&t, FAILED_ITEMS, "has items that did not succeed");
	fork_close(&t);
}

/* When one is enough and went well, no other is begun. */
static void
test_no_item_is_done_that_is_not_needed(void **state)
{
	static const struct flow_says a_fails[] = { { "look", "{\"v\":7}" },
						    { "e[a]/set", "permanent" },
						    { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, EACH("need = \"first\","), a_fails);
	fork_run(&t, "Succeeded");
	forget_calls(&t, well);
	fork_refused(&t, FAILED_ITEMS, "has items that did not succeed");
	fork_refused(&t, FROM("e[a]"), "--from e decides that anew");
	fork_refused(&t, FROM("e[a]/set"), "--from e decides that anew");
	assert_string_equal(flow_order(), "");
	fork_does(&t, FROM("e[b]/set"), "Succeeded", "e[a]/set e[b]/set z ");
	fork_close(&t);
}

static void
test_an_item_is_done_again_from_a_step_on(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, EACH(""), NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, well);
	fork_does(&t, FROM("e[c]/set"), "Succeeded", "e[c]/set z ");
	forget_calls(&t, well);
	fork_does(&t, FROM("e[d]"), "Succeeded", "e[d]/look e[d]/set z ");
	forget_calls(&t, well);
	fork_does(&t, FROM("z"), "Succeeded", "z ");
	forget_calls(&t, well);
	fork_refused(&t, FROM("e/set"), "e[KEY]/STEP is a step in one");
	fork_refused(&t, FROM("e[x]"), "No item 'e[x]' of the run has begun");
	fork_refused(&t, FROM("e[a]/sett"), "did you mean 'set'?");
	fork_does(&t, FROM("e"), "Succeeded",
		  "e[a]/look e[a]/set e[b]/look e[b]/set e[c]/look e[c]/set "
		  "e[d]/look e[d]/set z ");
	fork_close(&t);
}

/* In the order of the waves, with the check of each that has something new. */
static void
test_waves_are_gone_through_again(void **state)
{
	static const char text[] =
	    "flow \"f\" { each \"e\" { over = { \"a\", \"b\", \"c\", \"d\" },"
	    " waves = { \"1\", \"2\", \"rest\" }, need = \"any\","
	    " check = { get \"ask\" },"
	    " put(\"set\", { target = \"{item}\" }) } }";
	static const struct flow_says bad[] = { { "e[a]/set", "permanent" },
						{ "e[d]/set", "permanent" },
						{ 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Succeeded");
	assert_string_equal(flow_order(),
			    "e[a]/set e[!1]/ask e[b]/set e[c]/set e[!2]/ask "
			    "e[d]/set e[!3]/ask ");
	forget_calls(&t, NULL);
	fork_does(&t, FAILED_ITEMS, "Succeeded",
		  "e[a]/set e[!1]/ask e[d]/set e[!3]/ask ");
	fork_close(&t);
}

static void
test_a_fan_out_in_an_item(void **state)
{
	static const char text[] =
	    "flow \"f\" { each \"o\" { over = { \"x\", \"y\" }, limit = 1,"
	    " each \"e\" { over = { \"a\", \"b\" }, as = \"p\", limit = 1,"
	    " need = \"any\", put(\"set\", { target = \"{p}\" }) },"
	    " put(\"end\", { target = \"{item}\" }) } }";
	static const struct flow_says bad[] = { { "o[y]/e[a]", "permanent" },
						{ 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Succeeded");
	forget_calls(&t, NULL);
	fork_does(&t, FAILED_ITEMS, "Succeeded", "o[y]/e[a]/set o[y]/end ");
	forget_calls(&t, NULL);
	fork_refused(&t, FROM("o[x]/e[c]"), "No item 'o[x]/e[c]' of the run");
	fork_refused(&t, FROM("o[x]/d[a]"), "no step 'o[x]/d[a]' in f");
	fork_refused(&t, FROM("o[x]]"), "there is nothing in 'o'");
	fork_does(&t, FROM("o[x]/e[b]"), "Succeeded",
		  "o[x]/e[b]/set o[x]/end ");
	fork_close(&t);
}

/* ---- undo ---- */

static void
test_what_was_undone_is_done_again(void **state)
{
	static const char text[] =
	    "flow \"f\" { put(\"a\", { undo = back() }), put \"m\","
	    " put \"b\", on_fail = { undo = \"run\" } }";
	static const struct flow_says bad[] = { { "b", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, NULL);
	/* And with it all that comes after it. */
	fork_does(&t, FAILED, "Succeeded", "a m b ");
	fork_close(&t);
}

/* What the original did stays: only a step that says so takes it back. */
static void
test_what_is_copied_is_not_undone_unasked(void **state)
{
	static const char text[] =
	    "flow \"f\" { put(\"a\", { undo = back() }), put(\"b\", "
	    "{ undo = back() }), put \"c\", on_fail = { undo = \"run\" } }";
	static const struct flow_says bad[] = { { "c", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, bad);
	fork_does(&t, FROM("b"), "Failed", "b c b!undo ");
	assert_int_equal(fix_count(&t.f, "STEP_DONE b!undo"), 1);
	assert_int_equal(fix_count(&t.f, "a!undo"), 0);
	fork_close(&t);
}

static void
test_an_undo_step_takes_back_what_is_copied(void **state)
{
	static const char text[] =
	    "flow \"f\" { each \"e\" { over = { \"a\", \"b\" }, limit = 1,"
	    " put(\"set\", { target = \"{item}\", undo = snmp.set { a = "
	    "'{item}' } }) }, get \"look\", undo \"back\" { step = \"e\","
	    " items = \"{steps.look.bad}\" } }";
	static const struct flow_says bad[] = { { "look", "{\"bad\":[\"b\"]}" },
						{ 0 } };
	static const struct flow_says none[] = { { "look", "{\"bad\":[]}" },
						 { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, none);
	fork_run(&t, "Succeeded");
	forget_calls(&t, bad);
	fork_does(&t, FROM("look"), "Succeeded", "look e[b]/set!undo ");
	assert_int_equal(fix_count(&t.f, "STEP_DONE e[b]/set!undo"), 1);
	/* It stays so, until what took it back is done again. */
	forget_calls(&t, none);
	fork_refused(&t, FAILED_ITEMS, "has items that did not succeed");
	assert_string_equal(flow_order(), "");
	fork_does(&t, FROM("look"), "Succeeded", "e[b]/set look ");
	fork_close(&t);
}

/* Done and taken back on purpose: from a step after that it stays done and
 * taken back, also in the fork of a fork and when the rest is taken back. */
static void
test_what_was_taken_back_on_purpose_stays_so(void **state)
{
#define A "put(\"a\", { undo = back() })"
	static const struct {
		const char *flow, *more, *order;
	} cases[] = {
		{ A ", get \"look\", undo \"back\" { step = \"a\" }, put \"c\"",
		  FROM("c"), "c " },
		{ A ", get \"look\", undo \"back\" { step = \"a\" }, put \"c\"",
		  FROM("back"), "a look a!undo c " },
		{ A ", get \"look\", undo \"back\" { step = \"a\" }, put \"c\"",
		  FROM("look"), "a look a!undo c " },
		{ A ", put(\"b\", { undo = back() }), undo \"one\" { step ="
		    " \"b\" }, undo \"two\" { step = \"a\" }, put \"c\"",
		  FROM("two"), "a b b!undo a!undo c " },
		{ A ", put(\"b\", { undo = back() }), undo \"one\" { step ="
		    " \"b\" }, put \"m\", put \"c\"",
		  FROM("m"), "m c " },
		{ "each \"e\" { over = { \"x\", \"y\" }, limit = 1, " A
		  " }, undo \"back\" { step = \"e\", items = { \"y\" } },"
		  " put \"c\"",
		  FROM("c"), "c " },
		{ "each \"e\" { over = { \"x\", \"y\" }, limit = 1, " A
		  " }, undo \"back\" { step = \"e\", items = { \"y\" } },"
		  " put \"c\", undo \"all\" { step = \"e\" }",
		  FROM("c"), /* Before c it was not so for x. */
		  "e[x]/a e[y]/a e[y]/a!undo c e[x]/a!undo " },
		{ "each \"e\" { over = { \"x\", \"y\" }, limit = 1, " A
		  ", undo \"own\" { step = \"a\" }, put \"q\" }, put \"c\"",
		  FROM("e[y]/q"), "e[y]/q c " },
		{ "each \"e\" { over = { \"x\", \"y\" }, limit = 1, " A
		  ", undo \"own\" { step = \"a\" }, put \"q\" }, put \"c\"",
		  FROM("e[y]/own"), "e[y]/a e[y]/a!undo e[y]/q c " },
	};
#undef A

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("flow \"f\" { %s }", cases[i].flow);
		struct fork t;

		fork_open(&t, text, NULL);
		fork_run(&t, "Succeeded");
		for (int k = 0; k < 2; k++) {
			forget_calls(&t, NULL);
			if (k)
				fork_reopen(&t, NULL);
			fork_does(&t, cases[i].more, "Succeeded",
				  cases[i].order);
		}
		fork_close(&t);
		free(text);
	}
}

/* So it is when it goes on at what failed; what the run took back when it
 * failed is done again. */
static void
test_who_took_it_back_makes_the_difference(void **state)
{
	static const char text[] =
	    "flow \"f\" { put(\"a\", { undo = back() }), put(\"b\", { undo ="
	    " back() }), undo \"back\" { step = \"a\" }, put \"c\","
	    " on_fail = { %s } }";
	static const struct flow_says bad[] = { { "c", "permanent" }, { 0 } };
	static const struct {
		const char *on_fail, *order;
	} cases[] = {
		{ "log \"x\"", "c " },
		/* b is, and with it what comes after it. */
		{ "undo = \"run\"", "a b a!undo c " },
		{ "undo \"late\" { step = \"b\" }", "a b a!undo c " },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *flow = noc_asprintf(text, cases[i].on_fail);
		struct fork t;

		fork_open(&t, flow, bad);
		fork_run(&t, "Failed");
		forget_calls(&t, NULL);
		fork_does(&t, FAILED, "Succeeded", cases[i].order);
		fork_close(&t);
		free(flow);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_goes_on_at_what_failed),
		cmocka_unit_test(test_it_does_again_from_a_step_on),
		cmocka_unit_test(test_what_is_not_said_is_refused),
		cmocka_unit_test(test_one_that_runs_is_to_be_cancelled_first),
		cmocka_unit_test(test_what_stands_beside_is_copied),
		cmocka_unit_test(test_what_waits_for_it_is_done_again),
		cmocka_unit_test(test_what_was_chosen_stays_chosen),
		cmocka_unit_test(test_a_called_flow_goes_on_inside),
		cmocka_unit_test(test_what_it_did_not_come_to_is_refused),
		cmocka_unit_test(test_what_waits_for_another_end_is_refused),
		cmocka_unit_test(test_what_ended_it_is_not_gone),
		cmocka_unit_test(test_items_go_on_where_they_failed),
		cmocka_unit_test(test_items_that_failed_are_done_again_whole),
		cmocka_unit_test(test_no_item_is_done_that_is_not_needed),
		cmocka_unit_test(test_an_item_is_done_again_from_a_step_on),
		cmocka_unit_test(test_waves_are_gone_through_again),
		cmocka_unit_test(test_a_fan_out_in_an_item),
		cmocka_unit_test(test_what_was_undone_is_done_again),
		cmocka_unit_test(test_what_is_copied_is_not_undone_unasked),
		cmocka_unit_test(test_an_undo_step_takes_back_what_is_copied),
		cmocka_unit_test(test_what_was_taken_back_on_purpose_stays_so),
		cmocka_unit_test(test_who_took_it_back_makes_the_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
