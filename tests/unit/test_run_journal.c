/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/life_fixture.h"

#include "base/hex.h"
#include "store/reader.h"
#include "engine/edge/action.h"

/* What a run leaves behind: its records, and the rows that people look at. */

static const char heal[] =
    "rule \"heal\" { mode = \"active\", on = \"link.down\", run = flow {"
    " step \"look\" { snmp.get { a = \"sysName.0\" }, timeout = \"5s\" },"
    " verify \"is_up\" { snmp.get { oper = \"ifOperStatus.7\" }, expect = {"
    " oper = \"up\" }, every = \"3s\", within = \"9s\" } } }\n";

static struct noc_id
start_cause(struct fix *f, const struct noc_run_cause *cause)
{
	struct noc_id id;
	struct noc_err err;

	noc_core_begin(f->core, f->now);
	if (noc_run_start(f->core, cause, &id, &err))
		fail_msg("start: %s", err.msg);
	noc_core_end(f->core);
	fix_pump(f);
	return id;
}

/* Which rule as it was, for which event, who, and whether it came late. */
static void
test_start_of_a_rule(void **state)
{
	struct fix f = { 0 };
	struct noc_run_cause cause = { .key = "sw1/eth7",
				       .mode = NOC_CANARY,
				       .late = true };
	char hex[65], event[NOC_ID_TEXT], *line;
	struct noc_event *ev;

	(void)state;
	fix_open(&f, heal);
	cause.rule = noc_ruleset_rule(noc_core_rules(f.core), "heal");
	cause.rule_name = "heal";
	cause.plan = cause.rule->run;
	cause.definition = cause.rule->definition;
	ev = fix_event(&f, "link.down", "sw1", NOC_TRUST_HIGH);
	cause.ev = ev;
	start_cause(&f, &cause);
	noc_hex(hex, cause.definition, 32);
	/* Nobody's canary any more: it observes. */
	line = noc_asprintf("RUN_START {\"device\":\"sw1\",\"key\":\"sw1/eth7"
			    "\",\"late\":true,\"mode\":\"observe\"} "
			    "rule heal@%.12s %s %s",
			    hex, noc_id_format(event, &ev->id), event);
	fix_order(&f, line, NULL);
	free(line);
	noc_event_unref(ev);
	fix_close(&f);
}

/* Of a flow it is the plan itself, and who started it is the cause. */
static void
test_start_of_a_flow(void **state)
{
	struct fix f = { 0 };
	struct noc_run_cause cause = { .rule_name = "f",
				       .mode = NOC_ACTIVE,
				       .actor = "joe" };
	char hex[65], *line;

	(void)state;
	fix_open(&f, "flow \"f\" { log \"x\" }\n");
	cause.plan = noc_table_get(&noc_core_rules(f.core)->flows, "f");
	start_cause(&f, &cause);
	noc_hex(hex, cause.plan->hash, 32);
	line = noc_asprintf("RUN_START {\"device\":\"\",\"key\":\"\",\"mode\":"
			    "\"active\"} joe f@%.12s joe",
			    hex);
	fix_order(&f, line, NULL);
	free(line);
	fix_close(&f);
}

/* One token an intent, which the other side is sent too: the same however
 * often it is tried, and no other step's, whatever the names have in common. */
static void
test_tokens(void **state)
{
	static const char flow[] =
	    "flow \"f\" {"
	    " step \"replace_the_power_supply_of_a\" { http.post { url ="
	    " \"http://itsm.example/a\" }, timeout = \"5s\", retry = {"
	    " initial = \"1s\", jitter = false } },"
	    " step \"replace_the_power_supply_of_b\" { http.post { url ="
	    " \"http://itsm.example/b\" }, timeout = \"5s\" } }\n";
	/* The first 16 bytes of the SHA-256 of the path, by sha256sum. */
	static const char *const tokens[] = {
		"77b1365fe58e279c3cd35990135d4655/1",
		"77b1365fe58e279c3cd35990135d4655/1",
		"b8d6d05bdfd6c4a811ef912c556d7b06/1",
	};
	struct noc_id run;
	struct fix f = { 0 };
	char id[NOC_ID_TEXT];

	(void)state;
	fix_open(&f, flow);
	run = fix_start_flow(&f, "f");
	noc_id_format(id, &run);
	for (size_t i = 0; i < NOC_COUNT(tokens); i++) {
		char *token = noc_asprintf("%s/%s", id, tokens[i]);
		char *line = noc_asprintf("\"token\":\"%s\"", token);

		assert_string_equal(fix_call(&f, "http.post")->token, token);
		/* Each try of it says it. */
		assert_int_equal(fix_count(&f, line), i == 1 ? 2 : 1);
		free(token);
		free(line);
		if (i == 0)
			fix_refuse(&f, "http.post", "transient", 0);
		else
			fix_answer(&f, "http.post", "{\"status\":201}");
		fix_advance(&f, 1000);
	}
	fix_close(&f);
}

/* A question is asked anew each time: who refuses what he has seen before must
 * not refuse it.  Its probe is not the step. */
static void
test_tokens_of_questions(void **state)
{
	static const char flow[] =
	    "flow \"f\" {"
	    " step \"post\" { http.post { url = \"http://itsm.example/a\" },"
	    " timeout = \"5s\", probe = http.get { url ="
	    " \"http://itsm.example/b\" } },"
	    " verify \"seen\" { http.get { url = \"http://itsm.example/b\" },"
	    " expect = { status = 200 }, every = \"1s\" } }\n";
	char first[96], probe[96];
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, flow);
	fix_start_flow(&f, "f");
	snprintf(first, sizeof(first), "%s", fix_call(&f, "http.post")->token);
	fix_refuse(&f, "http.post", "in_doubt", 0);
	fix_advance(&f, 1);
	snprintf(probe, sizeof(probe), "%s", fix_call(&f, "http.get")->token);
	assert_string_not_equal(probe, first);
	fix_refuse(&f, "http.get", "permanent", 0); /* it did not happen */
	fix_advance(&f, 1);
	assert_string_equal(fix_call(&f, "http.post")->token, first);
	fix_answer(&f, "http.post", "{\"status\":201}");
	snprintf(first, sizeof(first), "%s", fix_call(&f, "http.get")->token);
	fix_answer(&f, "http.get", "{\"status\":404}");
	fix_advance(&f, 1000);
	assert_string_not_equal(fix_call(&f, "http.get")->token, first);
	fix_close(&f);
}

/* How long each took, how often it was read, what was wrong with it. */
static void
test_steps(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, heal);
	fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
	assert_int_equal(
	    fix_count(&f, "STEP_START look sw1 snmp.get {\"attempt\":1,"
			  "\"deadline\":\"2023-11-14T22:13:25.000Z\","
			  "\"token\":\""),
	    1);
	fix_advance(&f, 1234);
	fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
	fix_order(&f,
		  "STEP_DONE look sw1 snmp.get ok {\"attempt\":1,\"ms\":"
		  "1234}",
		  NULL);
	for (int i = 0; i < 4; i++) {
		fix_answer(&f, "snmp.get", "{\"oper\":\"down\"}");
		fix_advance(&f, 3000);
	}
	fix_order(
	    &f,
	    "STEP_DONE is_up sw1 snmp.get failed: timeout {\"attempt\":4,"
	    "\"error\":{\"block\":\"verify\",\"class\":\"timeout\","
	    "\"code\":\"verify\",\"message\":\"not as expected within 9 s "
	    "(4 reads): ",
	    "RUN_END Failed {\"error\":{\"block\":\"verify\",\"class\":"
	    "\"timeout\",\"code\":\"verify\",\"message\":\"not as "
	    "expected within 9 s (4 reads): ",
	    NULL);
	assert_int_equal(fix_count(&f, "\"reads\":4}"), 1);
	assert_int_equal(
	    fix_count(&f, "\"step\":\"is_up\"},\"ms\":10234,"
			  "\"reason\":\"is_up (verify): not as expected "
			  "within 9 s (4 reads): "),
	    1);
	/* The reads of a verify are one intent. */
	assert_int_equal(fix_count(&f, "STEP_START is_up"), 1);
	fix_close(&f);
}

/* Each kind of step by its name. */
static void
test_kinds_of_step(void **state)
{
	static const char flows[] =
	    "flow \"a\" { log \"x\", sleep \"10s\", emit \"b.c\","
	    " escalate { { \"0s\", notify \"noc\" { \"x\" } } },"
	    " notify \"noc\" { \"y\" }, start \"b\", stop \"enough\" }\n"
	    "flow \"b\" { fail \"no\" }\n";
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, flows);
	id = fix_start_flow(&f, "a");
	fix_advance(&f, 10000);
	assert_int_equal(fix_signal(&f, &id, "ack"), 0);
	fix_order(&f, "STEP_DONE log_1  log ok {\"attempt\":1}",
		  "STEP_START sleep_2  sleep {\"attempt\":0,\"deadline\":"
		  "\"2023-11-14T22:13:30.000Z\",",
		  "STEP_DONE sleep_2  sleep ok {}",
		  "STEP_START emit_3 sw1 emit {\"attempt\":1,",
		  "STEP_DONE emit_3  emit ok {\"attempt\":1}",
		  "STEP_START escalate_4  escalate {\"attempt\":1,",
		  "STEP_DONE escalate_4  escalate acknowledged by joe",
		  "STEP_DONE notify_5 noc notify ok",
		  "STEP_DONE fail_1  fail failed: permanent",
		  "STEP_DONE start_6 b start ok", "STEP_DONE stop_7  stop stop",
		  "RUN_END Succeeded", NULL);
	fix_close(&f);
}

/* A call that was stopped, or whose intent was not on disk yet. */
static void
test_cancelled_calls(void **state)
{
	static const struct {
		const char *step, *line;
		bool held;
	} cases[] = {
		{ "snmp.get { a = \"sysName.0\" }",
		  "STEP_DONE s sw1 snmp.get cancelled {\"attempt\":1,\"error\":{"
		  "\"block\":\"nocturne\",\"class\":\"cancelled\",\"code\":"
		  "\"cancelled\",\"message\":\"cancelled by joe: mine\"}}",
		  false },
		{ "exec { \"change\" }",
		  "STEP_DONE s sw1 exec cancelled {\"attempt\":1,\"error\":{"
		  "\"block\":\"nocturne\",\"class\":\"cancelled\",\"code\":"
		  "\"cancelled\",\"message\":\"cancelled by joe: mine; it may "
		  "have happened\"}}",
		  false },
		{ "exec { \"change\" }",
		  "STEP_DONE s sw1 exec not_started {\"attempt\":1,\"error\":{"
		  "\"block\":\"nocturne\",\"class\":\"cancelled\",\"code\":"
		  "\"cancelled\",\"message\":\"cancelled by joe: mine\"}}",
		  true },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *flow = noc_asprintf("flow \"f\" { step \"s\" { %s,"
					  " timeout = \"5s\" } }\n",
					  cases[i].step);
		char text[NOC_ID_TEXT], *json;
		struct fix f = { 0 };
		struct noc_id id;

		fix_open(&f, flow);
		f.hold_durable = cases[i].held;
		if (cases[i].held) {
			fix_command_later(&f, "{\"verb\":\"run.start\","
					      "\"flow\":\"f\",\"input\":{"
					      "\"device\":\"sw1\"}}");
			id = noc_run_last(f.core);
		} else {
			id = fix_start_flow(&f, "f");
		}
		json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\","
				    "\"why\":\"mine\",\"actor\":\"joe\","
				    "\"force\":true}",
				    noc_id_format(text, &id));
		fix_command_later(&f, json);
		f.hold_durable = false;
		fix_pump(&f);
		fix_order(&f, "SIGNAL cancel", cases[i].line,
			  "RUN_END Cancelled", NULL);
		assert_int_equal(f.started, !cases[i].held);
		assert_int_equal(f.cancelled, !cases[i].held);
		assert_int_equal(fix_count(&f, "late"), 0);
		free(json);
		free(flow);
		fix_close(&f);
	}
}

static int64_t
counted(struct fix *f, const char *name)
{
	struct noc_value *stats = noc_core_stats(f->core);
	int64_t n = noc_value_get_int(noc_value_get(stats, "runs"), name, -1);

	noc_value_free(stats);
	return n;
}

/* What cannot be stopped: how it ended is written down, and counted. */
static void
test_late_results(void **state)
{
	static const char flow[] =
	    "flow \"post\" { step \"ticket\" { http.post { url ="
	    " \"https://itsm.example/\" }, timeout = \"5s\", on_crash ="
	    " \"fail\" } }\n";
	static const char *const lines[] = {
		"STEP_DONE ticket sw1 http.post late: ok {\"attempt\":1}",
		"STEP_DONE ticket sw1 http.post late: failed {\"attempt\":1}",
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(lines); i++) {
		struct fix f = { 0 };

		fix_open(&f, flow);
		fix_start_flow(&f, "post");
		fix_advance(&f, 5000);
		assert_int_equal(counted(&f, "failed"), 1);
		assert_int_equal(counted(&f, "late"), 0);
		if (i == 0)
			fix_answer(&f, "http.post", "{\"status\":201}");
		else
			fix_refuse(&f, "http.post", "permanent", 0);
		fix_order(&f, "RUN_END Failed", lines[i], NULL);
		assert_int_equal(counted(&f, "late"), 1);
		fix_close(&f);
	}
}

/* ---- rows ---- */

static struct noc_value *
run_row(const char *dir, const struct noc_id *id)
{
	struct noc_value *params = noc_value_map(), *row = NULL;
	char text[NOC_ID_TEXT];
	struct noc_err err;

	noc_value_set(params, "id", noc_value_str(noc_id_format(text, id)));
	if (noc_reader_query(dir, "run", params, &row, &err))
		fail_msg("query: %s", err.msg);
	noc_value_free(params);
	return row;
}

static struct noc_value *
dead_row(struct fix *f, const char *dir, const struct noc_id *id)
{
	f->dead = true;
	life_close(f);
	return run_row(dir, id);
}

/* What its row keeps for a restart, or that of its step at hand. */
#define OF_RUN "SELECT json FROM runs"
#define OF_LIVE                                          \
	"SELECT json_extract(json, '$.live') FROM steps" \
	" WHERE json_extract(json, '$.live') IS NOT NULL"
static struct noc_value *
kept(const char *dir, const char *sql)
{
	char *path = noc_asprintf("%s/nocturne.db", dir);
	struct noc_value *v = NULL;
	struct noc_err err;
	const char *text;
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	text = sqlite3_step(st) == SQLITE_ROW
		   ? (const char *)sqlite3_column_text(st, 0)
		   : NULL;
	if (text && noc_json_parse(text, strlen(text), &v, &err))
		fail_msg("%s", err.msg);
	sqlite3_finalize(st);
	sqlite3_close(db);
	free(path);
	return v;
}

static const struct noc_value *
step_row(const struct noc_value *run, const char *path)
{
	const struct noc_value *steps = noc_value_get(run, "steps");

	for (size_t i = 0; i < noc_value_len(steps); i++)
		if (noc_value_is_str(
			noc_value_get(noc_value_at(steps, i), "path"), path))
			return noc_value_at(steps, i);
	fail_msg("no step %s", path);
	return NULL;
}

static void
says(const struct noc_value *map, const char *key, const char *text)
{
	const struct noc_value *v = noc_value_get(map, key);
	char *json = v ? noc_json_string(v, NOC_JSON_CANONICAL) : NULL;

	if (strcmp(json ? json : "(none)", text))
		fail_msg("%s = %s, not %s", key, json ? json : "(none)", text);
	free(json);
}

static void
test_row_of_a_run(void **state)
{
	char *dir = state_make();
	struct noc_value *row;
	const struct noc_value *step;
	struct noc_now now;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
	fix_answer(&f, "snmp.get", "{\"a\":\"box\"}");
	now = f.now;
	row = dead_row(&f, dir, &id);
	says(row, "rule", "\"heal\"");
	says(row, "device", "\"sw1\"");
	says(row, "key", "\"sw1/eth7\"");
	says(row, "mode", "\"active\"");
	says(row, "state", "\"Running\"");
	says(row, "phase", "\"verifying\"");
	says(row, "outcome", "\"\"");
	assert_int_equal(noc_value_len(noc_value_get(row, "steps")), 2);
	step = step_row(row, "look");
	says(step, "state", "\"Succeeded\"");
	says(step, "outcome", "\"ok\"");
	says(step, "action", "\"snmp.get\"");
	says(step, "target", "\"sw1\"");
	says(step, "attempt", "1");
	says(step, "output", "{\"a\":\"box\"}");
	says(noc_value_get(step, "params"), "opts", "{\"a\":\"sysName.0\"}");
	step = step_row(row, "is_up");
	says(step, "state", "\"Running\"");
	says(step, "ended", "0");
	says(step, "output", "(none)");
	says(noc_value_get(step, "params"), "opts",
	     "{\"oper\":\"ifOperStatus.7\"}");
	assert_true(noc_value_get_int(step, "due", 0) > 0);
	noc_value_free(row);
	row = kept(dir, OF_RUN);
	says(row, "actor", "\"rule\"");
	says(noc_value_get(row, "event"), "kind", "\"link.down\"");
	noc_value_free(row);
	row = kept(dir, OF_LIVE);
	says(row, "tries", "1");
	says(row, "wait", "\"call\"");
	noc_value_free(row);
	/* It ends: what only a restart needs is gone. */
	life_open(&f, dir, now, heal);
	fix_answer(&f, "snmp.get", "{\"oper\":\"up\"}");
	row = dead_row(&f, dir, &id);
	says(row, "state", "\"Succeeded\"");
	says(row, "phase", "\"\"");
	says(row, "outcome", "\"look, is_up\"");
	says(step_row(row, "is_up"), "state", "\"Succeeded\"");
	says(step_row(row, "is_up"), "output", "{\"oper\":\"up\"}");
	assert_true(noc_value_get_int(step_row(row, "is_up"), "ended", 0) > 0);
	noc_value_free(row);
	row = kept(dir, OF_RUN);
	says(row, "event", "(none)");
	noc_value_free(row);
	assert_null(kept(dir, OF_LIVE));
	state_remove(dir);
}

/* Between two attempts it is neither running nor over. */
static void
test_row_of_a_step_to_be_tried_again(void **state)
{
	char *dir = state_make();
	const struct noc_value *step;
	struct noc_value *row;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), heal);
	id = fix_start(&f, "heal", NOC_ACTIVE, NOC_TRUST_HIGH);
	fix_refuse(&f, "snmp.get", "transient", 60000);
	row = dead_row(&f, dir, &id);
	says(row, "phase", "\"retrying\"");
	step = step_row(row, "look");
	says(step, "state", "\"Pending\"");
	says(step, "outcome", "\"retry in 60000 ms: transient\"");
	says(step, "ended", "0");
	assert_true(noc_value_get_int(step, "due", 0) > 0);
	says(noc_value_get(step, "error"), "code", "\"test\"");
	noc_value_free(row);
	state_remove(dir);
}

/* An escalation is in the row while it lasts, and no longer. */
static void
test_row_of_an_escalation(void **state)
{
	static const char flow[] =
	    "flow \"f\" { escalate { { \"0s\", notify \"noc\" { \"x\" } },"
	    " { \"1h\", notify \"oncall\" { \"x\" } } }, sleep \"1h\" }\n";
	char *dir = state_make();
	struct noc_value *row;
	struct noc_now now;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), flow);
	id = fix_start_flow(&f, "f");
	now = f.now;
	row = dead_row(&f, dir, &id);
	says(row, "phase", "\"escalating\"");
	noc_value_free(row);
	row = kept(dir, OF_LIVE);
	says(noc_value_get(row, "esc"), "level", "1");
	says(noc_value_get(row, "esc"), "on_fail", "false");
	noc_value_free(row);
	life_open(&f, dir, now, flow);
	assert_int_equal(fix_signal(&f, &id, "ack"), 0);
	row = dead_row(&f, dir, &id);
	says(row, "phase", "\"sleeping\"");
	says(step_row(row, "escalate_1"), "output",
	     "{\"by\":\"acknowledged by joe\"}");
	noc_value_free(row);
	row = kept(dir, OF_LIVE);
	says(row, "esc", "(none)");
	noc_value_free(row);
	state_remove(dir);
}

/* What only was observed says so in its phase and what it would have done. */
static void
test_row_of_what_was_observed(void **state)
{
	static const char rule[] =
	    "rule \"r\" { on = \"link.down\", run = flow { step \"set\" {"
	    " snmp.set { a = \"up\" }, timeout = \"5s\" }, step \"more\" {"
	    " snmp.set { b = \"up\" }, timeout = \"5s\" } } }\n";
	char *dir = state_make();
	struct noc_value *row;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(), rule);
	id = fix_start(&f, "r", NOC_OBSERVE, NOC_TRUST_HIGH);
	row = dead_row(&f, dir, &id);
	says(row, "state", "\"Succeeded\"");
	says(row, "phase", "\"observed\"");
	says(row, "outcome", "\"would have: snmp.set a=up\"");
	says(step_row(row, "more"), "state", "\"Skipped\"");
	says(step_row(row, "more"), "outcome", "\"would have: snmp.set b=up\"");
	says(noc_value_get(step_row(row, "more"), "params"), "opts",
	     "{\"b\":\"up\"}");
	noc_value_free(row);
	state_remove(dir);
}

/* All in one millisecond, and in the order of the flow. */
static void
test_steps_are_in_order(void **state)
{
	static const char *const names[] = { "z", "m", "log_3", "a", "b" };
	char *dir = state_make();
	struct noc_value *row;
	struct noc_id id;
	struct fix f;

	(void)state;
	life_open(&f, dir, noc_clock_read(),
		  "flow \"f\" { step \"z\" { log \"1\" }, step \"m\" { log"
		  " \"2\" }, log \"3\", step \"a\" { log \"4\" },"
		  " step \"b\" { snmp.get { x = \"sysName.0\" } } }");
	id = fix_start_flow(&f, "f");
	row = dead_row(&f, dir, &id);
	assert_int_equal(noc_value_len(noc_value_get(row, "steps")),
			 NOC_COUNT(names));
	for (size_t i = 0; i < NOC_COUNT(names); i++)
		assert_string_equal(
		    noc_value_get_str(
			noc_value_at(noc_value_get(row, "steps"), i), "path",
			""),
		    names[i]);
	noc_value_free(row);
	/* One that cannot be read is no reason to show none. */
	state_sql(dir, "UPDATE steps SET json = '{' WHERE path = 'm'");
	row = run_row(dir, &id);
	assert_int_equal(noc_value_len(noc_value_get(row, "steps")),
			 NOC_COUNT(names));
	noc_value_free(row);
	state_remove(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_of_a_rule),
		cmocka_unit_test(test_start_of_a_flow),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_tokens_of_questions),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_steps_are_in_order),
		cmocka_unit_test(test_kinds_of_step),
		cmocka_unit_test(test_cancelled_calls),
		cmocka_unit_test(test_late_results),
		cmocka_unit_test(test_row_of_a_run),
		cmocka_unit_test(test_row_of_a_step_to_be_tried_again),
		cmocka_unit_test(test_row_of_an_escalation),
		cmocka_unit_test(test_row_of_what_was_observed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
