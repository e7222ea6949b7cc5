/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "base/mem.h"

/* What people do to a run that is under way: cancel, pause, answer. */

#define POST(name)                                                       \
	"step \"" name "\" { http.post { url = \"http://a/" name "\" }," \
	" timeout = \"60s\""
#define ONE  POST("one") " }"
#define TWO  POST("two") " }"
#define BACK POST("one") UNDO " }"
#define PUSH POST("push") " }"
#define UNDO ", undo = { snmp.set { a = \"down\" }, timeout = \"5s\" }"
#define LOOK \
	"step \"look\" { http.get { url = \"http://a/\" }, timeout = \"60s\" }"

static const char rules[] =
    "flow \"two\" { " ONE ", " TWO " }\n"
    "flow \"read\" { " LOOK ", " ONE " }\n"
    "flow \"back\" { " BACK ", " TWO " }\n"
    "flow \"doubt\" { parallel { " ONE ", " TWO " } }\n"
    "flow \"items\" { each \"all\" { over = { \"a\", \"b\", \"c\" }, " PUSH
    " } }\n"
    "flow \"after\" { finally = { step \"told\" { log \"x\" }, sleep \"1h\" }, log \"x\" }"
    "flow \"late\" { sleep \"1h\", " ONE ", timeout = \"2h\" }\n";

/* {"verb":"run.VERB","id":ID MORE} */
static int
say(struct fix *f, const char *verb, const struct noc_id *id, const char *more,
    struct noc_value **answer)
{
	char text[NOC_ID_TEXT];
	char *json = noc_asprintf("{\"verb\":\"run.%s\",\"id\":\"%s\","
				  "\"actor\":\"joe\"%s}",
				  verb, noc_id_format(text, id), more);
	int kind = fix_command(f, json, answer);

	free(json);
	return kind;
}

static const char *
list_text(const struct noc_value *answer, const char *key)
{
	static char text[256];
	char *json =
	    noc_json_string(noc_value_get(answer, key), NOC_JSON_CANONICAL);

	snprintf(text, sizeof(text), "%s", json);
	free(json);
	return text;
}

static bool
on_success(struct fix *f, struct noc_call *call, struct noc_value **result,
	   struct noc_call_error *err)
{
	(void)f;
	(void)call;
	(void)err;
	*result = noc_value_map();
	return true;
}

/* ---- cancel ---- */

/* What changes something may end; nothing begins after it. */
static void
test_a_call_that_changes_may_end(void **state)
{
	struct noc_value *answer = NULL;
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "two");
	assert_int_equal(say(&f, "cancel", &id, "", &answer), 0);
	assert_string_equal(list_text(answer, "waits_for"), "[\"one\"]");
	assert_string_equal(list_text(answer, "stays_changed"), "[]");
	noc_value_free(answer);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 9999);
	assert_true(fix_running(&f, &id));
	fix_answer(&f, "http.post", "{}");
	assert_int_equal(f.started, 1);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled {\"ms\":9999,"
				       "\"reason\":\"cancelled by joe\","
				       "\"stays_changed\":[\"one\"]}"),
			 1);
	fix_close(&f);
}

/* Not for ever: then its result is late, and it may have happened. */
static void
test_ten_seconds(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "two");
	fix_answer(&f, "http.post", "{}");
	assert_int_equal(say(&f, "cancel", &id, "", NULL), 0);
	assert_int_equal(say(&f, "cancel", &id, "", NULL), NOC_ECONFLICT);
	fix_advance(&f, 10000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "\"stays_changed\":[\"one\",\"two (it "
				       "may have happened)\"]}"),
			 1);
	fix_answer(&f, "http.post", "{}");
	assert_int_equal(fix_count(&f, "STEP_DONE two sw1 http.post late: ok"),
			 1);
	fix_close(&f);
}

/* Nothing is tried again, and nobody is asked about what is given up. */
static void
test_cancelled_calls_fail(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "two");
	assert_int_equal(say(&f, "cancel", &id, "", NULL), 0);
	fix_refuse(&f, "http.post", "in_doubt", 0);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 1);
	assert_int_equal(fix_count(&f, "\"stays_changed\":[\"one (it may have "
				       "happened)\"]}"),
			 1);
	assert_int_equal(fix_said(&f, "Look, then"), 0);
	id = fix_start_flow(&f, "two");
	assert_int_equal(say(&f, "cancel", &id, "", NULL), 0);
	fix_refuse(&f, "http.post", "transient", 0);
	assert_false(fix_running(&f, &id));
	assert_int_equal(f.started, 2);
	/* People ended it, and how its last call went is said. */
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 0);
	assert_int_equal(fix_count(&f, "RUN_END Cancelled"), 2);
	assert_int_equal(fix_count(&f, "\"reason\":\"cancelled by joe; one: "),
			 1);
	fix_close(&f);
}

static void
test_what_reads_is_stopped(void **state)
{
	struct noc_value *answer = NULL;
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "read");
	assert_int_equal(say(&f, "cancel", &id, "", &answer), 0);
	assert_string_equal(noc_value_get_str(answer, "state", ""),
			    "Cancelled");
	assert_string_equal(list_text(answer, "waits_for"), "[]");
	noc_value_free(answer);
	assert_false(fix_running(&f, &id));
	assert_int_equal(f.started, 1);
	/* By force nobody waits either. */
	id = fix_start_flow(&f, "two");
	assert_int_equal(say(&f, "cancel", &id, ",\"force\":true", NULL), 0);
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

/* Undone only when somebody says so; meanwhile it is not cancelled again. */
static void
test_cancel_and_undo(void **state)
{
	struct noc_value *answer = NULL;
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "back");
	fix_answer(&f, "http.post", "{}");
	assert_int_equal(say(&f, "cancel", &id, "", NULL), 0);
	fix_answer(&f, "http.post", "{}");
	assert_int_equal(fix_count(&f, "\"stays_changed\":[\"one\",\"two\"]}"),
			 1);
	id = fix_start_flow(&f, "back");
	fix_answer(&f, "http.post", "{}");
	assert_int_equal(say(&f, "cancel", &id, ",\"undo\":true", &answer), 0);
	assert_string_equal(list_text(answer, "takes_back"), "[\"one\"]");
	assert_string_equal(list_text(answer, "stays_changed"), "[]");
	noc_value_free(answer);
	fix_answer(&f, "http.post", "{}");
	fix_call(&f, "snmp.set");
	assert_int_equal(say(&f, "cancel", &id, "", NULL), NOC_ECONFLICT);
	fix_answer(&f, "snmp.set", "{}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "\"stays_changed\":[\"two\"]}"), 1);
	fix_close(&f);
}

/* What goes back is said apart from what stays: of items, of a called flow, of
 * what was undone before. */
static void
test_what_it_takes_back(void **state)
{
	static const struct {
		const char *flow, *back, *stays;
	} cases[] = {
		{ BACK ", " TWO ", sleep \"1h\"", "[\"one\"]", "[\"two\"]" },
		{ BACK ", undo \"u\" { step = \"one\" }, " TWO ", sleep \"1h\"",
		  "[]", "[\"two\"]" },
		{ "each \"all\" { over = { \"a\", \"b\" }, limit = 1, " BACK
		  ", " TWO " }, sleep \"1h\"",
		  "[\"all[a]/one\",\"all[b]/one\"]",
		  "[\"all[a]/two\",\"all[b]/two\"]" },
		{ "each \"all\" { over = { \"a\", \"b\" }, " BACK
		  ", sleep \"1h\""
		  " }",
		  "[\"all[a]/one\",\"all[b]/one\"]", "[]" },
		{ "call \"inner\" {}", "[\"inner/one\"]", "[\"inner/two\"]" },
		{ TWO ", on_cancel = \"undo\", " BACK ", sleep \"1h\"",
		  "[\"one\"]", "[\"two\"]" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		const char *flow = cases[i / 2].flow;
		char *text = noc_asprintf("flow \"inner\" { " BACK ", " TWO
					  ", sleep \"1h\" } flow \"f\" { %s }",
					  flow);
		bool asked = i % 2 || strstr(flow, "on_cancel");
		struct noc_value *answer = NULL;
		struct fix f = { .world = on_success };
		struct noc_id id;

		fix_open(&f, text);
		id = fix_start_flow(&f, "f");
		fix_advance(&f, 60000);
		f.world = NULL;
		assert_int_equal(say(&f, "cancel", &id,
				     i % 2 ? ",\"undo\":true" : "", &answer),
				 0);
		assert_string_equal(list_text(answer, "takes_back"),
				    asked ? cases[i / 2].back : "[]");
		if (asked)
			assert_string_equal(list_text(answer, "stays_changed"),
					    cases[i / 2].stays);
		else
			assert_true(noc_value_len(noc_value_get(
					answer, "stays_changed")) > 0);
		noc_value_free(answer);
		fix_close(&f);
		free(text);
	}
}

/* Nobody knows whether it happened: a person is asked, or a device, or it is
 * to be tried again. */
static void
test_cancelled_while_it_is_in_doubt(void **state)
{
	static const struct {
		const char *more; /* of the step */
		int64_t later_ms;
		const char *how, *stays;
	} cases[] = {
#define MAY "\"one (it may have happened)\""
#define ASK "probe = http.get { url = \"http://a/\" }"
		{ "on_crash = \"ask\"", 0, "", MAY },
		{ "on_crash = \"ask\"", 0, ",\"force\":true", MAY },
		{ ASK, 0, "", MAY },
		{ ASK, 10, "", MAY },
		{ ASK, 10, ",\"force\":true", MAY },
		{ "on_crash = \"retry\"", 0, "", MAY },
		/* Taken back it does not stay. */
		{ "on_crash = \"ask\"" UNDO, 0, ",\"undo\":true", "" },
		{ "on_crash = \"ask\"" UNDO, 0, "", MAY },
	};

	(void)state;
	for (size_t i = 0; i < 2 * NOC_COUNT(cases); i++) {
		char *dir = state_make(), *flow, *stays;
		struct fix f;
		struct noc_id id;

		flow = noc_asprintf("flow \"f\" { " POST("one") ", %s } }\n",
				    cases[i / 2].more);
		stays =
		    noc_asprintf("\"stays_changed\":[%s]", cases[i / 2].stays);
		life_world = NULL;
		life_open(&f, dir, noc_clock_read(), flow);
		id = fix_start_flow(&f, "f");
		fix_refuse(&f, "http.post", "in_doubt", 0);
		if (i % 2)
			life_dies(&f, dir, flow);
		fix_advance(&f, cases[i / 2].later_ms);
		assert_int_equal(say(&f, "cancel", &id, cases[i / 2].how, NULL),
				 0);
		if (!*cases[i / 2].stays)
			fix_answer(&f, "snmp.set", "{}");
		fix_advance(&f, 20000);
		assert_false(fix_running(&f, &id));
		if (fix_count(&f, stays) != 1) {
			fix_dump(&f);
			fail_msg("%s %s", cases[i / 2].more, cases[i / 2].how);
		}
		life_done(&f, dir);
		free(stays);
		free(flow);
	}
}

/* And what did not happen, says the device, does not stay. */
static void
test_cancelled_when_it_had_not_happened(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, "flow \"f\" { " POST("one") ", " ASK " } }\n");
	id = fix_start_flow(&f, "f");
	fix_refuse(&f, "http.post", "in_doubt", 0);
	fix_advance(&f, 10);
	f.hold_durable = true;
	fix_refuse(&f, "http.get", "permanent", 0);
	assert_int_equal(f.started, 2);
	f.hold_durable = false;
	assert_int_equal(say(&f, "cancel", &id, "", NULL), 0);
	fix_advance(&f, 20000);
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "may have happened)"), 0);
	fix_close(&f);
}

/* A list that can be read, and how many more. */
static void
test_so_much_stays(void **state)
{
	static const char flow[] =
	    "flow \"many\" { input = { all = \"list\" }, each \"n\" { over ="
	    " \"{input.all}\", log \"x\", " POST("p") " } }, sleep \"1h\" }\n";
	const struct noc_value *stays;
	struct noc_value *answer;
	struct noc_strbuf sb = NOC_STRBUF_INIT;

	(void)state;
	for (int n = 1000; n <= 1002; n++) {
		struct fix f = { .world = on_success };
		struct noc_id id;

		fix_open(&f, flow);
		noc_strbuf_clear(&sb);
		noc_strbuf_adds(&sb,
				"{\"verb\":\"run.start\",\"flow\":\"many\","
				"\"input\":{\"all\":[0");
		for (int i = 1; i < n; i++)
			noc_strbuf_addf(&sb, ",%d", i);
		noc_strbuf_adds(&sb, "]}}");
		assert_int_equal(fix_command(&f, sb.p, &answer), 0);
		assert_int_equal(
		    noc_id_parse(noc_value_get_str(answer, "id", ""), &id), 0);
		noc_value_free(answer);
		fix_advance(&f, 60000);
		assert_int_equal(f.started, n);
		assert_int_equal(say(&f, "cancel", &id, "", &answer), 0);
		stays = noc_value_get(answer, "stays_changed");
		assert_int_equal(noc_value_len(stays), n > 1000 ? 1001 : 1000);
		if (n > 1000) {
			char *more = noc_asprintf("and %d more", n - 1000);

			assert_true(
			    noc_value_is_str(noc_value_at(stays, 1000), more));
			free(more);
		}
		noc_value_free(answer);
		fix_close(&f);
	}
	noc_strbuf_release(&sb);
}

static void
test_cancelled_over_a_restart(void **state)
{
	char *dir = state_make();
	struct fix f;
	struct noc_id id;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	id = fix_start_flow(&f, "two");
	fix_answer(&f, "http.post", "{}");
	assert_int_equal(say(&f, "cancel", &id, "", NULL), 0);
	life_dies(&f, dir, rules);
	fix_advance(&f, 1);

	assert_int_equal(f.started, 0);
	assert_false(fix_running(&f, &id));
	assert_int_equal(
	    fix_count(&f, "\"reason\":\"cancelled by joe\",\"stays_changed\":"
			  "[\"one\",\"two (it may have happened)\"]}"),
	    1);

	life_done(&f, dir);
}

/* What it still waits for when it ends says that it has ended, too. */
static void
test_nothing_of_an_ended_run_is_under_way(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "after");
	assert_int_equal(say(&f, "cancel", &id, "", NULL), 0);
	assert_false(fix_running(&f, &id));
	fix_order(&f, "STEP_DONE told", "STEP_DONE sleep", "RUN_END", NULL);
	assert_int_equal(fix_count(&f, "STEP_DONE told"), 1);
	assert_int_equal(fix_count(&f, "STEP_DONE sleep"), 1);
	fix_close(&f);
}

/* ---- pause ---- */

static void
test_pause(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "two");
	assert_int_equal(say(&f, "resume", &id, "", NULL), NOC_ECONFLICT);
	assert_int_equal(say(&f, "pause", &id, ",\"why\":\"look\"", NULL), 0);
	assert_int_equal(say(&f, "pause", &id, "", NULL), NOC_ECONFLICT);
	assert_int_equal(fix_count(&f, "SIGNAL pause {\"phase\":\"\",\"why\":"
				       "\"look\"} joe"),
			 1);
	fix_answer(&f, "http.post", "{}"); /* what was out ends */
	fix_advance(&f, 60000);
	assert_int_equal(f.started, 1);
	assert_int_equal(say(&f, "resume", &id, "", NULL), 0);
	assert_int_equal(f.started, 2);
	fix_answer(&f, "http.post", "{}");
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

/* A retry that changes something waits as well. */
static void
test_pause_before_a_retry(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "two");
	fix_refuse(&f, "http.post", "transient", 0);
	assert_int_equal(say(&f, "pause", &id, "", NULL), 0);
	fix_advance(&f, 20000);
	assert_int_equal(f.started, 1);
	assert_int_equal(say(&f, "resume", &id, "", NULL), 0);
	fix_advance(&f, 1);
	assert_int_equal(f.started, 2);
	fix_close(&f);
}

static void
test_paused_over_a_restart(void **state)
{
	char *dir = state_make();
	struct fix f;
	struct noc_id id;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rules);
	id = fix_start_flow(&f, "two");
	assert_int_equal(say(&f, "pause", &id, "", NULL), 0);
	fix_answer(&f, "http.post", "{}");
	life_dies(&f, dir, rules);
	fix_advance(&f, 20000);
	assert_int_equal(f.started, 0);
	assert_int_equal(say(&f, "resume", &id, "", NULL), 0);
	fix_advance(&f, 1);
	assert_int_equal(f.started, 1);
	life_done(&f, dir);
}

/* Its timeout goes on, unless it is given more. */
static void
test_deadlines_run_on(void **state)
{
	struct fix f = { 0 };
	struct noc_id id, more;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "late");
	more = fix_start_flow(&f, "late");
	assert_int_equal(say(&f, "pause", &id, "", NULL), 0);
	assert_int_equal(say(&f, "pause", &more, "", NULL), 0);
	assert_int_equal(say(&f, "resume", &more, ",\"for_ms\":3600000", NULL),
			 0);
	assert_int_equal(say(&f, "pause", &more, "", NULL), 0);
	assert_int_equal(say(&f, "resume", &more, ",\"for_ms\":-1", NULL),
			 NOC_EINPUT);
	assert_int_equal(
	    say(&f, "resume", &more, ",\"for_ms\":2592000000", NULL),
	    NOC_EINPUT);
	fix_advance(&f, 7199999);
	assert_true(fix_running(&f, &id));
	fix_advance(&f, 1);
	assert_false(fix_running(&f, &id));
	assert_true(fix_running(&f, &more));
	fix_advance(&f, 3600000);
	assert_false(fix_running(&f, &more));
	assert_int_equal(fix_count(&f, "RUN_END Failed"), 2);
	fix_close(&f);
}

/* ---- answers ---- */

/* Two steps ask: it is said which is meant. */
static void
test_which_step(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "doubt");
	fix_refuse(&f, "http.post", "in_doubt", 0);
	fix_refuse(&f, "http.post", "in_doubt", 0);
	assert_int_equal(say(&f, "signal", &id, ",\"signal\":\"done\"", NULL),
			 NOC_ECONFLICT);
	assert_int_equal(say(&f, "signal", &id,
			     ",\"signal\":\"done\",\"path\":\"three\"", NULL),
			 NOC_ECONFLICT);
	assert_int_equal(say(&f, "signal", &id,
			     ",\"signal\":\"done\",\"path\":\"two\"", NULL),
			 0);
	assert_int_equal(fix_count(&f, "STEP_DONE two  http.post done, says "
				       "joe"),
			 1);
	assert_true(fix_running(&f, &id));
	assert_int_equal(fix_signal(&f, &id, "done"), 0);
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

/* Items ask once, and are answered together, or some of them. */
static void
test_items_ask_once(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, rules);
	id = fix_start_flow(&f, "items");
	for (int i = 0; i < 3; i++)
		fix_refuse(&f, "http.post", "in_doubt", 0);
	assert_int_equal(fix_said(&f, "may or may not have happened"), 1);
	assert_int_equal(say(&f, "signal", &id,
			     ",\"signal\":\"done\",\"path\":\"all/push\","
			     "\"items\":[\"a\",\"c\",\"zz\"]",
			     NULL),
			 NOC_ECONFLICT);
	assert_int_equal(fix_count(&f, "done, says joe"), 0);
	assert_int_equal(say(&f, "signal", &id,
			     ",\"signal\":\"done\",\"path\":\"all/push\","
			     "\"items\":[\"a\",\"c\"]",
			     NULL),
			 0);
	assert_int_equal(fix_count(&f, "done, says joe"), 2);
	assert_int_equal(fix_count(&f, "STEP_DONE all[b]/push  http.post "
				       "done"),
			 0);
	assert_int_equal(say(&f, "signal", &id,
			     ",\"signal\":\"done\",\"path\":\"all\"", NULL),
			 0);
	assert_int_equal(fix_count(&f, "done, says joe"), 3);
	assert_false(fix_running(&f, &id));
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_that_changes_may_end),
		cmocka_unit_test(test_ten_seconds),
		cmocka_unit_test(test_cancelled_calls_fail),
		cmocka_unit_test(test_what_reads_is_stopped),
		cmocka_unit_test(test_cancel_and_undo),
		cmocka_unit_test(test_what_it_takes_back),
		cmocka_unit_test(test_cancelled_while_it_is_in_doubt),
		cmocka_unit_test(test_cancelled_when_it_had_not_happened),
		cmocka_unit_test(test_so_much_stays),
		cmocka_unit_test(test_cancelled_over_a_restart),
		cmocka_unit_test(test_nothing_of_an_ended_run_is_under_way),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_pause_before_a_retry),
		cmocka_unit_test(test_paused_over_a_restart),
		cmocka_unit_test(test_deadlines_run_on),
		cmocka_unit_test(test_which_step),
		cmocka_unit_test(test_items_ask_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
