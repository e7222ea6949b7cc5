/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

/* A step that may or may not have happened: by on_crash, and by deadlines. */

#define JOB(name, options)                                             \
	"flow \"" name "\" { step \"job\" { exec { \"launch\"" options \
	", timeout = \"5s\" } }\n"
#define ONCE "retry = { attempts = 2, initial = \"2s\", jitter = false }"

static const char rules[] = JOB("ask", " }, " ONCE) JOB(
    "fail", " }, on_crash = \"fail\"") JOB("retry",
					   " }, on_crash = \"retry\", " ONCE)
    JOB("twice", ", idempotent = true }, " ONCE) JOB(
	"probed", " }, " ONCE ", probe = exec { \"look\", mutates = false }")
	JOB("told", " }, " ONCE
		    ", probe = { exec { \"look\", mutates = false }, expect "
		    "= { n = gt(0) }, fail_if = { n = 0 }, output = { n = "
		    "\"json.n\", id = \"json.ids[0]\" } }")
	    JOB("answered", " }, expect = { id = exists }, output = { id = "
			    "\"json.id\" }, probe = exec { \"look\", mutates = "
			    "false }");

static const char *
program(const struct fix *f)
{
	const struct noc_value *items;

	if (!f->ncalls)
		return "nothing";
	items = noc_value_get(f->calls[0]->params, "items");
	return noc_value_at(items, 0)->u.s.p;
}

/* Or three in a row would end what is looked at here. */
static void
no_breakers(struct fix *f)
{
	static const char *const targets[] = { "launch", "look", "*" };

	for (size_t i = 0; i < NOC_COUNT(targets); i++) {
		char *json = noc_asprintf(
		    "{\"verb\":\"breaker.disable\",\"action\":\"exec\","
		    "\"target\":\"%s\",\"why\":\"w\"}",
		    targets[i]);

		assert_int_equal(fix_command(f, json, NULL), 0);
		free(json);
	}
}

/* ---- by its on_crash ---- */

static void
doubted(struct fix *f, char *dir, bool died)
{
	if (died) {
		f->dead = true;
		life_again(f, dir, rules);
	} else {
		fix_advance(f, 5000);
	}
	fix_advance(f, 1);
}

static void
test_each_way(void **state)
{
	static const struct {
		const char *flow, *out; /* right after it came into doubt */
		bool running;
	} ways[] = {
		{ "ask", "nothing", true },
		{ "fail", "nothing", false },
		{ "probed", "look", true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(ways); i++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		id = fix_start_flow(&f, ways[i / 2].flow);
		assert_string_equal(program(&f), "launch");
		f.ncalls = 0;
		doubted(&f, dir, i % 2);
		assert_string_equal(program(&f), ways[i / 2].out);
		assert_int_equal(fix_running(&f, &id), ways[i / 2].running);
		f.dead = true;
		life_close(&f);
		state_remove(dir);
	}
}

/* Done again: after a timeout, which counts; after a death, which does not. */
static void
test_again(void **state)
{
	static const char *const flows[] = { "retry", "twice" };

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(flows); i++) {
		bool died = i % 2;
		char *dir = state_make();
		unsigned more = 0;
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		id = fix_start_flow(&f, flows[i / 2]);
		f.ncalls = 0;
		doubted(&f, dir, died);
		assert_string_equal(program(&f), "nothing");
		fix_advance(&f, 1998);
		assert_string_equal(program(&f), "nothing");
		fix_advance(&f, 1);
		while (f.ncalls) {
			assert_string_equal(program(&f), "launch");
			fix_refuse(&f, "exec", "transient", 0);
			fix_advance(&f, 2000);
			more++;
		}
		assert_int_equal(more, died ? 2 : 1);
		assert_false(fix_running(&f, &id));
		f.dead = true;
		life_close(&f);
		state_remove(dir);
	}
}

/* What the probe's answer says: yes, no, and neither, which is no answer. */
static void
test_probe_is_read(void **state)
{
	static const struct {
		const char *says, *out; /* what is called next */
		bool running;
	} answers[] = {
		{ "{\"json\":{\"n\":1,\"ids\":[42]}}", "nothing", false },
		{ "{\"json\":{\"n\":0,\"ids\":[]}}", "launch", true },
		{ "{\"stdout\":\"<html>\"}", "look", true },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(answers); i++) {
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, rules);
		id = fix_start_flow(&f, "told");
		fix_refuse(&f, "exec", "in_doubt", 0);
		fix_advance(&f, 1);
		assert_string_equal(program(&f), "look");
		fix_answer(&f, "exec", answers[i].says);
		fix_advance(&f, 2000);
		assert_string_equal(program(&f), answers[i].out);
		assert_int_equal(fix_running(&f, &id), answers[i].running);
		if (i == 2) { /* as often as the step may be: then people */
			fix_answer(&f, "exec", answers[i].says);
			fix_advance(&f, 4000);
			assert_string_equal(program(&f), "nothing");
			assert_int_equal(
			    fix_said(&f, "may or may not have happened"), 1);
		}
		fix_close(&f);
	}
}

/* An answer that is none says nothing of whether it was done. */
static void
test_answer_is_none(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "answered");
	fix_answer(&f, "exec", "{\"stdout\":\"<html>\"}");
	fix_advance(&f, 1);
	assert_string_equal(program(&f), "look");
	fix_answer(&f, "exec", "{}");
	assert_false(fix_running(&f, &id));
	id = fix_start_flow(&f, "answered");
	fix_answer(&f, "exec", "{\"json\":{\"id\":7}}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "STEP_DONE job sw1 exec ok"), 2);
	fix_close(&f);
}

/* It is always in doubt and never happened: not again and again without end. */
static void
test_doubt_ends(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;
	int rounds = 0;

	(void)state;
	fix_open(&f, rules);
	no_breakers(&f);
	id = fix_start_flow(&f, "told");
	for (int i = 0; fix_running(&f, &id) && i < 3000; i++) {
		if (!strcmp(program(&f), "launch")) {
			fix_refuse(&f, "exec", "in_doubt", 0);
			rounds++;
		} else if (!strcmp(program(&f), "look")) {
			fix_answer(&f, "exec", "{\"json\":{\"n\":0}}");
		}
		fix_advance(&f, 1000);
	}
	assert_false(fix_running(&f, &id));
	assert_in_range(rounds, 20, 30);
	fix_close(&f);
}

/* What it asks again as it was stopped itself is no failure of any item, nor
 * one of the tries of the run, however many it had out. */
static void
test_deaths_cost_no_tries(void **state)
{
	static const char many[] =
	    "flow \"many\" { each \"it\" { over = { \"a\", \"b\", \"c\", "
	    "\"d\", \"e\", \"f\", \"g\", \"h\" }, as = \"n\", key = "
	    "\"{n}\", limit = 8, step \"job\" { exec { \"launch\" }, timeout "
	    "= \"5s\", probe = exec { \"look\", mutates = false } } } }\n";
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), many);
	id = fix_start_flow(&f, "many");
	for (int death = 0; death < 5; death++) {
		assert_string_equal(program(&f), "launch");
		life_dies(&f, dir, many);
		fix_advance(&f, 1);
		for (int i = 0; i < 8; i++) {
			assert_string_equal(program(&f), "look");
			fix_refuse(&f, "exec", "permanent", 0);
		}
		fix_advance(&f, 1);
		assert_int_equal(f.ncalls, 8);
	}
	while (f.ncalls)
		fix_answer(&f, "exec", "{}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "ok: 8 of 8"), 1);
	assert_int_equal(fix_count(&f, "failed: "), 0);
	life_done(&f, dir);
}

/* Once is what may be done over is over when its attempts are. */
static void
test_not_for_ever(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "retry");
	for (int i = 0; i < 2; i++) {
		assert_true(fix_running(&f, &id));
		fix_refuse(&f, "exec", "in_doubt", 0);
		fix_advance(&f, 4000);
	}
	assert_int_equal(f.started, 2);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "STEP_DONE job sw1 exec failed: "
				       "in_doubt"),
			 1);
	fix_close(&f);
}

/* What never went out is in no doubt, whatever kept it. */
static void
test_not_called(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	f.refuses = NOC_ETIMEOUT;
	id = fix_start_flow(&f, "ask");
	assert_int_equal(fix_count(&f, "STEP_DONE job sw1 exec retry in 2000 "
				       "ms: timeout"),
			 1);
	f.refuses = NOC_ECONFIG;
	fix_advance(&f, 2000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(
	    fix_said(&f, "Failed: job (nocturne): the fixture refuses"), 1);
	assert_int_equal(f.cancelled, 0);
	fix_close(&f);
}

/* ---- the probe ---- */

/* It is asked again when it does not answer, as often as the step may be. */
static void
test_probe_is_tried_again(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "probed");
	fix_refuse(&f, "exec", "in_doubt", 0);
	fix_advance(&f, 1);
	assert_string_equal(program(&f), "look");
	fix_refuse(&f, "exec", "transient", 0);
	fix_advance(&f, 2000);
	assert_string_equal(program(&f), "look");
	fix_refuse(&f, "exec", "transient", 0);
	fix_advance(&f, 2000);
	assert_string_equal(program(&f), "nothing");
	assert_int_equal(fix_said(&f, "may or may not have happened"), 1);
	/* Decided: the step it is that is done then, not its probe. */
	assert_int_equal(fix_signal(&f, &id, "retry"), 0);
	assert_string_equal(program(&f), "launch");
	fix_close(&f);
}

/* A probe that was out at a death is asked again, never the step. */
static void
test_probe_after_a_death(void **state)
{
	char *dir = state_make();
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	id = fix_start_flow(&f, "probed");
	fix_refuse(&f, "exec", "in_doubt", 0);
	for (int i = 0; i < 3; i++) {
		fix_advance(&f, 1);
		assert_string_equal(program(&f), "look");
		f.dead = true;
		life_again(&f, dir, rules);
	}
	fix_advance(&f, 1);
	assert_string_equal(program(&f), "look");
	fix_answer(&f, "exec", "{\"exit\":0}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_said(&f, "Succeeded: job"), 1);
	f.dead = true;
	life_close(&f);
	state_remove(dir);
}

/* It refuses, so it did not happen: the step has all its attempts again. */
static void
test_probe_refuses(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	no_breakers(&f);
	id = fix_start_flow(&f, "probed");
	fix_refuse(&f, "exec", "transient", 0);
	fix_advance(&f, 2000);
	fix_refuse(&f, "exec", "in_doubt", 0);
	fix_advance(&f, 1);
	assert_string_equal(program(&f), "look");
	fix_refuse(&f, "exec", "permanent", 0);
	fix_advance(&f, 1);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(program(&f), "launch");
		fix_refuse(&f, "exec", "transient", 0);
		fix_advance(&f, 2000);
	}
	assert_string_equal(program(&f), "nothing");
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

/* It cannot be asked: nobody knows more than before, and a person is asked. */
static void
test_probe_cannot_be_asked(void **state)
{
	static const char *const probes[] = {
		"http.get { url = \"http://h.example/\" }",
		"exec { \"look\", \"{input.nothing}\", mutates = false }",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(probes); i++) {
		char *text = noc_asprintf("flow \"f\" { step \"job\" { exec {"
					  " \"launch\" }, timeout = \"5s\","
					  " probe = %s } }\n",
					  probes[i]);
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, text);
		assert_int_equal(
		    fix_command(
			&f,
			"{\"verb\":\"breaker.trip\",\"action\":\"http\","
			"\"target\":\"h.example\",\"why\":\"w\"}",
			NULL),
		    0);
		id = fix_start_flow(&f, "f");
		fix_refuse(&f, "exec", "in_doubt", 0);
		fix_advance(&f, 60000);
		assert_true(fix_running(&f, &id));
		assert_int_equal(f.started, 1);
		assert_int_equal(fix_said(&f, "may or may not have happened"),
				 1);
		assert_int_equal(fix_signal(&f, &id, "done"), 0);
		assert_false(fix_running(&f, &id));
		fix_close(&f);
		free(text);
	}
}

/* ---- a person decides ---- */

static struct noc_id
asked(struct fix *f)
{
	struct noc_id id = fix_start_flow(f, "ask");

	fix_refuse(f, "exec", "in_doubt", 0);
	assert_true(fix_running(f, &id));
	return id;
}

static void
decided(struct fix *f, const struct noc_id *id, const char *word)
{
	char text[NOC_ID_TEXT];
	char *json = noc_asprintf(
	    "{\"verb\":\"run.signal\",\"id\":\"%s\",\"signal\":\"%s\","
	    "\"why\":\"I looked\",\"actor\":\"joe\"}",
	    noc_id_format(text, id), word);
	char *line = noc_asprintf("SIGNAL %s {\"phase\":\"blocked\",\"why\":"
				  "\"I looked\"} joe",
				  word);

	assert_int_equal(fix_command(f, json, NULL), 0);
	assert_int_equal(fix_count(f, line), 1);
	free(line);
	free(json);
}

static void
test_a_person_decides(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	no_breakers(&f);
	id = asked(&f);
	assert_int_equal(
	    fix_said(&f,
		     "notify noc: ask sw1: step job (device) may or may not "
		     "have happened (it said no (in_doubt)). Look, then "),
	    1);
	decided(&f, &id, "done");
	assert_false(fix_running(&f, &id));
	fix_order(&f, "STEP_DONE job sw1 exec in_doubt",
		  "STEP_DONE job  exec done, says joe", "RUN_END Succeeded",
		  NULL);

	id = asked(&f);
	decided(&f, &id, "fail");
	assert_false(fix_running(&f, &id));
	fix_order(&f, "STEP_DONE job  exec failed: in_doubt", "RUN_END Failed",
		  NULL);
	assert_int_equal(fix_said(&f, "Failed: job (nocturne): fail: joe"), 1);

	/* All its attempts again, and asked again in the end. */
	id = asked(&f);
	for (int i = 0; i < 2; i++) {
		decided(&f, &id, "retry");
		fix_refuse(&f, "exec", "transient", 0);
		fix_advance(&f, 2000);
		fix_refuse(&f, "exec", "in_doubt", 0);
		fix_forget(&f);
	}
	assert_true(fix_running(&f, &id));
	fix_close(&f);
}

/* For a day, whoever dies meanwhile. */
static void
test_nobody_decides(void **state)
{
	(void)state;
	for (int died = 0; died < 2; died++) {
		char *dir = state_make();
		struct noc_id id;
		struct fix f;

		life_open(&f, dir, noc_clock_read(), rules);
		id = asked(&f);
		fix_advance(&f, 3600 * 1000);
		if (died) {
			f.dead = true;
			life_again(&f, dir, rules);
		} else {
			fix_advance(&f, 100);
		}
		assert_int_equal(fix_said(&f, "may or may not"), !died);
		fix_advance(&f, 23 * 3600 * 1000 - 101);
		assert_true(fix_running(&f, &id));
		fix_advance(&f, 1);
		assert_false(fix_running(&f, &id));
		assert_int_equal(
		    fix_said(&f,
			     "Failed: job (nocturne): fail: nobody in time"),
		    1);
		f.dead = true;
		life_close(&f);
		state_remove(dir);
	}
}

/* ---- deadlines ---- */

#define BY(options)                                                        \
	"flow \"by\" { step \"job\" { exec { \"launch\" }, timeout ="      \
	" \"5s\", deadline = \"6s\", retry = { initial = \"5s\", jitter =" \
	" false }" options " } }\n"

/* The next attempt would begin at its deadline: there is none. */
static void
test_no_attempt_at_the_deadline(void **state)
{
	static const struct {
		int64_t ms;
		unsigned started;
	} cases[] = { { 999, 2 }, { 1000, 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, BY(""));
		id = fix_start_flow(&f, "by");
		fix_advance(&f, cases[i].ms);
		fix_refuse(&f, "exec", "transient", 0);
		assert_int_equal(fix_running(&f, &id), cases[i].started == 2);
		fix_advance(&f, 10000);
		assert_int_equal(f.started, cases[i].started);
		fix_close(&f);
	}
}

/* In doubt it is tried again by on_crash, unless that is too late. */
static void
test_doubt_at_the_deadline(void **state)
{
	static const struct {
		int64_t ms;
		unsigned started;
	} cases[] = { { 999, 2 }, { 1000, 1 } };

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, BY(", on_crash = \"retry\""));
		id = fix_start_flow(&f, "by");
		fix_advance(&f, cases[i].ms);
		fix_refuse(&f, "exec", "in_doubt", 0);
		fix_advance(&f, 4999);
		assert_true(fix_running(&f, &id));
		fix_advance(&f, 1);
		assert_int_equal(f.started, cases[i].started);
		assert_int_equal(
		    fix_said(&f, "Failed: job (nocturne): its deadline is "
				 "over, it is not tried again"),
		    cases[i].started == 1);
		fix_close(&f);
	}
}

/* To look is not to try: a probe may come after it, the step may not. */
static void
test_probe_after_the_deadline(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, "flow \"by\" { step \"job\" { exec { \"launch\" },"
		     " timeout = \"5s\", deadline = \"5s\", probe = exec {"
		     " \"look\", mutates = false } } }\n");
	id = fix_start_flow(&f, "by");
	fix_advance(&f, 5001);
	assert_string_equal(program(&f), "look");
	fix_refuse(&f, "exec", "permanent", 0);
	fix_advance(&f, 1);
	assert_false(fix_running(&f, &id));
	assert_int_equal(f.started, 2);
	assert_int_equal(
	    fix_said(&f, "Failed: job (nocturne): its deadline is over"), 1);
	fix_close(&f);
}

/* Another step fails, or people cancel it, while it is asked whether a change
 * has happened: that is settled first.  What has not happened is not done, and
 * what nobody knows is said. */
static void
test_probe_while_it_fails(void **state)
{
	static const char flow[] =
	    "flow \"f\" { parallel { step \"job\" { exec { \"launch\" },"
	    " timeout = \"5s\", probe = exec { \"look\", mutates = false } },"
	    " step \"look\" { snmp.get { a = \"sysName.0\" },"
	    " timeout = \"60s\" } } }\n";
	static const struct {
		const char *answer; /* NULL: it happened; else a class; "": none
				     */
		const char *done, *stays;
	} cases[] = {
		{ NULL, "STEP_DONE job sw1 exec ok: it had happened",
		  "\"stays_changed\":[\"job\"]" },
		{ "permanent",
		  "STEP_DONE job sw1 exec cancelled: it had not happened",
		  "\"stays_changed\":[]" },
		{ "in_doubt", "STEP_DONE job sw1 exec in_doubt",
		  "\"stays_changed\":[\"job (it may have happened)\"]" },
		{ "", "STEP_DONE job sw1 exec in_doubt",
		  "\"stays_changed\":[\"job (it may have happened)\"]" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		const char *answer = cases[i / 2].answer;
		bool cancelled = i % 2;
		struct fix f = { 0 };
		char text[NOC_ID_TEXT], *json;
		struct noc_id id;

		if (answer && !*answer && !cancelled)
			continue; /* it is tried again, then asked */
		fix_open(&f, flow);
		no_breakers(&f);
		id = fix_start_flow(&f, "f");
		fix_advance(&f, 5001);
		assert_int_equal(f.started, 3);
		if (cancelled) {
			json = noc_asprintf("{\"verb\":\"run.cancel\","
					    "\"actor\":\"joe\",\"id\":"
					    "\"%s\"}",
					    noc_id_format(text, &id));
			assert_int_equal(fix_command(&f, json, NULL), 0);
			free(json);
		} else {
			fix_refuse(&f, "snmp.get", "permanent", 0);
		}
		assert_true(fix_running(&f, &id));
		if (!answer)
			fix_answer(&f, "exec", "{\"exit\":0}");
		else if (*answer)
			fix_refuse(&f, "exec", answer, 0);
		else
			fix_advance(&f, 10000);
		if (fix_count(&f, cases[i / 2].done) != 1) {
			fix_dump(&f);
			fail_msg("%s", cases[i / 2].done);
		}
		assert_int_equal(f.started, 3);
		assert_int_equal(fix_running(&f, &id),
				 i == 4); /* a person is asked */
		assert_int_equal(fix_count(&f, cases[i / 2].stays), cancelled);
		fix_close(&f);
	}
}

/* The kill switch held it back beyond its deadline: the first attempt is not
 * lost, a second one is not made. */
static void
test_paused_beyond_the_deadline(void **state)
{
	(void)state;
	for (int before = 0; before < 2; before++) {
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, BY(""));
		if (before)
			fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}",
				    NULL);
		id = fix_start_flow(&f, "by");
		if (!before) {
			fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}",
				    NULL);
			fix_refuse(&f, "exec", "transient", 0);
		}
		fix_advance(&f, 3600 * 1000);
		fix_command(&f, "{\"verb\":\"kill.off\",\"why\":\"w\"}", NULL);
		fix_advance(&f, 5000);
		assert_int_equal(f.started, 1);
		assert_int_equal(fix_running(&f, &id), before);
		fix_close(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_way),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_probe_is_read),
		cmocka_unit_test(test_answer_is_none),
		cmocka_unit_test(test_doubt_ends),
		cmocka_unit_test(test_deaths_cost_no_tries),
		cmocka_unit_test(test_not_for_ever),
		cmocka_unit_test(test_not_called),
		cmocka_unit_test(test_probe_is_tried_again),
		cmocka_unit_test(test_probe_after_a_death),
		cmocka_unit_test(test_probe_refuses),
		cmocka_unit_test(test_probe_cannot_be_asked),
		cmocka_unit_test(test_a_person_decides),
		cmocka_unit_test(test_nobody_decides),
		cmocka_unit_test(test_no_attempt_at_the_deadline),
		cmocka_unit_test(test_doubt_at_the_deadline),
		cmocka_unit_test(test_probe_after_the_deadline),
		cmocka_unit_test(test_probe_while_it_fails),
		cmocka_unit_test(test_paused_beyond_the_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
