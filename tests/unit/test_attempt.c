/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tests/unit/correlate_fixture.h"

#include "engine/core/call.h"
#include "engine/edge/action.h"

/* One call of a step: what it is told, how long it has, how it is stopped. */

#define SET "step \"set\" { snmp.set { a = \"up\" }, timeout = \"5s\" }"

static void
says(const struct noc_value *map, const char *path, const char *text)
{
	const struct noc_value *v = noc_value_path(map, path);

	if (!v || v->type != NOC_STR || strcmp(v->u.s.p, text))
		fail_msg("%s is not %s", path, text);
}

/* What a program reads on its standard input. */
static void
test_what_it_is_told(void **state)
{
	struct noc_call *call;
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { mode = \"active\", on = \"link.down\", run ="
		     " flow { step \"s\" { exec { \"x\" }, timeout = \"5s\" } }"
		     " }\n"
		     "flow \"f\" { step \"s\" { exec { \"x\" }, timeout ="
		     " \"5s\" } }\n");
	cor_inventory(&f, "name,address,role\nsw1,192.0.2.1,access\n");
	fix_start(&f, "r", NOC_ACTIVE, NOC_TRUST_HIGH);
	call = fix_call(&f, "exec");
	says(call->context, "event.kind", "link.down");
	says(call->context, "event.data.ifname", "eth7");
	says(call->context, "run.rule", "r");
	says(call->context, "run.plan", "r");
	says(call->context, "run.key", "sw1/eth7");
	says(call->context, "step", "s");
	assert_string_equal(call->target, "sw1");
	assert_int_equal(call->timeout_ms, 5000);
	assert_string_equal(call->device->addresses[0], "192.0.2.1");
	fix_answer(&f, "exec", "{}");
	fix_start_flow(&f, "f");
	call = fix_call(&f, "exec");
	assert_null(noc_value_get(call->context, "event"));
	says(call->context, "run.rule", "f");
	fix_close(&f);
}

/* A read of a verify may take no longer than the verify has, but a second. */
static void
test_how_long_a_read_has(void **state)
{
	static const int64_t ms[] = { 9000, 6000, 3000, 1000 };
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "flow \"f\" { verify \"v\" { snmp.get { a = \"sysName.0\""
		     " }, expect = { a = \"up\" }, every = \"3s\", within ="
		     " \"9s\", timeout = \"30s\" } }\n"
		     "flow \"g\" { verify \"v\" { snmp.get { a = \"sysName.0\""
		     " }, expect = { a = \"up\" }, every = \"3s\", within ="
		     " \"9s\", timeout = \"5s\" } }\n");
	fix_start_flow(&f, "f");
	for (size_t i = 0; i < NOC_COUNT(ms); i++) {
		assert_int_equal(fix_call(&f, "snmp.get")->timeout_ms, ms[i]);
		fix_answer(&f, "snmp.get", "{\"a\":\"down\"}");
		fix_advance(&f, 3000);
	}
	assert_int_equal(fix_runs(&f), 0);
	fix_start_flow(&f, "g");
	assert_int_equal(fix_call(&f, "snmp.get")->timeout_ms, 5000);
	fix_close(&f);
}

/* A read that a breaker holds back is one that does not hold; it goes on. */
static void
test_verify_at_an_open_breaker(void **state)
{
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, "flow \"f\" { verify \"v\" { snmp.get { a = \"sysName.0\""
		     " }, expect = { a = \"up\" }, every = \"10s\", within ="
		     " \"1m\" } }\n");
	assert_int_equal(fix_command(&f,
				     "{\"verb\":\"breaker.trip\",\"action\":"
				     "\"snmp\",\"target\":\"sw1\",\"for_ms\":"
				     "15000,\"why\":\"w\"}",
				     NULL),
			 0);
	id = fix_start_flow(&f, "f");
	fix_advance(&f, 10000);
	assert_true(fix_running(&f, &id));
	assert_int_equal(f.started, 0);
	assert_int_equal(fix_count(&f, "STEP_DONE v sw1 snmp.get not_started"),
			 2);
	fix_advance(&f, 10000);
	fix_answer(&f, "snmp.get", "{\"a\":\"up\"}");
	assert_false(fix_running(&f, &id));
	assert_int_equal(fix_count(&f, "\"reads\":3"), 1);
	fix_close(&f);
}

/* What is being changed settles from the moment the call goes out. */
static void
test_settles_while_it_is_out(void **state)
{
	struct fix f = { 0 };

	(void)state;
	fix_open(&f, "rule \"r\" { mode = \"active\", on = \"link.down\", key ="
		     " \"{link}\", run = flow { " SET " } }\n"
		     "flow \"read\" { step \"s\" { snmp.get { a ="
		     " \"sysName.0\" }, timeout = \"5s\" } }\n");
	fix_start_flow(&f, "read");
	cor_port(&f, "link.down", "sw1", "eth1");
	assert_int_equal(cor_states(&f, "settle"), 0); /* a read is none */
	fix_answer(&f, "snmp.get", "{\"a\":\"x\"}");
	fix_call(&f, "snmp.set");
	cor_port(&f, "link.down", "sw1", "eth2");
	assert_int_equal(cor_states(&f, "settle"), 1);
	fix_close(&f);
}

/* Held back between two attempts, it is shown as what it is. */
static void
test_paused_between_attempts(void **state)
{
	struct fix f = { 0 };
	char text[NOC_ID_TEXT], *json;
	struct noc_id id;

	(void)state;
	fix_open(&f, "flow \"f\" { step \"set\" { snmp.set { a = \"up\" },"
		     " timeout = \"5s\", retry = { initial = \"1s\", jitter ="
		     " false } } }\n");
	id = fix_start_flow(&f, "f");
	fix_refuse(&f, "snmp.set", "transient", 0);
	fix_command(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}", NULL);
	f.runs = 0;
	fix_advance(&f, 1000);
	assert_int_equal(f.runs, 1);
	fix_advance(&f, 60000);
	assert_int_equal(f.runs, 1);
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\"}",
			    noc_id_format(text, &id));
	fix_command(&f, json, NULL);
	free(json);
	assert_int_equal(fix_count(&f, "SIGNAL cancel {\"phase\":\"paused\""),
			 1);
	assert_int_equal(f.sets, 1);
	fix_close(&f);
}

/* The daemon ends: what can be stopped is. */
static void
test_calls_at_the_end(void **state)
{
	static const struct {
		const char *step;
		unsigned cancelled;
	} cases[] = {
		{ "snmp.get { a = \"sysName.0\" }", 1 },
		{ "http.post { url = \"http://x.example/\" }", 0 },
	};

	(void)state;
	for (size_t i = 0; i < NOC_COUNT(cases); i++) {
		char *text = noc_asprintf("flow \"f\" { step \"s\" { %s,"
					  " timeout = \"5s\" } }\n",
					  cases[i].step);
		struct fix f = { 0 };

		fix_open(&f, text);
		fix_start_flow(&f, "f");
		assert_int_equal(f.ncalls, 1);
		fix_close(&f);
		assert_int_equal(f.cancelled, cases[i].cancelled);
		free(text);
	}
}

/* Not the one whose intent is not on disk, nor one that has ended. */
static void
test_calls_not_out_at_the_end(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct noc_call *call;
		struct fix f = { 0 };

		fix_open(&f, "flow \"f\" { " SET " }\n");
		f.hold_durable = i == 0;
		fix_command_later(&f, "{\"verb\":\"run.start\",\"flow\":\"f\","
				      "\"input\":{\"device\":\"sw1\"}}");
		fix_pump(&f);
		assert_int_equal(f.ncalls, i);
		if (i) {
			call = fix_call(&f, "snmp.set");
			f.hold_durable = true;
			fix_command_later(
			    &f, "{\"verb\":\"kill.on\",\"why\":\"w\"}");
			noc_call_done(&f.env, call, noc_value_map(), NULL);
		}
		fix_close(&f);
		assert_int_equal(f.cancelled, 0);
	}
}

/* Cancelled when its answer was on its way: that comes late. */
static void
test_cancelled_in_the_last_moment(void **state)
{
	char text[NOC_ID_TEXT], *json;
	struct noc_call *call;
	struct fix f = { 0 };
	struct noc_id id;

	(void)state;
	fix_open(&f, "flow \"f\" { " SET ", log \"on\" }\n");
	id = fix_start_flow(&f, "f");
	json = noc_asprintf("{\"verb\":\"run.cancel\",\"id\":\"%s\",\"force\":"
			    "true}",
			    noc_id_format(text, &id));
	call = fix_call(&f, "snmp.set");
	f.hold_durable = true;
	fix_command_later(&f, "{\"verb\":\"kill.on\",\"why\":\"w\"}");
	f.ncalls = 0;
	noc_call_done(&f.env, call, noc_value_map(), NULL);
	fix_command_later(&f, json);
	f.hold_durable = false;
	fix_pump(&f);
	assert_int_equal(f.cancelled, 0);
	fix_order(&f, "STEP_DONE set sw1 snmp.set cancelled",
		  "RUN_END Cancelled", "STEP_DONE set sw1 snmp.set late: ok",
		  NULL);
	assert_int_equal(fix_said(&f, "log f: on"), 0);
	free(json);
	fix_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_is_told),
		cmocka_unit_test(test_how_long_a_read_has),
		cmocka_unit_test(test_verify_at_an_open_breaker),
		cmocka_unit_test(test_settles_while_it_is_out),
		cmocka_unit_test(test_paused_between_attempts),
		cmocka_unit_test(test_calls_at_the_end),
		cmocka_unit_test(test_calls_not_out_at_the_end),
		cmocka_unit_test(test_cancelled_in_the_last_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
