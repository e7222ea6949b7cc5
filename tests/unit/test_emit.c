/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "engine/run/live.h"
#include "engine/run/runner.h"
#include "engine/run/step_core.h"
#include "tests/unit/correlate_fixture.h"

/* Steps that the core does itself: what they make, and for whom. */

#define HEARD                                                              \
	"rule \"heard\" { on = \"a.b\", run = log \"{summary}/{severity}/" \
	"{device}/{trust}/{depth}/{kind}/{origin}/{port}/{cause}\" }\n"
#define TOLD(emit) \
	"rule \"r\" { on = \"link.down\", run = flow { " emit " } }\n"

/* ---- emit ---- */

static void
test_event_of_a_step(void **state)
{
	static const struct {
		const char *emit;
		enum noc_trust trust;
		const char *says;
	} cases[] = {
		{ "emit \"a.b\" { port = \"{ifname}\", summary = \"lost"
		  " {ifname}\", severity = \"crit\" }",
		  NOC_TRUST_NORMAL,
		  "lost eth7/crit/sw1/normal/1/a.b/local/eth7/" },
		{ "emit \"a.b\" { port = 1 }", NOC_TRUST_HIGH,
		  "a.b/notice/sw1/high/1/a.b/local/1/" },
		{ "emit \"a.b\" { port = 1, severity = \"nonsense\" }",
		  NOC_TRUST_HIGH, "a.b/notice/sw1/high/1/a.b/local/1/" },
		{ "emit \"a.b\" { port = 1, device = \"sw2\" }", NOC_TRUST_HIGH,
		  "a.b/notice/sw2/high/1/a.b/local/1/" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("%s" HEARD, "");
		char *rules, *line;
		struct fix f = { 0 };

		rules = noc_asprintf(TOLD("%s, log \"went on\"") "%s",
				     cases[i].emit, text);
		line = noc_asprintf("log heard: %s", cases[i].says);
		fix_open(&f, rules);
		fix_start(&f, "r", NOC_ACTIVE, cases[i].trust);
		if (fix_said(&f, line) != 1) {
			fix_dump(&f);
			fail_msg("not '%s'", line);
		}
		assert_int_equal(fix_said(&f, "log r: went on"), 1);
		free(line);
		free(rules);
		free(text);
		fix_close(&f);
	}
}

/* Of what nobody caused nobody has reason to doubt it. */
static void
test_event_of_a_flow(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "flow \"f\" { emit \"a.b\" { port = 1 } }\n" HEARD);
	fix_start_flow(&f, "f");
	assert_int_equal(
	    fix_said(&f, "log heard: a.b/notice/sw1/high/1/a.b/local/1/"), 1);
	fix_close(&f);
}

/* One step further from its cause each time, but no further than it counts. */
static void
test_depth(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f,
		 "rule \"r\" { on = \"link.down\", run = emit \"a.b\" }\n"
		 "rule \"s\" { on = \"a.b\", run = emit \"a.c\" }\n"
		 "rule \"t\" { on = \"a.c\", run = log \"depth {depth}\" }\n");
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(fix_said(&f, "log t: depth 2"), 1);
	fix_close(&f);
}

/* A name without a value: nothing is emitted, and the step has failed. */
static void
test_emit_without_a_value(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f,
		 TOLD("emit \"a.b\" { port = \"{user}\" }, log \"on\"") HEARD);
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(
	    fix_count(&f, "STEP_DONE emit_1 sw1 emit failed: permanent {"
			  "\"attempt\":1,\"error\":{\"block\":\"rule\","
			  "\"class\":\"permanent\",\"code\":\"emit\","
			  "\"message\":\"'user' has no value here"),
	    1);
	assert_int_equal(fix_count(&f, "STEP_START emit_1"), 0);
	assert_int_equal(fix_said(&f, "log heard"), 0);
	assert_int_equal(fix_said(&f, "log r: on"), 0);
	assert_int_equal(fix_runs(&f), 0);
	fix_close(&f);
}

/* The event, what comes of it and what follows are one with the step. */
static void
test_emit_is_one_with_its_step(void **state)
{
	struct fix f = { 0 };
	uint64_t before;

	(void)state;
	fix_open(
	    &f, "flow \"f\" { emit \"a.b\" { port = 1 }, log \"on\" }\n" HEARD);
	f.hold_durable = true;
	before = f.ticket;
	fix_command_later(&f, "{\"verb\":\"run.start\",\"flow\":\"f\"}");
	assert_int_equal(fix_count(&f, "RUN_START"), 2);
	assert_int_equal(fix_count(&f, "RUN_END Succeeded"), 2);
	assert_int_equal(f.ticket - before, 1);
	fix_close(&f);
}

/* A start asks of each item whether its event is there: the runs are gone
 * through once for all of them. */
static void
test_emitted_is_asked_of_many(void **state)
{
	struct fix f = { 0 };
	struct noc_run **all;
	struct noc_runs *runs;
	size_t n, asked = 0;

	(void)state;
	fix_open(&f, "local list = {}\n"
		     "for i = 1, 100 do list[i] = \"sw\" .. i end\n"
		     "flow \"f\" { each \"all\" { over = list, limit = 100,"
		     " emit \"a.b\" { port = 1 } } }\n" HEARD);
	f.hold_durable = true;
	fix_command_later(&f, "{\"verb\":\"run.start\",\"flow\":\"f\"}");
	runs = noc_runs_of(f.core);
	all = noc_run_all(runs, &n);
	for (size_t i = 0; i < n; i++)
		for (struct noc_live *l = all[i]->lives; l; l = l->next)
			if (l->wait == NOC_WAIT_CALL) {
				assert_false(noc_step_emitted(l));
				asked++;
			}
	free(all);
	assert_in_range(asked, 2, 100);
	assert_int_equal(runs->looked, n);
	noc_runs_resumed(runs);
	fix_close(&f);
}

/* A rule that wakes itself lasts for ever, but no input of it does. */
static void
test_emit_without_end(void **state)
{
	struct fix f = { 0 };
	size_t runs;

	(void)state;
	fix_open(&f, "rule \"r\" { on = { \"a.b\", \"link.down\" },"
		     " guard = { depth = 100,"
		     " per_key = \"1000/1m\", rate = \"1000/1m\","
		     " targets = \"1000/1m\" }, run = emit \"a.b\" }\n");
	f.hold_durable = true;
	cor_tell(&f, &(struct tell){ .kind = "link.down", .device = "sw1" });
	runs = fix_count(&f, "RUN_START");
	assert_int_equal(runs, 65);
	assert_int_equal(fix_count(&f, "RUN_END"), 64);
	fix_close(&f);
}

/* ---- start ---- */

/* Each of them is a run of its own, known by its id, in the same mode. */
static void
test_start(void **state)
{
	struct fix f = { 0 };
	struct noc_id last;
	char text[NOC_ID_TEXT], *line;

	(void)state;
	fix_open(&f, "flow \"f\" { start \"g\" { who = \"{device}\" }, log"
		     " \"first {steps.start_1.run}\", start \"g\" { who ="
		     " \"me\" }, log \"second {steps.start_3.run}\" }\n"
		     "flow \"g\" { input = { who = \"string\" }, log"
		     " \"for {input.who}\", step \"s\" { snmp.set { a = \"up\""
		     " }, timeout = \"5s\" } }\n");
	assert_int_equal(
	    fix_command(&f,
			"{\"verb\":\"run.start\",\"flow\":\"f\",\"mode\":"
			"\"observe\",\"input\":{\"device\":\"sw1\"}}",
			NULL),
	    0);
	assert_int_equal(fix_said(&f, "log g: for sw1"), 1);
	assert_int_equal(fix_said(&f, "log g: for me"), 1);
	last = noc_run_last(f.core);
	line = noc_asprintf("log f: second %s", noc_id_format(text, &last));
	assert_int_equal(fix_said(&f, line), 1);
	assert_int_equal(fix_said(&f, text), 1); /* the first is another */
	assert_int_equal(fix_count(&f, "RUN_START"), 3);
	assert_int_equal(f.sets, 0);
	/* Started by that flow, not by whoever started it. */
	assert_int_equal(fix_count(&f, " f g@"), 2);
	free(line);
	fix_close(&f);
}

/* With the event and key of the run that starts it. */
static void
test_start_for_an_event(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { on = \"link.down\", run = start \"g\" }\n"
		     "flow \"g\" { log \"{ifname} {run.key} {run.rule}"
		     " {run.device}\" }\n");
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(fix_said(&f, "log g: eth7 sw1/eth7 g sw1"), 1);
	fix_close(&f);
}

static void
test_start_that_cannot_be(void **state)
{
	static const struct {
		const char *step, *says;
	} cases[] = {
		{ "start \"g\"", "Flow 'g' needs the input 'who'." },
		{ "start \"g\" { who = \"{user}\" }",
		  "'user' has no value here" },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf(
		    "flow \"f\" { %s, log \"on\" }\n"
		    "flow \"g\" { input = { who = \"string\" }, log \"x\" }\n",
		    cases[i].step);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start_flow(&f, "f");
		if (fix_said(&f, "f run ") != 1 ||
		    fix_said(&f, cases[i].says) != 1) {
			fix_dump(&f);
			fail_msg("not '%s'", cases[i].says);
		}
		assert_int_equal(fix_count(&f, "STEP_DONE start_1 g start "
					       "failed: permanent"),
				 1);
		assert_int_equal(fix_said(&f, "log f: on"), 0);
		assert_int_equal(fix_count(&f, "RUN_START"), 1);
		free(text);
		fix_close(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_of_a_step),
		cmocka_unit_test(test_event_of_a_flow),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_emit_without_a_value),
		cmocka_unit_test(test_emit_is_one_with_its_step),
		cmocka_unit_test(test_emitted_is_asked_of_many),
		cmocka_unit_test(test_emit_without_end),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_for_an_event),
		cmocka_unit_test(test_start_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
