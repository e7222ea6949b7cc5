/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/core/command.h"
#include "engine/memory/seen.h"
#include "engine/run/runner.h"
#include "tests/unit/flow_fixture.h"

/* A run that goes on from what another one has done: what of it is copied,
 * what is done again, and what is refused. */

struct fork {
	struct fix f;
	char *dir;   /* owned */
	char *rules; /* owned */
	char run[NOC_ID_TEXT];
	char said[600]; /* the last refusal */
	int64_t copied;
	size_t gone;
};

static void
fork_rules(struct fork *t, const char *text)
{
	free(t->rules);
	t->rules = noc_asprintf(FLOW_WORDS "%s", text);
}

static void
fork_open(struct fork *t, const char *text, const struct flow_says *says)
{
	/* So late that nothing is too old to be kept. */
	struct noc_now now = { .wall_ns = 4000000000 * NOC_NS_PER_S,
			       .boot_ns = 1000 * NOC_NS_PER_S };

	memset(t, 0, sizeof(*t));
	flow_forget();
	flow_world.says = says;
	t->dir = state_make();
	fork_rules(t, text);
	life_world = on_flow_world;
	life_open(&t->f, t->dir, now, t->rules);
}

/* Another process, with these rules now. */
static void
fork_reopen(struct fork *t, const char *text)
{
	if (text)
		fork_rules(t, text);
	life_written(&t->f);
	t->f.dead = true;
	life_close(&t->f);
	t->f.now.wall_ns += 100 * NOC_NS_PER_MS;
	life_open(&t->f, t->dir, t->f.now, t->rules);
}

static void
fork_close(struct fork *t)
{
	life_done(&t->f, t->dir);
	free(t->rules);
	flow_forget();
	life_world = NULL;
}

static void
forget_calls(struct fork *t, const struct flow_says *says)
{
	fix_forget(&t->f);
	noc_strbuf_clear(&flow_world.order);
	flow_world.says = says;
}

/* flow "f" is done to its end, as the world says. */
static void
fork_run(struct fork *t, const char *state)
{
	struct noc_id id = flow_start(&t->f, "active", "{\"device\":\"sw1\"}");

	noc_id_format(t->run, &id);
	fix_advance(&t->f, 3600 * 1000);
	flow_ended(&t->f, state);
	life_written(&t->f);
	fix_forget(&t->f);
}

static void
on_said(int kind, const struct noc_value *answer, const char *message,
	void *arg)
{
	struct fork *t = arg;

	t->copied = noc_value_get_int(answer, "copied", -1);
	t->gone = noc_value_len(noc_value_get(answer, "gone"));
	snprintf(t->said, sizeof(t->said), "%s", message ? message : "");
	if (!kind)
		snprintf(t->run, sizeof(t->run), "%s",
			 noc_value_get_str(answer, "id", ""));
}

/* {"verb": "run.fork", "id": the last run, MORE}; *t->run is the new one. */
static void
fork_say(struct fork *t, const char *more)
{
	char *json = noc_asprintf("{\"verb\":\"run.fork\",\"id\":\"%s\","
				  "\"actor\":\"joe\",%s}",
				  t->run, more);
	struct noc_value *command = NULL;
	struct noc_err err;

	if (noc_json_parse(json, strlen(json), &command, &err))
		fail_msg("%s: %s", json, err.msg);
	noc_core_command(t->f.core, command, on_said, t, t->f.now);
	fix_pump(&t->f);
	noc_value_free(command);
	free(json);
}

static void
fork_refused(struct fork *t, const char *more, const char *part)
{
	fork_say(t, more);
	if (!strstr(t->said, part))
		fail_msg("'%s' does not say '%s'", t->said, part);
}

/* It is forked, and ends like this, having called these. */
static void
fork_does(struct fork *t, const char *more, const char *state,
	  const char *order)
{
	fork_say(t, more);
	assert_string_equal(t->said, "");
	fix_advance(&t->f, 3600 * 1000);
	if (strcmp(flow_order(), order) || fix_runs(&t->f))
		fix_dump(&t->f);
	assert_string_equal(flow_order(), order);
	flow_ended(&t->f, state);
	life_written(&t->f);
}

#define FROM(step)   "\"from\":\"" step "\""
#define FAILED	     "\"failed\":true"
#define FAILED_ITEMS "\"failed_items\":true"

/* One number of the rows of the last run. */
static int64_t
fork_rows(struct fork *t, const char *what)
{
	char *sql = noc_asprintf("SELECT %s FROM steps s WHERE s.run ="
				 " (SELECT id FROM runs ORDER BY n DESC"
				 " LIMIT 1)",
				 what);
	int64_t n = state_int(t->dir, sql);

	free(sql);
	return n;
}

#define COPIED "sum(json_extract(s.json, '$.copied') IS NOT NULL)"

/* ---- a list ---- */

#define LIST "flow \"f\" { put \"a\", put \"b\", put \"c\" }"

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

#define EACH(more)                                                         \
	"flow \"f\" { each \"e\" { over = { \"a\", \"b\", \"c\", \"d\" }," \
	" limit = 1, " more " get(\"look\", { output = { v = \"v\" } }),"  \
	" put(\"set\", { target = \"{item}\" }) },"                        \
	" put(\"z\", { target = \"{steps.e.ok} {steps.e.items:json}\" }) }"

static const struct flow_says b_fails[] = { { "look", "{\"v\":7}" },
					    { "e[b]/set", "permanent" },
					    { 0 } };
static const struct flow_says well[] = { { "look", "{\"v\":8}" }, { 0 } };

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
	/* It was, so it is not done any more. */
	forget_calls(&t, none);
	fork_does(&t, FAILED_ITEMS, "Succeeded", "e[b]/set look ");
	fork_close(&t);
}

/* ---- what is not known ---- */

static void
test_what_is_in_doubt_is_not_done(void **state)
{
	static const struct flow_says out[] = { { "b", "?" }, { 0 } };
	struct noc_id id;
	struct fork t;
	char *json;

	(void)state;
	fork_open(&t, LIST, out);
	id = flow_start(&t.f, "active", "{\"device\":\"sw1\"}");
	noc_id_format(t.run, &id);
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\","
			    "\"force\":true}",
			    t.run);
	assert_int_equal(fix_command(&t.f, json, NULL), 0);
	free(json);
	fix_advance(&t.f, 60000);
	life_written(&t.f);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "b c ");
	fork_close(&t);
}

/* ---- plans, input, modes ---- */

static void
test_the_flow_as_it_is_now(void **state)
{
	static const char then[] =
	    "flow \"f\" { put \"a\", put \"old\", get \"g\", put \"b\","
	    " put \"c\" }";
	static const char now[] =
	    "flow \"f\" { put \"new\", put \"a\", put \"g\", put \"b\","
	    " put \"c\" }";
	static const struct flow_says bad[] = { { "c", "permanent" }, { 0 } };
	struct fork t;
	char first[NOC_ID_TEXT];

	(void)state;
	fork_open(&t, then, bad);
	fork_run(&t, "Failed");
	snprintf(first, sizeof(first), "%s", t.run);
	fork_reopen(&t, now);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "c ");
	assert_int_equal(fork_rows(&t, "sum(path = 'old')"), 1);
	/* What is new is done, and so is what comes after it. */
	snprintf(t.run, sizeof(t.run), "%s", first);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED ",\"plan\":\"current\"", "Succeeded",
		  "new a g b c ");
	assert_int_equal(t.copied, 0);
	fork_close(&t);
}

/* A step that does something else now is done again, one that stands elsewhere
 * or is gone is not copied. */
static void
test_rows_go_by_their_paths(void **state)
{
	static const char then[] =
	    "flow \"f\" { put \"a\", get \"g\", put \"gone\","
	    " step \"c\" { snmp.set { a = 1 }, target = \"{device}\","
	    " timeout = \"5s\" }, put \"z\" }";
	static const char now[] =
	    "flow \"f\" { parallel { put \"a\", { get \"g\" } },"
	    " put \"c\", put \"z\" }";
	static const struct flow_says bad[] = { { "z", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, then, bad);
	fork_run(&t, "Failed");
	fork_reopen(&t, now);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED ",\"plan\":\"current\"", "Succeeded", "c z ");
	assert_int_equal(t.copied, 2);
	assert_int_equal(fork_rows(&t, "sum(path = 'gone')"), 0);
	fork_reopen(&t, "flow \"h\" { log \"x\" }");
	fork_refused(&t, FAILED ",\"plan\":\"current\"",
		     "have nothing called 'f' any more");
	fork_close(&t);
}

static void
test_its_input_is_the_same_but_for_what_is_said(void **state)
{
	static const char text[] =
	    "flow \"f\" { input = { device = \"string\", n = integer { min = "
	    "1, max = 9, default = 3 } }, put(\"a\", { target = "
	    "\"{input.device} {input.n}\" }) }";
	struct fork t;

	(void)state;
	fork_open(&t, text, NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("a"), "Succeeded", "a ");
	assert_int_equal(fix_count(&t.f, "STEP_START a sw1 3"), 1);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("a") ",\"input\":{\"n\":4}", "Succeeded", "a ");
	assert_int_equal(fix_count(&t.f, "STEP_START a sw1 4"), 1);
	fork_refused(&t, FROM("a") ",\"input\":{\"n\":10}", "9");
	fork_refused(&t, FROM("a") ",\"input\":{\"m\":1}", "'m'");
	fork_close(&t);
}

static void
test_one_that_observed_observes(void **state)
{
	struct noc_id id;
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	id = flow_start(&t.f, "observe", "{\"device\":\"sw1\"}");
	noc_id_format(t.run, &id);
	fix_advance(&t.f, 60000);
	life_written(&t.f);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Succeeded", "");
	assert_int_equal(fix_count(&t.f, "\"mode\":\"observe\""), 1);
	fork_close(&t);
}

/* Its event comes from its row, and so does the rule whose `unless` holds. */
static void
test_the_run_of_a_rule(void **state)
{
	static const char text[] =
	    "rule \"r\" { mode = \"active\", on = \"link.down\", key = "
	    "\"{device}\", unless = seen { \"config.change\", back = \"10m\" },"
	    " run = flow { put(\"a\", { target = \"{device}/{ifname}\" }),"
	    " put(\"b\", { target = \"{device}/{ifname}\" }) } }";
	static const struct flow_says bad[] = { { "b", "permanent" }, { 0 } };
	struct noc_event *seen;
	struct fork t;
	struct noc_id id;

	(void)state;
	fork_open(&t, text, bad);
	id = fix_start(&t.f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	noc_id_format(t.run, &id);
	fix_advance(&t.f, 60000);
	life_written(&t.f);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "b ");
	assert_int_equal(fix_count(&t.f, "STEP_START b sw1/eth7"), 1);
	seen = fix_event(&t.f, "config.change", "sw1", NOC_TRUST_HIGH);
	noc_core_begin(t.f.core, t.f.now);
	noc_seen_add(t.f.core, seen);
	noc_core_end(t.f.core);
	noc_event_unref(seen);
	forget_calls(&t, NULL);
	fork_say(&t, FROM("b"));
	assert_string_equal(t.said, "");
	fix_advance(&t.f, 60000);
	assert_string_equal(flow_order(), "");
	fork_close(&t);
}

static void
test_its_functions_are_those_of_its_own_tree(void **state)
{
	static const char then[] =
	    "flow \"f\" { put \"a\", put(\"b\", { when = function(e) return "
	    "true end }), put \"c\" }";
	static const char now[] =
	    "flow \"f\" { put \"a\", put(\"b\", { when = function(e) return "
	    "false end }), put \"c\" }";
	static const struct flow_says bad[] = { { "c", "permanent" }, { 0 } };
	struct fork t;
	char first[NOC_ID_TEXT];

	(void)state;
	fork_open(&t, then, bad);
	fork_run(&t, "Failed");
	snprintf(first, sizeof(first), "%s", t.run);
	fork_reopen(&t, now);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Succeeded", "b c ");
	snprintf(t.run, sizeof(t.run), "%s", first);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b") ",\"plan\":\"current\"", "Succeeded", "c ");
	life_written(&t.f);
	state_sql(t.dir, "DELETE FROM definitions WHERE kind <> 'plan'");
	fork_reopen(&t, "flow \"x\" { log \"x\" }");
	snprintf(t.run, sizeof(t.run), "%s", first);
	fork_refused(&t, FROM("b"), "are not in the rules any more");
	fork_close(&t);
}

/* ---- guards, queues ---- */

/* Whom it joins is no fork. */
static void
test_one_that_joins_another_forks_nothing(void **state)
{
	static const char text[] =
	    "flow \"f\" { dedup = \"k\", on_running = \"join\","
	    " put \"a\", put \"b\" }";
	static const struct flow_says bad[] = { { "b", "permanent" }, { 0 } };
	static const struct flow_says out[] = { { "a", "?" }, { 0 } };
	char other[NOC_ID_TEXT];
	struct noc_id id;
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, out);
	id = flow_start(&t.f, "active", "{\"device\":\"sw1\"}");
	noc_id_format(other, &id);
	life_written(&t.f);
	fork_say(&t, FAILED);
	assert_string_equal(t.said, "");
	assert_string_equal(t.run, other);
	assert_int_equal(t.copied, -1);
	assert_int_equal(noc_runs_of(t.f.core)->forked, 0);
	assert_string_equal(flow_order(), "a ");
	fork_close(&t);
}

static void
test_a_lock_is_waited_for(void **state)
{
	static const char text[] =
	    "flow \"f\" { lock = \"x\", each \"e\" { over = { \"a\", \"b\" },"
	    " limit = 1, timeout = \"1m\", put(\"set\", { target = \"{item}\" }) } }"
	    "flow \"g\" { lock = \"x\", step \"hold\" { exec { 'x', mutates ="
	    " false }, timeout = \"10m\" } }";
	static const struct flow_says bad[] = { { "e[b]", "permanent" },
						{ 0 } };
	static const struct flow_says held[] = { { "hold", "?" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, held);
	fix_start_flow(&t.f, "g");
	fork_say(&t, FAILED);
	assert_string_equal(t.said, "");
	assert_string_equal(flow_order(), "hold ");
	life_written(&t.f);
	/* So it does over a restart. */
	forget_calls(&t, held);
	fork_reopen(&t, NULL);
	/* The time of its each has not begun. */
	fix_advance(&t.f, 120000);
	assert_string_equal(flow_order(), "hold ");
	forget_calls(&t, NULL);
	flow_reply_to(&t.f, "hold");
	fix_advance(&t.f, 60000);
	assert_string_equal(flow_order(), "e[b]/set ");
	assert_int_equal(fix_runs(&t.f), 0);
	fork_close(&t);
}

static void
test_a_freeze_holds_for_it(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	assert_int_equal(
	    fix_command(
		&t.f,
		"{\"verb\":\"freeze.add\",\"match\":{\"device\":\"sw1\"},"
		"\"for_ms\":99999999,\"why\":\"w\",\"actor\":\"joe\"}",
		NULL),
	    0);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Failed", "");
	fork_close(&t);
}

/* ---- deaths ---- */

/* At each commit of it: what comes of it is the same, and nothing that was
 * done is done again. */
static void
test_a_death_at_each_commit(void **state)
{
	size_t done = 0;

	(void)state;
	for (uint64_t at = 1; !done; at++) {
		struct fork t;

		fork_open(&t, EACH("need = \"any\","), b_fails);
		fork_run(&t, "Succeeded");
		forget_calls(&t, well);
		t.f.die_at = t.f.ticket + at;
		fork_say(&t, FAILED_ITEMS);
		fix_advance(&t.f, 60000);
		done = !t.f.dead;
		if (!done) {
			t.f.now.wall_ns += 100 * NOC_NS_PER_MS;
			life_close(&t.f);
			life_open(&t.f, t.dir, t.f.now, t.rules);
			fix_advance(&t.f, 60000);
		}
		assert_int_equal(fix_runs(&t.f), 0);
		life_written(&t.f);
		assert_int_equal(fork_rows(&t, COPIED), 9);
		assert_int_equal(flow_made("e[a]/set"), 1);
		assert_in_range(flow_made("z"), 1, 2);
		assert_in_range(flow_made("e[b]/set"), 1, 2);
		assert_int_equal(state_int(t.dir,
					   "SELECT count(*) FROM runs WHERE"
					   " state = 'Succeeded'"),
				 2);
		fork_close(&t);
	}
}

static void
test_both_verifiers_accept_it(void **state)
{
	struct noc_verify_result got;
	uint64_t seq;
	struct fork t;

	(void)state;
	fork_open(&t, EACH("need = \"any\","), b_fails);
	fork_run(&t, "Succeeded");
	forget_calls(&t, well);
	fork_does(&t, FAILED_ITEMS, "Succeeded", "e[b]/look e[b]/set z ");
	assert_int_equal(state_int(t.dir,
				   "SELECT count(*) FROM runs r JOIN runs p ON"
				   " p.id = r.parent AND json_extract(r.json,"
				   " '$.forked_from.seq') > 0"),
			 1);
	life_close(&t.f);
	assert_int_equal(state_verify(t.dir, &got), NOC_VERDICT_OK);
	assert_int_equal(state_verify_python(t.dir, &seq), 0);
	state_remove(t.dir);
	free(t.rules);
	flow_forget();
	life_world = NULL;
}

/* ---- ends of all kinds ---- */

static void
test_a_stop_stays_one_unless_it_is_asked_again(void **state)
{
	static const char text[] =
	    "flow \"f\" { get \"look\", stop \"good\" { when = { [\"steps.look."
	    "up\"] = 1 } }, put \"z\" }";
	static const struct flow_says up[] = { { "look", "{\"up\":1}" },
					       { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, up);
	fork_run(&t, "Succeeded");
	assert_string_equal(flow_order(), "look ");
	fork_refused(&t, FAILED, "Nothing of the run failed");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("look"), "Succeeded", "look z ");
	fork_close(&t);
}

static void
test_what_is_on_its_way_to_the_disk_is_waited_for(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	state_sql(t.dir, "UPDATE runs SET ended = 0, state = 'Running'");
	fork_refused(&t, FROM("a"), "ends just now: ask once more");
	fork_close(&t);
}

static void
test_a_list_that_is_lost_is_not_made_up(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, EACH(""), b_fails);
	fork_run(&t, "Failed");
	state_sql(t.dir, "UPDATE steps SET json = json_remove(json,"
			 " '$.live.items') WHERE path = 'e'");
	forget_calls(&t, well);
	fork_refused(&t, FAILED, "--from e does all of it again");
	assert_string_equal(flow_order(), "");
	fork_does(&t, FROM("e"), "Succeeded",
		  "e[a]/look e[a]/set e[b]/look e[b]/set e[c]/look e[c]/set "
		  "e[d]/look e[d]/set z ");
	fork_close(&t);
}

/* It lies beside the rows, and goes some time after it was last named. */
static void
test_a_long_list_is_kept_for_the_fork(void **state)
{
	struct noc_strbuf sb = NOC_STRBUF_INIT;
	struct fork t;
	int64_t added;

	(void)state;
	noc_strbuf_adds(&sb, "flow \"f\" { each \"e\" { over = {");
	for (int i = 0; i < 400; i++)
		noc_strbuf_addf(&sb, " \"%090d\",", i);
	noc_strbuf_adds(&sb, " }, limit = 400, step \"x\" { log \"x\" } },"
			     " put \"z\" }");
	fork_open(&t, sb.p, NULL);
	noc_strbuf_release(&sb);
	fork_run(&t, "Succeeded");
	added = state_int(t.dir, "SELECT added FROM definitions"
				 " WHERE kind = 'items'");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("z"), "Succeeded", "z ");
	assert_int_equal(t.copied, 801);
	assert_true(state_int(t.dir, "SELECT added FROM definitions"
				     " WHERE kind = 'items'") > added);
	fork_close(&t);
}

/* Another run has used those. */
static void
test_its_retries_are_its_own(void **state)
{
	static const char text[] =
	    "flow \"f\" { get(\"a\", { retry = { attempts = 60, initial = "
	    "\"1s\", max = \"1s\" } }), get(\"b\", { retry = { attempts = "
	    "60, initial = \"1s\", max = \"1s\" } }), put \"c\" }";
	static const struct flow_says bad[] = { { "b", "transient" }, { 0 } };
	struct fork t;
	size_t n;

	(void)state;
	fork_open(&t, text, bad);
	assert_int_equal(
	    fix_command(
		&t.f,
		"{\"verb\":\"breaker.disable\","
		"\"action\":\"exec\",\"target\":\"x\",\"for_ms\":99999999,"
		"\"why\":\"w\"}",
		NULL),
	    0);
	fork_run(&t, "Failed");
	state_sql(t.dir, "UPDATE steps SET attempt = 45 WHERE path = 'a'");
	n = flow_made("b");
	forget_calls(&t, bad);
	fork_say(&t, FAILED);
	fix_advance(&t.f, 3600 * 1000);
	assert_true(n > 40);
	assert_int_equal(flow_made("b"), 2 * n);
	fork_close(&t);
}

static void
test_a_stop_is_asked_again_for_what_comes_after_it(void **state)
{
	static const char text[] =
	    "flow \"f\" { input = { device = \"string\", go = integer { default "
	    "= 0 } }, get \"look\", stop \"good\" { when = { [\"input.go\"] = 0 "
	    "} }, put \"z\" }";
	struct fork t;

	(void)state;
	fork_open(&t, text, NULL);
	fork_run(&t, "Succeeded");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("z"), "Succeeded", "");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("z") ",\"input\":{\"go\":1}", "Succeeded", "z ");
	fork_close(&t);
}

static void
test_an_item_that_was_skipped(void **state)
{
	static const char text[] =
	    "flow \"f\" { each \"e\" { over = { \"a\", \"b\" }, limit = 1,"
	    " need = \"any\", put(\"set\", { when = { item = \"b\" },"
	    " target = \"{item}\" }) }, put \"z\" }";
	static const struct flow_says bad[] = { { "z", "permanent" }, { 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("e[b]"), "Succeeded", "e[b]/set z ");
	/* Its row and that of its step. */
	assert_int_equal(t.copied, 2);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED_ITEMS, "Succeeded", "z ");
	assert_int_equal(t.copied, 2);
	fork_close(&t);
}

/* That it could not be undone is the end of the original, not of the fork. */
static void
test_what_could_not_be_undone_is_done(void **state)
{
	static const char text[] =
	    "flow \"g\" { put(\"a\", { undo = back() }) }"
	    "flow \"f\" { step \"c\" { call \"g\" {} }, put \"b\","
	    " on_fail = { undo = \"run\" } }";
	static const struct flow_says bad[] = { { "b", "permanent" },
						{ "!undo", "permanent" },
						{ 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, text, bad);
	fork_run(&t, "Failed");
	assert_int_equal(state_int(t.dir, "SELECT count(*) FROM runs WHERE"
					  " phase = 'compensation_failed'"),
			 1);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED, "Succeeded", "b ");
	assert_int_equal(fork_rows(&t, "sum(path LIKE '%!undo')"), 0);
	assert_int_equal(state_int(t.dir, "SELECT count(*) FROM runs WHERE"
					  " phase = 'compensation_failed'"),
			 1);
	fork_close(&t);
}

static void
test_a_choice_of_more_is_made_anew(void **state)
{
	static const char then[] =
	    "flow \"f\" { get \"look\", choose \"way\" { { when = { [\"steps."
	    "look.up\"] = 1 }, put \"l\" }, otherwise = { put \"r\" } },"
	    " put \"z\" }";
	static const char now[] =
	    "flow \"f\" { get \"look\", choose \"way\" { { when = { [\"steps."
	    "look.up\"] = 2 }, put \"m\" }, { when = { [\"steps.look.up\"] = 1 "
	    "}, put \"l\" }, otherwise = { put \"r\" } }, put \"z\" }";
	static const struct flow_says bad[] = { { "look", "{\"up\":1}" },
						{ "z", "permanent" },
						{ 0 } };
	struct fork t;

	(void)state;
	fork_open(&t, then, bad);
	fork_run(&t, "Failed");
	fork_reopen(&t, now);
	forget_calls(&t, NULL);
	fork_does(&t, FAILED ",\"plan\":\"current\"", "Succeeded", "l z ");
	fork_close(&t);
}

/* What cannot be read must not act. */
static void
test_a_mode_that_is_none_observes(void **state)
{
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	state_sql(t.dir, "UPDATE runs SET mode = 'odd'");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("a"), "Succeeded", "");
	fork_close(&t);
}

static void
test_the_fork_of_a_fork_says_who_did_it(void **state)
{
	char first[NOC_ID_TEXT], *sql;
	struct fork t;

	(void)state;
	fork_open(&t, LIST, NULL);
	fork_run(&t, "Succeeded");
	snprintf(first, sizeof(first), "%s", t.run);
	forget_calls(&t, NULL);
	fork_does(&t, FROM("b"), "Succeeded", "b c ");
	forget_calls(&t, NULL);
	fork_does(&t, FROM("c"), "Succeeded", "c ");
	sql =
	    noc_asprintf("sum(json_extract(s.json, '$.copied') = '%s')", first);
	assert_int_equal(fork_rows(&t, sql), 1);
	assert_int_equal(fork_rows(&t, COPIED), 2);
	free(sql);
	fork_close(&t);
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
		cmocka_unit_test(test_one_that_joins_another_forks_nothing),
		cmocka_unit_test(test_items_go_on_where_they_failed),
		cmocka_unit_test(test_items_that_failed_are_done_again_whole),
		cmocka_unit_test(test_no_item_is_done_that_is_not_needed),
		cmocka_unit_test(test_an_item_is_done_again_from_a_step_on),
		cmocka_unit_test(test_waves_are_gone_through_again),
		cmocka_unit_test(test_a_fan_out_in_an_item),
		cmocka_unit_test(test_what_was_undone_is_done_again),
		cmocka_unit_test(test_what_is_copied_is_not_undone_unasked),
		cmocka_unit_test(test_an_undo_step_takes_back_what_is_copied),
		cmocka_unit_test(test_what_is_in_doubt_is_not_done),
		cmocka_unit_test(test_the_flow_as_it_is_now),
		cmocka_unit_test(test_rows_go_by_their_paths),
		cmocka_unit_test(
		    test_its_input_is_the_same_but_for_what_is_said),
		cmocka_unit_test(test_one_that_observed_observes),
		cmocka_unit_test(test_the_run_of_a_rule),
		cmocka_unit_test(test_its_functions_are_those_of_its_own_tree),
		cmocka_unit_test(test_a_lock_is_waited_for),
		cmocka_unit_test(test_a_freeze_holds_for_it),
		cmocka_unit_test(test_a_death_at_each_commit),
		cmocka_unit_test(test_both_verifiers_accept_it),
		cmocka_unit_test(
		    test_a_stop_stays_one_unless_it_is_asked_again),
		cmocka_unit_test(
		    test_what_is_on_its_way_to_the_disk_is_waited_for),
		cmocka_unit_test(test_a_list_that_is_lost_is_not_made_up),
		cmocka_unit_test(test_a_long_list_is_kept_for_the_fork),
		cmocka_unit_test(test_its_retries_are_its_own),
		cmocka_unit_test(
		    test_a_stop_is_asked_again_for_what_comes_after_it),
		cmocka_unit_test(test_an_item_that_was_skipped),
		cmocka_unit_test(test_what_could_not_be_undone_is_done),
		cmocka_unit_test(test_a_choice_of_more_is_made_anew),
		cmocka_unit_test(test_a_mode_that_is_none_observes),
		cmocka_unit_test(test_the_fork_of_a_fork_says_who_did_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
